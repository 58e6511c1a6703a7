"""Builds one long prompt out of single questions (specification, section 3); the wording is ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LETTERS = "ABCDE"

_SYSTEM = (
    "You will see a few worked examples and then a list of numbered questions. Answer every question, however many "
    "there are, in the order of their numbers. Start each answer with a line `Answer_` followed by the number of the "
    "question and a colon. Think step by step in one or two sentences, as the examples do, and close each answer "
    'with the words "The answer is" and {what}. Do not repeat the questions.'
)
_NUMBER = "the number"
_LETTER = "the letter of the right option in round brackets"


@dataclass(frozen=True, slots=True)
class Item:
    """One question. ``answer``: a letter, or text with the value behind ``####``; ``worked``: a whole answer
    that ends with the closing phrase (demonstrations and gold replies need it; may be empty)."""

    question: str
    answer: str
    options: tuple[str, ...] = ()
    worked: str = ""
    level: str = ""

    @property
    def text(self) -> str:
        """The question with its options on the next line."""
        if not self.options:
            return self.question
        shown = " ".join(f"({letter}) {text}" for letter, text in zip(LETTERS, self.options, strict=False))
        return f"{self.question}\n{shown}"


@dataclass(frozen=True, slots=True)
class Packed:
    """One prompt. ``first``: the number of the first question; ``gold``: a complete right reply, or nothing."""

    system: str
    user: str
    answers: tuple[str, ...]
    first: int
    gold: str


def system_text(*, letters: bool, subject: str = "") -> str:
    """The instruction; multiple-choice sets name their subject."""
    text = _SYSTEM.format(what=_LETTER if letters else _NUMBER)
    return f"{text} All questions are about {subject}." if subject else text


def pack(
    items: Sequence[Item],
    demos: Sequence[Item],
    *,
    letters: bool,
    first: int | None = None,
    subject: str = "",
) -> Packed:
    """Demonstration questions, their answers, then the questions; numbers continue after the demonstrations.

    ``first`` sets the number of the first question where a published layout wants another one.
    """
    number = len(demos) + 1 if first is None else first
    blocks = ["Here are examples."] if demos else []
    blocks += [f"Question_{i}:\n{demo.text}" for i, demo in enumerate(demos, start=1)]
    blocks += [f"Answer_{i}:\n{demo.worked}" for i, demo in enumerate(demos, start=1)]
    blocks.append(
        f"Now answer the following {len(items)} questions, Question_{number} to Question_{number + len(items) - 1}."
    )
    blocks += [f"Question_{i}:\n{item.text}" for i, item in enumerate(items, start=number)]
    gold = ""
    if all(item.worked for item in items):
        gold = "\n\n".join(f"Answer_{i}:\n{item.worked}" for i, item in enumerate(items, start=number))
    return Packed(
        system=system_text(letters=letters, subject=subject),
        user="\n\n".join(blocks) + "\n\n",
        answers=tuple(item.answer for item in items),
        first=number,
        gold=gold,
    )
