"""Messages, settings, outcomes and metrics of the task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from workflow_play import folder, play, record, task, turns
from workflow_stubs import EqualTexts, chain

from acbench.errors import ConfigError
from acbench.tasks.protocol import Reply
from acbench.tasks.registry import open_task, task_info
from acbench.tasks.worfbench.messages import TURN_MARKER
from acbench.tasks.worfbench.settings import VARIANTS
from acbench.tasks.worfbench.task import CHANNELS, METRICS

if TYPE_CHECKING:
    from pathlib import Path

GOLD = chain(["wash the cup", "dry the cup"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return folder(tmp_path, [record()], demonstrations={"os": turns()})


def contents(path: Path, **settings: Any) -> list[str]:
    return [content for _, content in task(data_dir=path, **settings).samples()[0].data["messages"]]


def test_messages_with_and_without_demonstrations(data: Path) -> None:
    question = f"{TURN_MARKER}\nclean the cup"
    assert contents(data) == ["Plan it.", "turn 0", "turn 1", "turn 2", "turn 3", question]
    assert contents(data, shots=0) == ["Plan it.", "clean the cup"]


def test_turn_marker_is_not_put_in_twice(tmp_path: Path) -> None:
    marked = f"{TURN_MARKER}\nTask: x"
    path = folder(tmp_path, [record(question=marked)], demonstrations={"os": turns()})
    assert contents(path)[-1] == contents(path, shots=0)[-1] == marked


def test_building_messages_changes_no_record_and_hides_the_gold(data: Path) -> None:
    before = (data / "os" / "graph_eval.json").read_bytes()
    opened = task(data_dir=data)
    one = [dict(sample.data) for sample in opened.samples()]
    assert one == [dict(sample.data) for sample in task(data_dir=data).samples()]
    assert (data / "os" / "graph_eval.json").read_bytes() == before
    prompt = opened.open(opened.samples()[0]).ask()
    assert prompt is not None
    assert not any(GOLD in message.content for message in prompt.messages)
    assert prompt.sampling.max_tokens == 1024
    assert prompt.sampling.stop == ()


def test_a_right_answer(data: Path) -> None:
    opened = task(data_dir=data)
    grade = play(opened, opened.samples()[0], [GOLD])
    assert grade.channel == "correct"
    assert list(grade.scores) == [metric.name for metric in METRICS]
    assert grade.scores["gold_loglik"] == -0.5
    assert set(grade.scores.values()) == {1.0, -0.5}
    assert (grade.detail["nodes"], grade.detail["ends"], grade.detail["shots"]) == (2, True, 2)
    json.dumps(dict(grade.detail))


@pytest.mark.parametrize(
    ("reply", "channel", "reason"),
    [
        (Reply(GOLD, "length"), "correct", ""),
        (Reply(GOLD[: GOLD.index("(2,")], "length"), "cut", ""),
        (Reply("Node:\n1: wash", "length"), "cut", "no_edges"),
        (Reply(chain(["wash the cup"])), "partial", ""),
        (Reply(chain(["feed the cat"])), "wrong", ""),
        (Reply("no idea"), "unparsed", "no_header"),
        (Reply(f"<think>{GOLD}"), "unparsed", "unfinished_reasoning"),
        (Reply(f"<think>Node:\n1: x\n(1,END)</think>\n{GOLD}"), "correct", ""),
    ],
)
@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_channels(data: Path, mode: str, reply: Reply, channel: str, reason: str) -> None:
    opened = task(data_dir=data, mode=mode)
    grade = play(opened, opened.samples()[0], [reply])
    assert grade.channel in CHANNELS
    if mode == "upstream" and channel == "wrong":
        channel = "partial"  # the published scorer gives every answer a run of one
    assert (grade.channel, grade.detail["reason"]) == (channel, reason)
    assert grade.scores["parsed"] == float(not reason)


def test_an_answer_that_does_not_fit_has_no_score(data: Path) -> None:
    opened = task(data_dir=data)
    grade = play(opened, opened.samples()[0], [Reply(finish_reason="too_long")])
    assert (grade.state, grade.channel, dict(grade.scores)) == ("too_long", "too_long", {})


def test_the_mode_decides_what_is_primary(tmp_path: Path) -> None:
    gold = chain([f"step {n}" for n in range(8)])
    path = folder(tmp_path, [record(gold=gold)])
    for mode, chain_f1 in (("corrected", 1.0), ("upstream", 8 / 9)):
        opened = task(data_dir=path, mode=mode)
        scores = play(opened, opened.samples()[0], [gold]).scores
        assert scores["chain_f1"] == pytest.approx(chain_f1)
        assert scores["chain_f1_upstream"] == pytest.approx(8 / 9)
        assert opened.scoring == {"embedder": "stub", "mode": mode}


def test_likelihood_can_be_switched_off(data: Path) -> None:
    opened = task(data_dir=data, likelihood=False)
    assert "gold_loglik" not in play(opened, opened.samples()[0], [GOLD]).scores
    assert [metric.name for metric in opened.info.metrics] == [metric.name for metric in METRICS[:-1]]


def test_grading_embeds_in_one_batch(tmp_path: Path) -> None:
    model = EqualTexts()
    path = folder(tmp_path, [record(f"os_{i}", gold=chain([f"a{i}", "b"])) for i in range(10)])
    opened = task(data_dir=path, model=model, likelihood=False)
    episodes = [opened.open(sample) for sample in opened.samples()]
    for i, episode in enumerate(episodes):
        episode.tell(Reply(chain(["b", f"c{i}"])))
    opened.prepare_grading(episodes)
    assert (model.calls, model.texts) == (1, 10 + 1 + 10 + 2)
    for episode in episodes:
        episode.grade()
    assert model.calls == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shot": 2}, "unknown setting 'shot'; did you mean 'shots'"),
        ({"shots": 1}, "shots = 1: expected 0 or 2"),
        ({"shots": True}, "expected 0 or 2"),
        ({"max_tokens": 0}, "max_tokens = 0"),
        ({"levels": [5]}, "levels"),
        ({"levels": []}, "levels"),
        ({"levels": [1, 1]}, "levels"),
        ({"per_level": 0}, "per_level"),
        ({"seed": -1}, "seed"),
        ({"likelihood": 1}, "likelihood"),
        ({"embedder": ""}, "embedder"),
        ({"exclude_flagged": True}, "concerns a folder with published records only"),
        ({"demonstrations": "os"}, "concerns a folder with published records only"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        task(**settings)
    assert "worfbench-os" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"levels": [1]}, "concerns the embedded records only"),
        ({"demonstrations": "oss"}, "expected one of"),
        ({"exclude_flagged": 1}, "true or false"),
    ],
)
def test_wrong_settings_with_a_folder(data: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        task(data_dir=data, **settings)


@pytest.mark.parametrize("variant", VARIANTS)
def test_registry_opens_every_variant(variant: str) -> None:
    slug = f"worfbench-{variant.replace('_', '-')}"
    context = task(variant)._context
    opened = open_task(slug, context)
    assert opened.info == task_info(slug)
    assert opened.info.metrics[0].name == "chain_f1"
    assert opened.info.capability == "workflow"
    assert set(opened.info.channels) == set(CHANNELS)
