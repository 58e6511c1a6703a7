"""The texts that analyses read: cut to one length, hashed, the same for base and variant.

Effective rank depends on the number of tokens, so every text is cut to the same T and shorter ones are left out; at
least 30 texts stand behind every interval (specification of the analysis metrics, section 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from acbench.compress.calibration_draw import TokenSource, document_ids
from acbench.compress.calibration_sources import Document, from_files
from acbench.errors import ConfigError, DataError, did_you_mean
from acbench.keys import fingerprint
from acbench.tasks.protocol import Prompt
from acbench.texts import texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PACK = "pack"
PATH = "path:"
FEWEST_TEXTS = 30
DEFAULTS: dict[str, Any] = {
    "tokens": 128,
    "per_kind": 30,
    "fewest": FEWEST_TEXTS,
    "texts": PACK,
    "floor": "bfloat16",
    "layers": 1,
}
LEAST_TOKENS = 8
ARITHMETIC = "float32"
FLOORS = ("bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Settings:
    """``tokens``: T of every text; ``per_kind``: at most so many texts of each kind, the first that are long enough;
    ``fewest``: fewer texts than this are an error, since intervals are over texts; ``texts``: ``pack`` or
    ``path:FILE_OR_FOLDER``; ``floor``: the second-best arithmetic; ``layers``: spectra of every n-th block."""

    tokens: int = 128
    per_kind: int = 30
    fewest: int = FEWEST_TEXTS
    texts: str = PACK
    floor: str = "bfloat16"
    layers: int = 1

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str) -> Settings:
        """Raises ConfigError naming the setting."""
        least = {"tokens": LEAST_TOKENS, "per_kind": 1, "layers": 1, "fewest": 1}
        for key, value in table.items():
            if key not in DEFAULTS:
                raise ConfigError(f"{where}: unknown setting {key!r}; {did_you_mean(key, DEFAULTS)}")
            if key in least and (not isinstance(value, int) or isinstance(value, bool) or value < least[key]):
                raise ConfigError(f"{where}: {key} must be a whole number from {least[key]}, not {value!r}")
        found = cls(**table)
        if found.floor not in FLOORS:
            raise ConfigError(f"{where}: floor must be {' or '.join(FLOORS)}, not {found.floor!r}")
        if found.texts != PACK and not str(found.texts).startswith(PATH):
            raise ConfigError(
                f"{where}: texts must be 'pack' or 'path:FILE_OR_FOLDER' (.txt, .md, .jsonl), not {found.texts!r}"
            )
        return found


@dataclass(frozen=True, slots=True)
class TextSet:
    """``samples``: token ids, all of one length. ``hash``: of the ids; ``dropped``: texts that were too short."""

    ids: tuple[str, ...]
    kinds: tuple[str, ...]
    samples: tuple[tuple[int, ...], ...]
    contents: tuple[str, ...]
    hash: str
    source: str
    bos: bool
    dropped: int

    @property
    def tokens(self) -> int:
        return len(self.samples[0])

    def facts(self, settings: Settings) -> dict[str, Any]:
        """What a report says of the protocol; ``layers``: every n-th block's weights."""
        by_kind: dict[str, int] = {}
        for kind in self.kinds:
            by_kind[kind] = by_kind.get(kind, 0) + 1
        return {
            "texts": len(self.samples),
            "tokens": self.tokens,
            "positions": len(self.samples) * self.tokens,
            "hash": self.hash,
            "source": self.source,
            "arithmetic": ARITHMETIC,
            "floor": settings.floor,
            "layers": settings.layers,
            "bos": self.bos,
            "by_kind": by_kind,
            "dropped": self.dropped,
        }


class Tokens(TokenSource, Protocol):
    """A model's tokenizer and template."""

    def encode(self, text: str) -> tuple[int, ...]: ...


def text_set(settings: Settings, tokens: Tokens) -> TextSet:
    """The texts of the settings in tokens of one model. A chat goes through the model's own template.

    ``path:``: .txt and .md are one text each, .jsonl one a line (``text`` or ``messages``).

    Raises DataError when fewer than 30 texts are long enough, naming how many are not.
    """
    chosen, short = _chosen(settings, tokens)
    samples = [ids for _, ids in chosen]
    if len(samples) < settings.fewest:
        raise DataError(
            f"analyses: {len(samples)} texts of {settings.texts!r} have {settings.tokens} tokens ({short} are "
            f"shorter), at least {settings.fewest} are needed; add texts, lower tokens, or lower fewest and read the "
            "intervals with care"
        )
    return TextSet(
        tuple(document.id for document, _ in chosen),
        tuple(document.kind for document, _ in chosen),
        tuple(samples),
        tuple(document.content for document, _ in chosen),
        fingerprint([list(sample) for sample in samples])[:16],
        PACK if settings.texts == PACK else "path",
        tokens.render(Prompt(text="a")) != tokens.encode("a"),
        short,
    )


def _chosen(settings: Settings, tokens: Tokens) -> tuple[list[tuple[Document, tuple[int, ...]]], int]:
    """The first texts of every kind that are long enough, cut; and how many were too short.

    A tokenizer that needs few tokens may leave one kind short of texts: the others then fill up to 30.
    """
    counts: dict[str, int] = {}
    chosen, spare, short = [], [], 0
    for document in _documents(settings.texts):
        ids = tuple(document_ids(document, tokens)[: settings.tokens])
        if len(ids) < settings.tokens:
            short += 1
        elif counts.get(document.kind, 0) < settings.per_kind:
            counts[document.kind] = counts.get(document.kind, 0) + 1
            chosen.append((document, ids))
        else:
            spare.append((document, ids))
    return chosen + spare[: max(0, settings.fewest - len(chosen))], short


def _documents(source: str) -> Sequence[Document]:
    if source == PACK:
        return tuple(Document(t.id, t.kind, t.text, t.messages) for t in texts("evaluation"))
    return from_files(Path(source.removeprefix(PATH)).expanduser(), source)
