"""Runs one case from start to verdict, and decides who prepares the base model's answers.

The base model is the other half of every comparison. Its evaluations (all tasks of the run, and their
noise-floor repetitions) are made in one go by whoever holds the model's base lock, so that its
engine starts once, however many workers there are and whatever was selected.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from acbench import lengths, rollouts, thinking, verdicts
from acbench import pairs as model_pairs
from acbench.analysis.evaluation import is_analysis
from acbench.cases import BASE, Case
from acbench.checkpoints import describe
from acbench.errors import AcbenchError, EngineError
from acbench.records import CaseResult, Verdict
from acbench.runner import SINGLE, Bench, Evaluation
from acbench.tasks.checkpoint import INFO as CHECKPOINT
from acbench.worldlog import WorldLog, first_prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.matrix import Matrix
    from acbench.records import Noise
    from acbench.runner import Plan
    from acbench.tasks.protocol import Task
    from acbench.thresholds import Rule, Thresholds

COMPRESS = CHECKPOINT.slug
"""The task whose results hold the facts of every single weight; in all others they would only be weight."""
FLIPS_KEPT = 100
"""Changed samples kept in a result; all of them stay in the store's journal."""


@dataclass(slots=True)
class Caseworker:
    """Judges cases in one process. ``selected`` are the cases of this run, on all workers."""

    bench: Bench
    thresholds: Thresholds
    matrix: Matrix
    selected: Sequence[Case]
    _base: dict[str, tuple[Evaluation, Evaluation]] = field(default_factory=dict)
    _base_errors: dict[str, AcbenchError] = field(default_factory=dict)

    def judge(self, case: Case) -> CaseResult:
        """The judged case. Raises an AcbenchError for anything that is not a verdict."""
        reference = self.bench.reference(case)
        if case == reference:
            return self._judge_base(case)
        if reference not in self.selected:
            self._prepare_base(reference, wait=False)  # nobody else is bound to do it
        plan = self.bench.plan(case)
        compressed = self.bench.evaluate(plan)
        self._play_on(case)
        base, repeated = self._base_of(case)
        return self._result(case, plan, base, compressed, self._noise(plan, base, repeated))

    def _play_on(self, case: Case) -> None:
        """Until the base model's answers are there, plays the other cases of this checkpoint.

        Another process prepares them, or is about to; if none does in the end, this one will, and by then its
        own engine is not needed again. What goes wrong here goes wrong again, and is reported, when that case
        has its turn.
        """
        base = self.bench.reference(case)
        for other in self.selected:
            if other.group != case.group or other == case:
                continue
            if base.id in self._base or base.id in self._base_errors or self._recall(base):
                return
            try:
                self.bench.evaluate(self.bench.plan(other))
            except AcbenchError:
                return

    # -- the base model --------------------------------------------------------------------------

    def _base_of(self, case: Case) -> tuple[Evaluation, Evaluation]:
        """Base evaluation and repetition of the case's task: remembered, recorded, or made now."""
        base_case = self.bench.reference(case)
        if base_case.id not in self._base and not self._recall(base_case):
            self._prepare_base(base_case, wait=True)
        if base_case.id in self._base_errors:
            raise self._base_errors[base_case.id]
        return self._base[base_case.id]

    def _recall(self, base_case: Case) -> bool:
        found = [self.bench.recall(plan) for plan in self._base_plans(base_case)]
        if found[0] is None or found[1] is None:
            return False
        self._base[base_case.id] = (found[0], found[1])
        return True

    def _prepare_base(self, reference: Case, *, wait: bool) -> None:
        """Answers of a reference to all tasks that selected cases are judged by, in one go."""
        judged = [self.bench.reference(case) for case in self.selected]
        wanted = list(dict.fromkeys(case for case in judged if case.group == reference.group))
        missing = [case for case in wanted if not self._is_settled(case)]
        if not missing:
            return
        if wait:
            with self.bench.lock(_lock_name(reference)):
                self._evaluate_base(missing)
            return
        with self.bench.store.lock(_lock_name(reference), blocking=False) as mine:
            if mine:
                self._evaluate_base(missing)

    def _is_settled(self, case: Case) -> bool:
        """Whether the base model's answers to a task are known, or known to be impossible."""
        if case.id in self._base or case.id in self._base_errors:
            return True
        try:
            return self._recall(case)
        except EngineError:
            raise
        except AcbenchError as error:
            self._base_errors[case.id] = error
            return True

    def _evaluate_base(self, cases: Sequence[Case]) -> None:
        """All tasks' evaluations, then all repetitions. A task that breaks breaks its own cases only."""
        first: dict[Case, Evaluation] = {}
        for repetition in (False, True):
            for case in cases:
                if case.id in self._base_errors:
                    continue
                try:
                    done = self.bench.evaluate(self._base_plans(case)[repetition])
                except EngineError:
                    raise
                except AcbenchError as error:
                    self._base_errors[case.id] = error
                    continue
                if repetition:
                    self._base[case.id] = (first[case], done)
                else:
                    first[case] = done

    def _base_plans(self, case: Case) -> tuple[Plan, Plan]:
        plan = self.bench.plan(case)
        few = None if is_analysis(plan) else self.bench.profile.noise_samples
        return plan, self.bench.plan(case, policy=SINGLE, limit=few)

    # -- judging ---------------------------------------------------------------------------------

    def _judge_base(self, case: Case) -> CaseResult:
        base, repeated = self._base_of(case)
        plan = self.bench.plan(case)
        by_id = {record.sample: record for record in base.records}
        again = replace(base, records=tuple(by_id[r.sample] for r in repeated.records))
        if is_analysis(plan):  # base against itself, then with the change of arithmetic
            again, repeated = repeated, again
        result = self._result(case, plan, again, repeated, None)
        verdict = _judge_noise(result)
        pairs = verdicts.pair(again.records, repeated.records)
        noise = verdicts.noise_of(pairs, result.primary)
        # The base case reports the base model's own full evaluation; its two sides are a subset of it.
        return replace(
            result, verdict=verdict, noise=noise, tokens=base.tokens, seconds=base.seconds + repeated.seconds
        )

    def _noise(self, plan: Plan, base: Evaluation, repeated: Evaluation) -> Noise:
        ids = {record.sample for record in repeated.records}
        first = [r for r in base.records if r.sample in ids]
        # Of an analysis the repetition is base against itself without any change: the noise is what base has beyond it.
        pairs = verdicts.pair(
            *((repeated.records, first) if is_analysis(plan) else (first, repeated.records))
        )
        metric = plan.task.info.metrics[0]
        return verdicts.noise_of(pairs, verdicts.compare(pairs, metric, confidence=0.95, margin=1.0))

    def _result(
        self, case: Case, plan: Plan, base: Evaluation, other: Evaluation, noise: Noise | None
    ) -> CaseResult:
        info = plan.task.info
        rule = self._rule(case)
        confidence = 1 - (1 - self.thresholds.confidence) / self._family(case)
        recipe = self.bench.catalogue.recipes[case.compression]
        pairs = verdicts.pair(base.records, other.records, same_prompts=not recipe.compare_model)
        metric = info.metrics[0]
        compared = [
            verdicts.compare(pairs, m, confidence=confidence, margin=rule.margin) for m in info.metrics
        ]
        changed = verdicts.flips(pairs, metric)
        reference = self.bench.reference(case)
        rollout = rollouts.summarise(pairs, metric.name) if info.kind == "rollout" else {}
        return CaseResult(
            id=case.id,
            model=case.model,
            compression=case.compression,
            task=case.task,
            task_title=info.title,
            method=recipe.method,
            capability=info.capability,
            verdict=verdicts.judge(compared[0], metric, rule, min_samples=self.thresholds.min_samples),
            primary=compared[0],
            secondary=tuple(compared[1:]),
            levels=verdicts.level_rows(pairs, metric),
            channels=verdicts.channel_rows(pairs, info),
            noise=noise,
            flips=() if other.analysis else changed[:FLIPS_KEPT],  # every text moves a little
            texts_changed=verdicts.texts_changed(pairs),
            sample_prompt=self._first_prompt(plan),
            checkpoint=describe(plan.checkpoint, per_layer=case.task == COMPRESS) | self._serving(plan),
            engine=other.engine,
            keys={"base": base.key, "compressed": other.key, "checkpoint": plan.checkpoint.key},
            tokens=other.tokens,
            seconds=other.seconds,
            scoring=other.scoring,
            facts=self._facts(case, plan.task, pairs) | rollouts.facts(rollout),
            family=self.bench.catalogue.tasks[case.task].family,
            pairs={
                m.name: tuple(
                    (b.cluster, b.scores[m.name], o.scores[m.name])
                    for b, o in pairs
                    if m.name in b.scores and m.name in o.scores
                )
                for m in info.metrics
            },
            cells=_cells(pairs, metric.name),
            analysis=other.analysis,
            rollout=rollout,
            reference="" if reference == Case(case.model, BASE, case.task) else reference.id,
        )

    def _serving(self, plan: Plan) -> dict[str, Any]:
        found = self.bench.fidelity(plan)
        return {"serving": found} if found else {}

    def _facts(self, case: Case, task: Task, pairs: Sequence[verdicts.Pair]) -> dict[str, str]:
        """Findings as text: what a pair of models is, how they thought, what the engine measured, the task's own."""
        reference = self.bench.reference(case)
        base, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        thinkers = [self.bench.thinking(model) for model in (reference.model, case.model)]
        budgets = tuple(found.budget if found else 0 for found in thinkers)
        paired = reference.model != case.model
        find = getattr(task, "facts", None)
        return {
            **(model_pairs.facts(case, reference, task.info) if paired else {}),
            **thinking.facts(base, other, (budgets[0], budgets[1])),
            **lengths.facts(base, other),
            **verdicts.engine_rows(pairs),
            **(find(base, other) if find else {}),
        }

    def _first_prompt(self, plan: Plan) -> str:
        folder = self.bench.store.path("generations", plan.key)
        worlds = WorldLog(folder) if plan.task.info.kind == "rollout" else None
        for sample in reversed(plan.samples):  # the last ones are the shortest
            prompt = first_prompt(plan.task, sample, worlds)
            if prompt is not None:
                return plan.renderer.text(prompt) + prompt.continuation
        return ""

    def _rule(self, case: Case) -> Rule:
        return self.thresholds.rule_for(
            case,
            method=self.bench.catalogue.recipes[case.compression].method,
            capability=self.bench.catalogue.tasks[case.task].capability,
        )

    def _family(self, case: Case) -> int:
        """Number of gated tasks of this (model, recipe) in the whole matrix, whatever is selected now."""
        family = [c for c in self.matrix.cases if c.group == case.group]
        return max(1, sum(self._rule(c).gate == "gate" for c in family))


def _lock_name(reference: Case) -> str:
    return f"base-{reference.model}" + ("" if reference.compression == BASE else f"-{reference.compression}")


def _judge_noise(result: CaseResult) -> Verdict:
    """Base against its repetition: fails only if the change lies wholly beyond the limit, in either direction."""
    comparison, verdict = result.primary, result.verdict
    if comparison.n == 0:
        return verdict  # nothing was compared: inconclusive, as judged
    beyond = comparison.low > verdict.margin or comparison.high < -verdict.margin
    changed = comparison.worse + comparison.better
    measured = (
        f"{changed} of {comparison.n} scores and {result.texts_changed} texts differ, one request at a time"
    )
    if result.analysis:
        floor = result.analysis["protocol"]["floor"]
        measured = f"{comparison.title} moves by {verdicts.in_unit(comparison.difference, comparison.unit)} in {floor}"
    return replace(
        verdict, outcome="fail" if beyond else "pass", reason=f"noise floor: {measured}", gate="gate"
    )


def _cells(pairs: Sequence[verdicts.Pair], metric: str) -> tuple[Mapping[str, Any], ...]:
    """Coordinates and both scores, for tasks whose grade carries coordinates (needle: length, depth)."""
    axes = ("length", "depth", "repeat")
    return tuple(
        {axis: base.detail[axis] for axis in axes if axis in base.detail}
        | {"base": base.scores.get(metric), "compressed": other.scores.get(metric), "state": other.state}
        for base, other in pairs
        if "length" in base.detail and "depth" in base.detail
    )
