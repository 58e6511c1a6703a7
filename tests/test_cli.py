"""The acbench command: same code paths as the suite, errors with file, line and field, honest exit statuses."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from acbench.cli import main
from acbench.store import Store, write_json

if TYPE_CHECKING:
    from pathlib import Path

GOLD = {
    "needle": "The best thing to do in Oslo is to eat waffles on a boat.",
    "keywords": ["waffles", "boat"],
}


def feed(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))


def line(identity: str, prediction: str, gold: object = GOLD) -> str:
    return json.dumps({"id": identity, "gold": gold, "prediction": prediction})


def test_score_reads_and_writes_json_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, [line("a", "Eat waffles on a boat!"), "", line("b", "waffles"), line("c", "no idea")])
    assert main(["score", "needle"]) == 0
    scored = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [(s["id"], s["scores"]["keyword_recall"], s["outcome"]) for s in scored] == [
        ("a", 1.0, "correct"),
        ("b", 0.5, "partial"),
        ("c", 0.0, "wrong"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 2: not valid JSON"),
        ("[1]", "line 2: expected a JSON object"),
        ('{"id": "x", "prediction": "y"}', "line 2: field 'gold' is missing"),
        ('{"id": "x", "gold": {}, "prediction": 3}', "line 2: field 'prediction' must be text, not int"),
        (line("a", "again"), "line 2: id 'a' occurs twice"),
        (line("x", "y", gold={"needle": "n"}), "keywords"),
    ],
)
def test_a_bad_line_is_named_and_costs_no_other_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    feed(monkeypatch, [line("a", "waffles"), text, line("z", "boat")])
    assert main(["score", "needle"]) == 1
    output = capsys.readouterr()
    assert [json.loads(scored)["id"] for scored in output.out.splitlines()] == ["a", "z"]
    assert message in output.err


def test_scores_by_meaning_say_which_model_made_them_and_keep_its_vectors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("acbench.embeddings._from_hub", lambda _name: None)
    gold = "Node:\n1: boil the water\n2: pour the tea\nEdges: (START,1) (1,2) (2,END)"
    feed(monkeypatch, [line("a", gold, gold), line("bad", "x", {"id": 1}), line("b", "nothing", gold)])
    assert main(["score", "worfbench", "--store", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert "texts are compared with all-MiniLM-L6-v2" in output.err
    assert "line 2" in output.err
    first, second = (json.loads(text) for text in output.out.splitlines())
    assert first["scores"]["chain"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert (second["scores"]["graph"]["f1"], second["outcome"]) == (0.0, "unparsed")
    assert list((tmp_path / "embeddings").glob("*.sqlite"))


def test_score_files(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(line("a", "waffles boat") + "\n")
    assert main(["score", "needle", "--in", str(source), "--out", str(target), "--mode", "upstream"]) == 0
    assert json.loads(target.read_text())["id"] == "a"


def test_an_empty_input_and_an_unknown_task_are_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, [])
    assert main(["score", "needle"]) == 1
    assert "holds no prediction" in capsys.readouterr().err
    assert main(["score", "nedle"]) == 1
    assert "did you mean 'needle'" in capsys.readouterr().err
    assert main(["score", "pddl"]) == 1
    assert "cannot score single predictions" in capsys.readouterr().err


def test_compress_names_the_nearest_recipe_and_refuses_planned_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(tmp_path)]
    assert main(["compress", "smollm2-135m", "rtn-w4g46", *store]) == 1
    assert "did you mean 'rtn-w4g64'" in capsys.readouterr().err
    assert main(["compress", "smollm", "rtn-w4g64", *store]) == 1
    assert "smollm2-135m" in capsys.readouterr().err
    config = tmp_path / "acbench.toml"
    config.write_text('[recipes.later]\nmethod = "rtn"\nplanned = "not yet"\n')
    assert main(["compress", "smollm2-135m", "later", "--config", str(config), *store]) == 1
    assert "planned" in capsys.readouterr().err
    assert main(["compress", "smollm2-135m", "gptq-w4g64", "--samples", "0", *store]) == 1
    assert "calibration.samples must be 1 to 4096, not 0" in capsys.readouterr().err


def test_store_list_size_and_prune(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def make(folder: Path) -> None:
        write_json(folder / "acbench.json", {"label": "toy:rtn"})
        (folder / "weights").write_bytes(bytes(3 << 20))

    Store(tmp_path).build("checkpoints", "k1", make)
    store = ["--store", str(tmp_path)]
    assert main(["store", "list", *store]) == 0
    assert "toy:rtn" in capsys.readouterr().out
    assert main(["store", "size", *store]) == 0
    assert "3.0 MiB" in capsys.readouterr().out
    assert main(["store", "prune", *store]) == 1
    assert "--keep-gib" in capsys.readouterr().err
    assert main(["store", "prune", "--keep-gib", "0", *store]) == 0
    assert "removed 1 entries" in capsys.readouterr().out
    assert Store(tmp_path).get("checkpoints", "k1") is None


def test_report_without_a_run_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACBENCH_RUNS", str(tmp_path))
    assert main(["report"]) == 1
    assert "run `pytest suites/` first" in capsys.readouterr().err


def test_a_missing_input_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "needle", "--in", str(tmp_path / "gone.jsonl")]) == 1
    assert "gone.jsonl: no such file" in capsys.readouterr().err
