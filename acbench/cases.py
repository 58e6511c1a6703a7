"""What a case is: model, compression recipe and task, and the grammar of their names.

Pure data; nothing here reads a file or imports a heavy package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

SLUG = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
RECIPE_SLUG = re.compile(rf"{SLUG.pattern}(?:\+{SLUG.pattern})?")
"""A recipe may name the library that builds it behind a plus sign: ``awq-w4g128+autoawq``."""

BASE = "base"
"""The slug of the uncompressed model; every comparison is against it."""


class Case(NamedTuple):
    """One cell of the matrix. Its ``id`` is a public interface: history and baselines hang on it."""

    model: str
    compression: str
    task: str

    @property
    def id(self) -> str:
        return f"{self.model}:{self.compression}:{self.task}"

    @property
    def group(self) -> str:
        """The engine group: cases that one running engine serves."""
        return f"{self.model}:{self.compression}"

    @classmethod
    def parse(cls, text: str) -> Case:
        """Reads ``model:compression:task``; raises ConfigError when the grammar is broken."""
        parts = text.split(":")
        if len(parts) != 3:
            raise ConfigError(f"case id {text!r}: expected model:compression:task")
        model, compression, task = parts
        for what, part, rule in (
            ("model", model, SLUG),
            ("compression", compression, RECIPE_SLUG),
            ("task", task, SLUG),
        ):
            if not rule.fullmatch(part):
                raise ConfigError(f"case id {text!r}: {what} {part!r} is not a valid name")
        return cls(model, compression, task)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model as configured. ``source`` is ``hf:<hub id>``, ``path:<folder>`` or ``wheel:<package>/<file>``."""

    slug: str
    source: str
    role: str = "standard"
    revision: str | None = None
    parameters_b: float | None = None
    window_tokens: int | None = None
    trust_remote_code: bool = False
    pair_with: str | None = None
    """The model it is compared with in a declared pair (acbench.pairs)."""
    thinking: Mapping[str, Any] = field(default_factory=dict)
    """``budget``, ``open``, ``close`` of a model that thinks before it answers (acbench.thinking); else empty."""
    engine: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A compression recipe: which method with which parameters makes the weights, and how they are served.

    ``engine`` overrides engine settings (a KV-cache method changes only these), so two recipes may
    share a checkpoint and still be different engine groups.
    """

    slug: str
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    """The models this recipe applies to; empty means all."""
    library: str = ""
    """The library that builds it (acbench.compress.backends); empty: ACBench itself."""
    calibration: Mapping[str, Any] = field(default_factory=dict)
    """What a calibrated method may look at (acbench.compress.calibration); over the profile's own table."""
    compare: str = BASE
    """The recipe whose answers it is judged against: one that is served in the same way."""
    compare_model: str = ""
    """The model on whose ``compare`` it is judged; empty: its own. Set for declared pairs (acbench.pairs)."""
    python: str = ""
    """The interpreter that builds it, for libraries that need an environment of their own."""
    planned: str = ""
    """Not empty: declared, but no code of this version builds it; the text says what is missing."""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """A task as declared in the catalogue: its slug, capability and default settings.

    ``family`` names the benchmark that a task is one part of (``longbench`` for ``longbench-hotpotqa``): a
    profile's settings and data folder for the family hold for all of its tasks.
    """

    slug: str
    capability: str
    family: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    planned: str = ""


CAPABILITIES: Mapping[str, str] = {
    "tool_use": "Action execution",
    "workflow": "Workflow generation",
    "long_context": "Long context",
    "real_world": "Real-world application",
    "diagnostic": "Diagnostics",
}
"""Mark name -> title in reports. The first four are the paper's."""
