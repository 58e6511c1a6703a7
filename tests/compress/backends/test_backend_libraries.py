"""Our parameters in each library's words, shims, and what is read from logs. The libraries are absent here."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

import pytest
import torch

from acbench.compress.backends import auto_gptq, autoawq, gptqmodel, llm_compressor
from acbench.compress.backends.harness import counted, fallback_notes
from acbench.compress.backends.registry import resolved


def test_autoawq_words() -> None:
    assert autoawq.quant_config(resolved("autoawq", "awq", {"group_size": 64})) == {
        "w_bit": 4,
        "q_group_size": 64,
        "zero_point": True,
        "version": "GEMM",
    }


@pytest.mark.parametrize(("order", "flag"), [("static", True), ("none", False)])
def test_auto_gptq_words(order: str, flag: bool) -> None:
    params = resolved("auto-gptq", "gptq", {"bits": 3, "group_size": -1, "order": order, "damp": 0.1})
    assert auto_gptq.quantize_config(params) == {
        "bits": 3,
        "group_size": -1,
        "sym": True,
        "damp_percent": 0.1,
        "desc_act": flag,
        "static_groups": flag,
    }


@pytest.mark.parametrize(
    ("order", "flags"),
    [("static", (True, True, False)), ("none", (False, False, False)), ("group-aware", (False, False, True))],
)
def test_gptqmodel_words(order: str, flags: tuple[bool, bool, bool]) -> None:
    found = gptqmodel.quantize_config(resolved("gptqmodel", "gptq", {"order": order, "mse": True}))
    assert (found["desc_act"], found["static_groups"], found["act_group_aware"]) == flags
    assert found["mse"] == 2.4
    assert gptqmodel.quantize_config(resolved("gptqmodel", "gptq", {}))["mse"] == 0


@pytest.mark.parametrize(
    ("cores", "before", "after"), [(1, None, "2"), (2, None, "2"), (8, None, None), (2, "1", "1")]
)
def test_gptqmodel_gets_two_workers_on_small_machines(
    monkeypatch: pytest.MonkeyPatch, cores: int, before: str | None, after: str | None
) -> None:
    monkeypatch.delenv(gptqmodel.WORKERS, raising=False)
    if before:
        monkeypatch.setenv(gptqmodel.WORKERS, before)
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    gptqmodel.enough_workers()
    assert os.environ.get(gptqmodel.WORKERS) == after
    monkeypatch.delenv(gptqmodel.WORKERS, raising=False)


def test_gptqmodels_own_log_tells_of_fallbacks_and_damping() -> None:
    log = [
        {"module": "a", "loss": "0.0000123", "damp": "0.01000"},
        {"module": "b", "loss": "fallback(rtn): 0.0123", "damp": "0.01000"},
        {"module": "c", "loss": "rtn fallback", "damp": "0.03000"},
    ]
    assert gptqmodel.fallbacks(log) == {gptqmodel.FALLBACK: 2}
    assert gptqmodel.damping_notes(log, 0.01) == ("damping raised above 0.01 for 1 of 3 modules",)
    assert gptqmodel.damping_notes(log[:1], 0.01) == ()


def test_llm_compressors_log_tells_of_fallbacks() -> None:
    found = counted(
        [
            "Hessian inversion failed for 3/210 modules (1.4%). These modules were quantized with",
            "Failed to invert hessian due to numerical instability. Consider increasing",
            "Failed to invert hessian due to numerical instability. Consider increasing",
            "30 mappings were skipped due to incompatible shapes. Set logging to DEBUG",
            "Skipping model.norm for mapping AWQMapping(...) because no balance layers were found.",
            "Skipping SmoothQuant for model.layers.0.input_layernorm because all layers",
            "Skipping smooth_layer model.layers.0.mlp.up_proj, NaN or inf outputs found",
            "Attempted to calibrate a module weight without statistics. This is",
            "No accelerator available! Compressing model on CPU instead",
        ],
        llm_compressor.FALLBACKS,
    )
    assert list(found.values()) == [3, 2, 1, 30, 2, 1]
    assert len(fallback_notes(found)) == 6
    assert fallback_notes(dict.fromkeys(found, 0)) == []


def test_calibration_reaches_llm_compressor_sample_by_sample() -> None:
    batches = list(llm_compressor.loader([[1, 2, 3], [4, 5, 6]]))
    assert [b["input_ids"].tolist() for b in batches] == [[[1, 2, 3]], [[4, 5, 6]]]
    assert batches[0]["attention_mask"].tolist() == [[1, 1, 1]]


def scale_search(layer: torch.nn.Linear) -> torch.Tensor:
    """What AutoAWQ does around each ratio of its search: save, scale in place, restore."""
    saved = {name: tensor.cpu() for name, tensor in layer.state_dict().items()}
    with torch.no_grad():
        for _ in range(3):
            layer.weight.mul_(2.0)
            layer.load_state_dict(saved)
    return layer.weight.detach()


def test_autoawqs_saved_weights_do_not_survive_its_search_on_a_cpu_unless_copied() -> None:
    """Why the shim is there (specification, section 9, trap 2): three factors of two are left behind."""
    layer = torch.nn.Linear(4, 4, bias=False)
    original = layer.weight.detach().clone()
    assert torch.equal(scale_search(layer), original * 8)
    with torch.no_grad():
        layer.weight.copy_(original)
    with autoawq.state_is_copied(enabled=True):
        assert torch.equal(scale_search(layer), original)
    with autoawq.state_is_copied(enabled=False):
        assert torch.equal(scale_search(layer), original * 8)


def module(monkeypatch: pytest.MonkeyPatch, name: str, **content: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(content)
    monkeypatch.setitem(sys.modules, name, made)
    return made


def test_auto_gptq_stays_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    module(monkeypatch, "auto_gptq")
    base = module(monkeypatch, "auto_gptq.modeling._base", CUDA_0=torch.device("cuda:0"))
    module(monkeypatch, "auto_gptq.modeling", _base=base)
    wait = torch.cuda.synchronize
    with auto_gptq.no_gpu(enabled=True):
        assert torch.device("cpu") == base.CUDA_0
        torch.cuda.synchronize()  # raises on a machine without CUDA otherwise
    assert (base.CUDA_0, torch.cuda.synchronize) == (torch.device("cuda:0"), wait)
    with auto_gptq.no_gpu(enabled=False):
        assert torch.device("cuda:0") == base.CUDA_0


def test_nothing_is_pinned_without_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    class IntermediatesCache:
        def pin_memory(self, index: int) -> None:
            raise RuntimeError("Cannot access accelerator device when none is available")

    for name in ("llmcompressor", "llmcompressor.pipelines"):
        module(monkeypatch, name)
    module(monkeypatch, "llmcompressor.pipelines.cache", IntermediatesCache=IntermediatesCache)
    with llm_compressor.no_pinning(enabled=True):
        IntermediatesCache().pin_memory(0)
    for enabled in (False, True):
        with llm_compressor.no_pinning(enabled=enabled):
            pass
        with pytest.raises(RuntimeError, match="Cannot access accelerator"):
            IntermediatesCache().pin_memory(0)
