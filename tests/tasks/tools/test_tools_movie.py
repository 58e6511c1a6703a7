"""The film simulator: search, lists, what is cut, and a world that is consistent in both directions."""

from __future__ import annotations

from typing import Any

import pytest
from tools_stubs import call, environment

from acbench.tasks.tools.data.movie_world import FILMS, PEOPLE, movie_world
from acbench.tasks.tools.movie import KEY_JOBS, SHOWN_ROLES, MovieSimulator, best_hit

FILMS_BY_ID, PEOPLE_BY_ID = movie_world(0)


def result(tool: str, **arguments: Any) -> Any:
    simulator = MovieSimulator(FILMS_BY_ID, PEOPLE_BY_ID)
    return simulator.toolbox.tools[tool].run(**simulator.toolbox.tools[tool].arguments(arguments))


def test_the_world_is_consistent_in_both_directions() -> None:
    assert (len(FILMS_BY_ID), len(PEOPLE_BY_ID)) == (FILMS, PEOPLE)
    assert movie_world(0) is movie_world(0)
    assert movie_world(1)[0] != FILMS_BY_ID
    for kind in ("cast", "crew"):
        of_films = {
            (film, person, what) for film, entry in FILMS_BY_ID.items() for person, what in entry[kind]
        }
        of_people = {
            (film, person, what) for person, entry in PEOPLE_BY_ID.items() for film, what in entry[kind]
        }
        assert of_films == of_people
        assert of_films
    for film in FILMS_BY_ID.values():
        assert [job for _, job in film["crew"]].count("Director") == 1
    assert len({film["title"] for film in FILMS_BY_ID.values()}) == FILMS
    assert len({person["name"] for person in PEOPLE_BY_ID.values()}) == PEOPLE


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("The Quiet Sea", "1"),
        ("the quiet SEA!", "1"),
        ("the quiet", "1"),
        ("Quiet Night", "2"),
        ("night", "2"),
        ("sea night", "1"),  # both share one word of three; the first wins
        ("the", "1"),  # a prefix
        ("of a", None),
        ("zebra", None),
        ("", None),
    ],
)
def test_the_best_hit(query: str, found: str | None) -> None:
    assert best_hit(query, {"1": "The Quiet Sea", "2": "A Quiet Night", "3": "Sea of Stars"}) == found


def test_search_gives_one_or_none() -> None:
    film = next(iter(FILMS_BY_ID.values()))
    assert result("get_search_movie", movie_name=film["title"]) == [
        {"id": film["id"], "overview": film["overview"], "title": film["title"]}
    ]
    assert result("get_search_movie", movie_name="xyzzy") == []
    person = next(iter(PEOPLE_BY_ID.values()))
    assert result("get_search_person", person_name=person["name"]) == [
        {"id": person["id"], "name": person["name"]}
    ]


def test_ids_are_text_or_number_and_unknown_ones_fail() -> None:
    film = next(iter(FILMS_BY_ID))
    assert result("get_movie_details", movie_id=film) == result("get_movie_details", movie_id=int(film))
    step = environment("movie", {"seed": 0}).step(call("get_movie_details", movie_id=7))
    assert (step.valid, step.trouble) == (False, "failed")
    assert step.observation == "ERROR | KeyError(there is no movie_id 7)"


def test_lists_are_cut_but_key_jobs_are_shown() -> None:
    people: dict[str, Any] = {str(n): {"id": n, "name": f"P{n}"} for n in range(30)}
    crew = [[str(n), "Sound"] for n in range(9)] + [["0", "Editor"]]
    crew += [[str(n), "Producer"] for n in range(10, 24)] + [["24", "Director"]]
    film = {"id": 1, "title": "T", "cast": [[str(n), f"R{n}"] for n in range(15)], "crew": crew}
    tools = MovieSimulator({"1": film}, people).toolbox.tools
    shown = tools["get_movie_crew"].run(movie_id="1")["crew"]
    assert len(shown) == 15
    assert {entry["job"] for entry in shown} <= set(KEY_JOBS)
    film["crew"] = [[str(n), "Sound"] for n in range(20)] + [["0", "Editor"], ["25", "Director"]]
    shown = tools["get_movie_crew"].run(movie_id="1")["crew"]
    assert len(shown) == SHOWN_ROLES
    assert shown[0] == {"id": 25, "name": "P25", "job": "Director"}
    assert len({entry["id"] for entry in shown}) == SHOWN_ROLES
    assert len(tools["get_movie_cast"].run(movie_id="1")["cast"]) == SHOWN_ROLES


def test_translations_only_of_four_countries() -> None:
    for film in list(FILMS_BY_ID)[:50]:
        shown = result("get_movie_translation", movie_id=film)["translations"]
        assert {entry["iso_3166_1"] for entry in shown} <= {"NL", "CN", "US", "DE"}
        assert all("title" not in entry["data"] for entry in shown)


def test_long_fields_are_left_out_of_comparison() -> None:
    simulator = MovieSimulator(FILMS_BY_ID, PEOPLE_BY_ID)
    film = next(iter(FILMS_BY_ID.values()))
    details = result("get_movie_details", movie_id=film["id"])
    assert simulator.cleaned("get_movie_details", details) == {"title": film["title"]}
    found = result("get_search_movie", movie_name=film["title"])
    assert simulator.cleaned("get_search_movie", found) == [{"id": film["id"], "title": film["title"]}]
    person = next(iter(PEOPLE_BY_ID))
    shown = simulator.cleaned("get_person_details", result("get_person_details", person_id=person))
    assert set(shown) == {"name", "birthday", "place_of_birth"}
