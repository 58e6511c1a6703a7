"""Invented but plausible weather: a pure function of seed, grid cell and day. No state, no generator.

The same question gives the same answer in any order, for any day from year 1 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import cos, floor, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

GRID_DEGREES = 0.25
LAPSE_C_PER_M = 0.0055
WARMEST_DAY_NORTH, WARMEST_DAY_SOUTH = 200, 18
WET_SHARE = 0.32
"""Share of days with rain or snow."""
SNOW_BELOW_C = 0.5


@dataclass(frozen=True, slots=True)
class Day:
    """One day in one cell: °C with one decimal and low < mean < high, mm, cm, and a European index."""

    low: float
    mean: float
    high: float
    rain: float
    snow: float
    air: int


def grid(degrees: float) -> float:
    """The centre of the cell a coordinate lies in."""
    return floor(degrees / GRID_DEGREES + 0.5) * GRID_DEGREES


def weather(seed: int, latitude: float, longitude: float, day: date, *, elevation: float, size: int) -> Day:
    """The weather at a grid point. ``size`` (0..4): how large a city lies there; large ones have worse air."""
    draws = _draws(seed, latitude, longitude, day)
    mean = _season(latitude, elevation, day) + 9 * (draws[0] - 0.5)
    below, above = 2.5 + 3 * draws[1], 2.5 + 4 * draws[2]
    wet = max(0.0, draws[3] - (1 - WET_SHARE)) / WET_SHARE
    amount = round(24 * wet**2, 1)
    snows = mean < SNOW_BELOW_C
    return Day(
        low=_tenths(mean - below),
        mean=_tenths(mean),
        high=_tenths(mean + above),
        rain=0.0 if snows else amount,
        snow=round(0.7 * amount, 2) if snows else 0.0,
        air=int(6 + 9 * size + 34 * draws[4] + (60 * (draws[5] - 0.8) / 0.2 if draws[5] > 0.8 else 0)),
    )


def _tenths(value: float) -> float:
    return round(value, 1) + 0.0  # never "-0.0"


def _season(latitude: float, elevation: float, day: date) -> float:
    """The usual mean of a day, °C."""
    away = abs(latitude)
    yearly = 27.5 - 0.0085 * away**2 + 0.004 * away - LAPSE_C_PER_M * max(0.0, elevation)
    warmest = WARMEST_DAY_NORTH if latitude >= 0 else WARMEST_DAY_SOUTH
    swing = min(18.0, 0.27 * away)
    return yearly + swing * cos(2 * pi * (day.timetuple().tm_yday - warmest) / 365.25)


def _draws(seed: int, latitude: float, longitude: float, day: date) -> list[float]:
    """Six numbers in [0, 1) that belong to this cell and day."""
    key = f"{seed}|{latitude:.2f}|{longitude:.2f}|{day.isoformat()}".encode()
    digest = blake2b(key, digest_size=24).digest()
    return [int.from_bytes(digest[start : start + 4], "big") / 2**32 for start in range(0, 24, 4)]
