"""The three forms and their fixed figures (specification, section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Form:
    """``k``: questions per prompt of the published runs; ``first``: number of the first question there."""

    name: str
    title: str
    k: int
    first: int
    letters: bool
    questions: int
    """Questions that published runs take from the source set (MMLU: per subject)."""


FORMS: Mapping[str, Form] = {
    "gsm8k": Form("gsm8k", "LongGenBench, GSM8K form", k=30, first=9, letters=False, questions=1290),
    "mmlu": Form("mmlu", "LongGenBench, MMLU form", k=20, first=6, letters=True, questions=20),
    "csqa": Form("csqa", "LongGenBench, CommonsenseQA form", k=40, first=6, letters=True, questions=1200),
}


def form_of(name: str) -> Form:
    """Raises ConfigError for an unknown form."""
    if name not in FORMS:
        raise ConfigError(f"longgenbench: unknown form {name!r}; {did_you_mean(name, FORMS)}")
    return FORMS[name]
