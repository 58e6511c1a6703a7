"""The six sites: their content, their links, and what changes when something is sent."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from acbench.tasks.webarena.sites import NAMES, Sites
from acbench.tasks.webarena.sites.forum import ACCOUNT, PASSWORD
from acbench.tasks.webarena.tree import Page, Redirect, Request, select

if TYPE_CHECKING:
    from acbench.tasks.webarena.browser import Site

SEEDS = (1, 2, 3)


def site(name: str, seed: int = 1) -> Any:
    return getattr(Sites(seed), name)


def get(shown: Site, path: str, **query: str) -> Page:
    answer = shown.respond(Request(path, query=query))
    assert isinstance(answer, Page), f"{path} leads on to {answer}"
    return answer


def post(shown: Site, path: str, **form: str) -> str:
    """Sends a form; where it leads."""
    answer = shown.respond(Request(path, "post", form=form))
    assert isinstance(answer, Redirect), answer
    return answer.path


def crawl(shown: Site) -> dict[str, Page]:
    """All pages that links lead to from the start page, by path with query."""
    found: dict[str, Page] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        bare, _, query = path.partition("?")
        pairs = dict(pair.split("=") for pair in query.split("&")) if query else {}
        answer = shown.respond(Request(bare, query=pairs))
        if isinstance(answer, Redirect):
            waiting.append(answer.path)
            continue
        found[path] = answer
        waiting += [element.href for element in answer.root.walk() if element.href]
    return found


def content(shown: Site) -> dict[str, Any]:
    return copy.deepcopy({key: value for key, value in vars(shown).items() if key != "_routes"})


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_page_and_looking_changes_nothing(name: str) -> None:
    shown = site(name)
    before = content(shown)
    pages = crawl(shown)
    assert len(pages) > 15
    assert not [path for path, page in pages.items() if page.title == "Page not found"]
    assert content(shown) == before


@pytest.mark.parametrize("name", NAMES)
def test_forms_know_how_to_be_sent(name: str) -> None:
    """Every form has a button or a textbox, and sent as it stands it leads to a page that exists."""
    for path, page in crawl(site(name)).items():
        for form in (e for e in page.root.walk() if e.role == "form"):
            assert {"button"} & {e.role for e in form.walk()}, path
            answer = site(name).respond(Request(form.target, form.method))
            if isinstance(answer, Redirect):
                bare, _, query = answer.path.partition("?")
                shown = site(name).respond(Request(bare, query={query.split("=")[0]: "1"} if query else {}))
                assert isinstance(shown, Redirect) or shown.title != "Page not found", (path, form.target)
            else:
                assert answer.title != "Page not found", (path, form.target)


@pytest.mark.parametrize("name", NAMES)
def test_content_belongs_to_its_seed_and_to_one_visit(name: str) -> None:
    one, same, other = (crawl(site(name, seed)) for seed in (1, 1, 2))
    assert one == same
    assert {p: page.root.text() for p, page in one.items()} != {
        p: page.root.text() for p, page in other.items()
    }


def test_the_cart_adds_up() -> None:
    shop = site("shop")
    first, second = shop.products[:2]
    post(shop, "/cart/add", product=first.id, quantity="3")
    post(shop, "/cart/add", product=second.id, quantity="1")
    cart = get(shop, "/cart").root
    assert select(cart, "#total") == f"Total: ${3 * first.price + second.price}"
    assert f"{first.name}, quantity 3, ${3 * first.price}" in select(cart, "#cart")
    post(shop, "/cart/remove", product=first.id)
    assert first.name not in select(get(shop, "/cart").root, "#cart")


@pytest.mark.parametrize("quantity", ["0", "-1", "", "two", "1e3", "٣", "100", "9" * 50])
def test_quantities_that_are_none(quantity: str) -> None:
    shop = site("shop")
    post(shop, "/cart/add", product=shop.products[0].id, quantity=quantity)
    assert select(get(shop, "/cart").root, "#total") == "Total: $0"


def test_an_order_needs_an_address_and_empties_the_cart() -> None:
    shop = site("shop")
    assert post(shop, "/checkout", address="x") == "/checkout"
    post(shop, "/cart/add", product=shop.products[5].id, quantity="2")
    assert post(shop, "/checkout", address=" ") == "/checkout"
    path = post(shop, "/checkout", address="1 New Street", shipping="Pickup")
    made = get(shop, path).root
    assert select(made, "#order").split("\n") == [
        f"{shop.products[5].name}, quantity 2, ${2 * shop.products[5].price}",
        f"Total: ${2 * shop.products[5].price}", "Shipping: Pickup", "Address: 1 New Street",
    ]  # fmt: skip
    assert post(shop, f"{path}/cancel") == path
    assert "is cancelled" in select(get(shop, path).root, "#status")
    assert select(get(shop, "/cart").root, "#cart") == ""


def test_the_account_and_reviews() -> None:
    shop = site("shop")
    post(shop, "/account", newsletter="on")
    assert select(get(shop, "/account").root, "#newsletter") == "Newsletter: on"
    post(shop, "/account")
    assert select(get(shop, "/account").root, "#newsletter") == "Newsletter: off"
    path = shop.products[0].path
    post(shop, f"{path}/review", words="good", stars="4")
    assert "4 of 5 stars by you: good" in select(get(shop, path).root, "#reviews")


def test_writing_on_the_forum_needs_the_cookie() -> None:
    forum = site("forum")
    post(forum, "/logout")
    thread = forum.posts[0]
    before = content(forum)
    assert post(forum, f"{thread.path}/vote") == "/login"
    assert post(forum, f"{thread.path}/comment", words="x") == "/login"
    assert post(forum, f"/b/{thread.board}/subscribe") == "/login"
    post(forum, f"/submit/{thread.board}", title="x")
    post(forum, f"/user/{ACCOUNT}", bio="x")
    assert content(forum) == before
    assert post(forum, "/login", name=ACCOUNT, password="wrong") == "/login?failed=1"
    assert post(forum, "/login", name=ACCOUNT, password=PASSWORD) == f"/user/{ACCOUNT}"
    assert forum.cookies == {"user": ACCOUNT}


def test_a_vote_is_given_and_taken_back() -> None:
    forum = site("forum")
    thread = forum.posts[3]
    votes = thread.votes
    post(forum, f"{thread.path}/vote")
    assert thread.votes == votes + 1
    post(forum, f"{thread.path}/vote")
    assert thread.votes == votes


def test_sorting_and_filters() -> None:
    forum, code, admin = site("forum"), site("code"), site("admin")
    listed = [
        e.note
        for e in get(forum, "/b/chess", sort="top").root.walk()
        if e.role == "link" and " votes" in e.note
    ]
    votes = [int(note.split(", ")[1].split()[0]) for note in listed]
    assert votes == sorted(votes, reverse=True)
    project = code.projects[0]
    for state in ("open", "closed"):
        shown = select(get(code, f"{project.path}/issues", state=state).root, "#issues")
        assert shown.count(f"{state}, ") == sum(issue.open == (state == "open") for issue in project.issues)
    shown = select(get(admin, "/orders", status="pending").root, "#orders")
    assert shown.count("Order ") == sum(order.status == "pending" for order in admin.orders)


def test_issues() -> None:
    code = site("code")
    base = code.projects[1].path
    path = post(code, f"{base}/issues", title=" A  new one ", label="docs")
    shown = get(code, path).root
    assert select(shown, "#title") == "A new one"
    post(code, f"{path}/assign", who="nobody at all")
    assert "assigned to nobody" in select(get(code, path).root, "#assignee")
    post(code, f"{path}/assign", who="Noor")
    post(code, f"{path}/comment", words="hm")
    post(code, f"{path}/state")
    shown = get(code, path).root
    assert "assigned to noor" in select(shown, "#assignee")
    assert "is closed" in select(shown, "#state")
    assert select(shown, "#comments") == "otter: hm"
    post(code, f"{base}/members", who="ingrid", role="Maintainer")
    assert "ingrid: Maintainer" in select(get(code, f"{base}/members").root, "#members")


def test_the_back_office() -> None:
    admin = site("admin")
    good = admin.goods[2]
    before = (good.price, good.stock)
    post(admin, good.path, price="-3", stock="many")
    assert (good.price, good.stock) == before
    post(admin, good.path, price="$12", stock="0")
    assert (good.price, good.stock) == (12, 0)
    review = next(one for one in admin.reviews if one.status == "pending")
    post(admin, f"/reviews/{review.number}", status="approved")
    assert "(approved)" in select(get(admin, "/reviews").root, f"#review-{review.number}")
    order = admin.orders[0]
    post(admin, f"/orders/{order.number}/note", note="fragile")
    post(admin, f"/orders/{order.number}/status", status="lost")
    assert order.status != "lost"
    assert "fragile" in select(get(admin, f"/orders/{order.number}").root, "#note")


@pytest.mark.parametrize("seed", SEEDS)
def test_towns_and_islands_of_the_wiki_fit(seed: int) -> None:
    wiki = site("wiki", seed)
    towns = [one for one in wiki.articles if "Founded" in one.facts]
    assert len(towns) == 12
    assert (
        len({one.facts["Population"] for one in towns}) == len({one.facts["Founded"] for one in towns}) == 12
    )
    for town in towns:
        island = wiki.named(town.facts["Island"])
        assert town.title in island.links
        assert island.facts["Capital"] in island.links


def test_an_edit_is_kept_in_the_history() -> None:
    wiki = site("wiki")
    path = wiki.articles[0].path
    post(wiki, f"{path}/edit", words="More.", summary="more")
    assert select(get(wiki, path).root, "#text").endswith("\nMore.")
    assert select(get(wiki, f"{path}/history").root, "#edits").startswith("you: more\n")


def test_directions() -> None:
    maps = site("map")
    start, goal = maps.places[:2]
    distance = abs(start.x - goal.x) + abs(start.y - goal.y)
    query = {"from": start.name.upper(), "to": f" {goal.name} ", "by": "Car"}
    shown = select(get(maps, "/directions", **query).root, "#route")
    assert shown.split("\n")[1:] == [f"Distance: {distance} km", f"Time: {2 * distance} minutes by car"]
    post(maps, "/settings", units="m")
    assert f"Distance: {distance * 1000} m" in select(get(maps, "/directions", **query).root, "#route")
    query["to"] = "Atlantis"
    assert select(get(maps, "/directions", **query).root, "#route") == "There is no place named 'Atlantis'."


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "path", ["/nothing", "//", "/a/b/c/d/e", "/%2e%2e/etc", "/cart/add", "/product/p999"]
)
def test_unknown_paths(name: str, path: str) -> None:
    if path == "//":
        assert get(site(name), path) == get(site(name), "/")
        return
    assert get(site(name), path).title == "Page not found"
    answer = site(name).respond(Request(path, "post"))
    assert isinstance(answer, Page | Redirect)
