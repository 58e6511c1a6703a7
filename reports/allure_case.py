"""What one judged case looks like in Allure: title, labels, numbers, description and attachments.

Pure functions from a case result; ``reports.allure`` hands their values to the running test.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from acbench.cases import BASE, CAPABILITIES, Case
from acbench.errors import ConfigError
from reports import builds, figures, formats, trajectories
from reports.analysis import numbers
from reports.analysis.figures import missing_note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.records import CaseResult, Comparison

FLIP_ROWS = 50
FLIP_COLUMNS = (
    *("sample", "level", "base", "compressed"),
    *("base_channel", "compressed_channel", "base_text", "compressed_text"),
)
TEXT_LIMIT = 300
VERDICT_BYTES = 60_000
FLIPS_BYTES = 100_000
FIGURE_BYTES = 80_000
CELLS_BYTES = 20_000
PROMPT_BYTES = 40_000
FACTS_BYTES = 10_000
LAYERS_BYTES = 40_000
LOG_TAIL_BYTES = 20_000
"""Caps per attachment; all of them together stay below the 300 kB a case may use."""

TEXT_KINDS = Literal["json", "csv", "svg", "txt", "html"]


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    kind: TEXT_KINDS
    body: str


def case_title(case: Case, against: str = BASE) -> str:
    """The name of a case in every tree; the same whether it was judged, broke or crashed."""
    return f"{case.task}: {case.compression} against {against}, {case.model}"


def case_of_nodeid(nodeid: str) -> Case | None:
    """The case whose id stands in the brackets of a node id, or None for any other test."""
    _, bracket, rest = nodeid.partition("[")
    if not bracket or not rest.endswith("]"):
        return None
    try:
        return Case.parse(rest[:-1])
    except ConfigError:
        return None


def place_labels(case: Case, capability: str) -> list[tuple[str, str]]:
    """Labels that place a case in the trees; all of them are known before anything has run."""
    title = CAPABILITIES.get(capability, capability)
    labels = [
        ("parentSuite", case.model),
        ("suite", case.compression),
        ("feature", case.task),
        ("model", case.model),
        ("compression", case.compression),
        ("task", case.task),
    ]
    if capability:
        labels += [("epic", title), ("subSuite", title), ("capability", capability)]
    return labels


def method_labels(method: str) -> list[tuple[str, str]]:
    """The compression method, as behaviour and as label."""
    return [("story", method), ("method", method)] if method else []


def verdict_labels(result: CaseResult) -> list[tuple[str, str]]:
    """Labels that exist only once a case was judged."""
    return [
        ("engine", str(result.engine.get("name", result.engine.get("engine", "unknown")))),
        ("gate", formats.gate_label(result.verdict)),
        ("verdict", result.verdict.outcome),
        ("severity", "critical" if formats.is_gated(result.verdict) else "minor"),
    ]


def all_labels(result: CaseResult) -> list[tuple[str, str]]:
    """Every label of a judged case."""
    case = Case(result.model, result.compression, result.task)
    return [
        *place_labels(case, result.capability),
        *method_labels(result.method),
        *verdict_labels(result),
    ]


def parameters(result: CaseResult) -> list[tuple[str, str]]:
    """The numbers of a case. They must be added as excluded, or every run starts a new history."""
    metric = result.primary
    return [
        ("verdict", formats.word(result)),
        (formats.against(result), formats.level(metric.base, metric.unit)),
        ("score", formats.level(metric.compressed, metric.unit)),
        ("difference", formats.difference(metric.difference, metric.unit)),
        ("interval", formats.interval(metric.low, metric.high, metric.unit)),
        ("n", str(metric.n)),
    ]


def identity_parameters(result: CaseResult) -> list[tuple[str, str]]:
    """What a case's history hangs on beside its id: scores of two embedding models are not one history."""
    embedder = result.scoring.get("embedder")
    return [("embedder", embedder)] if embedder else []


def description_html(result: CaseResult) -> str:
    """One table of all metrics, and below it what the verdict rests on; no script, no outside link."""
    rows = [_table_row(result.primary, formats.limit(result.verdict.margin, result.primary.unit))]
    rows += [_table_row(metric, "") for metric in result.secondary]
    head = "".join(
        f"<th>{escape(h)}</th>"
        for h in ("metric", formats.against(result), "compressed", "difference", "interval", "limit")
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in _notes(result))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return table + notes + numbers.table_html(result) + _build_table(result)


def _build_table(result: CaseResult) -> str:
    """Every fact of a checkpoint, for the case that is about it."""
    rows = builds.rows(result) if builds.is_build(result) else []
    body = "".join(
        f"<tr><th align='left'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows
    )
    return f"<p>Checkpoint:</p><table><tbody>{body}</tbody></table>" if body else ""


def _table_row(metric: Comparison, limit: str) -> str:
    cells = (
        metric.title or metric.metric,
        formats.level(metric.base, metric.unit),
        formats.level(metric.compressed, metric.unit),
        formats.difference(metric.difference, metric.unit),
        f"{formats.interval(metric.low, metric.high, metric.unit)} at {100 * metric.confidence:g} %",
        limit,
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _notes(result: CaseResult) -> list[str]:
    metric, verdict, unit = result.primary, result.verdict, result.primary.unit
    notes = [f"{formats.word(result)}: {verdict.reason}"]
    counts = (
        f"{metric.n} samples, {metric.worse} got worse, {metric.better} got better, "
        f"{result.texts_changed} answers differ in text; {metric.test}, p = {metric.p_value:.3g}; "
        f"smallest loss this many samples can show: {formats.limit(metric.mde, unit)}."
    )
    if metric.excluded:
        counts += f" {metric.excluded} samples were left out."
    if metric.samples_needed:
        counts += f" About {metric.samples_needed} samples would decide it."
    notes.append(counts)
    if result.noise:
        noise, reference = result.noise, formats.against(result)
        notes.append(
            f"Noise floor, {reference} against itself: {noise.changed_scores} of {noise.n} scores changed, "
            f"{formats.difference(noise.difference, unit)} {formats.interval(noise.low, noise.high, unit)}."
        )
    notes += [f"{name[:1].upper()}{name[1:]}: {value}." for name, value in result.facts.items()]
    if result.scoring.get("embedder"):
        notes.append(f"Texts were compared with the embedding model {result.scoring['embedder']}.")
    if result.scoring.get("mode", "corrected") != "corrected":
        notes.append(
            f"Scored in mode {result.scoring['mode']}: the published scorer's values, faults included."
        )
    if missing_note(result):
        notes.append(missing_note(result))
    if not builds.is_build(result) and (checkpoint := builds.line(result)):
        notes.append(checkpoint)
    if verdict.threshold_reason:
        source = f" ({verdict.threshold_source})" if verdict.threshold_source else ""
        notes.append(f"Limit: {verdict.threshold_reason}{source}")
    return notes


def attachments(result: CaseResult) -> list[Attachment]:
    """At most five attachments, below 300 kB together; empty ones are left out."""
    found = [Attachment("verdict.json", "json", verdict_json(result))]
    if result.flips:
        found.append(Attachment("flips.csv", "csv", flips_csv(result)))
    figure = figures.case_figure(result)
    if len(figure.encode()) > FIGURE_BYTES:
        figure = figures.levels_svg(result)
    found.append(Attachment("figure.svg", "svg", figure))
    if result.cells:
        found.append(Attachment("cells.csv", "csv", cells_csv(result)))
    if builds.is_build(result):  # in place of the prompt, which is a held-out text
        return found + _build_attachments(result)
    if numbers.kind(result):  # likewise
        return [*found, Attachment("numbers.json", "json", numbers.numbers_json(result))]
    played = trajectories.page(
        result.rollout.get("trajectories", ()),
        f"{result.task}: {result.compression}",
        formats.against(result),
    )
    if played:
        found.append(Attachment("changed episodes", "html", played))
    if result.sample_prompt:
        found.append(Attachment("prompt of the first sample", "txt", cut(result.sample_prompt, PROMPT_BYTES)))
    return found


def _build_attachments(result: CaseResult) -> list[Attachment]:
    found = [Attachment("checkpoint.json", "json", cut(builds.facts_json(result), FACTS_BYTES))]
    if result.checkpoint.get("per_layer"):
        table, missing = builds.layers_csv(result, LAYERS_BYTES)
        name = f"layers.csv (without the {missing} smallest errors)" if missing else "layers.csv"
        found.append(Attachment(name, "csv", table))
    return found


def verdict_json(result: CaseResult) -> str:
    """The evidence of a verdict without the samples, which have their own attachment."""
    data = result.to_json()
    for name in ("flips", "sample_prompt", "cells", "pairs", "analysis", "rollout"):
        data.pop(name)
    data["checkpoint"] = {key: value for key, value in data["checkpoint"].items() if key != "per_layer"}
    text = _dump(data)
    if len(text.encode()) > VERDICT_BYTES:
        core = ("id", "verdict", "primary", "noise", "keys", "tokens", "seconds", "schema")
        text = _dump({name: data[name] for name in core})
    return text


def _dump(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def flips_csv(result: CaseResult) -> str:
    """The samples whose score changed, one a row, as many as fit; texts are cut."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FLIP_COLUMNS)
    size = 0
    for flip in result.flips[:FLIP_ROWS]:
        before = out.tell()
        writer.writerow(
            (
                *(flip.sample, flip.level, flip.base, flip.compressed),
                *(flip.base_channel, flip.compressed_channel),
                *(shorten(flip.base_text), shorten(flip.compressed_text)),
            )
        )
        size += len(out.getvalue()[before:].encode())
        if size > FLIPS_BYTES:
            out.truncate(before)
            break
    return out.getvalue()


def cells_csv(result: CaseResult) -> str:
    """The numbers behind a map, one sample a row, as many as fit."""
    names = ("length", "depth", "repeat", "base", "compressed", "state")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for cell in result.cells:
        before = out.tell()
        writer.writerow([cell.get(name, "") for name in names])
        if out.tell() > CELLS_BYTES:
            out.truncate(before)
            break
    return out.getvalue()


def shorten(text: str) -> str:
    """At most ``TEXT_LIMIT`` characters, saying how many are missing."""
    if len(text) <= TEXT_LIMIT:
        return text
    tail = f" ... (+{len(text) - TEXT_LIMIT})"
    return text[: TEXT_LIMIT - len(tail)] + tail


def cut(text: str, limit: int) -> str:
    """At most about ``limit`` bytes: beginning and end, with a line that says what is missing."""
    raw = text.encode()
    if len(raw) <= limit:
        return text
    half = (limit - 80) // 2
    start, end = raw[:half].decode(errors="ignore"), raw[-half:].decode(errors="ignore")
    return f"{start}\n... {len(raw) - 2 * half} bytes left out here ...\n{end}"


def capability_of_marks(names: Sequence[str]) -> str:
    """The capability among a test's marks, or an empty string."""
    return next((name for name in names if name in CAPABILITIES), "")
