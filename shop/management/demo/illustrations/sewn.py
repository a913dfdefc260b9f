"""Things sewn from brocade: bolsters, neck pillows, scarves, bags and purses."""

from __future__ import annotations

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter
from shop.management.demo.illustrations.cloth import RED, STAR, WHITE, YELLOW, Scheme, cloth, fringe, stitches, tassel


def bolster(canvas: Canvas, x: float, y: float, length: float, r: float, scheme: Scheme, motif: str, *, angle: float = 0, size: float = 9, bands: int = 1) -> None:
    """Paint a round bolster lying around (x, y), its embroidered end towards us."""
    half_length = length / 2
    with canvas.moved(x, y, angle):
        body = f"M{-half_length} {-r}H{half_length}A{r * 0.42} {r} 0 0 1 {half_length} {r}H{-half_length}A{r * 0.42} {r} 0 0 1 {-half_length} {-r}Z"
        with canvas.inside(body):
            with canvas.moved(-half_length - r * 0.5, -r):
                cloth(canvas, length + r, 2 * r, scheme, motif, size=size, bands=bands, border=False)
            canvas.path(body, canvas.linear((0, "#ffffff", 0.3), (0.3, "#ffffff", 0.02), (0.7, "#0a0a20", 0.28), (1, "#0a0a20", 0.62)))
        end = f"M{-half_length} {-r}A{r * 0.42} {r} 0 0 0 {-half_length} {r}A{r * 0.42} {r} 0 0 0 {-half_length} {-r}Z"
        canvas.path(end, canvas.linear((0, lighter(scheme.ground, 0.25)), (1, darker(scheme.ground, 0.25)), x=1))
        with canvas.moved(-half_length, 0):
            canvas.put('<g transform="scale(.42 1)">')
            rosette(canvas, 0, 0, r * 0.8)
            canvas.put("</g>")
        for place in (-half_length, half_length):
            canvas.stroke(f"M{place} {-r}A{r * 0.42} {r} 0 0 1 {place} {r}", YELLOW, 7)
            canvas.stroke(f"M{place} {-r}A{r * 0.42} {r} 0 0 1 {place} {r}", RED, 7, stroke_dasharray="10 10")


def rosette(canvas: Canvas, x: float, y: float, r: float) -> None:
    """Paint an embroidered star of eight points in rings of stitches."""
    with canvas.moved(x, y):
        for radius, colour in ((1.0, YELLOW), (0.94, RED), (0.86, WHITE)):
            canvas.put(f'<circle r="{r * radius}" fill="none" stroke="{colour}" stroke-width="{r * 0.04}" stroke-dasharray="{r * 0.05} {r * 0.03}"/>')
        for index in range(8):
            canvas.put(f'<g transform="rotate({index * 45})">')
            canvas.path(f"M0 0L{r * 0.2} {-r * 0.36}L0 {-r * 0.78}Z", YELLOW if index % 2 else RED)
            canvas.path(f"M0 0L{-r * 0.2} {-r * 0.36}L0 {-r * 0.78}Z", darker(YELLOW, 0.22) if index % 2 else darker(RED, 0.3))
            canvas.put("</g>")
        canvas.put(f'<circle r="{r * 0.14}" fill="{WHITE}"/><circle r="{r * 0.07}" fill="{RED}"/>')


def neck_pillow(canvas: Canvas, x: float, y: float, size: float, scheme: Scheme, motif: str) -> None:
    """Paint a neck pillow: a filled horseshoe open below."""
    s = size / 2
    outline = (
        f"M{x - s * 0.9} {y + s * 0.72}C{x - s * 1.22} {y + s * 0.3} {x - s * 1.16} {y - s * 0.94} {x} {y - s * 0.94}S{x + s * 1.22} {y + s * 0.3} {x + s * 0.9} {y + s * 0.72}"
        f"C{x + s * 0.74} {y + s * 0.94} {x + s * 0.36} {y + s * 0.86} {x + s * 0.38} {y + s * 0.5}C{x + s * 0.46} {y + s * 0.1} {x + s * 0.4} {y - s * 0.2} {x} {y - s * 0.2}"
        f"S{x - s * 0.46} {y + s * 0.1} {x - s * 0.38} {y + s * 0.5}C{x - s * 0.36} {y + s * 0.86} {x - s * 0.74} {y + s * 0.94} {x - s * 0.9} {y + s * 0.72}Z"
    )
    canvas.shadow(x, y + s * 0.86, s * 1.05, s * 0.16, 0.42)
    with canvas.inside(outline):
        with canvas.moved(x - s * 1.3, y - s * 1.1):
            cloth(canvas, s * 2.6, s * 2.2, scheme, motif, size=9, bands=2, border=False)
        canvas.path(outline, canvas.radial((0, "#ffffff", 0.3), (0.5, "#ffffff", 0), (1, "#0a0a20", 0.45), cx=0.36, cy=0.2, r=0.85))
        canvas.stroke(outline, "#0a0a20", s * 0.16, opacity=0.3, filter=canvas.blur(14))
    canvas.stroke(outline, YELLOW, 6)
    canvas.stroke(outline, RED, 6, stroke_dasharray="9 9")


def hung_scarf(canvas: Canvas, x: float, top: float, width: float, long: float, scheme: Scheme, motif: str, *, size: float = 10, short: float = 0.72) -> None:
    """Paint a scarf over a bamboo rail: its front falls `long`, its back shows beside it."""
    back = width * 0.36
    canvas.box(x - width * 1.35, top - 18, width * 2.7, 34, canvas.linear((0, "#e3c27e"), (0.5, "#b98e4c"), (1, "#7a5a28")), 16)
    for spot in (-1.05, -0.62, 0.9, 1.16):
        canvas.box(x + spot * width, top - 20, 12, 38, "#8a672f", 4)
    with canvas.inside(f"M{x + width * 0.2} {top - 16}h{width * 0.52}v{long * short}h{-width * 0.52}Z"), canvas.moved(x + width * 0.2, top - 16):
        cloth(canvas, width * 0.52, long * short, scheme, motif, size=size, bands=1)
        canvas.box(0, 0, width * 0.52, long * short, "#0a0a20", opacity=0.42)
    fringe(canvas, x + width * 0.22, top - 16 + long * short, width * 0.48, 54, "#d9cfb8")
    canvas.box(x - width / 2, top - 20, width, long, "#0a0a20", opacity=0.25, filter=canvas.blur(14))
    with canvas.moved(x - width / 2, top - 20):
        cloth(canvas, width, long, scheme, motif, size=size, bands=2)
        shade = canvas.linear(
            (0, "#ffffff", 0.16), (0.12, "#ffffff", 0.02), (0.3, "#0a0a20", 0.2), (0.42, "#ffffff", 0.1), (0.7, "#0a0a20", 0.16), (0.82, "#ffffff", 0.08), (1, "#0a0a20", 0.4), x=1, y=0
        )
        canvas.box(0, 0, width, long, shade)
        canvas.box(0, 0, width, 46, canvas.linear((0, "#ffffff", 0.3), (1, "#ffffff", 0)))
    fringe(canvas, x - width / 2 + 6, top - 20 + long, width - 12, 70)
    del back


def bag(canvas: Canvas, x: float, y: float, width: float, height: float, scheme: Scheme, *, handle: float = 0.5, tassels: bool = True) -> None:
    """Paint a brocade bag that stands at (x, y), its handle rising `handle` of its height."""
    w, top = width / 2, y - height
    rise = height * handle
    canvas.shadow(x, y + 4, w * 1.1, width * 0.1, 0.42)
    strap = f"M{x - w * 0.68} {top + 14}C{x - w * 0.66} {top - rise * 1.25} {x + w * 0.66} {top - rise * 1.25} {x + w * 0.68} {top + 14}"
    canvas.stroke(strap, darker(scheme.ground, 0.3), width * 0.075)
    canvas.stroke(strap, RED, width * 0.055)
    canvas.stroke(strap, YELLOW, width * 0.022, stroke_dasharray="12 12")
    body = f"M{x - w * 0.9} {top}Q{x} {top + 14} {x + w * 0.9} {top}Q{x + w * 1.06} {y - height * 0.3} {x + w} {y - 18}Q{x} {y + 22} {x - w} {y - 18}Q{x - w * 1.06} {y - height * 0.3} {x - w * 0.9} {top}Z"
    with canvas.inside(body):
        with canvas.moved(x - w * 1.1, top):
            cloth(canvas, width * 1.1, height * 1.1, scheme, STAR, size=width * 0.0175, bands=1)
        canvas.path(body, canvas.radial((0, "#ffffff", 0.22), (0.5, "#ffffff", 0), (1, "#0a0a20", 0.5), cx=0.36, cy=0.25, r=0.85))
    canvas.stroke(f"M{x - w * 0.9} {top}Q{x} {top + 14} {x + w * 0.9} {top}", YELLOW, 9)
    for spot in (-0.62, 0, 0.62) if tassels else ():
        tassel(canvas, x + spot * w, y + 2 - abs(spot) * 12, height * 0.17)


def purse(canvas: Canvas, x: float, y: float, width: float, height: float, scheme: Scheme, motif: str, *, angle: float = 0) -> None:
    """Paint a small purse with a zip, lying around (x, y)."""
    w, h = width / 2, height / 2
    with canvas.moved(x, y, angle):
        canvas.shadow(6, h * 0.96, w * 0.98, h * 0.2, 0.4)
        body = f"M{-w * 0.94} {-h}H{w * 0.94}Q{w * 1.02} {-h} {w * 1.02} {-h * 0.8}L{w} {h * 0.7}Q{w * 0.98} {h} {w * 0.8} {h}Q0 {h * 1.1} {-w * 0.8} {h}Q{-w * 0.98} {h} {-w} {h * 0.7}L{-w * 1.02} {-h * 0.8}Q{-w * 1.02} {-h} {-w * 0.94} {-h}Z"
        with canvas.inside(body):
            with canvas.moved(-w * 1.05, -h * 0.98):
                cloth(canvas, width * 1.05, height * 1.05, scheme, motif, size=width * 0.019, bands=1)
            canvas.path(body, canvas.radial((0, "#ffffff", 0.25), (0.5, "#ffffff", 0), (1, "#0a0a20", 0.45), cx=0.35, cy=0.2, r=0.85))
        canvas.box(-w * 0.96, -h - 12, width * 0.96, 24, "#3a3350", 10)
        canvas.stroke(f"M{-w * 0.9} {-h}H{w * 0.9}", "#e6cf8a", 7, stroke_dasharray="5 5")
        canvas.box(w * 0.5, -h - 13, 34, 26, "#e0b04a", 8)
        canvas.stroke(f"M{w * 0.5 + 32} {-h}q30 6 44 34", "#b32a22", 8)
        tassel(canvas, w * 0.5 + 76, -h + 30, height * 0.24, -12)


def hoop(canvas: Canvas, x: float, y: float, r: float, scheme: Scheme, motif: str) -> None:
    """Paint an embroidery hoop with half-finished work, seen from above."""
    canvas.shadow(x + 10, y + 24, r * 1.02, r * 0.98, 0.36)
    circle = f"M{x - r} {y}A{r} {r} 0 1 1 {x + r} {y}A{r} {r} 0 1 1 {x - r} {y}Z"
    with canvas.inside(circle):
        canvas.path(circle, scheme.ground)
        paint, high = stitches(canvas, motif, r * 0.045, scheme.ground)
        with canvas.moved(x - r, y - high * 1.5):
            canvas.box(0, 0, r * 1.15, high, paint)
            canvas.box(0, high, r * 2, high, paint)
            canvas.box(0, high * 2, r * 0.6, high, paint)
        canvas.path(circle, canvas.radial((0, "#ffffff", 0.12), (1, "#0a0a20", 0.35), cx=0.4, cy=0.35, r=0.7))
    for width, tone in ((r * 0.1, "#8a6432"), (r * 0.075, "#d9ae6a"), (r * 0.02, "#f3d9a4")):
        canvas.put(f'<circle cx="{x}" cy="{y}" r="{r}" fill="none" stroke="{tone}" stroke-width="{width:.1f}"/>')
    canvas.box(x - 16, y - r - 40, 32, 40, "#c79a3a", 6)
