"""Pictures of rice, noodles, peanuts and flour."""

from __future__ import annotations

from random import Random

from shop.management.demo.illustrations.canvas import Canvas
from shop.management.demo.illustrations.catalogue import CANE, CLOTH_TABLE, CREAM, DARK_WOOD, LILAC, MINT, MIST, OAT, PEACH, ROSE, SAGE, SAND, SLATE, WOOD, picture
from shop.management.demo.illustrations.cloth import GREEN, INDIGO, RED
from shop.management.demo.illustrations.garden import banana_leaf
from shop.management.demo.illustrations.heaps import heap, kernel, noodle_bundle, powder, rice, shell, tangle
from shop.management.demo.illustrations.packs import LINEN, WOVEN, label, net, pouch, sack, tied_bag, vacuum_pack
from shop.management.demo.illustrations.pantry import chung_cake, chung_slice
from shop.management.demo.illustrations.plants import leaf
from shop.management.demo.illustrations.vessels import basket, bowl, jar, steam, tray

_NOODLE = ("#efe7d2", "#cdbd9a", "#ddd0b2", "#f4eddc")


def ear(canvas: Canvas, x: float, y: float, size: float, angle: float, colour: str = "#d9a83a") -> None:
    """Paint an ear of rice hanging from its stalk."""
    with canvas.moved(x, y, angle, size / 300):
        canvas.stroke("M0 0Q120 -50 300 30", "#9a9a3f", 7)
        for index in range(16):
            share = index / 15
            px, py = 70 + 230 * share, -38 + 66 * share * share
            for side in (-1, 1):
                canvas.oval(px + 8, py + side * (17 - 6 * share), 23, 9, canvas.radial((0, "#f9e29a"), (0.6, colour), (1, "#8a6418")), side * 32 + 16)


@picture("gao-bao-thai", CREAM, WOOD)
def _new_rice(canvas: Canvas) -> None:
    bowl(canvas, 470, 570, 340, 280, "#5d8aa8", lambda: heap(canvas, 470, 604, 620, 240, rice(), 1900, "#f2ead6"), band="#f6efdf")
    ear(canvas, 560, 890, 360, -14)


def _rice_bag(name: str, ground: str, table: str, title: str, weight: str, kind: str, size: float, colour: str, ink: str) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        scale = 0.3 + 0.75 * size
        width, high = 480 * scale, 600 * scale

        def front() -> None:
            label(canvas, 470, 865 - high * 0.4, width * 0.6, high * 0.42, title, weight, ink, lambda: ear(canvas, -110, 40, 210, -12))

        if kind == "tied":
            tied_bag(canvas, 470, 865, width, high, colour, front)
        elif kind == "sack":
            sack(canvas, 470, 865, width, high, colour, front, stripe=ink)
        else:
            pouch(canvas, 470, 865, width, high, colour, front)
        spilt = ("#b98a58", "#96683a") if "lut" in name else ("#fbf5e4", "#efe6cf")
        heap(canvas, 830, 890, 230, 70, rice(spilt[0]), 170, spilt[1], seed=4)


_rice_bag("gao-bao-thai-2kg", MINT, CLOTH_TABLE, "GẠO BAO THAI|CHỢ ĐỒN", "2 kg", "tied", 0.95, LINEN, GREEN)
_rice_bag("gao-bao-thai-5kg", MIST, DARK_WOOD, "GẠO BAO THAI|CHỢ ĐỒN", "5 kg", "sack", 1.05, WOVEN, GREEN)
_rice_bag("gao-bao-thai-10kg", PEACH, CANE, "GẠO BAO THAI|CHỢ ĐỒN", "10 kg", "sack", 1.3, WOVEN, RED)
_rice_bag("nep-2kg", ROSE, WOOD, "NẾP KHẨU|NUA LẾCH", "2 kg", "tied", 0.98, "#efe4cb", INDIGO)
_rice_bag("nep-5kg", SAGE, SLATE, "NẾP KHẨU|NUA LẾCH", "5 kg", "tied", 1.22, "#e3d5b4", INDIGO)
_rice_bag("nep-10kg", CREAM, DARK_WOOD, "NẾP KHẨU|NUA LẾCH", "10 kg", "sack", 1.28, "#ece6d6", INDIGO)


@picture("nep", OAT, CANE)
def _sticky_rice(canvas: Canvas) -> None:
    basket(canvas, 500, 520, 350, 320, lambda: heap(canvas, 500, 556, 640, 230, rice("#fdfbf4", 17, 0.6), 1500, "#f4efe2", seed=3))
    ear(canvas, 120, 860, 300, -18, "#c98a3a")


@picture("nep-xoi", MIST, WOOD)
def _steamed(canvas: Canvas) -> None:
    banana_leaf(canvas, 500, 740, 860, 300, 4)
    heap(canvas, 500, 740, 600, 330, rice("#fffdf6", 26, 0.62), 900, "#f6f0e0", seed=6)
    steam(canvas, 500, 400, 220)


@picture("bot-nep", PEACH, CLOTH_TABLE)
def _flour(canvas: Canvas) -> None:
    pouch(canvas, 400, 860, 420, 600, "#eee6d4", lambda: label(canvas, 400, 560, 300, 340, "BỘT NẾP|KHẨU NUA LẾCH", "500 g", INDIGO, lambda: powder(canvas, 0, 60, 180, 100, "#f6f1e6")))
    powder(canvas, 790, 880, 300, 130, "#f7f3ea", seed=3)


@picture("bot-nep-banh", MINT, DARK_WOOD)
def _dumplings(canvas: Canvas) -> None:
    def cakes() -> None:
        canvas.oval(500, 570, 280, 62, "#c9883a", opacity=0.8)
        for x, y in ((340, 556), (450, 530), (560, 532), (665, 556), (400, 592), (510, 598), (615, 590)):
            canvas.shadow(x, y + 30, 56, 14, 0.35)
            canvas.oval(x, y, 62, 54, canvas.radial((0, "#ffffff"), (0.6, "#f6f1e6"), (1, "#cdbfa6")))
            for index in range(5):
                canvas.oval(x - 20 + index * 10, y - 26 + index % 2 * 8, 5, 3, "#d9b06a", 30)

    bowl(canvas, 500, 560, 330, 260, "#8a3a30", cakes, band="#f0c96a")
    powder(canvas, 830, 900, 220, 70, "#f7f3ea", seed=8)


@picture("nep-banh-chung", SAGE, WOOD)
def _chung(canvas: Canvas) -> None:
    chung_cake(canvas, 390, 850, 500)
    chung_slice(canvas, 800, 790, 290, angle=-7)


@picture("nep-banh-chung-tui", CREAM, CLOTH_TABLE)
def _chung_rice(canvas: Canvas) -> None:
    tied_bag(canvas, 400, 860, 500, 620, "#e9dfc6", lambda: label(canvas, 400, 630, 310, 260, "NẾP GÓI|BÁNH CHƯNG", "4 kg", GREEN))
    for index in range(4):
        leaf(canvas, 640, 900 - index * 26, 340, -16 - index * 9, "#3f8a3c", width=0.34, veins=8)
    heap(canvas, 780, 900, 230, 80, rice("#fdfbf4", 17, 0.6), 170, "#f4efe2", seed=2)


@picture("gao-lut", SAND, DARK_WOOD)
def _brown_rice(canvas: Canvas) -> None:
    bowl(canvas, 500, 560, 340, 280, "#6d8a5a", lambda: heap(canvas, 500, 594, 620, 240, rice("#b98a58", 16, 0.36), 1700, "#96683a", seed=7), band="#efe4c4")


_rice_bag("gao-lut-1kg", LILAC, WOOD, "GẠO LỨT|BAO THAI", "1 kg", "pouch", 0.9, "#c9a47a", "#6a3f1e")
_rice_bag("gao-lut-5kg", MINT, SLATE, "GẠO LỨT|BAO THAI", "5 kg", "pouch", 1.22, "#b98f62", "#6a3f1e")


@picture("tam", MIST, CANE)
def _broken_rice(canvas: Canvas) -> None:
    tray(canvas, 500, 640, 430, 250)
    heap(canvas, 500, 680, 660, 220, rice("#f9f3e2", 9, 0.6), 2300, "#efe5cc", seed=8)


_rice_bag("tam-bao", OAT, WOOD, "TẤM BAO THAI", "5 kg", "sack", 1.16, "#dfe3d6", INDIGO)


@picture("lac-do", PEACH, WOOD)
def _red_peanuts(canvas: Canvas) -> None:
    bowl(canvas, 500, 560, 330, 260, "#c9b48a", lambda: heap(canvas, 500, 594, 600, 220, kernel(size=44), 260, "#7a2a20"))
    rng = Random(4)
    for x, y in ((230, 870), (300, 900), (740, 880), (800, 850)):
        kernel(size=46)(canvas, x, y, rng, 0.5)


def _peanut_pack(name: str, ground: str, table: str, width: float, high: float, weight: str, angle: float) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        def inside() -> None:
            rng = Random(int(width))
            for index in range(640):
                kernel(size=44)(canvas, rng.uniform(-0.48, 0.48) * width, (index / 640 - 0.5) * high, rng, 0.5)

        vacuum_pack(canvas, 500, 520, width, high, inside, angle=angle)
        label(canvas, 505, 560, width * 0.56, high * 0.3, "LẠC ĐỎ BÓC VỎ", weight, RED)


_peanut_pack("lac-do-500", MINT, CLOTH_TABLE, 460, 560, "500 g", -5)
_peanut_pack("lac-do-1kg", MIST, DARK_WOOD, 640, 720, "1 kg", 3)


@picture("lac-vo", SAGE)
def _in_shell(canvas: Canvas) -> None:
    tray(canvas, 500, 630, 430, 280)
    rng = Random(3)
    for index in range(44):
        shell(canvas, 230 + rng.uniform(0, 540), 500 + index * 6.4, rng)
    for x, y in ((360, 720), (610, 700), (500, 780)):
        kernel(size=46)(canvas, x, y, rng, 0.5)


@picture("lac-vo-tui", CREAM, WOOD)
def _shell_net(canvas: Canvas) -> None:
    def nuts() -> None:
        rng = Random(6)
        for index in range(70):
            shell(canvas, 270 + rng.uniform(0, 440), 330 + index * 7.4, rng)

    net(canvas, 490, 860, 540, 660, nuts, colour="#d98a1f")
    rng = Random(2)
    for x, y in ((830, 850), (880, 900)):
        shell(canvas, x, y, rng)


@picture("lac-rang", OAT, CLOTH_TABLE)
def _roast_jar(canvas: Canvas) -> None:
    def nuts() -> None:
        rng = Random(9)
        for index in range(420):
            kernel("#b5552e", 46, salt=True)(canvas, 240 + rng.uniform(0, 440), 380 + index * 1.2, rng, 0.5)

    jar(canvas, 460, 860, 460, 560, "#a34a28", lid="#d9b23e", filling=nuts)
    label(canvas, 460, 640, 320, 230, "LẠC RANG MUỐI", "300 g", RED)


@picture("lac-rang-chao", SLATE, DARK_WOOD)
def _roast_pan(canvas: Canvas) -> None:
    canvas.stroke("M780 640L980 560", "#2a2422", 44)
    canvas.shadow(470, 740, 400, 110, 0.5)
    canvas.oval(470, 670, 390, 190, "#1d1a1a")
    canvas.oval(470, 650, 390, 186, canvas.linear((0, "#5a5454"), (1, "#2a2626"), x=1))
    canvas.oval(470, 664, 350, 160, "#211d1d")
    heap(canvas, 470, 700, 560, 130, kernel("#b5552e", 46, salt=True), 190, "#5a2a18", seed=5)


@picture("mien-dong", MINT)
def _noodles(canvas: Canvas) -> None:
    tray(canvas, 500, 620, 440, 290)
    banana_leaf(canvas, 500, 620, 700, 300, -8)
    noodle_bundle(canvas, 500, 540, 640, 130, angle=-7, seed=2)
    noodle_bundle(canvas, 500, 690, 640, 130, angle=5, seed=5)


def _noodle_pack(name: str, ground: str, table: str, width: float, high: float, weight: str, title: str, bundles: int, fine: float, ink: str) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        def inside() -> None:
            for index in range(bundles):
                noodle_bundle(canvas, 0, high * ((index + 0.5) / bundles - 0.5) * 0.94, width * 1.06, high / bundles * 0.8, seed=index + 2, fine=fine)

        vacuum_pack(canvas, 500, 520, width, high, inside, angle=-3)
        label(canvas, 500, 520 + high * 0.02, width * 0.44, high * 0.4, title, weight, ink)


_noodle_pack("mien-dong-500", CREAM, WOOD, 720, 380, "500 g", "MIẾN DONG|CÔN MINH", 2, 5, GREEN)
_noodle_pack("mien-dong-1kg", MIST, CLOTH_TABLE, 760, 600, "1 kg", "MIẾN DONG|CÔN MINH", 4, 5, RED)


@picture("mien-dong-5kg", PEACH, DARK_WOOD)
def _noodle_sack(canvas: Canvas) -> None:
    sack(canvas, 460, 870, 560, 680, "#e3e6de", lambda: label(canvas, 460, 590, 360, 300, "MIẾN DONG|CÔN MINH", "5 kg", INDIGO, lambda: noodle_bundle(canvas, 0, 0, 180, 50, seed=3)), stripe=GREEN)
    noodle_bundle(canvas, 800, 880, 300, 80, angle=-6, seed=8)


@picture("mien-dong-bat", SAGE, WOOD)
def _noodle_bowl(canvas: Canvas) -> None:
    def soup() -> None:
        canvas.oval(500, 566, 312, 68, canvas.linear((0, "#d9b878"), (1, "#b08a4a"), x=1))
        tangle(canvas, 500, 584, 540, 90, 130, ("#d9d4c4", "#bfb8a4", "#ece7da"), fine=9, seed=4)
        for x, y in ((390, 540), (500, 520), (610, 545)):
            canvas.oval(x, y, 56, 22, canvas.linear((0, "#f3dcb8"), (1, "#c99a6a")), -10)
        for index in range(26):
            canvas.oval(320 + index * 14.5, 550 + index * 37 % 50, 9, 5, "#4f9a3f", index * 40)

    bowl(canvas, 500, 560, 340, 270, "#e9ede6", soup, band="#3f5f8f")
    steam(canvas, 500, 480, 210)
    for shift in (0, 34):
        canvas.stroke(f"M{620 + shift} 520L{900 + shift * 0.4} 290", "#8a4b2c", 14)


@picture("mien-soi-nho", LILAC, CLOTH_TABLE, horizon=230)
def _thin_noodles(canvas: Canvas) -> None:
    for index, (y, turn) in enumerate(((400, -5), (570, 4), (740, -2))):
        noodle_bundle(canvas, 500, y, 780, 120, angle=turn, seed=index + 11, fine=2.6, colour="#dcd3bd", tie="#c8342c")


_noodle_pack("mien-soi-nho-300", OAT, WOOD, 620, 320, "300 g", "MIẾN DONG|SỢI NHỎ", 2, 2.6, INDIGO)
_noodle_pack("mien-soi-nho-500", PEACH, SLATE, 760, 460, "500 g", "MIẾN DONG|SỢI NHỎ", 3, 2.6, INDIGO)


@picture("mien-roi", SAND)
def _loose_noodles(canvas: Canvas) -> None:
    basket(canvas, 500, 520, 360, 320, lambda: tangle(canvas, 500, 560, 660, 280, 520, _NOODLE, fine=5))


@picture("mien-roi-goi", MINT, WOOD)
def _loose_pack(canvas: Canvas) -> None:
    vacuum_pack(canvas, 500, 520, 620, 660, lambda: tangle(canvas, 0, 310, 900, 640, 1300, _NOODLE, fine=5, seed=3), angle=4)
    label(canvas, 500, 600, 330, 220, "MIẾN DONG RỐI", "1 kg", GREEN)
