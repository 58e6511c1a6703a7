"""Makes the embedded pack: ``python -m acbench.tasks.jericho.making`` writes the folder ``pack``.

Needs the compiler ``inform6`` and the Inform 6 library (Debian: inform6-compiler, inform6-library); playing
needs neither. Every episode is checked by playing its plan.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, DataError
from acbench.tasks.jericho.engine import Play, shared_pool
from acbench.tasks.jericho.environment import Environment
from acbench.tasks.jericho.handmade import HANDMADE
from acbench.tasks.jericho.inform import source
from acbench.tasks.jericho.samples import PACK, PACK_FILE
from acbench.tasks.jericho.shapes import easy_story, hard_story, middle_story
from acbench.tasks.jericho.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.jericho.stories import Story

LICENSE = "Apache-2.0"
LIBRARY = (
    "the story files hold the Inform 6 library 6.12.6 (Artistic-2.0; its source is Debian's package "
    "inform6-library), compiled with Inform 6.41"
)
LIBRARY_FOLDER = "/usr/share/inform6/library"
"""Where Debian puts the library."""
PER_LEVEL = 12
MAKERS = {1: easy_story, 2: middle_story, 3: hard_story}
EXAMPLE = PER_LEVEL
"""The last story of the first level's file, one of two steps, is the prompt's worked example."""


def made_stories() -> dict[str, list[Story]]:
    """File name without ending -> its generated stories."""
    return {
        f"level{level}": [
            make(Random(f"jericho/{level}/{number}"), number)
            for number in range(PER_LEVEL + (1 if level == 1 else 0))
        ]
        for level, make in MAKERS.items()
    }


def compiled(text: str, name: str, folder: Path, *, library: str = LIBRARY_FOLDER) -> Path:
    """Writes and compiles one source; the story file. Raises ConfigError without compiler, DataError if it fails."""
    if shutil.which("inform6") is None:
        raise ConfigError(
            "making stories needs the program 'inform6' (Debian: inform6-compiler, inform6-library)"
        )
    path = folder / f"{name}.inf"
    path.write_text(text, encoding="ascii")
    story = folder / f"{name}.z5"
    command = ["inform6", "-v5", f"+include_path={library}", path.name, story.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataError(f"{path}: does not compile\n{done.stdout}{done.stderr}")
    return story


def episode(story: Story, file: Path, number: int) -> dict[str, Any]:
    """One line of the pack, after its plan was played. Raises DataError naming what does not fit."""
    play = Play(shared_pool(), file, opening=[str(number)])
    world = Environment(play, story.goal, story.subgoals, templates=story.verbs)
    for place, command in enumerate(story.plan):
        where = f"{file.name}, story {number}, step {place} ({command})"
        if command not in world.choices():
            raise DataError(f"{where}: not among {world.choices()}")
        step = world.step(command)
        if not step.valid or step.done is not (place == len(story.plan) - 1):
            raise DataError(f"{where}: {step}")
    if not world.success:
        raise DataError(f"{file.name}, story {number}: the plan ends at {world.progress}")
    first = clean(play.start_text)
    world.close()
    return {
        "level": story.level,
        "file": file.name,
        "number": number,
        "goal": story.goal,
        "first": first,
        "subgoals": story.subgoals,
        "plan": story.plan,
        "verbs": story.verbs,
    }


def make_pack(folder: Path) -> dict[str, Any]:
    """Compiles all stories into ``folder`` and plays them; the pack's list."""
    files: list[tuple[Path, Sequence[Story]]] = [
        (compiled(source(name, stories), name, folder), stories) for name, stories in made_stories().items()
    ]
    handmade = (PACK / "handmade.inf").read_text(encoding="ascii")
    files.append((compiled(handmade, "handmade", folder), HANDMADE))
    found = [
        episode(story, file, number)
        for file, stories in files
        for number, story in enumerate(stories, start=1)
    ]
    example = found.pop(EXAMPLE)
    found.sort(key=lambda entry: entry["level"])
    return {"license": LICENSE, "library": LIBRARY, "example": example, "episodes": found}


def write_pack(pack: dict[str, Any], file: Path) -> None:
    """One episode per line, for readable differences."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pack.items() if key != "episodes"]
    lines.append('"episodes": [\n' + ",\n".join(json.dumps(entry) for entry in pack["episodes"]) + "\n]")
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else PACK
    write_pack(make_pack(where), where / PACK_FILE.name)
