"""Methods by name: parameters they take, and the module that implements them.

Importing this loads no torch: parameters are checked here, before a job is started.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.registry import resolved
from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.cases import Recipe

Types = tuple[type, ...]
INTEGER: Mapping[str, Types] = {
    "bits": (int,),
    "group_size": (int,),
    "symmetric": (bool,),
    "mse": (bool,),
    "format": (str,),
}
PRUNING: Mapping[str, Types] = {"sparsity": (float, int), "pattern": (str,)}
DAMPED: Mapping[str, Types] = {"damp": (float, int)}


@dataclass(frozen=True, slots=True)
class Method:
    """``module`` has ``create(params, served_as) -> WeightCompressor``; empty for methods without one.

    ``calibrated``: built block by block from calibration samples (``acbench.compress.methods``).
    """

    name: str
    module: str
    params: Mapping[str, Types]
    required: tuple[str, ...] = ()
    version: int = 1
    """Raise it when the method's output changes: it is part of the checkpoint's key."""
    calibrated: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Parameters the user does not set, or may leave out where serving depends on them."""


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method("base", "", {}),
        Method("kv", "", {}),
        Method("pair", "", {}),
        Method("rtn", "acbench.compress.rtn", {**INTEGER, "grid": (str,)}, ("bits",)),
        Method("magnitude", "acbench.compress.magnitude", PRUNING),
        Method(
            "gptq",
            "",
            {**INTEGER, **DAMPED, "order": (str,)},
            calibrated=True,
            defaults={"bits": 4, "symmetric": True},
        ),
        Method(
            "awq",
            "",
            {**INTEGER, "clip": (bool,)},
            calibrated=True,
            defaults={"bits": 4, "symmetric": False},
        ),
        Method("smoothquant", "", {**DAMPED, "alpha": (float, int), "rounding": (str,)}, calibrated=True),
        Method("wanda", "", PRUNING, calibrated=True),
        Method("sparsegpt", "", {**PRUNING, **DAMPED}, version=2, calibrated=True),
        Method("int8", "acbench.compress.rounded", {}, defaults={"number": "int8"}),
        Method("fp8", "acbench.compress.rounded", {}, defaults={"number": "fp8"}),
        Method("external", "", {"checkpoint": (str,), "revision": (str,)}, ("checkpoint",)),
        Method("callable", "", {"function": (str,)}, ("function",)),
        Method("llm-compressor", "", {"file": (str,)}, ("file",)),
    )
}

UNBUILT = ("base", "kv", "pair", "external")
"""Methods that build no checkpoint; ``kv`` serves the base model's weights with another key/value cache, ``pair``
serves a model as it is, to be compared with another one."""

CHOICES: Mapping[str, tuple[Any, ...]] = {
    "bits": (2, 3, 4, 8),
    "grid": ("sym-full", "sym-restricted"),
    "pattern": ("2:4", "4:8"),
    "order": ("static", "none"),
    "rounding": ("rtn", "gptq"),
    "format": ("compressed-tensors", "gptq", "awq"),
}


def check(recipe: Recipe) -> Method:
    """The recipe's method; raises ConfigError for an unknown method or parameter or a missing one."""
    where = f"recipe {recipe.slug!r}"
    if recipe.method not in METHODS:
        raise ConfigError(
            f"{where}: unknown method {recipe.method!r}; {did_you_mean(recipe.method, METHODS)}"
        )
    method = METHODS[recipe.method]
    if recipe.library:
        resolved(recipe.library, recipe.method, recipe.params, where=where)
        return method
    for key, value in recipe.params.items():
        if key not in method.params:
            raise ConfigError(f"{where}: unknown parameter {key!r}; {did_you_mean(key, method.params)}")
        if not isinstance(value, method.params[key]) or (
            isinstance(value, bool) and bool not in method.params[key]
        ):
            raise ConfigError(
                f"{where}: parameter {key} must be {method.params[key][0].__name__}, not {value!r}"
            )
    for key in method.required:
        if key not in recipe.params:
            raise ConfigError(f"{where}: parameter {key!r} is missing")
    _check_values(recipe.params, where)
    return method


def _check_values(params: Mapping[str, Any], where: str) -> None:
    for key, valid in CHOICES.items():
        if key in params and params[key] not in valid:
            shown = ", ".join(str(v) for v in valid[:-1]) + f" or {valid[-1]}"
            raise ConfigError(f"{where}: {key} must be {shown}, not {params[key]!r}")
    group = params.get("group_size", 128)
    if group != -1 and (group < 32 or group % 32):
        raise ConfigError(f"{where}: group_size must be -1 or a multiple of 32, not {group}")
    if "grid" in params and not params.get("symmetric", True):
        raise ConfigError(f"{where}: grid chooses among symmetric grids; leave it out with symmetric = false")
    if not 0 < params.get("sparsity", 0.5) < 1:
        raise ConfigError(f"{where}: sparsity must lie between 0 and 1, not {params['sparsity']}")
    if "sparsity" in params and "pattern" in params:
        raise ConfigError(f"{where}: give sparsity or pattern, not both")
    if not 0 < params.get("damp", 0.01) <= 1:
        raise ConfigError(f"{where}: damp must lie between 0 and 1, not {params['damp']}")
    if not 0 <= params.get("alpha", 0.5) <= 1:
        raise ConfigError(f"{where}: alpha must lie between 0 and 1, not {params['alpha']}")
