"""The `needle-multi` task: several sentences are planted along the text, and one question asks for all of them.

The first stands at the cell's depth, the others at equal steps from there to the end:
``depth + i (100 - depth) / n``. The score is the share of planted things that the reply names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError
from acbench.tasks.needle.building import build_document, check_needle, draw, paragraph_of
from acbench.tasks.needle.facts import grid_facts
from acbench.tasks.needle.haystack import haystack_text, tokenized
from acbench.tasks.needle.scoring import channel_of, keyword_recall, normalise
from acbench.tasks.needle.settings import clip_to_window, read_settings
from acbench.tasks.needle.task import INFO, NeedleEpisode, length_label, sample_id
from acbench.tasks.protocol import TOO_LONG, Grade, Metric, Sample, TaskInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from acbench.records import SampleRecord
    from acbench.tasks.needle.haystack import Corpus
    from acbench.tasks.protocol import Task, TaskContext

MULTI_INFO: TaskInfo = replace(
    INFO,
    slug="needle-multi",
    title="Several needles in a haystack",
    version=1,
    metrics=(
        Metric("keyword_recall", "Needles found"),
        Metric("hit", "All needles found", binary=True),
    ),
)
MOST = 10
MAX_TOKENS = 128

PORTS = (
    "Skellmere",
    "Quorvane",
    "Tidewick",
    "Harrowgull",
    "Merrin Sound",
    "Estervale",
    "Lochbarrow",
    "Pellisport",
)
THINGS = (
    *(
        "a brass sextant",
        "a crate of turnips",
        "a sealskin parka",
        "a spare rudder",
        "a jar of pickled herring",
    ),
    *(
        "a whalebone whistle",
        "a tin of gunpowder",
        "a bundle of flares",
        "a copper ladle",
        "a canvas tarpaulin",
    ),
    *(
        "a caged canary",
        "a bottle of quinine",
        "a hymnal",
        "a grappling hook",
        "a coil of hawser",
        "a snuffbox",
    ),
    *("a pair of stilts", "a barometer", "a keg of molasses", "a harpoon", "a sack of almonds", "a bugle"),
    *("a zither", "a lifebuoy", "a bolt of muslin", "a pouch of saffron", "a mandolin", "a pickaxe"),
)
"""What is planted; the last word of each names it and stands in no haystack of ours (a test checks that)."""


def sentence(port: str, thing: str) -> str:
    return f"One thing that has to be packed for the crossing to {port} is {thing}."


def question(port: str, count: int) -> str:
    return f"Which {count} things have to be packed for the crossing to {port}? Name all of them."


def keyword(thing: str) -> str:
    """The word that names a thing, as the score looks for it."""
    return normalise(thing.rsplit(maxsplit=1)[-1])


def plant_depths(depth: float, count: int) -> list[float]:
    """Depths (per cent) of ``count`` needles, the first at ``depth``; 10 from 40: 40, 46, ..., 94."""
    step = (100 - depth) / count
    return [depth + i * step for i in range(count)]


def open_multi(context: TaskContext) -> Task:
    """Opens the task: the settings of `needle`, and ``needles`` (2 to 10, default 3)."""
    given = dict(context.settings)
    count = given.pop("needles", 3)
    if not isinstance(count, int) or isinstance(count, bool) or not 2 <= count <= MOST:
        raise ConfigError(f"task needle-multi: needles = {count!r}: expected a whole number from 2 to {MOST}")
    given.setdefault("max_tokens", MAX_TOKENS)
    return MultiNeedle(replace(context, settings=given), count)


class MultiNeedle:
    def __init__(self, context: TaskContext, count: int) -> None:
        self._context = context
        self._count = count
        self._settings = read_settings(context.settings, has_data_dir=context.data_dir is not None)
        self._lengths = clip_to_window(self._settings, context.window_tokens)
        self._samples: tuple[Sample, ...] | None = None

    @property
    def info(self) -> TaskInfo:
        return MULTI_INFO

    def samples(self) -> tuple[Sample, ...]:
        """Longest first, then deepest first, as in `needle`."""
        if self._samples is None:
            self._samples = tuple(self._build())
        return self._samples

    def open(self, sample: Sample) -> MultiEpisode:
        return MultiEpisode(sample, self._settings.max_tokens)

    def facts(self, base: Sequence[SampleRecord], compressed: Sequence[SampleRecord]) -> Mapping[str, str]:
        return grid_facts(base, compressed)

    def _build(self) -> Iterator[Sample]:
        settings, context = self._settings, self._context
        corpus = tokenized(
            context.renderer, haystack_text(settings.haystack, settings.seed, context.data_dir)
        )
        for length in sorted(self._lengths, reverse=True):
            for repeat in range(1, settings.grid.repeats + 1):
                for depth in sorted(settings.grid.depths, reverse=True):
                    yield self._sample(corpus, length, depth, repeat)

    def _sample(self, corpus: Corpus, length: int, depth: float, repeat: int) -> Sample:
        settings, context = self._settings, self._context
        data: dict[str, Any] = {"length": length, "depth": depth, "repeat": repeat}
        name = sample_id(length, depth, repeat).replace("n", "m", 1)
        place = (length_label(length), f"m{length:04d}-r{repeat}")
        if length + settings.max_tokens > context.window_tokens:
            unasked = {**data, "fits": False, "real_depth": None, "message": "", "keywords": []}
            return Sample(name, unasked, *place, estimated_turns=0)
        port, things = self._draw(length, depth, repeat)
        plants = [
            (at, sentence(port, thing))
            for at, thing in zip(plant_depths(depth, self._count), things, strict=True)
        ]
        passage = corpus.passage(paragraph_of(corpus, settings.seed, length, repeat), length)
        built = build_document(context.renderer, passage, plants, question(port, self._count), length)
        for (_, text), thing in zip(plants, things, strict=True):
            check_needle(built.message, text, [keyword(thing)])
        data |= {"fits": True, "real_depth": built.real_depths[0], "real_depths": list(built.real_depths)}
        data |= {"message": built.message, "keywords": [keyword(thing) for thing in things]}
        return Sample(name, data, *place, estimated_prompt_tokens=built.prompt_tokens)

    def _draw(self, length: int, depth: float, repeat: int) -> tuple[str, list[str]]:
        """Port and things of a cell; a later repeat gets others."""
        seed = self._settings.seed
        first = draw(len(THINGS), "multi", seed, length, depth) + (repeat - 1) * self._count
        port = PORTS[(draw(len(PORTS), "port", seed, length, depth) + repeat - 1) % len(PORTS)]
        return port, [THINGS[(first + i * 3) % len(THINGS)] for i in range(self._count)]


class MultiEpisode(NeedleEpisode):
    """One question; the keywords are the planted things."""

    def grade(self) -> Grade:
        reply = self._reply
        if self._data["fits"] and reply is None:
            raise RuntimeError("this episode has not been answered")
        if reply is None or reply.finish_reason == TOO_LONG:
            return Grade(scores={}, channel=TOO_LONG, state=TOO_LONG, detail=self._detail())
        recall = keyword_recall(reply.text, self._data["keywords"])
        channel = channel_of(reply.text, recall, cut=reply.finish_reason == "length")
        scores = {"keyword_recall": recall, "hit": float(recall == 1)}
        return Grade(scores=scores, channel=channel, detail=self._detail())
