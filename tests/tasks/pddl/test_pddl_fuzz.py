"""Hostile commands: more than 2,000 per domain in each mode. Nothing raises, refusals change nothing."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from pddl_stubs import context

from acbench.tasks.pddl import open_task
from acbench.tasks.pddl.domains import DOMAINS
from acbench.tasks.pddl.environment import CLOSING, NO_EFFECT, NOT_A_COMMAND, Environment
from acbench.tasks.pddl.samples import environment_for
from acbench.tasks.pddl.wording import UPSTREAM

if TYPE_CHECKING:
    from acbench.tasks.agents.world import Step

EPISODES, COMMANDS = 3, 180
"""Episodes per level, and commands to each in each mode."""
MANY = 20_000
HOSTILE = (
    *("", " ", "\n", "\x00", "\ud800", "\u202e", "٣", "İ", "ﬁll-shot", "-", "--", "_", "a-", "?x", "(and)", ";"),
    *("__import__('os').system('touch pwned')", "{0.__class__}", "%s%n", "1e999", "nan", "-inf", "9" * 5000),
    *("check", "CHECK VALID ACTIONS", "uncheckable", "look around", "Look  Around!", "look", "around look"),
    *("check " * MANY, "look around " * MANY, "pick " * MANY, "jack " * MANY, "a" + "-" * MANY, "-a" * MANY),
    *("x" * MANY, "( " * MANY, "pick ball1 " * MANY, "\n" * MANY, "a b " * MANY, "pour shot to " * MANY),
)  # fmt: skip


def environments(domain: str) -> list[Environment]:
    """Episodes of every level in both modes, once in the published wording."""
    found = []
    for level in (1, 2, 3):
        for sample in open_task(context(domains=[domain], levels=[level], per_level=EPISODES)).samples():
            for mode in ("corrected", "upstream"):
                found.append(environment_for(sample.data, mode=mode, show_actions=level == 1))
    first = found[0].world
    game = "blockworld" if domain == "blocksworld" else domain
    found.append(Environment(first, UPSTREAM[game], upstream=True))
    return found


def command(environment: Environment, rng: Random) -> str:
    """Anything: what applies, what does not, names in any order, and harm between them."""
    verbs = sorted({schema.name for schema in environment.world.domain.schemas})
    names = [*environment.world.objects]
    kind = rng.random()
    if kind < 0.25:
        return environment.wording.action(
            rng.choice(environment.valid_actions() or environment.world.actions)
        )
    if kind < 0.45:
        return rng.choice(environment.world.actions).text.upper()
    if kind < 0.8:
        words = rng.choices(
            [*verbs, *names, *names, "the", "check", "look around", "nowhere"], k=rng.randint(1, 9)
        )
        return rng.choice((" ", ", ", "-", ". ", "\t", "/")).join(words)
    if kind < 0.97:
        return "".join(
            chr(rng.choice((rng.randint(0, 127), rng.randint(0, 0x10FFFF))))
            for _ in range(rng.randint(0, 30))
        )
    return f"{rng.choice(verbs)} {rng.choice(HOSTILE[:25])} {' '.join(rng.choices(names, k=6))}"


def check(environment: Environment, text: str, step: Step, before: Any, *, over: bool) -> None:
    """``before``: state and progress ahead of the step; ``over``: the episode had ended by then."""
    state, progress = before
    assert progress <= step.progress <= 1.0
    assert (
        (step.progress == 1.0)
        == step.done
        == environment.done
        == (environment.world.goal <= environment.state)
    )
    assert step.observation
    assert len(step.observation) < 20_000
    assert step.understood or not step.valid
    if step.valid:
        assert environment.state != state or "check" in text.lower() or "look" in text.lower()
        return
    assert environment.state == state
    message = step.observation.split("\n")[0]
    assert message in ((CLOSING,) if over else (NOT_A_COMMAND, NO_EFFECT)), (text, message)


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_hostile_commands(domain: str) -> None:
    rng = Random(f"hostile {domain}")
    played = {"valid": 0, "refused": 0}
    for environment in environments(domain):
        for _ in range(COMMANDS):
            text = command(environment, rng)
            before, over = (environment.state, environment.progress), environment.done
            step = environment.step(text)
            check(environment, text, step, before, over=over)
            played["valid" if step.valid else "refused"] += 1
            if step.done and rng.random() < 0.9:  # play on from the start
                environment.done, environment.state, environment.progress = False, environment.world.init, 0.0
    assert sum(played.values()) >= 2000
    assert min(played.values()) > 300


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_known_hostile_texts(domain: str) -> None:
    """Long ones among them: a reader that is quadratic in any would take minutes."""
    for environment in environments(domain)[-2:]:
        for text in HOSTILE:
            before, over = (environment.state, environment.progress), environment.done
            check(environment, text, environment.step(text), before, over=over)
