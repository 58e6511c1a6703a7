"""Chat messages for a model's template out of a record's own conversation (specification section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BLANK_LINE = "\n\n"


def prepare(messages: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Role `function` becomes `user`, as does a `system` message behind the first (a tool's response in old
    files); neighbours of one role are merged by a blank line."""
    prepared: list[tuple[str, str]] = []
    for number, (role, content) in enumerate(messages):
        shown = "user" if role == "function" or (role == "system" and number) else role
        if prepared and prepared[-1][0] == shown:
            prepared[-1] = (shown, prepared[-1][1] + BLANK_LINE + content)
        else:
            prepared.append((shown, content))
    return prepared
