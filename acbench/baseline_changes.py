"""What a run says about the baselines it met, and what becomes of them.

Pure functions of entries: nothing here reads or writes a file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.baselines import Entry
    from acbench.cases import Case

MODES = ("check", "new", "update")


@dataclass(frozen=True, slots=True)
class Change:
    """One case beside its baseline.

    ``others``: what was measured with something else than the baseline: weights, prompts, engine, scoring,
    reference, metric, profile. ``moved``: the difference lies outside of the baseline's interval.
    """

    case: Case
    before: Entry
    now: Entry
    others: tuple[str, ...] = ()
    moved: bool = False

    @property
    def verdict_changed(self) -> bool:
        return self.before.verdict != self.now.verdict

    @property
    def comparable(self) -> bool:
        """Whether both numbers measure the same. Other weights are what a change of a recipe is about."""
        return set(self.others) <= {"weights"}

    @property
    def is_news(self) -> bool:
        """Whether a reviewer has to look at it by name."""
        return self.verdict_changed or self.moved


@dataclass(frozen=True, slots=True)
class Changes:
    """What a run says about the baselines it met. ``compared``: cases that had one. ``gone``: entries of this
    profile without a case; known only after complete runs."""

    compared: int = 0
    changed: tuple[Change, ...] = ()
    new: tuple[Case, ...] = ()
    gone: tuple[Case, ...] = ()
    mode: str = "check"
    written: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say: no baselines were met, none written."""
        return not (self.compared or self.gone or self.written or self.notes)


def compare(
    before: Mapping[Case, Entry], now: Mapping[Case, Entry], *, profile: str, complete: bool
) -> Changes:
    """What changed; ``complete``: every case of the profile was judged, so that unused entries are known."""
    pairs = {case: before[case] for case in now if case in before}
    changed = [_change(case, pairs[case], now[case]) for case in sorted(pairs)]
    unused = (c for c, entry in sorted(before.items()) if entry.profile == profile and c not in now)
    return Changes(
        compared=len(pairs),
        changed=tuple(c for c in changed if c.is_news or c.others),
        new=tuple(sorted(case for case in now if case not in before)),
        gone=tuple(unused) if complete else (),
    )


def _change(case: Case, before: Entry, now: Entry) -> Change:
    change = Change(case, before, now, _others(before, now))
    return replace(change, moved=change.comparable and _outside(before, now))


def _outside(before: Entry, now: Entry) -> bool:
    if math.isnan(before.difference) or math.isnan(now.difference):
        return math.isnan(before.difference) != math.isnan(now.difference)
    if math.isnan(before.low) or math.isnan(before.high):
        return False  # a single cluster: nothing is known about how far a score moves by itself
    return not before.low <= now.difference <= before.high


def _others(before: Entry, now: Entry) -> tuple[str, ...]:
    def differs(name: str) -> bool:
        return before.keys[name] != now.keys[name]

    found = [name for name in ("weights", "engine", "scoring") if differs(name)]
    # The two keys below hold more than can be named: data and task version, on the prompt side, are what is left.
    unexplained = differs("evaluation") and not {"weights", "engine"} & set(found)
    if differs("prompt") or unexplained:
        found.append("prompts")
    if differs("reference") and not {"engine", "prompts"} & set(found):
        found.append("reference")
    if before.profile != now.profile and "prompts" in found:
        found.append("profile")
    if (before.metric, before.unit) != (now.metric, now.unit):
        found.append("metric")
    return tuple(found)


def merge(
    before: Mapping[Case, Entry], now: Mapping[Case, Entry], changes: Changes, *, mode: str
) -> dict[Case, Entry]:
    """The entries after a run in this mode: ``new`` adds what is missing, ``update`` rewrites what was run and
    drops what is gone."""
    if mode == "new":
        return {**now, **before}
    if mode == "update":
        return {case: entry for case, entry in {**before, **now}.items() if case not in changes.gone}
    return dict(before)
