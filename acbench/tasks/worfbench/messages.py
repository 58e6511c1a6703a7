"""The chat that asks for a workflow (spec 3.1): instruction, demonstrations, question. The gold text is never in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.protocol import Message

if TYPE_CHECKING:
    from acbench.tasks.worfbench.records import Record, Turns

TURN_MARKER = "Now it's your turn."
"""The first line of a question that follows demonstrations, a constant of the published protocol."""


def build_messages(record: Record, demonstrations: Turns = ()) -> tuple[Message, ...]:
    """The question gets the turn marker only behind demonstrations, and only when it does not begin with it."""
    question = record.user
    if demonstrations and not question.startswith(TURN_MARKER):
        question = f"{TURN_MARKER}\n{question}"
    return (
        Message("system", record.system),
        *(Message(role, content) for role, content in demonstrations),
        Message("user", question),
    )
