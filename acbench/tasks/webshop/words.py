"""The words the embedded catalogue is made of: 20 categories with kinds of products, traits and options."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """``kinds``: names of products; ``traits``: attributes; ``groups``: option groups with their values.

    ``cheapest`` and ``dearest`` bound the price, in dollars.
    """

    department: str
    name: str
    kinds: tuple[str, ...]
    traits: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    cheapest: int
    dearest: int


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


def _category(path: str, kinds: str, traits: str, groups: str, prices: tuple[int, int]) -> Category:
    """``path`` is "department > name"; ``groups`` is "group: value, value; group: value, value"."""
    department, name = (part.strip() for part in path.split(">"))
    pairs = (group.split(":") for group in groups.split(";"))
    options = tuple((group.strip(), _list(values)) for group, values in pairs)
    return Category(department, name, _list(kinds), _list(traits), options, *prices)


COLOURS = "color: black, white, red, green, navy blue"

CATEGORIES: tuple[Category, ...] = (
    _category(
        "Outdoor > Camping gear",
        "camping lantern, sleeping bag, folding stool, trail hammock, dome tent",
        "waterproof, ultralight, quick drying, windproof, tear resistant, compact fold",
        f"{COLOURS}; pack: single, pair, family",
        (15, 140),
    ),
    _category(
        "Outdoor > Cycling gear",
        "bike helmet, handlebar bag, cycling glove, saddle cover, frame pump",
        "reflective, padded, rust proof, breathable, shock absorbing, tool free",
        f"{COLOURS}; size: small, medium, large, giant",
        (10, 90),
    ),
    _category(
        "Outdoor > Garden tools",
        "pruning shears, watering can, hand trowel, hose nozzle, garden rake",
        "rust proof, ergonomic grip, adjustable, leak proof, long reach, carbon steel",
        "color: green, orange, grey, yellow; length: short, regular, extended",
        (8, 70),
    ),
    _category(
        "Home > Lighting",
        "desk lamp, floor lamp, night light, pendant shade, clip spotlight",
        "dimmable, touch control, energy saving, flicker free, remote controlled, memory function",
        "finish: brass, chrome, matte black, copper; tone: warm, neutral, daylight",
        (12, 120),
    ),
    _category(
        "Home > Bedding",
        "duvet cover, pillow case, mattress topper, throw blanket, fitted sheet",
        "machine washable, hypoallergenic, wrinkle free, cooling, organic cotton, deep pocket",
        f"size: twin, full, queen, king; {COLOURS}",
        (14, 110),
    ),
    _category(
        "Home > Storage",
        "storage basket, shoe rack, drawer divider, laundry hamper, wall shelf",
        "stackable, foldable, easy assembly, moisture proof, heavy duty, space saving",
        "material: bamboo, wicker, steel, canvas; color: beige, grey, brown",
        (9, 95),
    ),
    _category(
        "Home > Curtains and rugs",
        "blackout curtain, area rug, door mat, shower curtain, window valance",
        "non slip, noise reducing, stain resistant, machine washable, fade resistant, thermal insulated",
        "pattern: striped, floral, plain, checked; size: narrow, middle, wide",
        (11, 130),
    ),
    _category(
        "Kitchen > Cookware",
        "frying pan, stock pot, baking tray, saucepan, casserole dish",
        "nonstick, oven safe, induction ready, dishwasher safe, scratch resistant, even heating",
        "color: red, black, cream, teal; size: small, medium, large",
        (13, 115),
    ),
    _category(
        "Kitchen > Drinkware",
        "travel mug, water bottle, tea pot, coffee press, wine glass",
        "leak proof, double walled, bpa free, dishwasher safe, easy clean, shatter proof",
        "capacity: 300 ml, half liter, 1 liter; color: black, white, pink, silver",
        (7, 60),
    ),
    _category(
        "Kitchen > Small appliances",
        "milk frother, hand blender, electric kettle, egg cooker, spice grinder",
        "fast heating, quiet motor, auto shutoff, cordless, detachable, low power",
        "color: silver, cream, black; plug: european, american, british",
        (16, 125),
    ),
    _category(
        "Clothing > Shoes",
        "hiking boot, running shoe, rain boot, canvas sneaker, house slipper",
        "slip resistant, memory foam, waterproof, arch support, wide toe, vegan leather",
        f"{COLOURS}; size: 38, 41, 44, 47; width: standard, broad",
        (18, 135),
    ),
    _category(
        "Clothing > Tops",
        "linen shirt, wool sweater, fleece jacket, sleeveless blouse, hooded parka",
        "machine washable, wrinkle free, long sleeve, moisture wicking, button closure, relaxed fit",
        f"size: small, medium, large, giant; {COLOURS}; cut: slim, classic",
        (12, 98),
    ),
    _category(
        "Clothing > Accessories",
        "leather belt, knit scarf, sun hat, winter mitten, silk tie",
        "hand made, adjustable, sun blocking, double sided, soft touch, gift boxed",
        "color: brown, black, burgundy, ivory; length: short, regular, extended",
        (9, 75),
    ),
    _category(
        "Electronics > Audio",
        "wireless earbuds, shelf speaker, studio headphones, pocket radio, voice recorder",
        "noise cancelling, long battery, sweat proof, fast charging, stereo sound, hands free",
        "color: black, white, mint; edition: basic, sport, deluxe",
        (19, 150),
    ),
    _category(
        "Electronics > Phone accessories",
        "phone case, charging cable, screen protector, car mount, power bank",
        "fast charging, shock absorbing, anti glare, braided, one hand operation, wireless ready",
        "color: clear, black, purple, gold; length: short, regular, extended",
        (6, 55),
    ),
    _category(
        "Electronics > Computer accessories",
        "mouse pad, laptop sleeve, usb hub, mechanical keyboard, monitor stand",
        "plug and play, non slip, aluminum alloy, backlit, water repellent, quiet keys",
        "color: grey, black, rose; layout: compact, standard, broad",
        (9, 105),
    ),
    _category(
        "Beauty > Skin care",
        "face cream, body lotion, lip balm, clay mask, hand soap",
        "fragrance free, cruelty free, paraben free, oil control, long lasting, for sensitive skin",
        "scent: lavender, citrus, cedar, vanilla; pack: single, pair, family",
        (6, 48),
    ),
    _category(
        "Food > Snacks",
        "trail mix, rice cracker, fruit bar, dark chocolate, roasted almond",
        "gluten free, low sodium, sugar free, plant based, high protein, non gmo",
        "flavor: honey, chili, sea salt, cinnamon; pack: single, dozen, family",
        (5, 45),
    ),
    _category(
        "Toys > Games and puzzles",
        "wooden puzzle, card game, building blocks, marble run, memory game",
        "easy clean, eco friendly, bright colors, travel size, for two players, non toxic",
        "theme: animals, space, ocean, castle; age: toddler, child, teen",
        (8, 65),
    ),
    _category(
        "Pets > Pet supplies",
        "dog leash, cat bed, food bowl, grooming brush, travel crate",
        "chew proof, machine washable, non slip, reflective, odor control, escape proof",
        "color: blue, red, brown, grey; size: small, medium, large",
        (7, 85),
    ),
)

BRANDS = _list(
    "Alderby, Brontane, Caldeno, Dorvane, Elmquist, Farrowin, Gildora, Hartmoor, Inverlo, Jorvale, Kestrano, "
    "Lindholt, Morwick, Norvessa, Oakenby, Pellimar, Quorra, Rendale, Solvay Hill, Tarnwood"
)
STYLES = _list("everyday, modern, rustic, urban, nordic, vintage")
"""Words that colour a title and mean nothing for a goal."""
SYLLABLES = (
    _list("Ba, Ce, Do, Fu, Ga, Ho, Ji, Ka, Lo, Mi, Nu, Pa, Ro, Su, Ti, Ve, Wa, Xe, Yo, Zu"),
    _list("bra, cli, dro, fen, gri, lum, mar, nex, pli, ros, sko, tal, ver, win, zan"),
    _list("ba, do, ka, lo, mi, no, ra, sto, va, xis"),
)
"""Model names are one of each."""
