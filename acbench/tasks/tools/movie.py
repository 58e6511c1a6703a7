"""A film database behind tools: films, people, and who did what in which (specification, section 6.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.matching import equal
from acbench.tasks.tools.toolbox import ID, TEXT, Failed, Tool, Toolbox, answer_tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SHOWN_ROLES = 10
"""Cast and crew lists are cut here; the key jobs of a crew are always shown."""
KEY_JOBS = ("Director", "Producer", "Writer")
TRANSLATION_COUNTRIES = ("NL", "CN", "US", "DE")
LONG_FIELDS = (*("overview", "biography", "vote_average", "genres", "revenue", "budget", "release_date"),)
"""Left out before a result is compared with sub-goals."""
DETAILS = ("title", "budget", "genres", "revenue", "vote_average", "release_date")
PERSON_DETAILS = ("name", "biography", "birthday", "place_of_birth")
EXTERNAL_IDS = ("imdb_id", "facebook_id", "instagram_id", "twitter_id")


class MovieSimulator:
    """``films`` and ``people`` by id, both in order of popularity. Nothing changes in an episode."""

    def __init__(
        self,
        films: Mapping[str, Mapping[str, Any]],
        people: Mapping[str, Mapping[str, Any]],
        offered: Sequence[str] | None = None,
    ) -> None:
        self._films = films
        self._people = people
        self.toolbox = Toolbox(self._tools(), offered)

    def hint(self) -> str:
        return "You answer questions with a film database."

    def cleaned(self, _tool: str, result: Any) -> Any:
        if isinstance(result, list):
            return [_short(entry) for entry in result]
        return _short(result)

    def same(self, goal: Any, candidate: Any) -> bool:
        return equal(goal, candidate)

    def _tools(self) -> list[Tool]:
        film, person = {"movie_id": ID}, {"person_id": ID}
        return [
            Tool("get_search_movie", "finds a film by its title", self._search_film, {"movie_name": TEXT}),
            Tool("get_movie_details", "budget, genres, revenue, votes, release date", self._details, film),
            Tool("get_movie_production_companies", "companies of a film", self._companies, film),
            Tool("get_movie_production_countries", "countries of a film", self._countries, film),
            Tool("get_movie_cast", "actors of a film and their roles", self._film_cast, film),
            Tool("get_movie_crew", "director, producer, writer and others", self._film_crew, film),
            Tool("get_movie_keywords", "keywords of a film", self._keywords, film),
            Tool("get_movie_alternative_titles", "titles of a film elsewhere", self._titles, film),
            Tool("get_movie_translation", "overviews of a film in other languages", self._translations, film),
            Tool("get_search_person", "finds a person by name", self._search_person, {"person_name": TEXT}),
            Tool("get_person_details", "biography, birthday, birthplace", self._person, person),
            Tool("get_person_cast", "films a person acted in", self._person_cast, person),
            Tool("get_person_crew", "films a person worked on otherwise", self._person_crew, person),
            Tool("get_person_external_ids", "ids of a person on other sites", self._external, person),
            answer_tool(),
        ]

    def _search_film(self, movie_name: str) -> list[dict[str, Any]]:
        found = best_hit(movie_name, {number: film["title"] for number, film in self._films.items()})
        if found is None:
            return []
        film = self._films[found]
        return [{"id": int(found), "overview": film["overview"], "title": film["title"]}]

    def _search_person(self, person_name: str) -> list[dict[str, Any]]:
        found = best_hit(person_name, {number: person["name"] for number, person in self._people.items()})
        return [] if found is None else [{"id": int(found), "name": self._people[found]["name"]}]

    def _details(self, movie_id: str) -> dict[str, Any]:
        film = self._film(movie_id)
        return {name: film[name] for name in DETAILS}

    def _companies(self, movie_id: str) -> dict[str, Any]:
        return {"production_companies": self._film(movie_id)["production_companies"]}

    def _countries(self, movie_id: str) -> dict[str, Any]:
        return {"production_countries": self._film(movie_id)["production_countries"]}

    def _film_cast(self, movie_id: str) -> dict[str, Any]:
        cast = self._film(movie_id)["cast"][:SHOWN_ROLES]
        return {"cast": [{**self._name(person), "character": role} for person, role in cast]}

    def _film_crew(self, movie_id: str) -> dict[str, Any]:
        crew = self._film(movie_id)["crew"]
        shown = [entry for entry in crew if entry[1] in KEY_JOBS]
        known = {person for person, _ in shown}
        for person, job in crew:
            if len(shown) < SHOWN_ROLES and person not in known:
                shown.append([person, job])
                known.add(person)
        return {"crew": [{**self._name(person), "job": job} for person, job in shown]}

    def _keywords(self, movie_id: str) -> dict[str, Any]:
        return {"keywords": self._film(movie_id)["keywords"]}

    def _titles(self, movie_id: str) -> dict[str, Any]:
        film = self._film(movie_id)
        return {"id": film["id"], "titles": film["titles"]}

    def _translations(self, movie_id: str) -> dict[str, Any]:
        film = self._film(movie_id)
        shown = [entry for entry in film["translations"] if entry["iso_3166_1"] in TRANSLATION_COUNTRIES]
        return {"id": film["id"], "translations": shown}

    def _person(self, person_id: str) -> dict[str, Any]:
        person = self._someone(person_id)
        return {name: person[name] for name in PERSON_DETAILS}

    def _person_cast(self, person_id: str) -> dict[str, Any]:
        roles = self._someone(person_id)["cast"][:SHOWN_ROLES]
        return {"cast": [{**self._title(film), "character": role} for film, role in roles]}

    def _person_crew(self, person_id: str) -> dict[str, Any]:
        jobs = self._someone(person_id)["crew"][:SHOWN_ROLES]
        return {"crew": [{**self._title(film), "job": job} for film, job in jobs]}

    def _external(self, person_id: str) -> dict[str, Any]:
        person = self._someone(person_id)
        return {name: person[name] for name in EXTERNAL_IDS}

    def _film(self, movie_id: str) -> Mapping[str, Any]:
        return _entry(self._films, movie_id, "movie_id")

    def _someone(self, person_id: str) -> Mapping[str, Any]:
        return _entry(self._people, person_id, "person_id")

    def _name(self, person: str) -> dict[str, Any]:
        return {"id": int(person), "name": self._people[person]["name"]}

    def _title(self, film: str) -> dict[str, Any]:
        return {"id": int(film), "title": self._films[film]["title"]}


def best_hit(query: str, names: Mapping[str, str]) -> str | None:
    """The id of the first name equal to the query, else beginning with it, else sharing most words with it."""
    words = _words(query)
    if not words:
        return None
    keys = {key: _words(name) for key, name in names.items()}
    for fits in (lambda key: keys[key] == words, lambda key: keys[key][: len(words)] == words):
        found = next(filter(fits, keys), None)
        if found is not None:
            return found
    best = max(keys, key=lambda key: _overlap(words, keys[key]))  # the first of equals
    return best if _overlap(words, keys[best]) > 0 else None


def _overlap(words: Sequence[str], others: Sequence[str]) -> float:
    """Shared words against all words; words that every title has say nothing."""
    mine, theirs = set(words) - _FILLER, set(others) - _FILLER
    return len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0


_FILLER = {"the", "a", "an", "of", "and", "in"}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _entry(table: Mapping[str, Mapping[str, Any]], key: str, name: str) -> Mapping[str, Any]:
    if key not in table:
        raise Failed("KeyError", f"there is no {name} {key[:40]}")
    return table[key]


def _short(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {name: part for name, part in entry.items() if name not in LONG_FIELDS}


def by_popularity(entries: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Entries by id, the most popular first, equal ones by id."""
    ranked = sorted(entries, key=lambda entry: (-entry["popularity"], entry["id"]))
    return {str(entry["id"]): entry for entry in ranked}
