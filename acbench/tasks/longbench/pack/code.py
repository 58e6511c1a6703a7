"""Code whose next line follows from what stands before: one file, or several (code sets)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from acbench.tasks.longbench.pack.building import Draft, Item, fresh

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.tasks.longbench.pack.draws import Draws

NOUNS = (
    *("tide", "mast", "cargo", "anchor", "rudder", "sail", "hull", "deck", "crew", "chart", "buoy", "pier"),
    *("canal", "lock", "barge", "signal", "ferry", "lamp", "rope", "tar", "oar", "net", "crane", "wharf"),
)
VERBS = (
    "count",
    "price",
    "weigh",
    "sort",
    "store",
    "check",
    "paint",
    "ship",
    "load",
    "trade",
    "move",
    "rent",
)
ARGUMENTS = ("rows", "rate", "days", "scale", "offset", "weight", "limit", "share")


class Language(NamedTuple):
    """How a language writes the two things the pack needs; `{}` are name and value, or name and arguments."""

    constant: str
    test_head: str
    test_line: str


LANGUAGES: tuple[Language, ...] = (
    Language(
        "def limit_of_{name}():\n    return {value}\n",
        "def test_{name}():\n",
        "    assert limit_of_{name}() == {value}",
    ),
    Language(
        "static int limitOf_{name}() {{\n    return {value};\n}}\n",
        "static void test_{name}() {{\n",
        "    assertEquals(limitOf_{name}(), {value});",
    ),
    Language(
        "func limit_of_{name}() int {{\n\treturn {value}\n}}\n",
        "func Test_{name}(t *testing.T) {{\n",
        "\tassert.Equal(t, limit_of_{name}(), {value})",
    ),
)


def next_line(draws: Draws, *, hard: bool, index: int) -> Draft:
    """The only line of a test: its value stands with the function far above; hard: names look alike."""
    language = LANGUAGES[index // 2 % len(LANGUAGES)]
    close = "" if language is LANGUAGES[0] else "}\n"
    verbs = VERBS[:3] if hard else VERBS
    names = draws.some([f"{noun}_{verb}" for noun in NOUNS for verb in verbs], 3)
    values = [draws.between(10, 9999) for _ in names]
    planted = tuple(language.constant.format(name=n, value=v) for n, v in zip(names, values, strict=True))
    shown = "".join(
        language.test_head.format(name=n) + language.test_line.format(name=n, value=v) + f"\n{close}\n"
        for n, v in zip(names[:2], values[:2], strict=True)
    )
    tail = shown + language.test_head.format(name=names[2])
    taken = set(names)

    def distraction() -> str:
        name = f"{draws.pick(NOUNS)}_{draws.pick(verbs)}"
        while name in taken:  # a name that is taken gets a number
            name = f"{draws.pick(NOUNS)}_{draws.pick(verbs)}_{draws.between(2, 9999)}"
        taken.add(name)
        return language.constant.format(name=name, value=draws.between(10, 9999))

    def finish(blocks: Sequence[str]) -> Item:
        answer = language.test_line.format(name=names[2], value=values[2])
        return Item("\n".join([*blocks, tail]), "", (answer,))

    return Draft(draws_order(draws, planted), distraction, finish, label="\n")


def draws_order(draws: Draws, blocks: Sequence[str]) -> tuple[str, ...]:
    """The blocks in random order."""
    return tuple(draws.some(blocks, len(blocks)))


def across_files(draws: Draws, *, hard: bool, index: int) -> Draft:
    """A call of an imported function, with its arguments in the order of its definition in another file."""
    make = _python if index // 2 % 2 == 0 else _java
    names = draws.some([(noun, verb) for noun in NOUNS for verb in VERBS], 2)
    signatures = [draws.some(ARGUMENTS, 3 if hard else 2) for _ in names]
    files = [make.definition(*name, args) for name, args in zip(names, signatures, strict=True)]
    shuffled = [draws.some(args, len(args)) for args in signatures]
    head = make.head(names, shuffled, make.call(*names[0], signatures[0]))
    taken = set(names)

    def distraction() -> str:
        noun, verb = draws.pick(NOUNS), draws.pick(VERBS)
        while (noun, verb) in taken:
            noun = f"{draws.pick(NOUNS)}_{draws.between(2, 9999)}"
        taken.add((noun, verb))
        return make.definition(noun, verb, draws.some(ARGUMENTS, 3 if hard else 2))

    def finish(blocks: Sequence[str]) -> Item:
        return Item("\n".join(blocks) + "\n", head, (make.call(*names[1], signatures[1]),))

    return Draft(draws_order(draws, files), fresh(distraction), finish, label="\n")


class _Style(NamedTuple):
    definition: Callable[[str, str, Sequence[str]], str]
    head: Callable[[Sequence[tuple[str, str]], Sequence[Sequence[str]], str], str]
    call: Callable[[str, str, Sequence[str]], str]


def _python_definition(noun: str, verb: str, args: Sequence[str]) -> str:
    total = " + ".join(args)
    return f"yard/{noun}/{verb}.py\ndef {verb}_{noun}({', '.join(args)}):\n    return {total}\n"


def _python_head(names: Sequence[tuple[str, str]], args: Sequence[Sequence[str]], call: str) -> str:
    imports = "".join(f"from yard.{noun}.{verb} import {verb}_{noun}\n" for noun, verb in names)
    return (
        f"yard/report.py\n{imports}\n\ndef first({', '.join(args[0])}):\n{call}\n\n\n"
        f"def second({', '.join(args[1])}):\n"
    )


def _python_call(noun: str, verb: str, args: Sequence[str]) -> str:
    return f"    return {verb}_{noun}({', '.join(args)})"


def _java_definition(noun: str, verb: str, args: Sequence[str]) -> str:
    typed = ", ".join(f"int {arg}" for arg in args)
    return (
        f"yard/{noun}/{verb}_{noun}.java\npublic class {verb}_{noun} {{\n    public static int run({typed}) {{\n"
        f"        return {' + '.join(args)};\n    }}\n}}\n"
    )


def _java_head(names: Sequence[tuple[str, str]], args: Sequence[Sequence[str]], call: str) -> str:
    imports = "".join(f"import yard.{noun}.{verb}_{noun};\n" for noun, verb in names)
    first, second = (", ".join(f"int {arg}" for arg in some) for some in args)
    return (
        f"yard/Report.java\n{imports}\npublic class Report {{\n    int first({first}) {{\n{call}\n    }}\n\n"
        f"    int second({second}) {{\n"
    )


def _java_call(noun: str, verb: str, args: Sequence[str]) -> str:
    return f"        return {verb}_{noun}.run({', '.join(args)});"


_python = _Style(_python_definition, _python_head, _python_call)
_java = _Style(_java_definition, _java_head, _java_call)
