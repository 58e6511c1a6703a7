"""How much memory 40 ScienceWorld episodes take that are played at once.

    python -m benchmarks.scienceworld_memory [--episodes 40] [--steps 15] [--threads 8]

Opens the episodes with the task's default settings, plays every one of them in turn with commands that its world
lists, and prints the peak of the resident memory (Linux, /proc) of this process and of every Java process, how long
opening took and how many steps a second were made in all. An episode that ended is opened again.
"""

from __future__ import annotations

import argparse
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.protocol import TaskContext
from acbench.tasks.registry import open_task
from acbench.tasks.replay_command import _Words

if TYPE_CHECKING:
    from acbench.tasks.protocol import Sample

LIMIT_MIB = 6 * 1024
"""What 40 episodes may take."""


class Player:
    """One episode in flight."""

    def __init__(self, task: Any, sample: Sample) -> None:
        self._task, self._sample = task, sample
        self._rng = Random(sample.id)
        self.open()

    def open(self) -> None:
        self.world = self._task.world(self._sample)
        self.world.goal_text()
        self.world.first_observation()

    def step(self) -> None:
        if self.world.done:
            self.world.close()
            self.open()
        self.world.step(self._rng.choice(self.world.choices()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args()
    task: Any = open_task("scienceworld", TaskContext(_Words(), 1 << 30))
    samples = list(task.samples())
    chosen = [samples[number % len(samples)] for number in range(options.episodes)]
    with ThreadPoolExecutor(options.threads) as threads:
        began = time.perf_counter()
        players = list(threads.map(lambda sample: Player(task, sample), chosen))
        opened = time.perf_counter()
        for _ in range(options.steps):
            list(threads.map(Player.step, players))
        ended = time.perf_counter()
    java = [peak_mib(pid) for pid in children("java")]
    total = sum(java) + peak_mib("self")
    steps = options.episodes * options.steps
    print(f"{options.episodes} episodes open at once, {steps} steps on {options.threads} threads")
    print(f"opening {opened - began:.1f} s, {steps / (ended - opened):.0f} steps per second")
    print(f"Java: {len(java)} processes, peaks {', '.join(f'{mib:.0f}' for mib in java)} MiB")
    print(f"Python: peak {peak_mib('self'):.0f} MiB")
    print(f"together {total:.0f} MiB, {'under' if total < LIMIT_MIB else 'OVER'} {LIMIT_MIB} MiB")
    for player in players:
        player.world.close()


def children(name: str) -> list[str]:
    """The process ids of this process's own children of that name."""
    own = Path("/proc/self").resolve().name
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:  # it ended meanwhile
            continue
        if lines["Name"] == name and lines["PPid"].strip() == own:
            found.append(status.parent.name)
    return found


def peak_mib(pid: str) -> float:
    """The peak of the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


if __name__ == "__main__":
    main()
