"""Weather tools over an invented climate at real places (specification, section 6.2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.climate import Day, grid, weather
from acbench.tasks.tools.gazetteer import City, cities, nearest
from acbench.tasks.tools.geodesic import distance_km
from acbench.tasks.tools.matching import equal_near
from acbench.tasks.tools.toolbox import DATE, NUMBER, TEXT, Failed, Refused, Tool, Toolbox, answer_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.tools.toolbox import Kind

MOST_DAYS = 30
MOST_PLACES = 3
TEMPERATURES = ("temperature_2m_max", "temperature_2m_min", "temperature_2m_mean")
AIR_LEVELS = ((20, "good"), (40, "fair"), (60, "moderate"), (80, "poor"), (100, "very poor"))
WORST_AIR = "extremely poor"

Range = dict[str, "Kind"]


def air_level(index: float) -> str:
    """The level of a European air quality index: bands up to and with 20, 40, 60, 80, 100, without gaps."""
    return next((level for bound, level in AIR_LEVELS if index <= bound), WORST_AIR)


class WeatherSimulator:
    """``world``: ``seed``, ``current_date`` (YYYY-MM-DD) and ``current_location``. Nothing changes in it."""

    def __init__(self, world: Mapping[str, Any], offered: Sequence[str] | None = None) -> None:
        self._seed = int(world.get("seed", 0))
        self._today = date.fromisoformat(world["current_date"])
        self._location = str(world["current_location"])
        self.toolbox = Toolbox(self._tools(), offered)

    def hint(self) -> str:
        if "get_latitude_longitude" not in self.toolbox.tools:
            return "You answer questions about the weather."
        return "You answer questions about the weather. Look up the coordinates of a place by its name."

    def cleaned(self, _tool: str, result: Any) -> Any:
        if isinstance(result, dict) and isinstance(result.get("daily"), dict):
            daily = {name: values for name, values in result["daily"].items() if name not in TEMPERATURES}
            return {**result, "daily": daily}
        return result

    def same(self, goal: Any, candidate: Any) -> bool:
        return equal_near(goal, candidate)

    def _tools(self) -> list[Tool]:
        place: Range = {"latitude": NUMBER, "longitude": NUMBER}
        two: Range = {name + end: NUMBER for end in ("1", "2") for name in ("latitude", "longitude")}
        return [
            Tool("get_user_current_date", "today's date", self._today.isoformat, {}),
            Tool("get_user_current_location", "the user's city", lambda: self._location, {}),
            Tool("get_latitude_longitude", "coordinates of a city", self._places, {"name": TEXT}),
            *self._series("temp", "temperatures (°C)", _temperatures),
            *self._series("rain", "rain (mm)", _rain),
            *self._series("snow", "snow (cm)", _snow),
            *self._series("air_quality_index", "air quality index", _air, forecast=False),
            Tool(
                "get_air_quality_level",
                "the level of an air quality index",
                air_level_of,
                {"air_quality_index": NUMBER},
            ),
            Tool("get_elevation", "metres above the sea", self._elevation, place),
            Tool("get_distance", "kilometres between two places", _distance, two),
            answer_tool(),
        ]

    def _series(
        self, what: str, about: str, show: Callable[[list[Day]], _Shown], *, forecast: bool = True
    ) -> list[Tool]:
        place: Range = {"latitude": NUMBER, "longitude": NUMBER}
        span: Range = {**place, "start_date": DATE, "end_date": DATE}

        def historical(**given: Any) -> dict[str, Any]:
            self._require_earlier(given["start_date"], given["end_date"])
            return self._days(show, **given)

        def coming(**given: Any) -> dict[str, Any]:
            self._require_later(given["start_date"], given["end_date"])
            return self._days(show, **given)

        def current(latitude: float, longitude: float, current_date: date) -> dict[str, Any]:
            return self._days(show, latitude, longitude, current_date, current_date)

        tools = [Tool(f"get_historical_{what}", f"{about} of past days", historical, span)]
        if forecast:
            tools.append(Tool(f"get_{what}_forecast", f"{about} of days to come", coming, span))
        today: Range = {**place, "current_date": DATE}
        return [*tools, Tool(f"get_current_{what}", f"{about} of today", current, today)]

    def _require_earlier(self, start: date, end: date) -> None:
        for name, day in (("start_date", start), ("end_date", end)):
            if day >= self._today:
                raise Refused(f"Error: {name} should be earlier than current_date")

    def _require_later(self, start: date, end: date) -> None:
        for name, day in (("start_date", start), ("end_date", end)):
            if day <= self._today:
                raise Refused(f"Error: {name} should be later than current_date")

    def _days(
        self,
        show: Callable[[list[Day]], _Shown],
        latitude: float,
        longitude: float,
        start_date: date,
        end_date: date,
    ) -> dict[str, Any]:
        _check_place(latitude, longitude)
        length = (end_date - start_date).days
        if length < 0:
            raise Failed("ValueError", "end_date is before start_date")
        if length > MOST_DAYS:
            raise Refused(f"Error: at most {MOST_DAYS} days can lie between start_date and end_date")
        days = [start_date + timedelta(days=number) for number in range(length + 1)]
        latitude, longitude = grid(latitude), grid(longitude)
        shown = show([self._day(latitude, longitude, day) for day in days])
        units = {"time": "iso8601", **{name: unit for name, (unit, _) in shown.items()}}
        values = {name: numbers for name, (_, numbers) in shown.items()}
        return {
            "latitude": latitude,
            "longitude": longitude,
            "daily_units": units,
            "daily": {"time": [day.isoformat() for day in days], **values},
        }

    def _day(self, latitude: float, longitude: float, day: date) -> Day:
        city = nearest(latitude, longitude)
        return weather(
            self._seed,
            latitude,
            longitude,
            day,
            elevation=city.elevation if city else 0.0,
            size=city.size if city else 0,
        )

    def _places(self, name: str) -> dict[str, Any]:
        found = find_places(name)
        if not found:
            raise Failed("LookupError", f"no place is called {name[:40]!r}")
        return {"results": [_shown_place(city) for city in found]}

    def _elevation(self, latitude: float, longitude: float) -> dict[str, Any]:
        _check_place(latitude, longitude)
        city = nearest(grid(latitude), grid(longitude))
        return {"elevation": [float(city.elevation) if city else 0.0]}


_Shown = dict[str, tuple[str, list[float]]]


def find_places(name: str) -> list[City]:
    """At most three cities: those of this name, else those whose names begin so; large ones first."""
    wanted = name.split(",", maxsplit=1)[0].strip().lower()
    if not wanted:
        return []
    exact = [city for city in cities() if city.name.lower() == wanted]
    return (exact or [city for city in cities() if city.name.lower().startswith(wanted)])[:MOST_PLACES]


def air_level_of(air_quality_index: float) -> str:
    return air_level(air_quality_index)


def _shown_place(city: City) -> dict[str, Any]:
    return {
        "name": city.name,
        "latitude": city.latitude,
        "longitude": city.longitude,
        "country_code": city.country,
    }


def _check_place(latitude: float, longitude: float) -> None:
    for name, value, bound in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if abs(value) > bound:
            raise Failed("ValueError", f"{name} must lie between -{bound} and {bound}")


def _distance(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    _check_place(latitude1, longitude1)
    _check_place(latitude2, longitude2)
    return distance_km(latitude1, longitude1, latitude2, longitude2)


def _temperatures(days: list[Day]) -> _Shown:
    columns = ([day.high for day in days], [day.low for day in days], [day.mean for day in days])
    return {name: ("°C", column) for name, column in zip(TEMPERATURES, columns, strict=True)}


def _rain(days: list[Day]) -> _Shown:
    return {"rain_sum": ("mm", [day.rain for day in days])}


def _snow(days: list[Day]) -> _Shown:
    return {"snowfall_sum": ("cm", [day.snow for day in days])}


def _air(days: list[Day]) -> _Shown:
    return {"european_aqi_pm2_5": ("EAQI", [day.air for day in days])}
