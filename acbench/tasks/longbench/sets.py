"""The 21 sets: group, language, metric and the rules that hang on them (specification, section 1)."""

from __future__ import annotations

from dataclasses import dataclass

from acbench.errors import ConfigError, did_you_mean

GROUPS = ("single-doc QA", "multi-doc QA", "summarization", "few-shot", "synthetic", "code")
QA, MULTI, SUMMARY, SHOTS, SYNTHETIC, CODE = GROUPS


@dataclass(frozen=True, slots=True)
class LongBenchSet:
    """One set. ``name`` is the published one, as in file names and prompt files.

    ``tokens``: most new tokens. ``chat``: whether the prompt goes through the chat template; the sets without
    are continuation tasks. ``first_line``: whether only the answer's first line is scored. ``extended``:
    whether LongBench-E has it. ``of_16``: whether it is one of the 16 sets that KV-cache work shows.
    ``lead``: white space between a continuation prompt and its answer, for the answer's likelihood.
    """

    name: str
    group: str
    language: str
    tokens: int
    metric: str
    chat: bool = True
    first_line: bool = False
    extended: bool = False
    of_16: bool = True
    stop: tuple[str, ...] = ()
    lead: str = ""

    @property
    def variant(self) -> str:
        return self.name.replace("-", "_")

    @property
    def slug(self) -> str:
        return f"longbench-{self.variant.replace('_', '-')}"


_ALL = (
    LongBenchSet("narrativeqa", QA, "en", 128, "qa_f1"),
    LongBenchSet("qasper", QA, "en", 128, "qa_f1", extended=True),
    LongBenchSet("multifieldqa_en", QA, "en", 64, "qa_f1", extended=True),
    LongBenchSet("multifieldqa_zh", QA, "zh", 64, "qa_f1_zh", of_16=False),
    LongBenchSet("hotpotqa", MULTI, "en", 32, "qa_f1", extended=True),
    LongBenchSet("2wikimqa", MULTI, "en", 32, "qa_f1", extended=True),
    LongBenchSet("musique", MULTI, "en", 32, "qa_f1"),
    LongBenchSet("dureader", MULTI, "zh", 128, "rouge_zh", of_16=False),
    LongBenchSet("gov_report", SUMMARY, "en", 512, "rouge", extended=True),
    LongBenchSet("qmsum", SUMMARY, "en", 512, "rouge"),
    LongBenchSet("multi_news", SUMMARY, "en", 512, "rouge", extended=True),
    LongBenchSet("vcsum", SUMMARY, "zh", 512, "rouge_zh", of_16=False),
    LongBenchSet(
        "trec", SHOTS, "en", 64, "classification", chat=False, first_line=True, extended=True, lead=" "
    ),
    LongBenchSet("triviaqa", SHOTS, "en", 32, "qa_f1", chat=False, first_line=True, extended=True, lead="\n"),
    LongBenchSet(
        "samsum", SHOTS, "en", 128, "rouge", chat=False, first_line=True, extended=True, stop=("\n",)
    ),
    LongBenchSet("lsht", SHOTS, "zh", 64, "classification", chat=False, first_line=True, of_16=False),
    LongBenchSet("passage_count", SYNTHETIC, "en", 32, "count", extended=True),
    LongBenchSet("passage_retrieval_en", SYNTHETIC, "en", 32, "retrieval", extended=True),
    LongBenchSet("passage_retrieval_zh", SYNTHETIC, "zh", 32, "retrieval_zh", of_16=False),
    LongBenchSet("lcc", CODE, "code", 64, "code", chat=False, extended=True),
    LongBenchSet("repobench-p", CODE, "code", 64, "code", chat=False, extended=True),
)
SETS: dict[str, LongBenchSet] = {found.variant: found for found in _ALL}
"""By variant: the published name with underscores. In the order of the published table."""


def set_of(variant: str) -> LongBenchSet:
    """The set of a variant. Raises ConfigError with the nearest name."""
    if variant not in SETS:
        raise ConfigError(f"longbench: unknown set {variant!r}; {did_you_mean(variant, SETS)}")
    return SETS[variant]
