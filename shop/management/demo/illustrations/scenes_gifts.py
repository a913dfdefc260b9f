"""Pictures of gift boxes for Tết: open and closed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter
from shop.management.demo.illustrations.catalogue import CANE, CLOTH_TABLE, CREAM, DARK_WOOD, LILAC, MINT, MIST, OAT, PEACH, ROSE, SAGE, SAND, SLATE, WOOD, picture
from shop.management.demo.illustrations.cloth import DIAMOND, DOG, HOOKS, INDIGO, INDIGO_CLOTH, PINE, RED, RED_CLOTH, STAR, STEPS, YELLOW, folded, stitches
from shop.management.demo.illustrations.garden import gourd, tea_sprig
from shop.management.demo.illustrations.heaps import noodle_bundle
from shop.management.demo.illustrations.packs import box, label, pouch
from shop.management.demo.illustrations.pantry import dried_banana, dried_persimmon
from shop.management.demo.illustrations.plants import leaf
from shop.management.demo.illustrations.sewn import purse
from shop.management.demo.illustrations.vessels import bottle


def open_box(canvas: Canvas, colour: str, motif: str, filling: Callable[[], None], *, width: float = 780, high: float = 220, lining: str = "#e6d2a0") -> None:
    """Paint a low gift box whose lid leans behind it. `filling` paints its contents."""
    w, top, y = width / 2, 860 - high, 860
    canvas.shadow(500, y + 6, w * 1.12, 70, 0.46)
    canvas.path(f"M{500 - w * 0.94} {top - 40}L{500 - w * 0.86} {top - 330}H{500 + w * 0.86}L{500 + w * 0.94} {top - 40}Z", canvas.linear((0, lighter(colour, 0.18)), (1, darker(colour, 0.25))))
    brocade, tall = stitches(canvas, motif, 7, darker(colour, 0.35))
    with canvas.moved(500 - w * 0.84, top - 300):
        canvas.box(0, 0, width * 0.84, tall, brocade)
    canvas.path(f"M{500 - w} {top}L{500 - w * 0.9} {top - 110}H{500 + w * 0.9}L{500 + w} {top}Z", darker(lining, 0.4))
    straw(canvas, 500, top - 50, width * 0.86, lining)
    filling()
    canvas.box(500 - w, top, width, high, canvas.linear((0, lighter(colour, 0.2)), (1, darker(colour, 0.3)), x=0.7, y=1), 8)
    with canvas.moved(500 - w, top + high * 0.5 - tall / 2):
        canvas.box(0, 0, width, tall, brocade)
    for edge in (top + high * 0.5 - tall / 2 - 12, top + high * 0.5 + tall / 2 + 4):
        canvas.box(500 - w, edge, width, 8, YELLOW)
    canvas.stroke(f"M{500 - w} {top}H{500 + w}", lighter(colour, 0.5), 5)


def straw(canvas: Canvas, x: float, y: float, width: float, colour: str) -> None:
    rng = Random(5)
    for _ in range(120):
        px, py = x + rng.uniform(-0.5, 0.5) * width, y + rng.uniform(-40, 44)
        canvas.stroke(f"M{px - 40:.0f} {py:.0f}q40 {rng.uniform(-26, 26):.0f} 80 {rng.uniform(-18, 18):.0f}", rng.choice((colour, lighter(colour, 0.4), darker(colour, 0.25))), 5)


def ribbon(canvas: Canvas, x: float, top: float, high: float, colour: str = YELLOW) -> None:
    """Paint a ribbon around a box and its bow."""
    canvas.box(x - 28, top, 56, high, canvas.linear((0, lighter(colour, 0.35)), (1, darker(colour, 0.2)), x=1, y=0))
    for side in (-1, 1):
        canvas.path(
            f"M{x} {top + 4}C{x + side * 60} {top - 130} {x + side * 210} {top - 130} {x + side * 200} {top - 40}C{x + side * 190} {top + 20} {x + side * 80} {top + 20} {x} {top + 4}Z",
            canvas.linear((0, lighter(colour, 0.4)), (1, darker(colour, 0.15)), x=1, y=1),
        )
        canvas.path(
            f"M{x + side * 30} {top - 4}C{x + side * 80} {top - 80} {x + side * 150} {top - 84} {x + side * 152} {top - 44}C{x + side * 140} {top - 14} {x + side * 80} {top + 2} {x + side * 30} {top - 4}Z",
            darker(colour, 0.4),
            opacity=0.6,
        )
        canvas.path(f"M{x} {top + 6}q{side * 40} 70 {side * 120} 110l{side * -10} 34q{side * -90} -40 {side * -124} -130Z", canvas.linear((0, colour), (1, darker(colour, 0.25))))
    canvas.box(x - 36, top - 26, 72, 56, canvas.linear((0, lighter(colour, 0.4)), (1, darker(colour, 0.2))), 16)


def _closed(name: str, ground: str, table: str, colour: str, title: str, ink: str, motif: str, size: tuple[float, float], bow: str = YELLOW) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        width, high = size
        top = 860 - high

        def front() -> None:
            brocade, tall = stitches(canvas, motif, width * 0.0125, darker(colour, 0.35))
            with canvas.moved(450 - width / 2, 860 - tall - 30):
                canvas.box(0, 0, width, tall, brocade)
            for edge in (860 - tall - 44, 860 - 24):
                canvas.box(450 - width / 2, edge, width, 9, YELLOW)
            ribbon(canvas, 450 - width * 0.27, top, high, bow)
            label(canvas, 450 + width * 0.18, top + high * 0.33, width * 0.46, high * 0.38, title, "", ink)

        box(canvas, 450, 860, width, high, colour, front, depth=0.22)


@picture("hop-qua-thien-an", ROSE, WOOD, horizon=560)
def _thien_an(canvas: Canvas) -> None:
    def inside() -> None:
        folded(canvas, 300, 660, 270, 300, INDIGO_CLOTH, PINE, size=6, layers=2)
        for x in (520, 690):
            pouch(canvas, x, 690, 180, 270, "#d9b98a", lambda x=x: label(canvas, x, 580, 130, 150, "CHUỐI SẤY", "300 g", "#7a3f1a", lambda: dried_banana(canvas, 0, 0, 170, angle=-24)))  # type: ignore[misc]
        purse(canvas, 815, 610, 150, 100, RED_CLOTH, DIAMOND, angle=78)

    open_box(canvas, "#8a2622", DIAMOND, inside)


_closed("hop-qua-thien-an-goi", CREAM, DARK_WOOD, "#24356b", "QUÀ TẾT|THIÊN AN", RED, STAR, (640, 470), "#c8322c")


@picture("hop-tra-bi", MINT, CLOTH_TABLE, horizon=560)
def _gourd_tea(canvas: Canvas) -> None:
    def inside() -> None:
        for x in (290, 500):
            box(
                canvas,
                x - 20,
                680,
                170,
                290,
                "#7fa06a",
                lambda x=x: label(canvas, x - 20, 540, 136, 210, "TRÀ BÍ THƠM", "30 gói", "#2f6a3c", lambda: gourd(canvas, 0, 10, 150, 56, angle=-32, seed=3)),  # type: ignore[misc]
                depth=0.18,
            )
        pouch(canvas, 740, 690, 210, 290, "#e6e0cc", lambda: label(canvas, 740, 570, 150, 170, "BÍ SẤY", "100 g", "#2f6a3c", lambda: gourd(canvas, 0, 10, 150, 56, angle=-32, seed=3)))

    open_box(canvas, "#3f7d4e", STEPS, inside)


_closed("hop-tra-bi-goi", PEACH, WOOD, "#2f6a4a", "TRÀ BÍ THƠM|BA BỂ", "#2f6a3c", HOOKS, (620, 400))


@picture("hop-mien", SAND, DARK_WOOD, horizon=560)
def _noodle_gift(canvas: Canvas) -> None:
    def inside() -> None:
        for index in range(4):
            noodle_bundle(canvas, 240 + index * 172, 520, 400, 130, angle=86 + index * 3, seed=index + 2, fine=4.6)

    open_box(canvas, "#b5873c", DIAMOND, inside)


@picture("hop-mien-goi", MIST, CLOTH_TABLE)
def _noodle_carrier(canvas: Canvas) -> None:
    canvas.stroke("M280 430C280 210 560 210 560 430", "#8a5a2a", 30)
    canvas.stroke("M280 430C280 210 560 210 560 430", "#c99a5a", 12)
    box(canvas, 430, 860, 560, 430, "#c9a25a", lambda: label(canvas, 430, 645, 430, 300, "MIẾN DONG|CÔN MINH", "4 bó, 2 kg", RED, lambda: noodle_bundle(canvas, 0, 0, 190, 60, seed=3)), depth=0.26)


@picture("hop-hong", PEACH, WOOD, horizon=520)
def _persimmon_gift(canvas: Canvas) -> None:
    wood = "#c99a62"
    canvas.shadow(500, 870, 450, 70, 0.46)
    canvas.path("M110 860L210 420H790L890 860Z", canvas.linear((0, lighter(wood, 0.2)), (1, wood)))
    canvas.path("M150 830L236 452H764L850 830Z", darker(wood, 0.55))
    for index in range(10):
        leaf(canvas, 250 + index % 5 * 120, 800 - index // 5 * 200, 210, -70 + index * 13 % 50, "#8a8a4a", width=0.5)
    for row in range(3):
        for index in range(4):
            spread = 132 + row * 16
            dried_persimmon(canvas, 500 + (index - 1.5) * spread, 520 + row * 118, 150 + row * 14, seed=index + row * 5, hung=False)
    canvas.box(110, 860, 780, 46, canvas.linear((0, lighter(wood, 0.1)), (1, darker(wood, 0.35))), 6)


_closed("hop-hong-goi", SAGE, SLATE, "#b5783c", "HỒNG|TREO GIÓ", "#a4521a", DIAMOND, (660, 330), "#a33a2c")


@picture("hop-che", LILAC, DARK_WOOD, horizon=560)
def _tea_gift(canvas: Canvas) -> None:
    def inside() -> None:
        pouch(canvas, 340, 690, 260, 330, "#b9c7a8", lambda: label(canvas, 340, 550, 190, 220, "BÚP TRẮNG", "200 g", "#2f6a3c", lambda: tea_sprig(canvas, 0, 84, 170, -90)))
        pouch(canvas, 660, 690, 230, 300, "#8a3a30", lambda: label(canvas, 660, 565, 170, 190, "HỒNG TRÀ", "100 g", RED, lambda: tea_sprig(canvas, 0, 84, 170, -90)))

    open_box(canvas, "#7a5230", PINE, inside, width=740)


@picture("hop-che-goi", MINT, WOOD)
def _tea_chest(canvas: Canvas) -> None:
    def carved() -> None:
        canvas.stroke("M200 810L320 660L380 730L480 600L650 810Z", darker("#8a5a34", 0.45), 9)
        canvas.stroke("M204 814L324 664L384 734L484 604L654 814Z", lighter("#8a5a34", 0.35), 3)
        canvas.text(430, 570, "CHÈ SHAN", 62, "#f0d9a4")
        canvas.box(400, 440, 60, 44, "#d9b23e", 8)

    box(canvas, 430, 860, 580, 440, "#8a5a34", carved, depth=0.28)
    tea_sprig(canvas, 860, 900, 210, -120)


@picture("hop-mat-ong", OAT, WOOD, horizon=560)
def _honey_gift(canvas: Canvas) -> None:
    def inside() -> None:
        for x, honey, title, ink in ((340, "#b5651a", "HOA RỪNG", "#7a3f12"), (660, "#f0b332", "HOA NHÃN", "#3f7d4e")):
            bottle(canvas, x, 700, 200, 480, honey, cap=ink)
            label(canvas, x, 560, 160, 140, title, "500 ml", ink)

    open_box(canvas, "#24356b", STAR, inside, width=720)


_closed("hop-mat-ong-goi", ROSE, CANE, "#d99a2e", "MẬT ONG|CHỢ MỚI", "#7a3f12", DOG, (560, 460), INDIGO)
