"""The published files: one JSON object of records each, found by name in the user's folder."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from acbench.tasks.teval.columns import Column

logger = logging.getLogger(__name__)

ENDINGS = ("_v2", "_v2_subset", "_v2_zh", "_v2_zh_subset", "_v1", "_v1_zh", "_final_zh", "")
SUFFIXES = (".json", ".sample.json")


def load_records(folder: Path, column: Column) -> dict[str, Any]:
    """The raw records of a column by id, in the file's order.

    Raises DataError naming the missing or malformed file (with its line), or the id that stands there twice.
    """
    path = find_file(folder, column)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"t-eval: {path} cannot be read: {error}") from error
    records = _parse(path, text)
    logger.info("t-eval: %s holds %d records", path.name, len(records))
    return records


def find_file(folder: Path, column: Column) -> Path:
    """The file of a column: the current name, else an older one or a sample, also in the subfolder `data`."""
    if not folder.is_dir():
        raise DataError(f"t-eval: the data folder {folder} does not exist")
    for name in _names(column):
        for place in (folder / name, folder / "data" / name):
            if place.is_file():
                return place
    raise DataError(
        f"t-eval: {folder} has no file {column.file}_v2.json, which {column.slug} reads; fetch it from the data "
        "set lovesnowbest/T-Eval, folder data"
    )


def _names(column: Column) -> Iterator[str]:
    stems = (column.file, column.file.removesuffix("_str"))
    for ending in ENDINGS:
        for stem in dict.fromkeys(stems):
            for suffix in SUFFIXES:
                yield f"{stem}{ending}{suffix}"


def _parse(path: Path, text: str) -> dict[str, Any]:
    if not text.strip():
        raise DataError(f"t-eval: {path} is empty")
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                twice.append(key)
            found[key] = value
        return found

    try:
        records = json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise DataError(f"t-eval: {path} is no valid JSON: {error}") from error
    if not isinstance(records, dict) or not records:
        raise DataError(f"t-eval: {path} must hold one JSON object of records by id, and at least one")
    if twice:
        raise DataError(f"t-eval: {path}: the key {twice[0]!r} stands twice in one object")
    return records
