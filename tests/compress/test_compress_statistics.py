"""Statistics of calibration inputs, and which layers are said to share one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from compress_models import FAMILIES, model_folder, model_of, token_ids
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.compress import sequential
from acbench.compress.blocks import BlockModel
from acbench.compress.families import FAMILIES as KNOWN
from acbench.compress.families import Fold, applicable, family_of
from acbench.compress.statistics import InputStatistics, Need, half_width_products
from acbench.compress.structure import linear_widths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

torch.set_num_threads(1)

ALL: frozenset[Need] = frozenset({"gram", "squares", "largest", "mean"})


def gathered(*parts: torch.Tensor, needs: frozenset[Need] = ALL) -> dict[Need, torch.Tensor]:
    statistics = InputStatistics(needs)
    for part in parts:
        statistics.add(part)
    return statistics.finish()


# -- sums -------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 37), st.sampled_from([torch.float32, torch.bfloat16]))
def test_statistics_are_those_of_all_tokens_at_once(seed: int, width: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(seed)
    parts = [torch.randn(2, rows, width, generator=generator).to(dtype) for rows in (1, 7, 4)]
    found = gathered(*parts)
    rows = torch.cat([part.reshape(-1, width) for part in parts]).double()
    gram = rows.t() @ rows / len(rows)
    size = float(gram.diagonal().max())
    assert torch.allclose(found["gram"].double(), gram, rtol=1e-5, atol=1e-6 * size)
    assert torch.equal(found["gram"], found["gram"].t())
    assert torch.allclose(found["squares"].double(), rows.square().sum(0), rtol=1e-5)
    assert torch.allclose(found["mean"].double(), rows.abs().mean(0), rtol=1e-5)
    assert torch.equal(found["largest"].double(), rows.abs().amax(0))


def test_only_what_is_asked_for_is_kept() -> None:
    assert gathered(torch.ones(3, 4), needs=frozenset({"mean"})).keys() == {"mean"}
    assert gathered(torch.ones(3, 4), needs=frozenset({"largest", "gram"})).keys() == {"largest", "gram"}


def test_inputs_are_not_written_to_and_may_be_kept_by_the_caller() -> None:
    inputs = torch.randn(5, 4)
    before = inputs.clone()
    statistics = InputStatistics(ALL)
    statistics.add(inputs)
    inputs.zero_()  # a buffer that is reused
    found = statistics.finish()
    assert torch.allclose(found["gram"], before.t() @ before / 5, atol=1e-6)
    assert torch.equal(found["largest"], before.abs().amax(0))


def test_fast_products_end_with_their_block() -> None:
    before = torch.get_float32_matmul_precision()
    with half_width_products():
        assert torch.get_float32_matmul_precision() == "medium"
    with pytest.raises(KeyError), half_width_products():
        raise KeyError
    with half_width_products(wanted=False):
        assert torch.get_float32_matmul_precision() == before
    assert torch.get_float32_matmul_precision() == before


# -- what shares an input ---------------------------------------------------------------------------


@pytest.fixture(params=FAMILIES)
def blocks(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlockModel]:
    folder = model_folder(tmp_path / "m", request.param)
    with BlockModel(folder) as found:
        yield found


def watcher(own: dict[str, InputStatistics], called: list[str], name: str) -> Callable[[Any, Any], None]:
    def hook(_: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        own[name].add(inputs[0])
        called.append(name)

    return hook


def test_layers_that_are_said_to_share_an_input_do(blocks: BlockModel) -> None:
    """Hooks on every linear layer of every block, one by one, against the statistics that the builder gathers."""
    hidden = blocks.embed(torch.tensor(token_ids(3, 20)))
    for index in range(len(blocks.blocks)):
        module = blocks.load(index)
        widths = linear_widths(blocks, index)
        family, note = family_of(blocks.config.model_type, widths)
        assert (family.known, note) == (True, "")
        assert sorted(name for names in family.inputs for name in names) == sorted(widths)
        seen = sequential._watch(blocks, index, hidden, family, ALL)
        own = {name: InputStatistics(ALL) for name in widths}
        called: list[str] = []
        handles = [
            module.get_submodule(name).register_forward_pre_hook(watcher(own, called, name))
            for name in widths
        ]
        for batch in hidden.batches:
            hidden.states[batch] = blocks.run(index, hidden, batch)
        for handle in handles:
            handle.remove()
        assert len(called) == len(widths) * len(hidden.batches)
        assert set(family.inputs[-1]) & set(called[-2:])  # the forward pass may end at the last input
        for names in family.inputs:
            for name in names:
                mine, hooked = seen[names[0]], own[name].finish()
                assert mine.keys() == hooked.keys() == ALL
                assert all(torch.equal(mine[need], hooked[need]) for need in ALL)
        blocks.drop(index)


def test_an_unknown_model_keeps_statistics_per_layer() -> None:
    family, note = family_of("zebra", ["a", "b"])
    assert (family.inputs, family.folds, family.known) == ((("a",), ("b",)), (), False)
    assert note == "zebra: an unknown model type; statistics are kept per linear layer"
    other, note = family_of("llama", ["self_attn.q_proj", "mlp.experts"])
    assert not other.known
    assert "layers that this model type does not usually have" in note


def test_every_fold_feeds_whole_inputs() -> None:
    """A scale is divided out of an input once: all layers that read it must be multiplied, and no other."""
    for family in KNOWN.values():
        places = [place.consumers for place in family.folds]
        assert set(places) <= set(family.inputs)
        assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("fold", "widths", "expected"),
    [
        (Fold("v", "linear", ("o",)), {"v": (64, 64), "o": (64, 64)}, True),
        (Fold("v", "linear", ("o",)), {"v": (32, 64), "o": (64, 64)}, False),
        (Fold("gu", "linear", ("d",), half=True), {"gu": (256, 64), "d": (64, 128)}, True),
        (Fold("norm", "norm", ("q", "k")), {"q": (64, 64), "k": (32, 64)}, True),
    ],
)
def test_folds_apply_where_widths_match(
    fold: Fold, widths: dict[str, tuple[int, int]], expected: bool
) -> None:
    assert applicable(fold, widths) is expected


def test_a_tuple_returning_model_is_run_like_any_other(tmp_path: Path) -> None:
    """The stand-in of InternLM2 unpacks what its blocks return; one block, many, and after a first run."""
    for layers in (1, 3):
        folder = model_folder(tmp_path / str(layers), "internlm2", num_hidden_layers=layers)
        expected = model_of("internlm2", num_hidden_layers=layers).float()
        ids = torch.tensor(token_ids(2, 12))
        with BlockModel(folder) as found:
            hidden: Any = found.embed(ids)
            for index in range(layers):
                found.load(index)
                hidden.states = found.run(index, hidden, slice(None))
            for sample, logits in found.logits(hidden):
                with torch.no_grad():
                    assert torch.allclose(logits, expected(ids).logits[sample], atol=1e-5)
