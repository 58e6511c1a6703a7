"""What the published tables give for the claims about ERank, top-k and energy (C17-C23): hardly any numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.claims.association import pearson, spearman
from acbench.claims.findings import Figure, Reading
from acbench.claims.formats import figure as shown

if TYPE_CHECKING:
    from acbench.claims.published import Published

ANALYSIS = "analysis"
COPIED = "copied_from_diff_erank_paper"
OPT_BILLIONS = {"OPT-125M": 0.125, "OPT-1.3B": 1.3, "OPT-2.7B": 2.7, "OPT-6.7B": 6.7}


def column(published: Published, name: str) -> dict[str, float]:
    """A line of the OPT table by model."""
    return {
        row.model: row.values[f"table2/{name}"]
        for row in published.rows
        if row.benchmark == ANALYSIS and f"table2/{name}" in row.values
    }


def figure_only(published: Published) -> Reading:
    """For claims that rest on a figure without printed numbers."""
    del published
    return Reading("cannot say", "a figure without printed numbers")


def c18_erank_accuracy(published: Published) -> Reading:
    """Correlations of the 4-bit ERank with accuracy and with size over the four OPT models."""
    erank, accuracy = column(published, "erank"), column(published, "accuracy")
    models = list(OPT_BILLIONS)
    x, y = [erank[m] for m in models], [accuracy[m] for m in models]
    size = [OPT_BILLIONS[m] for m in models]
    figures = (
        Figure("Pearson, ERank and accuracy", pearson(x, y), "rho"),
        Figure("Spearman, ERank and accuracy", spearman(x, y), "rho"),
        Figure("Spearman, ERank and size", spearman(x, size), "rho"),
    )
    text = "; ".join(f"{f.label} {shown(f)}" for f in figures) + f" (n = {len(models)})"
    return Reading("support" if figures[1].value > 0 else "contradict", text, figures)


def c19_diff_erank(published: Published) -> Reading:
    """Diff-ERank by size, and how many of its cells are another paper's."""
    found = column(published, "diff_erank")
    copied = sum(row.flag == COPIED for row in published.rows if "table2/diff_erank" in row.values)
    figures = tuple(
        Figure(m, found[m], "score", "from another paper, on uncompressed models") for m in OPT_BILLIONS
    )
    text = (
        "; ".join(f"{f.label} {shown(f)}" for f in figures)
        + f"; {copied} of {len(found)} are another paper's numbers for training, on uncompressed models"
    )
    return Reading("cannot say", text, figures)


def c23_energy(published: Published) -> Reading:
    """The energies of the four OPT models; neither definition nor unit is given."""
    found = column(published, "energy")
    figures = tuple(Figure(m, found[m], "score") for m in OPT_BILLIONS)
    spread = (max(found.values()) - min(found.values())) / (sum(found.values()) / len(found))
    text = (
        "; ".join(f"{f.label} {shown(f)}" for f in figures)
        + f" (spread {100 * spread:.0f} % of their mean); definition and unit are not given, "
        "nothing is compared with base"
    )
    return Reading("cannot say", text, figures)
