"""The wiki: articles about invented islands and towns that link to each other; search, editing, history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acbench.tasks.webarena.sites.routes import dispatch, found_by, tidy, title_path
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
    region,
    rows,
    text,
    textbox,
)

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites.routes import Routes

ISLANDS = ("Aruvane", "Belmoss", "Corvath", "Dellinore")
TOWNS = ("Ashport", "Birchwick", "Copperhill", "Dovesend", "Eelbridge", "Foxmoor", "Gullhaven", "Hartspool",
         "Ironquay", "Kestrel Bay", "Larkfield", "Millrace")  # fmt: skip
TRADES = ("fishing", "glass", "salt", "timber", "wool", "clocks")
BUILDINGS = ("lighthouse", "clock tower", "grain hall", "stone bridge")
EDITORS = ("Sedge", "Thrift", "Vetch", "Yarrow")


@dataclass(slots=True)
class Article:
    title: str
    facts: dict[str, str]
    links: list[str]
    paragraphs: list[str]
    edits: list[str] = field(default_factory=list)
    """Newest first."""

    @property
    def path(self) -> str:
        return f"/wiki/{title_path(self.title)}"


class Wiki:
    """Sixteen articles: four islands with three towns each."""

    host = "wiki.openlore.example"

    def __init__(self, draws: Draws) -> None:
        self.articles = _articles(draws)
        self._routes: Routes = {
            "get /": self._home, "get /search": self._search, "get /all": self._all, "get /wiki/*": self._article,
            "get /wiki/*/edit": self._edit, "post /wiki/*/edit": self._save, "get /wiki/*/history": self._history,
        }  # fmt: skip

    def respond(self, request: Request) -> Page | Redirect:
        return dispatch(self._routes, request)

    def named(self, title: str) -> Article:
        """The article of that title. Raises KeyError."""
        found = self._find(title_path(title))
        if found is None:
            raise KeyError(title)
        return found

    def _find(self, part: str) -> Article | None:
        return next((one for one in self.articles if title_path(one.title) == part), None)

    def _page(self, title: str, *children: Element) -> Page:
        top = navigation(link("Openlore", "/"), link("All articles", "/all"))
        find = form("/search", textbox("Search", "q"), button("Search"), method="get")
        return page(title, top, find, *children)

    def _home(self, _: Request) -> Page:
        islands = (link(name, self.named(name).path) for name in ISLANDS)
        return self._page("Openlore", heading("The islands"), *islands)

    def _all(self, _: Request) -> Page:
        listed = (link(one.title, one.path) for one in sorted(self.articles, key=lambda one: one.title))
        return self._page("All articles", heading("All articles"), *listed)

    def _search(self, request: Request) -> Page:
        words = tidy(request.query.get("q", ""))
        found = [one for one in self.articles if found_by(words, " ".join([one.title, *one.facts.values()]))]
        return self._page(
            f"Search: {words}",
            heading(f"{len(found)} articles"),
            *(link(one.title, one.path) for one in found),
        )

    def _article(self, _: Request, part: str) -> Page | None:
        article = self._find(part)
        if article is None:
            return None
        facts = (f"{name}: {value}" for name, value in article.facts.items())
        return self._page(
            article.title, heading(article.title), rows("facts", *facts),
            region("text", *map(text, article.paragraphs)), heading("See also"),
            *(link(title, self.named(title).path) for title in article.links),
            link("Edit", f"{article.path}/edit"), link("History", f"{article.path}/history"),
        )  # fmt: skip

    def _edit(self, _: Request, part: str) -> Page | None:
        article = self._find(part)
        if article is None:
            return None
        fields = (textbox("New paragraph", "words"), textbox("Summary", "summary"), button("Publish changes"))
        return self._page(f"Editing {article.title}", heading(f"Editing {article.title}"),
                          form(f"{article.path}/edit", *fields))  # fmt: skip

    def _save(self, request: Request, part: str) -> Redirect | None:
        article, words = self._find(part), tidy(request.form.get("words", ""))
        if article is None:
            return None
        if words:
            article.paragraphs.append(words)
            article.edits.insert(0, f"you: {tidy(request.form.get('summary', '')) or '(no summary)'}")
        return Redirect(article.path)

    def _history(self, _: Request, part: str) -> Page | None:
        article = self._find(part)
        if article is None:
            return None
        return self._page(
            f"History of {article.title}", heading(f"History of {article.title}"), rows("edits", *article.edits),
            link(article.title, article.path),
        )  # fmt: skip


def _articles(draws: Draws) -> list[Article]:
    """Populations, years and heights are all different among towns, and among islands."""
    towns = draws.some(TOWNS, len(TOWNS))
    people = draws.some(range(3, 98), len(towns) + len(ISLANDS))
    years = draws.some(range(1120, 1890), len(towns))
    heights = draws.some(range(210, 1900), len(ISLANDS))
    made = []
    for number, island in enumerate(ISLANDS):
        own = towns[3 * number : 3 * number + 3]
        facts = {"Capital": draws.one(own), "Highest point": f"{heights[number]} m",
                 "Area": f"{draws.between(40, 900)} square km"}  # fmt: skip
        made.append(Article(island, facts, own, [_island_words(island, own)], _edits(draws)))
        for place, town in enumerate(own):
            index = 3 * number + place
            trade, building = draws.one(TRADES), draws.one(BUILDINGS)
            details = {"Island": island, "Population": str(100 * people[index]), "Founded": str(years[index]),
                       "Trade": trade}  # fmt: skip
            words = [f"{town} is a town on {island}. It lives on {trade}.",
                     f"Its {building} was built {draws.between(5, 90)} years after the town."]  # fmt: skip
            others = [island, *(one for one in own if one != town)]
            made.append(Article(town, details, others, words, _edits(draws)))
    return made


def _island_words(island: str, towns: list[str]) -> str:
    return f"{island} is an island with the towns {', '.join(towns[:-1])} and {towns[-1]}."


def _edits(draws: Draws) -> list[str]:
    names = draws.some(EDITORS, draws.between(2, 3))
    return [
        f"{name}: {word}"
        for name, word in zip(names, ("new figures", "spelling", "first version"), strict=False)
    ]
