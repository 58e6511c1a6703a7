"""Keys, values and words; own lists, drawn without replacement so that nothing collides."""

from __future__ import annotations

import string
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

ADJECTIVES = (
    *(
        "amber",
        "brisk",
        "calm",
        "dusty",
        "eager",
        "faded",
        "gentle",
        "hollow",
        "icy",
        "jolly",
        "keen",
        "lively",
    ),
    *(
        "mellow",
        "narrow",
        "oaken",
        "pale",
        "quiet",
        "rusty",
        "silent",
        "tidy",
        "upright",
        "velvet",
        "wary",
        "young",
    ),
    *(
        "zesty",
        "bold",
        "crisp",
        "dim",
        "even",
        "frosty",
        "glad",
        "humble",
        "inner",
        "lunar",
        "muddy",
        "noble",
    ),
)
NOUNS = (
    *(
        "anchor",
        "basket",
        "canyon",
        "drum",
        "engine",
        "falcon",
        "goblet",
        "hammock",
        "island",
        "jacket",
        "kettle",
    ),
    *(
        "lantern",
        "magnet",
        "needle",
        "orchard",
        "parcel",
        "quiver",
        "ribbon",
        "saddle",
        "tunnel",
        "urn",
        "violin",
    ),
    *(
        "walnut",
        "yacht",
        "zither",
        "bell",
        "compass",
        "dagger",
        "easel",
        "fiddle",
        "glacier",
        "harp",
        "inkwell",
    ),
    *(
        "ladder",
        "mitten",
        "nugget",
        "otter",
        "pebble",
        "quarry",
        "raft",
        "shovel",
        "thimble",
        "vase",
        "wagon",
    ),
)
COMMON = (
    *(
        "apple",
        "bridge",
        "candle",
        "desert",
        "eagle",
        "forest",
        "garden",
        "hammer",
        "insect",
        "jungle",
        "kitchen",
    ),
    *(
        "lemon",
        "mirror",
        "night",
        "ocean",
        "paper",
        "queen",
        "river",
        "sugar",
        "table",
        "uncle",
        "valley",
        "water",
    ),
    *(
        "yellow",
        "button",
        "castle",
        "doctor",
        "flower",
        "guitar",
        "honey",
        "letter",
    ),
    *(
        "market",
        "number",
        "orange",
        "pencil",
        "rabbit",
        "silver",
        "ticket",
        "window",
        "carpet",
    ),
    *(
        "dragon",
        "family",
        "giraffe",
        "hotel",
        "monkey",
        "pepper",
        "rocket",
        "school",
        "winter",
    ),
    *(
        "bottle",
        "copper",
        "donkey",
        "finger",
        "ginger",
        "helmet",
        "napkin",
        "oyster",
        "parrot",
    ),
    *(
        "teapot",
        "turtle",
        "wizard",
        "barrel",
        "cactus",
        "dinner",
        "feather",
        "goblin",
    ),
)
"""None of them is part of a pair: a word that is asked for must not be found in another one."""


def word_keys(count: int, rng: random.Random) -> list[str]:
    """Adjective-noun pairs, all different; with a second adjective where there are not enough of them."""
    pairs = len(ADJECTIVES) * len(NOUNS)
    drawn = rng.sample(range(pairs if count <= pairs else pairs * len(ADJECTIVES)), count)
    found = []
    for number in drawn:
        front, pair = divmod(number, pairs)
        adjective, noun = ADJECTIVES[pair // len(NOUNS)], NOUNS[pair % len(NOUNS)]
        found.append(f"{ADJECTIVES[front]}-{adjective}-{noun}" if count > pairs else f"{adjective}-{noun}")
    return found


def numbers(count: int, rng: random.Random) -> list[str]:
    """Seven-digit numbers, all different."""
    return [str(n) for n in rng.sample(range(1_000_000, 10_000_000), count)]


def uuids(count: int, rng: random.Random) -> list[str]:
    """Version 4 UUIDs from the seed."""
    return [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(count)]


def names(count: int, rng: random.Random, letters: int = 3) -> list[str]:
    """Upper-case variable names, all different."""
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice(string.ascii_uppercase) for _ in range(letters))] = None
    return list(found)


def coded_words(count: int, rng: random.Random) -> list[str]:
    """Words of six lower-case letters that mean nothing, all different."""
    return [name.lower() for name in names(count, rng, letters=6)]


DRAW: dict[str, Callable[[int, random.Random], list[str]]] = {
    "word": word_keys,
    "number": numbers,
    "uuid": uuids,
}
