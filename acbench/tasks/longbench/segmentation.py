"""Chinese words, by jieba 0.42.1 in its accurate mode.

Its dictionary is read from the package every time (about a second, once per process): jieba's own cache is a
file of a fixed name in the shared temporary folder, which anybody on the machine could have put there.
"""

from __future__ import annotations

import logging
import re
import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any

LONGEST_RUN = 2048
_LONG_RUN = re.compile(rf"([\u4E00-\u9FD5a-zA-Z0-9+#&._%\-]{{{LONGEST_RUN}}})")
"""So many characters that jieba looks at as one piece; its time for unknown words grows with their square."""


def segment(text: str) -> tuple[str, ...]:
    """The text's words; white space and punctuation are words too. Joined, they are the text again.

    A run of letters, digits and Chinese characters is cut after every LONGEST_RUN of them, so that a reply that
    repeats one character for ever takes seconds and not hours; jieba itself would not cut there.
    """
    return _segment(text)


@lru_cache(maxsize=512)
def _segment(text: str) -> tuple[str, ...]:
    tokenizer = _tokenizer()
    return tuple(word for piece in _LONG_RUN.split(text) for word in tokenizer.cut(piece, cut_all=False))


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    with warnings.catch_warnings():
        # It imports pkg_resources and has string escapes that newer Pythons warn about.
        warnings.simplefilter("ignore")
        jieba = import_module("jieba")
    logging.getLogger("jieba").setLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer
