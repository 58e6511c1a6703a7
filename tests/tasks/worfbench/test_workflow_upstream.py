"""The published records with a real embedding model, where their folder stands beside the checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from workflow_play import play, task
from workflow_stubs import EqualTexts, text_of

from acbench.embeddings import PACKAGED, CachedEmbedder, ModelEmbedder
from acbench.tasks.worfbench.aggregate import Outcome, task_means
from acbench.tasks.worfbench.defects import DEFECTIVE, DUPLICATE_PROMPT
from acbench.tasks.worfbench.messages import TURN_MARKER
from acbench.tasks.worfbench.pack import pack_records
from acbench.tasks.worfbench.parsing import read_published, read_workflow
from acbench.tasks.worfbench.records import published_records
from acbench.tasks.worfbench.scoring import (
    gold_fault,
    score_corrected,
    score_published,
    texts_to_embed,
)
from acbench.tasks.worfbench.settings import HELD_OUT, MAIN, VARIANTS
from acbench.tasks.worfbench.vectors import Vectors

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "worfbench"
upstream = [
    pytest.mark.upstream,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no folder shared/data/worfbench beside the checkout"),
]
COUNTS = dict(zip(VARIANTS, (262, 114, 93, 489, 312, 133, 20, 223, 500), strict=True))
CEILINGS = {
    "wikihow": (0.938, 0.988, 1.0, 1.0),
    "toolbench": (0.977, 0.997, 1.0, 1.0),
    "toolalpaca": (0.998, 1.0, 1.0, 1.0),
    "lumos": (0.997, 0.996, 1.0, 0.996),
    "alfworld": (0.960, 0.999, 1.0, 0.999),
    "webshop": (1.0, 1.0, 1.0, 1.0),
    "os": (1.0, 1.0, 1.0, 1.0),
    "seal_tools": (0.896, 0.994, 1.0, 0.994),
    "intercodesql": (0.998, 1.0, 0.998, 1.0),
}
"""Chain and graph F1 of gold against itself: upstream mode, corrected mode (specification, section 6.2)."""


@cache
def packaged() -> CachedEmbedder:
    """MiniLM out of its package, kept in memory for this session."""
    module = pytest.importorskip(PACKAGED, reason="the packaged embedding model is not installed")
    return CachedEmbedder(ModelEmbedder(Path(module.__file__).parent / "model", "packaged"))


def vectors(golds: Iterable[str]) -> Vectors:
    found = Vectors(packaged)
    found.learn(text for gold in golds for text in texts_to_embed(gold, gold))
    return found


@cache
def real(variant: str) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return tuple((record.id, record.gold, record.flags) for record in published_records(FOLDER, variant))


def apply(marks: list[pytest.MarkDecorator], *values: object) -> list[object]:
    return [pytest.param(value, marks=marks) for value in values]


@pytest.mark.parametrize("variant", apply(upstream, *VARIANTS))
def test_every_gold_record_reads(variant: str) -> None:
    rows = real(variant)
    assert len(rows) == COUNTS[variant]
    for name, gold, _ in rows:
        assert not gold_fault(gold), name
        assert read_published(gold).parsed, name


def against_itself(variant: str, known: Vectors) -> list[float]:
    """Chain and graph F1 in upstream mode, then in corrected mode."""
    rows = real(variant)
    published = [score_published(gold, gold, known) for _, gold, _ in rows]
    own = [score_corrected(read_workflow(gold), read_workflow(gold), known) for _, gold, _ in rows]
    imperfect = {name for (name, _, _), result in zip(rows, own, strict=True) if result.channel != "correct"}
    assert imperfect <= DEFECTIVE.keys()
    assert not any(result.failed for result in published)
    means = [
        task_means([Outcome(result.chain, result.graph) for result in found]) for found in (published, own)
    ]
    return [value for mean in means for value in (mean.chain.f1, mean.graph.f1)]


@pytest.mark.parametrize("variant", apply(upstream, *VARIANTS))
def test_ceilings_when_only_equal_texts_are_alike(variant: str) -> None:
    """A real model changes one figure only: alfworld's records with repeated texts in upstream mode."""
    found = against_itself(variant, Vectors(lambda: EqualTexts(3000)))
    skipped = 1 if variant == "alfworld" else 0
    assert found[skipped:] == pytest.approx(CEILINGS[variant][skipped:], abs=0.002)


@pytest.mark.parametrize("variant", apply(upstream, "alfworld", "os"))
def test_ceilings_with_a_real_model(variant: str) -> None:
    """The other tasks: ``python -m benchmarks.workflow_scoring``, which embeds 7,000 texts."""
    found = against_itself(variant, vectors(gold for _, gold, _ in real(variant)))
    wide = 0.005 if variant == "alfworld" else 0.002
    assert found[0] == pytest.approx(CEILINGS[variant][0], abs=wide)
    assert found[1:] == pytest.approx(CEILINGS[variant][1:], abs=0.002)


@pytest.mark.parametrize("variant", apply(upstream, "alfworld"))
def test_repeated_prompts_are_flagged(variant: str) -> None:
    rows = real(variant)
    assert sum(DUPLICATE_PROMPT in flags for _, _, flags in rows) == 15
    kept = task(variant, FOLDER, exclude_flagged=True)
    assert len(kept.samples()) == 312 - 15 - 1
    assert "alfworld_549" in kept.excluded


@pytest.mark.parametrize("_folder", apply(upstream, "folder"))
def test_defective_records_are_there_and_explained_nodes_are_cut(_folder: str) -> None:
    golds = {name: gold for variant in VARIANTS for name, gold, _ in real(variant)}
    assert DEFECTIVE.keys() <= golds.keys()
    explained = [f"wikihow_{n}" for n in (23, 29, 65, 71, 155, 228, 254, 262)] + ["toolbench_52"]
    assert [len(read_workflow(golds[name]).nodes) for name in explained] == [4, 12, 5, 2, 5, 3, 6, 12, 2]
    assert [len(read_published(golds[name]).nodes) for name in explained] == [8, 15, 10, 4, 12, 6, 12, 24, 4]


@pytest.mark.parametrize("variant", apply(upstream, *VARIANTS))
def test_prompts_of_the_published_protocol(variant: str) -> None:
    shots = 0 if variant in HELD_OUT else 2
    samples = task(variant, FOLDER).samples()
    assert len(samples) == COUNTS[variant]
    assert (variant in MAIN) == (shots == 2)
    for sample in samples[:20]:
        messages = sample.data["messages"]
        assert [role for role, _ in messages] == ["system", *["user", "assistant"] * shots, "user"]
        assert messages[-1][1].startswith(TURN_MARKER) == (shots == 2 or variant == "seal_tools")
        assert messages[-1][1].count(TURN_MARKER) <= 1
        assert not any(sample.data["gold"] in content for _, content in messages)


@pytest.mark.parametrize("variant", apply(upstream, "os"))
def test_an_episode_with_a_published_record(variant: str) -> None:
    opened = task(variant, FOLDER, model=packaged())
    grade = play(opened, opened.samples()[0], [opened.samples()[0].data["gold"]])
    assert grade.channel == "correct"
    assert grade.scores["chain_f1_upstream"] == 1


@pytest.mark.parametrize("variant", ["alfworld", "toolbench", "intercodesql"])
def test_embedded_gold_scores_one_with_a_real_model(variant: str) -> None:
    """Sub-tasks of one record are near each other in meaning; each must still be paired with itself."""
    records = pack_records(variant, (1, 2, 3, 4), 3, 0)
    known = vectors(record.gold for record in records)
    for record in records:
        gold = read_workflow(record.gold)
        assert score_corrected(gold, gold, known).channel == "correct"


def test_close_and_distant_wordings_with_a_real_model() -> None:
    gold = read_workflow(text_of(["boil the water", "feed the cat"], [("START", 1), (1, 2), (2, "END")]))
    close = read_workflow(
        text_of(["bring the water to the boil", "give the cat food"], [("START", 1), (1, 2), (2, "END")])
    )
    distant = read_workflow(
        text_of(["sign the contract", "paint the fence"], [("START", 1), (1, 2), (2, "END")])
    )
    known = Vectors(packaged)
    assert score_corrected(close, gold, known).channel == "correct"
    assert score_corrected(distant, gold, known).channel == "wrong"
