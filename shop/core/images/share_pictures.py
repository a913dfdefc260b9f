"""The picture that chats show beside a link. Pure: words and a photo in, bytes out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

from PIL import Image, ImageDraw, ImageFont, ImageOps

SIZE = (1200, 630)
_STATIC = Path(__file__).resolve().parents[2] / "static"
_PHOTO = 630  # the photo is a square at the left
_MARGIN = 48
_COLUMN = SIZE[0] - _PHOTO - 2 * _MARGIN
_GROUND, _INK, _SOFT = "#f4f5f0", "#171d2c", "#505a63"
_BRAND, _YELLOW, _RED = "#1b2850", "#f6bb3c", "#b3261e"
_HEM = 18  # the brocade along the foot
_FOOT = 92
_NAME_SIZES = (60, 52, 44)
_NAME_LINES = 4
_LEADING = 1.28  # room for stacked marks


def draw(*, name: str, below: tuple[str, ...], market: str, photo: IO[bytes] | None) -> bytes:
    """A JPEG: the photo, the name as large as fits in four lines, lines below it, the market at the foot.

    Without a photo the market's sign stands in its place.
    """
    image = Image.new("RGB", SIZE, _GROUND)
    image.paste(_photo(photo), (0, 0))
    pen = ImageDraw.Draw(image)
    across, down = _PHOTO + _MARGIN, _MARGIN
    for size in _NAME_SIZES:
        lines = list(_wrapped(name, _font(700, size)))
        if len(lines) <= _NAME_LINES:
            break
    else:
        lines = [*lines[: _NAME_LINES - 1], f"{lines[_NAME_LINES - 1]}…"]
    for line in lines:
        pen.text((across, down), line, _INK, _font(700, size))
        down += round(size * _LEADING)
    down += 20
    for text in below:
        for line in list(_wrapped(text, _font(400, 30)))[:2]:
            pen.text((across, down), line, _SOFT, _font(400, 30))
            down += round(30 * _LEADING)
    _draw_foot(image, pen, market)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()


def _photo(file: IO[bytes] | None) -> Image.Image:
    side = (_PHOTO, SIZE[1])
    if file is None:
        ground = Image.new("RGB", side, _BRAND)
        sign = _sign(280)
        ground.paste(sign, ((side[0] - 280) // 2, (side[1] - 280) // 2), sign)
        return ground
    with Image.open(file) as image:
        return ImageOps.fit(image.convert("RGB"), side, Image.Resampling.LANCZOS)


def _wrapped(text: str, font: ImageFont.FreeTypeFont) -> Iterator[str]:
    """The text in lines as wide as the column; a word longer than that stands alone."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > _COLUMN:
            yield line
            longer = word
        line = longer
    if line:
        yield line


def _draw_foot(image: Image.Image, pen: ImageDraw.ImageDraw, market: str) -> None:
    top = SIZE[1] - _HEM - _FOOT
    pen.rectangle((_PHOTO, top, SIZE[0], SIZE[1]), _BRAND)
    sign = _sign(60)
    image.paste(sign, (_PHOTO + _MARGIN, top + 16), sign)
    pen.text((_PHOTO + _MARGIN + 76, top + 22), market, "white", _font(700, 36))
    pen.rectangle((0, SIZE[1] - _HEM, SIZE[0], SIZE[1]), _RED)
    middle = SIZE[1] - _HEM // 2
    for across in range(_HEM, SIZE[0], 2 * _HEM):
        diamond = [(across - 7, middle), (across, middle - 7), (across + 7, middle), (across, middle + 7)]
        pen.polygon(diamond, _YELLOW)


@cache
def _sign(side: int) -> Image.Image:
    with Image.open(_STATIC / "illustrations" / "icon-192.png") as icon:
        return icon.convert("RGBA").resize((side, side), Image.Resampling.LANCZOS)


@cache
def _font(weight: int, size: int) -> ImageFont.FreeTypeFont:
    """Noto Sans with all of Vietnamese; its licence lies beside it."""
    return ImageFont.truetype(str(_STATIC / "fonts" / f"noto-sans-{weight}.ttf"), size)
