"""Mistakes that a review of the metrics and the analyses found once, each with the test that keeps it away."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from test_metrics_stream import compared, tables

from acbench.analysis import numbers
from acbench.analysis.erank_summary import of_weights
from acbench.errors import DataError
from acbench.metrics import decisions, ranking, samples, spectra
from acbench.metrics.divergence import divergence_terms
from acbench.metrics.likelihood import perplexity

torch.set_num_threads(1)


@pytest.mark.parametrize("path", ["gram", "svd"])
def test_rank_one_is_one(path: Any) -> None:
    """Section 7: exactly 1.0 (clipped within 1e-9)."""
    rng = np.random.default_rng(256)
    left = torch.tensor(rng.integers(-4, 5, 256)).float()
    exact = torch.outer(left, left.flip(0) + 5)  # whole numbers: of rank one in float32 too
    assert spectra.matrix_erank(exact, path=path) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_streamed_blocks_are_checked(bad: float) -> None:
    """Section 7: a named error with a count. Found: NaN with the reason "zero-variance"."""
    blocks = [torch.tensor([[1.0], [0.0], [2.0]]), torch.tensor([[bad], [1.0], [2.0]])]
    with pytest.raises(DataError, match="1 of 3"):
        spectra.streamed_token_erank(blocks, 3)


def test_a_constant_base_has_no_slope() -> None:
    """The docstring's promise."""
    assert math.isnan(decisions.margin_fit([0.1, 0.1, 0.1], [1.0, 2.0, 4.0]).slope)


def test_unknown_correctness_is_not_wrong() -> None:
    with pytest.raises(DataError):
        decisions.flips([math.nan], [1.0])


def test_unknown_correctness_has_no_calibration() -> None:
    with pytest.raises(DataError):
        decisions.calibration([0.5], [math.nan])


def test_calibration_needs_a_bin() -> None:
    with pytest.raises(ValueError, match="bins"):
        decisions.calibration([0.9, 0.1], [0, 1], bins=0)


def test_divergences_are_not_negative() -> None:
    """Two distributions 1e-6 apart, in float32 as the comparison of models has them: KL is 5e-13, found -4e-8."""
    rng = np.random.default_rng(0)
    exact = [torch.tensor(rng.standard_normal((50, 4000)) * 3)]
    exact.append(exact[0] + 1e-6 * torch.tensor(rng.standard_normal((50, 4000))))
    kl, js, _ = divergence_terms(*(z.log_softmax(-1).float() for z in exact))
    assert float(kl.min()) >= 0
    assert float(js.min()) >= 0


def test_arguments_of_list_distances() -> None:
    with pytest.raises(DataError):
        ranking.rank_biased_overlap([1, 1], [1, 2])
    with pytest.raises(ValueError, match="p "):
        ranking.lists_distance([1, 2], [3, 4], p=-5)


def test_long_texts_are_binned_to_their_end() -> None:
    """Settings allow any length."""
    assert samples.position_bins(4096)[-1][1].stop == 4096


def test_an_infinite_loss_is_an_infinite_perplexity() -> None:
    assert perplexity([math.inf]) == math.inf


# -- analyses ----------------------------------------------------------------------------------------


def test_the_interval_of_a_share_is_one_of_shares() -> None:
    """29 texts that agree and one that does not."""
    table = np.ones((30, 4))
    table[0] = 0.9
    found = numbers.distance("Jaccard of the top 10", "share", table, table)
    assert found.high is not None
    assert found.high <= 1


def test_a_level_compares_the_same_texts() -> None:
    """Nothing changed but one text became undefined."""
    base = np.log(np.array([10.0, 20.0, 30.0, 100.0]))
    variant = np.where(base > 4, math.nan, base)
    found = numbers.level("e", "", base, variant, base, shape=np.exp)
    assert found.value == pytest.approx(cast("float", found.base))


def test_a_level_of_weights_compares_the_same_matrices() -> None:
    """One matrix was pruned to zeros and has no rank."""
    base = [{"name": str(n), "layer": n, "folded": value} for n, value in enumerate((20.0, 40.0))]
    variant = [base[0] | {"folded": None}, base[1]]
    study: Any = SimpleNamespace(base_weights=tuple(base), weights=tuple(variant))
    found = of_weights(study, "folded", "ERank")
    assert found.value == found.base
    assert found.undefined == 1


def test_broken_logits_name_their_text_and_side() -> None:
    """The docstring's promise."""
    base, variant = tables(2, 20, 5)
    variant[1, 2, 3] = math.nan
    with pytest.raises(DataError, match="text 1"):
        compared(base, variant)


def test_no_texts() -> None:
    """Section 7: error "no positions"."""
    with pytest.raises(DataError, match="no positions"):
        compared(torch.zeros(0, 3, 5), torch.zeros(0, 3, 5))


def test_a_perplexity_beyond_all_numbers() -> None:
    """Undefined is right; RuntimeWarning is not, which this project's pytest turns into an error."""
    found = numbers.level(
        "Perplexity", "", np.ones((3, 4)), np.full((3, 4), 800.0), np.ones((3, 4)), shape=np.exp
    )
    assert found.value is None
