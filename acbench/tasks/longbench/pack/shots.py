"""Solved examples and one unsolved: question types, answers, dialogues (English few-shot sets)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.longbench.pack.building import Draft, Item, fresh
from acbench.tasks.longbench.pack.words import FIRST, PEOPLE, THINGS, TOWNS, prose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.tasks.longbench.pack.draws import Draws

EASY_FRAMES: dict[str, str] = {
    "Person": "Who was the first owner of the {thing} from {town} ?",
    "Place": "Where can visitors see the {thing} that {person} made ?",
    "Day or year": "When did {person} move to {town} ?",
    "Distance": "How far does one have to walk from {town} to the house of {person} ?",
    "Sum of money": "How much did the council of {town} pay for the {thing} ?",
    "Reason": "Why would {person} never sell the {thing} ?",
}
HARD_FRAMES: dict[str, str] = {
    "Person": "What is the name of the merchant who lent the {thing} to {town} ?",
    "Place": "What village is the home of the {thing} carved by {person} ?",
    "Day or year": "What year saw the arrival of {person} in {town} ?",
    "Distance": "What stretch of road lies between {town} and the farm of {person} ?",
    "Sum of money": "What price did the people of {town} ask for their {thing} ?",
    "Reason": "What made {person} throw away the {thing} ?",
}
LABELS = tuple(EASY_FRAMES)
PRIZES = ("Heron Prize", "Lantern Medal", "Granite Cup", "Willow Ribbon", "Anchor Award")
FAVOURS = (
    *("feed the cat", "water the plants", "buy some bread", "pick up the parcel", "fix the bike"),
    *("return the library books", "call the dentist", "bring the tent", "print the tickets", "bake a cake"),
)
TIMES = ("tonight", "tomorrow morning", "on Friday", "at noon", "next week", "on Sunday", "after work")
DUTIES = (
    "visit an aunt",
    "work late",
    "study for an exam",
    "go to the garage",
    "catch a train",
    "look after a child",
)
CHAT = (
    *("How are you?", "All good here!", "Did you sleep well?", "It rains again.", "Haha", "Long day..."),
    *("I saw the match.", "The tram was full.", "My phone is nearly empty.", "So tired today."),
)


def _examples(
    tail: str, answer: str, classes: Sequence[str] | None = None
) -> Callable[[Sequence[str]], Item]:
    def finish(blocks: Sequence[str]) -> Item:
        return Item("\n".join(blocks), tail, (answer,), tuple(classes) if classes else None)

    return finish


def question_types(draws: Draws, *, hard: bool, index: int) -> Draft:
    """The type of a question; hard: all questions begin with the same word."""
    del index
    frames = HARD_FRAMES if hard else EASY_FRAMES

    def ask(label: str) -> str:
        question = frames[label].format(
            thing=draws.pick(THINGS), town=draws.pick(TOWNS), person=draws.pick(PEOPLE)
        )
        return f"Question: {question}\nType:"

    label = draws.pick(LABELS)
    target = ask(label)
    shown = [label, *draws.some([name for name in LABELS if name != label], 2)]
    planted = tuple(f"{ask(name)} {name}" for name in draws.some(shown, len(shown)))

    def distraction() -> str:
        name = draws.pick(LABELS)
        return f"{ask(name)} {name}"

    return Draft(
        planted, fresh(distraction, [f"{target} {label}"]), _examples(target, label, LABELS), label="\n"
    )


def answered(draws: Draws, *, hard: bool, index: int) -> Draft:
    """Who won a prize in a year, by the passage of the last example; hard: more prizes in each passage."""
    del index

    def example() -> tuple[str, str]:
        people = draws.some(PEOPLE, 3 if hard else 2)
        prize, years = draws.pick(PRIZES), draws.some(range(1901, 1999), len(people))
        facts = [f"The {prize} of {year} went to {who}." for who, year in zip(people, years, strict=True)]
        passage = " ".join(f"{fact} {prose(draws, draws.below(2))}".strip() for fact in facts)
        which = draws.below(len(people))
        return (
            f"Passage:\n{passage}\nQuestion:\nWho received the {prize} of {years[which]}?\nAnswer:",
            people[which],
        )

    target, answer = example()
    return Draft((), lambda: "\n".join(example()), _examples(target, answer), label="\n")


def dialogues(draws: Draws, *, hard: bool, index: int) -> Draft:
    """What one asks of the other and whether it is done; hard: it is refused for something else."""
    del index

    def example(*, refused: bool) -> tuple[str, str]:
        asker, friend = draws.some(FIRST, 2)
        favour, time, duty = draws.pick(FAVOURS), draws.pick(TIMES), draws.pick(DUTIES)
        reply = f"Sorry, I have to {duty}." if refused else "Sure, I will do it."
        end = f"{friend} refuses and has to {duty}." if refused else f"{friend} agrees."
        lines = [
            f"{asker}: {draws.pick(CHAT)}",
            f"{friend}: {draws.pick(CHAT)}",
            f"{asker}: Can you {favour} {time}?",
            f"{friend}: {reply}",
        ]
        dialogue = "\n".join(lines)
        return f"Dialogue: {dialogue}\nSummary: ", f"{asker} asks {friend} to {favour} {time}. {end}"

    target, answer = example(refused=hard)
    shown = tuple("".join(example(refused=refused)) for refused in (True, False))
    filler = fresh(lambda: "".join(example(refused=draws.chance(0.5))))
    return Draft(shown, filler, _examples(target, answer), label="\n")
