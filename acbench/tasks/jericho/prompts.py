"""The words of the jericho task."""

from __future__ import annotations

from acbench.tasks.agents.prompting import Script
from acbench.tasks.jericho.environment import LIST_COMMAND

SYSTEM = (
    "You play a text adventure to reach a goal. After each observation, answer with one command, on one line, "
    "and nothing else."
)
THINKING_SYSTEM = "You play a text adventure to reach a goal, one command after each observation."
RULES = (
    "Commands are short: go to a neighbouring room by its direction (north, south, east, west, up, down, in, "
    "out); look; inventory; take <thing>; drop <thing>; open <thing>; examine <thing>; read <thing>; turn on "
    "<thing>; push <thing>; unlock <thing> with <thing>; put <thing> in <thing>; put <thing> on <thing>; give "
    "<thing> to <person>; and others that the story suggests. Things are named as the story names them. One "
    f"command at a time: what follows a comma or a full stop is lost. '{LIST_COMMAND}' lists what works now."
)
SCRIPT = Script(system=SYSTEM, thinking_system=THINKING_SYSTEM, rules=RULES)
