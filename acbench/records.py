"""What is stored and reported: sample records, comparisons, verdicts and case results.

Plain frozen dataclasses that go to JSON and back. ``reports`` reads these and computes no score.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from acbench.cases import BASE, Case

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 1

Outcome = Literal["pass", "fail", "inconclusive"]
Gate = Literal["gate", "report"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer as they were exchanged with the engine.

    A model that thinks is asked twice for one answer: first for its thought, a turn of its own in the journal, then
    for the answer. In a sample's record the thought belongs to the answer's turn.
    """

    prompt_hash: str
    text: str
    finish_reason: str
    prompt_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    logprobs: tuple[float, ...] = ()
    budget: int = 0
    """Of a thought: the tokens it was granted. 0: an answer, or a thought there was no room for."""
    stats: Mapping[str, float] = field(default_factory=dict)
    """What the engine measured for this request (``Completion.stats``)."""
    thought: Turn | None = None
    """The thought before this answer; None for models that do not think, and in the journal."""

    @property
    def first_hash(self) -> str:
        """The hash of what was asked before the model had said anything in this turn."""
        return self.requests[0].prompt_hash

    @property
    def requests(self) -> tuple[Turn, ...]:
        """Everything the engine was asked for this turn, in order."""
        return (self.thought, self) if self.thought is not None and self.thought.budget else (self,)

    def to_line(self) -> dict[str, Any]:
        """As it stands in a journal: fields younger than the first journals only where they say something."""
        line = asdict(replace(self, thought=None))
        del line["thought"]
        for name in ("budget", "stats"):
            if not line[name]:
                del line[name]
        return line


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """One sample's transcript and grade. ``data_hash``: of the sample itself, whatever model it was rendered for."""

    sample: str
    level: str
    cluster: str
    turns: tuple[Turn, ...]
    scores: Mapping[str, float]
    channel: str
    state: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    data_hash: str = ""

    @property
    def text(self) -> str:
        return "\n".join(turn.text for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Base against compressed on one metric, sample by sample on identical prompts.

    ``difference`` = compressed minus base, ``low``/``high`` its interval at ``confidence``; in the
    metric's unit. ``mde``: the smallest loss this many samples can tell from none (power 0.8).
    ``samples_needed``: an estimate of the samples that would decide an inconclusive verdict; None if
    no number would (the difference sits on the margin) or none is needed.
    """

    metric: str
    title: str
    unit: str
    n: int
    excluded: int
    base: float
    compressed: float
    difference: float
    low: float
    high: float
    confidence: float
    test: str
    p_value: float
    worse: int
    better: int
    mde: float
    samples_needed: int | None = None
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """``gate`` is ``report`` where the thresholds file marks the case report-only, with its reason."""

    outcome: Outcome
    gate: Gate
    margin: float
    confidence: float
    reason: str
    threshold_reason: str = ""
    threshold_source: str = ""


@dataclass(frozen=True, slots=True)
class LevelRow:
    level: str
    n: int
    base: float
    compressed: float


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """Share (0..1) of samples that ended in this channel; over all rows each column adds to 1."""

    channel: str
    base: float
    compressed: float


@dataclass(frozen=True, slots=True)
class Flip:
    """A sample whose primary score changed."""

    sample: str
    level: str
    base: float
    compressed: float
    base_channel: str
    compressed_channel: str
    base_text: str
    compressed_text: str


@dataclass(frozen=True, slots=True)
class Noise:
    """Base against itself under another batch shape: what changes without any compression."""

    n: int
    changed_scores: int
    changed_texts: int
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Everything a report says about one judged case. Of a noise floor (``base``, ``kv-full``) the two sides
    are a model as it is served and its own repetition under another batch shape."""

    id: str
    model: str
    compression: str
    task: str
    task_title: str
    method: str
    capability: str
    verdict: Verdict
    primary: Comparison
    secondary: tuple[Comparison, ...] = ()
    levels: tuple[LevelRow, ...] = ()
    channels: tuple[ChannelRow, ...] = ()
    noise: Noise | None = None
    flips: tuple[Flip, ...] = ()
    texts_changed: int = 0
    sample_prompt: str = ""
    checkpoint: Mapping[str, Any] = field(default_factory=dict)
    """From ``acbench.json``: bits_per_weight, bytes, sparsity, seconds, peak_memory_mib, served_as ..."""
    engine: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    scoring: Mapping[str, str] = field(default_factory=dict)
    """What scored the answers: ``mode`` and, where texts are compared by meaning, ``embedder``."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Further findings of this comparison as text, by name; what they are is the task's choice."""
    family: str = ""
    """The benchmark this task is one part of; group means are taken over its tasks."""
    pairs: Mapping[str, tuple[tuple[str, float, float], ...]] = field(default_factory=dict)
    """Metric -> (cluster, base, compressed) sample by sample: group means over tasks are resampled from it."""
    cells: tuple[Mapping[str, Any], ...] = ()
    """Per-sample coordinates and both scores for figures, e.g. length and depth of a needle cell."""
    analysis: Mapping[str, Any] = field(default_factory=dict)
    """Of the tasks ``erank``, ``top-k`` and ``energy``: protocol, numbers and series (acbench.analysis.summary)."""
    rollout: Mapping[str, Any] = field(default_factory=dict)
    """Of multi-turn tasks: progress by turn, easy and hard half, errors, changed episodes (acbench.rollouts)."""
    reference: str = ""
    """Id of the case it is judged against; empty: the same model's ``base`` on the same task."""
    schema: int = SCHEMA

    @property
    def reference_case(self) -> Case:
        """The case on the other side of every comparison here."""
        if not self.reference:
            return Case(self.model, BASE, self.task)
        model, compression, task = self.reference.split(":")
        return Case(model, compression, task)

    @property
    def is_noise_floor(self) -> bool:
        """Whether it is judged against its own repetition, so that nothing was compressed between its sides."""
        return self.reference_case == Case(self.model, self.compression, self.task)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def case_result_from_json(data: Mapping[str, Any]) -> CaseResult:
    """Reads what ``to_json`` wrote. Raises ValueError for another schema version."""
    if data.get("schema") != SCHEMA:
        raise ValueError(f"case result has schema {data.get('schema')!r}, this version reads {SCHEMA}")
    plain = dict(data)
    plain["verdict"] = Verdict(**plain["verdict"])
    plain["primary"] = Comparison(**plain["primary"])
    plain["secondary"] = tuple(Comparison(**c) for c in plain["secondary"])
    plain["levels"] = tuple(LevelRow(**r) for r in plain["levels"])
    plain["channels"] = tuple(ChannelRow(**r) for r in plain["channels"])
    plain["noise"] = Noise(**plain["noise"]) if plain["noise"] else None
    plain["flips"] = tuple(Flip(**f) for f in plain["flips"])
    plain["cells"] = tuple(plain["cells"])
    plain["pairs"] = {
        metric: tuple((str(cluster), float(base), float(other)) for cluster, base, other in rows)
        for metric, rows in plain["pairs"].items()
    }
    return CaseResult(**plain)
