"""Makes the embedded pack: ``python -m acbench.tasks.webarena.making`` writes ``pack/episodes.json``.

Every episode has content of its own seed. Its gold plan comes from walking through the draft's moves; a
draft is kept only if the plan is a success with progress 1, doing nothing is worth 0, and nothing short of
the whole plan is a success.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.tasks.webarena.browser import Browser
from acbench.tasks.webarena.draws import Draws
from acbench.tasks.webarena.intents import MAKERS
from acbench.tasks.webarena.intents.drafts import Draft, answer, click, stop, walk
from acbench.tasks.webarena.samples import PACK_FILE, environment_for
from acbench.tasks.webarena.sites import NAMES, Sites
from acbench.tasks.webarena.upstream import row_data

if TYPE_CHECKING:
    from collections.abc import Mapping

LICENSE = "Apache-2.0"
SEED = 7_300
EXAMPLE_SEED = 7_299
PER_SITE = 9
TRIES = 20
HARD_LEVEL = 3


def make_pack() -> dict[str, Any]:
    """The example and all episodes, ordered by level, then by site."""
    rows = []
    for place, site in enumerate(NAMES):
        for number in range(PER_SITE):
            first = SEED + TRIES * (PER_SITE * place + number)
            rows.append(_episode(site, number, first))
    rows.sort(key=lambda row: row["level"])
    episodes = [{**row, "id": index, "original_task_id": index} for index, row in enumerate(rows)]
    return {"license": LICENSE, "example": _example(), "episodes": episodes}


def _episode(site: str, number: int, first: int) -> dict[str, Any]:
    """The draft of that number for the first seed with which it can be walked and holds."""
    for seed in range(first, first + TRIES):
        draft = MAKERS[site](Sites(seed), Draws(f"{seed}:intents"))[number]
        row = _row(site, number, seed, draft)
        if holds(row):
            return row
    raise LookupError(f"{site}, draft {number}: no seed from {first} on gives an episode that holds")


def _row(site: str, number: int, seed: int, draft: Draft) -> dict[str, Any]:
    sites = Sites(seed).by_host()
    start = f"http://{list(sites)[NAMES.index(site)]}/"
    return {
        "level": draft.level,
        "task": "webarena",
        "id": 0,
        "original_task_id": 0,
        "goal": draft.goal,
        "subgoals": [],
        "difficulty": "hard" if draft.level >= HARD_LEVEL else "easy",
        "additional_info": {
            "sites": [site],
            "require_login": False,
            "storage_state": None,
            "start_url": start,
            "geolocation": None,
            "intent_template": draft.template,
            "instantiation_dict": dict(draft.given),
            "intent_template_id": PER_SITE * NAMES.index(site) + number,
            "require_reset": False,
            "eval": dict(draft.evaluation),
        },
        "seed": seed,
        "plan": walk(Browser(sites, [start]), draft.moves),
    }


def holds(row: Mapping[str, Any]) -> bool:
    """Whether the plan succeeds with its last action and not before, and idling is worth nothing."""
    idle, visit = (environment_for(row_data(row), upstream=False, show_actions=False) for _ in range(2))
    if idle.step("idle").progress or idle.success:
        return False
    steps = []
    for action in row["plan"]:
        if visit.success:
            return False
        steps.append(visit.step(action))
    return all(step.valid for step in steps) and visit.done and visit.success and visit.progress == 1


def _example() -> dict[str, Any]:
    """A question about a product, answered after one click; no episode asks for a colour."""
    product = Sites(EXAMPLE_SEED).shop.featured[1]
    template = "Which colour has the product '{name}'? Stop with the colour."
    moves = click(product.name) + stop(product.colour)
    draft = Draft(2, template, {"name": product.name}, answer(product.colour), moves)
    return _row("shop", 0, EXAMPLE_SEED, draft)


def write_pack(pack: Mapping[str, Any], file: Path) -> None:
    """One episode per line, for readable differences."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pack.items() if key != "episodes"]
    episodes = [json.dumps(episode) for episode in pack["episodes"]]
    lines.append('"episodes": [\n' + ",\n".join(episodes) + "\n]")
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write_pack(make_pack(), Path(sys.argv[1]) if len(sys.argv) > 1 else PACK_FILE)
