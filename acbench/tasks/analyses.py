"""The tasks ``erank``, ``top-k`` and ``energy``: analyses of weights, hidden states and logits beside the base model.

Nobody is asked anything: the bench runs a study (acbench.analysis) in place of a rollout. Every sample is a text; its
score is a distance from the base model, and base's own score is the noise floor: base in its second-best arithmetic
against itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from acbench.analysis.protocol import Settings, TextSet, Tokens, text_set
from acbench.errors import DataError
from acbench.tasks.protocol import Metric, Sample, TaskContext, TaskInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import SampleRecord
    from acbench.tasks.protocol import Grade, Prompt, Reply

KIND = "analysis"
CHANNEL = "analysed"
VERSION = 1

TITLES = {
    "erank": "Effective rank of weights, hidden states and logits",
    "top-k": "Top-k ranking consistency of the next token",
    "energy": "Energy of the logits",
}
METRICS: dict[str, tuple[Metric, ...]] = {
    "erank": (
        Metric("erank.hidden.distance", "Change of the hidden ERank, share of base", higher_is_better=False),
        Metric("erank.hidden.lambda", "Hidden ERank (lambda form)", unit=""),
        Metric("erank.logit.lambda", "Logit ERank (lambda form)", unit=""),
    ),
    "top-k": (
        Metric("topk.jaccard.10", "Jaccard of the top 10 with base's"),
        Metric("topk.jaccard.1", "Agreement of the most likely token"),
        Metric("topk.tau.base_set.10", "Kendall's tau-b on base's top 10", unit=""),
        Metric("kl.mean", "KL(base, compressed)", unit="nats", higher_is_better=False),
    ),
    "energy": (
        Metric("energy.abs_delta", "Mean |change| of the energy", unit="nats", higher_is_better=False),
        Metric("energy.mean", "Energy", unit="nats"),
        Metric("nll.mean", "Loss per token", unit="nats", higher_is_better=False),
    ),
}


class AnalysisTask:
    """Settings: ``tokens``, ``per_kind``, ``texts``, ``floor``, ``layers`` (acbench.analysis.protocol.Settings)."""

    def __init__(self, context: TaskContext, variant: str) -> None:
        self._info = task_info(variant)
        self.settings = Settings.from_table(context.settings, variant)
        self.texts: TextSet = text_set(self.settings, cast("Tokens", context.renderer))

    @property
    def info(self) -> TaskInfo:
        return self._info

    def samples(self) -> Sequence[Sample]:
        """One for every text."""
        texts = self.texts
        return [
            Sample(name, {"ids": list(ids), "text": text}, level=kind, estimated_prompt_tokens=len(ids))
            for name, kind, ids, text in zip(
                texts.ids, texts.kinds, texts.samples, texts.contents, strict=True
            )
        ]

    def open(self, sample: Sample) -> NothingToAsk:
        return NothingToAsk(sample)

    def facts(self, _base: Sequence[SampleRecord], _other: Sequence[SampleRecord]) -> Mapping[str, str]:
        """The protocol in a line."""
        texts = self.texts
        kinds: dict[str, Any] = texts.facts(self.settings)["by_kind"]
        return {
            "Protocol": f"{len(texts.samples)} texts of {texts.tokens} tokens "
            f"({', '.join(f'{n} {kind}' for kind, n in kinds.items())}), float32; base's column is the noise floor: "
            f"base in {self.settings.floor} against itself",
        }


class NothingToAsk:
    """An episode that is over before it begins; the study grades it."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample

    def ask(self) -> Prompt | None:
        return None

    def tell(self, reply: Reply) -> None:
        raise DataError(f"{self._sample.id}: an analysis asks nothing, it cannot be told {reply.text!r}")

    def grade(self) -> Grade:
        raise DataError(f"{self._sample.id}: an analysis is graded by its study, not by an episode")


def task_info(variant: str) -> TaskInfo:
    """What the analysis is; ``variant``: erank, top-k or energy."""
    return TaskInfo(
        slug=variant,
        title=TITLES[variant],
        capability="diagnostic",
        version=VERSION,
        metrics=METRICS[variant],
        channels=(CHANNEL,),
        kind=KIND,
    )


def open_task(context: TaskContext, variant: str) -> AnalysisTask:
    return AnalysisTask(context, variant)
