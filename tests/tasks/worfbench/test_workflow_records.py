"""The user's folder: where files may lie, what is wrong with them, and which records are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from workflow_play import folder, play, record, task, turns
from workflow_stubs import chain, text_of

from acbench.errors import ConfigError, DataError
from acbench.tasks.worfbench.records import published_demonstrations, published_records

if TYPE_CHECKING:
    from pathlib import Path


def broken(**changes: Any) -> dict[str, Any]:
    return record(**changes)


def test_folder_with_or_without_the_gold_folder(tmp_path: Path) -> None:
    folder(tmp_path / "a", [record()])
    folder(tmp_path / "b" / "gold_traj", [record()])
    assert published_records(tmp_path / "a", "os") == published_records(tmp_path / "b", "os")
    with pytest.raises(DataError, match=r"no lumos/graph_eval.json, neither there nor in gold_traj/"):
        published_records(tmp_path / "a", "lumos")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not valid JSON"),
        ("[", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ({}, "expected a JSON list"),
        ([], "at least one record"),
        ([record(), 3], "record 2: expected an object, not int"),
        ([record("")], "record 1: field 'id'"),
        ([record(), record()], "record 2: field 'id': 'os_1' occurs twice"),
        ([record(conversations=None)], r"record 1 \(os_1\): field 'conversations'"),
        ([record(conversations=record()["conversations"][:2])], "a list of 3 messages"),
        (
            [record(conversations=record()["conversations"][::-1])],
            r"conversations\[0\]: field 'role' must be 'system'",
        ),
        ([record(question=7)], r"conversations\[1\]: field 'content' must be text"),  # type: ignore[arg-type]
    ],
)
def test_malformed_folders_name_the_place(tmp_path: Path, content: Any, message: str) -> None:
    path = folder(tmp_path, content)
    with pytest.raises(DataError, match=message) as caught:
        task(data_dir=path).samples()
    assert "graph_eval.json" in str(caught.value)


def test_file_that_is_no_utf8(tmp_path: Path) -> None:
    (folder(tmp_path, []) / "os" / "graph_eval.json").write_bytes(b'["\xff"]')
    with pytest.raises(DataError, match="UTF-8"):
        published_records(tmp_path, "os")


def test_flags_and_exclusion(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        [record("lumos_20047", "a"), record("lumos_1", "b"), record("lumos_2", "b"), record("lumos_3", "c")],
        "lumos",
    )
    everything = task("lumos", path)
    assert [sample.id for sample in everything.samples()] == ["lumos_20047", "lumos_1", "lumos_2", "lumos_3"]
    assert [len(sample.data["flags"]) for sample in everything.samples()] == [1, 0, 1, 0]
    clusters = [sample.cluster for sample in everything.samples()]
    assert clusters[1] == clusters[2]
    assert len(set(clusters)) == 3
    kept = task("lumos", path, exclude_flagged=True)
    assert [sample.id for sample in kept.samples()] == ["lumos_1", "lumos_3"]
    assert kept.excluded == {
        "lumos_20047": "a single edge",
        "lumos_2": "the same prompt stands earlier in the file",
    }


def test_gold_that_is_no_workflow_is_left_out_in_corrected_mode_only(tmp_path: Path) -> None:
    cycle = text_of(["a", "b"], [(1, 2), (2, 1)])
    path = folder(tmp_path, [record("os_1", gold=cycle), record("os_2", gold="none"), record("os_3", "x")])
    own, theirs = task(data_dir=path), task(data_dir=path, mode="upstream")
    assert [sample.id for sample in own.samples()] == ["os_3"]
    assert own.excluded == {
        "os_1": "its gold text is no workflow (cyclic)",
        "os_2": "its gold text is no workflow (no_header)",
    }
    assert [sample.id for sample in theirs.samples()] == ["os_1", "os_2", "os_3"]
    for sample in theirs.samples()[:2]:
        grade = play(theirs, sample, [chain(["a", "b"])])
        assert grade.scores["chain_f1"] == 0
        assert grade.detail["published_scorer_fails"][0] == "chain"


def test_level_is_the_size_of_the_gold_workflow(tmp_path: Path) -> None:
    golds = [chain([f"s{i}" for i in range(n)]) for n in (1, 2, 3, 4, 6, 7, 20)]
    path = folder(tmp_path, [record(f"os_{i}", gold=gold) for i, gold in enumerate(golds)])
    levels = [sample.level for sample in task(data_dir=path).samples()]
    assert levels == ["1-2", "1-2", "3-4", "3-4", "5-6", "7+", "7+"]


def test_demonstrations(tmp_path: Path) -> None:
    path = folder(tmp_path, [record()], demonstrations={"os": turns(), "lumos": turns(2)})
    assert published_demonstrations(path, "os") == tuple((turn["role"], turn["content"]) for turn in turns())
    assert published_demonstrations(path, "seal_tools") is None
    assert [message[0] for message in task(data_dir=path).samples()[0].data["messages"]] == [
        *("system", "user", "assistant", "user", "assistant", "user")
    ]
    assert task(data_dir=path).samples()[0].data["shots"] == 2
    assert len(task(data_dir=path, shots=0).samples()[0].data["messages"]) == 2
    assert task(data_dir=path, demonstrations="lumos").samples()[0].data["shots"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "expected an object"),
        ({"os": []}, "'os' must be a list"),
        ({"os": turns(3)}, "'os' must be a list"),
        ({"os": turns()[::-1]}, r"os\[0\]: field 'role' must be 'user'"),
        ({"os": "x"}, "'os' must be a list"),
    ],
)
def test_malformed_demonstrations(tmp_path: Path, content: Any, message: str) -> None:
    path = folder(tmp_path, [record()], demonstrations=content)
    with pytest.raises(DataError, match=message):
        task(data_dir=path).samples()


def test_missing_demonstrations(tmp_path: Path) -> None:
    """Not given: none are used, as for the held-out tasks; asked for: that is an error with what to do."""
    path = folder(tmp_path, [record("seal_tools_1")], "seal_tools", demonstrations={"os": turns()})
    assert task("seal_tools", path).samples()[0].data["shots"] == 0
    with pytest.raises(ConfigError, match=r"no demonstrations for 'seal_tools'.*demonstrations = "):
        task("seal_tools", path, shots=2).samples()
    assert task("seal_tools", path, shots=2, demonstrations="os").samples()[0].data["shots"] == 2
