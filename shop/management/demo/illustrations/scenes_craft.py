"""Pictures of herbal pillows and brocade."""

from __future__ import annotations

from random import Random

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter
from shop.management.demo.illustrations.catalogue import CANE, CLOTH_TABLE, CREAM, DARK_WOOD, LILAC, MINT, MIST, OAT, PEACH, ROSE, SAGE, SAND, SLATE, WOOD, picture
from shop.management.demo.illustrations.cloth import DIAMOND, DOG, HOOKS, INDIGO_CLOTH, PINE, RED, RED_CLOTH, STAR, STEPS, WHITE, YELLOW, Scheme, cloth, cushion, folded, fringe, tassel
from shop.management.demo.illustrations.heaps import heap
from shop.management.demo.illustrations.packs import LINEN
from shop.management.demo.illustrations.plants import DRY_LEAF, LEAF, leaf, sprig
from shop.management.demo.illustrations.sewn import bag, bolster, hoop, hung_scarf, neck_pillow, purse, rosette
from shop.management.demo.illustrations.vessels import basket, glass, steam, tray

_DRY = (DRY_LEAF, "#5f7040", "#8d8a52", "#6d5f38", "#9a9060")


def herbs(canvas: Canvas, x: float, y: float, rng: Random, deep: float) -> None:
    """Paint one dried leaf of a heap."""
    leaf(canvas, x, y, rng.uniform(46, 84), rng.uniform(0, 360), rng.choice(_DRY), width=rng.uniform(0.3, 0.5), veins=3)


def daisies(canvas: Canvas, *places: tuple[float, float]) -> None:
    for x, y in places:
        for index in range(10):
            canvas.put(f'<g transform="translate({x} {y}) scale(1 .8) rotate({index * 36})"><ellipse cx="0" cy="-21" rx="8" ry="17" fill="#fffdf4"/></g>')
        canvas.oval(x, y, 12, 10, "#eab52e")


def _corners(canvas: Canvas, width: float, height: float) -> None:
    for across, down, turn in ((-1, -1, 130), (1, -1, 230), (-1, 1, 50), (1, 1, -50)):
        tassel(canvas, across * width / 2, down * height / 2, 78, turn)


@picture("goi-nam-hoa-van-do", OAT, CLOTH_TABLE)
def _sleeping_red(canvas: Canvas) -> None:
    canvas.shadow(510, 730, 400, 60, 0.5)
    with canvas.moved(500, 530):
        _corners(canvas, 730, 360)
        cushion(canvas, 720, 350, RED_CLOTH, DIAMOND, size=13)
    sprig(canvas, 240, 860, 250, -18)
    daisies(canvas, (560, 850), (620, 880), (505, 890))


@picture("goi-nam-hoa-van-cham", MIST, SLATE)
def _sleeping_indigo(canvas: Canvas) -> None:
    canvas.shadow(510, 740, 400, 60, 0.5)
    with canvas.moved(500, 540, -4):
        _corners(canvas, 730, 370)
        cushion(canvas, 720, 360, INDIGO_CLOTH, STAR, size=11)
    sprig(canvas, 760, 880, 240, 200)


@picture("goi-tua-lung-hoa-van-do", PEACH, WOOD, horizon=700)
def _back_red(canvas: Canvas) -> None:
    canvas.shadow(500, 830, 330, 60, 0.5)
    with canvas.moved(490, 530, -5):
        _corners(canvas, 540, 530)
        cushion(canvas, 530, 520, RED_CLOTH, STAR, size=10, bands=2, puff=0.09)
    sprig(canvas, 760, 870, 190, 170)


@picture("goi-tua-lung-hoa-van-cham", SAND, DARK_WOOD, horizon=700)
def _back_indigo(canvas: Canvas) -> None:
    canvas.shadow(520, 830, 330, 60, 0.5)
    with canvas.moved(510, 530, 6):
        _corners(canvas, 540, 530)
        cushion(canvas, 530, 520, INDIGO_CLOTH, DIAMOND, size=12, bands=2, puff=0.09)
    daisies(canvas, (200, 850), (255, 882))


@picture("goi-co-hoa-van-do", MINT, CLOTH_TABLE)
def _neck_red(canvas: Canvas) -> None:
    neck_pillow(canvas, 500, 520, 640, RED_CLOTH, HOOKS)
    sprig(canvas, 420, 880, 200, -20)


@picture("goi-co-hoa-van-cham", CREAM, CANE)
def _neck_indigo(canvas: Canvas) -> None:
    neck_pillow(canvas, 500, 520, 640, INDIGO_CLOTH, DIAMOND)
    daisies(canvas, (470, 760), (530, 800), (500, 850))


@picture("goi-la-thuoc", SAGE, WOOD)
def _filling(canvas: Canvas) -> None:
    with canvas.moved(330, 400, -14):
        cushion(canvas, 520, 300, RED_CLOTH, DIAMOND, size=11)
    tray(canvas, 560, 720, 390, 190)
    heap(canvas, 560, 740, 590, 190, herbs, 150, "#5d6a3c", seed=3)
    sprig(canvas, 120, 760, 230, -30, LEAF)


def _bolster(name: str, ground: str, table: str, scheme: Scheme, motif: str, angle: float) -> None:
    @picture(name, ground, table, horizon=600)
    def _paint(canvas: Canvas) -> None:
        canvas.shadow(520, 700, 420, 80, 0.46)
        bolster(canvas, 510, 560, 640, 150, scheme, motif, angle=angle, size=11)
        sprig(canvas, 180, 870, 220, -14)


_bolster("goi-om-hoa-van-do", ROSE, CLOTH_TABLE, RED_CLOTH, DIAMOND, -9)
_bolster("goi-om-hoa-van-cham", OAT, SLATE, INDIGO_CLOTH, STAR, 8)


@picture("goi-om-dau-theu", LILAC, WOOD)
def _bolster_end(canvas: Canvas) -> None:
    canvas.shadow(500, 800, 380, 70, 0.46)
    canvas.oval(500, 480, 350, 350, canvas.radial((0, lighter(RED_CLOTH.ground, 0.3)), (0.7, RED_CLOTH.ground), (1, darker(RED_CLOTH.ground, 0.4))))
    rosette(canvas, 500, 480, 315)
    canvas.stroke("M150 480A350 350 0 1 1 850 480A350 350 0 1 1 150 480Z", YELLOW, 12)
    canvas.stroke("M150 480A350 350 0 1 1 850 480A350 350 0 1 1 150 480Z", RED, 12, stroke_dasharray="16 16")
    sprig(canvas, 640, 900, 230, -12)


@picture("vo-goi-tua-do", CREAM, WOOD, horizon=700)
def _cover_square(canvas: Canvas) -> None:
    folded(canvas, 500, 840, 560, 580, RED_CLOTH, STAR, size=12, layers=2)


@picture("vo-goi-nam-do", MINT, CLOTH_TABLE, horizon=660)
def _cover_red(canvas: Canvas) -> None:
    folded(canvas, 490, 820, 720, 430, RED_CLOTH, DIAMOND, size=13, layers=3)
    sprig(canvas, 620, 900, 220, -8)


@picture("vo-goi-nam-cham", PEACH, DARK_WOOD, horizon=660)
def _cover_indigo(canvas: Canvas) -> None:
    canvas.shadow(500, 760, 420, 90, 0.4)
    with canvas.moved(150, 330, 3):
        cloth(canvas, 720, 400, INDIGO_CLOTH, PINE, size=12)
        canvas.box(0, 0, 720, 400, canvas.linear((0, "#ffffff", 0.18), (0.5, "#ffffff", 0), (1, "#0a0a20", 0.35), x=1, y=1))
        canvas.box(640, 0, 80, 400, lighter(INDIGO_CLOTH.ground, 0.12))
        for index in range(4):
            canvas.oval(680, 60 + index * 94, 19, 19, canvas.radial((0, "#f6e2b0"), (1, "#b98a3a")))


def pad(canvas: Canvas, x: float, y: float, width: float, height: float, angle: float = 0) -> None:
    """Paint a sewn cotton bag of dried leaves."""
    w, h = width / 2, height / 2
    canvas.shadow(x, y + h, w * 1.02, h * 0.24, 0.46)
    with canvas.moved(x, y, angle):
        outline = f"M{-w} {-h}C{-w * 0.5} {-h * 1.2} {w * 0.5} {-h * 1.2} {w} {-h}C{w * 1.1} {-h * 0.4} {w * 1.1} {h * 0.4} {w} {h}C{w * 0.5} {h * 1.2} {-w * 0.5} {h * 1.2} {-w} {h}C{-w * 1.1} {h * 0.4} {-w * 1.1} {-h * 0.4} {-w} {-h}Z"
        canvas.path(outline, canvas.radial((0, "#fffaf0"), (0.5, LINEN), (1, darker(LINEN, 0.4)), cx=0.36, cy=0.3))
        with canvas.inside(outline):
            threads = '<path d="M0 2H8M0 6H8M2 0V8M6 0V8" stroke="#6b5a3a" stroke-width="1" opacity=".14"/>'
            canvas.box(-w * 1.1, -h * 1.2, width * 1.1, height * 1.2, canvas.pattern(8, 8, threads))
        inner = f"M{-w * 0.9} {-h * 0.84}H{w * 0.9}V{h * 0.84}H{-w * 0.9}Z"
        canvas.stroke(inner, "#9a8455", 4, stroke_dasharray="16 12", opacity=0.8)
        sprig(canvas, -w * 0.36, h * 0.3, width * 0.34, -24, "#7d8f55")


@picture("ruot-goi-goi-co", SAGE, WOOD)
def _refill_small(canvas: Canvas) -> None:
    pad(canvas, 430, 570, 430, 270, -5)
    heap(canvas, 690, 830, 380, 130, herbs, 60, "#5d6a3c", seed=8, spilt=4)


@picture("ruot-goi-goi-nam", OAT, CLOTH_TABLE)
def _refill_large(canvas: Canvas) -> None:
    pad(canvas, 500, 600, 700, 390, 2)
    daisies(canvas, (210, 880), (280, 900))


@picture("ruot-goi-la-kho", CREAM, DARK_WOOD)
def _leaves_in_basket(canvas: Canvas) -> None:
    basket(canvas, 500, 500, 350, 330, lambda: heap(canvas, 500, 530, 640, 240, herbs, 190, "#5d6a3c", seed=5))
    sprig(canvas, 690, 900, 200, -10)


@picture("khan-cay-thong", PEACH)
def _scarf_pine(canvas: Canvas) -> None:
    hung_scarf(canvas, 480, 150, 360, 640, INDIGO_CLOTH, PINE, size=11)


@picture("khan-con-cho", MINT, WOOD, horizon=700)
def _scarf_dog(canvas: Canvas) -> None:
    folded(canvas, 500, 830, 520, 560, RED_CLOTH, DOG, size=12, layers=4)


@picture("khan-ngoi-sao", SAND, CLOTH_TABLE, horizon=560)
def _scarf_star(canvas: Canvas) -> None:
    for index, (down, tone) in enumerate(((760, 0.0), (560, 0.0), (360, 0.0))):
        canvas.shadow(500 + index * 10, down + 96, 330 - index * 30, 50, 0.4)
        bolster(canvas, 510, down, 520 - index * 50, 104, INDIGO_CLOTH, STAR, angle=(index - 1) * 3, size=9)
        del tone


@picture("khan-buoc-chan", LILAC, DARK_WOOD, horizon=1000)
def _scarf_steps(canvas: Canvas) -> None:
    canvas.box(0, 0, 1000, 1000, canvas.linear((0, lighter(DARK_WOOD, 0.25)), (1, darker(DARK_WOOD, 0.1)), x=1, y=1))
    for index in range(7):
        canvas.stroke(f"M0 {index * 150 + 40}q250 {14 - index * 4} 500 0t500 6", darker(DARK_WOOD, 0.3), 3, opacity=0.3)
    with canvas.moved(150, 120, -9):
        canvas.box(10, 24, 380, 780, "#1a0f14", opacity=0.35, filter=canvas.blur(18))
        cloth(canvas, 380, 760, RED_CLOTH, STEPS, size=12, bands=2)
        canvas.box(0, 0, 380, 760, canvas.linear((0, "#ffffff", 0.16), (1, "#0a0a20", 0.3), x=1, y=0.3))
        fringe(canvas, 6, 760, 368, 66)
    with canvas.moved(560, 210, 7):
        canvas.box(10, 24, 300, 560, "#1a0f14", opacity=0.35, filter=canvas.blur(18))
        cloth(canvas, 300, 540, RED_CLOTH, STEPS, size=12)
        canvas.box(0, 0, 300, 540, canvas.linear((0, "#ffffff", 0.1), (1, "#0a0a20", 0.4), x=1, y=0.3))
        fringe(canvas, 6, 540, 288, 60)


@picture("khan-theu-tay", CREAM, WOOD, horizon=1000)
def _embroidery(canvas: Canvas) -> None:
    canvas.box(0, 0, 1000, 1000, canvas.linear((0, lighter(WOOD, 0.35)), (1, darker(WOOD, 0.05)), x=1, y=1))
    hoop(canvas, 450, 520, 330, INDIGO_CLOTH, DOG)
    canvas.stroke("M610 470q120 -60 190 60t60 210", RED, 5)
    canvas.stroke("M590 480L720 400", "#cfd4da", 9)
    for index, colour in enumerate((RED, YELLOW, WHITE, "#3f7d4e")):
        x, y = 840, 180 + index * 130
        canvas.shadow(x, y + 44, 66, 26, 0.4)
        canvas.box(x - 60, y - 40, 120, 84, canvas.linear((0, lighter(colour, 0.4)), (0.5, colour), (1, darker(colour, 0.4))), 26)
        for turn in range(7):
            canvas.stroke(f"M{x - 54 + turn * 17} {y - 36}q10 38 0 76", darker(colour, 0.25), 3, opacity=0.5)


def _teapot(canvas: Canvas, x: float, y: float, size: float, colour: str = "#8a4b2c") -> None:
    s = size / 2
    canvas.shadow(x, y, s * 1.3, s * 0.22, 0.44)
    body = canvas.radial((0, lighter(colour, 0.5)), (0.5, colour), (1, darker(colour, 0.5)))
    canvas.stroke(f"M{x + s * 0.82} {y - s * 1.1}q{s * 0.75} {s * 0.05} {s * 0.06} {s * 0.86}", darker(colour, 0.2), s * 0.14)
    canvas.path(
        f"M{x - s * 0.8} {y - s * 0.66}C{x - s * 1.2} {y - s * 0.6} {x - s * 1.2} {y - s * 1.2} {x - s * 1.5} {y - s * 1.24}l{s * 0.06} {-s * 0.12}C{x - s * 1.0} {y - s * 1.3} {x - s * 1.0} {y - s * 1.0} {x - s * 0.66} {y - s * 1.04}Z",
        body,
    )
    canvas.oval(x, y - s * 0.72, s, s * 0.74, body)
    canvas.oval(x, y - s * 1.34, s * 0.52, s * 0.16, darker(colour, 0.2))
    canvas.path(f"M{x - s * 0.5} {y - s * 1.36}Q{x} {y - s * 1.86} {x + s * 0.5} {y - s * 1.36}Z", body)
    canvas.oval(x, y - s * 1.68, s * 0.13, s * 0.12, body)
    canvas.gloss(x - s * 0.4, y - s * 1.0, s * 0.24, s * 0.16, -30, 0.6)


teapot = _teapot


@picture("khan-trai-ban-30", OAT, DARK_WOOD, horizon=520)
def _runner_small(canvas: Canvas) -> None:
    canvas.put('<g transform="matrix(1 0 -.42 .62 330 560)">')
    canvas.box(8, 24, 620, 560, "#1a0f14", opacity=0.3, filter=canvas.blur(14))
    cloth(canvas, 620, 560, RED_CLOTH, DIAMOND, size=15)
    fringe(canvas, 6, 560, 608, 60)
    canvas.put("</g>")
    teapot(canvas, 470, 660, 270)
    for x in (700, 800):
        glass(canvas, x, 700 + (x - 700) * 0.3, 84, 92, "#c79a3a")
    steam(canvas, 700, 600, 60)


@picture("khan-trai-ban-40", SAGE)
def _runner_large(canvas: Canvas) -> None:
    canvas.box(250, 70, 500, 26, canvas.linear((0, "#e3c27e"), (1, "#7a5a28")), 12)
    canvas.box(290, 100, 420, 780, "#1a0f14", opacity=0.25, filter=canvas.blur(16))
    with canvas.moved(280, 90):
        cloth(canvas, 440, 760, INDIGO_CLOTH, STAR, size=12, bands=2)
        canvas.box(0, 0, 440, 760, canvas.linear((0, "#ffffff", 0.14), (0.5, "#ffffff", 0), (1, "#0a0a20", 0.3), x=1, y=0.2))
    fringe(canvas, 286, 850, 428, 70)


@picture("khan-trai-ban-vien", PEACH, WOOD, horizon=1000)
def _runner_edge(canvas: Canvas) -> None:
    with canvas.moved(-40, -30, -4):
        cloth(canvas, 1100, 860, RED_CLOTH, HOOKS, size=24, bands=2)
        canvas.box(0, 0, 1100, 860, canvas.linear((0, "#ffffff", 0.2), (0.6, "#ffffff", 0), (1, "#0a0a20", 0.3), x=1, y=1))
        fringe(canvas, 0, 860, 1100, 110)


@picture("tui-deo-cheo", MINT)
def _bag_crossbody(canvas: Canvas) -> None:
    bag(canvas, 500, 840, 480, 430, INDIGO_CLOTH, handle=1.0)


@picture("tui-xach", ROSE, WOOD, horizon=720)
def _bag_handle(canvas: Canvas) -> None:
    bag(canvas, 500, 830, 620, 480, RED_CLOTH, handle=0.52)


@picture("tui-ben-trong", CREAM, DARK_WOOD, horizon=700)
def _bag_inside(canvas: Canvas) -> None:
    for x, colour, high in ((390, "#3f7d4e", 330), (450, "#b98a3a", 300), (510, "#8a2622", 350)):
        canvas.box(x - 34, 500 - high * 0.55, 66, high, canvas.linear((0, lighter(colour, 0.3)), (1, darker(colour, 0.25)), x=1, y=0), 6)
        canvas.box(x - 22, 520 - high * 0.5, 42, 26, "#f6efdf", 3)
    canvas.box(570, 290, 84, 320, canvas.linear((0, "#dfeef4"), (0.5, "#8fb8c9"), (1, "#5a8498"), x=1, y=0), 30)
    canvas.box(582, 250, 60, 52, "#22405a", 10)
    bag(canvas, 500, 850, 560, 430, INDIGO_CLOTH, handle=0.02)


@picture("vi-hoa-van-do", SAND, CLOTH_TABLE)
def _purse_red(canvas: Canvas) -> None:
    purse(canvas, 480, 560, 600, 380, RED_CLOTH, DIAMOND, angle=-6)


@picture("vi-hoa-van-cham", PEACH, SLATE)
def _purse_indigo(canvas: Canvas) -> None:
    purse(canvas, 480, 580, 600, 380, INDIGO_CLOTH, STAR, angle=5)


@picture("vi-ba-chiec", MIST, WOOD, horizon=240)
def _purses(canvas: Canvas) -> None:
    purse(canvas, 350, 360, 400, 250, INDIGO_CLOTH, DOG, angle=-10)
    purse(canvas, 600, 640, 440, 270, RED_CLOTH, HOOKS, angle=7)
    for x, y in ((190, 700), (270, 760), (180, 800)):
        canvas.shadow(x, y + 20, 52, 20, 0.4)
        canvas.oval(x, y + 10, 52, 36, "#9a7420")
        canvas.oval(x, y, 52, 36, canvas.linear((0, "#f6dd8a"), (1, "#c9982e"), x=1))
        canvas.box(x - 11, y - 9, 22, 18, "#9a7420", 3)
