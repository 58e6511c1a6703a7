"""How a library's offer is said: parameters with their values, methods with their stored form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: its types, its default (None: left to the library, or required), and what is allowed."""

    types: tuple[type, ...]
    default: Any = None
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    required: bool = False

    def complaint(self, value: Any) -> str:
        """What is wrong with ``value``; empty when nothing is."""
        if not isinstance(value, self.types) or (isinstance(value, bool) and bool not in self.types):
            return f"must be {self.types[0].__name__}, not {value!r}"
        if self.choices and value not in self.choices:
            return f"can be {', '.join(str(c) for c in self.choices)} there, not {value!r}"
        number = value if isinstance(value, (int, float)) else 0.0
        if self.low is not None and number <= self.low:
            return f"must be above {self.low}, not {value!r}"
        if self.high is not None and number >= self.high:
            return f"must be below {self.high}, not {value!r}"
        return ""


@dataclass(frozen=True, slots=True)
class Offer:
    """One method of a library. ``form``: awq, gptq, compressed-tensors or dense, as the library writes it.

    The parameter ``format`` is understood by all of them, and can only be this form.
    """

    form: str
    params: Mapping[str, Param]
    calibrated: bool = True
    """It is given calibration samples. A user's recipe always is: it may hold anything."""
    smooths: bool = False
    """It moves scales from activations into weights, so weights differ from the base's by more than rounding."""
    exclusive: tuple[str, str] | None = None
    """Two parameters of which only one can be given; the first one's default holds when neither is."""


@dataclass(frozen=True, slots=True)
class Library:
    """``slug`` names it in recipes and environments, ``package`` in ``pip``; ``module`` has ``run(request)``."""

    slug: str
    package: str
    version: str
    module: str
    methods: Mapping[str, Offer] = field(repr=False)
    note: str = ""
    companions: tuple[str, ...] = ()
    """Packages whose versions decide the result beside torch and transformers."""
