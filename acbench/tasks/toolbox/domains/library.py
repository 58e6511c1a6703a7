"""Library: catalogue, members and loans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.toolbox.model import (
    NOT_FOUND,
    NOT_POSSIBLE,
    Codes,
    Handler,
    Refusal,
    State,
    Tool,
    code,
    draw,
    text,
    whole,
)
from acbench.tasks.toolbox.words import BOOKS, CITIES, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "library"
LONGEST_LOAN = 8
TOOLS = (
    Tool(
        "Library.search",
        NAME,
        "Find a book by its title.",
        (text("title", "title of the book"),),
        "book_id, author, year",
    ),
    Tool(
        "Library.branch",
        NAME,
        "Tell which branch holds a book.",
        (text("book_id", "identifier of the book"),),
        "branch, shelf",
    ),
    Tool(
        "Library.borrow",
        NAME,
        "Lend a book to a member for some weeks.",
        (
            text("book_id", "identifier of the book"),
            text("member_id", "identifier of the member"),
            whole("weeks", "length of the loan"),
        ),
        "loan_id",
    ),
    Tool(
        "Members.lookup",
        NAME,
        "Find a library member by name.",
        (text("name", "full name"),),
        "member_id, loans",
    ),
    Tool(
        "Library.opening",
        NAME,
        "Tell when the library of a city opens.",
        (text("city", "city of the library"),),
        "opens",
    ),
)


def tables(seed: int) -> dict[str, Any]:
    """Books by title, members by name."""
    codes = Codes()
    books = {
        title: {
            "book_id": codes("BO", seed, title),
            "author": author,
            "year": 1950 + draw(70, seed, "year", title),
            "branch": CITIES[draw(len(CITIES), seed, "branch", title)],
            "shelf": f"{'ABCDEF'[draw(6, seed, 'shelf', title)]}{1 + draw(40, seed, 'row', title)}",
        }
        for title, author in BOOKS
    }
    members = {
        name: {"member_id": codes("ME", seed, name), "loans": draw(5, seed, "loans", name)} for name in PEOPLE
    }
    return {"books": books, "members": members}


def _search(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    book = state.tables["books"].get(args["title"])
    if book is None:
        raise Refusal(NOT_FOUND, f"The catalogue has no book called {args['title']}.")
    state.note("book known", book_id=book["book_id"])
    return {name: book[name] for name in ("book_id", "author", "year")}


def _branch(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    book = _book(state, args["book_id"])
    state.note("branch known", book_id=book["book_id"])
    return {"branch": book["branch"], "shelf": book["shelf"]}


def _borrow(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    book = _book(state, args["book_id"])
    if args["member_id"] not in [member["member_id"] for member in state.tables["members"].values()]:
        raise Refusal(NOT_FOUND, f"{args['member_id']} is no member.")
    if not 1 <= args["weeks"] <= LONGEST_LOAN:
        raise Refusal(NOT_POSSIBLE, f"Books are lent for 1 to {LONGEST_LOAN} weeks, not {args['weeks']}.")
    state.note("book lent", book_id=book["book_id"], member_id=args["member_id"], weeks=args["weeks"])
    return {"loan_id": code("LN", book["book_id"], args["member_id"])}


def _member(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    member = state.tables["members"].get(args["name"])
    if member is None:
        raise Refusal(NOT_FOUND, f"{args['name']} is not a member.")
    state.note("member known", member_id=member["member_id"])
    return dict(member)


def _opening(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if args["city"] not in CITIES:
        raise Refusal(NOT_FOUND, f"There is no library in {args['city']}.")
    state.note("opening known", city=args["city"])
    return {"opens": ("08:00", "09:00", "10:00")[draw(3, args["city"])]}


def _book(state: State, wanted: str) -> dict[str, Any]:
    for book in state.tables["books"].values():
        if book["book_id"] == wanted:
            return dict(book)
    raise Refusal(NOT_FOUND, f"{wanted} is no book of this library.")


HANDLERS: dict[str, Handler] = {
    "Library.search": _search,
    "Library.branch": _branch,
    "Library.borrow": _borrow,
    "Members.lookup": _member,
    "Library.opening": _opening,
}
