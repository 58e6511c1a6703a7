"""Nine intents for the map, one of them in a second tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.webarena.intents.drafts import Draft, answer, click, fill, go, reach, search, shows, stop
from acbench.tasks.webarena.sites.maps import KINDS, MEANS, between
from acbench.tasks.webarena.sites.routes import slug

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites import Sites

NOTES = ("Closed in winter", "Meet at the gate", "Bring cash")


def drafts(sites: Sites, draws: Draws) -> list[Draft]:
    maps = sites.map
    home, wiki = f"http://{maps.host}", f"http://{sites.wiki.host}"
    kind = draws.one(list(KINDS))
    word = draws.one(("Museum", "Park", "Station", "Cafe", "Library"))
    called, saved, start, goal, noted = draws.some(maps.places, 5)
    by, note = draws.one(("Bike", "Car")), draws.one(NOTES)
    minutes, metres = str(between(start, goal) * MEANS[by]), str(between(saved, called) * 1000)
    route = fill("From", start.name) + fill("To", goal.name)
    return [
        Draft(1, "Show all places of the kind '{kind}'.", {"kind": kind}, reach(f"{home}/kind/{slug(kind)}"),
              click(kind)),
        Draft(1, "Open the page 'Directions'.", {}, reach(f"{home}/directions"), click("Directions")),
        Draft(1, "Search the map for '{word}'.", {"word": word}, reach(f"{home}/search?q={word}"),
              search("Search for a place", word)),
        Draft(2, "What is the phone number of '{name}'? It is a place of the kind '{kind}'. Stop with the number.",
              {"name": called.name, "kind": called.kind}, answer(called.phone),
              click(called.kind, called.name) + stop(called.phone)),
        Draft(2, "Save the place '{name}', of the kind '{kind}'.", {"name": saved.name, "kind": saved.kind},
              shows((f"{home}/saved", "#saved", [saved.name])), click(saved.kind, saved.name, "Save place")),
        Draft(2, "Open a new tab, go to {address} in it, and open the list of all articles there.",
              {"address": wiki}, reach(f"{wiki}/all"), go("new_tab") + go("goto", wiki) + click("All articles")),
        Draft(3, "How many minutes does it take from '{start}' to '{goal}' by {by}? Stop with the number.",
              {"start": start.name, "goal": goal.name, "by": by.lower()}, answer(minutes),
              click("Directions") + route + click(by, "Show route") + stop(minutes)),
        Draft(3, "Write the note '{note}' on the place '{name}' and save the place.",
              {"note": note, "name": noted.name},
              shows((home + noted.path, "#note", [f"Note on {noted.name}: {note}"]),
                    (f"{home}/saved", "#saved", [noted.name])),
              search("Search for a place", noted.name) + click(noted.name) + fill("Your note", note)
              + click("Save note", "Save place")),
        Draft(3, "Set the units of the map to m. Then look up the distance from '{start}' to '{goal}' and stop with "
                 "the number of metres.", {"start": saved.name, "goal": called.name}, answer(metres),
              click("Settings", "m", "Save", "Directions") + fill("From", saved.name) + fill("To", called.name)
              + click("Show route") + stop(metres)),
    ]  # fmt: skip
