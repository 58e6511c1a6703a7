"""What counts as a word when texts are compared.

Punctuation and case carry no weight: they are what editing and tokenizing change first. Text without blanks between
words (Chinese, Japanese) is compared character by character.
"""

from __future__ import annotations

import re
import unicodedata

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[^\W_{_CJK}]+")
_CHARACTER = re.compile(rf"[{_CJK}]")


def plain(text: str) -> str:
    """Compatibility forms unified (full-width letters, ligatures) and lower case."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()


def words(text: str) -> list[str]:
    """The words of languages that put blanks between them, in order; everything else is dropped."""
    return _WORD.findall(plain(text))


def characters(text: str) -> list[str]:
    """The Chinese and Japanese characters, in order; everything else is dropped."""
    return [] if text.isascii() else _CHARACTER.findall(plain(text))


def units(text: str) -> int:
    """How many words and characters a text has: its length in a measure no tokenizer changes."""
    return len(words(text)) + len(characters(text))
