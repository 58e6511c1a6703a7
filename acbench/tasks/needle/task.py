"""The task and its episode: one question per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.engines.protocol import Sampling
from acbench.tasks.needle.building import build_cell, needle_of, paragraph_of, usable_needles
from acbench.tasks.needle.facts import grid_facts
from acbench.tasks.needle.haystack import haystack_text, tokenized
from acbench.tasks.needle.scoring import CORRECT, CUT, EMPTY, PARTIAL, WRONG, channel_of, score_reply
from acbench.tasks.needle.settings import K, clip_to_window, read_settings
from acbench.tasks.protocol import TOO_LONG, Grade, Message, Metric, Prompt, Sample, TaskInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from acbench.records import SampleRecord
    from acbench.tasks.needle.building import Cell
    from acbench.tasks.needle.haystack import Corpus
    from acbench.tasks.needle.needles import Needle
    from acbench.tasks.needle.settings import Settings
    from acbench.tasks.protocol import Reply, Task, TaskContext

INFO = TaskInfo(
    slug="needle",
    title="Needle in a haystack",
    capability="long_context",
    version=2,
    metrics=(
        Metric("keyword_recall", "Keyword recall"),
        Metric("hit", "All keywords found", binary=True),
        Metric("overlap", "Word overlap (older runners)"),
        Metric("rouge1_x10", "ROUGE-1 F1 x 10 against the needle (older runners)", unit="points"),
    ),
    channels=(CORRECT, PARTIAL, WRONG, CUT, EMPTY, TOO_LONG),
)


def open_task(context: TaskContext) -> Task:
    """Opens the task. Raises ConfigError for wrong settings; data is read when samples are asked for."""
    settings = read_settings(context.settings, has_data_dir=context.data_dir is not None)
    clip_to_window(settings, context.window_tokens)
    return NeedleTask(context, settings)


def length_label(length: int) -> str:
    """`4K` for 4,096 tokens; lengths that are no multiple of 1,024 stay numbers."""
    return str(length) if length % K else f"{length // K}K"


def sample_id(length: int, depth: float, repeat: int) -> str:
    """For example `n0512-d050-r1`; depths between whole numbers keep three decimals."""
    shown = f"{int(depth):03d}" if depth == int(depth) else f"{depth:07.3f}"
    return f"n{length:04d}-d{shown}-r{repeat}"


def make_sample(length: int, depth: float, repeat: int, needle: Needle, cell: Cell | None) -> Sample:
    """One sample; without a cell it does not fit the window and is never asked."""
    return Sample(
        id=sample_id(length, depth, repeat),
        data={
            "length": length,
            "depth": depth,
            "real_depth": cell.real_depth if cell else None,
            "repeat": repeat,
            "message": cell.message if cell else "",
            "needle": needle.sentence,
            "keywords": list(needle.keywords),
            "expected_answer": needle.answer,
            "fits": cell is not None,
        },
        level=length_label(length),
        cluster=f"n{length:04d}-r{repeat}",
        estimated_prompt_tokens=cell.prompt_tokens if cell else 0,
        estimated_turns=1 if cell else 0,
    )


class _Plan(NamedTuple):
    """The haystack of one (length, repeat): the paragraph of the corpus at which it begins."""

    length: int
    paragraph: int
    repeat: int


class NeedleTask:
    """Builds the cells of one grid for one renderer."""

    def __init__(self, context: TaskContext, settings: Settings) -> None:
        self._context = context
        self._settings = settings
        self._samples: tuple[Sample, ...] | None = None

    @property
    def info(self) -> TaskInfo:
        return INFO

    def samples(self) -> tuple[Sample, ...]:
        """Longest first, then by place in the haystack, then deepest first, so that prefixes are reused."""
        if self._samples is None:
            self._samples = tuple(self._build())
        return self._samples

    def open(self, sample: Sample) -> NeedleEpisode:
        return NeedleEpisode(sample, self._settings.max_tokens)

    def facts(self, base: Sequence[SampleRecord], compressed: Sequence[SampleRecord]) -> Mapping[str, str]:
        return grid_facts(base, compressed)

    def _build(self) -> Iterator[Sample]:
        settings, context = self._settings, self._context
        text = haystack_text(settings.haystack, settings.seed, context.data_dir)
        needles = usable_needles(text)
        corpus = tokenized(context.renderer, text)
        for plan in self._plans(corpus):
            fits = plan.length + settings.max_tokens <= context.window_tokens
            passage = corpus.passage(plan.paragraph, plan.length) if fits else None
            for depth in sorted(settings.grid.depths, reverse=True):
                needle = needle_of(needles, settings.seed, plan.length, depth, plan.repeat)
                cell = build_cell(context.renderer, passage, needle, plan.length, depth) if passage else None
                yield make_sample(plan.length, depth, plan.repeat, needle, cell)

    def _plans(self, corpus: Corpus) -> list[_Plan]:
        """One for each (length, repeat), in the order in which they are asked."""
        settings = self._settings
        lengths = clip_to_window(settings, self._context.window_tokens)
        plans = [
            _Plan(length, paragraph_of(corpus, settings.seed, length, repeat), repeat)
            for length in lengths
            for repeat in range(1, settings.grid.repeats + 1)
        ]
        return sorted(plans, key=lambda plan: (-plan.length, plan.paragraph, plan.repeat))


class NeedleEpisode:
    """Asks once, unless the prompt and its answer do not fit the window; such a cell has no score."""

    def __init__(self, sample: Sample, max_tokens: int) -> None:
        self._data = sample.data
        self._max_tokens = max_tokens
        self._reply: Reply | None = None

    def ask(self) -> Prompt | None:
        if self._reply is not None or not self._data["fits"]:
            return None
        message = Message("user", self._data["message"])
        return Prompt(messages=(message,), sampling=Sampling(max_tokens=self._max_tokens))

    def tell(self, reply: Reply) -> None:
        if self.ask() is None:
            raise RuntimeError("this episode has no open question")
        self._reply = reply

    def grade(self) -> Grade:
        reply = self._reply
        if self._data["fits"] and reply is None:
            raise RuntimeError("this episode has not been answered")
        if reply is None or reply.finish_reason == TOO_LONG:
            return Grade(scores={}, channel=TOO_LONG, state=TOO_LONG, detail=self._detail())
        data = self._data
        scores = score_reply(reply.text, data["keywords"], data["expected_answer"], data["needle"])
        cut = reply.finish_reason == "length"
        channel = channel_of(reply.text, scores["keyword_recall"], cut=cut)
        return Grade(scores=scores, channel=channel, detail=self._detail())

    def _detail(self) -> dict[str, Any]:
        return {name: self._data[name] for name in ("length", "depth", "real_depth", "repeat")}
