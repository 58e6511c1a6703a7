"""Parameters are checked before a job starts, and the stored form follows the support table."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from model_folders import child_env

from acbench.cases import Recipe
from acbench.compress.registry import check
from acbench.compress.support import stored_form
from acbench.compress.tally import is_linear
from acbench.errors import ConfigError


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("rtm", {}, "recipe 'x': unknown method 'rtm'; did you mean 'rtn'"),
        ("rtn", {}, "parameter 'bits' is missing"),
        ("rtn", {"bit": 4}, "unknown parameter 'bit'; did you mean 'bits'"),
        ("rtn", {"bits": "4"}, "parameter bits must be int, not '4'"),
        ("rtn", {"bits": True}, "parameter bits must be int, not True"),
        ("rtn", {"bits": 5}, "bits must be 2, 3, 4 or 8, not 5"),
        ("rtn", {"bits": 4, "group_size": 0}, "group_size must be -1 or a multiple of 32, not 0"),
        ("rtn", {"bits": 4, "group_size": 48}, "multiple of 32, not 48"),
        ("rtn", {"bits": 4, "group_size": -32}, "multiple of 32, not -32"),
        ("rtn", {"bits": 4, "symmetric": 1}, "parameter symmetric must be bool, not 1"),
        ("rtn", {"bits": 4, "grid": "full"}, "grid must be sym-full or sym-restricted, not 'full'"),
        ("rtn", {"bits": 4, "symmetric": False, "grid": "sym-full"}, "grid chooses among symmetric grids"),
        ("magnitude", {"sparsity": 0}, "sparsity must lie between 0 and 1, not 0"),
        ("magnitude", {"sparsity": 1.0}, "sparsity must lie between 0 and 1, not 1.0"),
        ("magnitude", {"sparsity": float("nan")}, "sparsity must lie between 0 and 1, not nan"),
        ("magnitude", {"pattern": "1:2"}, "pattern must be 2:4 or 4:8, not '1:2'"),
        ("magnitude", {"pattern": "2:4", "sparsity": 0.5}, "give sparsity or pattern, not both"),
        ("magnitude", {"bits": 4}, "unknown parameter 'bits'; did you mean|valid names: pattern, sparsity"),
        ("external", {}, "parameter 'checkpoint' is missing"),
        ("base", {"bits": 4}, "unknown parameter 'bits'; there are none"),
    ],
)
def test_wrong_parameters_are_named(method: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check(Recipe("x", method, params))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("rtn", {"bits": 2, "group_size": -1}),
        ("rtn", {"bits": 4, "group_size": 96, "grid": "sym-restricted"}),
        ("rtn", {"bits": 8, "symmetric": True, "grid": "sym-full"}),
        ("magnitude", {}),
        ("magnitude", {"pattern": "4:8"}),
        ("external", {"checkpoint": "hf:a/b", "revision": "main"}),
    ],
)
def test_right_parameters_are_accepted(method: str, params: dict[str, Any]) -> None:
    assert check(Recipe("x", method, params)).name == method


@pytest.mark.parametrize(
    ("bits", "backend", "device", "form"),
    [
        (4, "vllm", "cpu", "packed"),
        (8, "vllm", "cpu", "dense"),
        (3, "vllm", "cpu", "dense"),
        (4, "vllm", "gpu", "packed"),
        (8, "vllm", "gpu", "packed"),
        (2, "vllm", "gpu", "dense"),
        (4, "transformers", "cpu", "dense"),
    ],
)
def test_only_what_has_a_kernel_is_stored_packed(bits: int, backend: str, device: str, form: str) -> None:
    assert stored_form("rtn", {"bits": bits}, backend=backend, device=device) == form


def test_other_methods_and_grids_are_stored_dense() -> None:
    assert stored_form("magnitude", {}, backend="vllm", device="gpu") == "dense"
    restricted = {"bits": 4, "grid": "sym-restricted"}
    assert stored_form("rtn", restricted, backend="vllm", device="gpu") == "dense"


@pytest.mark.parametrize(
    ("name", "shape", "linear"),
    [
        ("model.layers.0.self_attn.q_proj.weight", (4, 4), True),
        ("model.layers.11.mlp.gate_proj.weight", (4, 4), True),
        ("transformer.h.3.mlp.c_fc.weight", (4, 4), True),
        ("model.layers.0.mlp.experts.7.w1.weight", (4, 4), True),
        ("model.layers.0.mlp.gate.weight", (4, 4), False),
        ("model.layers.0.block_sparse_moe.router.weight", (4, 4), False),
        ("model.layers.0.input_layernorm.weight", (4,), False),
        ("model.layers.0.self_attn.q_proj.bias", (4,), False),
        ("model.layers.0.conv.weight", (4, 4, 4), False),
        ("model.embed_tokens.weight", (4, 4), False),
        ("lm_head.weight", (4, 4), False),
    ],
)
def test_only_linear_weights_inside_blocks_are_touched(
    name: str, shape: tuple[int, ...], linear: bool
) -> None:
    assert is_linear(name, shape) is linear


def test_checking_parameters_loads_no_torch() -> None:
    script = (
        "import sys; import acbench.checkpoints, acbench.compress.worker, acbench.compress.rtn\n"
        "print([m for m in ('torch', 'transformers', 'safetensors', 'compressed_tensors') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=child_env(), check=True
    )
    assert done.stdout == "[]\n"
