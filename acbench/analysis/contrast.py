"""Job: a variant's pass over the texts, compared with the stored pass of its base, position by position.

One text at a time and one block of the vocabulary at a time, two rounds over the vocabulary: the first finds the
normalisers, the energies, the top ids and the Gram matrices of the logits, the second what needs normalised
probabilities. Memory above the two models' hidden states is a dozen blocks and two T x T matrices.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from acbench.analysis import forward as passes
from acbench.errors import DataError
from acbench.metrics import ranking
from acbench.metrics.divergence import divergence_terms
from acbench.metrics.representation import linear_cka
from acbench.metrics.samples import KS
from acbench.metrics.spectra import TokenGram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from acbench.analysis.forward import Forward

DEEPEST = max(KS)
RANK_ROWS = 64
"""Positions whose pairs of ranks are compared at a time: 100 x 100 values each."""
KEEP_BYTES = 512 * 2**20
"""Logits of a text are kept between the rounds up to this size for both models, and made again beyond it."""


@dataclass
class Side:
    """What the first round finds of one model on one text."""

    logsumexp: torch.Tensor
    mean: torch.Tensor
    values: torch.Tensor
    ids: torch.Tensor
    expected: torch.Tensor
    gram: TokenGram
    cut_ties: dict[int, int] = field(default_factory=dict)


def contrast(
    base: Forward, variant: Forward, samples: Sequence[Sequence[int]]
) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays [N, T] by name (see ``_rows``), [N] and [L + 1] ones for texts and layers. Names: base's end in ``_b``.

    Raises DataError for NaN or infinite logits, naming text and count.
    """
    if not samples:
        raise DataError("no positions: there is no text to compare on")
    size = min(base.head.size(), variant.head.size())
    if max(max(sample) for sample in samples) >= size:
        raise DataError(f"a text has ids beyond the {size} that both vocabularies share")
    found: dict[str, list[Any]] = {}
    for text, sample in enumerate(samples):
        ids = torch.tensor(sample, device=variant.states.device)
        rounds = [_kept(side, text, size) for side in (base, variant)]
        sides = [
            _first_round(blocks, ids, size, f"text {text} of the {name} model")
            for name, blocks in zip(("base", "compressed"), rounds, strict=True)
        ]
        for name, values in _rows(sides, rounds, ids).items():
            found.setdefault(name, []).append(values.double().cpu().numpy())
        for name, side in zip(("logit_b", "logit_v"), sides, strict=True):
            found.setdefault(name, []).append(side.gram.erank().value)
    arrays = {name: np.array(values, dtype=np.float64) for name, values in found.items()}
    layers = zip(base.layers, variant.layers, strict=True)
    return arrays | {
        "cka": np.array([linear_cka(a.to(b), b) for a, b in layers]),
        "hidden_b": base.eranks.numpy(),
        "hidden_v": variant.eranks.numpy(),
        "outliers_b": base.outliers.numpy(),
        "outliers_v": variant.outliers.numpy(),
        "vocabulary": np.array([size, base.head.size(), variant.head.size()]),
    }


def _kept(side: Forward, text: int, size: int) -> Callable[[], Iterator[tuple[int, torch.Tensor]]]:
    """The blocks of a text's logits, for as many rounds as asked."""
    states = side.states[text]
    if 8 * states.shape[0] * size > KEEP_BYTES:
        return lambda: side.head.logits(states, size)
    kept = list(side.head.logits(states, size))
    return lambda: iter(kept)


def _first_round(
    blocks: Callable[[], Iterator[tuple[int, torch.Tensor]]], ids: torch.Tensor, size: int, where: str
) -> Side:
    tokens, device = len(ids), ids.device
    total = torch.full((tokens,), -math.inf, dtype=torch.float64, device=device)
    sums = torch.zeros(tokens, dtype=torch.float64, device=device)
    expected = torch.full((tokens,), math.nan, dtype=torch.float64, device=device)
    values = torch.empty(tokens, 0, device=device)
    tops = torch.empty(tokens, 0, dtype=torch.long, device=device)
    gram = TokenGram(tokens, device=str(device))
    following = torch.roll(ids, -1)
    for start, logits in blocks():
        bad = int((~torch.isfinite(logits)).sum())
        if bad:
            raise DataError(f"{where}: {bad} of {logits.numel()} logits are NaN or infinite")
        total = torch.logaddexp(total, torch.logsumexp(logits, dim=-1).double())
        sums += logits.sum(dim=-1, dtype=torch.float64)
        gram.add(logits)
        width = logits.shape[1]
        best = ranking.top_ids(logits, min(DEEPEST + 1, width))
        values, tops = ranking.ordered(
            torch.cat([values, logits.gather(1, best)], 1), torch.cat([tops, best + start], 1)
        )
        values, tops = values[:, : DEEPEST + 1], tops[:, : DEEPEST + 1]
        here = (following >= start) & (following < start + width)
        expected[here] = logits[here].gather(1, following[here, None] - start)[:, 0].double()
    expected[-1] = math.nan  # nothing follows the last token
    return Side(total, sums / size, values, tops, expected, gram)


def _rows(
    sides: Sequence[Side],
    rounds: Sequence[Callable[[], Iterator[tuple[int, torch.Tensor]]]],
    ids: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """Values [T] by name: what both models say at every position of a text."""
    base, variant = sides
    kl, js, tv, crossed = _second_round(sides, rounds)
    found = {"kl": kl, "js": js, "tv": tv}
    following = torch.roll(ids, -1)
    for name, side in (("b", base), ("v", variant)):
        found[f"energy_{name}"] = -side.logsumexp
        found[f"top_{name}"] = side.values[:, 0].double() - side.logsumexp
        found[f"centred_{name}"] = side.mean - side.logsumexp
        found[f"nll_{name}"] = side.logsumexp - side.expected
        right = (side.ids[:, 0] == following).double()
        right[-1] = math.nan
        found[f"right_{name}"] = right
    lead = [base.values, crossed[1]]  # both models' logits of base's ids
    found["margin_b"], found["margin_v"] = ((x[:, 0] - x[:, 1]).double() for x in lead)
    for k in (k for k in KS if k <= base.ids.shape[1]):
        found |= _ranks(sides, crossed, k)
        if base.values.shape[1] > k:
            found[f"tied_{k}"] = (base.values[:, k - 1] == base.values[:, k]).double()
    return found


def _second_round(
    sides: Sequence[Side], rounds: Sequence[Callable[[], Iterator[tuple[int, torch.Tensor]]]]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    """KL, JS and TV [T]; base's logits at variant's top ids and variant's at base's [T, k]."""
    sums = torch.zeros(3, len(sides[0].logsumexp), dtype=torch.float64, device=sides[0].values.device)
    crossed = [torch.full_like(side.values, math.nan) for side in sides]
    wanted = [sides[1].ids, sides[0].ids]
    for (start, base), (_, variant) in zip(rounds[0](), rounds[1](), strict=True):
        logs = [
            (z.double() - side.logsumexp[:, None]).float()
            for z, side in zip((base, variant), sides, strict=True)
        ]
        sums += torch.stack(divergence_terms(logs[0], logs[1]))
        for place, (logits, ids) in enumerate(zip((base, variant), wanted, strict=True)):
            here = (ids >= start) & (ids < start + base.shape[1])
            values = logits.gather(1, torch.where(here, ids - start, 0))
            crossed[place] = torch.where(here, values, crossed[place])
    return sums[0], sums[1], sums[2], crossed


def _ranks(sides: Sequence[Side], crossed: Sequence[torch.Tensor], k: int) -> dict[str, torch.Tensor]:
    """Agreement of the top k in every reading, for all positions."""
    a, b = sides[0].ids[:, :k], sides[1].ids[:, :k]
    found = {f"jaccard_{k}": ranking.jaccard(a, b)}
    if k < 2:
        return found
    base_at_a, base_at_b = sides[0].values[:, :k], crossed[0][:, :k]
    variant_at_a, variant_at_b = crossed[1][:, :k], sides[1].values[:, :k]
    both = [torch.cat([base_at_a, base_at_b], 1), torch.cat([variant_at_a, variant_at_b], 1)]
    readings = {
        "base_set": (base_at_a, variant_at_a, None),
        "union": (both[0], both[1], ranking.union_mask(a, b)),
        "intersection": (base_at_a, variant_at_a, ranking.intersection_mask(a, b)),
    }
    for reading, (x, y, mask) in readings.items():
        found[f"tau_{reading}_{k}"] = _chunked(ranking.kendall_tau_b, x, y, mask)
        found[f"rho_{reading}_{k}"] = _chunked(ranking.spearman_rho, x, y, mask)
    return found


def _chunked(
    measure: Callable[..., torch.Tensor], x: torch.Tensor, y: torch.Tensor, mask: torch.Tensor | None
) -> torch.Tensor:
    parts = []
    for start in range(0, len(x), RANK_ROWS):
        rows = slice(start, start + RANK_ROWS)
        parts.append(measure(x[rows], y[rows], None if mask is None else mask[rows]))
    return torch.cat(parts)


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """``model``: the variant's folder; ``base``: folder of a stored pass (``acbench.analysis.forward``) and
    ``base_model``, the checkpoint it is of; ``samples``; ``dtype``; ``out``: an empty folder for ``contrast.npz``."""
    import resource
    import time

    began = time.monotonic()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    base = passes.read(Path(request["base"]), Path(request["base_model"]))
    variant = passes.forward(
        Path(request["model"]),
        request["samples"],
        dtype=request.get("dtype", "float32"),
        trust_remote_code=bool(request.get("trust_remote_code")),
    )
    device = variant.states.device
    base.states = base.states.to(device)
    after = time.monotonic()
    before_mib = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    arrays = contrast(base, variant, request["samples"])
    np.savez_compressed(Path(request["out"]) / "contrast.npz", allow_pickle=False, **arrays)
    return {
        "forward_seconds": round(after - began, 3),
        "contrast_seconds": round(time.monotonic() - after, 3),
        "memory_before_mib": before_mib,
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
