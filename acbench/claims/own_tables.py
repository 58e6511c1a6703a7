"""What the published tables give for C1-C8 when computed rather than read off: losses and orderings.

Single runs without intervals: a standing here says where the printed numbers point, never that they decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.claims import tables as t
from acbench.claims.findings import Figure, Reading
from acbench.claims.formats import figure as shown
from acbench.claims.readings import DISTILLED, listed, relative_changes, standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.claims.published import Published

COPY = "a copy of another row"
METHODS = {"Wanda": "Wanda", "SparseGPT": "SparseGPT", "Mag": "magnitude"}


def c1_tool_use(published: Published) -> Reading:
    """T-Eval overall of the 4-bit rows against FP16: relative changes, and their mean in points."""
    changes = relative_changes(published, t.T_EVAL, "FP16", t.overall, t.FOUR_BIT)
    points = [
        (t.overall(published, m, c) or 0.0) - (t.overall(published, m, "FP16") or 0.0)
        for m in published.models(t.T_EVAL)
        for c in t.FOUR_BIT
        if t.overall(published, m, c) is not None
    ]
    mean = Figure("mean difference", t.mean(points) / 100, "points")
    copies = [
        Figure(f"{m} {c}", t.overall(published, m, c, copies=True) or 0.0, "score", COPY)
        for m in published.models(t.T_EVAL)
        for c in t.FOUR_BIT
        if t.overall(published, m, c) is None and t.overall(published, m, c, copies=True) is not None
    ]
    inside = sum(abs(f.value) <= 0.03 for f in changes)
    text = f"{listed(changes)}; mean {shown(mean)}. {inside} of {len(changes)} stay within 3 %"
    left = f"; {len(copies)} rows are copies of each other and not counted" if copies else ""
    return Reading(standing(inside, len(changes)), text + left, (*changes, mean, *copies))


def c2_workflow(published: Published) -> Reading:
    """WorfBench average F1 of the 4-bit rows whose model has a 16-bit row."""
    changes = relative_changes(published, t.WORFBENCH, "Base", t.workflow, t.FOUR_BIT)
    baseless = [
        m
        for m in published.models(t.WORFBENCH)
        if t.workflow(published, m, "Base") is None
        and any(c in t.FOUR_BIT for c in published.compressions(t.WORFBENCH, m))
    ]
    inside = sum(abs(f.value) <= 0.03 for f in changes)
    text = f"{listed(changes)}. {inside} of {len(changes)} stay within 3 %; {len(baseless)} models have no base row"
    return Reading(standing(inside, len(changes)), text, tuple(changes))


def c3_real_world(published: Published) -> Reading:
    """AgentBoard means over five tasks: relative changes of progress and of success."""
    progress = relative_changes(published, t.AGENTBOARD, "Base", t.agent, ("AWQ", "GPTQ"))
    success = [
        Figure(f"{f.label}, success", f.value, f.unit)
        for f in relative_changes(
            published,
            t.AGENTBOARD,
            "Base",
            lambda p, m, c: t.agent(p, m, c, "success_rate_pct"),
            ("AWQ", "GPTQ"),
        )
    ]
    inside = sum(0.10 <= -f.value <= 0.15 for f in progress)
    text = (
        f"mean progress: {listed(progress)}. {inside} of {len(progress)} lose 10-15 %; mean success: "
        + "; ".join(shown(f) for f in success)
    )
    return Reading(standing(inside, len(progress)), text, (*progress, *success))


def c4_quantization_over_pruning(published: Published) -> Reading:
    """Per model the worst 4-bit row minus the best pruned row, T-Eval overall."""
    figures = []
    for model in published.models(t.T_EVAL):
        for copies in (False, True):
            best = _scores(published, model, t.PRUNED, copies=False)
            quantized = _scores(published, model, t.FOUR_BIT, copies=copies)
            if best and quantized:
                label = f"{model}: worst 4-bit minus best pruned"
                value = (min(quantized) - max(best)) / 100
                figures.append(Figure(label, value, "points", COPY if copies else ""))
                break
    counted = [f for f in figures if not f.left_out]
    text = listed(counted) + "".join(f"; {f.label} {shown(f)} rests on copies" for f in figures if f.left_out)
    return Reading(standing(sum(f.value > 0 for f in counted), len(counted)), text, tuple(figures))


def _scores(published: Published, model: str, names: Sequence[str], *, copies: bool) -> list[float]:
    found = [t.overall(published, model, c, copies=copies) for c in names]
    return [value for value in found if value is not None]


def c5_wanda_close(published: Published) -> Reading:
    """T-Eval overall of unstructured Wanda minus FP16, beside the same of AWQ and GPTQ."""
    figures, close = [], []
    for model in published.models(t.T_EVAL):
        base, pruned = t.overall(published, model, "FP16"), t.overall(published, model, "Wanda(Un)")
        quantized = [(c, t.overall(published, model, c)) for c in ("AWQ", "GPTQ")]
        if base is None or pruned is None or any(value is None for _, value in quantized):
            continue
        figures.append(Figure(f"{model} Wanda(Un)", (pruned - base) / 100, "points"))
        figures += [Figure(f"{model} {c}", ((v or 0.0) - base) / 100, "points") for c, v in quantized]
        close.append(max((v or 0.0) - pruned for _, v in quantized) <= 3)
    wanda = [f for f in figures if f.label.endswith("Wanda(Un)")]
    text = f"against FP16: {listed(wanda)}. Within 3 points of both 4-bit rows: {sum(close)} of {len(close)} models"
    return Reading(standing(sum(close), len(close)), text, tuple(figures))


def c6_two_of_four(published: Published) -> Reading:
    """T-Eval overall, unstructured minus 2:4, by method and model."""
    figures = []
    for method, title in METHODS.items():
        for model in published.models(t.T_EVAL):
            loose, strict = (t.overall(published, model, f"{method}({form})") for form in ("Un", "2:4"))
            if loose is not None and strict is not None:
                figures.append(Figure(f"{title}, {model}", (loose - strict) / 100, "points"))
    beyond = sum(f.value > 0.03 for f in figures)
    text = (
        f"unstructured minus 2:4: {_ranges(figures)}. Beyond 3 points: {beyond} of {len(figures)}; "
        "yet the paper recommends Wanda 2:4 as the best sparse choice"
    )
    return Reading(standing(beyond, len(figures)), text, tuple(figures))


def _ranges(figures: Sequence[Figure]) -> str:
    """Smallest and largest figure of each method (the label's part before the comma)."""
    found = []
    for name in dict.fromkeys(f.label.partition(",")[0] for f in figures):
        mine = sorted((f for f in figures if f.label.startswith(name)), key=lambda f: f.value)
        found.append(f"{name} {shown(mine[0])} to {shown(mine[-1])}")
    return "; ".join(found)


def c7_magnitude(published: Published) -> Reading:
    """What magnitude pruning leaves on each benchmark; collapsed = under 10 % of base on 3 of 4 capabilities."""
    figures, collapsed, judged = [], 0, 0
    for model in ("Qwen2.5-7B", "InternLM2.5-7B"):
        for form in ("Mag(2:4)", "Mag(Un)"):
            scores = {
                "T-Eval": (t.overall(published, model, form), t.overall(published, model, "FP16")),
                "LongBench": (t.longbench(published, model, form), t.longbench(published, model, "Base")),
                "needle": (t.recall(published, model, form), t.recall(published, model, "Base")),
                "AgentBoard": (t.agent(published, model, form), t.agent(published, model, "Base")),
                "LongGenBench": (
                    _longgen_mean(published, model, form),
                    _longgen_mean(published, model, "Base"),
                ),
            }
            figures += [
                Figure(f"{model} {form} {name}", value, "score")
                for name, (value, _) in scores.items()
                if value is not None
            ]
            kept = {name: v / b for name, (v, b) in scores.items() if v is not None and b}
            fallen = [kept["T-Eval"] < 0.1, kept["AgentBoard"] < 0.1]
            long_context = [kept[name] for name in ("LongBench", "needle", "LongGenBench") if name in kept]
            fallen.append(t.mean(long_context) < 0.1)
            judged, collapsed = judged + 1, collapsed + all(fallen)
    text = (
        f"T-Eval keeps {_range(figures, 'T-Eval')}, LongBench {_range(figures, 'LongBench')} points. Under a "
        "tenth of base on tool use, long context and real-world tasks: "
        f"{collapsed} of {judged} rows (workflows have no base row)"
    )
    return Reading(standing(collapsed, judged), text, tuple(figures))


def _range(figures: Sequence[Figure], ending: str) -> str:
    values = [f.value for f in figures if f.label.endswith(ending)]
    return f"{min(values):.1f} to {max(values):.1f}"


def _longgen_mean(published: Published, model: str, compression: str) -> float | None:
    found = [t.longgen(published, model, compression, task) for task in ("GSM8K", "MMLU")]
    return t.mean(v for v in found if v is not None) if None not in found else None


def c8_json(published: Published) -> Reading:
    """Share of the 16-bit score that is kept, as a string and as JSON, and the gap of base."""
    figures, worse, compared = [], 0, 0
    for model in published.models(t.T_EVAL):
        string, json = (t.ability(published, model, "FP16", form) for form in ("string", "json"))
        if string is None or json is None:
            continue
        if model not in DISTILLED:
            figures.append(Figure(f"{model} base, string minus JSON", (string - json) / 100, "points"))
        for compression in published.compressions(t.T_EVAL, model):
            kept = [t.ability(published, model, compression, form) for form in ("string", "json")]
            if compression not in (*t.FOUR_BIT, *t.PRUNED) or None in kept or not (string and json):
                continue
            if model.startswith("Mistral"):
                continue  # its 16-bit row is another model than its pruned rows
            ratios = ((kept[0] or 0.0) / string, (kept[1] or 0.0) / json)
            figures.append(Figure(f"{model} {compression} string", ratios[0], "kept"))
            figures.append(Figure(f"{model} {compression} JSON", ratios[1], "kept"))
            compared, worse = compared + 1, worse + (ratios[1] < ratios[0])
    four_bit = [f for f in figures if f.label.split()[1] in t.FOUR_BIT]
    text = f"JSON keeps less than strings in {worse} of {compared} rows; 4-bit: {listed(four_bit)}"
    return Reading(standing(worse, compared), text, tuple(figures))
