"""The kv table of an engine: what it may say, and that reading it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from model_folders import child_env

from acbench.errors import ConfigError
from acbench.kv.settings import DECODES, POLICIES, KVSettings, parse_kv


def test_defaults_keep_the_whole_cache() -> None:
    settings = parse_kv({})
    assert settings == KVSettings()
    assert not settings.evicts
    assert settings.budget_tokens(77) == 77


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"polcy": "snapkv"}, r"engine\.extra\.kv: unknown key 'polcy'; did you mean 'policy'"),
        ({"policy": "snapv", "budget": 9}, r"unknown policy 'snapv'; did you mean 'snapkv'\?"),
        ({"decode": "slid"}, r"unknown decode 'slid'; did you mean 'slide'\?"),
        ({"policy": 3}, "policy must be str, not 3"),
        ({"policy": "h2o", "budget": True}, "budget must be int or float, not True"),
        ({"policy": "h2o", "budget": 64, "window": 8.0}, r"window must be int, not 8\.0"),
        ({"policy": "pyramidkv", "budget": 64, "compat": 1}, "compat must be bool, not 1"),
        ({"policy": "snapkv"}, "policy 'snapkv' needs a budget"),
        ({"policy": "snapkv", "budget": 0}, "budget must be at least 1 token"),
        ({"policy": "snapkv", "budget": 1.5}, r"budget as a share must lie in \(0, 1\], not 1\.5"),
        ({"policy": "snapkv", "budget": 0.0}, "as a share must lie"),
        ({"policy": "snapkv", "budget": 7}, "budget 7 must not be smaller than the window of 8"),
        ({"policy": "streamingllm", "budget": 4}, "budget 4 must be larger than the 4 sinks"),
        (
            {"policy": "streamingllm", "budget": 40, "window": 32, "sinks": 8},
            "give sinks or window, not both",
        ),
        ({"policy": "snapkv", "budget": 64, "kernel": 4}, "kernel must be odd"),
        ({"policy": "snapkv", "budget": 64, "pool": "median"}, "unknown pool 'median'"),
        ({"policy": "h2o", "budget": 64, "kernel": 5}, "kernel has no effect with policy 'h2o'"),
        ({"budget": 64}, "budget has no effect with policy 'full'"),
        ({"decode": "slide", "budget": 64}, "budget has no effect"),
        ({"layout": "kivi"}, "layout has no effect"),
        ({"bits": 3}, "bits must be 2, 4 or 8"),
        ({"bits": 4, "residual": -1}, "residual must be at least 0"),
        ({"decode": "slide", "recent": 512}, r"recent \(512\) must be smaller than decode_window \(512\)"),
        ({"decode": "h2o", "budget": 8, "decode_window": 8, "recent": 16}, "smaller than budget"),
        ({"decode": "streamingllm", "budget": 32, "recent": 32}, "smaller than the 32 tokens kept"),
        ({"decode": "slide", "score_decay": 1}, r"score_decay must lie in \[0, 1\)"),
        ({"decode": "slide", "bits": 4, "layout": "kivi"}, "moves tokens between the groups"),
        ({"decode": "slide", "bits": 4, "residual": 8}, "moves tokens between the groups"),
    ],
)
def test_what_is_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_kv(table)


def test_the_place_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^acbench\.toml: \[recipes\.x\]: unknown key"):
        parse_kv({"x": 1}, "acbench.toml: [recipes.x]")


@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "full"])
@pytest.mark.parametrize("decode", list(DECODES))
def test_every_pair_of_policies_can_be_chosen(policy: str, decode: str) -> None:
    settings = parse_kv({"policy": policy, "decode": decode, "budget": 512})
    assert settings.evicts
    assert settings.budget_tokens(9000) == 512


def test_a_share_follows_the_prompt() -> None:
    settings = parse_kv({"policy": "snapkv", "budget": 0.2})
    assert settings.budget_tokens(1000) == 200
    assert settings.budget_tokens(2) == 1
    assert parse_kv({"policy": "snapkv", "budget": 1.0}).budget_tokens(321) == 321


def test_reading_a_table_loads_no_torch() -> None:
    code = (
        "import sys; from acbench.kv.settings import parse_kv; parse_kv({'policy': 'snapkv', 'budget': 64}); "
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=child_env())
