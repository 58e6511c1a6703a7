"""From a model's reply to one line of action text.

The rule, in order: thinking is removed; an invented continuation of the dialogue is cut; the *last* line
that starts with a label such as ``Action:`` wins (its text, or the next line when it stands alone); else
a sentence that announces an action ("the next action is to ..."); else the first line.
No reply takes more than linear time: no pattern here has two neighbouring parts that fit the same characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

TurnOutcome = Literal["valid", "invalid", "unparsed", "cut"]
"""What one turn came to: executed, a command that was refused, no command, or ended by the token limit."""

MAX_ACTION_CHARACTERS = 300
"""Longer action text is cut: no command is that long, and it would crowd the memory."""

_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_INVENTED = re.compile(r"\s*observation\s*\d*\s*:", re.IGNORECASE)
_THOUGHT = re.compile(r"[*_#>\s]*(?:think|thought)\b[*_]*\s*(?:\d+\s*)?:[*_]*\s*(?P<rest>.*)$", re.IGNORECASE)
_TOOL_CALL = re.compile(r"[^:]*\bwith\s+action input\s*:", re.IGNORECASE)
_ANNOUNCED = (
    (re.compile(r"\baction\s*:\s*", re.IGNORECASE),),
    (re.compile(r"\baction\b", re.IGNORECASE), re.compile(r"\bis to\s+(?=.)", re.IGNORECASE)),
    (re.compile(r"\baction\s+(?:is|should be|will be)\b(?:\s*:)?\s*(?=.)", re.IGNORECASE),),
)
"""Ways to announce an action: patterns found one behind the other, and the action behind the last."""
_MOST_WRAPPINGS = 8
"""So many layers of quotes and closing periods are taken off an action."""
_PAIRS = (("'", "'"), ('"', '"'), ("`", "`"), ("**", "**"))


def extract_action(
    text: str,
    *,
    labels: Sequence[str] = ("action",),
    strip_period: bool = True,
    limit: int = MAX_ACTION_CHARACTERS,
) -> str:
    """The action in a reply as one line without surrounding blanks; empty when there is none.

    ``labels`` are the words a line may start with; ``strip_period`` drops one closing period, for tasks
    whose commands never end in one; ``limit`` characters are kept. Never raises.
    """
    lines = _visible(text)
    if not lines:
        return ""
    plain = [line for line in lines if _after_label(line, labels) is None]
    found = _labelled(lines, labels) or _announced(plain) or next(iter(plain), "")
    return _clean(found, strip_period=strip_period)[:limit].strip()


def extract_published(text: str) -> str:
    """The action in a reply in the published order, faults included; one line, never raises.

    For comparing parses: no run reads replies so. If "action" occurs at all, the first line counts that
    announces a next action (then the line behind it), is a tool call, or has something behind a colon or
    behind "is to". Otherwise it is the reply's first line. Quotes and slashes at the ends go, paired or not.
    """
    found = _published(text.split("\n")) if "action" in text.lower() else text
    found = found if found.strip() else text
    return found.strip().strip("'/").split("\n", maxsplit=1)[0].strip()


def _published(lines: Sequence[str]) -> str:
    following = ""  # the next line that is not empty
    behind = [""] * len(lines)
    for number in range(len(lines) - 1, -1, -1):
        behind[number] = following
        following = lines[number] if lines[number].strip() else following
    for number, line in enumerate(lines):
        lowered = line.lower()
        head, colon, rest = line.partition(":")
        if "next action" in lowered and colon and behind[number]:
            return behind[number]
        if head.lower().endswith("with action input"):
            return line
        if "action" in lowered and colon and rest:
            return rest
        if "action" in lowered and "is to" in lowered:
            after = line[lowered.index("is to") + len("is to") :]
            if after:
                return after
    return ""


def thought_in(text: str) -> str | None:
    """The last line that starts with ``Think:`` or ``Thought:``, without that label; None when there is none."""
    found = [match["rest"].strip() for match in map(_THOUGHT.match, _visible(text)) if match]
    return found[-1] if found else None


def without_thoughts(text: str) -> str:
    """The lines of a reply that are no labelled thought."""
    return "\n".join(line for line in _visible(text) if not _THOUGHT.match(line))


def has_label(text: str, labels: Sequence[str] = ("action",)) -> bool:
    """Whether a line starts with one of ``labels``."""
    return any(_after_label(line, labels) is not None for line in _visible(text))


def turn_outcome(
    *, reply: str, finish_reason: str, valid: bool, understood: bool, labels: Sequence[str] = ("action",)
) -> TurnOutcome:
    """Names what a turn came to, given what the environment said about the extracted action.

    A refused action counts as ``cut`` only when the token limit ended the reply inside its action line or
    before any labelled line: a reply that rambles on after a labelled action has said what it wanted.
    """
    if valid:
        return "valid"
    if finish_reason == "length" and _ends_inside_action(reply, labels):
        return "cut"
    return "invalid" if understood else "unparsed"


def _ends_inside_action(reply: str, labels: Sequence[str]) -> bool:
    lines = _content_lines(reply)
    if len(lines) <= 1:
        return True
    if len(_cut_invented(lines)) < len(lines):
        return False
    return _labelled(lines[:-1], labels) == "" or _labelled(lines[-1:], labels) != ""


def _content_lines(text: str) -> list[str]:
    """Non-empty lines without thinking and without the markers of code blocks."""
    visible = _THINKING.sub("\n", text)
    if "</think>" in visible:  # the opening tag was part of the prompt
        visible = visible.rsplit("</think>", 1)[1]
    lines = (line.strip() for line in visible.splitlines())
    return [line for line in lines if line and not line.startswith("```")]


def _visible(text: str) -> list[str]:
    """What the model itself says: without hidden thinking and without a continuation it invented."""
    return _cut_invented(_content_lines(text))


def _cut_invented(lines: list[str]) -> list[str]:
    """Drops what follows when the model goes on to play the environment's part itself."""
    for number, line in enumerate(lines):
        if number and _INVENTED.match(line):
            return lines[:number]
    return lines


def _labelled(lines: Sequence[str], labels: Sequence[str]) -> str:
    """Text behind the last line-start label; "" when no line has one or nothing stands behind it."""
    for number in range(len(lines) - 1, -1, -1):
        rest = _after_label(lines[number], labels)
        if rest is None:
            continue
        if rest:
            return rest
        if number + 1 < len(lines) and _after_label(lines[number + 1], labels) is None:
            return lines[number + 1]
    return ""


def _after_label(line: str, labels: Sequence[str]) -> str | None:
    for label in labels:
        head = rf"(?:\s*\d+[.)])?[*_#>\s]*{re.escape(label)}\b[*_]*"
        with_colon = re.match(rf"{head}\s*(?:\d+\s*)?:[*_]*\s*(?P<rest>.*)$", line, re.IGNORECASE)
        if with_colon:
            return with_colon["rest"].strip()
        # Without a colon only the word "action" is a label, and "action input", "action is" are not.
        if label == "action":
            bare = re.match(rf"{head}(?!\s+(?:input|is|should|will)\b)(?P<rest>\s.*|)$", line, re.IGNORECASE)
            if bare:
                return bare["rest"].strip()
    return None


def _announced(lines: Sequence[str]) -> str:
    for number, line in enumerate(lines):
        if _TOOL_CALL.match(line):
            return line
        for patterns in _ANNOUNCED:
            rest = _behind(line, patterns)
            if rest:
                return rest
            if rest is not None and number + 1 < len(lines):
                return lines[number + 1]
    return ""


def _behind(line: str, patterns: Sequence[re.Pattern[str]]) -> str | None:
    """What follows the patterns, found one behind the other; None when one is not there."""
    place = 0
    for pattern in patterns:
        found = pattern.search(line, place)
        if found is None:
            return None
        place = found.end()
    return line[place:].strip()


def _clean(action: str, *, strip_period: bool) -> str:
    """Removes paired quotes around the whole text and, if asked, one closing period."""
    text = action.strip()
    for _ in range(_MOST_WRAPPINGS):
        before = text
        for opening, closing in _PAIRS:
            inner = text[len(opening) : -len(closing)]
            if text.startswith(opening) and text.endswith(closing) and inner and opening not in inner:
                text = inner.strip()
        if strip_period and text.endswith(".") and not text.endswith(".."):
            text = text[:-1].rstrip()
        if text == before:
            break
    return text
