"""The user's upstream file: the reader on rows of the documented schema, written here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from webarena_stubs import context

from acbench.errors import ConfigError, DataError
from acbench.tasks.webarena import open_task, replay, row_data
from acbench.tasks.webarena.samples import pack

if TYPE_CHECKING:
    from pathlib import Path


def row(number: Any, info: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    described = {
        "sites": ["shopping"],
        "require_login": True,
        "storage_state": "./auth/state.json",
        "start_url": "http://localhost:7770",
        "geolocation": None,
        "intent_template": "Open {{page}}",
        "instantiation_dict": {"page": "the cart"},
        "intent_template_id": 3,
        "require_reset": False,
        "eval": {
            "eval_types": ["url_match"],
            "reference_answers": None,
            "reference_url": "http://localhost:7770/cart",
            "program_html": [],
        },
        **(info or {}),
    }
    return {
        "task": "webarena",
        "id": number,
        "goal": "Open the cart",
        "subgoals": [],
        "difficulty": "easy",
        "original_task_id": 400,
        "additional_info": described,
        **more,
    }


def folder(path: Path, first: Any = None, count: int = 245) -> Path:
    """A file of ``count`` rows, the last five of them hard, with ``first`` in the place of row 0."""
    rows = [row(n, difficulty="hard" if n >= count - 5 else "easy") for n in range(count)]
    lines = [json.dumps(one) for one in rows]
    if first is not None:
        lines[0] = first if isinstance(first, str) else json.dumps(first)
    (path / "test.jsonl").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_all_rows_become_samples(tmp_path: Path) -> None:
    found = open_task(context(data_dir=folder(tmp_path), max_steps=9)).samples()
    assert len(found) == 245
    assert (found[0].id, found[244].id) == ("webarena-000", "webarena-244")
    assert [sample.level for sample in found].count("hard") == 5
    assert (found[7].data["original_task_id"], found[7].data["budget"]) == (400, 9)
    json.dumps([dict(sample.data) for sample in found])
    some = open_task(context(data_dir=tmp_path, per_level=2)).samples()
    assert [sample.id for sample in some] == ["webarena-000", "webarena-001", "webarena-240", "webarena-241"]


def test_a_row_of_the_hosted_sites_cannot_be_played(tmp_path: Path) -> None:
    """That is an error, not an episode with a score."""
    task = open_task(context(data_dir=folder(tmp_path)))
    episode = task.open(task.samples()[3])
    with pytest.raises(ConfigError, match="row 400 cannot be played: it needs a browser on the six hosted"):
        episode.ask()
    with pytest.raises(ConfigError, match="cannot be played"):
        replay(row_data(row(0)), ["@stop []@"])


def test_a_row_with_a_seed_belongs_to_the_built_in_sites() -> None:
    episode = pack()["episodes"][0]
    assert replay(row_data(episode), episode["plan"])[-1]["progress"] == 1.0
    without = {key: value for key, value in episode.items() if key != "seed"}
    assert row_data(without)["source"] == "upstream"


def answers(**rules: Any) -> dict[str, Any]:
    return eval_of(eval_types=["string_match"], reference_answers=rules)


def targets(*given: Any) -> dict[str, Any]:
    return eval_of(eval_types=["program_html"], program_html=list(given))


def eval_of(**parts: Any) -> dict[str, Any]:
    return {"eval": {"eval_types": ["url_match"], "reference_url": "http://a", **parts}}


HTML = {"url": "last", "locator": "", "required_contents": {"must_include": ["x"]}}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", r"test\.jsonl:1: not valid JSON"),
        ("[]", r"test\.jsonl:1: field 'additional_info' must be an object"),
        (row("0"), "'id' must be a whole number"),
        (row(0, original_task_id=None), "'original_task_id' must be a whole number"),
        (row(1), r"test\.jsonl:3: id 1 is there twice"),
        (row(0, difficulty="medium"), "'difficulty' must be easy or hard"),
        (row(0, goal=" "), "'goal' must be a text"),
        (row(0, {"sites": []}), "additional_info.sites"),
        (row(0, {"sites": "shopping"}), "additional_info.sites"),
        (row(0, {"start_url": None}), "additional_info.start_url"),
        (row(0, {"eval": None}), "additional_info: eval must be an object"),
        (row(0, eval_of(eval_types=[])), "eval.eval_types must be a non-empty list"),
        (row(0, eval_of(eval_types=["url_macht"])), "unknown 'url_macht'.*url_match"),
        (row(0, eval_of(reference_url="")), "eval.reference_url must be an address"),
        (row(0, eval_of(eval_types=["string_match"])), "eval.reference_answers must be an object"),
        (row(0, answers(exact_match=3)), "exact_match must be a text"),
        (row(0, answers(must_include="x")), "must be a list of texts"),
        (row(0, eval_of(eval_types=["program_html"])), "eval.program_html must be a non-empty list"),
        (row(0, targets(3)), r"program_html\[0\].url must be a text"),
        (row(0, targets({**HTML, "locator": None})), "locator must be a text"),
        (row(0, targets(HTML, {**HTML, "required_contents": {}})),
         r"program_html\[1\].required_contents"),
        (row(0, seed="x"), "'seed' must be a whole number"),
        ("", r"test\.jsonl: 244 rows; the published file has 245"),
    ],
)  # fmt: skip
def test_malformed_rows_are_named(tmp_path: Path, bad: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_task(context(data_dir=folder(tmp_path, bad))).samples()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test\.jsonl: cannot be read"):
        open_task(context(data_dir=tmp_path)).samples()
