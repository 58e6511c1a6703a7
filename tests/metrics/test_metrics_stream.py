"""The comparison of two models in blocks of the vocabulary against whole tables, with ties everywhere.

Heads are tables of logits here, so that every degenerate vocabulary can be written down.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.analysis import contrast as contrasts
from acbench.analysis.contrast import contrast
from acbench.analysis.forward import Forward
from acbench.errors import DataError
from acbench.metrics import ranking
from acbench.metrics.samples import KS
from acbench.metrics.spectra import token_erank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acbench.analysis.head import Head

torch.set_num_threads(1)
FEW = settings(max_examples=25, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)


class TableHead:
    """Logits [N, T, V] by text, in blocks that end at ``cuts``. A text's number stands in its states."""

    def __init__(self, table: torch.Tensor, cuts: tuple[int, ...] = ()) -> None:
        self.table, self.cuts = table, cuts

    def size(self) -> int:
        return int(self.table.shape[-1])

    def logits(self, states: torch.Tensor, size: int) -> Iterator[tuple[int, torch.Tensor]]:
        edges = [0, *(cut for cut in self.cuts if cut < size), size]
        for start, stop in pairwise(edges):
            yield start, self.table[int(states[0, 0]), :, start:stop].clone()


def side(table: torch.Tensor, cuts: tuple[int, ...] = ()) -> Forward:
    texts, tokens = table.shape[:2]
    states = torch.arange(float(texts))[:, None, None].expand(texts, tokens, 2)
    layers = torch.zeros(1, 2, 2)
    layers[0, 0, 0] = 1.0
    return Forward(
        states, layers, torch.ones(1, texts), torch.ones(1, 2), cast("Head", TableHead(table, cuts))
    )


def compared(
    base: torch.Tensor, variant: torch.Tensor, cuts: tuple[int, ...] = (), ids: Any = None
) -> dict[str, np.ndarray[Any, Any]]:
    samples = ids or np.random.default_rng(0).integers(0, base.shape[-1], base.shape[:2]).tolist()
    return contrast(side(base, cuts), side(variant, cuts), samples)


def tables(seed: int, vocabulary: int, levels: int) -> list[torch.Tensor]:
    """Two tables [2, 3, V] of few whole numbers."""
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.integers(0, levels, (2, 3, vocabulary)).astype(np.float32)) for _ in range(2)]


@given(seed=SEEDS, vocabulary=st.integers(4, 130), levels=st.integers(2, 6), data=st.data())
@FEW
def test_blocks_keep_the_lower_id_at_every_cut(
    seed: int, vocabulary: int, levels: int, data: st.DataObject
) -> None:
    """The lists of blocks and the merged one against one stable sort of the whole vocabulary."""
    base, variant = tables(seed, vocabulary, levels)
    cuts = tuple(sorted(data.draw(st.sets(st.integers(1, vocabulary - 1), max_size=6))))
    whole, found = compared(base, variant), compared(base, variant, cuts)
    assert whole.keys() == found.keys()
    for name, values in whole.items():
        np.testing.assert_allclose(found[name], values, atol=2e-6, rtol=1e-6, err_msg=name)
    for k in (k for k in KS if k <= vocabulary):
        tops = [
            torch.tensor(np.argsort(-z.numpy(), axis=-1, kind="stable")[..., :k].copy())
            for z in (base, variant)
        ]
        for text in range(2):
            a, b = tops[0][text], tops[1][text]
            expected = ranking.jaccard(a, b).numpy()
            np.testing.assert_array_equal(found[f"jaccard_{k}"][text], expected)
            if k == 1:
                continue
            x, y = base[text].gather(1, a), variant[text].gather(1, a)
            expected = ranking.kendall_tau_b(x, y).numpy()
            np.testing.assert_allclose(found[f"tau_base_set_{k}"][text], expected)
            for row in range(3):
                union = sorted({*a[row].tolist(), *b[row].tolist()})
                both = sorted({*a[row].tolist()} & {*b[row].tolist()})
                for reading, ids in (("union", union), ("intersection", both)):
                    pair = [z[text, row, ids][None] for z in (base, variant)]
                    for name, measure in (("tau", ranking.kendall_tau_b), ("rho", ranking.spearman_rho)):
                        value = found[f"{name}_{reading}_{k}"][text, row]
                        expected_value = measure(pair[0], pair[1]).item() if len(ids) > 1 else math.nan
                        assert value == pytest.approx(expected_value, nan_ok=True), (name, reading, k)


@given(seed=SEEDS, vocabulary=st.integers(2, 60), data=st.data())
@FEW
def test_values_of_positions_against_whole_tables(seed: int, vocabulary: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    base, variant = (torch.tensor(rng.standard_normal((2, 4, vocabulary)) * 3).float() for _ in range(2))
    cuts = tuple(sorted(data.draw(st.sets(st.integers(1, vocabulary - 1), max_size=4))))
    ids = rng.integers(0, vocabulary, (2, 4))
    found = compared(base, variant, cuts, ids.tolist())
    logs = {name: z.double().log_softmax(-1) for name, z in (("b", base), ("v", variant))}
    for name, z in (("b", base), ("v", variant)):
        energy = -z.double().logsumexp(-1)
        np.testing.assert_allclose(found[f"energy_{name}"], energy, atol=2e-6)
        np.testing.assert_allclose(found[f"top_{name}"], logs[name].amax(-1), atol=2e-6)
        np.testing.assert_allclose(found[f"centred_{name}"], energy + z.double().mean(-1), atol=2e-6)
        following = torch.tensor(ids[:, 1:, None].copy())
        loss = -logs[name][:, :-1].gather(-1, following)[..., 0]
        np.testing.assert_allclose(found[f"nll_{name}"][:, :-1], loss, atol=2e-6)
        right = z[:, :-1].argmax(-1) == following[..., 0]
        np.testing.assert_array_equal(found[f"right_{name}"][:, :-1], right)
        for last in ("nll", "right"):
            assert np.isnan(found[f"{last}_{name}"][:, -1]).all(), "nothing follows the last token"
        expected = [token_erank(text).value for text in z]
        np.testing.assert_allclose(found[f"logit_{name}"], expected, rtol=1e-9)
    p, q = (logs[name].exp() for name in "bv")
    np.testing.assert_allclose(found["kl"], (p * (logs["b"] - logs["v"])).sum(-1), atol=3e-6, rtol=2e-6)
    np.testing.assert_allclose(found["tv"], (p - q).abs().sum(-1) / 2, atol=3e-6)
    first = base.topk(2).indices
    for name, z in (("b", base), ("v", variant)):
        lead = z.gather(-1, first)
        np.testing.assert_allclose(found[f"margin_{name}"], lead[..., 0] - lead[..., 1], atol=1e-6)


@pytest.mark.parametrize("vocabulary", [2, 3, 10, 50, 51])
def test_no_list_is_longer_than_the_vocabulary(vocabulary: int) -> None:
    found = compared(*tables(1, vocabulary, 3))
    assert [k for k in KS if f"jaccard_{k}" in found] == [k for k in KS if k <= vocabulary]
    assert [k for k in KS if f"tied_{k}" in found] == [k for k in KS if k < vocabulary]
    if vocabulary in KS:
        assert (found[f"jaccard_{vocabulary}"] == 1).all(), "all ids are in both lists"


def test_ties_at_a_place_are_marked() -> None:
    base = torch.tensor([[[5.0, 4, 4, 3, 3, 3, 1, 1, 1, 1, 1, 0]]])
    found = compared(base, base, (4, 7))
    assert [found[f"tied_{k}"][0, 0] for k in (1, 3, 5, 10)] == [0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize("cuts", [(), (1, 2, 30)])
def test_constant_logits(cuts: tuple[int, ...]) -> None:
    flat = torch.full((1, 3, 60), 2.5)
    found = compared(flat, flat, cuts)
    assert found["energy_b"] == pytest.approx(-2.5 - math.log(60), abs=1e-6)
    assert found["centred_v"] == pytest.approx(-math.log(60), abs=1e-6)
    assert found["top_v"] == pytest.approx(-math.log(60), abs=1e-6)
    for k in KS:
        assert (found[f"jaccard_{k}"] == 1).all(), "the lowest ids on both sides"
        assert (found[f"tied_{k}"] == 1).all()
        if k > 1:
            assert np.isnan(found[f"tau_base_set_{k}"]).all()
            assert np.isnan(found[f"rho_union_{k}"]).all()
    assert (found["kl"] == 0).all()
    assert np.isnan(found["logit_b"]).all()


def test_a_text_of_one_token() -> None:
    table = torch.tensor([[[3.0, 1.0, 0.0]]])
    found = compared(table, table)
    assert found["energy_b"][0, 0] == pytest.approx(-3.1698460196, abs=1e-6)
    assert np.isnan(found["logit_b"][0])
    assert np.isnan(found["nll_b"]).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_broken_logits_are_an_error_with_their_count(bad: float) -> None:
    base, variant = tables(2, 20, 5)
    variant[1, 2, 3:5] = bad
    with pytest.raises(DataError, match="2 of 30 logits are NaN or infinite"):
        compared(base, variant, (10,))


def test_a_longer_vocabulary_is_compared_on_the_shared_ids() -> None:
    base, variant = tables(3, 40, 5)
    longer = torch.cat([variant, torch.full((2, 3, 8), 99.0)], dim=-1)
    found, expected = compared(base, longer, (7,)), compared(base, variant, (7,))
    assert found["vocabulary"].tolist() == [40, 40, 48]
    for name in ("kl", "energy_v", "jaccard_10", "tau_union_10", "logit_v"):
        np.testing.assert_array_equal(found[name], expected[name])
    with pytest.raises(DataError, match="ids beyond the 40"):
        compared(base, longer, (), [[40, 0, 0], [0, 0, 0]])


def test_logits_made_again_are_the_logits_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    base, variant = tables(4, 30, 4)
    kept = compared(base, variant, (11,))
    monkeypatch.setattr(contrasts, "KEEP_BYTES", 0)
    monkeypatch.setattr(contrasts, "RANK_ROWS", 2)
    for name, values in compared(base, variant, (11,)).items():
        np.testing.assert_array_equal(values, kept[name], err_msg=name)
