"""The seam between what asks (tasks, rollouts) and what answers (engines).

An engine takes token ids and gives token ids: prompts are rendered by us, once, so that text and
tokens cannot drift apart between base and compressed model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to decode. Greedy by default; ``seed`` is used when ``temperature`` > 0."""

    max_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    min_tokens: int = 0
    """No stop, of any kind, before this many tokens."""
    logprobs: bool = False
    """Return the natural-log probability of each generated token."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask. With ``score_from`` nothing is generated: the engine returns the
    log-probabilities of ``token_ids[score_from:]`` given what precedes each of them."""

    id: str
    token_ids: tuple[int, ...]
    sampling: Sampling = Sampling()
    score_from: int | None = None
    top: int = 0
    """1: for each scored position also the token the model finds most probable there."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer to one request. ``finish_reason``: ``stop``, ``length``, ``scored`` or ``error``."""

    id: str
    text: str = ""
    token_ids: tuple[int, ...] = ()
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    logprobs: tuple[float, ...] = ()
    """Natural log, one per generated or scored token; empty when not asked for."""
    error: str = ""
    top_ids: tuple[int, ...] = ()
    """The most probable token at each scored position; empty unless the request's ``top`` was 1."""
    stats: Mapping[str, float] = field(default_factory=dict)
    """What the engine measured for this request, e.g. sizes of a compressed cache; empty for most engines."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Everything about an engine that can change a token, apart from the checkpoint."""

    backend: str = "vllm"
    dtype: str = "bfloat16"
    window_tokens: int = 4096
    max_num_seqs: int = 64
    max_num_batched_tokens: int = 4096
    kv_cache_mib: int = 1024
    kv_cache_dtype: str = "auto"
    block_tokens: int = 32
    prefix_caching: bool = True
    tensor_parallel: int = 1
    threads: int = 1
    """OpenMP threads of a CPU engine. One is fastest on shared cores; use more workers instead."""
    seed: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Settings of one backend only, for example ``base_url`` of the openai backend."""


@dataclass(frozen=True, slots=True)
class EngineIdentity:
    """Who answered: stored with every evaluation. ``versions``: package -> version."""

    backend: str
    device: str
    versions: Mapping[str, str]
    threads: int = 1


class Engine(Protocol):
    """A running engine. Not thread-safe: one thread drives it."""

    @property
    def identity(self) -> EngineIdentity: ...

    def submit(self, requests: Sequence[Request]) -> None:
        """Queues requests; ids must be unique for the engine's life. Returns at once."""
        ...

    def poll(self, timeout_s: float | None = None) -> list[Completion]:
        """Waits until at least one request has finished and returns all that have.

        Returns an empty list when nothing is pending or when ``timeout_s`` passes.
        Raises EngineDied or EngineTimeout; whatever was returned before is not lost.
        """
        ...

    def close(self) -> None:
        """Ends the engine and frees its memory. Idempotent."""
        ...
