"""Methods by name: parameters they take, and the module that implements them.

Importing this loads no torch: parameters are checked here, before a job is started.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.cases import Recipe


@dataclass(frozen=True, slots=True)
class Method:
    """``module`` has ``create(params, served_as) -> WeightCompressor``; empty for methods that build nothing."""

    name: str
    module: str
    params: Mapping[str, tuple[type, ...]]
    required: tuple[str, ...] = ()
    version: int = 1
    """Raise it when the method's output changes: it is part of the checkpoint's key."""


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method("base", "", {}),
        Method(
            "rtn",
            "acbench.compress.rtn",
            {"bits": (int,), "group_size": (int,), "symmetric": (bool,), "grid": (str,)},
            ("bits",),
        ),
        Method("magnitude", "acbench.compress.magnitude", {"sparsity": (float, int), "pattern": (str,)}),
        Method("external", "", {"checkpoint": (str,), "revision": (str,)}, ("checkpoint",)),
    )
}


def check(recipe: Recipe) -> Method:
    """The recipe's method; raises ConfigError for an unknown method or parameter or a missing one."""
    where = f"recipe {recipe.slug!r}"
    if recipe.method not in METHODS:
        raise ConfigError(
            f"{where}: unknown method {recipe.method!r}; {did_you_mean(recipe.method, METHODS)}"
        )
    method = METHODS[recipe.method]
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
    if params.get("bits", 4) not in (2, 3, 4, 8):
        raise ConfigError(f"{where}: bits must be 2, 3, 4 or 8, not {params['bits']}")
    group = params.get("group_size", 128)
    if group != -1 and (group < 32 or group % 32):
        raise ConfigError(f"{where}: group_size must be -1 or a multiple of 32, not {group}")
    if params.get("grid", "sym-full") not in ("sym-full", "sym-restricted"):
        raise ConfigError(f"{where}: grid must be sym-full or sym-restricted, not {params['grid']!r}")
    if "grid" in params and not params.get("symmetric", True):
        raise ConfigError(f"{where}: grid chooses among symmetric grids; leave it out with symmetric = false")
    if not 0 < params.get("sparsity", 0.5) < 1:
        raise ConfigError(f"{where}: sparsity must lie between 0 and 1, not {params['sparsity']}")
    if params.get("pattern", "2:4") not in ("2:4", "4:8"):
        raise ConfigError(f"{where}: pattern must be 2:4 or 4:8, not {params['pattern']!r}")
    if "sparsity" in params and "pattern" in params:
        raise ConfigError(f"{where}: give sparsity or pattern, not both")
