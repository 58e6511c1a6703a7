"""``acbench claims``: the paper's claims on the runs at hand."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError

if TYPE_CHECKING:
    import argparse


def add_parser(commands: Any) -> None:
    """Adds the command to the sub-parsers of ``acbench``; imports nothing heavy."""
    parser = commands.add_parser("claims", help="what the runs at hand say about the paper's claims")
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="run folders, merged: the newest result of a case counts (default: the newest run)",
    )
    parser.add_argument("--json", type=Path, help="file for everything as JSON")
    parser.add_argument("--markdown", type=Path, help="file for the table and its details as Markdown")
    parser.add_argument("--html", type=Path, help="file for a self-contained page")
    parser.add_argument("--config", type=Path, help="configuration (default: acbench.toml here)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Prints all claims and writes the files asked for."""
    from acbench.claims import published, render
    from acbench.claims.comparisons import size_note
    from acbench.claims.evidence import Evidence
    from acbench.claims.page import claims_html
    from acbench.claims.reading import load_runs
    from acbench.claims.registry import answers
    from acbench.config import find_user_file, load_catalogue

    catalogue = load_catalogue(options.config or find_user_file(Path.cwd()))
    loaded = load_runs(options.folders or [newest_run()])
    evidence = Evidence(loaded.results, catalogue)
    found = answers(evidence, published.load())
    about: dict[str, Any] = {
        "sources": [folder.resolve().name for folder in loaded.folders],
        "remark": size_note(evidence),
    }
    sys.stdout.write(render.plain(found, **about))
    if loaded.replaced:
        sys.stdout.write(f"{loaded.replaced} results were left out: a newer run has the same cases.\n")
    _write(options.json, json.dumps(render.as_json(found, **about), indent=1, sort_keys=True) + "\n")
    _write(options.markdown, render.markdown(found, **about))
    _write(options.html, claims_html(found, **about))


def newest_run() -> Path:
    """The newest run folder with case results. Raises ConfigError when there is none."""
    runs = Path(os.environ.get("ACBENCH_RUNS") or Path.cwd() / ".acbench" / "runs")
    found = (
        sorted(run for run in runs.iterdir() if any((run / "results").glob("*.json")))
        if runs.is_dir()
        else []
    )
    if not found:
        raise ConfigError(f"no run with results in {runs}; run `pytest suites/` first or name a run folder")
    return found[-1]


def _write(file: Path | None, text: str) -> None:
    if file is None:
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written ({error.strerror})") from error
    sys.stdout.write(f"written: {file}\n")
