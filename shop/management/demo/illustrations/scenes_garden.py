"""Pictures of roots, gourds, greens, bamboo shoots, and their products."""

from __future__ import annotations

from shop.management.demo.illustrations.canvas import Canvas
from shop.management.demo.illustrations.catalogue import CANE, CLOTH_TABLE, CREAM, DARK_WOOD, LILAC, MINT, MIST, OAT, PEACH, ROSE, SAGE, SAND, SLATE, WOOD, picture
from shop.management.demo.illustrations.cloth import GREEN, RED
from shop.management.demo.illustrations.garden import GINGER, TURMERIC, bamboo_slab, banana_leaf, ginger, gourd, gourd_slice, greens, root_slice
from shop.management.demo.illustrations.heaps import powder, tangle
from shop.management.demo.illustrations.packs import KRAFT, box, label, net, pouch, vacuum_pack
from shop.management.demo.illustrations.plants import LEAF, leaf
from shop.management.demo.illustrations.vessels import basket, board, bowl, glass, jar, plate, steam, surface, tray

_SHREDS = ("#d89a44", "#b9772e", "#e6b768", "#c4863a")


@picture("gung", SAGE)
def _ginger(canvas: Canvas) -> None:
    canvas.shadow(540, 720, 360, 80, 0.46)
    ginger(canvas, 540, 490, 640)
    for x, y, seed in ((180, 830, 2), (330, 880, 4), (480, 850, 7)):
        root_slice(canvas, x, y, 86, GINGER, "#f3dd9a", seed=seed)


@picture("gung-tui-5kg", PEACH, WOOD)
def _ginger_net(canvas: Canvas) -> None:
    def roots() -> None:
        for index in range(9):
            ginger(canvas, 400 + index % 3 * 110, 420 + index // 3 * 150, 260, angle=index * 41, seed=index)

    net(canvas, 500, 850, 520, 640, roots, colour="#c8342c")
    ginger(canvas, 850, 850, 200, seed=6)


@picture("gung-tra", CREAM, DARK_WOOD)
def _ginger_tea(canvas: Canvas) -> None:
    glass(canvas, 380, 830, 290, 380, "#d9a43a")
    steam(canvas, 380, 400, 150)
    root_slice(canvas, 380, 560, 78, GINGER, "#f3dd9a", tilt=0.4)
    ginger(canvas, 760, 700, 330, seed=3)
    root_slice(canvas, 620, 880, 62, GINGER, "#f3dd9a")


@picture("nghe-tuoi", CREAM)
def _turmeric(canvas: Canvas) -> None:
    canvas.shadow(540, 690, 350, 80, 0.46)
    ginger(canvas, 520, 470, 600, colour=TURMERIC, tip="#e08a2a", seed=4, flip=True)
    for x, y, seed in ((230, 830, 2), (400, 880, 4), (580, 850, 7), (740, 800, 9)):
        root_slice(canvas, x, y, 78, TURMERIC, "#ef7f17", seed=seed)


@picture("nghe-tuoi-tui", SAGE, CANE)
def _turmeric_net(canvas: Canvas) -> None:
    def roots() -> None:
        for index in range(9):
            ginger(canvas, 400 + index % 3 * 110, 420 + index // 3 * 150, 260, angle=index * 53 + 20, seed=index, colour=TURMERIC, tip="#e08a2a")

    net(canvas, 460, 850, 500, 640, roots, colour="#2f7d3f")
    root_slice(canvas, 830, 840, 86, TURMERIC, "#ef7f17", seed=5)


def _turmeric_jar(name: str, ground: str, table: str, size: float, weight: str, colour: str, title: str, lid: str, extra: int) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        scale = 0.4 + 0.72 * size
        width, high = 400 * scale, 430 * scale
        jar(canvas, 480, 850, width, high, colour, lid=lid)
        label(canvas, 480, 850 - high * 0.42, width * 0.72, high * 0.54, title, weight, "#a4481a", lambda: ginger(canvas, 0, 10, 150, colour=TURMERIC, tip="#e08a2a", seed=4))
        for index in range(extra):
            root_slice(canvas, 830, 870 - index * 70, 60, TURMERIC, "#ef7f17", seed=index)


_turmeric_jar("tinh-bot-nghe-100", MINT, CLOTH_TABLE, 0.92, "100 g", "#efa52a", "TINH BỘT|NGHỆ NẾP ĐỎ", "#b9862e", 1)
_turmeric_jar("tinh-bot-nghe-200", MIST, WOOD, 1.14, "200 g", "#eda024", "TINH BỘT|NGHỆ NẾP ĐỎ", "#8a2622", 2)
_turmeric_jar("tinh-bot-nghe-500", PEACH, DARK_WOOD, 1.42, "500 g", "#eb9c1f", "TINH BỘT|NGHỆ NẾP ĐỎ", "#24356b", 3)
_turmeric_jar("bot-nghe-100", LILAC, CANE, 0.95, "100 g", "#c9781a", "BỘT NGHỆ", "#3a2b22", 2)
_turmeric_jar("bot-nghe-250", SAND, SLATE, 1.3, "250 g", "#c4741a", "BỘT NGHỆ", "#3a2b22", 0)


@picture("tinh-bot-nghe", OAT, WOOD)
def _starch(canvas: Canvas) -> None:
    bowl(canvas, 500, 570, 340, 270, "#3f7d8f", lambda: powder(canvas, 500, 600, 600, 300, "#f0a52a", seed=2), band="#f6efdf")
    ginger(canvas, 270, 850, 240, colour=TURMERIC, tip="#e08a2a", seed=3)
    root_slice(canvas, 760, 870, 66, TURMERIC, "#ef7f17")


@picture("bot-nghe", ROSE, DARK_WOOD)
def _ground_turmeric(canvas: Canvas) -> None:
    board(canvas, 500, 780, 860, 200)
    powder(canvas, 520, 770, 560, 290, "#c9781a", seed=5)
    canvas.stroke("M700 690L900 470", "#9a6a3a", 34)
    canvas.stroke("M696 682L892 466", "#c99a62", 10)
    canvas.oval(668, 716, 84, 46, canvas.linear((0, "#c99a62"), (1, "#7a5028"), x=1), -40)
    canvas.oval(664, 708, 64, 30, "#d98a22", -40)


@picture("bi-xanh", SAGE)
def _gourds(canvas: Canvas) -> None:
    canvas.shadow(500, 850, 400, 60, 0.42)
    gourd(canvas, 360, 460, 660, 240, angle=80)
    gourd(canvas, 640, 460, 620, 226, angle=103, seed=3)
    gourd_slice(canvas, 660, 770, 160)


def _gourd_on_scale(name: str, ground: str, table: str, length: float, thick: float, shown: str) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        canvas.shadow(500, 870, 330, 50, 0.42)
        canvas.box(300, 650, 400, 210, canvas.linear((0, "#5a86a8"), (1, "#2f5270"), x=1, y=1), 26)
        canvas.oval(500, 756, 92, 92, "#f6f2e4")
        canvas.put('<circle cx="500" cy="756" r="92" fill="none" stroke="#23384a" stroke-width="8"/>')
        for index in range(12):
            canvas.put(f'<path d="M500 676v14" stroke="#23384a" stroke-width="5" transform="rotate({index * 30} 500 756)"/>')
        canvas.put(f'<path d="M500 756V690" stroke="#b32a22" stroke-width="8" stroke-linecap="round" transform="rotate({thick * 1.2 - 170:.0f} 500 756)"/>')
        canvas.text(500, 800, shown, 34, "#23384a")
        canvas.path("M250 640H750L716 664H284Z", "#93a4ae")
        canvas.oval(500, 640, 270, 36, canvas.linear((0, "#eef2f4"), (1, "#a9b6bd"), x=1))
        gourd(canvas, 520, 626 - thick * 0.46, length, thick, angle=-3, seed=int(length))


_gourd_on_scale("bi-xanh-nho", CREAM, WOOD, 430, 160, "1,7 kg")
_gourd_on_scale("bi-xanh-vua", MIST, CLOTH_TABLE, 580, 200, "2,4 kg")
_gourd_on_scale("bi-xanh-to", PEACH, DARK_WOOD, 740, 250, "3,5 kg")


@picture("bi-xanh-gian", MINT)
def _trellis(canvas: Canvas) -> None:
    for x in (90, 500, 910):
        canvas.box(x - 14, 40, 28, 960, canvas.linear((0, "#c9a262"), (1, "#7a5a2c"), x=1, y=0), 10)
    for y in (90, 210):
        canvas.box(0, y, 1000, 22, canvas.linear((0, "#dcb878"), (1, "#8a6a34")), 8)
    for index, x in enumerate((250, 480, 720)):
        canvas.stroke(f"M{x} 110q-20 70 0 {150 + index * 20}", "#6d8a3a", 12)
        gourd(canvas, x, 560 + index % 2 * 60, 470, 165, angle=90, seed=index + 4)
    for x, y, turn in ((140, 140, 30), (330, 110, 130), (420, 240, 80), (600, 120, 60), (690, 230, 140), (850, 150, 40), (920, 250, 120), (60, 250, 60), (560, 60, 20), (200, 60, 10)):
        leaf(canvas, x, y, 190, turn, LEAF, width=0.8)
    for x, y in ((380, 150), (800, 110)):
        for index in range(5):
            canvas.put(f'<g transform="translate({x} {y}) rotate({index * 72})"><ellipse cx="0" cy="-26" rx="18" ry="28" fill="#f5c93a"/></g>')
        canvas.oval(x, y, 12, 12, "#b9801a")


def _tea_box(name: str, ground: str, table: str, high: float, count: str, colour: str) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        box(
            canvas,
            440,
            850,
            440,
            high,
            colour,
            lambda: label(canvas, 440, 850 - high * 0.5, 350, high * 0.78, "TRÀ BÍ THƠM", count, GREEN, lambda: gourd(canvas, 0, 10, 150, 56, angle=-32, seed=3)),
            depth=0.34,
        )
        _tea_bag(canvas, 800, 890)


def _tea_bag(canvas: Canvas, x: float, y: float) -> None:
    canvas.shadow(x, y, 70, 18, 0.4)
    canvas.path(f"M{x - 62} {y}L{x - 50} {y - 120}L{x} {y - 150}L{x + 50} {y - 120}L{x + 62} {y}Z", canvas.linear((0, "#fdfaf0"), (1, "#d9d2bc"), x=1))
    canvas.path(f"M{x - 50} {y - 8}L{x - 44} {y - 66}H{x + 44}L{x + 50} {y - 8}Z", "#8a7a34", opacity=0.55)
    canvas.stroke(f"M{x} {y - 150}q40 -70 80 -20", "#b9b09a", 3)
    canvas.box(x + 62, y - 172, 44, 44, GREEN, 4)


_tea_box("tra-bi-20", PEACH, CLOTH_TABLE, 300, "20 gói", "#c9a878")
_tea_box("tra-bi-30", MINT, WOOD, 430, "30 gói", "#7fa06a")
_tea_box("tra-bi-40", MIST, DARK_WOOD, 560, "40 gói", "#d9b45c")


@picture("tra-bi-tach", CREAM, WOOD)
def _gourd_tea(canvas: Canvas) -> None:
    bowl(canvas, 480, 530, 290, 270, "#e9ede6", lambda: surface(canvas, 480, 530, 290, "#d9b83e"), band="#5f9a6a")
    steam(canvas, 480, 470, 190)
    canvas.stroke("M640 560q120 -120 180 60", "#b9b09a", 4)
    canvas.box(796, 620, 62, 62, GREEN, 6)
    for x, y in ((220, 870), (330, 900)):
        gourd_slice(canvas, x, y, 72, tilt=0.62)


@picture("cai-meo", OAT)
def _mustard(canvas: Canvas) -> None:
    greens(canvas, 500, 920, 740)


@picture("cai-meo-ro", MIST, WOOD)
def _mustard_basket(canvas: Canvas) -> None:
    def leaves() -> None:
        for index, lean in enumerate((-44, 44, -22, 22, 0)):
            with canvas.moved(500 + lean * 3, 780, lean * 0.6):
                greens(canvas, 0, 0, 470, seed=index)

    basket(canvas, 500, 600, 340, 250, leaves, colour="#c99f5a")


@picture("cai-ngong", SAND)
def _flowering(canvas: Canvas) -> None:
    greens(canvas, 500, 920, 720, flowers=True, curly=False, seed=5, colour="#4a9a48")


@picture("cai-ngong-luoc", SAGE, DARK_WOOD)
def _boiled(canvas: Canvas) -> None:
    plate(canvas, 500, 700, 430, 190, rim="#3f7d6e")
    with canvas.moved(690, 660, -78, 0.82):
        greens(canvas, 0, 0, 620, flowers=True, curly=False, seed=8, colour="#5aa548")
    bowl(canvas, 800, 820, 130, 90, "#f0ece0", lambda: surface(canvas, 800, 820, 130, "#7a4a1e"), band=RED)


@picture("mang-vau", MIST, WOOD)
def _slabs(canvas: Canvas) -> None:
    tray(canvas, 500, 650, 430, 260)
    for index in range(9):
        bamboo_slab(canvas, 290 + index % 3 * 200, 550 + index // 3 * 92, 350, 125, angle=-32 + index * 23 % 64, seed=index)


@picture("mang-vau-500", SAND, CLOTH_TABLE)
def _slab_pack(canvas: Canvas) -> None:
    def inside() -> None:
        for index in range(6):
            bamboo_slab(canvas, -10 + index % 2 * 30, -180 + index * 72, 400, 120, angle=-10 + index * 9, seed=index)

    vacuum_pack(canvas, 490, 500, 500, 600, inside, angle=-4)
    label(canvas, 500, 560, 250, 200, "MĂNG KHÔ VẦU", "500 g", "#7a4a1e")


@picture("mang-vau-1kg", PEACH, DARK_WOOD)
def _slab_packs(canvas: Canvas) -> None:
    def inside() -> None:
        for index in range(7):
            bamboo_slab(canvas, -20 + index % 2 * 40, -210 + index * 70, 420, 130, angle=80 + index * 7, seed=index + 9)

    for x, y, turn in ((380, 470, -9), (600, 530, 6)):
        vacuum_pack(canvas, x, y, 500, 640, inside, angle=turn)
    label(canvas, 610, 620, 280, 210, "MĂNG KHÔ VẦU", "1 kg", "#7a4a1e")


@picture("mang-nua", SAGE)
def _shreds(canvas: Canvas) -> None:
    canvas.shadow(500, 770, 420, 70)
    banana_leaf(canvas, 500, 680, 880, 350, -7)
    tangle(canvas, 500, 700, 620, 250, 300, _SHREDS, fine=7, curl=0.6)


def _shred_pouch(name: str, ground: str, table: str, size: float, weight: str) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        scale = 0.4 + 0.72 * size
        width, high = 420 * scale, 560 * scale
        pouch(
            canvas,
            470,
            860,
            width,
            high,
            KRAFT,
            lambda: label(canvas, 470, 860 - high * 0.52, width * 0.7, high * 0.52, "MĂNG NỨA|XÉ SỢI", weight, "#7a4a1e", lambda: tangle(canvas, 0, 40, 150, 60, 50, _SHREDS, fine=5, curl=0.4)),
        )
        tangle(canvas, 830, 880, 220, 70, 70, _SHREDS, fine=6, seed=5)


_shred_pouch("mang-nua-250", CREAM, WOOD, 0.92, "250 g")
_shred_pouch("mang-nua-500", MIST, CANE, 1.25, "500 g")
