"""Claims as Markdown, as text for a terminal and as JSON. Nothing is computed here."""

from __future__ import annotations

import math
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from acbench.claims import formats
from acbench.claims.findings import DECISIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.claims.findings import Answer, Finding

SCHEMA = 1
MARKS = {"confirmed": "✔", "refuted": "✘", "undecided": "?", "not testable here": "–"}
STANDINGS = {
    "support": "point the same way",
    "contradict": "point the other way",
    "mixed": "point both ways",
    "cannot say": "cannot say",
}
INTRO = (
    "Each line is a claim of the paper in our words. *Verdict* is what the runs named here say, by the "
    "statistic beside it with its 95 % interval and number of samples; *published tables* is what the "
    "paper's own printed numbers give when computed: single runs without intervals, which show a direction "
    "and decide nothing. Shares change in per cent of base (%), differences of scores are in percentage "
    "points (pp)."
)
WIDTH = 110


def headline(answers: Sequence[Answer]) -> str:
    """The counts of all verdicts."""
    counts = [f"{sum(a.finding.verdict == verdict for a in answers)} {verdict}" for verdict in DECISIONS]
    return f"{len(answers)} claims: {', '.join(counts)}."


def statistic(finding: Finding) -> str:
    """The deciding statistic in one line; a dash where nothing was estimated."""
    if finding.estimate is None:
        return "–"
    subject = f"{finding.subject}: " if finding.subject and len(finding.rows) > 1 else ""
    return subject + formats.estimate(finding.estimate)


# -- Markdown ----------------------------------------------------------------------------------------


def markdown(
    answers: Sequence[Answer],
    *,
    title: str = "Claims of the paper",
    sources: Sequence[str] = (),
    remark: str = "",
) -> str:
    """A table with one row a claim, and below it the comparisons of each claim that has any.

    ``sources`` are the names of the runs, ``remark`` what holds for all verdicts (``comparisons.size_note``).
    """
    runs = "Runs: " + ", ".join(f"`{source}`" for source in sources) + "." if sources else ""
    head = [f"## {title}", headline(answers), runs, remark, INTRO, table(answers)]
    parts = [part for part in head if part]
    parts += [details(answer) for answer in answers if answer.finding.rows or answer.finding.notes]
    return "\n\n".join(parts) + "\n"


def table(answers: Sequence[Answer]) -> str:
    lines = ["| | claim | verdict | statistic | published tables |", "|---|---|---|---|---|"]
    for answer in answers:
        finding, reading = answer.finding, answer.reading
        cells = [
            answer.claim.id,
            answer.claim.text,
            f"**{finding.verdict}**: {finding.why}",
            statistic(finding),
            f"*{STANDINGS[reading.standing]}*: {reading.summary}",
        ]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines)


def details(answer: Answer) -> str:
    """All comparisons of one claim with how it is decided."""
    finding = answer.finding
    lines = [f"### {answer.claim.id}: {answer.claim.text}", "", f"Decided by: {answer.claim.rule}."]
    if finding.rows:
        lines += ["", "| comparison | verdict | statistic |", "|---|---|---|"]
        for row in finding.rows:
            verdict = row.verdict + ("" if row.counted else " (information, not counted)")
            verdict += f": {row.why}" if row.why else ""
            shown = list(dict.fromkeys([*([row.estimate] if row.estimate else []), *row.more]))
            text = "<br>".join(formats.estimate(e) for e in shown) or "–"
            lines.append(f"| {_cell(row.subject)} | {_cell(verdict)} | {_cell(text)} |")
    lines += ["", *(f"- {note}" for note in finding.notes)] if finding.notes else []
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


# -- terminal ----------------------------------------------------------------------------------------


def plain(answers: Sequence[Answer], *, sources: Sequence[str] = (), remark: str = "") -> str:
    """Lines of at most 110 characters: each claim, its verdict, the statistic, and the published tables."""
    lines = [*([f"Runs: {', '.join(sources)}"] if sources else []), headline(answers)]
    lines += [*_wrapped(remark, 0), ""]
    for answer in answers:
        finding, reading = answer.finding, answer.reading
        lines += _wrapped(f"{MARKS[finding.verdict]} {answer.claim.id:<4}{answer.claim.text}", 6)
        lines += _wrapped(f"      {finding.verdict}: {finding.why}", 8)
        if finding.estimate is not None:
            lines += _wrapped(f"      {statistic(finding)}", 8)
        for note in finding.notes:
            lines += _wrapped(f"      note: {note}", 8)
        lines += _wrapped(f"      published tables {STANDINGS[reading.standing]}: {reading.summary}", 8)
        lines.append("")
    return "\n".join(lines)


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


# -- JSON --------------------------------------------------------------------------------------------


def as_json(answers: Sequence[Answer], *, sources: Sequence[str] = (), remark: str = "") -> dict[str, Any]:
    """Everything, for programs. Values are in plain numbers (shares 0..1); unbounded ends are null."""
    return {
        "schema": SCHEMA,
        "runs": list(sources),
        "remark": remark,
        "claims": [
            {
                "id": answer.claim.id,
                "claim": answer.claim.text,
                "capability": answer.claim.capability,
                "rule": answer.claim.rule,
                **_finding(answer.finding),
                "published": _finite(asdict(answer.reading)),
            }
            for answer in answers
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    found: dict[str, Any] = _finite(asdict(finding))
    return found


def _finite(value: Any) -> Any:
    """JSON has no infinity and no NaN: null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
