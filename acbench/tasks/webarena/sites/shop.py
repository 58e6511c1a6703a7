"""The shop: categories, search, products with reviews, cart, wish list, orders, account."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    radios,
    region,
    rows,
    text,
    textbox,
)

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites.routes import Routes

KINDS = {
    "Kitchen": ("kettle", "frying pan", "teapot", "whisk", "cutting board", "pepper mill"),
    "Garden": ("trowel", "garden hose", "planter", "rake", "bird feeder", "watering can"),
    "Office": ("stapler", "notebook", "desk lamp", "pen holder", "wall calendar", "letter tray"),
    "Sports": ("yoga mat", "jump rope", "bike helmet", "water bottle", "tennis racket", "gym bag"),
    "Toys": ("puzzle", "kite", "train set", "marble run", "spinning top", "card game"),
    "Travel": ("suitcase", "neck pillow", "umbrella", "passport case", "travel mug", "luggage tag"),
}
MAKERS = ("Alder", "Brisk", "Cobalt", "Dunmore", "Ember", "Fenwick", "Garnet", "Hollow", "Isling", "Juniper")
COLOURS = ("red", "green", "blue", "black", "white", "yellow")
AUTHORS = ("Ana", "Bertil", "Chidi", "Dora", "Emre", "Freya", "Goran", "Hana")
OPINIONS = ("does what it should", "broke after a week", "better than expected", "smaller than it looks",
            "would buy it again", "arrived late but intact")  # fmt: skip
SHIPPING = ("Standard", "Express", "Pickup")
FEATURED = 4
PER_CATEGORY = 6


@dataclass(slots=True)
class Product:
    id: str
    name: str
    category: str
    price: int
    colour: str
    weight: int
    reviews: list[tuple[str, int, str]]

    @property
    def path(self) -> str:
        return f"/product/{self.id}"


@dataclass(slots=True)
class Order:
    number: int
    lines: list[str]
    total: int
    status: str
    shipping: str = "Standard"
    address: str = ""


@dataclass(slots=True)
class Account:
    cart: dict[str, int] = field(default_factory=dict)
    wishes: list[str] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    newsletter: bool = False


class Shop:
    """A shop with 36 products whose visitor is signed in."""

    host = "www.cartwheel-goods.example"

    def __init__(self, draws: Draws) -> None:
        self.products = _products(draws)
        self.featured = draws.some(self.products, FEATURED)
        self.account = Account(orders=_past_orders(draws, self.products))
        self._routes: Routes = {
            "get /": self._home, "get /search": self._search, "get /category/*": self._category,
            "get /product/*": self._product, "get /cart": self._cart, "post /cart/add": self._add,
            "post /cart/remove": self._remove, "get /wishlist": self._wishlist, "post /wishlist/add": self._wish,
            "get /checkout": self._checkout, "post /checkout": self._order, "get /orders": self._orders,
            "get /orders/*": self._one_order, "post /orders/*/cancel": self._cancel,
            "get /account": self._account, "post /account": self._save, "post /product/*/review": self._review,
        }  # fmt: skip

    def respond(self, request: Request) -> Page | Redirect:
        return dispatch(self._routes, request)

    def named(self, number: str) -> Product | None:
        return next((product for product in self.products if product.id == number), None)

    def _page(self, title: str, *children: Element) -> Page:
        menu = Element(
            "link", "Categories", tuple(link(c, f"/category/{slug(c)}") for c in KINDS), popup=True
        )
        top = navigation(
            link("Cartwheel Goods", "/"),
            menu,
            link("My Cart", "/cart", f"{sum(self.account.cart.values())} items"),
            link("My Account", "/account"),
        )
        return page(
            title, top, form("/search", textbox("Search", "q"), button("Search"), method="get"), *children
        )

    def _home(self, _: Request) -> Page:
        return self._page(
            "Cartwheel Goods", heading("Featured products"), region("featured", *map(_listed, self.featured))
        )

    def _search(self, request: Request) -> Page:
        words = tidy(request.query.get("q", ""))
        found = [product for product in self.products if found_by(words, product.name)]
        return self._page(f"Search: {words}", heading(f"{len(found)} results"), *map(_listed, found))

    def _category(self, request: Request, name: str) -> Page | None:
        found = [product for product in self.products if slug(product.category) == name]
        if not found:
            return None
        order = request.query.get("sort", "")
        if order == "price":
            found = sorted(found, key=lambda product: product.price)
        sorting = link("Sort by price", f"/category/{name}?sort=price")
        return self._page(found[0].category, heading(found[0].category), sorting, *map(_listed, found))

    def _product(self, _: Request, number: str) -> Page | None:
        product = self.named(number)
        if product is None:
            return None
        details = (f"Colour: {product.colour}", f"Weight: {product.weight} g", f"Item number: {product.id}")
        reviews = (
            text(f"{stars} of 5 stars by {author}: {words}") for author, stars, words in product.reviews
        )
        return self._page(
            product.name,
            heading(product.name),
            text(f"Price: ${product.price}"),
            form("/cart/add", textbox("Quantity", "quantity", "1"), button("Add to Cart", "product", product.id)),
            form("/wishlist/add", button("Add to Wish List", "product", product.id)),
            region("details", *map(text, details)),
            heading(f"{len(product.reviews)} reviews"),
            region("reviews", *reviews),
            form(f"{product.path}/review", textbox("Your review", "words"),
                 *radios("stars", "5", "1", "2", "3", "4", "5"), button("Submit Review")),
        )  # fmt: skip

    def _review(self, request: Request, number: str) -> Redirect | None:
        product, words = self.named(number), tidy(request.form.get("words", ""))
        if product is None:
            return None
        if words:
            product.reviews.append(("you", int(request.form.get("stars", "5")), words))
        return Redirect(product.path)

    def _cart(self, _: Request) -> Page:
        lines, total = self._cart_lines()
        items = (
            form("/cart/remove", text(line), button(f"Remove {product.name}", "product", product.id))
            for product, line in lines
        )
        below = (link("Proceed to Checkout", "/checkout"),) if lines else (text("Your cart is empty."),)
        return self._page(
            "My Cart", heading("My Cart"), region("cart", *items), text(f"Total: ${total}", "total"), *below
        )

    def _cart_lines(self) -> tuple[list[tuple[Product, str]], int]:
        found = [(p, n) for number, n in self.account.cart.items() if (p := self.named(number)) is not None]
        total = sum(product.price * n for product, n in found)
        return [(p, f"{p.name}, quantity {n}, ${p.price * n}") for p, n in found], total

    def _add(self, request: Request) -> Redirect:
        product, given = (
            self.named(request.form.get("product", "")),
            request.form.get("quantity", "1").strip(),
        )
        if product is None or not (given.isascii() and given.isdigit() and 0 < int(given[:4]) <= 99):
            return Redirect("/cart")
        held = self.account.cart.get(product.id, 0)
        self.account.cart[product.id] = min(99, held + int(given[:4]))
        return Redirect("/cart")

    def _remove(self, request: Request) -> Redirect:
        self.account.cart.pop(request.form.get("product", ""), None)
        return Redirect("/cart")

    def _wishlist(self, _: Request) -> Page:
        wished = (product for number in self.account.wishes if (product := self.named(number)) is not None)
        return self._page("Wish List", heading("Wish List"), region("wishes", *map(_listed, wished)))

    def _wish(self, request: Request) -> Redirect:
        product = self.named(request.form.get("product", ""))
        if product is not None and product.id not in self.account.wishes:
            self.account.wishes.append(product.id)
        return Redirect("/wishlist")

    def _checkout(self, _: Request) -> Page | Redirect:
        lines, total = self._cart_lines()
        if not lines:
            return Redirect("/cart")
        return self._page(
            "Checkout", heading("Checkout"), text(f"Total: ${total}"),
            form("/checkout", textbox("Delivery address", "address"), *radios("shipping", SHIPPING[0], *SHIPPING),
                 button("Place Order")),
        )  # fmt: skip

    def _order(self, request: Request) -> Redirect:
        lines, total = self._cart_lines()
        address = tidy(request.form.get("address", ""))
        if not lines or not address:
            return Redirect("/checkout")
        number = max(order.number for order in self.account.orders) + 1
        shipping = request.form.get("shipping", SHIPPING[0])
        made = Order(number, [line for _, line in lines], total, "received", shipping, address)
        self.account.orders.insert(0, made)
        self.account.cart.clear()
        return Redirect(f"/orders/{number}")

    def _orders(self, _: Request) -> Page:
        listed = (link(f"Order {o.number}", f"/orders/{o.number}", f"{o.status}, ${o.total}")
                  for o in self.account.orders)  # fmt: skip
        return self._page("My Orders", heading("My Orders"), *listed)

    def _find_order(self, number: str) -> Order | None:
        return next((order for order in self.account.orders if str(order.number) == number), None)

    def _one_order(self, _: Request, number: str) -> Page | None:
        order = self._find_order(number)
        if order is None:
            return None
        cancel = (
            [button("Cancel Order", target=f"/orders/{number}/cancel")] if order.status == "received" else []
        )
        lines = [
            *order.lines,
            f"Total: ${order.total}",
            f"Shipping: {order.shipping}",
            f"Address: {order.address}",
        ]
        return self._page(
            f"Order {number}", heading(f"Order {number}"), text(f"Order {number} is {order.status}", "status"),
            rows("order", *lines), *cancel,
        )  # fmt: skip

    def _cancel(self, _: Request, number: str) -> Redirect | None:
        order = self._find_order(number)
        if order is None:
            return None
        if order.status == "received":
            order.status = "cancelled"
        return Redirect(f"/orders/{number}")

    def _account(self, _: Request) -> Page:
        state = "on" if self.account.newsletter else "off"
        return self._page(
            "My Account", heading("My Account"), link("My Orders", "/orders"), link("Wish List", "/wishlist"),
            text(f"Newsletter: {state}", "newsletter"),
            form("/account", checkbox("Newsletter", "newsletter", checked=self.account.newsletter), button("Save")),
        )  # fmt: skip

    def _save(self, request: Request) -> Redirect:
        self.account.newsletter = request.form.get("newsletter") == "on"
        return Redirect("/account")


def _listed(product: Product) -> Element:
    return link(product.name, product.path, f"${product.price}")


def _products(draws: Draws) -> list[Product]:
    """Six per category: no name twice, no price twice within a category."""
    made: list[Product] = []
    for category, kinds in KINDS.items():
        prices = draws.some(range(6, 96), PER_CATEGORY)
        for kind, price, maker in zip(kinds, prices, draws.some(MAKERS, PER_CATEGORY), strict=True):
            authors = draws.some(AUTHORS, draws.between(1, 4))
            reviews = [(author, draws.between(1, 5), draws.one(OPINIONS)) for author in authors]
            name, number = f"{maker} {kind}", f"p{101 + len(made)}"
            made.append(
                Product(number, name, category, price, draws.one(COLOURS), draws.between(4, 90) * 10, reviews)
            )
    return made


def _past_orders(draws: Draws, products: list[Product]) -> list[Order]:
    """Newest first; of four orders one can still be cancelled."""
    statuses = draws.some(("received", "shipped", "delivered", "cancelled"), 4)
    number = draws.between(310, 890)
    orders = []
    for place, status in enumerate(statuses):
        bought = draws.some(products, draws.between(1, 2))
        lines = [f"{p.name}, quantity 1, ${p.price}" for p in bought]
        orders.append(
            Order(number - 7 * place, lines, sum(p.price for p in bought), status, address="7 Mill Lane")
        )
    return orders
