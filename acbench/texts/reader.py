"""Reads the text pack. A data file holds several documents:

@@@ name-of-the-document
The text of it, or for dialogues turns, each behind a line with its role:
[user]
How long do lentils cook?
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, DataError, did_you_mean
from acbench.tasks.protocol import Message
from acbench.texts.grammars import generated
from acbench.texts.words import units

if TYPE_CHECKING:
    from collections.abc import Iterator

SPLITS = ("calibration", "evaluation")
KINDS = ("prose", "code", "dialogue", "tool-call", "json", "chinese")
CHATS = ("dialogue", "tool-call")
"""The kinds that are messages; the others are text."""
_HEADING = re.compile(r"^@@@ ([a-z0-9-]+)$", re.MULTILINE)
_TURN = re.compile(r"^\[(system|user|assistant)\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Text:
    """One document: ``text``, or ``messages`` when it is a chat (then ``text`` is empty)."""

    id: str
    kind: str
    text: str = ""
    messages: tuple[Message, ...] = ()

    @property
    def content(self) -> str:
        """All of its words as one string, without roles."""
        return self.text or "\n\n".join(message.content for message in self.messages)

    @property
    def words(self) -> int:
        """Words plus Chinese characters."""
        return units(self.content)


@cache
def texts(split: str, kind: str | None = None) -> tuple[Text, ...]:
    """The documents of a split in a stable order, all kinds or one. ConfigError for a name that does not exist."""
    if split not in SPLITS:
        raise ConfigError(f"texts: unknown split {split!r}; {did_you_mean(split, SPLITS)}")
    if kind is None:
        return tuple(text for each in KINDS for text in texts(split, each))
    if kind not in KINDS:
        raise ConfigError(f"texts: unknown kind {kind!r}; {did_you_mean(kind, KINDS)}")
    return tuple(_written(split, kind)) + tuple(
        Text(f"{split}/{kind}/{name}", kind, text, messages)
        for name, text, messages in generated(split, kind)
    )


def _written(split: str, kind: str) -> Iterator[Text]:
    folder = files("acbench.texts") / "data" / split
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if re.fullmatch(rf"{kind}(-\d+)?\.txt", file.name):
            yield from parse(file.read_text(encoding="utf-8"), split, kind, f"{split}/{file.name}")


def parse(content: str, split: str, kind: str, where: str) -> Iterator[Text]:
    """The documents of a data file; DataError naming ``where`` when it breaks the form above."""
    before, *parts = _HEADING.split(content)
    if before.strip() or not parts:
        raise DataError(f"{where}: must begin with a line '@@@ name'")
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if not body.strip():
            raise DataError(f"{where}: document {name!r} is empty")
        identity = f"{split}/{kind}/{name}"
        if kind in CHATS:
            yield Text(identity, kind, messages=_turns(body, f"{where}: document {name!r}"))
        else:
            yield Text(identity, kind, body.strip("\n") + "\n")


def _turns(body: str, where: str) -> tuple[Message, ...]:
    before, *parts = _TURN.split(body)
    if before.strip() or not parts:
        raise DataError(f"{where} must begin with a line '[system]' or '[user]'")
    turns = tuple(Message(role, said.strip()) for role, said in zip(parts[::2], parts[1::2], strict=True))
    if turns[-1].role != "assistant" or not all(turn.content for turn in turns):
        raise DataError(f"{where} must end with the assistant's turn and have no empty one")
    return turns
