"""Roots, gourds, greens and bamboo."""

from __future__ import annotations

import math
from random import Random

from shop.management.demo.illustrations.canvas import Canvas, Point, darker, lighter, mix, ring, smooth
from shop.management.demo.illustrations.plants import LEAF, leaf

GINGER, TURMERIC, GOURD = "#d3ab70", "#b9752f", "#3f8a45"


def finger(canvas: Canvas, start: Point, end: Point, thick: float, colour: str, rng: Random, *, rings: int = 4, tip: str = "") -> None:
    """Paint one finger of a root between two points."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, down)
    with canvas.moved(*start, math.degrees(math.atan2(down, across))):
        t = thick / 2
        outline = smooth(
            [
                (-t * 0.7, -t * 0.5),
                (length * 0.25, -t * rng.uniform(0.9, 1.1)),
                (length * 0.6, -t * rng.uniform(0.8, 1.05)),
                (length * 0.95, -t * 0.72),
                (length + t * 0.3, 0),
                (length * 0.95, t * 0.72),
                (length * 0.6, t * rng.uniform(0.85, 1.05)),
                (length * 0.25, t),
                (-t * 0.7, t * 0.5),
            ]
        )
        canvas.path(outline, canvas.linear((0, lighter(colour, 0.42)), (0.45, colour), (1, darker(colour, 0.38))))
        with canvas.inside(outline):
            for index in range(1, rings + 1):
                place = length * index / (rings + 0.6) + rng.uniform(-4, 4)
                canvas.stroke(f"M{place:.1f} {-t * 1.1:.1f}q{t * 0.42:.1f} {t * 1.1:.1f} 0 {t * 2.2:.1f}", darker(colour, 0.35), thick * 0.03, opacity=0.7)
                canvas.stroke(f"M{place + thick * 0.035:.1f} {-t * 1.1:.1f}q{t * 0.42:.1f} {t * 1.1:.1f} 0 {t * 2.2:.1f}", lighter(colour, 0.5), thick * 0.02, opacity=0.5)
            if tip:
                canvas.oval(length + t * 0.1, 0, t * 0.6, t * 0.72, tip, opacity=0.85)


def ginger(canvas: Canvas, x: float, y: float, size: float, *, angle: float = 0, seed: int = 1, colour: str = GINGER, tip: str = "#f0dca8", flip: bool = False) -> None:
    """Paint a root of ginger or turmeric with its fingers."""
    rng = Random(seed)
    with canvas.moved(x, y, angle, size / 500, flip=flip):
        for start, end, thick in (
            ((-60, 10), (-120, -190), 96),
            ((70, -10), (130, -200), 92),
            ((150, 30), (300, -90), 84),
            ((-150, 30), (-290, -70), 90),
            ((40, 60), (110, 210), 96),
            ((-110, 60), (-190, 180), 86),
        ):
            finger(canvas, start, end, thick, colour, rng, rings=3, tip=tip)
        finger(canvas, (-210, 40), (210, 20), 170, colour, rng, rings=6)
        canvas.oval(-160, -60, 26, 18, lighter(colour, 0.3), opacity=0.5)


def root_slice(canvas: Canvas, x: float, y: float, r: float, skin: str, flesh: str, *, tilt: float = 0.6, seed: int = 1) -> None:
    rng = Random(seed)
    outline = ring(x, y, r, r * tilt, 12, rng, 0.07)
    with canvas.moved(0, r * 0.1):
        canvas.path(smooth(outline), darker(skin, 0.3))
    canvas.path(smooth(outline), skin)
    inner = [(x + (px - x) * 0.92, y + (py - y) * 0.9) for px, py in outline]
    canvas.path(smooth(inner), canvas.radial((0, lighter(flesh, 0.3)), (1, darker(flesh, 0.06))))
    middle = [(x + (px - x) * 0.6, y + (py - y) * 0.6) for px, py in outline]
    canvas.stroke(smooth(middle), darker(flesh, 0.18), r * 0.04, opacity=0.7)
    for _ in range(16):
        a, far = rng.uniform(0, 6.28), rng.uniform(0.1, 0.85)
        canvas.oval(x + r * far * math.cos(a), y + r * tilt * far * math.sin(a), r * 0.025, r * 0.018, darker(flesh, 0.22), opacity=0.7)


def gourd(canvas: Canvas, x: float, y: float, length: float, thick: float, *, angle: float = 0, seed: int = 1) -> None:
    """Paint a fragrant gourd lying along its axis, its stalk to the left."""
    rng, half_length, t = Random(seed), length / 2, thick / 2
    with canvas.moved(x, y, angle):
        canvas.path(
            smooth([(-half_length - thick * 0.36, -t * 0.16), (-half_length + 20, -t * 0.24), (-half_length + 20, t * 0.24), (-half_length - thick * 0.34, t * 0.14)]),
            canvas.linear((0, "#a9b562"), (1, "#5d6b2c")),
        )
        outline = smooth(
            [
                (-half_length, -t * 0.3),
                (-half_length * 0.82, -t * 0.78),
                (-half_length * 0.3, -t * 0.94),
                (half_length * 0.35, -t),
                (half_length * 0.82, -t * 0.84),
                (half_length, 0),
                (half_length * 0.82, t * 0.86),
                (half_length * 0.35, t),
                (-half_length * 0.3, t * 0.94),
                (-half_length * 0.82, t * 0.78),
                (-half_length, t * 0.3),
            ]
        )
        canvas.path(outline, canvas.linear((0, lighter(GOURD, 0.4)), (0.3, GOURD), (0.75, darker(GOURD, 0.35)), (1, darker(GOURD, 0.25))))
        with canvas.inside(outline):
            for drop in (-0.55, -0.12, 0.34, 0.7):
                canvas.stroke(
                    f"M{-half_length * 0.95} {t * drop * 0.5}Q0 {t * drop * 1.2} {half_length * 0.95} {t * drop * 0.4}",
                    lighter(GOURD, 0.35) if drop < 0 else darker(GOURD, 0.35),
                    thick * 0.05,
                    opacity=0.35,
                )
            for _ in range(int(length / 5)):
                canvas.oval(rng.uniform(-half_length, half_length), rng.uniform(-t, t), 3.4, 2.8, "#eef4dc", opacity=0.75)
            canvas.box(-half_length * 0.75, -t * 0.72, half_length * 1.3, t * 0.18, "#ffffff", t * 0.09, opacity=0.3, filter=canvas.blur(5))


def gourd_slice(canvas: Canvas, x: float, y: float, r: float, *, tilt: float = 0.72, dried: bool = False) -> None:
    flesh = "#e6d9a8" if dried else "#f6f7e2"
    skin = "#7f8a4a" if dried else GOURD
    canvas.oval(x, y + r * 0.13, r, r * tilt, darker(skin, 0.25))
    canvas.oval(x, y, r, r * tilt, skin)
    canvas.oval(x, y, r * 0.9, r * tilt * 0.9, mix(flesh, "#b8d890", 0.5))
    canvas.oval(x, y, r * 0.83, r * tilt * 0.83, canvas.radial((0, "#ffffff"), (1, flesh), cx=0.4, cy=0.35))
    canvas.oval(x, y, r * 0.46, r * tilt * 0.46, darker(flesh, 0.07))
    for index in range(9):
        a = index * 0.698 + 0.2
        spot = x + r * 0.34 * math.cos(a), y + r * tilt * 0.34 * math.sin(a)
        canvas.oval(*spot, r * 0.085, r * 0.045, "#d9b45c" if not dried else "#b08a4a", math.degrees(a))
    canvas.oval(x, y, r * 0.12, r * tilt * 0.12, flesh)


def greens(canvas: Canvas, x: float, y: float, size: float, *, seed: int = 1, flowers: bool = False, curly: bool = True, colour: str = "#3c8a3c") -> None:
    """Paint a bunch of mustard greens standing on its cut stems at (x, y)."""
    rng = Random(seed)
    canvas.shadow(x, y, size * 0.24, size * 0.06, 0.42)
    order = [(-58, 0.8), (58, 0.8), (-40, 0.92), (40, 0.92), (-20, 1), (20, 1), (0, 1.04), (-50, 0.6), (50, 0.6), (-28, 0.7), (28, 0.7), (-8, 0.76), (10, 0.72)]
    for index, (lean, reach) in enumerate(order):
        tone = mix(colour, "#79b84c", 0.1 + 0.5 * (index / len(order)) + rng.uniform(-0.08, 0.08))
        with canvas.moved(x + lean * size * 0.0012, y - size * 0.1, lean + rng.uniform(-4, 4)):
            _blade(canvas, size * reach, tone, rng, slim=flowers, curly=curly)
    if flowers:
        for lean, reach in ((-34, 1.0), (-12, 1.14), (12, 1.08), (34, 0.98), (2, 0.92), (-24, 0.86), (24, 0.84)):
            rad = math.radians(lean - 90)
            tip = x + math.cos(rad) * size * 0.86 * reach, y - size * 0.1 + math.sin(rad) * size * 0.86 * reach
            canvas.stroke(f"M{x:.0f} {y - size * 0.15:.0f}Q{(x * 1.4 + tip[0] * 0.6) / 2:.0f} {(y + tip[1]) / 2:.0f} {tip[0]:.0f} {tip[1]:.0f}", "#9cc45a", size * 0.022)
            blossoms(canvas, *tip, size * 0.1, rng)
    for index in range(9):
        across = x + (index - 4) * size * 0.03
        canvas.path(
            f"M{across - size * 0.022} {y}L{x + (index - 4) * size * 0.02 - size * 0.014} {y - size * 0.28}h{size * 0.03}L{across + size * 0.024} {y}Z",
            canvas.linear((0, "#cfe3a4"), (0.5, "#eef4d8"), (1, "#a9c77a"), x=1, y=0),
        )
        canvas.oval(across, y, size * 0.023, size * 0.012, "#f4f6e2")
    for index, drop in enumerate((0.17, 0.2, 0.23)):
        canvas.stroke(f"M{x - size * 0.11} {y - size * drop}q{size * 0.11} {size * 0.03} {size * 0.22} {size * 0.004 * index}", "#b98a3f", size * 0.016)


def _blade(canvas: Canvas, size: float, colour: str, rng: Random, *, slim: bool, curly: bool) -> None:
    """Paint one leaf of mustard upwards from the origin."""
    wide = size * (0.17 if slim else 0.235)
    left, right = [], []
    steps = 7
    for index in range(steps + 1):
        along = 0.3 + 0.7 * index / steps
        spread = wide * math.sin(math.pi * min(1, (along - 0.22) / 0.8)) ** 0.8
        wave = 1 + (0.16 if curly else 0.05) * (1 if index % 2 else -1)
        left.append((-spread * wave + rng.uniform(-4, 4), -size * along * 0.86))
        right.append((spread * wave + rng.uniform(-4, 4), -size * along * 0.86))
    outline = smooth([(0, -size * 0.2), *left, (0, -size * 0.9), *reversed(right)])
    with canvas.moved(5, 7):
        canvas.path(outline, "#12301a", opacity=0.22)
    canvas.path(outline, canvas.linear((0, lighter(colour, 0.3)), (0.5, colour), (1, darker(colour, 0.3)), x=1, y=0.6))
    canvas.path(f"M{-size * 0.02} 0Q{-size * 0.012} {-size * 0.5} 0 {-size * 0.84}Q{size * 0.012} {-size * 0.5} {size * 0.02} 0Z", "#d9e8b0")
    for index in range(1, 6):
        along = size * (0.26 + 0.1 * index)
        for side in (-1, 1):
            reach = side * wide * (0.3, 0.6, 0.72, 0.66, 0.42)[index - 1]
            canvas.stroke(f"M0 {-along:.1f}q{reach * 0.5:.1f} {-size * 0.02:.1f} {reach:.1f} {-size * 0.06:.1f}", "#d2e5a6", size * 0.007, opacity=0.8)


def blossoms(canvas: Canvas, x: float, y: float, size: float, rng: Random) -> None:
    """Paint a cluster of yellow mustard flowers and green buds."""
    for _ in range(13):
        spot = x + rng.uniform(-0.9, 0.9) * size, y + rng.uniform(-0.8, 0.7) * size
        if rng.random() < 0.3:
            canvas.oval(*spot, size * 0.12, size * 0.16, "#a9c64a")
            continue
        for index in range(4):
            a = index * 1.57 + rng.uniform(0, 0.5)
            canvas.oval(spot[0] + size * 0.15 * math.cos(a), spot[1] + size * 0.15 * math.sin(a), size * 0.15, size * 0.11, rng.choice(("#f6cf2e", "#ffdf55")), math.degrees(a))
        canvas.oval(*spot, size * 0.06, size * 0.06, "#c98f1a")


def bamboo_slab(canvas: Canvas, x: float, y: float, length: float, width: float, *, angle: float = 0, seed: int = 1, colour: str = "#c98a3a") -> None:
    """Paint a dried slab of bamboo shoot: a wedge with the marks of its joints."""
    rng = Random(seed)
    tone = mix(colour, rng.choice(("#a9652a", "#dfae62")), rng.uniform(0.1, 0.5))
    with canvas.moved(x, y, angle):
        half_length, w = length / 2, width / 2
        outline = smooth(
            [
                (-half_length, -w * 0.9),
                (-half_length * 0.3, -w * rng.uniform(0.8, 1.1)),
                (half_length * 0.4, -w * 0.62),
                (half_length, -w * 0.1),
                (half_length * 0.98, w * 0.16),
                (half_length * 0.35, w * 0.66),
                (-half_length * 0.3, w * rng.uniform(0.8, 1.05)),
                (-half_length, w * 0.85),
                (-half_length * 1.03, 0),
            ]
        )
        with canvas.moved(4, 9):
            canvas.path(outline, "#3a200e", opacity=0.35)
        canvas.path(outline, canvas.linear((0, lighter(tone, 0.32)), (0.3, tone), (0.9, darker(tone, 0.12)), (1, darker(tone, 0.4)), x=0.15))
        with canvas.inside(outline):
            for index in range(-12, 13):
                bent, tint = rng.uniform(-8, 8), rng.choice((darker(tone, 0.3), lighter(tone, 0.4), darker(tone, 0.2)))
                canvas.stroke(f"M{-half_length * 1.1} {w * index / 10:.1f}Q0 {w * index / 12 + bent:.1f} {half_length} {w * index / 30:.1f}", tint, rng.uniform(1.4, 3.4), opacity=0.5)
            for index, place in enumerate((-0.62, -0.2, 0.16, 0.44, 0.66)):
                canvas.stroke(f"M{place * half_length} {-w}q{w * 0.3} {w * 0.9} {w * 0.1 * index} {2 * w}", darker(tone, 0.5), 5 - index * 0.6, opacity=0.4)
                canvas.stroke(f"M{place * half_length + 7} {-w}q{w * 0.3} {w * 0.9} {w * 0.1 * index} {2 * w}", lighter(tone, 0.55), 2.4, opacity=0.6)


def banana_leaf(canvas: Canvas, x: float, y: float, length: float, width: float, angle: float = 0, colour: str = "#3f8f45") -> None:
    """Paint a piece of banana leaf lying flat around (x, y)."""
    with canvas.moved(x, y, angle):
        half_length, w = length / 2, width / 2
        outline = f"M{-half_length} 0C{-half_length * 0.6} {-w * 1.25} {half_length * 0.6} {-w * 1.25} {half_length} 0C{half_length * 0.6} {w * 1.25} {-half_length * 0.6} {w * 1.25} {-half_length} 0Z"
        with canvas.moved(6, 12):
            canvas.path(outline, "#12301a", opacity=0.25)
        canvas.path(outline, canvas.linear((0, lighter(colour, 0.25)), (0.5, colour), (1, darker(colour, 0.3)), x=0.4))
        with canvas.inside(outline):
            for index in range(-14, 15):
                canvas.stroke(f"M{half_length * index / 14 - 20} 0q{30} {-w * 0.5} {64} {-w}M{half_length * index / 14 - 20} 0q{30} {w * 0.5} {64} {w}", lighter(colour, 0.3), 2, opacity=0.35)
            canvas.stroke(f"M{-half_length} 0Q0 {w * 0.05} {half_length} 0", "#b9d48a", w * 0.07)


def tea_sprig(canvas: Canvas, x: float, y: float, size: float, angle: float = -90, *, bud: str = "#dfe6c4") -> None:
    """Paint one bud and two leaves of the tea tree, growing from (x, y)."""
    with canvas.moved(x, y, angle, size / 300):
        canvas.stroke("M0 0Q120 -14 230 -6", "#6d8a3a", 10)
        leaf(canvas, 60, -4, 190, 48, LEAF, width=0.44, veins=6)
        leaf(canvas, 120, -10, 180, -52, mix(LEAF, "#6fae45", 0.35), width=0.42, veins=6)
        canvas.path("M222 -6C250 -44 300 -40 338 -10C300 10 256 16 222 -6Z", canvas.linear((0, "#ffffff"), (0.5, bud), (1, "#9fb36a")))
        canvas.stroke("M226 -6Q280 -18 334 -10", "#8fa65a", 3)
