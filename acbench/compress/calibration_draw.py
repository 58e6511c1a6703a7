"""From documents to windows: seeded order, rendering, cutting."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Protocol

from acbench.tasks.protocol import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from acbench.compress.calibration_sources import Document

PASSES = 2
"""A source may be read twice; a third time would only repeat what the method has seen."""


class TokenSource(Protocol):
    """What a draw needs of a model's tokenizer."""

    @property
    def fingerprint(self) -> str:
        """Changes with anything that changes a token."""
        ...

    @property
    def templated(self) -> bool:
        """Whether chats go through a template of the model's own."""
        ...

    @property
    def end_token(self) -> int | None:
        """The id that ends a document, or None when the model names none."""
        ...

    def render(self, prompt: Prompt) -> tuple[int, ...]: ...


@dataclass
class Windows:
    """What was cut. ``used`` holds the positions of the documents that any window shows a token of."""

    samples: list[list[int]] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    used: dict[int, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    first_pass: int = 0


def cut(
    documents: Sequence[Document], tokens: TokenSource, *, samples: int, length: int, seed: int
) -> Windows:
    """At most ``samples`` windows of ``length`` ids; fewer when two passes over the documents do not give more.

    The second pass has an order of its own and starts half a window later, so that its windows begin and end
    elsewhere than those of the first.
    """
    found = Windows()
    rendered: dict[int, list[int]] = {}
    for number in range(PASSES):
        _one_pass(
            documents, tokens, rendered, found, number=number, samples=samples, length=length, seed=seed
        )
        if number == 0:
            found.first_pass = len(found.samples)
            if len(found.samples) < samples:
                found.notes.append(
                    f"one pass over the source gives {found.first_pass} windows of {length} tokens; "
                    "the others come from a second pass in another order"
                )
    if tokens.end_token is None:
        found.notes.append("the model names no end token: documents follow each other without one")
    if not tokens.templated and any(documents[index].messages for index in found.used):
        found.notes.append("the model has no chat template: dialogues are plain paragraphs")
    return found


def _one_pass(
    documents: Sequence[Document],
    tokens: TokenSource,
    rendered: dict[int, list[int]],
    found: Windows,
    *,
    number: int,
    samples: int,
    length: int,
    seed: int,
) -> None:
    """Appends the windows of one pass. What does not fill a window at the end of a pass is left out."""
    skip = 0 if number == 0 else length // 2
    stream: list[int] = []
    owners: list[int] = []
    for index in order(documents, f"{seed}/{number}"):
        if len(found.samples) >= samples:
            return
        if index not in rendered:
            rendered[index] = document_ids(documents[index], tokens)
        ids = rendered[index][skip:]
        skip -= len(rendered[index]) - len(ids)
        stream += ids
        owners += [index] * len(ids)
        taken = min(len(stream) // length, samples - len(found.samples)) * length
        for start in range(0, taken, length):
            found.samples.append(stream[start : start + length])
        for owner, count in Counter(owners[:taken]).items():
            kind = documents[owner].kind
            found.kinds[kind] = found.kinds.get(kind, 0) + count
            found.used[owner] = None
        del stream[:taken], owners[:taken]


def order(documents: Sequence[Document], seed: str) -> Iterator[int]:
    """Positions of the documents: shuffled within each kind, the kinds interleaved in proportion to their size.

    Every kind is laid out over the same stretch from 0 to 1, documents as long as their share of the kind's
    characters; reading all kinds along that stretch meets each in proportion, however short the draw.
    """
    by_kind: dict[str, list[int]] = {}
    for index, document in enumerate(documents):
        by_kind.setdefault(document.kind, []).append(index)
    placed: list[tuple[float, str, int]] = []
    for kind in sorted(by_kind):
        indices = by_kind[kind]
        Random(f"{seed}/{kind}").shuffle(indices)
        sizes = [len(documents[index].content) for index in indices]
        total, before = sum(sizes), 0
        for index, size in zip(indices, sizes, strict=True):
            placed.append(((before + size / 2) / total, kind, index))
            before += size
    return (index for _, _, index in sorted(placed))


def document_ids(document: Document, tokens: TokenSource) -> list[int]:
    """The ids of one document with its end token.

    A chat is rendered up to its last user turn and the last answer is continued from there, which is what the model
    sees while serving; the end token closes the answer.
    """
    if document.messages:
        prompt = Prompt(messages=document.messages[:-1], prefill=document.messages[-1].content)
    else:
        prompt = Prompt(text=document.text)
    end = [] if tokens.end_token is None else [tokens.end_token]
    return [*tokens.render(prompt), *end]
