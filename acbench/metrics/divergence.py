"""Distances between two next-token distributions, from log-probabilities (specification sections 5.1 and 5.2)."""

from __future__ import annotations

import math

import torch

LN2 = math.log(2.0)


def divergence_terms(
    log_p: torch.Tensor, log_q: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What a block [P, b] of the vocabulary adds to KL(p, q), JS and total variation, each [P] in float64.

    Sums over the blocks of a whole vocabulary are the distances. Ids masked on both sides (-inf) add nothing; an
    id that only q masks makes KL infinite, as it is. Every term has q - p added, which sums to nothing over a
    vocabulary and makes each of them positive: rounding cannot make a distance negative.
    """
    p, q = log_p.exp(), log_q.exp()
    log_m = torch.logaddexp(log_p, log_q) - LN2
    kl = _term(p, log_p, log_q)
    js = _term(p, log_p, log_m) + _term(q, log_q, log_m)
    tv = (p - q).abs()
    return kl.double().sum(-1), 0.5 * js.double().sum(-1), 0.5 * tv.double().sum(-1)


def _term(p: torch.Tensor, log_p: torch.Tensor, log_q: torch.Tensor) -> torch.Tensor:
    """p (ln p - ln q) - p + q, without the cancellation of its parts."""
    gap = log_p - log_q
    return torch.where(p > 0, p * (gap + torch.expm1(-gap)).clamp_min(0.0), log_q.exp())


def _logs(probabilities: torch.Tensor) -> torch.Tensor:
    return probabilities.double().log()


def kl_divergence(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """KL(p, q) = sum p (ln p - ln q) of probabilities [..., V], nats."""
    return divergence_terms(_logs(p), _logs(q))[0]


def jensen_shannon(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """JS(p, q) <= ln 2, nats."""
    return divergence_terms(_logs(p), _logs(q))[1]


def total_variation(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """Half the sum of absolute differences, 0..1."""
    return divergence_terms(_logs(p), _logs(q))[2]
