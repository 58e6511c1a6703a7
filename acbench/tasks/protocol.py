"""The task seam: single-turn, multi-turn and log-likelihood tasks behind one small interface.

Everything is an *episode*: it asks prompts and is told replies until it has nothing to ask, then it
grades itself. A single-turn task asks once. A log-likelihood task asks with ``continuation`` set.
A multi-turn task steps its environment inside ``tell``. Because an episode is a deterministic
function of the sample and of the replies it was told, a stored transcript can be replayed into a
fresh episode: that is how a killed run resumes and how saved predictions are scored again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from acbench.engines.protocol import Sampling
from acbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from acbench.embeddings import Embedder


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to ask: chat ``messages`` (rendered with the model's own template) or raw ``text``.

    ``prefill`` is the beginning of the assistant's answer that the model must continue.
    With ``continuation`` the engine scores that text behind the prompt instead of generating.
    """

    messages: tuple[Message, ...] = ()
    text: str = ""
    prefill: str = ""
    continuation: str = ""
    sampling: Sampling = Sampling()


TOO_LONG = "too_long"
"""Finish reason of a reply that was never asked for: prompt and answer do not fit the window."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. ``finish_reason``: ``stop``, ``length``, ``scored`` or ``too_long``."""

    text: str = ""
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    output_tokens: int = 0
    logprobs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Grade:
    """The judgement of one finished episode.

    ``scores`` holds the task's metrics by name, or nothing when ``state`` is not ``ok``: a prompt that
    did not fit the window has no score, it is not a zero. ``channel`` is one name out of the task's closed
    set of outcomes (``correct`` and the kinds of error), so that the shares add to 100 %.
    """

    scores: Mapping[str, float]
    channel: str
    state: str = "ok"  # ok | too_long | not_run
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One item of a task's data. ``data`` is JSON-serialisable and holds all the episode needs."""

    id: str
    data: Mapping[str, Any]
    level: str = ""
    cluster: str = ""
    """Samples that share a document or a problem share a cluster; intervals respect that."""
    estimated_prompt_tokens: int = 0
    estimated_turns: int = 1


class Renderer(Protocol):
    """A model's tokenizer and chat template."""

    def count(self, text: str) -> int:
        """Number of tokens of plain text, without special tokens."""
        ...

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span of every token of plain text, without special tokens."""
        ...

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        """Token ids of the whole prompt (template, prefill; not the continuation)."""
        ...


def no_embedder(_spec: str) -> Embedder:
    """The embedders of a context that has none: only tasks that compare texts by meaning ask for one."""
    raise ConfigError("this task compares texts by meaning and was opened without an embedding model")


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task is opened with."""

    renderer: Renderer
    window_tokens: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The task's settings from the catalogue and the profile; unknown keys are a ConfigError."""
    data_dir: Path | None = None
    """A folder with the user's upstream data; None = the embedded pack."""
    mode: str = "corrected"  # corrected | upstream
    embedders: Callable[[str], Embedder] = no_embedder
    """Opens the embedding model of a setting: ``auto``, a hub id or a folder (acbench.embeddings)."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a task. ``binary`` metrics are compared with McNemar, others with the bootstrap."""

    name: str
    title: str
    unit: str = "share"  # share (0..1), nats or points
    binary: bool = False
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class TaskInfo:
    slug: str
    title: str
    capability: str
    version: int
    """Raise it whenever a prompt, a sample or an environment changes: it is part of every key."""
    metrics: tuple[Metric, ...]
    """The first one is the primary metric: the one that is judged."""
    channels: tuple[str, ...]
    kind: str = "single"  # single | rollout | likelihood
    licence: str = "Apache-2.0"
    origin: str = "generated by ACBench"
    generation: str = ""
    """Tasks that ask the same prompts of the same samples and read the answers differently name the same
    generation here and share the answers; empty means the slug."""


class Episode(Protocol):
    def ask(self) -> Prompt | None:
        """The next prompt, or None when the episode is over. Calling it twice changes nothing."""
        ...

    def tell(self, reply: Reply) -> None:
        """Feeds the answer to the last prompt; a multi-turn episode steps its environment here."""
        ...

    def grade(self) -> Grade:
        """The judgement; only after ``ask`` returned None."""
        ...


class Task(Protocol):
    """A benchmark. Three more members are optional: ``prepare_grading(episodes)`` is called once, before the
    finished episodes of a run are graded (texts to embed go to the model in one batch), and ``scoring``
    (a mapping of names to values) says what scored the answers: it is part of every result; and
    ``facts(base_records, compressed_records)`` gives further findings of a comparison as text, by name."""

    @property
    def info(self) -> TaskInfo: ...

    def samples(self) -> Sequence[Sample]:
        """All samples for the context's settings, in a stable order; seeded, no clock, no network."""
        ...

    def open(self, sample: Sample) -> Episode:
        """A fresh episode for one sample."""
        ...


@dataclass(frozen=True, slots=True)
class Prediction:
    """One line of `acbench score`: a prediction that came from elsewhere, with its gold."""

    id: str
    gold: Any
    prediction: str


@dataclass(frozen=True, slots=True)
class Scored:
    """One line out of `acbench score`. ``scores`` may be nested one level (``chain.f1``).

    ``detail``: further fields of the line, plain JSON, such as what a reply was read as.
    """

    id: str
    scores: Mapping[str, Any]
    outcome: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class PredictionScorer(Protocol):
    """Scores predictions made elsewhere, in the mode it was opened with."""

    def prepare(self, lines: Sequence[Prediction]) -> None:
        """Called with a batch of lines before they are scored; never raises for a malformed line."""
        ...

    def score(self, line: Prediction) -> Scored:
        """Raises DataError naming the field when ``gold`` is malformed."""
        ...
