"""STRIPS with types and constants: a reader, grounding once per problem, and a state engine.

A fact is a tuple (predicate, argument, ...), a state a frozenset of facts. Read: ``:types``,
``:constants``, ``:predicates``, actions with conjunctive positive preconditions, positive goals.
Everything else (conditional effects, quantifiers, numbers, negative preconditions) is a DataError.
Types of predicate arguments are not enforced: published domains declare them wrongly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Fact: TypeAlias = tuple[str, ...]
State: TypeAlias = frozenset[Fact]

ROOT_TYPE = "object"
# A "?" starts a new word: real files contain "?l - level?l1".
_WORD = re.compile(r"[()]|\?[^\s()?]*|[^\s()?]+")


@dataclass(frozen=True, slots=True)
class Node:
    """A parenthesised list with the file and line where it opened."""

    where: str
    items: list[Node | str] = field(default_factory=list)

    def fail(self, message: str) -> DataError:
        return DataError(f"{self.where}: {message}")

    def words(self) -> list[str]:
        """The items, all of which must be words."""
        words = [item for item in self.items if isinstance(item, str)]
        if len(words) != len(self.items):
            raise self.fail("expected plain words, found a nested list")
        return words

    def nodes(self, skip: int) -> list[Node]:
        """The items from ``skip`` on, all of which must be lists."""
        nodes = [item for item in self.items[skip:] if isinstance(item, Node)]
        if len(nodes) != len(self.items[skip:]):
            raise self.fail("expected a parenthesised list, found a bare word")
        return nodes

    @property
    def head(self) -> str:
        first = self.items[0] if self.items else ""
        return first if isinstance(first, str) else ""


@dataclass(frozen=True, slots=True)
class Schema:
    """An action with variables. ``parameters``: (variable, type) in order."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    preconditions: tuple[Fact, ...]
    adds: tuple[Fact, ...]
    deletes: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    name: str
    types: Mapping[str, str]
    """Type -> its parent type."""
    constants: Mapping[str, str]
    predicates: Mapping[str, int]
    """Predicate -> number of arguments."""
    schemas: tuple[Schema, ...]

    def is_a(self, kind: str, ancestor: str) -> bool:
        seen: set[str] = set()
        while kind != ancestor and kind in self.types and kind not in seen:
            seen.add(kind)
            kind = self.types[kind]
        return ancestor in (kind, ROOT_TYPE)


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """A ground action; two are ordered by name, then arguments."""

    name: str
    args: tuple[str, ...]
    preconditions: State = field(compare=False, repr=False)
    adds: State = field(compare=False, repr=False)
    deletes: State = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """The bare form: name and arguments joined by blanks."""
        return " ".join((self.name, *self.args))


@dataclass(frozen=True, slots=True)
class World:
    """A grounded problem. ``actions`` is sorted and free of actions that can never apply."""

    domain: Domain
    name: str
    objects: Mapping[str, str]
    init: State
    goal: State
    actions: tuple[Action, ...]
    by_text: Mapping[str, Action]

    def applicable(self, state: State) -> list[Action]:
        """All actions whose preconditions hold, sorted by name and arguments."""
        return [action for action in self.actions if action.preconditions <= state]

    def apply(self, state: State, action: Action) -> State:
        """The next state (added facts win over deleted ones); ``state`` itself if not applicable."""
        if not action.preconditions <= state:
            return state
        return (state - action.deletes) | action.adds


@lru_cache(maxsize=256)
def load_world(
    domain_text: str, problem_text: str, domain_name: str = "domain", problem_name: str = "problem"
) -> World:
    """Reads and grounds one problem; the names are for error messages. Cached: a World never changes."""
    return read_problem(read_domain(domain_text, domain_name), problem_text, problem_name)


def read_domain(text: str, where: str = "domain") -> Domain:
    """Reads a domain file's text. Raises DataError naming ``where`` and the line."""
    root = _define(text, where, "domain")
    types: dict[str, str] = {}
    constants: dict[str, str] = {}
    predicates: dict[str, int] = {}
    actions: list[Node] = []
    for section in root.nodes(2):
        if section.head == ":types":
            types |= dict(_typed(section, section.words()[1:]))
        elif section.head == ":constants":
            constants |= dict(_typed(section, section.words()[1:]))
        elif section.head == ":predicates":
            predicates |= {node.head: len(_typed(node, node.words()[1:])) for node in section.nodes(1)}
        elif section.head == ":action":
            actions.append(section)
        elif section.head != ":requirements":
            raise section.fail(f"section {section.head!r} is not supported in a domain")
    types.pop(ROOT_TYPE, None)
    for parent in set(types.values()) - {ROOT_TYPE}:
        types.setdefault(parent, ROOT_TYPE)
    domain = Domain(_name(root), types, constants, predicates, ())
    _check_types(root, domain, constants)
    schemas = tuple(_schema(node, domain) for node in actions)
    return Domain(domain.name, types, constants, predicates, schemas)


def read_problem(domain: Domain, text: str, where: str = "problem") -> World:
    """Reads a problem file's text and grounds it. Raises DataError naming ``where`` and the line."""
    root = _define(text, where, "problem")
    sections = {section.head: section for section in root.nodes(2)}
    for needed in (":init", ":goal"):
        if needed not in sections:
            raise root.fail(f"the problem has no {needed} section")
    objects = dict(domain.constants)
    if ":objects" in sections:
        section = sections[":objects"]
        for name, kind in _typed(section, section.words()[1:]):
            if objects.setdefault(name, kind) != kind:  # some files repeat their constants as objects
                raise section.fail(f"object {name!r} is declared as {objects[name]!r} and as {kind!r}")
        _check_types(section, domain, objects)
    scope = frozenset(objects)
    init = frozenset(_fact(node, domain, scope) for node in sections[":init"].nodes(1))
    goals = sections[":goal"].nodes(1)
    if len(goals) != 1:
        raise sections[":goal"].fail("the goal must be one expression")
    goal = frozenset(_conjunction(goals[0], domain, scope))
    if not goal:
        raise sections[":goal"].fail("the goal is empty")
    actions = tuple(sorted(_ground(domain, objects, init)))
    by_text = {action.text: action for action in actions}
    return World(domain, _name(root), objects, init, goal, actions, by_text)


def _define(text: str, where: str, kind: str) -> Node:
    root = _parse(text, where)
    second = root.items[1] if len(root.items) > 1 else None
    named = isinstance(second, Node) and second.head == kind and len(second.items) == 2
    if root.head != "define" or not named:
        raise root.fail(f"expected (define ({kind} NAME) ...)")
    return root


def _name(root: Node) -> str:
    return root.nodes(1)[0].words()[1]


def _parse(text: str, where: str) -> Node:
    """The one list a file consists of; iterative, so that nesting cannot exhaust the stack."""
    top = Node(f"{where}:1")
    open_nodes = [top]
    for number, line in enumerate(text.splitlines(), start=1):
        for word in _WORD.findall(line.split(";", 1)[0].lower()):
            if word == "(":
                node = Node(f"{where}:{number}")
                open_nodes[-1].items.append(node)
                open_nodes.append(node)
            elif word == ")":
                if len(open_nodes) == 1:
                    raise DataError(f"{where}:{number}: closing parenthesis without an opening one")
                open_nodes.pop()
            else:
                open_nodes[-1].items.append(word)
    if len(open_nodes) > 1:
        raise open_nodes[-1].fail("this parenthesis is never closed")
    if len(top.items) != 1:
        raise top.fail("expected exactly one parenthesised definition")
    return top.nodes(0)[0]


def _typed(node: Node, words: Sequence[str]) -> list[tuple[str, str]]:
    """``a b - t c`` gives (a, t), (b, t), (c, object)."""
    pairs: list[tuple[str, str]] = []
    names: list[str] = []
    position = 0
    while position < len(words):
        if words[position] != "-":
            names.append(words[position])
        else:
            position += 1
            if position == len(words) or not names:
                raise node.fail("a type list needs names before and a type behind '-'")
            pairs += [(name, words[position]) for name in names]
            names = []
        position += 1
    return pairs + [(name, ROOT_TYPE) for name in names]


def _check_types(node: Node, domain: Domain, typed: Mapping[str, str]) -> None:
    for name, kind in typed.items():
        if kind != ROOT_TYPE and kind not in domain.types:
            raise node.fail(f"{name!r} has the undeclared type {kind!r}")


def _fact(node: Node, domain: Domain, scope: frozenset[str]) -> Fact:
    words = node.words()
    if not words or words[0] not in domain.predicates:
        raise node.fail(f"unknown predicate {node.head!r}")
    if len(words) - 1 != domain.predicates[words[0]]:
        raise node.fail(f"{words[0]!r} takes {domain.predicates[words[0]]} arguments, not {len(words) - 1}")
    for word in words[1:]:
        if word not in scope:
            raise node.fail(f"unknown object or variable {word!r}")
    return tuple(words)


def _conjunction(node: Node, domain: Domain, scope: frozenset[str]) -> list[Fact]:
    """The facts of ``(and ...)``, of a single fact, or of ``()``."""
    parts = node.nodes(1) if node.head == "and" else [node] if node.items else []
    for part in parts:
        if part.head in ("not", "or", "imply", "forall", "exists", "=", "when"):
            raise part.fail(f"{part.head!r} is not supported here")
    return [_fact(part, domain, scope) for part in parts]


def _schema(node: Node, domain: Domain) -> Schema:
    if len(node.items) < 2 or not isinstance(node.items[1], str):
        raise node.fail("an action needs a name")
    parts: dict[str, Node] = {}
    for key, value in zip(node.items[2::2], node.items[3::2], strict=False):
        if not isinstance(key, str) or not isinstance(value, Node):
            raise node.fail("an action is a list of keywords, each followed by a list")
        parts[key] = value
    if ":effect" not in parts or len(node.items) % 2:
        raise node.fail(f"action {node.items[1]!r} is incomplete")
    parameters = parts.get(":parameters", Node(node.where))
    typed = tuple(_typed(parameters, parameters.words()))
    _check_types(parameters, domain, dict(typed))
    scope = frozenset(name for name, _ in typed) | frozenset(domain.constants)
    effect = parts[":effect"]
    effects = effect.nodes(1) if effect.head == "and" else [effect] if effect.items else []
    negative = [part for part in effects if part.head == "not"]
    if any(len(part.items) != 2 for part in negative):
        raise effect.fail("'not' takes exactly one fact")
    return Schema(
        name=node.items[1],
        parameters=typed,
        preconditions=tuple(_conjunction(parts.get(":precondition", Node(node.where)), domain, scope)),
        adds=tuple(_fact(part, domain, scope) for part in effects if part.head != "not"),
        deletes=tuple(_fact(part.nodes(1)[0], domain, scope) for part in negative),
    )


def _ground(domain: Domain, objects: Mapping[str, str], init: State) -> Iterator[Action]:
    """Every action whose unchanging preconditions hold."""
    changing = {fact[0] for schema in domain.schemas for fact in (*schema.adds, *schema.deletes)}
    for schema in domain.schemas:
        fixed = [fact for fact in schema.preconditions if fact[0] not in changing]
        for binding in _bindings(domain, objects, schema, fixed, init):
            yield Action(
                name=schema.name,
                args=tuple(binding[name] for name, _ in schema.parameters),
                preconditions=_bound(schema.preconditions, binding),
                adds=_bound(schema.adds, binding),
                deletes=_bound(schema.deletes, binding),
            )


def _bindings(
    domain: Domain, objects: Mapping[str, str], schema: Schema, fixed: Sequence[Fact], init: State
) -> list[dict[str, str]]:
    """Variable assignments, extended one variable at a time and pruned by the unchanging facts."""
    partial: list[dict[str, str]] = [{}]
    for variable, kind in schema.parameters:
        candidates = [name for name, own in objects.items() if domain.is_a(own, kind)]
        known = {*(partial[0] if partial else ()), variable}
        ready = [f for f in fixed if variable in f and all(a in known for a in f[1:] if a.startswith("?"))]
        extended = ({**binding, variable: name} for binding in partial for name in candidates)
        partial = [binding for binding in extended if _bound(ready, binding) <= init]
    return partial


def _bound(facts: Sequence[Fact], binding: Mapping[str, str]) -> State:
    return frozenset((fact[0], *(binding.get(arg, arg) for arg in fact[1:])) for fact in facts)
