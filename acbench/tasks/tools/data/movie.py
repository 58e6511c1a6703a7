"""Questions about films. Answers are read off the invented database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.data.drafts import Draft
from acbench.tasks.tools.data.movie_world import movie_world

if TYPE_CHECKING:
    from random import Random

FEW = ("get_movie_details", "get_person_details")
HALF = (
    *("get_search_movie", "get_search_person", "get_movie_details", "get_movie_cast", "get_movie_crew"),
    *("get_movie_keywords", "get_person_details"),
)
Entry = "Mapping[str, Any]"
Plan = list[tuple[str, dict[str, Any]]]


def draw(rng: Random, level: int, seed: int) -> Draft:
    return rng.choice({1: _EASY, 2: _MIDDLE, 3: _HARD}[level])(_Library(rng, seed))


class _Library:
    def __init__(self, rng: Random, seed: int) -> None:
        self.rng = rng
        self.world = {"seed": seed}
        self.films, self.people = movie_world(seed)

    def film(self) -> Any:
        return self.rng.choice(list(self.films.values()))

    def person(self, work: str = "cast") -> Any:
        return self.rng.choice([person for person in self.people.values() if 0 < len(person[work]) <= 10])

    def director(self, film: Any) -> Any:
        return self.people[next(person for person, job in film["crew"] if job == "Director")]


def _search(film: Any) -> tuple[str, dict[str, Any]]:
    return "get_search_movie", {"movie_name": film["title"]}


def _search_person(person: Any) -> tuple[str, dict[str, Any]]:
    return "get_search_person", {"person_name": person["name"]}


def _about(tool: str, film: Any) -> tuple[str, dict[str, Any]]:
    return f"get_movie_{tool}", {"movie_id": film["id"]}


def _of(tool: str, person: Any) -> tuple[str, dict[str, Any]]:
    return f"get_person_{tool}", {"person_id": person["id"]}


_FACTS: tuple[tuple[str, str, str], ...] = (
    ("release date", "release_date", " in the form YYYY-MM-DD"),
    ("budget", "budget", " with a number"),
)
_FACTS += (("revenue", "revenue", " with a number"), ("vote average", "vote_average", " with a number"))


def _fact_by_id(library: _Library) -> Draft:
    film = library.film()
    words, field, form = library.rng.choice(_FACTS)
    goal = f"What is the {words} of the movie with the id {film['id']}? Answer{form}."
    return Draft(goal, library.world, [_about("details", film)], film[field], (0,), FEW)


def _birth_by_id(library: _Library) -> Draft:
    person = library.person()
    goal = f"Where was the person with the id {person['id']} born? Answer with the place of birth."
    return Draft(goal, library.world, [_of("details", person)], person["place_of_birth"], (0,), FEW)


def _account_by_id(library: _Library) -> Draft:
    person = library.person()
    site = library.rng.choice(("imdb", "facebook", "instagram", "twitter"))
    goal = f"What is the {site} id of the person with the id {person['id']}?"
    return Draft(goal, library.world, [_of("external_ids", person)], person[f"{site}_id"], (0,), FEW)


def _fact(library: _Library) -> Draft:
    film = library.film()
    words, field, form = library.rng.choice(_FACTS)
    goal = f"What is the {words} of the movie '{film['title']}'? Answer{form}."
    return Draft(goal, library.world, [_search(film), _about("details", film)], film[field], (0, 1), HALF)


def _directed(library: _Library) -> Draft:
    film = library.film()
    goal = f"Who directed the movie '{film['title']}'? Answer with the name."
    plan = [_search(film), _about("crew", film)]
    return Draft(goal, library.world, plan, library.director(film)["name"], (0, 1), HALF)


def _role(library: _Library) -> Draft:
    film = library.film()
    person, role = library.rng.choice(film["cast"][:10])
    name = library.people[person]["name"]
    goal = f"Which character did {name} play in '{film['title']}'? Answer with the character's name."
    return Draft(goal, library.world, [_search(film), _about("cast", film)], role, (0,), HALF)


def _keywords(library: _Library) -> Draft:
    film = library.film()
    goal = f"Which keywords does the movie '{film['title']}' have? Answer with a list of texts."
    plan = [_search(film), _about("keywords", film)]
    return Draft(goal, library.world, plan, film["keywords"], (0, 1), HALF)


def _compare(library: _Library) -> Draft:
    words, field = library.rng.choice((("higher budget", "budget"), ("higher revenue", "revenue")))
    first = library.film()
    second = library.film()
    while second[field] == first[field]:
        second = library.film()
    more = max(first, second, key=lambda film: film[field])
    goal = f"Which movie had the {words}, '{first['title']}' or '{second['title']}'? Answer with the title."
    plan: Plan = []
    for film in (first, second):
        plan += [_search(film), _about("details", film)]
    return Draft(goal, library.world, plan, more["title"], (0, 1, 2, 3))


def _directors_birth(library: _Library) -> Draft:
    film = library.film()
    director = library.director(film)
    goal = f"Where was the director of '{film['title']}' born? Answer with the place of birth."
    plan = [_search(film), _about("crew", film), _of("details", director)]
    return Draft(goal, library.world, plan, director["place_of_birth"], (0, 1, 2))


def _shared_genres(library: _Library) -> Draft:
    first, second = library.film(), library.film()
    while second is first:
        second = library.film()
    names = [{genre["name"] for genre in film["genres"]} for film in (first, second)]
    goal = (
        f"Do the movies '{first['title']}' and '{second['title']}' have a genre in common? "
        "Answer with Yes or No."
    )
    plan: Plan = []
    for film in (first, second):
        plan += [_search(film), _about("details", film)]
    answer = "Yes" if names[0] & names[1] else "No"
    return Draft(goal, library.world, plan, answer, (0, 1, 2, 3))


def _latest(library: _Library) -> Draft:
    person = library.person()
    while not 2 <= len(person["cast"]) <= 5:
        person = library.person()
    films = [library.films[film] for film, _ in person["cast"]]
    latest = max(films, key=lambda film: film["release_date"])
    goal = f"In which movie that was released last did {person['name']} act? Answer with the title."
    plan = [_search_person(person), _of("cast", person), *(_about("details", film) for film in films)]
    return Draft(goal, library.world, plan, latest["title"], tuple(range(len(plan))))


def _profit(library: _Library) -> Draft:
    film = library.film()
    goal = (
        f"Look up the movie '{film['title']}', its companies and its money. Answer with a list: the number of "
        "production companies, and revenue minus budget."
    )
    plan = [_search(film), _about("production_companies", film), _about("details", film)]
    answer = [len(film["production_companies"]), film["revenue"] - film["budget"]]
    return Draft(goal, library.world, plan, sorted(answer), (0, 1, 2))


_EASY = (_fact_by_id, _birth_by_id, _account_by_id)
_MIDDLE = (_fact, _directed, _role, _keywords)
_HARD = (_compare, _directors_birth, _shared_genres, _latest, _profit)
