"""Sorts what an engine raises into our exception tree, by what the messages say.

The phrases were observed with vLLM 0.32 (docs/engines.md lists them); an unknown one stays an
EngineStartError with the engine's own words and the tail of its log.
"""

from __future__ import annotations

from acbench import errors

PHRASES: tuple[tuple[str, str], ...] = (
    ("available memory on node", "OutOfMemory"),
    ("out of memory", "OutOfMemory"),
    ("cannot allocate memory", "OutOfMemory"),
    ("is less than desired", "OutOfMemory"),
    ("unknown quantization method", "Unsupported"),
    ("failed to find a kernel", "Unsupported"),
    ("unsupported quantization", "Unsupported"),
    ("no longer supported", "Unsupported"),
    ("not implemented for", "Unsupported"),
    ("no scaledmm kernel", "Unsupported"),
    ("marlin does not support", "Unsupported"),
    ("sparsity support has been removed", "Unsupported"),
)


def classify(error: BaseException) -> str:
    """Name of the class in acbench.errors that fits best."""
    if isinstance(error, MemoryError):
        return "OutOfMemory"
    if isinstance(error, errors.AcbenchError):
        return type(error).__name__
    text = str(error).lower()
    return next((kind for phrase, kind in PHRASES if phrase in text), "EngineStartError")


def revive(kind: str, message: str, log_tail: str) -> errors.EngineError:
    """The exception a ``failed`` message stands for."""
    cls = getattr(errors, kind, errors.EngineStartError)
    if not (isinstance(cls, type) and issubclass(cls, errors.EngineError)):
        cls, message = errors.EngineStartError, f"{kind}: {message}"
    return cls(message, log_tail=log_tail)
