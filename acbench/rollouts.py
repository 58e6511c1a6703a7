"""What multi-turn episodes tell beyond their scores: progress by turn, the easy and the hard half, errors, examples.

``summarise`` gives a plain mapping that goes to JSON as it is (``CaseResult.rollout``)::

    {"turns": 30,
     "curves": {"base": [30 shares], "compressed": [30 shares]},
     "halves": {"easy": {"n": 24, "progress": [base, compressed], "success": [...]}, "hard": {...}},
     "errors": {"unknown_tool": [share of base's turns, share of the compressed model's], ...},
     "length": [mean turns of base, of the compressed model],
     "broken": [n, n], "reasons": {why an episode broke: how many did, of both models},
     "trajectories": (at most three, acbench.trajectories)}

Half of nothing is None, not 0 (AgentBoard specification, sections 4 and 8).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.judging import mean_or_none, progress_curve
from acbench.trajectories import changed_episodes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import SampleRecord

    Pair = tuple[SampleRecord, SampleRecord]

HALVES = ("easy", "hard")
TURN_ERRORS = ("invalid", "unparsed", "cut", "repeated")
"""Kinds of turns that came to nothing that all tasks have; a repeated turn may be of another kind besides."""
REASONS, REASON_LIMIT = 3, 200
"""So many reasons, and so many characters of each, why episodes broke."""


def summarise(pairs: Sequence[Pair], metric: str) -> dict[str, Any]:
    """The summary of a comparison; empty where nothing was played in an environment."""
    played = [pair for pair in pairs if all("score_changes" in side.detail for side in pair)]
    if not played:
        return {}
    turns = max(int(side.detail["step_budget"]) for pair in played for side in pair)
    scored = [pair for pair in played if all(metric in side.scores for side in pair)]
    return {
        "turns": turns,
        "curves": {
            "base": _curve([base for base, _ in scored], turns),
            "compressed": _curve([other for _, other in scored], turns),
        },
        "halves": {half: _half(scored, half) for half in HALVES},
        "errors": _errors(played),
        "length": [_mean_turns([pair[side] for pair in scored]) for side in (0, 1)],
        "broken": [sum(pair[side].state == "broken" for pair in played) for side in (0, 1)],
        "reasons": _reasons(played),
        "trajectories": changed_episodes(played, metric),
    }


def _curve(records: Sequence[SampleRecord], turns: int) -> list[float]:
    """Mean progress after each turn; an episode that ended keeps its last value."""
    if not records:
        return []
    curves = [
        progress_curve([(int(turn), float(value)) for turn, value in record.detail["score_changes"]], turns)
        for record in records
    ]
    return [sum(values) / len(values) for values in zip(*curves, strict=True)]


def _half(pairs: Sequence[Pair], half: str) -> dict[str, Any]:
    mine = [pair for pair in pairs if pair[0].detail.get("difficulty") == half]
    return {
        "n": len(mine),
        **{
            name: [mean_or_none([pair[side].scores[name] for pair in mine]) for side in (0, 1)]
            for name in ("progress", "success")
        },
    }


def _errors(pairs: Sequence[Pair]) -> dict[str, list[float]]:
    """Shares of all turns by kind of error; a task's own kinds stand in place of ``invalid`` where it has them."""
    sides = [_error_shares([pair[side] for pair in pairs]) for side in (0, 1)]
    names = [*TURN_ERRORS, *sorted((sides[0].keys() | sides[1].keys()) - set(TURN_ERRORS))]
    return {
        name: [side.get(name, 0.0) for side in sides]
        for name in names
        if any(side.get(name) for side in sides)
    }


def _error_shares(records: Sequence[SampleRecord]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    turns = 0
    for record in records:
        detail = record.detail
        turns += detail["turns"]
        counts.update(detail["turn_errors"])
        counts["repeated"] += detail["repeated_turns"]
    return {name: count / turns for name, count in counts.items() if count} if turns else {}


def _mean_turns(records: Sequence[SampleRecord]) -> float | None:
    return mean_or_none([float(record.detail["turns"]) for record in records])


def _reasons(pairs: Sequence[Pair]) -> dict[str, int]:
    """The most frequent reasons why episodes broke."""
    found = Counter(
        str(side.detail["broken"])[:REASON_LIMIT] for pair in pairs for side in pair if side.state == "broken"
    )
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:REASONS])


def facts(summary: Mapping[str, Any]) -> dict[str, str]:
    """The summary in words, by name, for reports."""
    if not summary:
        return {}
    found = {}
    for half, numbers in summary["halves"].items():
        if numbers["n"]:
            progress, success = numbers["progress"], numbers["success"]
            found[f"{half} episodes"] = (
                f"{numbers['n']}, progress {_change(progress)}, success {_change(success)}"
            )
        else:
            found[f"{half} episodes"] = "none"
    if None not in summary["length"]:
        found["turns per episode"] = "{:.1f} → {:.1f}".format(*summary["length"])
    if summary["errors"]:
        found["turns that came to nothing"] = ", ".join(
            f"{name.replace('_', ' ')} {_change(shares)}" for name, shares in summary["errors"].items()
        )
    if any(summary["broken"]):
        found["broken episodes, not scored"] = "{} → {}".format(*summary["broken"])
        found["why they broke"] = "; ".join(f"{count} × {why}" for why, count in summary["reasons"].items())
    return found


def _change(pair: Sequence[float]) -> str:
    return f"{100 * pair[0]:.1f} % → {100 * pair[1]:.1f} %"
