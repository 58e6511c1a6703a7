"""Baselines: what a case gave when somebody last looked at it, one file per (model, recipe) for review.

``suites/baselines/<model>/<compression>.json`` holds one line per task: scores, interval, counts, verdict and the
keys that say what was measured. A baseline never decides a verdict; thresholds do. It shows what changed since.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from acbench.cases import Case
from acbench.errors import ConfigError
from acbench.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from acbench.records import CaseResult

SCHEMA = 1
DIGITS = 4
"""Decimals of every number in a file: a hundredth of a percentage point. More would only make larger differences
between files."""
KEY_DIGITS = 12
KEYS = ("engine", "evaluation", "prompt", "reference", "scoring", "weights")

Group = tuple[str, str]
"""Model and recipe: one file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One task's line. Scores are in the metric's unit (shares 0..1), rounded to ``DIGITS``; NaN where nothing
    could be compared. ``keys``: see ``KEYS``."""

    profile: str
    metric: str
    unit: str
    n: int
    base: float
    compressed: float
    difference: float
    low: float
    high: float
    worse: int
    better: int
    verdict: str
    gate: str
    margin: float
    engine: str
    keys: Mapping[str, str]


def entry_of(result: CaseResult, profile: str) -> Entry:
    """The line that a judged case would have."""
    metric, verdict = result.primary, result.verdict
    return Entry(
        profile=profile,
        metric=metric.metric,
        unit=metric.unit,
        n=metric.n,
        base=_rounded(metric.base),
        compressed=_rounded(metric.compressed),
        difference=_rounded(metric.difference),
        low=_rounded(metric.low),
        high=_rounded(metric.high),
        worse=metric.worse,
        better=metric.better,
        verdict=verdict.outcome,
        gate=verdict.gate,
        margin=_rounded(verdict.margin),
        engine=" ".join(str(result.engine[k]) for k in ("name", "version", "device") if result.engine.get(k)),
        keys=_keys(result),
    )


def _rounded(value: float) -> float:
    return round(value, DIGITS) + 0.0 if math.isfinite(value) else math.nan


def _keys(result: CaseResult) -> dict[str, str]:
    """``evaluation`` and ``reference`` hold everything that can change a token of either side; the others are parts
    of it that can be named when they differ."""
    engine = {k: result.engine.get(k) for k in ("name", "settings", "versions", "device")}
    found = {
        "engine": fingerprint(engine),
        "evaluation": result.keys.get("compressed", ""),
        "prompt": fingerprint(result.sample_prompt),
        "reference": result.keys.get("base", ""),
        "scoring": fingerprint(dict(result.scoring)),
        "weights": result.keys.get("checkpoint", ""),
    }
    return {name: value[:KEY_DIGITS] for name, value in found.items()}


# -- files ---------------------------------------------------------------------------------------


def read(folder: Path) -> dict[Case, Entry]:
    """Every entry below ``folder``; empty without one. Raises ConfigError naming file and field."""
    found: dict[Case, Entry] = {}
    for file in sorted(folder.glob("*/*.json")):
        found |= read_file(file)
    return found


def read_file(file: Path) -> dict[Case, Entry]:
    """The entries of one file; model and recipe are its place. Raises ConfigError naming file and field."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"baseline {file}: not readable as JSON: {error}") from error
    if not isinstance(data, dict) or set(data) != {"schema", "tasks"}:
        raise ConfigError(f"baseline {file}: expected an object with the fields 'schema' and 'tasks'")
    if data["schema"] != SCHEMA:
        raise ConfigError(
            f"baseline {file}: schema is {data['schema']!r}, this version reads {SCHEMA}; "
            "make it again with --acb-baselines=update"
        )
    if not isinstance(data["tasks"], dict):
        raise ConfigError(f"baseline {file}: tasks must be an object, not {data['tasks']!r}")
    found = {}
    for task, line in data["tasks"].items():
        try:
            case = Case.parse(f"{file.parent.name}:{file.stem}:{task}")
        except ConfigError as error:
            raise ConfigError(f"baseline {file}: tasks.{task}: {error}") from error
        found[case] = _entry(line, f"baseline {file}: tasks.{task}")
    return found


def _entry(line: Any, where: str) -> Entry:
    if not isinstance(line, dict):
        raise ConfigError(f"{where} must be an object, not {line!r}")
    kinds = {field.name: str(field.type) for field in fields(Entry)}
    for name in line:
        if name not in kinds:
            raise ConfigError(f"{where}.{name}: unknown field; expected {', '.join(sorted(kinds))}")
    values = {}
    for name, kind in kinds.items():
        if name not in line:
            raise ConfigError(f"{where}.{name} is missing")
        values[name] = _value(line[name], kind, f"{where}.{name}")
    return Entry(**values)


_EXPECTED = {"float": "a number or null", "int": "a whole number", "str": "text"}


def _value(value: Any, kind: str, where: str) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "float": value is None or number,
        "int": number and isinstance(value, int),
        "str": isinstance(value, str),
    }.get(kind)
    if fits is None:
        fits = isinstance(value, dict) and {*map(type, value.values())} == {str} and set(value) == set(KEYS)
    if not fits:
        expected = _EXPECTED.get(kind, f"an object with a text for each of {', '.join(KEYS)}")
        raise ConfigError(f"{where} must be {expected}, not {value!r}")
    return (math.nan if value is None else float(value)) if kind == "float" else value


def text_of(entries: Mapping[str, Entry]) -> str:
    """A file's content: sorted, fixed precision, one line per task."""
    lines = [f'  "{task}": {_line(entry)}' for task, entry in sorted(entries.items())]
    return f'{{\n "schema": {SCHEMA},\n "tasks": {{\n' + ",\n".join(lines) + "\n }\n}\n"


def _line(entry: Entry) -> str:
    return "{" + ", ".join(f'"{k}": {_written(v)}' for k, v in sorted(asdict(entry).items())) + "}"


def _written(value: Any) -> str:
    if isinstance(value, float):
        return "null" if math.isnan(value) else f"{value:.{DIGITS}f}"
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def write(folder: Path, entries: Mapping[Case, Entry], groups: Iterable[Group]) -> list[Path]:
    """Writes the files of ``groups`` as ``entries`` say, removes those without any; returns what changed."""
    changed = []
    for model, compression in sorted(groups):
        mine = {c.task: e for c, e in entries.items() if (c.model, c.compression) == (model, compression)}
        file = folder / model / f"{compression}.json"
        if not mine:
            if file.is_file():
                file.unlink()
                changed.append(file)
            continue
        text = text_of(mine)
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.tmp")
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(file)
        changed.append(file)
    return changed
