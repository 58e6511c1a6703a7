"""JSON records: nested objects from seven small grammars for calibration and five other ones for evaluation."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.texts.grammars import records_calibration, records_evaluation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Make = Callable[[Random], Any]

SHAPES: Mapping[str, Mapping[str, Make]] = {
    "calibration": records_calibration.SHAPES,
    "evaluation": records_evaluation.SHAPES,
}
EACH = {"calibration": 6, "evaluation": 7}
"""Documents of every shape."""


def documents(split: str, seed: int) -> Iterator[tuple[str, str]]:
    """Name and text. Two thirds are indented, a third is one record a line or compact, as programs write them."""
    for shape, make in SHAPES[split].items():
        for number in range(1, EACH[split] + 1):
            rng = Random(f"{seed}/{split}/json/{shape}/{number}")
            yield f"{shape}-{number}", _written(make(rng), number)


def _written(record: Any, number: int) -> str:
    if number % 3:
        return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    if isinstance(record, list):
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in record)
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"
