"""Checkpoints: (model, recipe) -> a folder an engine can serve, built once and cached by content."""

from __future__ import annotations

import json
import logging
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.building import plan_build
from acbench.compress.registry import UNBUILT, check
from acbench.compress.support import check_checkpoint, check_engine
from acbench.errors import CompressionError, StoreError
from acbench.fidelity import predictions
from acbench.jobs import run_job
from acbench.models import ResolvedModel, resolve
from acbench.safetensors_check import check_folder, header, shards

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.cases import ModelSpec, Recipe
    from acbench.store import Store

logger = logging.getLogger(__name__)

DISK_FACTOR = 1.1
"""A build may need this much of the base model's size; less free space is refused up front."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder to serve. ``key`` identifies its weights; ``facts`` is its ``acbench.json``."""

    path: Path
    key: str
    facts: Mapping[str, Any]
    base: ResolvedModel


@dataclass(frozen=True, slots=True)
class Target:
    """Where a checkpoint will be served; decides the stored form."""

    backend: str
    device: str  # cpu | gpu


def checkpoint_key(model: ResolvedModel, recipe: Recipe, target: Target, store: Store) -> str:
    """Identity of a checkpoint: base content, method or library with version, parameters, calibration, form."""
    return plan_build(model, recipe, store, backend=target.backend, device=target.device).key


def build(model: ModelSpec, recipe: Recipe, store: Store, target: Target) -> Checkpoint:
    """The checkpoint of a recipe, from the store or built now.

    Raises ConfigError when the back-end could not serve it, ModelError, CompressionError, StoreError.
    """
    method = check(recipe)
    check_engine(recipe.engine, device=target.device, what=f"recipe {recipe.slug!r}")
    base = resolve(model, store)
    if recipe.method in ("base", "kv", "pair"):
        facts = {
            "label": base.revision,
            "recipe": recipe.slug,
            "bits_per_weight": 16.0,
            "bytes": _weight_bytes(base.path),
        }
        return Checkpoint(base.path, base.fingerprint, facts, base)
    if recipe.method == "external":
        return _external(model, recipe, store, base, target)
    if method.name in UNBUILT:
        raise CompressionError(f"method {recipe.method!r} builds no checkpoint")
    plan = plan_build(base, recipe, store, backend=target.backend, device=target.device)
    label = f"{model.slug}:{recipe.slug}"

    def make(folder: Path) -> None:
        python = plan.interpreter(recipe.python)
        _check_space(base.path, store)
        logger.info("building %s", label)
        request = {**plan.request, "label": label, "out": str(folder)}
        if recipe.library:
            found = predictions(base.path, base.fingerprint, store, trust_remote_code=base.trust_remote_code)
            request["reference"] = {"samples": found.samples, "nll": found.nll}
        run_job(plan.module, request, log=store.root / "logs" / f"build-{plan.key}.log", python=python)
        verify(folder, recipe)

    path = store.build("checkpoints", plan.key, make)
    return Checkpoint(path, plan.key, json.loads((path / "acbench.json").read_text()), base)


STORED_AS = {
    "packed": "weight_packed",
    "gptq": "qweight",
    "awq": "qweight",
    "int8": "weight_scale",
    "fp8": "weight_scale",
}
"""Form -> the tensor that shows a layer is stored in it."""
SPARSITY_SLACK = 0.02
"""A count per row or per block of 128 columns is rounded down: at a width of 64 that is up to 1.6 %."""


def verify(folder: Path, recipe: Recipe) -> None:
    """Checks that a built folder holds what its recipe says; a recipe that did nothing is an error.

    The declared form is compared with the stored tensors, declared sparsity with counted zeros.
    """
    check_folder(folder)
    facts = json.loads((folder / "acbench.json").read_text())
    names = {name for file in shards(folder) for name in header(file)}
    part = STORED_AS.get(facts["served_as"])
    if part and not any(name.endswith(f".{part}") for name in names):
        raise CompressionError(
            f"{recipe.slug}: {facts['served_as']} weights were declared and none are stored"
        )
    errors = [entry["error"] for entry in facts["per_layer"].values()]
    if not facts["touched"] or (errors and not any(errors)):
        raise CompressionError(f"{recipe.slug}: no weight changed; the recipe did nothing")
    if {"sparsity", "pattern"} & check(recipe).params.keys():
        keep, block = (int(x) for x in str(recipe.params.get("pattern", "0:1")).split(":"))
        wanted = 1 - keep / block if "pattern" in recipe.params else float(recipe.params.get("sparsity", 0.5))
        low = [n for n, e in facts["per_layer"].items() if e["sparsity"] < wanted - SPARSITY_SLACK]
        if facts["sparsity"] < wanted - SPARSITY_SLACK or low:
            raise CompressionError(
                f"{recipe.slug}: sparsity {facts['sparsity']} stored, {wanted} declared"
                + (f"; first layer below it: {low[0]}" if low else "")
            )


def _external(
    model: ModelSpec, recipe: Recipe, store: Store, base: ResolvedModel, target: Target
) -> Checkpoint:
    """A folder or hub id the user brings. That it is asked the same prompts is checked when sides are paired."""
    place = str(recipe.params["checkpoint"])
    scheme = place if place.startswith(("hf:", "path:")) else f"path:{place}"
    spec = replace(model, slug=recipe.slug, source=scheme, revision=recipe.params.get("revision"))
    found = resolve(spec, store)
    quantization = json.loads((found.path / "config.json").read_text()).get("quantization_config") or {}
    check_checkpoint(
        quantization, backend=target.backend, device=target.device, what=f"recipe {recipe.slug!r}"
    )
    facts = {
        "label": found.revision,
        "recipe": recipe.slug,
        "method": "external",
        "source": place,
        "bytes": _weight_bytes(found.path),
        "base_bytes": _weight_bytes(base.path),
    }
    made = found.path / "acbench.json"
    if made.is_file():  # one of ours, moved: keep what it says about itself
        own = json.loads(made.read_text())
        facts |= {
            key: own[key] for key in ("bits_per_weight", "sparsity", "served_as", "notes") if key in own
        }
    return Checkpoint(found.path, found.fingerprint, facts, base)


def _weight_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in shards(folder))


def _check_space(base: Path, store: Store) -> None:
    needed = int(_weight_bytes(base) * DISK_FACTOR)
    free = shutil.disk_usage(store.root).free
    if free < needed:
        raise StoreError(
            f"a build needs about {needed >> 20} MiB in {store.root}, {free >> 20} MiB are free; "
            "free some with `acbench store prune` or move the store with --acb-store"
        )


def export(checkpoint: Checkpoint, out: Path) -> None:
    """Copies a checkpoint for use elsewhere; refuses to overwrite."""
    if out.exists() and any(out.iterdir()):
        raise StoreError(f"{out} is not empty; give a new folder")
    shutil.copytree(checkpoint.path, out, dirs_exist_ok=True)


DESCRIBED = (
    *("params", "touched", "bits_per_weight", "sparsity", "bytes", "base_bytes", "served_as", "format"),
    *("library", "library_status", "calibration", "versions", "compute_dtype", "fallbacks", "notes", "label"),
    *("seconds", "cpu_seconds", "library_cpu_seconds", "peak_memory_mib"),
)
ABSOLUTE = re.compile(r"(?<![\w./])~?(?:/[^\s/'\",;]+){2,}/?|(?<!\w)[A-Za-z]:\\[^\s'\",;]+")
"""A path of at least two parts inside a text, of this kind of machine or of the other."""


def describe(checkpoint: Checkpoint, *, per_layer: bool = True) -> dict[str, Any]:
    """What a report shows of a checkpoint; of files only their names.

    ``per_layer`` includes error and sparsity of every weight, some 200 entries of a model with 7B parameters.
    """
    keys = (*DESCRIBED, "per_layer") if per_layer else DESCRIBED
    shown = {key: checkpoint.facts[key] for key in keys if key in checkpoint.facts}
    if shown.get("calibration"):
        shown["calibration"] = {k: v for k, v in shown["calibration"].items() if k != "path"}
    shown["model"] = checkpoint.base.revision
    return {key: value if key == "per_layer" else _without_folders(value) for key, value in shown.items()}


def _without_folders(value: Any) -> Any:
    """A value whose texts name files without the folders of this machine."""
    if isinstance(value, dict):
        return {key: _without_folders(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(entry) for entry in value]
    if not isinstance(value, str):
        return value
    place = value.removeprefix("path:")
    if place.startswith(("/", "~/")):
        return value.removesuffix(place) + Path(place).name
    return ABSOLUTE.sub(lambda found: re.split(r"[/\\]", found[0].rstrip("/"))[-1], value)
