"""How fast the environments of the nine AgentBoard tasks are, without a model: the table of docs/tasks.md.

    python -m benchmarks.environment_steps [TASK ...]

Opens up to twelve episodes a task, plays the gold plan of each and then goes on with commands from the gold plans
of the others, as the agent's settings have it by default (possible actions are shown), one episode after the other
on one thread. An environment that ended is opened again.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.board import TASKS
from acbench.tasks.protocol import TaskContext
from acbench.tasks.registry import open_task
from acbench.tasks.replay_command import _Words

if TYPE_CHECKING:
    from acbench.tasks.protocol import Sample

EPISODES = 12
STEPS = 40


def main() -> None:
    print("| task | opening, ms | steps per second |\n|---|---:|---:|")
    for task in sys.argv[1:] or TASKS:
        opened, rate = measure(task)
        print(f"| {task} | {1000 * opened:.1f} | {rate:,.0f} |", flush=True)


def measure(slug: str) -> tuple[float, float]:
    """Median seconds to open an episode with its first observation, after the first one; steps per second."""
    task: Any = open_task(slug, TaskContext(_Words(), 1 << 30))
    samples = list(task.samples())
    chosen = samples[:: max(1, len(samples) // EPISODES)][:EPISODES]
    lines = [line for sample in chosen for line in sample.data["plan"]]
    _open(task, chosen[0]).close()  # starts what is started once: Java, workers, packs
    openings, steps, spent = [], 0, 0.0
    for sample in chosen:
        began = time.perf_counter()
        world = _open(task, sample)
        openings.append(time.perf_counter() - began)
        actions = [*sample.data["plan"], *lines][:STEPS]
        for action in actions:
            if world.done:
                world.close()
                world = _open(task, sample)
            began = time.perf_counter()
            world.step(action)
            spent += time.perf_counter() - began
            steps += 1
        world.close()
    return statistics.median(openings), steps / spent


def _open(task: Any, sample: Sample) -> Any:
    world = task.world(sample)
    world.goal_text()
    world.first_observation()
    world.opening()
    return world


if __name__ == "__main__":
    main()
