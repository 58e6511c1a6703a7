"""Where the needle goes: our algorithm on text, and the older runners' algorithm on tokens.

Ours takes the sentence end nearest to the nominal depth. ``upstream_context`` restates the algorithm that
the original test (G. Kamradt) and KVCache-Factory share: it walks backwards over tokens to a full stop and
keeps 200 tokens free. It needs ``encode`` and ``decode`` and is there for comparisons with old results.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

UPSTREAM_BUFFER_TOKENS = 200
"""Tokens the older runners keep free for instruction, question and reply."""

_BOUNDARY = re.compile(r"""[.!?]+["'”’»)\]]*(?=\s)|(?<!\s)(?=[ \t]*\n[ \t]*\n)""")


def sentence_boundaries(text: str) -> list[int]:
    """Character positions where a needle may go: 0, ends of sentences, and blank lines; ascending.

    A sentence ends behind ``.``, ``!`` or ``?`` and closing quotes or brackets, before white space.
    """
    return sorted({0, *(match.end() for match in _BOUNDARY.finditer(text))})


def token_positions(boundaries: Sequence[int], ends: Sequence[int]) -> list[int]:
    """Number of whole tokens before each character position; ``ends``: where each token ends."""
    return [bisect_right(ends, boundary) for boundary in boundaries]


def nearest_position(positions: Sequence[int], depth: float, total: int) -> int:
    """Index of the position nearest to ``depth`` per cent of ``total`` tokens, the earlier one of two.

    ``positions`` ascend from 0 and end with the last possible one, which depth 100 always takes.
    """
    if depth >= 100:
        return len(positions) - 1
    target = depth * total / 100
    right = min(bisect_left(positions, target), len(positions) - 1)
    left = max(right - 1, 0)
    return left if target - positions[left] <= positions[right] - target else right


def insert_needle(text: str, at: int, needle: str) -> str:
    """Puts the needle on a line of its own; the white space around the seam becomes one newline."""
    return "\n".join(part for part in (text[:at].rstrip(), needle, text[at:].lstrip()) if part)


def upstream_haystack(texts: Sequence[str], tokens: int, encode: Callable[[str], list[int]]) -> str:
    """Glues all texts together with nothing between, again and again until there are ``tokens`` tokens."""
    once = "".join(texts)
    if not once:
        raise ValueError("no text to make a haystack of")
    text = once
    while len(encode(text)) < tokens:
        text += once
    return text


def upstream_context(
    haystack: str,
    needle: str,
    *,
    length: int,
    depth: float,
    encode: Callable[[str], list[int]],
    decode: Callable[[Sequence[int]], str],
    sentence_ends: Collection[int],
) -> str:
    """The context of an older runner's cell: ``length`` tokens less the buffer, needle included.

    ``sentence_ends`` are the token ids taken for full stops; ``encode`` adds no special tokens. Raises ValueError
    when ``length`` has no room for the needle beside the buffer (a runner would cut at a wrong place there).
    """
    tokens = encode(haystack)
    if (
        len(tokens) > length
    ):  # only what is cut goes through the tokenizer twice, which not every one survives
        tokens = encode(decode(tokens[:length]))
    inserted = encode(needle)
    room = length - UPSTREAM_BUFFER_TOKENS - len(inserted)
    if room < 0:
        raise ValueError(f"{length} tokens have no room for the needle and {UPSTREAM_BUFFER_TOKENS} others")
    tokens = tokens[:room]
    if depth >= 100:
        return decode(tokens + inserted)
    at = int(len(tokens) * (depth / 100))  # in this order, for the same rounding: 50 tokens at 58 % are 28
    while at > 0 and tokens[at - 1] not in sentence_ends:
        at -= 1
    return decode(tokens[:at] + inserted + tokens[at:])
