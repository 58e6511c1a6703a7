"""Nine intents for the back office."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.webarena.intents.drafts import Draft, answer, click, fill, hover, reach, shows, stop

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites import Sites

NAMES = ("Cartwheel and Sons", "The Cartwheel Shop", "Cartwheel Online")


def drafts(sites: Sites, draws: Draws) -> list[Draft]:
    admin = sites.admin
    home = f"http://{admin.host}"
    opened = draws.one(admin.orders[:3])
    revenue = str(sum(order.total for order in admin.orders if order.status != "cancelled"))
    shipped = draws.one([order for order in admin.orders if order.status == "pending"])
    oldest = admin.orders[-1]
    best = max(admin.goods, key=lambda good: good.sold)
    lost = str(sum(order.total for order in admin.orders if order.status == "cancelled"))
    good, name = draws.one(admin.goods), draws.one(NAMES)
    price, stock = str(good.price + draws.between(1, 9)), str(good.stock + draws.between(1, 9))
    return [
        Draft(1, "Open the settings of the store.", {}, reach(f"{home}/settings"), click("Settings")),
        Draft(1, "Open the page of order {number}.", {"number": str(opened.number)},
              reach(f"{home}/orders/{opened.number}"), click(f"Order {opened.number}")),
        Draft(1, "What revenue does the dashboard show, in dollars? Stop with the number.", {}, answer(revenue),
              stop(revenue)),
        Draft(2, "Mark order {number} as shipped. All orders are listed in the menu 'Sales' under 'Orders'.",
              {"number": str(shipped.number)},
              shows((f"{home}/orders/{shipped.number}", "#status", [f"Order {shipped.number} is shipped"])),
              click("Sales", "Orders", f"Order {shipped.number}", "Ship")),
        Draft(2, "Open the oldest order: it is the last one in the list of all orders (menu 'Sales').", {},
              reach(f"{home}/orders/{oldest.number}"),
              hover("Sales") + click("Orders", f"Order {oldest.number}")),
        Draft(2, "Which item has been sold most often, according to the reports (menu 'Sales')? Stop with its name.",
              {}, answer(best.name), hover("Sales") + click("Reports") + stop(best.name)),
        Draft(3, "Set the price of the product '{name}' to {price} dollars and its stock to {stock}.",
              {"name": good.name, "price": price, "stock": stock},
              shows((home + good.path, "#price", [f"Price of {good.name}: ${price}"]),
                    (home + good.path, "#stock", [f"Stock of {good.name}: {stock}"])),
              click("Catalog", "Products", good.name) + fill("Price", price) + fill("Stock", stock) + click("Save")),
        Draft(3, "What do all cancelled orders come to, in dollars? Stop with the number.", {}, answer(lost),
              click("Sales", "Orders", "Only cancelled") + stop(lost)),
        Draft(3, "Change the name of the store to '{name}' and turn free shipping on.", {"name": name},
              shows((f"{home}/settings", "#settings", [f"Store name: {name}", "Free shipping: on"])),
              click("Settings") + fill("Store name", name) + click("Free shipping", "Save settings")),
    ]  # fmt: skip
