"""The analyses' metrics as pure functions on arrays: no model, no files, no state.

Definitions, degenerate cases and worked examples: specification of the analysis metrics. All logarithms are natural.
``base`` is the uncompressed model, ``variant`` the compressed one. Results that are not defined are NaN and are
counted by whoever averages (``mean_of``); inputs that make no sense raise an error.
"""

from __future__ import annotations

from acbench.metrics.averages import Mean, mean_of

__all__ = ["Mean", "mean_of"]
