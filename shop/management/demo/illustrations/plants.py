"""Fruit, roots, leaves and flowers."""

from __future__ import annotations

import math
from random import Random

from shop.management.demo.illustrations.canvas import (
    Canvas,
    Point,
    darker,
    lighter,
    mix,
    smooth,
    turned,
)

LEAF, YOUNG_LEAF, DRY_LEAF = "#2f7d3f", "#6fae45", "#7c8a45"
ORANGE, PITH = "#f0861c", "#fdeecb"


def ball(canvas: Canvas, x: float, y: float, rx: float, ry: float, colour: str, *, angle: float = 0, gloss: float = 0.5) -> None:
    """Paint a round body lit from the upper left, with light reflected from the table below."""
    body = canvas.radial((0, lighter(colour, 0.42)), (0.4, colour), (0.82, darker(colour, 0.3)), (1, darker(colour, 0.18)), cx=0.36, cy=0.3, r=0.72)
    canvas.oval(x, y, rx, ry, body, angle)
    if gloss:
        canvas.gloss(x - rx * 0.34, y - ry * 0.42, rx * 0.36, ry * 0.24, -28 + angle, gloss)


def leaf(canvas: Canvas, x: float, y: float, length: float, angle: float, colour: str = LEAF, *, width: float = 0.38, veins: int = 5) -> None:
    """Paint a leaf from its stalk at (x, y), lit on one half."""
    half = length * width / 2
    with canvas.moved(x, y, angle):
        data = f"M0 0C{length * 0.2:.1f} {-half * 1.3:.1f} {length * 0.7:.1f} {-half * 1.3:.1f} {length:.1f} 0"
        lower = f"C{length * 0.7:.1f} {half * 1.3:.1f} {length * 0.2:.1f} {half * 1.3:.1f} 0 0Z"
        canvas.path(data + lower, canvas.linear((0, lighter(colour, 0.25)), (1, darker(colour, 0.15)), x=1, y=0.4))
        canvas.path(f"M0 0Q{length * 0.5:.1f} {half * 0.15:.1f} {length:.1f} 0{lower}", darker(colour, 0.2), opacity=0.55)
        canvas.stroke(f"M0 0Q{length * 0.5:.1f} {half * 0.12:.1f} {length * 0.96:.1f} 0", lighter(colour, 0.45), max(1.5, length * 0.014))
        for index in range(1, veins + 1):
            start = length * index / (veins + 1.4)
            reach = half * (0.8 if index < veins else 0.5)
            for side in (-1, 1):
                canvas.stroke(
                    f"M{start:.1f} 0q{length * 0.06:.1f} {side * reach * 0.5:.1f} {length * 0.12:.1f} {side * reach:.1f}",
                    lighter(colour, 0.35),
                    max(1, length * 0.007),
                    opacity=0.6,
                )


def sprig(canvas: Canvas, x: float, y: float, length: float, angle: float, colour: str = LEAF, *, pairs: int = 3, size: float = 0.42) -> None:
    """Paint a twig with pairs of leaves and one at its tip."""
    with canvas.moved(x, y, angle):
        canvas.stroke(f"M0 0Q{length * 0.5:.1f} {-length * 0.06:.1f} {length:.1f} 0", darker(colour, 0.35), max(3, length * 0.022))
        for index in range(pairs):
            start = length * (index + 0.6) / (pairs + 0.4)
            for side in (-1, 1):
                leaf(canvas, start, -length * 0.03, length * size * (1 - 0.12 * index), side * (52 - 5 * index), mix(colour, YOUNG_LEAF, 0.15 * index + (0.12 if side < 0 else 0)))
        leaf(canvas, length * 0.97, 0, length * size * 0.8, -4, mix(colour, YOUNG_LEAF, 0.5))


def pores(canvas: Canvas, x: float, y: float, rx: float, ry: float, colour: str, count: int, rng: Random) -> None:
    """Paint the fine dots of a skin, denser towards the edge."""
    for _ in range(count):
        angle, far = rng.uniform(0, 2 * math.pi), math.sqrt(rng.uniform(0.02, 0.88))
        spot = x + rx * far * math.cos(angle), y + ry * far * math.sin(angle)
        tone = lighter(colour, 0.5) if rng.random() < 0.4 else darker(colour, 0.4)
        canvas.oval(*spot, rx * 0.011, ry * 0.009, tone, opacity=0.5)


def mandarin(canvas: Canvas, x: float, y: float, r: float, seed: int = 1, *, leaves: int = 0, colour: str = ORANGE) -> None:
    rng = Random(seed)
    flat = r * 0.88
    ball(canvas, x, y, r, flat, colour, gloss=0.55)
    pores(canvas, x, y, r, flat, colour, 120, rng)
    top = x + r * 0.05, y - flat * 0.62
    canvas.oval(*top, r * 0.3, r * 0.12, canvas.radial((0, darker(colour, 0.5), 0.75), (1, darker(colour, 0.3), 0), cx=0.5, cy=0.5, r=0.5))
    for angle in range(0, 360, 60):
        canvas.oval(*turned((top[0], top[1] - r * 0.045), angle + 10, top), r * 0.05, r * 0.028, "#5f8a3c", angle + 10)
    if leaves:
        canvas.stroke(f"M{top[0]:.0f} {top[1]:.0f}q{r * 0.05:.0f} {-r * 0.2:.0f} {r * 0.1:.0f} {-r * 0.28:.0f}", "#6b5a2c", r * 0.06)
    for index in range(leaves):
        leaf(canvas, top[0] + r * 0.08, top[1] - r * 0.2, r * (0.95 - 0.15 * index), (-28, -152, -80)[index], LEAF, width=0.42)


def cut_mandarin(canvas: Canvas, x: float, y: float, r: float, *, tilt: float = 0.9, seed: int = 1, colour: str = ORANGE) -> None:
    """Paint half a mandarin, its cut face towards us. `tilt` squeezes it upright."""
    rng = Random(seed)
    canvas.oval(x + r * 0.02, y + r * 0.1, r * 1.01, r * tilt, darker(colour, 0.25))
    canvas.oval(x, y, r, r * tilt, canvas.radial((0, lighter(colour, 0.3)), (1, darker(colour, 0.05))))
    canvas.oval(x, y, r * 0.92, r * tilt * 0.92, PITH)
    count = 10
    for index in range(count):
        middle = 360 / count * index + rng.uniform(-3, 3)
        _segment(canvas, (x, y), r * 0.87, tilt, middle, 360 / count, colour, rng)
    canvas.oval(x, y, r * 0.09, r * tilt * 0.09, PITH)
    canvas.gloss(x - r * 0.3, y - r * tilt * 0.4, r * 0.45, r * 0.22, -25, 0.35)


def _segment(canvas: Canvas, middle: Point, r: float, tilt: float, angle: float, width: float, colour: str, rng: Random) -> None:
    x, y = middle

    def point_at(far: float, turn: float) -> Point:
        rad = math.radians(angle + turn)
        return x + r * far * math.cos(rad), y + r * far * math.sin(rad) * tilt

    w = width / 2
    data = smooth(
        [point_at(0.13, 0), point_at(0.5, -w * 0.68), point_at(0.9, -w * 0.86), point_at(0.985, -w * 0.45), point_at(1, 0), point_at(0.985, w * 0.45), point_at(0.9, w * 0.86), point_at(0.5, w * 0.68)]
    )
    canvas.path(data, canvas.radial((0, lighter(colour, 0.42)), (1, mix(colour, "#e0560a", 0.35)), cx=0.4, cy=0.35))
    for _ in range(9):
        turn, near = rng.uniform(-w * 0.5, w * 0.5), rng.uniform(0.35, 0.75)
        start, end = point_at(near, turn), point_at(near + 0.14, turn)
        canvas.stroke(f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}", lighter(colour, 0.55), r * 0.014, opacity=0.7)


def crescent(canvas: Canvas, x: float, y: float, r: float, angle: float, colour: str = ORANGE) -> None:
    """Paint one segment of a peeled mandarin lying on its side."""
    with canvas.moved(x, y, angle):
        data = f"M{-r} 0C{-r * 0.8} {-r * 0.95} {r * 0.8} {-r * 0.95} {r} 0C{r * 0.6} {r * 0.28} {-r * 0.6} {r * 0.28} {-r} 0Z"
        canvas.path(data, canvas.linear((0, lighter(colour, 0.35)), (0.6, colour), (1, darker(colour, 0.15))))
        for spot in (-0.6, -0.25, 0.1, 0.45):
            canvas.stroke(f"M{r * spot} {r * 0.1}q{r * 0.05} {-r * 0.3} {r * 0.12} {-r * 0.5}", PITH, r * 0.035, opacity=0.75)
        canvas.gloss(-r * 0.2, -r * 0.42, r * 0.45, r * 0.13, 0, 0.5)


def persimmon(canvas: Canvas, x: float, y: float, r: float, *, angle: float = 0, colour: str = "#e8871f") -> None:
    with canvas.moved(x, y, angle):
        outline = [(-r, 0), (-r * 0.82, -r * 0.58), (-r * 0.3, -r * 0.76), (r * 0.3, -r * 0.76), (r * 0.82, -r * 0.58), (r, 0), (r * 0.78, r * 0.6), (0, r * 0.84), (-r * 0.78, r * 0.6)]
        canvas.path(smooth(outline), canvas.radial((0, lighter(colour, 0.4)), (0.45, colour), (0.85, darker(colour, 0.28)), (1, darker(colour, 0.2)), cx=0.36, cy=0.32, r=0.75))
        for side in (-0.45, 0.45):
            canvas.stroke(f"M{side * r * 0.4} {-r * 0.6}Q{side * r * 1.2} {r * 0.1} {side * r * 0.5} {r * 0.72}", darker(colour, 0.35), r * 0.025, opacity=0.4)
        canvas.gloss(-r * 0.42, -r * 0.3, r * 0.32, r * 0.2, -35, 0.6)
        calyx(canvas, 0, -r * 0.66, r * 0.5)


def calyx(canvas: Canvas, x: float, y: float, r: float, colour: str = "#5d8a3a") -> None:
    """Paint the four leaves at the top of a persimmon."""
    for angle, size in ((175, 1), (5, 1), (118, 0.72), (62, 0.72), (225, 0.6), (-45, 0.6)):
        leaf(canvas, x, y, r * size, angle, colour, width=0.75, veins=2)
    canvas.oval(x, y - r * 0.06, r * 0.16, r * 0.12, "#6b4a2a")


def cut_persimmon(canvas: Canvas, x: float, y: float, r: float, tilt: float = 0.82) -> None:
    skin, flesh = "#dd7417", "#f9b24f"
    canvas.oval(x, y + r * 0.1, r * 1.01, r * tilt, darker(skin, 0.3))
    canvas.oval(x, y, r, r * tilt, skin)
    canvas.oval(x, y, r * 0.93, r * tilt * 0.93, canvas.radial((0, lighter(flesh, 0.35)), (1, flesh), cx=0.42, cy=0.4, r=0.6))
    for index in range(8):
        with canvas.moved(x, y):
            canvas.put(f'<g transform="scale(1 {tilt}) rotate({index * 45 + 12})">')
            canvas.path(f"M{r * 0.12} 0Q{r * 0.36} {-r * 0.13} {r * 0.62} 0Q{r * 0.36} {r * 0.13} {r * 0.12} 0Z", "#e9952f", opacity=0.75)
            canvas.stroke(f"M{r * 0.1} 0L{r * 0.6} 0", "#fbd58a", r * 0.02)
            canvas.put("</g>")
    canvas.oval(x, y, r * 0.08, r * 0.08 * tilt, "#fdf0cf")
    canvas.gloss(x - r * 0.3, y - r * 0.35, r * 0.4, r * 0.2, -25, 0.4)


def apricot(canvas: Canvas, x: float, y: float, r: float, *, angle: float = 0, blush: bool = True) -> None:
    with canvas.moved(x, y, angle):
        ball(canvas, 0, 0, r, r * 0.94, "#f1b13a", gloss=0.45)
        if blush:
            canvas.oval(r * 0.3, r * 0.2, r * 0.62, r * 0.6, canvas.radial((0, "#dd5a2a", 0.5), (1, "#dd5a2a", 0), cx=0.5, cy=0.5, r=0.5))
        canvas.stroke(f"M{-r * 0.1} {-r * 0.92}Q{r * 0.32} {-r * 0.1} {-r * 0.05} {r * 0.9}", "#b8701a", r * 0.045, opacity=0.55)
        canvas.oval(-r * 0.08, -r * 0.86, r * 0.16, r * 0.07, "#7d5a22")
