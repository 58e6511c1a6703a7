"""Samples and episodes over invented records, with stub tokenizers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from longbench_stubs import PIECES, play, prompt_text, record, task, write_records

from acbench.engines.protocol import Sampling
from acbench.errors import DataError
from acbench.tasks.longbench import task_info
from acbench.tasks.longbench.sets import SETS
from acbench.tasks.longbench.task import answer_text
from acbench.tasks.protocol import TOO_LONG, Reply
from acbench.tasks.registry import LONGBENCH, TASKS

if TYPE_CHECKING:
    from pathlib import Path


def one(
    tmp_path: Path, variant: str, *, window: int = 4096, mode: str = "corrected", **fields: Any
) -> tuple[Any, Any]:
    """A task over one record, and its sample."""
    write_records(tmp_path / f"{SETS[variant].name}.jsonl", [record(variant, **fields)])
    opened = task(variant, window, data_dir=tmp_path, mode=mode)
    return opened, opened.samples()[0]


def test_every_slug_of_the_registry_is_a_set() -> None:
    for name in LONGBENCH:
        entry = TASKS[f"longbench-{name}"]
        info = task_info(entry.variant)
        assert (info.slug, info.capability) == (f"longbench-{name}", "long_context")
    assert {TASKS[f"longbench-{name}"].variant for name in LONGBENCH} == set(SETS)


def test_metrics_and_channels() -> None:
    info = task_info("qasper")
    assert [metric.name for metric in info.metrics] == ["score", "score_upstream", "gold_loglik"]
    assert info.channels == ("full", "partial", "zero", "empty", "cut", "too_long")


def test_likelihood_is_off_for_real_records_and_on_for_the_pack(tmp_path: Path) -> None:
    opened, sample = one(tmp_path, "qasper")
    assert [metric.name for metric in opened.info.metrics] == ["score", "score_upstream"]
    assert set(play(opened, sample, "nothing").scores) == {"score", "score_upstream"}
    pack = task("qasper", lengths=[512], per_length=1)
    assert play(pack, pack.samples()[0], "x").scores["gold_loglik"] == -1.0
    off = task("qasper", lengths=[512], per_length=1, likelihood=False)
    assert "gold_loglik" not in play(off, off.samples()[0], "x").scores


@pytest.mark.parametrize(
    ("variant", "gold"),
    [("qasper", "nothing"), ("trec", " City"), ("triviaqa", "\nnothing"), ("lcc", "nothing")],
)
def test_gold_follows_the_prompt_as_the_examples_do(tmp_path: Path, variant: str, gold: str) -> None:
    write_records(tmp_path / f"{variant}.jsonl", [record(variant, answers=[gold.strip(), "another"])])
    opened = task(variant, data_dir=tmp_path, likelihood=True)
    episode = opened.open(opened.samples()[0])
    first = episode.ask()
    assert first is not None
    episode.tell(Reply("x"))
    second = episode.ask()
    assert second is not None
    assert (second.continuation, second.text, second.messages) == (gold, first.text, first.messages)


def test_modes_score_differently_and_both_are_recorded(tmp_path: Path) -> None:
    answer = " \nnothing"
    corrected = play(*one(tmp_path, "triviaqa"), answer)
    upstream = play(*one(tmp_path, "triviaqa", mode="upstream"), answer)
    assert corrected.scores == {"score": 1.0, "score_upstream": 0.0}
    assert upstream.scores == {"score": 0.0, "score_upstream": 0.0}
    assert (corrected.channel, upstream.channel) == ("full", "zero")


def test_scoring_says_what_scored() -> None:
    assert task("vcsum", mode="upstream").scoring == {"metric": "rouge_zh", "mode": "upstream"}  # type: ignore[attr-defined]


def test_channels(tmp_path: Path) -> None:
    opened, sample = one(tmp_path, "qasper", answers=["red barn"])
    replies = {
        "full": Reply("the red barn", "length"),
        "partial": Reply("barn"),
        "zero": Reply("house"),
        "empty": Reply(" \n"),
        "cut": Reply("barn", "length"),
        "too_long": Reply("", TOO_LONG),
    }
    found = {name: play(opened, sample, reply) for name, reply in replies.items()}
    assert {name: grade.channel for name, grade in found.items()} == {name: name for name in replies}
    assert found["too_long"].scores == {}
    assert found["too_long"].state == TOO_LONG


@pytest.mark.parametrize(
    ("variant", "text", "channel"),
    [
        ("trec", " Place\nQuestion: w", "zero"),
        ("trec", " Place and", "cut"),
        ("lcc", "wrong()\nx = ", "partial"),
        ("lcc", "# note\nwron", "cut"),
        ("lcc", "# note", "cut"),
        ("samsum", "\n\nDone\nDialogue", "zero"),
    ],
)
def test_a_limit_behind_the_scored_line_cuts_nothing(
    tmp_path: Path, variant: str, text: str, channel: str
) -> None:
    opened, sample = one(tmp_path, variant)
    assert play(opened, sample, Reply(text, "length")).channel == channel


def test_prompts_and_sampling(tmp_path: Path) -> None:
    opened, sample = one(tmp_path, "qasper")
    prompt = opened.open(sample).ask()
    assert prompt.sampling == Sampling(max_tokens=128, temperature=0.0)
    assert [message.role for message in prompt.messages] == ["user"]
    assert "Text 0 says nothing." in prompt.messages[0].content
    assert "nothing" not in prompt.messages[0].content.replace("Text 0 says nothing.", "")
    opened, sample = one(tmp_path, "samsum")
    prompt = opened.open(sample).ask()
    assert (prompt.sampling.stop, prompt.messages) == (("\n",), ())
    assert prompt.text.endswith("Which one is number 0?")
    for variant in SETS:
        opened, sample = one(tmp_path, variant)
        assert opened.open(sample).ask().sampling.max_tokens == SETS[variant].tokens


def test_max_tokens_and_reasoning_budget(tmp_path: Path) -> None:
    write_records(tmp_path / "qasper.jsonl", [record("qasper")])
    opened = task("qasper", data_dir=tmp_path, max_tokens=10, reasoning_budget=300)
    sample = opened.samples()[0]
    prompt = opened.open(sample).ask()
    assert prompt is not None
    assert prompt.sampling.max_tokens == 310
    grade = play(opened, sample, "<think>It may be red.</think>\n\nnothing")
    assert (grade.scores["score"], grade.channel, grade.detail["reasoning_budget"]) == (1.0, "full", 300)
    assert play(opened, sample, Reply("<think>nothing, or", "length")).channel == "cut"
    assert play(opened, sample, Reply("<think>nothing")).channel == "empty"


def test_thinking_is_not_stopped_at_its_first_newline(tmp_path: Path) -> None:
    write_records(tmp_path / "samsum.jsonl", [record("samsum")])
    for budget, stop in ((0, ("\n",)), (50, ())):
        opened = task("samsum", data_dir=tmp_path, reasoning_budget=budget)
        prompt = opened.open(opened.samples()[0]).ask()
        assert prompt is not None
        assert prompt.sampling.stop == stop


def test_thinking_is_removed_only_where_there_is_a_budget() -> None:
    assert answer_text("a</think>\nb</think>\n\nc", reasoning=True) == "c"
    assert answer_text("plain", reasoning=True) == "plain"
    assert answer_text("<think>a</think>b", reasoning=False) == "<think>a</think>b"


def test_long_records_are_cut_in_their_context(tmp_path: Path) -> None:
    context = "".join(f"w{i} " for i in range(3000))
    opened, sample = one(tmp_path, "qasper", window=1000, context=context, input="Who was it really?")
    text = sample.data["text"]
    assert len(PIECES.render(opened.open(sample).ask())) == sample.estimated_prompt_tokens <= 1000 - 128
    assert sample.estimated_prompt_tokens > 860
    assert "w0 w1 w2 " in text
    assert "w2998 w2999 " in text
    assert "w1500 " not in text
    assert "Question: Who was it really?" in text
    detail = play(opened, sample, "x").detail
    assert (detail["truncated"], detail["kept_tokens"]) == (True, sample.estimated_prompt_tokens)
    assert detail["original_tokens"] > 6000
    assert detail["source"] == "upstream"


def test_length_limit_and_whole_prompt_truncation(tmp_path: Path) -> None:
    context = "".join(f"w{i} " for i in range(3000))
    write_records(tmp_path / "qasper.jsonl", [record("qasper", context=context)])
    (sample,) = task("qasper", 4096, data_dir=tmp_path, length_limit=500).samples()
    assert 490 < sample.estimated_prompt_tokens <= 500
    (whole,) = task("qasper", 4096, data_dir=tmp_path, length_limit=500, truncation="prompt").samples()
    # the published runner's limit is on the text: the template's five tokens come on top
    assert whole.estimated_prompt_tokens == 505
    assert whole.data["truncation"] == "prompt"
    assert whole.data["text"].startswith("Below is a scientific article")


def test_a_question_that_fits_no_window_is_never_asked(tmp_path: Path) -> None:
    opened, sample = one(tmp_path, "qasper", window=400, input="why " * 500)
    assert opened.open(sample).ask() is None
    grade = play(opened, sample, "x")
    assert (grade.state, grade.channel, grade.scores) == (TOO_LONG, TOO_LONG, {})
    assert (sample.estimated_prompt_tokens, sample.estimated_turns) == (0, 0)
    with pytest.raises(DataError, match="asks nothing"):
        opened.open(sample).tell(Reply("x"))


def test_order_is_longest_first_with_equal_contexts_together(tmp_path: Path) -> None:
    texts = {"short": "a " * 20, "long": "b " * 200, "middle": "c " * 90}
    order = ["short", "long", "middle", "long", "short", "middle", "long"]
    records = [
        record("qasper", i, context=texts[name], input="why " * (i + 1)) for i, name in enumerate(order)
    ]
    write_records(tmp_path / "qasper.jsonl", records)
    samples = task("qasper", data_dir=tmp_path).samples()
    assert [sample.id for sample in samples] == [f"id-00{i}" for i in (6, 3, 1, 5, 2, 4, 0)]
    assert len({sample.cluster for sample in samples[:3]}) == 1
    assert len({sample.cluster for sample in samples}) == 3
    assert all(json.dumps(dict(sample.data)) for sample in samples)
    write_records(tmp_path / "qasper.jsonl", records[::-1])
    assert [s.id for s in task("qasper", data_dir=tmp_path).samples()] == [s.id for s in samples]


def test_limit_chooses_by_id_not_by_place(tmp_path: Path) -> None:
    records = [record("qasper", i) for i in range(40)]
    write_records(tmp_path / "qasper.jsonl", records)
    ten = {s.id for s in task("qasper", data_dir=tmp_path, limit=10).samples()}
    five = {s.id for s in task("qasper", data_dir=tmp_path, limit=5).samples()}
    other = {s.id for s in task("qasper", data_dir=tmp_path, limit=10, seed=1).samples()}
    assert (len(ten), len(five)) == (10, 5)
    assert five < ten
    assert other != ten
    write_records(tmp_path / "qasper.jsonl", records[::-1])
    assert {s.id for s in task("qasper", data_dir=tmp_path, limit=10).samples()} == ten


def test_extended_records_and_buckets(tmp_path: Path) -> None:
    lengths = [10, 3999, 4000, 7999, 8000, 20_000]
    records = [record("qasper", i, length=length) for i, length in enumerate(lengths)]
    write_records(tmp_path / "qasper_e.jsonl", records)
    samples = task("qasper", data_dir=tmp_path, extended=True).samples()
    by_id = {sample.id: sample.level for sample in samples}
    assert list(dict(sorted(by_id.items())).values()) == ["0-4k", "0-4k", "4-8k", "4-8k", "8k+", "8k+"]
    limited = task("qasper", data_dir=tmp_path, extended=True, limit=1).samples()
    assert {sample.level for sample in limited} == {"0-4k", "4-8k", "8k+"}
    assert len(limited) == 3
    write_records(tmp_path / "qasper.jsonl", records)
    assert {s.level for s in task("qasper", data_dir=tmp_path).samples()} == {""}
    assert len({s.level for s in task("qasper", data_dir=tmp_path, buckets="longbench-e").samples()}) == 3


def test_user_limits_reach_the_samples(tmp_path: Path) -> None:
    write_records(tmp_path / "qasper.jsonl", [record("qasper")])
    (tmp_path / "dataset2maxlen.json").write_text(json.dumps({"qasper": 77}))
    opened = task("qasper", data_dir=tmp_path)
    prompt = opened.open(opened.samples()[0]).ask()
    assert prompt is not None
    assert prompt.sampling.max_tokens == 77
    assert prompt_text(prompt) == opened.samples()[0].data["text"]
