"""Render `illustrations/` to the images in `pictures/`. Run it by hand when a picture changes.

    .venv/bin/python -m shop.management.demo.rasterise [NAME…]

The images are committed, so that neither running nor seeding the shop needs resvg.
"""

from __future__ import annotations

import io
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import resvg_py
from PIL import Image

from shop.management.demo.illustrations.gallery import paint, picture_names

_HERE = Path(__file__).parent
_FONTS = _HERE.parents[1] / "static" / "fonts"
_PICTURES = _HERE / "pictures"
_MAX_WIDTH_PIXELS = 800  # as wide as the column of a product's page
_QUALITY = 76


def rasterise(name: str) -> None:
    """Write a picture as WebP."""
    canvas = paint(name)
    width = min(canvas.width, _MAX_WIDTH_PIXELS)
    fonts = [str(path) for path in _FONTS.glob("*.ttf")]
    drawn = resvg_py.svg_to_bytes(
        svg_string=canvas.svg(), width=width, font_files=fonts, skip_system_fonts=True
    )
    Image.open(io.BytesIO(bytes(drawn))).convert("RGB").save(
        _PICTURES / f"{name}.webp", "WEBP", quality=_QUALITY, method=5
    )


def main(names: list[str]) -> None:
    """Render the named pictures. Without names, render all and delete files of former pictures."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(rasterise, names or picture_names(), chunksize=4))
    for path in _PICTURES.glob("*.webp") if not names else ():
        if path.stem not in picture_names():
            path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
