"""What a run would cost: samples, cached share, tokens and a rough time, without running anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.analysis.evaluation import is_recorded
from acbench.errors import AcbenchError
from acbench.journal import Journal
from acbench.models import is_fetched
from acbench.tasks.analyses import KIND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.cases import Case
    from acbench.casework import Caseworker
    from acbench.tasks.protocol import Sample

STEP_S = 0.020
REQUEST_S = 0.00135
PREFILL_TOKEN_S = 0.00068
REFERENCE_PARAMETERS_B = 0.135
ANALYSIS_TOKEN_S = 0.012
"""A token of an analysis: forward pass, logits twice, spectra; the same model and core."""
TYPICAL_ANSWER_TOKENS = 20
"""Cost model measured for the 135M model on one CPU core: a step costs 20 ms + 1.35 ms per running request
+ 0.68 ms per prefilled token; scaled by parameters for other models. Good to a factor of two."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    case: str
    samples: int
    recorded: int
    prompt_tokens: int
    core_minutes: float
    note: str = ""


def plan_lines(worker: Caseworker) -> list[str]:
    """The plan as an aligned table, one line per case, with totals."""
    rows = [_row(worker, case) for case in worker.selected]
    width = max([len(row.case) for row in rows], default=4)
    lines = [f"{'case':<{width}}  samples  recorded  prompt tokens  core minutes"]
    for row in rows:
        if row.note:
            lines.append(f"{row.case:<{width}}  {row.note}")
        else:
            numbers = (
                f"{row.samples:>7}  {row.recorded:>8}  {row.prompt_tokens:>13,}  {row.core_minutes:>12.1f}"
            )
            lines.append(f"{row.case:<{width}}  {numbers}")
    groups = {case.group for case in worker.selected}
    lines.append(
        f"{len(rows)} cases, {len(groups)} engine groups, {sum(r.samples for r in rows)} samples, "
        f"about {sum(r.core_minutes for r in rows):.0f} core minutes of generation on a CPU "
        "(estimate; a GPU needs far less); the base model's noise floor is not counted"
    )
    return lines


def _analysis_row(worker: Caseworker, case: Case, key: str, samples: Sequence[Sample]) -> PlanRow:
    """An analysis runs its own passes; the three of a checkpoint share them, and the first one pays."""
    bench = worker.bench
    done = bool(key) and is_recorded(bench, bench.plan(case))
    tokens = sum(sample.estimated_prompt_tokens for sample in samples)
    size = (bench.catalogue.models[case.model].parameters_b or 7.0) / REFERENCE_PARAMETERS_B
    family = bench.catalogue.tasks[case.task].family
    same = [
        c for c in worker.selected if c.group == case.group and bench.catalogue.tasks[c.task].family == family
    ]
    seconds = 0.0 if done or (same and same[0] != case) else tokens * ANALYSIS_TOKEN_S * size
    return PlanRow(case.id, len(samples), len(samples) if done else 0, tokens, seconds / 60)


def _row(worker: Caseworker, case: Case) -> PlanRow:
    bench = worker.bench
    models = {case.model, bench.reference(case).model}
    if not all(is_fetched(bench.catalogue.models[model]) for model in models):
        return PlanRow(
            case.id, 0, 0, 0, 0.0, note="the model is not on this machine yet; a plan fetches none"
        )
    try:
        task, samples = bench.asked(case)
        info = task.info
        built = bench.is_built(case.model, case.compression)
        key = bench.plan(case).key if built else ""
        if info.kind == KIND:
            return _analysis_row(worker, case, key, samples)
    except AcbenchError as error:
        return PlanRow(case.id, 0, 0, 0, 0.0, note=str(error).splitlines()[0])
    recorded = 0
    if key:
        with bench.store.lock(f"generations-{key}", blocking=False) as free:
            # Opening a journal drops a line that is half written: not while somebody writes it.
            if free and bench.store.get("generations", key):
                journal = Journal(bench.store.path("generations", key))
                recorded = sum(bool(journal.turns(sample.id)) for sample in samples)
                journal.close()
    left = samples[recorded:]
    # The gold answer's likelihood is a second prefill of every prompt.
    passes = 2 if info.kind != "likelihood" and any(m.name == "gold_loglik" for m in info.metrics) else 1
    size = (bench.catalogue.models[case.model].parameters_b or 7.0) / REFERENCE_PARAMETERS_B
    prefill = passes * sum(sample.estimated_prompt_tokens for sample in left)
    turns = sum(sample.estimated_turns for sample in left)
    seconds = prefill * PREFILL_TOKEN_S + turns * TYPICAL_ANSWER_TOKENS * (REQUEST_S + STEP_S / 16)
    total = passes * sum(sample.estimated_prompt_tokens for sample in samples)
    return PlanRow(case.id, len(samples), recorded, total, seconds * size / 60)
