"""Reason, retrieve and understand as plain text, and review (sections 4.5 and 4.6, A8 and A11 to A13)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from acbench.tasks.teval.loading import LoadError, read_value
from acbench.tasks.teval.marks import OK, REPAIRED, UNPARSED, Marks
from acbench.tasks.teval.plan import FINISH
from acbench.tasks.teval.similarity import similarity
from acbench.tasks.teval.values import same_value, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.embeddings import Embedder
    from acbench.tasks.teval.records import Record

LETTERS = "ABCDE"
QUOTES = "\"'`"
_DOTTED = re.compile(r"(?<!\w)\w+\.\w+")
_LIKE_A_TOOL = re.compile(r"(?<![\w.])[A-Z]\w+\.[A-Za-z_]\w+", re.ASCII)
"""What counts as a rival where a record does not tell which tools it offers."""
_AFTER_ANSWER = re.compile(
    r"answer(?:\s+is)?[\s*_`'\"“”()\[\]【】（）:：=-]*([A-E])(?![A-Za-z])", re.IGNORECASE
)
_ALONE = re.compile(r"(?<![A-Za-z])([A-E])(?![A-Za-z'’])")
_ARTICLE = re.compile(r"\s+(?!or\b|and\b)[a-z]")


def score_reason(record: Record, text: str, embedder: Embedder, *, upstream: bool) -> Marks:
    """thought: cosine of the answer and the gold goal; parse_rate is always 1 upstream."""
    if not upstream and not text:
        return Marks({"thought": 0.0, "parse_rate": 0.0}, UNPARSED)
    value = similarity(embedder, text, record.gold["thought"])
    return Marks({"thought": value, "parse_rate": 1.0}, OK)


def score_retrieve(record: Record, text: str, *, upstream: bool) -> Marks:
    """name: 1 if the gold name stands in the answer and no rival does."""
    gold = record.gold["name"]
    if upstream:
        rivals = [name for name in (*_DOTTED.findall(text), *re.findall(FINISH, text)) if name != gold]
        return Marks({"name": float(gold in text and not rivals), "parse_rate": 1.0}, OK)
    named = _named_tools(text, gold, record.tools)
    if not named:
        return Marks({"name": 0.0, "parse_rate": float(bool(text))}, OK if text else UNPARSED)
    outcome = OK if text == gold or len(named) > 1 else REPAIRED
    return Marks({"name": float(named == {gold}), "parse_rate": 1.0}, outcome)


def score_understand(record: Record, text: str, *, upstream: bool) -> Marks:
    """args: 1 if the answer is the gold value."""
    gold = record.gold["args"]
    if upstream:
        right = text.strip("'").strip('"') == text_of(gold)
        return Marks({"args": float(right), "parse_rate": 1.0}, OK)
    if not text and gold != "":
        return Marks({"args": 0.0, "parse_rate": 0.0}, UNPARSED)
    right = same_value(_value(text), _value(gold) if isinstance(gold, str) else gold)
    return Marks(
        {"args": float(right), "parse_rate": 1.0}, OK if text == text_of(gold) or not right else REPAIRED
    )


def score_review(record: Record, text: str, *, upstream: bool) -> Marks:
    """review_quality: 1 if the chosen letter is the gold one."""
    letter = _letter_upstream(text) if upstream else _letter_corrected(text)
    scores = {
        "review_quality": float(letter == record.gold["answer"]),
        "parse_rate": float(bool(letter)),
    }
    if not letter:
        return Marks(scores, UNPARSED)
    plain = text in (letter, f"Answer: {letter}")
    return Marks(scores, OK if plain else REPAIRED, {"letter": letter})


def _named_tools(text: str, gold: str, tools: Sequence[str]) -> set[str]:
    """All tools an answer names; without a list everything that is written like a tool's name."""
    names = {*tools, gold, FINISH}
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    either = "|".join(re.escape(name) for name in longest_first if name)
    named = set(re.findall(rf"(?<![A-Za-z0-9_])(?:{either})(?![A-Za-z0-9_])", text))
    return named if tools else named | set(_LIKE_A_TOOL.findall(text))


def _value(text: str) -> Any:
    """A text without blanks and one pair of quotes around it, as the value it denotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in QUOTES:
        text = text[1:-1].strip()
    try:
        return read_value(text)
    except LoadError:
        return text


def _letter_upstream(text: str) -> str:
    behind = text.partition(":")[2] if ":" in text else text
    first = behind.strip()[:1]
    return first if first and first in LETTERS else ""


def _letter_corrected(text: str) -> str:
    said = [m for m in _AFTER_ANSWER.finditer(text) if m[1].isupper() or not _ARTICLE.match(text, m.end())]
    if said:
        return said[-1][1].upper()
    if len(bare := text.strip(" \t\n*_`'\"()[]【】（）.")) == 1 and bare.upper() in LETTERS:
        return bare.upper()
    alone = [m for m in _ALONE.finditer(text) if m[1] != "A" or not _ARTICLE.match(text, m.end())]
    letters = {m[1] for m in alone}
    return letters.pop() if len(letters) == 1 else ""
