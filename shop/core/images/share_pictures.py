"""Draw the preview picture that chat apps show beside a link, from a text and a photo."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

from PIL import Image, ImageDraw, ImageFont, ImageOps

SIZE = (1200, 630)
_STATIC = Path(__file__).resolve().parents[2] / "static"
_PHOTO_SIDE = 630
_MARGIN = 48
_COLUMN = SIZE[0] - _PHOTO_SIDE - 2 * _MARGIN
_BACKGROUND, _INK, _SOFT = "#f4f5f0", "#171d2c", "#505a63"
_BRAND, _YELLOW, _RED = "#1b2850", "#f6bb3c", "#b3261e"
_BROCADE_BAND_HEIGHT = 18
_FOOTER_HEIGHT = 92
_NAME_SIZES = (60, 52, 44)
_NAME_LINES = 4
_LINE_HEIGHT = 1.28  # leaves room for stacked diacritics


def draw_share_picture(
    *, name: str, lines_below: tuple[str, ...], market: str, photo: IO[bytes] | None
) -> bytes:
    """Return a JPEG with the photo, the name, lines of text, and the market's name.

    The name is as large as fits in four lines. Without a photo the market's logo is drawn instead.
    """
    image = Image.new("RGB", SIZE, _BACKGROUND)
    image.paste(_photo(photo), (0, 0))
    pen = ImageDraw.Draw(image)
    x, y = _PHOTO_SIDE + _MARGIN, _MARGIN
    for size in _NAME_SIZES:
        lines = list(_wrap_text(name, _font(700, size)))
        if len(lines) <= _NAME_LINES:
            break
    else:
        lines = [*lines[: _NAME_LINES - 1], f"{lines[_NAME_LINES - 1]}…"]
    for line in lines:
        pen.text((x, y), line, _INK, _font(700, size))
        y += round(size * _LINE_HEIGHT)
    y += 20
    for text in lines_below:
        for line in list(_wrap_text(text, _font(400, 30)))[:2]:
            pen.text((x, y), line, _SOFT, _font(400, 30))
            y += round(30 * _LINE_HEIGHT)
    _draw_footer(image, pen, market)
    output = io.BytesIO()
    image.save(output, "JPEG", quality=82, optimize=True, progressive=True)
    return output.getvalue()


def _photo(file: IO[bytes] | None) -> Image.Image:
    size = (_PHOTO_SIDE, SIZE[1])
    if file is None:
        background = Image.new("RGB", size, _BRAND)
        logo = _logo(280)
        background.paste(logo, ((size[0] - 280) // 2, (size[1] - 280) // 2), logo)
        return background
    with Image.open(file) as image:
        return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)


def _wrap_text(text: str, font: ImageFont.FreeTypeFont) -> Iterator[str]:
    """Yield lines no wider than the column. A longer word gets its own line."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > _COLUMN:
            yield line
            longer = word
        line = longer
    if line:
        yield line


def _draw_footer(image: Image.Image, pen: ImageDraw.ImageDraw, market: str) -> None:
    top = SIZE[1] - _BROCADE_BAND_HEIGHT - _FOOTER_HEIGHT
    pen.rectangle((_PHOTO_SIDE, top, SIZE[0], SIZE[1]), _BRAND)
    logo = _logo(60)
    image.paste(logo, (_PHOTO_SIDE + _MARGIN, top + 16), logo)
    pen.text((_PHOTO_SIDE + _MARGIN + 76, top + 22), market, "white", _font(700, 36))
    pen.rectangle((0, SIZE[1] - _BROCADE_BAND_HEIGHT, SIZE[0], SIZE[1]), _RED)
    middle = SIZE[1] - _BROCADE_BAND_HEIGHT // 2
    for x in range(_BROCADE_BAND_HEIGHT, SIZE[0], 2 * _BROCADE_BAND_HEIGHT):
        diamond = [(x - 7, middle), (x, middle - 7), (x + 7, middle), (x, middle + 7)]
        pen.polygon(diamond, _YELLOW)


@cache
def _logo(side: int) -> Image.Image:
    with Image.open(_STATIC / "illustrations" / "icon-192.png") as icon:
        return icon.convert("RGBA").resize((side, side), Image.Resampling.LANCZOS)


@cache
def _font(weight: int, size: int) -> ImageFont.FreeTypeFont:
    """Return Noto Sans with all Vietnamese letters. Its licence is in the same folder."""
    return ImageFont.truetype(str(_STATIC / "fonts" / f"noto-sans-{weight}.ttf"), size)
