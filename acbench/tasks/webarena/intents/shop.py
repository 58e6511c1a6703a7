"""Nine intents for the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.webarena.intents.drafts import (
    Draft,
    answer,
    click,
    fill,
    reach,
    reach_and_show,
    search,
    shows,
    stop,
)
from acbench.tasks.webarena.sites.shop import KINDS

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites import Sites


def drafts(sites: Sites, draws: Draws) -> list[Draft]:
    shop = sites.shop
    home = f"http://{shop.host}"
    opened, priced, carted, counted = draws.some(shop.featured, 4)
    wished = draws.one([product for product in shop.products if product not in shop.featured])
    category, other = draws.some(list(KINDS), 2)
    cheapest = min((p for p in shop.products if p.category == category), key=lambda p: p.price)
    pair = sorted((p for p in shop.products if p.category == other), key=lambda p: p.price)[:2]
    order = next(one for one in shop.account.orders if one.status == "received")
    number, street = str(draws.between(2, 5)), f"{draws.between(2, 80)} Willow Row"
    return [
        Draft(1, "Open the shopping cart: click on the link 'My Cart'.", {}, reach(f"{home}/cart"), click("My Cart")),
        Draft(1, "Open the page of the product '{name}'.", {"name": opened.name}, reach(home + opened.path),
              click(opened.name)),
        Draft(1, "How many dollars does the '{name}' on this page cost? Stop with the number.",
              {"name": priced.name}, answer(str(priced.price)), stop(str(priced.price))),
        Draft(2, "Put the '{name}' into the cart.", {"name": carted.name},
              shows((f"{home}/cart", "#cart", [carted.name])), click(carted.name, "Add to Cart")),
        Draft(2, "Search for the product '{name}' and put it on the wish list.", {"name": wished.name},
              reach_and_show(f"{home}/wishlist", ("last", "#wishes", [wished.name])),
              search("Search", wished.name) + click(wished.name, "Add to Wish List")),
        Draft(2, "How many reviews does the product '{name}' have? Stop with the number.", {"name": counted.name},
              answer(str(len(counted.reviews))), click(counted.name) + stop(str(len(counted.reviews)))),
        Draft(3, "Order {number} pieces of the cheapest product of the category {category}, with express "
                 "shipping, to the address '{street}'.", {"number": number, "category": category, "street": street},
              shows(("last", "#order", [f"{cheapest.name}, quantity {number},", "Shipping: Express",
                                        f"Address: {street}"])),
              click("Categories", category, "Sort by price", cheapest.name) + fill("Quantity", number)
              + click("Add to Cart", "Proceed to Checkout") + fill("Delivery address", street)
              + click("Express", "Place Order")),
        Draft(3, "One of your orders has been received but not shipped. Cancel it.", {},
              shows((f"{home}/orders/{order.number}", "#status", [f"Order {order.number} is cancelled"])),
              click("My Account", "My Orders", f"Order {order.number}", "Cancel Order")),
        Draft(3, "How many dollars do the two cheapest products of the category {category} cost together? "
                 "Stop with the number.", {"category": other}, answer(str(sum(p.price for p in pair))),
              click("Categories", other, "Sort by price") + stop(str(sum(p.price for p in pair)))),
    ]  # fmt: skip
