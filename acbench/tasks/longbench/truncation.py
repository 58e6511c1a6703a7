"""Cuts prompts that are too long in the middle (specification, section 4).

Prompts are texts that are tokenized once, when they are rendered. So a cut is made in the text, at token
boundaries of the text that is cut. Two consequences: no character is ever split (a character made of several
tokens is dropped whole), and the tokens at the seam can differ by a few from those of a cut in the ids, because
the two ends meet there and are tokenized as one text. Where that makes the prompt longer, more is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.tasks.protocol import Prompt, Renderer

CONTEXT, WHOLE_PROMPT = "context", "prompt"
TRUNCATIONS = (CONTEXT, WHOLE_PROMPT)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The text to ask, or an empty one when no cut makes it fit. Tokens count the chat template."""

    text: str
    original_tokens: int
    kept_tokens: int
    fits: bool = True

    @property
    def cut(self) -> bool:
        return self.kept_tokens != self.original_tokens


def fit_context(
    renderer: Renderer,
    wrap: Callable[[str], Prompt],
    compose: Callable[[str], str],
    context: str,
    budget: int,
) -> Fitted:
    """Cuts only the context so that the rendered prompt has at most ``budget`` tokens.

    ``compose`` puts a context into the rest of the text, ``wrap`` makes a prompt of it. The first half of the
    kept tokens is rounded up.
    """
    text = compose(context)
    original = count = len(renderer.render(wrap(text)))
    if original <= budget:
        return Fitted(text, original, original)
    spans = renderer.offsets(context)
    keep = len(spans) + budget - original
    while True:
        keep = max(keep, 0)
        text = compose(keep_ends(context, spans, (keep + 1) // 2, keep // 2))
        count = len(renderer.render(wrap(text)))
        if count <= budget:
            return Fitted(text, original, count)
        if keep == 0:
            return Fitted("", original, count, fits=False)
        keep -= count - budget


def fit_prompt(
    renderer: Renderer, wrap: Callable[[str], Prompt], text: str, limit: int, budget: int
) -> Fitted:
    """Cuts the whole text like the published runner: its first and last ``limit // 2`` tokens are kept.

    The limit counts the text alone. The chat template comes on top; where the result has more than ``budget``
    tokens the limit is lowered until it fits.
    """
    original = count = len(renderer.render(wrap(text)))
    spans = renderer.offsets(text)
    if len(spans) <= limit and original <= budget:
        return Fitted(text, original, original)
    limit = min(limit, len(spans))
    while limit >= 2:
        shorter = text if len(spans) <= limit else keep_ends(text, spans, limit // 2, limit // 2)
        count = len(renderer.render(wrap(shorter)))
        if count <= budget:
            return Fitted(shorter, original, count)
        limit -= count - budget
    return Fitted("", original, count, fits=False)


def keep_ends(text: str, spans: Sequence[tuple[int, int]], head: int, tail: int) -> str:
    """The text of the first ``head`` and the last ``tail`` tokens, without characters that a cut would split."""
    n = len(spans)
    if head + tail >= n:
        return text
    head_end = 0
    if head > 0:
        head_end = min(spans[head - 1][1], spans[head][0])
    tail_start = len(text)
    if tail > 0:
        tail_start = max(spans[n - tail][0], spans[n - tail - 1][1])
    return text[:head_end] + text[max(tail_start, head_end) :]
