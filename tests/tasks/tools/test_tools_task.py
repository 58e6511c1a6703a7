"""The two tasks: settings, prompts, episodes, grades, channels."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools_stubs import TOOLS, VARIANT, call, context, gold, nothing, pack, play, sheet_world, wanderer

from acbench.errors import ConfigError, DataError
from acbench.tasks.agents.conversation import LEFT_OUT, NO_ACTION
from acbench.tasks.agents.judging import repeats
from acbench.tasks.agents.prompting import CUE
from acbench.tasks.protocol import TOO_LONG, Prompt, Reply, Sample
from acbench.tasks.tools import open_task, replay, task_info
from acbench.tasks.tools.environment import CLOSING, LIST_COMMAND
from acbench.tasks.tools.play import build_environment
from acbench.tasks.tools.prompts import SYSTEM


def flat(prompt: Prompt) -> str:
    return "".join(f"<{m.role}>{m.content}" for m in prompt.messages)


def ended(sample: Sample, *replies: str, finish: str = "stop", **chosen: Any) -> Any:
    """The grade after these replies, the last one repeated until the episode ends."""
    episode = open_task(context(**chosen), VARIANT[sample.data["tool"]]).open(sample)
    turn = 0
    while episode.ask() is not None:
        episode.tell(Reply(replies[min(turn, len(replies) - 1)], finish))
        turn += 1
    return episode.grade()


@pytest.mark.parametrize("variant", ["query", "operation"])
def test_info(variant: str) -> None:
    info = task_info(variant)
    assert (info.slug, info.kind, info.capability) == (f"tool-{variant}", "rollout", "real_world")
    assert [metric.name for metric in info.metrics] == ["progress", "success", "grounding"]
    assert [metric.binary for metric in info.metrics] == [False, True, False]
    assert len(set(info.channels)) == len(info.channels)
    assert open_task(context(), variant).info == info


def test_a_task_has_all_its_simulators() -> None:
    for variant, tools in (("query", ("weather", "movie", "academia")), ("operation", ("todo", "sheet"))):
        samples = open_task(context(per_level=1), variant).samples()
        assert tuple(dict.fromkeys(sample.data["tool"] for sample in samples)) == tools
        assert all(50 < sample.estimated_prompt_tokens < 3000 for sample in samples)


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"tool": ["weather"]}, "tool-query: unknown setting 'tool'; did you mean 'tools'"),
        ({"tools": ["wether"]}, "did you mean 'weather'"),
        ({"tools": ["todo"]}, "tools: unknown 'todo'"),
        ({"tools": "weather"}, "tools must be a non-empty list"),
        ({"levels": []}, "levels must be a non-empty list"),
        ({"levels": [4]}, "levels: unknown 4"),
        ({"per_level": 0}, "per_level must be at least 1"),
        ({"max_steps": "30"}, "max_steps must be a whole number"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": True}, "seed must be a whole number"),
        ({"slack": -1}, "slack must be at least 0"),
        ({"keep_first": 1}, "keep_first must be true or false"),
        ({"format": "chats"}, "did you mean 'chat'"),
        ({"check_state": "never"}, "unknown check_state"),
        ({"sheet_match": "upstream"}, "unknown setting 'sheet_match'"),  # belongs to the operation task
        ({"unrecorded": "skip"}, "unknown unrecorded"),
        ({"mode": "clean"}, "unknown mode 'clean'"),
    ],
)
def test_wrong_settings_are_named(given_settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_task(context(**given_settings), "query")


def test_the_score_of_a_table_is_a_setting_of_the_operation_task() -> None:
    sample = pack("sheet", levels=[2], per_level=1)[0]
    looks = ["get_all_values with Action Input: {}", "finish with Action Input: {}"]
    found = {}
    for name, chosen in (
        ("own", {}),
        ("published", {"sheet_match": "upstream"}),
        ("mode", {"mode": "upstream"}),
        ("back", {"mode": "upstream", "sheet_match": "normalized"}),
    ):
        grade = ended(sample, *looks, **chosen)
        found[name] = (grade.scores["progress"], grade.detail["sheet_match"])
        assert grade.detail["match_normalized"] == 0.0
    assert found["own"] == found["back"] == (0.0, "normalized")
    assert found["published"] == found["mode"] == (found["mode"][0], "upstream")
    assert 0.0 < found["mode"][0] < 1.0
    with pytest.raises(ConfigError, match="did you mean 'normalized'"):
        open_task(context(sheet_match="normalised"), "operation")


def test_turns_are_capped_at_the_easy_levels() -> None:
    budgets = {sample.level: sample.data["budget"] for sample in pack("weather")}
    assert budgets == {"L1": 7, "L2": 9, "L3": 30}
    assert {sample.data["budget"] for sample in pack("weather", slack=None)} == {30}
    assert {sample.data["budget"] for sample in pack("weather", max_steps=3)} == {3}


def test_upstream_mode_changes_the_defaults_only() -> None:
    sample = pack("todo")[0]
    prompt = open_task(context(mode="upstream"), "operation").open(sample).ask()
    assert prompt is not None
    assert [m.role for m in prompt.messages] == ["system", "user"]
    assert prompt.messages[1].content.endswith("\nAction: ")
    assert (prompt.prefill, prompt.sampling.max_tokens) == ("", 100)
    own = open_task(context(mode="upstream", format="chat", max_tokens=7), "operation").open(sample).ask()
    assert own is not None
    assert (own.prefill, own.sampling.max_tokens, own.sampling.stop) == (CUE, 7, ("\n",))


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("layout", ["chat", "single"])
def test_prompts_grow_at_their_end_and_share_all_before_the_goal(tool: str, layout: str) -> None:
    task = open_task(context(tools=[tool], format=layout, levels=[3], per_level=4), VARIANT[tool])
    starts = set()
    for sample in task.samples():
        _, prompts, _ = play(task.open(sample), gold(sample))
        texts = [flat(prompt).removesuffix("\nAction: ") for prompt in prompts]
        for earlier, later in pairwise(texts):
            assert later.startswith(earlier)
        marks = ("A new task.\nGoal: ", "Now it is your turn.\nGoal: ")
        start, found, rest = texts[0].partition(marks[layout == "single"])
        assert found
        assert rest.startswith(sample.data["goal"])
        starts.add(start)
        for tool_entry in build_environment(sample.data).simulator.toolbox.tools.values():
            assert tool_entry.signature() in start
        assert SYSTEM in start
        assert f"'{LIST_COMMAND}'" in start
    assert len(starts) == 1


def test_the_opened_sheet_stands_in_the_first_prompt() -> None:
    sample = pack("sheet")[0]
    prompt = open_task(context(), "operation").open(sample).ask()
    assert prompt is not None
    assert prompt.messages[-2].content.startswith(f"{CUE} open_sheet with Action Input: ")
    assert (
        str(sample.data["world"]["sheets"][sample.data["world"]["name"]]["rows"])
        in prompt.messages[-1].content
    )


def test_history_holds_calls_but_not_what_is_no_call() -> None:
    sample = pack("todo")[0]
    episode = open_task(context(), "operation").open(sample)
    for reply, remembered in (
        (
            "Thought: hm.\nAction: get_task_duration with Action Input: {}\nObservation: x",
            "get_task_duration with Action Input: {}",
        ),
        ("I do not know", NO_ACTION),
    ):
        episode.ask()
        episode.tell(Reply(reply))
        prompt = episode.ask()
        assert prompt is not None
        assert prompt.messages[-2].content == f"{CUE} {remembered}"
        assert "I do not know" not in flat(prompt)


@pytest.mark.parametrize(
    ("replies", "finish", "channel"),
    [
        ((call("finish", answer="x"),), "stop", "premature_finish"),
        ((call("fly", to="moon"),), "stop", "unknown_tool"),
        ((call("get_movie_details", id=1),), "stop", "bad_arguments"),
        ((call("get_movie_details", movie_id=1),), "stop", "invalid_action"),
        (("I cannot do that",), "stop", "unparsed"),
        (("get_movie_details with Action",), "length", "cut"),
        ((LIST_COMMAND,), "stop", "loop"),
        (
            (call("get_search_movie", movie_name="a"), LIST_COMMAND, call("get_search_movie", movie_name="b"))
            * 3,
            "stop",
            "budget",
        ),
    ],
)
def test_channels_of_failed_episodes(replies: tuple[str, ...], finish: str, channel: str) -> None:
    sample = pack("movie", max_steps=8)[10]
    grade = ended(sample, *replies, finish=finish, max_steps=8)
    assert grade.channel == channel
    assert grade.channel in task_info("query").channels
    assert grade.scores["success"] == 0.0
    assert json.dumps(dict(grade.detail))


def test_a_wrong_answer_is_not_a_premature_one() -> None:
    sample = pack("movie")[10]
    *calls, _ = sample.data["plan"]
    assert ended(sample, *calls, call("finish", answer="x")).channel == "wrong_answer"
    assert ended(sample, calls[0], call("finish", answer="x")).channel == "premature_finish"


def test_channels_of_changes() -> None:
    todo = next(sample for sample in pack("todo") if sample.level == "L3" and sample.data["final"])
    assert ended(todo, *todo.data["plan"]).channel == "correct"
    assert ended(todo, todo.data["plan"][-1]).channel == "premature_finish"
    target = [["k", "v"], ["a", "1"], ["b", "2"]]
    start = [["k", "v"], ["a", "8"], ["b", "9"]]
    data = {**pack("sheet")[0].data, "world": sheet_world(start), "target": target, "offered": None}
    sheet = Sample("s", data, "L1")
    first, second = call("update_cell", position="B2", value=1), call("update_cell", position="B3", value=2)
    assert ended(sheet, call("finish")).channel == "premature_finish"
    assert ended(sheet, first, call("finish")).channel == "wrong_state"
    assert ended(sheet, first, second, call("finish")).channel == "correct"


def test_an_extra_change_spoils_the_final_state() -> None:
    sample = next(s for s in pack("todo") if s.level == "L1" and s.data["plan"][0].startswith("update_task"))
    store = build_environment(sample.data).simulator
    changed = json.loads(sample.data["plan"][0].partition("Input: ")[2])["task_id"]
    other = next(t.id for p in store.projects for t in p.tasks if t.id != changed)  # type: ignore[attr-defined]
    offered = [*sample.data["offered"], "delete_task"]
    data = {**sample.data, "offered": offered}
    wider = Sample(sample.id, data, sample.level)
    grade = ended(wider, sample.data["plan"][0], call("delete_task", task_id=other), sample.data["plan"][1])
    assert (grade.channel, grade.scores["progress"], grade.scores["success"]) == ("wrong_state", 1.0, 0.0)


def test_detail_tells_the_story() -> None:
    sample = pack("academia")[10]
    grade = ended(sample, "dance", call("fly"), call("fly"), *sample.data["plan"])
    detail = grade.detail
    assert grade.channel == "correct"
    assert (detail["turns"], detail["invalid_turns"], detail["gold_calls"]) == (6, 3, 3)
    assert detail["outcomes"] == ["unparsed", "invalid", "invalid", "valid", "valid", "valid"]
    assert detail["troubles"] == {"format": 1, "unknown_tool": 2}
    assert (detail["repeated_turns"], detail["finished"]) == (1, True)
    assert detail["score_changes"][-1] == [5, 1.0]
    assert grade.scores["grounding"] == 0.5


def test_repeats_do_not_count_silence() -> None:
    assert repeats(["a", "a", "b", "", "", "a"]) == 1


@pytest.mark.parametrize("tool", TOOLS)
def test_a_killed_run_resumes_from_its_replies(tool: str) -> None:
    task = open_task(context(tools=[tool]), VARIANT[tool])
    for sample in task.samples()[::7]:
        grade, prompts, replies = play(task.open(sample), wanderer(sample))
        stored = iter(replies)
        again, prompts_again, _ = play(task.open(sample), lambda _, told=stored: next(told))  # type: ignore[misc]
        assert (again, prompts_again) == (grade, prompts)


def test_asking_twice_changes_nothing_and_the_end_is_the_end() -> None:
    sample = pack("todo")[0]
    episode = open_task(context(), "operation").open(sample)
    assert episode.ask() is episode.ask()
    with pytest.raises(DataError, match="not over"):
        episode.grade()
    play(episode, gold(sample))
    with pytest.raises(DataError, match="after the episode's end"):
        episode.tell(Reply("x"))


@pytest.mark.parametrize("layout", ["chat", "single"])
def test_windows(layout: str) -> None:
    sample = pack("todo")[-1]
    tiny = open_task(context(window=60, format=layout), "operation").open(sample)
    assert tiny.ask() is None
    assert (tiny.grade().state, tiny.grade().channel, dict(tiny.grade().scores)) == (
        "too_long",
        "too_long",
        {},
    )
    task = open_task(context(window=720, format=layout), "operation")
    _, prompts, _ = play(task.open(sample), lambda _: call("get_projects"))
    assert len(prompts) == 30
    assert LEFT_OUT in flat(prompts[-1])
    for prompt in prompts:
        assert len(context().renderer.render(prompt)) + prompt.sampling.max_tokens <= 720
        assert sample.data["goal"] in flat(prompt)
    engine = open_task(context(), "operation").open(sample)
    engine.ask()
    engine.tell(Reply("", TOO_LONG))
    assert engine.ask() is None
    assert engine.grade().state == "too_long"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(max_size=60)
            | st.sampled_from(["Action:", "<think>", "```", "{}", "finish with Action Input: {"]),
            st.sampled_from(["stop", "length"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_hostile_replies_never_raise_and_turns_are_bounded(replies: list[tuple[str, str]]) -> None:
    for sample in pack("sheet", levels=[1], per_level=1) + pack("weather", levels=[1], per_level=1):
        episode = open_task(context(), VARIANT[sample.data["tool"]]).open(sample)
        turns = 0
        while episode.ask() is not None:
            episode.tell(Reply(*replies[turns % len(replies)]))
            turns += 1
        assert turns <= sample.data["budget"]
        grade = episode.grade()
        assert grade.channel in task_info("query").channels
        assert all(0.0 <= value <= 1.0 for value in grade.scores.values())


def test_replay_tells_every_step_and_ends_with_the_episode() -> None:
    sample = pack("academia")[10]
    steps = replay(sample, ["dance", *sample.data["plan"], "look around"])
    assert replay(sample.data, ["dance", *sample.data["plan"]]) == steps
    assert [step["valid"] for step in steps] == [False, True, True, True]
    assert steps[-1]["done"]
    assert set(steps[0]) == {"action", "observation", "valid", "progress", "done"}
    with pytest.raises(DataError, match="field 'world'"):
        replay({"tool": "todo"}, [])
    env = build_environment(sample.data)
    for line in sample.data["plan"]:
        env.step(line)
    assert env.step(sample.data["plan"][0]).observation == CLOSING


def test_doing_nothing_is_worth_nothing_even_with_a_sheet_on_screen() -> None:
    for sample in pack("sheet"):
        task = open_task(context(), "operation")
        assert play(task.open(sample), nothing)[0].scores["progress"] == 0.0
        assert ended(sample, call("get_all_values")).scores["progress"] == 0.0


@pytest.mark.parametrize("tool", TOOLS)
def test_the_easiest_level_shows_the_right_call_among_others(tool: str) -> None:
    mark = "\nYou can call one of these:\n- "
    for sample in pack(tool, levels=[1]):
        episode = open_task(context(), VARIANT[tool]).open(sample)
        prompt = episode.ask()
        assert prompt is not None
        shown = prompt.messages[-1].content.rpartition(mark)[2].split("\n- ")
        assert sample.data["plan"][0] in shown
        assert 1 <= len(shown) <= 3
        tools = build_environment(sample.data).simulator.toolbox.tools
        assert all(line.split(" with ")[0] in tools for line in shown)
        episode.tell(Reply(sample.data["plan"][0]))
        following = episode.ask()
        assert following is not None
        assert mark not in following.messages[-1].content  # a call was made: what follows is up to the model
        assert not any(mark in step["observation"] for step in replay(sample, sample.data["plan"]))
    for chosen in ({"mode": "upstream"}, {"show_choices": False}):
        plain = pack(tool, levels=[1], per_level=1, **chosen)[0]
        prompt = open_task(context(**chosen), VARIANT[tool]).open(plain).ask()
        assert prompt is not None
        assert mark not in flat(prompt)
    hard = open_task(context(), VARIANT[tool]).open(pack(tool, levels=[3], per_level=1)[0]).ask()
    assert hard is not None
    assert mark not in flat(hard)
