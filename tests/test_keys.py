"""Keys: everything that can change a token changes the key, and nothing else does."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from acbench import keys
from acbench.cases import Recipe
from acbench.checkpoints import Target, checkpoint_key
from acbench.compress import registry
from acbench.engines.protocol import EngineSettings
from acbench.keys import GenerationKey, canonical_json, fingerprint
from acbench.models import ResolvedModel
from acbench.store import Store

KEY = GenerationKey(
    checkpoint="c0",
    renderer="r0",
    task="needle",
    task_version=1,
    mode="corrected",
    data="d0",
    engine=asdict(EngineSettings()),
    versions={"vllm": "0.32.0", "torch": "2.13.0"},
    device="cpu",
    threads=1,
)
OTHER_KEY: dict[str, Any] = {
    "checkpoint": "c1",
    "renderer": "r1",
    "task": "pddl",
    "task_version": 2,
    "mode": "upstream",
    "data": "d1",
    "engine": {**asdict(EngineSettings()), "seed": 9},
    "versions": {"vllm": "0.32.1", "torch": "2.13.0"},
    "device": "gpu",
    "threads": 2,
    "policy": "single",
}
"""One other value per field. A field that is missing here fails its test below."""
OTHER_SETTINGS: dict[str, Any] = {
    "backend": "transformers",
    "dtype": "float32",
    "window_tokens": 4097,
    "max_num_seqs": 63,
    "max_num_batched_tokens": 4095,
    "kv_cache_mib": 1025,
    "kv_cache_dtype": "fp8",
    "block_tokens": 16,
    "prefix_caching": False,
    "tensor_parallel": 2,
    "threads": 2,
    "seed": 1,
    "extra": {"base_url": "x"},
}


@pytest.mark.parametrize("name", [f.name for f in fields(GenerationKey)])
def test_every_field_of_a_generation_is_in_its_key(name: str) -> None:
    assert replace(KEY, **{name: OTHER_KEY[name]}).digest() != KEY.digest()


@pytest.mark.parametrize("name", [f.name for f in fields(EngineSettings)])
def test_every_engine_setting_is_in_the_key(name: str) -> None:
    changed = replace(EngineSettings(), **{name: OTHER_SETTINGS[name]})
    assert getattr(changed, name) != getattr(EngineSettings(), name)
    assert replace(KEY, engine=asdict(changed)).digest() != KEY.digest()


def test_equal_keys_have_equal_digests_whatever_the_order_of_mappings() -> None:
    turned = dict(reversed(list(KEY.engine.items())))
    assert list(turned) != list(KEY.engine)
    again = replace(KEY, engine=turned, versions={"torch": "2.13.0", "vllm": "0.32.0"})
    assert again.digest() == KEY.digest()


def test_a_fingerprint_is_the_sha256_of_sorted_json_without_blanks() -> None:
    text = '{"a":[1,2.5,null],"b":{"c":true,"d":"\\u00e9"}}'
    value = {"b": {"d": "é", "c": True}, "a": (1, 2.5, None)}
    assert canonical_json(value) == text
    assert fingerprint(value) == hashlib.sha256(text.encode()).hexdigest()[:32]


def test_values_without_a_canonical_form_are_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        fingerprint({"x": float("nan")})
    with pytest.raises(TypeError, match="set has no canonical JSON form"):
        fingerprint({"x": {1, 2}})
    with pytest.raises(TypeError, match="type has no canonical JSON form"):
        fingerprint(GenerationKey)


def test_nested_dataclasses_count_as_mappings() -> None:
    @dataclass
    class Point:
        y: int
        x: int

    assert canonical_json([Point(y=2, x=1)]) == '[{"x":1,"y":2}]'


def test_content_hashes(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"abc")
    assert keys.file_hash(file) == hashlib.sha256(b"abc").hexdigest()
    assert keys.text_hash("é") == hashlib.sha256("é".encode()).hexdigest()[:16]
    assert keys.ids_hash((1, 256)) == hashlib.sha256(b"\1\0\0\0\0\1\0\0").hexdigest()[:16]
    assert keys.ids_hash((1, 2)) != keys.ids_hash((2, 1))


MODEL = ResolvedModel("tiny", Path("somewhere"), "f0", "local f0")
RTN = Recipe("rtn-w4g64", "rtn", {"bits": 4, "group_size": 64})
CPU = Target("vllm", "cpu")


def test_a_checkpoint_key_changes_with_each_parameter() -> None:
    seen = {
        key_of(MODEL, replace(RTN, params=params), CPU)
        for params in (
            {"bits": 4, "group_size": 64},
            {"bits": 3, "group_size": 64},
            {"bits": 4, "group_size": 32},
            {"bits": 4, "group_size": 64, "symmetric": False},
            {"bits": 4, "group_size": 64, "grid": "sym-restricted"},
        )
    }
    assert len(seen) == 5


def key_of(model: ResolvedModel, recipe: Recipe, target: Target) -> str:
    """The key of a recipe that draws no calibration set: no store is touched."""
    return checkpoint_key(model, recipe, target, Store(Path("nowhere")))


def test_a_checkpoint_key_changes_with_the_base_model_and_the_method() -> None:
    key = key_of(MODEL, RTN, CPU)
    assert key_of(replace(MODEL, fingerprint="f1"), RTN, CPU) != key
    half = Recipe("m", "magnitude", {})
    assert key_of(MODEL, half, CPU) != key_of(MODEL, Recipe("m", "base", {}), CPU)


def test_a_checkpoint_key_changes_with_the_version_of_the_method(monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of(MODEL, RTN, CPU)
    newer = replace(registry.METHODS["rtn"], version=registry.METHODS["rtn"].version + 1)
    monkeypatch.setattr(registry, "METHODS", {**registry.METHODS, "rtn": newer})
    assert key_of(MODEL, RTN, CPU) != key


def test_a_checkpoint_key_changes_with_the_stored_form_only() -> None:
    w8 = replace(RTN, params={"bits": 8, "group_size": 64})
    gpu, other = Target("vllm", "gpu"), Target("transformers", "cpu")
    assert key_of(MODEL, w8, CPU) != key_of(MODEL, w8, gpu)  # dense here, packed there
    assert key_of(MODEL, w8, CPU) == key_of(MODEL, w8, other)  # dense on both
    assert key_of(MODEL, RTN, CPU) == key_of(MODEL, RTN, gpu)  # packed on both


def test_names_of_model_and_recipe_are_not_in_the_key() -> None:
    renamed = replace(MODEL, slug="other", revision="other", path=Path("elsewhere"))
    assert key_of(renamed, replace(RTN, slug="mine"), CPU) == key_of(MODEL, RTN, CPU)
