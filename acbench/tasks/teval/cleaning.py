"""Prepares a raw answer for scoring (specification section 3)."""

from __future__ import annotations

END_MARKS = ("<eoa>", "<TOKENS_UNUSED_1>", "<|im_end|>")
ROLE_WORDS = ("\nuser", "\nassistant", "\nUSER")
LATE_MARKS = ("[INST]", "<|user|>")
THOUGHT_END = "</think>"
FENCE = "```json"


def clean(text: str, *, upstream: bool) -> str:
    """Drops reasoning, everything behind an end mark, and a fence around the whole answer.

    Cuts at role words belong to the published protocol only: they shorten valid values that hold such a line.
    """
    text = text.rpartition(THOUGHT_END)[2]
    for mark in (*END_MARKS, *(ROLE_WORDS if upstream else ()), *LATE_MARKS):
        text = text.partition(mark)[0]
    return text.strip().removeprefix(FENCE).strip("`").strip()
