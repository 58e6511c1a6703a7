"""Calibration as data: which tokens a method may look at, drawn once and shared by every method.

A draw depends on the specification, the tokenizer with its template, and the content of the source, on nothing else.
It is one file in the store (``calibrations/<key>/calibration.json``); build jobs get its path, in whatever
environment they run. Documents are shuffled by the seed with their kinds interleaved, joined with the model's end
token, and cut into windows of one length: no padding, no window that is shorter (specification, section 4).
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from acbench.compress.calibration_draw import cut
from acbench.compress.calibration_sources import PACK, PATH, content_hash, read_documents
from acbench.datasets import HUB
from acbench.errors import CompressionError, ConfigError, CorruptArtifact, did_you_mean
from acbench.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from acbench.compress.calibration_draw import TokenSource, Windows
    from acbench.compress.calibration_sources import Document
    from acbench.store import Store

KIND = "calibrations"
FILE = "calibration.json"
WORDS = "words.jsonl"
SCHEMA = 1
DRAW_VERSION = 1
"""Raise it when the same specification draws other tokens: it is part of every key."""
MOST_SAMPLES = 4096
LENGTHS = (32, 32768)
_SOURCE = re.compile(r"pack|path:.+|hf:[\w.-]+/[\w.-]+(@[\w./-]+)?")


@dataclass(frozen=True, slots=True)
class CalibrationSpec:
    """What to draw: ``samples`` windows (1..4096) of ``length`` tokens (32..32768) from ``source``.

    ``source``: ``pack`` (the project's own texts), ``path:FILE_OR_FOLDER`` or ``hf:owner/name@revision``.
    ``allow_overlap`` lets calibration text be used although it occurs in evaluation texts (acbench.compress.overlap).
    """

    samples: int = 128
    length: int = 512
    seed: int = 0
    source: str = PACK
    allow_overlap: bool = False

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str) -> CalibrationSpec:
        """Reads a table of the configuration; every ConfigError begins with ``where``."""
        if not hasattr(table, "items"):
            raise ConfigError(f"{where}: calibration must be a table, not {table!r}")
        kinds: dict[str, type] = {f.name: type(f.default) for f in fields(cls)}
        for key, value in table.items():
            if key not in kinds:
                raise ConfigError(f"{where}: unknown key calibration.{key}; {did_you_mean(key, kinds)}")
            if type(value) is not kinds[key]:
                raise ConfigError(f"{where}: calibration.{key} must be {kinds[key].__name__}, not {value!r}")
        spec = cls(**table)
        if not 1 <= spec.samples <= MOST_SAMPLES:
            raise ConfigError(f"{where}: calibration.samples must be 1 to {MOST_SAMPLES}, not {spec.samples}")
        if not LENGTHS[0] <= spec.length <= LENGTHS[1]:
            raise ConfigError(
                f"{where}: calibration.length must be {LENGTHS[0]} to {LENGTHS[1]}, not {spec.length}"
            )
        if spec.seed < 0:
            raise ConfigError(f"{where}: calibration.seed must not be negative, not {spec.seed}")
        if not _SOURCE.fullmatch(spec.source):
            raise ConfigError(
                f"{where}: calibration.source must be {PACK}, {PATH}FILE_OR_FOLDER or {HUB}owner/name@revision, "
                f"not {spec.source!r}"
            )
        return spec


@dataclass(frozen=True, slots=True)
class Calibration:
    """A finished draw. ``samples`` windows of exactly ``length`` ids lie in the file ``path``."""

    path: Path
    hash: str
    samples: int
    length: int
    seed: int
    source: str
    documents: int
    kinds: Mapping[str, int]
    """Kind of document -> tokens, end tokens included; adds to samples x length."""
    template: bool
    notes: tuple[str, ...] = ()
    ids: tuple[tuple[int, ...], ...] = field(default=(), repr=False)

    @property
    def key(self) -> str:
        return self.path.parent.name

    def request(self) -> dict[str, Any]:
        """The field ``calibration`` of a build job's request."""
        facts = {name: getattr(self, name) for name in ("hash", "samples", "length", "seed", "source")}
        return {"path": str(self.path), **facts}

    def words(self) -> dict[str, str]:
        """Document -> its whole content (also what the windows cut off): for the overlap check."""
        lines = (self.path.parent / WORDS).read_text(encoding="utf-8").split("\n")
        return {record["document"]: record["content"] for record in map(json.loads, filter(None, lines))}


def draw(spec: CalibrationSpec, tokens: TokenSource, store: Store) -> Calibration:
    """Draws with a model's tokenizer, or finds what was drawn before. CompressionError: the source is too short."""
    documents = read_documents(spec.source, store)
    identity = {
        "schema": SCHEMA,
        "draw": DRAW_VERSION,
        "samples": spec.samples,
        "length": spec.length,
        "seed": spec.seed,
        "source": spec.source,
        "content": content_hash(documents),
        "renderer": tokens.fingerprint,
        "end": tokens.end_token,
    }

    def make(folder: Path) -> None:
        windows = cut(documents, tokens, samples=spec.samples, length=spec.length, seed=spec.seed)
        if len(windows.samples) < spec.samples:
            raise CompressionError(_too_short(spec, windows))
        _write(folder, spec, windows, documents, template=tokens.templated)
        (folder / "key.json").write_text(json.dumps({"label": _label(spec), **identity}, indent=2) + "\n")

    return load(store.build(KIND, fingerprint(identity), make) / FILE)


def load(path: Path) -> Calibration:
    """Reads a ``calibration.json``; CorruptArtifact when it is not what its own hash and numbers say."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        ids = tuple(tuple(sample) for sample in found["samples"])
        length = found["length"]
        if found["hash"] != samples_hash(ids) or {len(sample) for sample in ids} != {length}:
            raise CorruptArtifact(
                f"{path}: the token ids do not match the recorded hash; delete {path.parent}"
            )
        return Calibration(
            path=path,
            hash=found["hash"],
            samples=len(ids),
            length=length,
            seed=found["seed"],
            source=found["source"],
            documents=found["documents"],
            kinds=found["kinds"],
            template=found["template"],
            notes=tuple(found["notes"]),
            ids=ids,
        )
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise CorruptArtifact(f"{path}: not a calibration set ({error!r}); delete {path.parent}") from error


def samples_hash(samples: Sequence[Sequence[int]]) -> str:
    """SHA-256 over the ids as little-endian int32, sample after sample."""
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(struct.pack(f"<{len(sample)}i", *sample))
    return digest.hexdigest()


def _label(spec: CalibrationSpec) -> str:
    return f"{spec.samples} x {spec.length} tokens of {spec.source}, seed {spec.seed}"


def _too_short(spec: CalibrationSpec, windows: Windows) -> str:
    return (
        f"calibration source {spec.source!r} is too short: it gives {windows.first_pass} windows of {spec.length} "
        f"tokens, {len(windows.samples)} when read twice, and {spec.samples} are asked for. Lower "
        "calibration.samples or calibration.length, or name a larger calibration.source (path:FOLDER or "
        "hf:owner/name@revision)"
    )


def _write(
    folder: Path, spec: CalibrationSpec, windows: Windows, documents: Sequence[Document], *, template: bool
) -> None:
    used = {documents[index].id: documents[index].content for index in windows.used}
    content = {
        "schema": SCHEMA,
        "hash": samples_hash(windows.samples),
        "length": spec.length,
        "seed": spec.seed,
        "source": spec.source,
        "documents": len(used),
        "kinds": windows.kinds,
        "template": template,
        "words": WORDS,
        "notes": windows.notes,
        "samples": windows.samples,
    }
    (folder / FILE).write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = [
        json.dumps({"document": name, "content": text}, ensure_ascii=False) for name, text in used.items()
    ]
    (folder / WORDS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
