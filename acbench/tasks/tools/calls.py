"""One line of text into a tool call: ``<tool> with Action Input: <arguments>`` (specification, section 6.1)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from acbench.tasks.tools.literals import read_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

ERROR = "ERROR | "
"""How every observation of a call that was not executed begins."""

Trouble = Literal["", "format", "arguments", "unknown_tool", "failed", "refused"]
"""Why a call came to nothing: no call at all, arguments that do not fit, a tool that is not there, a tool
that failed on its arguments, a tool that ran and refused."""

_MARK = re.compile(r"with\s*Action Input:")


@dataclass(frozen=True, slots=True)
class Call:
    """A tool name and its arguments by name. The tool need not exist."""

    tool: str
    arguments: Mapping[str, Any]

    def text(self) -> str:
        """The line that reads back as this call."""
        return f"{self.tool} with Action Input: {json.dumps(self.arguments, ensure_ascii=False)}"


class CallError(Exception):
    """A line that is no call, or a call that cannot be carried out; ``str`` is the observation."""

    def __init__(self, trouble: Trouble, kind: str, text: str) -> None:
        super().__init__(f"{ERROR}{kind}({text})" if kind else f"{ERROR}{text}")
        self.trouble = trouble


def format_error() -> CallError:
    return CallError(
        "format", "FormatError", 'a call is one line: <tool> with Action Input: {"<name>": <value>}'
    )


def read_call(line: str) -> Call:
    """The call in one line; everything before the first mark is the tool's name.

    Raises CallError ``format`` when the mark is missing and ``arguments`` when what follows is no object.
    """
    mark = _MARK.search(line)
    if mark is None or "\n" in line.strip():
        raise format_error()
    try:
        arguments = read_literal(line[mark.end() :])
    except ValueError as error:
        raise _unreadable(str(error)) from None
    if not isinstance(arguments, dict):
        raise _unreadable("they must be one object")
    return Call(line[: mark.start()].strip(), arguments)


def _unreadable(why: str) -> CallError:
    return CallError("arguments", "Exception", f"Parameters in action input are not valid, {why}")
