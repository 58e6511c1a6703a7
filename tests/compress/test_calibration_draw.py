"""Drawing: what a window holds, that it is the same everywhere, and what happens when the source is too short."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from calibration_stubs import byte_model, decoded, spec, text_file

from acbench.compress.calibration import CalibrationSpec, draw, load
from acbench.compress.calibration_draw import order
from acbench.compress.calibration_sources import Document
from acbench.errors import CompressionError, CorruptArtifact
from acbench.store import Store
from acbench.tasks.protocol import Prompt
from acbench.texts import texts

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.rendering import ModelRenderer

SMALL = CalibrationSpec(samples=4, length=256)
GOLDEN = "62299648cad2e5e40a3a7c99e34fce07c22dbb29571b96858c848ddf2f2f4d01"
"""SMALL with byte tokens. It changes with the pack, its grammars or the draw: then raise DRAW_VERSION."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def model(tmp_path: Path) -> ModelRenderer:
    return byte_model(tmp_path / "model")


def test_the_same_everywhere(store: Store, model: ModelRenderer, tmp_path: Path) -> None:
    first = draw(SMALL, model, store)
    assert first.hash == GOLDEN
    other = draw(SMALL, byte_model(tmp_path / "another"), Store(tmp_path / "elsewhere"))
    assert (other.hash, other.ids, other.key) == (first.hash, first.ids, first.key)
    assert draw(SMALL, model, store) == first


def test_another_seed_draws_other_windows(store: Store, model: ModelRenderer) -> None:
    draws = [draw(replace(SMALL, seed=seed), model, store) for seed in range(4)]
    assert len({drawn.hash for drawn in draws}) == 4
    assert len({drawn.ids[0] for drawn in draws}) == 4


@pytest.mark.parametrize(("samples", "length"), [(1, 32), (3, 100), (128, 512)])
def test_every_window_has_exactly_the_length(
    store: Store, model: ModelRenderer, samples: int, length: int
) -> None:
    drawn = draw(CalibrationSpec(samples=samples, length=length), model, store)
    assert [len(sample) for sample in drawn.ids] == [length] * samples
    assert sum(drawn.kinds.values()) == samples * length
    assert (drawn.samples, drawn.length, drawn.notes) == (samples, length, ())


def test_the_hash_is_over_little_endian_int32(store: Store, model: ModelRenderer) -> None:
    drawn = draw(SMALL, model, store)
    raw = b"".join(i.to_bytes(4, "little", signed=True) for sample in drawn.ids for i in sample)
    assert drawn.hash == hashlib.sha256(raw).hexdigest()


def test_the_file_keeps_the_contract(store: Store, model: ModelRenderer) -> None:
    drawn = draw(SMALL, model, store)
    assert drawn.path == store.path("calibrations", drawn.key) / "calibration.json"
    content = json.loads(drawn.path.read_text())
    assert {key: content[key] for key in ("schema", "length", "seed", "source", "template")} == {
        "schema": 1,
        "length": 256,
        "seed": 0,
        "source": "pack",
        "template": True,
    }
    assert content["samples"] == [list(sample) for sample in drawn.ids]
    assert (drawn.path.parent / content["words"]).is_file()
    assert drawn.request() == {
        "path": str(drawn.path),
        "hash": drawn.hash,
        "samples": 4,
        "length": 256,
        "seed": 0,
        "source": "pack",
    }
    json.dumps(drawn.request())


def test_the_documents_of_the_overlap_check_are_those_of_the_windows(
    store: Store, model: ModelRenderer, tmp_path: Path
) -> None:
    drawn = draw(SMALL, model, store)
    words = drawn.words()
    contents = {text.id: text.content for text in texts("calibration")}
    assert len(words) == drawn.documents
    assert all(contents[name] == content for name, content in words.items())
    first_words = decoded(tmp_path / "model", drawn.ids[0]).split("<|end|>")[0][-60:]
    assert any(first_words in content for content in words.values())


def test_kinds_come_in_proportion_to_their_size(store: Store, model: ModelRenderer) -> None:
    """A quarter of the pack already holds every kind within a third of its share."""
    total: dict[str, int] = {}
    for text in texts("calibration"):
        total[text.kind] = total.get(text.kind, 0) + len(text.content)
    samples = sum(total.values()) // 4 // 512
    drawn = draw(CalibrationSpec(samples=samples, length=512), model, store)
    for kind in ("prose", "code", "dialogue", "tool-call", "json"):
        share = drawn.kinds[kind] / (samples * 512)
        assert share == pytest.approx(total[kind] / sum(total.values()), rel=1 / 3)


def test_documents_are_joined_with_the_end_token_and_nothing_else(
    store: Store, model: ModelRenderer, tmp_path: Path
) -> None:
    for name in "abc":
        text_file(tmp_path / "texts" / f"{name}.txt", name * 40)
    drawn = draw(spec(tmp_path / "texts", samples=3, length=41), model, store)
    shown = [decoded(tmp_path / "model", sample) for sample in drawn.ids]
    assert sorted(shown) == [f"{name * 40}<|end|>" for name in "abc"]
    assert drawn.documents == 3


def test_a_window_may_span_documents(store: Store, model: ModelRenderer, tmp_path: Path) -> None:
    for name in "abc":
        text_file(tmp_path / "texts" / f"{name}.md", name * 20)
    drawn = draw(spec(tmp_path / "texts", samples=1, length=50), model, store)
    one, two, rest = decoded(tmp_path / "model", drawn.ids[0]).split("<|end|>")
    assert sorted([one, two, rest[0] * 20]) == ["a" * 20, "b" * 20, "c" * 20]
    assert len(rest) == 50 - 42


def chat(path: Path, *turns: tuple[str, str]) -> Path:
    messages = [{"role": role, "content": content} for role, content in turns]
    return text_file(path, json.dumps({"messages": messages}) + "\n")


CONVERSATION = (
    ("system", "Be brief."),
    ("user", "Why?"),
    ("assistant", "Because."),
    ("user", "And?"),
    ("assistant", "So."),
)


def test_dialogues_go_through_the_template(store: Store, model: ModelRenderer, tmp_path: Path) -> None:
    file = chat(tmp_path / "chat.jsonl", *CONVERSATION)
    expected = (
        "<|system|>Be brief.<|end|><|user|>Why?<|end|><|assistant|>Because.<|end|>"
        "<|user|>And?<|end|><|assistant|>So.<|end|>"
    )
    ids = model.render(Prompt(text=expected))
    drawn = draw(spec(file, samples=1, length=len(ids)), model, store)
    assert decoded(tmp_path / "model", drawn.ids[0]) == expected
    assert drawn.ids == (ids,)
    assert drawn.template
    assert drawn.kinds == {"dialogue": len(ids)}


def test_a_model_without_template_and_without_end_token_is_noted(store: Store, tmp_path: Path) -> None:
    model = byte_model(tmp_path / "plain", template=None, end=None)
    file = chat(tmp_path / "chat.jsonl", *CONVERSATION)
    drawn = draw(spec(file, samples=1, length=36), model, store)
    assert decoded(tmp_path / "plain", drawn.ids[0]) == "Be brief.\n\nWhy?\n\nBecause.\n\nAnd?\n\nSo."[:36]
    assert not drawn.template
    assert [note.split(":")[0] for note in drawn.notes] == [
        "the model names no end token",
        "the model has no chat template",
    ]


def test_a_short_source_is_read_twice_and_says_so(store: Store, model: ModelRenderer, tmp_path: Path) -> None:
    content = "".join(f"{number:04d}" for number in range(160))  # 640 tokens, no window occurs twice in it
    file = text_file(tmp_path / "numbers.txt", content)
    one_pass = draw(spec(file, samples=10, length=64), model, store)
    assert one_pass.notes == ()
    twice = draw(spec(file, samples=19, length=64), model, store)
    shown = [decoded(tmp_path / "model", sample) for sample in twice.ids]
    assert shown[:10] == [content[start : start + 64] for start in range(0, 640, 64)]
    assert shown[10:] == [content[start : start + 64] for start in range(32, 608, 64)]
    assert twice.notes == (
        "one pass over the source gives 10 windows of 64 tokens; "
        "the others come from a second pass in another order",
    )


def test_each_pass_has_an_order_of_its_own() -> None:
    documents = [Document(name, "text", name) for name in "abcdefgh"]
    first, second = list(order(documents, "0/0")), list(order(documents, "0/1"))
    assert sorted(first) == sorted(second) == list(range(8))
    assert first != second


def test_a_source_that_is_too_short_even_twice(store: Store, model: ModelRenderer, tmp_path: Path) -> None:
    for number in range(8):
        text_file(tmp_path / "texts" / f"{number}.txt", str(number) * 79)
    with pytest.raises(CompressionError) as caught:
        draw(spec(tmp_path / "texts", samples=20, length=64), model, store)
    message = str(caught.value)
    assert "it gives 10 windows of 64 tokens, 19 when read twice, and 20 are asked for" in message
    assert "Lower calibration.samples or calibration.length" in message
    assert "larger calibration.source" in message
    assert list((store.root / "calibrations").iterdir()) == []  # nothing half made is left


@pytest.mark.parametrize(
    "change", [{"samples": 3}, {"length": 40}, {"seed": 1}, {"source": "path:{other}"}], ids=lambda c: str(*c)
)
def test_everything_that_changes_a_draw_is_in_its_key(
    store: Store, model: ModelRenderer, tmp_path: Path, change: dict[str, Any]
) -> None:
    place, other = tmp_path / "texts", tmp_path / "copy"
    for folder in (place, other):
        text_file(folder / "a.txt", "a" * 500)
    change = {key: value.format(other=other) if key == "source" else value for key, value in change.items()}
    before = spec(place)
    assert (
        draw(CalibrationSpec(**{**asdict(before), **change}), model, store).key
        != draw(before, model, store).key
    )


def test_the_content_and_the_tokenizer_are_in_the_key_and_the_override_is_not(
    store: Store, model: ModelRenderer, tmp_path: Path
) -> None:
    file = text_file(tmp_path / "a.txt", "a" * 500)
    first = draw(spec(file), model, store)
    assert draw(spec(file, allow_overlap=True), model, store).key == first.key
    assert draw(spec(file), byte_model(tmp_path / "no-template", template=None), store).key != first.key
    text_file(file, "a" * 499 + "b")
    assert draw(spec(file), model, store).key != first.key


def test_a_damaged_file_is_refused(store: Store, model: ModelRenderer) -> None:
    path = draw(SMALL, model, store).path
    content = json.loads(path.read_text())
    content["samples"][0][0] += 1
    path.write_text(json.dumps(content))
    with pytest.raises(CorruptArtifact, match="do not match the recorded hash; delete"):
        load(path)
    path.write_text(path.read_text()[:100])
    with pytest.raises(CorruptArtifact, match="not a calibration set"):
        load(path)
