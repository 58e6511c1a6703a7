"""Colours in option texts: "dark red" and "red" are the same choice, "charred wood" is no colour."""

from __future__ import annotations

import re

_WORDS = """
amber aqua beige black blue bronze brown burgundy champagne charcoal chocolate copper coral cream
crimson cyan denim emerald fuchsia gold golden gray green grey indigo ivory khaki lavender lilac
lime magenta maroon mauve mint mustard navy olive orange peach pink plum purple red rose ruby rust
sage salmon scarlet silver sky tan taupe teal turquoise violet white wine yellow
"""
COLOURS = frozenset(_WORDS.split())
_SPELLED = {"gray": "grey", "golden": "gold"}
_WORD = re.compile(r"[a-z0-9]+")
_BETWEEN = re.compile(r"[/&+,|]|\band\b|-")


def plain_colours(text: str) -> str:
    """The colours a text names, one for each of its parts ("black/white"), or the text without any colour.

    A part is named by the first of its words that is a colour: "navy blue" is navy, "dark red" is red.
    """
    text = text.lower()
    parts = (_WORD.findall(part) for part in _BETWEEN.split(text))
    named = [next((word for word in words if word in COLOURS), None) for words in parts]
    found = [_SPELLED.get(word, word) for word in named if word]
    return " ".join(found) if found else text
