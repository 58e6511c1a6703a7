"""Markdown tables that know how to become shorter: a comment on a pull request has a limit.

GitHub refuses a comment of more than 65,536 characters. Nothing is left out without saying how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 60_000
"""Characters of a whole summary: below GitHub's 65,536, with room for what a workflow writes around it."""
_GAP = len("\n\n")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a remark and a table. ``what`` names its rows; a smaller ``rank`` keeps its rows longer.
    ``summary`` instead of ``title`` folds it."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    what: str
    rank: int
    title: str = ""
    about: str = ""
    summary: str = ""

    def text(self, kept: int | None = None) -> str:
        """The section with its first ``kept`` rows (None = all), and a line that counts the others."""
        rows = self.rows if kept is None else self.rows[:kept]
        missing = len(self.rows) - len(rows)
        parts = [
            f"### {self.title}" if self.title else "",
            self.about,
            table(self.head, rows) if rows else "",
        ]
        if missing:
            more = "more " if rows else ""
            parts.append(f"_{missing} {more}{self.what} left out here: the report has all of them._")
        text = "\n\n".join(part for part in parts if part)
        return f"<details><summary>{self.summary}</summary>\n\n{text}\n\n</details>" if self.summary else text

    def fitting(self, room: int) -> int:
        """The number of rows with which the section is at most ``room`` characters; 0 if none fit."""
        lengths = [len(row_text(row)) + 1 for row in self.rows]
        fixed = len(self.text(0)) + len(table(self.head, [])) + _GAP + len("more ")
        if fixed - len(self.text(0)) + sum(lengths) <= room and len(self.text()) <= room:
            return len(self.rows)
        kept = 0
        while kept < len(lengths) and fixed + sum(lengths[: kept + 1]) <= room:
            kept += 1
        return kept


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(row_text(line) for line in (head, ["---"] * len(head), *rows))


def row_text(row: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(row)} |"


def join(parts: Sequence[str | Section | None], *, limit: int = LIMIT) -> str:
    """All parts with blank lines between them; sections are shortened, the last ranks first, if they must be."""
    there = [part for part in parts if part and not (isinstance(part, Section) and not part.rows)]
    whole = "\n\n".join(part if isinstance(part, str) else part.text() for part in there)
    if len(whole) + 1 <= limit:
        return whole + "\n"
    stubs = [part if isinstance(part, str) else part.text(0) for part in there]
    room = limit - 1 - sum(len(stub) + _GAP for stub in stubs)
    for place in sorted(range(len(there)), key=lambda i: (_rank(there[i]), i)):
        part = there[place]
        if isinstance(part, Section):
            text = part.text(part.fitting(room + len(stubs[place])))
            room -= len(text) - len(stubs[place])
            stubs[place] = text
    return "\n\n".join(stubs) + "\n"


def _rank(part: str | Section) -> int:
    return 0 if isinstance(part, str) else part.rank
