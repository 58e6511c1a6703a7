"""The section "Changed since the baseline" of the Markdown summary."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from reports import formats
from reports.sections import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.baseline_changes import Change, Changes
    from acbench.baselines import Entry
    from acbench.cases import Case

TITLE = "Changed since the baseline"
NAMED = 5
"""Ids that a sentence names before it counts the others."""
_RANK = 2


def parts(changes: Changes | None) -> list[str | Section | None]:
    """A table of the cases that changed, and sentences about the others; nothing where no baseline was met."""
    if changes is None or changes.is_empty:
        return []
    news = sorted((c for c in changes.changed if c.is_news), key=_order)
    about = " ".join(_sentences(changes, news))
    if not news:
        return [f"### {TITLE}\n\n{about}"]
    head = ["case", "baseline", "now", "what changed"]
    return [Section(head, [_row(change) for change in news], "changed cases", _RANK, TITLE, about)]


def _order(change: Change) -> tuple[bool, bool, str]:
    """What gates first, and of that what became worse."""
    return (change.now.gate != "gate", change.now.verdict != "fail", change.case.id)


def _row(change: Change) -> list[str]:
    return [f"`{change.case.id}`", _level(change.before), _level(change.now), "; ".join(_words(change))]


def _level(entry: Entry) -> str:
    if math.isnan(entry.difference):
        return "nothing compared"
    text = formats.difference(entry.difference, entry.unit)
    return f"{text} {formats.interval(entry.low, entry.high, entry.unit)}, n = {entry.n}"


def _words(change: Change) -> list[str]:
    before, now = change.before, change.now
    words = []
    if change.verdict_changed:
        gate = "" if now.gate == "gate" else " (report-only)"
        words.append(f"{formats.WORDS[before.verdict]} → **{formats.WORDS[now.verdict]}**{gate}")
    if change.moved:
        words.append("score beyond the baseline's interval")
    if before.margin != now.margin and before.unit == now.unit:
        old, new = (formats.limit(entry.margin, entry.unit) for entry in (before, now))
        words.append(f"limit {old} → {new}")
    if change.others:
        words.append(("" if change.comparable else "not comparable: ") + _named(change, change.others))
    return words


def _named(change: Change, others: Sequence[str]) -> str:
    names = {
        "profile": f"profile (was {change.before.profile})",
        "engine": f"engine (was {change.before.engine})",
    }
    return "other " + ", ".join(names.get(name, name) for name in others)


def _sentences(changes: Changes, news: Sequence[Change]) -> list[str]:
    told = [f"{changes.compared} cases have a baseline; {len(news) or 'none'} changed."]
    apart = Counter(", ".join(c.others) for c in changes.changed if not c.comparable)
    told += [
        f"{number} cannot be compared: other {names}."
        for names, number in sorted(apart.items(), key=lambda item: (-item[1], item[0]))
    ]
    rebuilt = sum(c.others == ("weights",) for c in changes.changed)
    if rebuilt:
        told.append(f"{rebuilt} were measured on other weights.")
    told += _ids("New, without a baseline", changes.new)
    told += _ids("Gone, a baseline without a case", changes.gone)
    told += [f"{note[:1].upper()}{note[1:]}." for note in changes.notes]
    if changes.written:
        told.append(f"Rewritten by this run: {', '.join(f'`{name}`' for name in changes.written[:NAMED])}")
        told[-1] += f" and {len(changes.written) - NAMED} more." if len(changes.written) > NAMED else "."
    return told


def _ids(what: str, cases: Sequence[Case]) -> list[str]:
    if not cases:
        return []
    named = ", ".join(f"`{case.id}`" for case in cases[:NAMED])
    more = f" and {len(cases) - NAMED} more" if len(cases) > NAMED else ""
    return [f"{what}: {named}{more}."]
