"""The simulator: the catalogue of all tools, and a world that answers calls."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from acbench.tasks.toolbox.domains import garden, kitchen, library, money, office, travel
from acbench.tasks.toolbox.model import (
    ILL_TYPED,
    INTERNAL,
    MISSING,
    TYPES,
    UNKNOWN_ARGUMENT,
    UNKNOWN_TOOL,
    Outcome,
    Refusal,
    State,
    Tool,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from acbench.tasks.toolbox.model import Fact, Parameter

LARGEST = 10**9
"""Numbers beyond this (and infinity) are no arguments of any tool."""
_DOMAINS = (travel, office, kitchen, library, garden, money)
DOMAINS: tuple[str, ...] = tuple(domain.NAME for domain in _DOMAINS)
TOOLS: tuple[Tool, ...] = tuple(tool for domain in _DOMAINS for tool in domain.TOOLS)
BY_NAME: dict[str, Tool] = {tool.name: tool for tool in TOOLS}
_HANDLERS = {name: handler for domain in _DOMAINS for name, handler in domain.HANDLERS.items()}


class World:
    """Seeded tables of all domains. Equal seeds give equal worlds; results depend on tables and arguments only.

    ``broken``: names of tools that are down; a well-formed call to one fails with kind ``internal``.
    """

    def __init__(self, seed: int = 0, *, broken: Collection[str] = ()) -> None:
        self.seed = seed
        self._broken = frozenset(broken)
        self._states = {domain.NAME: State(_tables(domain.NAME, seed)) for domain in _DOMAINS}

    def tables(self, domain: str) -> Mapping[str, Any]:
        """The seeded tables of a domain: what a goal is stated in terms of."""
        return self._states[domain].tables

    @property
    def facts(self) -> list[Fact]:
        """What the calls so far have brought about."""
        return [fact for state in self._states.values() for fact in state.facts]

    def call(self, name: str, args: Mapping[str, Any]) -> Outcome:
        """Calls a tool. Never raises: a bad call is an Outcome with one of the error kinds."""
        tool = BY_NAME.get(name)
        if tool is None:
            return Outcome(False, f"There is no tool called {name}.", UNKNOWN_TOOL)
        problem = check_arguments(tool, args)
        if problem is not None:
            return problem
        if name in self._broken:
            return Outcome(False, f"{name}: the service answered with status 503, try again later.", INTERNAL)
        try:
            value = _HANDLERS[name](self._states[tool.domain], args)
        except Refusal as refusal:
            return Outcome(False, str(refusal), refusal.kind)
        return Outcome(True, value)


@lru_cache(maxsize=64)
def _tables(domain: str, seed: int) -> Mapping[str, Any]:
    """Tables are read only, so all worlds of a seed share them."""
    made: dict[str, Any] = {module.NAME: module.tables for module in _DOMAINS}[domain](seed)
    return made


def check_arguments(tool: Tool, args: Mapping[str, Any]) -> Outcome | None:
    """What is wrong with the arguments, or None: missing and unknown names first, then types."""
    known = {parameter.name for parameter in tool.parameters}
    for parameter in tool.parameters:
        if parameter.required and parameter.name not in args:
            return Outcome(False, f"The argument '{parameter.name}' is missing.", MISSING)
    for name in args:
        if name not in known:
            return Outcome(False, f"{tool.name} takes no argument '{name}'.", UNKNOWN_ARGUMENT)
    for parameter in tool.parameters:
        if parameter.name in args and not _fits(args[parameter.name], parameter):
            wanted = f"one of {', '.join(parameter.choices)}" if parameter.choices else f"a {parameter.type}"
            return Outcome(False, f"The argument '{parameter.name}' must be {wanted}.", ILL_TYPED)
    return None


def _fits(value: Any, parameter: Parameter) -> bool:
    if isinstance(value, bool) and parameter.type != "boolean":
        return False
    if not isinstance(value, TYPES[parameter.type]):
        return False
    if isinstance(value, int | float):
        return abs(value) <= LARGEST
    if isinstance(value, list | tuple):
        return all(isinstance(e, str) or (isinstance(e, int | float) and abs(e) <= LARGEST) for e in value)
    return not parameter.choices or value in parameter.choices
