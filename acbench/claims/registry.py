"""All claims by id. A claim is a function of the evidence, registered with what it says and how it is decided."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from acbench.claims.findings import Answer, Claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Finding, Reading
    from acbench.claims.published import Published

MODULES = (
    *("degradation", "orderings", "collapse", "json_form", "sizes", "distilled", "needle"),
    *("ranks", "consistency", "energies"),
)
_CLAIMS: dict[str, Claim] = {}


def claim(
    name: str, *, text: str, capability: str, rule: str, published: Callable[[Published], Reading]
) -> Callable[[Callable[[Evidence], Finding]], Callable[[Evidence], Finding]]:
    """Registers the decorated function under its id."""

    def register(decide: Callable[[Evidence], Finding]) -> Callable[[Evidence], Finding]:
        _CLAIMS[name] = Claim(name, text, capability, rule, decide, published)
        return decide

    return register


def all_claims() -> tuple[Claim, ...]:
    """Every claim, by number."""
    for module in MODULES:
        import_module(f"acbench.claims.{module}")
    return tuple(sorted(_CLAIMS.values(), key=lambda found: found.number))


def answers(evidence: Evidence, published: Published) -> tuple[Answer, ...]:
    """Every claim decided on the evidence, with the published tables beside it."""
    return tuple(Answer(found, found.decide(evidence), found.published(published)) for found in all_claims())
