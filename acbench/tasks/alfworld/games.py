"""A game as the engine plays it: the domain, the grammar that words it, one problem.

A game file of the upstream data set is one JSON object with the keys ``pddl_domain``, ``grammar``,
``pddl_problem`` and ``solvable``. Domain and grammar also come with the package ``alfworld``; worlds of
ours take them from there, with the wording of the published rows written into the grammar.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

MISSING = (
    "the task alfworld plays in text worlds of the packages alfworld and textworld, which are not installed: "
    "pip install 'acbench[alfworld]'"
)
RECORDED_WITH = "alfworld 0.4.2 and textworld 1.7.0"
KEYS = ("pddl_domain", "grammar", "pddl_problem")
UNKNOWN_GOAL = "UNKNOWN GOAL"
"""Stands in the package's grammar where a game has its goal sentence."""

_OLD_WORDING = (
    (
        'action PutObject {\n    template :: "move {o} to {r}";',
        'action PutObject {\n    template :: "put {o} in/on {r}";',
    ),
    ('"You move the {o.name} to the {r.name}."', '"You put the {o.name} in/on the {r.name}."'),
)
"""What the package renamed in version 0.4: a command and its answer."""


@dataclass(frozen=True, slots=True)
class Game:
    domain: str
    grammar: str
    problem: str

    @property
    def key(self) -> str:
        """The same for equal games."""
        return hashlib.sha256("\0".join((self.domain, self.grammar, self.problem)).encode()).hexdigest()


def require_package() -> None:
    """Raises ConfigError naming the extra without the packages; imports none of them."""
    if any(find_spec(name) is None for name in ("alfworld", "textworld", "fast_downward")):
        raise ConfigError(MISSING)


def packaged_game(problem: str, goal: str) -> Game:
    """A game of a problem in the package's domain, worded as published, with this goal sentence."""
    domain, grammar = _packaged()
    return Game(domain, with_goal(grammar, goal), problem)


def with_goal(grammar: str, goal: str) -> str:
    """The grammar with its goal sentence, if it has a gap for one. The engine writes the full stop itself."""
    sentence = json.dumps(goal.strip().rstrip("."), ensure_ascii=False)[1:-1]  # it stands in JSON text
    return grammar.replace(UNKNOWN_GOAL, sentence)


@lru_cache(maxsize=1)
def _packaged() -> tuple[str, str]:
    """(domain, grammar) of the installed package. Raises ConfigError if they are not what they were."""
    require_package()
    spec = find_spec("alfworld")
    folder = Path(str(spec.origin)).parent / "data" if spec is not None else Path()
    try:
        domain = (folder / "alfred.pddl").read_text(encoding="utf-8")
        grammar = (folder / "alfred.twl2").read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"alfworld: the package has no domain or grammar ({error})") from error
    for new, old in _OLD_WORDING:
        if grammar.count(new) != 1:
            raise ConfigError(
                f"alfworld: the installed package words its worlds otherwise than {RECORDED_WITH}; "
                "install those versions"
            )
        grammar = grammar.replace(new, old)
    return domain, grammar


def game_from(given: Any, where: str, *, goal: str = "") -> Game:
    """A game out of an object of a game file, or of such a file's text.

    Domain and grammar may be missing together; the package's then stand in for them, and ``goal`` fills the
    gap of a grammar that has one. Raises DataError naming the field.
    """
    data = _parsed(given, where)
    for key in KEYS:
        if key in data and not isinstance(data[key], str):
            raise DataError(f"{where}: field {key!r} must be a text")
    if "pddl_problem" not in data:
        raise DataError(f"{where}: field 'pddl_problem' is missing")
    if ("pddl_domain" in data) != ("grammar" in data):
        raise DataError(f"{where}: the fields 'pddl_domain' and 'grammar' belong together")
    if "grammar" not in data:
        if not goal:
            raise DataError(f"{where}: without a grammar the field 'goal' must be the goal sentence")
        return packaged_game(data["pddl_problem"], goal)
    grammar = with_goal(data["grammar"], goal) if goal else data["grammar"]
    return Game(data["pddl_domain"], grammar, data["pddl_problem"])


def _parsed(given: Any, where: str) -> Mapping[str, Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(f"{where}: not valid JSON ({error})") from error
    if not isinstance(given, dict):
        raise DataError(f"{where}: a game is an object with {', '.join(KEYS)}")
    return given


@lru_cache(maxsize=256)
def game_file(path: Path, goal: str = "") -> Game:
    """The game in a file. Raises DataError naming it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    return game_from(text, str(path), goal=goal)
