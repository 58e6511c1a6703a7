"""The joint json answer: thought, tool name and arguments in one object (section 4.4, A7 to A10)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.tasks.teval.loading import LoadError, as_mapping, first_mapping, loose_load
from acbench.tasks.teval.marks import OK, REPAIRED, UNPARSED, Marks
from acbench.tasks.teval.similarity import similarity
from acbench.tasks.teval.values import equal, same_value, text_of

if TYPE_CHECKING:
    from acbench.embeddings import Embedder
    from acbench.tasks.teval.records import Record

NAMES = ("thought", "name", "args", "parse_rate")
KEYS = ("thought", "name", "args")
EPSILON = 1e-5


class Answer(NamedTuple):
    """``missing``: keys that are absent, and thought or name without a text."""

    thought: str
    name: str
    args: Mapping[Any, Any]
    missing: tuple[str, ...]
    outcome: str


def texts(record: Record, text: str, *, upstream: bool) -> list[str]:
    """All texts that scoring this answer embeds."""
    found = read(text, upstream=upstream)
    return [found.thought, record.gold["thought"]] if found else []


def score(record: Record, text: str, embedder: Embedder, *, upstream: bool) -> Marks:
    """thought (cosine), name (exact), args (share of the gold arguments) and parse_rate; ``text`` is cleaned."""
    found = read(text, upstream=upstream)
    if found is None:
        return Marks(dict.fromkeys(NAMES, 0.0), UNPARSED)
    gold = record.gold
    if upstream:
        thought = similarity(embedder, found.thought, gold["thought"])
        args = _args_upstream(found.args, gold["args"])
        return _marks(thought, equal(found.name, gold["name"]), args, 1.0, found)
    thought = 0.0 if "thought" in found.missing else similarity(embedder, found.thought, gold["thought"])
    args = 0.0 if "args" in found.missing else _args_corrected(found.args, gold["args"])
    name = "name" not in found.missing and found.name.strip() == gold["name"].strip()
    return _marks(thought, name, args, float(not found.missing), found)


def read(text: str, *, upstream: bool) -> Answer | None:
    """The object in an answer, or None."""
    try:
        value, whole = loose_load(text, "{", "}") if upstream else first_mapping(text)
    except LoadError:
        return None
    if not isinstance(value, Mapping):
        return None
    thought, name = (_text(value, key, upstream=upstream) for key in ("thought", "name"))
    given = value.get("args")
    args = given if upstream else as_mapping(given)
    missing = [key for key, there in (("thought", thought.strip()), ("name", name.strip())) if not there]
    missing += [] if "args" in value else ["args"]
    plain = whole and (upstream or isinstance(given, Mapping))
    return Answer(
        thought, name, args if isinstance(args, Mapping) else {}, tuple(missing), OK if plain else REPAIRED
    )


def _text(value: Mapping[Any, Any], key: str, *, upstream: bool) -> str:
    """The text of a key; a null is the text `None` to the published scorer and no text to us."""
    there = key in value if upstream else value.get(key) is not None
    return text_of(value[key]) if there else ""


def gold_text(record: Record) -> str:
    """The gold answer as one object."""
    return json.dumps({key: record.gold[key] for key in KEYS}, ensure_ascii=False)


def _marks(thought: float, name: bool, args: float, parsed: float, found: Answer) -> Marks:
    scores = dict(zip(NAMES, (thought, float(name), args, parsed), strict=True))
    return Marks(scores, found.outcome, {"missing": list(found.missing)})


def _args_upstream(given: Mapping[Any, Any], gold: Any) -> float:
    wanted = gold if isinstance(gold, Mapping) else {}
    if not wanted:
        return float(not given)
    right = sum(key in given and text_of(given[key]) == text_of(value) for key, value in wanted.items())
    return right / (len(wanted) + EPSILON)


def _args_corrected(given: Mapping[Any, Any], gold: Any) -> float:
    wanted = as_mapping(gold) or {}
    if not wanted:
        return float(not given)
    return sum(key in given and same_value(given[key], value) for key, value in wanted.items()) / len(wanted)
