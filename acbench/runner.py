"""Evaluates one (checkpoint, task): plan, look into the journal, generate what is missing, grade.

Answers are saved before they are graded, and grading is repeated from the journal each time: a better
scorer never needs a new generation.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from acbench.analysis import evaluation as analyses
from acbench.cases import BASE, Case
from acbench.checkpoints import Checkpoint, Target, build, checkpoint_key
from acbench.checks import Checks, found_serving
from acbench.compress.registry import UNBUILT
from acbench.datasets import data_folder
from acbench.embeddings import open_embedder
from acbench.engines.pool import visible_gpus
from acbench.environment import device_name, engine_versions
from acbench.errors import ConfigError, DataError
from acbench.journal import Journal
from acbench.keys import GenerationKey, fingerprint
from acbench.matrix import engine_settings
from acbench.models import resolve
from acbench.rendering import ModelRenderer
from acbench.rollout import Progress, Rollout
from acbench.speed import Stopwatch
from acbench.store import write_json
from acbench.tasks.protocol import TaskContext
from acbench.tasks.registry import open_task
from acbench.thinking import Thinking
from acbench.worldlog import WorldLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from acbench.cases import Recipe
    from acbench.config import Catalogue, Profile
    from acbench.embeddings import Embedder
    from acbench.engines.pool import EnginePool
    from acbench.engines.protocol import Engine, EngineSettings
    from acbench.records import SampleRecord
    from acbench.store import Store
    from acbench.tasks.protocol import Sample, Task

BATCHED = "batched"
SINGLE = "single"
"""Batch policies: all requests at once, or one at a time (the noise floor's repetition)."""

NARROWED = "@"
"""In the name of a reference that is served with a smaller window than its own; no name of a catalogue has it."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The graded samples of one (checkpoint, task) under one batch policy."""

    case_id: str
    key: str
    records: tuple[SampleRecord, ...]
    generated_turns: int
    replayed_turns: int
    tokens: Mapping[str, int]
    seconds: float
    engine: Mapping[str, Any] = field(default_factory=dict)
    scoring: Mapping[str, str] = field(default_factory=dict)
    """What scored the answers: mode and, where texts are compared by meaning, the embedding model."""
    analysis: Mapping[str, Any] = field(default_factory=dict)
    """Numbers and series of an analysis (acbench.analysis.summary); else empty."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an evaluation will do, without an engine: everything that decides its key."""

    case: Case
    task: Task
    samples: tuple[Sample, ...]
    renderer: ModelRenderer
    checkpoint: Checkpoint
    settings: EngineSettings
    key: str
    key_fields: Mapping[str, Any]
    policy: str


class _NotRecorded(Exception):
    """Raised in place of an engine start when only recorded answers may be used."""


@dataclass(slots=True)
class Bench:
    """One process's access to everything a case needs. Checkpoints and tasks are opened once."""

    catalogue: Catalogue
    profile: Profile
    store: Store
    pool: EnginePool
    on_progress: Callable[[str, Progress], None] = lambda _label, _progress: None
    on_status: Callable[[str], None] = lambda _text: None
    _checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    _tasks: dict[tuple[str, str, int], tuple[Task, tuple[Sample, ...]]] = field(default_factory=dict)
    _renderers: dict[str, ModelRenderer] = field(default_factory=dict)
    _embedders: dict[str, Embedder] = field(default_factory=dict)
    _device: str = ""
    _checks: Checks = field(default_factory=Checks)

    def checkpoint(self, model: str, recipe: str) -> Checkpoint:
        label = f"{model}:{recipe}"
        if label not in self._checkpoints:
            settings = self.settings(model, recipe)
            if settings.backend == "openai":
                self._checkpoints[label] = self._served(model, recipe, settings)
                return self._checkpoints[label]
            target = Target(settings.backend, "gpu" if visible_gpus() else "cpu")
            self.on_status(f"{label}: preparing the checkpoint")
            self._checkpoints[label] = build(
                self.catalogue.models[model], self.recipe(recipe), self.store, target
            )
        return self._checkpoints[label]

    def _served(self, model: str, recipe: str, settings: EngineSettings) -> Checkpoint:
        """What a remote server serves under a name. Nothing is built: the server's weights are judged.

        Raises ConfigError when two recipes name the same server and model: they would be one model.
        """
        base = resolve(self.catalogue.models[model], self.store, weights=False)
        place = {key: str(settings.extra.get(key, "")) for key in ("base_url", "model")}
        other = self.recipe(recipe).compare_model or model
        own = self.settings(other, BASE).extra
        if not all(place.values()):
            raise ConfigError(
                f"{model}:{recipe}: the openai back-end needs engine.extra.base_url and engine.extra.model, "
                "so that a result says whose answers it holds"
            )
        if recipe.partition(NARROWED)[0] != BASE and all(
            place[key] == str(own.get(key, "")) for key in place
        ):
            raise ConfigError(
                f"{model}:{recipe} and {other}:{BASE} name the same server and model ({place['base_url']}, "
                f"{place['model']}): a model would be compared with itself; set [recipes.{recipe}.engine.extra]"
            )
        facts = {"label": f"{place['model']} at {place['base_url']}", "recipe": recipe, "served_as": "remote"}
        return Checkpoint(base.path, fingerprint(place), facts, base)

    def is_built(self, model: str, recipe: str) -> bool:
        """Whether the checkpoint is in the store already; used by plans, which build nothing."""
        spec = self.recipe(recipe)
        settings = self.settings(model, recipe)
        if spec.method in UNBUILT or settings.backend == "openai":
            return True
        target = Target(settings.backend, "gpu" if visible_gpus() else "cpu")
        key = checkpoint_key(self.checkpoint(model, "base").base, spec, target, self.store)
        return self.store.get("checkpoints", key) is not None

    def recipe(self, slug: str) -> Recipe:
        """A recipe with the profile's calibration table below its own."""
        found = self.catalogue.recipes[slug]
        return replace(found, calibration={**self.profile.calibration, **found.calibration})

    def reference(self, case: Case) -> Case:
        """The case a case is judged against: the same task on the recipe its own is compared with.

        In a pair of models with different windows both are served with the smaller one: they are asked the same.
        """
        recipe = self.catalogue.recipes[case.compression]
        found = Case(recipe.compare_model or case.model, recipe.compare, case.task)
        window = self.settings(case.model, case.compression).window_tokens
        if not recipe.compare_model or window >= self.settings(found.model, found.compression).window_tokens:
            return found
        narrow = self.catalogue.recipes[recipe.compare]
        slug = f"{narrow.slug}{NARROWED}{window}"
        narrow = replace(narrow, slug=slug, engine={**narrow.engine, "window_tokens": window})
        self.catalogue = replace(self.catalogue, recipes={**self.catalogue.recipes, slug: narrow})
        return found._replace(compression=slug)

    def thinking(self, model: str) -> Thinking | None:
        """How a model thinks before it answers; None for those that do not."""
        return Thinking.from_table(self.catalogue.models[model].thinking, f"model {model!r}")

    def settings(self, model: str, recipe: str) -> EngineSettings:
        return engine_settings(self.catalogue, self.profile, model, recipe)

    def task(self, case: Case, renderer: ModelRenderer, window: int) -> tuple[Task, tuple[Sample, ...]]:
        """The task and its samples; the same objects for base and compressed, so prompts cannot differ."""
        identity = (case.task, renderer.fingerprint, window)
        if identity not in self._tasks:
            entry = self.catalogue.tasks[case.task]
            folder = self.profile.data.get(case.task) or self.profile.data.get(entry.family)
            context = TaskContext(
                renderer=renderer,
                window_tokens=window,
                settings={
                    **entry.settings,
                    **self.profile.settings.get(entry.family, {}),
                    **self.profile.settings.get(case.task, {}),
                },
                data_dir=None if folder is None else data_folder(folder, self.store),
                mode=self.profile.mode,
                embedders=self._embedder,
            )
            task = open_task(case.task, context)
            self._tasks[identity] = (task, _checked(case.task, task.samples()))
        return self._tasks[identity]

    def asked(self, case: Case) -> tuple[Task, tuple[Sample, ...]]:
        """What a case is asked. Of a pair the reference decides: its tokenizer and window are what sizes hold for."""
        paired = self.catalogue.recipes[case.compression].compare_model
        of = self.reference(case) if paired else case
        return self.task(of, self.renderer(of.model), self.settings(of.model, of.compression).window_tokens)

    def _embedder(self, spec: str) -> Embedder:
        """One embedding model per setting and process; its vectors are shared through the store."""
        if spec not in self._embedders:
            self._embedders[spec] = open_embedder(spec, self.store.root)
        return self._embedders[spec]

    def renderer(self, model: str) -> ModelRenderer:
        """Prompts are always rendered with the base model's tokenizer and template."""
        if model not in self._renderers:
            base = self.checkpoint(model, "base").base
            self._renderers[model] = ModelRenderer(base.path, trust_remote_code=base.trust_remote_code)
        return self._renderers[model]

    def plan(self, case: Case, *, policy: str = BATCHED, limit: int | None = None) -> Plan:
        """Everything that decides the key; builds the checkpoint if needed, starts no engine."""
        settings = self.settings(case.model, case.compression)
        checkpoint = self.checkpoint(case.model, case.compression)
        renderer = self.renderer(case.model)
        task, samples = self.asked(case)
        if limit is not None:
            samples = spread(samples, limit)
        self._device = self._device or device_name()
        key_fields = asdict(
            GenerationKey(
                checkpoint=checkpoint.key,
                renderer=renderer.fingerprint,
                task=task.info.generation or task.info.slug,
                task_version=task.info.version,
                mode=self.profile.mode,
                data=fingerprint([asdict(sample) for sample in samples]),
                engine=asdict(settings),
                versions=engine_versions(settings),
                device=self._device,
                threads=settings.threads,
                policy=policy,
            )
        )
        thinking = self.thinking(case.model)
        if thinking is not None:  # the keys of all other models stay what they were
            key_fields["thinking"] = asdict(thinking)
        return Plan(
            case, task, samples, renderer, checkpoint, settings, fingerprint(key_fields), key_fields, policy
        )

    def evaluate(self, plan: Plan) -> Evaluation:
        """Plays the plan's samples; what the journal holds is not generated again.

        Raises CompressionError when the checkpoint was calibrated on text that the task asks about.
        """
        self._checks.overlap(self, plan)
        if analyses.is_analysis(plan):
            self.pool.give_back_devices()  # its jobs need the memory of the device
            return analyses.evaluate(self, plan)
        with self.lock(f"generations-{plan.key}"):
            return self._play(plan, lambda: self._engine(plan))

    def _engine(self, plan: Plan) -> Engine:
        label = plan.case.group
        engine = self.pool.engine(
            plan.checkpoint.path,
            plan.settings,
            label=label,
            on_start=lambda: self.on_status(f"{label}: starting the engine"),
        )
        self._checks.serving(self, plan, engine)
        return engine

    def fidelity(self, plan: Plan) -> Mapping[str, Any]:
        """What the serving check found for this checkpoint and engine, for reports; empty if none was made."""
        return found_serving(self.store, plan)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Holds a lock of the store. Who must wait gives its devices back first: the holder may wait for them."""
        with self.store.lock(name, blocking=False) as mine:
            if mine:
                yield
                return
        self.pool.give_back_devices()
        with self.store.lock(name):
            yield

    def recall(self, plan: Plan) -> Evaluation | None:
        """The evaluation if every answer is in the journal, else None; never starts an engine or waits."""
        if analyses.is_analysis(plan):
            return analyses.evaluate(self, plan) if analyses.is_recorded(self, plan) else None
        if not self.store.path("generations", plan.key).is_dir():
            return None

        def missing() -> Engine:
            raise _NotRecorded

        with self.store.lock(f"generations-{plan.key}", blocking=False) as free:
            if not free:
                return None
            try:
                return self._play(plan, missing)
            except _NotRecorded:
                return None

    def _play(self, plan: Plan, engine: Callable[[], Engine]) -> Evaluation:
        began = time.monotonic()
        folder = self.store.path("generations", plan.key)
        label = plan.case.id if plan.policy == BATCHED else f"{plan.case.id} (noise floor)"
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # a read-only store is fine for reading
            os.utime(folder)  # pruning goes by last use, and reading a journal does not change its folder
        journal, watch = Journal(folder), Stopwatch(folder)
        try:
            if not (folder / "key.json").exists():
                write_json(folder / "key.json", {"label": label, **plan.key_fields})
            rollout = Rollout(
                plan.task,
                plan.renderer,
                journal,
                worlds=WorldLog(folder) if plan.task.info.kind == "rollout" else None,
                window_tokens=plan.settings.window_tokens,
                max_active=1 if plan.policy == SINGLE else None,
                thinking=self.thinking(plan.case.model),
                on_progress=lambda progress: self.on_progress(label, progress),
            )
            records = rollout.play(plan.samples, watch.without_start(engine))
        finally:
            journal.close()
        return Evaluation(
            case_id=plan.case.id,
            key=plan.key,
            records=tuple(records),
            generated_turns=journal.appended,
            replayed_turns=journal.replayed,
            tokens=_token_sums(records) | watch.tokens(journal),
            seconds=time.monotonic() - began,
            engine={
                "name": plan.settings.backend,
                "version": next(iter(plan.key_fields["versions"].values()), ""),
                "settings": asdict(plan.settings),
                "versions": plan.key_fields["versions"],
                "device": self._device,
            },
            scoring=dict(getattr(plan.task, "scoring", None) or {"mode": self.profile.mode}),
        )


def spread(samples: Sequence[Sample], limit: int) -> tuple[Sample, ...]:
    """At most ``limit`` samples, evenly over the list (and so over its levels)."""
    if len(samples) <= limit:
        return tuple(samples)
    return tuple(samples[i * len(samples) // limit] for i in range(limit))


def _checked(slug: str, samples: Sequence[Sample]) -> tuple[Sample, ...]:
    seen = set()
    for sample in samples:
        if sample.id in seen:
            raise DataError(f"task {slug}: sample id {sample.id!r} occurs twice")
        seen.add(sample.id)
    if not samples:
        raise DataError(f"task {slug}: its settings select no sample")
    return tuple(samples)


def _token_sums(records: Sequence[SampleRecord]) -> dict[str, int]:
    """Of all requests; ``thought`` only for models that think: their share of ``output``."""
    turns = [turn for record in records for turn in record.turns]
    requests = [request for turn in turns for request in turn.requests]
    thoughts = [turn.thought.output_tokens for turn in turns if turn.thought is not None]
    return {
        "prompt": sum(request.prompt_tokens for request in requests),
        "output": sum(request.output_tokens for request in requests),
        "cached": sum(request.cached_tokens for request in requests),
        "turns": len(turns),
        **({"thought": sum(thoughts)} if thoughts else {}),
    }
