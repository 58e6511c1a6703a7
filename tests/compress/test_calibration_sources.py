"""Sources: the pack, files, folders, hub data sets; what is malformed is named with file and line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest
from calibration_stubs import text_file

from acbench.compress.calibration_sources import content_hash, read_documents
from acbench.errors import ConfigError, DataError
from acbench.store import Store
from acbench.texts import texts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def line(**record: Any) -> str:
    return json.dumps(record) + "\n"


def turns(*roles: str) -> list[dict[str, str]]:
    return [{"role": role, "content": f"what {role} says"} for role in roles]


def test_the_pack_is_its_calibration_split(store: Store) -> None:
    documents = read_documents("pack", store)
    assert [document.id for document in documents] == [text.id for text in texts("calibration")]
    assert [document.content for document in documents] == [text.content for text in texts("calibration")]


def test_a_folder_in_a_stable_order(tmp_path: Path, store: Store) -> None:
    text_file(tmp_path / "in" / "b.txt", "second")
    text_file(tmp_path / "in" / "a" / "z.md", "first")
    text_file(
        tmp_path / "in" / "c.jsonl", line(text="third") + "\n" + line(messages=turns("user", "assistant"))
    )
    text_file(tmp_path / "in" / "picture.png", "not read")
    text_file(tmp_path / "in" / ".hidden" / "x.txt", "not read")
    documents = read_documents(f"path:{tmp_path / 'in'}", store)
    assert [(document.id, document.kind) for document in documents] == [
        ("a/z.md", "text"),
        ("b.txt", "text"),
        ("c.jsonl:1", "text"),
        ("c.jsonl:3", "dialogue"),
    ]
    assert [document.content for document in documents] == [
        "first",
        "second",
        "third",
        "what user says\n\nwhat assistant says",
    ]


def test_a_line_may_hold_separators_that_are_no_line_ends(tmp_path: Path, store: Store) -> None:
    file = text_file(tmp_path / "x.jsonl", '{"text": "one\u2028two\u0085three"}\n')
    (document,) = read_documents(f"path:{file}", store)
    assert document.text == "one\u2028two\u0085three"


def test_a_hub_data_set(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(name: str, **options: Any) -> str:
        asked.append((name, options["revision"]))
        return str(tmp_path / "snapshot")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    text_file(tmp_path / "snapshot" / "val.jsonl", line(text="from the hub"))
    (document,) = read_documents("hf:owner/pile@1a2b", store)
    assert (document.id, document.text, asked) == ("val.jsonl:1", "from the hub", [("owner/pile", "1a2b")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (line(text="fine") + "{broken\n", "x.jsonl line 2: not valid JSON"),
        (
            line(text="fine") + "\n" + line(words="?"),
            "line 3: must be an object with either 'text' or 'messages'",
        ),
        (line(text="a", messages=turns("user", "assistant")), "line 1: must be an object with either"),
        ('["text"]\n', "line 1: must be an object"),
        (line(text=" \n"), "line 1: text must be a string that is not empty"),
        (line(text=7), "line 1: text must be a string"),
        (line(messages=[]), "line 1: messages must be a list that is not empty"),
        (line(messages=["hello"]), "messages[0] must be an object with role and content"),
        (
            line(messages=[*turns("user"), {"role": "assistant"}]),
            "messages[1] must be an object with role and content",
        ),
        (
            line(messages=[{"role": "user", "content": " "}, *turns("assistant")]),
            "messages[0] must be an object with role and content, neither empty",
        ),
        (line(messages=turns("user", "robot")), "messages[1].role must be one of system, user, assistant"),
        (line(messages=turns("user", "assistant", "user")), "the last message must be the assistant's"),
        (line(messages=turns("assistant")), "the first message must be the system's or the user's"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, store: Store, content: str, message: str) -> None:
    file = text_file(tmp_path / "x.jsonl", content)
    with pytest.raises(DataError) as caught:
        read_documents(f"path:{file}", store)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path, store: Store) -> None:
    file = tmp_path / "latin.txt"
    file.write_bytes("one\ntwo\nthree é".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.txt line 3: not UTF-8"):
        read_documents(f"path:{file}", store)


def test_an_empty_document(tmp_path: Path, store: Store) -> None:
    text_file(tmp_path / "in" / "empty.txt", " \n")
    with pytest.raises(DataError, match=r"empty\.txt: the document is empty"):
        read_documents(f"path:{tmp_path / 'in'}", store)


def test_places_with_nothing_to_read(tmp_path: Path, store: Store) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        read_documents(f"path:{tmp_path / 'nowhere'}", store)
    with pytest.raises(ConfigError, match=r"must be a .txt, .md or .jsonl file"):
        read_documents(f"path:{text_file(tmp_path / 'a.csv', 'a')}", store)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"holds no document: no .txt, .md or .jsonl file"):
        read_documents(f"path:{tmp_path / 'empty'}", store)


def test_the_content_hash_sees_names_texts_roles_and_borders(tmp_path: Path, store: Store) -> None:
    def of(**files: str) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, content in files.items():
            text_file(folder / f"{name}.{'jsonl' if content.startswith('{') else 'txt'}", content)
        return content_hash(read_documents(f"path:{folder}", store))

    assert of(a="one", b="two") == of(b="two", a="one")
    hashes = [
        of(a="one", b="two"),
        of(a="one", c="two"),
        of(a="onetwo"),
        of(a="one", b="tw", c="o"),
        of(a=line(messages=turns("system", "user", "assistant"))),
        of(
            a=line(
                messages=[
                    {**turn, "role": role}
                    for turn, role in zip(
                        turns("system", "user", "assistant"), ("user", "user", "assistant"), strict=True
                    )
                ]
            )
        ),
    ]
    assert len(set(hashes)) == len(hashes)
