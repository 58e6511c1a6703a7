"""Recipes of llm-compressor: from our parameters, and from a user's file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from acbench.compress.backends.recipes import check_recipe, modifiers_in, modifiers_of, recipe_text
from acbench.compress.backends.registry import LIBRARIES, resolved
from acbench.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def made(method: str, **params: Any) -> dict[str, Any]:
    return modifiers_of(method, resolved("llm-compressor", method, params))


def weights(modifier: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = modifier["config_groups"]["group_0"]["weights"]
    return found


def test_gptq() -> None:
    (name, found), *rest = made("gptq", bits=4, group_size=64, damp=0.02).items()
    assert (name, rest) == ("GPTQModifier", [])
    assert (found["dampening_frac"], found["actorder"]) == (0.02, "static")
    assert weights(found) == {
        "num_bits": 4,
        "type": "int",
        "symmetric": True,
        "strategy": "group",
        "group_size": 64,
        "actorder": "static",
    }
    plain = made("gptq", bits=4, order="none", group_size=-1, mse=True)["GPTQModifier"]
    assert (plain["actorder"], weights(plain)["actorder"]) == (None, None)
    assert weights(plain)["strategy"] == "channel"
    assert "group_size" not in weights(plain)
    assert weights(plain)["observer"] == "memoryless_mse"


def test_scaling_comes_before_the_rounding_it_prepares() -> None:
    assert list(made("awq")) == ["AWQModifier", "QuantizationModifier"]
    assert weights(made("awq")["QuantizationModifier"])["symmetric"] is False
    smooth = made("smoothquant", alpha=0.7)
    assert list(smooth) == ["SmoothQuantModifier", "QuantizationModifier"]
    assert smooth["SmoothQuantModifier"] == {"smoothing_strength": 0.7}
    assert list(made("smoothquant", rounding="gptq")) == ["SmoothQuantModifier", "GPTQModifier"]


@pytest.mark.parametrize(("method", "number"), [("smoothquant", "int"), ("int8", "int"), ("fp8", "float")])
def test_eight_bits_round_activations_per_token(method: str, number: str) -> None:
    group = made(method)["QuantizationModifier"]["config_groups"]["group_0"]
    common = {"num_bits": 8, "type": number, "symmetric": True}
    assert group["weights"] == {**common, "strategy": "channel"}
    assert group["input_activations"] == {**common, "strategy": "token", "dynamic": True}


def test_pruning() -> None:
    wanda = made("wanda", sparsity=0.6)["WandaPruningModifier"]
    assert (wanda["sparsity"], wanda["mask_structure"]) == (0.6, "0:0")
    assert "dampening_frac" not in wanda
    found = made("sparsegpt", pattern="2:4", damp=0.1)["SparseGPTModifier"]
    assert (found["sparsity"], found["mask_structure"], found["dampening_frac"]) == (0.5, "2:4", 0.1)


@pytest.mark.parametrize("method", [m for m in LIBRARIES["llm-compressor"].methods if m != "llm-compressor"])
def test_every_recipe_of_ours_passes_the_check_for_users(tmp_path: Path, method: str) -> None:
    params = resolved("llm-compressor", method, {"bits": 4} if method == "rtn" else {})
    file = tmp_path / "recipe.yaml"
    file.write_text(recipe_text(method, params))
    assert check_recipe(file) == tuple(modifiers_of(method, params))
    assert modifiers_in(file.read_text()) == modifiers_of(method, params)


USER = """
quant_stage:
  smooth_modifiers:
    SmoothQuantModifier:
      smoothing_strength: 0.8
  quant_modifiers:
    GPTQModifier: {scheme: W8A8, targets: [Linear], ignore: [lm_head]}
"""


def test_modifiers_are_found_in_whatever_stage(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(USER)
    assert check_recipe(file) == ("SmoothQuantModifier", "GPTQModifier")


@pytest.mark.parametrize(
    "text",
    [
        "s_stage:\n  m_modifiers:\n    SmoothQuantModifier: {smoothing_strength: 0.8}\n",
        "s_stage:\n  m_modifiers:\n    AWQModifier: {}\n",
        "s_stage:\n  m_modifiers:\n    MagnitudePruningModifier: {init_sparsity: 0, final_sparsity: 0.5}\n",
        "s_stage:\n  m_modifiers:\n    AWQModifier:\n",
        "s_stage:\n  m_modifiers:\n    SmoothQuantModifier: {}\n    QuIPModifier: {}\n",
    ],
)
def test_a_recipe_that_only_prepares_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"r\.yaml has only .*: that compresses nothing in one pass"):
        check_recipe(file)


def test_an_awq_modifier_of_the_old_kind_quantizes_itself(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(json.dumps({"s_stage": {"m_modifiers": {"AWQModifier": {"scheme": "W4A16_ASYM"}}}}))
    assert check_recipe(file) == ("AWQModifier",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not valid YAML"),
        ("- 1\n- 2\n", "holds no modifier"),
        ("", "holds no modifier"),
        ("GPTQModifier: {scheme: W4A16}", "GPTQModifier would be ignored by llm-compressor where it stands"),
        ("a_stage:\n  b:\n    GPTQModifier: {scheme: W4A16}\n", "GPTQModifier would be ignored"),
        ("!!python/object/apply:os.getcwd []\n", "not valid YAML"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        check_recipe(file)
    with pytest.raises(ConfigError, match="does not exist"):
        check_recipe(tmp_path / "absent.yaml")
