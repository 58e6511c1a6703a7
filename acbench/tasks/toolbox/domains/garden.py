"""Garden: weather, beds, plants and sprinklers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.toolbox.model import (
    NOT_FOUND,
    NOT_POSSIBLE,
    Handler,
    Refusal,
    State,
    Tool,
    code,
    draw,
    text,
    whole,
)
from acbench.tasks.toolbox.words import BEDS, CITIES, DAYS, PLANTS

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "garden"
LONGEST_WATERING = 90
TOOLS = (
    Tool(
        "Weather.forecast",
        NAME,
        "Give the weather of a city on a weekday.",
        (text("city", "city"), text("day", "weekday", choices=DAYS)),
        "sky, degrees, rain",
    ),
    Tool(
        "Garden.plant_in",
        NAME,
        "Tell which plant grows in a garden bed.",
        (text("bed", "name of the bed"),),
        "plant, rows",
    ),
    Tool(
        "Plants.care",
        NAME,
        "Tell how a plant wants to be watered.",
        (text("plant", "name of the plant"),),
        "minutes, light",
    ),
    Tool(
        "Sprinkler.schedule",
        NAME,
        "Water a garden bed on a weekday.",
        (
            text("bed", "name of the bed"),
            text("day", "weekday", choices=DAYS),
            whole("minutes", "how long to water"),
        ),
        "schedule_id",
    ),
    Tool(
        "Soil.measure",
        NAME,
        "Measure the soil of a garden bed.",
        (text("bed", "name of the bed"),),
        "moisture, acidity",
    ),
)


def tables(seed: int) -> dict[str, Any]:
    """Plants by bed, care by plant, weather by city and weekday."""
    return {
        "beds": {bed: PLANTS[draw(len(PLANTS), seed, bed)] for bed in BEDS},
        "care": {plant: 10 + 5 * draw(9, seed, "care", plant) for plant in PLANTS},
        "sky": {
            (city, day): ("sunny", "cloudy", "rainy")[draw(3, seed, "sky", city, day)]
            for city in CITIES
            for day in DAYS
        },
    }


def _forecast(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    sky = state.tables["sky"].get((args["city"], args["day"]))
    if sky is None:
        raise Refusal(NOT_FOUND, f"There is no forecast for {args['city']}.")
    state.note("forecast known", city=args["city"], day=args["day"])
    degrees = 5 + draw(20, args["city"], args["day"])
    return {"sky": sky, "degrees": degrees, "rain": sky == "rainy"}


def _plant_in(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    plant = state.tables["beds"].get(args["bed"])
    if plant is None:
        raise Refusal(NOT_FOUND, f"The garden has no {args['bed']}.")
    state.note("plant known", bed=args["bed"])
    return {"plant": plant, "rows": 2 + draw(5, args["bed"])}


def _care(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    minutes = state.tables["care"].get(args["plant"])
    if minutes is None:
        raise Refusal(NOT_FOUND, f"Nothing is known about {args['plant']}.")
    state.note("care known", plant=args["plant"])
    return {"minutes": minutes, "light": ("full sun", "half shade")[draw(2, args["plant"])]}


def _schedule(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if args["bed"] not in state.tables["beds"]:
        raise Refusal(NOT_FOUND, f"The garden has no {args['bed']}.")
    if not 1 <= args["minutes"] <= LONGEST_WATERING:
        raise Refusal(NOT_POSSIBLE, f"Watering lasts 1 to {LONGEST_WATERING} minutes, not {args['minutes']}.")
    state.note("watering set", bed=args["bed"], day=args["day"], minutes=args["minutes"])
    return {"schedule_id": code("WA", args["bed"], args["day"], args["minutes"])}


def _measure(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if args["bed"] not in state.tables["beds"]:
        raise Refusal(NOT_FOUND, f"The garden has no {args['bed']}.")
    state.note("soil known", bed=args["bed"])
    return {
        "moisture": f"{20 + draw(60, 'wet', args['bed'])} %",
        "acidity": 5 + draw(30, "ph", args["bed"]) / 10,
    }


HANDLERS: dict[str, Handler] = {
    "Weather.forecast": _forecast,
    "Garden.plant_in": _plant_in,
    "Plants.care": _care,
    "Sprinkler.schedule": _schedule,
    "Soil.measure": _measure,
}
