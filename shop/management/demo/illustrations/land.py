"""Landscapes: sky, mountains, terraces, houses, water, and people at work there."""

from __future__ import annotations

import math
from random import Random

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter, mix, smooth
from shop.management.demo.illustrations.vessels import steam


def sky(canvas: Canvas, high: str, low: str, *, sun: tuple[float, float] | None = None) -> None:
    canvas.box(0, 0, canvas.width, canvas.height, canvas.linear((0, high), (0.75, low), (1, lighter(low, 0.3))))
    if sun:
        canvas.oval(*sun, 150, 150, canvas.radial((0, "#fff3c8", 0.9), (1, "#fff3c8", 0), cx=0.5, cy=0.5, r=0.5))
        canvas.oval(*sun, 40, 40, "#ffe08a")


def cloud(canvas: Canvas, x: float, y: float, size: float, opacity: float = 0.8) -> None:
    with canvas.faded(opacity, blur=3):
        for across, down, r in ((-0.5, 0.1, 0.24), (-0.2, -0.06, 0.32), (0.16, -0.02, 0.3), (0.5, 0.1, 0.22)):
            canvas.oval(x + across * size, y + down * size, r * size, r * size * 0.56, "#ffffff")


def ridge(canvas: Canvas, base: float, rise: float, colour: str, seed: int, *, karst: bool = False) -> None:
    """Paint a line of mountains. Karst ones are steep and round-headed."""
    rng, points = Random(seed), [(-40.0, base)]
    x = -40.0
    while x < canvas.width + 80:
        if karst:
            wide = rng.uniform(90, 170)
            top = base - rise * rng.uniform(0.5, 1)
            points += [(x + wide * 0.1, base - rise * 0.1), (x + wide * 0.28, top + rise * 0.14), (x + wide * 0.5, top), (x + wide * 0.74, top + rise * 0.16), (x + wide * 0.92, base - rise * 0.08)]
            x += wide
        else:
            points.append((x, base - rise * rng.uniform(0.15, 1)))
            x += rng.uniform(90, 190)
    shape = smooth(points, closed=False) + f"L{canvas.width + 80} {canvas.height}L-40 {canvas.height}Z"
    canvas.path(shape, canvas.linear((0, lighter(colour, 0.12)), (0.6, colour), (1, lighter(colour, 0.45))))


def meadow(canvas: Canvas, top: float, colour: str, *, bow: float = 40) -> str:
    """Paint ground that fills the picture below `top`, and return its outline."""
    shape = f"M0 {top}Q{canvas.width * 0.3} {top - bow} {canvas.width * 0.6} {top}T{canvas.width} {top - bow * 0.4}V{canvas.height}H0Z"
    canvas.path(shape, canvas.linear((0, lighter(colour, 0.3)), (1, darker(colour, 0.18))))
    return shape


def terraces(canvas: Canvas, x: float, y: float, width: float, height: float, *, ripe: float = 0.5, seed: int = 1) -> None:
    """Paint rice terraces that climb a slope. `ripe` turns them from green to gold."""
    rng = Random(seed)
    steps = 9
    for index in range(steps):
        share = index / steps
        top = y + height * share
        wide = width * (0.45 + 0.6 * share)
        tone = mix("#7fae4a", "#e3b84a", min(1, max(0, ripe + rng.uniform(-0.25, 0.25))))
        points = [
            (x - wide / 2, top + height * 0.16),
            (x - wide * 0.3, top + rng.uniform(-6, 8)),
            (x, top - 8 + rng.uniform(-6, 6)),
            (x + wide * 0.3, top + rng.uniform(-6, 8)),
            (x + wide / 2, top + height * 0.16),
        ]
        shape = smooth(points, closed=False) + f"L{x + wide / 2} {canvas.height}H{x - wide / 2}Z"
        canvas.path(shape, darker(tone, 0.42))
        with canvas.moved(0, 5):
            canvas.path(shape, canvas.linear((0, lighter(tone, 0.35)), (0.12, tone), (1, darker(tone, 0.1))))
        for _ in range(26):
            px, py = x + rng.uniform(-0.46, 0.46) * wide, top + rng.uniform(14, height / steps + 12)
            canvas.stroke(f"M{px:.0f} {py:.0f}l-3 -8M{px:.0f} {py:.0f}l3 -8", darker(tone, 0.2), 1.6, opacity=0.5)


def tea_rows(canvas: Canvas, x: float, y: float, width: float, height: float, *, seed: int = 1) -> None:
    """Paint a hill of clipped tea bushes in curved rows."""
    rng = Random(seed)
    hill = f"M{x - width / 2} {y + height}C{x - width * 0.36} {y + height * 0.2} {x - width * 0.16} {y} {x} {y}S{x + width * 0.36} {y + height * 0.2} {x + width / 2} {y + height}Z"
    canvas.path(hill, canvas.linear((0, "#9cc46a"), (1, "#4f8a3c"), x=0.6))
    with canvas.inside(hill):
        for index in range(11):
            down = y + height * (index + 0.6) / 11
            bend = 30 + index * 7
            row = f"M{x - width * 0.6} {down + bend}Q{x} {down - bend} {x + width * 0.6} {down + bend}"
            canvas.stroke(row, "#2f6a34", 12 + index * 0.8, opacity=0.9)
            with canvas.moved(0, -4):
                canvas.stroke(row, mix("#5f9f42", "#86bd58", rng.random()), 9 + index * 0.8, stroke_dasharray="14 3")


def stilt_house(canvas: Canvas, x: float, y: float, size: float, *, smoke: bool = False) -> None:
    """Paint a house on stilts with a palm roof, standing at (x, y)."""
    wood, thatch = "#a8743e", "#7a5f45"
    s = size / 100
    if smoke:
        steam(canvas, x + 20 * s, y - 92 * s, 60 * s, "#f2f2f2")
    canvas.oval(x, y, 70 * s, 8 * s, "#20301a", opacity=0.25)
    for spot in (-50, -26, 0, 26, 50):
        canvas.box(x + spot * s - 2.4 * s, y - 30 * s, 4.8 * s, 30 * s, darker(wood, 0.35))
    canvas.box(x - 58 * s, y - 33 * s, 116 * s, 5 * s, darker(wood, 0.15))
    canvas.box(x - 52 * s, y - 58 * s, 104 * s, 26 * s, canvas.linear((0, darker(wood, 0.3)), (0.4, wood), (1, lighter(wood, 0.15))))
    for spot in range(13):
        canvas.stroke(f"M{x - 52 * s + spot * 8 * s} {y - 58 * s}V{y - 33 * s}", darker(wood, 0.35), 0.9 * s, opacity=0.6)
    for spot in (-34, 16):
        canvas.box(x + spot * s, y - 52 * s, 16 * s, 14 * s, "#4a2f1c", 1)
        canvas.box(x + spot * s + 1.5 * s, y - 50.5 * s, 6 * s, 11 * s, "#f0c46a", opacity=0.75)
    canvas.path(
        f"M{x - 70 * s} {y - 54 * s}L{x - 44 * s} {y - 92 * s}H{x + 44 * s}L{x + 70 * s} {y - 54 * s}Q{x} {y - 60 * s} {x - 70 * s} {y - 54 * s}Z",
        canvas.linear((0, lighter(thatch, 0.25)), (1, darker(thatch, 0.3)), x=0.3),
    )
    for spot in range(5):
        share = spot / 5
        canvas.stroke(f"M{x - (46 + 24 * share) * s} {y - (90 - 36 * share) * s}H{x + (46 + 24 * share) * s}", darker(thatch, 0.3), 1.2 * s, opacity=0.5)
    canvas.stroke(f"M{x + 6 * s} {y - 30 * s}L{x + 26 * s} {y}M{x + 16 * s} {y - 30 * s}L{x + 36 * s} {y}", darker(wood, 0.4), 2.4 * s)
    for spot in range(4):
        canvas.stroke(f"M{x + (9 + spot * 5) * s} {y - (25 - spot * 7) * s}h{10 * s}", darker(wood, 0.25), 1.8 * s)


def tree(canvas: Canvas, x: float, y: float, size: float, colour: str = "#3f7d46", *, fruit: str = "", seed: int = 1) -> None:
    rng = Random(seed + int(x))
    canvas.oval(x + size * 0.06, y, size * 0.34, size * 0.06, "#1a2a18", opacity=0.25)
    canvas.path(f"M{x - size * 0.04} {y}L{x - size * 0.025} {y - size * 0.4}h{size * 0.05}L{x + size * 0.04} {y}Z", "#6b4a2c")
    for across, down, r in ((-0.18, -0.5, 0.2), (0.18, -0.48, 0.2), (0, -0.66, 0.24), (-0.02, -0.44, 0.22)):
        canvas.oval(x + across * size, y + down * size, r * size, r * size * 0.9, canvas.radial((0, lighter(colour, 0.3)), (0.7, colour), (1, darker(colour, 0.3))))
    for _ in range(16 if fruit else 0):
        a, far = rng.uniform(0, 6.28), rng.uniform(0.05, 0.32) * size
        canvas.oval(x + far * math.cos(a), y - size * 0.54 + far * 0.8 * math.sin(a), size * 0.034, size * 0.032, canvas.radial((0, lighter(fruit, 0.4)), (1, darker(fruit, 0.1))))


def palm(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.stroke(f"M{x} {y}Q{x + size * 0.05} {y - size * 0.4} {x + size * 0.02} {y - size * 0.7}", "#7a6244", size * 0.045)
    for turn in (-160, -130, -95, -60, -25, 8, -190):
        with canvas.moved(x + size * 0.02, y - size * 0.7, turn):
            canvas.path(f"M0 0Q{size * 0.18} {-size * 0.1} {size * 0.36} {size * 0.04}Q{size * 0.18} {-size * 0.01} 0 0Z", canvas.linear((0, "#5fa05a"), (1, "#2f6a3c"), x=1))


def bamboo(canvas: Canvas, x: float, y: float, size: float, seed: int = 1) -> None:
    rng = Random(seed)
    for _ in range(7):
        base, lean = x + rng.uniform(-0.16, 0.16) * size, rng.uniform(-0.22, 0.22) * size
        tall = size * rng.uniform(0.75, 1)
        canvas.stroke(f"M{base:.0f} {y:.0f}Q{base:.0f} {y - tall * 0.6:.0f} {base + lean:.0f} {y - tall:.0f}", rng.choice(("#7fa34f", "#6a8f42", "#94b45c")), size * 0.028)
        for index in range(9):
            share = 0.35 + 0.65 * index / 8
            px, py = base + lean * share * share, y - tall * share
            canvas.path(
                f"M{px:.0f} {py:.0f}q{rng.choice((-1, 1)) * size * 0.08:.0f} {size * 0.01:.0f} {rng.choice((-1, 1)) * size * 0.13:.0f} {size * 0.07:.0f}q{-size * 0.05:.0f} {-size * 0.07:.0f} 0 {-size * 0.07:.0f}Z",
                "#4f8a3f",
                opacity=0.9,
            )


def lake(canvas: Canvas, top: float, colour: str = "#7fb0b5") -> None:
    canvas.box(0, top, canvas.width, canvas.height - top, canvas.linear((0, lighter(colour, 0.5)), (0.4, colour), (1, darker(colour, 0.25))))
    rng = Random(3)
    for _ in range(34):
        x, y = rng.uniform(0, canvas.width), top + rng.uniform(6, canvas.height - top)
        canvas.stroke(f"M{x:.0f} {y:.0f}h{rng.uniform(20, 90):.0f}", "#ffffff", 2, opacity=0.35)


def boat(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Paint a dugout with its paddler."""
    s = size / 100
    canvas.oval(x, y + 6 * s, 66 * s, 5 * s, "#1f3a3e", opacity=0.35)
    canvas.path(f"M{x - 70 * s} {y - 8 * s}Q{x} {y + 4 * s} {x + 70 * s} {y - 8 * s}Q{x + 46 * s} {y + 9 * s} {x} {y + 9 * s}T{x - 70 * s} {y - 8 * s}Z", canvas.linear((0, "#8a5a34"), (1, "#4a2c18")))
    walker(canvas, x - 6 * s, y + 2 * s, 40 * s, "#22305e", legs=False)
    canvas.stroke(f"M{x - 14 * s} {y - 28 * s}L{x + 26 * s} {y + 12 * s}", "#c99a5a", 2.6 * s)


def walker(canvas: Canvas, x: float, y: float, size: float, coat: str, *, hat: bool = True, load: str = "", legs: bool = True) -> None:
    """Paint a small figure standing at (x, y), perhaps with a basket on the back."""
    s = size / 100
    if legs:
        canvas.oval(x, y, 22 * s, 4 * s, "#1a2a18", opacity=0.3)
        canvas.box(x - 12 * s, y - 34 * s, 10 * s, 34 * s, darker(coat, 0.35), 4 * s)
        canvas.box(x + 2 * s, y - 34 * s, 10 * s, 34 * s, darker(coat, 0.35), 4 * s)
    if load:
        canvas.path(f"M{x + 10 * s} {y - 72 * s}h24 q4 0 3 4l-6 34q-1 4 -5 4h-14Z", "#c99a55")
        canvas.oval(x + 23 * s, y - 72 * s, 15 * s, 6 * s, load)
    canvas.path(
        f"M{x - 18 * s} {y - 28 * s}Q{x - 20 * s} {y - 74 * s} {x} {y - 76 * s}Q{x + 20 * s} {y - 74 * s} {x + 18 * s} {y - 28 * s}Z",
        canvas.linear((0, lighter(coat, 0.2)), (1, darker(coat, 0.25)), x=1),
    )
    canvas.box(x - 18 * s, y - 36 * s, 36 * s, 5 * s, "#c8342c")
    canvas.oval(x, y - 86 * s, 11 * s, 12 * s, "#d9a070")
    if hat:
        canvas.path(f"M{x - 26 * s} {y - 88 * s}L{x} {y - 110 * s}L{x + 26 * s} {y - 88 * s}Q{x} {y - 82 * s} {x - 26 * s} {y - 88 * s}Z", "#e3c584")
    else:
        canvas.path(f"M{x - 13 * s} {y - 88 * s}Q{x - 12 * s} {y - 104 * s} {x} {y - 104 * s}T{x + 13 * s} {y - 88 * s}Q{x} {y - 96 * s} {x - 13 * s} {y - 88 * s}Z", "#22305e")


def drying_rack(canvas: Canvas, x: float, y: float, width: float, colour: str) -> None:
    """Paint sheets of noodles or slices that dry on slanted bamboo frames."""
    for index in range(3):
        px = x + index * width * 0.36
        canvas.stroke(f"M{px + width * 0.04} {y}V{y - width * 0.16}M{px + width * 0.27} {y}V{y - width * 0.2}", "#8a672f", 5)
        canvas.path(f"M{px} {y - width * 0.1}L{px + width * 0.07} {y - width * 0.28}H{px + width * 0.33}L{px + width * 0.28} {y - width * 0.1}Z", "#b98e4c")
        canvas.path(
            f"M{px + width * 0.02} {y - width * 0.12}L{px + width * 0.08} {y - width * 0.265}H{px + width * 0.31}L{px + width * 0.27} {y - width * 0.12}Z",
            canvas.linear((0, lighter(colour, 0.4)), (1, colour)),
        )
        for line in range(8):
            canvas.stroke(f"M{px + width * (0.04 + line * 0.03)} {y - width * 0.12}l{width * 0.045} {-width * 0.14}", darker(colour, 0.2), 1.6, opacity=0.6)


def hive(canvas: Canvas, x: float, y: float, size: float, colour: str) -> None:
    s = size / 100
    canvas.oval(x, y, 40 * s, 6 * s, "#1a2a18", opacity=0.3)
    canvas.box(x - 34 * s, y - 46 * s, 68 * s, 44 * s, canvas.linear((0, lighter(colour, 0.3)), (1, darker(colour, 0.2)), x=1))
    canvas.box(x - 38 * s, y - 56 * s, 76 * s, 12 * s, darker(colour, 0.3), 2)
    canvas.box(x - 14 * s, y - 12 * s, 28 * s, 5 * s, "#3a2413")
    for across, down in ((-50, -40), (46, -66), (10, -80), (60, -20)):
        canvas.oval(x + across * s, y + down * s, 4.4 * s, 3.2 * s, "#e0a52a")
        canvas.oval(x + across * s + 1, y + down * s - 4 * s, 4 * s, 2.2 * s, "#ffffff", -20, opacity=0.8)


def round_tray(canvas: Canvas, x: float, y: float, size: float, colour: str) -> None:
    canvas.oval(x, y + size * 0.06, size, size * 0.4, darker("#c99f5a", 0.35))
    canvas.oval(x, y, size, size * 0.4, "#d9b36c")
    canvas.oval(x, y, size * 0.86, size * 0.33, canvas.linear((0, lighter(colour, 0.3)), (1, darker(colour, 0.1)), x=1))
