"""The real engine: TextWorld's planning games, one planner library for all worlds of a process.

This module runs in a worker process only: the translator of the planner replaces ``sys.stdout`` and
``sys.argv`` while it works, and the library holds one state in global variables. What makes it quick:

- a problem is translated once (the package does it four times) and kept;
- the wording of a command depends on what it names alone, so it is derived once, not at every step; queries
  of the grammar are parsed once;
- another world takes the library over within a millisecond: its translation is loaded, its operators applied.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from acbench.tasks.alfworld.games import Game

KEPT_GAMES = 40
"""A translated kitchen takes about 3 MB."""

_TERM = r"(?:\w+|\w+\.(?:name|id|definite|indefinite)|'[^'\\{}]*')"
_HARMLESS = re.compile(rf"\s*{_TERM}(?:\s*(?:\+|\bor\b)\s*{_TERM})*\s*")
_QUERY = re.compile(r"\|([^}\]]*)")
_STATIC_QUERY = re.compile(r"\s*receptacleatlocation\(\w+:\w+,\s*\w+:\w+\)\s*")
"""The one query in the wording of a command: where receptacles stand never changes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the engine says after a command, and the commands that can be carried out then, sorted."""

    text: str
    commands: tuple[str, ...]
    won: bool


@dataclass(slots=True)
class Translated:
    """A game ready to be played: the package's logic, the translator's task, the planner's input."""

    logic: Any
    task: Any
    sas: str
    infos: dict[str, Any] = field(default_factory=dict)
    wordings: dict[tuple[str, ...], str] = field(default_factory=dict)


class Engine:
    """Holds the planner's library and the games it knows. Not for use by two threads."""

    def __init__(self) -> None:
        self._planner = import_module("fast_downward")
        self._logic = import_module("textworld.envs.pddl.logic")
        self._library = self._planner.load_lib()
        rules = import_module("textworld.logic").Rule
        rules.parse_conjunctive_query = lru_cache(maxsize=4096)(rules.parse_conjunctive_query)
        self._games: OrderedDict[str, Translated] = OrderedDict()
        self._at: World | None = None

    def open(self, game: Game) -> World:
        """A new world at its start. Raises DataError for a game that cannot be read."""
        translated = self._games.pop(game.key, None)
        if translated is None:
            translated = self._translate(game)
            while len(self._games) >= KEPT_GAMES:
                self._games.popitem(last=False)
        self._games[game.key] = translated
        return World(self, translated)

    def _translate(self, game: Game) -> Translated:
        try:
            logic = self._logic.GameLogic(domain=game.domain, grammar=game.grammar)
            _refuse_programs(logic)
            task, sas = self._planner.pddl2sas(game.domain, game.problem)
        except DataError:
            raise
        except (Exception, SystemExit) as error:  # the translator leaves the program when it cannot read
            raise DataError(f"the game cannot be read ({type(error).__name__}: {error})"[:600]) from error
        return Translated(logic, task, sas)

    def take(self, world: World) -> Any:
        """The library, at the state of ``world``."""
        if self._at is not world:
            self._at = None  # it is nobody's if loading fails half-way
            self._library.load_sas(world.translated.sas.encode("utf-8"))
            for operator, effects in world.applied:
                self._library.apply_operator(operator, (self._planner.Atom * effects)())
            self._at = world
        return self._library

    def start(self, world: World) -> Any:
        """The package's state at a game's start, from the translation at hand instead of one of its own."""
        logic, translated = self._logic, world.translated
        self._at = None
        original = logic.fast_downward.pddl2sas
        logic.fast_downward.pddl2sas = lambda *_, **__: (translated.task, translated.sas)
        try:
            state = logic.PddlState(_WithoutPlans(self._library), "", translated.logic)
        finally:
            logic.fast_downward.pddl2sas = original
        state.downward_lib = self._library
        self._at = world
        return state

    def plan(self, game: Game) -> list[str]:
        """The planner's own way to the goal, as commands. For the makers of the pack."""
        world = self.open(game)
        _, sas = self._planner.pddl2sas(game.domain, game.problem, optimize=True)
        library = self.take(world)
        library.load_sas_replan(sas.encode("utf-8"))
        return list(world.state.replan(world.infos))


class World:
    """One play of a game. ``step`` takes any text; what is no command is answered "Nothing happens."."""

    def __init__(self, engine: Engine, translated: Translated) -> None:
        self._engine = engine
        self.translated = translated
        self.applied: list[tuple[int, int]] = []
        self.state = engine.start(self)
        self.infos = translated.infos = translated.infos or _entities(self.state)
        self._actions: dict[str, Any] = {}
        self.first = self._seen(translated.logic.grammar.derive("#intro#", self._context({})))

    def step(self, command: str) -> Seen:
        action = self._actions.get(command)
        if action is None:
            return self._seen("Nothing happens.")
        self._engine.take(self)
        operator = self.state._operators[action.id]
        self.state.apply(action)
        self.applied.append((operator.id, operator.nb_effect_atoms))
        grammar = self.translated.logic.grammar
        return self._seen(grammar.derive(action.feedback_rule, self._context(action.mapping)))

    def _seen(self, text: str) -> Seen:
        library = self._engine.take(self)
        self._actions = {}
        for action in self.state.all_applicable_actions():
            self._actions.setdefault(self._wording(action), action)
        return Seen(text, tuple(sorted(self._actions)), bool(library.check_goal()))

    def _wording(self, action: Any) -> str:
        """The command of an action: the template's names filled in, derived once where that cannot change."""
        template = action.command_template
        key = _names_in(template, {place.name: variable.name for place, variable in action.mapping.items()})
        known = self.translated.wordings.get(key) if key else None
        if known is not None:
            return known
        grammar = self.translated.logic.grammar
        action.command_template = grammar.derive(template, self._context(action.mapping))
        wording = str(action.format_command({name: info.name for name, info in self.infos.items()}))
        if key:
            self.translated.wordings[key] = wording
        return wording

    def _context(self, mapping: Any) -> dict[str, Any]:
        return {
            "state": self.state,
            "facts": list(self.state.facts),
            "variables": {place.name: self.infos[variable.name] for place, variable in mapping.items()},
            "mapping": mapping,
            "entity_infos": self.infos,
        }


def _names_in(template: str, bound: Mapping[str, str]) -> tuple[str, ...]:
    """What the wording of a command depends on: its template, and what the names in it stand for.

    Empty if it depends on more, because the template asks about what can change or about other things.
    """
    queries = _QUERY.findall(template)
    asked = re.findall(r"(\w+):\w+", " ".join(queries))
    if not all(_STATIC_QUERY.fullmatch(query) for query in queries) or not bound.keys() >= set(asked):
        return ()
    words = set(re.findall(r"\w+", template))
    return (template, *(bound[name] for name in sorted(words & bound.keys())))


class _WithoutPlans:
    """The planner's library without its second copy of the problem, which only planning needs."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def load_sas_replan(self, _sas: bytes) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


def _entities(state: Any) -> dict[str, Any]:
    """What the facts name, with the names that the package's own numbering shows."""
    named = {variable.name: variable.type for fact in state.facts for variable in fact.arguments}
    info_type: Any = import_module("textworld.generator.game").EntityInfo

    class Named(info_type):  # type: ignore[misc]
        """Copied with every symbol of a derivation, and never changed there: one is enough."""

        def __deepcopy__(self, _memo: Any) -> Named:
            return self

    infos = {name: Named(name, kind) for name, kind in named.items()}
    shown = import_module("alfworld.agents.utils.misc").Demangler(game_infos=infos)
    for name, info in infos.items():
        info.name = shown.demangle_alfred_name(name)
        info.definite, info.indefinite = "the", "a"
    return infos


def _refuse_programs(logic: Any) -> None:
    """Raises DataError if a grammar holds expressions that are more than names put together.

    The package evaluates what stands between braces as Python; a game file comes from elsewhere.
    """
    parse = import_module("textworld.envs.pddl.textgen")._parse_and_convert
    symbols: list[Any] = []
    for rules in logic.grammar._rules.values():
        for rule in rules:
            symbols += rule.rhs
    for action in logic.actions.values():
        for text in (action.template, action.feedback_rule):
            symbols += parse(text, rule_name="symbols")
    for expression in _expressions(symbols):
        if not _HARMLESS.fullmatch(expression):
            raise DataError(f"the grammar evaluates {expression[:80]!r}; only names put together are allowed")


def _expressions(symbols: list[Any]) -> Iterator[str]:
    for symbol in symbols:
        inner = getattr(symbol, "expression", None)
        if isinstance(inner, str):
            yield inner
        elif inner is not None:
            yield from _expressions([inner])
        elif not isinstance(symbol.symbol, str):
            yield from _expressions([symbol.symbol])
