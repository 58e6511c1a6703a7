"""Answers of the real services, recorded by the user, behind the tools of a simulator (section 6.1b)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.tools.toolbox import FINISH, Failed, Tool, Toolbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from acbench.tasks.tools.environment import Simulator

WITHOUT_SERVICE = (
    *("get_user_current_date", "get_user_current_location", "get_distance", "get_air_quality_level", FINISH),
)
"""Tools that compute their answer: they need no recording."""


class RecordedSimulator:
    """The tools of ``inner`` with recorded answers: ``recordings`` is a list of [tool, arguments, result].

    Arguments are compared by name and value after conversion, so that 7 and "7" ask the same. A call
    that was not recorded fails. A recorded error has the key ``error`` with its observation's text.
    """

    def __init__(self, inner: Simulator, recordings: Sequence[Sequence[Any]]) -> None:
        self._inner = inner
        tools = inner.toolbox.tools
        self._known = {
            _key(tools[tool], arguments): result for tool, arguments, result in recordings if tool in tools
        }
        self.toolbox = Toolbox([self._recorded(tool) for tool in tools.values()])

    def hint(self) -> str:
        return self._inner.hint()

    def cleaned(self, tool: str, result: Any) -> Any:
        return self._inner.cleaned(tool, result)

    def same(self, goal: Any, candidate: Any) -> bool:
        return self._inner.same(goal, candidate)

    def _recorded(self, tool: Tool) -> Tool:
        if tool.name in WITHOUT_SERVICE:
            return tool

        def run(**arguments: Any) -> Any:
            key = _call_key(tool.name, arguments)
            if key not in self._known:
                raise Failed("LookupError", "there is no recorded answer for these arguments")
            result = self._known[key]
            if isinstance(result, dict) and set(result) == {"error"}:
                raise Failed("RecordedError", str(result["error"]))
            return result

        return Tool(tool.name, tool.about, run, tool.parameters, tool.optional)


def _key(tool: Tool, arguments: Mapping[str, Any]) -> str:
    return _call_key(tool.name, tool.arguments(arguments))


def _call_key(tool: str, arguments: Mapping[str, Any]) -> str:
    return json.dumps([tool, sorted(arguments.items())], default=str)


def read_recordings(path: Path) -> list[list[Any]]:
    """JSON lines {"tool", "arguments", "result"} as [tool, arguments, result].

    Raises DataError naming file and line.
    """
    found: list[list[Any]] = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            entry = json.loads(text)
            if not isinstance(entry["tool"], str) or not isinstance(entry["arguments"], dict):
                raise TypeError("tool must be text and arguments an object")
            found.append([entry["tool"], entry["arguments"], entry["result"]])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: expected tool, arguments and result ({error!r})") from error
    return found
