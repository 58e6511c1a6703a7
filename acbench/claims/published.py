"""The published tables as numbers: ``data/published.json``, written by ``tools/published_figures.py``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a published table: ``values`` by ``task/metric``, in the unit the paper prints.

    ``flag``: what is odd about it (a copy of another row, a cut row, a placeholder); empty = nothing found.
    """

    table: str
    benchmark: str
    model: str
    compression: str
    flag: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Published:
    """All rows. A (table, model, compression) may stand twice when only some of its cells carry a flag."""

    source: str
    rows: tuple[TableRow, ...]

    def find(self, benchmark: str, model: str, compression: str) -> TableRow | None:
        """The row without placeholders; None when the paper has none."""
        for row in self.rows:
            named = (row.benchmark, row.model, row.compression) == (benchmark, model, compression)
            if named and row.flag != "sentinel_not_a_score":
                return row
        return None

    def models(self, benchmark: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.model for row in self.rows if row.benchmark == benchmark))

    def compressions(self, benchmark: str, model: str) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                row.compression for row in self.rows if (row.benchmark, row.model) == (benchmark, model)
            )
        )


@cache
def load() -> Published:
    """The packaged figures."""
    return from_json(json.loads((files("acbench.claims") / "data" / "published.json").read_text()))


def from_json(data: Mapping[str, Any]) -> Published:
    """Raises DataError for another schema or a row without its fields."""
    if data.get("schema") != SCHEMA:
        raise DataError(f"published figures: schema {data.get('schema')!r}, this version reads {SCHEMA}")
    try:
        rows = tuple(
            TableRow(
                entry["table"],
                entry["benchmark"],
                entry["model"],
                entry["compression"],
                entry.get("flag", ""),
                {name: float(value) for name, value in entry["values"].items()},
            )
            for entry in data["rows"]
        )
    except KeyError as error:
        raise DataError(f"published figures: field {error} is missing") from error
    return Published(str(data["source"]), rows)
