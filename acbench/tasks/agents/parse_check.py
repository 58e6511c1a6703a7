"""``acbench score agent-parse``: what a reply is read as, by the very reader of the runs.

``gold`` says what the action should be: a text; for a tool call an object with ``tool`` and ``arguments``; or an
object with ``action`` (a text, a call, or null for a reply that is only a thought) and, if wanted, ``task`` (its
labels and rules are used) and ``agent`` (act or react). ``match`` is 1 when action or call are equal.
``upstream`` mode reads replies in the published order, faults included (specification, sections 3.2 and 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError, did_you_mean
from acbench.tasks.agents.prompting import Script
from acbench.tasks.agents.react import AGENTS, ReactReply, read_react
from acbench.tasks.agents.replies import extract_action, extract_published
from acbench.tasks.protocol import Scored
from acbench.tasks.tools.calls import Call, CallError, read_call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.embeddings import Embedder
    from acbench.tasks.protocol import Prediction

PLAIN = Script("", "", "")
"""How most tasks read replies; used where the gold names no task."""
TOOL_TASKS = ("tool-query", "tool-operation")
TASKS = (
    *("alfworld", "scienceworld", "babyai", "jericho", "pddl", "webshop", "webarena"),
    *TOOL_TASKS,
)
THOUGHT_STARTS, ACTION_STARTS = "think", "action"


@dataclass(frozen=True, slots=True)
class Gold:
    """``action`` is None where the reply should be a thought and nothing else."""

    action: str | Call | None
    script: Script
    agent: str = "act"
    is_call: bool = False
    """Whether the action is read as a tool call, so that the call can be told."""


def open_scorer(_variant: str, *, mode: str, embedder: Callable[[], Embedder]) -> ParseScorer:
    """The scorer of replies; it compares no texts by meaning."""
    return ParseScorer(upstream=mode == "upstream")


class ParseScorer:
    def __init__(self, *, upstream: bool) -> None:
        self._upstream = upstream

    def prepare(self, lines: Sequence[Prediction]) -> None:
        """Nothing to prepare: lines do not depend on each other."""

    def score(self, line: Prediction) -> Scored:
        """``match`` is 0 or 1; beside it stand the action, the thought and the call that were read.

        Outcome: match, differs, thought (nothing but a thought), empty (no action at all), or for a tool call
        that cannot be read format or arguments. Raises DataError naming the field of a malformed gold.
        """
        gold = read_gold(line.gold)
        heard = read_reply(line.prediction, gold, upstream=self._upstream)
        detail: dict[str, Any] = {"action": heard.action}
        if heard.thought is not None:
            detail["thought"] = heard.thought
        call, trouble = (None, "")
        if gold.is_call and heard.action is not None:
            call, trouble, error = _called(heard.action)
            detail |= {"call": None, "error": error} if call is None else {"call": _shown(call)}
        match = (
            _equal_calls(call, gold.action) if isinstance(gold.action, Call) else gold.action == heard.action
        )
        missing = "thought" if heard.action is None else "" if heard.action else "empty"
        outcome = "match" if match else missing or trouble or "differs"
        return Scored(line.id, {"match": int(match)}, outcome, detail)


def read_reply(text: str, gold: Gold, *, upstream: bool) -> ReactReply:
    """Thought and action of a reply, as the agent that ``gold`` names reads them."""
    script = gold.script
    if upstream:
        return _published_react(text) if gold.agent == "react" else ReactReply(None, extract_published(text))
    if gold.agent == "react":
        return read_react(text, labels=script.labels, strip_period=script.strip_period, limit=script.limit)
    action = extract_action(text, labels=script.labels, strip_period=script.strip_period, limit=script.limit)
    return ReactReply(None, action)


def _published_react(text: str) -> ReactReply:
    """Only the first line counts, and its first word says what it is; anything else is asked for again."""
    first = text.strip().split("\n", maxsplit=1)[0]
    if first.lower().startswith(THOUGHT_STARTS):
        return ReactReply(first.rpartition("Think: ")[2].strip(), None)
    return ReactReply(None, extract_published(first) if first.lower().startswith(ACTION_STARTS) else None)


def read_gold(given: Any) -> Gold:
    """The gold of a line. Raises DataError naming the field."""
    if isinstance(given, str):
        is_call = _called(given)[0] is not None
        return Gold(given, script_of(TOOL_TASKS[0]) if is_call else PLAIN, is_call=is_call)
    if not isinstance(given, dict):
        raise DataError("field 'gold' must be a text or an object")
    if "tool" in given:
        return Gold(_call(given, "gold"), script_of(TOOL_TASKS[0]), is_call=True)
    for name in given:
        if name not in ("task", "agent", "action"):
            raise DataError(
                f"field 'gold': unknown field {name!r}; {did_you_mean(name, ('task', 'agent', 'action'))}"
            )
    if "action" not in given:
        raise DataError("field 'gold' must have 'action', or 'tool' and 'arguments'")
    task, agent, action = given.get("task"), given.get("agent", "act"), given["action"]
    if agent not in AGENTS:
        raise DataError(f"field 'gold.agent' must be one of {', '.join(AGENTS)}, not {agent!r}")
    if isinstance(action, dict):
        action = _call(action, "gold.action")
    elif action is not None and not isinstance(action, str):
        raise DataError("field 'gold.action' must be a text, a call, or null")
    if task is None:
        task = TOOL_TASKS[0] if isinstance(action, Call) else None
    return Gold(
        action,
        PLAIN if task is None else script_of(task),
        agent,
        task in TOOL_TASKS or isinstance(action, Call),
    )


def script_of(task: Any) -> Script:
    """How a task reads replies: its labels and what it cuts off; the words of its prompts do not matter here."""
    if not isinstance(task, str) or task not in TASKS:
        raise DataError(f"field 'gold.task': unknown task {task!r}; {did_you_mean(str(task), TASKS)}")
    if task == "pddl":
        return PLAIN
    if task in TOOL_TASKS:
        from acbench.tasks.tools import prompts

        return Script("", "", "", prompts.LABELS, strip_period=False, limit=prompts.MAX_CALL_CHARACTERS)
    script: Script = import_module(f"acbench.tasks.{task}.prompts").SCRIPT
    return script


def _call(given: Mapping[str, Any], field: str) -> Call:
    tool, arguments = given.get("tool"), given.get("arguments", {})
    if not isinstance(tool, str) or not isinstance(arguments, dict) or set(given) - {"tool", "arguments"}:
        raise DataError(f"field '{field}' must have 'tool' (text) and 'arguments' (object), and nothing else")
    return Call(tool, arguments)


def _called(action: str) -> tuple[Call | None, str, str]:
    """The call in an action, else what is wrong with it: its name and the observation it would get."""
    try:
        return read_call(action), "", ""
    except CallError as error:
        return None, error.trouble, str(error)


def _shown(call: Call) -> dict[str, Any]:
    return {"tool": call.tool, "arguments": dict(call.arguments)}


def _equal_calls(found: Call | None, wanted: Call) -> bool:
    return (
        found is not None
        and found.tool == wanted.tool
        and _equal(dict(found.arguments), dict(wanted.arguments))
    )


def _equal(one: Any, two: Any) -> bool:
    """Equal as sub-goals are, except that true is not 1."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_equal(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_equal, one, two))
    return isinstance(one, bool) == isinstance(two, bool) and bool(one == two)
