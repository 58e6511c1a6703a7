"""From records to samples: chosen, rendered, cut to the window and put into an order that saves prefill."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.errors import ConfigError
from acbench.keys import text_hash
from acbench.tasks.longbench.aggregate import bucket_of
from acbench.tasks.longbench.prompts import as_prompt, fill
from acbench.tasks.longbench.settings import LONGBENCH_E
from acbench.tasks.longbench.truncation import WHOLE_PROMPT, fit_context, fit_prompt
from acbench.tasks.protocol import Prompt, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from acbench.tasks.longbench.prompts import PromptSpec
    from acbench.tasks.longbench.records import Record
    from acbench.tasks.longbench.sets import LongBenchSet
    from acbench.tasks.longbench.settings import Settings
    from acbench.tasks.longbench.truncation import Fitted
    from acbench.tasks.protocol import Renderer


class Frame(NamedTuple):
    """What all samples of a task share. ``origin`` goes into each sample's data: sources and hashes."""

    which: LongBenchSet
    spec: PromptSpec
    settings: Settings
    renderer: Renderer
    window: int
    new_tokens: int
    origin: Mapping[str, Any]

    @property
    def budget(self) -> int:
        """Most tokens of a rendered prompt."""
        room = self.window - self.new_tokens
        limit = self.settings.length_limit
        return room if limit is None else min(room, limit)


def new_tokens(spec: PromptSpec, settings: Settings) -> int:
    """Tokens to generate: the setting's or the set's, and those for thinking on top."""
    return (settings.max_tokens or spec.tokens) + settings.reasoning_budget


def check_room(frame: Frame) -> None:
    """Raises ConfigError when the window has no room for a prompt."""
    if frame.budget < 1:
        raise ConfigError(
            f"task {frame.which.slug}: a window of {frame.window} tokens has no room for a prompt beside "
            f"{frame.new_tokens} new ones; lower max_tokens or reasoning_budget, or use a larger window"
        )


def level_of(record: Record, settings: Settings) -> str:
    """The pack's length, or the record's bucket where buckets are wanted."""
    return record.level or (bucket_of(record.length) if settings.buckets == LONGBENCH_E else "")


def chosen_ids(records: Iterable[Record], settings: Settings) -> set[str] | None:
    """The ids that ``limit`` leaves in each level: those with the smallest hash of seed and id; None = all."""
    if settings.limit is None:
        return None
    by_level: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for record in records:
        digest = hashlib.sha256(f"{settings.seed}/{record.id}".encode()).hexdigest()
        by_level[level_of(record, settings)].append((digest, record.id))
    return {name for found in by_level.values() for _, name in sorted(found)[: settings.limit]}


def make_samples(records: Iterable[Record], frame: Frame) -> tuple[Sample, ...]:
    """The samples, longest first; those that share a context follow each other."""
    made = list(_made(records, frame))
    longest: dict[str, int] = {}
    for sample in made:
        document = sample.data["document"]
        longest[document] = max(longest.get(document, 0), sample.estimated_prompt_tokens)

    def place(sample: Sample) -> tuple[Any, ...]:
        document = sample.data["document"]
        return -longest[document], document, -sample.estimated_prompt_tokens, sample.id

    return tuple(sorted(made, key=place))


def _made(records: Iterable[Record], frame: Frame) -> Iterator[Sample]:
    for record in records:
        yield make_sample(record, frame)


def make_sample(record: Record, frame: Frame) -> Sample:
    """One sample with its prompt as text, cut where it is too long."""
    which = frame.which
    fitted = _fitted(record, frame)
    document = text_hash(record.context)
    data = {
        **frame.origin,
        "set": which.name,
        "text": fitted.text,
        "fits": fitted.fits,
        "answers": list(record.answers),
        "classes": None if record.classes is None else list(record.classes),
        "max_tokens": frame.new_tokens,
        "length": record.length,
        "document": document,
        "original_tokens": fitted.original_tokens,
        "kept_tokens": fitted.kept_tokens,
        "truncated": fitted.cut,
    }
    return Sample(
        id=record.id,
        data=data,
        level=level_of(record, frame.settings),
        cluster=record.cluster or document,
        estimated_prompt_tokens=fitted.kept_tokens if fitted.fits else 0,
        estimated_turns=1 if fitted.fits else 0,
    )


def _fitted(record: Record, frame: Frame) -> Fitted:
    template, budget = frame.spec.template, frame.budget

    def wrap(text: str) -> Prompt:
        return as_prompt(frame.which, text)

    def compose(context: str) -> str:
        return fill(template, context, record.question)

    if frame.settings.truncation == WHOLE_PROMPT:
        room = frame.window - frame.new_tokens
        return fit_prompt(frame.renderer, wrap, compose(record.context), budget, room)
    return fit_context(frame.renderer, wrap, compose, record.context, budget)
