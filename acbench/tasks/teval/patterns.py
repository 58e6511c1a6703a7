"""Template literals read as patterns, as the published scorer does (fault A15), in a time that is bounded.

The published pattern is ``literal (.*) literal (.*) literal (.*) literal`` with greedy groups. An engine that
backtracks needs minutes for a hostile answer. As any text may stand between two literals, the outcome can be had
from the right instead: every literal but the first stands as late as it can, the first one as early as it can.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SPECIAL = frozenset(r".^$*+?{}[]\|()")
"""Signs with a meaning in a pattern."""
BRACES = "{}"
"""Fields to the published formatter."""
BEYOND = ("$", "\\", "(?")
"""They look beyond a literal's own text."""
DEADLINE_S = 1.0
REPEATS = "*+?"
LONGEST_WITH_REPEATS = 10_000
"""A repeat costs the square of the text in the worst case."""


class _Hit(NamedTuple):
    start: int
    groups: list[str]


def groups_of(literals: Sequence[str], text: str) -> list[str] | None:
    """The groups of the first match of the literals with greedy any-text groups between them; None without one.

    Groups inside a literal count too, as they do in the published scorer; groups that took no part are empty.
    Escapes, anchors at the end, look-arounds and several repeats go to a backtracking engine with a deadline.
    Raises re.error for a broken pattern, for braces, and when the deadline passes.
    """
    if any(sign in literal for literal in literals for sign in BRACES):
        raise re.error("a template literal with braces is no pattern")
    if any(_needs_an_engine(literal, text) for literal in literals):
        return _backtracked(literals, text)
    found: _Hit | None = None
    before = 0
    total = len(literals) - 1
    for branch in _branches(literals):
        hit = _search(branch, text)
        if hit is not None and (found is None or hit.start < found.start):
            behind = max(0, total - before - len(hit.groups))
            found = _Hit(hit.start, [""] * before + hit.groups + [""] * behind)
        before += len(branch) - 1
    return None if found is None else found.groups


def _needs_an_engine(literal: str, text: str) -> bool:
    repeats = sum(literal.count(sign) for sign in REPEATS)
    return (
        any(sign in literal for sign in BEYOND)
        or repeats > 1
        or (repeats == 1 and len(text) > LONGEST_WITH_REPEATS)
        or ("|" in literal and any(sign in literal for sign in "(["))
    )


def _backtracked(literals: Sequence[str], text: str) -> list[str] | None:
    import regex

    try:
        found = regex.search("(.*)".join(literals), text, flags=regex.DOTALL, timeout=DEADLINE_S)
    except regex.error as error:
        raise re.error(str(error)) from error
    except TimeoutError as error:
        raise re.error("the template literals take too long on this text") from error
    return None if found is None else [group or "" for group in found.groups()]


def _branches(literals: Sequence[str]) -> Iterator[list[str]]:
    """The alternatives of the whole pattern: a bar in a literal splits all that stands around it."""
    if not any("|" in literal for literal in literals):
        yield list(literals)
        return
    if any(sign in literal for literal in literals for sign in "(["):
        raise re.error("alternatives beside groups or sets are not read here")
    branch: list[str] = []
    for literal in literals:
        first, *others = literal.split("|")
        branch.append(first)
        for other in others:
            yield branch
            branch = [other]
    yield branch


def _search(literals: Sequence[str], text: str) -> _Hit | None:
    patterns = [re.compile(literal, re.DOTALL) for literal in literals]
    later: list[re.Match[str]] = []
    limit = len(text)
    for pattern in reversed(patterns[1:]):
        last = next((hit for at in range(limit, -1, -1) if (hit := pattern.match(text, at, limit))), None)
        if last is None:
            return None
        later.insert(0, last)
        limit = last.start()
    first = patterns[0].search(text, 0, limit)
    if first is None:
        return None
    groups = [group or "" for group in first.groups()]
    end = first.end()
    for hit in later:
        groups += [text[end : hit.start()], *(group or "" for group in hit.groups())]
        end = hit.end()
    return _Hit(first.start(), groups)
