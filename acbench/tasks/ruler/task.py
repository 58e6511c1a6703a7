"""The task and its settings: some samples of one kind at each length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Sampling
from acbench.errors import ConfigError, did_you_mean
from acbench.tasks.protocol import TOO_LONG, Grade, Message, Metric, Prompt, Sample, TaskInfo
from acbench.tasks.ruler import building
from acbench.tasks.ruler.kinds import kind_of
from acbench.tasks.ruler.scoring import (
    CORRECT,
    CUT,
    EMPTY,
    PARTIAL,
    WRONG,
    channel_of,
    strict_recall,
    substring_recall,
)
from acbench.tasks.single import SingleTurn, Unasked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.protocol import Reply, Task, TaskContext
    from acbench.tasks.ruler.building import Question
    from acbench.tasks.ruler.kinds import Kind

K = 1024
FILLED = 0.9
"""Share of its length that a prompt must reach; less would be another test than its name says."""
DEFAULT_LENGTHS = (4 * K, 8 * K, 16 * K, 32 * K)


@dataclass(frozen=True, slots=True)
class Settings:
    """``samples`` questions at each of ``lengths`` (prompt and answer, in tokens)."""

    lengths: tuple[int, ...]
    samples: int = 10
    seed: int = 42


def read_settings(table: Mapping[str, Any], window_tokens: int) -> Settings:
    """Raises ConfigError naming the key. Default lengths that do not fit the window are dropped."""
    known = ("lengths", "samples", "seed")
    for key in table:
        if key not in known:
            raise ConfigError(f"ruler: unknown setting {key!r}; {did_you_mean(key, known)}")
    fitting = [length for length in DEFAULT_LENGTHS if length <= window_tokens] or [window_tokens]
    lengths = table.get("lengths", fitting)
    if not isinstance(lengths, list | tuple) or not lengths or len(set(lengths)) != len(lengths):
        raise ConfigError(f"ruler: lengths must be a list of different whole numbers, not {lengths!r}")
    for key, value, least in (
        *(("lengths", length, 64) for length in lengths),
        ("samples", table.get("samples", 10), 1),
        ("seed", table.get("seed", 42), 0),
    ):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigError(f"ruler: {key}: expected a whole number of at least {least}, not {value!r}")
    return Settings(tuple(lengths), table.get("samples", 10), table.get("seed", 42))


@cache
def task_info(variant: str) -> TaskInfo:
    kind = kind_of(variant)
    return TaskInfo(
        slug=f"ruler-{kind.name.replace('_', '-')}",
        title=f"RULER-style: {kind.title}",
        capability="long_context",
        version=1,
        metrics=(
            Metric("recall", "References named"),
            Metric("all_found", "All references named", binary=True),
            Metric("recall_upstream", "References named, counted as substrings"),
        ),
        channels=(CORRECT, PARTIAL, WRONG, CUT, EMPTY, TOO_LONG),
    )


def open_task(context: TaskContext, variant: str) -> Task:
    """Opens one kind. Raises ConfigError for wrong settings or a data folder: everything is generated."""
    if context.data_dir is not None:
        raise ConfigError("ruler: these tasks are generated and read no data folder")
    return RulerTask(context, kind_of(variant))


class RulerTask:
    def __init__(self, context: TaskContext, kind: Kind) -> None:
        self._context = context
        self._kind = kind
        self._settings = read_settings(context.settings, context.window_tokens)

    @property
    def info(self) -> TaskInfo:
        return task_info(self._kind.name)

    def samples(self) -> Sequence[Sample]:
        """Longest first. A length that does not fit the window gives samples that are never asked."""
        lengths = sorted(self._settings.lengths, reverse=True)
        return [self._sample(length, i + 1) for length in lengths for i in range(self._settings.samples)]

    def open(self, sample: Sample) -> SingleTurn | Unasked:
        if not sample.data["fits"]:
            return Unasked()
        return SingleTurn(_prompt(sample.data, self._kind), partial(self._grade, sample.data["references"]))

    def _sample(self, length: int, number: int) -> Sample:
        kind, renderer = self._kind, self._context.renderer
        name = f"{kind.name}-{length}-{number:02d}"
        if length > self._context.window_tokens:
            return Sample(name, {"fits": False, "length": length}, _label(length), name, estimated_turns=0)
        build, most = building.builder(kind, length, f"ruler/{self._settings.seed}/{name}")

        def count(size: int) -> int:
            return len(renderer.render(_prompt(_data(build(size), length), kind)))

        size = building.largest(count, length - kind.max_tokens, most)
        if not size:
            raise ConfigError(f"task {self.info.slug}: a length of {length} tokens is too short for it")
        tokens = count(size)
        if size == most and tokens < FILLED * (length - kind.max_tokens):
            raise ConfigError(f"task {self.info.slug}: its material fills {tokens} tokens, not {length}")
        return Sample(name, _data(build(size), length), _label(length), name, tokens)

    def _grade(self, references: Sequence[str], reply: Reply) -> Grade:
        strict, loose = strict_recall(reply.text, references), substring_recall(reply.text, references)
        recall = loose if self._context.mode == "upstream" else strict
        scores = {"recall": recall, "all_found": float(recall == 1), "recall_upstream": loose}
        channel = channel_of(reply.text, recall, cut=reply.finish_reason == "length")
        return Grade(scores, channel, detail={"references": list(references)})


def _data(question: Question, length: int) -> dict[str, Any]:
    return {
        "message": question.message,
        "prefill": question.prefill,
        "references": list(question.references),
        "length": length,
        "fits": True,
    }


def _prompt(data: Mapping[str, Any], kind: Kind) -> Prompt:
    return Prompt(
        messages=(Message("user", data["message"]),),
        prefill=data["prefill"],
        sampling=Sampling(max_tokens=kind.max_tokens),
    )


def _label(length: int) -> str:
    return str(length) if length % K else f"{length // K}K"
