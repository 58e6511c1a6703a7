"""The text pack: what it must hold, its form, and that it is the same everywhere."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from random import Random

import pytest

from acbench.errors import ConfigError, DataError
from acbench.texts import KINDS, SPLITS, Text, texts, units
from acbench.texts.grammars import records_calibration
from acbench.texts.grammars.scenes import filled
from acbench.texts.reader import parse

PACK = {
    "calibration": "c136a1bff5328289744ffcc3ea2d7866920f8c3a6714d846afe29e25dd87a249",
    "evaluation": "702c248eae5dc5c255834dd2c9d5d6bb54c42fff9e37abd8f83df383c6466b05",
}
"""SHA-256 of each split. When it changes, every calibration from the pack and every measured perplexity does."""


def digest(split: str) -> str:
    lines = [
        json.dumps([text.id, text.text, [[turn.role, turn.content] for turn in text.messages]])
        for text in texts(split)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("split", SPLITS)
def test_the_pack_is_the_same_everywhere(split: str) -> None:
    assert digest(split) == PACK[split]


def test_another_process_reads_the_same_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from acbench.texts import texts; print(len(texts('calibration')), "
        "*[m for m in ('torch', 'transformers', 'numpy', 'tokenizers') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.split() == [str(len(texts("calibration")))]


@pytest.mark.parametrize(
    ("split", "kind", "count", "words"),
    [
        ("calibration", "prose", 30, 15_000),
        ("calibration", "code", 20, 4_000),
        ("calibration", "dialogue", 40, 6_000),
        ("calibration", "tool-call", 40, 8_000),
        ("calibration", "json", 40, 3_000),
        ("calibration", "chinese", 4, 1_200),
        ("evaluation", "prose", 16, 6_000),
        ("evaluation", "code", 6, 1_400),
        ("evaluation", "dialogue", 6, 1_200),
        ("evaluation", "tool-call", 30, 3_500),
        ("evaluation", "json", 30, 3_500),
        ("evaluation", "chinese", 6, 1_500),
    ],
)
def test_every_kind_is_there_in_quantity(split: str, kind: str, count: int, words: int) -> None:
    found = texts(split, kind)
    assert len(found) >= count
    assert sum(text.words for text in found) >= words


def test_evaluation_essays_are_long_enough_to_be_cut() -> None:
    """A word or a sign is at least one token nearly everywhere: so many leave no essay under 350 tokens by much."""
    for text in texts("evaluation", "prose"):
        assert text.words + len(re.findall(r"[^\w\s]", text.text)) >= 330, text.id


@pytest.mark.parametrize("split", SPLITS)
def test_names_are_unique_and_tell_split_and_kind(split: str) -> None:
    found = texts(split)
    assert len({text.id for text in found}) == len(found)
    assert all(text.id.startswith(f"{split}/{text.kind}/") for text in found)
    assert [text for kind in KINDS for text in texts(split, kind)] == list(found)


@pytest.mark.parametrize("split", SPLITS)
def test_no_document_occurs_twice(split: str) -> None:
    assert max(Counter(text.content for text in texts(split)).values()) == 1


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("kind", ["dialogue", "tool-call"])
def test_conversations_alternate_and_end_with_the_assistant(split: str, kind: str) -> None:
    for text in texts(split, kind):
        roles = [message.role for message in text.messages if message.role != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2), text.id
        assert [m.role for m in text.messages].index("user") <= 1
        assert text.text == ""


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("kind", ["dialogue", "tool-call"])
def test_no_blank_is_left_open(split: str, kind: str) -> None:
    tags = {"<call>", "<result>", "<q>", "<store>"}
    for text in texts(split, kind):
        assert not set(re.findall(r"<[a-z_.\d]+>", text.content)) - tags, text.id
        assert "[[" not in text.content


@pytest.mark.parametrize("split", SPLITS)
def test_hand_written_prose_has_no_sentence_twice(split: str) -> None:
    sentences = Counter(
        sentence.strip()
        for text in texts(split, "prose")
        for sentence in re.split(r"(?<=[.!?])\s", text.text)
        if units(sentence) > 6
    )
    assert [sentence for sentence, count in sentences.items() if count > 1] == []


@pytest.mark.parametrize("split", SPLITS)
def test_python_of_the_pack_compiles(split: str) -> None:
    python = [
        text for text in texts(split, "code") if re.search(r"^(def|class|import|from) ", text.text, re.M)
    ]
    python = [text for text in python if "export " not in text.text]
    assert len(python) >= 4
    for text in python:
        compile(text.text, text.id, "exec")


@pytest.mark.parametrize("split", SPLITS)
def test_records_are_json(split: str) -> None:
    for text in texts(split, "json"):
        try:
            json.loads(text.text)
        except ValueError:
            assert all(json.loads(line) for line in text.text.splitlines()), text.id


def test_an_order_adds_up() -> None:
    order = records_calibration.order(Random(3))
    assert order["total_cents"] == sum(line["cents"] * line["quantity"] for line in order["lines"])


def test_a_blank_is_the_same_throughout_and_a_numbered_one_another() -> None:
    drawn: dict[str, str] = {}
    fills = {"town": ["A", "B"], "count": {"low": 1, "high": 2}}
    shown = filled("<town> <town.2> <town> <count> <count.2> <other>", fills, drawn, Random(0)).split()
    assert shown[0] == shown[2] != shown[1]
    assert {shown[0], shown[1]} == {"A", "B"}
    assert {shown[3], shown[4]} == {"1", "2"}
    assert shown[5] == "<other>"
    assert filled("[[x|y]]", {}, {}, Random(0)) in ("x", "y")


def test_units_are_words_and_characters() -> None:
    assert units("Don't stop: 3 co-operate!") == 6
    assert units("豆腐 tofu，冻 ") == 4


def test_unknown_names() -> None:
    with pytest.raises(ConfigError, match="unknown split 'calibrate'; did you mean 'calibration'"):
        texts("calibrate")
    with pytest.raises(ConfigError, match="unknown kind 'proze'; did you mean 'prose'"):
        texts("evaluation", "proze")


def test_the_form_of_a_data_file() -> None:
    content = "@@@ first\nOne.\n\n@@@ second\nTwo.\n"
    assert [(t.id, t.text) for t in parse(content, "s", "prose", "f")] == [
        ("s/prose/first", "One.\n"),
        ("s/prose/second", "Two.\n"),
    ]
    (chat,) = parse("@@@ a\n[user]\nHi\nthere\n[assistant]\nHello\n", "s", "dialogue", "f")
    assert isinstance(chat, Text)
    assert [(m.role, m.content) for m in chat.messages] == [("user", "Hi\nthere"), ("assistant", "Hello")]
    assert chat.content == "Hi\nthere\n\nHello"


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("prose", "text before\n@@@ a\nb\n", "must begin with a line '@@@ name'"),
        ("prose", "", "must begin with a line '@@@ name'"),
        ("prose", "@@@ a\n\n@@@ b\ntext\n", "document 'a' is empty"),
        ("dialogue", "@@@ a\nhello\n", r"document 'a' must begin with a line '\[system\]' or '\[user\]'"),
        ("dialogue", "@@@ a\n[user]\nhello\n", "document 'a' must end with the assistant's turn"),
        ("dialogue", "@@@ a\n[user]\n[assistant]\nx\n", "and have no empty one"),
    ],
)
def test_a_data_file_out_of_form(kind: str, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(parse(content, "s", kind, "file.txt"))
