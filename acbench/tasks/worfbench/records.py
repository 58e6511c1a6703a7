"""Records in the published layout, checked: from the user's folder, or made by our generators."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.worfbench.defects import DEFECTIVE, DUPLICATE_PROMPT

if TYPE_CHECKING:
    from pathlib import Path

FILE = "graph_eval.json"
DEMONSTRATIONS = "few_shot_two.json"
GOLD_FOLDER = "gold_traj"
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Record:
    """One task. ``flags``: what is known to be wrong with it; ``level``: `1`..`4`, empty for published records."""

    id: str
    system: str
    user: str
    gold: str
    level: str = ""
    flags: tuple[str, ...] = ()


Turns = tuple[tuple[str, str], ...]
"""Chat turns as (role, content)."""


def published_records(folder: Path, variant: str) -> list[Record]:
    """The records of ``folder/<variant>/graph_eval.json`` (or below ``gold_traj/``), in file order, flagged.

    Raises DataError naming file, record and field.
    """
    file = _find(folder, f"{variant}/{FILE}")
    if file is None:
        raise DataError(
            f"{folder}: no {variant}/{FILE}, neither there nor in {GOLD_FOLDER}/; "
            "give the folder that holds one folder per WorfBench task"
        )
    data = _load(file)
    if not isinstance(data, list) or not data:
        raise DataError(f"{file}: expected a JSON list with at least one record")
    records: list[Record] = []
    prompts: set[str] = set()
    ids: set[str] = set()
    for number, item in enumerate(data, 1):
        record = read_record(item, f"{file}: record {number}")
        if record.id in ids:
            raise DataError(f"{file}: record {number}: field 'id': {record.id!r} occurs twice")
        ids.add(record.id)
        records.append(_flagged(record, repeated=record.user in prompts))
        prompts.add(record.user)
    return records


def read_record(item: Any, where: str) -> Record:
    """One record, checked. Raises DataError naming the field behind ``where``."""
    if not isinstance(item, Mapping):
        raise DataError(f"{where}: expected an object, not {type(item).__name__}")
    name = item.get("id")
    if not isinstance(name, str) or not name:
        raise DataError(f"{where}: field 'id' must be text")
    messages = item.get("conversations")
    if not isinstance(messages, list) or len(messages) != len(ROLES):
        raise DataError(f"{where} ({name}): field 'conversations' must be a list of {len(ROLES)} messages")
    turns = _turns(messages, f"{where} ({name}): conversations", ROLES)
    (_, system), (_, user), (_, gold) = turns
    return Record(name, system, user, gold)


def published_demonstrations(folder: Path, variant: str) -> Turns | None:
    """The chat turns in front of a question of this task; None when the folder has none for it."""
    file = _find(folder, DEMONSTRATIONS)
    if file is None:
        return None
    data = _load(file)
    if not isinstance(data, Mapping):
        raise DataError(f"{file}: expected an object with one list of messages per task")
    if variant not in data:
        return None
    messages = data[variant]
    if not isinstance(messages, list) or not messages or len(messages) % 2:
        raise DataError(f"{file}: field {variant!r} must be a list of user and assistant messages")
    return _turns(messages, f"{file}: {variant}", ("user", "assistant") * (len(messages) // 2))


def _turns(messages: list[Any], where: str, roles: tuple[str, ...]) -> Turns:
    turns = []
    for index, (message, role) in enumerate(zip(messages, roles, strict=True)):
        if not isinstance(message, Mapping) or message.get("role") != role:
            raise DataError(f"{where}[{index}]: field 'role' must be {role!r}")
        content = message.get("content")
        if not isinstance(content, str):
            raise DataError(f"{where}[{index}]: field 'content' must be text")
        turns.append((role, content))
    return tuple(turns)


def _flagged(record: Record, *, repeated: bool) -> Record:
    flags = [DEFECTIVE[record.id]] if record.id in DEFECTIVE else []
    flags += [DUPLICATE_PROMPT] if repeated else []
    return Record(record.id, record.system, record.user, record.gold, flags=tuple(flags))


def _find(folder: Path, name: str) -> Path | None:
    return next((file for base in (folder, folder / GOLD_FOLDER) if (file := base / name).is_file()), None)


def _load(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read as UTF-8 text: {error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file} is not valid JSON: {error}") from error
