"""Job: a recipe file of the user's own, run by llm-compressor. ``params``: {"file": path of the recipe}."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.harness import Job, Made, run_library
from acbench.compress.backends.llm_compressor import oneshot
from acbench.compress.backends.recipes import check_recipe
from acbench.compress.backends.registry import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """The build job; see ``harness.run_library``. ``acbench.json`` names the file, not its folder."""
    file = Path(request["params"]["file"]).expanduser().resolve()
    check_recipe(file)
    named = {**request, "params": {"file": file.name}}
    return run_library(named, LIBRARIES["llm-compressor"], partial(build, file=file))


def build(job: Job, *, file: Path) -> Made:
    found = check_recipe(file)
    made = oneshot(job, file.read_text(encoding="utf-8"))
    return replace(made, notes=(*made.notes, f"recipe file {file.name} with {', '.join(found)}"))
