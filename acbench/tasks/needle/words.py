"""Sentence templates and word lists of the synthetic haystack: the records of a dull river valley.

Own wording throughout. Nothing here contains a keyword of a needle; a test checks that.
"""

from __future__ import annotations

TEMPLATES = (
    "{person} spent the {season} repairing the {thing} that stood near {site}.",
    "In {month} the {group} agreed that the {thing} was too {quality} to be moved.",
    "Nobody on {street} could say why {person} had asked for the {thing} again.",
    "The {quality} {thing} was carried to {site}, where {person} kept the accounts.",
    "{person} wrote to the {group} about the {quality} state of {street}.",
    "After {days} days of rain the path between {site} and {street} was closed.",
    "It took {days} weeks before the {group} replied, and the reply was {quality}.",
    "Most of the {goods} came by cart from {village}, and the rest was made at {site}.",
    "{person} had learned the trade in {village} and spoke of it with {feeling}.",
    "The price of {goods} rose in {month}, then fell when the carts arrived.",
    "There was {feeling} in the room when {person} read the letter aloud.",
    "A clerk noted the {thing}, the date and the name of {person}, and nothing more.",
    "Whenever the {season} was mild, {person} walked from {village} to {site} and back.",
    "The {group} met twice in {month} and both times discussed the {goods}.",
    "According to the ledger, {days} loads of {goods} were delivered to {street}.",
    "{person} thought the plan {quality}, but signed it with {feeling} all the same.",
    "Behind {site} stood a row of sheds in which they kept the {goods}.",
    "By {month} the work on the {thing} had cost more than the {group} expected.",
    "The road to {village} was {quality} that year, so the {goods} waited at {site}.",
    "Some said that {person} would leave before the {season}, others doubted it.",
    "The {thing} was weighed, measured and returned to {person} without a word.",
    "On most mornings {street} was quiet until the men from {village} came with {goods}.",
    "Two of the {group} voted against the repair, and {person} did not vote at all.",
    "For {days} years the same {thing} served {site}, and it was never {quality}.",
    "With {feeling} and some delay, {person} handed the keys of {site} to the {group}.",
    "The {season} brought more visitors to {village} than {street} could feed.",
    "A note from {month} mentions {person}, the {thing} and a sum that was later crossed out.",
    "If the river stayed low, the {goods} could be stored at {site} until {month}.",
    "{person} never finished the map of {village}, although the {group} paid for it.",
    "What remained of the {thing} was shared among the families on {street}.",
)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


SLOTS: dict[str, tuple[str, ...]] = {
    "person": tuple(
        f"{first} {last}"
        for first in _listed(
            "Agnes|Bernard|Clara|Dietrich|Edith|Florian|Greta|Henrik|Ilse|Jakob|Karin|Ludwig|"
            "Magda|Nils|Otilie|Pavel|Rosalind|Stefan|Theresa|Viktor"
        )
        for last in _listed(
            "Abbot|Bergmann|Cray|Dahl|Engel|Forster|Grieg|Hallam|Ives|Jansen|Keller|Lind|"
            "Moray|Nyberg|Orr|Pryce|Roth|Sommer|Tully|Vance"
        )
    ),
    "thing": _listed(
        "water wheel|grain scale|church stove|iron gate|stone trough|survey chain|printing press|hay wagon|"
        "tool chest|boundary post|kitchen clock|barrel crane|garden wall|winter roof|oak table|pump handle|"
        "market bell|drain cover|school desk|carpet frame|measuring rod|cheese mould|wash tub|letter case"
    ),
    "site": _listed(
        "the upper mill|the old tannery|the parish barn|the ferry house|the salt store|the north weir|"
        "the town archive|the weaving shed|the corner bakery|the lower quarry|the toll house|the brick kiln|"
        "the school yard|the timber yard|the chapel green|the county office"
    ),
    "street": _listed(
        "Barn Street|Tanner Row|Mill Road|Chapel Street|Weaver Row|Station Road|Quarry Street|Ferry Road|"
        "School Street|Bishop Row|County Road|Garden Street|Baker Row|Well Street|North Road|Canal Row"
    ),
    "village": _listed(
        "Aldbury|Bracken Ford|Coldwell|Dunsley|Eastham|Farrow|Greyfield|Hatherton|Inglebeck|Kirkdale|"
        "Langmoor|Millbank|Norwood|Overton|Penhurst|Ryecroft|Stanfield|Thornley|Upwell|Westcote"
    ),
    "group": _listed(
        "council|guild|committee|board of trustees|parish meeting|carters' union|building society|"
        "school board|water board|surveyors|magistrates|shareholders"
    ),
    "goods": _listed(
        "wool|barley|timber|roof slates|linen|salt|bricks|hops|rye flour|leather|coal|butter|lime|"
        "apples|oats|candles|paper|rope|nails|seed potatoes"
    ),
    "quality": _listed(
        "heavy|plain|costly|uneven|damp|narrow|crooked|reliable|hasty|modest|awkward|sturdy|worn|useful|"
        "uncertain|ordinary|careful|slow|thorough|old"
    ),
    "feeling": _listed(
        "patience|relief|pride|doubt|regret|good humour|caution|mild surprise|little hope|quiet joy|"
        "some concern|great care"
    ),
    "season": ("spring", "summer", "autumn", "winter"),
    "month": _listed("January|February|March|April|May|June|July|August|September|October|November|December"),
    "days": _listed("two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"),
}

NOISE = (
    "The morning was grey and the street was empty. A cart stood by the wall. Nothing much happened, "
    "and nobody minded. The afternoon was grey as well. Then the evening came, and the cart was gone."
)
"""The filler of the `noise` haystack, repeated for as long as it takes."""
