"""Pictures of where the cooperatives are, and of who stands for them."""

from __future__ import annotations

from random import Random

from shop.management.demo.illustrations.canvas import Canvas
from shop.management.demo.illustrations.catalogue import CREAM, MINT, MIST, OAT, PEACH, ROSE, SAGE, SAND, picture
from shop.management.demo.illustrations.cloth import DIAMOND, INDIGO_CLOTH, RED_CLOTH, STAR, cloth
from shop.management.demo.illustrations.garden import gourd
from shop.management.demo.illustrations.heaps import noodle_bundle
from shop.management.demo.illustrations.land import bamboo, boat, cloud, drying_rack, hive, lake, meadow, palm, ridge, round_tray, sky, stilt_house, tea_rows, terraces, tree, walker
from shop.management.demo.illustrations.pantry import dried_persimmon, sausage
from shop.management.demo.illustrations.people import Person, person
from shop.management.demo.illustrations.plants import leaf, mandarin

_WIDE = (1200, 480)


@picture("noi-thien-an", MIST, horizon=0, size=_WIDE)
def _na_it(canvas: Canvas) -> None:
    sky(canvas, "#bcd6e3", "#f3ecd8", sun=(980, 90))
    cloud(canvas, 250, 90, 150)
    ridge(canvas, 260, 150, "#a9c6c4", 3)
    ridge(canvas, 310, 110, "#7fa89a", 8)
    meadow(canvas, 330, "#86b05a")
    stilt_house(canvas, 380, 400, 190, smoke=True)
    palm(canvas, 190, 400, 210)
    for index, (scheme, motif) in enumerate(((INDIGO_CLOTH, STAR), (RED_CLOTH, DIAMOND), (INDIGO_CLOTH, DIAMOND))):
        with canvas.moved(690 + index * 120, 300):
            cloth(canvas, 96, 110, scheme, motif, size=3.2)
            canvas.box(0, 0, 96, 110, canvas.linear((0, "#ffffff", 0.2), (1, "#0a0a20", 0.25), x=1))
    canvas.box(660, 290, 400, 10, "#8a672f", 4)
    for x in (664, 1048):
        canvas.box(x, 286, 10, 150, "#6b4a2c", 3)
    for x, tone in ((620, "#8a4a24"), (760, "#6d7a3c"), (900, "#d9a83a")):
        round_tray(canvas, x, 446, 58, tone)
    walker(canvas, 560, 430, 110, "#1d2750", hat=False)
    walker(canvas, 1110, 440, 116, "#1d2750", hat=False, load="#6d7a3c")


@picture("noi-yen-duong", SAGE, horizon=0, size=_WIDE)
def _ba_be(canvas: Canvas) -> None:
    sky(canvas, "#c4dbe4", "#f0ead2", sun=(250, 100))
    ridge(canvas, 270, 190, "#b3cdc9", 5, karst=True)
    ridge(canvas, 290, 140, "#86ad9f", 9, karst=True)
    lake(canvas, 285)
    boat(canvas, 420, 370, 110)
    shore = "M640 480C700 360 900 330 1200 320V480Z"
    canvas.path(shore, canvas.linear((0, "#9cc270"), (1, "#5f9044")))
    for x in (820, 930, 1040, 1150):
        canvas.box(x - 5, 220, 10, 190, "#8a672f", 3)
    for y in (226, 262):
        canvas.box(800, y, 400, 8, "#c99f5a", 3)
    for index in range(9):
        leaf(canvas, 812 + index * 45, 228 + index % 2 * 22, 60, 60 + index * 17 % 60, width=0.8)
    for index, x in enumerate((872, 985, 1096)):
        gourd(canvas, x, 320, 110, 40, angle=90, seed=index)
    walker(canvas, 770, 450, 116, "#22305e", hat=True, load="#3f8a45")


@picture("noi-tai-hoan", CREAM, horizon=0, size=_WIDE)
def _con_minh(canvas: Canvas) -> None:
    sky(canvas, "#cfdfe6", "#f6e6c4", sun=(600, 80))
    ridge(canvas, 250, 140, "#b5c7b9", 14)
    ridge(canvas, 300, 90, "#8fae86", 2)
    meadow(canvas, 310, "#b9b86a")
    stilt_house(canvas, 950, 360, 150)
    for row, (y, width) in enumerate(((380, 330), (462, 400))):
        for index in range(3):
            drying_rack(canvas, -40 + row * 60 + index * (width + 30), y, width, "#e6dfc8")
    walker(canvas, 500, 400, 96, "#8a3a30")
    walker(canvas, 1110, 450, 112, "#3f5f8f")


@picture("noi-tan-thanh", SAND, horizon=0, size=_WIDE)
def _turmeric_field(canvas: Canvas) -> None:
    sky(canvas, "#d6e2e0", "#f8e3ba", sun=(180, 90))
    ridge(canvas, 240, 150, "#b9c9b0", 21)
    ridge(canvas, 290, 90, "#93ae7c", 6)
    field = meadow(canvas, 300, "#a8743e")
    with canvas.inside(field):
        for row in range(6):
            y = 318 + row * 32
            for index in range(26 - row * 2):
                x = index * (50 + row * 6) + row * 13
                for turn in (-115, -90, -65):
                    leaf(canvas, x, y, 40 + row * 7, turn, "#4f9a46", width=0.3, veins=2)
    walker(canvas, 340, 420, 120, "#3f7d8f")
    walker(canvas, 860, 440, 130, "#b5486a", load="#d98a2e")
    round_tray(canvas, 600, 448, 76, "#e08a1c")


@picture("noi-thuong-quan", MINT, horizon=0, size=_WIDE)
def _highland(canvas: Canvas) -> None:
    sky(canvas, "#b9d2de", "#eef0dc")
    ridge(canvas, 220, 170, "#9fb9bd", 31)
    cloud(canvas, 300, 190, 420, 0.75)
    cloud(canvas, 900, 210, 500, 0.7)
    ridge(canvas, 300, 90, "#7fa184", 12)
    terraces(canvas, 360, 250, 900, 240, ripe=0.25, seed=4)
    terraces(canvas, 1000, 280, 760, 220, ripe=0.45, seed=7)
    stilt_house(canvas, 640, 330, 110, smoke=True)
    bamboo(canvas, 1120, 400, 260, 5)
    bamboo(canvas, 60, 420, 240, 8)
    walker(canvas, 480, 460, 96, "#4a3a5a", hat=False, load="#c9b26a")


@picture("noi-quyt", PEACH, horizon=0, size=_WIDE)
def _orchard(canvas: Canvas) -> None:
    sky(canvas, "#cfe0e6", "#fbe6c8", sun=(1020, 80))
    ridge(canvas, 260, 130, "#b0c8b8", 17)
    meadow(canvas, 300, "#8fb55a")
    for row, (y, size) in enumerate(((330, 130), (390, 180), (470, 250))):
        for index in range(8 - row * 2):
            tree(canvas, 60 + row * 70 + index * (165 + row * 62), y, size, "#3f7d3c", fruit="#f0861c", seed=row)
    walker(canvas, 560, 462, 120, "#22305e", load="#f0861c")
    for x in (650, 720):
        round_tray(canvas, x, 450, 48, "#f0861c")


@picture("noi-gao", CREAM, horizon=0, size=_WIDE)
def _golden_terraces(canvas: Canvas) -> None:
    sky(canvas, "#d9dfdc", "#fbe2ac", sun=(620, 100))
    ridge(canvas, 240, 130, "#c4c9ac", 23)
    ridge(canvas, 280, 80, "#a8b583", 4)
    terraces(canvas, 250, 240, 860, 260, ripe=0.85, seed=2)
    terraces(canvas, 930, 230, 900, 270, ripe=1.0, seed=9)
    stilt_house(canvas, 560, 300, 120)
    stilt_house(canvas, 700, 290, 84)
    for x in (380, 470, 830):
        walker(canvas, x, 430, 84, "#8a3a30", load="#e3b84a")


@picture("noi-hong", ROSE, horizon=0, size=_WIDE)
def _persimmon_house(canvas: Canvas) -> None:
    sky(canvas, "#c9d9e0", "#f9e2cf")
    ridge(canvas, 270, 180, "#adc3be", 41, karst=True)
    meadow(canvas, 330, "#a9b06a")
    for x, size in ((120, 240), (300, 170), (1090, 230)):
        tree(canvas, x, 430, size, "#b0742e", fruit="#e8701c", seed=4)
    canvas.box(470, 150, 480, 16, "#8a672f", 6)
    for x in (480, 932):
        canvas.box(x, 150, 14, 280, "#6b4a2c", 4)
    for index in range(9):
        x = 520 + index * 48
        canvas.stroke(f"M{x} 166V380", "#c9a873", 3)
        for row in range(4):
            dried_persimmon(canvas, x, 200 + row * 54, 44, seed=index * 4 + row, frost=False)
    walker(canvas, 430, 446, 124, "#22305e")
    round_tray(canvas, 1000, 446, 66, "#e8871f")


@picture("noi-che", SAGE, horizon=0, size=_WIDE)
def _tea_hills(canvas: Canvas) -> None:
    sky(canvas, "#bed6dc", "#eef0d6", sun=(900, 90))
    ridge(canvas, 230, 170, "#9fbcb8", 51)
    cloud(canvas, 520, 190, 460, 0.8)
    tea_rows(canvas, 250, 220, 900, 300, seed=2)
    tea_rows(canvas, 980, 240, 860, 280, seed=5)
    tea_rows(canvas, 620, 300, 760, 240, seed=8)
    for x, y in ((330, 400), (700, 430), (960, 420)):
        walker(canvas, x, y, 100, "#22305e", load="#7fae4a")
    tree(canvas, 1120, 330, 150, "#3f7d46")


@picture("noi-bep-khoi", OAT, horizon=0, size=_WIDE)
def _smokehouse(canvas: Canvas) -> None:
    sky(canvas, "#c9d3d6", "#f0dfc4")
    ridge(canvas, 250, 150, "#a9b9ae", 61)
    meadow(canvas, 330, "#93a85c")
    stilt_house(canvas, 300, 410, 230, smoke=True)
    canvas.box(620, 190, 460, 230, canvas.linear((0, "#6b4a34"), (1, "#3a2418"), x=1))
    canvas.path("M590 200L850 90L1110 200Z", canvas.linear((0, "#8a6f55"), (1, "#5a4434")))
    canvas.box(650, 230, 400, 10, "#c99a5a", 4)
    for index in range(10):
        sausage(canvas, (672 + index * 40, 246), (674 + index * 40, 346), 24, seed=index, string=False)
    canvas.path("M790 420Q780 380 830 370Q850 340 870 372Q920 384 910 420Z", canvas.linear((0, "#ffd34a"), (1, "#c8341c")))
    rng = Random(4)
    for index in range(5):
        x, y = 420 + index * 44 + rng.uniform(-10, 10), 444 + rng.uniform(-12, 14)
        canvas.oval(x, y, 20, 14, ("#a8481c", "#d9a23a", "#5a3a24")[index % 3])
        canvas.oval(x + 16, y - 14, 8, 8, "#a8481c")
        canvas.path(f"M{x + 22:.0f} {y - 15:.0f}l10 3 -10 4Z", "#f0b23a")
        canvas.oval(x + 16, y - 23, 5, 4, "#d8322c")
    walker(canvas, 1130, 450, 128, "#22305e", hat=False)


@picture("noi-mat-ong", SAND, horizon=0, size=_WIDE)
def _apiary(canvas: Canvas) -> None:
    sky(canvas, "#c4dbe0", "#f6edcc", sun=(220, 90))
    ridge(canvas, 250, 150, "#a0bfa8", 71)
    for index in range(11):
        tree(canvas, 40 + index * 118, 330 + index % 2 * 14, 190 + index * 37 % 60, ("#3f7d46", "#4f8f4a", "#336b3c")[index % 3], fruit="#f3e2a4" if index % 3 == 0 else "", seed=index)
    meadow(canvas, 340, "#9cc068", bow=20)
    for index, (x, y, size) in enumerate(((180, 410, 110), (360, 400, 100), (560, 420, 120), (760, 402, 104), (960, 424, 124))):
        hive(canvas, x, y, size, ("#5d8aa8", "#d9a23a", "#7fa06a", "#c8745a", "#5d8aa8")[index])
    rng = Random(5)
    for _ in range(60):
        spot = rng.uniform(0, 1200), rng.uniform(430, 476)
        canvas.oval(*spot, 5, 4, rng.choice(("#ffffff", "#f6cf2e", "#e88aa8")))
    walker(canvas, 1080, 450, 130, "#e9e4d0")


def _faces(name: str, ground: str, people: tuple[Person, ...], thing: str = "") -> None:
    @picture(name, ground, size=(800, 800))
    def _paint(canvas: Canvas) -> None:
        if len(people) == 1:
            person(canvas, 400, 470, 330, people[0])
        else:
            person(canvas, 200 if len(people) > 2 else 250, 410, 230, people[1])
            if len(people) > 2:
                person(canvas, 610, 410, 230, people[2])
            person(canvas, 400 if len(people) > 2 else 530, 540, 260, people[0])
        _held(canvas, thing)


def _held(canvas: Canvas, thing: str) -> None:
    """Paint the goods that a person holds, at the foot of the picture."""
    if thing == "mandarins":
        for index, x in enumerate((280, 400, 520)):
            mandarin(canvas, x, 740 - index % 2 * 30, 70, index + 3, leaves=index % 2)
    elif thing == "gourd":
        gourd(canvas, 420, 720, 460, 130, angle=-8, seed=3)
    elif thing == "noodles":
        noodle_bundle(canvas, 400, 720, 460, 110, angle=-5, seed=3)
    elif thing == "cloth":
        with canvas.moved(180, 640, -3):
            cloth(canvas, 440, 200, RED_CLOTH, STAR, size=7)
    elif thing == "tea":
        for index in range(11):
            leaf(canvas, 300 + index * 22, 780, 120, -140 + index * 10, "#5f9f42", width=0.4)


_faces("mat-thien-an", SAGE, (Person("dao", "dao", age=0.45), Person("dao", "dao", age=0.75, skin="#cf9666"), Person("dao", "dao", age=0.1, skin="#e0ac7c")), "cloth")
_faces("mat-yen-duong", MIST, (Person("tay", "tay", age=0.4),), "gourd")
_faces("mat-tai-hoan", CREAM, (Person("bare", "shirt", age=0.35, colour="#8a3a5a"),), "noodles")
_faces("mat-tan-thanh", PEACH, (Person("bare", "shirt", is_man=True, age=0.5, colour="#3f7d8f"), Person("nung", "tay", age=0.3)))
_faces("mat-thuong-quan", MINT, (Person("nung", "tay", age=0.55, skin="#cf9666"),))
_faces("mat-quyt", SAND, (Person("hat", "shirt", age=0.3, colour="#b5486a"),), "mandarins")
_faces("mat-gao", OAT, (Person("cap", "vest", is_man=True, age=0.7, hair="#8a8580", skin="#c98f60"), Person("hat", "shirt", age=0.5, colour="#5d7a4a")))
_faces("mat-hong", ROSE, (Person("tay", "tay", age=0.7, skin="#cf9666"), Person("bare", "shirt", age=0.1, colour="#c8745a")))
_faces("mat-che", MIST, (Person("dao", "dao", age=0.2, skin="#e0ac7c"),), "tea")
_faces("mat-bep-khoi", CREAM, (Person("bare", "vest", is_man=True, age=0.3, skin="#c98f60"), Person("tay", "tay", age=0.35)))
_faces("mat-mat-ong", SAGE, (Person("cap", "shirt", is_man=True, age=0.45, colour="#d9b23e"),))
