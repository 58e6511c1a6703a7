"""Error channels that only tool episodes have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.tools.environment import Environment

CHANNELS = ("premature_finish", "wrong_answer", "wrong_state", "unknown_tool", "bad_arguments")
TROUBLES: Mapping[str, str] = {
    "unknown_tool": "unknown_tool",
    "arguments": "bad_arguments",
    "failed": "invalid_action",
}
"""Where invalid calls prevail: a tool that does not exist, arguments that do not fit, or a tool that failed."""


def finished_channel(environment: Environment) -> str:
    """How an unsuccessful play finished itself; "" if it did not finish.

    ``premature_finish`` when no tool was used or sub-goals besides the answer are open (for a table: when
    nothing of it was reached); ``wrong_answer`` when only the answer is; else ``wrong_state``.
    """
    if environment.success or not environment.done:
        return ""
    missing = environment.aim.missing(environment.candidates)
    if hasattr(environment.simulator, "table"):
        return "wrong_state" if environment.progress > 0 else "premature_finish"
    if missing or not environment.executed:
        return "premature_finish"
    return "wrong_answer" if environment.progress < 1.0 else "wrong_state"
