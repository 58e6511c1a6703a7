"""The contract of `acbench score`: names, gold in two forms, errors, one batch, sizes."""

from __future__ import annotations

from typing import Any

import pytest
from workflow_stubs import EqualTexts, chain, score, text_of

from acbench.errors import ConfigError, DataError
from acbench.tasks.protocol import Prediction
from acbench.tasks.registry import open_scorer, open_task
from acbench.tasks.worfbench.parsing import MAX_NODES

GOLD = chain(["wash the cup", "dry the cup"])
RECORD = {
    "id": "os_1",
    "conversations": [
        {"role": "system", "content": "plan"},
        {"role": "user", "content": "clean the cup"},
        {"role": "assistant", "content": GOLD},
    ],
}


def test_gold_is_a_record_or_its_text() -> None:
    one, two = score(GOLD, GOLD), score(RECORD, GOLD)
    assert one == two
    assert one.scores == {name: {"precision": 1, "recall": 1, "f1": 1} for name in ("chain", "graph")}
    assert (one.id, one.outcome) == ("r1", "correct")


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        (None, "gold must be the gold text or the record, not NoneType"),
        ([GOLD], "not list"),
        ({}, "gold.conversations must be a list"),
        ({"conversations": []}, "gold.conversations must be a list"),
        ({"conversations": ["x"]}, r"conversations\[0\] must be the assistant's"),
        ({"conversations": RECORD["conversations"][:2]}, r"conversations\[1\] must be the assistant's"),
        (
            {"conversations": [{"role": "assistant", "content": 3}]},
            r"conversations\[0\].content must be text",
        ),
    ],
)
def test_malformed_gold(gold: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        score(gold, GOLD)


def test_malformed_prediction_is_named() -> None:
    with pytest.raises(DataError, match="'r1': prediction must be text"):
        score(GOLD, None)  # type: ignore[arg-type]


def test_unknown_mode() -> None:
    with pytest.raises(ConfigError, match="did you mean 'upstream'"):
        score(GOLD, GOLD, "upstrem")


@pytest.mark.parametrize(
    "gold",
    ["nothing", "Node:\n1: a", text_of(["a", "b"], [(1, 2), (2, 1)]), text_of(["a"], [("START", 1), (1, 7)])],
    ids=["no header", "no edge", "cycle", "edge leads out"],
)
def test_gold_that_is_no_workflow(gold: str) -> None:
    own, theirs = score(gold, GOLD), score(gold, GOLD, "upstream")
    if "7" in gold:  # the corrected reading drops the edge and goes on
        assert (own.outcome, theirs.outcome) == ("wrong", "error_chain")
        return
    assert (own.scores, own.outcome) == ({}, "gold_excluded")
    assert theirs.scores["chain"] == {"precision": 0, "recall": 0, "f1": 0}
    assert theirs.outcome == ("error_chain" if "(2,1)" in gold else "error_both")


def test_reasoning_counts_in_upstream_mode_only() -> None:
    text = f"<think>Node:\n1: feed the cat\n(START,1)</think>\n{GOLD}"
    assert score(GOLD, text).outcome == "correct"
    assert score(GOLD, text, "upstream").scores["chain"]["precision"] == pytest.approx(2 / 3)
    assert score(GOLD, "<think>" + GOLD).outcome == "unparsed"


def test_every_text_is_embedded_once_in_one_call() -> None:
    model = EqualTexts()
    scorer = open_scorer("worfbench", mode="corrected", embedder=lambda: model)
    lines = [
        Prediction(str(i), GOLD if i % 2 else RECORD, chain(["dry the cup", f"step {i}"])) for i in range(20)
    ]
    lines.append(Prediction("bad", 3, GOLD))
    scorer.prepare(lines)
    assert (model.calls, model.texts) == (1, 22)
    for line in lines[:-1]:
        scorer.score(line)
    assert model.calls == 1


def test_the_model_is_not_opened_for_answers_that_are_not_read() -> None:
    def refuse() -> EqualTexts:
        raise AssertionError

    scorer = open_scorer("worfbench-os", mode="upstream", embedder=refuse)
    scorer.prepare([Prediction("a", GOLD, "no idea")])
    assert scorer.score(Prediction("a", GOLD, "no idea")).outcome == "unparsed"


@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_huge_answers(mode: str) -> None:
    same = chain(["water the plants"] * MAX_NODES)
    found = score(chain(["water the plants"] * 8), same, mode)
    assert found.scores["chain"]["recall"] == (1 if mode == "corrected" else 0.8)  # 8 of 10 entries
    distinct = [f"step number {i}" for i in range(MAX_NODES)]
    assert score(GOLD, chain(distinct), mode, EqualTexts(MAX_NODES + 4)).scores["chain"]["recall"] in (0, 0.5)
    assert score(GOLD, chain([*distinct, "one more"]), mode).outcome == "unparsed"


def test_huge_gold_reversed() -> None:
    nodes = [f"step number {i}" for i in range(1500)]
    found = score(chain(nodes), chain(nodes[::-1]), "corrected", EqualTexts(1500))
    assert found.scores["chain"]["f1"] == pytest.approx(1 / 1500)
    assert found.scores["graph"]["f1"] == 0


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "( " * 50_000, "(" + " " * 100_000, "1: " * 30_000, "- " * 50_000]
)
@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_texts_made_to_be_slow(text: str, mode: str) -> None:
    assert score(GOLD, f"Node:\n{text}", mode).outcome == "unparsed"


def test_half_a_surrogate_pair_reaches_no_tokenizer() -> None:
    seen: list[str] = []

    class Strict(EqualTexts):
        def encode(self, texts: Any) -> Any:
            seen.extend(texts)
            return super().encode(texts)

    score(GOLD, chain(["a \ud800 b"]), "corrected", Strict())
    assert [text.encode() for text in seen if "?" in text] == [b"a ? b"]


def test_the_registry_knows_all_nine() -> None:
    from acbench.tasks.registry import TASKS, task_info

    slugs = [slug for slug in TASKS if slug.startswith("worfbench-")]
    assert len(slugs) == 9
    assert {task_info(slug).slug for slug in slugs} == set(slugs)
    assert callable(open_task)
