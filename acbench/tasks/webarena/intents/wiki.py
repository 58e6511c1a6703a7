"""Nine intents for the wiki."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.webarena.intents.drafts import (
    Draft,
    answer,
    click,
    exact,
    fill,
    go,
    reach,
    reach_and_show,
    search,
    stop,
)
from acbench.tasks.webarena.sites.wiki import ISLANDS, TOWNS

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites import Sites

PARAGRAPHS = (
    "Its market is held on Tuesdays.",
    "The ferry runs twice a day.",
    "Its flag shows a white gull.",
)
SUMMARIES = ("add the market", "add the ferry", "add the flag")


def drafts(sites: Sites, draws: Draws) -> list[Draft]:
    wiki = sites.wiki
    home = f"http://{wiki.host}"
    opened, ruled, read, compared = (wiki.named(name) for name in draws.some(ISLANDS, 4))
    names = [town for town in TOWNS if " " not in town]
    sought, counted, edited = (wiki.named(name) for name in draws.some(names, 3))
    own = [wiki.named(name) for name in compared.links]
    first = min(own, key=lambda town: int(town.facts["Founded"]))
    visits = [move for town in own for move in click(town.title) + go("go_back")][:-1]
    start = wiki.named(
        draws.one([t for t in names if wiki.named(wiki.named(t).facts["Island"]).facts["Capital"] != t])
    )
    island = start.facts["Island"]
    capital = wiki.named(wiki.named(island).facts["Capital"])
    which = draws.below(len(PARAGRAPHS))
    words, summary = PARAGRAPHS[which], SUMMARIES[which]
    return [
        Draft(1, "Open the article about the island {name}.", {"name": opened.title}, reach(home + opened.path),
              click(opened.title)),
        Draft(1, "Open the list of all articles.", {}, reach(f"{home}/all"), click("All articles")),
        Draft(1, "Search the wiki for '{name}'.", {"name": sought.title}, reach(f"{home}/search?q={sought.title}"),
              search("Search", sought.title)),
        Draft(2, "Search for the town {name}. What is its population? Stop with the number.",
              {"name": counted.title}, answer(counted.facts["Population"]),
              search("Search", counted.title) + click(counted.title) + stop(counted.facts["Population"])),
        Draft(2, "Open the article about the capital of the island {name}.", {"name": ruled.title},
              reach(home + wiki.named(ruled.facts["Capital"]).path), click(ruled.title, ruled.facts["Capital"])),
        Draft(2, "Open the history of the article about {name}.", {"name": read.title},
              reach(f"{home}{read.path}/history"), click(read.title, "History")),
        Draft(3, "Which town on the island {name} was founded first? Stop with its name.", {"name": compared.title},
              exact(first.title), click(compared.title) + visits + stop(first.title)),
        Draft(3, "Add the paragraph '{words}' to the article about {name}, with the summary '{summary}'.",
              {"words": words, "name": edited.title, "summary": summary},
              reach_and_show(home + edited.path, ("last", "#text", [words])),
              click("All articles", edited.title, "Edit") + fill("New paragraph", words) + fill("Summary", summary)
              + click("Publish changes")),
        Draft(3, "{name} is a town. In which year was the capital of its island founded? Stop with the year.",
              {"name": start.title}, answer(capital.facts["Founded"]),
              search("Search", start.title) + click(start.title, island, capital.title)
              + stop(capital.facts["Founded"])),
    ]  # fmt: skip
