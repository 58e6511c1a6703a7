"""C16 on planted grids."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from claims_results import decide, result

from acbench.claims.findings import CONFIRMED, NOT_TESTABLE, REFUTED, UNDECIDED
from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.records import CaseResult

SHORT = (1000, 2000, 8000, 16_000)


def grid(
    recipe: str,
    score: Callable[[int, int, int], tuple[float, float]],
    *,
    lengths: tuple[int, ...] = SHORT,
    repeats: int = 8,
) -> CaseResult:
    """A needle result; ``score`` of (length, depth, repeat) gives base and compressed. One cluster per text."""
    places = [(n, d, r) for n in lengths for r in range(repeats) for d in (0, 25, 50, 75, 100)]
    scores = [score(*place) for place in places]
    made = result("needle", recipe, scores, clusters=[f"n{n}-r{r}" for n, _, r in places])
    cells = tuple(
        {"length": n, "depth": d, "repeat": r, "base": a, "compressed": b, "state": "ok"}
        for (n, d, r), (a, b) in zip(places, scores, strict=True)
    )
    return replace(made, cells=cells)


def same(length: int, depth: int, repeat: int) -> tuple[float, float]:
    del length, depth, repeat
    return (1.0, 1.0)


def halved(length: int, depth: int, repeat: int) -> tuple[float, float]:
    del length
    return (1.0, float((depth // 25 + repeat) % 2))


def test_a_loss_alone_leaves_the_boundary_open() -> None:
    finding = decide("C16", [grid("awq-w4g128", halved)])
    assert finding.verdict == UNDECIDED
    assert "no texts on both sides of 32k" in finding.why
    assert finding.estimate is not None
    assert finding.estimate.value == pytest.approx(-0.5)
    assert finding.estimate.n == 160


def test_no_loss_refutes_it() -> None:
    # 160 texts without any change: the bound on an unseen event is 1 - 0.05^(1/160) = 1.9 points
    finding = decide("C16", [grid("awq-w4g128", same, repeats=40)])
    assert finding.verdict == REFUTED
    few = decide("C16", [grid("awq-w4g128", same, repeats=8)])
    assert few.verdict == UNDECIDED
    assert few.needed is not None
    assert "cells would decide it" in few.why


@pytest.mark.parametrize(("beyond", "verdict"), [(0.0, CONFIRMED), (1.0, REFUTED)])
def test_the_boundary_is_the_base_models(beyond: float, verdict: str) -> None:
    def score(length: int, depth: int, repeat: int) -> tuple[float, float]:
        return (beyond, 0.0) if length > 32_000 else halved(length, depth, repeat)

    finding = decide("C16", [grid("awq-w4g128", score, lengths=(4000, 16_000, 40_000), repeats=40)])
    assert finding.verdict == verdict
    row = next(r for r in finding.rows if r.subject.endswith("boundary"))
    assert row.verdict == verdict


def test_bands_thirds_and_slope_stand_beside_the_loss() -> None:
    def late(length: int, depth: int, repeat: int) -> tuple[float, float]:
        del repeat
        return (1.0, float(length < 8000 or depth < 40))

    finding = decide("C16", [grid("gptq-w4g128", late)])
    more = {e.name: e for e in finding.rows[0].more}
    assert more["lengths 1 to 1,024"].value == 0
    assert more["lengths 4,097 to 16,384"].value == pytest.approx(-0.6)
    assert more["last third of the depth"].value == pytest.approx(-0.5)
    slope = more["logistic slope per doubled length, change"]
    assert slope.high < 0
    assert more["lengths 1,025 to 4,096"].n == 40
    few = decide("C16", [grid("gptq-w4g128", late, repeats=4)]).rows[0].more
    band = next(e for e in few if e.name.startswith("lengths 1 to 1,024"))
    assert (band.name, band.low, band.high) == (
        "lengths 1 to 1,024 (4 texts, too few for an interval)",
        -1,
        1,
    )


def test_floor_missing_and_unscored_cells() -> None:
    def nothing(length: int, depth: int, repeat: int) -> tuple[float, float]:
        del length, depth, repeat
        return (0.0, 0.0)

    assert "floor" in decide("C16", [grid("awq-w4g128", nothing)]).why
    assert decide("C16", [grid("kv-int4", same)]).verdict == NOT_TESTABLE
    whole = grid("awq-w4g128", halved)
    unscored = {
        "length": 16_000,
        "depth": 50,
        "repeat": 9,
        "base": None,
        "compressed": None,
        "state": "too_long",
    }
    finding = decide("C16", [replace(whole, cells=(*whole.cells, unscored))])
    assert finding.estimate is not None
    assert finding.estimate.n == 160


def test_cells_that_contradict_the_pairs_are_an_error() -> None:
    whole = grid("awq-w4g128", halved)
    with pytest.raises(DataError, match=r"qwen2\.5-7b:awq-w4g128:needle"):
        decide("C16", [replace(whole, cells=whole.cells[1:])])
