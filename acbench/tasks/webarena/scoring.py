"""What a visit to web pages is worth: functions of plain values (AgentBoard specification, section 5.7).

Texts are compared in lower case, without blanks and one pair of quotes or ``@`` around them. Several
references are joined by ``OR``. Nothing here knows pages: a text is what a locator selected.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OR = " |OR| "
URL_WEIGHT = 3
"""The address counts as much as three snippets of content."""

_QUOTES = ("@", '"')
_ALONE = re.compile(r"\.{2,}|--|[;#$%&?!*(){}\[\]<>\"@“”«»`]|[:,](?!\d)")
_CLOSING_PERIOD = re.compile(r"(?<!\.)\.(?=[\])}>\"'»”’ ]*$|[\])}>\"'»”’]*\s)")
_APOSTROPHE = re.compile(r"(?<=\w)(?='(?:s|m|d|ll|re|ve)\b)|(?<=[^'\s])'(?=\s|$)|(?<!\S)'(?=\w)")


def url_progress(reference: str, current: str) -> float:
    """How near ``current`` is to the nearest of the reference addresses, 0 to 1.

    0 on another host. Without a query in the reference: the share L of its path parts that lie, in order,
    in the current path (1 for an empty path). With a query: (L + F1 of the ``key=value`` pairs) / 2.
    An address that is none is worth 0.
    """
    return max(_nearness(one, current) for one in reference.split(OR))


def _nearness(reference: str, current: str) -> float:
    wanted, found = _split(reference), _split(current)
    if wanted is None or found is None or wanted.netloc != found.netloc:
        return 0.0
    path = path_share(wanted.path, found.path)
    pairs = _pairs(wanted.query)
    return (path + pair_f1(pairs, _pairs(found.query))) / 2 if pairs else path


def path_share(reference: str, current: str) -> float:
    """Longest common subsequence of the parts of two paths over the number of reference parts, 0 to 1."""
    wanted, found = (path.rstrip("/").split("/")[1:] for path in (reference, current))
    if not wanted:
        return 1.0
    row = [0] * (len(found) + 1)
    for part in wanted:
        above = row
        row = [0]
        for column, other in enumerate(found):
            row.append(above[column] + 1 if part == other else max(above[column + 1], row[column]))
    return row[-1] / len(wanted)


def pair_f1(reference: set[str], current: set[str]) -> float:
    """F1 of two sets, 0 if either is empty."""
    common = len(reference & current)
    return 2 * common / (len(reference) + len(current)) if common else 0.0


def url_match(reference: str, current: str) -> bool:
    """Whether a reference host and path lies within the current one and every query key has a wanted value.

    The keys and values of all alternatives count together, as published.
    """
    wanted = [split for one in reference.split(OR) if (split := _split(one)) is not None]
    found = _split(current)
    if found is None or not any(one.netloc + one.path in found.netloc + found.path for one in wanted):
        return False
    values: dict[str, set[str]] = {}
    for one in wanted:
        for key, given in parse_qs(one.query).items():
            values.setdefault(key, set()).update(given)
    query = parse_qs(found.query)
    return all(given.intersection(query.get(key, ())) for key, given in values.items())


def exact_match(reference: str, answer: str) -> bool:
    return cleaned(answer) == cleaned(reference)


def must_include(reference: str, text: str, *, as_token: bool = False) -> bool:
    """Whether ``text`` holds ``reference``; ``as_token``: one of one character must be a word of its own."""
    wanted, found = cleaned(reference), cleaned(text)
    if as_token and len(wanted) == 1:
        return wanted in tokens(found)
    return wanted in found


def answer_match(references: Mapping[str, str | Sequence[str]], answer: str) -> bool:
    """Whether an answer satisfies every rule: ``exact_match``, ``must_include``, ``fuzzy_match``.

    A single reference of one character must be a token. Whatever has to be judged loosely
    (``fuzzy_match``) is never satisfied: there is no judge.
    """
    given = cleaned(answer)
    exact, include = references.get("exact_match"), references.get("must_include", ())
    if references.get("fuzzy_match"):
        return False
    if isinstance(exact, str) and not exact_match(exact, given):
        return False
    return all(must_include(one, given, as_token=len(include) == 1) for one in include)


def snippets_seen(required: Iterable[str], text: str, *, upstream: bool = False) -> list[bool]:
    """Which of the required snippets a text holds; a snippet may name alternatives.

    ``upstream`` keeps what was published: the text is lower-cased before the alternatives are looked for,
    so that a snippet with alternatives is never seen.
    """
    page = text.strip().lower()
    if upstream:
        return [one.strip().lower() in page for one in required]
    return [any(part.strip().lower() in page for part in one.split(OR)) for one in required]


def content_match(must: Sequence[str] | None, exact: str | None, text: str) -> bool:
    """Whether the text of one target holds all that is required, character references resolved."""
    page = html.unescape(text)
    if exact is not None:
        return exact_match(exact, page)
    return all(any(must_include(part, page) for part in one.split(OR)) for one in must or ())


def mixed(url: float, content: float, snippets: int) -> float:
    """3/(k+3) of the address' share and k/(k+3) of the content's, with k snippets, 0 to 1."""
    return (URL_WEIGHT * url + snippets * content) / (URL_WEIGHT + snippets)


def cleaned(text: str) -> str:
    """Lower case, no blanks around, then no pair of ``@`` or double quotes around."""
    text = text.strip()
    if any(text.startswith(mark) and text.endswith(mark) for mark in _QUOTES):
        text = text[1:-1]
    return text.lower()


def tokens(text: str) -> list[str]:
    """Words as a treebank tokenizer has them: marks stand alone, "3.5", "1,000" and "3/4" are one word."""
    spaced = _ALONE.sub(r" \g<0> ", text)
    spaced = _CLOSING_PERIOD.sub(" . ", spaced)
    return _APOSTROPHE.sub(lambda found: f" {found[0]} " if found[0] else " ", spaced).split()


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url.rstrip("/"))
    except ValueError:
        return None


def _pairs(query: str) -> set[str]:
    return {f"{key}={value}" for key, values in parse_qs(query).items() for value in values}
