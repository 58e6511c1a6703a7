"""What the controller adds to a folder of Allure results once per run.

Pure functions of a folder, case results and an environment; they write files and compute no score.
"""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import asdict
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from acbench.aggregates import group_means
from acbench.cases import BASE
from reports import builds, categories, figures, formats, overview, summary
from reports.analysis import numbers
from reports.analysis.figures import ladder_svg
from reports.files import write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from acbench.aggregates import GroupMean
    from acbench.baseline_changes import Changes
    from acbench.records import CaseResult, Comparison


EVERY_METRIC_UP_TO = 300
"""Cases of a run above which secondary metrics stay in the tables of their cases: with a thousand cases the page of
all metrics would have 5,000 rows, and a browser needs four seconds for it."""


def write_environment(
    results_dir: Path, results: Sequence[CaseResult], environment: Mapping[str, str]
) -> Path:
    """``environment.properties``: the given facts, and from the results what was measured with what."""
    facts = {**derived_environment(results), **environment}
    lines = [f"{_key(key)}={_value(str(value))}" for key, value in sorted(facts.items())]
    return write_text(results_dir / "environment.properties", "\n".join(lines) + "\n")


def derived_environment(results: Sequence[CaseResult]) -> dict[str, str]:
    """Models, compressions, tasks and engines that the results name."""
    engines = {
        " ".join(str(r.engine[key]) for key in ("name", "version") if r.engine.get(key)) for r in results
    }
    facts = {
        "models": ", ".join(sorted({r.model for r in results})),
        "compressions": ", ".join(sorted({r.compression for r in results})),
        "tasks": ", ".join(sorted({r.task for r in results})),
        "engines": ", ".join(sorted(engines - {""})),
    }
    return {key: value for key, value in facts.items() if value}


def _key(text: str) -> str:
    return "_".join(text.replace(":", " ").replace("=", " ").split())


def _value(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").split())


def write_executor(results_dir: Path, variables: Mapping[str, str], *, run: str) -> Path:
    """``executor.json``: the CI job that ran this, or ``local``."""
    data = {**executor(variables), "reportName": "ACBench"}
    data.setdefault("buildName", run)
    return write_text(results_dir / "executor.json", _json(data))


def executor(variables: Mapping[str, str]) -> dict[str, Any]:
    """Recognises the usual CI systems by the variables they set."""
    if url := variables.get("GITHUB_SERVER_URL"):
        number = variables.get("GITHUB_RUN_NUMBER", "0")
        repository, run_id = variables.get("GITHUB_REPOSITORY", ""), variables.get("GITHUB_RUN_ID", "")
        return _job("GitHub Actions", "github", number, f"{url}/{repository}/actions/runs/{run_id}")
    if url := variables.get("CI_JOB_URL"):
        return _job("GitLab CI", "gitlab", variables.get("CI_PIPELINE_IID", "0"), url)
    if (url := variables.get("BUILD_URL")) and variables.get("JENKINS_URL"):
        return _job("Jenkins", "jenkins", variables.get("BUILD_NUMBER", "0"), url)
    return {"name": "local", "type": "local"}


def _job(name: str, kind: str, number: str, url: str) -> dict[str, Any]:
    order = int(number) if number.isdigit() else 0
    return {"name": name, "type": kind, "buildOrder": order, "buildName": f"#{number}", "buildUrl": url}


def write_categories(results_dir: Path) -> Path:
    """``categories.json``: the rules that sort everything that did not pass."""
    return write_text(results_dir / "categories.json", _json(categories.rules()))


def write_metrics(results_dir: Path, results: Sequence[CaseResult], *, run: str, now_ms: int) -> Path | None:
    """``<run>-perf.json``: the difference of every metric of every case; None without results."""
    samples = [
        sample
        for result in results
        for sample in metric_samples(result, now_ms=now_ms)
        # A metric that could not be compared has no number, and one NaN makes the whole file unreadable.
        if math.isfinite(sample["value"])
        and (len(results) <= EVERY_METRIC_UP_TO or _is_leading(sample, result))
    ]
    return write_text(results_dir / f"{run}-perf.json", _json(samples)) if samples else None


def _is_leading(sample: dict[str, Any], result: CaseResult) -> bool:
    """Whether it is a case's primary metric, or a level, of which there are few."""
    secondary = {metric_key(result, metric.metric) for metric in result.secondary}
    return sample["key"] not in secondary


def metric_samples(result: CaseResult, *, now_ms: int) -> list[dict[str, Any]]:
    """Metric samples of one case: differences in percentage points (shares) or the metric's unit."""
    found = [_sample(result, metric, now_ms) for metric in (result.primary, *result.secondary)]
    if builds.is_build(result):
        found += [_build_sample(result, figure, now_ms) for figure in builds.followed(result)]
    return found + numbers.metric_samples(result, partial(metric_key, result), now_ms)


def _build_sample(result: CaseResult, figure: builds.Figure, now_ms: int) -> dict[str, Any]:
    """A level, not a difference: a group of its own keeps it from being read as one."""
    key = metric_key(result, figure.metric)
    return {
        "id": key,
        "key": key,
        "value": round(figure.value, 3),
        "start": now_ms - round(result.seconds * 1000),
        "stop": now_ms,
        "title": f"{result.compression}: {figure.title}",
        "unit": figure.unit,
        "group": f"{result.model.replace('.', '_')}-checkpoints",
        "groupTitle": f"{result.model}: checkpoints",
        "better": "lower",
    }


def metric_key(result: CaseResult, metric: str) -> str:
    """``model.compression.capability.task.metric``; dots inside a name become underscores."""
    parts = (result.model, result.compression, result.capability, result.task, metric)
    return ".".join(part.replace(".", "_") for part in parts)


def _sample(result: CaseResult, metric: Comparison, now_ms: int) -> dict[str, Any]:
    key = metric_key(result, metric.metric)
    recipe = f"{result.compression} (noise floor)" if result.is_noise_floor else result.compression
    return {
        "id": key,
        "key": key,
        "value": round(metric.difference * formats.factor(metric.unit), 3),
        "start": now_ms - round(result.seconds * 1000),
        "stop": now_ms,
        "title": f"{recipe} · {result.task}: {metric.title}",
        "unit": formats.difference_unit(metric.unit),
        "group": result.model.replace(".", "_"),
        "groupTitle": f"{result.model}: compressed minus its reference",
        "better": "higher" if formats.higher_is_better(metric) else "lower",
    }


def write_globals(
    results_dir: Path,
    results: Sequence[CaseResult],
    environment: Mapping[str, str],
    *,
    broken: Mapping[str, str],
    now_ms: int,
    changes: Changes | None = None,
    claims: str = "",
) -> Path:
    """The attachments of the whole run: overviews, matrix and claims as HTML, summary as Markdown, environment as JSON.

    ``changes``: since the baselines; ``claims``: the page of the paper's claims (``reports.run_pages``).
    """
    facts = {**derived_environment(results), **environment}
    bodies = (
        ("degradation matrix", "html", "text/html", matrix_html(results)),
        ("summary.md", "md", "text/markdown", summary.markdown(results, broken=broken, changes=changes)),
        ("environment.json", "json", "application/json", _json(facts)),
        *_group_pages(results),
        *_map_pages(results),
        *_overview_pages(results, broken),
        *([("claims of the paper", "html", "text/html", claims)] if claims else []),
    )
    entries = []
    for name, extension, kind, body in bodies:
        source = f"{uuid.uuid4()}-attachment.{extension}"
        write_text(results_dir / source, body)
        entries.append({"name": name, "source": source, "type": kind, "timestamp": now_ms})
    return write_text(results_dir / f"{uuid.uuid4()}-globals.json", _json({"attachments": entries}))


def _group_pages(results: Sequence[CaseResult]) -> Iterator[tuple[str, str, str, str]]:
    """Group means of the benchmarks with several tasks as a page of their own, and as JSON."""
    rows = group_means(results)
    if rows:
        yield ("group means", "html", "text/html", groups_html(rows))
        yield ("group means.json", "json", "application/json", _json([asdict(row) for row in rows]))


def _map_pages(results: Sequence[CaseResult]) -> Iterator[tuple[str, str, str, str]]:
    """Heat maps of all recipes side by side, for each model and task whose samples lie on a grid."""
    for model, task in sorted({(r.model, r.task) for r in results}):
        figure = figures.stacked_maps(model, task, results)
        if figure:
            yield (f"{task} maps, {model}", "svg", "image/svg+xml", figure)


def _overview_pages(
    results: Sequence[CaseResult], broken: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str]]:
    """The overview of each model, and its analyses along the ladder of recipes."""
    for model in overview.models(results):
        yield (
            f"overview, {model}",
            "html",
            "text/html",
            overview.overview_html(model, results, broken=broken),
        )
        figure = ladder_svg(model, results)
        if figure:
            yield (f"analyses along the ladder, {model}", "svg", "image/svg+xml", figure)


_CELL = "padding:6px 10px;border:1px solid #d0d7de;text-align:left;vertical-align:top"
_FILL = {"pass": "#dff3e4", "fail": "#fbdcd5", "inconclusive": "#fdf3d0"}


def matrix_html(results: Sequence[CaseResult]) -> str:
    """One table per model, tasks down and recipes across; a page without script or outside link."""
    tables = [_model_table(model, results) for model in sorted({r.model for r in results})]
    body = "".join(tables) or "<p>No case was judged.</p>"
    return _page("Degradation matrix", body)


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        '<body style="font:14px/1.45 system-ui,sans-serif;color:#1f2328;background:#fff;margin:16px">'
        f"{body}</body></html>"
    )


def _model_table(model: str, results: Sequence[CaseResult]) -> str:
    chosen = {(r.compression, r.task): r for r in results if r.model == model}
    tasks = sorted({task for _, task in chosen})
    references = {r.compression: formats.against(r) for r in chosen.values()}
    recipes = sorted(references, key=lambda recipe: (recipe != BASE, recipe))
    titles = [formats.heading(recipe, references[recipe]) for recipe in recipes]
    head = "".join(f'<th style="{_CELL}">{escape(text)}</th>' for text in ("task", *titles))
    rows = []
    for task in tasks:
        cells = "".join(_matrix_cell(chosen.get((recipe, task))) for recipe in recipes)
        rows.append(f'<tr><th style="{_CELL}">{escape(task)}</th>{cells}</tr>')
    return (
        f'<h2>{escape(model)}</h2><table style="border-collapse:collapse">'
        f"<tr>{head}</tr>{''.join(rows)}</table>"
    )


def groups_html(rows: Sequence[GroupMean]) -> str:
    """One table per model, group means down and recipes across; a page without script or outside link."""
    tables = []
    for model in dict.fromkeys(row.model for row in rows):
        mine = [row for row in rows if row.model == model]
        references = {row.compression: formats.group_against(row) for row in mine}
        recipes = sorted(references)
        titles = [formats.heading(recipe, references[recipe]) for recipe in recipes]
        found = {(row.family, row.title, row.compression): row for row in mine}
        head = "".join(f'<th style="{_CELL}">{escape(text)}</th>' for text in ("group", *titles))
        body = ""
        for family, title in dict.fromkeys((row.family, row.title) for row in mine):
            cells = "".join(_group_cell(found.get((family, title, recipe))) for recipe in recipes)
            body += f'<tr><th style="{_CELL}">{escape(family)}: {escape(title)}</th>{cells}</tr>'
        tables.append(
            f'<h2>{escape(model)}</h2><table style="border-collapse:collapse"><tr>{head}</tr>{body}</table>'
        )
    about = "Means over tasks; intervals (95 %) from resampling each task's samples by cluster."
    return _page("Group means", f"<p>{about}</p>{''.join(tables)}")


def _group_cell(row: GroupMean | None) -> str:
    if row is None:
        return f'<td style="{_CELL};color:#57606a">incomplete</td>'
    share = formats.SHARE
    covered = "" if row.n == row.of else f"<br>{row.n} of {row.of} tasks"
    if row.retention is not None:
        covered = f"<br>{100 * row.retention:.0f} % kept{covered}"
    return (
        f'<td style="{_CELL}">{formats.level(row.base, share)} → {formats.level(row.compressed, share)}<br>'
        f"<b>{formats.difference(row.difference, share)}</b> {formats.interval(row.low, row.high, share)}{covered}</td>"
    )


def _matrix_cell(result: CaseResult | None) -> str:
    if result is None:
        return f'<td style="{_CELL};color:#57606a">not judged</td>'
    metric = result.primary
    fill = _FILL[result.verdict.outcome] if formats.is_gated(result.verdict) else "#f1f3f5"
    base, score = (formats.level(v, metric.unit) for v in (metric.base, metric.compressed))
    change = formats.difference(metric.difference, metric.unit)
    interval = formats.interval(metric.low, metric.high, metric.unit)
    return (
        f'<td style="{_CELL};background:{fill}">{base} → {score}<br><b>{change}</b> {interval}<br>'
        f"{escape(formats.word(result))}</td>"
    )


def _json(data: Any) -> str:
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
