"""Overlap of words, English and Chinese (specification, sections 5.1 and 5.2)."""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING

from acbench.tasks.longbench.segmentation import segment

if TYPE_CHECKING:
    from collections.abc import Sequence

CHINESE_MARKS = (
    "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】"
    "〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿–—‘’‛“”„‟…‧﹏."
)
"""Deleted from Chinese words, beside ASCII punctuation. The opening mark 《 is not among them."""

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_DELETE_ASCII = str.maketrans("", "", string.punctuation)
_DELETE_ALL = str.maketrans("", "", string.punctuation + CHINESE_MARKS)


def overlap_f1(prediction: Sequence[str], reference: Sequence[str]) -> float:
    """F1 (0..1) of two multisets of words; 0 when they share none."""
    common = sum((Counter(prediction) & Counter(reference)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(prediction), common / len(reference)
    return 2 * precision * recall / (precision + recall)


def english_words(text: str) -> list[str]:
    """Lower case, without ASCII punctuation and articles."""
    return _ARTICLE.sub(" ", text.lower().translate(_DELETE_ASCII)).split()


def chinese_words(text: str) -> list[str]:
    """Segmented first, cleaned word by word after that; words of punctuation only are dropped."""
    cleaned = ("".join(word.lower().translate(_DELETE_ALL).split()) for word in segment(text))
    return [word for word in cleaned if word]


def qa_f1(prediction: str, reference: str) -> float:
    """Word F1 (0..1) of an English answer."""
    return overlap_f1(english_words(prediction), english_words(reference))


def qa_f1_zh(prediction: str, reference: str) -> float:
    """Word F1 (0..1) of a Chinese answer."""
    return overlap_f1(chinese_words(prediction), chinese_words(reference))
