"""One episode with a toy world: how it goes on, how it ends, what it is graded, what it remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from agent_stubs import Worlds, sample, walk_task

from acbench.errors import DataError, EnvironmentDied
from acbench.tasks.agents.conversation import NO_ACTION
from acbench.tasks.protocol import TOO_LONG, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.agents.episode import AgentEpisode
    from acbench.tasks.protocol import Grade, Sample


def opened(of: Sample, worlds: Worlds | None = None, **given: Any) -> AgentEpisode:
    return walk_task([of], worlds, **given).open(of)


def play(episode: AgentEpisode, *replies: str) -> AgentEpisode:
    for reply in replies:
        assert episode.ask() is not None
        episode.tell(Reply(reply))
    return episode


def last_message(episode: AgentEpisode) -> str:
    prompt = episode.ask()
    assert prompt is not None
    return prompt.messages[-1].content


# -- the agent that acts ---------------------------------------------------------------------------


def test_an_episode_that_reaches_its_goal() -> None:
    worlds = Worlds()
    episode = opened(sample(length=3), worlds)
    assert worlds.opened == []  # nothing is opened before something is asked
    play(episode, "Action: go", "dig", "go", "Action: go.")
    assert episode.ask() is None
    assert worlds.closed == ["w"]  # at its end, not when it is graded
    grade = episode.grade()
    assert grade.scores == {"progress": 1.0, "success": 1.0, "grounding": 0.75, "length": 3.0}
    assert (grade.channel, grade.state) == ("correct", "ok")
    detail = grade.detail
    assert detail["actions"] == ["go", "dig", "go", "go"]
    assert detail["outcomes"] == ["valid", "invalid", "valid", "valid"]
    assert detail["observations"] == ["at 1", "at 1", "at 2", "at 3"]
    assert detail["progress_by_turn"] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 1.0])
    assert [turn for turn, _ in detail["score_changes"]] == [0, 2, 3]
    facts = {"way": 3, "place": 3, "pair": [1, 2], "goal": "reach 3", "level": "L1", "difficulty": "easy"}
    counts = {"step_budget": 6, "turns": 4, "invalid_turns": 1, "repeated_turns": 1}
    assert {name: detail[name] for name in facts | counts} == facts | counts
    assert detail["turn_errors"] == {"invalid": 1}
    assert (detail["format"], detail["mode"]) == ("chat", "corrected")
    assert "agent" not in detail
    assert "troubles" not in detail


def test_the_first_prompt_holds_goal_and_first_observation_and_the_next_what_happened() -> None:
    episode = opened(sample(length=3))
    assert last_message(episode).endswith("A new task.\nGoal: reach 3\n\nObservation: at 0")
    assert episode.ask() is episode.ask()  # asking twice changes nothing
    play(episode, "go")
    prompt = episode.ask()
    assert prompt is not None
    assert [m.content for m in prompt.messages[-2:]] == ["Action: go", "Observation: at 1"]


def test_the_budget_ends_an_episode() -> None:
    worlds = Worlds()
    episode = play(opened(sample(length=9, budget=2), worlds), "go", "wait")
    assert episode.ask() is None
    assert worlds.left_open == []
    grade = episode.grade()
    assert (grade.channel, grade.scores["success"]) == ("budget", 0.0)
    assert grade.scores["progress"] == pytest.approx(1 / 9)
    with pytest.raises(DataError, match=r"w: a reply was told after the episode's end \(turn 2\)"):
        episode.tell(Reply("go"))


def test_an_agent_that_does_nothing_has_no_progress() -> None:
    grade = play(opened(sample(budget=4)), "", "", "", "").grade()
    assert (grade.scores["progress"], grade.scores["grounding"], grade.channel) == (0.0, 0.0, "unparsed")


def test_an_unfinished_episode_has_no_grade() -> None:
    with pytest.raises(DataError, match="w: the episode is not over"):
        play(opened(sample()), "go").grade()


def test_the_worlds_own_ending_is_the_channel_of_a_failure_only() -> None:
    lost = play(opened(sample()), "jump").grade()
    assert (lost.channel, lost.scores["success"]) == ("fell", 0.0)
    assert play(opened(sample(length=1)), "go").grade().channel == "correct"


def test_kinds_of_trouble_are_counted_and_name_the_channel() -> None:
    stage = {"troubles": {"hard": "dug"}}
    of = sample(budget=3, trouble={"dig": "hard", "wait": "idle"})
    grade = play(opened(of, stage=stage), "dig", "dig", "wait").grade()
    assert grade.channel == "dug"
    assert grade.detail["troubles"] == {"hard": 2, "idle": 1}
    assert grade.detail["turn_errors"] == {"hard": 2, "idle": 1}
    assert grade.detail["invalid_turns"] == 2


def test_opening_moves_are_shown_and_cost_no_turn() -> None:
    episode = opened(sample(opening=[["open door", "the door is open"]], length=1))
    prompt = episode.ask()
    assert prompt is not None
    assert [m.content for m in prompt.messages[-2:]] == ["Action: open door", "Observation: the door is open"]
    assert play(episode, "go").grade().detail["actions"] == ["go"]


def test_an_action_before_the_first_observation() -> None:
    prompt = opened(sample(), stage={"before": lambda _: "reset[]"}, format="single").ask()
    assert prompt is not None
    assert prompt.messages[-1].content.endswith("Goal: reach 3\nAction: reset[]\nObservation: at 0\nAction: ")


@pytest.mark.parametrize("forget", [True, False])
def test_a_line_that_is_no_action_may_be_forgotten(forget: bool) -> None:
    episode = play(opened(sample(), stage={"forget_unparsed": forget}), "Once upon a time", "dig")
    prompt = episode.ask()
    assert prompt is not None
    said = [m.content for m in prompt.messages if m.role == "assistant"][1:]
    assert said == [f"Action: {NO_ACTION if forget else 'Once upon a time'}", "Action: dig"]
    play(episode, *["wait"] * 4)
    assert episode.grade().detail["actions"][0] == "Once upon a time"  # the record keeps it


def test_a_cut_reply_is_an_outcome_of_its_own() -> None:
    episode = opened(sample(budget=1))
    episode.ask()
    episode.tell(Reply("and so I went on and", "length"))
    assert episode.grade().detail["outcomes"] == ["cut"]
    assert episode.grade().channel == "cut"


# -- prompts that do not fit -----------------------------------------------------------------------


def test_a_fixed_part_that_does_not_fit_ends_the_episode_without_a_score() -> None:
    """Upstream bug 1: no endless loop, and no zero."""
    worlds = Worlds()
    episode = opened(sample(), worlds, window_tokens=60)
    assert episode.ask() is None
    assert worlds.left_open == []
    grade = episode.grade()
    assert (grade.scores, grade.channel, grade.state) == ({}, "too_long", "too_long")
    assert grade.detail["goal"] == "reach 3"
    assert len(worlds.opened) == 1


def test_a_prompt_that_was_never_asked_ends_the_episode() -> None:
    worlds = Worlds()
    episode = play(opened(sample(), worlds), "go")
    assert episode.ask() is not None
    episode.tell(Reply(finish_reason=TOO_LONG))
    assert episode.ask() is None
    assert worlds.left_open == []
    assert (episode.grade().state, episode.grade().detail["turns"]) == ("too_long", 1)


def test_old_turns_are_dropped_before_the_window_is_too_small() -> None:
    free = play(opened(sample(length=30, budget=20)), *["go"] * 5)
    whole = free.ask()
    assert whole is not None
    window = (
        len(free._renderer.render(whole)) + whole.sampling.max_tokens - 1
    )  # one token less than all needs
    tight = play(opened(sample(length=30, budget=20), window_tokens=window), *["go"] * 5).ask()
    assert tight is not None
    assert len(tight.messages) < len(whole.messages)
    assert tight.messages[-1] == whole.messages[-1]


# -- the agent that thinks -------------------------------------------------------------------------


def test_thoughts_cost_no_turn_and_are_bounded() -> None:
    worlds = Worlds()
    episode = opened(sample(length=2, budget=2), worlds, agent="react", max_think=1)
    play(episode, "Think: where to?", "Think: on.\nAction: go", "Think: hm", "Think: hm")
    assert episode.ask() is None
    assert worlds.steps == [("w", "go"), ("w", "")]  # more thoughts than allowed are a turn without action
    detail = episode.grade().detail
    assert (detail["agent"], detail["thoughts"], detail["turns"]) == ("react", 3, 2)
    assert detail["outcomes"] == ["valid", "unparsed"]


# -- worlds that die, hang or are wrong ------------------------------------------------------------


def broken(grade: Grade, turns: int) -> str:
    assert (grade.scores, grade.channel, grade.state) == ({}, "broken", "broken")
    assert grade.detail["turns"] == turns
    return str(grade.detail["broken"])


def test_a_world_that_dies_breaks_the_episode_and_is_closed() -> None:
    worlds = Worlds()
    episode = play(opened(sample(), worlds), "go", "die")
    assert episode.ask() is None
    assert worlds.left_open == []
    assert broken(episode.grade(), 1) == "walk: its engine ended"
    assert broken(episode.grade(), 1) == "walk: its engine ended"  # grading twice changes nothing
    assert [record for record in episode.news() if "broken" in record] == [
        {"broken": "walk: its engine ended"}
    ]


def test_a_world_that_does_not_open_breaks_the_episode() -> None:
    episode = opened(sample(opens="die"))
    assert episode.ask() is None
    assert broken(episode.grade(), 0) == "walk: no engine"
    assert episode.grade().detail["goal"] == ""


def test_a_death_without_words_ends_the_episode_too() -> None:
    def die(*_: Any) -> Any:
        raise EnvironmentDied

    episode = opened(sample(), stage={"world": die})
    assert episode.ask() is None
    assert broken(episode.grade(), 0) == "the environment died"


def test_a_world_that_hangs_is_given_up_when_the_time_of_the_episode_is_over() -> None:
    worlds = Worlds()
    episode = play(opened(sample(), worlds, episode_seconds=1), "go", "hang")
    assert episode.ask() is None
    assert worlds.closed == []  # the hanging thread still uses it
    assert "more than 1 s (setting episode_seconds)" in broken(episode.grade(), 1)
    worlds.hold.set()
    assert worlds.one_closed.wait(60)
    assert episode.grade().detail["actions"] == ["go"]  # what comes late changes nothing


def test_a_fault_of_ours_is_raised_and_no_score() -> None:
    episode = play(opened(sample()), "go")
    episode.ask()
    with pytest.raises(ZeroDivisionError, match="a fault of ours"):
        episode.tell(Reply("crash"))
    with pytest.raises(DataError, match="not over"):
        episode.grade()


def test_an_abandoned_episode_gives_its_world_back() -> None:
    worlds = Worlds()
    episode = play(opened(sample(), worlds), "go")
    assert worlds.left_open == ["w"]
    episode.close()
    episode.close()
    assert worlds.closed == ["w"]


# -- what the world answered before ----------------------------------------------------------------

REPLIES = ("Action: go", "dig", "Think", "go", "go")


def recorded(replies: Sequence[str], **given: Any) -> tuple[Grade | None, list[Mapping[str, Any]]]:
    episode = play(opened(sample(), **given), *replies)
    grade = episode.grade() if episode.ask() is None else None
    return grade, episode.news()


def test_a_remembered_episode_opens_nothing_and_is_graded_alike() -> None:
    grade, records = recorded(REPLIES)
    assert grade is not None
    worlds = Worlds()
    episode = opened(sample(), worlds)
    episode.remember(records)
    again = play(episode, *REPLIES).grade()
    assert (worlds.opened, worlds.steps) == ([], [])
    assert again == grade
    assert episode.news() == []


@pytest.mark.parametrize("known", range(7))
def test_an_episode_goes_on_behind_what_is_remembered(known: int) -> None:
    """Whatever part of the records a kill left behind."""
    grade, records = recorded(REPLIES)
    assert len(records) == 7  # start, five steps, end
    worlds = Worlds()
    episode = opened(sample(), worlds)
    episode.remember(records[:known])
    assert play(episode, *REPLIES).grade() == grade
    assert len(worlds.opened) == 1
    assert worlds.left_open == []
    assert episode.news() == records[known:]
    assert len(worlds.steps) == 5  # the remembered ones were repeated, each once


@pytest.mark.parametrize(("replies", "turns"), [(("go", "die"), 1), (("die",), 0)])
def test_a_broken_episode_stays_broken_without_being_tried_again(replies: Sequence[str], turns: int) -> None:
    """Another process must see the same records, and must not need the engine."""
    first = play(opened(sample()), *replies)
    grade = first.grade()
    worlds = Worlds()
    second = opened(sample(), worlds)
    second.remember(first.news())
    assert play(second, *replies).grade() == grade
    assert second.ask() is None
    assert (worlds.opened, second.news()) == ([], [])


def test_more_time_is_another_chance() -> None:
    worlds = Worlds()
    first = play(opened(sample(length=1), worlds, episode_seconds=1), "hang")
    first.grade()
    worlds.hold.set()
    records = first.news()
    assert records[-1]["limit_s"] == 1
    same = opened(sample(length=1), worlds, episode_seconds=1)
    same.remember(records)
    assert broken(play(same, "hang").grade(), 0)
    more = opened(sample(length=1), worlds, episode_seconds=60)
    more.remember(records)
    assert play(more, "hang", "go").grade().channel == "correct"
    third = opened(sample(length=1), Worlds(), episode_seconds=1)
    third.remember([*records, *more.news()])  # as they stand in the log now
    assert play(third, "hang", "go").grade().channel == "correct"


def test_records_of_other_answers_are_refused() -> None:
    _, records = recorded(("go", "dig"))
    episode = opened(sample())
    episode.remember(records)
    play(episode, "go")
    episode.ask()
    with pytest.raises(
        DataError, match=r"w: the recorded steps belong to other answers; remove worlds\.jsonl"
    ):
        episode.tell(Reply("wait"))


def test_a_world_that_does_not_repeat_itself_is_refused() -> None:
    _, records = recorded(("go", "dig"))
    changed = [
        *records[:2],
        {**records[2], "step": {**records[2]["step"], "observation": "at 7"}},
    ]
    episode = opened(sample())
    episode.remember(changed)
    play(episode, "go", "dig")
    episode.ask()
    with pytest.raises(DataError, match=r"w: the environment does not repeat what was recorded for 'dig'"):
        episode.tell(Reply("go"))
