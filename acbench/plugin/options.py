"""Options ``--acb-*``; each has a twin in ``[tool.pytest]`` with underscores (``acb_profile = "ci"``)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acbench.baseline_changes import MODES
from acbench.config import BACKENDS, STAGES
from acbench.errors import ConfigError, did_you_mean
from acbench.matrix import Selection

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True, slots=True)
class Option:
    name: str
    default: str
    help: str
    metavar: str = "NAME"


OPTIONS = (
    Option("profile", "demo", "what to run and at what size: demo (default), ci, paper, or one of your own"),
    Option("models", "", "models instead of the profile's, separated by commas"),
    Option("compressions", "", "recipes instead of the profile's; base is always added"),
    Option("tasks", "", "tasks instead of the profile's"),
    Option("config", "", "configuration file (default: acbench.toml beside the call)", "FILE"),
    Option(
        "store",
        "",
        "folder for models, checkpoints and generations (default: .acbench/store, or ACBENCH_STORE)",
        "DIR",
    ),
    Option("runs", "", "folder for run output (default: .acbench/runs, or ACBENCH_RUNS)", "DIR"),
    Option("backend", "", f"engine back-end instead of the profile's: {', '.join(BACKENDS)}"),
    Option("stage", "", "what an inconclusive verdict does: pull-request (skip) or nightly (fail)"),
    Option("shard", "", "run shard i of n of the engine groups, for example 2/4", "I/N"),
    Option(
        "baselines",
        "check",
        "what happens to suites/baselines: check (default: show what changed), new (add what is missing) or update "
        "(rewrite what was run)",
        "MODE",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """All options, read once."""

    profile: str
    selection: Selection
    config_file: Path | None
    store: Path
    runs: Path
    backend: str
    stage: str
    shard: tuple[int, int] | None
    plan: bool
    baselines: str = "check"


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("acbench", "ACBench")
    for option in OPTIONS:
        group.addoption(f"--acb-{option.name}", default=None, metavar=option.metavar, help=option.help)
        parser.addini(f"acb_{option.name}", option.help, type="string", default=option.default)
    group.addoption(
        "--acb-plan", action="store_true", help="show samples, cached share and estimated cost; run nothing"
    )
    parser.addini("acb_plan", "see --acb-plan", type="bool", default=False)


def read_settings(config: pytest.Config) -> Settings:
    """Raises ConfigError for a value that makes no sense."""

    def value(name: str) -> str:
        given = config.getoption(f"acb_{name}")
        return str(config.getini(f"acb_{name}") if given is None else given)

    def names(name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in value(name).split(",") if part.strip())

    def folder(name: str, variable: str) -> Path:
        text = value(name) or os.environ.get(variable, "") or str(config.rootpath / ".acbench" / name)
        return Path(text).expanduser().absolute()

    for name, valid in (("backend", BACKENDS), ("stage", STAGES), ("baselines", MODES)):
        if value(name) and value(name) not in valid:
            raise ConfigError(f"--acb-{name}={value(name)}: {did_you_mean(value(name), valid)}")
    return Settings(
        profile=value("profile"),
        selection=Selection(names("models"), names("compressions"), names("tasks")),
        config_file=Path(value("config")).expanduser().absolute() if value("config") else None,
        store=folder("store", "ACBENCH_STORE"),
        runs=folder("runs", "ACBENCH_RUNS"),
        backend=value("backend"),
        stage=value("stage"),
        shard=_shard(value("shard")),
        baselines=value("baselines") or "check",
        plan=bool(config.getoption("acb_plan") or config.getini("acb_plan")),
    )


def _shard(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    part, _, whole = text.partition("/")
    if not (part.isdigit() and whole.isdigit() and 1 <= int(part) <= int(whole)):
        raise ConfigError(f"--acb-shard={text}: expected i/n with 1 <= i <= n, for example 2/4")
    return int(part), int(whole)
