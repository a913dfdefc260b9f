"""Sausages, poultry, eggs, honey, dried and candied fruit, cakes."""

from __future__ import annotations

import math
from random import Random

from shop.management.demo.illustrations.canvas import Canvas, Point, darker, lighter, mix, ring, smooth

SAUSAGE, HONEY, SKIN, BANANA = "#9c2f28", "#e09a1a", "#efcf9c", "#7d4320"


def sausage(canvas: Canvas, start: Point, end: Point, thick: float, *, bend: float = 0, seed: int = 1, colour: str = SAUSAGE, string: bool = True) -> None:
    """Paint a smoked sausage between two points. `bend` is how far its middle sags."""
    rng = Random(seed)
    across, down = end[0] - start[0], end[1] - start[1]
    length, t = math.hypot(across, down), thick / 2
    with canvas.moved(*start, math.degrees(math.atan2(down, across))):
        outline = smooth(
            [
                (0, 0),
                (t * 0.5, -t * 0.8),
                (length * 0.3, -t + bend * 0.8),
                (length * 0.7, -t + bend * 0.8),
                (length - t * 0.5, -t * 0.8),
                (length, 0),
                (length - t * 0.5, t * 0.8),
                (length * 0.7, t + bend * 0.8),
                (length * 0.3, t + bend * 0.8),
                (t * 0.5, t * 0.8),
            ]
        )
        with canvas.moved(4, 8):
            canvas.path(outline, "#2a1010", opacity=0.25, filter=canvas.blur(5))
        canvas.path(outline, canvas.linear((0, lighter(colour, 0.38)), (0.3, colour), (0.75, darker(colour, 0.4)), (1, darker(colour, 0.25))))
        with canvas.inside(outline):
            for _ in range(int(length / 5)):
                place = rng.uniform(0.03, 0.97)
                sag = bend * 3.2 * place * (1 - place)
                canvas.oval(length * place, sag + rng.uniform(-t, t) * 0.9, rng.uniform(4, 10), rng.uniform(3, 6), "#f0c9a8", rng.uniform(0, 180), opacity=rng.uniform(0.3, 0.75))
            for _ in range(int(length / 22)):
                place = rng.uniform(0.05, 0.95)
                canvas.stroke(f"M{length * place:.0f} {-t:.0f}q{rng.uniform(-10, 10):.0f} {t * 0.7:.0f} {rng.uniform(-6, 6):.0f} {t * 1.3:.0f}", darker(colour, 0.5), 2.5, opacity=0.3)
            shine = smooth([(length * 0.08, -t * 0.45), (length * 0.35, -t * 0.55 + bend * 0.75), (length * 0.7, -t * 0.55 + bend * 0.75), (length * 0.92, -t * 0.4)], closed=False)
            canvas.stroke(shine, "#ffffff", t * 0.2, opacity=0.38, filter=canvas.blur(4))
        if string:
            for place in (0, length):
                canvas.oval(place, 0, t * 0.24, t * 0.36, darker(colour, 0.2))
                canvas.box(place - 5, -t * 0.4, 10, t * 0.8, "#d9b77a", 4)


def sausage_slice(canvas: Canvas, x: float, y: float, r: float, *, seed: int = 1, tilt: float = 0.8, angle: float = 0) -> None:
    rng = Random(seed)
    with canvas.moved(x, y, angle):
        canvas.oval(3, r * 0.2, r, r * tilt, "#5c1a18")
        canvas.oval(0, 0, r, r * tilt, "#8a2622")
        canvas.oval(0, 0, r * 0.92, r * tilt * 0.92, canvas.radial((0, "#c8524a"), (1, "#a83630"), cx=0.4, cy=0.35))
        for _ in range(15):
            a, far = rng.uniform(0, 6.28), math.sqrt(rng.random()) * 0.8
            canvas.path(smooth(ring(r * far * math.cos(a), r * tilt * far * math.sin(a), r * rng.uniform(0.06, 0.15), r * tilt * rng.uniform(0.06, 0.13), 6, rng, 0.25)), "#f7dcc4", opacity=0.92)
        canvas.gloss(-r * 0.3, -r * 0.3, r * 0.35, r * 0.16, -20, 0.4)


def egg(canvas: Canvas, x: float, y: float, size: float, *, angle: float = 0, colour: str = "#e3b78e", seed: int = 1) -> None:
    rng, s = Random(seed), size / 2
    with canvas.moved(x, y, angle):
        canvas.path(
            f"M0 {-s}C{s * 0.62} {-s} {s * 0.78} {s * 0.05} {s * 0.76} {s * 0.3}C{s * 0.72} {s * 0.8} {s * 0.4} {s} 0 {s}S{-s * 0.72} {s * 0.8} {-s * 0.76} {s * 0.3}C{-s * 0.78} {s * 0.05} {-s * 0.62} {-s} 0 {-s}Z",
            canvas.radial((0, lighter(colour, 0.65)), (0.45, colour), (0.9, darker(colour, 0.3)), (1, darker(colour, 0.2)), cx=0.38, cy=0.3),
        )
        for _ in range(14):
            canvas.oval(rng.uniform(-0.5, 0.5) * s, rng.uniform(-0.6, 0.8) * s, s * 0.018, s * 0.014, darker(colour, 0.35), opacity=0.5)
        canvas.gloss(-s * 0.24, -s * 0.4, s * 0.2, s * 0.28, 20, 0.55)


def dressed_chicken(canvas: Canvas, x: float, y: float, size: float, *, colour: str = SKIN, crossed: bool = False, seed: int = 1) -> None:
    """Paint a plucked chicken lying on its back, seen from its side. `crossed` folds its wings for the altar."""
    rng, s = Random(seed), size / 500
    light, deep = lighter(colour, 0.45), darker(colour, 0.28)
    with canvas.moved(x, y, 0, s):
        skin = canvas.radial((0, light), (0.5, colour), (1, deep), cx=0.38, cy=0.28)
        if crossed:
            canvas.path("M-175 -60C-215 -130 -235 -205 -205 -262C-180 -300 -140 -285 -140 -250C-138 -190 -120 -130 -95 -90Z", skin)
            canvas.path("M-214 -268C-250 -300 -220 -345 -180 -330C-140 -318 -130 -270 -160 -250Z", skin)
            canvas.path("M-236 -316l-46 14 44 14Z", "#e0a437")
            canvas.path("M-206 -338C-216 -372 -190 -372 -186 -352C-176 -380 -154 -368 -162 -344C-140 -352 -136 -330 -154 -322Z", "#c8322c")
            canvas.oval(-206, -306, 6, 6, "#3a2413")
        body = smooth([(-200, -10), (-165, -120), (-60, -178), (70, -165), (180, -100), (225, -10), (190, 70), (60, 112), (-90, 108), (-180, 60)])
        canvas.path(body, skin)
        with canvas.inside(body):
            for _ in range(130):
                canvas.oval(rng.uniform(-220, 230), rng.uniform(-180, 110), 2.4, 1.8, deep, opacity=0.5)
            canvas.path("M-200 60Q0 140 210 40V140H-220Z", deep, opacity=0.4, filter=canvas.blur(14))
        canvas.gloss(-60, -120, 90, 34, -10, 0.5)
        thigh = smooth([(70, -20), (120, -90), (200, -96), (250, -40), (240, 30), (170, 70), (96, 50)])
        canvas.path(thigh, skin)
        canvas.path("M216 -20C280 -40 320 -44 356 -30C372 -24 372 0 356 6C320 16 280 24 226 34Z", skin)
        canvas.path(smooth([(346, -34), (384, -46), (398, -22), (382, -10), (398, 8), (380, 24), (348, 10)]), "#e8b95a")
        canvas.gloss(150, -62, 46, 20, -12, 0.5)
        wing = smooth([(-150, -30), (-96, -74), (-20, -60), (30, -10), (6, 32), (-60, 20), (-110, 44), (-160, 20)])
        canvas.path(wing, skin)
        canvas.stroke("M-140 -6C-90 -34 -40 -30 10 8", deep, 5, opacity=0.6)
        canvas.stroke(wing, deep, 2.5, opacity=0.35)


def honeycomb(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """Paint a piece of comb that stands at (x, y), honey running from its cells."""
    w = width / 2
    canvas.shadow(x + w * 0.1, y, w * 1.1, width * 0.1, 0.4)
    hexagon = "M26 1L50 15V45L26 59L2 45V15Z"
    tile = f'<rect width="52" height="90" fill="#b86f12"/><path d="{hexagon}" fill="#f2b632"/><path d="M26 10L42 19V41L26 50L10 41V19Z" fill="#d98c16"/><g transform="translate(26 45)"><path d="{hexagon}" fill="#f6c24a"/><path d="M26 10L42 19V41L26 50L10 41V19Z" fill="#e29a1e"/></g><g transform="translate(-26 45)"><path d="{hexagon}" fill="#f6c24a"/><path d="M26 10L42 19V41L26 50L10 41V19Z" fill="#e29a1e"/></g>'
    face = f"M{x - w} {y}L{x - w * 0.86} {y - height * 0.9}Q{x} {y - height * 1.06} {x + w * 0.7} {y - height}L{x + w} {y}Z"
    canvas.path(f"M{x + w * 0.7} {y - height}L{x + w * 0.9} {y - height * 1.06}L{x + w * 1.2} {y - height * 0.1}L{x + w} {y}Z", "#9a5a10")
    canvas.path(face, canvas.pattern(52, 90, tile, "scale(1.15)"))
    canvas.path(face, canvas.linear((0, "#fff4c8", 0.45), (0.5, "#fff4c8", 0), (1, "#5a2a05", 0.4), x=1, y=1))
    canvas.path(f"M{x - w * 0.3} {y - height * 0.5}q8 {height * 0.3} 0 {height * 0.5}q22 20 40 0q-8 {-height * 0.3} 6 {-height * 0.44}Z", "#f7b52a", opacity=0.75)


def dipper(canvas: Canvas, x: float, y: float, length: float, angle: float) -> None:
    """Paint a honey dipper whose head is at (x, y), and the honey that runs off it."""
    with canvas.moved(x, y, angle):
        canvas.box(-9, -length, 18, length, canvas.linear((0, "#d9a468"), (0.5, "#b07a40"), (1, "#744a22"), x=1, y=0), 8)
        for index in range(6):
            wide = (26, 38, 44, 44, 38, 26)[index]
            canvas.box(-wide, index * 21 - 20, wide * 2, 15, canvas.linear((0, "#d9a468"), (0.5, "#a56c34"), (1, "#6a421c"), x=1, y=0), 7)
            canvas.box(-wide * 0.8, index * 21 - 7, wide * 1.6, 10, "#f0a91e", 5, opacity=0.85)


def dried_banana(canvas: Canvas, x: float, y: float, length: float, *, angle: float = 0, seed: int = 1) -> None:
    rng, half_length, t = Random(seed), length / 2, length * 0.13
    tone = mix(BANANA, "#b0642c", rng.uniform(0, 0.7))
    with canvas.moved(x, y, angle):
        outline = smooth(
            [
                (-half_length, t * 0.3),
                (-half_length * 0.8, -t * 0.5),
                (-half_length * 0.2, -t),
                (half_length * 0.4, -t * 0.9),
                (half_length * 0.9, -t * 0.2),
                (half_length, t * 0.3),
                (half_length * 0.7, t * 0.8),
                (0, t * 0.85),
                (-half_length * 0.7, t),
            ]
        )
        with canvas.moved(3, 9):
            canvas.path(outline, "#2a140a", opacity=0.35)
        canvas.path(outline, canvas.linear((0, lighter(tone, 0.42)), (0.4, tone), (1, darker(tone, 0.5))))
        with canvas.inside(outline):
            for drop in (-0.5, -0.15, 0.2, 0.5):
                canvas.stroke(f"M{-half_length * 0.95} {t * drop + t * 0.3}Q{-half_length * 0.2} {t * (drop - 0.5)} {half_length * 0.95} {t * drop + t * 0.2}", darker(tone, 0.45), 4.5, opacity=0.5)
                canvas.stroke(f"M{-half_length * 0.8} {t * drop + t * 0.12}Q{-half_length * 0.2} {t * (drop - 0.7)} {half_length * 0.8} {t * drop}", lighter(tone, 0.55), 2.6, opacity=0.55)


def peel(canvas: Canvas, x: float, y: float, size: float, *, angle: float = 0, seed: int = 1) -> None:
    """Paint a dry curl of mandarin peel: dull orange outside, cream inside."""
    rng, s = Random(seed), size / 2
    tone = mix("#c8691c", "#8f4516", rng.random())
    with canvas.moved(x, y, angle):
        outline = smooth([(-s, -s * 0.1), (-s * 0.6, -s * 0.7), (0, -s * 0.5), (s * 0.5, -s * 0.75), (s, -s * 0.15), (s * 0.7, s * 0.3), (s * 0.2, s * 0.2), (-s * 0.3, s * 0.5), (-s * 0.8, s * 0.4)])
        with canvas.moved(4, 9):
            canvas.path(outline, "#2a140a", opacity=0.3)
        canvas.path(outline, canvas.linear((0, lighter(tone, 0.35)), (0.5, tone), (1, darker(tone, 0.4)), x=0.6))
        fold = smooth([(-s * 0.92, 0), (-s * 0.3, s * 0.06), (s * 0.2, -s * 0.06), (s * 0.85, s * 0.05), (s * 0.5, s * 0.34), (0, s * 0.24), (-s * 0.4, s * 0.5), (-s * 0.8, s * 0.36)])
        canvas.path(fold, canvas.linear((0, "#fbe9c4"), (1, "#dcb982")))
        for _ in range(26):
            canvas.oval(rng.uniform(-0.8, 0.8) * s, rng.uniform(-0.6, -0.05) * s, 2.4, 1.8, darker(tone, 0.5), opacity=0.5)


def dried_persimmon(canvas: Canvas, x: float, y: float, size: float, *, hung: bool = True, seed: int = 1, frost: bool = True, angle: float = 0) -> None:
    """Paint a persimmon dried in the wind: wrinkled, amber, with a bloom of its own sugar."""
    rng, s = Random(seed), size / 2
    tone = mix("#c9641c", "#a5481a", rng.random())
    with canvas.moved(x, y, angle):
        if hung:
            outline = smooth(
                [
                    (-s * 0.3, -s * 0.9),
                    (-s * 0.72, -s * 0.35),
                    (-s * 0.8, s * 0.3),
                    (-s * 0.4, s * 0.85),
                    (0, s * 1.05),
                    (s * 0.4, s * 0.85),
                    (s * 0.8, s * 0.3),
                    (s * 0.72, -s * 0.35),
                    (s * 0.3, -s * 0.9),
                ]
            )
        else:
            outline = smooth([(-s, 0), (-s * 0.75, -s * 0.42), (-s * 0.1, -s * 0.55), (s * 0.6, -s * 0.46), (s, -s * 0.02), (s * 0.72, s * 0.4), (0, s * 0.5), (-s * 0.75, s * 0.42)])
        canvas.path(outline, canvas.radial((0, lighter(tone, 0.45)), (0.5, tone), (1, darker(tone, 0.42))))
        with canvas.inside(outline):
            for spot in (-0.55, -0.25, 0.1, 0.4):
                canvas.stroke(f"M{spot * s} {-s * 0.8}Q{spot * s * 2} {s * 0.1} {spot * s * 0.9} {s * 0.9}", darker(tone, 0.45), 5, opacity=0.35)
                canvas.stroke(f"M{spot * s + 6} {-s * 0.8}Q{spot * s * 2 + 8} {s * 0.1} {spot * s * 0.9 + 5} {s * 0.9}", lighter(tone, 0.5), 3, opacity=0.5)
            for _ in range(60 if frost else 0):
                canvas.oval(rng.uniform(-0.8, 0.8) * s, rng.uniform(-0.5, 0.9) * s, rng.uniform(2, 6), rng.uniform(1.5, 4), "#fff3e0", opacity=rng.uniform(0.15, 0.5))
        canvas.gloss(-s * 0.28, -s * 0.2, s * 0.24, s * 0.2, -30, 0.45)
        top = (0, -s * 0.86) if hung else (0, -s * 0.42)
        for turn in range(0, 360, 72):
            a = math.radians(turn)
            canvas.oval(top[0] + s * 0.16 * math.cos(a), top[1] + s * 0.07 * math.sin(a), s * 0.16, s * 0.07, "#5a4024", turn * 0.5)


def candied(canvas: Canvas, x: float, y: float, r: float, *, seed: int = 1, colour: str = "#9a4a1e") -> None:
    """Paint a candied apricot: wrinkled, dark amber, sugared."""
    rng = Random(seed)
    tone = mix(colour, "#c0702a", rng.random() * 0.6)
    outline = smooth(ring(x, y, r, r * 0.88, 11, rng, 0.07))
    with canvas.moved(2, 6):
        canvas.path(outline, "#20100a", opacity=0.35)
    canvas.path(outline, canvas.radial((0, lighter(tone, 0.5)), (0.45, tone), (1, darker(tone, 0.5))))
    with canvas.inside(outline):
        for _ in range(5):
            start = x + rng.uniform(-0.7, 0.7) * r
            canvas.stroke(f"M{start:.0f} {y - r * 0.8:.0f}q{rng.uniform(-16, 16):.0f} {r * 0.8:.0f} {rng.uniform(-8, 8):.0f} {r * 1.5:.0f}", darker(tone, 0.5), 3.4, opacity=0.45)
        for _ in range(22):
            canvas.box(x + rng.uniform(-0.8, 0.8) * r, y + rng.uniform(-0.8, 0.6) * r, 4, 4, "#fff6e6", 1, opacity=0.75)
    canvas.gloss(x - r * 0.3, y - r * 0.35, r * 0.3, r * 0.18, -30, 0.5)


def chung_cake(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Paint a bánh chưng: a square of leaves tied crosswise, standing at (x, y)."""
    s, thick = size / 2, size * 0.26
    green = "#4f8136"
    canvas.shadow(x, y + thick * 0.2, s * 1.1, size * 0.11, 0.42)
    top = f"M{x - s} {y - thick - size * 0.34}L{x - s * 0.72} {y - thick - size * 0.72}H{x + s * 0.78}L{x + s} {y - thick - size * 0.34}Z"
    canvas.box(x - s, y - thick - size * 0.36, size, thick + size * 0.36, canvas.linear((0, lighter(green, 0.12)), (1, darker(green, 0.42))), 14)
    canvas.path(top, canvas.linear((0, lighter(green, 0.4)), (1, green), x=1, y=1))
    for index in range(1, 7):
        canvas.stroke(f"M{x - s} {y - size * 0.08 * index}H{x + s}", darker(green, 0.35), 2, opacity=0.35)
    tie = "#e6d29a"
    for share in (-0.36, 0.36):
        canvas.stroke(f"M{x + s * share * 0.8} {y - thick - size * 0.72}L{x + s * share} {y - thick - size * 0.34}V{y}", tie, size * 0.026)
    for drop in (0.46, 0.62):
        canvas.stroke(f"M{x - s * (1.16 - drop * 0.5)} {y - thick - size * drop}H{x + s * (1.2 - drop * 0.5)}", tie, size * 0.02)
    for drop in (0.12, 0.34):
        canvas.stroke(f"M{x - s} {y - size * drop}H{x + s}", tie, size * 0.026)


def chung_slice(canvas: Canvas, x: float, y: float, size: float, *, angle: float = 0) -> None:
    """Paint a slice of bánh chưng: green rice, yellow beans, pork."""
    with canvas.moved(x, y, angle):
        s = size / 2
        canvas.box(-s, -s * 0.8 + size * 0.1, size, size * 0.8, "#3d5c24", 16)
        canvas.box(-s, -s * 0.8, size, size * 0.8, canvas.linear((0, "#c6cf7a"), (1, "#9aae54"), x=1, y=1), 16)
        canvas.box(-s * 0.8, -s * 0.56, size * 0.8, size * 0.56, "#dde0a4", 22)
        canvas.box(-s * 0.66, -s * 0.42, size * 0.66, size * 0.42, canvas.linear((0, "#f2cf6a"), (1, "#d9a83e")), 26)
        canvas.path(smooth([(-s * 0.4, 0), (-s * 0.1, -s * 0.22), (s * 0.35, -s * 0.14), (s * 0.42, s * 0.1), (0, s * 0.18)]), "#c98a72")
        canvas.path(smooth([(-s * 0.2, -s * 0.02), (s * 0.1, -s * 0.14), (s * 0.32, -s * 0.04), (s * 0.1, s * 0.06)]), "#f3dccb")
