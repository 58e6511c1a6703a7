"""Energy and divergences: identities, laws, blocks of the vocabulary, masked ids."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.metrics.divergence import (
    divergence_terms,
    jensen_shannon,
    kl_divergence,
    total_variation,
)
from acbench.metrics.energy import energy, energy_centred, energy_top

torch.set_num_threads(1)
FEW = settings(max_examples=50, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
INF = math.inf


def logits(seed: int, size: int, *, scale: float = 4.0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).standard_normal((3, size)) * scale)


def cut(table: torch.Tensor, seed: int) -> list[torch.Tensor]:
    """Blocks of uneven widths."""
    rng = np.random.default_rng(seed)
    size = table.shape[1]
    ends = sorted({int(end) for end in rng.integers(1, size, 4)}) if size > 1 else []
    return list(torch.tensor_split(table, ends, dim=1))


# -- energy ------------------------------------------------------------------------------------------


@given(seed=SEEDS, size=st.integers(1, 60), temperature=st.floats(0.05, 20))
@FEW
def test_energy_in_blocks_is_energy(seed: int, size: int, temperature: float) -> None:
    """logsumexp of the blocks' values is the whole."""
    z = logits(seed, size)
    parts = torch.stack([energy(block, temperature=temperature) for block in cut(z, seed)], dim=1)
    joined = energy(-parts, temperature=temperature)
    torch.testing.assert_close(joined, energy(z, temperature=temperature), rtol=1e-12, atol=1e-12)


@given(seed=SEEDS, size=st.integers(1, 60), temperature=st.floats(0.05, 20), shift=st.floats(-1e3, 1e3))
@FEW
def test_energy_against_its_sum_and_its_shift(seed: int, size: int, temperature: float, shift: float) -> None:
    z = logits(seed, size)
    naive = -temperature * (z / temperature).exp().sum(-1).log()
    found = energy(z, temperature=temperature)
    if torch.isfinite(naive).all():
        torch.testing.assert_close(found, naive, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        energy(z + shift, temperature=temperature), found - shift, rtol=1e-9, atol=1e-9
    )
    for free in (energy_top, energy_centred):
        moved = free(z + shift, temperature=temperature)
        torch.testing.assert_close(moved, free(z, temperature=temperature), rtol=1e-8, atol=1e-8)
    assert (energy_top(z, temperature=temperature) <= 1e-12).all()
    assert (energy_top(z, temperature=temperature) >= -temperature * math.log(size) - 1e-9).all()
    assert (energy_centred(z, temperature=temperature) <= -temperature * math.log(size) + 1e-9).all()


def test_energys_companions_are_the_probabilities_they_claim() -> None:
    z = logits(1, 50)
    torch.testing.assert_close(energy_top(z), z.log_softmax(-1).amax(-1))
    torch.testing.assert_close(energy_centred(z), z.log_softmax(-1).mean(-1))


@pytest.mark.parametrize("temperature", [1e-3, 1e4])
def test_limits_of_temperature(temperature: float) -> None:
    z = logits(2, 30)
    cold, hot = -z.amax(-1), -temperature * math.log(30) - z.mean(-1)
    torch.testing.assert_close(
        energy(z, temperature=temperature), cold if temperature < 1 else hot, rtol=1e-6, atol=1e-2
    )


def test_energy_of_coarse_logits_is_summed_in_double() -> None:
    """In bfloat16 the sum itself would be off by 0.02 at this vocabulary."""
    coarse = (torch.tensor(np.random.default_rng(3).standard_normal((1, 49152))) * 3).bfloat16()
    exact = -torch.logsumexp(coarse.double(), -1)
    torch.testing.assert_close(energy(coarse), exact, rtol=1e-12, atol=0)
    assert energy(coarse).dtype == torch.float64


# -- divergences -------------------------------------------------------------------------------------


def pair(seed: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    return logits(seed, size).softmax(-1), logits(seed + 1, size).softmax(-1)


@given(seed=SEEDS, size=st.integers(2, 40))
@FEW
def test_divergences_against_numpy_and_their_bounds(seed: int, size: int) -> None:
    p, q = pair(seed, size)
    a, b = p.numpy(), q.numpy()
    m = (a + b) / 2
    kl, js, tv = kl_divergence(p, q), jensen_shannon(p, q), total_variation(p, q)
    np.testing.assert_allclose(kl, (a * np.log(a / b)).sum(-1), rtol=1e-9, atol=1e-14)
    expected = 0.5 * (a * np.log(a / m)).sum(-1) + 0.5 * (b * np.log(b / m)).sum(-1)
    np.testing.assert_allclose(js, expected, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(tv, np.abs(a - b).sum(-1) / 2, rtol=1e-12)
    assert (kl > 0).all(), "two different distributions"
    assert ((js > 0) & (js <= math.log(2))).all()
    assert ((tv > 0) & (tv <= 1)).all()
    assert (kl >= 2 * tv.square() - 1e-12).all(), "Pinsker"
    assert (js <= math.log(2) * tv + 1e-12).all()
    torch.testing.assert_close(jensen_shannon(q, p), js)
    torch.testing.assert_close(total_variation(q, p), tv)


@given(seed=SEEDS, size=st.integers(2, 40))
@FEW
def test_a_distribution_against_itself(seed: int, size: int) -> None:
    p, _ = pair(seed, size)
    assert (kl_divergence(p, p) == 0).all()
    assert (total_variation(p, p) == 0).all()
    assert (jensen_shannon(p, p).abs() < 1e-14).all()


@given(seed=SEEDS, size=st.integers(2, 40))
@FEW
def test_blocks_of_the_vocabulary_add_up(seed: int, size: int) -> None:
    logs = [side.log() for side in pair(seed, size)]
    parts = [divergence_terms(a, b) for a, b in zip(*(cut(side, seed) for side in logs), strict=True)]
    whole = divergence_terms(*logs)
    for place in range(3):
        torch.testing.assert_close(torch.stack([part[place] for part in parts]).sum(0), whole[place])


def test_distributions_with_nothing_in_common() -> None:
    p, q = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert kl_divergence(p, q).item() == INF
    assert jensen_shannon(p, q).item() == pytest.approx(math.log(2))
    assert total_variation(p, q).item() == 1


def test_masked_ids() -> None:
    """Masked on both sides an id adds nothing; what only the variant masks makes KL infinite, and nothing else."""
    plain = torch.tensor([[2.0, 1.0, 0.0]]).double()
    mask = torch.tensor([[-INF, 0.0, -INF]]).double()
    same = kl_divergence(torch.cat([plain, mask[:, :1]], 1).softmax(-1), torch.tensor([[0.5, 0.25, 0.25, 0]]))
    assert same.item() == pytest.approx(
        kl_divergence(plain.softmax(-1), torch.tensor([[0.5, 0.25, 0.25]])).item()
    )
    hidden = (plain + torch.tensor([[0, 0, -INF]])).softmax(-1)
    assert kl_divergence(plain.softmax(-1), hidden).item() == INF
    assert kl_divergence(hidden, plain.softmax(-1)).item() == pytest.approx(
        -math.log(1 - plain.softmax(-1)[0, 2].item())
    )
    for bounded in (jensen_shannon, total_variation):
        assert 0 < bounded(plain.softmax(-1), hidden).item() < 1
    assert energy(plain + mask).item() == pytest.approx(-1.0), "one id is left"
    assert energy_top(plain + mask).item() == 0


def test_both_ways_differ() -> None:
    p, q = torch.tensor([0.9, 0.1]), torch.tensor([0.5, 0.5])
    forward = 0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5)
    backward = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
    assert kl_divergence(p, q).item() == pytest.approx(forward, rel=1e-6)
    assert kl_divergence(q, p).item() == pytest.approx(backward, rel=1e-6)
    assert forward != pytest.approx(backward, rel=0.05)
