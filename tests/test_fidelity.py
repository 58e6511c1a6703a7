"""The serving check: verdicts on constructed predictions, a scripted engine, fixed probes."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from tiny_bench import write_tokenizer

from acbench import fidelity
from acbench.engines.protocol import Completion, EngineIdentity, Request
from acbench.errors import CompressionError, EngineError, MisServed
from acbench.fidelity import (
    Predictions,
    check_serving,
    check_weights,
    compare,
    facts_of,
    predictions,
    probes,
    recorded,
    stored_bits,
)
from acbench.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROWS, PLACES = 4, 25


def reference(nll: float = 3.0, *, top: int = 7) -> Predictions:
    """Every token at one log-probability; the most likely token is always the same."""
    return Predictions(
        samples=[list(range(PLACES + 1))] * ROWS,
        logprobs=[[-nll] * PLACES for _ in range(ROWS)],
        top=[[top] * PLACES for _ in range(ROWS)],
    )


def served(
    stored: Predictions, *, shift: float = 0.0, differing: int = 0
) -> tuple[list[list[float]], list[list[int]]]:
    """What an engine says whose log-probabilities are ``shift`` off and whose first choices differ at some places."""
    places = iter(range(ROWS * PLACES))
    top = [[token + (next(places) < differing) for token in row] for row in stored.top]
    return [[value - shift for value in row] for row in stored.logprobs], top


# -- verdicts ---------------------------------------------------------------------------------------


def test_loss_and_perplexity_of_predictions() -> None:
    found = Predictions([[1, 2, 3]], [[math.log(0.5), math.log(0.125)]], [[2, 3]])
    assert found.nll == pytest.approx(2 * math.log(2))
    assert found.perplexity == pytest.approx(4)
    assert reference(1e5).perplexity == math.exp(700)


def test_equal_predictions_pass() -> None:
    stored = reference()
    found = compare(stored, *served(stored))
    assert found == fidelity.Fidelity(pytest.approx(3.0), pytest.approx(3.0), 1.0, ROWS * PLACES, "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("nll", "shift", "fine"),
    [
        (1.0, 0.09, True),  # 0.1 nats where 5 % would be less
        (1.0, -0.09, True),
        (1.0, 0.11, False),
        (1.0, -0.11, False),  # too good is as wrong: it is not what is stored
        (8.0, 0.39, True),  # 5 % of the loss
        (8.0, 0.41, False),
        (3.4, math.log(91968 / 29.7), False),  # the broken AWQ file
        (3.27, math.log(279735 / 26.3), False),  # the cache in int8
    ],
)
def test_a_loss_may_differ_by_rounding_and_no_more(nll: float, shift: float, fine: bool) -> None:
    stored = reference(nll)
    found = compare(stored, *served(stored, shift=shift))
    assert (found.problem == "") is fine
    if not fine:
        assert found.problem.startswith(
            f"served perplexity {math.exp(nll + shift):,.4g}, the stored weights have "
        )
    assert found.served_nll == pytest.approx(nll + shift)
    assert found.agreement == 1


@pytest.mark.parametrize(("differing", "fine"), [(30, True), (31, False), (100, False)])
def test_first_choices_must_agree_where_the_model_knows_anything(differing: int, fine: bool) -> None:
    stored = reference()
    found = compare(stored, *served(stored, differing=differing))
    assert found.agreement == pytest.approx(1 - differing / 100)
    expected = (
        "" if fine else f"only {100 - differing}% of the most likely tokens are those of the stored weights"
    )
    assert found.problem == expected
    guessing = reference(6.5)  # near guessing, first choices are ties
    assert compare(guessing, *served(guessing, differing=differing)).problem == ""


@pytest.mark.parametrize(("shift", "fine"), [(0.69, True), (-0.69, True), (0.71, False), (9.27, False)])
def test_a_lossy_cache_may_change_more_and_is_still_no_excuse_for_garbage(
    store: Store, shift: float, fine: bool
) -> None:
    stored = reference()
    engine = ScriptedEngine(stored, shift=shift, differing=60)
    if fine:
        assert check_serving(engine, stored, store, key="k", label="m:r", lossy_cache=True).problem == ""
        assert compare(stored, *served(stored, shift=shift)).problem
        return
    with pytest.raises(MisServed, match="served perplexity"):
        check_serving(engine, stored, store, key="k", label="m:r", lossy_cache=True)


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_no_number_is_a_problem_whoever_gives_it(value: float) -> None:
    stored = reference()
    logprobs, top = served(stored)
    logprobs[2][3] = value
    problem = compare(stored, logprobs, top).problem
    assert problem == "the engine gives NaN or infinite log-probabilities"
    broken = Predictions(stored.samples, logprobs, stored.top)
    for values in (stored.logprobs, logprobs):
        problem = compare(broken, values, top).problem
        assert problem == "the stored weights themselves give NaN or infinite log-probabilities"


@pytest.mark.parametrize(
    ("nll", "bits", "fine"),
    [
        (3.0 + math.log(9.9), 4, True),
        (3.0 + math.log(10.1), 4, False),
        (math.log(91968), 4, False),
        (math.nan, 8, False),
        (math.log(91968), 3, True),  # three bits and pruning may ruin a model
        (math.log(91968), 16, True),
    ],
)
def test_stored_weights_of_four_bits_and_more_must_predict_something(
    nll: float, bits: int, fine: bool
) -> None:
    if fine:
        check_weights(reference(nll), reference(3.0), bits=bits, label="m:r")
        return
    with pytest.raises(
        CompressionError, match=f"m:r: the stored weights have .*: {bits} bits do not explain that"
    ):
        check_weights(reference(nll), reference(3.0), bits=bits, label="m:r")


def test_bits_are_read_from_the_configuration(tmp_path: Path) -> None:
    for quantization, bits in (
        (None, 16),
        ({"quant_method": "awq", "bits": 4}, 4),
        ({"quant_method": "gptq", "bits": 8}, 8),
    ):
        (tmp_path / "config.json").write_text(json.dumps({"quantization_config": quantization}))
        assert stored_bits(tmp_path) == bits


def test_facts_for_reports() -> None:
    stored = reference(math.log(20))
    facts = facts_of(compare(stored, *served(stored, shift=math.log(1.05), differing=10)))
    assert facts == {
        "served_perplexity": 21.0,
        "stored_perplexity": 20.0,
        "top1_agreement": 0.9,
        "tokens": 100,
    }


# -- a running engine -------------------------------------------------------------------------------


class ScriptedEngine:
    """Answers in reverse order, one by one, what ``served`` says."""

    def __init__(self, stored: Predictions, **changes: Any) -> None:
        self.answers = list(zip(*served(stored, **changes), strict=True))
        self.asked: list[Request] = []
        self.waiting: list[Completion] = []
        self.error = ""

    @property
    def identity(self) -> EngineIdentity:
        return EngineIdentity("fake", "cpu", {})

    def submit(self, requests: Sequence[Request]) -> None:
        self.asked.extend(requests)
        for request, (logprobs, top) in zip(requests, self.answers, strict=True):
            self.waiting.append(
                Completion(
                    request.id,
                    finish_reason="scored",
                    logprobs=tuple(logprobs),
                    top_ids=tuple(top),
                    error=self.error,
                )
            )

    def poll(self, timeout_s: float | None = None) -> list[Completion]:
        assert timeout_s is None
        return [self.waiting.pop()] if self.waiting else []

    def close(self) -> None:
        raise AssertionError("the pool closes engines, not the check")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_faithful_engine_is_asked_once_per_key(store: Store) -> None:
    stored = reference()
    engine = ScriptedEngine(stored, differing=3)
    found = check_serving(engine, stored, store, key="k", label="m:r")
    assert (found.problem, found.agreement) == ("", 0.97)
    assert [request.token_ids for request in engine.asked] == [tuple(ids) for ids in stored.samples]
    assert {(request.score_from, request.top) for request in engine.asked} == {(1, 1)}
    assert len({request.id for request in engine.asked}) == ROWS
    again = ScriptedEngine(stored, shift=5)
    assert check_serving(again, stored, store, key="k", label="m:r") == found == recorded(store, "k")
    assert again.asked == []
    with pytest.raises(MisServed):
        check_serving(again, stored, store, key="another", label="m:r")


def test_garbage_is_never_served_and_not_asked_about_twice(store: Store) -> None:
    stored = reference(3.27)
    engine = ScriptedEngine(stored, shift=9.27)
    for _ in range(2):
        with pytest.raises(
            MisServed, match=r"m:r: the engine does not serve .*served perplexity 2\.79\de\+05"
        ) as caught:
            check_serving(engine, stored, store, key="k", label="m:r")
        assert "100 tokens of fixed texts" in str(caught.value)
    assert len(engine.asked) == ROWS


def test_no_numbers_are_remembered_as_such(store: Store) -> None:
    stored = reference()
    engine = ScriptedEngine(stored, shift=math.nan)
    for _ in range(2):
        with pytest.raises(MisServed, match="NaN or infinite"):
            check_serving(engine, stored, store, key="k", label="m:r")
    assert len(engine.asked) == ROWS


def test_an_engine_that_refuses_or_answers_too_little_is_an_error_and_no_verdict(store: Store) -> None:
    stored = reference()
    refusing = ScriptedEngine(stored)
    refusing.error = "too long"
    with pytest.raises(EngineError, match="the fidelity check was refused: too long"):
        check_serving(refusing, stored, store, key="k", label="m:r")
    short = ScriptedEngine(stored)
    short.answers[1] = (short.answers[1][0][:-1], short.answers[1][1])
    with pytest.raises(EngineError, match="the engine scored 24 tokens and named 25 of a text of 26"):
        check_serving(short, stored, store, key="k", label="m:r")
    without = ScriptedEngine(stored)
    without.answers = [(logprobs, []) for logprobs, _ in without.answers]
    with pytest.raises(EngineError, match="scored 25 tokens and named 0"):
        check_serving(without, stored, store, key="k", label="m:r")
    forgetful = ScriptedEngine(stored)
    forgetful.poll = lambda timeout_s=None: []  # type: ignore[method-assign]
    with pytest.raises(EngineError, match="forgot texts"):
        check_serving(forgetful, stored, store, key="k", label="m:r")
    assert recorded(store, "k") is None


# -- probes and stored predictions ------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model")
    write_tokenizer(made)
    return made


def test_probes_are_fixed_and_of_one_length(folder: Path) -> None:
    found = probes(folder)
    assert [len(ids) for ids in found] == [96] * 6
    assert len({tuple(ids) for ids in found}) == 6
    assert found == probes(folder)
    from acbench.rendering import ModelRenderer
    from acbench.texts import texts

    renderer = ModelRenderer(folder)
    kinds = [
        next(t.kind for t in texts("evaluation") if list(renderer.encode(t.content)[:96]) == ids)
        for ids in found
    ]
    assert len(set(kinds)) >= 5  # one text of each kind before the second of any


def test_predictions_are_computed_once_per_checkpoint(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def job(module: str, request: dict[str, Any], **_: object) -> dict[str, Any]:
        asked.append((module, request))
        places = len(request["samples"][0]) - 1
        return {
            "logprobs": [[-1.0] * places for _ in request["samples"]],
            "top": [[1] * places for _ in request["samples"]],
            "nll": 1.0,
            "perplexity": math.e,
        }

    monkeypatch.setattr(fidelity, "run_job", job)
    found = predictions(folder, "key", store)
    assert asked == [
        (
            "acbench.compress.evaluate",
            {"model": str(folder), "samples": probes(folder), "trust_remote_code": False},
        )
    ]
    assert found.samples == probes(folder)
    assert found.nll == 1
    assert predictions(folder, "key", store) == found
    assert len(asked) == 1
    predictions(folder, "other", store)
    monkeypatch.setattr(fidelity, "VERSION", fidelity.VERSION + 1)
    predictions(folder, "key", store)
    assert len(asked) == 3
    files = list(store.root.glob("predictions/*/predictions.json"))
    assert [set(json.loads(file.read_text())) for file in files] == [{"samples", "logprobs", "top"}] * 3
