"""Prefill policies: which tokens of the prompt a layer keeps (specification of KV-cache compression, section 2).

A policy is a stateless object of one setting; everything about the layer and the prompt is an argument. A prompt
within its budget is stored whole.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from acbench.kv import scores
from acbench.kv.settings import prompt_window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from acbench.kv.settings import KVSettings


@dataclass(frozen=True, slots=True)
class Place:
    """Which of the layers with full attention this is: ``index`` 0 .. ``count`` - 1."""

    index: int
    count: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a layer computed for the prompt: queries [B, Hq, T, D] and keys [B, Hk, T, D] after rotary embedding."""

    queries: torch.Tensor
    keys: torch.Tensor
    scaling: float

    @property
    def length(self) -> int:
        return int(self.keys.shape[2])


@dataclass(frozen=True, slots=True)
class PrefillPolicy:
    """Chooses once, after attention over the whole prompt was computed with all keys."""

    settings: KVSettings

    def window(self, length: int) -> int:
        """Last tokens of a prompt that are always kept; never more than the budget."""
        budget = self.settings.budget_tokens(length)
        return min(prompt_window(self.settings, budget), budget)

    def layer_budget(self, place: Place, length: int) -> int:
        """Tokens of a prompt of ``length`` that this layer may store, window included."""
        settings = self.settings
        budget = settings.budget_tokens(length)
        if settings.policy == "l2norm" and place.index < settings.skip_layers:
            return length
        if settings.policy != "pyramidkv" or length < budget:
            return budget
        window = self.window(length)
        counts = pyramid(
            budget - window, length, window, layers=place.count, beta=settings.beta, compat=settings.compat
        )
        return counts[place.index] + window

    def keep(self, place: Place, seen: Seen) -> torch.Tensor | None:
        """Positions [B, Hk, m] to keep, ascending, or None for all."""
        settings, length = self.settings, seen.length
        stored = self.layer_budget(place, length)
        if settings.policy == "full" or length <= stored:
            return None
        window = self.window(length)
        everywhere = seen.keys.shape[:2]
        recent = torch.arange(length - window, length, device=seen.keys.device).expand(*everywhere, -1)
        if settings.policy == "streamingllm":
            chosen = torch.arange(stored - window, device=seen.keys.device).expand(*everywhere, -1)
        else:
            ranked = SCORES[settings.policy](self, place, seen)[..., : length - window]
            chosen = scores.top_positions(ranked, stored - window)
        return torch.cat([chosen, recent], dim=-1)


# -- scores of each token, [B, Hk, T or less]; higher stays ----------------------------------------------


def _by_window(policy: PrefillPolicy, _: Place, seen: Seen) -> torch.Tensor:
    settings = policy.settings
    summed = scores.window_scores(seen.queries, seen.keys, seen.scaling, policy.window(seen.length))
    return scores.pooled(scores.over_group(summed, settings.reduce), settings.pool, settings.kernel)


def _by_columns(policy: PrefillPolicy, _: Place, seen: Seen) -> torch.Tensor:
    sums = scores.column_sums(seen.queries, seen.keys, seen.scaling)
    return scores.over_group(sums, policy.settings.reduce)


def _by_column_means(policy: PrefillPolicy, place: Place, seen: Seen) -> torch.Tensor:
    """Early tokens are seen by more queries; dividing by that number takes most of this advantage away (not all:
    the first queries have few tokens to divide their attention among)."""
    seen_by = torch.arange(seen.length, 0, -1, device=seen.keys.device)
    return _by_columns(policy, place, seen) / seen_by


def _by_small_norm(_: PrefillPolicy, __: Place, seen: Seen) -> torch.Tensor:
    return -seen.keys.float().norm(dim=-1)


def _at_random(policy: PrefillPolicy, place: Place, seen: Seen) -> torch.Tensor:
    """Follows from seed, layer and length alone: a prompt loses the same tokens in any order of requests."""
    name = f"{policy.settings.seed}/{place.index}/{seen.length}"
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return torch.rand(seen.keys.shape[:3], generator=generator).to(seen.keys.device)


SCORES: Mapping[str, Callable[[PrefillPolicy, Place, Seen], torch.Tensor]] = {
    "snapkv": _by_window,
    "pyramidkv": _by_window,
    "h2o": _by_columns,
    "h2o_mean": _by_column_means,
    "l2norm": _by_small_norm,
    "random": _at_random,
}


def pyramid(
    mean: int, length: int, window: int, *, layers: int, beta: int = 20, compat: bool = False
) -> tuple[int, ...]:
    """Past tokens that each layer selects, falling along a straight line around ``mean`` = C - w.

    ``length``: prompt tokens T. ``compat`` steps by a floor division, as published, and so selects more than
    ``layers * mean`` in total; otherwise the line is rounded by largest remainders and the sum is exact.
    """
    past = length - window
    if length < 2 * mean or layers == 1:
        return (mean,) * layers
    low = mean // beta
    high = 2 * mean - low
    if high >= past:
        high, low = past, 2 * mean - past
    steps = layers - 1
    if compat:
        return tuple(high - i * ((high - low) // steps) for i in range(layers))
    line = [high * steps - i * (high - low) for i in range(layers)]  # in units of 1 / steps
    counts = [value // steps for value in line]
    missing = layers * mean - sum(counts)
    for i in sorted(range(layers), key=lambda i: (-(line[i] % steps), i))[:missing]:
        counts[i] += 1
    return tuple(counts)
