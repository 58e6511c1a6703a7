"""Texts into workflows: the corrected reading and the published one.

In both, position 0 is START, 1..n are the sub-tasks in listing order and n + 1 is END. No text raises; what could
not be read is named in ``reason``. Every pattern runs in linear time: a run of digits is tried once only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

START, END = "START", "END"

NO_HEADER, NO_NODES, NO_EDGES = "no_header", "no_nodes", "no_edges"
TOO_MANY_NODES, UNFINISHED = "too_many_nodes", "unfinished_reasoning"
REASONS = (NO_HEADER, NO_NODES, NO_EDGES, TOO_MANY_NODES, UNFINISHED)
"""Why a text is no workflow."""

MAX_NODES = 5_000
"""A text with more sub-tasks is not scored (`too_many_nodes`): the similarity matrix would not fit."""
MAX_DIGITS = 4_300
"""Python converts no longer number; the published parser gives up on such a text, ours skips the number."""
PARSES_KEPT = 8_192

_HEADER = re.compile(r"\bnodes?\b", re.IGNORECASE)
_LINE = re.compile(r"[ \t]*(?:[-*+][ \t]*)?(?:\*\*)?[ \t]*(\d+)[:.)](?!\d)(.*)", re.DOTALL)
_EDGE = re.compile(r"\(\s*(\d+|start)\s*,\s*(\d+|end)\s*\)", re.IGNORECASE)
_PUBLISHED_NODE = re.compile(r"(?<!\d)\d+[:.] (.+)")
_PUBLISHED_EDGE = re.compile(r"\(\s*(\d+|START)\s*,\s*(\d+|END)\s*\)")
_THINK_OPENS, _THINK_ENDS = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A graph read from a text. With a ``reason`` it is unparsed and scores zero.

    ``nodes``: texts without START and END. ``edges``: pairs of positions; the corrected reading has none twice, no
    loop and none that leaves 0..n+1, the published one keeps all of them. ``dropped``: edges left out.
    """

    nodes: tuple[str, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()
    reason: str = ""
    dropped: int = 0

    @property
    def parsed(self) -> bool:
        return not self.reason

    @property
    def ends(self) -> bool:
        """Whether some edge leads to END."""
        return any(b == len(self.nodes) + 1 for _, b in self.edges)


def answer_part(text: str) -> str | None:
    """What stands behind the model's reasoning (spec 3.2); None when the reasoning never ended."""
    _, ended, answer = text.rpartition(_THINK_ENDS)
    if _THINK_OPENS in answer:
        return None
    return answer if ended else text


@lru_cache(maxsize=PARSES_KEPT)
def read_workflow(text: str) -> Workflow:
    """The corrected reading (spec 5): headers and START/END in any case, the printed number is the identity."""
    header = _HEADER.search(text)
    if header is None:
        return Workflow(reason=NO_HEADER)
    found = list(_EDGE.finditer(text, header.end()))
    region = text[header.end() : found[0].start() if found else len(text)]
    position_of, nodes = _numbered_lines(region)
    if len(nodes) > MAX_NODES:
        return Workflow(reason=TOO_MANY_NODES)
    if not nodes:
        return Workflow(reason=NO_NODES)
    edges: dict[tuple[int, int], None] = {}
    for match in found:
        a, b = _source(match[1], position_of), _target(match[2], position_of, len(nodes))
        if a is not None and b is not None and a != b:
            edges[a, b] = None
    reason = "" if edges else NO_EDGES
    return Workflow(tuple(nodes), tuple(edges), reason, len(found) - len(edges))


def _numbered_lines(region: str) -> tuple[dict[int, int], list[str]]:
    """Printed number -> position, and the texts; the first definition of a number wins."""
    position_of: dict[int, int] = {}
    nodes: list[str] = []
    for line in region.split("\n"):
        match = _LINE.match(line)
        if match is None or len(match[1]) > MAX_DIGITS:
            continue
        text = " ".join(match[2].strip("* \t\r\f\v").split())
        number = int(match[1])
        if text and number not in position_of:
            nodes.append(text)
            position_of[number] = len(nodes)
    return position_of, nodes


def _source(name: str, position_of: dict[int, int]) -> int | None:
    if not name.isdecimal():
        return 0
    if len(name) > MAX_DIGITS:
        return None
    number = int(name)
    return position_of.get(number, 0 if number == 0 else None)


def _target(name: str, position_of: dict[int, int], count: int) -> int | None:
    if not name.isdecimal():
        return count + 1
    return position_of.get(int(name)) if len(name) <= MAX_DIGITS else None


@lru_cache(maxsize=PARSES_KEPT)
def read_published(text: str) -> Workflow:
    """The published reading with its faults (spec 4.1): positions count, printed numbers do not."""
    if "Node" not in text:
        return Workflow(reason=NO_HEADER)
    nodes = tuple(part.strip() for part in _PUBLISHED_NODE.findall(text))
    if len(nodes) > MAX_NODES:
        return Workflow(reason=TOO_MANY_NODES)
    edges = []
    for a, b in _PUBLISHED_EDGE.findall(text):
        if max(len(a), len(b)) > MAX_DIGITS:
            return Workflow(nodes, reason=NO_EDGES)
        edges.append((0 if a == START else int(a), len(nodes) + 1 if b == END else int(b)))
    return Workflow(nodes, tuple(edges), "" if edges else NO_EDGES)
