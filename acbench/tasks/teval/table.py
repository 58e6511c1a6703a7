"""The published table: group values and Overall out of the columns' means (specification section 4.7)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from acbench.errors import DataError, did_you_mean
from acbench.tasks.teval.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GROUPS: dict[str, tuple[str, ...]] = {
    **{
        group: (f"{group}_str", f"{group}_json")
        for group in ("instruct", "plan", "reason", "retrieve", "understand")
    },
    "review": ("review",),
}


@dataclass(frozen=True, slots=True)
class Table:
    """Values 0..1, None where nothing was measured; never NaN. ``partial``: a column is missing.

    ``overall``: mean of the six abilities. ``overall_columns``: mean of the eleven columns, the other
    definition that is in print.
    """

    columns: Mapping[str, float | None]
    groups: Mapping[str, float | None]
    overall: float | None
    overall_columns: float | None
    partial: bool


def table(means: Mapping[str, float | None]) -> Table:
    """The table of column means by column name (`plan_json`); missing, None and NaN count as not measured.

    Raises DataError for a name that is no column.
    """
    for name in means:
        if name not in COLUMNS:
            raise DataError(f"t-eval: {name!r} is no column; {did_you_mean(name, COLUMNS)}")
    columns = {name: _finite(means.get(name)) for name in COLUMNS}
    groups = {group: _mean(columns[name] for name in names) for group, names in GROUPS.items()}
    return Table(
        columns=columns,
        groups=groups,
        overall=_mean(groups.values()),
        overall_columns=_mean(columns.values()),
        partial=None in columns.values(),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _mean(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there else None
