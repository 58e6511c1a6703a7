"""Moves a channel scale out of an input into whatever produces it; the float function stays the same.

(x / s) (W diag(s))' = x W' (specification of compression, section 3.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from acbench.compress.families import Fold
    from acbench.compress.methods import Block


def fold(block: Block, place: Fold, scale: torch.Tensor) -> torch.Tensor:
    """Divides the producer's output by ``scale`` [I] and multiplies the consumers' columns; returns the scale used.

    The weight of a norm is stored in 16 bits: the scale is corrected so that it matches the rounded
    weight exactly, and nothing of the function is lost to that rounding.
    """
    producer = block.module.get_submodule(place.producer)
    if place.kind == "linear":
        rows = block.weight(place.producer).clone()
        part = slice(rows.shape[0] // 2, None) if place.half else slice(None)
        rows[part] /= scale[:, None]
        block.replace(place.producer, rows)
    else:
        plus = 1.0 if place.kind == "norm+1" else 0.0
        old = producer.weight.data.float() + plus
        stored = (old / scale - plus).to(block.dtype)
        new = stored.float() + plus
        kept = (old.abs() > 0) & (new.abs() > 0)
        scale = scale.where(~kept, old / new.where(kept, new.new_ones(())))
        producer.weight.data = stored.to(producer.weight.dtype)
        block.changed[f"{place.producer}.weight"] = stored
    if getattr(producer, "bias", None) is not None:
        bias = producer.bias.data.float().clone()
        part = slice(bias.shape[0] // 2, None) if place.half else slice(None)
        bias[part] /= scale
        producer.bias.data = bias.to(producer.bias.dtype)
        block.changed[f"{place.producer}.bias"] = bias.to(block.dtype)
    for name in place.consumers:
        block.replace(name, block.weight(name) * scale)
    return scale
