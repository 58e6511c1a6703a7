"""Databases: steps that turn tables into intermediate results, as a query is built from its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from acbench.tasks.worfbench.pack.model import Plan, Step, plan, step

if TYPE_CHECKING:
    from random import Random


class Table(NamedTuple):
    name: str
    key: str
    texts: tuple[tuple[str, tuple[str, ...]], ...]
    number: str


class Pair(NamedTuple):
    """A table, one that refers to it, and the column that does."""

    left: Table
    right: Table
    link: str


PAIRS = (
    Pair(
        Table(
            "ferry",
            "ferry_id",
            (("harbour", ("Kiel", "Bergen", "Oban")), ("company", ("Nordlys", "Blue Line"))),
            "seats",
        ),
        Table(
            "crossing",
            "crossing_id",
            (("weekday", ("Monday", "Friday", "Sunday")), ("sea", ("calm", "rough"))),
            "delay",
        ),
        "ferry_id",
    ),
    Pair(
        Table(
            "farm",
            "farm_id",
            (("county", ("Kerry", "Devon", "Fife")), ("kind", ("dairy", "orchard", "mixed"))),
            "acres",
        ),
        Table(
            "harvest",
            "harvest_id",
            (("crop", ("barley", "apples", "oats")), ("season", ("spring", "autumn"))),
            "tons",
        ),
        "farm_id",
    ),
    Pair(
        Table(
            "band",
            "band_id",
            (("style", ("folk", "jazz", "ska")), ("town", ("Leeds", "Graz", "Porto"))),
            "members",
        ),
        Table(
            "concert",
            "concert_id",
            (("hall", ("Old Mill", "Arena", "Chapel")), ("month", ("May", "July"))),
            "visitors",
        ),
        "band_id",
    ),
    Pair(
        Table(
            "clinic",
            "clinic_id",
            (("region", ("north", "coast", "valley")), ("owner", ("city", "church"))),
            "beds",
        ),
        Table(
            "visit",
            "visit_id",
            (("reason", ("injury", "check-up", "fever")), ("payer", ("state", "private"))),
            "minutes",
        ),
        "clinic_id",
    ),
)
MEASURES = (("average", "average"), ("largest", "maximum"), ("total", "sum"), ("smallest", "minimum"))


def build(level: int, rng: Random) -> Plan:
    pair = rng.choice(PAIRS)
    return {1: _one_table, 2: _grouped, 3: _joined, 4: _compared}[level](rng, pair)


def _ask(question: str, *tables: tuple[Table, str]) -> str:
    return f"Task: {question}\nTables: {'; '.join(_columns(table, link) for table, link in tables)}"


def _columns(table: Table, link: str) -> str:
    names = [table.key, *(name for name, _ in table.texts), table.number]
    return f"{table.name}({', '.join([*names, link] if link else names)})"


def _condition(rng: Random, table: Table) -> tuple[str, str]:
    column, values = rng.choice(table.texts)
    return column, rng.choice(values)


def _one_table(rng: Random, pair: Pair) -> Plan:
    table = rng.choice((pair.left, pair.right))
    column, value = _condition(rng, table)
    word, function = rng.choice(MEASURES)
    steps = [
        step(f"Keep the rows of {table.name} with {column} '{value}'", gives="rows"),
        step(f"Compute the {function} of {table.number}", needs="rows", gives="value"),
    ]
    asked = f"the {word} value of {table.number}"
    question = f"What is {asked} over all entries in {table.name} whose {column} is '{value}'?"
    return plan(_ask(question, (table, "")), steps, goal="value")


def _grouped(rng: Random, pair: Pair) -> Plan:
    table = rng.choice((pair.left, pair.right))
    (first, values), (second, _) = rng.sample(table.texts, 2)
    value, (word, function) = rng.choice(values), rng.choice(MEASURES)
    steps = [
        step(f"Filter {table.name} by {first} '{value}'", gives="rows"),
        step(f"Group the filtered rows by {second}", needs="rows", gives="groups"),
        step(f"Compute the {function} of {table.number} in each group", needs="groups", gives="values"),
    ]
    limit = rng.random() < 0.5
    if limit:
        steps.append(
            step("Sort the groups downwards and return the first three", needs="values", gives="top")
        )
    asked = f"the {word} value of {table.number} for each {second}"
    question = f"What is {asked} among the entries of {table.name} with {first} '{value}'"
    question += ", and which three groups have the highest one?" if limit else "?"
    return plan(_ask(question, (table, "")), steps, goal="top" if limit else "values")


def _filters(rng: Random, pair: Pair) -> tuple[list[Step], str]:
    left, right = _condition(rng, pair.left), _condition(rng, pair.right)
    steps = [
        step(f"Select the {pair.left.name} rows with {left[0]} '{left[1]}'", gives="left rows"),
        step(f"Select the {pair.right.name} rows with {right[0]} '{right[1]}'", gives="right rows"),
        step(
            f"Join both selections on {pair.link}",
            needs="left rows|right rows",
            gives="joined",
        ),
    ]
    words = (
        f"{pair.right.name}s with {right[0]} '{right[1]}' of a {pair.left.name} with {left[0]} '{left[1]}'"
    )
    return steps, words


def _joined(rng: Random, pair: Pair) -> Plan:
    steps, words = _filters(rng, pair)
    word, function = rng.choice(MEASURES)
    number = pair.right.number
    steps.append(
        step(f"Compute the {function} of {number} over the joined rows", needs="joined", gives="value")
    )
    question = f"What is the {word} value of {number} over all {words}?"
    return plan(_ask(question, (pair.left, ""), (pair.right, pair.link)), steps, goal="value")


def _compared(rng: Random, pair: Pair) -> Plan:
    steps, words = _filters(rng, pair)
    (one, first), (two, second) = rng.sample(MEASURES, 2)
    a, b = pair.right.number, pair.left.number
    steps += [
        step(f"Compute the {first} of {a} over the joined rows", needs="joined", gives="first value"),
        step(f"Compute the {second} of {b} over the joined rows", needs="joined", gives="second value"),
        step("Return the difference of the two values", needs="first value|second value", gives="difference"),
    ]
    question = (
        f"By how much do the {one} value of {a} and the {two} value of {b} differ, taken over all {words}?"
    )
    return plan(_ask(question, (pair.left, ""), (pair.right, pair.link)), steps, goal="difference")
