"""Chinese words, by jieba 0.42.1 in its accurate mode.

Its dictionary is read from the package every time (about a second, once per process): jieba's own cache is a
file of a fixed name in the shared temporary folder, which anybody on the machine could have put there.
"""

from __future__ import annotations

import logging
import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any


def segment(text: str) -> tuple[str, ...]:
    """The text's words; white space and punctuation are words too. Joined, they are the text again."""
    return _segment(text)


@lru_cache(maxsize=512)
def _segment(text: str) -> tuple[str, ...]:
    return tuple(_tokenizer().cut(text, cut_all=False))


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
