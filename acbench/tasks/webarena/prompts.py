"""What the agent at the browser is told."""

from __future__ import annotations

from acbench.tasks.agents.prompting import Script

SCRIPT = Script(
    system=(
        "You use a web browser to reach a goal. After each page, answer with one action between @ signs, on one "
        "line, and nothing else."
    ),
    thinking_system="You use a web browser to reach a goal. After each page, give one action between @ signs.",
    rules=(
        "A page is shown as lines: a number in brackets, what it is, its name. Actions: @click [number]@; "
        "@type [number] [text] [1]@ types a text and presses Enter, with [0] it does not; @hover [number]@; "
        "@press [keys]@; @scroll [down]@ and @scroll [up]@; @new_tab@; @tab_focus [number]@; @close_tab@; "
        "@goto [address]@; @go_back@; @go_forward@; @stop [answer]@ ends the task, with the answer if the goal "
        "asks for one."
    ),
    labels=("action", "answer"),
    strip_period=False,
)
