"""Questions about papers and authors. Answers are read off the invented graphs themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.data.academia_world import academia_world
from acbench.tasks.tools.data.drafts import Draft

if TYPE_CHECKING:
    from random import Random

FEW = ("paperNodeCheck", "authorNodeCheck")
HALF = ("loadPaperNet", "loadAuthorNet", "neighbourCheck", "paperNodeCheck", "authorNodeCheck")
PAPERS: tuple[str, dict[str, Any]] = ("loadPaperNet", {})
AUTHORS: tuple[str, dict[str, Any]] = ("loadAuthorNet", {})
Plan = list[tuple[str, dict[str, Any]]]


def draw(rng: Random, level: int, seed: int) -> Draft:
    return rng.choice({1: _EASY, 2: _MIDDLE, 3: _HARD}[level])(_Shelf(rng, seed))


class _Shelf:
    def __init__(self, rng: Random, seed: int) -> None:
        self.rng = rng
        self.world: dict[str, Any] = {"seed": seed}
        graphs = academia_world(seed)
        self.papers, self.authors = graphs["PaperNet"], graphs["AuthorNet"]

    def loaded(self, name: str) -> dict[str, Any]:
        """The world with one graph loaded before the first turn."""
        return {**self.world, "loaded": [name]}

    def paper(self, least_authors: int = 1) -> str:
        return self.rng.choice(
            [title for title, facts in self.papers.nodes.items() if len(facts["authors"]) >= least_authors]
        )

    def author(self, least_friends: int = 1) -> str:
        return self.rng.choice(
            [name for name in self.authors.nodes if len(self.authors.edges[name]) >= least_friends]
        )

    def friends(self, author: str) -> set[str]:
        return set(self.authors.edges[author])

    def fact(self, paper: str, field: str) -> Any:
        return self.papers.nodes[paper][field]


def _paper(title: str) -> tuple[str, dict[str, Any]]:
    return "paperNodeCheck", {"node": title}


def _author(name: str) -> tuple[str, dict[str, Any]]:
    return "authorNodeCheck", {"node": name}


def _near(graph: str, node: str) -> tuple[str, dict[str, Any]]:
    return "neighbourCheck", {"graph": graph, "node": node}


_FACTS = (
    ("In which year was the paper '{}' published? Answer with a number.", "year"),
    ("How many citations does the paper '{}' have? Answer with a number.", "n_citation"),
    ("In which venue was the paper '{}' published? Answer with the venue.", "venue"),
    ("Who wrote the paper '{}'? Answer with a list of names.", "authors"),
)


def _fact_loaded(shelf: _Shelf) -> Draft:
    paper = shelf.paper()
    goal, field = shelf.rng.choice(_FACTS[:3])
    return Draft(
        goal.format(paper), shelf.loaded("PaperNet"), [_paper(paper)], shelf.fact(paper, field), (0,), FEW
    )


def _home_loaded(shelf: _Shelf) -> Draft:
    author = shelf.author()
    goal = f"At which organisation is the author {author}? Answer with its name."
    home = shelf.authors.nodes[author]["org"]
    return Draft(goal, shelf.loaded("AuthorNet"), [_author(author)], home, (0,), FEW)


def _fact(shelf: _Shelf) -> Draft:
    paper = shelf.paper()
    goal, field = shelf.rng.choice(_FACTS)
    return Draft(
        goal.format(paper), shelf.world, [PAPERS, _paper(paper)], shelf.fact(paper, field), (0, 1), HALF
    )


def _home(shelf: _Shelf) -> Draft:
    author = shelf.author()
    goal = f"At which organisation is the author {author}? Answer with its name."
    home = shelf.authors.nodes[author]["org"]
    return Draft(goal, shelf.world, [AUTHORS, _author(author)], home, (0, 1), HALF)


def _friends(shelf: _Shelf) -> Draft:
    author = shelf.author()
    goal = f"How many different co-authors does {author} have in the AuthorNet? Answer with a number."
    plan: Plan = [AUTHORS, _near("AuthorNet", author)]
    return Draft(goal, shelf.world, plan, len(shelf.friends(author)), (0, 1), HALF)


def _mutual(shelf: _Shelf) -> Draft:
    first = shelf.author(3)
    second = shelf.rng.choice(sorted(shelf.friends(first)))
    goal = f"How many co-authors do {first} and {second} have in common? Answer with a number."
    plan: Plan = [AUTHORS, _near("AuthorNet", first), _near("AuthorNet", second)]
    answer = len(shelf.friends(first) & shelf.friends(second))
    return Draft(goal, shelf.world, plan, answer, (0, 1, 2))


def _same_home(shelf: _Shelf) -> Draft:
    author = shelf.author(3)
    homes = {name: facts["org"] for name, facts in shelf.authors.nodes.items()}
    near = list(shelf.authors.edges[author])
    same = sorted(name for name in near if homes[name] == homes[author])
    if not same:
        return _mutual(shelf)
    goal = (
        f"Which co-authors of {author} are at the same organisation as {author}? Answer with a list of names."
    )
    plan: Plan = [AUTHORS, _author(author), _near("AuthorNet", author), *map(_author, near)]
    return Draft(goal, shelf.world, plan, same, tuple(range(3)))


def _first_home(shelf: _Shelf) -> Draft:
    paper = shelf.paper(2)
    author = shelf.fact(paper, "authors")[0]
    goal = f"At which organisation is the first author of the paper '{paper}'? Answer with its name."
    plan: Plan = [PAPERS, _paper(paper), AUTHORS, _author(author)]
    return Draft(goal, shelf.world, plan, shelf.authors.nodes[author]["org"], (0, 1, 2, 3))


def _older(shelf: _Shelf) -> Draft:
    first, second = shelf.paper(), shelf.paper()
    while shelf.fact(first, "year") == shelf.fact(second, "year"):
        second = shelf.paper()
    older = min(first, second, key=lambda paper: shelf.fact(paper, "year"))
    goal = f"Which paper was published first, '{first}' or '{second}'? Answer with the title."
    plan: Plan = [PAPERS, _paper(first), _paper(second)]
    return Draft(goal, shelf.world, plan, older, (0, 1, 2))


def _shared_papers(shelf: _Shelf) -> Draft:
    first, second = shelf.rng.sample(sorted(shelf.fact(shelf.paper(2), "authors")), 2)
    shared = shelf.authors.edges[first][second]["collaborative_papers"]
    newest = max(shelf.fact(paper, "year") for paper in shared)
    goal = f"In which year did {first} and {second} publish a paper together for the last time? Answer with a number."
    edge = ("authorEdgeCheck", {"node1": first, "node2": second})
    plan: Plan = [AUTHORS, edge, PAPERS, *map(_paper, shared)]
    return Draft(goal, shelf.world, plan, newest, tuple(range(len(plan))))


_EASY = (_fact_loaded, _home_loaded)
_MIDDLE = (_fact, _home, _friends)
_HARD = (_mutual, _same_home, _first_home, _older, _shared_papers)
