"""The numbers of an analysis: read once, and written as a table, as JSON and as metric samples.

``CaseResult.analysis["numbers"]`` holds them by dotted name. A number with a ``base`` is a level that both models
have, its interval that of the difference; one without is a distance or an agreement, its interval that of the value.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from acbench.metrics.likelihood import shown_perplexity
from reports import formats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.records import CaseResult

KINDS = ("erank", "top-k", "energy")
MISSING = "–"


@dataclass(frozen=True, slots=True)
class Number:
    """One line of an analysis; None where there is no value (undefined, not applicable)."""

    name: str
    title: str
    unit: str
    base: float | None
    value: float | None
    low: float | None
    high: float | None
    floor: float | None
    n: int
    undefined: int

    @property
    def change(self) -> float | None:
        """Compressed minus base of a level; None for distances."""
        return None if self.base is None or self.value is None else self.value - self.base


FOLLOWED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "erank": (
        ("erank.hidden.distance", "lower"),
        ("erank.weight.sigma.folded", ""),
        ("cka.final", "higher"),
        ("weight.sqnr", "higher"),
    ),
    "top-k": (
        ("topk.jaccard.10", "higher"),
        ("topk.tau.base_set.10", "higher"),
        ("kl.mean", "lower"),
        ("flips.right_to_wrong", "lower"),
    ),
    "energy": (
        ("energy.abs_delta", "lower"),
        ("energy.signed_delta", ""),
        ("energy.w1", "lower"),
        ("perplexity", "lower"),
    ),
}
"""Kind -> the numbers followed from run to run, each with the direction that is better (empty: neither)."""


def kind(result: CaseResult) -> str:
    """``erank``, ``top-k`` or ``energy``; empty for cases of other tasks and for cases without numbers."""
    found = str(result.analysis.get("kind", ""))
    return found if found in KINDS else ""


def numbers(result: CaseResult) -> dict[str, Number]:
    """All numbers of a case by name, in the order of the analysis; empty for other tasks."""
    return {name: _read(name, fields) for name, fields in (result.analysis.get("numbers") or {}).items()}


def _read(name: str, fields: Mapping[str, Any]) -> Number:
    return Number(
        name=name,
        title=str(fields.get("title") or name),
        unit=str(fields.get("unit") or ""),
        base=finite(fields.get("base")),
        value=finite(fields.get("value")),
        low=finite(fields.get("low")),
        high=finite(fields.get("high")),
        floor=finite(fields.get("floor")),
        n=int(fields.get("n") or 0),
        undefined=int(fields.get("undefined") or 0),
    )


def finite(value: Any) -> float | None:
    """A number, or None for anything that is not one (null, NaN, infinite)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def protocol(result: CaseResult) -> str:
    """Texts, tokens, arithmetic and what the noise floor is, as one line below a figure."""
    facts = result.analysis.get("protocol") or {}
    texts, tokens, positions = (facts.get(name) for name in ("texts", "tokens", "positions"))
    parts = []
    if texts and tokens:
        parts.append(f"{texts} texts x {tokens} tokens")
    if positions:
        parts.append(f"{positions:,} positions")
    if facts.get("source"):
        parts.append(f"text set {facts['source']} {str(facts.get('hash', ''))[:8]}".rstrip())
    if facts.get("arithmetic"):
        parts.append(f"computed in {facts['arithmetic']}")
    if "bos" in facts:
        parts.append("with a BOS token" if facts["bos"] else "no BOS token")
    return ", ".join(parts)


def floor_words(result: CaseResult) -> str:
    """What the noise floor of this analysis is."""
    arithmetic = (result.analysis.get("protocol") or {}).get("floor")
    name = formats.against(result)
    return f"noise floor: {name} against itself in {arithmetic}" if arithmetic else "noise floor"


def other_side(result: CaseResult) -> str:
    """What is compared: the recipe, or of a noise floor the same weights in other arithmetic."""
    if not result.is_noise_floor:
        return result.compression
    arithmetic = (result.analysis.get("protocol") or {}).get("floor")
    return f"{formats.against(result)} in {arithmetic}" if arithmetic else f"{formats.against(result)} again"


def pair(result: CaseResult) -> str:
    """Both sides, for titles."""
    return f"{other_side(result)} against {formats.against(result)}"


def written(value: float | None, unit: str, *, signed: bool = False) -> str:
    """Four significant digits at most with the unit; shares in per cent, their differences in points."""
    if value is None:
        return MISSING
    scaled = value * formats.factor(unit) + 0.0
    suffix = formats.difference_unit(unit) if signed else formats.level_unit(unit)
    return f"{digits(scaled, signed=signed)} {suffix}".rstrip()


def digits(value: float, *, signed: bool = False) -> str:
    """``12.35``, ``0.0012``, ``48,211``: three or four digits that matter, no exponent where one can do without."""
    sign = "+" if signed and value else ""
    size = abs(value)
    if size >= 1000:
        return f"{value:{sign},.0f}"
    if size >= 100:
        return f"{value:{sign}.1f}"
    if size >= 1 or value == 0:
        return f"{value:{sign}.2f}"
    return f"{value:{sign}.3f}" if size >= 0.01 else f"{value:{sign}.2g}"


def interval(number: Number) -> str:
    """``[low, high]`` in the unit of what it is of."""
    if number.low is None or number.high is None:
        return MISSING
    factor, signed = formats.factor(number.unit), number.base is not None
    low, high = (digits(end * factor + 0.0, signed=signed) for end in (number.low, number.high))
    of = " of the difference" if signed else ""
    return f"[{low}, {high}]{of}"


def table_html(result: CaseResult) -> str:
    """The table "numbers" of a case's description; empty for other tasks."""
    found = numbers(result) if kind(result) else {}
    if not found:
        return ""
    some = any(number.undefined for number in found.values())
    heads = ("number", formats.against(result), "compressed", "95 % interval", "noise floor", "n")
    head = "".join(f"<th>{escape(words)}</th>" for words in (*heads, *(["undefined"] if some else [])))
    body = "".join(_row(number, result, undefined=some) for number in found.values())
    about = ", ".join(part for part in (protocol(result), floor_words(result)) if part)
    return (
        f"<p>Numbers: {escape(about)}.</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def level(number: Number, value: float | None, result: CaseResult) -> str:
    """A value as text; a perplexity beyond the vocabulary says only that the model is worse than guessing."""
    size = (result.analysis.get("protocol") or {}).get("vocabulary")
    if number.name == "perplexity" and value is not None and size and value > size:
        return shown_perplexity(value, int(size))
    return written(value, number.unit)


def _row(number: Number, result: CaseResult, *, undefined: bool) -> str:
    cells = [
        level(number, number.base, result),
        level(number, number.value, result),
        interval(number),
        written(number.floor, number.unit),
        f"{number.n:,}",
    ]
    if undefined:
        cells.append(str(number.undefined) if number.undefined else "")
    name = f"<td>{escape(number.title)}<br><code>{escape(number.name)}</code></td>"
    return "<tr>" + name + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def numbers_json(result: CaseResult) -> str:
    """Everything the analysis found, series included, for programs."""
    data = {"id": result.id, **result.analysis}
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def metric_samples(result: CaseResult, key: Any, now_ms: int) -> list[dict[str, Any]]:
    """The main numbers as levels for Allure's Metrics page; ``key``: name -> the sample's stable key.

    A group of their own and a key of their own (``level_...``) keep them from being read as differences.
    """
    found = numbers(result)
    samples = []
    for name, better in FOLLOWED.get(kind(result), ()):
        number = found.get(name)
        if number is None or number.value is None:
            continue
        identity = key(f"level.{name}")
        samples.append(
            {
                "id": identity,
                "key": identity,
                "value": round(number.value * formats.factor(number.unit), 3),
                "start": now_ms - round(result.seconds * 1000),
                "stop": now_ms,
                "title": f"{result.compression}: {number.title}",
                "unit": formats.level_unit(number.unit),
                "group": f"{result.model.replace('.', '_')}-analyses",
                "groupTitle": f"{result.model}: analyses",
                **({"better": better} if better else {}),
            }
        )
    return samples
