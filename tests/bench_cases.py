"""A whole bench over the tiny fake model: user configuration in TOML, everything below one folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tiny_bench import fake_folder, write_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = """
[models.tiny]
source = "path:{root}/models/tiny"
parameters_b = 0.001
engine = {{ backend = "fake", window_tokens = 8192 }}

[profiles.test]
models = ["tiny"]
compressions = ["base", {recipes}]
tasks = [{tasks}]
noise_samples = 3
stage = "{stage}"
engine = {{ backend = "fake", window_tokens = 8192 }}

[profiles.test.settings.needle]
lengths = [300]
depths = [0, 50, 100]
repeats = 2
max_tokens = 8

[profiles.test.settings.pddl]
levels = [1]
per_level = 1
max_steps = 3

[profiles.test.settings.pddl-likelihood]
levels = [1, 2]
per_level = 2
steps = 2

[thresholds]
min_samples = 2

[[thresholds.rule]]
margin = 0.2
reason = "for this test"

[[thresholds.rule]]
capability = "diagnostic"
margin = 0.2
reason = "for this test"
"""


def quoted(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def write_project(
    root: Path,
    checkpoints: Mapping[str, Mapping[str, Any]],
    *,
    tasks: tuple[str, ...] = ("pddl-likelihood", "needle", "pddl"),
    stage: str = "pull-request",
    base: Mapping[str, Any] | None = None,
    extra: str = "",
) -> Path:
    """Model, external checkpoints with their ``fake.json`` and ``acbench.toml``; returns the latter."""
    write_tokenizer(fake_folder(root / "models" / "tiny", **(base or {})))
    text = CONFIG.format(root=root, recipes=quoted(tuple(checkpoints)), tasks=quoted(tasks), stage=stage)
    for number, (recipe, knobs) in enumerate(checkpoints.items(), start=1):
        folder = fake_folder(root / "models" / recipe, seed=number, **knobs)
        text += f'\n[recipes."{recipe}"]\nmethod = "external"\nparams = {{ checkpoint = "{folder}" }}\n'
    file = root / "acbench.toml"
    file.write_text(text + extra)
    return file
