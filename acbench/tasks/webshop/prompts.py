"""What the agent in the shop is told."""

from __future__ import annotations

from acbench.tasks.agents.prompting import Script

SCRIPT = Script(
    system=(
        "You shop for somebody in a web shop. After each page, answer with one action, on one line, and nothing "
        "else."
    ),
    thinking_system="You shop for somebody in a web shop. After each page, give one action.",
    rules=(
        "Actions: search[words] looks for products, on the start page only. click[name] clicks on what stands in "
        "brackets on the page: a product's number, an option, Next >, < Prev, Back to Search, Description, "
        "Features, Reviews, Attributes, Buy Now. Choose every option that is asked for before click[Buy Now]: "
        "it buys the product and ends the task. Mind the price: what is asked for may cost at most so much."
    ),
    labels=("action", "answer"),
)
OPENING = "reset[]"
"""Stands before the first page in upstream mode, as published."""
