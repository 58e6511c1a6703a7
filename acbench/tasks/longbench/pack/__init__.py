"""The embedded pack: records of all 21 kinds from own material, sized in the model's own tokens.

Half of the records are easy, half hard. Every gold answer is derived a second time from the finished context
by a reader of its own (``checking``), so that a record whose answer cannot be read from it is never asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.errors import ConfigError
from acbench.tasks.longbench.pack import chinese, code, multi_doc, shots, single_doc, summaries, synthetic
from acbench.tasks.longbench.pack.building import fill_up
from acbench.tasks.longbench.pack.checking import check_gold
from acbench.tasks.longbench.pack.draws import Draws
from acbench.tasks.longbench.prompts import as_prompt, fill
from acbench.tasks.longbench.records import Record
from acbench.tasks.longbench.settings import LENGTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from acbench.tasks.longbench.pack.building import Draft, Item
    from acbench.tasks.longbench.samples import Frame

K = 1024
KINDS: dict[str, Callable[..., Draft]] = {
    "narrativeqa": single_doc.story,
    "qasper": single_doc.article,
    "multifieldqa_en": single_doc.register,
    "multifieldqa_zh": chinese.register,
    "hotpotqa": multi_doc.bridge,
    "2wikimqa": multi_doc.comparison,
    "musique": multi_doc.chain,
    "dureader": chinese.guides,
    "gov_report": summaries.report,
    "qmsum": summaries.meeting,
    "multi_news": summaries.news,
    "vcsum": chinese.minutes,
    "trec": shots.question_types,
    "triviaqa": shots.answered,
    "samsum": shots.dialogues,
    "lsht": chinese.news_types,
    "passage_count": synthetic.paragraph_count,
    "passage_retrieval_en": synthetic.paragraph_search,
    "passage_retrieval_zh": chinese.paragraph_search,
    "lcc": code.next_line,
    "repobench_p": code.across_files,
}


def length_label(length: int) -> str:
    """`4K` for 4,096 tokens; lengths that are no multiple of 1,024 stay numbers."""
    return str(length) if length % K else f"{length // K}K"


def pack_records(frame: Frame) -> Iterator[Record]:
    """The pack's records for a model, at each length; lengths count the rendered prompt.

    Raises ConfigError when a length that was asked for does not fit the window or the set's records, or when
    no length fits.
    """
    asked = frame.settings.lengths
    made = 0
    for length in asked or LENGTHS:
        if length + frame.new_tokens > frame.window:
            if asked:
                raise ConfigError(
                    f"task {frame.which.slug}: lengths: {length} tokens and {frame.new_tokens} new ones do not "
                    f"fit a window of {frame.window}; leave it out"
                )
            continue
        for index in range(frame.settings.per_length):
            record = build_record(frame, length, index)
            if record is not None:
                made += 1
                yield record
            elif asked:
                raise ConfigError(
                    f"task {frame.which.slug}: lengths: {length} tokens have no room for a record of this set "
                    "with this model's tokenizer; leave it out"
                )
    if not made:
        raise ConfigError(
            f"task {frame.which.slug}: none of the lengths {', '.join(map(str, LENGTHS))} fits a window of "
            f"{frame.window} tokens; set lengths, lower max_tokens or use a larger window"
        )


def build_record(frame: Frame, length: int, index: int) -> Record | None:
    """One record of at most ``length`` prompt tokens; None when its facts alone need more."""
    which = frame.which
    hard = index % 2 == 1
    draws = Draws("longbench", which.variant, frame.settings.seed, length, index)

    def measure(item: Item) -> int:
        text = fill(frame.spec.template, item.context, item.question)
        return len(frame.renderer.render(as_prompt(which, text)))

    draft = KINDS[which.variant](draws, hard=hard, index=index)
    item = fill_up(draft, draws, length, frame.renderer.count, measure)
    if item is None:
        return None
    name = f"{which.slug.removeprefix('longbench-')}-{length:05d}-{index:02d}-{'hard' if hard else 'easy'}"
    check_gold(which.variant, name, item)
    texts = (item.context, item.question, *item.answers)
    size = sum(len(text) if which.language == "zh" else len(text.split()) for text in texts)
    return Record(
        name, item.question, item.context, item.answers, item.classes, size, level=length_label(length)
    )
