"""Conversations from scenes: turns with blanks, and lists of what may fill them.

A grammar is a TOML file ``data/<split>/<kind>-scenes.toml`` with ``[[domain]]`` tables: name, system (may be missing),
fills (blank -> list of texts, or a table with low and high for whole numbers) and scenes. In a turn

    <city>                   is one of the fills of ``city``, the same one wherever it stands in the conversation
    <city.2>                 is another one of them
    [[good|fine|all right]]  is one of these

Every scene is played as often as ``plays`` says, each time with other fillings.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.protocol import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BLANK = re.compile(r"<([a-z_]+)(?:\.\d)?>")
CHOICE = re.compile(r"\[\[([^\[\]]*\|[^\[\]]*)\]\]")


def documents(split: str, kind: str, seed: int) -> Iterator[tuple[str, tuple[Message, ...]]]:
    """The conversations of a split and kind, scenes in the order of the file; nothing when it has no grammar."""
    file = files("acbench.texts") / "data" / split / f"{kind}-scenes.toml"
    if not file.is_file():
        return
    for domain in tomllib.loads(file.read_text(encoding="utf-8"))["domain"]:
        for number, scene in enumerate(domain["scenes"], start=1):
            for play in range(1, scene["plays"] + 1):
                name = f"{domain['name']}-{number}-{play}"
                yield name, _played(domain, scene, Random(f"{seed}/{split}/{kind}/{name}"))


def _played(domain: Mapping[str, Any], scene: Mapping[str, Any], rng: Random) -> tuple[Message, ...]:
    drawn: dict[str, str] = {}
    turns = [["system", domain["system"]]] if "system" in domain else []
    return tuple(
        Message(role, filled(text.strip(), domain["fills"], drawn, rng))
        for role, text in [*turns, *scene["turns"]]
    )


def filled(text: str, fills: Mapping[str, Any], drawn: dict[str, str], rng: Random) -> str:
    """``text`` with its choices made and its blanks filled; ``drawn`` remembers the fillings of the conversation."""

    def fill(blank: re.Match[str]) -> str:
        whole, name = blank[0], blank[1]
        if name not in fills:
            return whole  # a tag of the text's own
        if whole not in drawn:
            taken = {value for key, value in drawn.items() if BLANK.fullmatch(key)[1] == name}  # type: ignore[index]
            drawn[whole] = _drawn(fills[name], taken, rng)
        return drawn[whole]

    chosen = CHOICE.sub(lambda found: rng.choice(found[1].split("|")), text)
    return BLANK.sub(fill, chosen)


def _drawn(source: Any, taken: set[str], rng: Random) -> str:
    if isinstance(source, dict):
        numbers = range(source["low"], source["high"] + 1)
        return next(value for value in iter(lambda: str(rng.choice(numbers)), "") if value not in taken)
    return str(rng.choice([value for value in source if value not in taken]))
