"""The eleven kinds and their parameters (specification of needle, section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Kind:
    """``haystack``: noise, prose, needles (nothing but distractors), chain, counted list or coded text.

    Retrieval kinds plant ``keys`` keys with ``values`` values each and ask for ``queries`` keys; a key or a value
    is a ``word`` pair, a seven-digit ``number`` or a ``uuid``.
    """

    name: str
    title: str
    haystack: str
    max_tokens: int
    key: str = "word"
    value: str = "number"
    keys: int = 1
    values: int = 1
    queries: int = 1


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("niah_single_1", "one number in noise", "noise", 128),
        Kind("niah_single_2", "one number in prose", "prose", 128),
        Kind("niah_single_3", "one UUID in prose", "prose", 128, value="uuid"),
        Kind("niah_multikey_1", "one of four keys in prose", "prose", 128, keys=4),
        Kind("niah_multikey_2", "one key among distractors", "needles", 128),
        Kind("niah_multikey_3", "one UUID among distractors", "needles", 128, key="uuid", value="uuid"),
        Kind("niah_multivalue", "four values of one key", "prose", 128, values=4),
        Kind("niah_multiquery", "four keys asked at once", "prose", 128, keys=4, queries=4),
        Kind("vt", "variable tracking", "chain", 30),
        Kind("cwe", "common words", "list", 120),
        Kind("fwe", "frequent coded words", "coded", 50),
    )
}


def kind_of(name: str) -> Kind:
    """Raises ConfigError for an unknown kind."""
    if name not in KINDS:
        raise ConfigError(f"ruler: unknown kind {name!r}; {did_you_mean(name, KINDS)}")
    return KINDS[name]
