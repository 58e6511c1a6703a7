"""The eleven columns of the published table: which kind of record each reads, and which metric is its value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
CAPABILITY = "tool_use"
JOINT_GENERATION = "t-eval-joint-json"


@dataclass(frozen=True, slots=True)
class Column:
    """``value``: the metric that the table shows; ``parts``: the others, in the order they are listed.

    ``file``: stem of the upstream file. ``embeds``: whether scores compare texts by meaning.
    """

    name: str
    kind: str
    format: str
    value: str
    parts: tuple[str, ...]
    title: str
    file: str
    embeds: bool = False
    binary: bool = False

    @property
    def slug(self) -> str:
        return f"t-eval-{self.name.replace('_', '-')}"

    @property
    def generation(self) -> str:
        """Columns that read one answer in different ways share its name."""
        return JOINT_GENERATION if self.kind == "joint" else ""


def _joint(name: str, value: str, *, binary: bool = False) -> Column:
    parts = tuple(metric for metric in ("thought", "name", "args") if metric != value)
    file = "reason_retrieve_understand_json"
    return Column(
        f"{name}_json", "joint", "json", value, parts, f"{name.capitalize()}, json", file, True, binary
    )


_PLAN = ("precision", "recall", "plan_partial_order")
_ALL = (
    Column(
        "instruct_str", "instruct", "string", "instruct", ("format", "args"), "Instruct, string", "instruct"
    ),
    Column("instruct_json", "instruct", "json", "instruct", ("format", "args"), "Instruct, json", "instruct"),
    Column("plan_str", "plan", "string", "f1", _PLAN, "Plan, string", "plan_str", True),
    Column("plan_json", "plan", "json", "f1", _PLAN, "Plan, json", "plan_json", True),
    Column("reason_str", "reason", "string", "thought", (), "Reason, string", "reason_str", True),
    _joint("reason", "thought"),
    Column("retrieve_str", "retrieve", "string", "name", (), "Retrieve, string", "retrieve_str", binary=True),
    _joint("retrieve", "name", binary=True),
    Column(
        "understand_str",
        "understand",
        "string",
        "args",
        (),
        "Understand, string",
        "understand_str",
        binary=True,
    ),
    _joint("understand", "args"),
    Column("review", "review", "string", "quality", (), "Review, choice", "review_str", binary=True),
)
COLUMNS: Mapping[str, Column] = {column.name: column for column in _ALL}


def column_of(variant: str) -> Column:
    """Raises ConfigError for anything but the eleven names."""
    if variant not in COLUMNS:
        raise ConfigError(f"t-eval: unknown column {variant!r}; {did_you_mean(variant, COLUMNS)}")
    return COLUMNS[variant]
