"""What the multi-turn tasks have in common: an environment, its steps, and the replay of saved actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Step:
    """What one line of text came to.

    ``valid``: executable, as far as possible judged before the step. ``understood``: it begins like a
    command, even if it is none now; False makes the turn unparsed. ``progress``: running maximum, 0 to 1.
    ``trouble``: the task's own name for what went wrong.
    """

    observation: str
    valid: bool
    understood: bool
    progress: float
    done: bool
    trouble: str = ""


class Environment(Protocol):
    """One play of one episode. ``step`` takes any text and raises only when the engine behind it died."""

    @property
    def done(self) -> bool: ...

    @property
    def success(self) -> bool: ...

    @property
    def progress(self) -> float: ...

    def goal_text(self) -> str: ...

    def first_observation(self) -> str: ...

    def opening(self) -> Sequence[tuple[str, str]]:
        """Actions carried out before the agent's first turn, with their observations."""
        ...

    def step(self, action: str) -> Step: ...

    def facts(self) -> Mapping[str, Any]:
        """What the record keeps of this play beside turns and scores; plain JSON."""
        ...

    def scores(self) -> Mapping[str, float]:
        """Further metrics of the task beside progress, success and grounding."""
        ...

    def ending(self) -> str:
        """The task's own channel for a failed play that the environment ended; "" for the general rules."""
        ...

    def close(self) -> None:
        """Gives back what the environment holds. Called once, after the last step."""
        ...


class EnvironmentBase:
    """Base of environments: what most of them do not need."""

    def opening(self) -> Sequence[tuple[str, str]]:
        return ()

    def facts(self) -> Mapping[str, Any]:
        return {}

    def scores(self) -> Mapping[str, float]:
        return {}

    def ending(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing to give back."""


def replay_steps(environment: Environment, actions: Iterable[str]) -> list[dict[str, Any]]:
    """Plays ``actions`` and tells per step: action, observation, valid, progress (0 to 1), done.

    Ends after the step that ends the episode, whatever follows; the environment is closed.
    """
    steps: list[dict[str, Any]] = []
    try:
        for action in actions:
            step = environment.step(action)
            steps.append(
                {
                    "action": action,
                    "observation": step.observation,
                    "valid": step.valid,
                    "progress": step.progress,
                    "done": step.done,
                }
            )
            if step.done:
                break
    finally:
        environment.close()
    return steps
