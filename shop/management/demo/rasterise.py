"""Render `drawings/` to the images in `pictures/`; run by hand when a drawing changes.

    pip install resvg_py && python shop/management/demo/rasterise.py

The images are committed, so that running the shop does not need resvg.
"""

from __future__ import annotations

import io
from pathlib import Path

import resvg_py
from PIL import Image

_HERE = Path(__file__).parent
_WIDTH = 1200


def rasterise(drawing: Path) -> bytes:
    """Return the drawing as lossless WebP of 1200 pixels width, on a white background."""
    pixels = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_path=str(drawing), width=_WIDTH))))
    background = Image.new("RGBA", pixels.size, "white")
    flat = Image.alpha_composite(background, pixels.convert("RGBA")).convert("RGB")
    output = io.BytesIO()
    flat.save(output, "WEBP", lossless=True, quality=100, method=6)
    return output.getvalue()


if __name__ == "__main__":
    for drawing in sorted((_HERE / "drawings").glob("*.svg")):
        (_HERE / "pictures" / f"{drawing.stem}.webp").write_bytes(rasterise(drawing))
