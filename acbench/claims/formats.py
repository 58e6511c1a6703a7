"""Numbers as people read them: shares in per cent, differences of shares in percentage points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acbench.claims.findings import Estimate, Figure

MINUS = "\N{MINUS SIGN}"
OPEN_END = "…"


def number(value: float, unit: str) -> str:
    """A value with its unit. ``share``: signed per cent; ``points``: signed percentage points; ``kept``: per cent."""
    if not math.isfinite(value):
        return OPEN_END
    if unit == "share":
        return _signed(100 * value, 1) + " %"
    if unit == "points":
        return _signed(100 * value, 1) + " pp"
    if unit == "kept":
        return f"{100 * value:.0f} %"
    if unit == "rho":
        return _signed(value, 2)
    if unit == "score":
        return f"{value:.2f}" if abs(value) < 2 else f"{value:.1f}"
    return _signed(value, 3) + (f" {unit}" if unit else "")


def figure(found: Figure) -> str:
    return number(found.value, found.unit)


def interval(found: Estimate) -> str:
    """``[low, high]`` in the estimate's unit; an open end where nothing bounds it."""
    return f"[{number(found.low, found.unit)}, {number(found.high, found.unit)}]"


def estimate(found: Estimate) -> str:
    """Name, value, interval, n and what n counts; the p-value where there is one."""
    p = "" if found.p_value is None else f", {p_value(found.p_value)}"
    return f"{found.name}: {number(found.value, found.unit)} {interval(found)}, n = {found.n:,} {found.of_what}{p}"


def p_value(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _signed(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return (MINUS if value < 0 else "+") + text
