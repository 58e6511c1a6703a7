"""Worked examples 25 to 39 of the specification: energy, loss, divergences, decisions, grids."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from acbench.compress.grids import Grid
from acbench.metrics import decisions
from acbench.metrics.divergence import jensen_shannon, kl_divergence, total_variation
from acbench.metrics.energy import energy, energy_centred, energy_top
from acbench.metrics.likelihood import mean_nll, perplexity
from acbench.metrics.representation import linear_cka
from acbench.metrics.samples import kolmogorov_smirnov, wasserstein
from acbench.stats import mcnemar_exact

torch.set_num_threads(1)
PRINTED = 1e-10
INF = math.inf


def of(*logits: float, temperature: float = 1.0) -> float:
    return float(energy(torch.tensor(logits), temperature=temperature))


# -- energy, 25 to 31 --------------------------------------------------------------------------------


def test_25_equal_logits() -> None:
    assert of(0, 0, 0, 0) == pytest.approx(-1.3862943611, abs=PRINTED)
    assert of(0, 0, 0, 0, temperature=2.0) == pytest.approx(-2.7725887222, abs=PRINTED)


def test_26_large_logits_do_not_overflow() -> None:
    assert of(1000, 999) == pytest.approx(-1000.3132616875, abs=PRINTED)


def test_27_a_shift_moves_it() -> None:
    assert of(1, 2, 3) == pytest.approx(-3.4076059644, abs=PRINTED)
    assert of(6, 7, 8) == pytest.approx(-8.4076059644, abs=PRINTED)


def test_28_its_companions() -> None:
    logits = torch.tensor([3.0, 1.0, 0.0])
    assert float(energy(logits)) == pytest.approx(-3.1698460196, abs=PRINTED)
    assert float(energy_top(logits)) == pytest.approx(-0.1698460196, abs=PRINTED)
    assert float(energy_centred(logits)) == pytest.approx(-1.8365126862, abs=PRINTED)
    assert math.log(float(logits.double().softmax(0)[0])) == pytest.approx(-0.1698460196, abs=PRINTED)


def test_29_temperature_at_its_ends() -> None:
    assert of(3, 1, 0, temperature=0.01) == pytest.approx(-3.0, abs=PRINTED)
    assert of(3, 1, 0, temperature=100.0) == pytest.approx(-111.2023521717, abs=PRINTED)


def test_30_masked_ids() -> None:
    assert of(0, 0, -INF) == pytest.approx(-0.6931471806, abs=PRINTED)
    assert of(-INF, -INF, -INF) == INF
    assert math.isnan(of(0, math.nan, 1))


def test_31_pairing_and_its_absence() -> None:
    base, moved, swapped = (
        np.array(side) for side in ((-1.0, -2.0, -3.0), (-1.5, -2.5, -3.5), (-3.0, -1.0, -2.0))
    )
    assert np.abs(moved - base).mean() == pytest.approx(0.5)
    assert wasserstein(base, moved) == pytest.approx(0.5)
    assert kolmogorov_smirnov(base, moved) == pytest.approx(1 / 3)
    assert np.abs(swapped - base).mean() == pytest.approx(4 / 3)
    assert (wasserstein(base, swapped), kolmogorov_smirnov(base, swapped)) == (0.0, 0.0)


# -- loss and divergences, 32 and 33 -----------------------------------------------------------------


def test_32_perplexity_weighs_tokens() -> None:
    losses = [2.0] + [1.0] * 9
    assert perplexity(losses) == pytest.approx(3.0041660239, abs=PRINTED)
    means = [mean_nll(losses[:1]), mean_nll(losses[1:])]
    assert math.exp(mean_nll(means)) == pytest.approx(4.4817, abs=5.1e-5), "what it is not"
    assert np.mean([perplexity(losses[:1]), perplexity(losses[1:])]) == pytest.approx(5.0537, abs=5.1e-5)


def test_33_divergences() -> None:
    p, q = torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0.25, 0.5, 0.25])
    assert float(kl_divergence(p, q)) == pytest.approx(0.1732867951, abs=PRINTED)
    assert float(jensen_shannon(p, q)) == pytest.approx(0.0424747592, abs=PRINTED)
    assert float(total_variation(p, q)) == pytest.approx(0.25, abs=PRINTED)


# -- decisions, 34 to 38 -----------------------------------------------------------------------------


def test_34_equal_accuracy_hides_flips() -> None:
    base, variant = (1, 1, 0, 0, 1), (1, 0, 1, 0, 1)
    assert sum(base) / 5 == sum(variant) / 5 == 0.6
    found = decisions.flips(base, variant)
    assert (found.right_to_wrong, found.wrong_to_right) == (0.2, 0.2)
    assert found.both == pytest.approx(0.4)
    assert mcnemar_exact(1, 1) == 1.0


def test_35_exact_mcnemar() -> None:
    assert mcnemar_exact(12, 3) == pytest.approx(0.0351562500, abs=PRINTED)


def test_36_calibration() -> None:
    found = decisions.calibration((0.95, 0.85, 0.65, 0.55), (1, 1, 0, 1), bins=10)
    assert found.ece == pytest.approx(0.325)
    assert found.gap == pytest.approx(0.0, abs=1e-15)
    assert found.accuracy == 0.75


def test_37_cka() -> None:
    rng = np.random.default_rng(37)
    x = torch.tensor(rng.standard_normal((20, 6)))
    turn = torch.tensor(np.linalg.qr(rng.standard_normal((6, 6)))[0])
    assert linear_cka(x, x) == pytest.approx(1.0, abs=1e-12)
    assert linear_cka(x, 3 * x @ turn) == pytest.approx(1.0, abs=1e-12)
    assert linear_cka(torch.tensor([[1.0], [-1], [0], [0]]), torch.tensor([[0.0], [0], [1], [-1]])) == 0


def test_38_margins() -> None:
    found = decisions.margin_fit((4, 2, 1, -1, -3), (3.4, 1.2, -0.2, -1.3, -2.6))
    assert found.slope == pytest.approx(0.8425, abs=5.1e-5)
    assert found.offset == pytest.approx(-0.4055, abs=5.1e-5)
    assert found.flips == pytest.approx(0.2)


# -- grids, 39 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (2, (-4 / 3, -2 / 3, 0, 2 / 3)),
        (3, (-8 / 7, -4 / 7, 0, 6 / 7)),
        (4, (-16 / 15, -8 / 15, 0, 14 / 15)),
    ],
)
def test_39_rounding_is_half_to_even(bits: int, expected: tuple[float, ...]) -> None:
    """In float64: the zero points 1.5, 3.5 and 7.5 are exact ties there, and float32 falls below two of them."""
    grid, groups = Grid(bits, "asym"), torch.tensor([[-1.0, -0.5, 0.0, 1.0]], dtype=torch.float64)
    scale, zero = grid.fit(groups)
    assert scale.item() == pytest.approx(2 / (2**bits - 1))
    assert zero.item() == {2: 2, 3: 4, 4: 8}[bits]
    found = grid.back(grid.codes(groups, scale, zero), scale, zero)
    assert found[0].tolist() == pytest.approx(expected, abs=1e-12)
