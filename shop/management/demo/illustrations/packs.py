"""Packaging: pouches, vacuum packs, sacks, boxes, cartons, nets, and their labels."""

from __future__ import annotations

from random import Random

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter, mix
from shop.management.demo.illustrations.cloth import DIAMOND, INDIGO, RED, YELLOW, stitches
from shop.management.demo.illustrations.vessels import Filling

KRAFT, PAPER, LINEN, WOVEN = "#c9a06a", "#fbf6e8", "#e6d9bd", "#e9e2cd"


def label(canvas: Canvas, x: float, y: float, width: float, height: float, title: str, weight: str = "", colour: str = INDIGO, picture: Filling | None = None) -> None:
    """Paint a paper label around (x, y). `title` has its lines parted by "|", `picture` paints around (0, 0) in a circle of 100."""
    w, h = width / 2, height / 2
    canvas.box(x - w + 4, y - h + 5, width, height, "#20121a", 8, opacity=0.22)
    canvas.box(x - w, y - h, width, height, canvas.linear((0, "#fffdf5"), (1, darker(PAPER, 0.06)), x=1, y=1), 8)
    strip = min(height * 0.13, width * 0.12)
    brocade, high = stitches(canvas, DIAMOND, strip / 11, colour)
    for edge in (y - h, y + h - strip):
        with canvas.moved(x - w, edge):
            canvas.box(0, 0, width, high, brocade, 6)
    lines = title.split("|")
    longest = max(len(line) for line in lines)
    size = min(width * 0.88 / (0.66 * longest), height * (0.15 if picture else 0.26 / len(lines) ** 0.5))
    foot = y + h - strip - height * (0.07 if not weight else 0.03)
    if weight:
        small = min(size * 0.8, height * (0.1 if picture else 0.16))
        canvas.text(x, foot - small * 0.15, weight, small, "#5a4a3a")
        foot -= small * 1.35
    for index, words in enumerate(reversed(lines)):
        canvas.text(x, foot - size * 0.2 - index * size * 1.22, words, size, colour)
    room = foot - len(lines) * size * 1.24 - (y - h + strip)
    if picture and room > 24:
        scale = min(room * 0.92, width * 0.8) / 200
        with canvas.moved(x, y - h + strip + room * 0.52, 0, scale):
            picture()


def pouch(canvas: Canvas, x: float, y: float, width: float, height: float, colour: str = KRAFT, filling: Filling | None = None) -> None:
    """Paint a pouch that stands at (x, y), the middle of its foot. `filling` paints its label."""
    w, top = width / 2, y - height
    canvas.shadow(x + w * 0.08, y + 4, w * 1.12, width * 0.13, 0.44)
    outline = (
        f"M{x - w * 0.94} {top}H{x + w * 0.94}C{x + w * 0.9} {top + height * 0.3} {x + w * 1.02} {y - height * 0.35} {x + w} {y - height * 0.05}"
        f"Q{x + w * 0.98} {y + 4} {x + w * 0.86} {y + 6}Q{x} {y + width * 0.09} {x - w * 0.86} {y + 6}Q{x - w * 0.98} {y + 4} {x - w} {y - height * 0.05}C{x - w * 1.02} {y - height * 0.35} {x - w * 0.9} {top + height * 0.3} {x - w * 0.94} {top}Z"
    )
    canvas.path(outline, canvas.linear((0, lighter(colour, 0.3)), (0.22, colour), (0.5, lighter(colour, 0.14)), (0.8, darker(colour, 0.12)), (1, darker(colour, 0.38)), x=1, y=0.08))
    with canvas.inside(outline):
        seal = height * 0.075
        canvas.box(x - w, top, width, seal, darker(colour, 0.12), opacity=0.8)
        for index in range(1, 5):
            canvas.stroke(f"M{x - w} {top + seal * index / 5:.1f}H{x + w}", lighter(colour, 0.4), 1.6, opacity=0.6)
        canvas.stroke(f"M{x - w} {top + height * 0.125}H{x + w}", darker(colour, 0.3), 3, opacity=0.5)
        canvas.path(f"M{x - w} {y - height * 0.04}Q{x} {y - height * 0.16} {x + w} {y - height * 0.04}V{y + 40}H{x - w}Z", darker(colour, 0.35), opacity=0.25)
        for side in (-1, 1):
            canvas.path(
                f"M{x + side * w * 0.95} {top + height * 0.16}Q{x + side * w * 0.72} {y - height * 0.5} {x + side * w * 0.9} {y - height * 0.06}L{x + side * w * 1.05} {y}V{top}Z",
                "#ffffff" if side < 0 else "#1a0c14",
                opacity=0.16,
            )
    if filling:
        filling()


def window(canvas: Canvas, x: float, y: float, width: float, height: float, content: Filling) -> None:
    """Paint a clear window in a pouch through which its content shows."""
    shape = f"M{x - width / 2} {y}A{width / 2} {height / 2} 0 1 1 {x + width / 2} {y}A{width / 2} {height / 2} 0 1 1 {x - width / 2} {y}Z"
    with canvas.inside(shape):
        content()
        canvas.oval(x, y, width / 2, height / 2, canvas.radial((0, "#1a0c14", 0), (0.7, "#1a0c14", 0.05), (1, "#1a0c14", 0.5), cx=0.55, cy=0.6, r=0.6))
    canvas.put(f'<path d="{shape}" fill="none" stroke="#ffffff" stroke-width="4" opacity=".5"/>')
    canvas.gloss(x - width * 0.2, y - height * 0.25, width * 0.2, height * 0.1, -20, 0.7)


def vacuum_pack(canvas: Canvas, x: float, y: float, width: float, height: float, content: Filling, *, angle: float = 0, tint: str = "#eef3f4") -> None:
    """Paint a clear pack pressed tight around its content, which paints around the origin."""
    w, h = width / 2, height / 2
    with canvas.moved(x, y, angle):
        canvas.shadow(0, h * 0.98, w * 1.02, h * 0.16, 0.36)
        canvas.box(-w, -h, width, height, canvas.linear((0, "#ffffff", 0.85), (0.5, tint, 0.75), (1, "#b9c6ca", 0.85), x=1, y=1), 14)
        for edge in (-h, h - height * 0.06):
            for index in range(1, 5):
                canvas.stroke(f"M{-w + 6} {edge + height * 0.06 * index / 5:.1f}H{w - 6}", "#93a5ab", 2, opacity=0.7)
        inner = f"M{-w * 0.9} {-h * 0.82}Q0 {-h * 0.92} {w * 0.9} {-h * 0.82}Q{w * 0.97} 0 {w * 0.9} {h * 0.82}Q0 {h * 0.92} {-w * 0.9} {h * 0.82}Q{-w * 0.97} 0 {-w * 0.9} {-h * 0.82}Z"
        with canvas.inside(inner):
            canvas.box(-w, -h, width, height, darker(tint, 0.18))
            content()
            canvas.path(inner, canvas.linear((0, "#ffffff", 0.3), (0.35, "#ffffff", 0), (1, "#10202a", 0.22), x=1, y=1))
        for data, strength in (
            (f"M{-w * 0.8} {-h * 0.2}Q{-w * 0.74} {-h * 0.66} {-w * 0.4} {-h * 0.78}", 0.8),
            (f"M{w * 0.82} {h * 0.1}Q{w * 0.84} {h * 0.5} {w * 0.6} {h * 0.76}", 0.5),
            (f"M{-w * 0.3} {h * 0.7}q{w * 0.2} {h * 0.06} {w * 0.5} 0", 0.4),
        ):
            canvas.stroke(data, "#ffffff", width * 0.02, opacity=strength, filter=canvas.blur(2))
        canvas.put(f'<rect x="{-w}" y="{-h}" width="{width}" height="{height}" rx="14" fill="none" stroke="#ffffff" stroke-width="3" opacity=".8"/>')


def sack(canvas: Canvas, x: float, y: float, width: float, height: float, colour: str = WOVEN, filling: Filling | None = None, *, stripe: str = RED) -> None:
    """Paint a full sack of rice sewn at the top, standing at (x, y)."""
    w, top = width / 2, y - height
    rng = Random(int(width))
    canvas.shadow(x + w * 0.1, y + 4, w * 1.2, width * 0.14, 0.46)
    outline = (
        f"M{x - w * 0.8} {top}Q{x} {top + height * 0.03} {x + w * 0.8} {top}C{x + w * 0.86} {top + height * 0.16} {x + w * 1.05} {top + height * 0.3} {x + w * 1.03} {y - height * 0.3}"
        f"Q{x + w * 1.03} {y} {x + w * 0.86} {y + 4}Q{x} {y + width * 0.07} {x - w * 0.86} {y + 4}Q{x - w * 1.03} {y} {x - w * 1.03} {y - height * 0.3}C{x - w * 1.05} {top + height * 0.3} {x - w * 0.86} {top + height * 0.16} {x - w * 0.8} {top}Z"
    )
    canvas.path(outline, canvas.radial((0, lighter(colour, 0.5)), (0.5, colour), (1, darker(colour, 0.45)), cx=0.35, cy=0.35, r=0.8))
    with canvas.inside(outline):
        threads = '<path d="M0 1.5H8M0 5.5H8" stroke="#6b5a3a" stroke-width="1" opacity=".16"/><path d="M2 0V8M6 0V8" stroke="#6b5a3a" stroke-width="1" opacity=".12"/>'
        canvas.box(x - w * 1.1, top, width * 1.2, height * 1.1, canvas.pattern(8, 8, threads))
        for side in (-0.72, 0.72):
            canvas.path(f"M{x + side * w} {top}q{side * 26} {height * 0.5} 0 {height * 1.1}h{width * 0.045}q{side * 26} {-height * 0.6} 0 {-height * 1.1}Z", stripe, opacity=0.75)
        for _ in range(7):
            start = x + rng.uniform(-0.75, 0.75) * w
            canvas.stroke(
                f"M{start:.0f} {top + height * 0.06:.0f}q{rng.uniform(-24, 24):.0f} {height * 0.1:.0f} {rng.uniform(-34, 34):.0f} {height * rng.uniform(0.14, 0.24):.0f}",
                darker(colour, 0.4),
                5,
                opacity=0.22,
            )
        canvas.stroke(f"M{x - w} {top + height * 0.055}Q{x} {top + height * 0.09} {x + w} {top + height * 0.055}", darker(colour, 0.5), 4, stroke_dasharray="14 9", opacity=0.8)
    if filling:
        filling()


def tied_bag(canvas: Canvas, x: float, y: float, width: float, height: float, colour: str = LINEN, filling: Filling | None = None) -> None:
    """Paint a cloth bag tied with a cord, standing at (x, y)."""
    w, top = width / 2, y - height
    neck = top + height * 0.2
    canvas.shadow(x + w * 0.08, y + 4, w * 1.15, width * 0.14, 0.44)
    ruff = f"M{x - w * 0.3} {neck}C{x - w * 0.5} {top + height * 0.1} {x - w * 0.62} {top + 10} {x - w * 0.58} {top}Q{x - w * 0.4} {top + 22} {x - w * 0.28} {top - 6}Q{x - w * 0.1} {top + 20} {x + w * 0.06} {top - 10}Q{x + w * 0.2} {top + 20} {x + w * 0.36} {top - 4}Q{x + w * 0.46} {top + 18} {x + w * 0.6} {top + 2}C{x + w * 0.6} {top + 10} {x + w * 0.5} {top + height * 0.1} {x + w * 0.3} {neck}Z"
    canvas.path(ruff, canvas.linear((0, lighter(colour, 0.3)), (1, darker(colour, 0.3)), x=1))
    body = f"M{x - w * 0.3} {neck}C{x - w * 0.8} {neck + height * 0.08} {x - w * 1.02} {y - height * 0.45} {x - w} {y - height * 0.16}Q{x - w * 0.98} {y + 2} {x - w * 0.7} {y + 6}Q{x} {y + width * 0.08} {x + w * 0.7} {y + 6}Q{x + w * 0.98} {y + 2} {x + w} {y - height * 0.16}C{x + w * 1.02} {y - height * 0.45} {x + w * 0.8} {neck + height * 0.08} {x + w * 0.3} {neck}Z"
    canvas.path(body, canvas.radial((0, lighter(colour, 0.55)), (0.5, colour), (1, darker(colour, 0.42)), cx=0.34, cy=0.34, r=0.8))
    with canvas.inside(body):
        threads = '<path d="M0 2H7M0 5.5H7" stroke="#6b5a3a" stroke-width="1" opacity=".15"/><path d="M2 0V7M5 0V7" stroke="#6b5a3a" stroke-width="1" opacity=".12"/>'
        canvas.box(x - w * 1.1, top, width * 1.2, height * 1.1, canvas.pattern(7, 7, threads))
        for spot in (-0.2, -0.08, 0.05, 0.18):
            canvas.stroke(f"M{x + spot * w} {neck}q{spot * w * 1.3} {height * 0.1} {spot * w * 2} {height * 0.26}", darker(colour, 0.45), 5, opacity=0.28)
    canvas.stroke(f"M{x - w * 0.31} {neck}Q{x} {neck + 16} {x + w * 0.31} {neck}", RED, 13)
    canvas.stroke(f"M{x + w * 0.08} {neck + 8}q{w * 0.2} {height * 0.08} {w * 0.1} {height * 0.17}M{x + w * 0.08} {neck + 8}q{w * 0.34} {height * 0.03} {w * 0.36} {height * 0.12}", RED, 7)
    canvas.oval(x + w * 0.08, neck + 8, 13, 12, darker(RED, 0.15))
    if filling:
        filling()


def carton(canvas: Canvas, x: float, y: float, width: float, height: float, filling: Filling | None = None, *, colour: str = "#bf9058", depth: float = 0.36) -> None:
    """Paint an open carton whose front stands at (x, y). `filling` paints its contents."""
    w, d = width / 2, width * depth * 0.5
    top = y - height
    canvas.shadow(x, y + 4, w * 1.12, width * 0.09, 0.44)
    canvas.path(f"M{x - w} {top}L{x - w * 0.82} {top - d}H{x + w * 0.82}L{x + w} {top}Z", darker(colour, 0.5))
    canvas.path(f"M{x - w * 0.82} {top - d}L{x - w * 0.9} {top - d * 1.7}H{x + w * 0.9}L{x + w * 0.82} {top - d}Z", canvas.linear((0, lighter(colour, 0.25)), (1, colour)))
    if filling:
        filling()
    for side in (-1, 1):
        canvas.path(
            f"M{x + side * w} {top}L{x + side * w * 0.82} {top - d}L{x + side * w * 1.06} {top - d * 1.25}L{x + side * w * 1.24} {top - d * 0.2}Z",
            canvas.linear((0, lighter(colour, 0.2)), (1, darker(colour, 0.15)), x=1),
        )
    canvas.box(x - w, top, width, height, canvas.linear((0, lighter(colour, 0.22)), (0.5, colour), (1, darker(colour, 0.2)), x=1, y=0.6), 4)
    for index in range(1, 12):
        canvas.stroke(f"M{x - w + 4} {top + height * index / 12:.0f}H{x + w - 4}", darker(colour, 0.2), 1.5, opacity=0.18)


def box(canvas: Canvas, x: float, y: float, width: float, height: float, colour: str, filling: Filling | None = None, *, depth: float = 0.3) -> None:
    """Paint a closed box turned a little, its front's foot in the middle at (x, y). `filling` paints its front."""
    w, d = width / 2, width * depth
    top, rise = y - height, d * 0.42
    canvas.shadow(x + d * 0.5, y + 2, w + d * 0.7, width * 0.1, 0.46)
    side = f"M{x + w} {top}L{x + w + d} {top - rise}V{y - rise}L{x + w} {y}Z"
    canvas.path(side, canvas.linear((0, darker(colour, 0.28)), (1, darker(colour, 0.45)), x=1))
    canvas.path(f"M{x - w} {top}L{x - w + d} {top - rise}H{x + w + d}L{x + w} {top}Z", canvas.linear((0, lighter(colour, 0.45)), (1, lighter(colour, 0.2)), x=1))
    canvas.box(x - w, top, width, height, canvas.linear((0, lighter(colour, 0.18)), (1, darker(colour, 0.08)), x=0.8, y=1))
    canvas.stroke(f"M{x - w} {top}H{x + w}V{y}", lighter(colour, 0.5), 2.5, opacity=0.6)
    if filling:
        filling()


def net(canvas: Canvas, x: float, y: float, width: float, height: float, filling: Filling, *, colour: str = "#c8342c") -> None:
    """Paint a net bag full of roots or nuts, standing at (x, y)."""
    w, top = width / 2, y - height
    neck = top + height * 0.16
    canvas.shadow(x + w * 0.08, y, w * 1.15, width * 0.13, 0.44)
    body = f"M{x - w * 0.14} {neck}C{x - w * 0.7} {neck + height * 0.08} {x - w * 1.05} {y - height * 0.4} {x - w * 0.95} {y - height * 0.1}Q{x} {y + height * 0.1} {x + w * 0.95} {y - height * 0.1}C{x + w * 1.05} {y - height * 0.4} {x + w * 0.7} {neck + height * 0.08} {x + w * 0.14} {neck}Z"
    with canvas.inside(body):
        canvas.path(body, mix(colour, "#3a2413", 0.6))
        filling()
        tile = f'<path d="M0 0L17 21L34 0M0 42L17 21L34 42" fill="none" stroke="{colour}" stroke-width="3.4"/>'
        canvas.path(body, canvas.pattern(34, 42, tile))
        canvas.path(body, canvas.radial((0, "#ffffff", 0.1), (0.6, "#20101a", 0.05), (1, "#20101a", 0.5), cx=0.4, cy=0.4, r=0.65))
    canvas.path(
        f"M{x - w * 0.14} {neck}L{x - w * 0.3} {top}Q{x} {top + 16} {x + w * 0.3} {top}L{x + w * 0.14} {neck}Z",
        canvas.pattern(
            20, 26, f'<rect width="20" height="26" fill="{darker(colour, 0.2)}"/><path d="M0 0L10 13L20 0M0 26L10 13L20 26" fill="none" stroke="{lighter(colour, 0.25)}" stroke-width="3"/>'
        ),
    )
    canvas.box(x - w * 0.17, neck - 9, w * 0.34, 22, YELLOW, 8)
