"""A test double: deterministic, with knobs for damage, latency, crash, hang and start failure.

Never a default. Its answers depend on the prompt's token ids, a seed and the knobs in
``settings.extra`` (``fake_damage`` 0..1, ``fake_latency_s``, ``fake_fail`` = a class name of acbench.errors,
``fake_crash_after``/``fake_hang_after`` = number of answers), and on ``fake.json`` in the checkpoint folder,
which overrides them: so a "compressed" checkpoint can be damaged.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from acbench import errors
from acbench.engines.protocol import Completion, EngineIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.engines.protocol import EngineSettings, Request

WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel")


class FakeCore:
    """Answers with words picked by a hash of the prompt; a damaged one picks others now and then."""

    def __init__(self, checkpoint: Path, settings: EngineSettings) -> None:
        knobs = dict(settings.extra)
        file = checkpoint / "fake.json"
        if file.is_file():
            knobs |= json.loads(file.read_text())
        self._knobs: dict[str, Any] = knobs
        self._queue: list[Request] = []
        self._answered = 0
        if failure := knobs.get("fake_fail"):
            raise getattr(errors, failure)(f"asked to fail with {failure}")

    @property
    def identity(self) -> EngineIdentity:
        return EngineIdentity("fake", "cpu", {"fake": "1"})

    def add(self, requests: Sequence[Request]) -> None:
        self._queue.extend(requests)

    def unfinished(self) -> int:
        return len(self._queue)

    def step(self) -> list[Completion]:
        time.sleep(float(self._knobs.get("fake_latency_s", 0.0)))
        if self._answered == self._knobs.get("fake_crash_after"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._answered == self._knobs.get("fake_hang_after"):
            time.sleep(3600)
        self._answered += 1
        return [self._answer(self._queue.pop(0))]

    def stop(self) -> None:
        self._queue.clear()

    def _answer(self, request: Request) -> Completion:
        digest = hashlib.sha256(repr(request.token_ids).encode()).digest()
        damaged = digest[0] / 256 < float(self._knobs.get("fake_damage", 0.0))
        prompt_tokens = len(request.token_ids)
        if request.score_from is not None:
            each = -0.5 - (1.0 if damaged else 0.0) - digest[1] / 256
            count = prompt_tokens - request.score_from
            return Completion(
                request.id, finish_reason="scored", prompt_tokens=prompt_tokens, logprobs=(each,) * count
            )
        word = WORDS[(digest[2] + damaged) % len(WORDS)]
        return Completion(request.id, text=word, token_ids=(digest[2],), prompt_tokens=prompt_tokens)


def create_core(checkpoint: Path, settings: EngineSettings) -> FakeCore:
    return FakeCore(checkpoint, settings)
