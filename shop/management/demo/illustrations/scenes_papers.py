"""Pictures of certificates: forms with a stamp, each marked as a sample."""

from __future__ import annotations

import math

from shop.management.demo.illustrations.canvas import Canvas
from shop.management.demo.illustrations.catalogue import SAND, picture
from shop.management.demo.illustrations.cloth import DIAMOND, RED, YELLOW, stitches

_SHEET = (1000, 1400)
_INK, _SOFT = "#2a2f45", "#6a6f80"


def _paper(canvas: Canvas, edge: str, motif: str = DIAMOND) -> None:
    canvas.box(0, 0, 1000, 1400, "#d9d2c2")
    canvas.box(36, 40, 940, 1336, "#20121a", opacity=0.25, filter=canvas.blur(10))
    canvas.box(28, 24, 944, 1344, canvas.linear((0, "#fffdf6"), (1, "#f3ecda"), x=1, y=1), 4)
    brocade, high = stitches(canvas, motif, 3.4, edge)
    for y in (52, 1340 - high):
        with canvas.moved(52, y):
            canvas.box(0, 0, 896, high, brocade)
    canvas.put(f'<rect x="52" y="52" width="896" height="1288" fill="none" stroke="{edge}" stroke-width="6"/>')
    canvas.put('<rect x="68" y="118" width="864" height="1156" fill="none" stroke="#d9b23e" stroke-width="2"/>')
    with canvas.moved(500, 740, -32):
        canvas.put('<g opacity=".09">')
        canvas.text(0, 40, "BẢN MẪU", 190, RED)
        canvas.put("</g>")


def _stamp(canvas: Canvas, x: float, y: float, r: float) -> None:
    """Paint a round red stamp that says that it is a sample."""
    with canvas.moved(x, y, -9):
        canvas.put('<g opacity=".82">')
        for radius, width in ((r, 9), (r * 0.9, 3), (r * 0.6, 3)):
            canvas.put(f'<circle r="{radius}" fill="none" stroke="{RED}" stroke-width="{width}"/>')
        words = "BẢN MẪU · KHÔNG CÓ GIÁ TRỊ · "
        for index, letter in enumerate(words):
            turn = 360 * index / len(words) - 90
            rad = math.radians(turn)
            canvas.put(f'<g transform="translate({r * 0.7 * math.cos(rad):.1f} {r * 0.7 * math.sin(rad):.1f}) rotate({turn + 90:.1f})">')
            canvas.text(0, 8, letter, r * 0.15, RED)
            canvas.put("</g>")
        points = []
        for index in range(10):
            far, rad = r * (0.42 if index % 2 == 0 else 0.17), math.radians(index * 36 - 90)
            points.append(f"{far * math.cos(rad):.1f} {far * math.sin(rad):.1f}")
        canvas.path("M" + "L".join(points) + "Z", RED)
        canvas.put("</g>")


def _signature(canvas: Canvas, x: float, y: float) -> None:
    canvas.stroke(f"M{x - 110} {y}c40 -90 70 -80 50 -10s60 -70 70 -20 40 -30 50 -6 50 -30 90 -34", "#2a3f8f", 5)
    canvas.text(x, y + 70, "(chữ ký mẫu)", 24, _SOFT, bold=False)


def _rows(canvas: Canvas, y: float, rows: tuple[tuple[str, str], ...]) -> None:
    for index, (name, value) in enumerate(rows):
        down = y + index * 62
        canvas.text(140, down, name, 26, _SOFT, bold=False, anchor="start")
        canvas.text(400, down, value, 27, _INK, anchor="start")
        canvas.stroke(f"M400 {down + 14}H860", "#c9c2b0", 2, stroke_dasharray="3 7")


def _star(canvas: Canvas, x: float, y: float, r: float, colour: str) -> None:
    points = []
    for index in range(10):
        far, rad = r * (1 if index % 2 == 0 else 0.42), math.radians(index * 36 - 90)
        points.append(f"{x + far * math.cos(rad):.1f} {y + far * math.sin(rad):.1f}")
    canvas.path("M" + "L".join(points) + "Z", colour, stroke="#a8791a", stroke_width=2)


def _ocop(name: str, stars: int, holder: str, product: str, years: str, edge: str) -> None:
    @picture(name, SAND, horizon=0, size=_SHEET)
    def _paint(canvas: Canvas) -> None:
        _paper(canvas, edge)
        canvas.text(500, 190, "CHƯƠNG TRÌNH MỖI XÃ MỘT SẢN PHẨM", 28, _SOFT)
        canvas.text(500, 290, "GIẤY CHỨNG NHẬN", 64, edge)
        canvas.text(500, 356, "SẢN PHẨM OCOP", 44, edge)
        for index in range(5):
            _star(canvas, 500 + (index - 2) * 104, 466, 44, YELLOW if index < stars else "#ece4d0")
        canvas.text(500, 580, f"Đạt {stars} sao", 40, _INK)
        _rows(canvas, 690, (("Sản phẩm", product), ("Chủ thể", holder), ("Số", "000/MẪU"), ("Hiệu lực", years)))
        _foot(canvas)


def _foot(canvas: Canvas) -> None:
    canvas.text(690, 972, "Cơ quan cấp (mẫu)", 26, _SOFT, bold=False)
    _stamp(canvas, 640, 1108, 112)
    _signature(canvas, 700, 1110)
    canvas.text(500, 1252, "Bản vẽ để giới thiệu, không phải giấy thật", 24, _SOFT, bold=False)


_ocop("giay-ocop-chuoi", 3, "HTX Thiên An", "Chuối sấy", "30/06/2025 – 30/06/2028", "#1f2c5c")
_ocop("giay-ocop-tra", 4, "HTX Yến Dương", "Trà bí thơm", "30/06/2025 – 30/06/2028", "#2f6a3c")
_ocop("giay-ocop-mien", 5, "HTX Tài Hoan", "Miến dong Côn Minh", "01/07/2021 – 30/06/2024", "#8a2622")
_ocop("giay-ocop-nghe", 4, "HTX Tân Thành", "Tinh bột nghệ nếp đỏ", "30/06/2025 – 30/06/2028", "#a4521a")
_ocop("giay-ocop-nep", 3, "HTX Thượng Quan", "Nếp Khẩu Nua Lếch", "30/06/2025 – 30/06/2028", "#5a3a6a")


@picture("giay-vietgap", SAND, horizon=0, size=_SHEET)
def _vietgap(canvas: Canvas) -> None:
    _paper(canvas, "#2f6a3c")
    canvas.oval(500, 250, 92, 92, "#2f6a3c")
    canvas.path("M440 262Q470 190 560 196Q566 280 480 304Q450 306 440 262Z", "#f3f0d8")
    canvas.stroke("M440 316Q480 250 540 216", "#2f6a3c", 6)
    canvas.text(500, 430, "GIẤY CHỨNG NHẬN", 56, "#2f6a3c")
    canvas.text(500, 494, "Thực hành nông nghiệp tốt (VietGAP)", 34, _INK)
    _rows(canvas, 620, (("Cơ sở", "Tổ hợp tác quýt Phủ Thông"), ("Cây trồng", "Quýt"), ("Diện tích", "12 ha"), ("Số", "VG-000/MẪU"), ("Hiệu lực", "30/06/2026 – 30/06/2028")))
    _foot(canvas)


@picture("giay-chi-dan", SAND, horizon=0, size=_SHEET)
def _origin(canvas: Canvas) -> None:
    _paper(canvas, "#b5783c")
    canvas.path("M330 330L430 190L490 270L560 170L670 330Z", "#b5783c")
    canvas.path("M330 330L430 190L450 216L400 330Z", "#8a5626")
    canvas.text(500, 430, "CHỈ DẪN ĐỊA LÝ", 60, "#8a5626")
    canvas.text(500, 494, "Giấy xác nhận quyền sử dụng", 34, _INK)
    _rows(canvas, 620, (("Tên", "Hồng không hạt Ba Bể"), ("Người dùng", "Tổ hợp tác hồng Ba Bể"), ("Vùng", "Ba Bể, Thái Nguyên"), ("Số", "CDĐL-000/MẪU")))
    _foot(canvas)
