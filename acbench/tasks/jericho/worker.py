"""The child process that holds stories: nothing a story does reaches the process that scores it.

Stories are machine code for a C program. Here they may write files (into an empty folder, and no bytes at
all), loop, or bring the program down; the parent starts another child and repeats what was played.
"""

from __future__ import annotations

import os
import re
import resource
import sys
import warnings
from collections import OrderedDict
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.children import parent_channel
from acbench.tasks.jericho import finder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLAYS = 100
"""Stories held at a time, 0.8 MB each; the one stepped last stays longest."""
SEED = 1
"""Of the engine's random numbers where nobody gives one: 0 and less would mean the clock."""
_ENDED = re.compile(r"\*\*\*.{1,60}\*\*\*")
_ASKS = re.compile(r"would you like to restart", re.IGNORECASE)


class Stories:
    """The stories of one child, by the parent's numbers."""

    def __init__(self) -> None:
        self._engines: OrderedDict[int, Any] = OrderedDict()
        self._names: dict[int, str] = {}

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Carries out one message. ``{"missing": true}`` when its story is not (or no longer) open."""
        what, number = message["what"], message["number"]
        if what == "open":
            return self._open(number, message)
        if what == "close":
            self._engines.pop(number, None)
            return {}
        engine = self._engines.get(number)
        if engine is None:
            return {"missing": True}
        self._engines.move_to_end(number)
        return dict(getattr(self, f"_{what}")(engine, message))

    def _open(self, number: int, message: Mapping[str, Any]) -> dict[str, Any]:
        jericho: Any = import_module("jericho")
        while len(self._engines) >= PLAYS:
            self._engines.popitem(last=False)
        with _files_allowed(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a story is not one of jericho's is normal here
            engine = jericho.FrotzEnv(message["story"], seed=message["seed"])
            if message["seed"] is None and not engine.is_fully_supported:
                engine.seed(SEED)
            text = engine.reset()[0]
        for command in message["commands"]:
            text = finder.send(engine, command)
        self._engines[number] = engine
        return _state(engine, text)

    @staticmethod
    def _step(engine: Any, message: Mapping[str, Any]) -> dict[str, Any]:
        return _state(engine, finder.send(engine, message["command"]))

    @staticmethod
    def _choices(engine: Any, message: Mapping[str, Any]) -> dict[str, Any]:
        if engine.is_fully_supported and message["templates"] is None:
            return {"choices": _listed(engine)}
        templates = message["templates"] or finder.TEMPLATES
        return {"choices": finder.choices(engine, message["story"], templates)}

    @staticmethod
    def _points(engine: Any, _message: Mapping[str, Any]) -> dict[str, Any]:
        """Score and highest score; a story that jericho does not know is asked for them, without a trace."""
        if engine.is_fully_supported:
            return {"score": engine.get_score(), "maximum": engine.get_max_score()}
        state = engine.get_state()
        told = " ".join(finder.send(engine, "score").split())
        engine.set_state(state)
        number = r"(-?\d+)\D{0,60}?out of \D{0,60}?(\d+)"
        found = re.search(number, told)
        return {"score": int(found[1]), "maximum": int(found[2])} if found else {"score": 0, "maximum": 0}


def _state(engine: Any, text: str) -> dict[str, Any]:
    if engine.is_fully_supported:
        over = bool(engine.game_over() or engine.victory())
    else:
        over = bool(_ENDED.search(text) and _ASKS.search(text))
    return {"text": text, "over": over, "halted": bool(engine._emulator_halted())}


def _listed(engine: Any) -> list[str]:
    """jericho's own list for a story it knows. Its nouns come from spaCy's model, which is not there offline."""
    util: Any = import_module("jericho.util")
    util._load_spacy = lambda: None
    util.extract_objs = lambda text: {(word, "NOUN") for word in re.findall(r"[a-z]+", text.lower())}
    return sorted(engine.get_valid_actions(use_parallel=False))


@contextmanager
def _files_allowed() -> Iterator[None]:
    """While the engine is loaded: it copies its library for each story. Otherwise no byte can be written."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))


def main(arguments: list[str]) -> None:
    """Answers messages until the parent closes the channel."""
    os.chdir(os.environ["ACBENCH_STORIES"])
    os.environ["TMPDIR"] = str(Path.cwd())
    channel, inbox = parent_channel(arguments)
    stories = Stories()
    while (message := inbox.get()) is not None:
        try:
            answer = stories.answer(message)
        except Exception as error:  # noqa: BLE001 - told to the parent, which raises it there
            answer = {"error": f"{type(error).__name__}: {error}"}
        channel.send(answer)


if __name__ == "__main__":
    main(sys.argv)
