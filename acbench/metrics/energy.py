"""Energy of a logit vector (the paper's equation 7).

E(z; T) = -T logsumexp(z / T): lower means larger logits. Adding c to all logits changes nothing the model does and
moves E by -c, so two shift-free companions go with it (specification section 3).
"""

from __future__ import annotations

import torch


def energy(logits: torch.Tensor, *, temperature: float = 1.0) -> torch.Tensor:
    """E of logits [..., V], in float64. ValueError unless temperature > 0. +inf where all logits are -inf."""
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")
    return -temperature * torch.logsumexp(logits.double() / temperature, dim=-1)


def energy_top(logits: torch.Tensor, *, temperature: float = 1.0) -> torch.Tensor:
    """E + max z = T ln p_max: free of shifts. At T = 1 the log-probability of the most likely token."""
    return energy(logits, temperature=temperature) + logits.double().amax(-1)


def energy_centred(logits: torch.Tensor, *, temperature: float = 1.0) -> torch.Tensor:
    """E + mean z: free of shifts."""
    return energy(logits, temperature=temperature) + logits.double().mean(-1)
