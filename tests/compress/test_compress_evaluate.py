"""Predictions of stored weights, against the plain forward pass of transformers."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
import torch
from compress_models import FAMILIES, MULTI_HEAD, built, logprobs_of, model_folder, model_of, token_ids
from torch import nn
from transformers import AutoModelForCausalLM

from acbench.compress import evaluate
from acbench.compress.blocks import BlockModel, attention, fast_dtype
from acbench.compress.eightbit import rounded_rows
from acbench.compress.evaluate import predict, run
from acbench.compress.reading import WeightReader

if TYPE_CHECKING:
    from pathlib import Path

torch.set_num_threads(1)

SAMPLES = token_ids(5, 40, seed=3)


def plain(folder: Path, family: str = "llama") -> nn.Module:
    kind = "eager" if family == "gemma2" else "sdpa"
    found: nn.Module = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, attn_implementation=kind
    )
    return found.eval()


@pytest.mark.parametrize("heads", ["grouped", "multi"])
@pytest.mark.parametrize("family", FAMILIES)
def test_predictions_are_those_of_a_plain_forward_pass(tmp_path: Path, family: str, heads: str) -> None:
    folder = model_folder(tmp_path / "m", family, **(MULTI_HEAD if heads == "multi" else {}))
    model = plain(folder, family)
    logprobs, top = predict(folder, SAMPLES)
    assert torch.allclose(torch.tensor(logprobs), logprobs_of(model, SAMPLES), atol=1e-5)
    with torch.no_grad():
        logits = model(input_ids=torch.tensor(SAMPLES)).logits[:, :-1]
    chosen = logits.gather(-1, torch.tensor(top)[..., None])[..., 0]
    assert torch.allclose(chosen, logits.amax(-1), atol=1e-5)


def test_the_soft_limit_of_attention_logits_is_kept(tmp_path: Path) -> None:
    """torch's own attention ignores it without a word."""
    folder = model_folder(tmp_path / "m", "gemma2")
    ignoring = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, attn_implementation="sdpa"
    )
    found = torch.tensor(predict(folder, SAMPLES)[0])
    assert float((found - logprobs_of(ignoring.eval(), SAMPLES)).abs().max()) > 0.01
    assert attention(model_of("gemma2").config) == "eager"
    assert attention(model_of("gemma2", attn_logit_softcapping=None).config) == attention(
        model_of("llama").config
    )


def test_the_job_gives_loss_and_perplexity(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    found = run({"model": str(folder), "samples": SAMPLES})
    values = [value for row in found["logprobs"] for value in row]
    assert len(values) == 5 * 39
    assert found["nll"] == pytest.approx(-math.fsum(values) / len(values))
    assert found["perplexity"] == pytest.approx(math.exp(found["nll"]))
    assert json.loads(json.dumps(found)) == found


def test_samples_do_not_depend_on_each_other(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", "mistral")
    together = torch.tensor(predict(folder, SAMPLES)[0])
    alone = torch.tensor([predict(folder, [sample])[0][0] for sample in SAMPLES])
    assert torch.allclose(together, alone, atol=1e-5)


class Rounding(nn.Module):  # type: ignore[misc]
    def __init__(self, inner: nn.Module, number: str) -> None:
        super().__init__()
        self.inner, self.number = inner, number

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.inner(rounded_rows(inputs, self.number))  # type: ignore[arg-type]
        return found


@pytest.mark.parametrize("number", ["int8", "fp8"])
def test_activations_are_rounded_where_the_checkpoint_says_so(tmp_path: Path, number: str) -> None:
    """Against a model whose linear layers hold the dequantized weights and round what they are given."""
    folder = model_folder(tmp_path / "m")
    built(folder, tmp_path / "out", number, {}, served_as=number)
    expected = plain(folder)
    with WeightReader(tmp_path / "out") as reader:
        for name, parameter in expected.named_parameters():
            if name in reader.names:
                parameter.data = reader.weight(name).float()
    weights_only = logprobs_of(expected, SAMPLES)
    for layer in expected.model.layers:
        for part in (layer.self_attn, layer.mlp):
            for name, module in list(part.named_children()):
                if isinstance(module, nn.Linear):
                    setattr(part, name, Rounding(module, number))
    found = torch.tensor(predict(tmp_path / "out", SAMPLES)[0])
    assert torch.allclose(found, logprobs_of(expected, SAMPLES), atol=1e-4)
    assert not torch.allclose(found, weights_only, atol=1e-3)


def test_memory_is_given_back_block_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one block holds weights at a time, and nothing does at the end."""
    folder = model_folder(tmp_path / "m", num_hidden_layers=4)
    most: list[int] = []
    real = BlockModel.run

    def counting(self: BlockModel, index: int, *rest: object) -> torch.Tensor:
        loaded = [at for at, block in enumerate(self.blocks) if not block.mlp.up_proj.weight.is_meta]
        assert loaded == [index]
        assert self.model.get_input_embeddings().weight.is_meta
        most.append(index)
        return real(self, index, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(BlockModel, "run", counting)
    predict(folder, SAMPLES)
    assert sorted(set(most)) == [0, 1, 2, 3]


def test_calculations_run_in_16_bits_only_where_the_machine_does(monkeypatch: pytest.MonkeyPatch) -> None:
    config = model_of("llama").config
    config.dtype = torch.bfloat16
    for native in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda native=native: native)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        assert fast_dtype(config, "cpu") == (torch.bfloat16 if native else torch.float32)
    config.dtype = torch.float16
    assert fast_dtype(config, "cpu") == torch.float32
    assert fast_dtype(config, "cuda") == torch.float16
    config.dtype = torch.float32
    assert fast_dtype(config, "cuda") == torch.float32


def test_a_perplexity_beyond_all_numbers_is_still_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "predict", lambda *_, **__: ([[-1e6, -1e6]], [[0, 0]]))
    found = run({"model": str(tmp_path), "samples": [[1, 2, 3]]})
    assert (found["nll"], found["perplexity"]) == (1e6, math.exp(700))
