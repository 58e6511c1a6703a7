"""The exception tree.

    AcbenchError
    ├── ConfigError             a file, an option or a name the user gave
    ├── DataError               task data: missing, malformed, or different from what was recorded
    │   └── PromptDrift         base and compressed model were not asked the same thing
    ├── ModelError              a model that cannot be found, fetched or read
    ├── CompressionError        a checkpoint could not be built or does not hold what it claims
    ├── EngineError             trouble while serving
    │   ├── EngineStartError    the engine never came up
    │   ├── EngineDied          the engine's process ended while it had work
    │   ├── EngineTimeout       no answer within the deadline
    │   ├── OutOfMemory         the engine or the machine ran out of memory
    │   ├── Unsupported         this engine on this device cannot serve this checkpoint
    │   └── MisServed           the engine serves something else than the checkpoint holds
    ├── EnvironmentDied         the environment of one episode ended: that episode has no score
    └── StoreError              the artefact store
        ├── LockTimeout         another process holds a key for too long
        └── CorruptArtifact     something in the store is not what its key says

None of these is ever turned into a score: a case that raises one is *broken*, not worse.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class AcbenchError(Exception):
    """Anything ACBench itself reports; the message says what was tried and what to do next."""


class ConfigError(AcbenchError):
    """A wrong configuration: the message names file, key and the nearest valid name."""


class DataError(AcbenchError):
    """Task data that is missing or malformed: the message names file, record and field."""


class PromptDrift(DataError):
    """Base and compressed model would be compared on different prompts."""


class ModelError(AcbenchError):
    """A model that cannot be found, fetched or read."""


class CompressionError(AcbenchError):
    """A checkpoint that could not be built, or that does not hold what its recipe says."""


class EngineError(AcbenchError):
    """Trouble while serving. ``log_tail`` holds the last lines of the engine's log."""

    def __init__(self, message: str, *, log_tail: str = "") -> None:
        super().__init__(message if not log_tail else f"{message}\n--- engine log ---\n{log_tail}")
        self.log_tail = log_tail


class EngineStartError(EngineError):
    """The engine did not come up."""


class EngineDied(EngineError):
    """The engine's process ended while it still had work."""


class EngineTimeout(EngineError):
    """The engine gave no sign of life within its deadline."""


class EnvironmentDied(AcbenchError):
    """The environment of an episode ended or no longer answers: that episode is broken, others go on."""


class OutOfMemory(EngineError):
    """Not enough memory for the engine."""


class Unsupported(EngineError):
    """The engine on this device cannot serve this kind of checkpoint."""


class MisServed(EngineError):
    """The engine loads a checkpoint and serves something else than it holds."""


class StoreError(AcbenchError):
    """The artefact store cannot be read or written."""


class LockTimeout(StoreError):
    """Another process holds the lock of a key for longer than allowed."""


class CorruptArtifact(StoreError):
    """An artefact in the store is not what its key says."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Gives the tail of an error message: the nearest valid names, or all of them when few."""
    known = sorted(valid)
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(n) for n in near)}?"
    if not known:
        return "there are none."
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"valid names: {shown}"
