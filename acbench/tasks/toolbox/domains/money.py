"""Money: a shop, a bank and an exchange office."""

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
    many,
    number,
    text,
    whole,
)
from acbench.tasks.toolbox.words import ACCOUNTS, CURRENCIES, DAYS, PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "money"
LARGEST_ORDER = 12
RATES = {"EUR": 1.0, "CHF": 0.95, "GBP": 0.85, "SEK": 11.2}
"""Units for one euro."""
TOOLS = (
    Tool(
        "Shop.find",
        NAME,
        "Find a product in the shop.",
        (text("product", "name of the product"),),
        "product_id, price",
    ),
    Tool(
        "Shop.order",
        NAME,
        "Order some pieces of a product.",
        (text("product_id", "identifier of the product"), whole("quantity", "number of pieces")),
        "order_id, total, arrival",
    ),
    Tool(
        "Bank.balance",
        NAME,
        "Tell what an account holds.",
        (text("account", "name of the account", choices=ACCOUNTS),),
        "balance",
    ),
    Tool(
        "Bank.pay",
        NAME,
        "Pay an amount from an account.",
        (text("account", "name of the account", choices=ACCOUNTS), number("amount", "amount in euros")),
        "payment_id",
    ),
    Tool(
        "Exchange.convert",
        NAME,
        "Convert an amount of euros into another currency.",
        (number("amount", "amount in euros"), text("currency", "target currency", choices=CURRENCIES)),
        "converted",
    ),
    Tool(
        "Budget.sum",
        NAME,
        "Add amounts of money.",
        (many("amounts", "the amounts to add"),),
        "sum",
    ),
)


def tables(seed: int) -> dict[str, Any]:
    """Products by name and balances by account."""
    codes = Codes()
    products = {
        name: {"product_id": codes("PR", seed, name), "price": 12 + draw(80, seed, "cost", name)}
        for name in PRODUCTS
    }
    return {
        "products": products,
        "balance": {name: 2000 + 10 * draw(300, seed, name) for name in ACCOUNTS},
    }


def _find(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    found = state.tables["products"].get(args["product"])
    if found is None:
        raise Refusal(NOT_FOUND, f"The shop does not sell any {args['product']}.")
    state.note("product known", product_id=found["product_id"])
    return dict(found)


def _order(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    for product in state.tables["products"].values():
        if product["product_id"] == args["product_id"]:
            break
    else:
        raise Refusal(NOT_FOUND, f"{args['product_id']} is no product.")
    if not 1 <= args["quantity"] <= LARGEST_ORDER:
        raise Refusal(NOT_POSSIBLE, f"An order has 1 to {LARGEST_ORDER} pieces, not {args['quantity']}.")
    state.note("ordered", product_id=args["product_id"], quantity=args["quantity"])
    return {
        "order_id": code("OR", args["product_id"], args["quantity"]),
        "total": product["price"] * args["quantity"],
        "arrival": DAYS[draw(len(DAYS), args["product_id"])],
    }


def _balance(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    state.note("balance known", account=args["account"])
    return {"balance": state.tables["balance"][args["account"]]}


def _pay(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if not 0 < args["amount"] <= state.tables["balance"][args["account"]]:
        raise Refusal(NOT_POSSIBLE, f"The account {args['account']} cannot pay {args['amount']}.")
    state.note("paid", account=args["account"], amount=args["amount"])
    return {"payment_id": code("PY", args["account"], args["amount"])}


def _convert(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    converted = round(args["amount"] * RATES[args["currency"]], 2)
    state.note("converted", amount=args["amount"], currency=args["currency"])
    return {"converted": converted}


def _sum(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    amounts = args["amounts"]
    if not amounts or not all(isinstance(a, int | float) and not isinstance(a, bool) for a in amounts):
        raise Refusal(NOT_POSSIBLE, "Only numbers can be added.")
    state.note("summed", amounts=sorted(amounts))
    return {"sum": sum(amounts)}


HANDLERS: dict[str, Handler] = {
    "Shop.find": _find,
    "Shop.order": _order,
    "Bank.balance": _balance,
    "Bank.pay": _pay,
    "Exchange.convert": _convert,
    "Budget.sum": _sum,
}
