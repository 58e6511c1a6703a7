"""How the pack's prompts put tools and values into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.toolbox import BY_NAME, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acbench.tasks.toolbox import Tool


def tool_line(tool: Tool) -> str:
    """One tool in one line: its call, what it does, what it gives back."""
    parameters = ", ".join(
        f"{p.name}: {p.type}" + ("" if p.required else " (optional)") for p in tool.parameters
    )
    return f"{tool.name}({parameters}): {tool.description} Returns {tool.returns}."


def tool_list(names: Iterable[str]) -> str:
    return "Tools:\n" + "\n".join(f"- {tool_line(BY_NAME[name])}" for name in names)


def in_words(args: Mapping[str, Any]) -> str:
    """For example ``city = 'Bern', nights = 2``."""
    return ", ".join(f"{name} = {value!r}" for name, value in args.items()) or "no arguments"


def response(outcome: Outcome) -> str:
    """What a tool's answer looks like in a conversation."""
    return repr(outcome.value) if outcome.ok else repr({"error": outcome.value})


def chat(system: str, *turns: tuple[str, str]) -> list[dict[str, str]]:
    """An upstream-shaped conversation."""
    return [{"role": role, "content": content} for role, content in (("system", system), *turns)]
