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
def _hung_sausages(c: Canvas) -> None:
    c.box(50, 110, 900, 34, c.linear((0, "#c99a5a"), (0.5, "#9a6a34"), (1, "#5a3a1a")), 16)
    for index in range(5):
        x = 175 + index * 162
        c.stroke(f"M{x - 26} 150q26 -60 52 0q-10 36 -26 60", "#d9b77a", 7)
        sausage(c, (x, 205), (x + 6, 800 - index % 2 * 60), 104, bend=6, seed=index)


@picture("lap-suon-thai", PEACH, DARK_WOOD)
def _sliced(c: Canvas) -> None:
    board(c, 500, 760, 860, 220)
    sausage(c, (180, 560), (760, 520), 118, bend=-36, seed=3)
    for index in range(6):
        sausage_slice(c, 250 + index * 104, 740 + index % 2 * 26, 76, seed=index, angle=-12)
    leaf(c, 850, 700, 150, -30, LEAF)


def _sausage_pack(name: str, ground: str, table: str, width: float, high: float, count: int, weight: str, title: str, angle: float) -> None:
    @picture(name, ground, table)
    def _paint(c: Canvas) -> None:
        def inside() -> None:
            for index in range(count):
                x = ((index + 0.5) / count - 0.5) * width * 0.94
                sausage(c, (x, -high * 0.4), (x + 4, high * 0.4), width / count * 0.84, bend=5, seed=index + count)

        vacuum_pack(c, 500, 510, width, high, inside, angle=angle)
        label(c, 505, 580, width * 0.62, high * 0.28, title, weight, RED)


_sausage_pack("lap-suon-500", MINT, WOOD, 460, 640, 4, "500 g", "LẠP SƯỜN|HUN KHÓI", -5)
_sausage_pack("lap-suon-1kg", MIST, CLOTH_TABLE, 720, 690, 7, "1 kg", "LẠP SƯỜN|HUN KHÓI", 3)


@picture("lap-suon-gung", SAGE, WOOD)
def _ginger_sausages(c: Canvas) -> None:
    plate(c, 500, 700, 430, 190, rim="#3f7d6e")
    for index in range(4):
        sausage(c, (230 + index * 40, 620 + index * 50), (700 + index * 34, 560 + index * 52), 92, bend=-30, seed=index + 20, colour="#b04a30")
    ginger(c, 840, 850, 240, seed=5)
    for x, y in ((180, 870), (280, 900)):
        root_slice(c, x, y, 62, GINGER, "#f3dd9a", seed=x)


_sausage_pack("lap-suon-gung-goi", OAT, DARK_WOOD, 560, 600, 5, "500 g", "LẠP SƯỜN GỪNG", 6)


@picture("ga-doi", MIST, SLATE)
def _dressed(c: Canvas) -> None:
    plate(c, 500, 730, 450, 170)
    c.shadow(500, 730, 280, 50, 0.3)
    dressed_chicken(c, 490, 640, 580)
    sprig(c, 190, 880, 230, -16)


@picture("ga-doi-1kg3", MINT, CLOTH_TABLE)
def _chicken_pack(c: Canvas) -> None:
    vacuum_pack(c, 500, 540, 640, 560, lambda: dressed_chicken(c, -20, 20, 460), angle=-3)
    label(c, 560, 720, 330, 130, "GÀ ĐỒI", "1,3 kg", GREEN)


@picture("ga-doi-1kg6", PEACH, WOOD)
def _chicken_board(c: Canvas) -> None:
    board(c, 500, 790, 900, 180)
    c.shadow(480, 760, 320, 60, 0.36)
    dressed_chicken(c, 440, 660, 620, colour="#ecc486", seed=4)
    for x, y in ((820, 800), (880, 770)):
        root_slice(c, x, y, 54, GINGER, "#f3dd9a", seed=x)


def rooster(c: Canvas, x: float, y: float, size: float, *, body: str = "#a8481c", tail: str = "#1f4f45") -> None:
    """Paint a rooster whose feet stand at (x, y)."""
    with c.moved(x, y, 0, size / 500):
        c.shadow(0, 0, 180, 26, 0.42)
        for leg in (-20, 40):
            c.stroke(f"M{leg} -130L{leg + 6} -8M{leg + 6} -8l-34 8M{leg + 6} -8l36 8M{leg + 6} -8l4 10", "#e0a437", 11)
        for index in range(6):
            tone = mix(tail, "#3f8a6e", index / 8)
            c.path(
                f"M-120 -260C{-210 - index * 14} {-330 - index * 26} {-250 - index * 4} {-430 + index * 20} {-300 + index * 16} {-400 + index * 56}C{-260} {-380 + index * 34} {-200} {-250 + index * 12} -110 -200Z",
                c.linear((0, lighter(tone, 0.3)), (1, darker(tone, 0.35)), x=1, y=1),
            )
        outline = smooth([(-150, -220), (-110, -290), (-20, -290), (60, -330), (110, -430), (150, -470), (196, -440), (196, -380), (186, -280), (150, -180), (70, -120), (-40, -110), (-120, -150)])
        c.path(outline, c.radial((0, lighter(body, 0.5)), (0.5, body), (1, darker(body, 0.5)), cx=0.5, cy=0.35))
        for index in range(9):
            c.path(
                f"M{112 + index * 9} {-440 + index % 2 * 20}C{96 + index * 6} {-380} {70 + index * 9} {-320} {40 + index * 17} {-262 + index % 3 * 14}C{88 + index * 10} {-300} {116 + index * 9} {-360} {124 + index * 9} {-430}Z",
                mix("#f0b23a", "#d9761c", index % 3 / 3),
            )
        wing = smooth([(-110, -240), (-40, -270), (40, -240), (60, -200), (10, -160), (-70, -160), (-130, -190)])
        c.path(wing, c.linear((0, lighter("#7a2f14", 0.25)), (1, darker("#7a2f14", 0.4)), x=1, y=1))
        for index in range(4):
            c.stroke(f"M{-100 + index * 6} {-226 + index * 16}q70 {24 - index * 6} {130 - index * 16} {8 - index * 4}", "#3f8a6e", 8, opacity=0.8)
        c.path("M132 -462C120 -520 150 -524 156 -488C160 -536 186 -532 184 -490C200 -524 220 -506 204 -462Z", c.linear((0, "#e8463a"), (1, "#b3221c")))
        c.path("M194 -410C222 -404 220 -350 200 -348C186 -352 184 -390 186 -404Z", "#c8322c")
        c.path("M204 -440l52 16 -50 16Z", "#f0b23a")
        c.oval(176, -436, 13, 13, "#fff3d6")
        c.oval(179, -436, 7, 7, "#2b1a2e")


@picture("ga-tren-doi", SAGE)
def _on_the_hill(c: Canvas) -> None:
    for y, tone in ((520, "#a9c3a4"), (610, "#8fb587")):
        c.path(f"M0 {y}Q250 {y - 120} 520 {y}T1000 {y - 60}V1000H0Z", tone)
    c.path("M0 760Q500 660 1000 740V1000H0Z", c.linear((0, "#9cc270"), (1, "#6a9a4a")))
    rooster(c, 480, 860, 640)
    rng = Random(2)
    for _ in range(30):
        root = f"M{rng.uniform(20, 980):.0f} {rng.uniform(800, 980):.0f}"
        c.stroke(f"{root}q-8 -20 -14 -26{root}q2 -22 8 -34", "#4f7d34", 5, opacity=0.7)


@picture("ga-thien", CREAM, DARK_WOOD)
def _capon(c: Canvas) -> None:
    plate(c, 500, 750, 450, 160, rim=RED)
    banana_leaf(c, 500, 742, 640, 170, 0)
    dressed_chicken(c, 510, 660, 600, colour="#e2a83c", crossed=True)


@picture("ga-thien-song", PEACH)
def _live_capon(c: Canvas) -> None:
    c.path("M0 720Q500 640 1000 720V1000H0Z", c.linear((0, "#d9b77a"), (1, "#b58a4e")))
    for x in range(40, 1000, 120):
        c.box(x, 430, 26, 320, c.linear((0, "#d9b26a"), (1, "#8a672f"), x=1, y=0), 10)
    for y in (500, 640):
        c.box(0, y, 1000, 24, c.linear((0, "#e0bd7a"), (1, "#9a743a")), 10)
    rooster(c, 500, 880, 700, body="#e0a02e", tail="#5a2f1a")


@picture("trung", MIST, WOOD)
def _nest(c: Canvas) -> None:
    rng = Random(7)
    straw = ("#e3c27a", "#c99f4c", "#f0d69a", "#a97f36")
    c.shadow(500, 760, 400, 90, 0.44)
    for side in range(2):
        if side:
            for index, (x, y, turn) in enumerate(((360, 560, -14), (520, 520, 4), (660, 570, 14), (440, 640, -6), (590, 650, 8))):
                egg(c, x, y, 210, angle=turn, seed=index, colour=("#e3b78e", "#ecc7a2", "#d9a87c")[index % 3])
        for _ in range(260):
            a = rng.uniform(0.05, 3.1) if side else rng.uniform(3.2, 6.2)
            across, down = 500 + 360 * math.cos(a) * rng.uniform(0.85, 1.06), 680 + 130 * math.sin(a) * rng.uniform(0.7, 1.2)
            c.stroke(f"M{across - 80:.0f} {down:.0f}q80 {rng.uniform(-26, 26):.0f} 160 {rng.uniform(-24, 24):.0f}", rng.choice(straw), 6)


def _egg_tray(name: str, ground: str, table: str, across: int, down: int) -> None:
    @picture(name, ground, table, horizon=420)
    def _paint(c: Canvas) -> None:
        width = 840 if across > 5 else 780
        pitch = width / across
        rise = pitch * 0.72
        left, top = 500 - width / 2, 600 - down * rise * 0.5
        c.shadow(510, top + down * rise + 60, width * 0.52, 60, 0.46)
        c.box(left - 24, top - 30, width + 48, down * rise + 96, c.linear((0, "#b9b2a6"), (1, "#857c70"), x=1, y=1), 26)
        c.box(left - 12, top - 18, width + 24, down * rise + 64, c.linear((0, "#cfc8bb"), (1, "#a49b8e"), x=1, y=1), 20)
        for row in range(down):
            for index in range(across):
                x, y = left + pitch * (index + 0.5), top + rise * (row + 0.5)
                c.oval(x, y + rise * 0.3, pitch * 0.44, rise * 0.4, "#8f867a")
                egg(c, x, y, pitch * 1.0, angle=(index * 7 + row * 5) % 11 - 5, seed=index + row * 9, colour=("#e3b78e", "#ecc7a2", "#d9a87c", "#e8bf98")[(index * 3 + row) % 4])
                c.path(f"M{x - pitch * 0.48} {y + rise * 0.3}Q{x} {y + rise * 0.78} {x + pitch * 0.48} {y + rise * 0.3}V{y + rise * 0.62}H{x - pitch * 0.48}Z", "#b9b1a3")


_egg_tray("trung-10", PEACH, WOOD, 5, 2)
_egg_tray("trung-30", MINT, CLOTH_TABLE, 6, 5)


@picture("mat-ong", CREAM, WOOD)
def _honey(c: Canvas) -> None:
    jar(c, 370, 840, 400, 450, _DARK_HONEY, cloth=True)
    label(c, 370, 650, 270, 220, "MẬT ONG|HOA RỪNG", "", "#7a3f12")
    honeycomb(c, 720, 850, 290, 250)
    dipper(c, 880, 560, 340, 26)


def _honey_bottle(name: str, ground: str, table: str, size: float, volume: str, honey: str, title: str, ink: str, flowers: bool) -> None:
    @picture(name, ground, table)
    def _paint(c: Canvas) -> None:
        scale = 0.5 + 0.57 * size
        width, high = 250 * scale, 560 * scale
        bottle(c, 460, 860, width, high, honey, cap=ink)
        label(c, 460, 860 - high * 0.3, width * 0.82, high * 0.32, title, volume, ink)
        if flowers:
            longan_flowers(c, 760, 800, 240)
        else:
            honeycomb(c, 790, 870, 220, 150)


def longan_flowers(c: Canvas, x: float, y: float, size: float) -> None:
    """Paint a spray of longan flowers with a leaf."""
    rng = Random(int(size))
    leaf(c, x - size * 0.5, y + size * 0.3, size, -30, LEAF, width=0.34)
    leaf(c, x - size * 0.5, y + size * 0.3, size * 0.8, 14, LEAF, width=0.34)
    c.stroke(f"M{x - size * 0.5} {y + size * 0.3}Q{x} {y} {x + size * 0.3} {y - size * 0.6}", "#8a7a3a", 8)
    for _ in range(70):
        share = rng.random()
        px, py = x - size * 0.3 + share * size * 0.6 + rng.uniform(-50, 50), y + size * 0.15 - share * size * 0.75 + rng.uniform(-40, 40)
        c.oval(px, py, 10, 9, rng.choice(("#fbf3d0", "#f3e2a4", "#e9d084")))
        c.oval(px, py, 3.5, 3.5, "#c08a2a")


_honey_bottle("mat-ong-250", MINT, CLOTH_TABLE, 0.92, "250 ml", _DARK_HONEY, "MẬT ONG|HOA RỪNG", "#7a3f12", False)
_honey_bottle("mat-ong-500", PEACH, DARK_WOOD, 1.14, "500 ml", _DARK_HONEY, "MẬT ONG|HOA RỪNG", "#7a3f12", False)
_honey_bottle("mat-ong-1l", MIST, CANE, 1.42, "1 lít", _DARK_HONEY, "MẬT ONG|HOA RỪNG", "#7a3f12", False)
_honey_bottle("mat-nhan-500", ROSE, WOOD, 1.16, "500 ml", _LIGHT_HONEY, "MẬT ONG|HOA NHÃN", GREEN, True)
_honey_bottle("mat-nhan-1l", SAND, SLATE, 1.42, "1 lít", _LIGHT_HONEY, "MẬT ONG|HOA NHÃN", GREEN, True)


@picture("mat-nhan", SAGE, CLOTH_TABLE)
def _longan_honey(c: Canvas) -> None:
    bowl(c, 440, 600, 290, 230, "#f3ecdc", lambda: surface(c, 440, 600, 290, _LIGHT_HONEY), band="#c99a3a")
    dipper(c, 500, 480, 330, 28)
    c.stroke("M470 590q6 26 0 44", _LIGHT_HONEY, 16)
    longan_flowers(c, 800, 800, 260)


@picture("mat-gung", OAT, WOOD)
def _ginger_honey(c: Canvas) -> None:
    def slices() -> None:
        for index in range(12):
            root_slice(c, 320 + index % 4 * 96, 840 - index // 4 * 130 - index % 2 * 40, 74, GINGER, "#f3dd9a", seed=index, tilt=0.5 + 0.1 * (index % 3))

    jar(c, 460, 860, 430, 500, "#c47a1c", lid="#24356b", filling=slices)
    label(c, 460, 660, 310, 230, "MẬT ONG|NGÂM GỪNG", "350 g", "#7a3f12")
    ginger(c, 840, 850, 230, seed=2)


@picture("mat-gung-tra", LILAC, DARK_WOOD)
def _ginger_honey_tea(c: Canvas) -> None:
    glass(c, 390, 850, 270, 360, "#e0a83e")
    steam(c, 390, 450, 150)
    dipper(c, 720, 680, 420, 40)
    root_slice(c, 640, 890, 70, GINGER, "#f3dd9a")
    root_slice(c, 770, 870, 62, GINGER, "#f3dd9a", seed=5)


@picture("hoa-hoi", SAND, WOOD)
def _anise(c: Canvas) -> None:
    tray(c, 500, 640, 430, 260)
    for index, (x, y, r) in enumerate(
        ((320, 560, 104), (500, 530, 112), (680, 560, 104), (240, 660, 96), (420, 660, 116), (600, 660, 112), (760, 660, 98), (350, 750, 104), (530, 770, 108), (680, 750, 98))
    ):
        star_anise(c, x, y, r, angle=index * 17)


def _anise_pouch(name: str, ground: str, table: str, size: float, weight: str) -> None:
    @picture(name, ground, table)
    def _paint(c: Canvas) -> None:
        scale = 0.4 + 0.72 * size
        width, high = 400 * scale, 540 * scale

        def stars() -> None:
            for index in range(8):
                star_anise(c, 450 + (index % 4 - 1.5) * 76 * size, 860 - high * 0.19 + (index // 4 - 0.5) * 70, 52 * size, angle=index * 23)

        def front() -> None:
            label(c, 450, 860 - high * 0.58, width * 0.68, high * 0.42, "HOA HỒI KHÔ", weight, "#6a3418", lambda: star_anise(c, 0, 0, 88, tilt=1))
            window(
                c,
                450,
                860 - high * 0.19,
                width * 0.62,
                high * 0.22,
                stars,
            )

        pouch(c, 450, 860, width, high, "#d5c4a0", front)
        star_anise(c, 830, 870, 80, angle=12)


_anise_pouch("hoa-hoi-50", MINT, CLOTH_TABLE, 0.92, "50 g")
_anise_pouch("hoa-hoi-200", PEACH, DARK_WOOD, 1.26, "200 g")


def _oil_bottle(name: str, ground: str, table: str, size: float, volume: str) -> None:
    @picture(name, ground, table)
    def _paint(c: Canvas) -> None:
        scale = 0.4 + 0.72 * size
        width, high = 300 * scale, 470 * scale
        bottle(c, 440, 860, width, high, "#8a4a1e", cap="#1f1a1a", neck=0.42, shoulder=0.24)
        label(c, 440, 860 - high * 0.32, width * 0.84, high * 0.38, "TINH DẦU|HỒI", volume, "#6a3418", lambda: star_anise(c, 0, 0, 84, tilt=1))
        star_anise(c, 740, 850, 100, angle=20)
        if size > 1:
            star_anise(c, 860, 760, 80, angle=5)


_oil_bottle("dau-hoi-10", CREAM, WOOD, 0.95, "10 ml")
_oil_bottle("dau-hoi-30", MIST, CLOTH_TABLE, 1.3, "30 ml")


@picture("dau-hoi-xong", ROSE, DARK_WOOD)
def _burner(c: Canvas) -> None:
    c.shadow(480, 860, 230, 46, 0.46)
    clay = "#b5774c"
    c.path("M290 640C280 760 330 860 350 860H610C630 860 680 760 670 640Z", c.radial((0, lighter(clay, 0.5)), (0.5, clay), (1, darker(clay, 0.5)), cx=0.35, cy=0.3))
    c.path("M410 850C400 770 440 720 480 720S560 770 550 850Z", "#3a1c10")
    c.path("M480 740C510 780 506 820 480 836C454 820 450 780 480 740Z", c.linear((0, "#fff0a0"), (0.5, "#f8b32c"), (1, "#e0601c")))
    c.oval(480, 640, 210, 54, c.linear((0, lighter(clay, 0.5)), (1, darker(clay, 0.2)), x=1))
    c.oval(480, 646, 172, 38, c.linear((0, "#d9b46a"), (1, "#8a5a24"), x=1))
    steam(c, 480, 560, 210)
    star_anise(c, 800, 850, 96, angle=10)
    star_anise(c, 190, 870, 84, angle=30)
