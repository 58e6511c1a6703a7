"""Questions about the weather. Answers come from the climate itself, not from the tools."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.climate import Day, grid, weather
from acbench.tasks.tools.data.drafts import Draft
from acbench.tasks.tools.gazetteer import City, cities, nearest
from acbench.tasks.tools.geodesic import distance_km
from acbench.tasks.tools.weather import air_level

if TYPE_CHECKING:
    from random import Random

FEW = ("get_elevation", "get_air_quality_level")
HALF = (
    *("get_latitude_longitude", "get_elevation", "get_distance", "get_historical_temp"),
    *("get_historical_rain", "get_historical_air_quality_index", "get_air_quality_level"),
)
Plan = list[tuple[str, dict[str, Any]]]


def draw(rng: Random, level: int, seed: int) -> Draft:
    today = date(2023, 1, 1) + timedelta(days=rng.randrange(40, 320))
    # Only the first city of a name is found under it without reading further.
    names: dict[str, City] = {}
    for city in cities():
        names.setdefault(city.name, city)
    here, there = rng.sample([city for city in names.values() if city.size >= 2], 2)
    world = {"seed": seed, "current_date": today.isoformat(), "current_location": here.name}
    scene = _Scene(rng, world, today, here, there)
    return rng.choice({1: (_height, _level, _today), 2: (_hottest, _high_place, _rain), 3: _HARD}[level])(
        scene
    )


class _Scene:
    def __init__(self, rng: Random, world: dict[str, Any], today: date, here: City, there: City) -> None:
        self.rng, self.world, self.today, self.here, self.there = rng, world, today, here, there

    def day(self, city: City, day: date) -> Day:
        latitude, longitude = grid(city.latitude), grid(city.longitude)
        near = nearest(latitude, longitude)
        height, size = (near.elevation, near.size) if near else (0, 0)
        return weather(self.world["seed"], latitude, longitude, day, elevation=height, size=size)

    def past(self) -> date:
        return self.today - timedelta(days=self.rng.randrange(2, 30))


def _place(city: City) -> dict[str, Any]:
    return {"latitude": city.latitude, "longitude": city.longitude}


def _find(city: City) -> tuple[str, dict[str, Any]]:
    return "get_latitude_longitude", {"name": city.name}


def _span(city: City, start: date, end: date | None = None) -> dict[str, Any]:
    return {**_place(city), "start_date": start.isoformat(), "end_date": (end or start).isoformat()}


def _where(city: City) -> str:
    return f"latitude {city.latitude}, longitude {city.longitude}"


def _height(scene: _Scene) -> Draft:
    near = nearest(grid(scene.there.latitude), grid(scene.there.longitude))
    height = float(near.elevation) if near else 0.0
    goal = f"How many metres above the sea is {_where(scene.there)}? Answer with a number."
    return Draft(goal, scene.world, [("get_elevation", _place(scene.there))], height, (0,), FEW)


def _level(scene: _Scene) -> Draft:
    index = scene.rng.randrange(1, 120)
    goal = f"What is the air quality level for an air quality index of {index}? Answer with the level."
    call = ("get_air_quality_level", {"air_quality_index": index})
    return Draft(goal, scene.world, [call], air_level(index), (0,), FEW)


def _today(scene: _Scene) -> Draft:
    high = scene.day(scene.there, scene.today).high
    goal = f"What is the highest temperature on {scene.today} at {_where(scene.there)}? Answer with a number."
    call = ("get_current_temp", {**_place(scene.there), "current_date": scene.today.isoformat()})
    return Draft(goal, scene.world, [call], high, (0,), FEW)


def _hottest(scene: _Scene) -> Draft:
    day = scene.past()
    kind, field = scene.rng.choice((("highest", "high"), ("lowest", "low"), ("mean", "mean")))
    goal = f"What was the {kind} temperature in {scene.there.name} on {day}? Answer with a number."
    plan: Plan = [_find(scene.there), ("get_historical_temp", _span(scene.there, day))]
    return Draft(goal, scene.world, plan, getattr(scene.day(scene.there, day), field), (1,), HALF)


def _high_place(scene: _Scene) -> Draft:
    near = nearest(grid(scene.there.latitude), grid(scene.there.longitude))
    height = float(near.elevation) if near else 0.0
    goal = f"How many metres above the sea is {scene.there.name}? Answer with a number."
    return Draft(
        goal, scene.world, [_find(scene.there), ("get_elevation", _place(scene.there))], height, (1,), HALF
    )


def _rain(scene: _Scene) -> Draft:
    start = scene.past() - timedelta(days=5)
    days = [start + timedelta(days=number) for number in range(3)]
    total = round(sum(scene.day(scene.there, day).rain for day in days), 1)
    goal = (
        f"How many millimetres of rain fell in {scene.there.name} from {days[0]} to {days[-1]} altogether? "
        "Answer with a number rounded to one decimal."
    )
    plan: Plan = [_find(scene.there), ("get_historical_rain", _span(scene.there, days[0], days[-1]))]
    return Draft(goal, scene.world, plan, total, (1,), HALF)


_START: Plan = [("get_user_current_date", {}), ("get_user_current_location", {})]


def _yesterday(scene: _Scene) -> Draft:
    day = scene.today - timedelta(days=1)
    goal = "What was the mean temperature yesterday where I am? Answer with a number."
    plan: Plan = [*_START, _find(scene.here), ("get_historical_temp", _span(scene.here, day))]
    return Draft(goal, scene.world, plan, scene.day(scene.here, day).mean, (0, 1, 3))


def _warmer(scene: _Scene) -> Draft:
    day = scene.today + timedelta(days=scene.rng.randrange(1, 8))
    ahead = (day - scene.today).days
    highs = [scene.day(city, day).high for city in (scene.here, scene.there)]
    if highs[0] == highs[1]:
        return _far(scene)
    warmer = (scene.here if highs[0] > highs[1] else scene.there).name
    goal = (
        f"Which city will have the higher maximum temperature {ahead} days from today, {scene.here.name} or "
        f"{scene.there.name}? Answer with the name."
    )
    plan: Plan = [("get_user_current_date", {})]
    for city in (scene.here, scene.there):
        plan += [_find(city), ("get_temp_forecast", _span(city, day))]
    return Draft(goal, scene.world, plan, warmer, (0, 2, 4))


def _far(scene: _Scene) -> Draft:
    away = distance_km(scene.here.latitude, scene.here.longitude, scene.there.latitude, scene.there.longitude)
    # The distance itself is no sub-goal: with the places swapped its last digit differs.
    goal = f"How far is it from where I am to {scene.there.name}? Answer in kilometres, rounded to a whole number."
    both = {
        f"{name}{end}": value
        for end, city in ((1, scene.here), (2, scene.there))
        for name, value in _place(city).items()
    }
    plan: Plan = [_START[1], _find(scene.here), _find(scene.there), ("get_distance", both)]
    return Draft(goal, scene.world, plan, round(away), (0,))


def _wet_days(scene: _Scene) -> Draft:
    first, last = scene.today - timedelta(days=7), scene.today - timedelta(days=1)
    days = [first + timedelta(days=number) for number in range(7)]
    wet = sum(scene.day(scene.there, day).rain > 0 for day in days)
    goal = (
        f"On how many of the seven days before today did it rain in {scene.there.name}? Answer with a number."
    )
    plan: Plan = [_START[0], _find(scene.there), ("get_historical_rain", _span(scene.there, first, last))]
    return Draft(goal, scene.world, plan, wet, (0, 2))


def _air(scene: _Scene) -> Draft:
    day = scene.today - timedelta(days=2)
    index = scene.day(scene.there, day).air
    goal = f"What was the air quality level in {scene.there.name} the day before yesterday? Answer with the level."
    plan: Plan = [
        _START[0],
        _find(scene.there),
        ("get_historical_air_quality_index", _span(scene.there, day)),
        ("get_air_quality_level", {"air_quality_index": index}),
    ]
    return Draft(goal, scene.world, plan, air_level(index), (0, 2))


_HARD = (_yesterday, _warmer, _far, _wet_days, _air)
