"""The episode of single-turn tasks: one question, and behind the same question the gold answer's likelihood.

The second request costs one more prefill and no generated token. Its measure is continuous: it moves
long before an answer flips, and it works for models too weak to answer at all.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from acbench.engines.protocol import Sampling
from acbench.errors import DataError, EngineError
from acbench.tasks.protocol import TOO_LONG, Grade, Metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.tasks.protocol import Prompt, Reply

GOLD_LOGLIK = Metric("gold_loglik", "Mean log-probability per token of the gold answer", unit="nats")


class SingleTurn:
    """Asks ``prompt`` once and lets ``grade`` judge the reply.

    With ``gold`` it then asks for the log-probabilities of that text behind the same prompt and adds the
    score ``gold_loglik`` (nats per token). A prompt that does not fit the window has no score.
    """

    def __init__(self, prompt: Prompt, grade: Callable[[Reply], Grade], *, gold: str = "") -> None:
        self._prompt = prompt
        self._judge = grade
        self._gold = gold
        self._reply: Reply | None = None
        self._scored: Reply | None = None

    @property
    def reply(self) -> Reply | None:
        """The model's answer, once there is one; tasks read it to prepare grading."""
        return self._reply

    def ask(self) -> Prompt | None:
        if self._reply is None:
            return self._prompt
        if self._gold and self._scored is None and self._reply.finish_reason != TOO_LONG:
            return replace(self._prompt, continuation=self._gold, sampling=Sampling())
        return None

    def tell(self, reply: Reply) -> None:
        if self.ask() is None:
            raise DataError("a reply was told after the episode's end")
        if self._reply is None:
            self._reply = reply
        else:
            self._scored = reply

    def grade(self) -> Grade:
        if self._reply is None:
            raise DataError("the episode is not over, it cannot be graded yet")
        if self._reply.finish_reason == TOO_LONG:
            return Grade({}, TOO_LONG, state=TOO_LONG)
        grade = self._judge(self._reply)
        if self._scored is None or self._scored.finish_reason == TOO_LONG:
            return grade
        return replace(grade, scores={**grade.scores, GOLD_LOGLIK.name: _mean(self._scored)})


class Unasked:
    """The episode of a prompt that cannot be built for the window: nothing is asked, and there is no score."""

    def ask(self) -> Prompt | None:
        return None

    def tell(self, reply: Reply) -> None:
        raise DataError(f"a reply was told to an episode that asked nothing: {reply.text[:40]!r}")

    def grade(self) -> Grade:
        return Grade({}, TOO_LONG, state=TOO_LONG)


def _mean(reply: Reply) -> float:
    total = sum(reply.logprobs)
    if not reply.logprobs or not math.isfinite(total):
        raise EngineError("the engine returned no finite log-probabilities for the gold answer")
    return total / len(reply.logprobs)
