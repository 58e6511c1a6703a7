"""Kitchen: recipes, pantry, shopping list and oven."""

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
    text,
    whole,
)
from acbench.tasks.toolbox.words import DISHES

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "kitchen"
HOTTEST = 260
TOOLS = (
    Tool(
        "Recipes.find",
        NAME,
        "Find the recipe of a dish.",
        (text("dish", "name of the dish"),),
        "recipe_id, minutes, degrees",
    ),
    Tool(
        "Recipes.ingredients",
        NAME,
        "List what a recipe needs.",
        (text("recipe_id", "identifier of the recipe"),),
        "ingredients",
    ),
    Tool(
        "Pantry.missing",
        NAME,
        "Tell which ingredients are not in the pantry.",
        (many("ingredients", "what is needed"),),
        "missing",
    ),
    Tool(
        "Shopping.add",
        NAME,
        "Put things on the shopping list.",
        (many("things", "what to buy"),),
        "list_id, count",
    ),
    Tool(
        "Oven.preheat",
        NAME,
        "Heat the oven.",
        (whole("degrees", "temperature in Celsius"),),
        "ready_in",
    ),
)


def tables(seed: int) -> dict[str, Any]:
    """Recipes by dish; of every dish at least one ingredient is missing in the pantry."""
    codes = Codes()
    recipes = {
        dish: {
            "recipe_id": codes("RC", seed, dish),
            "minutes": 20 + 5 * draw(12, seed, "minutes", dish),
            "degrees": 150 + 10 * draw(8, seed, "degrees", dish),
        }
        for dish in DISHES
    }
    missing = {needs[draw(len(needs), seed, "missing", dish)] for dish, needs in DISHES.items()}
    return {"recipes": recipes, "missing": sorted(missing)}


def _find_recipe(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    found = state.tables["recipes"].get(args["dish"])
    if found is None:
        raise Refusal(NOT_FOUND, f"There is no recipe for {args['dish']}.")
    state.note("recipe known", recipe_id=found["recipe_id"])
    return dict(found)


def _ingredients(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    for dish, recipe in state.tables["recipes"].items():
        if recipe["recipe_id"] == args["recipe_id"]:
            state.note("ingredients known", recipe_id=args["recipe_id"])
            return {"ingredients": list(DISHES[dish])}
    raise Refusal(NOT_FOUND, f"{args['recipe_id']} is no recipe.")


def _missing(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    lacking = [thing for thing in args["ingredients"] if thing in state.tables["missing"]]
    state.note("missing known", missing=lacking)
    return {"missing": lacking}


def _add_to_list(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if not args["things"]:
        raise Refusal(NOT_POSSIBLE, "There is nothing to put on the list.")
    state.note("on the list", things=list(args["things"]))
    return {"list_id": code("SL", *args["things"]), "count": len(args["things"])}


def _preheat(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if not 50 <= args["degrees"] <= HOTTEST:
        raise Refusal(NOT_POSSIBLE, f"The oven heats from 50 to {HOTTEST} degrees, not to {args['degrees']}.")
    state.note("oven heated", degrees=args["degrees"])
    return {"ready_in": f"{args['degrees'] // 20} minutes"}


HANDLERS: dict[str, Handler] = {
    "Recipes.find": _find_recipe,
    "Recipes.ingredients": _ingredients,
    "Pantry.missing": _missing,
    "Shopping.add": _add_to_list,
    "Oven.preheat": _preheat,
}
