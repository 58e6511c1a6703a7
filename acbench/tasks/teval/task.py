"""The task of one column, its samples and its episode."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Sampling
from acbench.tasks.protocol import Grade, Message, Prompt, Sample
from acbench.tasks.single import SingleTurn
from acbench.tasks.teval.columns import column_of
from acbench.tasks.teval.files import load_records
from acbench.tasks.teval.info import channel_of, info_of
from acbench.tasks.teval.judging import column_scores, gold_text, judge, texts
from acbench.tasks.teval.marks import CUT, MODES, UNPARSED, UPSTREAM_ERROR, check_mode
from acbench.tasks.teval.messages import prepare
from acbench.tasks.teval.records import Record, read_record
from acbench.tasks.teval.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from acbench.embeddings import Embedder
    from acbench.tasks.protocol import Reply, TaskContext, TaskInfo

MESSAGE_TOKENS = 8
"""Allowance for what a chat template puts around a message."""
_QUERY = re.compile(r"\D*\d+")


class ColumnTask:
    """Asks the column's records once each, from the embedded pack or from the user's folder."""

    def __init__(self, context: TaskContext, variant: str) -> None:
        self._column = column_of(variant)
        self._context = context
        self._mode = check_mode(context.mode)
        self._settings = read_settings(
            context.settings, slug=self._column.slug, has_data_dir=context.data_dir is not None
        )
        self._embedder: Embedder | None = None
        self._samples: tuple[Sample, ...] | None = None

    @property
    def info(self) -> TaskInfo:
        return info_of(self._column.name)

    @property
    def scoring(self) -> Mapping[str, Any]:
        if not self._column.embeds:
            return {"mode": self._mode}
        return {"embedder": self._open_embedder().identity, "mode": self._mode}

    def samples(self) -> Sequence[Sample]:
        """Columns that share a generation give byte-identical samples."""
        if self._samples is None:
            self._samples = tuple(self._from_folder() if self._context.data_dir else self._from_pack())
        return self._samples

    def open(self, sample: Sample) -> ColumnEpisode:
        return ColumnEpisode(self, sample)

    def prepare_grading(self, episodes: Sequence[ColumnEpisode]) -> None:
        """Embeds the texts of all answers, as both modes read them, in one batch."""
        if not self._column.embeds:
            return
        wanted: dict[str, None] = {}
        for episode in episodes:
            if episode.reply is not None:
                for mode in MODES:
                    wanted.update(dict.fromkeys(texts(episode.record, episode.reply.text, mode)))
        if wanted:
            self._open_embedder().encode(list(wanted))

    def prompt(self, sample: Sample) -> Prompt:
        messages = tuple(Message(role, content) for role, content in sample.data["messages"])
        return Prompt(messages=messages, sampling=Sampling(max_tokens=self._settings.max_tokens))

    def gold(self, record: Record) -> str:
        """The text whose likelihood is asked for; empty when the setting is off."""
        return gold_text(record) if self._settings.likelihood else ""

    def grade(self, record: Record, reply: Reply) -> Grade:
        """Both readings of one answer; the context's mode gives the scores, the published one stands beside."""
        column = self._column
        by_mode = {mode: judge(record, reply.text, mode, self._open_embedder) for mode in MODES}
        named = {mode: column_scores(column, record, marks.scores) for mode, marks in by_mode.items()}
        marks, value = by_mode[self._mode], named[self._mode][column.value]
        # The partial order is a measure of ours: it is read from the corrected reading in either mode.
        scores = {**named["corrected"], **named[self._mode]}
        scores[f"{column.value}_upstream"] = named["upstream"][column.value]
        cut = reply.finish_reason == "length"
        parsed = marks.outcome not in (UNPARSED, UPSTREAM_ERROR)
        outcome = CUT if cut and not parsed else marks.outcome
        channel = channel_of(column, value, parsed=parsed, cut=cut)
        return Grade(scores, channel, detail={**marks.detail, "outcome": outcome})

    def _open_embedder(self) -> Embedder:
        if self._embedder is None:
            self._embedder = self._context.embedders(self._settings.embedder)
        return self._embedder

    def _from_pack(self) -> Iterator[Sample]:
        from acbench.tasks.teval.pack import pack_records

        settings, column = self._settings, self._column
        for level in settings.levels:
            made = pack_records(column.kind, column.format, level, settings.per_level, settings.seed)
            for record_id, raw in made.items():
                yield self._sample(record_id, raw, level, cluster=record_id)

    def _from_folder(self) -> Iterator[Sample]:
        assert self._context.data_dir is not None  # noqa: S101 - the caller looked
        column = self._column
        found = load_records(self._context.data_dir, column)
        if column.kind == "instruct":  # both formats are mixed in one file
            found = {key: raw for key, raw in found.items() if self._read(key, raw).format == column.format}
        wanted = self._settings.per_level or len(found)
        keys = list(found)
        kept = (
            [keys[number * len(keys) // wanted] for number in range(wanted)] if wanted < len(keys) else keys
        )
        for key in kept:
            query = _QUERY.match(key)
            yield self._sample(key, found[key], "", cluster=query[0] if query else key)

    def _read(self, record_id: str, raw: Any) -> Record:
        return read_record(record_id, raw, self._column.kind, self._column.format, with_prompt=True)

    def _sample(self, record_id: str, raw: Any, level: str, *, cluster: str) -> Sample:
        record = self._read(record_id, raw)
        messages = prepare(record.messages)
        fields = asdict(record)
        del fields["messages"]
        count = self._context.renderer.count
        data = json.loads(json.dumps({"messages": messages, "record": fields}))
        tokens = sum(count(content) + MESSAGE_TOKENS for _, content in messages)
        return Sample(record_id, data, level=level, cluster=cluster, estimated_prompt_tokens=tokens)


class ColumnEpisode(SingleTurn):
    """One record: its prompt, then its gold answer's likelihood."""

    def __init__(self, task: ColumnTask, sample: Sample) -> None:
        fields = dict(sample.data["record"])
        self.record = Record(**{**fields, "tools": tuple(fields["tools"]), "messages": ()})
        self.gold = task.gold(self.record)
        super().__init__(task.prompt(sample), lambda reply: task.grade(self.record, reply), gold=self.gold)
