"""What a build will do, before anything is started: its job, its request, and the key of its result."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.backends import registry as libraries
from acbench.compress.backends.recipes import check_recipe
from acbench.compress.calibration import CalibrationSpec, draw
from acbench.compress.registry import check
from acbench.compress.support import Scheme, find, stored_form, wanted_scheme
from acbench.errors import ConfigError
from acbench.keys import file_hash, fingerprint
from acbench.rendering import ModelRenderer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.cases import Recipe
    from acbench.models import ResolvedModel
    from acbench.store import Store

OWN_WORKER = "acbench.compress.worker"
CALLABLE_WORKER = "acbench.compress.callables"


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """``module`` runs with ``request`` (label and out folder still missing); ``key`` is the checkpoint's."""

    module: str
    request: Mapping[str, Any]
    key: str
    library: str = ""

    def interpreter(self, explicit: str) -> str:
        """The interpreter to build with; raises CompressionError saying how to create a missing one."""
        if self.library:
            return str(libraries.interpreter(self.library, explicit))
        return explicit or sys.executable


def plan_build(base: ResolvedModel, recipe: Recipe, store: Store, *, backend: str, device: str) -> BuildPlan:
    """Plans a build; draws the calibration set if the method needs one.

    Raises ConfigError when parameters are wrong or the back-end could not serve the result.
    """
    method = check(recipe)
    if recipe.library:
        identity, request, module, calibrated = _library(recipe, backend, device)
    elif recipe.method == "callable":
        identity, request, module, calibrated = _callable(recipe)
    else:
        form = stored_form(recipe.method, recipe.params, backend=backend, device=device)
        identity = {"method_version": method.version, "form": form}
        request = {"params": dict(recipe.params), "served_as": form}
        module, calibrated = OWN_WORKER, method.calibrated
    calibration = None
    if calibrated:
        spec = CalibrationSpec.from_table(recipe.calibration, f"recipe {recipe.slug!r}")
        renderer = ModelRenderer(base.path, trust_remote_code=base.trust_remote_code)
        calibration = draw(spec, renderer, store).request()
        identity["calibration"] = calibration["hash"]
    key = fingerprint(
        {
            "base": base.fingerprint,
            "method": recipe.method,
            "params": dict(recipe.params),
            "schema": SCHEMA,
            **identity,
        }
    )
    fixed = {
        "model": str(base.path),
        "recipe": recipe.slug,
        "method": recipe.method,
        "calibration": calibration,
        "trust_remote_code": base.trust_remote_code,
        "reference": None,
        "threads": 1,
    }
    return BuildPlan(module, fixed | request, key, recipe.library)


SCHEMA = 2
"""Raise it when checkpoints of all methods change their content; keys from before belong to other files."""

Parts = tuple[dict[str, Any], dict[str, Any], str, bool]


def _library(recipe: Recipe, backend: str, device: str) -> Parts:
    where = f"recipe {recipe.slug!r}"
    found = libraries.library(recipe.library)
    offer = libraries.offer(recipe.library, recipe.method)
    params = libraries.resolved(recipe.library, recipe.method, recipe.params, where=where)
    identity: dict[str, Any] = {"library": found.slug, "library_version": found.version, "params": params}
    form = "packed"
    if recipe.method == libraries.USER_RECIPE:
        file = Path(params["file"]).expanduser()
        if not file.is_file():
            raise ConfigError(f"{where}: recipe file {file} does not exist")
        check_recipe(file)
        identity["file"] = file_hash(file)
        params = {**params, "file": str(file.absolute())}
    else:
        scheme = _library_scheme(offer.form, recipe.method, params)
        row = find(backend if backend in ("vllm", "transformers") else "vllm", device, scheme)
        if not row.served:
            raise ConfigError(
                f"{where}: {found.slug} writes it as {scheme.form}, which is not served: {row.why}"
            )
        form = scheme.form
    request = {"params": params, "served_as": form}
    return identity, request, libraries.module_of(recipe.library, recipe.method), offer.calibrated


def _library_scheme(form: str, method: str, params: Mapping[str, Any]) -> Scheme:
    if form == "compressed-tensors":
        known = {key: params[key] for key in ("bits", "symmetric", "group_size") if key in params}
        return wanted_scheme(method, known)
    if form == "dense":
        return Scheme("dense")
    return Scheme(
        "gptq" if form == "gptq" else "awq",
        int(params["bits"]),
        bool(params.get("symmetric", True)),
        int(params.get("group_size", 128)),
    )


def _callable(recipe: Recipe) -> Parts:
    """A function of the user's: its module's source is part of the key."""
    module, _, function = str(recipe.params["function"]).partition(":")
    where = f"recipe {recipe.slug!r}"
    if not module or not function.isidentifier():
        raise ConfigError(
            f"{where}: function must be written package.module:function, not {recipe.params['function']!r}"
        )
    sys.path.insert(0, str(Path.cwd()))
    try:
        spec = find_spec(module)
    except (ImportError, ValueError) as error:
        raise ConfigError(f"{where}: module {module!r} cannot be found: {error}") from error
    finally:
        sys.path.pop(0)
    if spec is None or spec.origin is None or not spec.has_location:
        raise ConfigError(f"{where}: module {module!r} cannot be found; it must be importable from here")
    source = Path(spec.origin)
    identity = {"source": file_hash(source)}
    request = {
        "params": {"function": str(recipe.params["function"])},
        "served_as": "unknown",
        "path": str(Path.cwd()),
    }
    return identity, request, CALLABLE_WORKER, bool(recipe.calibration)
