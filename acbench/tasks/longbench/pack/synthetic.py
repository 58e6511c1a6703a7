"""Numbered paragraphs: how many differ, and which one an abstract is about (synthetic sets, English)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.longbench.pack.building import Draft, Item, fresh
from acbench.tasks.longbench.pack.words import TOWNS, prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.longbench.pack.draws import Draws

JOBS = ("weaver", "pilot", "beekeeper", "cartographer", "potter", "geologist", "violin maker", "midwife")
PROJECTS = (
    *(
        "a star atlas",
        "a tidal mill",
        "a grammar of whistles",
        "a rose garden",
        "a paper airship",
        "a salt museum",
    ),
    *("a choir of bells", "a map of wells"),
)
LABEL = "Paragraph #: "


def paragraph_count(draws: Draws, *, hard: bool, index: int) -> Draft:
    """How many paragraphs differ; hard: far more of them are repeated."""
    del index
    new = fresh(lambda: prose(draws, draws.between(1, 2)))
    seen = [new()]

    def block() -> str:
        if draws.chance(0.4 if hard else 0.15):
            return draws.pick(seen)
        seen.append(new())
        return seen[-1]

    def finish(blocks: Sequence[str]) -> Item:
        text = "\n\n".join(LABEL.replace("#", str(i)) + block for i, block in enumerate(blocks, start=1))
        return Item(text, "", (str(len(set(blocks))),))

    return Draft((seen[0], seen[0]), block, finish, label="\n\nParagraph 10: ")


def paragraph_search(draws: Draws, *, hard: bool, index: int) -> Draft:
    """Which paragraph an abstract is of; hard: the others differ from it in one point only."""
    del index
    target = (draws.pick(JOBS), draws.pick(TOWNS), draws.pick(PROJECTS))
    used = {target}

    def paragraph(job: str, town: str, project: str) -> str:
        years = draws.between(3, 30)
        return f"For {years} years, a {job} in {town} worked on {project}. {prose(draws)}"

    def distraction() -> str:
        facts = (draws.pick(JOBS), draws.pick(TOWNS), draws.pick(PROJECTS))
        if hard and draws.chance(0.7):
            changed = draws.below(3)
            facts = tuple(facts[i] if i == changed else target[i] for i in range(3))  # type: ignore[assignment]
        if facts in used:
            return prose(draws, 2)
        used.add(facts)
        return paragraph(*facts)

    job, town, project = target
    planted = paragraph(*target)
    abstract = f"The text is about {project}, the work of many years of a {job} who lives in {town}."

    def finish(blocks: Sequence[str]) -> Item:
        text = "\n\n".join(LABEL.replace("#", str(i)) + block for i, block in enumerate(blocks, start=1))
        return Item(text, abstract, (f"Paragraph {list(blocks).index(planted) + 1}",))

    return Draft((planted,), fresh(distraction, (planted,)), finish, label="\n\nParagraph 10: ")
