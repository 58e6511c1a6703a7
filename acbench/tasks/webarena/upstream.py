"""Reads the user's upstream file of rows. Its sites are hosted elsewhere, so its rows are checked, not played."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.protocol import Sample
from acbench.tasks.webarena.evaluation import read_evaluation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from acbench.tasks.webarena.settings import Settings

ROWS_FILE = "test.jsonl"
ROWS = 245
NOT_PLAYABLE = (
    "webarena: row {task} cannot be played: it needs a browser on the six hosted WebArena sites, and ACBench has "
    "sites of its own instead. Play the embedded pack (no data folder), or check recorded visits to the "
    "hosted sites with acbench.tasks.webarena.check"
)


def upstream_samples(folder: Path, settings: Settings) -> list[Sample]:
    """All rows of ``test.jsonl``, in their order; level = the row's difficulty.

    Raises DataError naming file and line for what is missing, malformed or there twice, and when there
    are not 245 rows.
    """
    path = folder / ROWS_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    found: dict[str, Sample] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            sample = _sample(line, f"{path}:{number}", settings)
            if sample.id in found:
                raise DataError(f"{path}:{number}: id {sample.data['id']} is there twice")
            found[sample.id] = sample
    if len(found) != ROWS:
        raise DataError(f"{path}: {len(found)} rows; the published file has {ROWS}: unpack it again")
    taken: dict[str, int] = {}
    kept = []
    for sample in found.values():
        taken[sample.level] = taken.get(sample.level, 0) + 1
        if settings.per_level is None or taken[sample.level] <= settings.per_level:
            kept.append(sample)
    return kept


def _sample(line: str, where: str, settings: Settings) -> Sample:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not valid JSON ({error})") from error
    data = {**row_data(row, where=where), "budget": settings.max_steps}
    name = f"webarena-{data['id']:03d}"
    return Sample(name, data, level=data["difficulty"], cluster=name, estimated_turns=settings.max_steps)


def row_data(
    row: Mapping[str, Any], _folder: Path | None = None, where: str = "webarena row"
) -> dict[str, Any]:
    """A row of the published schema as a sample's data; with a ``seed`` it belongs to the built-in sites."""
    info = row.get("additional_info") if isinstance(row, dict) else None
    if not isinstance(info, dict):
        raise DataError(f"{where}: field 'additional_info' must be an object")
    if row.get("difficulty") not in ("easy", "hard"):
        raise DataError(f"{where}: field 'difficulty' must be easy or hard")
    for field in ("id", "original_task_id"):
        if isinstance(row.get(field), bool) or not isinstance(row.get(field), int) or row[field] < 0:
            raise DataError(f"{where}: field {field!r} must be a whole number")
    sites, start = info.get("sites"), info.get("start_url")
    if not isinstance(row.get("goal"), str) or not row["goal"].strip():
        raise DataError(f"{where}: field 'goal' must be a text")
    if not isinstance(sites, list) or not sites or not all(isinstance(site, str) for site in sites):
        raise DataError(f"{where}: additional_info.sites must be a non-empty list of names")
    if not isinstance(start, str) or not start.strip():
        raise DataError(f"{where}: additional_info.start_url must be an address")
    seed = row.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise DataError(f"{where}: field 'seed' must be a whole number")
    read_evaluation(info.get("eval"), f"{where}: additional_info")
    return {
        "source": "upstream" if seed is None else "embedded",
        "id": row["id"],
        "original_task_id": row["original_task_id"],
        "goal": row["goal"],
        "sites": list(sites),
        "start_url": start,
        "eval": info["eval"],
        "seed": seed,
        "difficulty": row["difficulty"],
        "plan": list(row.get("plan", ())),
        "budget": 30,
    }
