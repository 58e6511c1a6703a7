"""The back office of a store: orders, products, customers, reviews, figures, settings; hidden in menus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.tasks.webarena.sites.routes import dispatch, found_by, slug, tidy
from acbench.tasks.webarena.tree import (
    Element,
    Page,
    Redirect,
    Request,
    button,
    checkbox,
    form,
    heading,
    link,
    navigation,
    page,
    region,
    rows,
    text,
    textbox,
)

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites.routes import Routes

GOODS = (
    "Oak stool",
    "Linen shirt",
    "Clay vase",
    "Wool rug",
    "Brass bell",
    "Cork board",
    "Silk scarf",
    "Tin lantern",
)
CUSTOMERS = ("Ada Brandt", "Ben Okoro", "Cleo Varga", "Dan Ferris", "Eva Lindqvist", "Finn Castell")
TOWNS = ("Aldmoor", "Brackwater", "Caldhaven", "Dunlow")
WORDS = ("Lovely thing", "Too expensive", "As described", "Wrong colour", "A fine present")
STATUSES = ("pending", "processing", "shipped", "cancelled")
MENUS = {"Sales": ("Orders", "Reports"), "Catalog": ("Products", "Reviews"), "People": ("Customers",)}
ORDERS = 16


@dataclass(slots=True)
class Order:
    number: int
    customer: str
    good: str
    total: int
    status: str
    note: str = ""


@dataclass(slots=True)
class Good:
    name: str
    price: int
    stock: int
    sold: int

    @property
    def path(self) -> str:
        return f"/products/{slug(self.name)}"


@dataclass(slots=True)
class Review:
    number: int
    good: str
    author: str
    words: str
    status: str


class Admin:
    """Sixteen orders, eight products, six customers, five reviews."""

    host = "admin.cartwheel-goods.example"

    def __init__(self, draws: Draws) -> None:
        self.goods = _goods(draws)
        self.orders = _orders(draws)
        self.reviews = _reviews(draws)
        self.customers = {name: (slug(name) + "@mail.example", draws.one(TOWNS)) for name in CUSTOMERS}
        self.store_name = "Cartwheel Goods"
        self.free_shipping = False
        self._routes: Routes = {
            "get /": self._home, "get /orders": self._list_orders, "get /orders/*": self._order,
            "post /orders/*/status": self._set_status, "post /orders/*/note": self._set_note,
            "get /reports": self._report, "get /products": self._list_products, "get /products/*": self._product,
            "post /products/*": self._save_product, "get /reviews": self._list_reviews,
            "post /reviews/*": self._judge, "get /customers": self._list_customers, "get /customers/*": self._customer,
            "get /settings": self._settings, "post /settings": self._save_settings,
        }  # fmt: skip

    def respond(self, request: Request) -> Page | Redirect:
        return dispatch(self._routes, request)

    def _page(self, title: str, *children: Element) -> Page:
        menus = (
            Element("link", name, tuple(link(part, f"/{part.lower()}") for part in parts), popup=True)
            for name, parts in MENUS.items()
        )
        top = navigation(link("Dashboard", "/"), *menus, link("Settings", "/settings"))
        return page(f"{title} - Back office", top, *children)

    def _home(self, _: Request) -> Page:
        paid = [order for order in self.orders if order.status != "cancelled"]
        pending = sum(order.status == "pending" for order in self.orders)
        lines = (f"Revenue: ${sum(order.total for order in paid)}", f"Orders: {len(self.orders)}",
                 f"Pending orders: {pending}", f"Store name: {self.store_name}")  # fmt: skip
        latest = (link(f"Order {o.number}", f"/orders/{o.number}", o.customer) for o in self.orders[:3])
        return self._page(
            "Dashboard", heading("Dashboard"), rows("figures", *lines), heading("Latest orders"), *latest
        )

    def _list_orders(self, request: Request) -> Page:
        status = request.query.get("status", "")
        shown = [order for order in self.orders if status in ("", order.status)]
        filters = (link(f"Only {one}", f"/orders?status={one}") for one in STATUSES)
        listed = (
            link(f"Order {o.number}", f"/orders/{o.number}", f"{o.customer}, ${o.total}, {o.status}")
            for o in shown
        )
        return self._page("Orders", heading(f"{len(shown)} orders"), *filters, region("orders", *listed))

    def _find_order(self, number: str) -> Order | None:
        return next((order for order in self.orders if str(order.number) == number), None)

    def _order(self, _: Request, number: str) -> Page | None:
        order = self._find_order(number)
        if order is None:
            return None
        here = f"/orders/{number}"
        names = {"processing": "Process", "shipped": "Ship", "cancelled": "Cancel"}
        steps = (button(word, "status", status) for status, word in names.items() if status != order.status)
        lines = (f"Customer: {order.customer}", f"Item: {order.good}", f"Total: ${order.total}")
        return self._page(
            f"Order {number}", heading(f"Order {number}"), text(f"Order {number} is {order.status}", "status"),
            rows("order", *lines), text(f"Note: {order.note or 'none'}", "note"), form(f"{here}/status", *steps),
            form(f"{here}/note", textbox("Note", "note", order.note), button("Save note")),
        )  # fmt: skip

    def _set_status(self, request: Request, number: str) -> Redirect | None:
        order = self._find_order(number)
        if order is None:
            return None
        if request.form.get("status") in STATUSES:
            order.status = request.form["status"]
        return Redirect(f"/orders/{number}")

    def _set_note(self, request: Request, number: str) -> Redirect | None:
        order = self._find_order(number)
        if order is None:
            return None
        order.note = tidy(request.form.get("note", ""))
        return Redirect(f"/orders/{number}")

    def _report(self, _: Request) -> Page:
        best = sorted(self.goods, key=lambda good: -good.sold)
        return self._page(
            "Reports", heading("Sold items"), rows("sold", *(f"{g.name}: {g.sold} sold" for g in best))
        )

    def _list_products(self, request: Request) -> Page:
        words = tidy(request.query.get("q", ""))
        shown = [good for good in self.goods if not words or found_by(words, good.name)]
        listed = (link(g.name, g.path, f"${g.price}, {g.stock} in stock") for g in shown)
        find = form("/products", textbox("Filter products", "q"), button("Filter"), method="get")
        return self._page("Products", heading(f"{len(shown)} products"), find, *listed)

    def _find_good(self, name: str) -> Good | None:
        return next((good for good in self.goods if good.path == f"/products/{name}"), None)

    def _product(self, _: Request, name: str) -> Page | None:
        good = self._find_good(name)
        if good is None:
            return None
        fields = (
            textbox("Price", "price", str(good.price)),
            textbox("Stock", "stock", str(good.stock)),
            button("Save"),
        )
        return self._page(
            good.name, heading(good.name), text(f"Price of {good.name}: ${good.price}", "price"),
            text(f"Stock of {good.name}: {good.stock}", "stock"), form(good.path, *fields),
        )  # fmt: skip

    def _save_product(self, request: Request, name: str) -> Redirect | None:
        good = self._find_good(name)
        if good is None:
            return None
        good.price = _number(request.form.get("price", ""), good.price)
        good.stock = _number(request.form.get("stock", ""), good.stock)
        return Redirect(good.path)

    def _list_reviews(self, _: Request) -> Page:
        parts: list[Element] = []
        for review in self.reviews:
            line = f"Review {review.number} of {review.good} by {review.author}: {review.words} ({review.status})"
            words = (button(f"Approve review {review.number}", "status", "approved"),
                     button(f"Reject review {review.number}", "status", "rejected"))  # fmt: skip
            known = (
                form(f"/reviews/{review.number}", *words) if review.status == "pending" else text("(decided)")
            )
            parts += [text(line, f"review-{review.number}"), known]
        return self._page("Reviews", heading("Reviews"), *parts)

    def _judge(self, request: Request, number: str) -> Redirect | None:
        review = next((one for one in self.reviews if str(one.number) == number), None)
        if review is None:
            return None
        if request.form.get("status") in ("approved", "rejected"):
            review.status = request.form["status"]
        return Redirect("/reviews")

    def _list_customers(self, _: Request) -> Page:
        listed = (link(name, f"/customers/{slug(name)}", town) for name, (_, town) in self.customers.items())
        return self._page("Customers", heading(f"{len(self.customers)} customers"), *listed)

    def _customer(self, _: Request, name: str) -> Page | None:
        found = next((one for one in self.customers if slug(one) == name), None)
        if found is None:
            return None
        mail, town = self.customers[found]
        own = [order for order in self.orders if order.customer == found]
        listed = (link(f"Order {o.number}", f"/orders/{o.number}", f"${o.total}, {o.status}") for o in own)
        details = rows("customer", f"E-mail: {mail}", f"Town: {town}")
        return self._page(found, heading(found), details, heading(f"{len(own)} orders"), *listed)

    def _settings(self, _: Request) -> Page:
        state = "on" if self.free_shipping else "off"
        fields = (textbox("Store name", "name", self.store_name),
                  checkbox("Free shipping", "free", checked=self.free_shipping), button("Save settings"))  # fmt: skip
        shown = rows("settings", f"Store name: {self.store_name}", f"Free shipping: {state}")
        return self._page("Settings", heading("Settings"), shown, form("/settings", *fields))

    def _save_settings(self, request: Request) -> Redirect:
        self.store_name = tidy(request.form.get("name", "")) or self.store_name
        self.free_shipping = request.form.get("free") == "on"
        return Redirect("/settings")


def _number(given: str, before: int) -> int:
    """A whole number of at most five digits, or what stood there before."""
    given = given.strip().removeprefix("$")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 5 else before


def _goods(draws: Draws) -> list[Good]:
    sold = draws.some(range(2, 90), len(GOODS))
    return [
        Good(name, draws.between(8, 160), draws.between(0, 60), n)
        for name, n in zip(GOODS, sold, strict=True)
    ]


def _orders(draws: Draws) -> list[Order]:
    """Newest first, totals all different; every status occurs."""
    number, totals = draws.between(500, 900), draws.some(range(15, 300), ORDERS)
    statuses = [*STATUSES, *(draws.one(STATUSES) for _ in range(ORDERS - len(STATUSES)))]
    statuses = draws.some(statuses, ORDERS)
    return [
        Order(number - n, draws.one(CUSTOMERS), draws.one(GOODS), total, status)
        for n, (total, status) in enumerate(zip(totals, statuses, strict=True))
    ]


def _reviews(draws: Draws) -> list[Review]:
    """Five, of which at least two wait for a decision."""
    statuses = draws.some(("pending", "pending", "pending", "approved", "rejected"), 5)
    goods = draws.some(GOODS, 5)
    return [
        Review(20 + n, good, draws.one(CUSTOMERS).split()[0], draws.one(WORDS), status)
        for n, (good, status) in enumerate(zip(goods, statuses, strict=True))
    ]
