"""Numbers and error channels of a finished multi-turn episode."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.agents.replies import TurnOutcome

CHANNELS = ("correct", "invalid_action", "unparsed", "cut", "loop", "budget", "too_long", "broken")
LOOP_TURNS = 3
"""So many equal actions without progress at the end of a failed episode are a loop."""


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn as it was played; ``progress`` (0..1) is the running maximum after it.

    ``observation``: what the environment answered; ``trouble``: its own name for what went wrong.
    """

    action: str
    outcome: TurnOutcome
    progress: float
    observation: str = ""
    trouble: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"action": self.action, "outcome": self.outcome, "progress": self.progress}


def failure_channel(
    turns: Sequence[TurnRecord], *, success: bool, troubles: Mapping[str, str] | None = None
) -> str:
    """The one channel of an episode that was played to its end; the first rule that holds wins.

    1. success: ``correct``.
    2. More than half of the turns were not executed: the most frequent reason among them
       (on a tie ``cut``, then ``unparsed``, then ``invalid_action``). ``troubles`` gives kinds of invalid
       actions channels of their own: then the most frequent kind.
    3. The last three turns or more repeat one action and progress did not rise in them: ``loop``.
    4. Otherwise the steps ran out: ``budget``.
    """
    if success:
        return "correct"
    bad = [turn.outcome for turn in turns if turn.outcome != "valid"]
    if 2 * len(bad) > len(turns):
        worst = max(("cut", "unparsed", "invalid"), key=[str(kind) for kind in bad].count)  # first of equals
        return _invalid_channel(turns, troubles or {}) if worst == "invalid" else worst
    return "loop" if _ends_in_loop(turns) else "budget"


def _invalid_channel(turns: Sequence[TurnRecord], troubles: Mapping[str, str]) -> str:
    kinds = Counter(
        troubles[turn.trouble] for turn in turns if turn.outcome == "invalid" and turn.trouble in troubles
    )
    return max(sorted(kinds), key=lambda kind: kinds[kind]) if kinds else "invalid_action"


def turn_error(turn: TurnRecord) -> str:
    """Why a turn came to nothing, by one name: the task's own where it has one; "" if it did not."""
    if turn.outcome in ("valid", "invalid") and turn.trouble:
        return turn.trouble
    return "" if turn.outcome == "valid" else turn.outcome


def repeats(actions: Sequence[str]) -> int:
    """Turns whose action is that of the turn before; an empty action repeats nothing."""
    return sum(before == action != "" for before, action in pairwise(actions))


def _ends_in_loop(turns: Sequence[TurnRecord]) -> bool:
    if len(turns) < LOOP_TURNS:
        return False
    tail = turns[-LOOP_TURNS:]
    before = turns[-LOOP_TURNS - 1].progress if len(turns) > LOOP_TURNS else 0.0
    return len({turn.action.lower() for turn in tail}) == 1 and tail[-1].progress <= before


def grounding(turns: Sequence[TurnRecord]) -> float:
    """Share (0..1) of turns whose action was executed; 0 without turns."""
    return sum(turn.outcome == "valid" for turn in turns) / len(turns) if turns else 0.0


def score_changes(progress: Sequence[float]) -> list[tuple[int, float]]:
    """(turn, new progress) for every turn, counted from 0, at which progress rose."""
    changes: list[tuple[int, float]] = []
    best = 0.0
    for turn, value in enumerate(progress):
        if value > best:
            best = value
            changes.append((turn, value))
    return changes


def progress_curve(changes: Sequence[tuple[int, float]], turns: int) -> list[float]:
    """The step function behind ``score_changes``: progress after each of ``turns`` turns."""
    values = [0.0] * turns
    for turn, value in changes:
        values[turn:] = [value] * len(values[turn:])
    return values


def mean_or_none(values: Sequence[float]) -> float | None:
    """The mean, or None for an empty group: no episodes is not a score of 0."""
    return sum(values) / len(values) if values else None
