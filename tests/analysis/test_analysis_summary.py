"""Settings and texts, numbers with intervals, and what a study becomes in a report."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tiny_bench import write_tokenizer

from acbench.analysis import numbers
from acbench.analysis.protocol import FEWEST_TEXTS, Settings, TextSet, text_set
from acbench.analysis.study import Study
from acbench.analysis.summary import analysis, scores
from acbench.errors import ConfigError, DataError
from acbench.metrics.averages import mean_of
from acbench.metrics.samples import KS
from acbench.rendering import ModelRenderer

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("erank", "top-k", "energy")


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> ModelRenderer:
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder)
    return ModelRenderer(folder)


# -- protocol ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"token": 3}, "unknown setting 'token'"),
        ({"tokens": 4}, "tokens must be a whole number from 8"),
        ({"tokens": True}, "tokens must be"),
        ({"per_kind": 0}, "per_kind must be"),
        ({"floor": "int8"}, "floor must be bfloat16 or float16"),
        ({"texts": "folder"}, "texts must be 'pack' or 'path:"),
    ],
)
def test_settings_are_checked(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Settings.from_table(table, "erank")


def test_the_packs_texts_have_one_length_and_a_hash(tokens: ModelRenderer) -> None:
    found = text_set(Settings(tokens=32, per_kind=5), tokens)
    assert {len(sample) for sample in found.samples} == {32}
    assert len(set(found.ids)) == len(found.ids) == 30
    facts = found.facts(Settings(tokens=32, per_kind=5))
    assert facts["positions"] == 30 * 32
    assert sum(facts["by_kind"].values()) == 30
    assert found.hash == text_set(Settings(tokens=32, per_kind=5), tokens).hash
    assert found.hash != text_set(Settings(tokens=33, per_kind=5), tokens).hash
    assert len(text_set(Settings(tokens=32), tokens).samples) > 100


def test_short_texts_are_left_out_and_too_few_are_an_error(tokens: ModelRenderer, tmp_path: Path) -> None:
    lines = [json.dumps({"text": "a long line of words " * 20}) for _ in range(31)]
    lines += [json.dumps({"text": "short"})]
    file = tmp_path / "own.jsonl"
    file.write_text("\n".join(lines))
    settings = Settings(tokens=40, per_kind=99, texts=f"path:{tmp_path}")
    found = text_set(settings, tokens)
    assert (len(found.samples), found.dropped, found.source) == (31, 1, "path")
    fewer = text_set(Settings(tokens=40, per_kind=3, texts=f"path:{tmp_path}"), tokens)
    assert len(fewer.samples) == FEWEST_TEXTS  # filled up, in the order of the texts
    file.write_text("\n".join(lines[:5] + lines[-1:]))
    with pytest.raises(
        DataError, match=rf"5 texts of .* \(1 are shorter\), at least {FEWEST_TEXTS} are needed"
    ):
        text_set(settings, tokens)


def test_fewer_texts_must_be_asked_for(tokens: ModelRenderer, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("a long line of words " * 20)
    found = text_set(Settings(tokens=40, fewest=1, texts=f"path:{tmp_path}"), tokens)
    assert len(found.samples) == 1


def test_a_kind_of_short_texts_is_made_up_for(tokens: ModelRenderer, tmp_path: Path) -> None:
    """Another tokenizer writes Chinese in a third of the tokens."""
    found = text_set(Settings(tokens=32, per_kind=5), tokens)
    lengths = {kind: found.kinds.count(kind) for kind in found.kinds}
    assert lengths == dict.fromkeys(lengths, 5)
    longer = text_set(Settings(tokens=600, per_kind=5), tokens)
    assert longer.dropped > 0
    assert longer.kinds.count("dialogue") < 5 < longer.kinds.count("prose")
    assert len(longer.samples) == FEWEST_TEXTS


# -- numbers -------------------------------------------------------------------------------------


def test_a_distance_is_the_mean_of_text_means_with_its_interval() -> None:
    rng = np.random.default_rng(3)
    table = rng.normal(2.0, 0.5, (200, 10))
    found = numbers.distance("d", "nats", table, np.full((200, 10), 0.1))
    assert found.value == pytest.approx(table.mean())
    assert found.floor == pytest.approx(0.1)
    assert found.low is not None
    assert found.high is not None
    error = table.mean(axis=1).std(ddof=1) / math.sqrt(200)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.08)


def test_undefined_values_are_counted_and_do_not_erase_the_rest() -> None:
    table = np.array([[0.9, math.nan, 0.8], [math.nan] * 3])
    found = numbers.distance("tau", "", table, table)
    assert found.value == pytest.approx(0.85)
    assert (found.n, found.undefined) == (2, 4)


def test_a_level_pairs_the_texts() -> None:
    """Texts differ a lot, the change is the same on each: only pairing sees it."""
    base = np.random.default_rng(0).normal(10, 5, (40, 4))
    found = numbers.level("x", "", base, base + 1, base)
    assert found.base == pytest.approx(base.mean())
    assert found.value == pytest.approx(base.mean() + 1)
    assert [found.low, found.high] == pytest.approx([1, 1])


def test_a_shaped_level_is_geometric() -> None:
    """A data set's effective rank out of 2 and 8 is 4 (specification, example 18)."""
    logs = np.log(np.array([2.0, 8.0]))
    assert numbers.level("e", "", logs, logs, logs, shape=np.exp).value == pytest.approx(4.0)


def test_pooled_statistics_resample_texts() -> None:
    values = np.arange(60.0).reshape(30, 2)
    found = numbers.pooled("m", "", lambda pick: float(np.median(values[pick])), 30)
    assert found.value == 29.5
    assert found.low is not None
    assert found.low < 29.5
    base = numbers.pooled(
        "m", "", lambda pick: float(values[pick].mean()) + 1, 30, base=lambda pick: float(values[pick].mean())
    )
    assert [base.low, base.high] == pytest.approx([1, 1])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_has_no_word_for_some_numbers(value: float) -> None:
    assert numbers.plain(value) is None


# -- summary -------------------------------------------------------------------------------------


def arrays(rng: np.random.Generator, *, shift: float) -> dict[str, np.ndarray[Any, Any]]:
    """A made-up comparison of 30 texts of 12 tokens, ``shift`` apart."""
    shape = (30, 12)
    energy = rng.normal(-20, 4, shape)
    found: dict[str, np.ndarray[Any, Any]] = {
        "energy_b": energy,
        "energy_v": energy + shift,
        "top_b": np.full(shape, -0.5),
        "top_v": np.full(shape, -0.7),
        "centred_b": energy + 8,
        "centred_v": energy + 8 + shift,
        "nll_b": np.full(shape, 2.0),
        "nll_v": np.full(shape, 2.0 + shift),
        "right_b": np.tile([1.0, 0.0], (30, 6)),
        "right_v": np.tile([1.0, 0.0, 0.0], (30, 4)),
        "margin_b": rng.normal(1, 1, shape),
        "kl": np.full(shape, shift / 4),
        "js": np.full(shape, shift / 9),
        "tv": np.full(shape, shift / 3),
        "vocabulary": np.array([640, 640, 650]),
        "logit_b": np.full(30, 6.0),
        "logit_v": np.full(30, 6.0 + shift),
        "cka": np.array([1.0, 1 - shift / 10]),
        "hidden_b": np.full((2, 30), 20.0),
        "hidden_v": np.full((2, 30), 20.0 * (1 + shift / 10)),
        "outliers_b": np.full((2, 2), 5.0),
        "outliers_v": np.full((2, 2), 6.0),
    }
    found["margin_v"] = 0.5 * found["margin_b"]
    for name in ("nll_b", "nll_v", "right_b", "right_v"):
        found[name][:, -1] = math.nan
    for k in KS:
        found[f"jaccard_{k}"] = np.full(shape, 1 - shift / 10)
        for reading in ("base_set", "union", "intersection"):
            if k > 1:
                found[f"tau_{reading}_{k}"] = np.full(shape, 1 - shift / 5)
                found[f"rho_{reading}_{k}"] = np.full(shape, 1 - shift / 6)
    return found


@pytest.fixture
def study(tokens: ModelRenderer) -> Study:
    texts = text_set(Settings(tokens=12, per_kind=5), tokens)
    row = {"rank": 64, "sqnr_db": None, "zeros": 0.0, "kurtosis": 1.0, "sigma": 50.0, "folded": 48.0}
    base = tuple({**row, "name": f"w{i}", "layer": i, "kind": "q"} for i in range(2))
    made = tuple({**r, "folded": 49.0, "sqnr_db": 20.0, "zeros": 0.5} for r in base)
    outside = ({**row, "name": "e", "layer": -1, "kind": "embedding", "folded": 9.0},)
    return Study(
        texts,
        Settings(tokens=12, per_kind=5),
        arrays(np.random.default_rng(1), shift=1.0),
        arrays(np.random.default_rng(1), shift=0.05),
        made + outside,
        base + outside,
        {"weights": {"seconds": 1.0}},
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_analysis_is_plain_json_with_the_protocol(study: Study, kind: str) -> None:
    found = analysis(kind, study)
    json.dumps(found, allow_nan=False)
    assert (found["kind"], found["schema"]) == (kind, 1)
    assert found["protocol"]["texts"] == 30
    assert (found["protocol"]["vocabulary"], found["protocol"]["ids_left_out"]) == (640, 10)
    for name, number in found["numbers"].items():
        assert number["title"], name
        if number["low"] is not None:
            middle = number["value"] - (number["base"] or 0.0)
            assert number["low"] - 1e-4 <= middle <= number["high"] + 1e-4, name


def test_the_numbers_say_what_was_put_in(study: Study) -> None:
    erank, topk, energy = (analysis(kind, study)["numbers"] for kind in KINDS)
    assert erank["erank.hidden.distance"]["value"] == pytest.approx(0.1)
    assert erank["erank.hidden.distance"]["floor"] == pytest.approx(0.005)
    assert (erank["erank.hidden.lambda"]["base"], erank["erank.hidden.lambda"]["value"]) == (20.0, 22.0)
    weight = erank["erank.weight.sigma.folded"]
    assert (weight["base"], weight["value"], weight["n"]) == (48.0, 49.0, 2)  # embeddings stand apart
    assert erank["weight.sqnr"]["value"] == 20.0
    assert topk["topk.jaccard.10"]["value"] == pytest.approx(0.9)
    assert topk["flips.right_to_wrong"]["value"] == pytest.approx(4 / 11)  # of eleven predictions
    assert topk["flips.wrong_to_right"]["value"] == pytest.approx(2 / 11)
    assert topk["margin.slope"]["value"] == pytest.approx(0.5)
    assert topk["margin.flips"]["value"] == 0
    assert energy["energy.abs_delta"]["value"] == pytest.approx(1.0)
    assert energy["energy.w1"]["value"] == pytest.approx(1.0)
    assert energy["perplexity"]["base"] == pytest.approx(math.exp(2))
    assert energy["perplexity"]["value"] == pytest.approx(math.exp(3))
    assert energy["perplexity"]["n"] == 30 * 11


def test_series_cover_every_position_once(study: Study) -> None:
    energy, topk = analysis("energy", study), analysis("top-k", study)
    assert [row["bin"] for row in energy["by_position"]] == ["0", "1-3", "4-7", "8-15"]
    assert [row["n"] for row in energy["by_position"]] == [30, 90, 120, 120]
    assert sum(sum(row["base"]) for row in energy["histogram"]["bins"]) == 360
    assert [row["k"] for row in topk["by_k"]] == list(KS)
    assert topk["by_k"][0]["tau"] is None
    assert topk["by_k"][3]["independent_sd"] == pytest.approx(0.2485, abs=1e-4)


def test_the_series_hold_what_was_put_in(study: Study) -> None:
    """Matrices with embeddings beside them, layers, and top-k by position."""
    erank, topk, energy = (analysis(kind, study) for kind in KINDS)
    first, _, outside = erank["weights"]
    assert first == {
        "layer": 0,
        "kind": "q",
        "rank": 64,
        "base": 48.0,
        "value": 49.0,
        "sqnr_db": 20.0,
        "zeros": 0.5,
    }
    assert (outside["layer"], outside["kind"], outside["base"]) == (-1, "embedding", 9.0)
    assert [row["layer"] for row in erank["layers"]] == [0, 1]
    assert [row["base"] for row in erank["layers"]] == pytest.approx([20.0, 20.0])
    assert [row["value"] for row in erank["layers"]] == pytest.approx([22.0, 22.0])
    assert [row["cka"] for row in erank["layers"]] == pytest.approx([1.0, 0.9])
    for row in topk["by_position"]:
        values = [row[name] for name in ("jaccard", "tau", "kl", "floor_jaccard")]
        assert values == pytest.approx([0.9, 0.8, 0.25, 0.995])
    assert [row["bin"] for row in topk["by_position"]] == ["0", "1-3", "4-7", "8-15"]
    for row in energy["by_position"]:
        assert [row["abs"], row["signed"], row["floor_abs"]] == pytest.approx([1.0, 1.0, 0.05])


def test_an_infinite_divergence_is_reported_as_undefined(study: Study) -> None:
    study.arrays["kl"][0, 0] = math.inf
    found = analysis("top-k", study)["numbers"]["kl.mean"]
    assert (found["value"], found["undefined"]) == (None, 1)


def test_a_change_may_be_larger_than_the_whole(study: Study) -> None:
    study.arrays["hidden_v"][:] = 70.0 + np.arange(30)
    found = analysis("erank", study)["numbers"]["erank.hidden.distance"]
    assert found["value"] > 2.5
    assert found["low"] < found["value"] < found["high"]


def test_a_vocabulary_without_ten_ids_is_refused(study: Study) -> None:
    arrays = {name: values for name, values in study.arrays.items() if not name.endswith("_10")}
    with pytest.raises(DataError, match="fewer than 10 ids"):
        analysis("top-k", replace(study, arrays=arrays))


def test_the_side_of_base_is_the_noise_floor(study: Study) -> None:
    for kind, name, exact, floor, variant in (
        ("erank", "erank.hidden.distance", 0.0, 0.005, 0.1),
        ("top-k", "topk.jaccard.10", 1.0, 0.995, 0.9),
        ("energy", "energy.abs_delta", 0.0, 0.05, 1.0),
    ):
        sides = [mean_of([row[name] for row in scores(kind, study, side=side)]).value for side in SIDES]  # type: ignore[arg-type]
        assert sides == pytest.approx([exact, floor, variant]), kind
    levels = [scores("erank", study, side=side)[0]["erank.hidden.lambda"] for side in SIDES]  # type: ignore[arg-type]
    assert levels == pytest.approx([20.0, 20.0, 22.0])


SIDES = ("exact", "floor", "variant")


def test_texts_hold_what_was_read(tokens: ModelRenderer) -> None:
    found: TextSet = text_set(Settings(tokens=12, per_kind=5), tokens)
    assert all(found.contents)
