"""Recipes of llm-compressor: ours from parameters, and the check of a user's own file.

A recipe is a mapping of modifiers by class name; JSON is YAML, so ours are handed over as JSON text. Nothing
here imports the library.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

IGNORE = ["lm_head", r"re:.*\.gate$", r"re:.*router.*"]
"""Never compressed: the head and the routers of mixtures of experts."""
PRUNING_IGNORE = [r"re:.*lm_head", r"re:.*\.gate\.?$", r"re:.*router.*"]
PREPARING = (
    "SmoothQuantModifier",
    "AWQModifier",
    "LogarithmicEqualizationModifier",
    "QuIPModifier",
    "SpinQuantModifier",
    "IMatrixGatherer",
)
"""These move scales or rotate; what they prepare is done by another modifier, or not at all."""
TRAINING = ("MagnitudePruningModifier", "ConstantPruningModifier")
"""They act on training steps; in one pass over calibration data they do nothing, and say nothing (measured)."""
SCHEMES = ("scheme", "config_groups")
"""An old AWQModifier carried the quantization itself."""


def recipe_text(method: str, params: Mapping[str, Any]) -> str:
    """The recipe of one of our methods; ``params`` as ``registry.resolved`` gives them."""
    return json.dumps({"acbench_stage": {"acbench_modifiers": modifiers_of(method, params)}})


def modifiers_of(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Modifier class name -> its arguments, in the order they are applied."""
    if method == "rtn":
        return {"QuantizationModifier": _groups(_weights(params))}
    if method == "gptq":
        order = {"static": "static", "none": None}[params["order"]]
        weights = {**_weights(params), "actorder": order}
        return {"GPTQModifier": {**_groups(weights), "dampening_frac": params["damp"], "actorder": order}}
    if method == "awq":
        return {"AWQModifier": {}, "QuantizationModifier": _groups(_weights(params))}
    if method == "smoothquant":
        smooth = {"SmoothQuantModifier": {"smoothing_strength": params["alpha"]}}
        if params["rounding"] == "gptq":
            return smooth | {"GPTQModifier": {**_eight_bits("int"), "dampening_frac": params["damp"]}}
        return smooth | {"QuantizationModifier": _eight_bits("int")}
    if method in ("int8", "fp8"):
        return {"QuantizationModifier": _eight_bits("float" if method == "fp8" else "int")}
    return {_PRUNING[method]: _pruning(method, params)}


_PRUNING = {"wanda": "WandaPruningModifier", "sparsegpt": "SparseGPTModifier"}


def _weights(params: Mapping[str, Any]) -> dict[str, Any]:
    group = params["group_size"]
    found: dict[str, Any] = {"num_bits": params["bits"], "type": "int", "symmetric": params["symmetric"]}
    found |= {"strategy": "channel"} if group == -1 else {"strategy": "group", "group_size": group}
    if params.get("mse"):
        found["observer"] = "memoryless_mse"
    return found


def _eight_bits(number: str) -> dict[str, Any]:
    """Weights per row, activations per token while serving; ``number``: int or float."""
    rows = {"num_bits": 8, "type": number, "symmetric": True, "strategy": "channel"}
    return _groups(rows, {**rows, "strategy": "token", "dynamic": True})


def _groups(weights: Mapping[str, Any], activations: Mapping[str, Any] | None = None) -> dict[str, Any]:
    group = {"targets": ["Linear"], "weights": dict(weights), "input_activations": activations}
    return {"config_groups": {"group_0": group}, "ignore": IGNORE}


def _pruning(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    pattern = params.get("pattern") or "0:0"  # 0:0 is llm-compressor's word for unstructured
    keep, block = (int(part) for part in pattern.split(":"))
    sparsity = 1 - keep / block if block else params["sparsity"]
    found = {"sparsity": sparsity, "mask_structure": pattern, "targets": ["Linear"], "ignore": PRUNING_IGNORE}
    return found | ({"dampening_frac": params["damp"]} if method == "sparsegpt" else {})


def modifiers_in(text: str) -> dict[str, Any]:
    """Modifier class names of a recipe -> their arguments, in the order they are applied.

    llm-compressor reads ``<name>_stage: <name>_modifiers: <class>: arguments`` and passes over anything else
    without a word, so a modifier elsewhere is an error here. Raises ConfigError, also for text that is not YAML.
    """
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {error}") from error
    found: dict[str, Any] = {}
    for stage, groups in _entries(content):
        for group, modifiers in _entries(groups):
            if stage.endswith("_stage") and group.endswith("_modifiers"):
                found |= {name: arguments or {} for name, arguments in _entries(modifiers)}
    lost = [name for name in _classes(content) if name not in found]
    if lost:
        raise ConfigError(
            f"{lost[0]} would be ignored by llm-compressor where it stands; write it below "
            "quant_stage: quant_modifiers: (names ending so)"
        )
    return found


def _entries(value: Any) -> list[tuple[str, Any]]:
    return [(str(key), inner) for key, inner in value.items()] if isinstance(value, dict) else []


def _classes(value: Any) -> list[str]:
    """Names that look like modifiers, at any depth."""
    found = []
    for key, inner in _entries(value):
        found += [key] if key.endswith(("Modifier", "Gatherer")) else _classes(inner)
    return found


def check_recipe(file: str | Path) -> tuple[str, ...]:
    """The modifiers of a recipe file, in order.

    Raises ConfigError when the file is missing or unreadable, holds no modifier, or only ones that prepare for
    a quantization which never comes or that act on training steps: such a recipe saves an uncompressed model
    under a compressed name (specification, section 9, trap 1).
    """
    path = Path(file).expanduser()
    if not path.is_file():
        raise ConfigError(f"recipe file {path} does not exist")
    try:
        found = modifiers_in(path.read_text(encoding="utf-8"))
    except (ConfigError, UnicodeDecodeError) as error:
        raise ConfigError(f"recipe file {path}: {error}") from error
    if not found:
        raise ConfigError(
            f"recipe file {path} holds no modifier; expected e.g. GPTQModifier: {{scheme: W4A16, ...}}"
        )
    working = [name for name, arguments in found.items() if _compresses(name, arguments)]
    if not working:
        raise ConfigError(
            f"recipe file {path} has only {', '.join(found)}: that compresses nothing in one pass (it smooths, or "
            "waits for training steps); add a QuantizationModifier, GPTQModifier or SparseGPTModifier behind it"
        )
    return tuple(found)


def _compresses(name: str, arguments: Any) -> bool:
    if name not in PREPARING:
        return name not in TRAINING
    return isinstance(arguments, dict) and any(arguments.get(key) for key in SCHEMES)
