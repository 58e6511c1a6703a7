"""Kills a real run in the middle and runs it again; kills an engine and looks at the case. Linux only.

    python -m benchmarks.kill_and_resume FOLDER

FOLDER gets a store and run folders. Prints what was recorded before the kill, what was generated again (must be
nothing), how long processes of the killed run stayed, and how the case of a killed engine ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKER_NAME = "ACBENCH_KILL_MARKER"
MODEL = "smollm2-135m"


def processes(token: str, needle: str = "") -> list[int]:
    """Ids of the processes that carry the token in their environment (and ``needle`` in their command)."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment, command = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"{MARKER_NAME}={token}".encode() in environment and needle.encode() in command:
            found.append(int(folder.name))
    return found


def start(folder: Path, token: str, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pytest", "suites/", f"--acb-store={folder / 'store'}"]
    command += [f"--acb-runs={folder / token}", f"--junitxml={folder / token}.xml", *options]
    log = (folder / f"{token}.log").open("wb")
    return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, MARKER_NAME: token})


def journal_lines(folder: Path) -> dict[str, list[str]]:
    """Whole lines per journal."""
    found = {}
    for file in (folder / "store" / "generations").glob("*/turns.jsonl"):
        content = file.read_text()
        found[file.parent.name] = content[: content.rfind("\n") + 1].splitlines()
    return found


def count(journals: dict[str, list[str]]) -> int:
    return sum(len(lines) for lines in journals.values())


def wait_for_lines(folder: Path, wanted: int, run: subprocess.Popen[bytes]) -> None:
    while count(journal_lines(folder)) < wanted:
        if run.poll() is not None:
            sys.exit(f"the run ended before {wanted} answers were recorded")
        time.sleep(0.2)


def kill_pytest(folder: Path) -> None:
    options = ("-n", "2", "--acb-tasks=needle,pddl", "--acb-compressions=rtn-w8g64")
    run = start(folder, "first", *options)
    wait_for_lines(folder, 100, run)
    run.send_signal(signal.SIGKILL)
    run.wait()
    began = time.monotonic()
    while left := processes("first"):
        if time.monotonic() - began > 60:
            sys.exit(f"orphans: {left}")
        time.sleep(0.1)
    gone = time.monotonic() - began
    before = journal_lines(folder)
    again = start(folder, "second", *options)
    status = again.wait()
    after = journal_lines(folder)
    repeated = sum(after[key][: len(lines)] != lines for key, lines in before.items())
    keys = [
        (key, json.loads(t)["sample"], json.loads(t)["turn"]) for key, lines in after.items() for t in lines
    ]
    print(f"SIGKILL of pytest after {count(before)} answers: no process left after {gone:.1f} s")
    print(
        f"the same command again: exit {status}, {count(after)} answers in all, "
        f"{len(keys) - len(set(keys))} generated twice, {repeated} journals changed in what they held"
    )


def kill_engine(folder: Path) -> None:
    options = ("-n", "0", "--acb-tasks=needle,pddl", "--acb-compressions=magnitude-2of4", "-k", "magnitude")
    recorded = count(journal_lines(folder))
    run = start(folder, "engine", *options)
    wait_for_lines(folder, recorded + 10, run)
    for process in processes("engine", "acbench.engines.child"):
        os.kill(process, signal.SIGKILL)
    status = run.wait()
    log = (folder / "engine.log").read_text(errors="replace")
    shown = [
        line for line in log.splitlines() if "EngineDied" in line or "passed" in line or "xfailed" in line
    ]
    print(f"SIGKILL of the engine's process: exit {status}")
    print("\n".join(f"  {line[:160]}" for line in shown))


def main() -> None:
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    kill_pytest(folder)
    kill_engine(folder)


if __name__ == "__main__":
    main()
