"""How long a report of many cases takes: to be generated, and to be usable in a browser.

    python benchmarks/report_size.py --store .acbench/store

makes 5 models x 20 recipes x 10 tasks of invented results, with descriptions, attachments and figures of the size
that real cases have, through pytest and the report plug-in as a real run does. It needs Node.js, and Chromium for
the second part. Time in the browser is wall time: a probe in the served page waits for the tree and for an idle
main thread, opens a case by a click, and reports ``performance.now()`` back to the server. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # reports/ and this folder are not packaged

from acbench.cases import Case  # noqa: E402
from acbench.records import CaseResult, ChannelRow, Comparison, Flip, Gate, LevelRow, Noise, Outcome, Verdict  # noqa: E402
from benchmarks import browser  # noqa: E402

MODELS = ("smollm2-135m", "qwen2.5-7b", "mistral-7b", "internlm2.5-7b", "qwen2.5-14b")
RECIPES = (
    *("base", "rtn-w8g64", "rtn-w4g64", "rtn-w3g64", "awq-w4g64", "awq-w4g128", "gptq-w4g64", "gptq-w4g128"),
    *("gptq-w3g64", "smoothquant-w8a8", "fp8", "int8", "magnitude-20", "magnitude-50", "magnitude-2of4"),
    *("wanda-50", "wanda-2of4", "sparsegpt-50", "sparsegpt-2of4", "kv-fp8"),
)
TASKS = {
    "needle": "long_context",
    "longbench-hotpotqa": "long_context",
    "longgenbench": "long_context",
    "ruler-vt": "long_context",
    "t-eval-instruct-json": "tool_use",
    "t-eval-plan-json": "tool_use",
    "worfbench-lumos": "workflow",
    "worfbench-alfworld": "workflow",
    "pddl": "real_world",
    "pddl-likelihood": "diagnostic",
}
LIMIT_REASON = "Five points are a loss users notice."
METRICS = ("accuracy", "strict", "format", "arguments", "published")
WORDS = (*("the", "city", "of", "Lyon", "was", "named"), *("in", "a", "note", "that", "somebody", "left"))
CONFTEST = """
import json, sys
sys.path[:0] = [{root!r}]
pytest_plugins = ["reports.allure"]

import pytest
from benchmarks.report_size import TASKS, synthetic_result


class Specs:
    @pytest.hookspec
    def pytest_acbench_result(self, config, item, result): ...


def pytest_addhooks(pluginmanager):
    pluginmanager.add_hookspecs(Specs)


def pytest_configure(config):
    for name in set(TASKS.values()):
        config.addinivalue_line("markers", f"{{name}}: capability")


@pytest.fixture
def judge(request):
    def send(model, compression, task):
        result = synthetic_result(model, compression, task, shift={shift})
        request.node.user_properties.append(("acbench_result", json.dumps(result.to_json())))
        request.config.hook.pytest_acbench_result(config=request.config, item=request.node, result=result)
        return result

    return send
"""
SUITE = """
import pytest
from benchmarks.report_size import TASKS
from fixtures.judging import settle

IDS = {ids!r}


@pytest.mark.parametrize(
    "model,compression,task",
    [pytest.param(*i.split(":"), id=i, marks=getattr(pytest.mark, TASKS[i.split(":")[2]])) for i in IDS],
)
def test_case(model, compression, task, judge):
    if (model, compression, task) == {broken!r}:
        raise RuntimeError("the engine never answered")
    settle(judge(model, compression, task), on_inconclusive="warn")
"""


# -- invented results ----------------------------------------------------------------------------


def synthetic_result(model: str, compression: str, task: str, *, shift: float = 0.0) -> CaseResult:
    """A complete result, the same for the same names; ``shift`` is added to every difference."""
    case = Case(model, compression, task)
    draw = random.Random(case.id)
    base = draw.uniform(0.3, 0.9)
    loss = 0.0 if compression == "base" else draw.choice((0.0, 0.02, 0.05, 0.25)) * draw.random()
    metrics = [_comparison(name, base, base - loss + shift, draw) for name in METRICS]
    primary = metrics[0]
    outcome: Outcome = "fail" if primary.high < -0.05 else "pass" if primary.low > -0.05 else "inconclusive"
    gate: Gate = "gate" if compression == "base" or draw.random() < 0.6 else "report"
    reason = f"Exact match {100 * primary.difference:+.1f} pp against the limit -5.0 pp"
    return CaseResult(
        id=case.id,
        model=model,
        compression=compression,
        task=task,
        task_title=task,
        method=compression.partition("-")[0],
        capability=TASKS[task],
        verdict=Verdict(outcome, gate, 0.05, 0.95, reason, LIMIT_REASON, "invented"),
        primary=primary,
        secondary=tuple(metrics[1:]),
        levels=tuple(LevelRow(f"level {i}", 30, base - i / 40, base - loss - i / 40) for i in range(6)),
        channels=tuple(
            ChannelRow(name, share, share)
            for name, share in (("correct", base), ("wrong", 0.9 - base), ("cut", 0.1))
        ),
        noise=Noise(60, 1, 4, 0.004, -0.02, 0.03),
        flips=tuple(_flip(number, draw) for number in range(12)),
        texts_changed=57,
        sample_prompt=_text(draw, 2000),
        checkpoint={"bits_per_weight": 4.25, "bytes": 91_000_000, "served_as": "packed"},
        engine={"name": "vllm", "version": "0.32.0", "device": "cpu"},
        keys={"base": "b" * 32, "compressed": f"{draw.getrandbits(128):032x}", "checkpoint": "c" * 32},
        tokens={"prompt": 120_000, "output": 4_000},
        seconds=draw.uniform(2, 90),
        facts={f"finding {i}": _text(draw, 12) for i in range(4)},
        pairs={"accuracy": _pairs(base, primary.compressed)},
        cells=tuple(_cell(i, base, base - loss) for i in range(45)) if task == "needle" else (),
    )


def _comparison(name: str, base: float, score: float, draw: random.Random) -> Comparison:
    difference, half = score - base, draw.uniform(0.01, 0.05)
    low, high = difference - half, difference + half
    made = Comparison(
        name, "Exact match", "share", 120, 0, base, score, difference, low, high, 0.95, "", 0.2, 9, 3, 0.07
    )
    return replace(made, title=name.capitalize(), test="McNemar exact")


def _pairs(base: float, score: float, n: int = 120) -> tuple[tuple[str, float, float], ...]:
    """Right and wrong answers with these shares of right ones."""
    return tuple((f"sample {i}", float(i < n * base), float(i < n * score)) for i in range(n))


def _flip(number: int, draw: random.Random) -> Flip:
    return Flip(f"s{number}", "level 1", 1.0, 0.0, "correct", "wrong", _text(draw, 50), _text(draw, 50))


def _text(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words))


def _cell(number: int, base: float, score: float) -> dict[str, Any]:
    return {
        "length": 500 * (1 + number % 9),
        "depth": 25 * (number // 9),
        "base": base,
        "compressed": score,
        "state": "ok",
    }


def write_run(
    folder: Path, ids: list[str], *, shift: float = 0.0, broken: str = "", options: tuple[str, ...] = ()
) -> Path:
    """Runs the cases with pytest and the report plug-in; returns the folder of Allure results."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conftest.py").write_text(CONFTEST.format(root=str(ROOT), shift=shift))
    (folder / "test_cases.py").write_text(SUITE.format(ids=ids, broken=tuple(broken.split(":"))))
    (folder / "pytest.ini").write_text("[pytest]\n")
    results = folder / "allure-results"
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", f"--alluredir={results}", *options]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "GITHUB_", "CI"))}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout + done.stderr)
    return results


def many(number: int) -> list[str]:
    """At most ``number`` case ids over all models, recipes and tasks."""
    every = [Case(m, r, t).id for m in MODELS for r in RECIPES for t in TASKS]
    chosen = set(random.Random(0).sample(every, min(number, len(every))))
    return [name for name in every if name in chosen]


# -- the browser ---------------------------------------------------------------------------------

OPENING = """
  await wait("[data-testid=tree-section],[data-testid=tree-leaf]"); await idle();
  found["usable after ms"] = Math.round(performance.now());
  found["DOM nodes"] = document.getElementsByTagName("*").length;
  const leaf = document.querySelector("[data-testid=tree-leaf]");
  if (leaf) {
    const clicked = performance.now();
    leaf.click();
    await wait("[data-testid=test-result-info-title]"); await idle();
    found["a case opens in ms"] = Math.round(performance.now() - clicked);
  }
"""
"""Usable: the tree stands and the main thread is idle again, so that a click is answered."""


# -- the figures ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one built report."""

    kind: str
    generate_s: float
    megabytes: float
    files: int
    browser: dict[str, Any]


def measure(results: Path, out: Path, *, single: bool, cache: Path) -> Figures:
    """Builds the report once and opens it three times; the middle one of the times until it is usable counts."""
    from reports.publish import build_report

    began = time.monotonic()
    page = build_report(results, out, single_file=single, cache_dir=cache)
    took = time.monotonic() - began
    files = [path for path in page.parent.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 2**20
    opened = (
        [browser.visit(out, "awesome/index.html", OPENING) for _ in range(3)] if browser.program() else [{}]
    )
    middle = sorted(opened, key=lambda found: found.get("usable after ms", 0))[len(opened) // 2]
    return Figures("single file" if single else "folder", took, size, len(files), middle)


def main() -> None:
    """Prints one line per kind of report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--store", type=Path, default=Path(".acbench/store"))
    parser.add_argument("--out", type=Path, help="keep results and reports here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = options.out or Path(scratch)
        began = time.monotonic()
        results = write_run(place / "run", many(options.cases))
        files = [path for path in results.iterdir() if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 2**20
        print(
            f"{options.cases} cases: {len(files)} files, {size:.1f} MiB, written in {time.monotonic() - began:.0f} s"
        )
        for single in (False, True):
            made = measure(
                results,
                place / ("single" if single else "folder"),
                single=single,
                cache=options.store / "node",
            )
            seen = ", ".join(f"{name}: {value}" for name, value in made.browser.items())
            print(
                f"{made.kind}: generated in {made.generate_s:.1f} s, {made.megabytes:.1f} MiB in {made.files} files; "
                f"{seen or 'no Chromium here'}"
            )


if __name__ == "__main__":
    main()
