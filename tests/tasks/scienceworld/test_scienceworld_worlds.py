"""Real worlds: repeatability, the pool, and the package as it plays by itself. One Java process, and one more."""

from __future__ import annotations

import random
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from acbench.errors import ConfigError, DataError, EnvironmentDied
from acbench.tasks.scienceworld import java
from acbench.tasks.scienceworld.environment import UNKNOWN, VERBS, Environment
from acbench.tasks.scienceworld.samples import pack
from acbench.tasks.scienceworld.worlds import SIMPLIFICATIONS, Pool, World, shared_pool

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("scienceworld", reason="the scienceworld extra is not installed")
try:
    java.require_package()
except ConfigError as missing:
    pytest.skip(str(missing), allow_module_level=True)


@pytest.fixture(scope="module", autouse=True)
def processes() -> Iterator[None]:
    """Ends the Java process of the module."""
    yield
    shared_pool(1).close()


def walk(world: World, seed: int, steps: int) -> list[Any]:
    """A random walk over listed commands, each told."""
    rng = random.Random(seed)
    told: list[Any] = [world.start_text]
    for _ in range(steps):
        told.append(world.step(rng.choice(sorted(world.valid()))))
    return told


STARTS = [("lifespan-longest-lived", 93), ("use-thermometer", 410)]


def dies(process: Any, simulator: Any) -> Any:
    process.process.kill()
    process.process.wait()
    return process.call(simulator.getScore, seed="")


def test_the_same_commands_give_the_same_world_whatever_happens_between() -> None:
    """In turn with others, in another process, put away and restored: word for word the same."""
    pool = shared_pool(1)
    alone = [walk(World(pool, *start), number, 4) for number, start in enumerate(STARTS)]
    worlds = [World(pool, *start) for start in STARTS]
    rngs = [random.Random(number) for number in range(len(STARTS))]
    told: list[list[Any]] = [[world.start_text] for world in worlds]
    for turn in range(4):
        for world, rng, heard in zip(worlds, rngs, told, strict=True):
            heard.append(world.step(rng.choice(sorted(world.valid()))))
        if turn == 1:  # what the process answers then is an error of the episode it was asked for
            process = pool.processes[0]
            with pytest.raises(EnvironmentDied, match="a simulator failed"):
                pool.use(worlds[0], worlds[0]._seat, dies)
            assert not process.alive
        pool.forget(worlds[1], worlds[1]._seat)
    assert told == alone
    assert len(pool.processes) == 1


def test_a_world_numbers_its_things_as_if_it_were_alone() -> None:
    """The process counts all objects together and starts again from 0 with each world it loads."""
    task, variation, plan = mixing_episode()
    alone = World(shared_pool(1), task, variation)
    for command in plan[:-1]:
        alone.step(command)
    crowded = World(shared_pool(1), task, variation)
    for command in plan[:-1]:
        World(shared_pool(1), "find-plant", 230).close()
        crowded.step(command)
    assert crowded._objects == alone._objects
    assert crowded.valid() == alone.valid()


def mixing_episode() -> tuple[str, int, list[str]]:
    """The shortest episode in which something is made that was not there."""
    found = [e for e in pack()["episodes"] if any(command.startswith("mix") for command in e["plan"])]
    first = min(found, key=lambda e: len(e["plan"]))
    return first["task"], first["variation"], first["plan"]


def test_questions_leave_a_world_as_it_was() -> None:
    quiet, asked = (World(shared_pool(1), "chemistry-mix", 24) for _ in range(2))
    for command in ("look around", "go to hallway", "go to kitchen"):
        for _ in range(2):
            asked.valid()
            asked.templates()
            asked.description()
        assert asked.step(command) == quiet.step(command)
    assert asked.valid() == quiet.valid()


# -- the pool ------------------------------------------------------------------------------------


class Simulated:
    """Stands for a simulator; ``told`` is what it was asked to carry out."""

    def __init__(self) -> None:
        self.told: list[str] = []


class FakeProcess:
    """A Java process that is none; keeps count of those that run."""

    running = 0
    most = 0

    def __init__(self) -> None:
        self.alive = True
        FakeProcess.running += 1
        FakeProcess.most = max(FakeProcess.most, FakeProcess.running)

    def close(self) -> None:
        FakeProcess.running -= self.alive
        self.alive = False


class FakeWorld:
    """A world whose simulator is what was carried out in it."""

    def __init__(self, pool: Pool, number: int) -> None:
        self.number, self.commands, self.restored = number, [f"begin {number}"], 0
        self._pool, self._seat = pool, pool.seat()

    def restore(self, _process: Any) -> Simulated:
        self.restored += 1
        simulator = Simulated()
        simulator.told = list(self.commands)
        return simulator

    def step(self, command: str) -> list[str]:
        def play(process: Any, simulator: Simulated) -> list[str]:
            assert process.alive
            simulator.told.append(command)
            return list(simulator.told)

        told: list[str] = self._pool.use(self, self._seat, play)  # type: ignore[arg-type]
        self.commands.append(command)
        return told


@pytest.fixture
def fake_pool(monkeypatch: pytest.MonkeyPatch) -> Pool:
    monkeypatch.setattr("acbench.tasks.scienceworld.worlds.JavaProcess", FakeProcess)
    monkeypatch.setattr(FakeProcess, "running", 0)
    monkeypatch.setattr(FakeProcess, "most", 0)
    return Pool(2, worlds=3)


def test_forty_worlds_on_eight_threads_need_no_more_processes_than_allowed(fake_pool: Pool) -> None:
    worlds = [FakeWorld(fake_pool, number) for number in range(40)]
    wrong: list[str] = []

    def play(part: int) -> None:
        for turn in range(6):
            for world in worlds[part::8]:
                told = world.step(f"{world.number} {turn}")
                if told != world.commands:
                    wrong.append(f"{told} instead of {world.commands}")

    threads = [threading.Thread(target=play, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert FakeProcess.most == 2
    assert all(world.restored > 1 for world in worlds)  # 40 worlds, places for 6


def test_a_process_that_died_is_replaced_and_its_worlds_come_back(fake_pool: Pool) -> None:
    world = FakeWorld(fake_pool, 0)
    world.step("a")
    fake_pool.processes[0].close()
    assert world.step("b") == ["begin 0", "a", "b"]
    assert (world.restored, len(fake_pool.processes), FakeProcess.most) == (2, 1, 1)
    fake_pool.close()
    assert FakeProcess.running == 0


def test_a_simulator_that_fails_inside_is_no_score_of_the_model() -> None:
    """It would answer every command with its error and a score of -100 then, as after a wrong focus."""
    pool = shared_pool(1)
    world = World(pool, "find-plant", 230)
    pool.use(world, world._seat, lambda _p, s: s.agentInterface().get().setErrorState("no such thing"))
    with pytest.raises(EnvironmentDied, match=r"a simulator failed \(no such thing\)"):
        world.step("look around")


def test_a_process_has_a_bounded_heap_and_a_password() -> None:
    pool = shared_pool(1)
    process = pool._process(pool._seats[0])
    command = Path(f"/proc/{process.process.pid}/cmdline").read_text(encoding="utf-8").split("\0")
    assert {"-Xmx384m", "-XX:hashCode=2", "--enable-auth"} <= set(command)
    py4j = pytest.importorskip("py4j.java_gateway")
    port = process._gateway.gateway_parameters.port
    stranger = py4j.JavaGateway(gateway_parameters=py4j.GatewayParameters(port=port))
    with pytest.raises(pytest.importorskip("py4j.protocol").Py4JError):
        stranger.jvm.java.lang.System.currentTimeMillis()
    assert process.alive


@pytest.mark.parametrize(
    ("task", "variation", "message"),
    [
        ("find-plont", 1, "find-plant"),
        ("find-plant", 10_000, "variations 0 to"),
        ("power-component", 1, "electrical"),
    ],
)
def test_what_the_package_does_not_have(task: str, variation: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        World(shared_pool(1), task, variation)


# -- hostile text --------------------------------------------------------------------------------

KNOWN = "focus on go to open door use move in reset task look air mix eat wait1 help objects put down pick up"
THINGS = "inventory orange bee kitchen hallway agent OBJ"
HOSTILE = [
    "0",
    "1",
    "-1",
    "é",
    "'",
    "(",
    "\\",
    "{",
    "%s",
    "${x}",
    "\u200b",
    "\t",
    ";",
    "$(",
    "../",
    "\0",
    "٣",
    "\ud800",
]
WORDS = [*KNOWN.split(), *THINGS.split(), *HOSTILE]


@pytest.mark.slow
def test_strange_lines_do_not_break_the_simulator() -> None:
    """2,000 lines in one world, known commands among them; the world goes on to work afterwards."""
    rng = random.Random(5)
    env = Environment(World(shared_pool(1), "lifespan-longest-lived", 93), ["never said"], upstream=True)
    best = 0.0
    for number in range(2000):
        line = " ".join(rng.choices(WORDS, k=rng.randrange(1, 6)))
        if number % 50 == 0:
            line = rng.choice(env.choices())
        step = env.step(line)
        assert 0 < len(step.observation) < 20_000
        assert best <= step.progress <= 1
        assert not step.done
        best = step.progress
    env.step("")  # answers a question, if one is open
    assert env.step("dance").observation == UNKNOWN
    assert env.step("inventory").observation.startswith("In your inventory")


def test_listed_commands_begin_with_known_verbs_and_most_can_be_carried_out() -> None:
    """Not all: the list names things out of reach, and pours what is dry."""
    for start in STARTS:
        world = World(shared_pool(1), *start)
        listed = sorted(world.valid())
        assert {command.split(" ")[0] for command in listed} <= set(VERBS)
        judged = [world.executable(command) for command in listed[::8]]
        assert judged.count(True) > 0.6 * len(judged)
        assert world.step("look around")[0] == world.start_text.partition("\nIn your inventory")[0]


def test_what_can_be_carried_out_is_known_before_the_step() -> None:
    """Things have several names; doors are many, and open from the start."""
    world = World(shared_pool(1), "use-thermometer", 405)
    judged = {
        line: world.executable(line)
        for line in ("go to kitchen", "go kitchen", "look", "fly", "pick up agent")
    }
    assert judged == {
        "go to kitchen": True,
        "go kitchen": True,
        "look": True,
        "fly": False,
        "pick up agent": False,
    }
    assert world.executable("open door") is None
    assert world.step("open door")[0].startswith("Ambiguous request")
    for line in ("task", "help", "objects"):  # answered beside the world
        world.step(line)
        assert world.valid() == {"0", "1", "2", "3", "4", "5"}
        assert world.executable("look around") is None  # and that it was asked changes nothing
    assert world.step("look around")[0].startswith("Unknown action")


# -- the package as it plays by itself -----------------------------------------------------------


@pytest.fixture(scope="module")
def published() -> Iterator[Any]:
    """The package's own environment, with Java as it comes."""
    env = pytest.importorskip("scienceworld").ScienceWorldEnv("", envStepLimit=1000)
    yield env
    env.close()
    process = env._gateway.java_process
    process.wait(10)
    for pipe in (process.stdin, process.stdout):
        pipe.close()
    env._obj_tree_tempdir.cleanup()


def plays(
    published: Any, task: str, variation: int, plan: list[str], walk: int = 0
) -> Iterator[tuple[str, str]]:
    """(action, observation) of the package's environment, driven as AgentBoard does; first the plan, then a walk."""
    published.load(task, variation, SIMPLIFICATIONS)
    first, info = published.reset()
    yield "", first + "\n" + published.inventory()
    rng = random.Random(variation)
    for number in range(len(plan) + walk):
        walked = number >= len(plan)
        action = rng.choice(sorted(filter(steady, info["valid"]))) if walked else plan[number]
        observation, _, _, info = published.step(action)
        yield action, observation


def steady(command: str) -> bool:
    """Bees wander between the rooms outside by chance that no two histories of a process share."""
    return bool(re.match("go|look|inventory|pick|put|close|open|read|pour", command)) and not re.search(
        "bee|outside|greenhouse", command
    )


@pytest.mark.parametrize(
    ("level", "number", "mode"),
    [(1, 0, "corrected"), (1, 4, "upstream"), (2, 3, "upstream"), (3, 1, "corrected")],
)
def test_gold_plans_read_as_in_the_package(published: Any, level: int, number: int, mode: str) -> None:
    episode = [e for e in pack()["episodes"] if e["level"] == level][number]
    compare(published, episode, mode)


def test_a_walk_reads_as_in_the_package(published: Any) -> None:
    """Far from the bees; the sub-goals are what is seen on the way."""
    subgoals = ["closed", "(?i)hallway", "inventory"]
    start = {"task": "use-thermometer", "variation": 385, "plan": ["dance", ""], "subgoals": subgoals}
    compare(published, start, "corrected", walk=20)


def compare(published: Any, episode: dict[str, Any], mode: str, *, walk: int = 0) -> None:
    task, variation, subgoals = episode["task"], episode["variation"], episode["subgoals"]
    env = Environment(World(shared_pool(1), task, variation), subgoals, upstream=mode == "upstream")
    met: set[str] = set()
    said = plays(published, task, variation, episode["plan"], walk)
    assert env.first_observation() == next(said)[1]
    assert env.goal_text() == published.get_task_description()
    for action, observation in said:
        step = env.step(action)
        met |= {pattern for pattern in subgoals if re.search(pattern, observation)}
        assert (action, step.observation) == (action, observation)
        assert (step.progress, step.done) == (len(met) / len(subgoals), len(met) == len(subgoals))
        if step.done:
            break


# -- the last test, because it ends the process ---------------------------------------------------


def test_a_call_that_takes_too_long_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "CALL_LIMIT_S", 0.2)
    pool = shared_pool(1)
    process = pool._process(pool._seats[0])
    sleep = process._gateway.jvm.java.lang.Thread.sleep
    with pytest.raises(EnvironmentDied, match=r"no answer within 0\.2 s"):
        process.call(sleep, 20_000, seed="")
    assert pool.processes == []
