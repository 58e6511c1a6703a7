"""The real engine: equal to the packages as they come, worlds apart from each other, processes that die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from alfworld_stubs import KITCHEN, pack_samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acbench.errors import ConfigError, DataError, EnvironmentDied
from acbench.tasks.alfworld import games
from acbench.tasks.alfworld import pool as pools
from acbench.tasks.alfworld.games import Game, game_from, packaged_game, require_package
from acbench.tasks.alfworld.pool import Pool, World, shared_pool
from acbench.tasks.alfworld.problems import goal_sentence, object_ids, pddl, read_problem, receptacle_ids
from acbench.tasks.alfworld.samples import environment_for, pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acbench.tasks.alfworld.environment import Environment

pytest.importorskip("alfworld", reason="the alfworld extra is not installed")


def game() -> Game:
    return packaged_game(pddl(KITCHEN), goal_sentence(KITCHEN))


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(1)
    yield made
    made.close()


def stock(given_game: Game, commands: list[Any]) -> list[dict[str, Any]]:
    """What the packages tell without our engine."""
    data = {
        "pddl_domain": given_game.domain,
        "grammar": given_game.grammar,
        "pddl_problem": given_game.problem,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("stock_alfworld.py"))],
        input=json.dumps({"game": data, "commands": commands}),
        capture_output=True,
        text=True,
        check=True,
    )
    told: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_it_tells_what_the_packages_tell(pool: Pool) -> None:
    """Some sixty commands that change things, among them others, in a kitchen of level 3."""
    episode = next(e for e in pack()["episodes"] if (e["level"], e["type"]) == (3, "heat"))
    problem = read_problem(episode, "pack")
    played = packaged_game(pddl(problem), goal_sentence(problem))
    random = Random(5)
    plan: list[Any] = [*(random.randrange(1000) for _ in range(60)), "take everything", *episode["plan"]]
    told = stock(played, plan)
    world = World(pool, played)
    assert asdict(world.start()) == {**told[0], "commands": tuple(told[0]["commands"])}
    for expected in told[1:]:
        seen = world.step(expected.pop("command"))
        assert {**asdict(seen), "commands": list(seen.commands)} == expected
    assert len({step["text"] for step in told}) > 25


def test_the_first_text_and_a_whole_way(pool: Pool) -> None:
    world = World(pool, game())
    start = world.start()
    assert start.text.split("\n\n")[1:] == [
        "You are in the middle of a room. Looking quickly around you, you see a cabinet 2, a cabinet 1, "
        "a countertop 1, and a microwave 1.",
        "Your task is to: put a hot mug in countertop.",
    ]
    assert start.commands == (
        *(f"go to {place}" for place in ("cabinet 1", "cabinet 2", "countertop 1", "microwave 1")),
        *("help", "inventory", "look"),
    )
    ways = {
        "go to cabinet 1": "You arrive at cabinet 1. The cabinet 1 is closed.",
        "open cabinet 1": "You open the cabinet 1. The cabinet 1 is open. In it, you see nothing.",
        "go to microwave 1": "You arrive at microwave 1. The microwave 1 is open. In it, you see a mug 1.",
        "take mug 1 from microwave 1": "You pick up the mug 1 from the microwave 1.",
        "heat mug 1 with microwave 1": "You heat the mug 1 using the microwave 1.",
        "examine mug 1": "This is a hot mug 1.",
        "inventory": "You are carrying: a mug 1.",
        "go to countertop 1": "You arrive at countertop 1. On the countertop 1, you see a apple 1, and a mug 2.",
        "put mug 1 in/on countertop 1": "You put the mug 1 in/on the countertop 1.",
    }
    told = [world.step(command) for command in ways]
    assert [step.text for step in told] == list(ways.values())
    assert [step.won for step in told] == [False] * 8 + [True]


def test_the_grammar_of_a_game_decides_its_wording(pool: Pool) -> None:
    plain = (Path(games.find_spec("alfworld").origin).parent / "data" / "alfred.twl2").read_text()  # type: ignore
    newer = game_from(
        {"pddl_domain": game().domain, "grammar": plain, "pddl_problem": game().problem}, "x", goal="nap"
    )
    world = World(pool, newer)
    assert world.start().text.endswith("Your task is to: nap.")
    world.step("go to microwave 1")
    commands = world.step("take mug 1 from microwave 1").commands
    assert "move mug 1 to microwave 1" in commands
    assert world.step("move mug 1 to microwave 1").text == "You move the mug 1 to the microwave 1."


def test_worlds_of_one_process_are_apart(pool: Pool) -> None:
    first, second = World(pool, game()), World(pool, game())
    first.start(), second.start()
    first.step("go to microwave 1")
    first.step("take mug 1 from microwave 1")
    assert second.step("go to microwave 1").text.endswith("you see a mug 1.")
    assert "heat mug 1 with microwave 1" in first.step("inventory").commands
    assert second.step("inventory").text == "You are not carrying anything."


def played_by(pool: Pool, number: int) -> list[str]:
    sample = pack_samples(levels=[1])[number]
    problem = read_problem(sample.data, "pack")
    world = World(pool, packaged_game(pddl(problem), goal_sentence(problem)))
    random, told = Random(number), world.start()
    texts = [told.text]
    for _ in range(12):
        told = world.step(random.choice(told.commands))
        texts.append(told.text)
    world.close()
    return texts


def test_threads_do_not_change_what_is_told(pool: Pool) -> None:
    alone = [played_by(pool, number) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda number: played_by(shared_pool(2), number), range(8))) == alone


def test_a_process_that_dies_breaks_one_play_and_no_other() -> None:
    pool = Pool(1)
    try:
        first, second = World(pool, game()), World(pool, game())
        first.start(), second.start()
        second.step("go to microwave 1")
        second.step("take mug 1 from microwave 1")
        worker = pool.seats[0].worker
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(EnvironmentDied, match="alfworld: the engine's process ended"):
            first.step("go to microwave 1")
        assert second.step("inventory").text == "You are carrying: a mug 1."
        assert pool.seats[0].worker is not worker
        first.close()
    finally:
        pool.close()


def test_a_process_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(1)
    try:
        world = World(pool, game())
        world.start()
        worker = pool.seats[0].worker
        assert worker is not None
        monkeypatch.setattr(pools, "CALL_LIMIT_S", 0)
        with pytest.raises(EnvironmentDied, match="no answer within 0 s"):
            world.step("look")
        assert not worker.alive
    finally:
        pool.close()


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('touch /tmp/acbench-was-here')",
        "r.name.__class__",
        "().__class__",
        "open('/etc/passwd').read()",
        "'a' 'b'",
    ],
)
@pytest.mark.parametrize("place", ['"rhs": "You close the {r.name}."', 'template :: "close {r}"'])
def test_a_game_cannot_bring_a_program(expression: str, place: str, pool: Pool) -> None:
    """The package evaluates what stands between braces in a grammar."""
    name = "{r.name}" if "{r.name}" in place else "{r}"
    hostile = game().grammar.replace(place, place.replace(name, "{" + expression + "}"))
    assert hostile != game().grammar
    with pytest.raises(DataError, match="only names put together are allowed"):
        World(pool, replace(game(), grammar=hostile)).start()


@pytest.mark.parametrize(
    "broken",
    [
        {"problem": "(define (problem world)"},
        {"problem": ""},
        {"domain": "(define (domain alfred))"},
        {"grammar": "action go {"},
        {"grammar": 'grammar :: """ {"intro": 1} """;'},
    ],
)
def test_a_game_that_cannot_be_read_is_an_error_of_the_data(broken: dict[str, str], pool: Pool) -> None:
    with pytest.raises(DataError, match="the game cannot be read"):
        World(pool, replace(game(), **broken)).start()
    assert World(pool, game()).start().commands


def test_games_are_read_from_several_forms() -> None:
    whole = {"pddl_domain": "d", "grammar": "UNKNOWN GOAL.", "pddl_problem": "p", "solvable": True}
    assert game_from(whole, "x") == Game("d", "UNKNOWN GOAL.", "p")
    assert game_from(json.dumps(whole), "x", goal='say "hi".') == Game("d", 'say \\"hi\\".', "p")
    assert game_from({"pddl_problem": pddl(KITCHEN)}, "x", goal="put a hot mug in countertop.") == game()
    for bad, message in (
        ({}, "'pddl_problem' is missing"),
        ({"pddl_problem": 1}, "must be a text"),
        ({"pddl_problem": "p", "grammar": "g"}, "belong together"),
        ({"pddl_problem": "p"}, "field 'goal'"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ([], "a game is an object"),
    ):
        with pytest.raises(DataError, match=message):
            game_from(bad, "x")


def test_without_the_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(games, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"acbench\[alfworld\]"):
        require_package()


def test_numbers_go_down_with_the_identifiers() -> None:
    assert receptacle_ids(KITCHEN) == [
        "Cabinet_bar_00",
        "Cabinet_bar_01",
        "CounterTop_bar_02",
        "Microwave_bar_03",
    ]
    assert object_ids(KITCHEN) == ["Apple_bar_00", "Mug_bar_01", "Mug_bar_02"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "fetch"),
        ("receptacles", [["Boat", ""]]),
        ("receptacles", [["Shelf", "open"]]),
        ("receptacles", [["Cabinet"]]),
        ("objects", [["Gold", 0]]),
        ("objects", [["Mug", 9]]),
        ("objects", None),
    ],
)
def test_malformed_problems_are_named(field: str, value: Any) -> None:
    with pytest.raises(DataError, match=field if field != "objects" or value else "objects"):
        read_problem({**KITCHEN.to_json(), field: value}, "x")
    assert read_problem(KITCHEN.to_json(), "x") == KITCHEN


HOSTILE = [
    *("", "\0", "\n\n", "a" * 100_000, "{r.name}", "#intro#", "%s%n", "';--", "__import__('os').abort()"),
    *(
        "go to go to",
        "look\nlook",
        "\ud800",
        "💥",
        "(and (or))",
        "put in on in/on",
        "quit",
        "exit()",
        "[[",
        "None",
    ),
    *(
        "check valid actions now",
        "LOOK",
        "take mug 1 from",
        "go to cabinet 0",
        "go to cabinet 1e9",
        "x " * 5000,
    ),
]
TURNS = 60
ENVIRONMENTS: list[Environment] = []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    number=st.integers(0, 53),
    lines=st.lists(
        st.one_of(st.integers(0, 999), st.sampled_from(HOSTILE), st.text(max_size=60)),
        min_size=TURNS,
        max_size=TURNS,
    ),
    upstream=st.booleans(),
)
def test_two_thousand_four_hundred_actions(number: int, lines: list[int | str], upstream: bool) -> None:
    """Numbers stand for commands that can be carried out: the world goes on changing under the noise."""
    data = pack_samples()[number].data
    env = environment_for(data, upstream=upstream, show_actions=False)
    before, understood = 0.0, 0
    for line in lines:
        action = env.choices()[line % len(env.choices())] if isinstance(line, int) else line
        listed = isinstance(line, int) and not env.done
        step = env.step(action)
        assert before <= step.progress <= 1
        assert step.valid or not listed
        assert len(step.observation) < 4000
        assert step.done is env.done is (step.progress == 1.0)
        before, understood = step.progress, understood + listed
    env.close()
