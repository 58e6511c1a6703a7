"""What a report says of a checkpoint: one line for every case, everything for cases of the task ``compress``.

Pure functions of ``CaseResult.checkpoint`` (``acbench.checkpoints.describe`` and the serving check). Facts that a
checkpoint does not have are left out: a model of the user's own says less than one that was built here.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.compress.backends.registry import LIBRARIES
from acbench.tasks.checkpoint import INFO
from reports.formats import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from acbench.records import CaseResult

NOTES_IN_LINE = 3
NOTES_IN_TABLE = 20
HASH_SHOWN = 12
OUTPUT_ERRORS = ("gptq", "awq")
"""Methods of ACBench that report errors of a layer's output; all others and all libraries, of its weights."""
AS_IT_IS = ("base", "kv", "pair")
"""Methods that leave the weights alone."""
_NAMED = re.compile(r"^[\w.]+\.[\w.]+: ")


def is_build(result: CaseResult) -> bool:
    """Whether this case is about the checkpoint itself."""
    return result.task == INFO.slug


def line(result: CaseResult) -> str:
    """The checkpoint in a few sentences; empty if nothing is known of it."""
    facts = result.checkpoint
    parts = [
        _with(_number(facts, "bits_per_weight", "g"), "{} bits per weight"),
        _with(_share(ratio(facts), 0), "{} of the base model's size"),
        _with(_share(facts.get("sparsity"), 1), "{} zeros"),
        _with(facts.get("served_as"), "stored as {}"),
        made_by(result),
    ]
    sentences = [", ".join(part for part in parts if part)]
    sentences += [_with(calibration(facts), "Calibrated on {}"), _with(serving(facts), "Serving check: {}")]
    found = notes(facts, NOTES_IN_LINE)
    sentences += [_with("; ".join(found), "Notes: {}")]
    said = ". ".join(sentence.rstrip(".") for sentence in sentences if sentence)
    return f"Checkpoint: {said}." if said else ""


def rows(result: CaseResult) -> list[tuple[str, str]]:
    """Every fact of a build by name, for a table."""
    facts = result.checkpoint
    versions = ", ".join(f"{name} {version}" for name, version in (facts.get("versions") or {}).items())
    fallbacks = ", ".join(f"{reason}: {count}" for reason, count in (facts.get("fallbacks") or {}).items())
    parameters = ", ".join(f"{name} = {value}" for name, value in (facts.get("params") or {}).items())
    found = [
        ("made by", made_by(result)),
        ("parameters", parameters),
        ("base model", str(facts.get("model") or "")),
        ("weights compressed", _number(facts, "touched", ",")),
        ("bits per weight", _number(facts, "bits_per_weight", "g")),
        ("zeros", _share(facts.get("sparsity"), 2)),
        ("size", _size(facts)),
        ("share of the base model's size", _share(ratio(facts), 1)),
        ("stored as", _stored(facts)),
        ("calibrated on", calibration(facts)),
        ("calibration set, SHA-256 of its tokens", str((facts.get("calibration") or {}).get("hash") or "")),
        ("build, seconds", _number(facts, "seconds", ",.1f")),
        ("build, CPU seconds", _number(facts, "cpu_seconds", ",.1f")),
        ("the library's share, CPU seconds", _number(facts, "library_cpu_seconds", ",.1f")),
        ("build, peak memory in MiB", _number(facts, "peak_memory_mib", ",.0f")),
        ("computed in", str(facts.get("compute_dtype") or "")),
        ("versions", versions),
        ("fallbacks counted", fallbacks),
        ("serving check", serving(facts)),
    ]
    found += [("note", note) for note in notes(facts, NOTES_IN_TABLE)]
    return [(name, value) for name, value in found if value]


def made_by(result: CaseResult) -> str:
    """Who made the weights, with the library's version and what there is to know of the library."""
    facts = result.checkpoint
    slug = str(facts.get("library") or "")
    if slug:
        package = LIBRARIES[slug].package if slug in LIBRARIES else slug
        version = str((facts.get("versions") or {}).get(package) or "")
        status = _with(facts.get("library_status"), " ({})")
        return f"built by {slug} {version}".rstrip() + status
    if result.method in AS_IT_IS:
        return "weights as they are"
    if result.method == "external":
        return "brought by the user"
    if facts.get("served_as") == "remote":
        return "weights of a remote server, not seen"
    return f"built by ACBench ({result.method})" if "touched" in facts else ""


def calibration(facts: Mapping[str, Any]) -> str:
    """Samples, length, source, seed and the short hash of a calibration set; empty without one."""
    found = facts.get("calibration")
    if not found:
        return ""
    size = f"{found.get('samples', '?')} samples x {found.get('length', '?')} tokens"
    return (
        f"{size} ({found.get('source', 'unknown source')}, seed {found.get('seed', '?')}, "
        f"hash {str(found.get('hash', '?'))[:HASH_SHOWN]})"
    )


def serving(facts: Mapping[str, Any]) -> str:
    """Served against stored perplexity, and how often both name the same token; empty if it was not checked."""
    found = facts.get("serving")
    if not found:
        return ""
    agreement = f"{percent(found['top1_agreement'], 1)} of the most likely tokens are the same"
    return (
        f"perplexity {found['served_perplexity']:,.4g} served, {found['stored_perplexity']:,.4g} stored; "
        f"{agreement} ({found['tokens']} tokens of fixed texts)"
    )


def ratio(facts: Mapping[str, Any]) -> float | None:
    """Size of the checkpoint's weight files over the base model's; None where one of them is not known."""
    size, base = facts.get("bytes"), facts.get("base_bytes")
    return size / base if size and base else None


def notes(facts: Mapping[str, Any], limit: int) -> list[str]:
    """Notes of a build, those that differ only in the layer they name as one, and at most ``limit`` of them."""
    alike: dict[str, list[str]] = {}
    for note in map(str, facts.get("notes") or ()):
        alike.setdefault(_NAMED.sub("", note), []).append(note)
    found = [said[0] if len(said) == 1 else f"{note} ({len(said)} times)" for note, said in alike.items()]
    more = len(found) - limit
    return found if more <= 0 else [*found[:limit], f"and {more} more, in checkpoint.json"]


def error_name(result: CaseResult) -> str:
    """What the errors of single weights measure; two methods are compared only where it is the same."""
    own = not result.checkpoint.get("library") and result.method in OUTPUT_ERRORS
    what = "the layer's output on calibration text" if own else "the weights"
    return f"squared error of {what}, relative"


def facts_json(result: CaseResult) -> str:
    """All facts but those of single weights, which are a table of their own."""
    shown = {name: value for name, value in result.checkpoint.items() if name != "per_layer"}
    shown |= {"error": error_name(result)} if result.checkpoint.get("per_layer") else {}
    return json.dumps(shown, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def layers_csv(result: CaseResult, limit: int) -> tuple[str, int]:
    """Error and sparsity of each weight in model order, and how many there was no room for.

    Within ``limit`` bytes; what does not fit is what has the smallest errors.
    """
    table = layers(result)
    kept = _fitting(sorted(table, key=lambda row: -row[1]), limit)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("tensor", "error", "sparsity"))
    writer.writerows(row for row in table if row[0] in kept)
    return out.getvalue(), len(table) - len(kept)


def layers(result: CaseResult) -> list[tuple[str, float, float]]:
    """Name, error and sparsity of every compressed weight, in model order."""
    found = result.checkpoint.get("per_layer") or {}
    return [
        (name, float(found[name]["error"]), float(found[name]["sparsity"]))
        for name in sorted(found, key=_natural)
    ]


def _fitting(table: Sequence[tuple[str, float, float]], limit: int) -> set[str]:
    room, kept = limit - len("tensor,error,sparsity\n"), set()
    for name, error, sparsity in table:
        room -= len(f"{name},{error},{sparsity}\n".encode())
        if room < 0:
            break
        kept.add(name)
    return kept


def _natural(name: str) -> list[tuple[int, str]]:
    """Block 10 after block 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in name.split(".")]


def _size(facts: Mapping[str, Any]) -> str:
    return " of ".join(f"{facts[key] / 2**20:,.1f} MiB" for key in ("bytes", "base_bytes") if facts.get(key))


def _stored(facts: Mapping[str, Any]) -> str:
    form, named = str(facts.get("served_as") or ""), str(facts.get("format") or "")
    return f"{form} ({named})" if named and named != form else form


def _number(facts: Mapping[str, Any], key: str, spec: str) -> str:
    value = facts.get(key)
    return format(value, spec) if isinstance(value, int | float) else ""


def _share(value: Any, digits: int) -> str:
    return percent(value, digits) if isinstance(value, int | float) else ""


def _with(value: Any, form: str) -> str:
    return form.format(value) if value else ""


class Figure(NamedTuple):
    """A number that is followed over runs."""

    metric: str
    title: str
    value: float
    unit: str


def followed(result: CaseResult) -> Iterator[Figure]:
    """Bits and size of a checkpoint that was built; nothing for weights as they are."""
    size, bits = ratio(result.checkpoint), result.checkpoint.get("bits_per_weight")
    if size is not None and isinstance(bits, int | float):
        yield Figure("bits_per_weight", "bits per weight", float(bits), "bits")
    if size is not None:
        yield Figure("size_ratio", "share of the base model's size", 100 * size, "%")
