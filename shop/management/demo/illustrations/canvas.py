"""A canvas that collects SVG: gradients, groups, smooth shapes, and the light that all pictures share.

Light comes from the upper left. Coordinates are those of a square of 1,000; covers are wider.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

Point = tuple[float, float]
Stop = tuple[float, str] | tuple[float, str, float]  # offset, colour, opacity

SIDE = 1000
SHADOW_COLOUR = "#2b1a2e"  # warmer than black
LIGHT_COLOUR = "#fff8e6"  # warmer than white


def mix(first: str, second: str, share: float) -> str:
    """Return the colour between two, `share` of the way from the first to the second."""
    ends = [tuple(int(colour[spot : spot + 2], 16) for spot in (1, 3, 5)) for colour in (first, second)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))


def lighter(colour: str, share: float) -> str:
    return mix(colour, LIGHT_COLOUR, share)


def darker(colour: str, share: float) -> str:
    return mix(colour, SHADOW_COLOUR, share)


def turned(point: Point, angle: float, about: Point = (0, 0)) -> Point:
    """Return the point turned by degrees about another."""
    rad = math.radians(angle)
    across, down = point[0] - about[0], point[1] - about[1]
    return (
        about[0] + across * math.cos(rad) - down * math.sin(rad),
        about[1] + across * math.sin(rad) + down * math.cos(rad),
    )


def smooth(points: Sequence[Point], *, closed: bool = True) -> str:
    """Return path data of a smooth curve through the points (Catmull-Rom)."""
    count = len(points)
    data = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for index in range(count if closed else count - 1):
        before, start, end, after = (points[(index + step) % count] if closed else points[min(max(index + step, 0), count - 1)] for step in (-1, 0, 1, 2))
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        data += f"C{first[0]:.1f} {first[1]:.1f} {second[0]:.1f} {second[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
    return data + ("Z" if closed else "")


def line(points: Sequence[Point], *, closed: bool = True) -> str:
    """Return path data of straight lines through the points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if closed else "")


def ring(x: float, y: float, rx: float, ry: float, count: int, rng: Random, rough: float = 0) -> list[Point]:
    """Return points around an ellipse, each displaced by up to `rough` of the radius."""
    points = []
    for index in range(count):
        angle = 2 * math.pi * index / count
        far = 1 + rng.uniform(-rough, rough)
        points.append((x + rx * far * math.cos(angle), y + ry * far * math.sin(angle)))
    return points


class Canvas:
    """Collects shapes in the order in which they are painted."""

    def __init__(self, ground: str, width: int = SIDE, height: int = SIDE) -> None:
        self.width, self.height = width, height
        self.ground = ground
        self._defs: dict[str, str] = {}
        self._parts: list[str] = []
        self._clips = 0

    def svg(self) -> str:
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        defs = "".join(self._defs.values())
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><defs>{defs}</defs>{"".join(self._parts)}</svg>'

    def put(self, markup: str) -> None:
        self._parts.append(markup)

    def radial(self, *stops: Stop, cx: float = 0.36, cy: float = 0.3, r: float = 0.8) -> str:
        """Return the reference of a radial gradient over the bounding box of the filled shape."""
        return self._define("radialGradient", f'cx="{cx}" cy="{cy}" r="{r}"', _stops(stops))

    def linear(self, *stops: Stop, x: float = 0, y: float = 1) -> str:
        """Return the reference of a linear gradient from the upper left towards (x, y) of the box."""
        return self._define("linearGradient", f'x1="0" y1="0" x2="{x}" y2="{y}"', _stops(stops))

    def pattern(self, width: float, height: float, markup: str, transform: str = "") -> str:
        """Return the reference of a tile that repeats."""
        size = f'width="{width}" height="{height}" patternUnits="userSpaceOnUse"'
        return self._define("pattern", size + (f' patternTransform="{transform}"' if transform else ""), markup)

    def blur(self, deviation: float) -> str:
        markup = f'<feGaussianBlur stdDeviation="{deviation}"/>'
        return self._define("filter", 'x="-40%" y="-40%" width="180%" height="180%"', markup)

    def _define(self, kind: str, attributes: str, markup: str) -> str:
        key = f"{kind}{attributes}{markup}"
        if key not in self._defs:
            self._defs[key] = f'<{kind} id="d{len(self._defs)}" {attributes}>{markup}</{kind}>'
        return f"url(#d{list(self._defs).index(key)})"

    def path(self, data: str, fill: str = "none", **more: object) -> None:
        self.put(f'<path d="{data}" fill="{fill}"{_attributes(more)}/>')

    def stroke(self, data: str, colour: str, width: float, **more: object) -> None:
        joined = {"stroke_linecap": "round", "stroke_linejoin": "round"} | more
        self.put(f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{width:.1f}"{_attributes(joined)}/>')

    def oval(self, x: float, y: float, rx: float, ry: float, fill: str, angle: float = 0, **more: object) -> None:
        turn = f' transform="rotate({angle:.1f} {x:.1f} {y:.1f})"' if angle else ""
        shape = f'cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}"'
        self.put(f'<ellipse {shape} fill="{fill}"{turn}{_attributes(more)}/>')

    def box(self, x: float, y: float, width: float, height: float, fill: str, radius: float = 0, **more: object) -> None:
        shape = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}"'
        self.put(f'<rect {shape} fill="{fill}"{_attributes(more)}/>')

    def text(self, x: float, y: float, words: str, size: float, colour: str, *, bold: bool = True, anchor: str = "middle") -> None:
        weight = 700 if bold else 400
        self.put(f'<text x="{x:.1f}" y="{y:.1f}" font-family="Noto Sans" font-weight="{weight}" font-size="{size:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>')

    @contextmanager
    def moved(self, x: float = 0, y: float = 0, angle: float = 0, scale: float = 1, flip: bool = False) -> Iterator[None]:
        """Move, turn about the new origin and scale the paintings that follow."""
        across = -scale if flip else scale
        self.put(f'<g transform="translate({x:.1f} {y:.1f}) rotate({angle:.1f}) scale({across} {scale})">')
        yield
        self.put("</g>")

    @contextmanager
    def faded(self, opacity: float, blur: float = 0) -> Iterator[None]:
        filtered = f' filter="{self.blur(blur)}"' if blur else ""
        self.put(f'<g opacity="{opacity}"{filtered}>')
        yield
        self.put("</g>")

    @contextmanager
    def inside(self, data: str) -> Iterator[None]:
        """Clip the paintings that follow to a path."""
        self._clips += 1
        self.put(f'<clipPath id="c{self._clips}"><path d="{data}"/></clipPath><g clip-path="url(#c{self._clips})">')
        yield
        self.put("</g>")

    def backdrop(self, table: str | None = None, horizon: float = 640) -> None:
        """Paint a softly lit wall, and a table in front of it if its colour is given."""
        wall = self.radial((0, lighter(self.ground, 0.55)), (0.6, self.ground), (1, darker(self.ground, 0.1)), cx=0.4, cy=0.3, r=0.95)
        self.box(0, 0, self.width, self.height, wall)
        if table:
            top = self.linear((0, lighter(table, 0.2)), (0.25, table), (1, darker(table, 0.08)), x=0.2)
            self.box(0, horizon, self.width, self.height - horizon, top)
            edge = self.linear((0, SHADOW_COLOUR, 0.1), (1, SHADOW_COLOUR, 0))
            self.box(0, horizon, self.width, 26, edge)

    def shadow(self, x: float, y: float, rx: float, ry: float, strength: float = 0.34) -> None:
        """Paint the shadow of a thing on the table. It is dark where it touches, and fades outwards."""
        tone = darker(self.ground, 0.75)
        soft = self.radial((0, tone, strength), (0.55, tone, strength * 0.7), (1, tone, 0), cx=0.5, cy=0.5, r=0.5)
        self.oval(x + rx * 0.08, y, rx * 1.2, ry * 1.5, soft)

    def gloss(self, x: float, y: float, rx: float, ry: float, angle: float = -30, strength: float = 0.6) -> None:
        """Paint a soft reflection of the light."""
        shine = self.radial((0, "#ffffff", strength), (1, "#ffffff", 0), cx=0.5, cy=0.5, r=0.5)
        self.oval(x, y, rx, ry, shine, angle)


def _stops(stops: Sequence[Stop]) -> str:
    return "".join(f'<stop offset="{stop[0]}" stop-color="{stop[1]}"' + (f' stop-opacity="{stop[2]:.3f}"' if len(stop) == 3 else "") + "/>" for stop in stops)


def _attributes(more: dict[str, object]) -> str:
    return "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
