"""What the published tables give for C9-C16 when computed: sizes, distilled models, long context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.claims import tables as t
from acbench.claims.findings import Figure, Reading
from acbench.claims.readings import BILLIONS, DISTILLED, listed, relative_changes, standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.claims.published import Published


def c9_size(published: Published) -> Reading:
    """Relative changes by model size for the methods that have two sizes of one family."""
    figures = [
        f
        for f in relative_changes(published, t.WORFBENCH, "Base", t.workflow, t.FOUR_BIT)
        if f.label.split()[0] in BILLIONS
    ]
    figures += [
        Figure(f"{f.label}, T-Eval", f.value, f.unit)
        for f in relative_changes(published, t.T_EVAL, "FP16", t.overall, ("SparseGPT(Un)",))
        if f.label.split()[0] in BILLIONS
    ]
    return Reading(
        "cannot say", f"{listed(figures)}. Two sizes at most for any method, four are needed", tuple(figures)
    )


def c10_bytes(published: Published) -> Reading:
    """Workflow score of 4-bit rows against the next smaller 16-bit row, with nominal gigabytes of weights."""
    figures = []
    for model in ("Qwen2.5-14B", "Qwen2.5-32B"):
        for compression in ("Base", "AWQ(INT4)", "GPTQ(INT4)"):
            value = t.workflow(published, model, compression)
            if value is not None:
                size = BILLIONS[model] * (2 if compression == "Base" else 0.5)
                figures.append(Figure(f"{model} {compression} ({size:.0f} GB)", value, "score"))
    text = f"drawn as bars without numbers; WorfBench prints {listed(figures)}, no pair of equal bytes"
    return Reading("cannot say", text, tuple(figures))


def c11_distilled(published: Published) -> Reading:
    """The distilled models' scores beside Qwen2.5-7B's (AgentBoard in per cent progress)."""
    figures = []
    for name, score, base in (
        ("T-Eval", t.overall, "FP16"),
        ("AgentBoard", t.agent, "Base"),
        ("WorfBench", t.workflow, "Base"),
    ):
        for model in (*DISTILLED, "Qwen2.5-7B"):
            value = score(published, model, base)
            if value is not None:
                figures.append(Figure(f"{name} {model}", value, "score"))
    low = [f for f in figures if f.label.startswith("AgentBoard DeepSeek")]
    agents = [f for f in figures if f.label.startswith("AgentBoard")]
    text = (
        f"{listed(agents)} % progress; the paper's settings (100 tokens a turn) do not let such a model finish "
        "its thought"
    )
    return Reading(standing(sum(f.value < 5 for f in low), len(low)), text, tuple(figures))


def c12_small_distilled(published: Published) -> Reading:
    """Average workflow F1 of the three distilled models."""
    figures = [Figure(m, t.workflow(published, m, "Base") or 0.0, "score") for m in DISTILLED]
    best = max(figures, key=lambda f: f.value).label == DISTILLED[1]
    return Reading(
        standing(int(best), 1), f"{listed(figures)}; unparsed answers count as 0 there", tuple(figures)
    )


def c13_longbench(published: Published) -> Reading:
    """Few-shot, synthetic and code columns of Qwen2.5-7B (InternLM's base row is suspect and left out)."""
    figures, kept, judged = [], 0, 0
    model = "Qwen2.5-7B"
    for task in ("TREC", "TriviaQA", "SAMSum", "PRE", "Lcc"):
        base = t.longbench(published, model, "Base", task)
        for compression in ("Base", "AWQ", "GPTQ", *t.PRUNED):
            value = t.longbench(published, model, compression, task)
            if value is None or base is None or compression.startswith("Mag"):
                continue
            figures.append(Figure(f"{task} {compression}", value, "score"))
            if compression != "Base":
                judged, kept = judged + 1, kept + (value >= 0.97 * base)
    text = f"{model}: {kept} of {judged} scores (method and task) keep 97 % of base; " + "; ".join(
        f"{task} {_of(figures, task, 'Base')} to {_of(figures, task, 'lowest')} at worst"
        for task in ("TREC", "Lcc")
    )
    return Reading(standing(kept, judged), text, tuple(figures))


def _of(figures: Sequence[Figure], task: str, which: str) -> str:
    values = {f.label.partition(" ")[2]: f.value for f in figures if f.label.startswith(task)}
    return f"{min(values.values()) if which == 'lowest' else values[which]:.1f}"


def c14_awq(published: Published) -> Reading:
    """LongGenBench accuracy, AWQ minus GPTQ."""
    figures, differences = [], []
    for model in ("Qwen2.5-7B", "InternLM2.5-7B"):
        for task in ("GSM8K", "MMLU"):
            base, awq, gptq = (t.longgen(published, model, c, task) for c in ("Base", "AWQ", "GPTQ"))
            if base is None or awq is None or gptq is None:
                continue
            for name, value in (("base", base), ("AWQ", awq), ("GPTQ", gptq)):
                figures.append(Figure(f"{model} {task} {name}", value, "score"))
            differences.append(Figure(f"{model} {task}", (awq - gptq) / 100, "points"))
    text = f"AWQ minus GPTQ: {listed(differences)}; one checkpoint of each a model"
    return Reading(
        standing(sum(d.value > 0 for d in differences), len(differences)), text, (*figures, *differences)
    )


def c15_small(published: Published) -> Reading:
    """GSM8K in long generation: the 16-bit 7B model beside compressed 3B and 1.5B ones."""
    figures = [Figure("Qwen2.5-7B base", t.longgen(published, "Qwen2.5-7B", "Base", "GSM8K") or 0.0, "score")]
    for model in ("Qwen2.5-3B", "Qwen2.5-1.5B"):
        for compression in published.compressions(t.LONGGENBENCH, model):
            value = t.longgen(published, model, compression, "GSM8K")
            if value is not None:
                figures.append(Figure(f"{model} {compression}", value, "score"))
    text = (
        f"GSM8K: {listed(figures)}. The small models have no 16-bit row: sizes are compared, not compression"
    )
    return Reading("cannot say", text, tuple(figures))


def c16_needle(published: Published) -> Reading:
    """Mean recall up to and beyond 32k tokens, decoded from the heat maps."""
    figures, beyond = [], []
    held = judged = 0
    for model in ("Qwen2.5-7B", "InternLM2.5-7B", "DeepSeek-R1-Distill-Llama-8B"):
        base = t.recall(published, model, "Base")
        for compression in published.compressions(t.NEEDLE, model):
            value, after = (
                t.recall(published, model, compression, band) for band in ("mean_le_32000", "mean_gt_32000")
            )
            if value is None or after is None or base is None:
                continue
            figures.append(Figure(f"{model} {compression} up to 32k", value, "score"))
            if compression == "Base":
                beyond.append(Figure(f"{model} base beyond 32k", after, "score"))
            elif not compression.startswith("Mag"):
                judged, held = judged + 1, held + (value >= base - 0.03)
    with_boundary = sum(f.value < 0.05 for f in beyond)
    text = (
        f"{held} of {judged} rows without magnitude pruning stay within 3 points of base up to 32k; {listed(beyond)}: "
        f"a boundary at 32k shows in {with_boundary} of {len(beyond)} base models"
    )
    consistent = with_boundary == len(beyond)
    return Reading("mixed" if consistent else "contradict", text, (*figures, *beyond))
