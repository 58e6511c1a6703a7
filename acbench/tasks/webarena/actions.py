"""From a line of text to an action: ``@click [7]@`` and its eleven siblings (specification, section 5.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

USAGE: Mapping[str, str] = {
    "click": "click [id]",
    "type": "type [id] [text] [0|1]",
    "hover": "hover [id]",
    "press": "press [keys]",
    "scroll": "scroll [up|down]",
    "new_tab": "new_tab",
    "tab_focus": "tab_focus [number]",
    "close_tab": "close_tab",
    "goto": "goto [http address]",
    "go_back": "go_back",
    "go_forward": "go_forward",
    "stop": "stop [answer]",
}
MAX_TEXT = 300
"""Characters of a typed text or an answer that are kept."""
MAX_LINE = 4_000
"""Characters of a line that are looked at."""
MAX_DIGITS = 9

NO_ACTION = "No action was found. Write one between @ signs, such as @click [7]@. Actions: {actions}."
BAD_FORM = "This form of '{verb}' is not known. Write @{usage}@."
UNKNOWN_VERB = "There is no action '{verb}'. Actions: {actions}."

_BETWEEN = re.compile(r"@(.*?)@", re.DOTALL)
_WIDEST = re.compile(r"@(.*)@", re.DOTALL)
_VERB = re.compile(r"\s*([a-z_]+)", re.IGNORECASE)
_FORMS: Mapping[str, re.Pattern[str]] = {
    **{
        verb: re.compile(rf"{verb}\s*\[\s*(?P<number>[0-9]{{1,{MAX_DIGITS}}})\s*\]\s*", re.IGNORECASE)
        for verb in ("click", "hover", "tab_focus")
    },
    **{verb: re.compile(rf"{verb}\s*(?:\[\s*\]\s*)?", re.IGNORECASE)
       for verb in ("new_tab", "close_tab", "go_back", "go_forward")},
    "type": re.compile(
        rf"type\s*\[\s*(?P<number>[0-9]{{1,{MAX_DIGITS}}})\s*\]\s*\[(?P<text>(?:(?!\]\s*\[).)+)\]"
        r"(?:\s*\[\s*(?P<enter>[01])\s*\])?\s*",
        re.IGNORECASE | re.DOTALL,
    ),
    "press": re.compile(r"press\s*\[(?P<text>[^\[\]]+)\]\s*", re.IGNORECASE),
    "scroll": re.compile(r"scroll\s*\[?\s*(?P<text>up|down)\s*\]?\s*", re.IGNORECASE),
    "goto": re.compile(r"goto\s*\[?\s*(?P<text>https?://[^\s\[\]]+)\s*\]?\s*", re.IGNORECASE),
    "stop": re.compile(r"stop\s*(?:\[(?P<text>.*)\])?\s*", re.IGNORECASE | re.DOTALL),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """``number``: of an element or a tab; ``text``: typed words, keys, direction, address or answer.

    ``enter``: the Enter key follows what is typed.
    """

    verb: str
    number: int = 0
    text: str = ""
    enter: bool = False


@dataclass(frozen=True, slots=True)
class ParseError:
    """Why a line is no action. ``understood``: it names one, in a form that is none."""

    message: str
    understood: bool


def parse_action(line: str, *, upstream: bool = False) -> Action | ParseError:
    """The action in a line. Never raises.

    It is what stands between the first two ``@`` signs. Unless ``upstream``, a text with an ``@`` in it may
    also reach to the last sign, and a line that begins with a well-formed action needs no signs at all.
    """
    line = (
        line[:MAX_LINE].encode("utf-8", "replace").decode()
    )  # halves of characters could not be sent to a site
    found = _BETWEEN.search(line)
    first = _read(found[1]) if found else ParseError(_listed(NO_ACTION), understood=False)
    if upstream or isinstance(first, Action):
        return first
    widest = _WIDEST.search(line)
    candidates = ([widest[1]] if widest else []) + [line.strip().strip("@")]
    for text in candidates:
        read = _read(text)
        if isinstance(read, Action):
            return read
    return first if found else _explained(line)


def _explained(line: str) -> ParseError:
    """A line without signs: named after its first word if that is an action's."""
    read = _read(line)
    if isinstance(read, ParseError) and read.understood:
        return read
    return ParseError(_listed(NO_ACTION), understood=False)


def _read(text: str) -> Action | ParseError:
    text = text.strip()
    named = _VERB.match(text)
    verb = named[1].lower() if named else ""
    if verb not in _FORMS:
        name = " ".join(text.split("[")[0].split())[:40]
        return ParseError(_listed(UNKNOWN_VERB).replace("{verb}", name), understood=False)
    form = _FORMS[verb].fullmatch(text)
    if form is None:
        return ParseError(BAD_FORM.format(verb=verb, usage=USAGE[verb]), understood=True)
    parts = form.groupdict()
    given = " ".join((parts.get("text") or "").split())[:MAX_TEXT]
    enter = verb == "type" and parts.get("enter") != "0"
    return Action(verb, int(parts.get("number") or 0), given, enter)


def _listed(message: str) -> str:
    return message.replace("{actions}", ", ".join(USAGE.values()))


def written(action: Action) -> str:
    """The action as it is written between ``@`` signs, signs included."""
    if action.verb == "type":
        return f"@type [{action.number}] [{action.text}] [{int(action.enter)}]@"
    if action.verb in ("click", "hover", "tab_focus"):
        return f"@{action.verb} [{action.number}]@"
    return f"@{action.verb} [{action.text}]@" if action.text else f"@{action.verb}@"
