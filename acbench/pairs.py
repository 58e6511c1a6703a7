"""Declared pairs: a distilled model against the model it is compared with.

A distilled model is no recipe: nothing turns the one set of weights into the other. So the weights are unpaired and the
samples are paired: both models are asked the same samples, each through its own chat template and tokenizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.cases import Recipe
from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.cases import Case, ModelSpec
    from acbench.tasks.protocol import TaskInfo

METHOD = "pair"


def with_pairs(recipes: Mapping[str, Recipe], models: Mapping[str, ModelSpec]) -> dict[str, Recipe]:
    """All recipes, and ``against-<model>`` for every model that others are paired with.

    Such a recipe serves a model as it is and holds for the models that name this partner. One that is declared
    under the same name wins.
    """
    partners: dict[str, list[str]] = {}
    for model in models.values():
        if model.pair_with:
            partners.setdefault(model.pair_with, []).append(model.slug)
    derived = {
        f"against-{partner}": Recipe(f"against-{partner}", METHOD, models=tuple(slugs), compare_model=partner)
        for partner, slugs in partners.items()
    }
    return {**recipes, **{slug: recipe for slug, recipe in derived.items() if slug not in recipes}}


def check_partner(model: ModelSpec, models: Mapping[str, ModelSpec], where: str) -> None:
    """Raises ConfigError for a ``pair_with`` that names no other model."""
    if model.pair_with == model.slug:
        raise ConfigError(f"{where}: pair_with names the model itself")
    if model.pair_with is not None and model.pair_with not in models:
        raise ConfigError(
            f"{where}: pair_with: unknown name {model.pair_with!r}; {did_you_mean(model.pair_with, models)}"
        )


def check_pair(recipe: Recipe, models: Mapping[str, ModelSpec], where: str) -> None:
    """Raises ConfigError for a recipe that compares across models and does not say which with which."""
    reference = recipe.compare_model
    if not reference:
        if recipe.method == METHOD:
            raise ConfigError(
                f'{where}: method "pair" compares with another model: set compare_model to its name'
            )
        return
    if reference not in models:
        raise ConfigError(
            f"{where}: compare_model: unknown name {reference!r}; {did_you_mean(reference, models)}"
        )
    if not recipe.models:
        raise ConfigError(f"{where}: models is missing: say which models are compared with {reference!r}")
    if reference in recipe.models:
        raise ConfigError(
            f"{where}: models and compare_model both name {reference!r}: it would be its own reference"
        )


def facts(case: Case, reference: Case, info: TaskInfo) -> dict[str, str]:
    """What a reader of such a comparison must know, by name."""
    found = {
        "weights": f"unpaired, {case.model} and {reference.model} are two models; the samples are paired, "
        "each asked through its model's own chat template",
        "sizes in tokens": f"as counted by the tokenizer of {reference.model}",
    }
    if any(metric.unit == "nats" for metric in info.metrics):
        found["log-likelihoods"] = (
            "per token of each model's own tokenizer, not comparable where the tokenizers differ"
        )
    return found
