"""Compute new moons and the sun's position to the minute, for the lunar calendar.

The series are by Jean Meeus, Astronomical Algorithms, 2nd edition: chapter 49 (phases of the moon) and
chapter 25 (the sun, low accuracy). ΔT is the polynomial of Espenak and Meeus for 2005 to 2050. Days are
Vietnam's, UTC+7, as the calendar decision of 1967 requires, and are counted like Python's ordinals.
"""

from __future__ import annotations

import math
from functools import lru_cache

_ORDINAL_OF_JULIAN_DAY = -1721424.5  # a Julian day begins at noon, an ordinal at midnight
_VIETNAM = 7 / 24
_MONTH = 29.530588861
_NEW_MOON_OF_2000 = 2451550.09766  # on 6 January

# Each term: amplitude in days, power of E, multiples of M (sun), M' (moon), F (moon's node).
_MOON_TERMS = (
    (-0.40720, 0, 0, 1, 0),
    (0.17241, 1, 1, 0, 0),
    (0.01608, 0, 0, 2, 0),
    (0.01039, 0, 0, 0, 2),
    (0.00739, 1, -1, 1, 0),
    (-0.00514, 1, 1, 1, 0),
    (0.00208, 2, 2, 0, 0),
    (-0.00111, 0, 0, 1, -2),
    (-0.00057, 0, 0, 1, 2),
    (0.00056, 1, 1, 2, 0),
    (-0.00042, 0, 0, 3, 0),
    (0.00042, 1, 1, 0, 2),
    (0.00038, 1, 1, 0, -2),
    (-0.00024, 1, -1, 2, 0),
    (-0.00007, 0, 2, 1, 0),
    (0.00004, 0, 0, 2, -2),
    (0.00004, 0, 3, 0, 0),
    (0.00003, 0, 1, 1, -2),
    (0.00003, 0, 0, 2, 2),
    (-0.00003, 0, 1, 1, 2),
    (0.00003, 0, -1, 1, 2),
)
# Planetary perturbations: amplitude in days, degrees at the start, degrees a month.
_PLANET_TERMS = (
    (0.000325, 299.77, 0.107408),
    (0.000165, 251.88, 0.016321),
    (0.000164, 251.83, 26.651886),
    (0.000126, 349.42, 36.412478),
    (0.000110, 84.66, 18.206239),
    (0.000062, 141.74, 53.303771),
    (0.000060, 207.14, 2.453732),
    (0.000056, 154.84, 7.306860),
    (0.000047, 34.52, 27.261239),
)


def new_moon_near(ordinal: int) -> int:
    """Return the number of a new moon within a month of that day. Number 0 is 6 January 2000."""
    return round((ordinal - _ORDINAL_OF_JULIAN_DAY - _NEW_MOON_OF_2000) / _MONTH)


@lru_cache(maxsize=1024)
def new_moon_day(number: int) -> int:
    """Return the day in Vietnam on which that new moon falls."""
    centuries = number / 1236.85
    sun = math.radians(2.5534 + 29.10535670 * number - 0.0000014 * centuries**2)
    moon = math.radians(201.5643 + 385.81693528 * number + 0.0107582 * centuries**2)
    node_distance = math.radians(160.7108 + 390.67050284 * number - 0.0016118 * centuries**2)
    node = math.radians(124.7746 - 1.56375588 * number)
    flattening = 1 - 0.002516 * centuries - 0.0000074 * centuries**2
    moment = _NEW_MOON_OF_2000 + _MONTH * number + 0.00015437 * centuries**2 - 0.00017 * math.sin(node)
    for amplitude, power, suns, moons, nodes in _MOON_TERMS:
        angle = suns * sun + moons * moon + nodes * node_distance
        moment += amplitude * flattening**power * math.sin(angle)
    for amplitude, start, monthly in _PLANET_TERMS:
        moment += amplitude * math.sin(math.radians(start + monthly * number))
    return math.floor(moment - _delta_t(moment) + _ORDINAL_OF_JULIAN_DAY + _VIETNAM)


@lru_cache(maxsize=1024)
def sun_segment(ordinal: int) -> int:
    """Return the sun's 30° segment (0 starts at the spring equinox) at the start of the day in Vietnam."""
    moment = ordinal - _ORDINAL_OF_JULIAN_DAY - _VIETNAM
    centuries = (moment + _delta_t(moment) - 2451545) / 36525
    mean = 280.46646 + 36000.76983 * centuries + 0.0003032 * centuries**2
    anomaly = math.radians(357.52911 + 35999.05029 * centuries - 0.0001537 * centuries**2)
    centre = (
        (1.914602 - 0.004817 * centuries) * math.sin(anomaly)
        + (0.019993 - 0.000101 * centuries) * math.sin(2 * anomaly)
        + 0.000289 * math.sin(3 * anomaly)
    )
    nutation = -0.00569 - 0.00478 * math.sin(math.radians(125.04 - 1934.136 * centuries))
    return int((mean + centre + nutation) % 360 // 30)


def _delta_t(moment: float) -> float:
    """Return ΔT in days, which is terrestrial time minus universal time."""
    years = (moment - 2451545) / 365.25
    return (62.92 + 0.32217 * years + 0.005589 * years**2) / 86400
