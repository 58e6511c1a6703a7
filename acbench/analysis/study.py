"""Everything the three analyses need of one checkpoint against its base, computed once and kept in the store.

Keys hold the checkpoints, the texts' hash, the arithmetic and a version: changing a figure or an interval never runs
a model again, and the three analyses share one pass.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.jobs import run_job
from acbench.keys import fingerprint
from acbench.store import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from acbench.analysis.protocol import Settings, TextSet
    from acbench.store import Store

    Arrays = Mapping[str, np.ndarray[Any, Any]]

VERSION = 2
WEIGHTS_VERSION = 3
"""Raise it when what the jobs on texts, or that on weights, compute changes."""
KIND = "analyses"


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint to look at: folder, key of its weights, name for people and logs."""

    folder: Path
    key: str
    label: str
    trust_remote_code: bool = False


@dataclass(frozen=True, slots=True)
class Study:
    """``arrays``: variant against base (``acbench.analysis.contrast``); ``floor``: base in its second-best arithmetic
    against itself; ``weights``/``base_weights``: rows of matrices; ``costs``: seconds and memory of the jobs."""

    texts: TextSet
    settings: Settings
    arrays: Arrays
    floor: Arrays
    weights: tuple[Mapping[str, Any], ...]
    base_weights: tuple[Mapping[str, Any], ...]
    costs: Mapping[str, Mapping[str, float]]


def study(
    base: Model,
    variant: Model,
    texts: TextSet,
    settings: Settings,
    store: Store,
    *,
    threads: int = 1,
    on_status: Callable[[str], None] = lambda _text: None,
) -> Study:
    """The study of ``variant``; with ``variant`` = ``base`` its arrays are the noise floor's own.

    Raises DataError or ModelError with the job's message.
    """
    work = _Work(base, texts, settings, store, on_status, threads)
    floor = work.contrast(base, settings.floor)
    arrays = floor if variant.key == base.key else work.contrast(variant, "float32")
    own, base_own = work.weights(variant), work.weights(base)
    return Study(
        texts,
        settings,
        _arrays(arrays),
        _arrays(floor),
        _rows(own),
        _rows(base_own),
        {name: _costs(path) for name, path in (("contrast", arrays), ("weights", own), ("floor", floor))},
    )


def is_done(base: Model, variant: Model, texts: TextSet, settings: Settings, store: Store) -> bool:
    """Whether a study would run nothing."""
    work = _Work(base, texts, settings, store, lambda _text: None)
    keys = [work.contrast_key(base, settings.floor), work.weights_key(variant), work.weights_key(base)]
    if variant.key != base.key:
        keys.append(work.contrast_key(variant, "float32"))
    return all(store.get(KIND, key) is not None for key in keys)


@dataclass(frozen=True, slots=True)
class _Work:
    """The jobs of one base model on one set of texts."""

    base: Model
    texts: TextSet
    settings: Settings
    store: Store
    on_status: Callable[[str], None]
    threads: int = 1

    def pass_key(self) -> str:
        return fingerprint(["pass", VERSION, self.base.key, self.texts.hash])

    def contrast_key(self, variant: Model, dtype: str) -> str:
        return fingerprint(["contrast", VERSION, self.base.key, variant.key, self.texts.hash, dtype])

    def weights_key(self, model: Model) -> str:
        return fingerprint(["weights", WEIGHTS_VERSION, self.base.key, model.key, self.settings.layers])

    def contrast(self, variant: Model, dtype: str) -> Path:
        key = self.contrast_key(variant, dtype)
        found = self.store.get(KIND, key)  # the base's pass is large and may have been pruned since
        if found is not None:
            return found
        observed = self._observed()

        def make(out: Path) -> None:
            self.on_status(f"{variant.label}: analysing its predictions ({dtype})")
            request = self._request(variant, out) | {
                "samples": self.texts.samples,
                "dtype": dtype,
                "base": str(observed),
                "base_model": str(self.base.folder),
            }
            write_json(out / "costs.json", self._run("contrast", request, key))

        return self.store.build(KIND, key, make)

    def _observed(self) -> Path:
        key = self.pass_key()

        def make(out: Path) -> None:
            self.on_status(f"{self.base.label}: one pass over the texts of the analyses")
            request = self._request(self.base, out) | {"samples": self.texts.samples, "dtype": "float32"}
            self._run("forward", request, key)

        return self.store.build(KIND, key, make)

    def weights(self, model: Model) -> Path:
        key = self.weights_key(model)

        def make(out: Path) -> None:
            self.on_status(f"{model.label}: spectra of its weights")
            request = self._request(model, out)
            request |= {"base": str(self.base.folder), "every": self.settings.layers}
            write_json(out / "costs.json", self._run("weights", request, key))

        return self.store.build(KIND, key, make)

    def _request(self, model: Model, out: Path) -> dict[str, Any]:
        return {"model": str(model.folder), "out": str(out), "trust_remote_code": model.trust_remote_code}

    def _run(self, module: str, request: Mapping[str, Any], key: str) -> dict[str, Any]:
        log = self.store.root / "logs" / f"{module}-{key}.log"
        return run_job(f"acbench.analysis.{module}", request, log=log, threads=self.threads)


def _arrays(path: Path) -> Arrays:
    with np.load(path / "contrast.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _rows(path: Path) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads((path / "weights.json").read_text()))


def _costs(path: Path) -> Mapping[str, float]:
    return dict(json.loads((path / "costs.json").read_text()))
