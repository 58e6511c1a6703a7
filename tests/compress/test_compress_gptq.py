"""GPTQ and SparseGPT: worked values, and an oracle that shares nothing with the sweep.

The oracle is the definition of specification section 3.3: with the columns of F fixed at Q_F, the others R are the
minimiser of the output error, W_R + (W_F - Q_F) H_FR (H_RR)^-1. It is solved anew for every column, without factors
and without updates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.compress.gptq import Order, column_order, loss, sweep
from acbench.compress.grids import Grid, Kind, Quantized
from acbench.compress.hessians import Factor, factorize
from acbench.compress.masks import n_of_m, smallest
from acbench.compress.sparsegpt import prune
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Sequence

torch.set_num_threads(1)

F64 = torch.float64
W = torch.tensor([[0.9, -0.4, 0.3, 0.8], [-0.2, 0.7, -0.9, 0.1]], dtype=F64)
H = torch.tensor([[1, 0.5, 0, 1], [0.5, 2, 1, 0], [0, 1, 3, 2], [1, 0, 2, 4]], dtype=F64)
DAMPED = H + 0.025 * torch.eye(4, dtype=F64)
SCALE = {3: 0.25, 4: 0.125}


def minimiser(
    weight: torch.Tensor, hessian: torch.Tensor, done: Sequence[int], values: torch.Tensor
) -> torch.Tensor:
    """``weight`` [O, I] with the columns of ``done`` at ``values`` and all others where the error is least."""
    rest = [column for column in range(weight.shape[1]) if column not in done]
    moved = weight.clone()
    moved[:, list(done)] = values[:, list(done)]
    if done and rest:
        error = weight[:, list(done)] - values[:, list(done)]
        right = error @ hessian[list(done)][:, rest]
        moved[:, rest] = weight[:, rest] + torch.linalg.solve(hessian[rest][:, rest], right.t()).t()
    return moved


def random_problem(
    seed: int, rows: int, columns: int, *, tokens: int | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights and H of correlated inputs with channels of very different size, in float64."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=F64)

    inputs = normal(tokens or 4 * columns, columns) @ (
        torch.eye(columns, dtype=F64) + 0.5 * normal(columns, columns)
    )
    inputs *= normal(columns).exp()
    return normal(rows, columns), inputs.t() @ inputs / len(inputs)


def permuted(gram: torch.Tensor, order: torch.Tensor) -> Factor:
    return factorize(gram[order][:, order])


def swept(
    weight: torch.Tensor,
    gram: torch.Tensor,
    *,
    order: str = "none",
    grid: Grid,
    group: int,
    block: int = 128,
    fixed: float | None = None,
) -> Quantized:
    permutation = column_order(gram, order)  # type: ignore[arg-type]
    rows, columns = weight.shape
    values = None if fixed is None else torch.full((rows, columns // group), fixed, dtype=F64)
    return sweep(
        weight,
        permuted(gram, permutation),
        permutation,
        grid=grid,
        group=group,
        refit=order == "none" and fixed is None,
        block=block,
        fixed=None if values is None else (values, torch.zeros_like(values)),
    )


# -- worked values ----------------------------------------------------------------------------------


def test_the_factor_by_hand() -> None:
    factor = factorize(H)
    expected = [
        [1.846694, -0.897187, 0.893456, -0.902759],
        [0, 0.807744, -0.397666, 0.197598],
        [0, 0, 0.701653, -0.348648],
        [0, 0, 0, 0.498445],
    ]
    assert torch.allclose(factor.upper, torch.tensor(expected, dtype=F64), atol=1e-6)
    assert torch.allclose(factor.upper.t() @ factor.upper @ DAMPED, torch.eye(4, dtype=F64), atol=1e-9)
    assert (factor.damp, factor.dead.any().item()) == (0.01, False)


@pytest.mark.parametrize(
    ("bits", "order", "codes", "lost"),
    [
        (3, "none", [[3, -1, 1, 3], [-1, 3, -4, 1]], 0.1125),
        (3, "static", [[3, -2, 1, 3], [0, 2, -3, 0]], 0.1375),
        (4, "none", [[7, -3, 2, 7], [-2, 6, -7, 1]], 0.021875),
        (4, "static", [[7, -4, 3, 6], [-2, 6, -7, 1]], 0.034375),
    ],
)
@pytest.mark.parametrize("block", [128, 3, 1])
def test_codes_and_losses_by_hand(
    bits: int, order: str, codes: list[list[int]], lost: float, block: int
) -> None:
    found = swept(W, H, order=order, grid=Grid(bits, "sym-full"), group=4, fixed=SCALE[bits], block=block)
    assert found.codes.tolist() == codes
    assert loss(W, found.dequantized().double(), H) == pytest.approx(lost, abs=1e-9)


@pytest.mark.parametrize(
    ("bits", "codes", "lost"),
    [(3, [[3, -2, 1, 3], [-1, 3, -4, 0]], 0.225), (4, None, 0.040625)],
)
def test_rounding_alone_loses_more(bits: int, codes: list[list[int]] | None, lost: float) -> None:
    grid, scale = Grid(bits, "sym-full"), torch.full((2, 1), SCALE[bits], dtype=F64)
    found = grid.codes(W[:, None], scale, torch.zeros_like(scale))
    if codes:
        assert found[:, 0].tolist() == codes
    assert loss(W, found[:, 0] * SCALE[bits], H) == pytest.approx(lost, abs=1e-9)


@pytest.mark.parametrize(
    ("order", "columns"),
    [
        (
            "none",
            {0: (0.9, -0.2), 1: (-0.327125, 0.724292), 2: (0.189458, -0.936847), 3: (0.862112, 0.162112)},
        ),
        (
            "static",
            {3: (0.8, 0.1), 2: (0.34615, -0.807699), 1: (-0.385621, 0.588394), 0: (0.997561, -0.004878)},
        ),
    ],
)
def test_columns_just_before_they_are_rounded(order: str, columns: dict[int, tuple[float, float]]) -> None:
    """What the oracle says each column has become, given the codes of the sweep, is what the specification lists."""
    found = swept(W, H, order=order, grid=Grid(3, "sym-full"), group=4, fixed=0.25)
    done: list[int] = []
    for column, values in columns.items():
        current = minimiser(W, DAMPED, done, found.dequantized().double())[:, column]
        assert current.tolist() == pytest.approx(values, abs=2e-6)
        assert (current / 0.25).round().clamp(-4, 3).tolist() == found.codes[:, column].tolist()
        done.append(column)


def test_static_order_goes_by_the_size_of_the_inputs_and_ties_keep_their_place() -> None:
    assert column_order(H, "static").tolist() == [3, 2, 1, 0]
    assert column_order(torch.diag(torch.tensor([1.0, 2, 1, 2])), "static").tolist() == [1, 3, 0, 2]
    assert column_order(H, "none").tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("pattern", [None, (2, 4)])
def test_sparsegpt_by_hand(pattern: tuple[int, int] | None) -> None:
    factor = factorize(H)
    scores = (W / torch.diagonal(factor.upper)).square()
    listed = [[0.237517, 0.245229, 0.182809, 2.576], [0.011729, 0.751015, 1.645281, 0.04025]]
    assert torch.allclose(scores, torch.tensor(listed, dtype=F64), atol=5e-6)
    found = prune(W, factor, sparsity=0.5, pattern=pattern)
    result = [[0, 0.037251, 0, 1.172671], [0, 0.602833, -0.803237, 0]]
    assert torch.allclose(found, torch.tensor(result, dtype=F64), atol=1e-6)
    assert loss(W, found, H) == pytest.approx(0.254051, abs=1e-6)
    assert loss(W, W * (found != 0), H) == pytest.approx(1.12, abs=1e-9)


# -- the oracle on random problems ------------------------------------------------------------------

sizes = st.tuples(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from([4, 8, 12]))


@pytest.mark.parametrize("block", [128, 5, 3])
@pytest.mark.parametrize("group", [4, 6, 12])
@pytest.mark.parametrize("kind", ["sym-full", "asym"])
@pytest.mark.parametrize("order", ["none", "static"])
@pytest.mark.parametrize("bits", [2, 4])
def test_the_sweep_is_the_oracle(bits: int, order: Order, kind: Kind, group: int, block: int) -> None:
    """Every code is the rounded minimiser given all codes before it, for any order, block and group.

    Groups that reach over the end of a block are the hard ones: their columns are not up to date yet.
    """
    rows, columns = 4, 12
    weight, gram = random_problem(bits + 10 * group + 1000 * block, rows, columns)
    grid = Grid(bits, kind)
    found = swept(weight, gram, order=order, grid=grid, group=group, block=block)
    damped = gram + 0.01 * gram.diagonal().mean() * torch.eye(columns, dtype=F64)
    scale, zero = found.scale.repeat_interleave(group, 1), found.zero.repeat_interleave(group, 1)
    final = (found.codes - zero) * scale
    done: list[int] = []
    for column in column_order(gram, order).tolist():
        current = minimiser(weight, damped, done, final)
        if order == "none" and column % group == 0:  # scales come from the weights as they are by then
            fitted = grid.fit(current[:, column : column + group])
            assert torch.allclose(fitted[0], found.scale[:, column // group], rtol=1e-6)
        exact = current[:, column] / scale[:, column] + zero[:, column]
        low, high = grid.limits
        off = (found.codes[:, column] - exact.clamp(low, high)).abs()
        assert bool((off <= 0.5 + 1e-6).all())
        done.append(column)
    if order == "static":
        expected = grid.fit(weight.reshape(rows, -1, group))[0]
        assert torch.equal(found.scale, expected)


@settings(max_examples=25, deadline=None)
@given(sizes, st.sampled_from([None, (2, 4)]), st.sampled_from([128, 4, 6]))
def test_pruning_is_the_oracle(
    size: tuple[int, int, int], pattern: tuple[int, int] | None, block: int
) -> None:
    """Kept weights are the minimiser given everything before; masks come from the weights as they are by then."""
    seed, rows, columns = size
    weight, gram = random_problem(seed, rows, columns)
    found = prune(weight, factorize(gram), sparsity=0.5, pattern=pattern, block=block)
    damped = gram + 0.01 * gram.diagonal().mean() * torch.eye(columns, dtype=F64)
    step = 4 if pattern else block
    for first in range(0, columns, step):
        last = min(first + step, columns)
        current = minimiser(weight, damped, range(first), found)[:, first:last]
        # U_jj^2 is the first diagonal element of the inverse of H without the columns before j
        pivots = torch.stack([torch.linalg.inv(damped[j:, j:])[0, 0] for j in range(first, last)])
        scores = current.square() / pivots
        pruned = n_of_m(scores, keep=2, block=4) if pattern else smallest(scores.t(), 0.5).t()
        assert torch.equal(found[:, first:last] == 0, pruned)
    for column in range(columns):
        current = minimiser(weight, damped, range(column), found)[:, column]
        kept = found[:, column] != 0
        assert torch.allclose(found[kept, column], current[kept], atol=1e-7)


# -- what it is for ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sym-full", "asym"])
@pytest.mark.parametrize("order", ["none", "static"])
def test_gptq_loses_less_than_rounding_on_the_same_grid(kind: Kind, order: str) -> None:
    """No theorem (the sweep is greedy and may lose a single draw), so: over many, nearly always and by a lot."""
    grid, wins, ratios = Grid(3, kind), 0, []
    for seed in range(60):
        weight, gram = random_problem(seed, 6, 32)
        groups = weight.reshape(6, -1, 16)
        fitted = grid.fit(groups)
        plain = grid.back(grid.codes(groups, *fitted), *fitted).reshape(6, 32)
        permutation = column_order(gram, order)  # type: ignore[arg-type]
        found = sweep(
            weight, permuted(gram, permutation), permutation, grid=grid, group=16, refit=False, fixed=fitted
        )
        scale, zero = (t.repeat_interleave(16, 1) for t in (found.scale, found.zero))
        ratio = loss(weight, (found.codes - zero) * scale, gram) / loss(weight, plain, gram)
        wins += ratio <= 1
        ratios.append(ratio)
    assert wins >= 57
    assert sorted(ratios)[30] < 0.7


def test_with_unrelated_inputs_gptq_is_rounding() -> None:
    """A diagonal H leaves nothing to compensate: a closed form of the whole sweep."""
    weight, _ = random_problem(1, 5, 24)
    gram = torch.diag(torch.linspace(1, 9, 24, dtype=F64))
    grid = Grid(4, "asym")
    groups = weight.reshape(5, 3, 8)
    for order in ("none", "static"):
        found = swept(weight, gram, order=order, grid=grid, group=8)
        assert torch.equal(found.codes, grid.codes(groups, *grid.fit(groups)).reshape(5, 24).to(torch.int32))


@pytest.mark.parametrize("pattern", [None, (2, 4), (4, 8)])
def test_sparsegpt_never_loses_more_than_zeroing_the_same_weights(pattern: tuple[int, int] | None) -> None:
    """Repaired weights against zeros at the same places: no theorem for a greedy sweep, so over many draws."""
    better_mask = 0
    for seed in range(40):
        weight, gram = random_problem(seed, 5, 32)
        found = prune(weight, factorize(gram), pattern=pattern)
        repaired = loss(weight, found, gram)
        assert repaired < loss(weight, weight * (found != 0), gram)
        scores = weight.abs()
        magnitude = n_of_m(scores, keep=pattern[0], block=pattern[1]) if pattern else smallest(scores, 0.5)
        better_mask += repaired < loss(weight, weight.masked_fill(magnitude, 0), gram)
        zeros = (found == 0).sum()
        assert int(zeros) == weight.numel() // 2
        if pattern:
            assert bool(((found == 0).reshape(-1, pattern[1]).sum(-1) == pattern[1] - pattern[0]).all())
    assert better_mask == 40


# -- hard cases -------------------------------------------------------------------------------------


def test_a_channel_without_input_counts_as_one_and_is_damped_like_the_others() -> None:
    factor = factorize(torch.diag(torch.tensor([4.0, 0.0], dtype=F64)))  # mean of 4 and 1, times 0.01: 0.025
    expected = [[4.025**-0.5, 0], [0, 1.025**-0.5]]
    assert torch.allclose(factor.upper, torch.tensor(expected, dtype=F64), rtol=1e-12)
    assert factor.dead.tolist() == [False, True]


def test_channels_that_no_input_reaches_are_zeroed_and_harm_nothing() -> None:
    weight, gram = random_problem(2, 4, 16)
    dead = [3, 9]
    gram[dead] = 0
    gram[:, dead] = 0
    factor = factorize(gram)
    assert factor.dead.nonzero()[:, 0].tolist() == dead
    for order in ("none", "static"):
        permutation = column_order(gram, order)
        own = permuted(gram, permutation)
        own = Factor(own.upper, factor.dead, own.damp)
        found = sweep(weight, own, permutation, grid=Grid(4, "asym"), group=8, refit=order == "none")
        back = found.dequantized().double()
        assert not back[:, dead].any()
        assert loss(weight, back, gram) < loss(weight, weight.roll(1, 0), gram)
    pruned = prune(weight, factor)
    assert not pruned[:, dead].any()
    assert bool(torch.isfinite(pruned).all())


def test_fewer_tokens_than_channels_need_more_damping_only_where_rounding_breaks_it() -> None:
    _, gram = random_problem(3, 1, 24, tokens=6)
    assert factorize(gram).damp == 0.01  # rank 6 of 24: the damping alone makes it positive definite
    indefinite = gram - 0.05 * gram.diagonal().mean() * torch.eye(24, dtype=F64)
    assert factorize(indefinite).damp == pytest.approx(0.1)
    assert factorize(indefinite, damp=0.04).damp == pytest.approx(0.4)
    worse = gram - 0.4 * gram.diagonal().mean() * torch.eye(24, dtype=F64)
    assert factorize(worse, damp=0.04).damp == 1.0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_inputs_that_are_no_numbers_make_no_factor(value: float) -> None:
    gram = H.clone()
    gram[1, 2] = gram[2, 1] = value
    with pytest.raises(CompressionError, match="no invertible Hessian, even with damping 1"):
        factorize(gram)
    with pytest.raises(CompressionError, match="no invertible Hessian"):
        factorize(torch.eye(3) * -5)


def test_nothing_is_written_into_what_is_given() -> None:
    weight, gram = random_problem(4, 3, 8)
    before = weight.clone(), gram.clone()
    swept(weight, gram, order="static", grid=Grid(4, "asym"), group=4)
    swept(weight, gram, grid=Grid(4, "asym"), group=4)
    prune(weight, factorize(gram))
    assert torch.equal(weight, before[0])
    assert torch.equal(gram, before[1])


def test_a_pattern_must_fit() -> None:
    weight, gram = random_problem(5, 2, 6)
    with pytest.raises(ValueError, match="a 2:4 pattern does not fit 6 columns"):
        prune(weight, factorize(gram), pattern=(2, 4))
