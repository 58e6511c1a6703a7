"""What all simulators share: a table of tools with typed parameters, and the two ways a tool can say no."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.calls import CallError
from acbench.tasks.tools.literals import read_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.tools.calls import Call

FINISH = "finish"
SHOWN_VALUE = 60
"""Longer argument values are cut in error texts."""


class Refused(Exception):
    """The call was carried out and the service said no; ``str`` is its answer. The turn counts as grounded."""


class Failed(Exception):
    """The tool broke off on its arguments. ``kind`` is the error's name as the observation shows it."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of parameter. ``convert`` raises ValueError for a value that does not fit."""

    name: str
    convert: Callable[[Any], Any]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    return str(value)


def _id(value: Any) -> str:
    """A whole number is the same id with and without decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else _text(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _whole(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _date(value: Any) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError
    return date.fromisoformat(value)


def _list(value: Any) -> list[Any]:
    found = read_literal(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise ValueError
    return found


TEXT = Kind("text", _text)
FLAG = Kind("True or False", lambda value: str(value) if isinstance(value, bool) else _text(value))
ID = Kind("id", _id)
NUMBER = Kind("number", _number)
WHOLE = Kind("whole number", _whole)
DATE = Kind("YYYY-MM-DD", _date)
LIST = Kind("list", _list)
ANY = Kind("any value", lambda value: value)


@dataclass(frozen=True, slots=True)
class Tool:
    """``run`` takes the converted arguments by name; those in ``optional`` may be left out."""

    name: str
    about: str
    run: Callable[..., Any]
    parameters: Mapping[str, Kind]
    optional: frozenset[str] = frozenset()

    def signature(self) -> str:
        """Name and parameters as the prompt shows them."""
        shown = (
            f"{name}: {kind.name}{' (optional)' if name in self.optional else ''}"
            for name, kind in self.parameters.items()
        )
        return f"{self.name}({', '.join(shown)})"

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments converted. Raises CallError naming the parameters that are missing, unknown or wrong.

        The texts are those of a Python function that is called so.
        """
        for name in given:
            if name not in self.parameters:
                shown = repr(name[:SHOWN_VALUE])
                raise _misfit("TypeError", f"{self.name}() got an unexpected keyword argument {shown}")
        missing = [repr(name) for name in self.parameters if name not in given and name not in self.optional]
        if missing:
            count = f"{len(missing)} required positional argument{'s' if len(missing) > 1 else ''}"
            raise _misfit("TypeError", f"{self.name}() missing {count}: {_listed(missing)}")
        return {name: self._convert(name, value) for name, value in given.items()}

    def _convert(self, name: str, value: Any) -> Any:
        kind = self.parameters[name]
        try:
            return kind.convert(value)
        except (ValueError, OverflowError):
            shown = repr(value)[:SHOWN_VALUE]
            raise _misfit("ValueError", f"{name} must be of the kind {kind.name}, not {shown}") from None


def _listed(names: Sequence[str]) -> str:
    if len(names) <= 2:
        return " and ".join(names)
    return f"{', '.join(names[:-1])}, and {names[-1]}"


def _misfit(kind: str, text: str) -> CallError:
    return CallError("arguments", kind, text)


class Toolbox:
    """The tools an episode offers, by name."""

    def __init__(self, tools: Sequence[Tool], offered: Sequence[str] | None = None) -> None:
        self.tools = {tool.name: tool for tool in tools if offered is None or tool.name in offered}

    def check(self, call: Call) -> dict[str, Any]:
        """Whether the call can be executed, looked at before it is: its converted arguments.

        Raises CallError ``unknown_tool`` or ``arguments``.
        """
        if call.tool not in self.tools:
            raise CallError("unknown_tool", "", f"Invalid action: {call.tool[:SHOWN_VALUE]}.")
        return self.tools[call.tool].arguments(call.arguments)

    def run(self, call: Call, arguments: Mapping[str, Any]) -> Any:
        """The tool's result. Raises Refused, or CallError ``failed``."""
        try:
            return self.tools[call.tool].run(**arguments)
        except Failed as error:
            raise CallError("failed", error.kind, str(error)) from None

    def listing(self) -> str:
        """The answer to the list command."""
        return "You can use the tools: " + ", ".join(self.tools) + "."


def answer_tool(about: str = "gives your answer and ends the task") -> Tool:
    return Tool(FINISH, about, ordered, {"answer": ANY})


def ordered(answer: Any) -> Any:
    """A list answer sorted, for its order is free; mixed types by type name and text."""
    if not isinstance(answer, list):
        return answer
    try:
        return sorted(answer)
    except TypeError:
        return sorted(answer, key=lambda value: (type(value).__name__, repr(value)))
