"""The task on real worlds: one Java process for the whole module."""

from __future__ import annotations

import random
import re
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest
from scienceworld_stubs import context, gold, nothing, pack_samples, play, wanderer

from acbench.errors import ConfigError, DataError, EnvironmentDied
from acbench.tasks.protocol import Reply
from acbench.tasks.registry import task_info
from acbench.tasks.scienceworld import INFO, java, open_task, replay
from acbench.tasks.scienceworld.making import FEWEST, MOST, TIERS, write_pack
from acbench.tasks.scienceworld.samples import PACK_FILE, embedded_data, environment_for, example_for, pack
from acbench.tasks.scienceworld.worlds import Pool, World, shared_pool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


def test_the_registry_knows_the_task() -> None:
    assert task_info("scienceworld") is INFO


def test_the_pack_has_ten_episodes_a_level() -> None:
    episodes = pack()["episodes"]
    assert [sum(e["level"] == level for e in episodes) for level in (1, 2, 3)] == [10, 10, 10]
    assert len({(e["task"], e["variation"]) for e in [*episodes, pack()["example"]]}) == len(episodes) + 1
    for episode in episodes:
        tier = TIERS[episode["level"]]
        assert tier.shortest <= len(episode["plan"]) <= min(30, tier.longest)
        assert FEWEST <= len(episode["subgoals"]) <= MOST
        hard = len(episode["plan"]) > 15 or len(episode["subgoals"]) > 3
        assert episode["difficulty"] == ("hard" if hard else "easy")


def test_the_pack_file_is_written_as_it_is_read(tmp_path: Path) -> None:
    write_pack(pack(), tmp_path / "pack.json")
    assert (tmp_path / "pack.json").read_bytes() == PACK_FILE.read_bytes()


@pytest.mark.slow
def test_gold_plans_replay_to_success_and_doing_nothing_to_nothing() -> None:
    """Every episode of the pack, from the recorded first observation, with the progress of all agents."""
    task = open_task(context())
    progress: dict[str, list[float]] = {"gold": [], "random": []}
    for sample in task.samples():
        grade, prompts, _ = play(task.open(sample), gold(sample))
        progress["gold"].append(grade.scores["progress"])
        assert (grade.scores["success"], grade.scores["native"], grade.channel) == (1.0, 1.0, "correct")
        assert len(prompts) == len(sample.data["plan"])
        if sample.id[-2:] not in ("00", "05"):  # the other agents play two episodes a level, to be quick
            continue
        idle, _, _ = play(task.open(sample), nothing)
        # The simulator gives points for where an episode begins, so its score may be above 0 then.
        assert {**idle.scores, "native": 0.0} == {
            "progress": 0.0,
            "success": 0.0,
            "grounding": 0.0,
            "native": 0.0,
        }
        assert idle.channel == "unparsed"
        progress["random"].append(play(task.open(sample), wanderer(sample))[0].scores["progress"])
    assert mean(progress["gold"]) == 1
    assert 0.05 < mean(progress["random"]) < 0.9


def test_the_published_example_holds_word_for_word() -> None:
    """Specification, section 2.1: lifespan-longest-lived, variation 5."""
    data = {
        "task": "lifespan-longest-lived",
        "variation": 5,
        "subgoals": ["You move to the outside.", "You focus on the crocodile egg."],
    }
    actions = [
        "check valid actions",
        "go to hallway",
        "go to greenhouse",
        "go to outside",
        "focus on crocodile",
    ]
    steps = replay(data, actions)
    assert [step["progress"] for step in steps] == [0, 0, 0, 0.5, 1.0]
    assert all(step["valid"] for step in steps)
    assert set(steps[0]) == {"action", "observation", "valid", "progress", "done"}
    assert steps[-1]["done"]
    assert "reset" not in steps[0]["observation"]
    assert not replay(data, actions, mode="upstream")[1]["valid"]


def test_a_wrong_focus_ends_the_episode() -> None:
    data = {"task": "lifespan-longest-lived", "variation": 5, "subgoals": ["You move to the outside."]}
    assert replay(data, ["focus on table", "wait"])[-1]["observation"].endswith("The task has failed.")
    assert len(replay(data, ["focus on table", "wait"], mode="upstream")) == 2


def walk(world: World, seed: int, steps: int) -> list[Any]:
    """A random walk over listed commands, each told."""
    rng = random.Random(seed)
    told: list[Any] = [world.start_text]
    for _ in range(steps):
        told.append(world.step(rng.choice(sorted(world.valid()))))
    return told


def test_the_same_commands_give_the_same_world_whatever_happens_between() -> None:
    """In turn with others, put away and restored, and in another process: word for word the same."""
    pool = shared_pool(1)
    starts = [("find-plant", 230), ("boil", 22), ("use-thermometer", 410)]
    alone = [walk(World(pool, *start), number, 8) for number, start in enumerate(starts)]
    narrow = Pool(1, worlds=1)  # every change of the world is a replay
    pool.close()
    try:
        worlds = [World(narrow, *start) for start in starts]
        rngs = [random.Random(number) for number in range(len(starts))]
        told: list[list[Any]] = [[world.start_text] for world in worlds]
        for _ in range(8):
            for world, rng, heard in zip(worlds, rngs, told, strict=True):
                heard.append(world.step(rng.choice(sorted(world.valid()))))
        assert told == alone
    finally:
        narrow.close()


def test_a_dead_process_is_an_error_of_its_episode_and_is_replaced() -> None:
    pool = shared_pool(1)
    world = World(pool, "find-plant", 230)
    before = world.step("look around")
    process = pool.processes[0]

    def dies(process: Any, simulator: Any) -> Any:
        process.process.kill()
        process.process.wait()
        return process.call(simulator.getScore, seed="")

    with pytest.raises(EnvironmentDied, match="a simulator failed"):
        pool.use(world, world._seat, dies)
    assert not process.alive
    again = World(pool, "find-plant", 230)
    assert again.step("look around") == before
    assert len(pool.processes) == 1
    assert world.step("inventory")[1] == again.step("inventory")[1]


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


def test_a_world_that_does_not_begin_as_recorded_is_refused() -> None:
    data = {**embedded_data(pack()["example"]), "first": "Nothing."}
    with pytest.raises(DataError, match=r"scienceworld 1\.2\.3"):
        environment_for(data, upstream=False, show_actions=False)


def test_strange_lines_do_not_break_the_simulator() -> None:
    rng = random.Random(5)
    data = embedded_data(pack()["example"])
    env = environment_for(data, upstream=True, show_actions=False)
    words = [
        "focus",
        "on",
        "go",
        "to",
        "open",
        "door",
        "use",
        "move",
        "in",
        "reset",
        "task",
        "0",
        "é",
        "'",
        "(",
        "\\",
    ]
    words += [
        "inventory",
        "orange",
        "OBJ",
        "agent",
        "{",
        "%s",
        "\u200b",
        "look",
        "air",
        "mix",
        "eat",
        "\t",
        "wait",
    ]
    for _ in range(150):
        line = " ".join(rng.choices(words, k=rng.randrange(1, 6)))
        step = env.step(line)
        assert step.observation
        assert 0 <= step.progress <= 1


def test_the_prompt_holds_example_goal_and_exits() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    prompt = open_task(context()).open(sample).ask()
    assert prompt is not None
    assert [message.role for message in prompt.messages[:3]] == ["system", "user", "assistant"]
    assert prompt.prefill == "Action:"
    last = prompt.messages[-1].content
    assert re.search(r"^You can go to: ", last, re.MULTILINE)
    assert "\nGoal: Your task is to" in last
    single = open_task(context(mode="upstream")).open(sample).ask()
    assert single is not None
    assert single.messages[1].content.endswith("\nAction: ")
    assert "You can go to" not in single.messages[1].content.split("Now it is your turn.")[1]


def test_the_example_ends_with_its_goal() -> None:
    lines = example_for(upstream=False, show_actions=False)
    assert lines[0][0] == "Goal"
    assert lines[-1][1].endswith("The task is completed.")


def test_episodes_end_by_their_budget_and_windows_that_are_too_small_give_no_score() -> None:
    task = open_task(context(max_steps=3, levels=[1], per_level=1))
    episode = task.open(task.samples()[0])
    grade, prompts, _ = play(episode, lambda _: "wait1")
    assert (len(prompts), grade.channel) == (3, "loop")
    with pytest.raises(DataError, match="after the episode's end"):
        episode.tell(Reply("wait"))
    small = open_task(context(window=60, levels=[1], per_level=1))
    grade, prompts, _ = play(small.open(small.samples()[0]), nothing)
    assert (grade.state, grade.scores, prompts) == ("too_long", {}, [])
