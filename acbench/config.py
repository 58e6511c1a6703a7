"""Reads the catalogues (built-in TOML plus the user's ``acbench.toml``) into one checked Catalogue.

Every error names the file, the key and the nearest valid name. Nothing heavy is imported here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from acbench.cases import BASE, CAPABILITIES, RECIPE_SLUG, SLUG, ModelSpec, Recipe, TaskEntry
from acbench.compress.calibration import CalibrationSpec
from acbench.compress.libraries import with_libraries
from acbench.engines.protocol import EngineSettings
from acbench.errors import ConfigError, did_you_mean
from acbench.kv.settings import parse_kv
from acbench.pairs import check_pair, check_partner, with_pairs
from acbench.thinking import Thinking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

USER_FILE = "acbench.toml"
SECTIONS = ("models", "recipes", "tasks", "profiles", "selections", "thresholds")
STAGES = ("pull-request", "nightly")
BACKENDS = ("vllm", "transformers", "openai", "fake")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a plain run selects and at what size."""

    name: str
    models: tuple[str, ...]
    compressions: tuple[str, ...]
    tasks: tuple[str, ...]
    on_demand: tuple[str, ...] = ()
    """Tasks that are part of a run only when ``-m`` names their capability or ``-k`` the task (acbench.matrix)."""
    stage: str = "pull-request"
    noise_samples: int = 12
    engine: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    """Task or family -> folder with the user's upstream data, or ``hf:owner/name`` (acbench.datasets)."""
    mode: str = "corrected"
    calibration: Mapping[str, Any] = field(default_factory=dict)
    """Size, seed and source of calibration sets (acbench.compress.calibration), for all recipes that need one."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All names a run can refer to. ``sources`` are the files it was read from."""

    models: Mapping[str, ModelSpec]
    recipes: Mapping[str, Recipe]
    tasks: Mapping[str, TaskEntry]
    profiles: Mapping[str, Profile]
    selections: Mapping[str, tuple[str, ...]]
    thresholds: tuple[tuple[str, Mapping[str, Any]], ...]
    """(source file, parsed table) in the order of precedence, later ones win."""
    sources: tuple[str, ...]

    def profile(self, name: str) -> Profile:
        if name not in self.profiles:
            raise ConfigError(f"unknown profile {name!r}; {did_you_mean(name, self.profiles)}")
        return self.profiles[name]


def load_catalogue(user_file: Path | None = None) -> Catalogue:
    """The built-in catalogue, overridden and extended by ``user_file`` if there is one."""
    tables: dict[str, dict[str, Any]] = {}
    defaults = files("acbench") / "defaults"
    for section in ("models", "recipes", "tasks", "profiles"):
        tables[section] = tomllib.loads((defaults / f"{section}.toml").read_text())
    tables["selections"] = tables["profiles"].pop("selections")
    thresholds = [
        ("acbench/defaults/thresholds.toml", tomllib.loads((defaults / "thresholds.toml").read_text()))
    ]
    origin = {(section, name): "built-in" for section, table in tables.items() for name in table}
    sources = ["built-in"]
    if user_file is not None:
        user = _read_user(user_file)
        sources.append(str(user_file))
        if "thresholds" in user:
            thresholds.append((str(user_file), user.pop("thresholds")))
        for section, table in user.items():
            for name, value in table.items():
                origin[section, name] = str(user_file)
                tables[section][name] = _merged(tables[section].get(name), value)
    return _checked(tables, tuple(thresholds), tuple(sources), origin)


def find_user_file(start: Path) -> Path | None:
    """``acbench.toml`` beside the call, or None."""
    file = start / USER_FILE
    return file if file.is_file() else None


def _read_user(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such configuration file") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    for name, table in content.items():
        if name not in SECTIONS:
            raise ConfigError(f"{path}: unknown table [{name}]; {did_you_mean(name, SECTIONS)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: [{name}] must be a table, not {type(table).__name__}")
    return content


def _merged(old: Any, new: Any) -> Any:
    """A user's table overrides key by key; anything else replaces."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new


def _checked(
    tables: dict[str, dict[str, Any]],
    thresholds: tuple[tuple[str, Mapping[str, Any]], ...],
    sources: tuple[str, ...],
    origin: Mapping[tuple[str, str], str],
) -> Catalogue:
    def build(section: str, cls: type[Any], rule: Any, key: str = "slug") -> dict[str, Any]:
        built = {}
        for name, table in tables[section].items():
            where = f"{origin[section, name]}: [{section}.{name}]"
            if not rule.fullmatch(name):
                raise ConfigError(f"{where}: names are lower case letters, digits, dots and hyphens")
            built[name] = _record(cls, {key: name}, table, where)
        return built

    models = build("models", ModelSpec, SLUG)
    catalogue = Catalogue(
        models=models,
        recipes=with_pairs(with_libraries(build("recipes", Recipe, RECIPE_SLUG)), models),
        tasks=build("tasks", TaskEntry, SLUG),
        profiles=build("profiles", Profile, SLUG, key="name"),
        selections={
            name: _names(value, f"{origin['selections', name]}: selection {name}")
            for name, value in tables["selections"].items()
        },
        thresholds=thresholds,
        sources=sources,
    )
    for section, name in origin:
        _check_references(catalogue, section, name, f"{origin[section, name]}: [{section}.{name}]")
    return catalogue


def _record(cls: type[Any], identity: dict[str, str], table: Any, where: str) -> Any:
    """Builds a dataclass from a TOML table; unknown keys, missing keys and wrong types are errors."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: must be a table, not {type(table).__name__}")
    known = {f.name: f for f in fields(cls) if f.name not in identity}
    values: dict[str, Any] = dict(identity)
    for key, value in table.items():
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}; {did_you_mean(key, known)}")
        values[key] = _typed(value, str(known[key].type), f"{where}: {key}")
    try:
        return cls(**values)
    except TypeError as error:
        missing = str(error).rpartition(":")[2].strip()
        raise ConfigError(f"{where}: missing key {missing}") from error


def _typed(value: Any, annotation: str, where: str) -> Any:
    if annotation.startswith("tuple"):
        return _names(value, where)
    wanted: tuple[type, ...] = {
        "str": (str,),
        "str | None": (str,),
        "int": (int,),
        "int | None": (int,),
        "float | None": (int, float),
        "bool": (bool,),
    }.get(annotation, (dict,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        names = " or ".join(t.__name__ for t in wanted)
        raise ConfigError(f"{where} must be {names}, not {value!r}")
    return value


def _names(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{where} must be a list of names, not {value!r}")
    return tuple(value)


def _check_references(catalogue: Catalogue, section: str, name: str, where: str) -> None:
    if section == "models":
        model = catalogue.models[name]
        scheme = model.source.partition(":")[0]
        if scheme not in ("hf", "path", "wheel") or ":" not in model.source:
            raise ConfigError(f"{where}: source {model.source!r} must start with hf:, path: or wheel:")
        check_engine_keys(model.engine, where)
        check_partner(model, catalogue.models, where)
        Thinking.from_table(model.thinking, where)
    elif section == "recipes":
        recipe = catalogue.recipes[name]
        check_engine_keys(recipe.engine, where)
        _known(recipe.models, catalogue.models, where, "models")
        _known([recipe.compare], catalogue.recipes, where, "compare")
        check_pair(recipe, catalogue.models, where)
        CalibrationSpec.from_table(recipe.calibration, where)
    elif section == "tasks":
        _known([catalogue.tasks[name].capability], CAPABILITIES, where, "capability")
    elif section == "profiles":
        _check_profile(catalogue, catalogue.profiles[name], where)


def _check_profile(catalogue: Catalogue, profile: Profile, where: str) -> None:
    for key, table in (
        ("models", catalogue.models),
        ("compressions", catalogue.recipes),
        ("tasks", catalogue.tasks),
        ("on_demand", catalogue.tasks),
    ):
        _known(getattr(profile, key), {**table, **catalogue.selections}, where, key)
    _known([profile.stage], STAGES, where, "stage")
    _known([profile.mode], ("corrected", "upstream"), where, "mode")
    tasks_and_families = {*catalogue.tasks, *(task.family for task in catalogue.tasks.values())} - {""}
    _known(profile.settings, tasks_and_families, where, "settings")
    for task, settings in profile.settings.items():
        _typed(settings, "Mapping", f"{where}: settings.{task}")
    _known(profile.data, tasks_and_families, where, "data")
    for task, folder in profile.data.items():
        _typed(folder, "str", f"{where}: data.{task}")
    check_engine_keys(profile.engine, where)
    CalibrationSpec.from_table(profile.calibration, where)
    if BASE not in expand(catalogue, profile.compressions):
        raise ConfigError(f"{where}: compressions must contain 'base': every comparison is against it")


def check_engine_keys(table: Mapping[str, Any], where: str) -> None:
    """Engine settings are checked where they are read, not when an engine starts half an hour later."""
    known = {f.name: str(f.type) for f in fields(EngineSettings)}
    for key, value in table.items():
        if key not in known:
            raise ConfigError(f"{where}: unknown engine setting {key!r}; {did_you_mean(key, known)}")
        _typed(value, known[key], f"{where}: engine.{key}")
    if "backend" in table:
        _known([table["backend"]], BACKENDS, where, "engine.backend")
    if "kv" in table.get("extra", {}):
        if table.get("backend") != "transformers":
            raise ConfigError(f'{where}: engine.extra.kv needs engine.backend = "transformers"')
        parse_kv(table["extra"]["kv"], f"{where}: engine.extra.kv")


def expand(catalogue: Catalogue, names: Iterable[str]) -> tuple[str, ...]:
    """Replaces selection names by their lists, nested ones too; order kept, duplicates dropped.

    Raises ConfigError for a selection that contains itself.
    """
    flat: dict[str, None] = {}

    def walk(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ConfigError(f"selection {name!r} contains itself: {' -> '.join((*above, name))}")
        if name not in catalogue.selections:
            flat[name] = None
            return
        for item in catalogue.selections[name]:
            walk(item, (*above, name))

    for name in names:
        walk(name, ())
    return tuple(flat)


def _known(names: Iterable[str], valid: Iterable[str], where: str, key: str) -> None:
    known = set(valid)
    for name in names:
        if name not in known:
            raise ConfigError(f"{where}: {key}: unknown name {name!r}; {did_you_mean(name, known)}")
