"""The worker process: holds the engine and its worlds, answers one request after another over its channel.

A request holds ``do`` (open, step, close), ``world`` (a number of the caller's) and what it needs; an
answer holds ``text``, ``commands`` and ``won``, or ``error`` with ``kind`` (data or engine).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from acbench.children import parent_channel
from acbench.errors import DataError
from acbench.tasks.alfworld.engine import Engine
from acbench.tasks.alfworld.games import Game

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.alfworld.engine import Seen, World


class Desk:
    """The requests of one process, and its worlds by number."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._worlds: dict[int, World] = {}

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request; what goes wrong is an answer too."""
        try:
            return self._do(request)
        except DataError as error:
            return {"error": str(error), "kind": "data"}
        except Exception as error:  # noqa: BLE001 - told to the process that asked, which raises it
            return {"error": f"{type(error).__name__}: {error}"[:600], "kind": "engine"}

    def _do(self, request: Mapping[str, Any]) -> dict[str, Any]:
        number = int(request["world"])
        if request["do"] == "close":
            self._worlds.pop(number, None)
            return {}
        if request["do"] == "open":
            world = self._engine.open(Game(**request["game"]))
            for command in request["commands"]:
                world.step(command)
            self._worlds[number] = world
            return _told(world.first)
        return _told(self._worlds[number].step(request["command"]))


def _told(seen: Seen) -> dict[str, Any]:
    return {"text": seen.text, "commands": list(seen.commands), "won": seen.won}


def main(arguments: Sequence[str]) -> int:
    """Answers until the channel closes."""
    channel, inbox = parent_channel(arguments)
    desk = Desk()
    channel.send({"pid": os.getpid()})
    while (request := inbox.get()) is not None:
        channel.send(desk.answer(request))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
