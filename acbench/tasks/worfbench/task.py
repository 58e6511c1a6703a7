"""The task and its episode: one question per record, and the gold answer's likelihood behind it."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Sampling
from acbench.errors import ConfigError
from acbench.tasks.protocol import TOO_LONG, Grade, Message, Metric, Prompt, Sample, TaskInfo
from acbench.tasks.single import GOLD_LOGLIK, SingleTurn
from acbench.tasks.worfbench.facts import workflow_facts
from acbench.tasks.worfbench.messages import build_messages
from acbench.tasks.worfbench.parsing import UNFINISHED, answer_part, read_published, read_workflow
from acbench.tasks.worfbench.records import published_demonstrations, published_records
from acbench.tasks.worfbench.scoring import (
    CORRECT,
    PARTIAL,
    UNPARSED,
    WRONG,
    Result,
    check_mode,
    gold_fault,
    read_prediction,
    score_corrected,
    score_published,
    texts_to_embed,
)
from acbench.tasks.worfbench.settings import MAX_TOKENS, MAX_TOKENS_PACK, SHOTS, read_settings
from acbench.tasks.worfbench.vectors import Vectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import SampleRecord
    from acbench.tasks.protocol import Episode, Reply, TaskContext
    from acbench.tasks.worfbench.records import Record, Turns

logger = logging.getLogger(__name__)

CUT = "cut"
CHANNELS = (CORRECT, PARTIAL, WRONG, UNPARSED, CUT, TOO_LONG)
METRICS = (
    Metric("chain_f1", "Chain F1"),
    Metric("graph_f1", "Graph F1"),
    Metric("chain_precision", "Chain precision"),
    Metric("chain_recall", "Chain recall"),
    Metric("graph_precision", "Graph precision"),
    Metric("graph_recall", "Graph recall"),
    Metric("parsed", "Answer is a workflow", binary=True),
    Metric("chain_f1_upstream", "Chain F1, published scorer"),
    Metric("graph_f1_upstream", "Graph F1, published scorer"),
    GOLD_LOGLIK,
)
TITLES = {
    "wikihow": "how-to tasks",
    "toolbench": "tool chains",
    "toolalpaca": "tools in words",
    "lumos": "questions",
    "alfworld": "household",
    "webshop": "web shopping",
    "os": "operating system",
    "seal_tools": "nested tool calls",
    "intercodesql": "databases",
}
SPANS = ((2, "1-2"), (4, "3-4"), (6, "5-6"))
LONGEST_SPAN = "7+"


def info_of(variant: str) -> TaskInfo:
    return TaskInfo(
        slug=slug_of(variant),
        title=f"Workflows: {TITLES[variant]}",
        capability="workflow",
        version=1,
        metrics=METRICS,
        channels=CHANNELS,
    )


def slug_of(variant: str) -> str:
    return f"worfbench-{variant.replace('_', '-')}"


class WorkflowTask:
    """One of the nine sets: generated records, or the published ones of the user's folder."""

    def __init__(self, context: TaskContext, variant: str) -> None:
        self._slug = slug_of(variant)
        self._variant = variant
        self._context = context
        self._mode = check_mode(context.mode)
        self._settings = read_settings(
            context.settings, task=self._slug, has_data_dir=context.data_dir is not None
        )
        self._vectors = Vectors(lambda: context.embedders(self._settings.embedder))
        self._samples: tuple[Sample, ...] | None = None
        self.excluded: dict[str, str] = {}
        """Records that are not asked, by id, with the reason; known once samples were asked for."""

    @property
    def info(self) -> TaskInfo:
        info = info_of(self._variant)
        if self._settings.likelihood:
            return info
        return replace(info, metrics=tuple(metric for metric in info.metrics if metric != GOLD_LOGLIK))

    @property
    def scoring(self) -> dict[str, str]:
        return {"embedder": self._vectors.embedder.identity, "mode": self._mode}

    def samples(self) -> tuple[Sample, ...]:
        """In file order, or by level. DataError for a malformed folder, ConfigError for missing demonstrations."""
        if self._samples is None:
            records, demonstrations = self._load()
            self._samples = tuple(self._sample(record, demonstrations) for record in records)
        return self._samples

    def open(self, sample: Sample) -> WorkflowEpisode:
        return WorkflowEpisode(sample, self._vectors, self._mode, likelihood=self._settings.likelihood)

    def prepare_grading(self, episodes: Sequence[Episode]) -> None:
        """Embeds the sub-tasks of all answers and gold workflows in one batch."""
        texts: list[str] = []
        for episode in episodes:
            if isinstance(episode, WorkflowEpisode):
                texts += episode.texts()
        self._vectors.learn(texts)

    def facts(self, base: Sequence[SampleRecord], compressed: Sequence[SampleRecord]) -> Mapping[str, str]:
        return workflow_facts(base, compressed)

    def _load(self) -> tuple[list[Record], Turns]:
        settings, folder = self._settings, self._context.data_dir
        if folder is None:
            from acbench.tasks.worfbench.pack import pack_demonstrations, pack_records

            shots = 2 if settings.shots is None else settings.shots
            records = pack_records(self._variant, settings.levels, settings.per_level, settings.seed)
            return records, pack_demonstrations(self._variant) if shots else ()
        kept = []
        for record in published_records(folder, self._variant):
            reason = self._exclusion(record)
            if reason:
                self.excluded[record.id] = reason
            else:
                kept.append(record)
        for name, reason in self.excluded.items():
            logger.warning("task %s: record %s is left out: %s", self._slug, name, reason)
        return kept, self._published_demonstrations()

    def _exclusion(self, record: Record) -> str:
        if self._settings.exclude_flagged and record.flags:
            return "; ".join(record.flags)
        fault = gold_fault(record.gold) if self._mode == "corrected" else ""
        return fault and f"its gold text is no workflow ({fault})"

    def _published_demonstrations(self) -> Turns:
        settings, folder = self._settings, self._context.data_dir
        if settings.shots == 0 or folder is None:
            return ()
        lender = settings.demonstrations or self._variant
        found = published_demonstrations(folder, lender)
        wanted = settings.shots is not None or bool(settings.demonstrations)
        if found is None and wanted:
            raise ConfigError(
                f"task {self._slug}: {folder} has no demonstrations for {lender!r} (file few_shot_two.json); set "
                "shots = 0, add them to the file, or name another task's with demonstrations = '...'"
            )
        return found or ()

    def _sample(self, record: Record, demonstrations: Turns) -> Sample:
        messages = build_messages(record, demonstrations)
        text = "\n\n".join(message.content for message in messages)
        default = MAX_TOKENS_PACK if self._context.data_dir is None else MAX_TOKENS
        return Sample(
            id=record.id,
            data={
                "messages": [[message.role, message.content] for message in messages],
                "gold": record.gold,
                "flags": list(record.flags),
                "shots": len(demonstrations) // len(SHOTS),
                "max_tokens": self._settings.max_tokens or default,
            },
            level=record.level or span_of(record.gold),
            cluster=hashlib.sha256(record.user.encode("utf-8", "surrogatepass")).hexdigest()[:12],
            estimated_prompt_tokens=self._context.renderer.count(text),
        )


def span_of(gold: str) -> str:
    """The level of a published record: how many sub-tasks its gold workflow has."""
    count = len((read_workflow(gold) if not gold_fault(gold) else read_published(gold)).nodes)
    return next((name for most, name in SPANS if count <= most), LONGEST_SPAN)


class WorkflowEpisode(SingleTurn):
    """One question. The answer is scored in both modes; the context's mode gives the primary metrics."""

    def __init__(self, sample: Sample, vectors: Vectors, mode: str, *, likelihood: bool) -> None:
        data = sample.data
        prompt = Prompt(
            messages=tuple(Message(role, content) for role, content in data["messages"]),
            sampling=Sampling(max_tokens=data["max_tokens"]),
        )
        super().__init__(prompt, self._graded, gold=data["gold"] if likelihood else "")
        self._data = data
        self._vectors = vectors
        self._mode = mode

    def texts(self) -> list[str]:
        """What grading will compare."""
        reply = self.reply
        answered = reply is not None and reply.finish_reason != TOO_LONG
        return texts_to_embed(reply.text, self._data["gold"]) if reply is not None and answered else []

    def _graded(self, reply: Reply) -> Grade:
        own, theirs = self._results(reply.text)
        primary = theirs if self._mode == "upstream" else own
        channel = primary.channel
        if reply.finish_reason == "length" and channel != CORRECT:
            channel = CUT
        scores = {
            "chain_f1": primary.chain.f1,
            "graph_f1": primary.graph.f1,
            "chain_precision": primary.chain.precision,
            "chain_recall": primary.chain.recall,
            "graph_precision": primary.graph.precision,
            "graph_recall": primary.graph.recall,
            "parsed": float(not primary.reason),
            "chain_f1_upstream": theirs.chain.f1,
            "graph_f1_upstream": theirs.graph.f1,
        }
        return Grade(scores, channel, detail=self._detail(reply.text, primary, theirs))

    def _results(self, text: str) -> tuple[Result, Result]:
        """In corrected and in upstream mode."""
        gold: str = self._data["gold"]
        answer = answer_part(text)
        if answer is None:
            return Result(reason=UNFINISHED), Result(reason=UNFINISHED)
        theirs = score_published(answer, gold, self._vectors)
        if gold_fault(gold):  # only in upstream mode; corrected mode does not ask such records
            return Result(reason="gold"), theirs
        return score_corrected(read_workflow(answer), read_workflow(gold), self._vectors), theirs

    def _detail(self, text: str, primary: Result, theirs: Result) -> Mapping[str, Any]:
        answer, gold = read_prediction(text), read_workflow(self._data["gold"])
        return {
            "reason": primary.reason,
            "nodes": len(answer.nodes),
            "gold_nodes": len(gold.nodes),
            "ends": answer.ends,
            "dropped_edges": answer.dropped,
            "published_scorer_fails": list(theirs.failed),
            "flags": list(self._data["flags"]),
            "shots": self._data["shots"],
        }
