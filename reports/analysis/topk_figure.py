"""Agreement of the most likely tokens: by k, by position, and its spread against what independence would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports import formats
from reports.analysis import canvas
from reports.analysis.numbers import finite, floor_words, numbers, other_side, pair, protocol, written
from reports.drawing import COMPRESSED_COLOUR, MUTED, SERIES_COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import CaseResult

    Rows = Sequence[Mapping[str, Any]]

FLOOR_LOOK = {"color": MUTED, "linestyle": (0, (5, 2)), "linewidth": 1.3, "marker": "_", "markersize": 8}
LAW = SERIES_COLOURS[2]
COMPRESSED_LOOK = {
    "color": COMPRESSED_COLOUR,
    "marker": "D",
    "markersize": 5.5,
    "linewidth": 1.4,
    "clip_on": False,
    "zorder": 5,
}


def topk_svg(result: CaseResult) -> str:
    """Jaccard, tau and its spread by k; Jaccard, tau and KL by position. Empty without either."""
    by_k = [row for row in result.analysis.get("by_k") or () if finite(row.get("k"))]
    by_position = list(result.analysis.get("by_position") or ())
    if not by_k and not by_position:
        return ""
    upper, lower = (270 if by_k else 0), (250 if by_position else 0)
    title = f"{result.task}: agreement of the most likely tokens, {pair(result)}"
    words = canvas.wrapped(_words(result))
    with canvas.style():
        figure = canvas.sheet(92 + upper + lower + 8 + canvas.LINE * len(words), title)
        if by_k:
            _by_k(figure, by_k, 92)
        if by_position:
            _by_position(figure, by_position, 92 + upper)
        _legend(figure, f"{other_side(result)} against {formats.against(result)}", floor_words(result))
        canvas.caption(figure, words)
        return canvas.svg(figure, f"{result.id}: agreement of the most likely tokens by k and by position")


def _by_k(figure: Any, rows: Rows, top: float) -> None:
    jaccard, tau, spread = (canvas.box(figure, left, top + 24, 226, 180) for left in (62, 366, 668))
    _line(jaccard, rows, "floor_jaccard", FLOOR_LOOK)
    _line(jaccard, rows, "jaccard", COMPRESSED_LOOK)
    jaccard.set_title("Jaccard of the top k")
    _shares(jaccard, [row.get(name) for row in rows for name in ("jaccard", "floor_jaccard")])
    _line(tau, rows, "floor_tau", FLOOR_LOOK)
    _line(tau, rows, "tau", COMPRESSED_LOOK)
    tau.set_title("Kendall tau on base's top k")
    tau.set_ylim(min(0.0, *_values(rows, "tau", "floor_tau"), 0.0), 1.02)
    _line(spread, rows, "independent_sd", {"color": LAW, "linestyle": ":", "linewidth": 1.8, "marker": "o",
                                           "markersize": 4, "label": "sd of independent ranks"})  # fmt: skip
    _line(spread, rows, "tau_sd", {**COMPRESSED_LOOK, "label": "sd measured"})
    spread.set_title("spread of tau")
    spread.set_ylim(0, 1.4 * max(_values(rows, "tau_sd", "independent_sd")) or 1.0)
    spread.legend(loc="upper right", handlelength=1.4, borderaxespad=0)
    for axes in (jaccard, tau, spread):
        _k_axis(axes, [int(row["k"]) for row in rows])


def _by_position(figure: Any, rows: Rows, top: float) -> None:
    jaccard, tau, divergence = (canvas.box(figure, left, top + 24, 226, 150) for left in (62, 366, 668))
    _line(jaccard, rows, "floor_jaccard", FLOOR_LOOK, x=None)
    _line(jaccard, rows, "jaccard", COMPRESSED_LOOK, x=None)
    jaccard.set_title("Jaccard at k = 10, by position")
    _shares(jaccard, [row.get(name) for row in rows for name in ("jaccard", "floor_jaccard")])
    _line(tau, rows, "tau", COMPRESSED_LOOK, x=None)
    tau.set_title("tau at k = 10, by position")
    tau.set_ylim(min(0.0, *_values(rows, "tau"), 0.0), 1.02)
    _line(divergence, rows, "kl", COMPRESSED_LOOK, x=None)
    divergence.set_title("KL, by position")
    divergence.set_ylabel("nats")
    divergence.set_ylim(bottom=0)
    canvas.headroom(divergence)
    for axes in (jaccard, tau, divergence):
        bins_axis(axes, [str(row.get("bin")) for row in rows])


def bins_axis(axes: Any, names: Sequence[str]) -> None:
    """Names of position bins below a panel, turned where they would touch."""
    axes.set_xticks(range(len(names)), [name.replace("-", "–") for name in names])
    if len(names) > 5:
        axes.tick_params(axis="x", labelrotation=45)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.4, len(names) - 0.6)


def _line(axes: Any, rows: Rows, name: str, look: Mapping[str, Any], x: str | None = "k") -> None:
    """One series; a series without any value is not drawn, so that it does not claim a place in a legend."""
    values = canvas.clean([finite(row.get(name)) for row in rows])
    if canvas.known(values):
        axes.plot([int(row[x]) for row in rows] if x else range(len(rows)), values, **look)


def _values(rows: Rows, *names: str) -> list[float]:
    found = [finite(row.get(name)) for row in rows for name in names]
    return [value for value in found if value is not None] or [0.0]


def _shares(axes: Any, values: Sequence[Any]) -> None:
    """From 0 to 1; nothing of a small agreement is cut off, and no small change is blown up."""
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("share" if values else "")


def _k_axis(axes: Any, ks: Sequence[int]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(ks, [str(k) for k in ks])
    axes.minorticks_off()
    axes.set_xlim(min(ks) * 0.82, max(ks) * 1.22)
    axes.set_xlabel("k (logarithmic)")


def _legend(figure: Any, sides: str, floor: str) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], label=canvas.plain(sides), **COMPRESSED_LOOK),  # type: ignore[arg-type]
        Line2D([], [], label=canvas.plain(floor), **FLOOR_LOOK),  # type: ignore[arg-type]
    ]
    top = 1 - 60 / (figure.get_figheight() * 72)
    figure.legend(
        handles=handles, ncols=2, loc="upper left", borderaxespad=0, bbox_to_anchor=(54 / canvas.WIDTH, top)
    )


def _words(result: CaseResult) -> list[str]:
    found = numbers(result)
    jaccard, tau = found.get("topk.jaccard.10"), found.get("topk.tau.base_set.10")
    parts = [protocol(result)]
    if jaccard is not None and jaccard.value is not None:
        parts.append(f"J10 = {written(jaccard.value, jaccard.unit)}, n = {jaccard.n:,}")
    if tau is not None and tau.undefined:
        parts.append(f"tau undefined at {tau.undefined} positions")
    lines = [". ".join(part for part in parts if part) + "."]
    if any(finite(row.get("tau_sd")) for row in result.analysis.get("by_k") or ()):
        lines.append(
            "Spread of tau: where it lies on the dotted law, k alone explains it; small k is then not less stable."
        )
    return lines
