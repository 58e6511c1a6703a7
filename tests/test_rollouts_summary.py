"""What episodes tell beyond their scores: curves, halves, errors, broken ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.records import SampleRecord
from acbench.rollouts import facts, summarise

if TYPE_CHECKING:
    from collections.abc import Sequence


def record(
    name: str,
    changes: Sequence[tuple[int, float]] = (),
    *,
    turns: int = 5,
    budget: int = 5,
    difficulty: str = "easy",
    state: str = "ok",
    channel: str = "budget",
    errors: dict[str, int] | None = None,
    repeated: int = 0,
    why: str = "the engine ended",
) -> SampleRecord:
    progress = changes[-1][1] if changes else 0.0
    detail = {
        "score_changes": [list(change) for change in changes],
        "step_budget": budget,
        "turns": turns,
        "difficulty": difficulty,
        "turn_errors": errors or {},
        "repeated_turns": repeated,
        "actions": ["a"] * turns,
        "goal": "g",
        **({"broken": why} if state == "broken" else {}),
    }
    scores = {"progress": progress, "success": float(progress == 1.0)} if state == "ok" else {}
    return SampleRecord(name, "L1", name, (), scores, channel if state == "ok" else state, state, detail)


def summary(*pairs: tuple[SampleRecord, SampleRecord]) -> dict[str, Any]:
    return summarise(pairs, "progress")


def test_curves_are_means_of_step_functions() -> None:
    """Worked example 25: [(0, 0.5), (3, 1.0)] in five turns is 0.5, 0.5, 0.5, 1, 1."""
    one = record("a", [(0, 0.5), (3, 1.0)], turns=4)
    alone = summary((one, record("a")))
    assert alone["curves"] == {"base": [0.5, 0.5, 0.5, 1.0, 1.0], "compressed": [0.0] * 5}
    two = summary((one, one), (record("b", [(1, 1.0)], turns=2), record("b")))
    assert two["curves"]["base"] == [0.25, 0.75, 0.75, 1.0, 1.0]
    assert two["curves"]["compressed"] == [0.25, 0.25, 0.25, 0.5, 0.5]


def test_the_axis_is_the_longest_budget_and_an_ended_episode_keeps_its_value() -> None:
    found = summary(
        (record("a", [(0, 1.0)], turns=1, budget=2), record("a", [(1, 1.0)], turns=2, budget=2)),
        (record("b", budget=6), record("b", [(5, 1.0)], budget=6)),
    )
    assert found["turns"] == 6
    assert found["curves"]["base"] == [0.5] * 6
    assert found["curves"]["compressed"] == [0.0, 0.5, 0.5, 0.5, 0.5, 1.0]
    assert found["length"] == [3.0, 3.5]


def test_halves_and_a_half_without_episodes() -> None:
    """Worked example 23: easy [1, 0], hard [] -> easy 0.5, hard null."""
    found = summary(
        (record("a", [(0, 1.0)]), record("a", [(0, 0.5)])),
        (record("b"), record("b")),
    )
    assert found["halves"]["easy"] == {"n": 2, "progress": [0.5, 0.25], "success": [0.5, 0.0]}
    assert found["halves"]["hard"] == {"n": 0, "progress": [None, None], "success": [None, None]}
    assert facts(found)["hard episodes"] == "none"
    assert facts(found)["easy episodes"] == "2, progress 50.0 % → 25.0 %, success 50.0 % → 0.0 %"


def test_errors_are_shares_of_all_turns_each_turn_under_one_name() -> None:
    found = summary(
        (
            record("a", errors={"invalid": 1}, turns=4),
            record("a", errors={"no_tool": 2, "cut": 1}, repeated=1, turns=4),
        ),
        (record("b", turns=6), record("b", errors={"no_tool": 1}, repeated=3, turns=6)),
    )
    assert found["errors"] == {
        "invalid": [0.1, 0.0],
        "cut": [0.0, 0.1],
        "repeated": [0.0, 0.4],
        "no_tool": [0.0, 0.3],
    }
    assert list(found["errors"])[:3] == ["invalid", "cut", "repeated"]
    assert "no tool 0.0 % → 30.0 %" in facts(found)["turns that came to nothing"]


def test_what_has_no_score_is_in_no_curve_but_is_counted() -> None:
    good, bad = record("b", [(0, 1.0)], difficulty="hard"), record("a", turns=2, state="broken")
    found = summary((record("a", [(0, 1.0)]), bad), (good, record("b", difficulty="hard")))
    assert found["broken"] == [0, 1]
    assert found["curves"]["base"] == [1.0] * 5
    assert found["halves"]["easy"]["n"] == 0
    assert facts(found)["broken episodes, not scored"] == "0 → 1"
    assert facts(found)["why they broke"] == "1 × the engine ended"
    none = summary((record("a", [(0, 1.0)]), bad))
    assert none["curves"] == {"base": [], "compressed": []}
    assert none["length"] == [None, None]
    told = facts(none)
    assert "turns per episode" not in told
    assert told["easy episodes"] == "none"


def test_the_most_frequent_reasons_are_told() -> None:
    reasons = ["b", "b", "a", "c", "d" * 999, "e", "d" * 999, "b"]
    made = [record(str(n), state="broken", why=why) for n, why in enumerate(reasons)]
    found = summary(*zip(made[:4], made[4:], strict=True))
    assert found["broken"] == [4, 4]
    assert found["reasons"] == {"b": 3, "d" * 200: 2, "a": 1}
    assert facts(found)["why they broke"].startswith("3 × b; 2 × ddd")
    assert "why they broke" not in facts(summary((record("a"), record("a"))))


def test_a_prompt_that_did_not_fit_is_not_broken() -> None:
    found = summary((record("a"), record("a", state="too_long", turns=0)))
    assert found["broken"] == [0, 0]
    assert found["errors"] == {}
    assert "turns that came to nothing" not in facts(found)


def test_tasks_without_environments_have_no_summary() -> None:
    plain = SampleRecord("a", "", "a", (), {"progress": 1.0}, "correct", "ok")
    assert summary((plain, plain)) == {}
    assert summarise((), "progress") == {}
    assert facts({}) == {}


def test_changed_episodes_are_among_it() -> None:
    found = summary((record("a", [(0, 1.0)], channel="correct"), record("a", channel="loop")))
    assert [episode["sample"] for episode in found["trajectories"]] == ["a"]


def test_turns_per_episode() -> None:
    found = summary((record("a", turns=3), record("a", turns=5)), (record("b", turns=4), record("b")))
    assert facts(found)["turns per episode"] == "3.5 → 5.0"
