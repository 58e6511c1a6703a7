"""The project's own texts: what compression methods are calibrated on, and what fidelity is measured on.

Two splits that share no passage: ``calibration`` (acbench.compress.calibration draws from it) and ``evaluation``
(perplexity, serving checks, analyses). Everything is written for ACBench and under its licence. Prose, code, Chinese
and the kernel of the dialogues are plain files in ``data/<split>/``; tool calls, records and further dialogues come
from seeded grammars (``acbench.texts.grammars``). The same version of ACBench gives the same texts everywhere.
"""

from __future__ import annotations

from acbench.texts.reader import KINDS, SPLITS, Text, texts
from acbench.texts.words import units

__all__ = ["KINDS", "SPLITS", "Text", "texts", "units"]
