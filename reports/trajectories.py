"""Played episodes side by side as one plain page: base and compressed from the first turn that differs.

No script, nothing loaded from elsewhere; every text of a model or an environment is escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from acbench.trajectories import MOST, first_difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TURNS_SHOWN = 12
PAGE_BYTES = 80_000
_STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:1.5em;max-width:1200px;color:#1b1f24;background:#fff}"
    "table{border-collapse:collapse;width:100%;table-layout:fixed;margin-bottom:2em}"
    "th,td{border:1px solid #c8ccd1;padding:.4em .6em;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th:first-child,td:first-child{width:3.5em}code{font-weight:600;white-space:pre-wrap}"
    ".refused{background:#fdecea}p.seen{margin:.3em 0 0;white-space:pre-wrap;color:#444c56}"
    "p.before{border-left:3px solid #c8ccd1;padding-left:.8em;margin:0 0 1em}small{color:#57606a}"
)


def page(trajectories: Sequence[Mapping[str, Any]], title: str, against: str = "base") -> str:
    """An HTML page of at most three episodes (``acbench.trajectories``); "" when there is none to show.

    Later episodes are left out when the page would pass ``PAGE_BYTES``; the first is always shown.
    """
    if not trajectories:
        return ""
    parts: list[str] = []
    for episode in trajectories[:MOST]:
        part = _episode(episode, against)
        if parts and sum(len(made.encode()) for made in (*parts, part)) > PAGE_BYTES:
            break
        parts.append(part)
    name = escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title><style>{_STYLE}</style>'
        f"</head><body><h1>{name}</h1><p>Episodes whose outcome changed, the largest losses first, at most "
        f"{MOST}; each from the first turn that differs.</p>"
        f"{''.join(parts)}</body></html>\n"
    )


def _episode(episode: Mapping[str, Any], against: str) -> str:
    mine, theirs = episode["base"], episode["compressed"]
    start = first_difference(mine["turns"], theirs["turns"])
    end = max(len(mine["turns"]), len(theirs["turns"]))
    shown = range(start, min(end, start + TURNS_SHOWN))
    rows = "".join(
        f"<tr><td>{number + 1}</td>{_turn(mine['turns'], number, shown)}"
        f"{_turn(theirs['turns'], number, shown)}</tr>"
        for number in shown
    )
    goal = f"<p>Goal: {escape(episode['goal'])}</p>" if episode.get("goal") else ""
    return (
        f"<h2>{escape(episode['sample'])} <small>{escape(episode['level'])}</small></h2>{goal}"
        f"<p>{escape(' '.join(_notes(start, shown.stop, end)))}</p>{_before(episode, start)}"
        f"<table><thead><tr><th>turn</th><th>{escape(against)}: {_end(mine)}</th>"
        f"<th>compressed: {_end(theirs)}</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _notes(start: int, stop: int, end: int) -> list[str]:
    notes = [f"The first {start} turns are the same."] if start > 1 else []
    notes += ["The first turn is the same."] if start == 1 else []
    return notes + ([f"{end - stop} further turns are not shown."] if stop < end else [])


def _before(episode: Mapping[str, Any], start: int) -> str:
    """What both had been told last when they parted."""
    seen = episode["base"]["turns"][start - 1]["observation"] if start else episode.get("first", "")
    return f"<p>What both saw before:</p><p class='seen before'>{escape(seen)}</p>" if seen else ""


def _end(side: Mapping[str, Any]) -> str:
    return f"{escape(side['channel'])}, score {side['score']:.2f}, {len(side['turns'])} turns"


def _turn(turns: Sequence[Mapping[str, Any]], number: int, shown: range) -> str:
    if number >= len(turns):
        first = number == max(len(turns), shown.start)
        return f"<td rowspan='{shown.stop - number}'><small>over</small></td>" if first else ""
    turn = turns[number]
    refused = turn["outcome"] not in ("", "valid")
    state = [turn["outcome"]] if turn["outcome"] else []
    state += [f"progress {turn['progress']:.2f}"] if turn["progress"] is not None else []
    seen = f"<p class='seen'>{escape(turn['observation'])}</p>" if turn["observation"] else ""
    action = escape(turn["action"]) or "(no action)"
    return (
        f"<td{' class=refused' if refused else ''}><code>{action}</code><br>"
        f"<small>{escape(', '.join(state))}</small>{seen}</td>"
    )
