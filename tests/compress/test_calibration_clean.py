"""The pack shares no passage with what models are judged by: every embedded task pack, and its own evaluation split."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from acbench.compress.overlap import find_overlap, task_texts
from acbench.config import expand, load_catalogue
from acbench.tasks.protocol import Prompt, TaskContext
from acbench.tasks.registry import ANALYSES, TASKS, open_task
from acbench.texts import texts

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = re.compile(r"\w{1,6}|[^\w\s]")


class PieceRenderer:
    """Pieces of up to six letters and every sign are the tokens."""

    templated = False
    end_token = None

    @cache  # noqa: B019 - the renderer lives as long as the module
    def count(self, text: str) -> int:
        return len(PIECE.findall(text))

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in PIECE.finditer(text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        said = [*(message.content for message in prompt.messages), prompt.text, prompt.prefill]
        return tuple(range(sum(self.count(text) for text in said)))

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(range(self.count(text)))


class NoMeaning:
    """An embedder for tasks that ask for one when they are opened; nothing is graded here."""

    identity = "none"

    def encode(self, texts: Any) -> Any:
        return np.ones((len(texts), 1), dtype=np.float32)


RENDERER = PieceRenderer()


def profile_of(slug: str) -> str:
    """The profile of the embedded packs, or the demo for tasks that only the demo has."""
    catalogue = load_catalogue()
    packs = expand(catalogue, catalogue.profile("packs").tasks)
    return "packs" if slug in packs else "demo"


def texts_of(slug: str) -> Iterator[tuple[str, str]]:
    catalogue = load_catalogue()
    entry, profile = catalogue.tasks[slug], catalogue.profile(profile_of(slug))
    settings = {**entry.settings, **profile.settings.get(entry.family, {}), **profile.settings.get(slug, {})}
    window = profile.engine["window_tokens"]
    task = open_task(slug, TaskContext(RENDERER, window, settings, embedders=lambda _spec: NoMeaning()))
    return task_texts(slug, task, task.samples())


@cache
def pack(split: str) -> dict[str, str]:
    return {text.id: text.content for text in texts(split)}


def test_the_two_splits_share_no_passage() -> None:
    assert find_overlap(pack("calibration"), pack("evaluation").items()) == ()


@pytest.mark.parametrize("slug", TASKS)
def test_the_pack_shares_no_passage_with_a_task(slug: str) -> None:
    found = list(texts_of(slug))
    assert sum(len(text) for _, text in found) > 1000
    # The task `compress` and the analyses are the evaluation split: they look at these very texts.
    own = slug == "compress" or slug in ANALYSES
    documents = pack("calibration") | ({} if own else pack("evaluation"))
    assert find_overlap(documents, found) == ()


def test_a_task_that_would_be_calibrated_on_is_found() -> None:
    """The check above can fail: a calibration document with a passage of the task's own text."""
    sample, text = max(texts_of("longbench-narrativeqa"), key=lambda pair: len(pair[1]))
    words = text.split()
    leaked = {"leak": "Something else first. " + " ".join(words[100:130])}
    (overlap,) = find_overlap(leaked, [(sample, text)])
    assert (overlap.document, overlap.sample) == ("leak", sample)
