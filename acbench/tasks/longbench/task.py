"""The task of one set and its episodes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Sampling
from acbench.errors import DataError
from acbench.keys import file_hash
from acbench.tasks.longbench.info import SCORE, SCORE_UPSTREAM, channel_of, set_info
from acbench.tasks.longbench.metrics import score_answer, scored_part
from acbench.tasks.longbench.modes import UPSTREAM, check_mode
from acbench.tasks.longbench.pack import pack_records
from acbench.tasks.longbench.prompts import as_prompt, prompt_spec
from acbench.tasks.longbench.records import find_records, read_records
from acbench.tasks.longbench.requirements import require_libraries
from acbench.tasks.longbench.samples import Frame, check_room, chosen_ids, make_samples, new_tokens
from acbench.tasks.longbench.sets import set_of
from acbench.tasks.longbench.settings import read_settings
from acbench.tasks.protocol import TOO_LONG, Grade
from acbench.tasks.single import SingleTurn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from acbench.tasks.longbench.records import Record
    from acbench.tasks.longbench.sets import LongBenchSet
    from acbench.tasks.protocol import Episode, Prompt, Reply, Sample, TaskContext, TaskInfo

PACK_TOKENS = 192
"""Most new tokens for the embedded pack, whose references are far shorter than the published summaries."""
THINKING_ENDS = "</think>"
THINKING_BEGINS = "<think>"
DETAIL = (
    *("set", "source", "prompts", "template", "files", "length", "truncation"),
    *("original_tokens", "kept_tokens", "truncated", "reasoning_budget"),
)
"""What of a sample's data is part of its result."""


class LongBenchTask:
    """One set, from the user's folder or the embedded pack."""

    def __init__(self, context: TaskContext, variant: str) -> None:
        self._set = set_of(variant)
        self._mode = check_mode(context.mode)
        require_libraries(self._set)
        self._folder = context.data_dir
        self._settings = read_settings(context.settings, self._set, has_data=self._folder is not None)
        self._spec = prompt_spec(self._set, self._folder)
        if self._folder is None:
            self._spec = replace(self._spec, tokens=min(self._spec.tokens, PACK_TOKENS))
        self._context = context
        self._samples: tuple[Sample, ...] | None = None
        check_room(self._frame({}))

    @property
    def info(self) -> TaskInfo:
        return set_info(self._set.variant, likelihood=self._settings.likelihood)

    @property
    def scoring(self) -> dict[str, Any]:
        """What scored the answers; part of every result."""
        return {"metric": self._set.metric, "mode": self._mode}

    def samples(self) -> tuple[Sample, ...]:
        """Longest first; equal contexts follow each other. Raises DataError for malformed records."""
        if self._samples is None:
            self._samples = self._read() if self._folder is not None else self._generate()
        return self._samples

    def open(self, sample: Sample) -> Episode:
        return _open(sample, self._set, self._mode, likelihood=self._settings.likelihood)

    def _read(self) -> tuple[Sample, ...]:
        """Reads the file twice where records are chosen, so that no more than one is held."""
        assert self._folder is not None  # noqa: S101 - the caller has looked
        path = find_records(self._folder, self._set, extended=self._settings.extended)
        wanted = chosen_ids(read_records(path, self._set), self._settings)
        records = (r for r in read_records(path, self._set) if wanted is None or r.id in wanted)
        return make_samples(records, self._frame(self._origin("upstream", path)))

    def _generate(self) -> tuple[Sample, ...]:
        frame = self._frame(self._origin("embedded"))
        records: Iterable[Record] = list(pack_records(frame))
        wanted = chosen_ids(records, self._settings)
        return make_samples([r for r in records if wanted is None or r.id in wanted], frame)

    def _frame(self, origin: dict[str, Any]) -> Frame:
        tokens = new_tokens(self._spec, self._settings)
        context = self._context
        return Frame(
            self._set, self._spec, self._settings, context.renderer, context.window_tokens, tokens, origin
        )

    def _origin(self, source: str, path: Path | None = None) -> dict[str, Any]:
        files = dict(self._spec.files) | ({path.name: file_hash(path)} if path else {})
        return {
            "source": source,
            "prompts": self._spec.source,
            "template": self._spec.template_hash,
            "files": files,
            "truncation": self._settings.truncation,
            "reasoning_budget": self._settings.reasoning_budget,
        }


def answer_text(text: str, *, reasoning: bool) -> str:
    """The answer without its thinking part; an answer that never left it is empty."""
    if not reasoning:
        return text
    _, ended, answer = text.rpartition(THINKING_ENDS)
    if ended:
        return answer.lstrip("\n")
    return "" if text.lstrip().startswith(THINKING_BEGINS) else text


class _Refused:
    """An episode that is never asked: no cut of its context makes the prompt fit."""

    def __init__(self, detail: dict[str, Any]) -> None:
        self._detail = detail

    def ask(self) -> Prompt | None:
        return None

    def tell(self, reply: Reply) -> None:
        raise DataError("a reply was told to an episode that asks nothing")

    def grade(self) -> Grade:
        return Grade({}, TOO_LONG, state=TOO_LONG, detail=self._detail)


def _open(sample: Sample, which: LongBenchSet, mode: str, *, likelihood: bool) -> Episode:
    data = sample.data
    detail = {name: data[name] for name in DETAIL}
    if not data["fits"]:
        return _Refused(detail)
    stop = () if data["reasoning_budget"] else which.stop  # thinking has lines of its own
    # A first token that is the stop itself would leave an answer empty that the published scorer reads.
    sampling = Sampling(max_tokens=data["max_tokens"], stop=stop, min_tokens=1 if stop else 0)
    prompt = replace(as_prompt(which, data["text"]), sampling=sampling)
    gold = which.lead + data["answers"][0] if likelihood and data["answers"] and data["answers"][0] else ""
    return SingleTurn(prompt, _judge(sample, which, mode, detail), gold=gold)


def _judge(
    sample: Sample, which: LongBenchSet, mode: str, detail: dict[str, Any]
) -> Callable[[Reply], Grade]:
    data = sample.data

    def judge(reply: Reply) -> Grade:
        text = answer_text(reply.text, reasoning=data["reasoning_budget"] > 0)
        answers, classes = data["answers"], data["classes"]
        scores = {
            SCORE: score_answer(which, text, answers, classes, mode),
            SCORE_UPSTREAM: score_answer(which, text, answers, classes, UPSTREAM),
        }
        cut = reply.finish_reason == "length" and reaches_the_end(which, text, mode)
        return Grade(scores, channel_of(text, scores[SCORE], cut=cut), detail=detail)

    return judge


def reaches_the_end(which: LongBenchSet, text: str, mode: str) -> bool:
    """Whether the scored part goes up to the answer's end, so that a token limit there cut it off."""
    if not which.first_line and which.metric != "code":
        return True
    earlier = (line.strip() for line in text.split("\n")[:-1])
    return scored_part(which, text, mode).strip() not in earlier
