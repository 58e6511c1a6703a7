"""The ``acbench`` command: small, beside pytest, on the same code paths as the suite."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench import __version__
from acbench.errors import AcbenchError, ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from acbench.store import Store

DAY_S = 86400.0
SCORE_BATCH = 512
"""Lines of `acbench score` held in memory at a time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit status: 0 done, 1 an AcbenchError, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        status = options.run(options)
    except AcbenchError as error:
        sys.stderr.write(f"acbench: {error}\n")
        return 1
    except FileNotFoundError as error:
        sys.stderr.write(f"acbench: {error.filename}: no such file\n")
        return 1
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; nothing is wrong
        return 0
    return int(status or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="acbench", description="Does a compressed language model still act?"
    )
    parser.add_argument("--version", action="version", version=f"acbench {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    plan = commands.add_parser("plan", help="what a run would cost; the same as pytest suites/ --acb-plan")
    plan.add_argument("--profile", default="demo")
    plan.add_argument("--models", default="")
    plan.add_argument("--compressions", default="")
    plan.add_argument("--tasks", default="")
    plan.set_defaults(run=_plan)

    compress = commands.add_parser("compress", help="build the checkpoint of a recipe")
    compress.add_argument("model")
    compress.add_argument("recipe")
    compress.add_argument("--out", type=Path, help="copy the folder there, for use elsewhere")
    compress.add_argument("--backend", default="vllm", choices=("vllm", "transformers"))
    for option, meaning in (
        ("samples", "calibration samples"),
        ("length", "tokens a sample"),
        ("seed", "which draw"),
    ):
        compress.add_argument(
            f"--{option}", type=int, help=f"{meaning} (default: the recipe's, else 128, 512, 0)"
        )
    compress.set_defaults(run=_compress)

    score = commands.add_parser(
        "score", help="score predictions made elsewhere (JSON lines in, JSON lines out)"
    )
    score.add_argument("task")
    score.add_argument("--mode", default="corrected", choices=("corrected", "upstream"))
    score.add_argument(
        "--embedder",
        default="auto",
        help="embedding model of t-eval and worfbench: a folder, a hub id, or auto "
        "(all-mpnet-base-v2 where the hub gives it, else the packaged MiniLM)",
    )
    score.add_argument(
        "--in", dest="source", type=Path, help="file with id, gold, prediction (default: standard input)"
    )
    score.add_argument("--out", type=Path, help="file to write (default: standard output)")
    score.set_defaults(run=_score)

    report = commands.add_parser("report", help="build the Allure HTML report of a run")
    report.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="run folders, put together: the newest result of a case counts (default: the newest run)",
    )
    report.add_argument("--out", type=Path, help="folder of the report (default: report/ in the run folder)")
    report.add_argument(
        "--history", type=Path, help="JSON-lines file of earlier runs, read and appended to: trends"
    )
    report.add_argument("--optional", action="store_true", help="without Node.js say so and succeed")
    report.set_defaults(run=_report)

    from acbench.claims.command import add_parser

    add_parser(commands)

    from acbench.analysis.command import add_parser as add_analyse

    analyse = add_analyse(commands)

    from acbench.tasks.replay_command import add_parser as add_replay

    add_replay(commands)

    store = commands.add_parser("store", help="look after the store")
    actions = store.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="entries, most recently used first")
    listing.set_defaults(run=_store_list)
    size = actions.add_parser("size", help="bytes by kind")
    size.set_defaults(run=_store_size)
    prune = actions.add_parser("prune", help="remove the least recently used entries")
    prune.add_argument("--keep-gib", type=float, help="size to shrink to")
    prune.add_argument("--older-than-days", type=float, help="remove what was not used for so long")
    prune.set_defaults(run=_store_prune)

    for command in (plan, compress, score, report, analyse, listing, size, prune):
        command.add_argument(
            "--store", type=Path, help="store folder (default: .acbench/store, or ACBENCH_STORE)"
        )
    for command in (plan, compress, report):
        command.add_argument("--config", type=Path, help="configuration (default: acbench.toml here)")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _open_store(options: argparse.Namespace) -> Store:
    from acbench.store import Store

    folder = options.store or os.environ.get("ACBENCH_STORE") or Path.cwd() / ".acbench" / "store"
    return Store(Path(folder).expanduser())


def _catalogue(options: argparse.Namespace) -> Any:
    from acbench.config import find_user_file, load_catalogue

    return load_catalogue(options.config or find_user_file(Path.cwd()))


def _plan(options: argparse.Namespace) -> None:
    from acbench.casework import Caseworker
    from acbench.engines.pool import EnginePool
    from acbench.matrix import Selection, build_matrix
    from acbench.planning import plan_lines
    from acbench.runner import Bench
    from acbench.thresholds import read_thresholds

    def names(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())

    catalogue, store = _catalogue(options), _open_store(options)
    selection = Selection(names(options.models), names(options.compressions), names(options.tasks))
    matrix = build_matrix(catalogue, options.profile, selection)
    store.ensure_writable()
    pool = EnginePool(
        logs=store.root / "logs", leases=store.root / "leases", events=store.root / "plan.jsonl"
    )
    bench = Bench(catalogue, matrix.profile, store, pool)
    for line in plan_lines(Caseworker(bench, read_thresholds(catalogue), matrix, matrix.cases)):
        _say(line)


def _compress(options: argparse.Namespace) -> None:
    from acbench.checkpoints import Target, build, export
    from acbench.engines.pool import visible_gpus
    from acbench.errors import did_you_mean

    catalogue, store = _catalogue(options), _open_store(options)
    for kind, name, table in (
        ("model", options.model, catalogue.models),
        ("recipe", options.recipe, catalogue.recipes),
    ):
        if name not in table:
            raise ConfigError(f"unknown {kind} {name!r}; {did_you_mean(name, table)}")
    recipe = catalogue.recipes[options.recipe]
    sizes = {
        key: getattr(options, key)
        for key in ("samples", "length", "seed")
        if getattr(options, key) is not None
    }
    recipe = replace(recipe, calibration={**recipe.calibration, **sizes})
    if recipe.planned:
        raise ConfigError(f"recipe {recipe.slug!r} is planned and has no code in this version")
    store.ensure_writable()
    target = Target(options.backend, "gpu" if visible_gpus() else "cpu")
    checkpoint = build(catalogue.models[options.model], recipe, store, target)
    facts = {key: value for key, value in checkpoint.facts.items() if key != "per_layer"}
    _say(json.dumps(facts, indent=2, sort_keys=True))
    if options.out:
        export(checkpoint, options.out)
    _say(str(options.out or checkpoint.path))


def _score(options: argparse.Namespace) -> int:
    """Scores what can be read; a malformed line is an error that names file, line and field, after the rest."""
    from acbench.embeddings import open_embedder
    from acbench.tasks.registry import open_scorer

    @cache
    def embedder() -> Any:
        found = open_embedder(options.embedder, _open_store(options).root)
        sys.stderr.write(f"acbench: texts are compared with {found.identity}\n")
        return found

    scorer = open_scorer(options.task, mode=options.mode, embedder=embedder)
    name = str(options.source or "standard input")
    problems: list[str] = []
    seen: set[str] = set()
    with ExitStack() as files:
        source = files.enter_context(options.source.open(encoding="utf-8")) if options.source else sys.stdin
        target = files.enter_context(options.out.open("w", encoding="utf-8")) if options.out else sys.stdout
        count = 0
        numbered = ((number, line) for number, line in enumerate(source, start=1) if line.strip())
        while batch := list(
            islice(numbered, SCORE_BATCH)
        ):  # one batch in memory, its texts embedded together
            count += len(batch)
            read: list[tuple[int, Any]] = []
            for number, line in batch:
                try:
                    read.append((number, _prediction(line, seen)))
                except DataError as error:
                    problems.append(f"{name}, line {number}: {error}")
            scorer.prepare([prediction for _, prediction in read])
            for number, prediction in read:
                try:
                    scored = scorer.score(prediction)
                except DataError as error:
                    problems.append(f"{name}, line {number}: {error}")
                    continue
                known = {"id": scored.id, "scores": dict(scored.scores), "outcome": scored.outcome}
                text = json.dumps({**known, **scored.detail}, ensure_ascii=False)
                # Half a surrogate pair cannot be written; JSON has an escape for it.
                target.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
        target.flush()
    if not count:
        raise DataError(f"{name} holds no prediction; expected one JSON object a line: id, gold, prediction")
    for problem in problems:
        sys.stderr.write(f"acbench: {problem}\n")
    return 1 if problems else 0


def _prediction(line: str, seen: set[str]) -> Any:
    from acbench.tasks.protocol import Prediction

    try:
        data = json.loads(line)
    except ValueError as error:
        raise DataError(f"not valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise DataError("expected a JSON object")
    for field, kinds in (("id", (str, int)), ("gold", (object,)), ("prediction", (str,))):
        if field not in data:
            raise DataError(f"field {field!r} is missing")
        if not isinstance(data[field], kinds) or isinstance(data[field], bool):
            raise DataError(f"field {field!r} must be text, not {type(data[field]).__name__}")
    identity = str(data["id"])
    if identity in seen:
        raise DataError(f"id {identity!r} occurs twice")
    seen.add(identity)
    return Prediction(identity, data["gold"], data["prediction"])


def _report(options: argparse.Namespace) -> None:
    sys.path.insert(0, str(Path.cwd()))
    try:
        from reports.building import report_of
    except ImportError as error:
        raise ConfigError(
            "`acbench report` runs in a checkout of ACBench: its reports/ folder is not packaged"
        ) from error
    lines = report_of(
        options.folders or [_newest_run()],
        out=options.out,
        history=options.history,
        tool=_open_store(options).root / "node",
        catalogue=_catalogue(options),
        optional=options.optional,
    )
    for line in lines:
        _say(line)


def _newest_run() -> Path:
    runs = Path(os.environ.get("ACBENCH_RUNS") or Path.cwd() / ".acbench" / "runs")
    found = sorted(_runs_with_results(runs))
    if not found:
        raise ConfigError(f"no run with results in {runs}; run `pytest suites/` first or name a run folder")
    return found[-1]


def _runs_with_results(runs: Path) -> Iterator[Path]:
    if runs.is_dir():
        yield from (run for run in runs.iterdir() if (run / "allure-results").is_dir())


def _store_list(options: argparse.Namespace) -> None:
    for entry in _open_store(options).entries():
        _say(f"{entry.kind:<12} {entry.key}  {entry.bytes / 2**20:>9.1f} MiB  {entry.label}")


def _store_size(options: argparse.Namespace) -> None:
    sums: dict[str, int] = {}
    for entry in _open_store(options).entries():
        sums[entry.kind] = sums.get(entry.kind, 0) + entry.bytes
    for kind, size in sorted(sums.items()):
        _say(f"{kind:<12} {size / 2**20:>10.1f} MiB")
    _say(f"{'all':<12} {sum(sums.values()) / 2**20:>10.1f} MiB")


def _store_prune(options: argparse.Namespace) -> None:
    if options.keep_gib is None and options.older_than_days is None:
        raise ConfigError("say what to remove: --keep-gib or --older-than-days")
    removed = _open_store(options).prune(
        keep_bytes=None if options.keep_gib is None else int(options.keep_gib * 2**30),
        older_than_s=None if options.older_than_days is None else options.older_than_days * DAY_S,
    )
    _say(f"removed {len(removed)} entries, {sum(entry.bytes for entry in removed) / 2**20:.1f} MiB")


if __name__ == "__main__":
    sys.exit(main())
