"""The pages of the shop as text. A button stands in brackets, a chosen option in double brackets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.webshop.products import Product

PER_PAGE, LAST_PAGE = 3, 5

SEARCH, BACK, PREVIOUS, NEXT, BUY = "Search", "Back to Search", "< Prev", "Next >", "Buy Now"
SUB_PAGES = ("Description", "Features", "Reviews", "Attributes")


@dataclass(frozen=True, slots=True)
class Page:
    """``buttons``: what can be clicked, as it is written on the page."""

    text: str
    buttons: tuple[str, ...]


def start_page() -> Page:
    """The only page with a search; its box is used by an action of its own, so it has no button."""
    return Page(f"The shop's start page.\n[{SEARCH}]", ())


def shown(hits: Sequence[Product], number: int) -> Sequence[Product]:
    """The products on results page ``number``, counted from 1."""
    return hits[(number - 1) * PER_PAGE : number * PER_PAGE]


def pages_of(hits: Sequence[Product]) -> int:
    return max(1, min(LAST_PAGE, -(-len(hits) // PER_PAGE)))


def results_page(hits: Sequence[Product], number: int) -> Page:
    total = min(len(hits), LAST_PAGE * PER_PAGE)
    turning = [PREVIOUS] if number > 1 else []
    turning += [NEXT] if number < pages_of(hits) else []
    buttons = [BACK, *turning]
    lines = [f"[{BACK}]", f"Page {number} (total results: {total})", *(f"[{name}]" for name in turning)]
    for product in shown(hits, number):
        buttons.append(product.id)
        lines += [f"[{product.id}]", product.name, _price(product)]
    return Page("\n".join(lines), tuple(buttons))


def item_page(product: Product, chosen: Mapping[str, str]) -> Page:
    buttons = [BACK, PREVIOUS]
    lines = [f"[{BACK}]", f"[{PREVIOUS}]"]
    for group, values in product.options.items():
        buttons += values
        marked = (f"[[{v}]]" if chosen.get(group) == v else f"[{v}]" for v in values)
        lines.append(f"{group}: {' '.join(marked)}")
    lines += [product.name, f"Price: {_price(product)}", " ".join(f"[{name}]" for name in SUB_PAGES)]
    return Page("\n".join([*lines, f"[{BUY}]"]), (*buttons, *SUB_PAGES, BUY))


def sub_page(product: Product, name: str) -> Page:
    """One of ``SUB_PAGES`` of an item."""
    content = {
        "Description": [product.description] if product.description else [],
        "Features": [f"- {line}" for line in product.bullets],
        "Reviews": [f"- {line}" for line in product.reviews],
        "Attributes": [f"- {line}" for line in product.attributes],
    }[name]
    lines = [f"[{BACK}]", f"[{PREVIOUS}]", f"{name}:", *(content or ["(nothing is written here)"])]
    return Page("\n".join(lines), (BACK, PREVIOUS))


def _price(product: Product) -> str:
    return f"${product.price:.2f}"
