"""Templates, the user's prompt files and plain replacement."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from longbench_stubs import record, task, write_records

from acbench.errors import DataError
from acbench.tasks.longbench.prompts import as_prompt, fill, prompt_spec
from acbench.tasks.longbench.sets import SETS
from acbench.tasks.longbench.templates import TEMPLATES

if TYPE_CHECKING:
    from pathlib import Path

NO_INPUT = {"gov_report", "multi_news", "vcsum", "passage_count", "lcc"}


def test_every_set_has_a_template_with_its_placeholders() -> None:
    assert set(TEMPLATES) == {which.name for which in SETS.values()}
    for name, template in TEMPLATES.items():
        assert template.count("{context}") == 1
        assert template.count("{input}") == (0 if name in NO_INPUT else 1)
        assert set(re.findall(r"\{.*?\}", template)) <= {"{context}", "{input}"}


@pytest.mark.parametrize("variant", sorted(SETS))
def test_templates_are_in_the_sets_language(variant: str) -> None:
    chinese = len(re.findall(r"[\u4e00-\u9fff]", TEMPLATES[SETS[variant].name]))
    assert chinese > 15 if SETS[variant].language == "zh" else chinese == 0


def test_placement_rules() -> None:
    for name in ("trec", "lsht", "triviaqa", "samsum"):
        assert TEMPLATES[name].endswith("{input}")
    for name in ("trec", "lsht"):
        assert TEMPLATES[name].endswith("\n\n{context}\n{input}")
    for name in ("passage_count", "passage_retrieval_en"):
        assert TEMPLATES[name].endswith(": ")
    assert "{context}The" in TEMPLATES["lcc"]
    assert "{context}{input}The" in TEMPLATES["repobench-p"]
    for name in ("lcc", "repobench-p"):
        assert TEMPLATES[name].endswith(":\n")
    assert TEMPLATES["qasper"].count('"unanswerable"') == 4
    assert '"Paragraph N"' in TEMPLATES["passage_retrieval_en"]
    assert "“段落N”" in TEMPLATES["passage_retrieval_zh"]
    for name in ("narrativeqa", "qasper", "hotpotqa"):
        before, after = TEMPLATES[name].split("{context}")
        sentences = re.split(r"(?<=\.)\s+", before)
        assert any(sentence in after for sentence in sentences if sentence), "said again behind the context"


def test_no_template_shows_a_number_that_may_be_the_answer() -> None:
    """A model that repeats the example of the form would be right now and then."""
    for name in ("passage_retrieval_en", "passage_retrieval_zh", "passage_count"):
        assert not re.search(r"\d", TEMPLATES[name])


def test_texts_pass_untouched() -> None:
    context = "{input} {context} {0} {{x}} \u2028 \x85 {"
    assert fill("a {context} b {input} c", context, "{context}") == f"a {context} b {{context}} c"
    assert fill("{other} {context}", " x ", "unused") == "{other}  x "


def test_six_sets_are_continuations() -> None:
    plain = {name for name, which in SETS.items() if not as_prompt(which, "t").messages}
    assert plain == {"trec", "triviaqa", "samsum", "lsht", "lcc", "repobench_p"}
    assert as_prompt(SETS["lcc"], "t").text == "t"
    assert [m.role for m in as_prompt(SETS["qasper"], "t").messages] == ["user"]


def write(path: Path, entries: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


@pytest.mark.parametrize("folder", ["", "config", "data", "records"])
def test_files_win_over_what_is_built_in(tmp_path: Path, folder: str) -> None:
    prompts = write(tmp_path / folder / "dataset2prompt.json", {"repobench-p": "{context}|{input}"})
    tokens = write(tmp_path / folder / "dataset2maxlen.json", {"repobench-p": 17})
    spec = prompt_spec(SETS["repobench_p"], tmp_path)
    assert (spec.template, spec.tokens, spec.source) == ("{context}|{input}", 17, "upstream")
    assert spec.files == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (prompts, tokens)
    }


def test_without_files(tmp_path: Path) -> None:
    spec = prompt_spec(SETS["lcc"], tmp_path)
    assert (spec.template, spec.tokens, spec.source, spec.files) == (TEMPLATES["lcc"], 64, "built-in", {})
    write(tmp_path / "dataset2maxlen.json", {"lcc": 9})
    spec = prompt_spec(SETS["lcc"], tmp_path)
    assert (spec.tokens, spec.source, list(spec.files)) == (9, "built-in", ["dataset2maxlen.json"])


@pytest.mark.parametrize(
    ("name", "entries", "message"),
    [
        ("dataset2prompt.json", {"lc": "{context}"}, "no entry for set 'lcc'; did you mean 'lc'"),
        ("dataset2prompt.json", {"lcc": "no place"}, "placeholder"),
        ("dataset2prompt.json", {"lcc": 3}, "placeholder"),
        ("dataset2prompt.json", ["lcc"], "object"),
        ("dataset2maxlen.json", {"lcc": "64"}, "positive whole number"),
        ("dataset2maxlen.json", {"lcc": 0}, "positive whole number"),
        ("dataset2maxlen.json", {"lcc": True}, "positive whole number"),
    ],
)
def test_malformed_files(tmp_path: Path, name: str, entries: Any, message: str) -> None:
    write(tmp_path / name, entries)
    with pytest.raises(DataError, match=f"{name}.*{message}"):
        prompt_spec(SETS["lcc"], tmp_path)


def test_files_that_are_no_json(tmp_path: Path) -> None:
    (tmp_path / "dataset2prompt.json").write_bytes(b"\xff{")
    with pytest.raises(DataError, match=r"dataset2prompt\.json: not valid JSON"):
        prompt_spec(SETS["lcc"], tmp_path)


def test_samples_know_where_their_prompts_come_from(tmp_path: Path) -> None:
    data = write_records(tmp_path / "lcc.jsonl", [record("lcc")])
    (sample,) = task("lcc", data_dir=tmp_path).samples()
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    assert (sample.data["prompts"], sample.data["files"]) == ("built-in", {"lcc.jsonl": digest})
    first = sample.data["template"]
    prompts = write(tmp_path / "config" / "dataset2prompt.json", {"lcc": "{context}>"})
    (sample,) = task("lcc", data_dir=tmp_path).samples()
    assert sample.data["prompts"] == "upstream"
    assert sample.data["files"]["dataset2prompt.json"] == hashlib.sha256(prompts.read_bytes()).hexdigest()
    assert sample.data["template"] != first
    assert sample.data["text"] == "Text 0 says nothing. It ends.>"
