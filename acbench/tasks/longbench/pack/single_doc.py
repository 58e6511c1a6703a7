"""Questions about one English text: a story, an article, a register (single-document sets)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from acbench.tasks.longbench.pack.building import Draft, fresh, joined
from acbench.tasks.longbench.pack.words import HIDING_PLACES, MONTHS, PEOPLE, THINGS, prose

if TYPE_CHECKING:
    from acbench.tasks.longbench.pack.draws import Draws

SYSTEMS = (
    "Marlin",
    "Osprey",
    "Tern",
    "Petrel",
    "Gannet",
    "Curlew",
    "Avocet",
    "Dunlin",
    "Whimbrel",
    "Sanderling",
)
CORPORA = (
    "Tarn",
    "Moorland",
    "Estuary",
    "Saltmarsh",
    "Headland",
    "Lagoon",
    "Shingle",
    "Fjord",
    "Cove",
    "Delta",
)
MEASURES = ("an accuracy", "a recall", "a precision", "an F1 score")
PURPOSES = (
    *("mooring a barge", "keeping bees", "selling cider", "grazing sheep", "felling ash trees"),
    *("running a ferry", "digging peat", "drying herring", "holding a fair", "quarrying slate"),
)
DULL_SENTENCES = (
    "We repeat every run {} times and report the mean.",
    "Section {} describes how the annotators were chosen.",
    "The appendix lists all {} settings that were tried.",
    "Earlier work compared {} other ways to split long sentences.",
    "Training took {} hours on one machine.",
    "We removed {} documents that occurred more than once.",
    "Figure {} shows how the error changes with the size of the vocabulary.",
    "A group of {} readers judged the outputs by hand.",
)


def story(draws: Draws, *, hard: bool, index: int) -> Draft:
    """Where something was hidden; hard: who has it after it was passed on."""
    del index
    people, things = draws.some(PEOPLE, 12), draws.some(THINGS, 8)
    thing = things[0]

    def hiding(person: str, what: str, where: str) -> str:
        return f"{person} hid the {what} {where}, and told nobody about it."

    def passing(giver: str, what: str, taker: str) -> str:
        return f"{giver} gave the {what} to {taker}."

    def distraction() -> str:
        if draws.chance(0.6):
            return prose(draws, draws.between(1, 3))
        what = draws.pick(things[1:])
        if draws.chance(0.5):
            giver, taker = draws.some(people, 2)
            return passing(giver, what, taker)
        return hiding(draws.pick(people[4:]), what, draws.pick(HIDING_PLACES))

    filler = fresh(distraction)
    if hard:
        chain = people[: draws.between(3, 4)]
        planted = tuple(passing(a, thing, b) for a, b in pairwise(chain))
        question = f"Who has the {thing} at the end of the story?"
        return Draft(planted, filler, joined(question, [chain[-1]], between=" "), label=" ")
    where = draws.pick(HIDING_PLACES)
    question = f"Where did {people[0]} hide the {thing}?"
    return Draft(
        (hiding(people[0], thing, where),), filler, joined(question, [where], between=" "), label=" "
    )


def article(draws: Draws, *, hard: bool, index: int) -> Draft:
    """A value, a yes or no, or nothing at all; hard: the same system stands with many other corpora."""
    systems, corpora = draws.some(SYSTEMS, 5), draws.some(CORPORA, 8)
    system, corpus, measure = systems[0], corpora[0], draws.pick(MEASURES)

    def value(who: str, where: str) -> str:
        number = f"{draws.between(30, 95)}.{draws.between(0, 9)}"
        return f"On the {where} corpus, {who} reached {measure} of {number} per cent."

    def training(who: str, where: str, *, was: bool) -> str:
        return f"{who} was {'' if was else 'not '}trained on the {where} corpus."

    given: set[tuple[str, str, bool]] = {(system, corpus, True), (system, corpus, False)}

    def distraction() -> str:
        pair = draws.pick(systems if hard else systems[1:]), draws.pick(corpora), draws.chance(0.5)
        if draws.chance(0.6) or pair in given:
            return draws.pick(DULL_SENTENCES).format(draws.between(2, 99))
        given.add(pair)  # one statement about each pair, or the article would contradict itself
        return value(*pair[:2]) if pair[2] else training(*pair[:2], was=draws.chance(0.5))

    noun = measure.split(" ", 1)[1]
    if index // 2 % 3 == 1:
        was = draws.chance(0.5)
        question = f"Was {system} trained on the {corpus} corpus?"
        planted, answer = training(system, corpus, was=was), "yes" if was else "no"
    else:
        question = f"Which {noun} did {system} reach on the {corpus} corpus?"
        if index // 2 % 3 == 0:
            planted = value(system, corpus)
            answer = planted.removesuffix(".").rsplit(" of ", 1)[1]
        else:
            given.add((system, corpora[1], True))
            planted, answer = value(system, corpora[1]), "unanswerable"
    return Draft(
        (planted,), fresh(distraction, (planted,)), joined(question, [answer], between=" "), label=" "
    )


def register(draws: Draws, *, hard: bool, index: int) -> Draft:
    """A register of permits: who holds a number; hard: until when somebody's permit for something is valid."""
    del index
    people, purposes = draws.some(PEOPLE, 10), draws.some(PURPOSES, 6)
    number, person, purpose = draws.between(1000, 9999), people[0], purposes[0]
    numbers, pairs = {number}, {(person, purpose)}

    def entry(no: int, who: str, what: str) -> str:
        until = f"{draws.between(1, 28)} {draws.pick(MONTHS)} {draws.between(1951, 1989)}"
        return f"Permit {no}. Holder: {who}. For: {what}. Fee: {draws.between(2, 90)} crowns. Valid until {until}."

    def distraction() -> str:
        no, who, what = draws.between(1000, 9999), draws.pick(people), draws.pick(purposes)
        if no in numbers or (who, what) in pairs or draws.chance(0.35):
            return prose(draws, draws.between(1, 2))
        numbers.add(no)
        pairs.add((who, what))
        return entry(no, who, what)

    planted = entry(number, person, purpose)
    if hard:
        question = f"Until when is the permit of {person} for {purpose} valid?"
        answer = planted.removesuffix(".").rsplit("until ", 1)[1]
    else:
        question, answer = f"Who holds permit {number}?", person
    return Draft((planted,), fresh(distraction), joined(question, [answer], between="\n"), label="\n")
