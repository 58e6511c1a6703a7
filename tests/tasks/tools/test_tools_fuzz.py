"""Hostile calls: more than 2,000 per simulator. Nothing raises, nothing runs, errors have their form."""

from __future__ import annotations

import builtins
import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tools_stubs import TOOLS, pack

from acbench.tasks.tools.environment import CLOSING
from acbench.tasks.tools.play import build_environment

if TYPE_CHECKING:
    from acbench.tasks.agents.world import Step

EXAMPLES, CALLS = 175, 12
MOST_SHOWN = 20_000
"""Characters of the longest observation that was not asked for in so many words."""
ERROR_FORM = re.compile(r"ERROR \| (?:[A-Za-z]+\(.*\)|Invalid action: .*\.)", re.DOTALL)

NASTY: list[Any] = [
    "", " ", "A1", "B2", "Z200", "ZZ1", "A0", "x" * 900, "__import__('os').system('touch pwned')", "{0.__class__}",
    "%s%n", "\x00", "'; DROP TABLE", "(a+)+$", "re.compile('(a+)+$')", "=SUM(A1:A9)", "finish", "ERROR | x", "nan",
    "2023-06-01", "9999-12-31", "0001-01-01", "2023-02-30", "PaperNet", "AuthorNet", "London", "row", "col", "rows",
    "asc", "des", "SUM", "MINUS", "PRODUCT", "True", "\ud83d\ude00", "٣", "[[1, 2], [3]]", "[" * 60, "['A1'] * 3",
    0, 1, 2, 3, -1, 10**14, 0.5, 1e14, -0.0, 90, 180, True, False, None, [], {}, [[]], [[1], [2, [3]]], [None],
    ["A1"] * 50, ["A1", "B2"], [["=A1", None, True]], {"a": {"b": 1}}, [1, 2, 3], [2], [-5, "x"],
    float("nan"), float("inf"), -float("inf"), 1e308, 10**400, -(10**30), "1e999", "-inf", "1_0", "9" * 5000,
    "\ud800", "\u202eabc", "e\u0301" * 50, "\u0130", "{{7*7}}", "${jndi:x}", "lambda: 0", "().__class__.__mro__",
    "open('pwned','w')", "A1:B2", "'; import os; os.system('touch pwned')", [["x" * 600] * 30] * 3, [[1] * 27],
    [[1]] * 201, ["A1", ["B1"]], {"A1": 1}, "0x10", "1+1", "True and False", "a\nb", "A1\n",
]  # fmt: skip
LINES = [
    "", " ", "finish", "look around", "check_valid_actions", "Action:", "with Action Input:", " with Action Input: {}",
    "finish with Action Input: {'answer': __import__('os').system('touch pwned')}",
    "x with Action Input: {" + "'a':{" * 300,
    "get_projects with Action Input: {'__class__': 1}", "__class__ with Action Input: {}", "run with Action Input: {}",
    "with " * 200, "with Action Input:" * 100, " " * 3000 + "with",
    "a\nb with Action Input: {}", "\x00 with Action Input: {}",
    "get_projects with Action Input: " + '{"a":' * 2000, "get_projects with Action Input: {'a': " + "[" * 5000,
    "finish with Action Input: {'answer': " + "(" * 19 + "1" + ")" * 19 + "}",
    "finish with Action Input: {'answer': 9**9**9}", "finish with Action Input: {'answer': 'x' * 999999999}",
    "finish with Action Input: {'answer': [0] * 999999999}", "finish with Action Input: {'answer': 1e999}",
    "finish with Action Input: {'answer': NaN}", "finish with Action Input: {'answer': 1" + "*10" * 400 + "}",
    "finish with Action Input: {**{'answer': 1}}", "finish with Action Input: dict(answer=1)",
    "finish with Action Input: {'answer': f'{1}'}", "finish with Action Input: {'answer': b'x'}",
    "finish with Action Input: {'answer': {1, 2}}", "finish with Action Input: {'answer': 1j}",
    "finish with Action Input: {'answer': (lambda: 1)()}", "finish with Action Input: {'answer': answer}",
    "finish with Action Input: {'answer': [x for x in range(10**9)]}", "Finish with Action Input: {'answer': 1}",
    "get_projects with Action Input: {} " + "x" * 50_000, "x" * 50_000 + " with Action Input: {}",
]  # fmt: skip


def _names(tool: str) -> tuple[list[str], list[str]]:
    tools = build_environment(_hard(tool)).simulator.toolbox.tools
    parameters = {name for entry in tools.values() for name in entry.parameters}
    return sorted(tools), sorted(parameters)


def _hard(tool: str) -> dict[str, Any]:
    return dict(pack(tool, levels=[3], per_level=1)[0].data)


def _known(tool: str) -> list[Any]:
    """Values that lead deeper: ids, titles and names out of gold plans."""
    values: list[Any] = []
    for sample in pack(tool, levels=[3], per_level=2):
        for line in sample.data["plan"]:
            values += json.loads(line.partition("Input: ")[2]).values()
    return values


def _calls(tool: str) -> st.SearchStrategy[str]:
    """Lines of every kind of harm; most call a real tool with its own parameters."""
    tools = build_environment(_hard(tool)).simulator.toolbox.tools
    names, parameters = _names(tool)
    value = st.sampled_from([*NASTY, *_known(tool)])
    fitting = st.sampled_from([name for name in names if name != "finish"]).flatmap(
        lambda name: st.tuples(
            st.just(name), st.fixed_dictionaries(dict.fromkeys(tools[name].parameters, value))
        )
    )
    loose = st.tuples(
        st.sampled_from([*names, "eval", "exit", ""]),
        st.dictionaries(st.sampled_from([*parameters, "x"]), value, max_size=4),
    )
    written = (fitting | fitting | loose).flatmap(
        lambda made: st.sampled_from([json.dumps(made[1]), repr(made[1])]).map(
            lambda text: f"{made[0]} with Action Input: {text}"
        )
    )
    noise = (
        st.sampled_from(LINES)
        | st.text(max_size=30)
        | st.text(max_size=30).map(lambda t: f"x with Action Input: {t}")
    )
    return st.one_of(written, written, written, written, noise)


def _check(line: str, step: Step, *, before: float, over: bool) -> None:
    """``over``: the episode had ended before this line."""
    assert isinstance(step.observation, str)
    assert len(step.observation) <= MOST_SHOWN + 10 * len(line)
    assert before <= step.progress <= 1.0
    assert step.done >= over
    if over:
        assert (step.valid, step.observation) == (False, CLOSING)
        return
    if step.done:
        assert line.startswith("finish with Action Input:")
    assert step.valid != step.observation.startswith("ERROR | "), (line, step.observation)
    if not step.valid:
        assert step.trouble in ("format", "arguments", "unknown_tool", "failed"), line
        assert ERROR_FORM.fullmatch(step.observation), (line, step.observation)


@pytest.mark.parametrize("tool", TOOLS)
def test_hostile_calls(tool: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    played = 0
    data = _hard(tool)

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("code was run")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(_calls(tool), min_size=CALLS, max_size=CALLS))
    def attack(lines: list[str]) -> None:
        nonlocal played
        env = build_environment(data)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("eval", "exec", "compile", "open"):
                patch.setattr(builtins, name, forbidden)
            patch.setattr(os, "system", forbidden)
            steps = []
            for line in lines:
                before, over = env.progress, env.done
                steps.append((line, env.step(line), before, over))
        for line, step, before, over in steps:
            _check(line, step, before=before, over=over)
        played += len(lines)

    attack()
    assert played >= 2000
    assert not list(tmp_path.iterdir())
