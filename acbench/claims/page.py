"""Claims as one HTML page: no script, nothing loaded, light and dark."""

from __future__ import annotations

import re
from html import escape as html_escape
from typing import TYPE_CHECKING

from acbench.claims import formats
from acbench.claims.render import INTRO, MARKS, STANDINGS, headline, statistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.claims.findings import Answer, Row

HEAD = "<th></th><th>claim</th><th>verdict</th><th>statistic</th><th>published tables</th>"
STYLE = """
:root { color-scheme: light dark; --line: #d4d8dd; --quiet: #5b6570; --back: #fff; --text: #1c2024;
  --yes: #005a9c; --no: #a84300; --open: #5b6570; }
@media (prefers-color-scheme: dark) { :root { --line: #3a4149; --quiet: #a7b0ba; --back: #16191d; --text: #e6e9ec;
  --yes: #7fbcf5; --no: #f5a46b; --open: #a7b0ba; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 82rem; padding: 0 1rem;
  background: var(--back); color: var(--text); }
h1 { font-size: 1.35rem; margin: .2rem 0 .6rem; }
p.how { color: var(--quiet); max-width: 62rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid var(--line); padding: .45rem .6rem; text-align: left; vertical-align: top; }
td.numbers, table table td { font-variant-numeric: tabular-nums; }
.verdict { font-weight: 600; white-space: nowrap; }
.confirmed { color: var(--yes); } .refuted { color: var(--no); } .undecided, .not { color: var(--open); }
.quiet { color: var(--quiet); }
details { margin-top: .3rem; } summary { cursor: pointer; color: var(--quiet); }
table table { margin-top: .3rem; font-size: .92em; }
"""


_UNIT = re.compile(r"(?<=\d) (?=%|pp)")


def escape(text: str) -> str:
    """Safe in HTML; a number and its unit stay on one line."""
    return _UNIT.sub("\N{NO-BREAK SPACE}", html_escape(text))


def claims_html(
    answers: Sequence[Answer],
    *,
    title: str = "Claims of the paper",
    sources: Sequence[str] = (),
    remark: str = "",
) -> str:
    """A self-contained page without script; its first line explains how to read it."""
    runs = f'<p class="quiet">Runs: {escape(", ".join(sources))}</p>' if sources else ""
    rows = "\n".join(_row(answer) for answer in answers)
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        f'<p class="how">{escape(INTRO.replace("*", ""))}</p>\n'
        f"<h1>{escape(title)}</h1>\n<p>{escape(headline(answers))} {escape(remark)}</p>\n{runs}\n"
        f"<table>\n<thead><tr>{HEAD}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>\n</body>\n</html>\n"
    )


def _row(answer: Answer) -> str:
    finding, reading, claim = answer.finding, answer.reading, answer.claim
    kind = finding.verdict.split()[0]
    comparisons = _comparisons(finding.rows)
    notes = "".join(f'<div class="quiet">{escape(note)}</div>' for note in finding.notes)
    figures = "".join(
        f"<tr><td>{escape(f.label)}</td><td>{escape(formats.figure(f))}</td><td>{escape(f.left_out)}</td></tr>"
        for f in reading.figures
    )
    published = (
        f"<details><summary>{len(reading.figures)} figures</summary><table>{figures}</table></details>"
        if figures
        else ""
    )
    verdict = f'<span class="verdict {kind}">{MARKS[finding.verdict]} {finding.verdict}</span>'
    standing = f'<span class="quiet">{STANDINGS[reading.standing]}:</span>'
    rule = f"<details><summary>how it is decided</summary>{escape(claim.rule)}</details>"
    return (
        f'<tr id="{claim.id}"><td>{claim.id}</td><td>{escape(claim.text)}{rule}</td>'
        f"<td>{verdict}<div>{escape(finding.why)}</div>{notes}</td>"
        f'<td class="numbers">{escape(statistic(finding))}{comparisons}</td>'
        f'<td class="numbers">{standing} {escape(reading.summary)}{published}</td></tr>'
    )


def _comparisons(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    lines = []
    for row in rows:
        shown = list(dict.fromkeys([*([row.estimate] if row.estimate else []), *row.more]))
        text = "<br>".join(escape(formats.estimate(e)) for e in shown)
        counted = "" if row.counted else " (information)"
        why = f"<br>{escape(row.why)}" if row.why else ""
        lines.append(
            f"<tr><td>{escape(row.subject)}</td><td>{row.verdict}{counted}</td><td>{text}{why}</td></tr>"
        )
    noun = "comparison" if len(rows) == 1 else "comparisons"
    return f"<details><summary>{len(rows)} {noun}</summary><table>{''.join(lines)}</table></details>"
