"""The packages as they come, without our engine: plays commands and prints what they tell, as JSON.

Run as a program (game on standard input: {"game": ..., "commands": [...]}) because the translator of the
planner replaces the standard output and the arguments of its process.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    numbered: Any = import_module("alfworld.agents.environment.alfred_tw_env").AlfredDemangler
    wanted_infos = import_module("textworld.core").EnvInfos(won=True, admissible_commands=True)
    request = json.loads(sys.stdin.read())
    env = numbered(import_module("textworld.envs.pddl.pddl").PddlEnv(wanted_infos), shuffle=False)
    env.load(request["game"])
    state = env.reset()
    told = [_told(state)]
    for wanted in request["commands"]:
        possible = state["admissible_commands"]
        command = possible[wanted % len(possible)] if isinstance(wanted, int) else wanted
        state, _, _ = env.step(command)
        told.append({**_told(state), "command": command})
    sys.stdout.write(json.dumps(told))


def _told(state: Any) -> dict[str, Any]:
    return {
        "text": state["feedback"],
        "commands": state["admissible_commands"],
        "won": bool(state["won"]),
    }


if __name__ == "__main__":
    main()
