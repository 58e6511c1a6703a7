"""Reading the user's files: schema errors by file and line, other line separators, bounded memory."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from longbench_stubs import record, task, write_records

from acbench.errors import DataError
from acbench.tasks.longbench import open_scorer
from acbench.tasks.longbench.records import find_records, read_records
from acbench.tasks.longbench.sets import SETS
from acbench.tasks.protocol import Prediction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize("folder", ["", "data", "records"])
def test_places_of_files(tmp_path: Path, folder: str) -> None:
    path = write_records(tmp_path / folder / "repobench-p.jsonl", [record("repobench_p")])
    assert find_records(tmp_path, SETS["repobench_p"]) == path
    assert [r.id for r in read_records(path, SETS["repobench_p"])] == ["id-000"]
    with pytest.raises(DataError, match=r"no file repobench-p_e\.jsonl"):
        find_records(tmp_path, SETS["repobench_p"], extended=True)


def test_fields_are_kept_as_they_are(tmp_path: Path) -> None:
    text = " a\u2028b\x85c\r\nd {context} NEWLINE_CHAR "
    path = write_records(
        tmp_path / "trec.jsonl", [record("trec", context=text, input=text, answers=["x", "y"])]
    )
    (found,) = read_records(path, SETS["trec"])
    assert (found.context, found.question, found.answers) == (text, text, ("x", "y"))
    assert (found.classes, found.length) == (("City", "Date"), 100)


def test_the_mirror_calls_the_input_question(tmp_path: Path) -> None:
    path = write_records(tmp_path / "qasper.jsonl", [record("qasper", input=..., question="who?")])
    assert [r.question for r in read_records(path, SETS["qasper"])] == ["who?"]


def test_extended_files_name_either_set(tmp_path: Path) -> None:
    records = [record("qasper", 1), record("qasper", 2, dataset="qasper_e")]
    path = write_records(tmp_path / "qasper_e.jsonl", records)
    assert len(list(read_records(path, SETS["qasper"]))) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(({name: ...}, f"'{name}'") for name in record("qasper")),
        *(({name: 5}, f"'{name}'") for name in ("input", "context", "answers", "dataset", "language", "_id")),
        ({"length": "12"}, "'length'"),
        ({"length": True}, "'length'"),
        ({"length": -1}, "'length'"),
        ({"answers": ["a", None]}, "'answers'"),
        ({"all_classes": "City"}, "'all_classes'"),
        ({"dataset": "hotpotqa"}, "'dataset' is 'hotpotqa'"),
        ({"_id": ""}, "'_id' is empty"),
        ({"_id": "id-001"}, "'_id': 'id-001' is on line 1 already"),
    ],
)
def test_errors_name_file_line_and_field(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    records = [record("qasper", 1), record("qasper", 2), record("qasper", 3, **changes)]
    path = write_records(tmp_path / "qasper.jsonl", records)
    with pytest.raises(DataError, match=rf"qasper\.jsonl:3: .*{message}"):
        list(read_records(path, SETS["qasper"]))


@pytest.mark.parametrize(
    ("variant", "changes", "message"),
    [
        ("trec", {"all_classes": None}, "'all_classes'"),
        ("passage_retrieval_en", {"answers": ["7"]}, "'answers'"),
        ("passage_retrieval_zh", {"answers": ["Paragraph 7"]}, "'answers'"),
    ],
)
def test_fields_that_only_some_sets_need(
    tmp_path: Path, variant: str, changes: dict[str, Any], message: str
) -> None:
    path = write_records(tmp_path / f"{variant}.jsonl", [record(variant, **changes)])
    with pytest.raises(DataError, match=rf":1: .*{message}"):
        list(read_records(path, SETS[variant]))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b"[1]", "must be an object, not list"),
        (json.dumps(record("qasper", context="\ud83d")).encode(), "'context': half of a surrogate pair"),
        (json.dumps(record("qasper", answers=["\ud83d"])).encode(), "'answers': half of a surrogate pair"),
        (
            json.dumps(record("qasper", all_classes=["\ud83d"])).encode(),
            "'all_classes': half of a surrogate pair",
        ),
    ],
)
def test_broken_lines(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "qasper.jsonl"
    path.write_bytes(b"\n" + line + b"\n")
    with pytest.raises(DataError, match=rf"qasper\.jsonl:2: .*{message}"):
        list(read_records(path, SETS["qasper"]))


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "qasper.jsonl").write_text("\n\n")
    with pytest.raises(DataError, match="no record"):
        task("qasper", data_dir=tmp_path).samples()


MEGABYTE = 1_000_000


def big_records(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield record("gov_report", number, context=f"{number} " + "word. " * (MEGABYTE // 6))


def test_a_large_file_is_read_and_scored_record_by_record(tmp_path: Path) -> None:
    path = write_records(tmp_path / "gov_report.jsonl", big_records(40))
    assert path.stat().st_size > 39 * MEGABYTE
    scorer = open_scorer("gov_report", mode="upstream", embedder=lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    tracemalloc.start()
    scores = []
    for found in read_records(path, SETS["gov_report"]):
        gold = {"answers": list(found.answers), "all_classes": None}
        scores.append(scorer.score(Prediction(found.id, gold, found.context[:20])).scores["score"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(scores) == 40
    assert peak < 12 * MEGABYTE  # bytes, decoded line and parsed record of one line, not forty


class _CharacterRenderer:
    """Ten characters are a token; offsets are made lazily enough for a memory test."""

    def count(self, text: str) -> int:
        return -(-len(text) // 10)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(i, min(i + 10, len(text))) for i in range(0, len(text), 10)]

    def render(self, prompt: Any) -> Any:
        return range(self.count("".join(m.content for m in prompt.messages) + prompt.text))


def test_samples_hold_cut_prompts_only(tmp_path: Path) -> None:
    write_records(tmp_path / "gov_report.jsonl", big_records(12))
    tracemalloc.start()
    samples = task("gov_report", 2048, data_dir=tmp_path, renderer=_CharacterRenderer()).samples()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(samples) == 12
    assert all(
        sample.data["truncated"] and sample.estimated_prompt_tokens <= 2048 - 512 for sample in samples
    )
    assert held < 2 * MEGABYTE
    assert peak < 40 * MEGABYTE  # one record with the spans of its 100,000 tokens
