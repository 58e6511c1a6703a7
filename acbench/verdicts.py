"""From two evaluations of the same samples to a judged case."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from acbench import stats
from acbench.errors import PromptDrift
from acbench.keys import fingerprint
from acbench.records import ChannelRow, Comparison, Flip, LevelRow, Noise, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.records import SampleRecord
    from acbench.tasks.protocol import Metric, TaskInfo
    from acbench.thresholds import Rule

TEXT_LIMIT = 600
Pair = tuple["SampleRecord", "SampleRecord"]


def pair(
    base: Sequence[SampleRecord], compressed: Sequence[SampleRecord], *, same_prompts: bool = True
) -> list[Pair]:
    """Joins by sample id. Raises PromptDrift when samples are missing or differ, or the first prompts do.

    Two models with templates of their own get different prompts for the same sample (``same_prompts`` = False).
    """
    by_id = {record.sample: record for record in base}
    asked = {record.sample for record in compressed}
    unasked = [sample for sample in by_id if sample not in asked]
    if unasked:
        raise PromptDrift(f"sample {unasked[0]} was not asked of the compressed model")
    pairs = []
    for record in compressed:
        other = by_id.get(record.sample)
        if other is None:
            raise PromptDrift(f"sample {record.sample} was not asked of the base model")
        if not same_prompts:
            if record.data_hash != other.data_hash:
                raise PromptDrift(f"sample {record.sample}: the two models of the pair got different data")
        elif record.turns and other.turns and record.turns[0].first_hash != other.turns[0].first_hash:
            raise PromptDrift(f"sample {record.sample}: base and compressed model got different prompts")
        pairs.append((other, record))
    return pairs


def compare(pairs: Sequence[Pair], metric: Metric, *, confidence: float, margin: float) -> Comparison:
    """One metric over all pairs in which both sides have a score."""
    usable = [p for p in pairs if metric.name in p[0].scores and metric.name in p[1].scores]
    n = len(usable)
    higher = metric.higher_is_better
    if n == 0:
        nan = math.nan
        return Comparison(
            metric.name,
            metric.title,
            metric.unit,
            0,
            len(pairs),
            nan,
            nan,
            nan,
            nan,
            nan,
            confidence,
            "none",
            1.0,
            0,
            0,
            nan,
            higher_is_better=higher,
        )
    base = np.array([p[0].scores[metric.name] for p in usable], dtype=np.float64)
    other = np.array([p[1].scores[metric.name] for p in usable], dtype=np.float64)
    clusters = [p[0].cluster for p in usable]
    if metric.binary and len(set(clusters)) == n:
        interval = stats.paired_proportions(base, other, confidence=confidence)
    else:
        seed = int(fingerprint([metric.name, [p[0].sample for p in usable]])[:8], 16)
        interval = stats.paired_bootstrap(
            base, other, clusters, confidence=confidence, seed=seed, bounded=metric.unit == "share"
        )
    sign = 1.0 if metric.higher_is_better else -1.0
    losses = sign * (other - base)
    worst_end = interval.low if metric.higher_is_better else -interval.high
    best_end = interval.high if metric.higher_is_better else -interval.low
    undecided = worst_end <= -margin <= best_end
    loss = sign * interval.difference
    return Comparison(
        metric=metric.name,
        title=metric.title,
        unit=metric.unit,
        n=n,
        excluded=len(pairs) - n,
        base=float(base.mean()),
        compressed=float(other.mean()),
        difference=interval.difference,
        low=interval.low,
        high=interval.high,
        confidence=confidence,
        test=interval.test,
        p_value=interval.p_value,
        worse=int((losses < 0).sum()),
        better=int((losses > 0).sum()),
        mde=stats.minimum_detectable(interval.error, confidence=confidence),
        samples_needed=stats.samples_to_decide(
            n, half_width=(interval.high - interval.low) / 2, distance=abs(loss + margin)
        )
        if undecided
        else None,
        higher_is_better=higher,
    )


def judge(comparison: Comparison, metric: Metric, rule: Rule, *, min_samples: int) -> Verdict:
    """Fail: the interval lies wholly beyond the margin. Pass: wholly inside it. Inconclusive: it straddles.

    With fewer than ``min_samples`` compared samples every verdict is inconclusive.
    """
    low, high = comparison.low, comparison.high
    if not metric.higher_is_better:
        low, high = -high, -low
    unit = comparison.unit
    span = f"{in_unit(comparison.difference, unit)} [{in_unit(comparison.low, unit)}, {in_unit(comparison.high, unit)}]"
    against = f"limit {in_unit(-rule.margin if metric.higher_is_better else rule.margin, unit)}"
    if comparison.n < min_samples:
        outcome, reason = (
            "inconclusive",
            f"{comparison.n} samples compared, at least {min_samples} are needed",
        )
    elif high < -rule.margin:
        outcome, reason = "fail", f"{comparison.title} {span} lies beyond the {against}"
    elif low > -rule.margin:
        outcome, reason = "pass", f"{comparison.title} {span} stays within the {against}"
    else:
        outcome = "inconclusive"
        needed = comparison.samples_needed
        more = f"about {needed} samples would decide it" if needed else "more samples would not decide it"
        reason = f"{comparison.title} {span} straddles the {against}; {more}"
    return Verdict(
        outcome=outcome,  # type: ignore[arg-type]  # a Literal chosen above
        gate="report" if rule.gate == "report" else "gate",
        margin=rule.margin,
        confidence=comparison.confidence,
        reason=reason,
        threshold_reason=rule.reason,
        threshold_source=rule.source,
    )


def in_unit(value: float, unit: str) -> str:
    """A difference with sign and unit: shares in percentage points."""
    return f"{100 * value:+.1f} pp" if unit == "share" else f"{value:+.3f} {unit}"


def level_rows(pairs: Sequence[Pair], metric: Metric) -> tuple[LevelRow, ...]:
    """Means per level, in order of first appearance after sorting by name length and name."""
    groups: dict[str, list[tuple[float, float]]] = {}
    for base, other in pairs:
        if metric.name in base.scores and metric.name in other.scores:
            groups.setdefault(base.level, []).append((base.scores[metric.name], other.scores[metric.name]))
    rows = []
    for level in sorted(groups, key=level_order):
        values = np.array(groups[level])
        rows.append(LevelRow(level, len(values), float(values[:, 0].mean()), float(values[:, 1].mean())))
    return tuple(rows)


def level_order(level: str) -> tuple[float, str]:
    digits = "".join(ch for ch in level if ch.isdigit())
    return (float(digits) * (1024 if level.endswith("K") else 1) if digits else math.inf, level)


def channel_rows(pairs: Sequence[Pair], info: TaskInfo) -> tuple[ChannelRow, ...]:
    """Shares of the closed set of outcomes; each side adds to 1."""
    n = max(len(pairs), 1)
    return tuple(
        ChannelRow(
            name,
            sum(base.channel == name for base, _ in pairs) / n,
            sum(other.channel == name for _, other in pairs) / n,
        )
        for name in info.channels
    )


def flips(pairs: Sequence[Pair], metric: Metric) -> tuple[Flip, ...]:
    """Samples whose primary score changed, losses first."""
    changed = [
        (other.scores[metric.name] - base.scores[metric.name], base, other)
        for base, other in pairs
        if metric.name in base.scores
        and metric.name in other.scores
        and base.scores[metric.name] != other.scores[metric.name]
    ]
    changed.sort(key=lambda item: (item[0], item[1].sample))
    return tuple(
        Flip(
            base.sample,
            base.level,
            base.scores[metric.name],
            other.scores[metric.name],
            base.channel,
            other.channel,
            base.text[:TEXT_LIMIT],
            other.text[:TEXT_LIMIT],
        )
        for _, base, other in changed
    )


def texts_changed(pairs: Sequence[Pair]) -> int:
    """Samples whose generated text differs at all."""
    return sum(base.text != other.text for base, other in pairs)


ENGINE_ROWS: tuple[tuple[str, str, float, str], ...] = (
    ("kv_tokens_prompt", "KV cache, tokens per layer after the prompt", 1, "{:,.0f}"),
    ("kv_tokens_end", "KV cache, tokens per layer at the end", 1, "{:,.0f}"),
    ("kv_bytes", "KV cache, MiB", 2**20, "{:,.2f}"),
    ("kv_ratio", "KV cache, share of the full one", 0.01, "{:.1f} %"),
    ("prefill_seconds", "prefill, seconds", 1, "{:.3g}"),
    ("decode_tokens_per_second", "decode, tokens per second", 1, "{:.3g}"),
)
"""Figure in ``Turn.stats``, its row's name, the unit it is divided by and the form of a value."""


def engine_rows(pairs: Sequence[Pair]) -> dict[str, str]:
    """What the engine measured, as means over all requests that carry the figure: base → compressed."""
    sides = [
        [request for pair in pairs for turn in pair[side].turns for request in turn.requests]
        for side in (0, 1)
    ]
    found = {}
    for key, name, unit, form in ENGINE_ROWS:
        values = [[turn.stats[key] / unit for turn in side if key in turn.stats] for side in sides]
        if any(values):
            found[name] = " → ".join(form.format(sum(v) / len(v)) if v else "not measured" for v in values)
    return found


def noise_of(pairs: Sequence[Pair], comparison: Comparison) -> Noise:
    """The noise floor from pairs of base and its own repetition."""
    return Noise(
        n=comparison.n,
        changed_scores=comparison.worse + comparison.better,
        changed_texts=texts_changed(pairs),
        difference=comparison.difference,
        low=comparison.low,
        high=comparison.high,
    )
