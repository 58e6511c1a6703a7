"""The part of a page that asks whether the analyses see what the tasks show."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from acbench.cases import CAPABILITIES
from reports import formats
from reports.analysis import canvas
from reports.overview import charts, correlation, reading
from reports.overview.quality import CAPABILITY_NAMES, Quality, at_floor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import CaseResult
    from reports.overview.correlation import Correlation

    ByRecipe = Mapping[str, Sequence[CaseResult]]

ALL = "all tasks"
DRAWN = (
    ("erank.hidden.distance", "share of base"),
    ("topk.jaccard.10", "1 − Jaccard, share"),
    ("energy.abs_delta", "nats"),
    ("kl.mean", "nats"),
)
"""Numbers with a panel of their own, and the unit of its axis."""
TITLES = {name: (family, title) for name, family, title, _ in correlation.PREDICTORS}


def prediction_html(model: str, by_recipe: ByRecipe, qualities: Mapping[str, Quality]) -> str:
    """One sentence, a table over the capabilities, small scatter plots, and a table by task to unfold."""
    distances = correlation.predictors([r for cases in by_recipe.values() for r in cases])
    if not distances:
        return ""
    losses = _losses(qualities)
    if not losses:
        return "<p>No loss to set the analyses against: no task above the floor was judged.</p>"
    found = correlation.table(distances, losses)
    overall = {name: one for (name, loss), one in found.items() if loss == ALL}
    sentence = reading.prediction(model, overall, TITLES)
    if all(one.rho is None for one in found.values()):
        return f"<p>{escape(sentence)}</p>"
    parts = [f"<p>{escape(sentence)}</p>", _table(found, list(losses))]
    parts.append(_scatter(model, distances, losses[ALL], overall))
    tasks = _task_losses(by_recipe)
    if tasks:
        by_task = correlation.table(distances, tasks, resampled=False)
        table = _table(by_task, list(tasks), resampled=False)
        parts.append(f"<details><summary>By task (without intervals)</summary>{table}</details>")
    return "".join(parts)


def _losses(qualities: Mapping[str, Quality]) -> dict[str, dict[str, float]]:
    """Kind of loss -> recipe -> share of the base score that is gone: over all tasks and by capability."""
    overall = {recipe: gone for recipe, one in qualities.items() if (gone := one.overall.lost) is not None}
    found = {ALL: overall} if overall else {}
    for capability in CAPABILITY_NAMES:
        lost = {
            recipe: one.lost
            for recipe, quality in qualities.items()
            if (one := quality.capabilities.get(capability)) is not None and one.lost is not None
        }
        if lost:
            found[CAPABILITIES[capability]] = lost
    return found


def _task_losses(by_recipe: ByRecipe) -> dict[str, dict[str, float]]:
    """Task -> recipe -> loss in the unit of its metric; the likelihood tasks too, the analyses themselves not."""
    found: dict[str, dict[str, float]] = {}
    for recipe, cases in by_recipe.items():
        for result in cases:
            judged = result.primary.n and not result.analysis
            if judged and not (result.capability in CAPABILITY_NAMES and at_floor(result)):
                found.setdefault(result.task, {})[recipe] = formats.loss(result.primary)
    return dict(sorted(found.items()))


def _table(
    found: Mapping[tuple[str, str], Correlation], losses: Sequence[str], *, resampled: bool = True
) -> str:
    shown = [name for name in TITLES if any((name, loss) in found for loss in losses)]
    head = "".join(
        f'<th scope="col">{escape(words)}</th>' for words in ("Spearman ρ with the loss of", *losses)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(TITLES[name][1])}<br><small><code>{escape(name)}</code></small></th>'
        + "".join(_cell(found.get((name, loss)), resampled=resampled) for loss in losses)
        + "</tr>"
        for name in shown
    )
    about = (
        "ρ with its 95 % bootstrap interval over recipes and n. 1: the metric ranks the recipes as their losses do. "
        "Below three recipes nothing is computed, up to seven no p is given; “–”: no resample breaks the order, so the "
        "bootstrap gives no interval."
    )
    note = f'<p class="note">{about}</p>' if resampled else ""
    table = f'<table class="matrix"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{table}</div>{note}'


def _cell(one: Correlation | None, *, resampled: bool) -> str:
    if one is None or one.rho is None:
        return f'<td class="none">n = {one.n if one else 0}</td>'
    if not resampled:
        return f"<td>{one.rho:.2f}<br><small>n = {one.n}</small></td>".replace("<td>-", "<td>−")
    span = (
        "–" if one.low is None or one.high is None else f"[{one.low:.2f}, {one.high:.2f}]".replace("-", "−")
    )
    p = "" if one.p is None else ", p < 0.001" if one.p < 0.001 else f", p = {one.p:.2g}"
    return f"<td><b>{one.rho:.2f}</b><br><small>{span}<br>n = {one.n}{p}</small></td>".replace("<b>-", "<b>−")


def _scatter(
    model: str,
    distances: Mapping[str, Mapping[str, float]],
    lost: Mapping[str, float],
    overall: Mapping[str, Correlation],
) -> str:
    panels = []
    for name, unit in DRAWN:
        values = {recipe: value for recipe, value in distances.get(name, {}).items() if recipe in lost}
        if len(values) >= correlation.LEAST:
            one = overall[name]
            rho = "" if one.rho is None else f" (ρ = {one.rho:.2f}, n = {one.n})"
            panels.append((TITLES[name][1] + rho, unit, values))
    words = [
        "Loss: share of the base score that is gone, mean over capabilities. Rank correlations ask only for the order."
    ]
    svg = charts.scatter_svg(model, panels, lost, words)
    if svg:
        return f"<figure>{svg}</figure>"
    return "" if canvas.available() or not panels else f'<p class="note">{canvas.MISSING}</p>'
