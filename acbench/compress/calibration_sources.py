"""Where calibration documents come from: the project's pack, the user's files, a hub data set."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.datasets import HUB, data_folder
from acbench.errors import ConfigError, DataError
from acbench.tasks.protocol import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from acbench.store import Store

PACK = "pack"
PATH = "path:"
SUFFIXES = (".txt", ".md", ".jsonl")
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Document:
    """One calibration document: ``text``, or ``messages`` for the model's chat template."""

    id: str
    kind: str
    text: str = ""
    messages: tuple[Message, ...] = ()

    @property
    def content(self) -> str:
        """All of its words, without roles and template."""
        return self.text or "\n\n".join(message.content for message in self.messages)


def read_documents(source: str, store: Store) -> tuple[Document, ...]:
    """The documents of ``pack``, ``path:FILE_OR_FOLDER`` or ``hf:owner/name@revision`` in a stable order.

    In files: .txt and .md are one document each, .jsonl one a line, with ``text`` or ``messages`` (role, content).
    Raises ConfigError when there is nothing to read and DataError naming file and line for what is malformed.
    """
    if source == PACK:
        from acbench.texts import texts

        return tuple(Document(t.id, t.kind, t.text, t.messages) for t in texts("calibration"))
    if source.startswith(HUB):
        return from_files(data_folder(source, store), source)
    return from_files(Path(source.removeprefix(PATH)).expanduser(), source)


def content_hash(documents: Sequence[Document]) -> str:
    """SHA-256 of names and contents: what of a source is part of a calibration's key."""
    digest = hashlib.sha256()
    for document in documents:
        turns = [[turn.role, turn.content] for turn in document.messages]
        digest.update(json.dumps([document.id, document.kind, document.text, turns]).encode())
    return digest.hexdigest()


def from_files(place: Path, source: str) -> tuple[Document, ...]:
    """The documents of a file or folder, named ``source`` in errors; see ``read_documents``."""
    if place.is_file():
        if place.suffix not in SUFFIXES:
            raise ConfigError(f"text source {source!r}: must be a {_suffixes()} file")
        files = [place]
        root = place.parent
    elif place.is_dir():
        root = place
        files = sorted(
            file for file in place.rglob("*") if file.suffix in SUFFIXES and _visible(file.relative_to(place))
        )
    else:
        raise ConfigError(f"text source {source!r} does not exist")
    found = tuple(
        document for file in files for document in _documents(file, file.relative_to(root).as_posix())
    )
    if not found:
        raise ConfigError(f"text source {source!r} holds no document: no {_suffixes()} file with text")
    return found


def _suffixes() -> str:
    return " or ".join((", ".join(SUFFIXES[:-1]), SUFFIXES[-1]))


def _visible(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts)


def _documents(file: Path, name: str) -> Iterator[Document]:
    try:
        content = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise DataError(f"{file} line {line}: not UTF-8, which text must be") from error
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
    if file.suffix != ".jsonl":
        if not content.strip():
            raise DataError(f"{file}: the document is empty")
        yield Document(name, "text", content)
        return
    # Not splitlines(): it also breaks at characters that JSON strings may hold unescaped.
    for number, record in enumerate(content.split("\n"), start=1):
        if record.strip():
            yield _record(record, f"{name}:{number}", f"{file} line {number}")


def _record(line: str, name: str, where: str) -> Document:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise DataError(f"{where}: not valid JSON: {error}") from error
    if not isinstance(record, dict) or ("text" in record) == ("messages" in record):
        raise DataError(f"{where}: must be an object with either 'text' or 'messages'")
    if "messages" in record:
        return Document(name, "dialogue", messages=_messages(record["messages"], where))
    text = record["text"]
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where}: text must be a string that is not empty")
    return Document(name, "text", text)


def _messages(value: Any, where: str) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise DataError(f"{where}: messages must be a list that is not empty")
    for number, turn in enumerate(value):
        said = turn.get("content") if isinstance(turn, dict) else None
        if not isinstance(said, str) or not said.strip():
            raise DataError(
                f"{where}: messages[{number}] must be an object with role and content, neither empty"
            )
        if turn.get("role") not in ROLES:
            raise DataError(f"{where}: messages[{number}].role must be one of {', '.join(ROLES)}")
    if value[-1]["role"] != "assistant":
        raise DataError(f"{where}: the last message must be the assistant's; drop what follows it")
    if value[0]["role"] == "assistant":
        raise DataError(f"{where}: the first message must be the system's or the user's")
    return tuple(Message(turn["role"], turn["content"]) for turn in value)
