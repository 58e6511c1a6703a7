"""English words of the pack, all invented or everyday, and prose that answers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.needle.words import SLOTS, TEMPLATES

if TYPE_CHECKING:
    from acbench.tasks.longbench.pack.draws import Draws


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


FIRST = _listed(
    "Ada|Basil|Cora|Darius|Elna|Felix|Gwen|Hugo|Ines|Joris|Kira|Lorenz|Mabel|Noel|Odile|Piet|Quentin|Runa|"
    "Silas|Tilda|Ulrik|Vera|Wanda|Yorick"
)
LAST = _listed(
    "Alder|Birch|Clove|Dunmore|Eskil|Fenn|Garrick|Holt|Isley|Jarrow|Kestrel|Larch|Marlow|Nettle|Osprey|"
    "Plover|Quill|Rowan|Sedge|Thorn|Umber|Velden|Wick|Yarrow"
)
WOMEN = _listed("Ada|Cora|Elna|Gwen|Ines|Kira|Mabel|Odile|Runa|Tilda|Vera|Wanda")
PEOPLE = tuple(f"{first} {last}" for first in FIRST for last in LAST)
TOWNS = _listed(
    "Amberley|Brightwater|Cobham Cross|Dellgate|Elmstow|Fairhaven|Glenholm|Harrowby|Ivybridge|Juniper Bay|"
    "Knapton|Lowmere|Mossford|Netherby|Oakhurst|Pinecliff|Quarrendon|Redmarsh|Saltcote|Tarnwick"
)
COUNTIES = _listed(
    "Aldershire|Brockland|Carrowshire|Dunmark|Estshire|Fallowland|Grantmark|Heathshire|Illmark|Jorland"
)
THINGS = _listed(
    "silver whistle|blue ledger|brass compass|ivory comb|glass marble|copper key|red lantern|velvet purse|"
    "wooden flute|tin soldier|pearl button|leather map case|bone dice|amber ring|clay figurine|steel thimble"
)
HIDING_PLACES = _listed(
    "under the cellar stairs|behind the loose brick|inside the old piano|beneath the plum tree|in the flour bin|"
    "above the stable door|at the bottom of the well|between two roof beams|in the empty beehive|"
    "behind the kitchen dresser|under the third floorboard|inside the grandfather clock"
)
MONTHS = SLOTS["month"]


class _Slots:
    """Fills each slot of a template with a drawn word."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws

    def __getitem__(self, slot: str) -> str:
        return self._draws.pick(SLOTS[slot])


def prose(draws: Draws, sentences: int = 1) -> str:
    """Sentences of the needle task's river valley, whose names occur nowhere else in the pack."""
    slots = _Slots(draws)
    return " ".join(draws.pick(TEMPLATES).format_map(slots) for _ in range(sentences))
