"""Distances on the WGS-84 ellipsoid (T. Vincenty, Survey Review 23, 1975, inverse formula)."""

from __future__ import annotations

from math import asin, atan, atan2, cos, degrees, pi, radians, sin, sqrt, tan

MAJOR_KM = 6378.137
FLATTENING = 1 / 298.257223563
MINOR_KM = MAJOR_KM * (1 - FLATTENING)
PRECISION = 1e-12
MAX_ITERATIONS = 100
BEARINGS = 720


def distance_km(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    """Kilometres between two points given in degrees, better than 0.1 % everywhere.

    Vincenty's iteration does not settle for nearly opposite points. There the shortest way over a
    point a quarter of the globe away is taken, both halves of which are easy.
    """
    direct = _vincenty(latitude1, longitude1, latitude2, longitude2)
    if direct is not None:
        return direct
    ways = []
    for number in range(BEARINGS):
        middle = _quarter_away(latitude1, longitude1, 2 * pi * number / BEARINGS)
        first = _vincenty(latitude1, longitude1, *middle)
        second = _vincenty(*middle, latitude2, longitude2)
        if first is not None and second is not None:
            ways.append(first + second)
    return min(ways)


def _vincenty(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float | None:
    if (latitude1, longitude1) == (latitude2, longitude2):
        return 0.0
    reduced1 = atan((1 - FLATTENING) * tan(radians(latitude1)))
    reduced2 = atan((1 - FLATTENING) * tan(radians(latitude2)))
    apart = radians((longitude2 - longitude1 + 180) % 360 - 180)
    sin1, cos1, sin2, cos2 = sin(reduced1), cos(reduced1), sin(reduced2), cos(reduced2)
    turn = apart
    for _ in range(MAX_ITERATIONS):
        sin_sigma = sqrt((cos2 * sin(turn)) ** 2 + (cos1 * sin2 - sin1 * cos2 * cos(turn)) ** 2)
        if sin_sigma == 0:
            return 0.0
        cos_sigma = sin1 * sin2 + cos1 * cos2 * cos(turn)
        sigma = atan2(sin_sigma, cos_sigma)
        sin_alpha = cos1 * cos2 * sin(turn) / sin_sigma
        cos2_alpha = 1 - sin_alpha**2
        cos_middle = cos_sigma - 2 * sin1 * sin2 / cos2_alpha if cos2_alpha > PRECISION else 0.0
        c = FLATTENING / 16 * cos2_alpha * (4 + FLATTENING * (4 - 3 * cos2_alpha))
        bracket = cos_middle + c * cos_sigma * (2 * cos_middle**2 - 1)
        new = apart + (1 - c) * FLATTENING * sin_alpha * (sigma + c * sin_sigma * bracket)
        if abs(new) > pi:
            return None
        if abs(new - turn) < PRECISION:
            return _length(sigma, sin_sigma, cos_sigma, cos_middle, cos2_alpha)
        turn = new
    return None


def _length(sigma: float, sin_sigma: float, cos_sigma: float, cos_middle: float, cos2_alpha: float) -> float:
    u = cos2_alpha * (MAJOR_KM**2 - MINOR_KM**2) / MINOR_KM**2
    a = 1 + u / 16384 * (4096 + u * (-768 + u * (320 - 175 * u)))
    b = u / 1024 * (256 + u * (-128 + u * (74 - 47 * u)))
    inner = cos_sigma * (2 * cos_middle**2 - 1)
    inner -= b / 6 * cos_middle * (4 * sin_sigma**2 - 3) * (4 * cos_middle**2 - 3)
    return MINOR_KM * a * (sigma - b * sin_sigma * (cos_middle + b / 4 * inner))


def _quarter_away(latitude: float, longitude: float, bearing: float) -> tuple[float, float]:
    """The point of a sphere a quarter turn from another one, in degrees."""
    phi = radians(latitude)
    reached = asin(cos(phi) * cos(bearing))
    across = atan2(sin(bearing) * cos(phi), -sin(phi) * sin(reached))
    return degrees(reached), (longitude + degrees(across) + 180) % 360 - 180
