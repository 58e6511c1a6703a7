"""Questions that need several passages: bridges, comparisons, chains (multi-document sets)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.longbench.pack.building import Draft, fresh, joined
from acbench.tasks.longbench.pack.words import COUNTIES, LAST, PEOPLE, TOWNS, WOMEN

if TYPE_CHECKING:
    from acbench.tasks.longbench.pack.draws import Draws

WORKS = ("Bridge", "Viaduct", "Lighthouse", "Observatory", "Theatre", "Dam")
TRADES = ("an engineer", "a painter", "a surveyor", "a botanist", "a clockmaker", "a printer")
PASSAGE = "Passage #:\n"
PICTURES = (
    "Harvest",
    "Regatta",
    "Winter Road",
    "Two Sisters",
    "Lime Kiln",
    "Toll Bridge",
    "Last Ferry",
    "Weir",
)


def bridge(draws: Draws, *, hard: bool, index: int) -> Draft:
    """Which of two works is older; hard: where the designer of a work was born."""
    del index
    works = [f"{name} {draws.pick(WORKS)}" for name in draws.some(LAST, 20)]
    people = draws.some(PEOPLE, 20)
    years = draws.some(range(1801, 1990), 20)
    towns = [draws.pick(TOWNS) for _ in people]

    def work(i: int) -> str:
        return (
            f"{works[i]}\nThe {works[i]} stands near {draws.pick(TOWNS)}. "
            f"It was designed by {people[i]} and opened in {years[i]}."
        )

    def person(i: int) -> str:
        life = f"was born in {towns[i]} and died in {draws.pick(TOWNS)}"
        return f"{people[i]}\n{people[i]}, {draws.pick(TRADES)}, {life}."

    rest = draws.some(range(2, 20), 18)
    others = iter([make(i) for i in rest for make in (work, person)])

    def distraction() -> str:
        return next(others, None) or _village(draws)

    if hard:
        question, answer = f"In which town was the designer of the {works[0]} born?", towns[0]
        planted = (work(0), person(0))
    else:
        question = f"Which was opened first, the {works[0]} or the {works[1]}?"
        answer = works[0] if years[0] < years[1] else works[1]
        planted = (work(0), work(1))
    if draws.chance(0.5):
        planted = planted[::-1]
    return Draft(
        planted, fresh(distraction), joined(question, [answer], label=PASSAGE), label="\n\n" + PASSAGE
    )


def _village(draws: Draws) -> str:
    name = f"{draws.pick(LAST)}{draws.pick(('ton', 'ham', 'by', 'wick', 'field', 'stead', 'mouth', 'dale'))}"
    return (
        f"{name}\n{name} is a hamlet in {draws.pick(COUNTIES)}. At the last count it had "
        f"{draws.between(40, 9000)} inhabitants and {draws.between(2, 90)} farms."
    )


def comparison(draws: Draws, *, hard: bool, index: int) -> Draft:
    """Whether two villages lie in one county; hard: who somebody's grandmother was."""
    del index
    people = draws.some([name for name in PEOPLE if name.split()[0] in WOMEN], 40)
    towns = draws.some(TOWNS, len(TOWNS))
    if hard:
        planted = (_parent(draws, people[0], people[1]), _parent(draws, people[1], people[2], older=1))
        question = f"Who was the grandmother of {people[0]} on the mother's side?"
        answer = people[2]
        pairs = iter([(people[i], people[i + 1], i % 3) for i in range(3, 39) if i % 3 < 2])
    else:
        first, second = towns[:2]
        county = draws.pick(COUNTIES)
        same = draws.chance(0.5)
        other = county if same else draws.pick([name for name in COUNTIES if name != county])
        planted = (_place(draws, first, county), _place(draws, second, other))
        question = f"Do {first} and {second} lie in the same county?"
        answer = "yes" if same else "no"
        pairs = iter([(people[i], people[i + 1], 0) for i in range(0, 39, 2)])

    places = iter(towns[2:])

    def distraction() -> str:
        if draws.chance(0.5) and (pair := next(pairs, None)):
            child, mother, older = pair
            return _parent(draws, child, mother, older=older)
        place = next(places, None) if draws.chance(0.5) else None
        return _place(draws, place, draws.pick(COUNTIES)) if place else _village(draws)

    if draws.chance(0.5):
        planted = planted[::-1]
    finish = joined(question, [answer], label=PASSAGE)
    return Draft(planted, fresh(distraction), finish, label="\n\n" + PASSAGE)


def _parent(draws: Draws, child: str, mother: str, *, older: int = 0) -> str:
    """``older``: generations before the youngest, so that no mother is younger than her child."""
    return (
        f"{child}\n{child} (born {draws.between(1961, 1970) - 30 * older}) was {draws.pick(TRADES)}. "
        f"The mother of {child} was {mother}."
    )


def _place(draws: Draws, name: str, county: str) -> str:
    return f"{name}\n{name} is a village in {county}. It has {draws.between(100, 9000)} inhabitants."


def chain(draws: Draws, *, hard: bool, index: int) -> Draft:
    """Three passages in a row lead to a year; hard: a fourth leads to a county."""
    del index
    n = 12
    pictures = [f"{draws.pick(PICTURES)} at {town}" for town in draws.some(TOWNS, n)]
    museums = [f"{name} Museum" for name in draws.some(LAST, n)]
    societies = [f"{name} Society" for name in draws.some(LAST, n)]
    towns = draws.some(TOWNS, n)
    counties = [draws.pick(COUNTIES) for _ in range(n)]
    years = draws.some(range(1801, 1990), n)

    def passages(i: int) -> list[str]:
        found = [
            f"{pictures[i]}\nThe painting {pictures[i]} is kept in the {museums[i]}.",
            f"{museums[i]}\nThe {museums[i]} belongs to the {societies[i]}.",
            f"{societies[i]}\nThe {societies[i]} was founded in {towns[i]} in {years[i]}.",
        ]
        return [*found, f"{towns[i]}\n{towns[i]} is a town in {counties[i]}."] if hard else found

    society = f"society that owns the museum where the painting {pictures[0]} is kept"
    if hard:
        question, answer = f"In which county is the town where the {society} was founded?", counties[0]
    else:
        question, answer = f"In which year was the {society} founded?", str(years[0])
    others = iter(
        draws.some([text for i in range(1, n) for text in passages(i)], (n - 1) * (4 if hard else 3))
    )

    def distraction() -> str:
        return next(others, None) or _village(draws)

    planted = tuple(draws.some(passages(0), 4 if hard else 3))
    finish = joined(question, [answer], label=PASSAGE)
    return Draft(planted, fresh(distraction), finish, label="\n\n" + PASSAGE)
