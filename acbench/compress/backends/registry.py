"""What each library offers: methods, parameters by our names, stored format, and its interpreter.

Importing this loads no library: recipes are checked at configuration time, in the main environment.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.offers import Library, Offer, Param
from acbench.errors import CompressionError, ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

ARCHIVED = "archived upstream: works with the versions pinned here, will not be mended"


def _bits(*choices: int, default: int | None = 4) -> Param:
    return Param((int,), default, choices, required=default is None)


NUMBER = (float, int)
GROUP = Param((int,), 128)
SYMMETRIC = Param((bool,), True)
DAMP = Param(NUMBER, 0.01, low=0, high=1)
ORDER = Param((str,), "static", ("static", "none"))
MSE = Param((bool,), False)
SPARSE = {
    "sparsity": Param(NUMBER, 0.5, low=0, high=1),
    "pattern": Param((str,), "", ("", "2:4", "4:8")),
}
EITHER = ("sparsity", "pattern")

USER_RECIPE = "llm-compressor"
"""The method that runs a recipe file of the user's own."""

LIBRARIES: Mapping[str, Library] = {
    library.slug: library
    for library in (
        Library(
            "autoawq",
            "autoawq",
            "0.2.9",
            "acbench.compress.backends.autoawq",
            {
                "awq": Offer(
                    "awq",
                    {
                        "bits": _bits(4),
                        "group_size": Param((int,), 128, low=0),
                        "symmetric": Param((bool,), False, (False,)),
                        "clip": Param((bool,), True),
                    },
                    smooths=True,
                )
            },
            note=ARCHIVED,
        ),
        Library(
            "auto-gptq",
            "auto-gptq",
            "0.7.1",
            "acbench.compress.backends.auto_gptq",
            {
                "gptq": Offer(
                    "gptq",
                    {
                        "bits": _bits(2, 3, 4, 8),
                        "group_size": GROUP,
                        "symmetric": SYMMETRIC,
                        "order": ORDER,
                        "damp": DAMP,
                    },
                )
            },
            note=ARCHIVED,
        ),
        Library(
            "gptqmodel",
            "gptqmodel",
            "7.6.0",
            "acbench.compress.backends.gptqmodel",
            {
                "gptq": Offer(
                    "gptq",
                    {
                        "bits": _bits(2, 3, 4, 8),
                        "group_size": GROUP,
                        "symmetric": SYMMETRIC,
                        "order": Param((str,), "static", ("static", "none", "group-aware")),
                        "damp": DAMP,
                        "mse": MSE,
                    },
                )
            },
        ),
        Library(
            "llm-compressor",
            "llmcompressor",
            "0.14.0.1",
            "acbench.compress.backends.llm_compressor",
            {
                "rtn": Offer(
                    "compressed-tensors",
                    {
                        "bits": _bits(2, 3, 4, 8, default=None),
                        "group_size": GROUP,
                        "symmetric": SYMMETRIC,
                        "mse": MSE,
                    },
                    calibrated=False,
                ),
                "gptq": Offer(
                    "compressed-tensors",
                    {
                        "bits": _bits(2, 3, 4, 8),
                        "group_size": GROUP,
                        "symmetric": SYMMETRIC,
                        "order": ORDER,
                        "damp": DAMP,
                        "mse": MSE,
                    },
                ),
                "awq": Offer(
                    "compressed-tensors",
                    {"bits": _bits(2, 3, 4, 8), "group_size": GROUP, "symmetric": Param((bool,), False)},
                    smooths=True,
                ),
                "smoothquant": Offer(
                    "compressed-tensors",
                    {
                        "alpha": Param(NUMBER, 0.8, low=0, high=1),
                        "rounding": Param((str,), "rtn", ("rtn", "gptq")),
                        "damp": DAMP,
                    },
                    smooths=True,
                ),
                "int8": Offer("compressed-tensors", {}, calibrated=False),
                "fp8": Offer("compressed-tensors", {}, calibrated=False),
                "wanda": Offer("dense", SPARSE, exclusive=EITHER),
                "sparsegpt": Offer("dense", {**SPARSE, "damp": DAMP}, exclusive=EITHER),
                USER_RECIPE: Offer(
                    "compressed-tensors",
                    {"file": Param((str,), required=True)},
                    smooths=True,
                ),
            },
            companions=("compressed-tensors",),
        ),
    )
}
RECIPE_MODULE = "acbench.compress.backends.llm_compressor_recipe"


def library(slug: str) -> Library:
    """The library of that name; raises ConfigError with the nearest ones."""
    if slug not in LIBRARIES:
        raise ConfigError(f"unknown compression library {slug!r}; {did_you_mean(slug, LIBRARIES)}")
    return LIBRARIES[slug]


def module_of(slug: str, method: str) -> str:
    """The job module that builds ``method`` with library ``slug``."""
    offer(slug, method)
    return RECIPE_MODULE if method == USER_RECIPE else library(slug).module


def offer(slug: str, method: str) -> Offer:
    """What the library says of a method; raises ConfigError naming the methods it has."""
    found = library(slug)
    if method not in found.methods:
        raise ConfigError(
            f"library {slug!r} has no method {method!r}; it offers {', '.join(sorted(found.methods))}"
        )
    return found.methods[method]


def resolved(slug: str, method: str, params: Mapping[str, Any], *, where: str = "") -> dict[str, Any]:
    """``params`` with the defaults filled in; what it returns may be given to it again.

    Raises ConfigError for a parameter or a value that the library does not support, naming what it does.
    """
    found, start = offer(slug, method), f"{where}: " if where else ""
    wanted = params.get("format", found.form)
    if wanted != found.form:
        raise ConfigError(f"{start}{slug} writes {method} as {found.form}, not as {wanted}")
    params = {key: value for key, value in params.items() if key != "format"}
    for key, value in params.items():
        if key not in found.params:
            supported = ", ".join(sorted(found.params)) or "no parameters"
            raise ConfigError(f"{start}{slug} does not support {key!r} for {method}; it supports {supported}")
        complaint = found.params[key].complaint(value)
        if complaint:
            raise ConfigError(f"{start}{key} of {slug} {method} {complaint}")
    for key, param in found.params.items():
        if param.required and key not in params:
            raise ConfigError(f"{start}parameter {key!r} of {slug} {method} is missing")
    if found.exclusive and all(params.get(key) for key in found.exclusive):
        raise ConfigError(f"{start}give {' or '.join(found.exclusive)} of {slug} {method}, not both")
    group = params.get("group_size", 128)
    if group != -1 and (group < 32 or group % 32):
        raise ConfigError(f"{start}group_size must be -1 or a multiple of 32, not {group}")
    filled = {key: param.default for key, param in found.params.items()} | params
    if found.exclusive:
        first, second = found.exclusive
        del filled[first if params.get(second) else second]
    return filled


def variable(slug: str) -> str:
    """The environment variable that names a library's interpreter."""
    return f"ACBENCH_PYTHON_{slug.upper().replace('-', '_')}"


def interpreter(slug: str, explicit: str = "", *, root: Path | None = None) -> Path:
    """The interpreter that has the library.

    In this order: ``explicit`` (the recipe's ``python``), the variable ACBENCH_PYTHON_<SLUG>, the tox
    environment below ``root`` (the working directory), this interpreter if it holds the pinned version.
    A named interpreter that does not exist is an error, not a reason to look further.

    Raises CompressionError with the command that creates the environment.
    """
    found = library(slug)
    remedy = f"create it with: tox -e backend-{slug}"
    for what, named in (
        ("python of the recipe", explicit),
        (variable(slug), os.environ.get(variable(slug), "")),
    ):
        if named:
            path = Path(named).expanduser()
            if not os.access(path, os.X_OK) or path.is_dir():
                raise CompressionError(f"{what}: {named} is not an executable interpreter; {remedy}")
            return path
    folder = (root or Path.cwd()) / ".tox" / f"backend-{slug}"
    for place in (folder / "bin" / "python", folder / "Scripts" / "python.exe"):
        if place.is_file():
            return place
    if installed(found.package) == found.version:
        return Path(sys.executable)
    raise CompressionError(
        f"no environment holds {found.package} {found.version}; {remedy} "
        f"(or point {variable(slug)} to an interpreter that has it)"
    )


def installed(package: str) -> str:
    """The version of a package in this environment, found without importing it; '' when it is absent."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
