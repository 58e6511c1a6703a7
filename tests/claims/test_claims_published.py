"""The published figures, and what they give: the numbers of the specification's column "own tables"."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from acbench.claims import own_analyses, own_models, own_tables, published
from acbench.claims.registry import all_claims
from acbench.errors import DataError

if TYPE_CHECKING:
    from acbench.claims.findings import Claim, Reading

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT.parent / "shared" / "data" / "paper"
FILE = ROOT / "acbench" / "claims" / "data" / "published.json"


@pytest.fixture(scope="module")
def figures() -> published.Published:
    return published.load()


def values(reading: Reading) -> dict[str, float]:
    return {figure.label: figure.value for figure in reading.figures}


@pytest.mark.upstream
@pytest.mark.skipif(not TABLES.is_dir(), reason="no folder shared/data/paper beside the checkout")
def test_the_file_is_what_the_tool_writes(tmp_path: Path) -> None:
    out = tmp_path / "published.json"
    call = [sys.executable, str(ROOT / "tools" / "published_figures.py"), str(TABLES), "--out", str(out)]
    subprocess.run(call, check=True)
    assert out.read_bytes() == FILE.read_bytes()


def test_it_holds_every_number_of_the_transcription(figures: published.Published) -> None:
    # Row counts of the transcription's README: tables 2-10 with 2,069 numbers, 232 of the heat maps.
    counts: dict[str, int] = {}
    for row in figures.rows:
        counts[row.table] = counts.get(row.table, 0) + len(row.values)
    assert counts.pop("Fig11-13") == 232
    expected = {
        "T2": 20,
        "T3": 106,
        "T4": 224,
        "T5": 239,
        "T6": 36,
        "T7": 22,
        "T8": 480,
        "T9": 228,
        "T10": 714,
    }
    assert counts == expected
    assert sum(counts.values()) == 2069
    assert "ICML 2025" in figures.source


def test_every_overall_is_the_mean_of_its_eleven_cells(figures: published.Published) -> None:
    rows = [row for row in figures.rows if row.table == "T8"]
    assert len(rows) == 40
    for row in rows:
        cells = [value for name, value in row.values.items() if not name.startswith("Overall")]
        assert len(cells) == 11
        assert row.values["Overall/overall_mean11"] == pytest.approx(sum(cells) / 11, abs=0.051)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"schema": 2}, "schema 2"), ({"rows": [{"table": "T2"}]}, "'benchmark' is missing")],
)
def test_another_file_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        published.from_json({"schema": 1, "source": "", "rows": [], **change})


def test_tool_names_file_and_line_of_what_it_cannot_read(tmp_path: Path) -> None:
    head = "model,compression,benchmark,task,metric,value,source_table,flag\n"
    (tmp_path / "published_table1.csv").write_text(head + "m,c,b,t,s,many,T1,\n")
    (tmp_path / "figure_needle_summary.csv").write_text(head)
    call = [sys.executable, str(ROOT / "tools" / "published_figures.py"), str(tmp_path), "--out", "/dev/null"]
    done = subprocess.run(call, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "published_table1.csv, line 2: 'many' is no number" in done.stderr


# -- own tables, claim by claim: expected numbers from the specification -------------------------------


def test_c1(figures: published.Published) -> None:
    reading = own_tables.c1_tool_use(figures)
    found = values(reading)
    assert found["InternLM2.5-7B AWQ"] == pytest.approx(-0.050, abs=0.0005)
    base = {"Qwen2.5-7B": 70.0, "InternLM2.5-7B": 72.2}
    points = {
        label: 100 * value * base[label.split()[0]] / 100
        for label, value in found.items()
        if label.split()[0] in base
    }
    assert points["Qwen2.5-7B AWQ"] == pytest.approx(0.1, abs=0.051)
    assert points["Qwen2.5-7B GPTQ"] == pytest.approx(1.0, abs=0.051)
    assert points["InternLM2.5-7B AWQ"] == pytest.approx(-3.6, abs=0.051)
    assert points["InternLM2.5-7B GPTQ"] == pytest.approx(-0.4, abs=0.051)
    assert 100 * found["mean difference"] == pytest.approx(-0.7, abs=0.05)
    copies = [f.label for f in reading.figures if f.left_out]
    assert copies == ["Mistral-7B AWQ", "Mistral-7B GPTQ"]


def test_c2(figures: published.Published) -> None:
    found = {label: round(100 * value, 1) for label, value in values(own_tables.c2_workflow(figures)).items()}
    assert found == {
        "Qwen2.5-32B GPTQ(INT4)": -4.2,
        "Qwen2.5-32B AWQ(INT4)": -1.4,
        "Qwen2.5-14B AWQ(INT4)": 0.0,
        "Qwen2.5-14B GPTQ(INT4)": -47.8,
    }


def test_c3(figures: published.Published) -> None:
    found = {
        label: round(100 * value, 1) for label, value in values(own_tables.c3_real_world(figures)).items()
    }
    progress = {
        "Qwen2.5-7B AWQ": 0.2,
        "Qwen2.5-7B GPTQ": -9.6,
        "InternLM2.5-7B AWQ": -5.7,
        "InternLM2.5-7B GPTQ": 4.6,
    }
    assert {label: found[label] for label in progress} == progress
    assert [found[f"{label}, success"] for label in progress] == [0.0, -12.6, 89.5, 52.7]


def test_c4(figures: published.Published) -> None:
    reading = own_tables.c4_quantization_over_pruning(figures)
    counted = {f.label.split(":")[0]: f.value for f in reading.figures if not f.left_out}
    assert {model for model, value in counted.items() if value > 0} == {"Qwen2.5-7B", "InternLM2.5-7B"}
    exception = [f for f in reading.figures if f.left_out]
    assert [f.label.split(":")[0] for f in exception] == ["Mistral-7B"]
    assert exception[0].value < 0
    assert reading.standing == "support"


def test_c5(figures: published.Published) -> None:
    found = {
        label: round(100 * value, 1) for label, value in values(own_tables.c5_wanda_close(figures)).items()
    }
    assert found["InternLM2.5-7B Wanda(Un)"] == -7.5
    assert found["Qwen2.5-7B Wanda(Un)"] == -7.7
    assert [found[f"InternLM2.5-7B {c}"] for c in ("AWQ", "GPTQ")] == [-3.6, -0.4]
    assert [found[f"Qwen2.5-7B {c}"] for c in ("AWQ", "GPTQ")] == [0.1, 1.0]


def test_c6(figures: published.Published) -> None:
    found = {
        label: round(100 * value, 1) for label, value in values(own_tables.c6_two_of_four(figures)).items()
    }
    by_method = {
        method: sorted(value for label, value in found.items() if label.startswith(method))
        for method in ("Wanda", "SparseGPT", "magnitude")
    }
    assert by_method == {
        "Wanda": [8.9, 9.2, 17.0],
        "SparseGPT": [17.6, 23.3, 26.5, 27.0],
        "magnitude": [3.4, 9.6, 23.0, 31.4],
    }


def test_c7(figures: published.Published) -> None:
    found = values(own_tables.c7_magnitude(figures))
    strict, loose = "Qwen2.5-7B Mag(2:4)", "Qwen2.5-7B Mag(Un)"
    assert [found[f"{name} T-Eval"] for name in (strict, loose)] == [3.9, 7.3]
    assert [round(found[f"{name} LongBench"], 1) for name in (strict, loose)] == [4.7, 7.6]
    assert [found[f"{name} LongGenBench"] for name in (strict, loose)] == [0, 0]
    assert [found[f"{name} AgentBoard"] for name in (strict, loose)] == [0, 0]
    assert [round(found[f"{name} needle"], 2) for name in (strict, loose)] == [0.03, 0.03]
    intern = "InternLM2.5-7B Mag(Un)"
    kept = [found[f"{intern} {name}"] for name in ("T-Eval", "LongBench", "needle")]
    assert kept == [pytest.approx(47.8), pytest.approx(34.3, abs=0.05), pytest.approx(0.25, abs=0.005)]


def test_c8(figures: published.Published) -> None:
    found = {label: round(100 * value) for label, value in values(own_tables.c8_json(figures)).items()}
    expected = {
        "InternLM2.5-7B AWQ": (100, 91),
        "InternLM2.5-7B GPTQ": (104, 94),
        "InternLM2.5-7B Wanda(Un)": (98, 80),
        "InternLM2.5-7B Wanda(2:4)": (91, 34),
        "Qwen2.5-7B AWQ": (100, 101),
        "Qwen2.5-7B GPTQ": (95, 111),
        "Qwen2.5-7B SparseGPT(2:4)": (79, 41),
        "Qwen2.5-7B Wanda(2:4)": (84, 66),
        "Qwen2.5-14B SparseGPT(Un)": (97, 99),
    }
    assert {label: (found[f"{label} string"], found[f"{label} JSON"]) for label in expected} == expected
    gaps = {
        label.split()[0]: round(100 * value, 1)
        for label, value in values(own_tables.c8_json(figures)).items()
        if "base" in label
    }
    assert gaps == {"InternLM2.5-7B": 6.5, "Qwen2.5-7B": 14.0, "Qwen2.5-14B": 1.1, "Mistral-7B": 48.2}


def test_c9(figures: published.Published) -> None:
    reading = own_models.c9_size(figures)
    found = {label: round(100 * value, 1) for label, value in values(reading).items()}
    assert found["Qwen2.5-14B SparseGPT(Un), T-Eval"] == -0.6
    assert found["Qwen2.5-7B SparseGPT(Un), T-Eval"] == -11.1
    assert reading.standing == "cannot say"


def test_c11_and_c12(figures: published.Published) -> None:
    found = values(own_models.c11_distilled(figures))
    order = ("DeepSeek-R1-Distill-Qwen-7B", "DeepSeek-R1-Distill-Qwen-1.5B", "DeepSeek-R1-Distill-Llama-8B")
    assert [found[f"T-Eval {m}"] for m in (*order, "Qwen2.5-7B")] == [43.6, 25.2, 27.3, 70.0]
    assert [round(found[f"AgentBoard {m}"], 1) for m in (*order, "Qwen2.5-7B")] == [3.4, 2.7, 0.6, 26.5]
    assert [found[f"WorfBench {m}"] for m in order] == [0.20, 0.43, 0.28]
    assert own_models.c12_small_distilled(figures).standing == "support"


def test_c13(figures: published.Published) -> None:
    found = values(own_models.c13_longbench(figures))
    rows = {
        c: [round(found[f"{t} {c}"], 1) for t in ("TREC", "TriviaQA", "SAMSum")]
        for c in ("Base", "AWQ", "GPTQ")
    }
    assert rows == {"Base": [74, 85.2, 49.5], "AWQ": [74, 87.7, 46.2], "GPTQ": [72.5, 89.0, 45.5]}
    assert [round(found[f"{t} Wanda(Un)"], 1) for t in ("TREC", "TriviaQA", "SAMSum")] == [75.5, 88.7, 46.1]
    code = [round(v, 1) for label, v in found.items() if label.startswith("Lcc") and "(" in label]
    assert (round(found["Lcc Base"], 1), min(code), max(code)) == (62.3, 30.4, 45.1)


def test_c14_and_c15(figures: published.Published) -> None:
    found = {label: round(value, 1) for label, value in values(own_models.c14_awq(figures)).items()}
    assert [found[f"Qwen2.5-7B {t} AWQ"] for t in ("GSM8K", "MMLU")] == [52.7, 64.4]
    assert [found[f"Qwen2.5-7B {t} base"] for t in ("GSM8K", "MMLU")] == [61.3, pytest.approx(64.7, abs=0.1)]
    assert [found[f"Qwen2.5-7B {t} GPTQ"] for t in ("GSM8K", "MMLU")] == [47.5, 37.3]
    assert [found[f"InternLM2.5-7B {t} AWQ"] for t in ("GSM8K", "MMLU")] == [6.5, 59.1]
    assert [found[f"InternLM2.5-7B {t} GPTQ"] for t in ("GSM8K", "MMLU")] == [5.5, 10.2]
    small = own_models.c15_small(figures)
    assert small.standing == "cannot say"
    assert round(values(small)["Qwen2.5-3B GPTQ(W4)"]) == 12


def test_c16(figures: published.Published) -> None:
    found = values(own_models.c16_needle(figures))
    expected = {
        "Qwen2.5-7B Base": 0.986,
        "Qwen2.5-7B AWQ": 0.983,
        "Qwen2.5-7B GPTQ": 0.983,
        "Qwen2.5-7B RTN(W4)": 0.981,
        "Qwen2.5-7B SparseGPT(2:4)": 0.978,
        "Qwen2.5-7B Wanda(2:4)": 0.956,
        "Qwen2.5-7B Mag(Un)": 0.03,
        "InternLM2.5-7B Base": 0.931,
        "InternLM2.5-7B AWQ": 0.921,
        "InternLM2.5-7B GPTQ": 0.930,
        "InternLM2.5-7B Wanda(Un)": 0.949,
        "InternLM2.5-7B SparseGPT(2:4)": 0.813,
    }
    for label, value in expected.items():
        # eleventh parts decoded from colours: the summary's own rounding moves the third decimal
        assert found[f"{label} up to 32k"] == pytest.approx(value, abs=0.0025), label
    assert found["Qwen2.5-7B base beyond 32k"] == 0
    assert 0.87 <= found["InternLM2.5-7B base beyond 32k"] <= 0.945
    assert found["DeepSeek-R1-Distill-Llama-8B base beyond 32k"] == pytest.approx(0.76, abs=0.006)


def test_c18_c19_and_c23(figures: published.Published) -> None:
    reading = own_analyses.c18_erank_accuracy(figures)
    assert [round(f.value, 2) for f in reading.figures] == [0.03, -0.2, 0.4]
    assert reading.standing == "contradict"
    copied = own_analyses.c19_diff_erank(figures)
    assert all(f.left_out for f in copied.figures)
    assert "4 of 4" in copied.summary
    energies = own_analyses.c23_energy(figures)
    assert [round(f.value, 2) for f in energies.figures] == [2.74, 2.75, 2.63, 2.88]


@pytest.mark.parametrize("claim", all_claims(), ids=lambda claim: claim.id)
def test_every_claim_has_a_reading_in_words(figures: published.Published, claim: Claim) -> None:
    reading = claim.published(figures)
    assert reading.standing in ("support", "contradict", "mixed", "cannot say")
    assert 10 < len(reading.summary) < 420
    assert "nan" not in reading.summary
    json.dumps([figure.value for figure in reading.figures], allow_nan=False)
