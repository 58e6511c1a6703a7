"""Several needles: where they stand, what is asked, and how replies are scored; facts over a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from needle_stubs import SHARED, play

from acbench.errors import ConfigError
from acbench.records import SampleRecord
from acbench.tasks.needle import MULTI_INFO, open_multi
from acbench.tasks.needle.facts import grid_facts, sign_test
from acbench.tasks.needle.haystack import haystack_text
from acbench.tasks.needle.multi import PORTS, THINGS, keyword, plant_depths, sentence
from acbench.tasks.needle.scoring import normalise
from acbench.tasks.protocol import TOO_LONG, Reply, TaskContext

if TYPE_CHECKING:
    from acbench.tasks.protocol import Sample, Task

GRID: dict[str, Any] = {"lengths": [1024, 2048], "depths": [0, 40, 100], "repeats": 2}


def task(window: int = 4096, **settings: Any) -> Task:
    return open_multi(TaskContext(SHARED, window, {**GRID, **settings}))


def test_depths_of_the_specification() -> None:
    assert plant_depths(40, 10) == pytest.approx([40, 46, 52, 58, 64, 70, 76, 82, 88, 94])
    assert plant_depths(0, 4) == [0, 25, 50, 75]


@pytest.mark.parametrize("count", [2, 3, 10])
def test_every_needle_stands_once_in_the_order_of_its_depth(count: int) -> None:
    samples = task(needles=count).samples()
    assert len(samples) == 2 * 3 * 2
    for sample in samples:
        data = sample.data
        document, asked = data["message"].split("</document>")
        port = next(port for port in PORTS if port in asked)
        things = [thing for thing in THINGS if sentence(port, thing) in document]
        assert sorted(map(keyword, things)) == sorted(data["keywords"])
        assert len(set(data["keywords"])) == count
        places = [document.index(f"{word}.") for word in data["keywords"]]
        if data["depth"] < 100:
            assert places == sorted(places)
            nominal = plant_depths(data["depth"], count)
            assert all(
                abs(real - wanted) < 6 for real, wanted in zip(data["real_depths"], nominal, strict=True)
            )
        assert not any(word in normalise(asked) for word in data["keywords"])


def test_prompts_keep_their_length() -> None:
    for sample in task().samples():
        assert 0.99 * sample.data["length"] <= sample.estimated_prompt_tokens <= sample.data["length"]


def test_no_haystack_holds_a_thing() -> None:
    for source in ("synthetic", "noise", "distractor"):
        text = normalise(haystack_text(source, 0, None))
        assert not [thing for thing in THINGS if keyword(thing) in text]
    assert len({keyword(thing) for thing in THINGS}) == len(THINGS)


def replies(sample: Sample) -> list[str]:
    return list(sample.data["keywords"])


def test_score_is_the_share_of_needles_named() -> None:
    opened = task()
    sample = opened.samples()[0]
    words = replies(sample)
    full = play(opened, sample, "Pack " + " and ".join(words))
    assert (full.scores, full.channel) == ({"keyword_recall": 1, "hit": 1}, "correct")
    one = play(opened, sample, words[0])
    assert one.scores["keyword_recall"] == pytest.approx(1 / 3)
    assert one.channel == "partial"
    assert play(opened, sample, Reply("no idea", "length")).channel == "cut"
    assert set(full.scores) == {metric.name for metric in MULTI_INFO.metrics}


def test_a_cell_that_does_not_fit_is_not_asked() -> None:
    opened = task(window=1500)
    states = {s.data["length"]: play(opened, s, "x").state for s in opened.samples()}
    assert states == {2048: TOO_LONG, 1024: "ok"}


@pytest.mark.parametrize("count", [1, 11, True, "3"])
def test_wrong_number_of_needles(count: Any) -> None:
    with pytest.raises(ConfigError, match="needles = "):
        task(needles=count)


# -- facts -------------------------------------------------------------------------------------------


def test_sign_test_against_counted_coins() -> None:
    assert sign_test(0, 0) == 1
    assert sign_test(5, 0) == pytest.approx(2 / 32)
    assert sign_test(8, 2) == pytest.approx(2 * (45 + 10 + 1) / 1024)
    assert sign_test(3, 3) == 1


def record(name: str, length: int, depth: float, score: float | None) -> SampleRecord:
    scores = {} if score is None else {"keyword_recall": score}
    state = "ok" if score is not None else "too_long"
    return SampleRecord(name, "", "", (), scores, "c", state, {"length": length, "depth": depth})


def test_facts_of_a_grid() -> None:
    base = [
        record("a", 512, 0, 1),
        record("b", 512, 50, 1),
        record("c", 1024, 0, 1),
        record("d", 2048, 0, None),
    ]
    other = [
        record("a", 512, 0, 1),
        record("b", 512, 50, 0.9),
        record("c", 1024, 0, 0),
        record("d", 2048, 0, None),
    ]
    facts = grid_facts(base, other)
    assert facts["effective length"].startswith("1024 tokens for base, 512 compressed")
    assert facts["sign test"] == "2 cells worse, 0 better of 3, p = 0.5"
    assert facts["cells"] == "3 ok, 1 too_long"
    assert facts["mean over the common window"] == "100.0 % base, 63.3 %"
    assert "mean over the common window" not in grid_facts(base[3:], other[3:])
