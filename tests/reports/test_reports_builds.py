"""What is said of a checkpoint: in every case, in the case that is about it, and what leaves the machine."""

from __future__ import annotations

import csv
import io
import json
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from report_cases import case_result, flip

from acbench.checkpoints import Checkpoint, describe
from acbench.models import ResolvedModel
from reports import allure_case, allure_session, builds, summary

if TYPE_CHECKING:
    from acbench.records import CaseResult

HASH = "51efe71393bb" + 52 * "0"
OWN: dict[str, Any] = {
    "params": {"bits": 4, "group_size": 64},
    "touched": 210,
    "bits_per_weight": 4.25,
    "sparsity": 0.13534,
    "bytes": 40 * 2**20,
    "base_bytes": 100 * 2**20,
    "served_as": "packed",
    "calibration": {"hash": HASH, "samples": 32, "length": 256, "seed": 7, "source": "pack"},
    "versions": {"torch": "2.13.0", "transformers": "5.19.0"},
    "seconds": 34.04,
    "cpu_seconds": 1034.81,
    "peak_memory_mib": 803,
    "notes": ["group size 128 -> 64: 128 does not divide all of [576]"],
    "label": "m:gptq-w4g128",
    "model": "local 0123456789ab",
    "serving": {
        "served_perplexity": 34.1512,
        "stored_perplexity": 34.0961,
        "top1_agreement": 0.9632,
        "tokens": 570,
    },
}
LIBRARY = OWN | {
    "library": "autoawq",
    "library_status": "archived upstream",
    "versions": {"torch": "2.8.0", "autoawq": "0.2.9"},
    "format": "awq",
    "compute_dtype": "bfloat16",
    "fallbacks": {"fold skipped": 30, "scale search skipped": 0},
    "library_cpu_seconds": 900.0,
}


def layer(error: float, sparsity: float = 0.1) -> dict[str, float]:
    return {"error": error, "sparsity": sparsity}


def built(facts: dict[str, Any] | None = None, **changes: Any) -> CaseResult:
    """The case of the task ``compress`` of a checkpoint."""
    layers = {
        f"model.layers.{i}.self_attn.{k}_proj.weight": layer(0.01 * (i + 1)) for i in (10, 9) for k in "qk"
    }
    checkpoint = (OWN if facts is None else facts) | {"per_layer": layers}
    given = {"task": "compress", "capability": "diagnostic", "method": "gptq", "checkpoint": checkpoint}
    return case_result(**given | changes)


def test_the_line_of_an_own_build() -> None:
    result = case_result(method="gptq", checkpoint=OWN)
    assert builds.line(result) == (
        "Checkpoint: 4.25 bits per weight, 40 % of the base model's size, 13.5 % zeros, stored as packed, "
        "built by ACBench (gptq). "
        "Calibrated on 32 samples x 256 tokens (pack, seed 7, hash 51efe71393bb). "
        "Serving check: perplexity 34.15 served, 34.1 stored; 96.3 % of the most likely tokens are the same "
        "(570 tokens of fixed texts). "
        "Notes: group size 128 -> 64: 128 does not divide all of [576]."
    )
    assert builds.line(result) in unescape(allure_case.description_html(result))


@pytest.mark.parametrize(
    ("method", "facts", "said"),
    [
        ("awq", LIBRARY, "stored as packed, built by autoawq 0.2.9 (archived upstream). "),
        ("base", {"bits_per_weight": 16.0}, "Checkpoint: 16 bits per weight, weights as they are."),
        ("kv", {"bits_per_weight": 16.0}, "Checkpoint: 16 bits per weight, weights as they are."),
        (
            "external",
            {"bytes": 3, "base_bytes": 4},
            "Checkpoint: 75 % of the base model's size, brought by the user.",
        ),
        ("external", {"served_as": "dense", "library": "theirs"}, "stored as dense, built by theirs."),
        (
            "gptq",
            {"served_as": "remote"},
            "Checkpoint: stored as remote, weights of a remote server, not seen.",
        ),
        (
            "magnitude",
            {"touched": 3, "sparsity": 0.0},
            "Checkpoint: 0.0 % zeros, built by ACBench (magnitude).",
        ),
    ],
)
def test_who_made_the_weights(method: str, facts: dict[str, Any], said: str) -> None:
    assert said in builds.line(case_result(method=method, checkpoint=facts))


def test_nothing_known_is_nothing_said() -> None:
    assert builds.line(case_result(method="gptq", checkpoint={})) == ""
    assert "Checkpoint" not in allure_case.description_html(case_result(checkpoint={}))


def test_notes_of_many_layers_are_one_note() -> None:
    damped = [f"self_attn.{kind}_proj: damping 0.01 -> 0.1" for kind in "qkv"]
    facts = {"notes": ["group size 128 -> 64: too wide", *damped, "layer.9: once", "a", "b"]}
    assert builds.notes(facts, 20) == [
        "group size 128 -> 64: too wide",
        "damping 0.01 -> 0.1 (3 times)",
        "layer.9: once",
        "a",
        "b",
    ]
    assert builds.notes(facts, 3)[3:] == ["and 2 more, in checkpoint.json"]
    assert builds.notes({}, 3) == []


def test_the_table_of_a_build_has_every_fact() -> None:
    rows = builds.rows(built(LIBRARY))
    table = dict(rows)
    assert table["made by"] == "built by autoawq 0.2.9 (archived upstream)"
    assert table["parameters"] == "bits = 4, group_size = 64"
    assert table["size"] == "40.0 MiB of 100.0 MiB"
    assert table["share of the base model's size"] == "40.0 %"
    assert table["stored as"] == "packed (awq)"
    assert table["calibration set, SHA-256 of its tokens"] == HASH
    assert (table["build, seconds"], table["build, CPU seconds"]) == ("34.0", "1,034.8")
    assert table["the library's share, CPU seconds"] == "900.0"
    assert table["build, peak memory in MiB"] == "803"
    assert table["versions"] == "torch 2.8.0, autoawq 0.2.9"
    assert table["fallbacks counted"] == "fold skipped: 30, scale search skipped: 0"
    assert table["serving check"].startswith("perplexity 34.15 served")
    assert [name for name, _ in rows].count("note") == 1
    html = allure_case.description_html(built(LIBRARY))
    assert all(f">{value}</td>" in html for value in (HASH, "803", "40.0 MiB of 100.0 MiB"))
    assert "Checkpoint: 4.25" not in html  # the table says it


def test_the_table_is_for_the_case_that_is_about_the_build() -> None:
    assert HASH not in allure_case.description_html(case_result(checkpoint=OWN))
    base = built({"bits_per_weight": 16.0}, method="base", compression="base")
    assert dict(builds.rows(base)) == {"made by": "weights as they are", "bits per weight": "16"}


def test_attachments_of_a_build() -> None:
    found = {a.name: a.body for a in allure_case.attachments(built())}
    assert list(found) == ["verdict.json", "flips.csv", "figure.svg", "checkpoint.json", "layers.csv"]
    facts = json.loads(found["checkpoint.json"])
    assert "per_layer" not in facts
    assert facts["calibration"] == OWN["calibration"]
    assert facts["error"] == "squared error of the layer's output on calibration text, relative"
    assert "per_layer" not in json.loads(found["verdict.json"])["checkpoint"]
    rows = list(csv.DictReader(io.StringIO(found["layers.csv"])))
    assert [row["tensor"].split(".")[2:5:2] for row in rows] == [
        ["9", "k_proj"],
        ["9", "q_proj"],
        ["10", "k_proj"],
        ["10", "q_proj"],
    ]
    assert rows[0] | {"tensor": ""} == {"tensor": "", "error": "0.1", "sparsity": "0.1"}
    base = allure_case.attachments(built({}, checkpoint={"bits_per_weight": 16.0}, method="base"))
    assert [a.name for a in base] == ["verdict.json", "flips.csv", "figure.svg", "checkpoint.json"]
    assert "by level" in base[2].body


def test_attachments_of_a_build_of_ten_thousand_experts_stay_within_the_limit() -> None:
    layers = {
        f"model.layers.{block}.mlp.experts.{expert}.down_proj.weight": layer(
            0.001 * (1 + expert + 128 * block)
        )
        for block in range(80)
        for expert in range(128)
    }
    huge = built(
        checkpoint=OWN | {"per_layer": layers, "notes": [f"layer.{i}: note {i}" for i in range(9_000)]},
        flips=tuple(flip(i, text="\U0001f600" * 4000) for i in range(400)),
        sample_prompt="word " * 200_000,
    )
    found = {a.name: a.body for a in allure_case.attachments(huge)}
    assert len(found) == 5
    assert sum(len(body.encode()) for body in found.values()) < 300_000
    (name,) = [name for name in found if name.startswith("layers.csv")]
    errors = [float(row["error"]) for row in csv.DictReader(io.StringIO(found[name]))]
    assert name == f"layers.csv (without the {80 * 128 - len(errors)} smallest errors)"
    assert len(errors) > 500
    assert errors == sorted(errors)  # model order, and the errors rise along it
    assert errors[-1] == pytest.approx(0.001 * 80 * 128)
    assert min(errors) == pytest.approx(0.001 * (80 * 128 - len(errors) + 1))  # the smallest are missing


@pytest.mark.parametrize(
    ("method", "library", "what"),
    [
        ("gptq", "", "the layer's output on calibration text"),
        ("awq", "", "the layer's output on calibration text"),
        ("gptq", "gptqmodel", "the weights"),
        ("rtn", "", "the weights"),
        ("wanda", "", "the weights"),
    ],
)
def test_what_an_error_is_an_error_of(method: str, library: str, what: str) -> None:
    """As in compress.methods.relative_error (with H: of the output) and backends.measuring (of the weights)."""
    result = built(OWN | ({"library": library} if library else {}), method=method)
    assert builds.error_name(result) == f"squared error of {what}, relative"


def test_bits_and_size_are_followed_over_runs_for_builds_alone() -> None:
    samples = {s["key"]: s for s in allure_session.metric_samples(built(), now_ms=20_000)}
    bits = samples["smollm2-135m.rtn-w4g64.diagnostic.compress.bits_per_weight"]
    size = samples["smollm2-135m.rtn-w4g64.diagnostic.compress.size_ratio"]
    assert (bits["value"], bits["unit"], bits["better"]) == (4.25, "bits", "lower")
    assert (size["value"], size["unit"], size["title"]) == (
        40.0,
        "%",
        "rtn-w4g64: share of the base model's size",
    )
    groups = {sample["group"] for key, sample in samples.items() if key.endswith(("accuracy", "strict"))}
    assert groups == {"smollm2-135m"}
    assert bits["group"] == size["group"] == "smollm2-135m-checkpoints"
    assert len(allure_session.metric_samples(case_result(checkpoint=OWN), now_ms=0)) == 2
    plain = built(checkpoint={"bits_per_weight": 16.0, "bytes": 5}, method="base", compression="base")
    assert len(allure_session.metric_samples(plain, now_ms=0)) == 2


def test_the_summary_names_maker_size_and_what_is_served() -> None:
    text = summary.markdown([case_result(method="awq", checkpoint=LIBRARY)])
    row = "| 4.25 | 40 | 40 | 14 | packed | built by autoawq 0.2.9 (archived upstream) | 34.15 / 34.1 |"
    assert row in text


def test_files_are_named_without_the_folders_of_this_machine() -> None:
    facts = {
        "params": {"file": "/home/someone/recipes/w8.yaml", "bits": 4},
        "calibration": {
            "hash": HASH,
            "path": "/home/someone/store/calibration.json",
            "source": "path:/home/someone/my texts.txt",
            "samples": 8,
        },
        "label": "local 1f2e",
        "notes": [
            "recipe file /home/someone/recipes/w8.yaml with GPTQModifier",
            "see path:~/someone/notes.txt, and/or 3 tokens/s of http://host/v1/models",
            r"C:\Users\someone\model.bin left out",
            "group size 128 -> 64: ~3 of 4",
        ],
        "per_layer": {"model.layers.0.mlp.up_proj.weight": layer(0.1)},
        "source": "/home/someone/unlisted",
    }
    base = ResolvedModel("m", Path("/home/someone/models/m"), "f" * 64, "local ffff", trust_remote_code=False)
    shown = describe(Checkpoint(Path("/home/someone/x"), "key", facts, base))
    assert "someone" not in json.dumps(shown)
    assert shown["params"] == {"file": "w8.yaml", "bits": 4}
    assert shown["calibration"] == {"hash": HASH, "source": "path:my texts.txt", "samples": 8}
    assert shown["notes"] == [
        "recipe file w8.yaml with GPTQModifier",
        "see path:notes.txt, and/or 3 tokens/s of http://host/v1/models",
        "model.bin left out",
        "group size 128 -> 64: ~3 of 4",
    ]
    assert shown["model"] == "local ffff"
    assert shown["per_layer"] == facts["per_layer"]
    assert "per_layer" not in describe(Checkpoint(Path("/x"), "key", facts, base), per_layer=False)
    assert facts["params"] == {"file": "/home/someone/recipes/w8.yaml", "bits": 4}  # the store's own copy
