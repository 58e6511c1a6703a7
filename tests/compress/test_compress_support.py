"""The support matrix as data: what a recipe is stored as, and what is refused with which advice."""

from __future__ import annotations

from typing import Any

import pytest

from acbench.compress.forms import eight_bit_config, integer_config
from acbench.compress.support import (
    KV_REFUSED,
    ONLINE_REFUSED,
    Scheme,
    check_checkpoint,
    check_engine,
    find,
    scheme_of,
    stored_form,
)
from acbench.errors import ConfigError

GROUP = {"quant_method": "compressed-tensors", "format": "pack-quantized"}


def weights(**fields: Any) -> dict[str, Any]:
    return {**GROUP, "config_groups": {"group_0": {"weights": {"type": "int", **fields}}}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Scheme("dense")),
        (integer_config(bits=4, kind="asym", group=64, form="packed"), Scheme("packed", 4, False, 64)),
        (integer_config(bits=8, kind="sym-full", group=-1, form="packed"), Scheme("packed", 8, True, -1)),
        (integer_config(bits=4, kind="sym-full", group=32, form="gptq"), Scheme("gptq", 4, True, 32)),
        (integer_config(bits=4, kind="asym", group=128, form="awq"), Scheme("awq", 4, False, 128)),
        (eight_bit_config("int8"), Scheme("int8", 8)),
        (eight_bit_config("fp8"), Scheme("fp8", 8)),
        (weights(num_bits=4, group_size=64, actorder="group"), Scheme("packed", 4, True, 64, reordered=True)),
        (weights(num_bits=4, group_size=64, actorder="static"), Scheme("packed", 4, True, 64)),
        (weights(num_bits=8, type="float"), Scheme("fp8-weights", 8)),
        (
            {"quant_method": "gptq", "bits": 4, "group_size": 64, "desc_act": True},
            Scheme("gptq", 4, True, 64, True),
        ),
        (
            {"quant_method": "gptq", "bits": 4, "group_size": -1, "desc_act": True},
            Scheme("gptq", 4, True, -1),
        ),
        ({**GROUP, "config_groups": {}}, Scheme("dense")),
    ],
)
def test_configurations_say_what_is_stored(config: dict[str, Any], expected: Scheme) -> None:
    assert scheme_of(config) == expected


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"quant_method": "bitsandbytes"},
            "method 'bitsandbytes' were never tried; known: compressed-tensors",
        ),
        (
            {**GROUP, "sparsity_config": {"targets": ["Linear"]}},
            "sparse formats .* save the pruned weights dense",
        ),
        (weights(num_bits=3, group_size=64), r"not served by vllm on this device \(cpu\): no CPU kernel"),
        (
            weights(num_bits=4, actorder="group"),
            'serving engines refuse reordered groups; use order = "static"',
        ),
    ],
)
def test_finished_checkpoints_that_are_not_served(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"x: .*{message}"):
        check_checkpoint(config, backend="vllm", device="cpu", what="x")
    check_checkpoint(config, backend="openai", device="cpu", what="x")  # a server is asked, not loaded


@pytest.mark.parametrize(
    ("method", "params", "backend", "device", "form"),
    [
        ("gptq", {}, "vllm", "cpu", "packed"),
        ("gptq", {"format": "gptq"}, "vllm", "cpu", "gptq"),
        ("awq", {"format": "awq"}, "vllm", "cpu", "awq"),
        ("awq", {"bits": 3}, "vllm", "cpu", "dense"),
        ("gptq", {"bits": 8}, "vllm", "gpu", "packed"),
        ("gptq", {"bits": 8}, "openai", "cpu", "dense"),
        ("smoothquant", {}, "vllm", "cpu", "int8"),
        ("fp8", {}, "transformers", "cpu", "fp8"),
        ("gptq", {}, "transformers", "cpu", "dense"),
        ("wanda", {}, "vllm", "cpu", "dense"),
    ],
)
def test_the_form_follows_the_device(
    method: str, params: dict[str, Any], backend: str, device: str, form: str
) -> None:
    assert stored_form(method, params, backend=backend, device=device) == form


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        (
            "gptq",
            {"format": "gptq", "bits": 8},
            "gptq as gptq, 8 bits, on vllm .cpu.: the GPTQ format is served",
        ),
        ("gptq", {"format": "gptq", "symmetric": False}, "4-bit symmetric weights only"),
        ("gptq", {"format": "compressed-tensors", "bits": 3}, "leave `format` out"),
        (
            "gptq",
            {"format": "awq"},
            "the AWQ format holds 4-bit weights with zero points .symmetric = false.",
        ),
        ("awq", {"format": "awq", "bits": 8}, "the AWQ format holds 4-bit weights"),
    ],
)
def test_formats_that_are_asked_for_and_cannot_be(method: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        stored_form(method, params, backend="vllm", device="cpu")


def test_every_form_is_known_everywhere() -> None:
    for backend in ("vllm", "transformers"):
        for device in ("cpu", "gpu"):
            for form in ("dense", "packed", "int8", "fp8", "fp8-weights", "gptq"):
                row = find(backend, device, Scheme(form, 4))
                assert row.served or row.why


def test_engine_settings_that_serve_garbage_are_refused_on_a_cpu() -> None:
    for dtype in KV_REFUSED:
        with pytest.raises(ConfigError, match=f"r: engine.kv_cache_dtype = '{dtype}'"):
            check_engine({"kv_cache_dtype": dtype}, device="cpu", what="r")
        check_engine({"kv_cache_dtype": dtype}, device="gpu", what="r")
    for kind in ONLINE_REFUSED:
        with pytest.raises(ConfigError, match=f"r: engine.extra.quantization = '{kind}'"):
            check_engine({"extra": {"quantization": kind}}, device="cpu", what="r")
    check_engine({"kv_cache_dtype": "fp8", "extra": {"quantization": {"a": 1}}}, device="cpu", what="r")
    check_engine({"backend": "transformers", "kv_cache_dtype": "fp8_per_token_head"}, device="cpu", what="r")
