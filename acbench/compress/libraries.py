"""Recipes by the library that builds them: ``awq-w4g128+autoawq`` is ``awq-w4g128`` built by AutoAWQ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acbench.compress.backends.registry import LIBRARIES, USER_RECIPE, resolved
from acbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.cases import Recipe


def with_libraries(recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """All recipes, and every recipe once more for each library that offers its method and parameters.

    A recipe that is declared with a library's name behind the plus sign is built by that library.
    """
    named = {slug: _named(recipe) for slug, recipe in recipes.items()}
    derived = {
        f"{slug}+{library}": replace(recipe, slug=f"{slug}+{library}", library=library)
        for slug, recipe in named.items()
        if not recipe.library and "+" not in slug and not recipe.planned
        for library in LIBRARIES
        if recipe.method != USER_RECIPE and offers(library, recipe)
    }
    return {**derived, **named}


def _named(recipe: Recipe) -> Recipe:
    if recipe.method == USER_RECIPE:
        return replace(recipe, library=USER_RECIPE)
    library = recipe.slug.partition("+")[2]
    return replace(recipe, library=library) if library in LIBRARIES and not recipe.library else recipe


def offers(library: str, recipe: Recipe) -> bool:
    """Whether a library has the recipe's method with the recipe's parameters."""
    if recipe.method not in LIBRARIES[library].methods:
        return False
    try:
        resolved(library, recipe.method, recipe.params)
    except ConfigError:
        return False
    return True
