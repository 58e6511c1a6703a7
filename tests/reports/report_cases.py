"""Hand-built case results for the report tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from acbench.records import CaseResult, ChannelRow, Comparison, Flip, LevelRow, Noise, Verdict

OUTCOME_TEXT = {"pass": "within the limit", "fail": "beyond the limit", "inconclusive": "on the limit"}


def comparison(base: float = 0.5, score: float = 0.45, **changes: Any) -> Comparison:
    """A comparison on 120 samples with an interval of eight points around the difference."""
    made = Comparison(
        metric="accuracy",
        title="Exact match",
        unit="share",
        n=120,
        excluded=0,
        base=base,
        compressed=score,
        difference=score - base,
        low=score - base - 0.04,
        high=score - base + 0.04,
        confidence=0.95,
        test="McNemar exact",
        p_value=0.21,
        worse=9,
        better=3,
        mde=0.071,
    )
    return replace(made, **changes)


def case_result(
    model: str = "smollm2-135m",
    compression: str = "rtn-w4g64",
    task: str = "needle",
    *,
    outcome: str = "pass",
    gate: str = "gate",
    primary: Comparison | None = None,
    **changes: Any,
) -> CaseResult:
    """A complete result; everything that a test cares about can be replaced."""
    capability = changes.pop("capability", "long_context" if task == "needle" else "workflow")
    verdict = Verdict(outcome, gate, 0.05, 0.95, OUTCOME_TEXT[outcome], "set for the demo", "thresholds.toml")  # type: ignore[arg-type]
    metric = primary or comparison()
    made = CaseResult(
        id=f"{model}:{compression}:{task}",
        model=model,
        compression=compression,
        task=task,
        task_title=task.title(),
        method=compression.split("-", maxsplit=1)[0],
        capability=capability,
        verdict=verdict,
        primary=metric,
        secondary=(replace(metric, metric="strict", title="Strict match"),),
        levels=tuple(
            LevelRow(f"level {i}", 30, metric.base + 0.1 * (1.5 - i), metric.compressed + 0.12 * (1.5 - i))
            for i in range(4)
        ),
        channels=(ChannelRow("correct", 0.5, 0.45), ChannelRow("wrong answer", 0.5, 0.55)),
        noise=Noise(120, 2, 5, -0.008, -0.03, 0.014),
        flips=tuple(flip(i) for i in range(12)),
        texts_changed=40,
        sample_prompt="<|user|>\nWhich city is in the note?\n<|assistant|>\n",
        checkpoint={
            "bits_per_weight": 4.25,
            "bytes": 91_000_000,
            "sparsity": 0.0,
            "served_as": "compressed-tensors",
        },
        engine={"name": "vllm", "version": "0.32.0", "device": "cpu"},
        keys={"evaluation": "9f2c"},
        tokens={"prompt": 120_000, "output": 4_000},
        seconds=12.5,
    )
    return replace(made, **changes)


def flip(number: int, *, text: str = "The city is Lyon.") -> Flip:
    """A sample that the base model got right and the compressed one did not."""
    return Flip(f"s{number:03}", "level 1", 1.0, 0.0, "correct", "wrong answer", text, "The city is <Oslo>.")
