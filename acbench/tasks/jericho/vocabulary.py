"""The words of the made stories. But for keys no noun is there twice, so short names need no question."""

from __future__ import annotations

ITEMS = [
    *("silver coin", "gold ring", "red apple", "blue cup", "green feather", "white shell", "old map"),
    *(
        "wooden spoon",
        "black stone",
        "yellow candle",
        "small bell",
        "glass bead",
        "leather glove",
        "clean towel",
    ),
    *("paper fan", "bent nail", "grey button", "sharp pencil", "round cheese", "long rope", "dry leaf"),
    *(
        "clay whistle",
        "torn letter",
        "fresh egg",
        "woollen scarf",
        "tin whale",
        "copper gear",
        "dusty bottle",
    ),
]
KEYS = ["iron key", "brass key", "bone key", "steel key", "tiny key", "heavy key"]
VESSELS = [
    *("wooden box", "painted chest", "grey safe", "pine crate", "velvet case", "sea trunk", "oak cabinet"),
    *("tall cupboard", "linen basket", "jewel casket"),
]
SUPPORTERS = [
    "kitchen table",
    "stone altar",
    "window sill",
    "low shelf",
    "marble slab",
    "workbench",
    "garden bench",
]
PEOPLE = ["Anna", "Bruno", "Clara", "Dimitri", "Elsa", "Farid", "Greta", "Hugo", "Ines", "Jonas"]
PLACES = [
    ("kitchen", "Pots hang above a cold stove."),
    ("library", "The shelves reach up to the ceiling."),
    ("garden", "Weeds grow between the paving stones."),
    ("workshop", "It smells of sawdust and glue."),
    ("attic", "Cobwebs hang from the rafters."),
    ("cellar", "The walls are damp."),
    ("hall", "Your steps echo here."),
    ("bedroom", "Somebody has made the bed with care."),
    ("stable", "Straw covers the floor."),
    ("pantry", "A smell of onions fills the air."),
    ("office", "Papers lie everywhere."),
    ("greenhouse", "The air is warm and wet."),
    ("chapel", "Coloured light falls on the floor."),
    ("boathouse", "Water laps below the planks."),
    ("courtyard", "A dry fountain stands in the middle."),
    ("tower", "The wind whistles through the windows."),
]
