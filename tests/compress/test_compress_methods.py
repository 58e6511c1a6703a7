"""What each calibrated method makes of one block: two layers behind a norm, with inputs that are known."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from acbench.compress import awq, methods
from acbench.compress.families import Family, Fold
from acbench.compress.grids import quantize
from acbench.compress.methods import Block
from acbench.compress.statistics import InputStatistics

torch.set_num_threads(1)

WIDTH = 32
PLACE = Fold("norm", "norm", ("gate", "up"))


class Pair(nn.Module):  # type: ignore[misc]
    """A norm's factor and two layers that read what it gives."""

    def __init__(self, factor: torch.Tensor) -> None:
        super().__init__()
        self.norm = nn.Module()
        self.norm.weight = nn.Parameter(factor, requires_grad=False)


class Case:
    """A block with random weights; ``inputs`` [T, I] is what its layers read before anything is folded."""

    def __init__(self, *, folds: tuple[Fold, ...] = (), seed: int = 0, dead: tuple[int, ...] = ()) -> None:
        generator = torch.Generator().manual_seed(seed)

        def normal(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator)

        size = torch.exp(1.5 * normal(WIDTH))
        size[list(dead)] = 0
        self.inputs = (normal(64, WIDTH) @ (torch.eye(WIDTH) + 0.3 * normal(WIDTH, WIDTH))) * size
        self.weights = {"gate": normal(6, WIDTH), "up": normal(10, WIDTH)}
        self.factor = 1 + 0.3 * normal(WIDTH)
        self.folds = folds

    def block(self, method: Any) -> Block:
        statistics = InputStatistics(method.needs)
        statistics.add(self.inputs)
        weights = {name: values.clone() for name, values in self.weights.items()}
        family = Family((("gate", "up"),), self.folds)
        return Block(
            Pair(self.factor.clone()),
            weights,
            family,
            self.folds,
            {"gate": statistics.finish()},
            {},
            torch.bfloat16,
        )

    def compress(
        self, name: str, params: dict[str, Any], form: str = "dense"
    ) -> tuple[Block, dict[str, Any]]:
        method = methods.create(name, params, form)
        assert method.prepare([WIDTH]) == ()
        block = self.block(method)
        return block, dict(method.compress(block))

    def output_error(self, name: str, weight: torch.Tensor, scale: torch.Tensor | None = None) -> float:
        """Squared error of a layer's output relative to it; ``weight`` reads inputs that are divided by ``scale``."""
        inputs = self.inputs.double() if scale is None else self.inputs.double() / scale
        expected = self.inputs.double() @ self.weights[name].double().t()
        return float((inputs @ weight.double().t() - expected).square().sum() / expected.square().sum())


def scale_of(case: Case, block: Block) -> torch.Tensor:
    """What was folded into the norm."""
    return case.factor / block.changed["norm.weight"].float() if block.changed else torch.ones(WIDTH)


@pytest.mark.parametrize("name", ["gptq", "awq"])
@pytest.mark.parametrize("symmetric", [True, False])
def test_integers_are_on_their_grid_and_errors_are_those_of_outputs(name: str, symmetric: bool) -> None:
    case = Case(folds=(PLACE,) if name == "awq" else ())
    params = {"bits": 3, "group_size": 32, "symmetric": symmetric}
    block, layers = case.compress(name, params)
    assert bool(block.changed) is (name == "awq")
    scale = scale_of(case, block)
    for layer, weight in block.weights.items():
        assert torch.equal(layers[layer].tensors["weight"], weight.to(torch.bfloat16))
        assert all(len(row.unique()) <= 8 for row in weight)
        assert layers[layer].error == pytest.approx(case.output_error(layer, weight, scale), rel=0.03)
        assert layers[layer].bits == 3 + (16 if symmetric else 19) / 32
        assert layers[layer].zeros == int((weight == 0).sum())
        kind = "sym-full" if symmetric else "asym"
        plain = quantize(case.weights[layer], bits=3, group=32, kind=kind, scale_dtype=torch.bfloat16)  # type: ignore[arg-type]
        assert layers[layer].error < case.output_error(layer, plain.dequantized())


def test_awq_may_clip_against_the_inputs_as_they_are_after_folding(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(folds=(PLACE,))
    given: list[torch.Tensor] = []
    real = awq.clip

    def record(weight: torch.Tensor, gram: torch.Tensor, **options: Any) -> torch.Tensor:
        given.append(gram)
        return real(weight, gram, **options)

    monkeypatch.setattr(awq, "clip", record)
    block, _ = case.compress("awq", {"group_size": 32})
    inputs = case.inputs / scale_of(case, block)
    assert len(given) == 2
    for gram in given:
        assert torch.allclose(gram, inputs.t() @ inputs / 64, rtol=1e-3, atol=1e-4)
    given.clear()
    case.compress("awq", {"group_size": 32, "clip": False})
    assert given == []


@pytest.mark.parametrize(
    ("name", "clipped"), [("q_proj", False), ("k_proj", False), ("v_proj", True), ("wqkv", False)]
)
def test_queries_and_keys_are_not_clipped(name: str, clipped: bool) -> None:
    weight = torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(0)) ** 5
    method: Any = methods.create("awq", {"bits": 2, "group_size": 32}, "dense")
    limited = method._limited(f"self_attn.{name}", weight, torch.eye(WIDTH))
    assert torch.equal(limited, weight) is not clipped


@pytest.mark.parametrize("order", ["static", "none"])
def test_gptq_zeroes_channels_without_input_and_only_these(order: str) -> None:
    case = Case(dead=(3, 17))
    block, _ = case.compress("gptq", {"bits": 8, "group_size": 32, "order": order, "symmetric": False})
    for weight in block.weights.values():
        gone = (weight == 0).all(0).nonzero()[:, 0].tolist()
        assert gone == [3, 17]


def test_layers_of_one_input_are_treated_as_if_alone() -> None:
    """Rows do not interact: stacking is a matter of speed."""
    case = Case()
    for name, params in (
        ("gptq", {"bits": 4, "group_size": 32}),
        ("wanda", {}),
        ("sparsegpt", {"pattern": "2:4"}),
    ):
        together, _ = case.compress(name, params)
        for layer in case.weights:
            alone = Case()
            alone.weights = {layer: case.weights[layer]}
            method = methods.create(name, params, "dense")
            statistics = InputStatistics(method.needs)
            statistics.add(case.inputs)
            family = Family(((layer,),))
            block = Block(
                nn.Module(), dict(alone.weights), family, (), {layer: statistics.finish()}, {}, torch.bfloat16
            )
            method.compress(block)
            assert torch.allclose(block.weights[layer], together.weights[layer], atol=1e-4)


@pytest.mark.parametrize("pattern", ["", "2:4"])
def test_wanda_by_hand(pattern: str) -> None:
    """Specification, section 10, through the method: magnitude would keep the first and last weight of row 0."""
    method = methods.create("wanda", {"pattern": pattern} if pattern else {"sparsity": 0.5}, "dense")
    statistics = InputStatistics(method.needs)
    statistics.add(torch.tensor([[0.5, 2, 0, -0.5], [0, -2, 3, 0.1], [1, 1, -4, 0.2]]))
    weight = torch.tensor([[1, -0.5, 0.25, 2], [0.3, 0.4, -0.6, 0.1]])
    block = Block(
        nn.Module(), {"up": weight}, Family((("up",),)), (), {"up": statistics.finish()}, {}, torch.float32
    )
    layers = method.compress(block)
    assert (
        layers["up"].tensors["weight"].tolist()
        == torch.tensor([[0, -0.5, 0.25, 0], [0, 0.4, -0.6, 0]]).tolist()
    )
    assert (layers["up"].zeros, layers["up"].bits) == (4, 16)


@pytest.mark.parametrize("params", [{"pattern": "2:4"}, {"sparsity": 0.5}])
def test_sparsegpt_by_hand(params: dict[str, Any]) -> None:
    method = methods.create("sparsegpt", params, "dense")
    weight = torch.tensor([[0.9, -0.4, 0.3, 0.8], [-0.2, 0.7, -0.9, 0.1]])
    gram = torch.tensor([[1, 0.5, 0, 1], [0.5, 2, 1, 0], [0, 1, 3, 2], [1, 0, 2, 4]])
    block = Block(
        nn.Module(), {"up": weight}, Family((("up",),)), (), {"up": {"gram": gram}}, {}, torch.float32
    )
    found = method.compress(block)["up"].tensors["weight"]
    expected = torch.tensor([[0, 0.037251, 0, 1.172671], [0, 0.602833, -0.803237, 0]])
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("rounding", ["rtn", "gptq"])
def test_smoothed_weights_are_int8_of_scaled_columns(rounding: str) -> None:
    case = Case(folds=(PLACE,))
    block, layers = case.compress("smoothquant", {"alpha": 0.5, "rounding": rounding}, "int8")
    scale = scale_of(case, block)
    stacked = torch.cat(list(case.weights.values()))
    wanted = (case.inputs.abs().amax(0) / stacked.abs().amax(0)).sqrt()
    assert torch.allclose(scale, wanted, rtol=0.01)  # up to the rounding of the norm to bf16
    for name, weight in case.weights.items():
        codes, row_scale = layers[name].tensors["weight"], layers[name].tensors["weight_scale"]
        assert (codes.dtype, row_scale.dtype, row_scale.shape) == (
            torch.int8,
            torch.bfloat16,
            (len(weight), 1),
        )
        assert torch.equal(block.weights[name], codes.float() * row_scale.float())
        off = (codes.float() * row_scale.float() - weight * scale).abs() / row_scale.float()
        assert float(off.max()) < (0.51 if rounding == "rtn" else 8)
        error = case.output_error(name, block.weights[name], scale)
        assert error < 1e-3
        if rounding == "gptq":
            plain, _ = case.compress("smoothquant", {"alpha": 0.5}, "int8")
            assert error < case.output_error(name, plain.weights[name], scale)


@pytest.mark.parametrize("method", list(methods.BLOCK_METHODS))
def test_what_a_method_needs_is_what_it_uses(method: str) -> None:
    """Gathering is half of the cost: nothing is asked for in vain, and nothing else is used."""
    case = Case(folds=(PLACE,) if method in ("awq", "smoothquant") else ())
    made = methods.create(method, {}, "int8" if method == "smoothquant" else "dense")
    if method in ("gptq", "awq"):
        made.prepare([WIDTH])
    block = case.block(made)
    used: set[str] = set()

    class Watched(dict):  # type: ignore[type-arg]
        def __getitem__(self, key: str) -> Any:
            used.add(key)
            return super().__getitem__(key)

    block.seen["gate"] = Watched(block.seen["gate"])
    made.compress(block)
    assert used == made.needs


def test_one_group_size_for_all_widths() -> None:
    method = methods.create("gptq", {"group_size": 128}, "packed")
    assert method.prepare([64, 256]) == ("group size 128 -> 64: 128 does not divide all of [64, 256]",)
    config = method.quantization_config()
    assert config is not None
    assert config["config_groups"]["group_0"]["weights"]["group_size"] == 64
    with pytest.raises(ValueError, match=r"widths \[48, 64\]: no group size"):
        methods.create("awq", {"group_size": 64}, "packed").prepare([48, 64])
    with pytest.raises(ValueError, match=r"a pattern of 8 does not divide all widths \[12, 16\]"):
        methods.create("wanda", {"pattern": "4:8"}, "dense").prepare([16, 12])
    assert methods.create("gptq", {"group_size": -1}, "packed").prepare([48]) == ()


def test_more_damping_than_asked_for_is_noted() -> None:
    gram = torch.eye(WIDTH)
    gram[0, 1] = gram[1, 0] = 1.05  # not positive definite by 0.05
    weights = {"gate": torch.randn(4, WIDTH), "up": torch.randn(4, WIDTH)}
    for name in ("gptq", "sparsegpt"):
        method = methods.create(name, {"group_size": 32} if name == "gptq" else {}, "dense")
        seen: dict[str, Any] = {"gate": {"gram": gram.clone()}}
        block = Block(nn.Module(), dict(weights), Family((("gate", "up"),)), (), seen, {}, torch.bfloat16)
        layers = method.compress(block)
        assert [layer.notes for layer in layers.values()] == [
            ("gate: damping 0.01 -> 0.1",),
            ("up: damping 0.01 -> 0.1",),
        ]
