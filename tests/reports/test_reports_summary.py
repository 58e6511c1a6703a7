"""The Markdown summary and the terminal table."""

from __future__ import annotations

from report_cases import case_result, comparison

from reports import summary

RESULTS = [
    case_result(compression="rtn-w8g64", primary=comparison(0.5, 0.508)),
    case_result(outcome="fail", primary=comparison(0.5, 0.4)),
    case_result(
        compression="rtn-w4g64",
        task="pddl",
        outcome="inconclusive",
        primary=comparison(0.31, 0.27, samples_needed=900),
    ),
    case_result(compression="magnitude-2of4", outcome="fail", gate="report", primary=comparison(0.5, 0.01)),
    case_result(compression="base", primary=comparison(0.5, 0.49)),
]


def test_headline_counts_gated_and_report_only() -> None:
    text = summary.markdown(RESULTS, broken={"m:x:needle": "EngineDied: gone"})
    assert "**6 cases**: 2 passed, 1 worse than allowed, 1 undecided, 1 broken." in text
    assert "1 of them is report-only (1 beyond the limit)" in text


def test_matrix_cell_shows_both_scores_difference_and_verdict() -> None:
    text = summary.markdown(RESULTS)
    assert "50.0 % → 40.0 %<br>-10.0 pp [-14.0, -6.0]<br>❌ worse |" in text
    assert "❌ worse (report-only)" in text
    assert "| task | `rtn-w4g64` |" in text.replace("| `magnitude-2of4` ", "")
    matrix = text.split("### smollm2-135m")[1].split("###")[0]
    assert "`base`" not in matrix
    assert "| – |" in matrix


def test_worst_cases_are_gated_and_ordered_by_margins_lost() -> None:
    worst = summary.worst_gated(RESULTS)
    assert [r.id for r in worst] == ["smollm2-135m:rtn-w4g64:needle", "smollm2-135m:rtn-w4g64:pddl"]
    many = [case_result(task=f"t{i}", primary=comparison(0.5, 0.5 - i / 100)) for i in range(1, 9)]
    assert [r.task for r in summary.worst_gated(many)] == ["t8", "t7", "t6", "t5", "t4"]
    nats = case_result(task="ppl", primary=comparison(2.0, 3.0, unit="nats", higher_is_better=False))
    assert summary.worst_gated([*many, nats])[0].task == "ppl"


def test_the_worst_five_have_gated_cases_first_and_mark_the_others() -> None:
    worst = [(r.compression, r.task) for r in summary.worst(RESULTS)]
    assert worst == [("rtn-w4g64", "needle"), ("rtn-w4g64", "pddl"), ("magnitude-2of4", "needle")]
    table = summary.markdown(RESULTS).split("### Largest losses")[1].split("###")[0]
    (free,) = [line for line in table.splitlines() if "magnitude" in line]
    assert free.endswith("❌ worse (report-only) |")
    many = [case_result(task=f"t{i}", gate="report", primary=comparison(0.5, 0.1)) for i in range(9)]
    assert [r.task for r in summary.worst([*many, RESULTS[2]])] == ["pddl", "t0", "t1", "t2", "t3"]


def test_undecided_noise_broken_and_facts() -> None:
    text = summary.markdown(RESULTS, broken={"m:x:needle": "EngineDied | gone <b>"}, report="r/index.html")
    assert "| `smollm2-135m:rtn-w4g64:pddl` | 120 | about 900 | 7.1 pp |" in text
    assert "| smollm2-135m | needle | 2 of 120 (1.7 %) | 5 of 120 (4.2 %) | -0.8 pp [-3.0, +1.4] |" in text
    assert "EngineDied \\| gone &lt;b>" in text
    assert (
        "| `smollm2-135m:rtn-w4g64` | 4.25 | 87 | – | 0 | compressed-tensors | – | – | vllm 0.32.0 cpu | 25 |"
        in text
    )
    assert 'pytest suites/ -k "smollm2-135m:rtn-w4g64:needle]"' in text
    assert "Report: `r/index.html`" in text


def test_nothing_to_say() -> None:
    assert "No case was judged." in summary.markdown([])
    assert summary.terminal([]) == ["No case was judged."]


def test_no_number_would_decide() -> None:
    result = case_result(outcome="inconclusive", gate="report")
    text = summary.markdown([result])
    assert "no number would decide it" in text
    assert "(report-only) | 120 |" in text


def test_every_table_row_has_as_many_cells_as_its_head() -> None:
    for block in summary.markdown(RESULTS, broken={"a:b:c": "x|y"}).split("\n\n"):
        rows = [line.replace("\\|", "") for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


def test_terminal_is_aligned_and_narrow() -> None:
    long = case_result("m" * 90, "c" * 90, "t" * 60, primary=comparison(12345.678, 2.0, unit="tokens/s"))
    lines = summary.terminal([*RESULTS, long])
    assert max(map(len, lines)) <= 110
    rows = [line for line in lines if line.startswith("  ")]
    assert len(rows) == len(RESULTS) + 1
    assert len({line.index("->") for line in rows[1:]}) == 1
    assert any(row.endswith("WORSE, report-only") for row in rows)
    heads = [line for line in lines if not line.startswith(" ")]
    assert "smollm2-135m  base" in heads
    assert heads.index("smollm2-135m  base") < heads.index("smollm2-135m  rtn-w4g64")
