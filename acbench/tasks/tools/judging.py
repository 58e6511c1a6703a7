"""Error channels of a finished tool episode: the shared ones, and those only tools have."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from acbench.tasks.agents.judging import failure_channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.agents.judging import TurnRecord
    from acbench.tasks.tools.calls import Trouble
    from acbench.tasks.tools.environment import Environment

CHANNELS = (
    *("correct", "premature_finish", "wrong_answer", "wrong_state", "unknown_tool", "bad_arguments"),
    *("invalid_action", "unparsed", "cut", "loop", "budget", "too_long"),
)
_INVALID = {"unknown_tool": "unknown_tool", "arguments": "bad_arguments", "failed": "invalid_action"}


def tool_channel(turns: Sequence[TurnRecord], troubles: Sequence[Trouble], environment: Environment) -> str:
    """The one channel of an episode that was played to its end; the first rule that holds wins.

    1. success: ``correct``.
    2. Finished: ``premature_finish`` when no tool was used or sub-goals besides the answer are open (for a
       table: when nothing of it was reached); ``wrong_answer`` when only the answer is; else ``wrong_state``.
    3. As for all agents; where invalid actions prevail, the most frequent kind: a tool that does not
       exist, arguments that do not fit, or else ``invalid_action``.
    """
    if environment.success:
        return "correct"
    if environment.done:
        return _finished(environment)
    channel = failure_channel(turns, success=False)
    if channel != "invalid_action":
        return channel
    kinds = Counter(
        _INVALID[trouble]
        for turn, trouble in zip(turns, troubles, strict=True)
        if turn.outcome == "invalid" and trouble in _INVALID
    )
    return max(sorted(kinds), key=lambda kind: kinds[kind]) if kinds else channel


def _finished(environment: Environment) -> str:
    missing = environment.aim.missing(environment.candidates)
    if hasattr(environment.simulator, "table"):
        return "wrong_state" if environment.progress > 0 else "premature_finish"
    if missing or not environment.executed:
        return "premature_finish"
    return "wrong_answer" if environment.progress < 1.0 else "wrong_state"


def repeats(actions: Sequence[str]) -> int:
    """Turns whose action is that of the turn before."""
    return sum(before == action != "" for before, action in pairwise(actions))
