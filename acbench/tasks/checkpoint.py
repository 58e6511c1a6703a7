"""The ``compress`` task: how a checkpoint was made, and how well it still predicts held-out text as served.

Every sample is one of the project's own evaluation texts (acbench.texts); the engine scores it token by token. The
report of such a case holds what ``acbench.json`` says of the build beside the perplexity.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, DataError, EngineError, did_you_mean
from acbench.tasks.protocol import TOO_LONG, Grade, Metric, Prompt, Sample, TaskContext, TaskInfo
from acbench.texts import KINDS, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import SampleRecord
    from acbench.tasks.protocol import Episode, Reply

GIVEN_TOKENS = 8
"""Tokens at the beginning of a text that are given and not scored."""
DEFAULTS = {"tokens": 256, "per_kind": 8}
LEAST = {"tokens": 64, "per_kind": 1}

INFO = TaskInfo(
    slug="compress",
    title="Checkpoint and log-likelihood of held-out texts",
    capability="diagnostic",
    version=1,
    metrics=(Metric("loglik", "Mean log-probability per token of held-out text", unit="nats"),),
    channels=("scored", "too_long"),
    kind="likelihood",
)


class CheckpointTask:
    """Settings: ``tokens`` (at most so many of each text, 64..), ``per_kind`` (texts of each kind)."""

    def __init__(self, context: TaskContext) -> None:
        for key, value in context.settings.items():
            if key not in DEFAULTS:
                raise ConfigError(f"compress: unknown setting {key!r}; {did_you_mean(key, DEFAULTS)}")
            if not isinstance(value, int) or isinstance(value, bool) or value < LEAST[key]:
                raise ConfigError(f"compress: {key} must be a whole number from {LEAST[key]}, not {value!r}")
        settings = {**DEFAULTS, **context.settings}
        self._context = context
        self._tokens = min(settings["tokens"], context.window_tokens - 1)
        self._per_kind = settings["per_kind"]

    @property
    def info(self) -> TaskInfo:
        return INFO

    def samples(self) -> Sequence[Sample]:
        """The first texts of every kind; each cut to whole tokens."""
        found = []
        for kind in KINDS:
            for text in texts("evaluation", kind)[: self._per_kind]:
                spans = self._context.renderer.offsets(text.content)[: self._tokens]
                if len(spans) <= 2 * GIVEN_TOKENS:
                    continue
                given, end = spans[GIVEN_TOKENS - 1][1], spans[-1][1]
                data = {"given": text.content[:given], "scored": text.content[given:end]}
                found.append(Sample(text.id, data, level=kind, estimated_prompt_tokens=len(spans)))
        return found

    def open(self, sample: Sample) -> Episode:
        return CheckpointEpisode(sample)

    def facts(self, base: Sequence[SampleRecord], other: Sequence[SampleRecord]) -> Mapping[str, str]:
        """Served perplexity over all tokens, by kind of text: base -> compressed."""
        return {
            f"Perplexity, {kind}": f"{_perplexity(base, kind):,.4g} → {_perplexity(other, kind):,.4g}"
            for kind in ("all texts", *dict.fromkeys(record.level for record in base))
        }


class CheckpointEpisode:
    """Asks once for the log-probabilities of the text."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._grade: Grade | None = None

    def ask(self) -> Prompt | None:
        if self._grade is not None:
            return None
        return Prompt(text=self._sample.data["given"], continuation=self._sample.data["scored"])

    def tell(self, reply: Reply) -> None:
        """Raises EngineError when the reply carries no usable log-probabilities: that is not a score."""
        if reply.finish_reason == TOO_LONG:
            self._grade = Grade({}, "too_long", state="too_long")
            return
        total = math.fsum(reply.logprobs)
        if not reply.logprobs or not math.isfinite(total):
            raise EngineError(f"{self._sample.id}: the engine returned no finite log-probabilities")
        count = len(reply.logprobs)
        self._grade = Grade({"loglik": total / count}, "scored", detail={"tokens": count})

    def grade(self) -> Grade:
        if self._grade is None:
            raise DataError(f"{self._sample.id}: the episode is not over, it cannot be graded yet")
        return self._grade


def _perplexity(records: Sequence[SampleRecord], kind: str) -> float:
    chosen = [r for r in records if "loglik" in r.scores and kind in (r.level, "all texts")]
    tokens = sum(r.detail["tokens"] for r in chosen)
    total = math.fsum(r.scores["loglik"] * r.detail["tokens"] for r in chosen)
    return math.exp(min(-total / tokens, 700.0)) if tokens else math.nan


def open_task(context: TaskContext) -> CheckpointTask:
    return CheckpointTask(context)
