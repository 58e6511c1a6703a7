"""Rows that most claims share: relative change of a variant, difference of two variants, each on paired samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.claims import judging
from acbench.claims.evidence import NotComparable
from acbench.claims.statistics import contrast, means, relative_change
from acbench.stats import mcnemar_exact

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Estimate, Row
    from acbench.claims.kinds import Variant
    from acbench.claims.rules import Rule
    from acbench.claims.statistics import Draws, Means
    from acbench.records import CaseResult

    Wanted = Callable[[CaseResult], bool]

PAPER_BILLIONS = 7.0
ONLY_SMALL = (
    "the claim is about models of 7B and more; only smaller ones are here, their numbers are information"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A comparison before it is judged; ``refusal`` says why there is nothing to judge."""

    subject: str
    draws: Draws | None
    estimate: Estimate | None
    groups: int
    counted: bool = True
    refusal: str = ""


def of_capability(name: str) -> Wanted:
    return lambda result: result.capability == name


def of_family(name: str) -> Wanted:
    return lambda result: result.family == name


def of_tasks(names: Collection[str]) -> Wanted:
    return lambda result: result.task in names


def tool_use(result: CaseResult) -> bool:
    return result.capability == "tool_use"


def judged(found: Sequence[Measured], rule: Rule) -> list[Row]:
    """Judges the comparisons of one claim together: their number enters the firm verdicts."""
    count = sum(m.counted and m.draws is not None for m in found)
    rows = []
    for m in found:
        if m.draws is None or m.estimate is None:
            rows.append(judging.no_row(m.subject, m.refusal, counted=m.counted, estimate=m.estimate))
        else:
            rows.append(
                judging.row(
                    m.subject, m.draws, rule, m.estimate, rows=count, groups=m.groups, counted=m.counted
                )
            )
    return rows


def relative(
    evidence: Evidence,
    variants: Sequence[Variant],
    wanted: Wanted,
    name: str,
    *,
    metric: str = "",
    counted: bool = True,
) -> list[Measured]:
    """(compressed - base) / base of each variant that has such tasks. A base at the floor is refused."""
    found = []
    for variant in variants:
        strata = evidence.strata([variant], wanted, metric)
        if not strata:
            continue
        mean = means(strata)
        found.append(_change(variant.title, mean, name, counted=counted))
    return found


def _change(subject: str, mean: Means, name: str, *, counted: bool) -> Measured:
    base, other = (float(value) for value in mean.point[:2])
    draws = relative_change(mean)
    if base < judging.FLOOR:
        return Measured(subject, None, None, mean.groups, counted, floor(base, other, mean.n))
    title = f"{name}, base {100 * base:.1f} %"
    return Measured(
        subject,
        draws,
        judging.estimate(title, draws, n=mean.n, unit="share", test="paired bootstrap"),
        mean.groups,
        counted,
    )


def floor(base: float, other: float, n: int) -> str:
    """Why a base score near zero decides nothing."""
    return (
        f"base itself scores {100 * base:.1f} % (compressed {100 * other:.1f} %, n = {n}), under the floor of "
        f"{100 * judging.FLOOR:.0f} %: there is nothing to lose; easier samples are needed, not more"
    )


def difference(
    evidence: Evidence, first: Variant, second: Variant, wanted: Wanted, name: str, *, counted: bool = True
) -> Measured | None:
    """Score of ``first`` minus score of ``second`` through their common base; None without a common task."""
    subject = f"{first.model}, {first.compression} against {second.compression}"
    try:
        strata = evidence.strata([first, second], wanted)
    except NotComparable as error:
        return Measured(subject, None, None, 0, counted, str(error))
    if not strata:
        return None
    mean = means(strata)
    draws = contrast(mean, (0, 1, -1))
    base, a, b = (float(value) for value in mean.point)
    if base < judging.FLOOR:
        return Measured(subject, None, None, mean.groups, counted, floor(base, max(a, b), mean.n))
    title = f"{name} ({100 * a:.1f} % and {100 * b:.1f} %)"
    p = _mcnemar(mean)
    test = "paired bootstrap" if p is None else "paired bootstrap; exact McNemar"
    made = judging.estimate(title, draws, n=mean.n, unit="points", p_value=p, test=test)
    return Measured(subject, draws, made, mean.groups, counted)


def _mcnemar(mean: Means) -> float | None:
    """Exact p-value of the two compressed columns where all scores are right or wrong."""
    tables = [stratum.values[:, 1:3] for stratum in mean.strata]
    if any(((table != 0) & (table != 1)).any() for table in tables):
        return None
    worse = sum(int((table[:, 0] < table[:, 1]).sum()) for table in tables)
    better = sum(int((table[:, 0] > table[:, 1]).sum()) for table in tables)
    return mcnemar_exact(worse, better)


def coverage(evidence: Evidence, wanted: Wanted, of: int, what: str) -> str:
    """A note on how much of a benchmark is there; empty when all of it is."""
    tasks = {r.task for r in evidence.results.values() if wanted(r)}
    if not tasks or len(tasks) >= of:
        return ""
    return f"{what} here: {len(tasks)} of {of} ({', '.join(sorted(tasks))})"


def size_note(evidence: Evidence) -> str:
    """Says so when no model here is as large as the paper's."""
    sizes = {m: evidence.billions(m) for m in evidence.models}
    known = [size for size in sizes.values() if size]
    if not known or max(known) >= PAPER_BILLIONS:
        return ""
    return (
        f"The paper's main models hold {PAPER_BILLIONS:.0f} to 32 billion parameters, the largest here "
        f"{max(known):.3g}: every verdict below is about the models here, not about the paper's."
    )


def notes(*texts: str) -> tuple[str, ...]:
    return tuple(text for text in texts if text)
