"""Tasks by slug. Importing this loads no task; a task's module is imported when it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.embeddings import Embedder
    from acbench.tasks.protocol import PredictionScorer, Task, TaskContext, TaskInfo


@dataclass(frozen=True, slots=True)
class Entry:
    """``module`` has the named factory ``(TaskContext) -> Task`` and a TaskInfo.

    With a ``variant`` (one data set of a benchmark) both take it: ``open_task(context, variant)`` and
    ``task_info(variant)``.
    """

    module: str
    factory: str = "open_task"
    info: str = "INFO"
    variant: str = ""


@dataclass(frozen=True, slots=True)
class ScorerEntry:
    """``module`` has the named ``open_scorer(variant, *, mode, embedder) -> PredictionScorer``."""

    module: str
    variant: str = ""
    factory: str = "open_scorer"


T_EVAL = (
    *("instruct-str", "instruct-json", "plan-str", "plan-json", "reason-str", "reason-json"),
    *("retrieve-str", "retrieve-json", "understand-str", "understand-json", "review"),
)
"""The eleven columns of the published table."""

WORFBENCH = ("wikihow", "toolbench", "toolalpaca", "lumos", "alfworld", "webshop", "os")
WORFBENCH_HELD_OUT = ("seal-tools", "intercodesql")

LONGBENCH = (
    *("narrativeqa", "qasper", "multifieldqa-en", "multifieldqa-zh"),
    *("hotpotqa", "2wikimqa", "musique", "dureader"),
    *("gov-report", "qmsum", "multi-news", "vcsum"),
    *("trec", "triviaqa", "samsum", "lsht"),
    *("passage-count", "passage-retrieval-en", "passage-retrieval-zh"),
    *("lcc", "repobench-p"),
)
"""Slugs of the 21 sets: the set's name with hyphens for underscores."""

LONGGENBENCH = ("gsm8k", "mmlu", "csqa")

RULER = (
    *(
        "niah-single-1",
        "niah-single-2",
        "niah-single-3",
        "niah-multikey-1",
        "niah-multikey-2",
        "niah-multikey-3",
    ),
    *("niah-multivalue", "niah-multiquery", "vt", "cwe", "fwe"),
)


def _variants(module: str, prefix: str, names: tuple[str, ...]) -> dict[str, Entry]:
    return {
        f"{prefix}-{name}": Entry(module, info="task_info", variant=name.replace("-", "_")) for name in names
    }


ANALYSES = ("erank", "top-k", "energy")

TASKS: dict[str, Entry] = {
    "compress": Entry("acbench.tasks.checkpoint"),
    **{slug: Entry("acbench.tasks.analyses", info="task_info", variant=slug) for slug in ANALYSES},
    "needle": Entry("acbench.tasks.needle"),
    "needle-multi": Entry("acbench.tasks.needle", factory="open_multi", info="MULTI_INFO"),
    "alfworld": Entry("acbench.tasks.alfworld"),
    "scienceworld": Entry("acbench.tasks.scienceworld"),
    "babyai": Entry("acbench.tasks.babyai"),
    "jericho": Entry("acbench.tasks.jericho"),
    "pddl": Entry("acbench.tasks.pddl"),
    "pddl-likelihood": Entry("acbench.tasks.pddl", factory="open_likelihood", info="LIKELIHOOD_INFO"),
    "webshop": Entry("acbench.tasks.webshop"),
    "webarena": Entry("acbench.tasks.webarena"),
    **_variants("acbench.tasks.tools", "tool", ("query", "operation")),
    **_variants("acbench.tasks.teval", "t-eval", T_EVAL),
    **_variants("acbench.tasks.worfbench", "worfbench", WORFBENCH + WORFBENCH_HELD_OUT),
    **_variants("acbench.tasks.longbench", "longbench", LONGBENCH),
    **_variants("acbench.tasks.longgenbench", "longgenbench", LONGGENBENCH),
    **_variants("acbench.tasks.ruler", "ruler", RULER),
}

SCORERS: dict[str, ScorerEntry] = {
    "needle": ScorerEntry("acbench.tasks.needle"),
    "worfbench": ScorerEntry("acbench.tasks.worfbench"),
    "agent-parse": ScorerEntry("acbench.tasks.agents.parse_check"),
    "agent-web": ScorerEntry("acbench.tasks.agents.web_check"),
    **{
        slug: ScorerEntry(entry.module, entry.variant)
        for slug, entry in TASKS.items()
        if slug.startswith(("t-eval-", "worfbench-", "longbench-", "longgenbench-", "ruler-"))
    },
}
"""What `acbench score` knows. Other spellings of a name lead to the same scorer (see ``ALIASES``)."""

ALIASES: dict[str, str] = {
    **{f"t-eval-{name}-string": f"t-eval-{name}-str" for name in ("instruct", "plan", "reason")},
    **{f"t-eval-{name}-string": f"t-eval-{name}-str" for name in ("retrieve", "understand")},
    **{f"t-eval-review-{name}": "t-eval-review" for name in ("choice", "str", "string")},
    **{
        slug.replace("-", "_").replace("longbench_", "longbench-", 1): slug
        for slug in TASKS
        if "longbench-" in slug
    },
    "worfbench-seal_tools": "worfbench-seal-tools",
}
"""Spellings of other sources -> our slug; for `acbench score`."""


def register(slug: str, entry: Entry) -> None:
    """Adds a task from outside (hook ``pytest_acbench_tasks``)."""
    TASKS[slug] = entry


def _entry(slug: str) -> Entry:
    if slug not in TASKS:
        raise ConfigError(f"unknown task {slug!r}; {did_you_mean(slug, TASKS)}")
    return TASKS[slug]


def open_task(slug: str, context: TaskContext) -> Task:
    entry = _entry(slug)
    factory: Callable[..., Task] = getattr(import_module(entry.module), entry.factory)
    return factory(context, entry.variant) if entry.variant else factory(context)


def task_info(slug: str) -> TaskInfo:
    entry = _entry(slug)
    found = getattr(import_module(entry.module), entry.info)
    info: TaskInfo = found(entry.variant) if entry.variant else found
    return info


def open_scorer(slug: str, *, mode: str, embedder: Callable[[], Embedder]) -> PredictionScorer:
    """The scorer of predictions made elsewhere; ConfigError for tasks that cannot be scored from text alone."""
    slug = ALIASES.get(slug, slug)
    if slug not in SCORERS:
        raise ConfigError(f"task {slug!r} cannot score single predictions; {did_you_mean(slug, SCORERS)}")
    entry = SCORERS[slug]
    factory: Callable[..., PredictionScorer] = getattr(import_module(entry.module), entry.factory)
    return factory(entry.variant, mode=mode, embedder=embedder)
