"""The map: places with kind, address and hours, search, directions by three means, saved places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.tasks.webarena.sites.routes import dispatch, found_by, slug, tidy
from acbench.tasks.webarena.tree import (
    Element,
    Page,
    Redirect,
    Request,
    button,
    form,
    heading,
    link,
    navigation,
    page,
    radios,
    region,
    rows,
    text,
    textbox,
)

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites.routes import Routes

KINDS = {
    "Museum": ("Clock Museum", "Harbour Museum", "Museum of Maps"),
    "Park": ("Lime Park", "Quarry Park", "Swan Park"),
    "Station": ("Central Station", "North Station", "Ferry Station"),
    "Cafe": ("Cafe Anise", "Cafe Blue Door", "Cafe Crumb"),
    "Library": ("City Library", "Garden Library", "Seamen's Library"),
}
STREETS = ("Anchor Street", "Bell Lane", "Cedar Road", "Dock Street", "Elm Walk", "Fountain Square")
MEANS = {"Foot": 12, "Bike": 4, "Car": 2}
"""Minutes for a kilometre."""


@dataclass(slots=True)
class Place:
    name: str
    kind: str
    address: str
    phone: str
    closes: int
    x: int
    y: int
    """Kilometres on the street grid."""
    note: str = ""

    @property
    def path(self) -> str:
        return f"/place/{slug(self.name)}"


class Maps:
    """Fifteen places on a street grid of 20 by 20 kilometres; distances go along the streets."""

    host = "map.wayfind.example"

    def __init__(self, draws: Draws) -> None:
        self.places = _places(draws)
        self.saved: list[str] = []
        self.cookies = {"units": "km"}
        self._routes: Routes = {
            "get /": self._home, "get /search": self._search, "get /kind/*": self._kind, "get /place/*": self._place,
            "post /place/*/save": self._save, "post /place/*/note": self._set_note,
            "get /directions": self._directions, "get /saved": self._list_saved, "get /settings": self._settings,
            "post /settings": self._set_units,
        }  # fmt: skip

    def respond(self, request: Request) -> Page | Redirect:
        return dispatch(self._routes, request)

    def _page(self, title: str, *children: Element) -> Page:
        top = navigation(link("Wayfind", "/"), link("Directions", "/directions"), link("Saved places", "/saved"),
                         link("Settings", "/settings"))  # fmt: skip
        return page(title, top, *children)

    def _home(self, _: Request) -> Page:
        kinds = (link(kind, f"/kind/{slug(kind)}", f"{len(names)} places") for kind, names in KINDS.items())
        find = form("/search", textbox("Search for a place", "q"), button("Go"), method="get")
        return self._page("Wayfind", find, heading("Kinds of places"), *kinds)

    def _search(self, request: Request) -> Page:
        words = tidy(request.query.get("q", ""))
        found = [place for place in self.places if found_by(words, f"{place.name} {place.address}")]
        return self._page(f"Search: {words}", heading(f"{len(found)} places"), *map(_listed, found))

    def _kind(self, _: Request, name: str) -> Page | None:
        found = [place for place in self.places if slug(place.kind) == name]
        return self._page(found[0].kind, heading(found[0].kind), *map(_listed, found)) if found else None

    def find(self, name: str) -> Place | None:
        """The place of that name, whatever its case."""
        return next((one for one in self.places if one.name.lower() == name.strip().lower()), None)

    def _at(self, part: str) -> Place | None:
        return next((one for one in self.places if one.path == f"/place/{part}"), None)

    def _place(self, _: Request, part: str) -> Page | None:
        place = self._at(part)
        if place is None:
            return None
        lines = (f"Address: {place.address}", f"Phone: {place.phone}", f"Open until {place.closes}:00",
                 f"Position: {place.x} east, {place.y} north")  # fmt: skip
        word = "Remove from saved places" if place.name in self.saved else "Save place"
        return self._page(
            place.name, heading(place.name), rows("place", *lines), button(word, target=f"{place.path}/save"),
            text(f"Note on {place.name}: {place.note or 'none'}", "note"),
            form(f"{place.path}/note", textbox("Your note", "note", place.note), button("Save note")),
        )  # fmt: skip

    def _save(self, _: Request, part: str) -> Redirect | None:
        place = self._at(part)
        if place is None:
            return None
        if place.name in self.saved:
            self.saved.remove(place.name)
        else:
            self.saved.append(place.name)
        return Redirect("/saved")

    def _set_note(self, request: Request, part: str) -> Redirect | None:
        place = self._at(part)
        if place is None:
            return None
        place.note = tidy(request.form.get("note", ""))
        return Redirect(place.path)

    def _directions(self, request: Request) -> Page:
        given = {name: tidy(request.query.get(name, "")) for name in ("from", "to", "by")}
        by = given["by"] if given["by"] in MEANS else "Foot"
        ask = form("/directions", textbox("From", "from", given["from"]), textbox("To", "to", given["to"]),
                   *radios("by", by, *MEANS), button("Show route"), method="get")  # fmt: skip
        return self._page("Directions", heading("Directions"), ask, region("route", *self._route(given, by)))

    def _route(self, given: dict[str, str], by: str) -> list[Element]:
        ends = [self.find(given[name]) for name in ("from", "to")]
        start, goal = ends
        if start is None or goal is None:
            missing = [given[name] for name, end in zip(("from", "to"), ends, strict=True) if end is None]
            return [text(f"There is no place named {name!r}.") for name in missing if name]
        distance = between(start, goal)
        shown = f"{distance} km" if self.cookies["units"] == "km" else f"{distance * 1000} m"
        return [text(f"From {start.name} to {goal.name}"), text(f"Distance: {shown}"),
                text(f"Time: {distance * MEANS[by]} minutes by {by.lower()}")]  # fmt: skip

    def _list_saved(self, _: Request) -> Page:
        saved = [place for place in self.places if place.name in self.saved]
        return self._page("Saved places", heading("Saved places"), region("saved", *map(_listed, saved)))

    def _settings(self, _: Request) -> Page:
        units = self.cookies["units"]
        ask = form("/settings", *radios("units", units, "km", "m"), button("Save"))
        return self._page("Settings", heading("Settings"), text(f"Units: {units}", "units"), ask)

    def _set_units(self, request: Request) -> Redirect:
        self.cookies["units"] = "m" if request.form.get("units") == "m" else "km"
        return Redirect("/settings")


def between(start: Place, goal: Place) -> int:
    """Kilometres along the streets."""
    return abs(start.x - goal.x) + abs(start.y - goal.y)


def _listed(place: Place) -> Element:
    return link(place.name, place.path, place.address)


def _places(draws: Draws) -> list[Place]:
    """No two places at the same spot or with the same telephone number."""
    names = [(name, kind) for kind, members in KINDS.items() for name in members]
    spots = draws.some(range(400), len(names))
    phones = draws.some(range(1000, 9999), len(names))
    made = []
    for (name, kind), spot, phone in zip(names, spots, phones, strict=True):
        address = f"{draws.between(1, 90)} {draws.one(STREETS)}"
        made.append(Place(name, kind, address, f"555-{phone}", draws.between(16, 23), spot % 20, spot // 20))
    return made
