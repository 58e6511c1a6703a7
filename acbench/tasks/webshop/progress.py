"""Progress = (S + I + B) / 3: what was shown, what was opened, what was bought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.webshop.reward import best_reward, reward

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acbench.tasks.webshop.products import Product
    from acbench.tasks.webshop.reward import Wanted


class Progress:
    """The state of one episode; each part (0..1) only rises.

    S: best reward, over all choices of options, of any product on a results page so far. I: the same of any
    product opened. B: reward of the purchase.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._shown = self._opened = self._bought = 0.0

    @property
    def value(self) -> float:
        return (self._shown + self._opened + self._bought) / 3

    def listed(self, products: Iterable[Product]) -> None:
        self._shown = max([self._shown, *(best_reward(self._wanted, product) for product in products)])

    def opened(self, product: Product) -> None:
        self._opened = max(self._opened, best_reward(self._wanted, product))

    def bought(self, product: Product, chosen: Iterable[str]) -> float:
        """The reward of the purchase."""
        self._bought = max(self._bought, reward(self._wanted, product, chosen))
        return self._bought
