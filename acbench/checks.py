"""What is checked before a checkpoint is judged: that it is served as stored, and not calibrated on its questions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acbench.cases import BASE
from acbench.compress.calibration import CalibrationSpec, draw
from acbench.compress.overlap import find_overlap, refuse_overlap, task_texts
from acbench.fidelity import (
    VERSION,
    Fidelity,
    check_serving,
    check_weights,
    facts_of,
    predictions,
    recorded,
    stored_bits,
)
from acbench.keys import fingerprint
from acbench.store import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.engines.protocol import Engine
    from acbench.runner import Bench, Plan
    from acbench.store import Store


@dataclass(slots=True)
class Checks:
    """The checks of one process; what was found once is not looked at again."""

    _served: dict[str, Fidelity] = field(default_factory=dict)

    def serving(self, bench: Bench, plan: Plan, engine: Engine) -> None:
        """Raises MisServed when the engine serves something else than the checkpoint holds (acbench.fidelity)."""
        key = fidelity_key(plan)
        if key is None or key in self._served:
            return
        bench.on_status(f"{plan.case.group}: checking what is served")
        own, trust = plan.checkpoint, plan.checkpoint.base.trust_remote_code
        reference = predictions(own.path, own.key, bench.store, trust_remote_code=trust)
        base = bench.checkpoint(plan.case.model, BASE)
        if own.key != base.key:
            expected = predictions(base.path, base.key, bench.store, trust_remote_code=trust)
            check_weights(reference, expected, bits=stored_bits(own.path), label=plan.case.group)
        self._served[key] = check_serving(
            engine,
            reference,
            bench.store,
            key=key,
            label=plan.case.group,
            lossy_cache=plan.settings.kv_cache_dtype != "auto",
        )

    @staticmethod
    def overlap(bench: Bench, plan: Plan) -> None:
        """Calibration text must not occur in what is evaluated; looked at once per calibration set and data."""
        calibration = plan.checkpoint.facts.get("calibration")
        if not calibration:
            return
        recipe = bench.recipe(plan.case.compression)
        spec = CalibrationSpec.from_table(recipe.calibration, f"recipe {recipe.slug!r}")
        key = fingerprint([calibration["hash"], plan.key_fields["data"], spec.allow_overlap])
        memo = bench.store.root / "overlap" / f"{key}.json"
        if memo.is_file():
            return
        drawn = draw(spec, bench.renderer(plan.case.model), bench.store)
        found = find_overlap(drawn.words(), task_texts(plan.case.task, plan.task, plan.samples))
        notes = refuse_overlap(found, allowed=spec.allow_overlap)
        memo.parent.mkdir(parents=True, exist_ok=True)
        write_json(memo, {"notes": list(notes)})


def found_serving(store: Store, plan: Plan) -> Mapping[str, Any]:
    """What the serving check of a plan found, for reports; empty if none was made."""
    key = fidelity_key(plan)
    found = None if key is None else recorded(store, key)
    return {} if found is None else facts_of(found)


def fidelity_key(plan: Plan) -> str | None:
    """Identity of a serving check; None where nothing can be compared (remote servers, simulated caches)."""
    settings = plan.settings
    if settings.backend not in ("vllm", "transformers") or "kv" in settings.extra:
        return None
    fields = plan.key_fields
    return fingerprint(
        [
            plan.checkpoint.key,
            fields["engine"],
            fields["versions"],
            fields["device"],
            fields["renderer"],
            VERSION,
        ]
    )
