"""Scores with the real small embedding model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from teval_stubs import scores

if TYPE_CHECKING:
    from acbench.embeddings import CachedEmbedder


def test_worked_examples_with_the_real_model(minilm: CachedEmbedder) -> None:
    from acbench.tasks.protocol import Prediction
    from acbench.tasks.teval import open_scorer

    def call(number: int, name: str, args: dict[str, Any]) -> dict[str, Any]:
        return {"id": number, "name": name, "args": args}

    gold = [
        call(0, "Trains.search", {"from": "Turin"}),
        call(1, "Hotel.reserve", {"nights": 2}),
        call(2, "Mail.send", {"to": "Ann"}),
        call(3, "FinishAction", {}),
    ]
    record = {"meta": {"prompt_type": "json", "API_list": []}, "ground_truth": gold}
    for names, upstream, corrected in (
        ((0, 1, 2, 3), 1, 1),
        ((0, 1), 0.8, 0.8),
        ((1, 0, 2), 2 / 3, 2 / 3),
        ((2, 1, 0), 1 / 3, 1 / 3),
    ):
        plan = [call(i, gold[n]["name"], gold[n]["args"]) for i, n in enumerate(names)]
        text = json.dumps([{**entry, "args": str(entry["args"])} for entry in plan])
        for mode, wanted in (("upstream", upstream), ("corrected", corrected)):
            scorer = open_scorer("plan_json", mode=mode, embedder=lambda: minilm)
            assert scorer.score(Prediction("r", record, text)).scores["f1"] == pytest.approx(wanted)


def test_empty_answer_to_reason_has_the_cosine_of_the_empty_text(minilm: CachedEmbedder) -> None:
    from acbench.tasks.teval.similarity import similarity

    assert 0 <= similarity(minilm, "", "Find a hotel in Turin.") < 0.3
    assert similarity(minilm, "\ud800", "x") >= 0
    assert scores("reason_str", {"ground_truth": {"thought": "x"}}, "", "corrected")["thought"] == 0
