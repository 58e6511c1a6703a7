"""The journal: an answered turn is never lost, and a torn line never believed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from model_folders import child_env

from acbench.errors import CorruptArtifact
from acbench.journal import Journal
from acbench.records import Turn

if TYPE_CHECKING:
    from pathlib import Path


def turn(text: str) -> Turn:
    return Turn("hash", text, "stop", 7, 3, cached_tokens=2, logprobs=(-0.5, -1.25))


def filled(folder: Path) -> Path:
    journal = Journal(folder)
    journal.append([("a", 0, turn("a0")), ("b", 0, turn("b0"))])
    journal.append([("a", 1, turn("a1"))])
    journal.close()
    return folder / "turns.jsonl"


def test_what_one_instance_wrote_another_reads_at_once(tmp_path: Path) -> None:
    writer = Journal(tmp_path)
    assert (writer.replayed, writer.appended) == (0, 0)
    odd = turn("two\nlines \u2028 \x85 日本 \x00")
    writer.append([("a", 0, odd), ("b", 0, turn("b0"))])
    writer.append([])
    reader = Journal(tmp_path)  # the writer is still open: nothing may sit in a buffer
    assert reader.turns("a") == [odd]
    assert reader.turns("b") == writer.turns("b") == [turn("b0")]
    assert reader.turns("unknown") == []
    assert (reader.replayed, writer.appended) == (2, 2)
    reader.close()
    writer.close()


def test_turns_handed_out_are_a_copy(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([("a", 0, turn("a0"))])
    journal.turns("a").clear()
    assert journal.turns("a") == [turn("a0")]
    journal.close()


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_torn_last_line_is_dropped_and_the_file_goes_on(tmp_path: Path, cut: int) -> None:
    file = filled(tmp_path)
    content = file.read_bytes()
    file.write_bytes(content[:-cut])
    journal = Journal(tmp_path)
    assert journal.turns("a") == [turn("a0")]
    assert journal.replayed == 2
    journal.append([("a", 1, turn("again"))])
    journal.close()
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(x["sample"], x["turn"], x["text"]) for x in lines] == [
        ("a", 0, "a0"),
        ("b", 0, "b0"),
        ("a", 1, "again"),
    ]


@pytest.mark.parametrize(
    "line",
    [b'{"sample": "b", "turn": 0, "te', b"null", b"3", b"[]", b'{"sample": "b", "turn": 0}', b"\xff\xfe"],
    ids=["torn", "null", "number", "list", "fields missing", "not text"],
)
def test_a_corrupt_middle_line_is_named(tmp_path: Path, line: bytes) -> None:
    file = filled(tmp_path)
    lines = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join([lines[0], line, lines[2]]) + b"\n")
    with pytest.raises(CorruptArtifact, match=r"turns\.jsonl, line 2 is not a recorded turn"):
        Journal(tmp_path)


def test_turns_out_of_order_are_refused(tmp_path: Path) -> None:
    file = filled(tmp_path)
    lines = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join([lines[2], lines[0]]) + b"\n")
    with pytest.raises(CorruptArtifact, match="line 1: turn 1 of a out of order"):
        Journal(tmp_path)
    file.write_bytes(b"\n".join([lines[0], lines[0]]) + b"\n")
    with pytest.raises(CorruptArtifact, match="line 2: turn 0 of a out of order"):
        Journal(tmp_path)


WRITER = """
import sys
from pathlib import Path
from acbench.journal import Journal
from acbench.records import Turn
journal = Journal(Path(sys.argv[1]))
for number in range(10**6):
    journal.append([("s", number, Turn("h", f"text {number}" * 50, "stop", 1, 1))])
    print(number, flush=True)
"""


def test_nothing_that_was_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_env()) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == 40:
                break
        child.send_signal(signal.SIGKILL)
        acknowledged = [
            40,
            *(int(line) for line in child.stdout.read().splitlines(keepends=True) if "\n" in line),
        ]
    journal = Journal(tmp_path)
    texts = [t.text for t in journal.turns("s")]
    assert len(texts) in (acknowledged[-1] + 1, acknowledged[-1] + 2)  # one may be written and not yet said
    assert texts == [f"text {number}" * 50 for number in range(len(texts))]
    journal.append([("s", len(texts), turn("next"))])
    journal.close()
    again = Journal(tmp_path)
    assert again.replayed == len(texts) + 1
    again.close()


CRAMPED = """
import resource, signal, sys
from pathlib import Path
from acbench.errors import StoreError
from acbench.journal import Journal
from acbench.records import Turn
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
journal.append([("s", 0, Turn("h", "first", "stop", 1, 1))])
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
try:
    journal.append([("s", 1, Turn("h", "x" * 2000, "stop", 1, 1))])
except StoreError as error:
    print(error)
print(len(journal.turns("s")), journal.appended)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
journal.append([("s", 1, Turn("h", "second", "stop", 1, 1))])
"""


def test_a_write_that_fails_half_way_is_an_error_and_leaves_no_half_line(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CRAMPED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=child_env(), check=True)
    message, counts = done.stdout.splitlines()
    assert "turns.jsonl cannot be written (File too large)" in message
    assert counts == "1 1"
    journal = Journal(tmp_path)
    assert [t.text for t in journal.turns("s")] == ["first", "second"]
    journal.close()
