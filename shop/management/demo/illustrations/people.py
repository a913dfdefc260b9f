"""Portraits of the cooperatives' people: faces, hair, headscarves and hats."""

from __future__ import annotations

from dataclasses import dataclass

from shop.management.demo.illustrations.canvas import Canvas, darker, lighter
from shop.management.demo.illustrations.cloth import DIAMOND, HOOKS, RED, STAR, WHITE, YELLOW, ZIGZAG, stitches


@dataclass(frozen=True, slots=True)
class Person:
    """How a person looks. `head` is dao, tay, nung, hat, cap or bare. `coat` is dao, tay, shirt or vest."""

    head: str
    coat: str
    skin: str = "#d9a070"
    hair: str = "#2b1f22"
    is_man: bool = False
    age: float = 0.4
    colour: str = "#24356b"
    turn: float = 0


def person(canvas: Canvas, x: float, y: float, size: float, who: Person) -> None:
    """Paint a person from the chest up. (x, y) is the chin, and `size` the height of the face."""
    with canvas.moved(x, y, 0, size / 300):
        _hair_behind(canvas, who)
        _shoulders(canvas, who)
        with canvas.moved(0, 0, who.turn):
            _face(canvas, who)
            _head(canvas, who)


def _shoulders(canvas: Canvas, who: Person) -> None:
    skin = who.skin
    canvas.path("M-66 -70L-74 90H74L66 -70Z", canvas.linear((0, darker(skin, 0.32)), (0.5, darker(skin, 0.12)), (1, skin)))
    coat = {"dao": "#1d2750", "tay": "#22305e", "shirt": who.colour, "vest": "#8a9a78"}[who.coat]
    body = "M-330 760L-320 420C-318 220 -262 120 -130 76L-74 52C-40 110 40 110 74 52L130 76C262 120 318 220 320 420L330 760Z"
    canvas.path(body, canvas.linear((0, lighter(coat, 0.25)), (0.45, coat), (1, darker(coat, 0.4)), x=0.9, y=0.8))
    with canvas.inside(body):
        if who.coat == "dao":
            for side in (-1, 1):
                canvas.path(f"M{side * 74} 52L{side * 20} 430H{side * 86}L{side * 128} 76Z", RED)
                for index in range(11):
                    down = 80 + index * 32
                    canvas.path(f"M{side * (92 - index * 3.4)} {down}l14 14 -14 14 -14 -14Z", YELLOW if index % 2 else WHITE)
            for index in range(4):
                canvas.oval(0, 190 + index * 64, 26, 26, canvas.radial((0, "#ffffff"), (0.6, "#cfd4da"), (1, "#7f8a94")))
            brocade, high = stitches(canvas, DIAMOND, 5, "#141c3e")
            with canvas.moved(-330, 330):
                canvas.box(0, 0, 660, high, brocade)
        elif who.coat == "tay":
            canvas.stroke("M-2 90C40 170 90 240 110 430", lighter(coat, 0.45), 5, opacity=0.7)
            canvas.path("M-80 46C-50 120 50 120 80 46L104 66C70 150 -70 150 -104 66Z", "#3f5fa0")
            for index in range(3):
                canvas.oval(30 + index * 26, 170 + index * 76, 10, 10, "#e6cf8a")
            canvas.stroke("M-92 60C-60 176 60 176 92 60", "#dfe4e8", 10)
        elif who.coat == "shirt":
            canvas.path("M-80 50L0 150L80 50L112 70L40 200L0 160L-40 200L-112 70Z", lighter(coat, 0.35))
            for index in range(3):
                canvas.oval(0, 220 + index * 70, 9, 9, lighter(coat, 0.7))
        else:
            canvas.path("M-80 50L0 150L80 50L96 60L30 430H-30L-96 60Z", "#e9ecef")
            for index in range(3):
                canvas.box(90, 250 + index * 40, 120, 4, darker(coat, 0.3))
        canvas.path(body, canvas.linear((0, "#ffffff", 0.08), (0.5, "#ffffff", 0), (1, "#0a0a20", 0.35), x=1, y=0.5))


def _hair_behind(canvas: Canvas, who: Person) -> None:
    if who.head in ("bare", "hat") and not who.is_man:
        canvas.path("M-128 -250C-176 -120 -166 10 -112 70H112C166 10 176 -120 128 -250Z", darker(who.hair, 0.1))


def _face(canvas: Canvas, who: Person) -> None:
    skin = who.skin
    for side in (-1, 1):
        canvas.oval(side * 118, -132, 20, 34, canvas.linear((0, skin), (1, darker(skin, 0.25))))
        if not who.is_man:
            canvas.put(f'<circle cx="{side * 122}" cy="-92" r="13" fill="none" stroke="#cfd4da" stroke-width="5"/>')
    jaw = 100 if who.is_man else 92
    outline = f"M-120 -170C-126 -300 126 -300 120 -170C122 -90 {jaw} -20 44 2C16 12 -16 12 -44 2C{-jaw} -20 -122 -90 -120 -170Z"
    canvas.path(outline, canvas.radial((0, lighter(skin, 0.35)), (0.6, skin), (1, darker(skin, 0.25)), cx=0.42, cy=0.4, r=0.7))
    for side in (-1, 1):
        canvas.oval(side * 66, -88, 30, 20, canvas.radial((0, "#d9604a", 0.4), (1, "#d9604a", 0), cx=0.5, cy=0.5, r=0.5))
        _eye(canvas, side, who)
    canvas.stroke("M-6 -134C-16 -100 -22 -88 -12 -82C-4 -78 6 -78 14 -84", darker(skin, 0.38), 5, opacity=0.8)
    lips = "#b5503f" if not who.is_man else darker(skin, 0.35)
    canvas.path("M-46 -60C-20 -48 20 -48 46 -60C34 -16 -34 -16 -46 -60Z", "#7a2a26")
    canvas.path("M-42 -58C-20 -48 20 -48 42 -58C32 -38 -32 -38 -42 -58Z", "#fdf6ec")
    canvas.stroke("M-50 -64C-24 -48 24 -48 50 -64M-34 -34C-16 -22 16 -22 34 -34", lips, 6)
    fold = min(0.7, who.age)
    for side in (-1, 1):
        canvas.stroke(f"M{side * 46} -92q{side * 20} 18 {side * 12} 46", darker(skin, 0.35), 4, opacity=fold)
        if who.age > 0.5:
            for spot in (-1, 0, 1):
                canvas.stroke(f"M{side * 88} {-146 + spot * 8}l{side * 20} {spot * 8 - 4}", darker(skin, 0.35), 3, opacity=0.6)
    if who.age > 0.6:
        for spot in range(2):
            canvas.stroke(f"M-56 {-208 - spot * 18}q56 -12 112 0", darker(skin, 0.3), 3, opacity=0.5)


def _eye(canvas: Canvas, side: int, who: Person) -> None:
    canvas.path(f"M{side * 28} -142C{side * 42} -160 {side * 66} -160 {side * 84} -144C{side * 66} -134 {side * 44} -134 {side * 28} -142Z", "#fffaf0")
    canvas.oval(side * 56, -147, 12, 11, "#3a2218")
    canvas.oval(side * 56 - 4, -151, 3.6, 3.6, "#ffffff")
    canvas.stroke(f"M{side * 26} -142C{side * 42} -162 {side * 68} -162 {side * 88} -145", "#2b1a1c", 6)
    brow = darker(who.hair, 0.1)
    canvas.stroke(f"M{side * 26} -182Q{side * 58} -198 {side * 92} -178", brow, 9 if who.is_man else 6, opacity=0.9)


def _head(canvas: Canvas, who: Person) -> None:
    fringe = "M-126 -150C-140 -300 -80 -322 0 -322S140 -300 126 -150C116 -220 70 -254 {0} -262C-40 -262 -104 -226 -126 -150Z"
    hair = canvas.linear((0, lighter(who.hair, 0.22)), (1, who.hair), x=1, y=1)
    if who.head in ("dao", "tay", "nung"):
        canvas.path(fringe.format(30), hair)
        {"dao": _dao_scarf, "tay": _tay_scarf, "nung": _nung_scarf}[who.head](canvas)
    elif who.head == "hat":
        canvas.path(fringe.format(20), hair)
        straw = "#e3c584"
        canvas.path("M-300 -206Q0 -120 300 -206L20 -440Q0 -452 -20 -440Z", canvas.linear((0, lighter(straw, 0.45)), (0.45, straw), (1, darker(straw, 0.35)), x=1, y=0.5))
        for index in range(1, 6):
            share = index / 6
            canvas.stroke(f"M{-300 * share} {-446 + 240 * share}Q0 {-446 + 326 * share} {300 * share} {-446 + 240 * share}", darker(straw, 0.25), 3, opacity=0.5)
        canvas.path("M-300 -206Q0 -120 300 -206Q0 -156 -300 -206Z", darker(straw, 0.45))
        canvas.stroke("M-112 -166C-100 -40 -60 24 0 40S100 -40 112 -166", "#b5486a", 9)
    elif who.head == "cap":
        canvas.path("M-124 -170C-130 -220 -120 -250 -110 -260H110C120 -250 130 -220 124 -170L108 -200H-108Z", hair)
        cap = "#3f5a44"
        canvas.path("M-134 -214C-140 -340 140 -340 134 -214Q0 -250 -134 -214Z", canvas.radial((0, lighter(cap, 0.4)), (1, darker(cap, 0.3)), cx=0.35, cy=0.2))
        canvas.path("M-132 -220Q0 -262 132 -220L160 -190Q0 -236 -150 -192Z", darker(cap, 0.25))
    else:
        canvas.path("M-128 -150C-146 -310 -70 -334 10 -332S146 -290 126 -150C120 -200 108 -224 92 -240C50 -214 -40 -220 -84 -246C-106 -222 -118 -196 -128 -150Z", hair)
        if not who.is_man:
            canvas.oval(0, -340, 56, 44, hair)


def _dao_scarf(canvas: Canvas) -> None:
    """Paint the indigo turban of the Dao, its embroidered ends and red tufts."""
    cloth = "M-146 -214C-190 -330 -90 -400 0 -400S190 -330 146 -214C90 -274 -90 -274 -146 -214Z"
    canvas.path(cloth, canvas.linear((0, "#33447f"), (0.5, "#1f2c5c"), (1, "#121a3a"), x=1))
    with canvas.inside(cloth):
        for index, (motif, size) in enumerate(((HOOKS, 6), (STAR, 4))):
            brocade, high = stitches(canvas, motif, size, RED if index == 0 else "#18234b", (("r", "y"),) if index == 0 else ())
            with canvas.moved(-200, -300 - index * 74):
                canvas.box(0, 0, 400, high, brocade)
        canvas.path(cloth, canvas.radial((0, "#ffffff", 0.2), (0.6, "#ffffff", 0), (1, "#0a0a20", 0.5), cx=0.4, cy=0.2))
    for side in (-1, 1):
        for index in range(5):
            canvas.oval(side * (150 - index % 2 * 16), -236 + index * 26, 22, 18, canvas.radial((0, "#e8584a"), (1, "#9a1f1a")))


def _tay_scarf(canvas: Canvas) -> None:
    """Paint the indigo headscarf of the Tày, folded to a point above the brow."""
    canvas.path(
        "M-150 -160C-176 -330 -70 -378 0 -386S176 -330 150 -160C160 -40 150 20 130 60L100 20C124 -60 128 -140 118 -190L0 -290L-118 -190C-128 -140 -124 -60 -100 20L-130 60C-150 20 -160 -40 -150 -160Z",
        canvas.linear((0, "#3d5190"), (0.5, "#22305e"), (1, "#121a3a"), x=1, y=0.6),
    )
    canvas.stroke("M-118 -190L0 -290L118 -190", "#5d74b5", 7)
    canvas.stroke("M-96 -300Q0 -360 96 -300", "#4a60a4", 5, opacity=0.7)


def _nung_scarf(canvas: Canvas) -> None:
    """Paint a dark scarf wound around the head with a coloured edge."""
    canvas.path("M-140 -206C-180 -330 -80 -376 0 -376S180 -330 140 -206C80 -262 -80 -262 -140 -206Z", canvas.linear((0, "#4a3a5a"), (1, "#1f1828"), x=1))
    edge, high = stitches(canvas, ZIGZAG, 4, "#2a2036", gap=0)
    with canvas.inside("M-144 -204C-80 -268 80 -268 144 -204L140 -240C80 -300 -80 -300 -140 -240Z"), canvas.moved(-150, -290):
        canvas.box(0, 0, 300, high * 3, edge)
    for index in range(3):
        canvas.stroke(f"M{-130 + index * 12} {-280 - index * 30}Q0 {-330 - index * 22} {130 - index * 12} {-280 - index * 30}", "#6a5a7a", 5, opacity=0.5)
