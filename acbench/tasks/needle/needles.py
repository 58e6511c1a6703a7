"""Needles: invented (city, activity, place) triples. No keyword belongs to two of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needle:
    """What to do where. A right answer names all ``keywords`` (lower case); the question names the city."""

    city: str
    activity: str
    place: str
    keywords: tuple[str, ...]

    @property
    def answer(self) -> str:
        return f"{self.activity} {self.place}."

    @property
    def sentence(self) -> str:
        return f"Everyone who comes to {self.city} ought to {self.answer}"

    @property
    def question(self) -> str:
        return f"What ought everyone who comes to {self.city} to do, and where?"


def _needles(table: str) -> tuple[Needle, ...]:
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return tuple(
        Needle(city, activity, place, tuple(word.strip() for word in words.split(",")))
        for city, activity, place, words in rows
    )


NEEDLES = _needles("""
Velmora | fly a heron-shaped kite | from the Saffron Steps | heron, kite, saffron steps
Ostrelle | taste pickled quinces | at the Marrowgate Market | pickled, quince, marrowgate
Quillhaven | carve an elderberry flute | beside the Copper Orchard | elderberry, flute, copper orchard
Brindlemere | paddle a walnut canoe | across Tamsin Lake | walnut, canoe, tamsin lake
Karsholm | strike the bronze gong | in the Tower of Puffins | bronze, gong, tower of puffins
Pellathorn | roast parsnips with thyme | in the Ember Courtyard | parsnip, thyme, ember courtyard
Isendrake | watch the marionette opera | under Vesper Bridge | marionette, opera, vesper bridge
Lorrowick | braid a ribbon of seaweed | on Cormorant Beach | ribbon, seaweed, cormorant
Dunmarrel | play dominoes with a beekeeper | in the Hall of Tiles | domino, beekeeper, hall of tiles
Aphelune | sketch comets with charcoal | on Juniper Hill | comet, charcoal, juniper
Tressamy | bake a rhubarb pretzel | in the Lilac Kitchen | rhubarb, pretzel, lilac
Gorvale | ride the striped cable tram | up to Falcon Terrace | striped, cable tram, falcon
Wexenby | polish an amethyst | in the Cellar of Mirrors | polish, amethyst, cellar of mirrors
Morrigane | race wooden ducks | down the Cinder Canal | wooden, duck, cinder canal
Sundrell | sip chicory cocoa | behind the Velvet Theatre | chicory, cocoa, velvet
Yarrowdeep | blow bubbles of molten glass | at Pelican Foundry | bubble, molten, pelican
Castelbrook | dance a barefoot polka | around the Sycamore Fountain | barefoot, polka, sycamore
Nimbrough | feed almonds to the squirrels | in Clover Cemetery | almond, squirrel, clover
Ferrowyn | stitch a quilted mitten | at the Loom Pavilion | quilted, mitten, loom pavilion
Halcyrie | listen to the midnight accordion | on Basalt Pier | midnight, accordion, basalt
Orlabeck | pick gooseberries by lantern | in the Monastery Maze | gooseberr, lantern, monastery
Thistlemoor | juggle three tangerines | on the Marble Staircase | juggle, tangerine, marble
Ulverane | launch an origami boat | into the Turquoise Cistern | origami, turquoise, cistern
Jasperfold | whittle a cedar penguin | in Wainwright Alley | whittle, penguin, wainwright
Embershaw | ring the porcelain doorbell | of the Ivory Lighthouse | porcelain, doorbell, lighthouse
Redwillow Cross | grill a trout with fennel | at the Ferryman's Oven | trout, fennel, ferryman
Corvessa | count the weathercocks | from the Umbrella Balcony | weathercock, umbrella, balcony
Zephyrton | borrow a telescope to find Saturn | at Hedgehog Observatory | telescope, saturn, hedgehog
Plumeria Gate | try on a feathered turban | in the Bazaar of Whispers | feathered, turban, bazaar
Stonelark | slide down the haystack on a tray | at Buttercup Farm | haystack, tray, buttercup
Ebonreach | solve a riddle for the parrot | in the Nutmeg Arcade | riddle, parrot, nutmeg
Whitsunvale | collect amber pebbles | along the Smuggler's Shore | amber, pebble, smuggler
Foxenlea | drum on pumpkins | at the Scarecrow Parade | pumpkin, scarecrow, parade
Archerlyn | swing in a crimson hammock | between the Twin Magnolias | crimson, hammock, magnolia
Belthorne | photograph the albino peacock | in the Sundial Garden | albino, peacock, sundial
Crestavon | eat a dumpling filled with figs | at the Samovar Inn | dumpling, figs, samovar
Delphmoor | skate backwards with a torch | across the Frozen Moat | skate, torch, moat
Evensgard | whisper a wish to the tortoise | in the Fern Grotto | wish to, tortoise, grotto
Grimsel Port | knot a hemp bracelet | on the Deck of the Albatross | hemp, bracelet, albatross
Hollowmere | toss a horseshoe over the gate | of Dragonfly Paddock | horseshoe, dragonfly, paddock
""")
"""What is planted. Drawn per cell."""

DISTRACTORS = _needles("""
Ivoria Bay | steer a rickshaw blindfolded | along Flamingo Avenue | rickshaw, blindfold, flamingo
Kestrelby | hum a lullaby to the camels | in the Oasis Museum | lullaby, camel, oasis
Limewater | varnish a cello | in the Chestnut Workshop | varnish, cello, chestnut
Nettlecombe | spin a porridge spoon | at the Badger Tavern | porridge, spoon, badger
Oakenspire | trade buttons for marzipan | in Gargoyle Square | buttons, marzipan, gargoyle
Pinefrost | wear a sequined waistcoat | to the Walrus Ball | sequin, waistcoat, walrus
Ravelstoke | plant a crocus at dawn | on Windmill Ridge | crocus, at dawn, windmill
Silverquay | tame a ferret with licorice | in the Cobweb Attic | ferret, licorice, cobweb
""")
"""Near-needles of the `distractor` haystack: other cities, never asked for."""
