"""Run folders: merged by age, refused with the file's name when something in them is malformed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from claims_results import catalogue, flips, result

from acbench.claims.evidence import Evidence
from acbench.claims.kinds import variant_of
from acbench.claims.reading import load_runs
from acbench.errors import ConfigError, DataError

if TYPE_CHECKING:
    from acbench.records import CaseResult

TASK = "t-eval-plan-json"


def write(folder: Path, *results: CaseResult) -> Path:
    (folder / "results").mkdir(parents=True)
    for found in results:
        name = found.id.replace(":", "__") + ".json"
        (folder / "results" / name).write_text(json.dumps(found.to_json()))
    return folder


def test_the_newest_result_of_a_case_counts(tmp_path: Path) -> None:
    old, new = (result(TASK, "awq-w4g128", flips(30, 20, lost=n)) for n in (1, 2))
    other = result(TASK, "gptq-w4g128", flips(30, 20))
    first = write(tmp_path / "20260102-000000-1", old, other)
    second = write(tmp_path / "20260103-000000-1", new)
    for folders in ([first, second], [second, first]):
        loaded = load_runs(folders)
        assert loaded.folders == (first, second)
        assert loaded.replaced == 1
        by_id = {r.id: r for r in loaded.results}
        assert by_id[new.id] == new
        assert by_id[other.id] == other


def test_without_a_time_in_its_name_a_folders_files_tell_its_age(tmp_path: Path) -> None:
    old, new = (result(TASK, "awq-w4g128", flips(30, 20, lost=n)) for n in (1, 2))
    named = write(tmp_path / "20260103-000000-1", old)
    plain = write(tmp_path / "copied", new)
    for file in (plain / "results").iterdir():
        os.utime(file, (0, 0))
    assert load_runs([plain, named]).results == (old,)
    for file in (plain / "results").iterdir():
        os.utime(file, (2e10, 2e10))
    assert load_runs([plain, named]).results == (new,)


def test_a_folder_named_twice_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "20260103-000000-1", result(TASK, "awq-w4g128", flips(30, 20)))
    monkeypatch.chdir(tmp_path)
    loaded = load_runs([folder, Path(folder.name), folder])
    assert (loaded.folders, loaded.replaced) == ((folder,), 0)


def test_a_folder_of_results_itself_will_do(tmp_path: Path) -> None:
    found = result(TASK, "awq-w4g128", flips(30, 20))
    folder = write(tmp_path / "20260103-000000-1", found)
    assert load_runs([folder / "results"]).results == (found,)


def test_a_folder_without_results_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no case results"):
        load_runs([tmp_path])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a readable case result"),
        ("[]", "expected a JSON object"),
        ('{"schema": 99}', "schema 99"),
        ('{"schema": 1}', "field 'verdict' is missing"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    folder = write(tmp_path / "run", result(TASK, "awq-w4g128", flips(30, 20)))
    (folder / "results" / "broken.json").write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        load_runs([folder])
    assert "broken.json" in str(caught.value)
    assert "run the case again" in str(caught.value)


def test_an_unknown_field_is_named(tmp_path: Path) -> None:
    data = result(TASK, "awq-w4g128", flips(30, 20)).to_json()
    data["colour"] = "blue"
    (tmp_path / "x.json").write_text(json.dumps(data))
    with pytest.raises(DataError, match="colour"):
        load_runs([tmp_path])


# -- what a recipe is ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipe", "method", "bits", "pattern"),
    [
        ("awq-w4g128", "awq", 4, ""),
        ("rtn-w3g64", "rtn", 3, ""),
        ("gptq-w8g128", "gptq", 8, ""),
        ("smoothquant-w8a8", "smoothquant", 8, ""),
        ("fp8", "fp8", 8, ""),
        ("wanda-50", "wanda", 16, "50"),
        ("wanda-60", "wanda", 16, ""),
        ("sparsegpt-2of4", "sparsegpt", 16, "2:4"),
        ("my-awq-w4", "awq", 4, ""),
        ("mine", "external", 16, ""),
        ("kv-int4", "kv", 16, ""),
    ],
)
def test_kind_of_a_recipe(recipe: str, method: str, bits: int, pattern: str) -> None:
    variant = variant_of(result(TASK, recipe, flips(30, 20), method=method), catalogue())
    assert (variant.bits, variant.pattern) == (bits, pattern)
    assert variant.four_bit == (bits == 4)


def test_an_unknown_recipe_and_model_are_read_from_the_checkpoint() -> None:
    checkpoint = {"bits_per_weight": 4.25, "base_bytes": 3_000_000_000, "bytes": 900_000_000, "sparsity": 0.0}
    made = result(TASK, "special", flips(30, 20), model="my-model", method="gptq", checkpoint=checkpoint)
    variant = variant_of(made, catalogue())
    assert (variant.bits, variant.billions, variant.bytes) == (4, 1.5, 900_000_000)
    sparse = result(TASK, "special", flips(30, 20), method="wanda", checkpoint={"sparsity": 0.499})
    assert variant_of(sparse, catalogue()).pattern == "50"


def test_strata_weigh_benchmarks_alike() -> None:
    results = [result(t, "awq-w4g128", flips(30, 20)) for t in ("longbench-trec", "longbench-lcc", "needle")]
    evidence = Evidence(results, catalogue())
    strata = evidence.strata(evidence.variants, lambda r: r.capability == "long_context")
    assert sorted(s.weight for s in strata) == [0.25, 0.25, 0.5]
