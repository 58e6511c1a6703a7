"""What a scorer says about one answer, and the words for how the answer could be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

OK, REPAIRED, UNPARSED, CUT, UPSTREAM_ERROR = "ok", "repaired", "unparsed", "cut", "upstream_error"
OUTCOMES = (OK, REPAIRED, UNPARSED, CUT, UPSTREAM_ERROR)
"""``ok``: read as asked for. ``repaired``: read after leaving something out or loading it in a lenient way.
``unparsed``: no answer in the text. ``cut``: unparsed, and generation stopped at the token limit.
``upstream_error``: the published scorer would stop with an exception here; zeros."""
MODES = ("corrected", "upstream")


@dataclass(frozen=True, slots=True)
class Marks:
    """``scores``: 0..1 each, under the published scorer's names. ``outcome``: one of OUTCOMES."""

    scores: Mapping[str, float]
    outcome: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def check_mode(mode: str) -> str:
    """Raises ConfigError for anything but ``corrected`` and ``upstream``."""
    if mode not in MODES:
        raise ConfigError(f"t-eval: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
    return mode
