"""Texts that are made, not written: tool calls, further dialogues and records, each from its own seeded grammar.

The two splits have grammars of their own with other domains, so they cannot share a passage; the seed only varies the
facts inside a scene. A change here or in a grammar file changes every calibration drawn from the pack: the tests hold
the pack's hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.texts.grammars import records, scenes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acbench.tasks.protocol import Message

SEED = 20240


def generated(split: str, kind: str) -> Iterator[tuple[str, str, tuple[Message, ...]]]:
    """Name, text, messages of the made documents of a kind (one of the last two is empty); some kinds have none."""
    if kind == "json":
        yield from ((name, text, ()) for name, text in records.documents(split, SEED))
    for name, messages in scenes.documents(split, kind, SEED):
        yield name, "", messages
