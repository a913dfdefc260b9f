"""Pictures of sausages, chickens, eggs, honey and star anise."""

from __future__ import annotations

import math
from random import Random

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter, mix, smooth
from shop.management.demo.illustrations.catalogue import CANE, CLOTH_TABLE, CREAM, DARK_WOOD, LILAC, MINT, MIST, OAT, PEACH, ROSE, SAGE, SAND, SLATE, WOOD, picture
from shop.management.demo.illustrations.cloth import GREEN, RED
from shop.management.demo.illustrations.garden import GINGER, banana_leaf, ginger, root_slice
from shop.management.demo.illustrations.heaps import star_anise
from shop.management.demo.illustrations.packs import label, pouch, vacuum_pack, window
from shop.management.demo.illustrations.pantry import dipper, dressed_chicken, egg, honeycomb, sausage, sausage_slice
from shop.management.demo.illustrations.plants import LEAF, leaf, sprig
from shop.management.demo.illustrations.vessels import board, bottle, bowl, glass, jar, plate, steam, surface, tray

_LIGHT_HONEY, _DARK_HONEY = "#f0b332", "#b5651a"


@picture("lap-suon", CREAM)
def _hung_sausages(canvas: Canvas) -> None:
    canvas.box(50, 110, 900, 34, canvas.linear((0, "#c99a5a"), (0.5, "#9a6a34"), (1, "#5a3a1a")), 16)
    for index in range(5):
        x = 175 + index * 162
        canvas.stroke(f"M{x - 26} 150q26 -60 52 0q-10 36 -26 60", "#d9b77a", 7)
        sausage(canvas, (x, 205), (x + 6, 800 - index % 2 * 60), 104, bend=6, seed=index)


@picture("lap-suon-thai", PEACH, DARK_WOOD)
def _sliced(canvas: Canvas) -> None:
    board(canvas, 500, 760, 860, 220)
    sausage(canvas, (180, 560), (760, 520), 118, bend=-36, seed=3)
    for index in range(6):
        sausage_slice(canvas, 250 + index * 104, 740 + index % 2 * 26, 76, seed=index, angle=-12)
    leaf(canvas, 850, 700, 150, -30, LEAF)


def _sausage_pack(name: str, ground: str, table: str, width: float, high: float, count: int, weight: str, title: str, angle: float) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        def inside() -> None:
            for index in range(count):
                x = ((index + 0.5) / count - 0.5) * width * 0.94
                sausage(canvas, (x, -high * 0.4), (x + 4, high * 0.4), width / count * 0.84, bend=5, seed=index + count)

        vacuum_pack(canvas, 500, 510, width, high, inside, angle=angle)
        label(canvas, 505, 580, width * 0.62, high * 0.28, title, weight, RED)


_sausage_pack("lap-suon-500", MINT, WOOD, 460, 640, 4, "500 g", "LẠP SƯỜN|HUN KHÓI", -5)
_sausage_pack("lap-suon-1kg", MIST, CLOTH_TABLE, 720, 690, 7, "1 kg", "LẠP SƯỜN|HUN KHÓI", 3)


@picture("lap-suon-gung", SAGE, WOOD)
def _ginger_sausages(canvas: Canvas) -> None:
    plate(canvas, 500, 700, 430, 190, rim="#3f7d6e")
    for index in range(4):
        sausage(canvas, (230 + index * 40, 620 + index * 50), (700 + index * 34, 560 + index * 52), 92, bend=-30, seed=index + 20, colour="#b04a30")
    ginger(canvas, 840, 850, 240, seed=5)
    for x, y in ((180, 870), (280, 900)):
        root_slice(canvas, x, y, 62, GINGER, "#f3dd9a", seed=x)


_sausage_pack("lap-suon-gung-goi", OAT, DARK_WOOD, 560, 600, 5, "500 g", "LẠP SƯỜN GỪNG", 6)


@picture("ga-doi", MIST, SLATE)
def _dressed(canvas: Canvas) -> None:
    plate(canvas, 500, 730, 450, 170)
    canvas.shadow(500, 730, 280, 50, 0.3)
    dressed_chicken(canvas, 490, 640, 580)
    sprig(canvas, 190, 880, 230, -16)


@picture("ga-doi-1kg3", MINT, CLOTH_TABLE)
def _chicken_pack(canvas: Canvas) -> None:
    vacuum_pack(canvas, 500, 540, 640, 560, lambda: dressed_chicken(canvas, -20, 20, 460), angle=-3)
    label(canvas, 560, 720, 330, 130, "GÀ ĐỒI", "1,3 kg", GREEN)


@picture("ga-doi-1kg6", PEACH, WOOD)
def _chicken_board(canvas: Canvas) -> None:
    board(canvas, 500, 790, 900, 180)
    canvas.shadow(480, 760, 320, 60, 0.36)
    dressed_chicken(canvas, 440, 660, 620, colour="#ecc486", seed=4)
    for x, y in ((820, 800), (880, 770)):
        root_slice(canvas, x, y, 54, GINGER, "#f3dd9a", seed=x)


def rooster(canvas: Canvas, x: float, y: float, size: float, *, body: str = "#a8481c", tail: str = "#1f4f45") -> None:
    """Paint a rooster whose feet stand at (x, y)."""
    with canvas.moved(x, y, 0, size / 500):
        canvas.shadow(0, 0, 180, 26, 0.42)
        for leg in (-20, 40):
            canvas.stroke(f"M{leg} -130L{leg + 6} -8M{leg + 6} -8l-34 8M{leg + 6} -8l36 8M{leg + 6} -8l4 10", "#e0a437", 11)
        for index in range(6):
            tone = mix(tail, "#3f8a6e", index / 8)
            canvas.path(
                f"M-120 -260C{-210 - index * 14} {-330 - index * 26} {-250 - index * 4} {-430 + index * 20} {-300 + index * 16} {-400 + index * 56}C{-260} {-380 + index * 34} {-200} {-250 + index * 12} -110 -200Z",
                canvas.linear((0, lighter(tone, 0.3)), (1, darker(tone, 0.35)), x=1, y=1),
            )
        outline = smooth([(-150, -220), (-110, -290), (-20, -290), (60, -330), (110, -430), (150, -470), (196, -440), (196, -380), (186, -280), (150, -180), (70, -120), (-40, -110), (-120, -150)])
        canvas.path(outline, canvas.radial((0, lighter(body, 0.5)), (0.5, body), (1, darker(body, 0.5)), cx=0.5, cy=0.35))
        for index in range(9):
            canvas.path(
                f"M{112 + index * 9} {-440 + index % 2 * 20}C{96 + index * 6} {-380} {70 + index * 9} {-320} {40 + index * 17} {-262 + index % 3 * 14}C{88 + index * 10} {-300} {116 + index * 9} {-360} {124 + index * 9} {-430}Z",
                mix("#f0b23a", "#d9761c", index % 3 / 3),
            )
        wing = smooth([(-110, -240), (-40, -270), (40, -240), (60, -200), (10, -160), (-70, -160), (-130, -190)])
        canvas.path(wing, canvas.linear((0, lighter("#7a2f14", 0.25)), (1, darker("#7a2f14", 0.4)), x=1, y=1))
        for index in range(4):
            canvas.stroke(f"M{-100 + index * 6} {-226 + index * 16}q70 {24 - index * 6} {130 - index * 16} {8 - index * 4}", "#3f8a6e", 8, opacity=0.8)
        canvas.path("M132 -462C120 -520 150 -524 156 -488C160 -536 186 -532 184 -490C200 -524 220 -506 204 -462Z", canvas.linear((0, "#e8463a"), (1, "#b3221c")))
        canvas.path("M194 -410C222 -404 220 -350 200 -348C186 -352 184 -390 186 -404Z", "#c8322c")
        canvas.path("M204 -440l52 16 -50 16Z", "#f0b23a")
        canvas.oval(176, -436, 13, 13, "#fff3d6")
        canvas.oval(179, -436, 7, 7, "#2b1a2e")


@picture("ga-tren-doi", SAGE)
def _on_the_hill(canvas: Canvas) -> None:
    for y, tone in ((520, "#a9c3a4"), (610, "#8fb587")):
        canvas.path(f"M0 {y}Q250 {y - 120} 520 {y}T1000 {y - 60}V1000H0Z", tone)
    canvas.path("M0 760Q500 660 1000 740V1000H0Z", canvas.linear((0, "#9cc270"), (1, "#6a9a4a")))
    rooster(canvas, 480, 860, 640)
    rng = Random(2)
    for _ in range(30):
        root = f"M{rng.uniform(20, 980):.0f} {rng.uniform(800, 980):.0f}"
        canvas.stroke(f"{root}q-8 -20 -14 -26{root}q2 -22 8 -34", "#4f7d34", 5, opacity=0.7)


@picture("ga-thien", CREAM, DARK_WOOD)
def _capon(canvas: Canvas) -> None:
    plate(canvas, 500, 750, 450, 160, rim=RED)
    banana_leaf(canvas, 500, 742, 640, 170, 0)
    dressed_chicken(canvas, 510, 660, 600, colour="#e2a83c", crossed=True)


@picture("ga-thien-song", PEACH)
def _live_capon(canvas: Canvas) -> None:
    canvas.path("M0 720Q500 640 1000 720V1000H0Z", canvas.linear((0, "#d9b77a"), (1, "#b58a4e")))
    for x in range(40, 1000, 120):
        canvas.box(x, 430, 26, 320, canvas.linear((0, "#d9b26a"), (1, "#8a672f"), x=1, y=0), 10)
    for y in (500, 640):
        canvas.box(0, y, 1000, 24, canvas.linear((0, "#e0bd7a"), (1, "#9a743a")), 10)
    rooster(canvas, 500, 880, 700, body="#e0a02e", tail="#5a2f1a")


@picture("trung", MIST, WOOD)
def _nest(canvas: Canvas) -> None:
    rng = Random(7)
    straw = ("#e3c27a", "#c99f4c", "#f0d69a", "#a97f36")
    canvas.shadow(500, 760, 400, 90, 0.44)
    for side in range(2):
        if side:
            for index, (x, y, turn) in enumerate(((360, 560, -14), (520, 520, 4), (660, 570, 14), (440, 640, -6), (590, 650, 8))):
                egg(canvas, x, y, 210, angle=turn, seed=index, colour=("#e3b78e", "#ecc7a2", "#d9a87c")[index % 3])
        for _ in range(260):
            a = rng.uniform(0.05, 3.1) if side else rng.uniform(3.2, 6.2)
            across, down = 500 + 360 * math.cos(a) * rng.uniform(0.85, 1.06), 680 + 130 * math.sin(a) * rng.uniform(0.7, 1.2)
            canvas.stroke(f"M{across - 80:.0f} {down:.0f}q80 {rng.uniform(-26, 26):.0f} 160 {rng.uniform(-24, 24):.0f}", rng.choice(straw), 6)


def _egg_tray(name: str, ground: str, table: str, across: int, down: int) -> None:
    @picture(name, ground, table, horizon=420)
    def _paint(canvas: Canvas) -> None:
        width = 840 if across > 5 else 780
        pitch = width / across
        rise = pitch * 0.72
        left, top = 500 - width / 2, 600 - down * rise * 0.5
        canvas.shadow(510, top + down * rise + 60, width * 0.52, 60, 0.46)
        canvas.box(left - 24, top - 30, width + 48, down * rise + 96, canvas.linear((0, "#b9b2a6"), (1, "#857c70"), x=1, y=1), 26)
        canvas.box(left - 12, top - 18, width + 24, down * rise + 64, canvas.linear((0, "#cfc8bb"), (1, "#a49b8e"), x=1, y=1), 20)
        for row in range(down):
            for index in range(across):
                x, y = left + pitch * (index + 0.5), top + rise * (row + 0.5)
                canvas.oval(x, y + rise * 0.3, pitch * 0.44, rise * 0.4, "#8f867a")
                egg(canvas, x, y, pitch * 1.0, angle=(index * 7 + row * 5) % 11 - 5, seed=index + row * 9, colour=("#e3b78e", "#ecc7a2", "#d9a87c", "#e8bf98")[(index * 3 + row) % 4])
                canvas.path(f"M{x - pitch * 0.48} {y + rise * 0.3}Q{x} {y + rise * 0.78} {x + pitch * 0.48} {y + rise * 0.3}V{y + rise * 0.62}H{x - pitch * 0.48}Z", "#b9b1a3")


_egg_tray("trung-10", PEACH, WOOD, 5, 2)
_egg_tray("trung-30", MINT, CLOTH_TABLE, 6, 5)


@picture("mat-ong", CREAM, WOOD)
def _honey(canvas: Canvas) -> None:
    jar(canvas, 370, 840, 400, 450, _DARK_HONEY, cloth=True)
    label(canvas, 370, 650, 270, 220, "MẬT ONG|HOA RỪNG", "", "#7a3f12")
    honeycomb(canvas, 720, 850, 290, 250)
    dipper(canvas, 880, 560, 340, 26)


def _honey_bottle(name: str, ground: str, table: str, size: float, volume: str, honey: str, title: str, ink: str, flowers: bool) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        scale = 0.5 + 0.57 * size
        width, high = 250 * scale, 560 * scale
        bottle(canvas, 460, 860, width, high, honey, cap=ink)
        label(canvas, 460, 860 - high * 0.3, width * 0.82, high * 0.32, title, volume, ink)
        if flowers:
            longan_flowers(canvas, 760, 800, 240)
        else:
            honeycomb(canvas, 790, 870, 220, 150)


def longan_flowers(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Paint a spray of longan flowers with a leaf."""
    rng = Random(int(size))
    leaf(canvas, x - size * 0.5, y + size * 0.3, size, -30, LEAF, width=0.34)
    leaf(canvas, x - size * 0.5, y + size * 0.3, size * 0.8, 14, LEAF, width=0.34)
    canvas.stroke(f"M{x - size * 0.5} {y + size * 0.3}Q{x} {y} {x + size * 0.3} {y - size * 0.6}", "#8a7a3a", 8)
    for _ in range(70):
        share = rng.random()
        px, py = x - size * 0.3 + share * size * 0.6 + rng.uniform(-50, 50), y + size * 0.15 - share * size * 0.75 + rng.uniform(-40, 40)
        canvas.oval(px, py, 10, 9, rng.choice(("#fbf3d0", "#f3e2a4", "#e9d084")))
        canvas.oval(px, py, 3.5, 3.5, "#c08a2a")


_honey_bottle("mat-ong-250", MINT, CLOTH_TABLE, 0.92, "250 ml", _DARK_HONEY, "MẬT ONG|HOA RỪNG", "#7a3f12", False)
_honey_bottle("mat-ong-500", PEACH, DARK_WOOD, 1.14, "500 ml", _DARK_HONEY, "MẬT ONG|HOA RỪNG", "#7a3f12", False)
_honey_bottle("mat-ong-1l", MIST, CANE, 1.42, "1 lít", _DARK_HONEY, "MẬT ONG|HOA RỪNG", "#7a3f12", False)
_honey_bottle("mat-nhan-500", ROSE, WOOD, 1.16, "500 ml", _LIGHT_HONEY, "MẬT ONG|HOA NHÃN", GREEN, True)
_honey_bottle("mat-nhan-1l", SAND, SLATE, 1.42, "1 lít", _LIGHT_HONEY, "MẬT ONG|HOA NHÃN", GREEN, True)


@picture("mat-nhan", SAGE, CLOTH_TABLE)
def _longan_honey(canvas: Canvas) -> None:
    bowl(canvas, 440, 600, 290, 230, "#f3ecdc", lambda: surface(canvas, 440, 600, 290, _LIGHT_HONEY), band="#c99a3a")
    dipper(canvas, 500, 480, 330, 28)
    canvas.stroke("M470 590q6 26 0 44", _LIGHT_HONEY, 16)
    longan_flowers(canvas, 800, 800, 260)


@picture("mat-gung", OAT, WOOD)
def _ginger_honey(canvas: Canvas) -> None:
    def slices() -> None:
        for index in range(12):
            root_slice(canvas, 320 + index % 4 * 96, 840 - index // 4 * 130 - index % 2 * 40, 74, GINGER, "#f3dd9a", seed=index, tilt=0.5 + 0.1 * (index % 3))

    jar(canvas, 460, 860, 430, 500, "#c47a1c", lid="#24356b", filling=slices)
    label(canvas, 460, 660, 310, 230, "MẬT ONG|NGÂM GỪNG", "350 g", "#7a3f12")
    ginger(canvas, 840, 850, 230, seed=2)


@picture("mat-gung-tra", LILAC, DARK_WOOD)
def _ginger_honey_tea(canvas: Canvas) -> None:
    glass(canvas, 390, 850, 270, 360, "#e0a83e")
    steam(canvas, 390, 450, 150)
    dipper(canvas, 720, 680, 420, 40)
    root_slice(canvas, 640, 890, 70, GINGER, "#f3dd9a")
    root_slice(canvas, 770, 870, 62, GINGER, "#f3dd9a", seed=5)


@picture("hoa-hoi", SAND, WOOD)
def _anise(canvas: Canvas) -> None:
    tray(canvas, 500, 640, 430, 260)
    for index, (x, y, r) in enumerate(
        ((320, 560, 104), (500, 530, 112), (680, 560, 104), (240, 660, 96), (420, 660, 116), (600, 660, 112), (760, 660, 98), (350, 750, 104), (530, 770, 108), (680, 750, 98))
    ):
        star_anise(canvas, x, y, r, angle=index * 17)


def _anise_pouch(name: str, ground: str, table: str, size: float, weight: str) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        scale = 0.4 + 0.72 * size
        width, high = 400 * scale, 540 * scale

        def stars() -> None:
            for index in range(8):
                star_anise(canvas, 450 + (index % 4 - 1.5) * 76 * size, 860 - high * 0.19 + (index // 4 - 0.5) * 70, 52 * size, angle=index * 23)

        def front() -> None:
            label(canvas, 450, 860 - high * 0.58, width * 0.68, high * 0.42, "HOA HỒI KHÔ", weight, "#6a3418", lambda: star_anise(canvas, 0, 0, 88, tilt=1))
            window(
                canvas,
                450,
                860 - high * 0.19,
                width * 0.62,
                high * 0.22,
                stars,
            )

        pouch(canvas, 450, 860, width, high, "#d5c4a0", front)
        star_anise(canvas, 830, 870, 80, angle=12)


_anise_pouch("hoa-hoi-50", MINT, CLOTH_TABLE, 0.92, "50 g")
_anise_pouch("hoa-hoi-200", PEACH, DARK_WOOD, 1.26, "200 g")


def _oil_bottle(name: str, ground: str, table: str, size: float, volume: str) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        scale = 0.4 + 0.72 * size
        width, high = 300 * scale, 470 * scale
        bottle(canvas, 440, 860, width, high, "#8a4a1e", cap="#1f1a1a", neck=0.42, shoulder=0.24)
        label(canvas, 440, 860 - high * 0.32, width * 0.84, high * 0.38, "TINH DẦU|HỒI", volume, "#6a3418", lambda: star_anise(canvas, 0, 0, 84, tilt=1))
        star_anise(canvas, 740, 850, 100, angle=20)
        if size > 1:
            star_anise(canvas, 860, 760, 80, angle=5)


_oil_bottle("dau-hoi-10", CREAM, WOOD, 0.95, "10 ml")
_oil_bottle("dau-hoi-30", MIST, CLOTH_TABLE, 1.3, "30 ml")


@picture("dau-hoi-xong", ROSE, DARK_WOOD)
def _burner(canvas: Canvas) -> None:
    canvas.shadow(480, 860, 230, 46, 0.46)
    clay = "#b5774c"
    canvas.path("M290 640C280 760 330 860 350 860H610C630 860 680 760 670 640Z", canvas.radial((0, lighter(clay, 0.5)), (0.5, clay), (1, darker(clay, 0.5)), cx=0.35, cy=0.3))
    canvas.path("M410 850C400 770 440 720 480 720S560 770 550 850Z", "#3a1c10")
    canvas.path("M480 740C510 780 506 820 480 836C454 820 450 780 480 740Z", canvas.linear((0, "#fff0a0"), (0.5, "#f8b32c"), (1, "#e0601c")))
    canvas.oval(480, 640, 210, 54, canvas.linear((0, lighter(clay, 0.5)), (1, darker(clay, 0.2)), x=1))
    canvas.oval(480, 646, 172, 38, canvas.linear((0, "#d9b46a"), (1, "#8a5a24"), x=1))
    steam(canvas, 480, 560, 210)
    star_anise(canvas, 800, 850, 96, angle=10)
    star_anise(canvas, 190, 870, 84, angle=30)
