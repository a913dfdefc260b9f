"""Brocade of the Dao: bands of cross-stitch on indigo cotton, and things sewn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter

INDIGO, RED, YELLOW, WHITE, GREEN = "#1f2c5c", "#b32a22", "#eeb43c", "#f6efdf", "#3f7d4e"

# Cross-stitch. A letter is a stitch (r red, y yellow, w white, n indigo, g green), a dot is the ground.
DIAMOND = """
....w....
...wrw...
..wryrw..
.wry.yrw.
wry.n.yrw
.wry.yrw.
..wryrw..
...wrw...
....w....
"""
STAR = """
......y......
..y...y...y..
..ry.yry.yr..
...rryryrr...
..yrryryrry..
...yyrwryy...
yyrrrwwwrrryy
...yyrwryy...
..yrryryrry..
...rryryrr...
..ry.yry.yr..
..y...y...y..
......y......
"""
PINE = """
......w......
.....wyw.....
....wyryw....
...wyryryw...
..w..yry..w..
....yryry....
...yryryry...
..w...r...w..
.w...yry...w.
....yryry....
...yryryryr..
......r......
......r......
.w..wrrrw..w.
"""
DOG = """
..............
.y.........yy.
.y........yyyy
..y......yyy..
..yyyyyyyyyy..
..yryryryryy..
..yyyyyyyyyy..
..yy.yy.yy.y..
..y..y...y.y..
..y..y...y.y..
.yy.yy..yy.yy.
..............
"""
STEPS = """
rr........
rrww......
..ww......
..wwrr....
....rr....
....rrww..
......ww..
......wwyy
........yy
yy......yy
"""
ZIGZAG = """
y.......
.y.....y
..y...y.
...y.y..
r...y...
.r.....r
..r...r.
...r.r..
....r...
"""
HOOKS = """
.wwww...
.w..w...
.w.rw...
.w.....w
.wwwwwww
........
"""
_STITCHES = {"r": RED, "y": YELLOW, "w": WHITE, "n": INDIGO, "g": GREEN}


@dataclass(frozen=True, slots=True)
class Scheme:
    """The colours of a cloth: its ground, the ground of its main band, and the colour that replaces stitches."""

    ground: str
    band: str
    swaps: tuple[tuple[str, str], ...] = ()


RED_CLOTH = Scheme(INDIGO, RED, (("r", "n"),))
INDIGO_CLOTH = Scheme("#18234b", "#22326a")


def stitches(canvas: Canvas, motif: str, size: float, ground: str, swaps: Sequence[tuple[str, str]] = (), gap: int = 2) -> tuple[str, float]:
    """Return the paint of a motif that repeats sideways, and its height."""
    rows = motif.strip().split("\n")
    width, swapped = max(len(row) for row in rows) + gap, dict(swaps)
    cells = [f'<rect width="{width * size}" height="{(len(rows) + 2) * size}" fill="{ground}"/>']
    for down, row in enumerate(rows, start=1):
        for across, letter in enumerate(row):
            colour = _STITCHES.get(swapped.get(letter, letter))
            if colour:
                place = f'x="{across * size:.1f}" y="{down * size:.1f}"'
                cells.append(f'<rect {place} width="{size * 0.94:.1f}" height="{size * 0.94:.1f}" fill="{colour}"/>')
                shine = f"M{across * size + size * 0.2:.1f} {down * size + size * 0.75:.1f}L{across * size + size * 0.75:.1f} {down * size + size * 0.2:.1f}"
                cells.append(f'<path d="{shine}" stroke="{lighter(colour, 0.4)}" stroke-width="{size * 0.16:.1f}" opacity=".7"/>')
    return canvas.pattern(width * size, (len(rows) + 2) * size, "".join(cells)), (len(rows) + 2) * size


def cloth(canvas: Canvas, width: float, height: float, scheme: Scheme, motif: str, *, size: float = 9, bands: int = 1, border: bool = True) -> None:
    """Paint a flat piece of brocade with its corner at the origin: `bands` of the motif between thin borders."""
    canvas.box(0, 0, width, height, scheme.ground)
    paint, main = stitches(canvas, motif, size, scheme.band, scheme.swaps)
    edge, edge_height = stitches(canvas, ZIGZAG, size * 0.62, scheme.ground, gap=0)
    group = main + 2 * edge_height + 6 * size * 0.6
    space = (height - bands * group) / (bands + 1)
    down = space
    for _band in range(bands):
        for paint_of, high in ((edge, edge_height), (paint, main), (edge, edge_height)):
            _stripe(canvas, down, width, size * 0.6)
            down += size * 0.9
            with canvas.moved(0, down):
                canvas.box(0, 0, width, high, paint_of)
            down += high
            _stripe(canvas, down, width, size * 0.6)
            down += size * 0.9
        down += space
    if border:
        for spot in (size, height - 1.6 * size):
            _stripe(canvas, spot, width, size * 0.6, RED)
    threads = '<path d="M0 1H6M0 4H6" stroke="#ffffff" stroke-width="1" opacity=".07"/><path d="M1 0V6M4 0V6" stroke="#000000" stroke-width="1" opacity=".09"/>'
    canvas.box(0, 0, width, height, canvas.pattern(6, 6, threads))


def _stripe(canvas: Canvas, down: float, width: float, high: float, colour: str = YELLOW) -> None:
    canvas.box(0, down, width, high, colour)
    canvas.box(0, down, width, high * 0.35, lighter(colour, 0.4), opacity=0.6)


def fringe(canvas: Canvas, x: float, y: float, width: float, length: float, colour: str = WHITE) -> None:
    """Paint the loose threads at the end of a cloth."""
    count = int(width / 11)
    for index in range(count + 1):
        across, sway = x + width * index / count, (index * 7 % 5 - 2) * 2.2
        canvas.stroke(f"M{across:.1f} {y:.1f}q{sway:.1f} {length * 0.5:.1f} {sway * 0.5:.1f} {length * (0.9 + index * 3 % 4 * 0.05):.1f}", darker(colour, 0.12 * (index % 2)), 4.2)


def tassel(canvas: Canvas, x: float, y: float, length: float, angle: float = 0, colour: str = RED) -> None:
    with canvas.moved(x, y, angle):
        canvas.stroke(f"M0 0v{length * 0.2}", YELLOW, length * 0.06)
        for index in range(-3, 4):
            canvas.stroke(f"M0 {length * 0.3}Q{index * length * 0.05} {length * 0.5} {index * length * 0.1} {length}", colour if index % 2 else darker(colour, 0.2), length * 0.07)
        canvas.oval(0, length * 0.28, length * 0.12, length * 0.12, YELLOW)
        canvas.box(-length * 0.12, length * 0.36, length * 0.24, length * 0.06, YELLOW, 2)


def cushion(canvas: Canvas, width: float, height: float, scheme: Scheme, motif: str, *, size: float = 9, bands: int = 1, puff: float = 0.07) -> None:
    """Paint a filled cushion around the origin, rounder in the middle than at its corners."""
    w, h = width / 2, height / 2
    bow_x, bow_y = h * puff * 1.6, w * puff * 1.3
    outline = (
        f"M{-w} {-h}C{-w * 0.55} {-h - bow_y * 1.3} {w * 0.55} {-h - bow_y * 1.3} {w} {-h}C{w + bow_x * 1.3} {-h * 0.5} {w + bow_x * 1.3} {h * 0.5} {w} {h}"
        f"C{w * 0.55} {h + bow_y * 1.3} {-w * 0.55} {h + bow_y * 1.3} {-w} {h}C{-w - bow_x * 1.3} {h * 0.5} {-w - bow_x * 1.3} {-h * 0.5} {-w} {-h}Z"
    )
    with canvas.inside(outline):
        with canvas.moved(-w - bow_x - 4, -h - bow_y - 4):
            cloth(canvas, width + 2 * bow_x + 8, height + 2 * bow_y + 8, scheme, motif, size=size, bands=bands)
        shade = canvas.radial((0, "#ffffff", 0.22), (0.4, "#ffffff", 0), (0.75, "#0a0a20", 0.22), (1, "#0a0a20", 0.6), cx=0.4, cy=0.34, r=0.72)
        canvas.box(-w - bow_x, -h - bow_y, width + 2 * bow_x, height + 2 * bow_y, shade)
        for side in (-1, 1):
            for rise in (-0.5, -0.15, 0.2, 0.55):
                canvas.stroke(f"M{side * (w + bow_x)} {h * rise}q{-side * w * 0.14} {h * 0.03} {-side * w * 0.22} {h * 0.01}", "#0a0a20", 5, opacity=0.22)
    canvas.stroke(outline, YELLOW, 5)
    canvas.stroke(outline, RED, 5, stroke_dasharray="9 9")


def folded(canvas: Canvas, x: float, y: float, width: float, height: float, scheme: Scheme, motif: str, *, size: float = 9, bands: int = 1, layers: int = 4) -> None:
    """Paint a cloth folded into a stack that lies on the table. (x, y) is the middle of its lower edge."""
    canvas.shadow(x, y, width * 0.56, height * 0.13, 0.42)
    thick = height * 0.085
    for index in range(layers):
        down = y - thick * (index + 1)
        tone = lighter(scheme.ground, 0.1 * (index % 2))
        canvas.box(x - width / 2 + index * 2, down, width - index * 4, thick * 0.94, canvas.linear((0, lighter(tone, 0.25)), (1, darker(tone, 0.3))), thick * 0.45)
        canvas.box(x - width / 2 + index * 2 + 8, down + thick * 0.34, width - index * 4 - 16, thick * 0.16, RED if index % 2 else YELLOW, opacity=0.8)
    top, bottom = y - height, y - thick * layers
    w = width / 2 - layers * 2
    face = f"M{x - w * 0.9} {top}Q{x} {top - 14} {x + w * 0.9} {top}Q{x + w * 0.96} {(top + bottom) / 2} {x + w} {bottom + 6}Q{x} {bottom + 14} {x - w} {bottom + 6}Q{x - w * 0.96} {(top + bottom) / 2} {x - w * 0.9} {top}Z"
    with canvas.inside(face):
        with canvas.moved(x - w, top - 14):
            cloth(canvas, 2 * w, bottom - top + 34, scheme, motif, size=size, bands=bands)
        canvas.path(face, canvas.linear((0, "#ffffff", 0.2), (0.5, "#ffffff", 0), (1, "#0a0a20", 0.35), x=0.6))
