"""Records of a set and how they are read from the user's folder, one line at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.longbench.scoring import read_gold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from acbench.tasks.longbench.sets import LongBenchSet

FOLDERS = ("", "data", "records")


@dataclass(frozen=True, slots=True)
class Record:
    """One record. ``length``: the published size (words, or characters for Chinese), for the buckets.

    ``level`` and ``cluster`` are set by the embedded pack only.
    """

    id: str
    question: str
    context: str
    answers: tuple[str, ...]
    classes: tuple[str, ...] | None
    length: int
    level: str = ""
    cluster: str = ""


def find_records(folder: Path, which: LongBenchSet, *, extended: bool = False) -> Path:
    """The set's file. Raises DataError saying where it was looked for."""
    name = f"{which.name}_e.jsonl" if extended else f"{which.name}.jsonl"
    for sub in FOLDERS:
        if (path := folder / sub / name).is_file():
            return path
    raise DataError(
        f"{folder}: no file {name}, neither there nor in data/ or records/; "
        "data.zip of the published data set holds one file per set"
    )


def read_records(path: Path, which: LongBenchSet) -> Iterator[Record]:
    """The records of a file, in order; only one is in memory at a time.

    Lines end at a newline and nothing else: texts may hold other line separators. Raises DataError naming
    file, line and field for what is missing, of a wrong type or there twice.
    """
    lines_of_ids: dict[str, int] = {}
    with path.open("rb") as stream:  # bytes are split at \n only
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            record = _record(line, which, f"{path}:{number}")
            if record.id in lines_of_ids:
                first = lines_of_ids[record.id]
                raise DataError(f"{path}:{number}: field '_id': {record.id!r} is on line {first} already")
            lines_of_ids[record.id] = number
            yield record
    if not lines_of_ids:
        raise DataError(f"{path}: the file has no record")


def _record(line: bytes, which: LongBenchSet, where: str) -> Record:
    try:
        found = json.loads(line.decode("utf-8"))
    except ValueError as error:  # not UTF-8, or not JSON
        raise DataError(f"{where}: not valid JSON in UTF-8 ({error})") from error
    if not isinstance(found, dict):
        raise DataError(f"{where}: a record must be an object, not {type(found).__name__}")
    # the parquet mirror of the published data calls the input a question
    question = _text(found, "question" if "input" not in found and "question" in found else "input", where)
    name = _text(found, "dataset", where)
    if name not in (which.name, f"{which.name}_e"):
        raise DataError(f"{where}: field 'dataset' is {name!r}, but the file is read as {which.name!r}")
    _text(found, "language", where)
    length = found.get("length")
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise DataError(f"{where}: field 'length' must be a whole number, not {length!r}")
    if "all_classes" not in found:
        raise DataError(f"{where}: field 'all_classes' is missing; it is null for sets without labels")
    answers, classes = read_gold(which, found, where)
    for field, texts in (("answers", answers), ("all_classes", classes or ())):
        for text in texts:
            _check_characters(text, field, where)
    context, name = _text(found, "context", where), _text(found, "_id", where)
    if not name:
        raise DataError(f"{where}: field '_id' is empty")
    return Record(
        name, question, context, tuple(answers), None if classes is None else tuple(classes), length
    )


def _text(record: dict[str, Any], field: str, where: str) -> str:
    if field not in record:
        raise DataError(f"{where}: field {field!r} is missing")
    value = record[field]
    if not isinstance(value, str):
        raise DataError(f"{where}: field {field!r} must be text, not {type(value).__name__}")
    _check_characters(value, field, where)
    return value


def _check_characters(text: str, field: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{where}: field {field!r}: half of a surrogate pair at character {error.start}"
        ) from error
