"""The ``compress`` task: held-out texts scored token by token, perplexities beside the facts of a checkpoint."""

from __future__ import annotations

import math
from typing import Any

import pytest

from acbench.errors import ConfigError, DataError, EngineError
from acbench.records import SampleRecord
from acbench.tasks.checkpoint import GIVEN_TOKENS, INFO, open_task
from acbench.tasks.protocol import Prompt, Reply, TaskContext
from acbench.texts import KINDS, texts


class Letters:
    """One token per character."""

    def count(self, text: str) -> int:
        return len(text)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(i, i + 1) for i in range(len(text))]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(range(len(prompt.text)))


def task(window: int = 4096, **settings: Any) -> Any:
    return open_task(TaskContext(renderer=Letters(), window_tokens=window, settings=settings))


def test_samples_are_the_evaluation_texts_cut_to_whole_tokens() -> None:
    found = task(per_kind=2, tokens=100).samples()
    assert [sample.level for sample in found] == [kind for kind in KINDS for _ in range(2)]
    assert len({sample.id for sample in found}) == len(found)
    by_id = {text.id: text.content for text in texts("evaluation")}
    for sample in found:
        assert len(sample.data["given"]) == GIVEN_TOKENS
        assert sample.data["given"] + sample.data["scored"] == by_id[sample.id][:100]
        assert sample.estimated_prompt_tokens == 100


def test_by_default_there_are_enough_tokens_of_every_kind() -> None:
    found = task().samples()
    assert {sample.level for sample in found} == set(KINDS)
    assert len(found) >= 6 * len(KINDS)
    assert max(sample.estimated_prompt_tokens for sample in found) == 256
    assert INFO.kind == "likelihood"
    assert [metric.name for metric in INFO.metrics] == ["loglik"]


def test_a_small_window_shortens_the_texts() -> None:
    assert {sample.estimated_prompt_tokens for sample in task(window=65).samples()} == {64}
    assert task(window=12).samples() == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"token": 100}, "compress: unknown setting 'token'; did you mean 'tokens'"),
        ({"tokens": 63}, "tokens must be a whole number from 64, not 63"),
        ({"tokens": 100.0}, "tokens must be a whole number from 64, not 100.0"),
        ({"per_kind": 0}, "per_kind must be a whole number from 1, not 0"),
        ({"per_kind": True}, "per_kind must be a whole number from 1, not True"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        task(**settings)


def episode() -> Any:
    made = task(per_kind=1, tokens=64)
    return made.open(made.samples()[0])


def test_an_episode_asks_once_and_averages_over_tokens() -> None:
    played = episode()
    prompt = played.ask()
    assert (len(prompt.text), len(prompt.continuation)) == (GIVEN_TOKENS, 64 - GIVEN_TOKENS)
    assert prompt.messages == ()
    with pytest.raises(DataError, match="the episode is not over"):
        played.grade()
    played.tell(Reply("", "scored", logprobs=(-1.0, -2.0, -6.0)))
    assert played.ask() is None
    grade = played.grade()
    assert (dict(grade.scores), grade.channel, grade.state) == ({"loglik": -3.0}, "scored", "ok")
    assert dict(grade.detail) == {"tokens": 3}


def test_a_text_that_does_not_fit_has_no_score() -> None:
    played = episode()
    played.tell(Reply("", "too_long"))
    assert played.ask() is None
    assert (dict(played.grade().scores), played.grade().channel, played.grade().state) == (
        {},
        "too_long",
        "too_long",
    )


@pytest.mark.parametrize("logprobs", [(), (-1.0, math.nan), (-math.inf,)])
def test_unusable_logprobs_are_an_engine_error(logprobs: tuple[float, ...]) -> None:
    played = episode()
    with pytest.raises(EngineError, match="no finite log-probabilities"):
        played.tell(Reply("", "scored", logprobs=logprobs))


def record(sample: str, level: str, loglik: float | None, tokens: int) -> SampleRecord:
    scores, detail = ({}, {}) if loglik is None else ({"loglik": loglik}, {"tokens": tokens})
    return SampleRecord(sample, level, "", (), scores, "scored", "ok", detail)


def test_perplexities_are_over_tokens_and_by_kind() -> None:
    half, quarter = math.log(0.5), math.log(0.25)
    base = [record("a", "prose", half, 30), record("b", "code", half, 10), record("c", "code", None, 0)]
    other = [record("a", "prose", quarter, 30), record("b", "code", half, 10), record("c", "code", None, 0)]
    facts = task().facts(base, other)
    # 30 tokens at 4 and 10 at 2: 2 to the power of 70/40
    assert facts == {
        "Perplexity, all texts": f"2 → {2**1.75:.4g}",
        "Perplexity, prose": "2 → 4",
        "Perplexity, code": "2 → 2",
    }
    assert task().facts([record("c", "code", None, 0)], []) == {
        "Perplexity, all texts": "nan → nan",
        "Perplexity, code": "nan → nan",
    }
    huge = task().facts(base[:1], [record("a", "prose", -1e6, 30)])
    assert huge["Perplexity, prose"] == f"2 → {math.exp(700):,.4g}"
