"""Runs one library build by hand, in the library's own environment.

python -m acbench.compress.backends.run LIBRARY METHOD MODEL OUT --calibration FILE --param bits=4 ...
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.registry import LIBRARIES, interpreter, module_of, resolved
from acbench.compress.backends.samples import read_samples
from acbench.errors import AcbenchError, ConfigError
from acbench.jobs import run_job

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKED_SAMPLES = 8
"""So many of the calibration samples verify the base model; 2000 tokens tell two per cent apart."""


def parse_params(pairs: Sequence[str]) -> dict[str, Any]:
    """``["bits=4", "symmetric=false"]`` -> {"bits": 4, "symmetric": False}; what is no JSON is text."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"--param {pair!r}: expected name=value")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def request_for(arguments: argparse.Namespace, params: dict[str, Any]) -> dict[str, Any]:
    """The request of a build job from the command line, without the reference."""
    calibration = None
    if arguments.calibration:
        file = Path(arguments.calibration).resolve()
        content = json.loads(file.read_text(encoding="utf-8"))
        calibration = {
            "path": str(file),
            "hash": content["hash"],
            "samples": len(content["samples"]),
            "length": content["length"],
            "seed": content["seed"],
            "source": content["source"],
        }
    slug = f"{arguments.method}+{arguments.library}"
    return {
        "model": str(Path(arguments.model).resolve()),
        "out": str(Path(arguments.out).resolve()),
        "recipe": slug,
        "method": arguments.method,
        "params": params,
        "served_as": arguments.served_as,
        "label": f"{Path(arguments.model).name}:{slug}",
        "trust_remote_code": False,
        "threads": arguments.threads,
        "calibration": calibration,
        "reference": None,
    }


def reference(request: dict[str, Any], log: Path, threads: int) -> dict[str, Any] | None:
    """What the base model says of the first calibration samples in this environment."""
    if request["calibration"] is None:
        return None
    samples = read_samples(request["calibration"])[:CHECKED_SAMPLES]
    asked = {"model": request["model"], "samples": samples}
    answer = run_job("acbench.compress.backends.basecheck", asked, log=log, threads=threads)
    return {"samples": samples, "nll": answer["nll"]}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m acbench.compress.backends.run", description=__doc__)
    parser.add_argument("library", choices=sorted(LIBRARIES))
    parser.add_argument("method")
    parser.add_argument("model", help="model folder")
    parser.add_argument("out", help="folder to write; must not exist or be empty")
    parser.add_argument("--calibration", help="calibration.json with token ids")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--python", default="", help="interpreter that has the library")
    parser.add_argument("--served-as", default="packed", help="'dense' stores dequantized weights")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--log", help="log file (a temporary one otherwise)")
    arguments = parser.parse_args(argv)
    try:
        print_facts(build(arguments))
    except AcbenchError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def build(arguments: argparse.Namespace) -> dict[str, Any]:
    """Runs the job; returns the facts that it wrote. Raises ConfigError for a folder that is not empty."""
    params = parse_params(arguments.param)
    resolved(arguments.library, arguments.method, params)
    out = Path(arguments.out)
    if out.exists() and any(out.iterdir()):
        raise ConfigError(f"{out} is not empty; give a new folder")
    python = interpreter(arguments.library, arguments.python)
    request = request_for(arguments, params)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(arguments.log or Path(folder) / "build.log")
        request["reference"] = reference(request, log, arguments.threads)
        run_job(
            module_of(arguments.library, arguments.method),
            request,
            log=log,
            python=str(python),
            threads=arguments.threads,
        )
    facts: dict[str, Any] = json.loads((out / "acbench.json").read_text(encoding="utf-8"))
    return facts


def print_facts(facts: dict[str, Any]) -> None:
    """The facts without the table of layers, as JSON."""
    short = {key: value for key, value in facts.items() if key != "per_layer"}
    sys.stdout.write(json.dumps(short, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
