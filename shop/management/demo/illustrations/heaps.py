"""Heaps of small things: rice, nuts, tea, spices, noodles, powders."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter, mix, smooth

Grain = Callable[[Canvas, float, float, Random, float], None]  # canvas, place, chance, depth from 0 behind to 1 in front


def mound(x: float, y: float, width: float, height: float) -> str:
    """Return the outline of a heap that lies around (x, y)."""
    w = width / 2
    return (
        f"M{x - w} {y}C{x - w * 0.7} {y - height * 0.25} {x - w * 0.4} {y - height} {x} {y - height}"
        f"S{x + w * 0.7} {y - height * 0.25} {x + w} {y}C{x + w * 0.8} {y + width * 0.12} {x - w * 0.8} {y + width * 0.12} {x - w} {y}Z"
    )


def heap(canvas: Canvas, x: float, y: float, width: float, height: float, grain: Grain, count: int, base: str, *, seed: int = 1, spilt: int = 0) -> None:
    """Paint a heap of grains over a shape of the colour `base`, and some grains that rolled away."""
    rng, w = Random(seed), width / 2
    canvas.path(mound(x, y, width, height), canvas.linear((0, lighter(base, 0.25)), (0.5, base), (1, darker(base, 0.4)), x=0.5))
    places: list[tuple[float, float, float]] = []
    while len(places) < count:
        across, top = rng.uniform(-1, 1), 0.0
        top = -height * math.cos(across * math.pi / 2) ** 1.35
        low = width * 0.1 * math.sqrt(1 - across**2)
        if rng.random() < (low - top) / (height + width * 0.1):  # as many everywhere
            deep = rng.random()
            places.append((top + (low - top) * deep, across * w * 0.96, deep))
    for down, across, deep in sorted(places):
        grain(canvas, x + across, y + down, rng, deep)
    for _ in range(spilt):
        side = rng.choice((-1, 1))
        grain(canvas, x + side * w * rng.uniform(0.9, 1.25), y + rng.uniform(0, width * 0.1), rng, 0.6)
    tone = canvas.linear((0, "#ffffff", 0.1), (0.45, "#2b1a2e", 0), (1, "#2b1a2e", 0.28), x=0.75)
    canvas.path(mound(x, y, width, height), tone)


def rice(colour: str = "#fbf5e4", size: float = 15, plump: float = 0.36) -> Grain:
    """Return a grain of rice. `plump` is its width by its length."""

    def paint(canvas: Canvas, x: float, y: float, rng: Random, deep: float) -> None:
        tone = darker(colour, 0.15 * deep * rng.random())
        angle = rng.uniform(0, 180)
        canvas.oval(x, y + 1.6, size * 0.52, size * plump * 0.55, darker(colour, 0.34), angle, opacity=0.4)
        canvas.oval(x, y, size / 2, size * plump / 2, tone, angle)
        canvas.oval(x - 1, y - 1, size * 0.28, size * plump * 0.2, lighter(colour, 0.8), angle, opacity=0.8)

    return paint


def kernel(colour: str = "#a33a2c", size: float = 34, *, salt: bool = False) -> Grain:
    """Return a shelled peanut in its red skin."""

    def paint(canvas: Canvas, x: float, y: float, rng: Random, deep: float) -> None:
        tone, angle = mix(colour, "#c8694a", rng.uniform(0, 0.45)), rng.uniform(-90, 90)
        canvas.oval(x + 1, y + 4, size * 0.52, size * 0.38, darker(colour, 0.6), angle, opacity=0.5)
        canvas.oval(x, y, size * 0.5, size * 0.36, canvas.radial((0, lighter(tone, 0.4)), (0.5, tone), (1, darker(tone, 0.4))), angle)
        canvas.gloss(x - size * 0.12, y - size * 0.12, size * 0.16, size * 0.09, angle, 0.7)
        if salt:
            for _ in range(3):
                canvas.box(x + rng.uniform(-0.3, 0.3) * size, y + rng.uniform(-0.2, 0.2) * size, 3.4, 3.4, "#ffffff", 0.8, opacity=0.9)

    return paint


def shell(canvas: Canvas, x: float, y: float, rng: Random, deep: float = 0.5, size: float = 120) -> None:
    """Paint a peanut in its shell."""
    colour = mix("#e2bd84", "#cda066", rng.random())
    with canvas.moved(x, y, rng.uniform(-80, 80)):
        s = size / 2
        outline = smooth(
            [
                (-s, 0),
                (-s * 0.86, -s * 0.3),
                (-s * 0.52, -s * 0.42),
                (-s * 0.14, -s * 0.27),
                (s * 0.1, -s * 0.27),
                (s * 0.5, -s * 0.45),
                (s * 0.86, -s * 0.32),
                (s, 0),
                (s * 0.86, s * 0.32),
                (s * 0.5, s * 0.45),
                (s * 0.1, s * 0.27),
                (-s * 0.14, s * 0.27),
                (-s * 0.52, s * 0.42),
                (-s * 0.86, s * 0.3),
            ]
        )
        with canvas.moved(3, 7):
            canvas.path(outline, darker(colour, 0.6), opacity=0.35)
        canvas.path(outline, canvas.linear((0, lighter(colour, 0.45)), (0.5, colour), (1, darker(colour, 0.42))))
        for index in range(-5, 6):
            high = s * (0.36 if abs(index) in (2, 3, 4) else 0.2)
            canvas.stroke(f"M{s * index / 6:.1f} {-high:.1f}q{6} {high:.1f} 0 {2 * high:.1f}", darker(colour, 0.3), 2, opacity=0.4)
        for drop in (-0.16, 0.02, 0.2):
            canvas.stroke(f"M{-s * 0.88} {s * drop}Q{-s * 0.5} {s * drop * 1.7} 0 {s * drop}T{s * 0.88} {s * drop}", lighter(colour, 0.5), 2.2, opacity=0.7)
        canvas.gloss(-s * 0.5, -s * 0.22, s * 0.22, s * 0.09, 0, 0.5)


def tea(colours: tuple[str, ...], size: float = 40, thick: float = 6) -> Grain:
    """Return a twisted dry tea leaf."""

    def paint(canvas: Canvas, x: float, y: float, rng: Random, deep: float) -> None:
        tone = rng.choice(colours)
        with canvas.moved(x, y, rng.uniform(-80, 80)):
            bend = rng.uniform(-0.4, 0.4) * size
            data = f"M{-size / 2} 0Q0 {bend:.1f} {size / 2} {rng.uniform(-6, 6):.1f}"
            with canvas.moved(1, 3):
                canvas.stroke(data, "#140d0a", thick, opacity=0.35)
            canvas.stroke(data, darker(tone, 0.15 * deep), thick)
            canvas.stroke(data, lighter(tone, 0.4), thick * 0.3, opacity=0.6)

    return paint


def bud(canvas: Canvas, x: float, y: float, rng: Random, deep: float = 0.5, size: float = 62) -> None:
    """Paint a dry white-tipped tea bud: silver down over green."""
    tone = mix("#8d9a78", "#dfe0cc", rng.random())
    with canvas.moved(x, y, rng.uniform(-75, 75)):
        data = f"M{-size / 2} 0Q{-size * 0.1} {-size * 0.17} {size / 2} 0Q{-size * 0.1} {size * 0.17} {-size / 2} 0Z"
        with canvas.moved(2, 4):
            canvas.path(data, "#20281a", opacity=0.4)
        canvas.path(data, canvas.linear((0, lighter(tone, 0.6)), (0.5, tone), (1, "#5c6a4a")))
        canvas.stroke(f"M{-size * 0.4} 0Q0 {-size * 0.04} {size * 0.42} 0", "#6c7a55", 1.8, opacity=0.8)
        for spot in (-0.3, -0.12, 0.06, 0.22):
            canvas.stroke(f"M{size * spot} {-size * 0.03}l{size * 0.06} {-size * 0.05}", "#ffffff", 1.4, opacity=0.8)


def star_anise(canvas: Canvas, x: float, y: float, r: float, *, angle: float = 0, tilt: float = 0.8) -> None:
    """Paint a star of anise: eight boats, each with its seed."""
    colour = "#7d4526"
    with canvas.moved(x, y):
        canvas.put(f'<g transform="scale(1 {tilt}) rotate({angle})">')
        canvas.oval(r * 0.06, r * 0.12, r * 0.9, r * 0.9, canvas.radial((0, "#20100a", 0.5), (1, "#20100a", 0), cx=0.5, cy=0.5, r=0.5))
        for index in range(8):
            long = r * (0.94 if index % 3 else 1.04)
            canvas.put(f'<g transform="rotate({index * 45})">')
            canvas.path(
                f"M{r * 0.1} 0C{long * 0.4} {-r * 0.27} {long * 0.75} {-r * 0.2} {long} 0C{long * 0.75} {r * 0.2} {long * 0.4} {r * 0.27} {r * 0.1} 0Z",
                canvas.linear((0, lighter(colour, 0.25)), (0.5, colour), (1, darker(colour, 0.45))),
            )
            canvas.path(f"M{r * 0.2} 0C{long * 0.42} {-r * 0.13} {long * 0.7} {-r * 0.1} {long * 0.9} 0C{long * 0.7} {r * 0.1} {long * 0.42} {r * 0.13} {r * 0.2} 0Z", "#3d1e10")
            canvas.oval(long * 0.52, 0, r * 0.12, r * 0.07, canvas.radial((0, "#e8b070"), (0.6, "#9a5a2a"), (1, "#5a3015")))
            canvas.put("</g>")
        canvas.oval(0, 0, r * 0.13, r * 0.13, canvas.radial((0, "#a5683c"), (1, "#54301a")))
        canvas.put("</g>")


def powder(canvas: Canvas, x: float, y: float, width: float, height: float, colour: str, *, seed: int = 1) -> None:
    """Paint a soft heap of powder with small slides and specks."""
    rng = Random(seed)
    outline = mound(x, y, width, height)
    canvas.path(outline, canvas.linear((0, lighter(colour, 0.4)), (0.35, colour), (1, darker(colour, 0.35)), x=0.9, y=0.7))
    with canvas.inside(outline):
        canvas.path(
            f"M{x - width * 0.04} {y - height * 1.02}C{x + width * 0.06} {y - height * 0.5} {x + width * 0.16} {y - height * 0.2} {x + width * 0.12} {y + width * 0.1}L{x + width * 0.6} {y + width * 0.1}V{y - height}Z",
            darker(colour, 0.25),
            opacity=0.35,
            filter=canvas.blur(10),
        )
        for _ in range(240):
            spot = x + rng.uniform(-0.5, 0.5) * width, y - rng.uniform(-0.1, 0.95) * height
            canvas.oval(*spot, 2.2, 1.8, rng.choice((lighter(colour, 0.5), darker(colour, 0.25))), opacity=0.55)


def noodle_bundle(canvas: Canvas, x: float, y: float, length: float, thick: float, *, angle: float = 0, seed: int = 1, colour: str = "#cdbd9a", fine: float = 4.2, tie: str = "#8fae4a") -> None:
    """Paint a bundle of dry canna noodles tied in the middle."""
    rng, half_length = Random(seed), length / 2
    with canvas.moved(x, y, angle):
        canvas.shadow(0, thick * 0.52, half_length * 0.98, thick * 0.3, 0.34)
        count = int(thick / fine * 1.7)
        for index in range(count):
            off = (index / (count - 1) - 0.5) * thick
            tone = mix(colour, rng.choice(("#f2ead4", "#a8977a", "#ddd0b2")), rng.uniform(0.2, 0.7))
            flare = rng.uniform(0.95, 1.3)
            data = f"M{-half_length + rng.uniform(-16, 16):.1f} {off * flare:.1f}C{-half_length * 0.5:.1f} {off * 1.12:.1f} {-half_length * 0.2:.1f} {off * 0.72:.1f} 0 {off * 0.72:.1f}S{half_length * 0.5:.1f} {off * 1.12:.1f} {half_length + rng.uniform(-16, 16):.1f} {off * rng.uniform(0.95, 1.3):.1f}"
            canvas.stroke(data, darker(tone, 0.1 + 0.3 * max(0, off / thick)), fine)
            canvas.stroke(data, "#fffaf0", fine * 0.3, opacity=0.45)
        band = thick * 0.4
        canvas.path(
            f"M{-band * 0.28} {-thick * 0.4}q{-8} {thick * 0.4} 0 {thick * 0.8}h{band * 0.56}q8 {-thick * 0.4} 0 {-thick * 0.8}Z",
            canvas.linear((0, lighter(tie, 0.4)), (0.5, tie), (1, darker(tie, 0.4))),
        )
        canvas.path(f"M0 {-thick * 0.38}q{band * 0.6} {-thick * 0.4} {band * 0.9} {-thick * 0.2}q{-band * 0.3} {thick * 0.06} {-band * 0.6} {thick * 0.26}Z", darker(tie, 0.1))


def tangle(canvas: Canvas, x: float, y: float, width: float, height: float, count: int, colours: tuple[str, ...], *, fine: float = 4, seed: int = 1, curl: float = 1) -> None:
    """Paint a loose tangle of strands heaped around (x, y)."""
    rng, w = Random(seed), width / 2
    strands = []
    for _ in range(count):
        across = rng.uniform(-0.85, 0.85)
        top = -height * math.cos(across * math.pi / 2) ** 1.2
        strands.append((top + (width * 0.1 - top) * rng.uniform(0, 1), across * w))
    for down, across in sorted(strands):
        tone, reach = rng.choice(colours), width * rng.uniform(0.12, 0.24)
        points = [(x + across + reach * spot + rng.uniform(-12, 12), y + down + rng.uniform(-24, 24) * curl) for spot in (-0.5, -0.2, 0.15, 0.5)]
        data = smooth(points, closed=False)
        with canvas.moved(1, 3):
            canvas.stroke(data, darker(tone, 0.6), fine, opacity=0.3)
        canvas.stroke(data, tone, fine)
        canvas.stroke(data, lighter(tone, 0.6), fine * 0.3, opacity=0.6)
