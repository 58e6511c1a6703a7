"""Folding a scale into what makes an input leaves the function of a block as it was, for every family."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from compress_models import FAMILIES, MULTI_HEAD, model_folder, token_ids
from torch import nn

from acbench.cases import Recipe
from acbench.compress.blocks import BlockModel
from acbench.compress.families import Family, Fold, family_of
from acbench.compress.folding import fold
from acbench.compress.methods import Block
from acbench.compress.structure import structure
from acbench.compress.tally import Tally
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from pathlib import Path

torch.set_num_threads(1)

EXACT = 2e-5


def block_of(blocks: BlockModel, dtype: Any) -> tuple[Block, tuple[Fold, ...]]:
    tally = Tally()
    family, folds, widths = structure(blocks, {"recipe": Recipe("r", "awq").slug, "method": "awq"}, tally)
    module = blocks.load(0)
    weights = {name: module.get_submodule(name).weight.data.clone() for name in widths}
    return Block(module, weights, family, folds, {}, {}, dtype), folds


def outputs(blocks: BlockModel, hidden: Any) -> torch.Tensor:
    return blocks.run(0, hidden, slice(None)).clone()


def put_back(block: Block) -> None:
    for name, values in block.weights.items():
        block.module.get_submodule(name).weight.data = values


@pytest.mark.parametrize("heads", ["grouped", "multi"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_function_stays(tmp_path: Path, family: str, heads: str) -> None:
    changes = MULTI_HEAD if heads == "multi" else {}
    with BlockModel(model_folder(tmp_path / "m", family, **changes)) as blocks:
        hidden = blocks.embed(torch.tensor(token_ids(2, 16)))
        block, folds = block_of(blocks, torch.float32)
        before = outputs(blocks, hidden)
        generator = torch.Generator().manual_seed(1)
        for place in folds:
            widths = block.weight(place.consumers[0]).shape
            scale = torch.exp(torch.randn(widths[1], generator=generator))
            used = fold(block, place, scale)
            assert torch.allclose(used, scale, rtol=1e-5)
            put_back(block)
            after = outputs(blocks, hidden)
            assert float((after - before).abs().max()) < EXACT * float(before.abs().max()), place
        originals = {name: blocks.reader.weight(f"{blocks.prefix}.0.{name}.weight") for name in block.weights}
        changed = {name for name, w in originals.items() if not torch.equal(w.float(), block.weights[name])}
        assert changed >= {name for place in folds for name in place.consumers}
        linear = {"v_proj", "gate_up_proj", "up_proj", "w3", "fc1"} & {
            p.producer.rpartition(".")[2] for p in folds
        }
        has_v = any(p.producer.endswith("v_proj") for p in folds)
        plain = family in ("llama", "mistral", "qwen2", "gemma2")
        assert has_v is (family == "opt" or (plain and heads == "multi"))
        assert linear


@pytest.mark.parametrize("family", ["llama", "gemma2", "phi3", "minicpm3"])
def test_norms_are_stored_in_16_bits_and_nothing_is_lost_to_it(tmp_path: Path, family: str) -> None:
    """The scale follows the rounded norm: without that, the function would move by a bf16 step, 250 times more."""
    with BlockModel(model_folder(tmp_path / "m", family)) as blocks:
        hidden = blocks.embed(torch.tensor(token_ids(2, 16)))
        block, folds = block_of(blocks, torch.bfloat16)
        before = outputs(blocks, hidden)
        for place in folds:
            if place.kind != "linear":
                scale = (
                    torch.rand(
                        block.weight(place.consumers[0]).shape[1], generator=torch.Generator().manual_seed(2)
                    )
                    + 0.5
                )
                used = fold(block, place, scale)
                stored = block.changed[f"{place.producer}.weight"]
                assert stored.dtype == torch.bfloat16
                assert torch.equal(block.module.get_submodule(place.producer).weight, stored.float())
                assert not torch.equal(used, scale)
                assert torch.allclose(used, scale, rtol=0.1)  # a norm of Gemma near -1 has coarse steps
        put_back(block)
        assert float((outputs(blocks, hidden) - before).abs().max()) < EXACT * float(before.abs().max())


class OneNorm(nn.Module):  # type: ignore[misc]
    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.norm = nn.Module()
        self.norm.weight = nn.Parameter(weight, requires_grad=False)


@pytest.mark.parametrize("kind", ["norm", "norm+1"])
def test_the_worked_fold(kind: str) -> None:
    """Specification, section 10; a norm of Gemma stores the factor minus 1."""
    x, gamma = torch.tensor([1, -2, 0.5, 4.0]), torch.tensor([1, 0.5, 2, 1.5])
    weight = torch.tensor([[0.2, -0.4, 0.1, 0.3], [0.5, 0.1, -0.2, 0.05]])
    scale, plus = torch.tensor([0.5, 2, 1, 4]), 1.0 if kind == "norm+1" else 0.0
    module = OneNorm(gamma - plus)
    block = Block(module, {"up": weight}, Family((("up",),)), (), {}, {}, torch.float32)
    used = fold(block, Fold("norm", kind, ("up",)), scale)
    assert torch.allclose(used, scale)
    assert torch.allclose(module.norm.weight, gamma / scale - plus)
    made = block.weights["up"] @ (x / x.square().mean().sqrt() * (module.norm.weight + plus))
    assert made.tolist() == pytest.approx([1.084652, 0.21693], abs=1e-6)
    assert torch.equal(weight, torch.tensor([[0.2, -0.4, 0.1, 0.3], [0.5, 0.1, -0.2, 0.05]]))


def test_channels_that_a_norm_has_switched_off_stay_off() -> None:
    module = OneNorm(torch.tensor([0.0, 1.0]))
    block = Block(module, {"up": torch.ones(1, 2)}, Family((("up",),)), (), {}, {}, torch.bfloat16)
    used = fold(block, Fold("norm", "norm", ("up",)), torch.tensor([3.0, 3.0]))
    assert module.norm.weight[0] == 0
    assert bool(torch.isfinite(used).all())
    assert used[0] == 3
    assert float(used[1]) == pytest.approx(1 / 0.333984375)  # 1/3 in bf16


# -- what is refused or left out --------------------------------------------------------------------


def notes_of(folder: Path, method: str) -> tuple[list[str], tuple[Fold, ...]]:
    tally = Tally()
    with BlockModel(folder) as blocks:
        _, folds, _ = structure(blocks, {"recipe": "r", "method": method}, tally)
    return tally.notes, folds


def test_grouped_queries_are_noted_where_it_matters(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    notes, folds = notes_of(folder, "awq")
    assert notes == [
        "self_attn.v_proj -> self_attn.o_proj: not scaled, the widths differ (grouped-query attention)"
    ]
    assert len(folds) == 3
    notes, folds = notes_of(folder, "smoothquant")  # scales behind norms only
    assert (notes, len(folds)) == ([], 2)
    assert notes_of(folder, "gptq") == ([], ())


def test_scales_pass_a_relu_and_nothing_else(tmp_path: Path) -> None:
    notes, folds = notes_of(model_folder(tmp_path / "relu", "opt"), "awq")
    assert notes == []
    assert {place.producer for place in folds} >= {"fc1"}
    folder = model_folder(tmp_path / "gelu", "opt", activation_function="gelu")  # the Galactica models
    notes, folds = notes_of(folder, "awq")
    assert notes == ["fc1 -> fc2: not scaled, a scale does not pass through gelu"]
    assert "fc1" not in {place.producer for place in folds}


def test_models_that_normalize_afterwards_or_are_unknown_have_no_place_to_fold(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "opt", "opt", do_layer_norm_before=False)
    for method in ("awq", "smoothquant"):
        with pytest.raises(
            CompressionError, match=r"opt is not a known family .*gptq, wanda and sparsegpt work"
        ):
            notes_of(folder, method)
    assert notes_of(folder, "gptq") == ([], ())
    assert family_of("opt", ["fc1"])[0].known is False


def test_blocks_must_have_one_shape(tmp_path: Path) -> None:
    with BlockModel(model_folder(tmp_path / "m", num_hidden_layers=3)) as blocks:
        blocks.blocks[2].mlp.up_proj = nn.Linear(64, 96, bias=False, device="meta")
        with pytest.raises(CompressionError, match="r: blocks 0 and 2 of llama have different linear layers"):
            structure(blocks, {"recipe": "r", "method": "gptq"}, Tally())


def test_a_model_without_linear_layers_is_refused(tmp_path: Path) -> None:
    stub: Any = SimpleNamespace(
        blocks=[nn.Module()],
        config=SimpleNamespace(model_type="x"),
        block_prefix=lambda index: f"model.layers.{index}.",
        reader=SimpleNamespace(folder=tmp_path),
    )
    with pytest.raises(CompressionError, match="r: no linear weight found in"):
        structure(stub, {"recipe": "r", "method": "gptq"}, Tally())
