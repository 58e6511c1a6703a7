"""Parts of scenarios: short runs of calls that serve one clause of a goal.

Every builder draws its details from the random generator and states its facts from the world's tables alone;
the steps are numbered from 0 and are shifted when parts are put together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.toolbox.model import Fact
    from acbench.tasks.toolbox.plan import Ref, Step


@dataclass(frozen=True, slots=True)
class Part:
    """``clause``: the wish as an imperative. ``offers``: what a later step can use, as (label, Ref, value)."""

    clause: str
    steps: tuple[Step, ...]
    wanted: tuple[Fact, ...]
    offers: Mapping[str, tuple[str, Ref, Any]] = field(default_factory=dict)


def fact(kind: str, **fields: Any) -> Fact:
    return {"kind": kind, **fields}
