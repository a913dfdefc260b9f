"""Pictures of fresh, dried and candied fruit."""

from __future__ import annotations

from random import Random

from shop.management.demo.illustrations.canvas import Canvas
from shop.management.demo.illustrations.catalogue import CANE, CLOTH_TABLE, CREAM, DARK_WOOD, LILAC, MINT, MIST, OAT, PEACH, ROSE, SAGE, SAND, TEAL_TABLE, WOOD, picture
from shop.management.demo.illustrations.cloth import GREEN, RED
from shop.management.demo.illustrations.garden import GINGER, banana_leaf, gourd_slice, root_slice
from shop.management.demo.illustrations.packs import KRAFT, box, carton, label, pouch, window
from shop.management.demo.illustrations.pantry import candied, dried_banana, dried_persimmon, peel
from shop.management.demo.illustrations.plants import LEAF, YOUNG_LEAF, apricot, crescent, cut_mandarin, cut_persimmon, leaf, mandarin, persimmon
from shop.management.demo.illustrations.vessels import basket, board, bowl, glass, jar, plate, steam, tray


@picture("quyt", MIST)
def _mandarins(canvas: Canvas) -> None:
    canvas.shadow(300, 800, 215, 52)
    canvas.shadow(680, 860, 205, 48)
    canvas.shadow(620, 620, 190, 40, 0.2)
    mandarin(canvas, 620, 400, 205, 2, leaves=2)
    mandarin(canvas, 300, 600, 212, 3)
    cut_mandarin(canvas, 690, 690, 200)


@picture("quyt-mui", CREAM, WOOD)
def _segments(canvas: Canvas) -> None:
    plate(canvas, 500, 690, 420, 190, rim="#3f6f8f")
    mandarin(canvas, 370, 540, 150, 7, leaves=1)
    for x, y, turn in ((560, 640, -20), (690, 660, 14), (480, 740, 8), (620, 770, -8), (740, 740, 30)):
        crescent(canvas, x, y, 84, turn)
    peel(canvas, 270, 740, 200, angle=20, seed=2)


def _mandarin_carton(name: str, ground: str, table: str, width: float, weight: str, across: int) -> None:
    @picture(name, ground, table, horizon=560)
    def _paint(canvas: Canvas) -> None:
        left = 500 - width / 2

        def fruit() -> None:
            for row in range(3):
                for index in range(across):
                    x = left + width * (index + 0.5 + 0.12 * (row % 2)) / (across + 0.2)
                    mandarin(canvas, x, 520 + row * 46 - width * 0.06, width / across * 0.56, index + row * 9, leaves=int((index + row) % 3 == 0))

        carton(canvas, 500, 850, width, 290, fruit)
        label(canvas, 500, 712, width * 0.46, 210, "QUÝT BẠCH THÔNG", weight, "#b4571a", lambda: mandarin(canvas, 0, 6, 78, 4, leaves=2))


_mandarin_carton("quyt-thung-5kg", SAGE, CANE, 560, "5 kg", 4)
_mandarin_carton("quyt-thung-10kg", PEACH, WOOD, 800, "10 kg", 6)


@picture("quyt-to", MINT, CLOTH_TABLE)
def _large_mandarins(canvas: Canvas) -> None:
    for x in (210, 500, 790):
        canvas.shadow(x, 790, 160, 40)
    paper = canvas.linear((0, "#ffffff"), (1, "#dfe6ea"), x=1, y=1)
    for index, x in enumerate((210, 790)):
        mandarin(canvas, x, 640, 152, index + 11)
        canvas.path(
            f"M{x - 168} 650Q{x - 130} 600 {x - 96} 690Q{x - 40} 640 {x} 720Q{x + 46} 640 {x + 98} 690Q{x + 130} 600 {x + 168} 650Q{x + 190} 800 {x} 812Q{x - 190} 800 {x - 168} 650Z",
            paper,
            opacity=0.95,
        )
    mandarin(canvas, 500, 590, 205, 14, leaves=3)


@picture("quyt-to-hop", ROSE, DARK_WOOD, horizon=520)
def _large_box(canvas: Canvas) -> None:
    def rows() -> None:
        for row in range(2):
            for index in range(4):
                mandarin(canvas, 232 + index * 178, 560 + row * 110, 88, index + row * 5, leaves=int(index == 1))

    carton(canvas, 500, 850, 760, 200, rows, colour="#8a3a30", depth=0.6)
    label(canvas, 500, 765, 330, 130, "QUÝT CHỌN QUẢ TO", "3 kg", "#b4571a")


@picture("vo-quyt", SAND, WOOD)
def _dry_peel(canvas: Canvas) -> None:
    tray(canvas, 500, 640, 430, 260)
    for index in range(19):
        rng = Random(index)
        peel(canvas, 250 + index % 5 * 122 + rng.uniform(-20, 20), 520 + index // 5 * 84, 190, angle=index * 47, seed=index)


@picture("vo-quyt-tra", MIST, DARK_WOOD)
def _peel_tea(canvas: Canvas) -> None:
    glass(canvas, 340, 820, 260, 360, "#c7741c")
    steam(canvas, 340, 420, 130)
    pouch(canvas, 720, 830, 320, 500, KRAFT, lambda: label(canvas, 720, 620, 220, 280, "VỎ QUÝT KHÔ", "100 g", "#a4521a", lambda: peel(canvas, 0, 0, 170, seed=5)))
    peel(canvas, 500, 880, 130, angle=20, seed=3)


@picture("mo-vang", CREAM)
def _apricots(canvas: Canvas) -> None:
    tray(canvas, 500, 640, 420, 260)
    for index, (x, y) in enumerate(((330, 560), (500, 520), (660, 560), (260, 660), (420, 640), (580, 640), (740, 660), (350, 740), (510, 750), (660, 740))):
        apricot(canvas, x, y, 92, angle=index * 43)
    leaf(canvas, 560, 330, 190, -30, LEAF, width=0.5)
    leaf(canvas, 560, 335, 170, -150, YOUNG_LEAF, width=0.5)
    canvas.stroke("M560 334q-20 60 -60 100", "#6b5a2c", 12)


@picture("mo-vang-canh", SAGE)
def _apricot_branch(canvas: Canvas) -> None:
    canvas.stroke("M60 250Q360 180 560 320T960 360", "#6b4a2c", 26)
    canvas.stroke("M60 244Q360 172 560 312T960 352", "#a07a4c", 8)
    for x, y, turn in ((190, 220, -70), (330, 215, 70), (470, 260, -60), (640, 345, 60), (760, 370, -70), (860, 365, 40), (250, 225, 110)):
        leaf(canvas, x, y, 190, turn, LEAF if turn > 0 else YOUNG_LEAF, width=0.52)
    for index, (x, y) in enumerate(((230, 400), (390, 430), (560, 520), (700, 560), (850, 520))):
        canvas.stroke(f"M{x + 20} {y - 130}Q{x} {y - 100} {x} {y - 80}", "#6b5a2c", 9)
        apricot(canvas, x, y, 98, angle=index * 21 - 30)


@picture("mo-vang-thung", MIST, WOOD, horizon=560)
def _apricot_carton(canvas: Canvas) -> None:
    def fruit() -> None:
        for row in range(3):
            for index in range(7):
                apricot(canvas, 160 + index * 112 + row % 2 * 40, 520 + row * 46, 68, angle=index * 37 + row * 80)

    carton(canvas, 500, 850, 760, 280, fruit)
    label(canvas, 500, 716, 340, 200, "MƠ VÀNG", "10 kg", GREEN, lambda: apricot(canvas, 0, 0, 80))


def _candied_jar(name: str, ground: str, table: str, width: float, height: float, weight: str, side: float) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        def fruit() -> None:
            for row in range(9):
                for index in range(5):
                    candied(canvas, 500 - width / 2 + width * (index + 0.5 * (row % 2)) / 4.4, 850 - height * 0.1 * row, width * 0.14, seed=index + row * 6)

        jar(canvas, 500, 850, width, height, "#8a451c", lid="#b9862e", filling=fruit)
        label(canvas, 500, 850 - height * 0.4, width * 0.74, height * 0.46, "Ô MAI|MƠ GỪNG", weight, RED)
        for index in range(3):
            candied(canvas, 500 + side * (300 + index * 70), 860 + index % 2 * 30, 44, seed=index)
        root_slice(canvas, 500 - side * 330, 870, 58, GINGER, "#f3dd9a")


_candied_jar("o-mai-hu-250", MINT, CLOTH_TABLE, 400, 460, "250 g", 1)
_candied_jar("o-mai-hu-500", OAT, DARK_WOOD, 470, 620, "500 g", -1)


@picture("o-mai-dia", PEACH, WOOD)
def _candied_dish(canvas: Canvas) -> None:
    def fruit() -> None:
        for row in range(3):
            for index in range(5 - row):
                candied(canvas, 300 + row * 50 + index * 100, 500 - row * 60, 66, seed=index + row * 7)

    bowl(canvas, 500, 520, 300, 220, "#c9d8cf", fruit, band="#3f7d6e")
    for x, y in ((250, 830), (360, 880)):
        root_slice(canvas, x, y, 62, GINGER, "#f3dd9a", seed=int(x))
    candied(canvas, 700, 850, 60, seed=9)


@picture("mo-ngam", SAND, WOOD)
def _steeped(canvas: Canvas) -> None:
    def fruit() -> None:
        for row in range(6):
            for index in range(4):
                apricot(canvas, 300 + index * 120 + row % 2 * 50, 840 - row * 76, 60, angle=index * 50 + row * 31)

    jar(canvas, 470, 850, 470, 600, "#d99a2e", lid="#a33a2c", filling=fruit)
    label(canvas, 470, 640, 320, 230, "MƠ NGÂM ĐƯỜNG", "1 lít", "#a4521a")
    apricot(canvas, 830, 810, 70, angle=20)


@picture("mo-ngam-da", TEAL_TABLE, CLOTH_TABLE)
def _iced(canvas: Canvas) -> None:
    glass(canvas, 420, 840, 300, 540, "#e8b24a", level=0.78, ice=True)
    apricot(canvas, 440, 720, 70, angle=40)
    leaf(canvas, 430, 330, 150, -60, YOUNG_LEAF, width=0.5)
    leaf(canvas, 430, 330, 130, -130, LEAF, width=0.5)
    for x in (720, 830):
        canvas.shadow(x, 850, 80, 20)
        apricot(canvas, x, 790 - (x - 720) * 0.1, 72, angle=x)


@picture("hong", SAGE)
def _persimmons(canvas: Canvas) -> None:
    for x, y in ((300, 690), (690, 620)):
        canvas.shadow(x, y, 200, 46)
    persimmon(canvas, 680, 470, 205, angle=8)
    persimmon(canvas, 300, 530, 208, angle=-6)
    canvas.shadow(590, 850, 210, 46)
    cut_persimmon(canvas, 580, 720, 195)


@picture("hong-gio", MIST, DARK_WOOD)
def _persimmon_basket(canvas: Canvas) -> None:
    def fruit() -> None:
        for x, y in ((340, 400), (500, 370), (660, 400), (270, 470), (430, 470), (580, 470), (735, 475)):
            persimmon(canvas, x, y, 98)

    basket(canvas, 500, 500, 330, 330, fruit)
    leaf(canvas, 700, 860, 190, -14, "#c9642a", width=0.6)


@picture("hong-thung-5kg", CREAM, WOOD, horizon=560)
def _persimmon_carton(canvas: Canvas) -> None:
    def fruit() -> None:
        for row in range(2):
            for index in range(5):
                persimmon(canvas, 238 + index * 132, 520 + row * 80, 72)

    carton(canvas, 500, 850, 660, 290, fruit)
    label(canvas, 500, 712, 330, 210, "HỒNG KHÔNG HẠT", "5 kg", GREEN, lambda: persimmon(canvas, 0, 10, 84))


@picture("hong-treo", PEACH)
def _hung(canvas: Canvas) -> None:
    canvas.box(60, 90, 880, 30, canvas.linear((0, "#e3c27e"), (0.5, "#b98e4c"), (1, "#7a5a28")), 14)
    for column, x in enumerate((170, 335, 500, 665, 830)):
        canvas.stroke(f"M{x} 110V{820 - column % 2 * 90}", "#c9a873", 6)
        for row in range(4 - column % 2):
            dried_persimmon(canvas, x, 250 + row * 180 + column % 2 * 30, 150, seed=column * 5 + row)


@picture("hong-treo-300", MINT, CLOTH_TABLE, horizon=540)
def _dried_small(canvas: Canvas) -> None:
    _dried_box(canvas, 460, 3, 2, "300 g")


@picture("hong-treo-500", SAND, DARK_WOOD, horizon=540)
def _dried_medium(canvas: Canvas) -> None:
    _dried_box(canvas, 620, 4, 2, "500 g")


@picture("hong-treo-1kg", LILAC, WOOD, horizon=520)
def _dried_large(canvas: Canvas) -> None:
    _dried_box(canvas, 820, 5, 3, "1 kg")


def _dried_box(canvas: Canvas, width: float, across: int, down: int, weight: str) -> None:
    """Paint an open paper box of dried persimmons on leaves."""
    left = 500 - width / 2

    def fruit() -> None:
        banana_leaf(canvas, 500, 600, width * 1.05, 220, 0, "#7a8a45")
        for row in range(down):
            for index in range(across):
                dried_persimmon(canvas, left + width * (index + 0.5) / across, 610 - (down - 1) * 50 + row * 92, width / across * 0.92, seed=index + row * 6, hung=False)

    carton(canvas, 500, 850, width, 170, fruit, colour="#d8c9a8", depth=0.7)
    label(canvas, 500, 768, width * 0.6, 120, "HỒNG TREO GIÓ", weight, "#a4521a")


@picture("hong-treo-bo", OAT, WOOD)
def _dried_open(canvas: Canvas) -> None:
    board(canvas, 500, 760, 900, 260)
    canvas.put('<g transform="translate(-250 -300) scale(1.5)">')
    dried_persimmon(canvas, 330, 640, 270, seed=2, hung=False)
    canvas.shadow(640, 700, 130, 30)
    dried_persimmon(canvas, 640, 650, 280, seed=5, hung=False, frost=False)
    canvas.oval(640, 660, 112, 62, canvas.radial((0, "#f6a63a"), (0.6, "#d9701c"), (1, "#a4481a"), cx=0.45, cy=0.4))
    for index in range(-3, 4):
        canvas.stroke(f"M{640 + index * 26} 612q8 50 0 96", "#ffd08a", 4, opacity=0.5)
    canvas.gloss(610, 636, 50, 18, -10, 0.8)
    canvas.put("</g>")


@picture("chuoi-say", PEACH)
def _bananas(canvas: Canvas) -> None:
    canvas.shadow(500, 790, 420, 80)
    banana_leaf(canvas, 500, 690, 860, 360, -6)
    for index in range(13):
        dried_banana(canvas, 290 + index % 4 * 142, 730 - index // 4 * 84 + index % 2 * 22, 330, angle=-22 + index * 17 % 44, seed=index)


def _banana_pouch(name: str, ground: str, table: str, size: float, weight: str, extra: int) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        width, high = 400 * size, 560 * size

        def show() -> None:
            for index in range(7):
                dried_banana(canvas, 470 + (index % 3 - 1) * 70, 760 - index * 24, 210, angle=index * 31, seed=index)

        def front() -> None:
            label(canvas, 470, 850 - high * 0.58, width * 0.66, high * 0.42, "CHUỐI SẤY", weight, "#7a3f1a", lambda: dried_banana(canvas, 0, 0, 170, angle=-24, seed=3))
            window(canvas, 470, 850 - high * 0.18, width * 0.6, high * 0.2, show)

        pouch(canvas, 470, 850, width, high, "#d9b98a", front)
        for index in range(extra):
            dried_banana(canvas, 800 - index * 30, 880 - index * 70, 230, angle=-20 + index * 40, seed=index + 4)


_banana_pouch("chuoi-say-300", CREAM, CLOTH_TABLE, 1.0, "300 g", 2)
_banana_pouch("chuoi-say-500", SAGE, WOOD, 1.26, "500 g", 3)


@picture("chuoi-say-hop", MIST, DARK_WOOD)
def _banana_box(canvas: Canvas) -> None:
    def bananas() -> None:
        for index in range(3):
            dried_banana(canvas, 0, index * 44 - 44, 190, angle=-18 + index * 14, seed=index)

    box(
        canvas,
        430,
        850,
        560,
        360,
        "#7a4a26",
        lambda: label(canvas, 430, 670, 420, 270, "CHUỐI SẤY THIÊN AN", "1 kg", "#7a3f1a", bananas),
        depth=0.3,
    )
    dried_banana(canvas, 860, 880, 210, angle=-24, seed=7)


@picture("bi-say", MINT, CLOTH_TABLE)
def _dried_gourd(canvas: Canvas) -> None:
    def slices() -> None:
        for row in range(3):
            for index in range(6 - row):
                gourd_slice(canvas, 280 + row * 42 + index * 88, 520 - row * 54, 70, tilt=0.55 + 0.1 * (index % 3), dried=True)

    bowl(canvas, 500, 540, 320, 240, "#e7e2d2", slices, band="#7f9a6a")
    for x, y in ((240, 850), (350, 880), (760, 870)):
        gourd_slice(canvas, x, y, 64, tilt=0.6, dried=True)


def _gourd_pouch(name: str, ground: str, table: str, size: float, weight: str) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        width, high = 410 * size, 560 * size

        def slices() -> None:
            for index in range(4):
                gourd_slice(canvas, 400 + index * 70, 800 - index % 2 * 50, 58, tilt=0.7, dried=True)

        def front() -> None:
            label(canvas, 500, 860 - high * 0.58, width * 0.68, high * 0.42, "BÍ THƠM SẤY", weight, "#2f6a3c", lambda: gourd_slice(canvas, 0, 0, 84))
            window(canvas, 500, 860 - high * 0.19, width * 0.62, high * 0.22, slices)

        pouch(canvas, 500, 860, width, high, "#e6e0cc", front)


_gourd_pouch("bi-say-100", PEACH, WOOD, 0.95, "100 g")
_gourd_pouch("bi-say-250", MIST, DARK_WOOD, 1.25, "250 g")
