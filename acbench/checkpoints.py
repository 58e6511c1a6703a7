"""Checkpoints: (model, recipe) -> a folder an engine can serve, built once and cached by content."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from acbench.compress.registry import check
from acbench.compress.support import stored_form
from acbench.errors import CompressionError, StoreError
from acbench.jobs import run_job
from acbench.keys import fingerprint
from acbench.models import ResolvedModel, resolve
from acbench.safetensors_check import check_folder, header, shards

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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


def checkpoint_key(model: ResolvedModel, recipe: Recipe, target: Target) -> str:
    """Identity of a compressed checkpoint: base content, method and its version, parameters, stored form."""
    method = check(recipe)
    return fingerprint(
        {
            "base": model.fingerprint,
            "method": recipe.method,
            "method_version": method.version,
            "params": dict(recipe.params),
            "form": stored_form(recipe.method, recipe.params, backend=target.backend, device=target.device),
        }
    )


def build(model: ModelSpec, recipe: Recipe, store: Store, target: Target) -> Checkpoint:
    """The checkpoint of a recipe, from the store or built now. Raises ModelError, CompressionError, StoreError."""
    method = check(recipe)
    base = resolve(model, store)
    if recipe.method == "base":
        facts = {
            "label": base.revision,
            "recipe": "base",
            "bits_per_weight": 16.0,
            "bytes": _weight_bytes(base.path),
        }
        return Checkpoint(base.path, base.fingerprint, facts, base)
    if recipe.method == "external":
        return _external(model, recipe, store, base)
    if not method.module:
        raise CompressionError(f"method {recipe.method!r} builds no checkpoint")
    key = checkpoint_key(base, recipe, target)
    form = stored_form(recipe.method, recipe.params, backend=target.backend, device=target.device)
    label = f"{model.slug}:{recipe.slug}"
    request = {
        "model": str(base.path),
        "recipe": recipe.slug,
        "method": recipe.method,
        "params": dict(recipe.params),
        "served_as": form,
        "label": label,
    }

    def make(folder: Path) -> None:
        _check_space(base.path, store)
        logger.info("building %s", label)
        run_job(
            "acbench.compress.worker",
            {**request, "out": str(folder)},
            log=store.root / "logs" / f"build-{key}.log",
            python=recipe.python or sys.executable,
        )
        verify(folder, recipe)

    path = store.build("checkpoints", key, make)
    return Checkpoint(path, key, json.loads((path / "acbench.json").read_text()), base)


def verify(folder: Path, recipe: Recipe) -> None:
    """Checks that a built folder holds what its recipe says; a recipe that did nothing is an error.

    Declared bits are compared with the stored tensors, declared sparsity with counted zeros.
    """
    check_folder(folder)
    facts = json.loads((folder / "acbench.json").read_text())
    names = {name for file in shards(folder) for name in header(file)}
    if facts["served_as"] == "packed" and not any(name.endswith("weight_packed") for name in names):
        raise CompressionError(f"{recipe.slug}: packed weights were declared and none are stored")
    errors = [entry["error"] for entry in facts["per_layer"].values()]
    if not any(errors):
        raise CompressionError(f"{recipe.slug}: no weight changed; the recipe did nothing")
    if recipe.method == "magnitude":
        keep, block = (int(x) for x in str(recipe.params.get("pattern", "0:1")).split(":"))
        wanted = 1 - keep / block if "pattern" in recipe.params else float(recipe.params.get("sparsity", 0.5))
        if facts["sparsity"] < wanted - 0.001:
            raise CompressionError(f"{recipe.slug}: sparsity {facts['sparsity']} stored, {wanted} declared")


def _external(model: ModelSpec, recipe: Recipe, store: Store, base: ResolvedModel) -> Checkpoint:
    """A folder or hub id the user brings. That it is asked the same prompts is checked when sides are paired."""
    place = str(recipe.params["checkpoint"])
    scheme = place if place.startswith(("hf:", "path:")) else f"path:{place}"
    spec = replace(model, slug=recipe.slug, source=scheme, revision=recipe.params.get("revision"))
    found = resolve(spec, store)
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


def describe(checkpoint: Checkpoint) -> dict[str, Any]:
    """What a report shows of a checkpoint."""
    keys = (
        "bits_per_weight",
        "sparsity",
        "bytes",
        "base_bytes",
        "served_as",
        "seconds",
        "peak_memory_mib",
        "notes",
        "label",
    )
    shown = {key: checkpoint.facts[key] for key in keys if key in checkpoint.facts}
    return shown | {"model": asdict(checkpoint.base)["revision"]}
