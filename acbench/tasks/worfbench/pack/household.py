"""Household tasks: one hand, places to walk to, appliances that run on their own while other things are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.worfbench.pack.model import Plan, Step, plan, step

if TYPE_CHECKING:
    from random import Random

THINGS = (
    "mug",
    "plate",
    "towel",
    "sponge",
    "candle",
    "spoon",
    "bowl",
    "notebook",
    "cushion",
    "vase",
    "scarf",
    "jar",
)
PLACES = (
    "shelf",
    "drawer",
    "sideboard",
    "windowsill",
    "armchair",
    "desk",
    "cupboard",
    "stool",
    "bench",
    "basket",
)
MACHINES = (
    ("dishwasher", "dirty dishes"),
    ("washing machine", "laundry"),
    ("bread machine", "bread dough"),
    ("coffee maker", "ground coffee"),
    ("tumble dryer", "wet towels"),
    ("ice machine", "fresh water"),
)
CHORES = (
    ("water the plants", "watering can", "the plants are watered"),
    ("sweep the stairs", "broom", "the stairs are swept"),
    ("feed the goldfish", "fish food", "the goldfish is fed"),
    ("polish the mirror", "soft cloth", "the mirror shines"),
    ("change the light bulb", "new bulb", "the lamp works"),
    ("iron the shirt", "iron", "the shirt is ironed"),
)
ROOMS = ("kitchen", "hall", "bathroom", "attic", "cellar", "study", "garage")
ACTIONS = (
    "go to PLACE; take THING from PLACE; put THING on PLACE; rinse THING at the sink; fill MACHINE; "
    "start MACHINE; empty MACHINE; do CHORE with TOOL"
)


def build(level: int, rng: Random) -> Plan:
    if level <= 2:
        return _carry(rng, rinse=level == 2)
    return _run_machine(rng, chores=1 if level == 3 else rng.randint(2, 3))


def _ask(rng: Random, seen: list[str], wish: str) -> str:
    things = ", ".join(rng.sample(seen, len(seen)))
    return f"You stand in the {rng.choice(ROOMS)}. There are: {things}.\nTask: {wish}\nActions: {ACTIONS}"


def _carry(rng: Random, *, rinse: bool) -> Plan:
    thing, (source, goal) = rng.choice(THINGS), rng.sample(PLACES, 2)
    steps = [
        step(f"take the {thing} from the {source}", needs="hand free", gives="in hand", takes="hand free")
    ]
    state = "in hand"
    if rinse:
        steps.append(step(f"rinse the {thing} at the sink", needs="in hand", gives="rinsed"))
        state = "in hand|rinsed"
    steps.append(step(f"go to the {goal}", needs=state, gives="at goal"))
    steps.append(
        step(
            f"put the {thing} on the {goal}",
            needs="in hand|at goal",
            gives="there|hand free",
            takes="in hand",
        )
    )
    clean = "clean " if rinse else ""
    wish = f"the {clean}{thing}, now on the {source}, must stand on the {goal}."
    return plan(_ask(rng, [thing, source, goal, "sink"], wish), steps, goal="there", start="hand free")


def _run_machine(rng: Random, *, chores: int) -> Plan:
    machine, load = rng.choice(MACHINES)
    chosen = [(*chore, rng.choice(ROOMS)) for chore in rng.sample(CHORES, chores)]
    steps: list[Step] = [
        step(f"fill the {machine} with {load}", gives="filled"),
        step(f"start the {machine}", needs="filled", gives="runs"),
    ]
    for chore, tool, result, room in chosen:
        steps.append(step(f"fetch the {tool} from the {room}", gives=f"has {tool}"))
        steps.append(step(f"{chore} with the {tool}", needs=f"has {tool}", gives=result))
    results = [result for _, _, result, _ in chosen]
    steps.append(step(f"empty the {machine} at the end", needs="|".join(["runs", *results]), gives="emptied"))
    wish = (
        f"run the {machine} with {load} (it is empty) and meanwhile {' and '.join(chore for chore, *_ in chosen)}. "
        f"Empty the {machine} when everything else is done."
    )
    seen = [machine, load, *(f"{tool} (in the {room})" for _, tool, _, room in chosen)]
    return plan(_ask(rng, seen, wish), steps, goal="emptied")
