"""The one object that the plug-in's hooks share, kept in ``config.stash``."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from acbench.config import Catalogue, find_user_file, load_catalogue
from acbench.keys import fingerprint
from acbench.matrix import Matrix, build_matrix
from acbench.plugin.options import Settings, read_settings
from acbench.thresholds import Thresholds, read_thresholds

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.cases import Case
    from acbench.casework import Caseworker
    from acbench.plugin.baselines import BaselineBook
    from acbench.records import CaseResult

SESSION = pytest.StashKey["AcbenchSession"]()


@dataclass(slots=True)
class AcbenchSession:
    """``selected``: cases left after ``-k``, ``-m`` and the shard. ``results``: filled in the controller."""

    settings: Settings
    catalogue: Catalogue
    matrix: Matrix
    thresholds: Thresholds
    run_dir: Path
    is_worker: bool
    selected: list[Case] = field(default_factory=list)
    results: list[CaseResult] = field(default_factory=list)
    baselines: BaselineBook | None = None
    """In the controller of a run that judges cases; None in workers and where nothing is judged."""
    _worker: Caseworker | None = None

    def in_shard(self, case: Case) -> bool:
        """Shards split by engine group with a stable hash, so that engines are not started twice."""
        if self.settings.shard is None:
            return True
        part, whole = self.settings.shard
        return int(fingerprint(case.group)[:8], 16) % whole == part - 1

    @property
    def caseworker(self) -> Caseworker:
        """Built on first use: importing it costs more than collecting ten thousand cases."""
        if self._worker is None:
            from acbench.casework import Caseworker
            from acbench.engines.pool import EnginePool
            from acbench.plugin.progress import ProgressFile
            from acbench.runner import Bench
            from acbench.store import Store

            store = Store(self.settings.store)
            store.ensure_writable()
            progress = ProgressFile(self.run_dir)
            bench = Bench(
                catalogue=self.catalogue,
                profile=self.matrix.profile,
                store=store,
                pool=EnginePool(
                    logs=self.run_dir / "logs",
                    leases=self.settings.store / "leases",
                    events=self.run_dir / "events.jsonl",
                ),
                on_progress=progress.update,
                on_status=progress.status,
            )
            self._worker = Caseworker(bench, self.thresholds, self.matrix, self.selected)
        return self._worker

    def close(self) -> None:
        if self._worker is not None:
            self._worker.bench.pool.close()
            self._worker = None

    def events(self) -> list[dict[str, object]]:
        """What all workers noted: engine starts."""
        file = self.run_dir / "events.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def open_session(config: pytest.Config) -> AcbenchSession:
    """Reads options and catalogue, builds the matrix. Raises ConfigError."""
    settings = read_settings(config)
    user_file = settings.config_file
    if user_file is None:
        user_file = find_user_file(config.invocation_params.dir) or find_user_file(config.rootpath)
    catalogue = _extended(load_catalogue(user_file), config)
    if settings.backend or settings.stage:
        catalogue = _with_overrides(catalogue, settings)
    option = config.option
    selection = replace(
        settings.selection,
        marks=getattr(option, "markexpr", "") or "",
        keywords=getattr(option, "keyword", "") or "",
    )
    matrix = build_matrix(catalogue, settings.profile, selection)
    worker_input = getattr(config, "workerinput", None)
    # Two runs may begin in the same second; each must have a folder of its own.
    new_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    run_id = worker_input["acbench_run"] if worker_input else new_id
    return AcbenchSession(
        settings=settings,
        catalogue=catalogue,
        matrix=matrix,
        thresholds=read_thresholds(catalogue),
        run_dir=settings.runs / run_id,
        is_worker=worker_input is not None,
    )


def _extended(catalogue: Catalogue, config: pytest.Config) -> Catalogue:
    """Adds what plug-ins register."""
    from acbench.tasks.registry import register

    models, recipes, tasks = dict(catalogue.models), dict(catalogue.recipes), dict(catalogue.tasks)
    for found in config.hook.pytest_acbench_models(config=config):
        models |= found or {}
    for found in config.hook.pytest_acbench_compressions(config=config):
        recipes |= found or {}
    for found in config.hook.pytest_acbench_tasks(config=config):
        for slug, (entry, code) in (found or {}).items():
            tasks[slug] = entry
            register(slug, code)
    return replace(catalogue, models=models, recipes=recipes, tasks=tasks)


def _with_overrides(catalogue: Catalogue, settings: Settings) -> Catalogue:
    profile = catalogue.profile(settings.profile)
    if settings.backend:
        profile = replace(profile, engine={**profile.engine, "backend": settings.backend})
    if settings.stage:
        profile = replace(profile, stage=settings.stage)
    return replace(catalogue, profiles={**catalogue.profiles, settings.profile: profile})
