"""An invented film database: 300 films and 400 people, consistent in both directions."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from acbench.tasks.tools.movie import by_popularity

FILMS, PEOPLE = 300, 400
FIRST_FILM, FIRST_PERSON = 2001, 50001

_ADJECTIVES = (
    *("Silent", "Golden", "Broken", "Hidden", "Crimson", "Endless", "Frozen", "Gentle", "Hollow"),
    *("Iron", "Jagged", "Lonely", "Midnight", "Narrow", "Pale", "Quiet", "Restless", "Scarlet"),
    *("Second", "Slow", "Stolen", "Sudden", "Tender", "Velvet", "Wandering", "Winter"),
)
_NOUNS = (
    *("Harbour", "Orchard", "Lantern", "Compass", "Bridge", "Garden", "Letter", "Mirror"),
    *("Mountain", "Orchestra", "Promise", "River", "Shadow", "Signal", "Station", "Summer"),
    *("Theatre", "Tide", "Tower", "Valley", "Voyage", "Window", "Wolf", "Archive", "Canal", "Kite"),
)
_FIRST = (
    *("Alma", "Bruno", "Carla", "Dario", "Edda", "Fabian", "Greta", "Henrik", "Ines", "Jonas"),
    *("Katja", "Lorenz", "Mira", "Nils", "Olga", "Pavel", "Rosa", "Stefan", "Tilda", "Ulrich"),
    *("Vera", "Wanda", "Xenia", "Yusuf", "Zoe"),
)
_LAST = (
    *("Adler", "Brandt", "Castell", "Dorn", "Eklund", "Farrow", "Gerber", "Hollis", "Ivarsen"),
    *("Jansson", "Keller", "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Rossi"),
    *("Sandoval", "Tamm", "Ueda", "Varga", "Winther", "Yates", "Zeller"),
)
_PLACES = (
    *("Aarhus, Denmark", "Bilbao, Spain", "Cork, Ireland", "Dresden, Germany", "Graz, Austria"),
    *("Izmir, Turkey", "Lyon, France", "Porto, Portugal", "Tampere, Finland", "Turin, Italy"),
    *("Gdansk, Poland", "Bergen, Norway"),
)
_GENRES = (
    "Adventure",
    "Comedy",
    "Crime",
    "Drama",
    "Family",
    "History",
    "Mystery",
    "Romance",
    "Thriller",
    "War",
)
_COMPANIES = (
    *(
        "Blue Heron Pictures",
        "Copper Lane Films",
        "Eastgate Studio",
        "Fourth Floor Films",
        "Marlow and Daughters",
    ),
    *("Nightjar Productions", "Paper Boat Pictures", "Salt Road Films", "Tall Pine Studio", "Westwind Media"),
)
_COUNTRIES = (
    *(("NL", "Netherlands"), ("CN", "China"), ("US", "United States of America"), ("DE", "Germany")),
    *(("FR", "France"), ("IT", "Italy"), ("SE", "Sweden"), ("ES", "Spain")),
)
_LANGUAGES = (("NL", "nl", "Dutch"), ("CN", "zh", "Chinese"), ("US", "en", "English"), ("DE", "de", "German"))
_MORE_LANGUAGES = (("FR", "fr", "French"), ("ES", "es", "Spanish"))
_ROLES = (
    "baker",
    "captain",
    "clockmaker",
    "detective",
    "gardener",
    "nurse",
    "pianist",
    "pilot",
    "teacher",
    "thief",
)
_WANTS = (
    *("finds a map nobody should have", "must cross the country in one night", "gets a letter from the past"),
    *("loses a bet and everything with it", "is taken for somebody else", "hears a secret through a wall"),
)
_KEYWORDS = (
    *(
        "friendship",
        "heist",
        "island",
        "letters",
        "lighthouse",
        "memory",
        "music",
        "night train",
        "road trip",
    ),
    *("secret", "sea", "siblings", "small town", "snow", "village", "wedding"),
)
_OTHER_JOBS = (
    "Editor",
    "Composer",
    "Casting",
    "Costume Design",
    "Production Design",
    "Sound",
    "Stunts",
    "Colorist",
)

World = tuple[dict[str, Any], dict[str, Any]]


@lru_cache(maxsize=8)
def movie_world(seed: int) -> World:
    """Films and people by id, most popular first; equal seeds give equal worlds."""
    rng = Random(f"acbench movie world {seed}")
    people = _people(rng)
    films = [_film(rng, number, title) for number, title in enumerate(_titles(rng), FIRST_FILM)]
    for film in films:
        _staff(rng, film, people)
    for person in people:
        for kind in ("cast", "crew"):
            person[kind].sort(key=lambda entry: entry[0])
    return dict(by_popularity(films)), dict(by_popularity(people))


def _titles(rng: Random) -> list[str]:
    pairs = [f"The {adjective} {noun}" for adjective in _ADJECTIVES for noun in _NOUNS]
    return rng.sample(pairs, FILMS)


def _people(rng: Random) -> list[dict[str, Any]]:
    names = rng.sample([f"{first} {last}" for first in _FIRST for last in _LAST], PEOPLE)
    people = []
    for number, name in enumerate(names, FIRST_PERSON):
        born = date(1940, 1, 1) + timedelta(days=rng.randrange(22000))
        place = rng.choice(_PLACES)
        handle = name.lower().replace(" ", rng.choice(("", "_", ".")))
        people.append(
            {
                "id": number,
                "name": name,
                "birthday": born.isoformat(),
                "place_of_birth": place,
                "biography": f"{name} was born in {place} and has worked in film since {born.year + 24}.",
                "imdb_id": f"nm{rng.randrange(10**6, 10**7)}",
                "facebook_id": handle,
                "instagram_id": f"{handle}{rng.randrange(100)}",
                "twitter_id": f"the_{handle}",
                "popularity": rng.randrange(1000),
                "cast": [],
                "crew": [],
            }
        )
    return people


def _film(rng: Random, number: int, title: str) -> dict[str, Any]:
    hero = f"A {rng.choice(_ROLES)}"
    overview = f"{hero} {rng.choice(_WANTS)}."
    genres = rng.sample(range(len(_GENRES)), rng.randrange(1, 4))
    languages = rng.sample(_LANGUAGES, rng.randrange(1, 5)) + rng.sample(_MORE_LANGUAGES, rng.randrange(2))
    countries = rng.sample(_COUNTRIES, rng.randrange(1, 3))
    elsewhere = rng.sample(_COUNTRIES, rng.randrange(3))
    bare = title.removeprefix("The ")
    return {
        "id": number,
        "title": title,
        "overview": overview,
        "budget": rng.randrange(5, 2000) * 100_000,
        "revenue": rng.randrange(1, 6000) * 100_000,
        "vote_average": rng.randrange(3000, 9500) / 1000,
        "release_date": (date(1975, 1, 1) + timedelta(days=rng.randrange(17000))).isoformat(),
        "genres": [{"id": 10 + genre, "name": _GENRES[genre]} for genre in sorted(genres)],
        "production_companies": [
            {"name": name} for name in sorted(rng.sample(_COMPANIES, rng.randrange(1, 4)))
        ],
        "production_countries": [{"iso_3166_1": code, "name": name} for code, name in sorted(countries)],
        "keywords": sorted(rng.sample(_KEYWORDS, rng.randrange(2, 5))),
        "titles": [
            {"iso_3166_1": code, "title": f"{bare} ({code})", "type": ""} for code, _ in sorted(elsewhere)
        ],
        "translations": [
            {
                "iso_3166_1": code,
                "iso_639_1": short,
                "english_name": name,
                "data": {"overview": f"[{name}] {overview}"},
            }
            for code, short, name in sorted(languages)
        ],
        "popularity": rng.randrange(1000),
        "cast": [],
        "crew": [],
    }


def _staff(rng: Random, film: dict[str, Any], people: list[dict[str, Any]]) -> None:
    """Actors, and a crew of other people; both sides know each other."""
    actors = rng.sample(people[: PEOPLE * 3 // 4], rng.randrange(4, 12))
    roles = rng.sample([f"{first} the {role}" for first in _FIRST for role in _ROLES], len(actors))
    for actor, role in zip(actors, roles, strict=True):
        film["cast"].append([str(actor["id"]), role])
        actor["cast"].append([str(film["id"]), role])
    free = [person for person in people[PEOPLE // 3 :] if person not in actors]
    jobs = ["Director", *["Producer"] * rng.randrange(1, 3), *["Writer"] * rng.randrange(1, 3)]
    jobs += rng.sample(_OTHER_JOBS, rng.randrange(2, 7))
    for person, job in zip(rng.sample(free, len(jobs)), jobs, strict=True):
        film["crew"].append([str(person["id"]), job])
        person["crew"].append([str(film["id"]), job])
