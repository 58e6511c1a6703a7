"""``acbench replay TASK``: saved trajectories through the environment of a task, JSON lines in and out.

A line in holds ``id``, ``episode`` and ``actions``. ``episode`` is the name of an episode of the embedded
pack ("gripper-l3-00") or, with ``--data``, of the user's upstream folder; a row of that folder or of a pack;
or the data of a sample. A line out holds the ``id`` and ``steps``: per action ``action``, ``observation``, ``valid``,
``progress`` (0 to 1) and ``done``. It ends with the step that ends the episode.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import AcbenchError, ConfigError, DataError, did_you_mean
from acbench.tasks.protocol import TaskContext

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from acbench.tasks.protocol import Prompt, Sample


@dataclass(frozen=True, slots=True)
class Replayable:
    """Where a task's environment is. ``group``: the setting that chooses what embedded episodes are named
    after, for packs that are generated when they are opened; empty for frozen packs. ``needs_data``: an
    upstream row alone does not hold its world. ``pack_field``: what a row of a frozen pack has and an upstream
    row has not; empty where both have one form. ``row_settings``: settings that reading a row takes."""

    module: str
    variant: str = ""
    group: str = ""
    needs_data: bool = False
    pack_field: str = ""
    takes_mode: bool = False
    row_settings: tuple[str, ...] = ()


TASKS: Mapping[str, Replayable] = {
    "alfworld": Replayable("acbench.tasks.alfworld"),
    "scienceworld": Replayable("acbench.tasks.scienceworld", pack_field="variation"),
    "babyai": Replayable("acbench.tasks.babyai", pack_field="world"),
    "jericho": Replayable(
        "acbench.tasks.jericho",
        needs_data=True,
        pack_field="file",
        takes_mode=True,
        row_settings=("game_dir",),
    ),
    "pddl": Replayable("acbench.tasks.pddl", group="domains", needs_data=True),
    "webshop": Replayable("acbench.tasks.webshop"),
    "webarena": Replayable("acbench.tasks.webarena"),
    "tool-query": Replayable("acbench.tasks.tools", "query", "tools", needs_data=True),
    "tool-operation": Replayable("acbench.tasks.tools", "operation", "tools", needs_data=True),
}

_EMBEDDED = re.compile(r"(?P<group>[a-z]+)-l(?P<level>\d+)-(?P<number>\d+)")


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Adds the command to the parser of ``acbench``."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "replay", help="play saved actions in a task's environment (JSON lines in, JSON lines out)"
    )
    parser.add_argument("task", help=", ".join(TASKS))
    parser.add_argument("--mode", default="corrected", choices=("corrected", "upstream"))
    parser.add_argument(
        "--data",
        type=Path,
        help="the user's upstream folder of the task, or the folder above it (default: the embedded pack)",
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the task for episodes given by name, as in a profile, such as seed=7 (TOML)",
    )
    parser.add_argument(
        "--in", dest="source", type=Path, help="file with id, episode, actions (default: standard input)"
    )
    parser.add_argument("--out", type=Path, help="file to write (default: standard output)")
    parser.set_defaults(run=run)
    return parser


def run(options: argparse.Namespace) -> int:
    """Replays what can be read; 1 if a line could not be, after the others, each named on standard error."""
    if options.task not in TASKS:
        raise ConfigError(f"replay: unknown task {options.task!r}; {did_you_mean(options.task, TASKS)}")
    options.data = _task_folder(options.task, options.data)
    options.settings = _settings(options.settings)
    name = "standard input" if options.source is None else str(options.source)
    written: list[str] = []
    problems: list[str] = []
    for number, line in enumerate(_lines(options.source), start=1):
        if not line.strip():
            continue
        try:
            text = json.dumps(_replayed(line, options), ensure_ascii=False)
            # Half a surrogate pair cannot be written; JSON has an escape for it.
            written.append(text.encode("utf-8", "backslashreplace").decode("utf-8"))
        except AcbenchError as error:
            problems.append(f"{name}, line {number}: {error}")
    if not written and not problems:
        raise DataError(
            f"{name} holds nothing to replay; expected one JSON object a line: id, episode, actions"
        )
    text = "".join(f"{line}\n" for line in written)
    if options.out is None:
        sys.stdout.write(text)
    else:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
    for problem in problems:
        sys.stderr.write(f"acbench: {problem}\n")
    return 1 if problems else 0


def _task_folder(task: str, given: Path | None) -> Path | None:
    """The folder itself, or the task's folder in it."""
    if given is None:
        return None
    if not given.is_dir():
        raise ConfigError(f"replay: --data {given} is no folder")
    for name in (task, task.partition("-")[0], f"{task.partition('-')[0]}s"):
        if (given / name).is_dir():
            return given / name
    return given


def _settings(given: Sequence[str]) -> tuple[tuple[str, Any], ...]:
    found = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"replay: --set {text!r} must be NAME=VALUE")
        try:
            read = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"replay: --set {text!r}: the value is not TOML ({error})") from error
        found.append((name.strip(), tuple(read) if isinstance(read, list) else read))
    return tuple(found)


def _lines(source: Path | None) -> Iterator[str]:
    if source is None:
        yield from sys.stdin
        return
    try:
        yield from source.read_text(encoding="utf-8").split("\n")  # texts may hold other line separators
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{source}: cannot be read ({error})") from error


def _replayed(line: str, options: argparse.Namespace) -> dict[str, Any]:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not valid JSON ({error})") from error
    if not isinstance(given, dict):
        raise DataError("expected an object with id, episode and actions")
    for field in ("id", "episode", "actions"):
        if field not in given:
            raise DataError(f"field {field!r} is missing")
    actions = given["actions"]
    if not isinstance(actions, list) or not all(isinstance(action, str) for action in actions):
        raise DataError("field 'actions' must be a list of texts")
    episode = episode_data(options.task, given["episode"], options.data, options.mode, options.settings)
    return {"id": given["id"], "steps": replay(options.task, episode, actions, options.mode)}


def replay(task: str, data: Mapping[str, Any], actions: list[str], mode: str) -> list[dict[str, Any]]:
    """The steps of one trajectory in the environment of a sample's data."""
    steps: list[dict[str, Any]] = import_module(TASKS[task].module).replay(data, actions, mode=mode)
    return steps


def episode_data(
    task: str,
    episode: Any,
    data_dir: Path | None = None,
    mode: str = "corrected",
    settings: tuple[tuple[str, Any], ...] = (),
) -> Mapping[str, Any]:
    """The sample data behind ``episode``: a name, a row of a pack or of upstream's, or the data itself.

    Raises DataError naming what is wrong with it.
    """
    if isinstance(episode, str):
        return _named(task, episode, data_dir, mode, settings).data
    if not isinstance(episode, dict):
        raise DataError("field 'episode' must be a name or an object")
    entry = TASKS[task]
    if "source" in episode:
        return episode
    if entry.pack_field and entry.pack_field in episode:
        return _pack_row(task, episode)
    if data_dir is None and entry.needs_data:
        raise DataError("field 'episode' is an upstream row: say with --data where its folder is")
    read: Callable[..., Mapping[str, Any]] = _ROWS.get(task, _plain_row)
    return read(task, episode, data_dir, mode, dict(settings))


def _pack_row(task: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        data: Mapping[str, Any] = import_module(f"{TASKS[task].module}.samples").embedded_data(row)
    except (KeyError, TypeError) as error:
        raise DataError(f"field 'episode' is no row of the {task} pack ({error!r})") from error
    return data


def _plain_row(
    task: str, row: Mapping[str, Any], data_dir: Path | None, mode: str, settings: Mapping[str, Any]
) -> Mapping[str, Any]:
    entry = TASKS[task]
    more: dict[str, Any] = {"mode": mode} if entry.takes_mode else {}
    more |= {name: Path(settings[name]) for name in entry.row_settings if settings.get(name)}
    found: Mapping[str, Any] = import_module(entry.module).row_data(row, data_dir, **more)
    return found


def _pddl_row(
    task: str, row: Mapping[str, Any], data_dir: Path, mode: str, _settings: Mapping[str, Any]
) -> Mapping[str, Any]:
    from acbench.tasks.pddl.samples import settings_for
    from acbench.tasks.pddl.upstream import row_sample

    return row_sample(row, data_dir, settings_for(_context({}, data_dir, mode), likelihood=False)).data


def _tool_row(
    task: str, row: Mapping[str, Any], data_dir: Path, mode: str, settings: Mapping[str, Any]
) -> Mapping[str, Any]:
    from acbench.tasks.tools.samples import TOOLS, settings_for
    from acbench.tasks.tools.upstream import row_data

    variant = TASKS[task].variant
    chosen = settings_for(_context(settings, data_dir, mode), variant)  # check_state matters to rows, too
    data = row_data(row, data_dir, settings=chosen)
    if data["tool"] not in TOOLS[variant]:
        raise DataError(f"row: {data['tool']} belongs to another task than {task}")
    return data


_ROWS: Mapping[str, Callable[..., Mapping[str, Any]]] = {
    "pddl": _pddl_row,
    "tool-query": _tool_row,
    "tool-operation": _tool_row,
}


def _named(
    task: str, name: str, data_dir: Path | None, mode: str, settings: tuple[tuple[str, Any], ...]
) -> Sample:
    given = dict(settings)
    group = TASKS[task].group
    if data_dir is None and group:
        parts = _EMBEDDED.fullmatch(name)
        if parts is None:
            raise DataError(f"episode {name!r} is no name of the embedded pack, such as gripper-l3-00")
        chosen = {group: (parts["group"],), "levels": (int(parts["level"]),)}
        given = {**chosen, "per_level": int(parts["number"]) + 1, **given}
    elif data_dir is not None and task.startswith("tool-"):
        given = {"unrecorded": "play", **given}
    found = _samples(task, tuple(given.items()), data_dir, mode)
    if name not in found:
        raise DataError(f"there is no episode {name!r}; {did_you_mean(name, found)}")
    return found[name]


@lru_cache(maxsize=64)
def _samples(
    task: str, settings: tuple[tuple[str, Any], ...], data_dir: Path | None, mode: str
) -> dict[str, Sample]:
    entry = TASKS[task]
    context = _context(dict(settings), data_dir, mode)
    open_task = import_module(entry.module).open_task
    opened = open_task(context, entry.variant) if entry.variant else open_task(context)
    return {sample.id: sample for sample in opened.samples()}


def _context(settings: Mapping[str, Any], data_dir: Path | None, mode: str) -> TaskContext:
    return TaskContext(_Words(), sys.maxsize, settings, data_dir, mode)


class _Words:
    """A renderer for estimates that nobody reads here: no model is asked anything."""

    def count(self, text: str) -> int:
        return len(text.split())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(range(sum(self.count(message.content) for message in prompt.messages)))
