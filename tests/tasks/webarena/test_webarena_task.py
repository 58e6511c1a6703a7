"""The task: visits, pack, agents, prompts, settings, hostile lines."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webarena_stubs import (
    ALONE,
    HOME,
    LONG,
    context,
    environment,
    filled,
    gold,
    nothing,
    pack_samples,
    play,
    reach,
    shown_actions,
    wanderer,
)

from acbench.errors import ConfigError, DataError
from acbench.tasks.protocol import Reply
from acbench.tasks.webarena import INFO, open_task, replay, row_data
from acbench.tasks.webarena.environment import STOPPED, Environment
from acbench.tasks.webarena.making import make_pack, write_pack
from acbench.tasks.webarena.samples import PACK_FILE, environment_for, example_for, pack
from acbench.tasks.webarena.sites import NAMES

EPISODES = pack()["episodes"]


def visit(episode: dict[str, Any], *, upstream: bool = False) -> Environment:
    return environment_for(row_data(episode), upstream=upstream, show_actions=False)


# -- one visit -----------------------------------------------------------------------------------


def test_a_visit_ends_at_progress_one() -> None:
    env = environment(reach(f"{HOME}line/3"))
    steps = [env.step(line) for line in (f"@click [{LONG}]@", "@click [6]@", "@go_back@")]
    assert [step.progress for step in steps] == [0, 1, 1]
    assert [step.done for step in steps] == [False, True, True]
    assert steps[2].observation == STOPPED
    assert not steps[2].valid
    assert env.success
    assert env.facts() == {"address": f"{HOME}line/3", "ended": "goal", "answer": ""}


def test_progress_never_falls() -> None:
    env = environment(reach(f"{HOME}line/3"))
    steps = [env.step(line) for line in (f"@click [{LONG}]@", "@click [5]@", "@go_back@", "@go_back@")]
    assert [step.progress for step in steps] == [0, 0.5, 0.5, 0.5]
    assert not env.success


def test_stop_gives_the_answer() -> None:
    wanted = {"eval_types": ["string_match"], "reference_answers": {"must_include": ["3"]}}
    right, wrong = environment(wanted), environment(wanted)
    step = right.step("@stop [3]@")
    assert (step.valid, step.done, step.progress, right.success, right.ending()) == (
        True,
        True,
        1.0,
        True,
        "",
    )
    step = wrong.step("@stop [13]@")
    assert (step.valid, step.done, step.progress, wrong.success) == (True, True, 0.0, False)
    assert (wrong.ending(), wrong.facts()["answer"]) == ("wrong_answer", "13")


def test_success_by_the_address_that_is_open_at_the_end() -> None:
    """The reference lies within the address, though its last part is no whole part of the path."""
    env = environment(reach(f"{HOME}li"))
    found = []
    for line in (f"@click [{LONG}]@", "@click [6]@", f"@goto [{HOME}]@", "@go_back@", "@stop [done]@"):
        step = env.step(line)
        found.append((step.progress, env.success))
    assert found == [(0, False), (0, True), (0, False), (0, True), (0, True)]
    assert (env.done, env.ending()) == (True, "")


def test_progress_one_is_a_success_without_the_answer() -> None:
    answers = {"reference_answers": {"must_include": ["3"]}}
    env = environment({**reach(f"{HOME}long"), **answers, "eval_types": ["string_match", "url_match"]})
    step = env.step(f"@click [{LONG}]@")
    assert (step.progress, step.done, env.success) == (1, True, True)


def test_a_page_is_looked_up_where_the_target_says() -> None:
    target = {"url": f"{HOME}line/9", "locator": "", "required_contents": {"must_include": ["At /line/9"]}}
    env = environment({"eval_types": ["program_html"], "program_html": [target]})
    env.step(f"@click [{LONG}]@")
    assert (env.progress, env.success) == (0, True)
    last = environment({"eval_types": ["program_html"], "program_html": [{**target, "url": "last"}]})
    assert not last.success


def test_what_is_no_action_and_what_cannot_be_done() -> None:
    env = environment()
    step = env.step("hello")
    assert (step.valid, step.understood) == (False, False)
    assert "between @ signs" in step.observation
    assert "Address" not in step.observation
    step = env.step("@click [99]@")
    assert (step.valid, step.understood) == (False, True)
    assert step.observation.startswith("There is no element [99] in view.\nTab 0 (current): Home\n")
    upstream = environment(upstream=True)
    step = upstream.step("@click [99]@")
    assert (step.valid, step.observation) == (True, upstream.first_observation())
    step = upstream.step(f"click [{LONG}]")
    assert (step.valid, step.understood) == (False, False)
    assert environment().step(f"click [{LONG}]").valid


def ended_after(line: str, most: int = 40, before: str = "") -> int:
    """How often a line can be said until the visit ends; ``before``: said once in between."""
    env = environment()
    for turn in range(1, most):
        if env.step(line).done:
            assert env.ending() == ("unparsed" if line == "nonsense" else "loop")
            return turn
        if before:
            env.step(before)
    return 0


def test_early_stops() -> None:
    assert ended_after("nonsense") == 5
    assert ended_after("@click [1]@") == 5
    assert ended_after("@hover [99]@") == 5
    assert ended_after("@scroll [down]@") == 10
    assert ended_after(f"@type [{ALONE}] [x] [0]@") == 5


def test_only_typing_counts_when_something_else_comes_between() -> None:
    assert ended_after("nonsense", before="@scroll [up]@") == 0
    assert ended_after(f"@type [{ALONE}] [x] [0]@", before="@press [Tab]@") == 5
    alternating = environment()
    lines = ["@click [1]@", "@press [Tab]@", "nonsense", "@hover [1]@"]
    assert not any(alternating.step(lines[n % 4]).done for n in range(40))


def test_the_possible_actions_can_all_be_carried_out() -> None:
    for episode in EPISODES[::9]:
        rng = Random(episode["id"])
        for choice in visit(episode).choices():
            env = visit(episode)
            assert env.step(filled(choice, "word", rng)).valid, choice
    shown = environment(show_actions=True).first_observation()
    assert shown.endswith("- @click [14]@ Long\n- @type [15] [words] [1]@ Alone\n- @stop [answer]@")


# -- the pack ------------------------------------------------------------------------------------


def test_the_pack_has_nine_intents_a_site() -> None:
    samples = pack_samples()
    assert Counter(sample.level for sample in samples) == {"L1": 18, "L2": 18, "L3": 18}
    assert Counter(sample.data["sites"][0] for sample in samples) == dict.fromkeys(NAMES, 9)
    kinds = Counter(kind for sample in samples for kind in sample.data["eval"]["eval_types"])
    assert all(kinds[kind] >= 15 for kind in ("string_match", "url_match", "program_html"))
    assert any(len(sample.data["eval"]["eval_types"]) == 2 for sample in samples)
    assert {sample.data["difficulty"] for sample in samples if sample.level == "L3"} == {"hard"}
    assert {sample.data["difficulty"] for sample in samples if sample.level != "L3"} == {"easy"}
    assert len({sample.data["goal"] for sample in samples}) == 54
    verbs = {action.strip("@").split()[0] for sample in samples for action in sample.data["plan"]}
    assert {"click", "type", "hover", "scroll", "new_tab", "goto", "go_back", "stop"} <= verbs
    json.dumps([dict(sample.data) for sample in samples])


@pytest.mark.parametrize("episode", EPISODES, ids=lambda e: f"{e['level']}-{e['id']:02d}")
def test_every_gold_plan_replays_to_success(episode: dict[str, Any]) -> None:
    assert len(episode["plan"]) <= {1: 1, 2: 4, 3: 12}[episode["level"]]
    for upstream in (False, True):
        env = visit(episode, upstream=upstream)
        steps = []
        for action in episode["plan"]:
            assert not env.success
            steps.append(env.step(action))
        assert all(step.valid for step in steps)
        assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]
        assert (env.progress, env.success) == (1.0, True)


@pytest.mark.parametrize("episode", EPISODES, ids=lambda e: f"{e['level']}-{e['id']:02d}")
def test_doing_nothing_and_answering_nothing_are_worth_nothing(episode: dict[str, Any]) -> None:
    env = visit(episode)
    assert env.goal_text() == episode["additional_info"]["intent_template"].format(
        **episode["additional_info"]["instantiation_dict"]
    )
    for line in ("idle", "@scroll [up]@", "@stop []@"):
        step = env.step(line)
        assert (step.progress, env.success) == (0.0, False)


def test_the_frozen_pack_is_what_the_maker_makes(tmp_path: Path) -> None:
    write_pack(make_pack(), tmp_path / "pack.json")
    assert (tmp_path / "pack.json").read_bytes() == PACK_FILE.read_bytes()


def test_two_visits_share_nothing() -> None:
    episode = next(e for e in EPISODES if e["additional_info"]["eval"]["eval_types"] == ["program_html"])
    one, other = visit(episode), visit(episode)
    for action in episode["plan"]:
        one.step(action)
    assert (one.success, other.success, other.progress) == (True, False, 0.0)
    assert other.first_observation() == visit(episode).first_observation()


# -- agents --------------------------------------------------------------------------------------


def test_gold_do_nothing_and_random_agents() -> None:
    task = open_task(context())
    progress: dict[str, list[float]] = {"gold": [], "nothing": [], "random": []}
    channels: Counter[str] = Counter()
    for sample in task.samples():
        for name, agent in (("gold", gold(sample)), ("nothing", nothing), ("random", wanderer(sample))):
            grade, prompts = play(task.open(sample), agent)
            progress[name].append(grade.scores["progress"])
            assert len(prompts) <= sample.data["budget"] <= 30
            assert grade.channel in INFO.channels
            if name == "gold":
                assert grade.scores == {"progress": 1.0, "success": 1.0, "grounding": 1.0}
                assert grade.channel == "correct"
            if name == "nothing":
                assert grade.scores == {"progress": 0.0, "success": 0.0, "grounding": 0.0}
                assert grade.channel == "unparsed"
            if name == "random":
                channels[grade.channel] += 1
    assert mean(progress["gold"]) == 1
    assert 0.05 < mean(progress["random"]) < 0.6
    assert channels["wrong_answer"] > 0


def test_a_word_for_word_policy_solves_only_easy_episodes() -> None:
    """What a small model needs at level 1: the number in front of the name that the goal says."""

    def literal(prompt: Any) -> str:
        text = prompt.messages[-1].content
        goal = text.rpartition("Goal: ")[2].split("\n")[0]
        page = text.rpartition("Observation: ")[2]
        for line in page.split("\n"):
            number, _, rest = line.strip().partition(" ")
            name = rest.split("'")[1] if rest.count("'") > 1 else ""
            if rest.startswith("link") and name and name in goal:
                return f"@click {number}@"
        return "@stop []@"

    solved = {}
    for level in (1, 3):
        task = open_task(context(levels=[level]))
        solved[level] = mean(play(task.open(s), literal)[0].scores["success"] for s in task.samples())
    assert solved[1] > 0.3
    assert solved[3] == 0


def test_a_wrong_answer_has_its_own_channel() -> None:
    sample = next(s for s in pack_samples(levels=[1]) if s.data["eval"]["eval_types"] == ["string_match"])
    grade, _ = play(open_task(context()).open(sample), lambda _: "Action: @stop [nothing like it]@")
    assert (grade.channel, grade.detail["answer"], grade.detail["ended"]) == (
        "wrong_answer",
        "nothing like it",
        "stop",
    )


def test_a_bare_action_and_a_cue_are_heard() -> None:
    sample = next(s for s in pack_samples(levels=[1]) if s.data["plan"] == ["@click [4]@"])
    for reply in ("click [4]", "Action: @click [4]@", " @click [4]@ because", "**Action:** click [4]"):
        grade, _ = play(open_task(context()).open(sample), lambda _, reply=reply: reply)  # type: ignore[misc]
        assert grade.scores["success"] == 1, reply
    assert (
        play(open_task(context(mode="upstream")).open(sample), lambda _: "click [4]")[0].scores["success"]
        == 0
    )


def test_the_prompt_holds_example_goal_and_actions() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    prompt = open_task(context()).open(sample).ask()
    assert prompt is not None
    assert [message.role for message in prompt.messages[:3]] == ["system", "user", "assistant"]
    assert prompt.prefill == "Action:"
    assert prompt.sampling.max_tokens == 64
    last = prompt.messages[-1].content
    assert f"\nGoal: {sample.data['goal']}" in last
    assert sample.data["plan"][0] in shown_actions(prompt)
    assert "Address: http://www.cartwheel-goods.example/" in last


def test_the_prompt_of_upstream_mode() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    prompt = open_task(context(mode="upstream")).open(sample).ask()
    assert prompt is not None
    assert len(prompt.messages) == 2
    assert prompt.messages[1].content.endswith("\nAction: ")
    assert "You can do one of these" not in prompt.messages[1].content
    assert prompt.sampling.max_tokens == 100


def test_the_example_ends_well_and_is_in_no_pack() -> None:
    lines = example_for(upstream=False, show_actions=True)
    assert [label for label, _ in lines] == ["Goal", "Observation", *["Action", "Observation"] * 2]
    assert visit(pack()["example"]).goal_text() not in {episode["goal"] for episode in EPISODES}
    steps = replay(row_data(pack()["example"]), pack()["example"]["plan"])
    assert steps[-1]["progress"] == 1.0


def test_a_thinking_agent() -> None:
    sample = next(s for s in pack_samples(levels=[1]) if s.data["plan"] == ["@click [4]@"])
    replies = iter(["Think: the link is there.", "Think: so I click.\nAction: @click [4]@"])
    grade, prompts = play(open_task(context(agent="react")).open(sample), lambda _: next(replies))
    assert (grade.scores["success"], len(prompts), grade.detail["turns"]) == (1, 2, 1)


def test_outcomes_of_turns() -> None:
    task = open_task(context(levels=[3], max_steps=4))
    episode = task.open(task.samples()[0])
    for reply in (Reply("@scroll [up]@"), Reply("@click [98]@"), Reply("hmm"), Reply("@click [", "length")):
        assert episode.ask() is not None
        episode.tell(reply)
    assert episode.grade().detail["outcomes"] == ["valid", "invalid", "unparsed", "cut"]


def test_batch_order_does_not_matter() -> None:
    task = open_task(context(per_level=4))
    samples = task.samples()
    alone = [play(task.open(s), wanderer(s))[0] for s in samples]
    together = [(task.open(s), wanderer(s)) for s in samples]
    while any(episode.ask() is not None for episode, _ in together):
        for episode, agent in together:
            prompt = episode.ask()
            if prompt is not None:
                episode.tell(Reply(agent(prompt)))
    assert [episode.grade() for episode, _ in together] == alone


def test_replay_tells_every_step_and_stops_at_the_end() -> None:
    sample = pack_samples(levels=[2], per_level=1)[0]
    plan = sample.data["plan"]
    steps = replay(sample, ["fly", *plan, "@go_back@"])
    assert [step["action"] for step in steps] == ["fly", *plan]
    assert set(steps[0]) == {"action", "observation", "valid", "progress", "done"}
    assert (steps[0]["valid"], steps[-1]["done"], steps[-1]["progress"]) == (False, True, 1.0)


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"level": [1]}, "webarena: unknown setting 'level'"), ({"levels": [4]}, "levels: unknown 4"),
     ({"max_steps": 0}, "at least 1"), ({"show_actions": 1}, "true or false"), ({"format": "caht"}, "chat")],
)  # fmt: skip
def test_wrong_settings_are_named(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_task(context(**setting))


def broken(**changes: Any) -> dict[str, Any]:
    """Data of an episode that looks for something on a page, with fields changed or (None) left out."""
    episode = next(e for e in EPISODES if e["additional_info"]["eval"]["eval_types"] == ["program_html"])
    data = {**row_data(episode), **changes}
    return {key: value for key, value in data.items() if value is not None}


def looking(url: str, locator: str) -> dict[str, Any]:
    target = {"url": url, "locator": locator, "required_contents": {"must_include": ["x"]}}
    return {"eval_types": ["program_html"], "program_html": [target]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"goal": None}, "field 'goal' is missing"),
        ({"eval": {}}, "eval.eval_types"),
        ({"start_url": "http://elsewhere.example/"}, "start_url 'http://elsewhere.example/' is on none of"),
        (
            {"eval": looking("last", "document.body.outerText")},
            r"program_html\[0\].locator 'document",
        ),
        ({"eval": looking("last", "func:get_role(__page__)")}, r"locator 'func:.*'#name'"),
        ({"eval": looking("func:last_order()", "")}, r"program_html\[0\].url 'func:last_order\(\)'"),
    ],
)
def test_data_that_cannot_be_played_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        replay(broken(**changes), ["@stop []@"])


# -- hostile lines -------------------------------------------------------------------------------

NASTY = [
    "", "@", "@@", "@@@@", "@click@", "@click []@", "@click [-1]@", "@click [0]@", "@click [1]@", "@click [٣]@",
    "@click [1.5]@", "@click [[4]]@", "@click [" + "9" * 4000 + "]@", "@type [14] []@", "@type [14] [\x00] [1]@",
    "@type [14] [__import__('os').system('touch pwned')] [1]@", "@type [14] [{0.__class__}] [1]@",
    "@type [14] [%s%n</script>'\"] [1]@", "@type [14] [\ud800] [1]@", "@type [14] [a\u2028b\nc] [1]@",
    "@type [14] [" + "(" * 3000 + "] [1]@", "@press []@", "@press [ctrl+alt+delete]@",
    "@press [F99]@", "@press [Enter]@",
    "@press [Tab]@", "@press [Backspace]@", "@scroll [sideways]@", "@tab_focus [99999999]@", "@new_tab@", "@close_tab@",
    "@goto [http://]@", "@goto [http://[::1]@", "@goto [http://a:99999999/]@", "@goto [http://\u2100/]@",
    "@goto [file:///etc/passwd]@", "@goto [javascript:alert(1)]@",
    "@goto [http://user:pw@www.cartwheel-goods.example/]@",
    "@goto [http://www.cartwheel-goods.example/../../etc?a=%ff&&=&a]@",
    "@goto [http://map.wayfind.example/directions?from=%00]@",
    "@goto [http://forum.talkpost.example/b/chess/0/vote]@",
    "@goto [http://www.cartwheel-goods.example/cart?" + "a=1&" * 150 + "]@",
    "@goto [http://www.cartwheel-goods.example/" + "a/" * 2000 + "]@",
    "@goto [https://wiki.openlore.example/wiki/%F0%9F%98%80]@",
    "@goto [http://admin.cartwheel-goods.example/products/oak-stool]@",
    "@goto [http://code.gitbarn.example/otter/tidepool/settings]@",
    "@go_back@", "@go_forward@", "@type [17] [-5] [1]@", "@type [18] [1e9] [1]@", "stop", "@hover [4]@", "@ stop [@",
    "@stop [" * 500, "click [4] click [5]", "@type [" * 700, "] [" * 900, "@type [1] [" + "] [" * 900 + "]@",
    "\x1b[31m@click [4]@",
]  # fmt: skip
LINES = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=60), st.integers(0, 40).map(lambda n: f"#{n}"),
    st.integers(0, 40).map(lambda n: f"#{n}"),
    st.builds(lambda n, words: f"@type [{n}] [{words}] [1]@", st.integers(0, 40), st.text(max_size=30)),
    st.builds(lambda verb, words: f"@{verb} [{words}]@", st.sampled_from(["click", "press", "goto", "tab_focus"]),
              st.text(max_size=20)),
)  # fmt: skip
EXAMPLES, CALLS = 300, 15
"""4,500 lines and more."""
LONGEST = 14_000
"""Characters of a page: 24 lines of at most 500, ten tabs, an address."""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(EPISODES) - 1), st.lists(LINES, min_size=CALLS, max_size=CALLS + 8), st.booleans())
def test_hostile_lines_never_raise_and_never_lower_progress(
    number: int, lines: list[str], upstream: bool
) -> None:
    """A line "#n" stands for the n-th of the actions that are possible, to get deeper into the sites."""
    env = visit(EPISODES[number], upstream=upstream)
    best = 0.0
    for written in lines:
        line, choices = written, env.choices()
        if written.startswith("#") and written[1:].isdecimal() and choices:
            line = choices[int(written[1:]) % len(choices)]
        before = env.done
        step = env.step(line)
        assert 0 < len(step.observation) < LONGEST
        assert best <= step.progress <= 1
        assert step.done >= before
        assert not (before and step.valid)
        assert step.valid or before or not step.observation.startswith("Tab ")
        step.observation.encode()
        json.dumps(dict(env.facts())).encode()
        assert env.success in (True, False)
        best = step.progress
    assert not Path("pwned").exists()
