"""Texts whose summary is known, because its facts were planted: report, meeting, news (summarization sets)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.longbench.pack.building import Draft, fresh, joined
from acbench.tasks.longbench.pack.words import FIRST, MONTHS, TOWNS, prose

if TYPE_CHECKING:
    from acbench.tasks.longbench.pack.draws import Draws

OFFICES = ("harbour office", "road board", "forest service", "grain agency", "canal office", "school agency")
FAULTS = (
    *("paid {} bills twice", "lost {} contracts", "kept no record of {} inspections", "left {} posts vacant"),
    *("answered {} letters late", "bought {} vehicles without a tender", "closed {} branches without notice"),
)
REMEDIES = (
    *("publish its accounts every quarter", "train its inspectors", "number every contract"),
    *("appoint a second auditor", "keep one central register", "ask for three offers each time"),
)
TOPICS = (
    *("casing", "battery", "remote control", "price list", "opening hours", "newsletter", "archive"),
    *("website", "uniform", "car park", "canteen", "training day"),
)
DECISIONS = (
    *("use a cheaper material", "wait until autumn", "ask two more suppliers", "test it with ten customers"),
    *("cut the budget by half", "hire a specialist", "keep the old version", "start with a small series"),
)
REASONS = (
    *(
        "the budget is tight",
        "the customers asked for it",
        "the deadline is near",
        "the old one keeps breaking",
    ),
    *("nobody uses it much", "the rules have changed", "a rival did the same", "the supplier has doubts"),
)
DUTIES = (
    *("write a draft", "call the supplier", "collect the figures", "prepare a sketch", "book a room"),
    *("speak to the lawyers", "make a prototype", "check the contract"),
)
SMALL_TALK = (
    *("Could you say that again, please?", "I have nothing to add.", "Let us move on.", "That sounds fine."),
    *("We are running late.", "Sorry, I was not listening.", "Is there any coffee left?", "Good point."),
    *("I will send it round later.", "Can everybody see the slide?", "Hm, maybe.", "Right."),
)
EVENTS = ("flood", "storm", "fire", "landslide", "blizzard", "earthquake")
VOICES = (
    *("A baker said that the street had never been so quiet.", "Neighbours shared soup and blankets."),
    *("Reporters were asked to stay behind the barrier.", "Many called relatives during the night."),
    *("An old man compared it with his childhood.", "Schools will decide tomorrow whether to open."),
    *("A choir cancelled its concert.", "The weather office had no comment."),
)


def report(draws: Draws, *, hard: bool, index: int) -> Draft:
    """Findings and a recommendation of an audit; hard: more of them."""
    del index
    office = draws.pick(OFFICES)
    faults = [fault.format(draws.between(3, 90)) for fault in draws.some(FAULTS, 4 if hard else 2)]
    facts = [f"The audit found that the {office} {fault}." for fault in faults]
    facts.append(f"The auditors recommend that the {office} should {draws.pick(REMEDIES)}.")
    return Draft(
        tuple(facts),
        fresh(lambda: prose(draws, draws.between(1, 3))),
        joined("", [" ".join(facts)], between="\n"),
        label="\n",
    )


def meeting(draws: Draws, *, hard: bool, index: int) -> Draft:
    """What a meeting decided on one topic, why, and who does what; hard: other topics are decided as well."""
    del index
    topics, people = draws.some(TOPICS, 6), draws.some(FIRST, 5)

    def turns(topic: str) -> tuple[tuple[str, str, str], str]:
        first, second, third = draws.some(people, 3)
        decision, reason, duty = draws.pick(DECISIONS), draws.pick(REASONS), draws.pick(DUTIES)
        said = (
            f"{first}: On the {topic}, I propose that we {decision}.",
            f"{second}: I am for that on the {topic}, because {reason}.",
            f"{first}: Then {third} will {duty} for the {topic}.",
        )
        return (
            said,
            f"On the {topic}, the group decided to {decision}, because {reason}. {third} will {duty}.",
        )

    planted, answer = turns(topics[0])
    others = iter([turn for topic in topics[1:] for turn in turns(topic)[0]] if hard else [])

    def distraction() -> str:
        other = next(others, None) if draws.chance(0.4) else None
        if other:
            return other
        talk = draws.pick(SMALL_TALK) if draws.chance(0.5) else prose(draws)
        return f"{draws.pick(people)}: {talk}"

    question = f"What did the group decide about the {topics[0]}, why, and who does what?"
    return Draft(planted, distraction, joined(question, [answer], between="\n"), label="\n")


def news(draws: Draws, *, hard: bool, index: int) -> Draft:
    """An event over several articles, a fact in each; hard: five facts instead of three."""
    del index
    town, event = draws.pick(TOWNS), draws.pick(EVENTS)
    date = f"{draws.between(1, 28)} {draws.pick(MONTHS)}"
    facts = [
        f"A {event} struck {town} on {date}.",
        f"In {town}, {draws.between(20, 900)} people had to leave their homes.",
        f"The council of {town} promised {draws.between(2, 80)},000 crowns for repairs.",
    ]
    if hard:
        facts.append(f"Trains to {town} will not run for {draws.between(2, 9)} days.")
        facts.append(f"The hospital of {town} treated {draws.between(3, 60)} people.")
    planted = tuple(f"{fact} {draws.pick(VOICES)}" for fact in facts)

    def distraction() -> str:
        return " ".join([draws.pick(VOICES), prose(draws, draws.between(0, 2))]).strip()

    finish = joined("", [" ".join(facts)], label="Passage #:\n", between="\n")
    return Draft(planted, fresh(distraction), finish, label="\nPassage 10:\n")
