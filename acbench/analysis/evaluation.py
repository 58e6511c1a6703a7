"""A study in the place of a rollout: how the bench evaluates an analysis case."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from acbench.analysis.study import Model, Study, is_done, study
from acbench.cases import BASE
from acbench.environment import device_name, package_version
from acbench.errors import ConfigError
from acbench.keys import fingerprint
from acbench.records import SampleRecord
from acbench.tasks.analyses import CHANNEL, KIND, AnalysisTask

if TYPE_CHECKING:
    from acbench.analysis.summary import Side
    from acbench.runner import Bench, Evaluation, Plan


def is_analysis(plan: Plan) -> bool:
    """Whether a plan is evaluated here."""
    return plan.task.info.kind == KIND


def evaluate(bench: Bench, plan: Plan) -> Evaluation:
    """Every text as a sample record, the numbers and series as ``analysis``.

    The batched evaluation of base is its noise floor, the single one base against itself without any change.
    Raises ConfigError where the weights are on a server, DataError and ModelError with the job's message.
    """
    from acbench.analysis.summary import (
        analysis,
        scores,
    )  # reads arrays: only when there is something to analyse
    from acbench.runner import BATCHED, Evaluation

    began = time.monotonic()
    task = _task(plan)
    base, variant = _models(bench, plan)
    side: Side = "variant"
    if plan.case.compression == BASE:
        side = "floor" if plan.policy == BATCHED else "exact"
    elif variant.key == base.key:
        raise ConfigError(
            f"{plan.case.id}: the recipe has the base model's own weights, there is nothing to analyse"
        )
    found: Study = study(
        base,
        variant,
        task.texts,
        task.settings,
        bench.store,
        threads=plan.settings.threads,
        on_status=bench.on_status,
    )
    wanted = {sample.id: fingerprint(dict(sample.data)) for sample in plan.samples}
    rows = scores(plan.case.task, found, side=side)
    records = tuple(
        SampleRecord(name, kind, name, (), row, CHANNEL, "ok", data_hash=wanted[name])
        for name, kind, row in zip(task.texts.ids, task.texts.kinds, rows, strict=True)
        if name in wanted
    )
    versions = {name: package_version(name) for name in ("torch", "transformers")}
    return Evaluation(
        case_id=plan.case.id,
        key=plan.key,
        records=records,
        generated_turns=0,
        replayed_turns=0,
        tokens={},
        seconds=time.monotonic() - began,
        engine={
            "name": "torch",
            "version": versions["torch"],
            "settings": {"arithmetic": "float32"},
            "versions": versions,
            "device": device_name(),
        },
        scoring={"mode": bench.profile.mode},
        analysis=analysis(plan.case.task, found),
    )


def is_recorded(bench: Bench, plan: Plan) -> bool:
    """Whether the evaluation would run no model."""
    task = _task(plan)
    return is_done(*_models(bench, plan), task.texts, task.settings, bench.store)


def _task(plan: Plan) -> AnalysisTask:
    if not isinstance(plan.task, AnalysisTask):
        raise ConfigError(f"{plan.case.id}: a task of kind {KIND!r} must be one of erank, top-k and energy")
    return plan.task


def _models(bench: Bench, plan: Plan) -> tuple[Model, Model]:
    """Base and variant of a case."""
    if plan.settings.backend == "openai":
        raise ConfigError(
            f"{plan.case.id}: analyses read weights, and a server shows none; leave erank, top-k and energy out, or "
            "analyse the checkpoint's folder"
        )
    base = bench.checkpoint(plan.case.model, BASE)
    own = plan.checkpoint
    trust = base.base.trust_remote_code
    return (
        Model(base.path, base.key, f"{plan.case.model}:{BASE}", trust),
        Model(own.path, own.key, plan.case.group, trust),
    )
