"""``--acb-baselines``: the controller reads all baselines before anything runs, and writes after everything ran."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from acbench import baseline_changes, baselines
from acbench.baseline_changes import Changes
from acbench.cases import Case

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.baselines import Entry
    from acbench.plugin.session import AcbenchSession
    from acbench.records import CaseResult

PLACE = ("suites", "baselines")
STOPPED = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
LINES = 5


@dataclass(slots=True)
class BaselineBook:
    """The baselines as they were before this run, and what this run says about them."""

    root: Path
    before: dict[Case, Entry] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)

    @classmethod
    def open(cls, root: Path) -> BaselineBook:
        """Raises ConfigError for a file that cannot be read, before hours are spent."""
        return cls(root, baselines.read(root.joinpath(*PLACE)))

    def close(self, session: AcbenchSession, exit_status: int) -> None:
        """Compares, and in the modes ``new`` and ``update`` writes; ``exit_status`` is pytest's own so far."""
        mode, profile = session.settings.baselines, session.matrix.profile.name
        now = {_case(r): baselines.entry_of(r, profile) for r in session.results}
        complete = is_complete(session, now, exit_status)
        found = baseline_changes.compare(self.before, now, profile=profile, complete=complete)
        written, notes = self._write(now, found, mode, exit_status)
        self.changes = replace(found, mode=mode, written=written, notes=notes)

    def _write(
        self, now: dict[Case, Entry], found: Changes, mode: str, exit_status: int
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if mode == "check" or not now:
            return (), ()
        if exit_status in STOPPED:
            return (), ("the run was stopped: no baseline was written",)
        after = baseline_changes.merge(self.before, now, found, mode=mode)
        touched = {case for case in {*self.before, *after} if self.before.get(case) != after.get(case)}
        groups = {(case.model, case.compression) for case in touched}
        try:
            files = baselines.write(self.root.joinpath(*PLACE), after, groups)
        except OSError as error:  # the verdicts of a whole run must not be lost for it
            return (), (f"baselines could not be written: {error}",)
        return tuple(file.relative_to(self.root).as_posix() for file in files), ()


def _case(result: CaseResult) -> Case:
    return Case(result.model, result.compression, result.task)


def is_complete(session: AcbenchSession, now: dict[Case, Entry], exit_status: int) -> bool:
    """Whether every case of the profile was judged, without a failure: only then is an entry known to be unused."""
    settings = session.settings
    narrowed = settings.shard is not None or any(
        (settings.selection.models, settings.selection.compressions, settings.selection.tasks)
    )
    return not narrowed and exit_status == pytest.ExitCode.OK and set(now) == set(session.matrix.cases)


def terminal_lines(changes: Changes) -> list[str]:
    """A few lines for the terminal; none where no baseline was met."""
    if changes.is_empty:
        return []
    news = [c for c in changes.changed if c.is_news]
    apart = [c for c in changes.changed if not c.comparable]
    counts = [
        (len(news), "changed"),
        (len(apart), "measured with something else"),
        (len(changes.new), "new"),
        (len(changes.gone), "gone"),
    ]
    told = ", ".join(f"{number} {word}" for number, word in counts if number) or "nothing changed"
    lines = [f"baselines: {changes.compared} compared: {told}"]
    lines += [f"  {c.case.id}: {_news(c)}" for c in news[:LINES]]
    if len(news) > LINES:
        lines.append(f"  and {len(news) - LINES} more: see the summary")
    lines += [f"baselines: {note}" for note in changes.notes]
    if changes.written:
        lines.append(f"baselines written: {_few(changes.written)}; look at the difference and commit it")
    return lines


def _news(change: baseline_changes.Change) -> str:
    told = []
    if change.verdict_changed:
        told.append(f"{change.before.verdict} -> {change.now.verdict}")
    if change.moved:
        told.append("score beyond the baseline's interval")
    if change.others:
        told.append(f"other {', '.join(change.others)}")
    return "; ".join(told)


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
