"""Prompts of one set: the user's published files where they are, else the built-in ones."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError, did_you_mean
from acbench.keys import file_hash, text_hash
from acbench.tasks.longbench.templates import TEMPLATES
from acbench.tasks.protocol import Message, Prompt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from acbench.tasks.longbench.sets import LongBenchSet

BUILT_IN, UPSTREAM_PROMPTS = "built-in", "upstream"
PROMPT_FILE, TOKENS_FILE = "dataset2prompt.json", "dataset2maxlen.json"
FOLDERS = ("", "config", "data", "records")
_PLACEHOLDER = re.compile(r"(\{context\}|\{input\})")


@dataclass(frozen=True, slots=True)
class PromptSpec:
    """How one set is asked. ``source``: `upstream` or `built-in`; ``files``: SHA-256 of the files used."""

    template: str
    tokens: int
    source: str = BUILT_IN
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def template_hash(self) -> str:
        return text_hash(self.template)


def prompt_spec(which: LongBenchSet, data_dir: Path | None) -> PromptSpec:
    """The template and token limit of a set. Raises DataError naming a prompt file that is malformed."""
    template, tokens = TEMPLATES[which.name], which.tokens
    source, files = BUILT_IN, {}
    if data_dir is not None and (path := _find(data_dir, PROMPT_FILE)):
        template = _entry(path, which.name)
        if not isinstance(template, str) or "{context}" not in template:
            raise DataError(f"{path}: entry {which.name!r} must be a text with the placeholder {{context}}")
        source, files[PROMPT_FILE] = UPSTREAM_PROMPTS, file_hash(path)
    if data_dir is not None and (path := _find(data_dir, TOKENS_FILE)):
        tokens = _entry(path, which.name)
        if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
            raise DataError(f"{path}: entry {which.name!r} must be a positive whole number, not {tokens!r}")
        files[TOKENS_FILE] = file_hash(path)
    return PromptSpec(template, tokens, source, files)


def fill(template: str, context: str, question: str) -> str:
    """Replaces the two placeholders and nothing else: braces in the texts, even `{input}`, stay as they are."""
    texts = {"{context}": context, "{input}": question}
    return "".join(texts.get(part, part) for part in _PLACEHOLDER.split(template))


def as_prompt(which: LongBenchSet, text: str) -> Prompt:
    """One user message; plain text for the continuation sets."""
    return Prompt(messages=(Message("user", text),)) if which.chat else Prompt(text=text)


def _find(folder: Path, name: str) -> Path | None:
    return next((path for sub in FOLDERS if (path := folder / sub / name).is_file()), None)


def _entry(path: Path, name: str) -> Any:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # not JSON, or not UTF-8
        raise DataError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(entries, dict):
        raise DataError(f"{path}: must be an object with one entry per set")
    if name not in entries:
        raise DataError(f"{path}: no entry for set {name!r}; {did_you_mean(name, entries)}")
    return entries[name]
