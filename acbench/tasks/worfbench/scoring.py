"""Both scores of one answer in either mode, and the scorer of predictions made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, DataError, did_you_mean
from acbench.tasks.protocol import Scored
from acbench.tasks.worfbench import corrected, published
from acbench.tasks.worfbench.corrected import ZERO, Triple
from acbench.tasks.worfbench.parsing import (
    END,
    START,
    UNFINISHED,
    Workflow,
    answer_part,
    read_published,
    read_workflow,
)
from acbench.tasks.worfbench.vectors import Vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from acbench.embeddings import Embedder
    from acbench.tasks.protocol import Prediction

MODES = ("corrected", "upstream")
CORRECT, PARTIAL, WRONG, UNPARSED = "correct", "partial", "wrong", "unparsed"
GOLD_EXCLUDED = "gold_excluded"
"""Outcome in corrected mode: the gold text is no acyclic workflow, nothing can be scored against it."""
ERROR_CHAIN, ERROR_GRAPH, ERROR_BOTH = "error_chain", "error_graph", "error_both"
"""Outcomes in upstream mode: here the published scorer ends in an error; zeros stand in its place."""


@dataclass(frozen=True, slots=True)
class Result:
    """Both scores; ``failed`` names those on which the published scorer ends in an error."""

    chain: Triple = ZERO
    graph: Triple = ZERO
    reason: str = ""
    failed: tuple[str, ...] = ()

    @property
    def channel(self) -> str:
        if self.reason:
            return UNPARSED
        if self.chain.f1 == 1 and self.graph.f1 == 1:
            return CORRECT
        return PARTIAL if self.chain.f1 or self.graph.f1 else WRONG

    @property
    def outcome(self) -> str:
        """The channel, or which score the published scorer does not deliver."""
        if self.failed:
            return ERROR_BOTH if len(self.failed) > 1 else f"error_{self.failed[0]}"
        return self.channel


def check_mode(mode: str) -> str:
    if mode not in MODES:
        raise ConfigError(f"worfbench: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
    return mode


def read_prediction(text: str) -> Workflow:
    """The corrected reading of a model's answer, its reasoning left out."""
    answer = answer_part(text)
    return Workflow(reason=UNFINISHED) if answer is None else read_workflow(answer)


def gold_fault(gold: str) -> str:
    """Why a gold text cannot be scored against in corrected mode; empty when it can."""
    workflow = read_workflow(gold)
    if workflow.reason:
        return workflow.reason
    return "cyclic" if corrected.is_cyclic(workflow) else ""


def score_corrected(prediction: Workflow, gold: Workflow, vectors: Vectors) -> Result:
    """``gold`` must be parsed and without a cycle."""
    if not prediction.parsed:
        return Result(reason=prediction.reason)
    matching = corrected.match_nodes(vectors.cosines(prediction.nodes, gold.nodes))
    chain = corrected.chain_score(prediction, gold, matching)
    return Result(chain, corrected.graph_score(prediction, gold, matching))


def score_published(prediction: str, gold: str, vectors: Vectors) -> Result:
    """Never raises; what makes the published scorer fail scores zero and is named in ``failed``."""
    ours, theirs = read_published(prediction), read_published(gold)
    if not ours.parsed:
        return Result(reason=ours.reason)
    if not theirs.parsed:
        return Result(failed=("chain", "graph"))
    chain = published.chain_score(ours, theirs, vectors)
    graph = published.graph_score(ours, theirs, vectors)
    failed = tuple(name for name, found in (("chain", chain), ("graph", graph)) if found is None)
    return Result(chain or ZERO, graph or ZERO, failed=failed)


def texts_to_embed(prediction: str, gold: str, modes: Iterable[str] = MODES) -> list[str]:
    """Every node text that scoring this pair compares; nothing for an answer that is not read."""
    texts: list[str] = []
    if "corrected" in modes:
        ours, theirs = read_prediction(prediction), read_workflow(gold)
        texts += [*ours.nodes, *theirs.nodes] if ours.parsed else []
    if "upstream" in modes:
        ours, theirs = read_published(answer_part(prediction) or prediction), read_published(gold)
        texts += [START, END, *ours.nodes, *theirs.nodes] if ours.parsed else []
    return texts


def gold_text(gold: Any, record: str) -> str:
    """The gold answer of an upstream record, or of the text alone. Raises DataError naming the field."""
    if isinstance(gold, str):
        return gold
    if not isinstance(gold, Mapping):
        raise _bad(record, "gold", f"must be the gold text or the record, not {type(gold).__name__}")
    messages = gold.get("conversations")
    if not isinstance(messages, list) or not messages:
        raise _bad(record, "gold.conversations", "must be a list of chat messages")
    last = messages[-1]
    if not isinstance(last, Mapping) or last.get("role") != "assistant":
        raise _bad(record, f"gold.conversations[{len(messages) - 1}]", "must be the assistant's message")
    content = last.get("content")
    if not isinstance(content, str):
        raise _bad(record, f"gold.conversations[{len(messages) - 1}].content", "must be text")
    return content


def _bad(record: str, field: str, why: str) -> DataError:
    return DataError(f"worfbench: record {record!r}: {field} {why}")


class WorkflowScorer:
    """Scores lines of `acbench score`: ``chain`` and ``graph``, each with precision, recall and f1 (0..1).

    Outcomes: correct, partial, wrong, unparsed; in corrected mode also gold_excluded (no scores), in upstream mode
    error_chain, error_graph and error_both. Upstream mode reads the text as it stands, reasoning included.
    """

    def __init__(self, mode: str, embedder: Callable[[], Embedder]) -> None:
        self._mode = check_mode(mode)
        self._vectors = Vectors(embedder)

    def prepare(self, lines: Sequence[Prediction]) -> None:
        texts: list[str] = []
        for line in lines:
            try:
                texts += texts_to_embed(_text(line), gold_text(line.gold, line.id), (self._mode,))
            except DataError:
                continue  # `score` says so
        self._vectors.learn(texts)

    def score(self, line: Prediction) -> Scored:
        gold, text = gold_text(line.gold, line.id), _text(line)
        if self._mode == "upstream":
            found = score_published(text, gold, self._vectors)
        elif gold_fault(gold):
            return Scored(line.id, {}, GOLD_EXCLUDED)
        else:
            found = score_corrected(read_prediction(text), read_workflow(gold), self._vectors)
        return Scored(
            line.id, {"chain": found.chain._asdict(), "graph": found.graph._asdict()}, found.outcome
        )


def _text(line: Prediction) -> str:
    if not isinstance(line.prediction, str):
        raise _bad(line.id, "prediction", "must be text")
    return line.prediction
