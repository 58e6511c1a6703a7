"""Writes acbench/claims/data/published.json from a folder with the transcribed tables of the paper.

    python tools/published_figures.py FOLDER [--out FILE]

FOLDER holds published_table*.csv and figure_needle_summary.csv, one number a line: model, compression, benchmark,
task, metric, value, source_table, flag. Numbers and names are kept, nothing of the paper's text. The output is the
same for the same input, byte by byte.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

SOURCE = (
    "Numbers of tables 2-10 (as printed) and of the needle heat maps (decoded from their colours) of Dong et al., "
    '"Can Compressed LLMs Truly Act? An Empirical Evaluation of Agentic Capabilities in LLM Compression", ICML 2025'
)
TARGET = Path(__file__).resolve().parent.parent / "acbench" / "claims" / "data" / "published.json"
FIELDS = ("model", "compression", "benchmark", "task", "metric", "value", "source_table", "flag")


def figures(folder: Path) -> dict[str, Any]:
    """The content of the file. Raises ValueError naming file and line of what cannot be read."""
    sources = [*sorted(folder.glob("published_table*.csv")), folder / "figure_needle_summary.csv"]
    if len(sources) == 1:
        raise ValueError(f"{folder}: no published_table*.csv")
    rows: dict[tuple[str, ...], dict[str, float]] = {}
    for source in sources:
        with source.open(encoding="utf-8", newline="") as lines:
            for number, line in enumerate(csv.DictReader(lines), start=2):
                if tuple(line) != FIELDS:
                    raise ValueError(f"{source}: the columns must be {', '.join(FIELDS)}")
                key = tuple(line[f] for f in ("source_table", "benchmark", "model", "compression", "flag"))
                name = f"{line['task']}/{line['metric']}"
                cells = rows.setdefault(key, {})
                if name in cells:
                    raise ValueError(f"{source}, line {number}: {name} stands twice in {' '.join(key)}")
                try:
                    cells[name] = float(line["value"])
                except ValueError as error:
                    raise ValueError(f"{source}, line {number}: {line['value']!r} is no number") from error
    entries = []
    for (table, benchmark, model, compression, flag), values in rows.items():
        entry: dict[str, Any] = {"table": table, "benchmark": benchmark, "model": model}
        entry |= {"compression": compression, "values": values} | ({"flag": flag} if flag else {})
        entries.append(entry)
    return {"schema": 1, "source": SOURCE, "rows": entries}


def text(content: dict[str, Any]) -> str:
    """One row of a table per line, keys sorted: made for review."""
    lines = ",\n  ".join(json.dumps(row, sort_keys=True, separators=(",", ":")) for row in content["rows"])
    head = f'{{"schema": {content["schema"]},\n "source": {json.dumps(content["source"])},\n "rows": [\n  '
    return head + lines + "\n ]}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="the published figures as one file")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()
    try:
        options.out.write_text(text(figures(options.folder)), encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"published_figures: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
