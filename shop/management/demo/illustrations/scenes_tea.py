"""Pictures of Shan tea."""

from __future__ import annotations

from random import Random

from shop.management.demo.illustrations.canvas import Canvas
from shop.management.demo.illustrations.catalogue import CANE, CLOTH_TABLE, CREAM, DARK_WOOD, LILAC, MINT, MIST, OAT, PEACH, ROSE, SAGE, SAND, SLATE, WOOD, picture
from shop.management.demo.illustrations.cloth import GREEN, RED
from shop.management.demo.illustrations.garden import tea_sprig
from shop.management.demo.illustrations.heaps import Grain, bud, heap, tea
from shop.management.demo.illustrations.packs import KRAFT, box, label, pouch, vacuum_pack
from shop.management.demo.illustrations.vessels import bowl, glass, plate, steam, surface

GREEN_TEA = tea(("#3a4a2a", "#4a5a34", "#5c6a44", "#2c3820", "#8a9470"))
ROAST_TEA = tea(("#3a3f26", "#4c4a2c", "#2b2e1c", "#6a6238"), 46, 7)
BLACK_TEA = tea(("#2a1a12", "#3c2418", "#54301c", "#1d120e", "#8a5a2a"), 38, 6)


@picture("che-bup-trang", SAGE)
def _white_tips(canvas: Canvas) -> None:
    canvas.shadow(460, 800, 380, 70)
    heap(canvas, 450, 770, 660, 300, bud, 420, "#6a7654", seed=2, spilt=8)
    tea_sprig(canvas, 780, 560, 380, -84)


@picture("che-bup-trang-chen", MIST, WOOD)
def _white_cup(canvas: Canvas) -> None:
    bowl(canvas, 470, 560, 280, 260, "#dfe8e2", lambda: surface(canvas, 470, 560, 280, "#d9c05a"), band="#6f9a86")
    steam(canvas, 470, 500, 190)
    rng = Random(3)
    for x, y in ((720, 870), (790, 830), (840, 890), (200, 880), (270, 900)):
        bud(canvas, x, y, rng, size=90)


def _tea_pouch(name: str, ground: str, table: str, title: str, weight: str, size: float, colour: str, ink: str, grain: Grain, base: str) -> None:
    @picture(name, ground, table)
    def _paint(canvas: Canvas) -> None:
        scale = 0.4 + 0.72 * size
        width, high = 400 * scale, 540 * scale
        pouch(canvas, 440, 860, width, high, colour, lambda: label(canvas, 440, 860 - high * 0.5, width * 0.7, high * 0.56, title, weight, ink, lambda: tea_sprig(canvas, 0, 84, 170, -90)))
        heap(canvas, 810, 890, 270, 100, grain, 90, base, seed=int(size * 100))


_tea_pouch("che-bup-trang-100", PEACH, CLOTH_TABLE, "CHÈ SHAN TUYẾT|BÚP TRẮNG", "100 g", 0.95, "#d5dcc8", GREEN, bud, "#6a7654")
_tea_pouch("che-bup-trang-200", CREAM, DARK_WOOD, "CHÈ SHAN TUYẾT|BÚP TRẮNG", "200 g", 1.24, "#b9c7a8", GREEN, bud, "#6a7654")


@picture("che-bup-trang-hop", LILAC, WOOD)
def _white_box(canvas: Canvas) -> None:
    box(canvas, 430, 860, 460, 480, "#2f5a40", lambda: label(canvas, 430, 620, 350, 370, "CHÈ SHAN TUYẾT|BÚP TRẮNG", "500 g", GREEN, lambda: tea_sprig(canvas, 0, 84, 170, -90)))
    heap(canvas, 830, 900, 230, 80, bud, 60, "#6a7654", seed=5)


@picture("che-mot-tom", MINT)
def _one_bud(canvas: Canvas) -> None:
    bowl(canvas, 400, 560, 260, 240, "#c9dcd6", lambda: surface(canvas, 400, 560, 260, "#b9a23a"), band="#3f7d6e")
    steam(canvas, 400, 510, 170)
    tea_sprig(canvas, 760, 700, 460, -82)
    heap(canvas, 770, 850, 340, 110, GREEN_TEA, 130, "#2f3a22", seed=4, spilt=5)


_tea_pouch("che-mot-tom-100", SAND, WOOD, "CHÈ SHAN|MỘT TÔM HAI LÁ", "100 g", 0.9, "#8fae78", "#2a5a34", GREEN_TEA, "#2f3a22")
_tea_pouch("che-mot-tom-250", MIST, CANE, "CHÈ SHAN|MỘT TÔM HAI LÁ", "250 g", 1.1, "#7d9f68", "#2a5a34", GREEN_TEA, "#2f3a22")
_tea_pouch("che-mot-tom-500", ROSE, DARK_WOOD, "CHÈ SHAN|MỘT TÔM HAI LÁ", "500 g", 1.34, "#6a8d58", "#2a5a34", GREEN_TEA, "#2f3a22")


@picture("hong-tra", PEACH, WOOD)
def _black_tea(canvas: Canvas) -> None:
    plate(canvas, 400, 850, 250, 60, rim="#b32a22")
    glass(canvas, 400, 850, 300, 340, "#a8401a")
    steam(canvas, 400, 470, 160)
    heap(canvas, 760, 860, 380, 140, BLACK_TEA, 190, "#24160e", seed=3, spilt=5)


_tea_pouch("hong-tra-100", OAT, CLOTH_TABLE, "HỒNG TRÀ SHAN", "100 g", 0.96, "#8a3a30", RED, BLACK_TEA, "#24160e")
_tea_pouch("hong-tra-250", SAGE, SLATE, "HỒNG TRÀ SHAN", "250 g", 1.28, "#6f2a26", RED, BLACK_TEA, "#24160e")


@picture("che-sao-suot", CREAM, DARK_WOOD)
def _pan_roast(canvas: Canvas) -> None:
    canvas.shadow(500, 790, 430, 100, 0.5)
    for x, turn in ((330, -24), (500, 4), (650, 22)):
        with canvas.moved(x, 850, turn):
            canvas.box(-120, -20, 240, 44, canvas.linear((0, "#8a5a34"), (1, "#4a2c18")), 16)
    for x, high in ((360, 100), (450, 140), (540, 120), (630, 90)):
        canvas.path(
            f"M{x - 40} 850Q{x - 50} {850 - high * 0.6} {x} {850 - high}Q{x + 50} {850 - high * 0.6} {x + 40} 850Z", canvas.linear((0, "#ffd34a"), (0.6, "#f0862a"), (1, "#c8341c")), opacity=0.85
        )
    canvas.path("M110 560C130 760 330 800 500 800S870 760 890 560Z", canvas.linear((0, "#4a4444"), (0.4, "#2a2626"), (1, "#151313"), x=1, y=0.4))
    canvas.oval(500, 560, 390, 120, canvas.linear((0, "#6a6464"), (1, "#2a2626"), x=1))
    canvas.oval(500, 566, 360, 104, "#1d1a1a")
    heap(canvas, 500, 600, 560, 130, ROAST_TEA, 330, "#23261a", seed=6)
    steam(canvas, 500, 470, 200)


_tea_pouch("che-sao-suot-200", MINT, WOOD, "CHÈ XANH|SAO SUỐT", "200 g", 1.0, KRAFT, "#4a5a24", ROAST_TEA, "#23261a")


@picture("che-sao-suot-500", MIST, CANE)
def _roast_vacuum(canvas: Canvas) -> None:
    def inside() -> None:
        rng = Random(12)
        canvas.box(-300, -340, 600, 680, "#2f331f")
        for _ in range(900):
            ROAST_TEA(canvas, rng.uniform(-270, 270), rng.uniform(-330, 330), rng, 0.3)

    vacuum_pack(canvas, 480, 500, 540, 660, inside, angle=-4)
    label(canvas, 490, 560, 330, 270, "CHÈ XANH|SAO SUỐT", "500 g", "#4a5a24", lambda: tea_sprig(canvas, 0, 84, 170, -90))
