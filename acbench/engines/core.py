"""What an engine's own process holds: a core that starts, steps and stops. One module per back-end."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.engines.protocol import Completion, EngineIdentity, EngineSettings, Request

CORES = {
    "vllm": "acbench.engines.vllm",
    "transformers": "acbench.engines.transformers",
    "fake": "acbench.engines.fake",
}
"""Back-end -> module with ``create_core(checkpoint, settings)``. They run in the engine's process."""


class Core(Protocol):
    """Lives in the engine's process and may import anything heavy."""

    @property
    def identity(self) -> EngineIdentity: ...

    def add(self, requests: Sequence[Request]) -> None: ...

    def step(self) -> list[Completion]:
        """Does one unit of work; returns what finished. Only called while ``unfinished()``."""
        ...

    def unfinished(self) -> int: ...

    def stop(self) -> None: ...


def create_core(checkpoint: Path, settings: EngineSettings) -> Core:
    core: Core = import_module(CORES[settings.backend]).create_core(checkpoint, settings)
    return core
