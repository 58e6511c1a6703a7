"""Two invented graphs: 400 papers that cite each other and 250 authors who write together."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from random import Random
from typing import Any

from acbench.tasks.tools.academia import Graph

PAPERS, AUTHORS = 400, 250
MOST_CITED = 6

_FIRST = (
    *("Aiko", "Anton", "Bela", "Carmen", "Dmitri", "Elin", "Farid", "Gloria", "Hannah", "Igor"),
    *("Jin", "Karim", "Lucia", "Marek", "Nadia", "Oscar", "Priya", "Quentin", "Rania", "Soren"),
    *("Tariq", "Uma", "Viktor", "Wen", "Yara"),
)
_LAST = (
    *("Abe", "Bauer", "Costa", "Duval", "Engel", "Fischer", "Garcia", "Haas", "Ito", "Jensen"),
    *("Kovacs", "Lund", "Meyer", "Nakamura", "Oduya", "Pereira", "Qureshi", "Rao", "Silva", "Toth"),
    *("Ursu", "Vogel", "Wang", "Yilmaz", "Zhao"),
)
_ORGANISATIONS = (
    *("Baltic Technical University", "Coastal Institute of Computing", "Delta Research Laboratory"),
    *("Highland University", "Institute for Applied Learning", "Lakeside College", "Northern Polytechnic"),
    *("Riverside University", "Southern Data Centre", "University of the Plains"),
)
_VENUES = (
    *("Annals of Practical Learning", "Conference on Careful Inference", "Journal of Graph Matters"),
    *("Letters on Robust Systems", "Meeting on Language and Data", "Workshop on Small Models"),
)
_METHODS = (
    *("Sparse", "Robust", "Causal", "Federated", "Hierarchical", "Contrastive", "Bayesian"),
    *("Modular", "Adaptive", "Weighted", "Stochastic", "Compact"),
)
_THINGS = (
    "Attention",
    "Clustering",
    "Embeddings",
    "Forecasting",
    "Hashing",
    "Matching",
    "Pruning",
    "Ranking",
)
_FIELDS = (
    *(
        "Crowded Streets",
        "Medical Images",
        "Molecular Graphs",
        "Noisy Sensors",
        "Old Manuscripts",
        "Power Grids",
    ),
    *(
        "Recommender Logs",
        "River Levels",
        "Short Texts",
        "Spoken Dialogue",
        "Traffic Networks",
        "Warehouse Robots",
    ),
)
_KEYWORDS = (
    *(
        "clustering",
        "efficiency",
        "forecasting",
        "graphs",
        "images",
        "language",
        "privacy",
        "robustness",
        "sensors",
    ),
    *("sparsity", "speech", "theory"),
)


@lru_cache(maxsize=8)
def academia_world(seed: int) -> dict[str, Graph]:
    """PaperNet and AuthorNet; equal seeds give equal worlds. Collaborations follow from the papers."""
    rng = Random(f"acbench academia world {seed}")
    authors = _authors(rng)
    papers = _papers(rng, list(authors))
    cited = _citations(rng, list(papers))
    for _, paper in cited:
        papers[paper]["n_citation"] += 1
    paper_edges = [(citing, paper, {"weight": 1}) for citing, paper in cited]
    return {"PaperNet": Graph(papers, paper_edges), "AuthorNet": Graph(authors, _together(papers))}


def _authors(rng: Random) -> dict[str, dict[str, Any]]:
    """Some share a name: the second one is told apart by ``_2``."""
    names = rng.sample([f"{first} {last}" for first in _FIRST for last in _LAST], AUTHORS - 12)
    names += [f"{name}_2" for name in rng.sample(names, 12)]
    return {name: {"name": name, "org": rng.choice(_ORGANISATIONS)} for name in names}


def _papers(rng: Random, authors: list[str]) -> dict[str, dict[str, Any]]:
    titles = [f"{method} {thing} for {use}" for method in _METHODS for thing in _THINGS for use in _FIELDS]
    papers: dict[str, dict[str, Any]] = {}
    for title in rng.sample(titles, PAPERS):
        # Groups of authors that sit close together write together often.
        start = rng.randrange(AUTHORS)
        group = [authors[(start + step) % AUTHORS] for step in range(9)]
        papers[title] = {
            "authors": rng.sample(group, rng.randrange(1, 5)),
            "year": rng.randrange(2005, 2024),
            "venue": rng.choice(_VENUES),
            "n_citation": rng.randrange(40),
            "keywords": sorted(rng.sample(_KEYWORDS, rng.randrange(2, 5))),
            "doc_type": rng.choice(("Conference", "Journal")),
        }
    return dict(sorted(papers.items(), key=lambda entry: entry[1]["year"]))


def _citations(rng: Random, titles: list[str]) -> list[tuple[str, str]]:
    """(citing, cited) with the cited paper earlier in the list."""
    found = []
    for number, citing in enumerate(titles[1:], 1):
        earlier = rng.sample(range(number), min(number, rng.randrange(1, MOST_CITED)))
        found += [(citing, titles[index]) for index in sorted(earlier)]
    return found


def _together(papers: dict[str, dict[str, Any]]) -> list[tuple[str, str, dict[str, Any]]]:
    titles: dict[tuple[str, str], list[str]] = {}
    for title, facts in papers.items():
        for pair in combinations(sorted(facts["authors"]), 2):
            titles.setdefault(pair, []).append(title)
    return [
        (first, second, {"weight": len(shared), "collaborative_papers": shared})
        for (first, second), shared in sorted(titles.items())
    ]
