"""Sentences for facts and actions, one table per domain and mode.

A name without a sentence falls back to "name arg arg", so any domain can be played.
The upstream tables give AgentBoard's published sentences where the specification states them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acbench.tasks.pddl.strips import Action, Fact, State


@dataclass(frozen=True, slots=True)
class Wording:
    """``{0}`` is the first argument. ``hidden`` predicates are never shown (object kinds).

    ``only_new``: an observation shows the facts that are new since the last state. ``published``: put
    sentences together as upstream does (all but the first letter lower case, goals keep their periods).
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    only_new: bool = False
    published: bool = False
    goal_lead: str = "Make all of this true: "

    def fact(self, fact: Fact) -> str:
        """The sentence of one fact."""
        return _fill(self.facts.get(fact[0]), fact)

    def action(self, action: Action) -> str:
        """The command text of one action, as lists show it and the parser reads it back."""
        return _fill(self.actions.get(action.name), (action.name, *action.args))

    def describe(self, facts: Iterable[Fact]) -> str:
        """The sentences of all shown facts, sorted, joined by blanks."""
        sentences = [self.fact(fact) for fact in facts if fact[0] not in self.hidden]
        if self.published:
            sentences = [sentence.capitalize() for sentence in sentences]
        else:
            sentences = [sentence[:1].upper() + sentence[1:] for sentence in sentences]
        return " ".join(sorted(sentences))

    def goal(self, goal: State) -> str:
        """One line that states the goal."""
        if self.published:
            return self.goal_lead + ", ".join(sorted(self.fact(fact) for fact in goal))
        return self.goal_lead + ", ".join(sorted(self.fact(fact).rstrip(". ") for fact in goal)) + "."


def _fill(template: str | None, words: tuple[str, ...]) -> str:
    if template is None:
        return " ".join(words)
    try:
        return template.format(*words[1:])
    except IndexError:  # the user's domain uses the name with fewer arguments
        return " ".join(words)


BLOCKSWORLD = Wording(
    facts={
        "on": "{0} is on {1}.",
        "on-table": "{0} is on the table.",
        "clear": "nothing is on {0}.",
        "holding": "you hold {0}.",
        "hand-empty": "your hand is empty.",
    },
    actions={
        "pickup": "pickup {0}",
        "putdown": "putdown {0}",
        "stack": "stack {0} on {1}",
        "unstack": "unstack {0} from {1}",
    },
)

GRIPPER = Wording(
    facts={
        "at": "{0} is in the {1}.",
        "robot-in": "you are in the {0}.",
        "empty": "your {0} hand is empty.",
        "carry": "your {1} hand holds {0}.",
    },
    hidden=frozenset({"door"}),
    actions={
        "move": "move from {0} to {1}",
        "pick": "pick {0} in {1} with {2}",
        "drop": "drop {0} in {1} from {2}",
    },
)

BARMAN = Wording(
    facts={
        "ontable": "{0} is on the table.",
        "holding": "your {0} hand holds {1}.",
        "handempty": "your {0} hand is empty.",
        "empty": "{0} is empty.",
        "clean": "{0} is clean.",
        "contains": "{0} contains {1}.",
        "used": "{0} was used for {1}.",
        "dispenses": "{0} dispenses {1}.",
        "first-part": "the first part of {0} is {1}.",
        "second-part": "the second part of {0} is {1}.",
        "shaker-level": "{0} is filled to {1}.",
        "shaker-empty-level": "an empty {0} is at {1}.",
        "next": "{1} comes next above {0}.",
        "unshaked": "{0} is not shaken.",
        "shaked": "{0} is shaken.",
    },
    only_new=True,
)
"""Commands stay in bare form: five or six names in a row are easier to copy than to find in a sentence."""

TYREWORLD = Wording(
    facts={
        "isopen": "{0} is open.",
        "closed": "{0} is closed.",
        "in": "{0} is in {1}.",
        "have": "you have {0}.",
        "loose": "{0} on {1} is loose.",
        "tight": "{0} on {1} is tight.",
        "on-ground": "{0} is on the ground.",
        "not-on-ground": "{0} is jacked up.",
        "fastened": "the nuts of {0} are done up.",
        "unfastened": "the nuts of {0} are undone.",
        "free": "no wheel is on {0}.",
        "on": "{0} is on {1}.",
        "intact": "{0} is intact.",
        "inflated": "{0} is inflated.",
        "not-inflated": "{0} is flat.",
    },
    actions={"fetch": "fetch {0} from {1}", "put-away": "put-away {0} in {1}"},
    hidden=frozenset({"unlocked"}),
    only_new=True,
)

_UPSTREAM_CLEAR = "The {0} is clear."
_UPSTREAM_ON = "{0} is on {1}."
_UPSTREAM_HOLDING = "You are holding {0}."

UPSTREAM: Mapping[str, Wording] = {
    "gripper": Wording(
        facts={
            "at": "{0} is at {1}.",
            "at-robby": "You are at {0}.",
            "carry": "{0} is carrying {1}.",
            "free": "{0} is free.",
        },
        actions={
            "pick": "Pick up {0} at {1} with arm {2}. ",
            "move": "Move from {0} to {1}. ",
        },
        published=True,
    ),
    "blockworld": Wording(
        facts={
            "on": _UPSTREAM_ON,
            "on-table": "{0} is on the table.",
            "clear": _UPSTREAM_CLEAR,
            "holding": _UPSTREAM_HOLDING,
        },
        actions={
            "pickup": "Pickup {0}.",
            "putdown": "Putdown {0}.",
            "stack": "Stack {0} on {1}.",
            "unstack": "Unstack {0} from {1}.",
        },
        published=True,
    ),
    "barman": Wording(
        facts={"contains": "{0} contains {1}.", "holding": _UPSTREAM_HOLDING},
        only_new=True,
        published=True,
    ),
    "tyreworld": Wording(
        facts={
            "inflated": "Wheel {0} is inflated.",
            "on": _UPSTREAM_ON,
            "in": "{0} is in {1}.",
        },
        only_new=True,
        published=True,
    ),
}

CORRECTED: Mapping[str, Wording] = {
    "gripper": Wording(
        facts={
            "at": "{0} is in {1}.",
            "at-robby": "you are in {0}.",
            "carry": "gripper {1} holds {0}.",
            "free": "gripper {0} is empty.",
        },
        actions=GRIPPER.actions,
        hidden=frozenset({"room", "ball", "gripper"}),
    ),
    "blockworld": Wording(
        facts={**BLOCKSWORLD.facts, "arm-empty": "your hand is empty."}, actions=BLOCKSWORLD.actions
    ),
    "barman": Wording(
        facts={"contains": "{0} contains {1}.", "holding": "hand {0} holds {1}."}, only_new=True
    ),
    "tyreworld": Wording(
        facts={"inflated": "{0} is inflated.", "on": "{0} is on {1}.", "in": "{0} is in {1}."}, only_new=True
    ),
}
"""Wording for the user's upstream files with the ambiguities of the published sentences removed."""
