"""The weather simulator: dates, places, the invented climate, distances, air levels."""

from __future__ import annotations

from datetime import date, timedelta
from math import cos, radians
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools_stubs import call, environment, seen

from acbench.tasks.tools.climate import grid, weather
from acbench.tasks.tools.gazetteer import cities, nearest
from acbench.tasks.tools.geodesic import distance_km
from acbench.tasks.tools.matching import haversine
from acbench.tasks.tools.weather import MOST_PLACES, WeatherSimulator, air_level, find_places

WORLD: dict[str, Any] = {"seed": 3, "current_date": "2023-06-15", "current_location": "Denver"}
PLACE = {"latitude": 39.74, "longitude": -104.98}


def ask(tool: str, start: str, end: str) -> str:
    return environment("weather", WORLD).step(call(tool, **PLACE, start_date=start, end_date=end)).observation


def result(tool: str, **arguments: Any) -> Any:
    simulator = WeatherSimulator(WORLD)
    return simulator.toolbox.tools[tool].run(**simulator.toolbox.tools[tool].arguments(arguments))


def test_worked_example_20() -> None:
    assert ask("get_historical_temp", "2023-06-13", "2023-06-14").startswith("{'latitude': 39.75")
    assert (
        ask("get_historical_temp", "2023-06-13", "2023-06-15")
        == "Error: end_date should be earlier than current_date"
    )
    assert (
        ask("get_historical_rain", "2023-06-15", "2023-06-15")
        == "Error: start_date should be earlier than current_date"
    )
    assert ask("get_temp_forecast", "2023-06-16", "2023-06-16").startswith("{")
    assert (
        ask("get_temp_forecast", "2023-06-15", "2023-06-16")
        == "Error: start_date should be later than current_date"
    )
    assert ask("get_historical_temp", "2023-01-01", "2023-01-31").startswith("{")
    assert ask("get_historical_temp", "2023-01-01", "2023-02-01").startswith("Error: ")


def test_refusals_are_grounded_and_impossible_days_are_not() -> None:
    env = environment("weather", WORLD)
    refused = env.step(call("get_historical_temp", **PLACE, start_date="2023-06-15", end_date="2023-06-15"))
    assert (refused.valid, refused.trouble) == (True, "refused")
    for arguments in (
        {**PLACE, "start_date": "2023-06-10", "end_date": "2023-06-09"},
        {**PLACE, "start_date": "2023-02-30", "end_date": "2023-03-01"},
        {**PLACE, "start_date": "2023-W01-1", "end_date": "2023-03-01"},
        {**PLACE, "latitude": 91, "start_date": "2023-06-01", "end_date": "2023-06-02"},
    ):
        step = env.step(call("get_historical_temp", **arguments))
        assert not step.valid
        assert step.observation.startswith("ERROR | ValueError(")


def test_current_has_no_check_of_the_date() -> None:
    found = result("get_current_temp", **PLACE, current_date="1999-12-31")
    assert found["daily"]["time"] == ["1999-12-31"]


def test_results_have_the_services_shape() -> None:
    found = result("get_historical_temp", **PLACE, start_date="2023-06-01", end_date="2023-06-03")
    names = ["temperature_2m_max", "temperature_2m_min", "temperature_2m_mean"]
    assert found["daily_units"] == {"time": "iso8601", **dict.fromkeys(names, "°C")}
    assert list(found["daily"]) == ["time", *names]
    assert (found["latitude"], found["longitude"]) == (39.75, -105.0)
    assert [len(found["daily"][name]) for name in names] == [3, 3, 3]
    assert (
        result("get_current_snow", **PLACE, current_date="2023-06-01")["daily_units"]["snowfall_sum"] == "cm"
    )
    assert result("get_elevation", **PLACE) == {"elevation": [1600.0]}


def test_temperatures_are_left_out_of_comparison() -> None:
    simulator = WeatherSimulator(WORLD)
    found = result("get_historical_temp", **PLACE, start_date="2023-06-01", end_date="2023-06-03")
    assert simulator.cleaned("get_historical_temp", found)["daily"] == {"time": found["daily"]["time"]}
    rain = result("get_historical_rain", **PLACE, start_date="2023-06-01", end_date="2023-06-03")
    assert simulator.cleaned("get_historical_rain", rain) == rain


def test_a_neighbouring_place_reaches_the_sub_goal_and_a_far_one_does_not() -> None:
    days = {"start_date": "2023-06-01", "end_date": "2023-06-02"}
    goal = WeatherSimulator(WORLD).cleaned("", result("get_historical_temp", **PLACE, **days))
    for latitude, progress in ((39.95, 1.0), (40.5, 0.0)):
        env = environment("weather", WORLD, subgoals=[goal])
        line = call("get_historical_temp", latitude=latitude, longitude=-104.98, **days)
        assert env.step(line).progress == progress


@pytest.mark.parametrize(
    ("index", "level"),
    [
        (0, "good"),
        (20, "good"),
        (20.5, "fair"),
        (21, "fair"),
        (40, "fair"),
        (41, "moderate"),
        (61, "poor"),
        (80.01, "very poor"),
        (81, "very poor"),
        (100, "very poor"),
        (100.5, "extremely poor"),
    ],
)
def test_air_levels_have_no_gaps(index: float, level: str) -> None:
    assert air_level(index) == level
    assert result("get_air_quality_level", air_quality_index=index) == level


def test_places_by_name() -> None:
    assert [city.country for city in find_places("London")] == ["GB", "CA"]
    assert [city.name for city in find_places("san f")] == ["San Francisco"]
    assert len(find_places("s")) == MOST_PLACES
    assert find_places("Portland, Oregon")[0].latitude == 45.52
    assert find_places("  ") == []
    env = environment("weather", WORLD)
    missing = env.step(call("get_latitude_longitude", name="Atlantis"))
    assert (missing.valid, missing.observation) == (
        False,
        "ERROR | LookupError(no place is called 'Atlantis')",
    )
    assert seen(env, call("get_user_current_date")).observation == "2023-06-15"


def test_the_gazetteer_is_sound() -> None:
    assert len(cities()) > 300
    assert len({(city.latitude, city.longitude) for city in cities()}) == len(cities())
    for city in cities():
        assert -60 < city.latitude < 72
        assert -180 <= city.longitude <= 180
        assert 0 <= city.elevation < 4000
        assert 1 <= city.size <= 4
        assert nearest(city.latitude, city.longitude) is not None


def test_distances_known_from_elsewhere() -> None:
    """The equator's degree is a·π/180; a quarter meridian is 10,001.966 km; the rest is published."""
    assert distance_km(0, 0, 0, 1) == pytest.approx(111.319, abs=5e-4)
    assert distance_km(0, 0, 90, 0) == pytest.approx(10001.966, abs=1e-2)
    assert distance_km(0, 0, 0, 180) == pytest.approx(20003.931, rel=1e-3)
    assert distance_km(0, 0, 0.5, 179.7) == pytest.approx(19944.127, rel=1e-3)  # Vincenty's own hard case
    assert distance_km(90, 0, -90, 77) == pytest.approx(20003.931, rel=1e-3)
    assert distance_km(50.0, 7.0, 50.0, 7.0) == 0.0


@settings(max_examples=60, deadline=None)
@given(*[st.floats(-90, 90), st.floats(-180, 180)] * 2)
def test_distances_are_symmetric_and_near_the_sphere(a: float, b: float, c: float, d: float) -> None:
    there, back = distance_km(a, b, c, d), distance_km(c, d, a, b)
    assert there == pytest.approx(back, rel=1e-6, abs=1e-6)
    assert there == pytest.approx(haversine(a, b, c, d), rel=0.0075, abs=1e-6)


def test_the_climate_is_a_function_of_its_arguments() -> None:
    day = date(2023, 6, 1)
    assert weather(1, 50.0, 8.0, day, elevation=0, size=2) == weather(1, 50.0, 8.0, day, elevation=0, size=2)
    others = [
        weather(2, 50.0, 8.0, day, elevation=0, size=2),
        weather(1, 50.25, 8.0, day, elevation=0, size=2),
    ]
    assert weather(1, 50.0, 8.0, day, elevation=0, size=2) not in others


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-90, 90), st.floats(-180, 180), st.dates(date(1, 1, 1), date(9999, 12, 31)), st.integers(0, 4)
)
def test_days_are_plausible(latitude: float, longitude: float, day: date, size: int) -> None:
    found = weather(0, grid(latitude), grid(longitude), day, elevation=0, size=size)
    assert -70 < found.low < found.mean < found.high < 50
    assert found.rain == 0 or found.snow == 0
    assert 0 <= found.rain <= 24
    assert 0 <= found.air <= 150


def test_seasons_heights_and_snow_go_the_right_way() -> None:
    def mean(latitude: float, month: int, height: float = 0) -> float:
        days = [date(2023, month, 1) + timedelta(days=number) for number in range(28)]
        return sum(weather(0, latitude, 10.0, day, elevation=height, size=0).mean for day in days) / 28

    assert mean(50, 7) > mean(50, 1) + 10
    assert mean(-35, 1) > mean(-35, 7) + 5
    assert mean(0, 1) > mean(60, 1) + 20
    assert mean(30, 7) > mean(30, 7, 3000) + 10
    january = [weather(0, 65.0, 25.0, date(2023, 1, day), elevation=0, size=0) for day in range(1, 29)]
    assert any(day.snow > 0 for day in january)
    assert not any(day.rain > 0 for day in january)


def test_grid_points_lie_close() -> None:
    for city in cities():
        cell = grid(city.latitude), grid(city.longitude)
        most = 0.125 * 111.4 * (1 + cos(radians(city.latitude)) ** 2) ** 0.5
        assert haversine(city.latitude, city.longitude, *cell) <= most
    assert grid(0.125) == 0.25
