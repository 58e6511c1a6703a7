"""Parts of scenarios: office, kitchen and garden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.toolbox.parts import Part, fact
from acbench.tasks.toolbox.plan import Ref, Step
from acbench.tasks.toolbox.words import BEDS, CITIES, DAYS, DISHES, PEOPLE

if TYPE_CHECKING:
    from random import Random

    from acbench.tasks.toolbox.world import World


def contact(world: World, rng: Random) -> Part:
    name = rng.choice(PEOPLE)
    email = world.tables("office")["contacts"][name]["email"]
    step = Step(0, "Contacts.find", {"name": name}, f"Look up {name} in the address book.")
    return Part(f"look up {name} in the address book", (step,), (fact("contact known", email=email),))


def event(_world: World, rng: Random) -> Part:
    day = rng.choice(DAYS)
    title = rng.choice(("Team lunch", "Budget review", "Dentist", "Choir practice", "Job interview"))
    slot = Step(0, "Calendar.free_slot", {"day": day}, f"Find a free hour on {day}.")
    args = {"title": title, "day": day, "start": Ref(0, "start")}
    add = Step(1, "Calendar.add_event", args, f"Add the event {title} at the free hour.")
    return Part(
        f"put '{title}' into the first free hour of {day}",
        (slot, add),
        (fact("event added", day=day, title=title),),
    )


def room(_world: World, rng: Random) -> Part:
    day, people = rng.choice(DAYS), rng.randint(3, 18)
    step = Step(
        0, "Rooms.reserve", {"day": day, "people": people}, f"Reserve a room for {people} people on {day}."
    )
    return Part(
        f"reserve a meeting room for {people} people on {day}",
        (step,),
        (fact("room reserved", day=day, people=people),),
    )


def oven(_world: World, rng: Random) -> Part:
    degrees = rng.randrange(120, 250, 10)
    step = Step(0, "Oven.preheat", {"degrees": degrees}, f"Heat the oven to {degrees} degrees.")
    return Part(f"heat the oven to {degrees} degrees", (step,), (fact("oven heated", degrees=degrees),))


def _recipe(world: World, rng: Random) -> tuple[str, dict[str, Any], Step]:
    dish = rng.choice(tuple(DISHES))
    step = Step(0, "Recipes.find", {"dish": dish}, f"Find the recipe of {dish}.")
    return dish, world.tables("kitchen")["recipes"][dish], step


def ingredients(world: World, rng: Random) -> Part:
    dish, recipe, find = _recipe(world, rng)
    needs = Step(1, "Recipes.ingredients", {"recipe_id": Ref(0, "recipe_id")}, "List what the recipe needs.")
    return Part(
        f"find out what {dish} is made of",
        (find, needs),
        (fact("ingredients known", recipe_id=recipe["recipe_id"]),),
    )


def hot_oven(world: World, rng: Random) -> Part:
    dish, recipe, find = _recipe(world, rng)
    heat = Step(1, "Oven.preheat", {"degrees": Ref(0, "degrees")}, "Heat the oven as the recipe says.")
    return Part(
        f"heat the oven as the recipe of {dish} says",
        (find, heat),
        (fact("oven heated", degrees=recipe["degrees"]),),
    )


def cook(world: World, rng: Random) -> Part:
    dish, recipe, find = _recipe(world, rng)
    needs = Step(1, "Recipes.ingredients", {"recipe_id": Ref(0, "recipe_id")}, "List what the recipe needs.")
    heat = Step(2, "Oven.preheat", {"degrees": Ref(0, "degrees")}, "Heat the oven as the recipe says.")
    return Part(
        f"find out what {dish} is made of, and heat the oven as the recipe says",
        (find, needs, heat),
        (
            fact("ingredients known", recipe_id=recipe["recipe_id"]),
            fact("oven heated", degrees=recipe["degrees"]),
        ),
    )


def stock_up(world: World, rng: Random) -> Part:
    dish, _, find = _recipe(world, rng)
    lacking = [thing for thing in DISHES[dish] if thing in world.tables("kitchen")["missing"]]
    needs = Step(1, "Recipes.ingredients", {"recipe_id": Ref(0, "recipe_id")}, "List what the recipe needs.")
    missing = Step(
        2, "Pantry.missing", {"ingredients": Ref(1, "ingredients")}, "Check what the pantry lacks."
    )
    add = Step(
        3, "Shopping.add", {"things": Ref(2, "missing")}, "Put the missing things on the shopping list."
    )
    return Part(
        f"put on the shopping list what the pantry lacks for {dish}",
        (find, needs, missing, add),
        (fact("on the list", things=lacking),),
        {"list": ("what the pantry lacks", Ref(2, "missing"), lacking)},
    )


def forecast(_world: World, rng: Random) -> Part:
    city, day = rng.choice(CITIES), rng.choice(DAYS)
    step = Step(0, "Weather.forecast", {"city": city, "day": day}, f"Get the forecast of {city} for {day}.")
    return Part(
        f"tell me the weather in {city} on {day}", (step,), (fact("forecast known", city=city, day=day),)
    )


def soil(_world: World, rng: Random) -> Part:
    bed = rng.choice(BEDS)
    step = Step(0, "Soil.measure", {"bed": bed}, f"Measure the soil of the {bed}.")
    return Part(f"measure the soil of the {bed}", (step,), (fact("soil known", bed=bed),))


def watering(_world: World, rng: Random) -> Part:
    bed, day, minutes = rng.choice(BEDS), rng.choice(DAYS), rng.randrange(10, 60, 5)
    args = {"bed": bed, "day": day, "minutes": minutes}
    step = Step(0, "Sprinkler.schedule", args, f"Water the {bed} on {day} for {minutes} minutes.")
    return Part(f"water the {bed} on {day} for {minutes} minutes", (step,), (fact("watering set", **args),))


def plant_care(world: World, rng: Random) -> Part:
    bed = rng.choice(BEDS)
    plant = world.tables("garden")["beds"][bed]
    grows = Step(0, "Garden.plant_in", {"bed": bed}, f"Find out which plant grows in the {bed}.")
    care = Step(1, "Plants.care", {"plant": Ref(0, "plant")}, "Find out how the plant is watered.")
    return Part(
        f"tell me how to care for the plant in the {bed}", (grows, care), (fact("care known", plant=plant),)
    )


def water_and_measure(world: World, rng: Random) -> Part:
    bed, day = rng.choice(BEDS), rng.choice(DAYS)
    garden = world.tables("garden")
    first = plant_steps(bed)
    args = {"bed": bed, "day": day, "minutes": Ref(1, "minutes")}
    water = Step(2, "Sprinkler.schedule", args, f"Water the {bed} on {day} for as long as the plant needs.")
    measure = Step(3, "Soil.measure", {"bed": bed}, f"Measure the soil of the {bed}.")
    minutes = garden["care"][garden["beds"][bed]]
    return Part(
        f"water the {bed} on {day} for as long as its plant needs, and measure the soil of the {bed}",
        (*first, water, measure),
        (fact("watering set", bed=bed, day=day, minutes=minutes), fact("soil known", bed=bed)),
    )


def plant_steps(bed: str) -> tuple[Step, Step]:
    return (
        Step(0, "Garden.plant_in", {"bed": bed}, f"Find out which plant grows in the {bed}."),
        Step(1, "Plants.care", {"plant": Ref(0, "plant")}, "Find out how the plant is watered."),
    )
