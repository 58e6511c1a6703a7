"""``acbench analyse BASE [VARIANT]``: the three analyses of any two checkpoints, without a run."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from acbench.analysis.study import Model, Study
    from acbench.store import Store

KINDS = ("erank", "top-k", "energy")


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Adds the command to the parser of ``acbench``."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "analyse", help="ERank, top-k and energy of a checkpoint beside its base model"
    )
    parser.add_argument("base", help="a checkpoint folder, or a model of the catalogue")
    parser.add_argument("variant", nargs="?", help="a folder or model:recipe (default: the noise floor only)")
    parser.add_argument("--texts", default="pack", help="pack, or path:FILE_OR_FOLDER (.txt, .md, .jsonl)")
    parser.add_argument("--tokens", type=int, default=128, help="length that every text is cut to")
    parser.add_argument("--per-kind", type=int, default=30, help="at most so many texts of each kind")
    parser.add_argument("--fewest", type=int, default=30, help="fewer texts than this are an error")
    parser.add_argument("--every", type=int, default=1, help="spectra of every n-th block only")
    parser.add_argument(
        "--untrained", type=int, default=0, metavar="SEEDS", help="also Diff-ERank against untrained models"
    )
    parser.add_argument(
        "--profile", default="demo", help="whose calibration a recipe of the catalogue is built with"
    )
    parser.add_argument("--out", type=Path, help="write everything as JSON there")
    parser.add_argument("--config", type=Path, help="configuration (default: acbench.toml here)")
    parser.set_defaults(run=run)
    return parser


def run(options: argparse.Namespace) -> None:
    """Runs the studies and prints the numbers."""
    from acbench.analysis.protocol import Settings, text_set
    from acbench.analysis.study import study
    from acbench.analysis.summary import analysis
    from acbench.rendering import ModelRenderer

    for option, least in (("untrained", 0), ("every", 1)):
        if getattr(options, option) < least:
            raise ConfigError(
                f"--{option} must be a whole number from {least}, not {getattr(options, option)}"
            )
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)  # before minutes of work, not after
    store = _store(options)
    settings = Settings.from_table(
        {
            "tokens": options.tokens,
            "per_kind": options.per_kind,
            "fewest": options.fewest,
            "texts": options.texts,
            "layers": options.every,
        },
        "acbench analyse",
    )
    base = _model(options.base, options, store)
    variant = base if options.variant is None else _model(options.variant, options, store)
    renderer = ModelRenderer(base.folder, trust_remote_code=base.trust_remote_code)
    _same_tokenizer(base, variant)
    texts = text_set(settings, renderer)
    found = study(base, variant, texts, settings, store, on_status=_say)
    analyses = {kind: analysis(kind, found) for kind in KINDS}
    if options.untrained:
        number = untrained(base, found, store, options.untrained)
        analyses["erank"]["numbers"]["erank.diff.untrained"] = number
    for kind in KINDS:
        for line in table(kind, analyses[kind]):
            sys.stdout.write(line + "\n")
    if options.out:
        content = {
            "base": asdict(base) | {"folder": base.folder.name},
            "variant": asdict(variant) | {"folder": variant.folder.name},
        }
        options.out.write_text(json.dumps(content | {"analyses": analyses}, indent=1, sort_keys=True) + "\n")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _store(options: argparse.Namespace) -> Store:
    from acbench.store import Store

    folder = options.store or os.environ.get("ACBENCH_STORE") or Path.cwd() / ".acbench" / "store"
    return Store(Path(folder).expanduser())


def _model(name: str, options: argparse.Namespace, store: Store) -> Model:
    """A folder, ``model`` or ``model:recipe``. Raises ConfigError for anything else."""
    from acbench.analysis.study import Model
    from acbench.cases import BASE, ModelSpec
    from acbench.checkpoints import Target, build
    from acbench.config import find_user_file, load_catalogue
    from acbench.engines.pool import visible_gpus
    from acbench.models import resolve

    folder = Path(name).expanduser()
    if folder.is_dir():
        own = resolve(ModelSpec(folder.name, f"path:{folder.resolve()}"), store)
        return Model(own.path, own.fingerprint, folder.name, own.trust_remote_code)
    catalogue = load_catalogue(options.config or find_user_file(Path.cwd()))
    slug, _, recipe = name.partition(":")
    if slug not in catalogue.models or (recipe and recipe not in catalogue.recipes):
        raise ConfigError(f"{name!r} is neither a folder nor a model or model:recipe of the catalogue")
    target = Target("vllm", "gpu" if visible_gpus() else "cpu")
    calibration = catalogue.profile(options.profile).calibration
    spec = catalogue.recipes[recipe or BASE]
    spec = replace(spec, calibration={**calibration, **spec.calibration})  # as a run of the profile builds it
    made = build(catalogue.models[slug], spec, store, target)
    return Model(made.path, made.key, name, made.base.trust_remote_code)


def _same_tokenizer(base: Model, variant: Model) -> None:
    """Lists of next tokens can be compared only where ids mean the same."""
    files = [model.folder / "tokenizer.json" for model in (base, variant)]
    if not all(file.is_file() for file in files):
        return  # bare weights: the texts are in base's tokens, and sizes are compared

    def ids(file: Path) -> Any:
        content = json.loads(file.read_text())
        return content["model"].get("vocab"), content.get("added_tokens")

    if ids(files[0]) != ids(files[1]):
        raise ConfigError(
            f"{variant.label} and {base.label} have different vocabularies: their next tokens cannot be compared"
        )


def untrained(base: Model, found: Study, store: Store, seeds: int) -> dict[str, Any]:
    """Diff-ERank (untrained minus trained) over ``seeds`` initialisations; low and high are the extreme seeds."""
    from acbench.jobs import run_job
    from acbench.metrics.averages import geometric_mean

    trained = geometric_mean(found.arrays["hidden_b"][-1])
    values = []
    for seed in range(seeds):
        _say(f"{base.label}: untrained, seed {seed}")
        request = {
            "model": str(base.folder),
            "samples": found.texts.samples,
            "seed": seed,
            "trust_remote_code": base.trust_remote_code,
        }
        log = store.root / "logs" / f"untrained-{base.key}-{seed}.log"
        values.append(geometric_mean(run_job("acbench.analysis.untrained", request, log=log)["eranks"]))
    mean = sum(values) / len(values)
    return {
        "title": "Diff-ERank: untrained minus trained, hidden (not a quantity of compression)",
        "unit": "",
        "value": mean - trained,
        "base": None,
        "low": min(values) - trained,
        "high": max(values) - trained,
        "floor": None,
        "n": seeds,
        "undefined": 0,
    }


def table(kind: str, found: dict[str, Any]) -> list[str]:
    """The numbers as aligned lines."""
    protocol = found["protocol"]
    lines = [
        f"{kind}: {protocol['texts']} texts of {protocol['tokens']} tokens, {protocol['arithmetic']}, floor "
        f"{protocol['floor']}",
        f"  {'':<32} {'base':>10} {'variant':>10} {'95 % interval':>22} {'floor':>10}",
    ]
    for name, number in found["numbers"].items():
        span = "" if number["low"] is None else f"[{_text(number['low'])}, {_text(number['high'])}]"
        lines.append(
            f"  {name:<32} {_text(number['base']):>10} {_text(number['value']):>10} {span:>22} "
            f"{_text(number['floor']):>10}"
        )
    return lines


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
