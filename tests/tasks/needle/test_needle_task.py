"""The task: samples, episodes and grades with stub renderer and scripted models."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from needle_stubs import SHARED, PieceRenderer, play, task

from acbench.engines.protocol import Sampling
from acbench.errors import ConfigError, DataError
from acbench.tasks.needle import INFO
from acbench.tasks.needle.building import check_needle
from acbench.tasks.needle.needles import NEEDLES
from acbench.tasks.needle.scoring import normalise
from acbench.tasks.needle.task import length_label, sample_id
from acbench.tasks.protocol import TOO_LONG, Reply, Sample

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {"lengths": [512, 1024, 2048], "depths": [0, 25, 50, 75, 100], "repeats": 2}


def look_up(sample: Sample) -> str:
    """Reads the city out of the question and the rest out of the document."""
    document, question = sample.data["message"].split("</document>")
    city = re.search(r"comes to (.+) to do", question)
    assert city is not None
    found = re.search(rf"comes to {city.group(1)} ought to (.+)", document)
    assert found is not None
    return found.group(1)


def test_prompts_keep_the_length() -> None:
    opened = task(**SMALL)
    for sample in opened.samples():
        prompt = opened.open(sample).ask()
        assert prompt is not None
        tokens = len(SHARED.render(prompt))
        assert 0.99 * sample.data["length"] <= tokens <= sample.data["length"]
        assert sample.estimated_prompt_tokens == tokens


@pytest.mark.parametrize("length", [130, 199, 200, 333])
def test_short_prompts_keep_the_length_too(length: int) -> None:
    for sample in task(lengths=[length], depth_count=11).samples():
        assert 0.99 * length <= sample.estimated_prompt_tokens <= length


def test_needle_once_and_keywords_only_in_it() -> None:
    for haystack in ("synthetic", "noise", "distractor"):
        for sample in task(lengths=[1024], depths=[0, 50, 100], haystack=haystack).samples():
            before, after = sample.data["message"].split(sample.data["needle"])
            assert not any(word in normalise(before + " | " + after) for word in sample.data["keywords"])


def test_distractor_prompts_hold_other_cities() -> None:
    for sample in task(lengths=[1024], depths=[50], haystack="distractor").samples():
        assert sample.data["message"].count("Everyone who comes to") > 1


def test_looking_up_scores_one_and_stop_words_zero() -> None:
    for haystack in ("synthetic", "noise", "distractor"):
        opened = task(**SMALL, haystack=haystack)
        for sample in opened.samples():
            found = play(opened, sample, look_up(sample))
            assert found.scores["rouge1_x10"] > 3  # a right answer shares words with the whole needle
            assert [found.scores[name] for name in ("keyword_recall", "hit", "overlap")] == [1.0, 1.0, 1.0]
            assert (found.channel, found.state) == ("correct", "ok")
            missed = play(opened, sample, "a and in on")
            assert (missed.scores["keyword_recall"], missed.scores["hit"]) == (0.0, 0.0)
            assert missed.channel == "wrong"


def test_real_depth_is_near_the_nominal_one() -> None:
    for sample in task(lengths=[4096], window=8192, depth_count=11).samples():
        document = sample.data["message"].split("<document>\n")[1].split("\n</document>")[0]
        before, after = document.split(sample.data["needle"])
        share = 100 * SHARED.count(before) / (SHARED.count(before) + SHARED.count(after))
        assert sample.data["real_depth"] == pytest.approx(share, abs=0.1)
        # sentences have about 25 pieces, 0.6 % of the document; half of one to either side
        assert sample.data["real_depth"] == pytest.approx(sample.data["depth"], abs=0.6)


def test_depth_0_and_100_are_the_very_ends() -> None:
    last, first = task(lengths=[512], depths=[0, 100]).samples()
    assert first.data["message"].startswith(f"<document>\n{first.data['needle']}\n")
    assert f"\n{last.data['needle']}\n</document>" in last.data["message"]
    assert (first.data["real_depth"], last.data["real_depth"]) == (0, 100)


def test_haystack_without_boundary(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("word " * 3000, encoding="utf-8")
    samples = task(lengths=[512], depths=[0, 40, 60, 100], data_dir=tmp_path).samples()
    assert [sample.data["real_depth"] for sample in samples] == [100, 100, 0, 0]


def test_depths_of_one_haystack_share_a_prefix() -> None:
    deep, middle, shallow = task(lengths=[2048], depths=[10, 50, 90]).samples()
    assert deep.cluster == middle.cluster == shallow.cluster
    for earlier, later in ((shallow, middle), (shallow, deep), (middle, deep)):
        prefix = earlier.data["message"].split("\n" + earlier.data["needle"])[0]
        assert later.data["message"].startswith(prefix)
        assert SHARED.count(prefix) > 0.95 * earlier.data["depth"] / 100 * 1900


def test_order_is_longest_first_then_haystack_then_deepest() -> None:
    samples = task(**SMALL).samples()
    assert [sample.data["length"] for sample in samples] == [2048] * 10 + [1024] * 10 + [512] * 10
    for i in range(0, 30, 5):
        assert [sample.data["depth"] for sample in samples[i : i + 5]] == [100, 75, 50, 25, 0]
        assert len({sample.cluster for sample in samples[i : i + 5]}) == 1
    assert len({sample.cluster for sample in samples}) == 6


def test_names_and_levels() -> None:
    samples = task(lengths=[512], depths=[50], repeats=2).samples()
    assert {sample.id for sample in samples} == {"n0512-d050-r1", "n0512-d050-r2"}
    assert {sample.level for sample in samples} == {"512"}
    assert sample_id(65_536, 2.006, 3) == "n65536-d002.006-r3"
    assert [length_label(n) for n in (512, 1000, 1024, 2048, 65_536)] == ["512", "1000", "1K", "2K", "64K"]


def test_same_seed_same_data_another_seed_another() -> None:
    first = task(**SMALL, seed=3).samples()
    again = task(**SMALL, seed=3, renderer=PieceRenderer()).samples()
    other = task(**SMALL, seed=4).samples()
    assert first == again
    assert {s.id for s in first} == {s.id for s in other}
    assert all(a.data["message"] != b.data["message"] for a in first for b in other if a.id == b.id)
    json.dumps([dict(sample.data) for sample in first])


def test_every_cell_can_be_rebuilt_alone() -> None:
    alone = task(lengths=[1024], depths=[75], repeats=2).samples()
    whole = {sample.id: sample for sample in task(**SMALL).samples()}
    assert all(whole[sample.id] == sample for sample in alone)


def test_repeats_have_other_needles_and_other_haystacks() -> None:
    samples = task(lengths=[512], depths=[50], repeats=5).samples()
    assert len({sample.data["needle"] for sample in samples}) == 5
    assert len({sample.data["message"][:200] for sample in samples}) == 5


def test_too_long_has_no_score_and_is_never_asked() -> None:
    opened = task(window=2000, grid="smoke")
    states = {}
    for sample in opened.samples():
        assert sample.data["fits"] == (sample.data["length"] == 1024)
        grade = play(opened, sample, "")
        states[sample.id] = grade.state
        if grade.state == TOO_LONG:
            assert opened.open(sample).ask() is None
            assert (grade.scores, grade.channel) == ({}, TOO_LONG)
            assert sample.estimated_prompt_tokens == 0
    assert sorted(states.values()) == ["ok"] * 3 + [TOO_LONG] * 6


@pytest.mark.parametrize(("window", "fits"), [(576, True), (575, False)])
def test_the_answer_must_fit_as_well(window: int, fits: bool) -> None:
    # 512 prompt tokens and 64 new ones are 576
    (sample,) = task(window=window, lengths=[512], depths=[50]).samples()
    assert sample.data["fits"] is fits


def test_a_reply_that_was_too_long_has_no_score_either() -> None:
    opened = task(lengths=[512], depths=[50])
    grade = play(opened, opened.samples()[0], Reply("", TOO_LONG))
    assert (grade.state, grade.channel, grade.scores) == (TOO_LONG, TOO_LONG, {})


def test_channels_and_detail() -> None:
    opened = task(lengths=[512], depths=[50])
    sample = opened.samples()[0]
    one = sample.data["keywords"][0]
    assert play(opened, sample, one).channel == "partial"
    assert play(opened, sample, Reply(one, "length")).channel == "cut"
    assert play(opened, sample, Reply(look_up(sample), "length")).channel == "correct"
    grade = play(opened, sample, "  ")
    assert (grade.channel, grade.scores["keyword_recall"]) == ("empty", 0.0)
    assert grade.detail == {
        "length": 512,
        "depth": 50,
        "real_depth": sample.data["real_depth"],
        "repeat": 1,
    }
    assert set(INFO.channels) == {"correct", "partial", "wrong", "cut", "empty", "too_long"}
    assert [metric.name for metric in INFO.metrics] == list(grade.scores)


def test_episode_protocol() -> None:
    opened = task(lengths=[512], depths=[50], max_tokens=20)
    episode = opened.open(opened.samples()[0])
    first = episode.ask()
    assert first is not None
    assert first == episode.ask()
    assert first.sampling == Sampling(max_tokens=20, temperature=0.0)
    assert [message.role for message in first.messages] == ["user"]
    with pytest.raises(RuntimeError, match="not been answered"):
        episode.grade()
    episode.tell(Reply("x"))
    assert episode.ask() is None
    with pytest.raises(RuntimeError, match="no open question"):
        episode.tell(Reply("y"))


def test_guard() -> None:
    check_needle("a N! b", "N!", ["n"][:0])
    with pytest.raises(DataError, match="2 times"):
        check_needle("a N! b N!", "N!", ["x"])
    with pytest.raises(DataError, match="0 times"):
        check_needle("a b", "N!", ["x"])
    with pytest.raises(DataError, match="'copper orchard'"):
        check_needle("Copper\nOrchard; N!", "N!", ["copper orchard"])


def test_keywords_of_a_users_folder_are_not_asked_for(tmp_path: Path) -> None:
    spared = NEEDLES[5]
    taken = " ".join(needle.keywords[0].capitalize() for needle in NEEDLES if needle != spared)
    (tmp_path / "a.txt").write_text(f"{taken}. " + "Rain fell. " * 500, encoding="utf-8")
    samples = task(lengths=[512], depths=[0, 50, 100], repeats=2, data_dir=tmp_path).samples()
    assert {sample.data["needle"] for sample in samples} == {spared.sentence}
    (tmp_path / "b.txt").write_text(spared.sentence, encoding="utf-8")
    with pytest.raises(DataError, match="keyword of every needle"):
        task(lengths=[512], data_dir=tmp_path).samples()


def test_open_checks_settings_and_window() -> None:
    with pytest.raises(ConfigError, match="'repeats'"):
        task(repeat=2)
    with pytest.raises(ConfigError, match="window of 2048"):
        task(window=2048)
    with pytest.raises(ConfigError, match="no room"):
        task(lengths=[40]).samples()


def test_cells_are_built_with_few_tokenizations() -> None:
    renderer = PieceRenderer()
    samples = task(lengths=[512, 1024, 2048], depth_count=10, repeats=2, renderer=renderer).samples()
    prompt_tokens = sum(sample.estimated_prompt_tokens for sample in samples)
    assert len(samples) == 60
    assert renderer.offset_calls == 1
    assert renderer.rendered_tokens < 3 * prompt_tokens
