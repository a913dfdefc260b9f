"""Baskets, trays, bowls, jars, bottles and cups."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter

BAMBOO = "#d9b36c"
GLASS = "#dfeaf0"
CLAY = "#8a4b2c"
Filling = Callable[[], None]


def weave(canvas: Canvas, colour: str = BAMBOO, size: float = 34) -> str:
    """Return the paint of bamboo strips that pass over and under each other."""
    half, pale, dark = size / 2, lighter(colour, 0.25), darker(colour, 0.32)
    cells = [f'<rect width="{size}" height="{size}" fill="{darker(colour, 0.42)}"/>']
    for index in range(2):
        over, under = index * half, (1 - index) * half
        cells += [
            f'<rect x="{over}" y="{over - 1}" width="{half - 1.5}" height="{half + 2}" fill="{colour}"/>',
            f'<rect x="{over + 2}" y="{over - 1}" width="{half * 0.3:.1f}" height="{half + 2}" fill="{pale}"/>',
            f'<rect x="{under - 1}" y="{over}" width="{half + 2}" height="{half - 1.5}" fill="{darker(colour, 0.13)}"/>',
            f'<rect x="{under - 1}" y="{over + 2}" width="{half + 2}" height="{half * 0.26:.1f}" fill="{lighter(colour, 0.12)}"/>',
            f'<rect x="{over}" y="{over + half - 2}" width="{half - 1.5}" height="2.5" fill="{dark}" opacity=".5"/>',
        ]
    return canvas.pattern(size, size, "".join(cells))


def tray(canvas: Canvas, x: float, y: float, rx: float, ry: float, colour: str = BAMBOO) -> None:
    """Paint a flat round tray of bamboo, seen from above at a slant."""
    canvas.shadow(x, y + ry * 0.35, rx * 1.0, ry * 0.95, 0.3)
    canvas.oval(x, y + ry * 0.13, rx, ry, darker(colour, 0.4))
    canvas.oval(x, y, rx, ry, canvas.linear((0, lighter(colour, 0.3)), (1, darker(colour, 0.2)), x=1, y=1))
    inner = rx * 0.9, ry * 0.87
    canvas.oval(x, y + ry * 0.03, *inner, weave(canvas, colour))
    shade = canvas.radial((0, "#3a2413", 0), (0.72, "#3a2413", 0.05), (1, "#3a2413", 0.38), cx=0.55, cy=0.6, r=0.62)
    canvas.oval(x, y + ry * 0.03, *inner, shade)
    canvas.put(
        f'<ellipse cx="{x}" cy="{y}" rx="{rx * 0.95}" ry="{ry * 0.935}" fill="none" stroke="{darker(colour, 0.35)}"'
        f' stroke-width="{rx * 0.012:.1f}" stroke-dasharray="{rx * 0.03:.1f} {rx * 0.05:.1f}" opacity=".8"/>'
    )
    canvas.put(
        f'<path d="M{x - rx * 0.97} {y - ry * 0.1}A{rx} {ry} 0 0 1 {x + rx * 0.2} {y - ry * 0.985}" fill="none"'
        f' stroke="{lighter(colour, 0.7)}" stroke-width="{rx * 0.016:.1f}" stroke-linecap="round" opacity=".7"/>'
    )


def basket(canvas: Canvas, x: float, y: float, rx: float, height: float, filling: Filling | None = None, *, colour: str = BAMBOO, ry: float = 0) -> None:
    """Paint a deep basket whose rim is centred on (x, y). `filling` paints its contents."""
    ry = ry or rx * 0.26
    foot = rx * 0.74
    canvas.shadow(x, y + height, foot * 1.2, ry * 0.75, 0.42)
    canvas.oval(x, y, rx, ry, darker(colour, 0.5))
    canvas.oval(x, y + ry * 0.1, rx * 0.94, ry * 0.86, darker(colour, 0.62))
    if filling:
        filling()
    body = f"M{x - rx} {y}C{x - rx * 0.98} {y + height * 0.6} {x - foot} {y + height} {x - foot} {y + height}"
    body += f"Q{x} {y + height + ry * 0.75} {x + foot} {y + height}C{x + foot} {y + height} {x + rx * 0.98} {y + height * 0.6} {x + rx} {y}"
    body += f"A{rx} {ry} 0 0 1 {x - rx} {y}Z"
    canvas.path(body, weave(canvas, colour, 30))
    canvas.path(body, canvas.linear((0, LIGHT_EDGE, 0.3), (0.3, LIGHT_EDGE, 0), (0.62, "#3a2413", 0.1), (1, "#3a2413", 0.55), x=1, y=0.1))
    canvas.path(body, canvas.linear((0, "#3a2413", 0), (0.65, "#3a2413", 0.04), (1, "#3a2413", 0.4)))
    band = f"M{x - rx} {y}A{rx} {ry} 0 0 0 {x + rx} {y}v{height * 0.13}A{rx} {ry} 0 0 1 {x - rx} {y + height * 0.13}Z"
    canvas.path(band, canvas.linear((0, lighter(colour, 0.35)), (0.5, colour), (1, darker(colour, 0.35)), x=1, y=0))
    ties = f"M{x - rx} {y + height * 0.065}A{rx} {ry} 0 0 0 {x + rx} {y + height * 0.065}"
    with canvas.inside(band):
        canvas.put(f'<path d="{ties}" fill="none" stroke="{darker(colour, 0.5)}" stroke-width="{height * 0.15:.1f}" stroke-dasharray="3 {rx * 0.085:.1f}" opacity=".65"/>')


LIGHT_EDGE = "#fff3d6"


def bowl(canvas: Canvas, x: float, y: float, rx: float, height: float, colour: str, filling: Filling | None = None, *, band: str = "") -> None:
    """Paint a glazed bowl whose rim is centred on (x, y)."""
    ry, foot = rx * 0.25, rx * 0.38
    canvas.shadow(x, y + height + 6, foot * 2, ry * 0.7, 0.42)
    canvas.path(f"M{x - foot} {y + height - 14}h{2 * foot}v16q{-foot} {ry * 0.4} {-2 * foot} 0Z", darker(colour, 0.4))
    canvas.oval(x, y, rx, ry, lighter(colour, 0.55))
    canvas.oval(x, y + ry * 0.06, rx * 0.955, ry * 0.9, canvas.radial((0, darker(colour, 0.15)), (1, darker(colour, 0.35)), cx=0.5, cy=0.8))
    if filling:
        filling()
    body = f"M{x - rx} {y}C{x - rx * 0.96} {y + height * 0.62} {x - foot * 1.5} {y + height} {x} {y + height}S{x + rx * 0.96} {y + height * 0.62} {x + rx} {y}A{rx} {ry} 0 0 1 {x - rx} {y}Z"
    canvas.path(body, canvas.radial((0, lighter(colour, 0.5)), (0.45, colour), (1, darker(colour, 0.42)), cx=0.28, cy=0.2, r=0.9))
    canvas.put(f'<path d="M{x - rx} {y}A{rx} {ry} 0 0 0 {x + rx} {y}" fill="none" stroke="{lighter(colour, 0.75)}" stroke-width="{rx * 0.028:.1f}"/>')
    if band:
        for drop in (0.2, 0.28):
            canvas.put(
                f'<path d="M{x - rx * (0.985 - drop * 0.2)} {y + height * drop}A{rx} {ry} 0 0 0 {x + rx * (0.985 - drop * 0.2)} {y + height * drop}"'
                f' fill="none" stroke="{band}" stroke-width="{rx * 0.02:.1f}" opacity=".85"/>'
            )
    canvas.gloss(x - rx * 0.55, y + height * 0.42, rx * 0.1, height * 0.3, 14, 0.65)


def surface(canvas: Canvas, x: float, y: float, rx: float, colour: str, share: float = 0.9) -> None:
    """Paint a liquid or powder that fills a bowl, a little below its rim."""
    ry = rx * 0.25
    canvas.oval(x, y + ry * 0.14, rx * share, ry * share * 0.86, canvas.linear((0, lighter(colour, 0.3)), (0.6, colour), (1, darker(colour, 0.15)), x=0.6))


def glass(canvas: Canvas, x: float, y: float, width: float, height: float, drink: str, *, level: float = 0.72, ice: bool = False) -> None:
    """Paint a straight glass standing at (x, y), its foot in the middle."""
    w, ry = width / 2, width * 0.14
    top = y - height
    canvas.shadow(x + w * 0.1, y, w * 1.2, ry * 1.0, 0.36)
    narrow = w * 0.86
    body = f"M{x - w} {top}L{x - narrow} {y}Q{x} {y + ry * 1.6} {x + narrow} {y}L{x + w} {top}Z"
    canvas.path(body, canvas.linear((0, "#ffffff", 0.55), (0.5, GLASS, 0.35), (1, "#9fb4c0", 0.5), x=1, y=0))
    liquid = y - height * level
    inner = w * (0.86 + 0.14 * level) * 0.95
    canvas.path(
        f"M{x - inner} {liquid}L{x - narrow * 0.93} {y - 8}Q{x} {y + ry * 1.2} {x + narrow * 0.93} {y - 8}L{x + inner} {liquid}Z",
        canvas.linear((0, lighter(drink, 0.25)), (0.5, drink), (1, darker(drink, 0.25)), x=1, y=0.2),
        opacity=0.92,
    )
    canvas.oval(x, liquid, inner, ry * 0.85, lighter(drink, 0.35))
    if ice:
        for across, down, turn in ((-0.4, 0.05, 12), (0.25, -0.05, -20), (-0.02, 0.3, 35)):
            with canvas.moved(x + across * w, liquid + down * height, turn):
                canvas.box(-w * 0.27, -w * 0.27, w * 0.54, w * 0.54, "#ffffff", 8, opacity=0.55, stroke="#ffffff", stroke_width=2)
    canvas.put(f'<ellipse cx="{x}" cy="{top}" rx="{w}" ry="{ry}" fill="#ffffff" fill-opacity=".18" stroke="#ffffff" stroke-width="4" stroke-opacity=".9"/>')
    canvas.path(f"M{x - w * 0.78} {top + height * 0.1}L{x - w * 0.66} {y - height * 0.1}l{w * 0.13} 0L{x - w * 0.6} {top + height * 0.1}Z", "#ffffff", opacity=0.6)


def steam(canvas: Canvas, x: float, y: float, size: float, colour: str = "#ffffff") -> None:
    for spot, high in ((-0.5, 0.8), (0, 1.1), (0.5, 0.85)):
        start = x + spot * size * 0.7
        canvas.stroke(
            f"M{start:.0f} {y:.0f}q{size * 0.22:.0f} {-size * high * 0.28:.0f} 0 {-size * high * 0.5:.0f}t0 {-size * high * 0.5:.0f}",
            colour,
            size * 0.055,
            opacity=0.65,
            filter=canvas.blur(size * 0.022),
        )


def jar_body(x: float, y: float, width: float, height: float) -> str:
    """Return the outline of a jar that stands at (x, y), its foot in the middle."""
    w, r = width / 2, width * 0.14
    top = y - height
    return (
        f"M{x - w * 0.78} {top}C{x - w * 0.78} {top + r * 0.6} {x - w} {top + r * 0.7} {x - w} {top + r * 1.7}V{y - r * 0.6}"
        f"Q{x - w} {y + r * 0.25} {x - w * 0.8} {y + r * 0.32}Q{x} {y + r * 0.75} {x + w * 0.8} {y + r * 0.32}Q{x + w} {y + r * 0.25} {x + w} {y - r * 0.6}"
        f"V{top + r * 1.7}C{x + w} {top + r * 0.7} {x + w * 0.78} {top + r * 0.6} {x + w * 0.78} {top}Z"
    )


def jar(
    canvas: Canvas,
    x: float,
    y: float,
    width: float,
    height: float,
    content: str,
    *,
    lid: str = "#c9a24a",
    filling: Filling | None = None,
    cloth: bool = False,
    level: float = 0.9,
) -> None:
    """Paint a glass jar with its content and a lid, or a cloth over it."""
    w, top = width / 2, y - height
    canvas.shadow(x + w * 0.06, y + width * 0.05, w * 1.22, width * 0.12, 0.42)
    outline = jar_body(x, y, width, height)
    canvas.path(outline, canvas.linear((0, "#ffffff", 0.75), (0.5, GLASS, 0.6), (1, "#a9bcc6", 0.7), x=1, y=0))
    with canvas.inside(outline):
        line = y - height * level
        canvas.box(x - w * 0.94, line, width * 0.94, height * 1.1, canvas.linear((0, lighter(content, 0.28)), (0.4, content), (1, darker(content, 0.32)), x=1, y=0.15), 14)
        canvas.oval(x, line, w * 0.92, width * 0.07, lighter(content, 0.3))
        if filling:
            filling()
        canvas.box(x - w, top, width, height * 1.1, canvas.linear((0, "#ffffff", 0.28), (0.14, "#ffffff", 0), (0.8, "#20202a", 0), (1, "#20202a", 0.28), x=1, y=0))
    canvas.put(f'<path d="{outline}" fill="none" stroke="#ffffff" stroke-width="3" opacity=".55"/>')
    canvas.box(x - w * 0.82, top + height * 0.2, w * 0.12, height * 0.62, "#ffffff", w * 0.06, opacity=0.5)
    if cloth:
        cloth_lid(canvas, x, top, w)
    else:
        screw_lid(canvas, x, top, w * 0.86, width * 0.2, lid)


def screw_lid(canvas: Canvas, x: float, y: float, w: float, height: float, colour: str) -> None:
    ry = w * 0.16
    side = f"M{x - w} {y - height}V{y}Q{x} {y + ry * 1.7} {x + w} {y}V{y - height}Z"
    canvas.path(side, canvas.linear((0, lighter(colour, 0.5)), (0.3, colour), (1, darker(colour, 0.45)), x=1, y=0))
    for index in range(1, 16):
        across = x - w + 2 * w * index / 16
        canvas.stroke(f"M{across:.1f} {y - height + 6:.1f}V{y + 4:.1f}", darker(colour, 0.3), 1.6, opacity=0.35)
    canvas.oval(x, y - height, w, ry, canvas.linear((0, lighter(colour, 0.55)), (1, colour), x=1))
    canvas.put(f'<ellipse cx="{x}" cy="{y - height}" rx="{w * 0.84}" ry="{ry * 0.8}" fill="none" stroke="{darker(colour, 0.15)}" stroke-width="2" opacity=".6"/>')


def cloth_lid(canvas: Canvas, x: float, y: float, w: float, colour: str = "#24356b") -> None:
    """Paint a square of indigo cloth tied over a jar."""
    rng = Random(4)
    skirt = f"M{x - w * 0.86} {y - w * 0.1}C{x - w * 1.0} {y + w * 0.1} {x - w * 1.12} {y + w * 0.24} {x - w * 1.14} {y + w * 0.32}"
    for _fold in range(8):
        step = w * 2.28 / 8
        skirt += f"q{step / 2:.1f} {rng.uniform(12, 30):.1f} {step:.1f} {rng.uniform(-6, 6):.1f}"
    skirt += f"C{x + w * 1.1} {y + w * 0.2} {x + w * 1.0} {y + w * 0.1} {x + w * 0.86} {y - w * 0.1}Z"
    canvas.path(skirt, canvas.linear((0, lighter(colour, 0.3)), (0.4, colour), (1, darker(colour, 0.4)), x=1, y=0.2))
    dome = f"M{x - w * 0.88} {y - w * 0.04}C{x - w * 0.94} {y - w * 0.5} {x + w * 0.94} {y - w * 0.5} {x + w * 0.88} {y - w * 0.04}Q{x} {y + w * 0.2} {x - w * 0.88} {y - w * 0.04}Z"
    canvas.path(dome, canvas.radial((0, lighter(colour, 0.4)), (0.6, colour), (1, darker(colour, 0.35)), cx=0.35, cy=0.2))
    canvas.put(f'<path d="M{x - w * 0.88} {y - w * 0.03}Q{x} {y + w * 0.22} {x + w * 0.88} {y - w * 0.03}" fill="none" stroke="#e0b04a" stroke-width="{w * 0.07:.1f}"/>')
    canvas.stroke(f"M{x + w * 0.3} {y + w * 0.1}q{w * 0.14} {w * 0.3} {w * 0.02} {w * 0.42}M{x + w * 0.34} {y + w * 0.1}q{w * 0.26} {w * 0.14} {w * 0.3} {w * 0.34}", "#e0b04a", w * 0.045)


def bottle(canvas: Canvas, x: float, y: float, width: float, height: float, content: str, *, cap: str = "#3a2b22", neck: float = 0.36, shoulder: float = 0.3) -> None:
    """Paint a filled glass bottle that stands at (x, y)."""
    w, n = width / 2, width * neck / 2
    top, sh = y - height, y - height * (1 - shoulder)
    canvas.shadow(x + w * 0.06, y + width * 0.03, w * 1.25, width * 0.13, 0.42)
    outline = (
        f"M{x - n} {top}V{top + height * 0.12}C{x - n} {sh - height * 0.06} {x - w} {sh - height * 0.04} {x - w} {sh + height * 0.05}V{y - 14}Q{x - w} {y + 4} {x - w * 0.84} {y + 6}"
        f"Q{x} {y + width * 0.1} {x + w * 0.84} {y + 6}Q{x + w} {y + 4} {x + w} {y - 14}V{sh + height * 0.05}C{x + w} {sh - height * 0.04} {x + n} {sh - height * 0.06} {x + n} {top + height * 0.12}V{top}Z"
    )
    canvas.path(outline, canvas.linear((0, lighter(content, 0.35)), (0.35, content), (0.8, darker(content, 0.35)), (1, darker(content, 0.15)), x=1, y=0.1))
    with canvas.inside(outline):
        canvas.box(x - w, top, width, height * 0.16, "#ffffff", opacity=0.4)
        canvas.box(x - w * 0.8, sh, w * 0.2, height * 0.66, "#ffffff", w * 0.1, opacity=0.42)
        canvas.box(x + w * 0.72, sh, w * 0.1, height * 0.66, lighter(content, 0.6), w * 0.05, opacity=0.5)
    canvas.put(f'<path d="{outline}" fill="none" stroke="#ffffff" stroke-width="3" opacity=".4"/>')
    cap_height = height * 0.09
    canvas.box(x - n * 1.2, top - cap_height * 0.8, n * 2.4, cap_height * 1.2, canvas.linear((0, lighter(cap, 0.45)), (0.35, cap), (1, darker(cap, 0.5)), x=1, y=0), 8)


def plate(canvas: Canvas, x: float, y: float, rx: float, ry: float, colour: str = "#f3efe4", rim: str = "#3f5f8f") -> None:
    canvas.shadow(x, y + ry * 0.35, rx * 0.95, ry * 0.95, 0.32)
    canvas.oval(x, y + ry * 0.12, rx, ry, darker(colour, 0.25))
    canvas.oval(x, y, rx, ry, canvas.linear((0, "#ffffff"), (1, darker(colour, 0.1)), x=1))
    canvas.put(f'<ellipse cx="{x}" cy="{y}" rx="{rx * 0.94}" ry="{ry * 0.93}" fill="none" stroke="{rim}" stroke-width="{rx * 0.014:.1f}" opacity=".8"/>')
    canvas.oval(x, y + ry * 0.05, rx * 0.72, ry * 0.68, canvas.radial((0, colour), (1, darker(colour, 0.12)), cx=0.5, cy=0.6, r=0.6))


def board(canvas: Canvas, x: float, y: float, width: float, height: float, colour: str = "#c89258") -> None:
    """Paint a wooden chopping board lying on the table, seen at a slant. (x, y) is its middle."""
    w, h = width / 2, height / 2
    canvas.shadow(x, y + h * 1.1, w * 0.98, h * 0.9, 0.34)
    slant = w * 0.12
    top = f"M{x - w + slant} {y - h}H{x + w - slant}L{x + w} {y + h}H{x - w}Z"
    canvas.path(f"M{x - w} {y + h}H{x + w}v26q0 8 -8 8H{x - w + 8}q-8 0 -8 -8Z", darker(colour, 0.4))
    canvas.path(top, canvas.linear((0, lighter(colour, 0.3)), (1, darker(colour, 0.05)), x=1, y=1))
    with canvas.inside(top):
        rng = Random(9)
        for _ in range(14):
            down = y - h + rng.uniform(0, height)
            canvas.stroke(f"M{x - w} {down:.0f}q{w * 0.5:.0f} {rng.uniform(-10, 10):.0f} {w:.0f} 0t{w:.0f} {rng.uniform(-6, 6):.0f}", darker(colour, 0.25), 2, opacity=0.35)
