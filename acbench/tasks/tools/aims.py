"""What progress and success mean: sub-goal values to be seen, or a table to be reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from acbench.tasks.tools.matching import matched, normalised, table_match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.tools.environment import Simulator
    from acbench.tasks.tools.matching import Table
    from acbench.tasks.tools.sheet import SheetSimulator

SHEET_MATCHES = ("normalized", "upstream")
"""How a table can be scored (specification, section 6.6)."""


class Aim(Protocol):
    """What progress and success mean in one episode."""

    def reached(self, candidates: Sequence[Any]) -> float:
        """Progress (0..1) now, not yet a running maximum."""
        ...

    def success(self, progress: float) -> bool:
        """Asked once, when the finish tool was executed; ``progress`` is the running maximum."""
        ...

    def missing(self, candidates: Sequence[Any]) -> Sequence[Any]:
        """What is still to be reached, apart from the answer itself."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """What the record keeps of the measurement; plain JSON."""
        ...


@dataclass(frozen=True, slots=True)
class ValuesAim:
    """Sub-goal values to be seen in results; ``final`` is a state that must hold at the end, if any."""

    goals: Sequence[Any]
    simulator: Simulator
    answer: Any = None
    final: Mapping[str, Any] | None = None

    def reached(self, candidates: Sequence[Any]) -> float:
        met = matched(self.goals, candidates, self.simulator.same)
        return sum(met) / len(met)

    def success(self, progress: float) -> bool:
        return progress >= 1.0 and self.state_holds()

    def state_holds(self) -> bool:
        state = getattr(self.simulator, "state", None)
        return self.final is None or (state is not None and state() == self.final)

    def missing(self, candidates: Sequence[Any]) -> Sequence[Any]:
        met = matched(self.goals, candidates, self.simulator.same)
        open_goals = [goal for goal, is_met in zip(self.goals, met, strict=True) if not is_met]
        if self.answer in open_goals:
            open_goals.remove(self.answer)
        return open_goals

    def facts(self) -> Mapping[str, Any]:
        return {}


@dataclass(slots=True)
class SheetAim:
    """Progress towards a target table, measured in both ways; ``match`` says which one is the progress.

    ``upstream``: share of equal cells in the common rectangle, which is above 0 for an untouched sheet.
    ``normalized``: the share in the rectangle that covers both, above that of the untouched sheet (``start``).
    """

    target: Table
    simulator: SheetSimulator
    start: float
    match: str = SHEET_MATCHES[0]
    _best: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SHEET_MATCHES, 0.0))

    def reached(self, _candidates: Sequence[Any]) -> float:
        current = self.simulator.table()
        values = {
            "normalized": normalised(table_match(current, self.target), self.start),
            "upstream": table_match(current, self.target, common_only=True),
        }
        for name, value in values.items():
            self._best[name] = max(self._best[name], value)
        return values[self.match]

    def success(self, progress: float) -> bool:
        """As published the best table counts; otherwise the one the agent leaves behind."""
        return progress >= 1.0 if self.match == "upstream" else self.simulator.table() == self.target

    def missing(self, _candidates: Sequence[Any]) -> Sequence[Any]:
        return [] if self.simulator.table() == self.target else [self.target]

    def facts(self) -> Mapping[str, Any]:
        """Which score is the progress, and the running maximum of each."""
        return {"sheet_match": self.match, **{f"match_{name}": value for name, value in self._best.items()}}
