"""Decode policies: what is dropped while tokens are generated (specification of KV-cache compression, section 3).

n tokens are stored, the newest included; the first P are the prompt's. The step under way has seen all of them;
what is kept is there for the next step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from acbench.kv import scores

if TYPE_CHECKING:
    from acbench.kv.settings import KVSettings


@dataclass(frozen=True, slots=True)
class Schedule:
    """The decode window in tokens: constant for ``slide``, growing from R by one every ``delta`` steps otherwise."""

    window: int
    recent: int
    delta: int
    grows: bool

    def at(self, step: int) -> int:
        """W at a step (0: the first generated token's own pass)."""
        return self.recent + step // self.delta if self.grows else self.window


def schedule(settings: KVSettings, max_new_tokens: int) -> Schedule:
    """The window's course for an answer of up to ``max_new_tokens``."""
    window, recent = settings.growing_window
    delta = settings.delta or max(1, (max_new_tokens - recent) // max(1, window - recent))
    return Schedule(window, recent, delta, settings.decode in ("adaptive", "discontinuous"))


@dataclass(slots=True)
class DecodeState:
    """One layer, one sequence. ``prompt``: tokens P of the prompt that the layer stored; ``budget``: its C."""

    settings: KVSettings
    course: Schedule
    prompt: int
    budget: int
    step: int = 0
    average: Any = field(default=None)
    """Moving average of attention [B, Hk, n], beside the stored tokens."""

    def keep(self, queries: torch.Tensor, keys: torch.Tensor, scaling: float) -> torch.Tensor | None:
        """Positions [B, Hk, m] among the stored to keep after this step, ascending, or None for all.

        ``queries`` [B, Hq, 1, D] of this step, ``keys`` [B, Hk, n, D] stored, this step's token last.
        """
        if self.settings.decode == "none":
            return None
        protected, limit, recent = self._shares()
        stored = keys.shape[2]
        drops = stored > limit and not self._pauses()
        self.step += 1
        ranked = limit - protected - recent
        row = None
        if self.settings.score_decay or (drops and ranked):
            weights = scores.attention(queries, keys, scaling, stored - 1)[..., 0, :]
            row = self._averaged(scores.over_group(weights, self.settings.reduce))
        if not drops:
            return None
        everywhere = keys.shape[:2]
        parts = [torch.arange(protected, device=keys.device).expand(*everywhere, -1)]
        if row is not None and ranked:
            parts.append(protected + scores.top_positions(row[..., protected : stored - recent], ranked))
        parts.append(torch.arange(stored - recent, stored, device=keys.device).expand(*everywhere, -1))
        kept = torch.cat(parts, dim=-1)
        if self.average is not None:
            self.average = self.average.gather(-1, kept)
        return kept

    def _shares(self) -> tuple[int, int, int]:
        """(tokens at the front that stay, all tokens that stay, tokens at the end that stay) at this step."""
        settings = self.settings
        if settings.decode == "streamingllm":
            limit = self.budget + (settings.decode_window or 0)
            recent = limit - settings.sinks if settings.recent is None else settings.recent
            recent = max(1, min(recent, limit))
            return limit - recent, limit, recent
        if settings.decode == "h2o":
            limit = self.budget + self.course.window
            return 0, limit, min(self.course.recent, limit)
        return self.prompt, self.prompt + self.course.at(self.step), self.course.recent

    def _pauses(self) -> bool:
        return self.settings.decode == "discontinuous" and self.step % self.course.delta != 0

    def _averaged(self, row: torch.Tensor) -> torch.Tensor:
        decay = self.settings.score_decay
        if not decay:
            return row
        past = row.new_zeros((*row.shape[:2], 0)) if self.average is None else self.average
        past = torch.nn.functional.pad(past, (0, row.shape[-1] - past.shape[-1]))
        self.average = decay * past + (1 - decay) * row
        return self.average
