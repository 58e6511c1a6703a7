"""The task and its episode: one prompt with K questions, one reply."""

from __future__ import annotations

import random
from functools import cache, partial
from typing import TYPE_CHECKING

from acbench.engines.protocol import Sampling
from acbench.tasks.longgenbench.aligned import FIFTHS, align, starts_with_label
from acbench.tasks.longgenbench.embedded import embedded_prompts
from acbench.tasks.longgenbench.forms import form_of
from acbench.tasks.longgenbench.outcomes import OUTCOMES, has_loop, outcome_of, without_thought
from acbench.tasks.longgenbench.published import published_accuracy
from acbench.tasks.longgenbench.reading import folder_prompts
from acbench.tasks.longgenbench.settings import read_settings
from acbench.tasks.protocol import TOO_LONG, Grade, Message, Metric, Prompt, Sample, TaskInfo
from acbench.tasks.single import GOLD_LOGLIK, SingleTurn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.longgenbench.forms import Form
    from acbench.tasks.protocol import Reply, Task, TaskContext

VERSION = 1
_ORDINALS = ("first", "second", "third", "fourth", "last")


@cache
def task_info(variant: str) -> TaskInfo:
    """What the task of one form reports. ``accuracy`` is aligned in mode corrected, published in mode upstream."""
    form = form_of(variant)
    return TaskInfo(
        slug=f"longgenbench-{form.name}",
        title=form.title,
        capability="long_context",
        version=VERSION,
        metrics=(
            Metric("accuracy", "Right answers of all questions"),
            Metric("accuracy_lenient", "Right answers, lenient reading"),
            Metric("completion", "Answers found"),
            Metric("parsed", "Answers with a readable value"),
            *(
                Metric(
                    f"position_{part}", f"Right answers in the {_ORDINALS[part - 1]} fifth of the questions"
                )
                for part in range(1, FIFTHS + 1)
            ),
            Metric("hit_limit", "Replies that hit the token limit", binary=True, higher_is_better=False),
            Metric("loop", "Replies that repeat themselves", binary=True, higher_is_better=False),
            Metric("accuracy_upstream", "Accuracy of the published scorer (by position)"),
            GOLD_LOGLIK,
        ),
        channels=(*OUTCOMES, TOO_LONG),
    )


def open_task(context: TaskContext, variant: str) -> Task:
    """Opens one form. Raises ConfigError for wrong settings; data is read when samples are asked for."""
    return LongGenBench(context, form_of(variant))


def with_cue(cue: str, reply: str, first: int) -> str:
    """The reply behind the label that was written for the model, unless it wrote that label once more."""
    return reply if starts_with_label(reply, first) else cue + reply


class LongGenBench:
    """Samples are prompts: the K answers of one reply stand or fall together."""

    def __init__(self, context: TaskContext, form: Form) -> None:
        self._context = context
        self._form = form
        self._settings = read_settings(context.settings, form, has_data_dir=context.data_dir is not None)

    @property
    def info(self) -> TaskInfo:
        return task_info(self._form.name)

    def samples(self) -> Sequence[Sample]:
        """All prompts, longest first. Raises DataError for a folder that lacks or breaks its data."""
        context, settings = self._context, self._settings
        if context.data_dir is None:
            prompts = embedded_prompts(self._form, settings)
        else:
            prompts = folder_prompts(
                context.data_dir,
                self._form,
                settings,
                published_numbers=context.mode == "upstream",
                rng=random.Random(f"longgenbench/{settings.seed}/demos"),
            )
        found = []
        for name, level, packed in prompts:
            cue = f"Answer_{packed.first}:\n" if settings.cue else ""
            data = {
                "system": packed.system,
                "user": packed.user,
                "answers": list(packed.answers),
                "first": packed.first,
                "gold": packed.gold.removeprefix(cue) if settings.likelihood else "",
                "cue": cue,
                "max_tokens": settings.max_tokens,
            }
            tokens = context.renderer.count(packed.system) + context.renderer.count(packed.user)
            found.append(Sample(name, data, level, name, tokens))
        return sorted(found, key=lambda sample: -sample.estimated_prompt_tokens)

    def open(self, sample: Sample) -> SingleTurn:
        data = sample.data
        prompt = Prompt(
            messages=(Message("system", data["system"]), Message("user", data["user"])),
            prefill=data["cue"],
            sampling=Sampling(max_tokens=data["max_tokens"]),
        )
        return SingleTurn(prompt, partial(self._grade, sample), gold=data["gold"])

    def _grade(self, sample: Sample, reply: Reply) -> Grade:
        answers, letters = sample.data["answers"], self._form.letters
        text = with_cue(sample.data["cue"], without_thought(reply.text), sample.data["first"])
        found = align(text, answers, first=sample.data["first"], letters=letters)
        published = published_accuracy(text, answers, letters=letters)
        cut = reply.finish_reason == "length"
        loop = has_loop(self._pieces(text))
        scores = {
            "accuracy": published if self._context.mode == "upstream" else found.accuracy,
            "accuracy_lenient": found.accuracy_lenient,
            "completion": found.completion,
            "parsed": found.parsed_share,
            **{f"position_{part}": share for part, share in found.by_fifth().items()},
            "hit_limit": float(cut),
            "loop": float(loop),
            "accuracy_upstream": published,
        }
        detail = {"questions": len(answers), "output_tokens": reply.output_tokens}
        return Grade(scores, outcome_of(text, found, cut=cut, loop=loop), detail=detail)

    def _pieces(self, text: str) -> list[str]:
        return [text[start:end] for start, end in self._context.renderer.offsets(text)]
