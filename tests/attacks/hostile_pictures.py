"""Small files of 40 megapixels in every accepted format, as an attacker would craft them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image

SIZE_BELOW_40_MEGAPIXELS = (7296, 5472)
WEBP_SIZE = (4800, 4800)  # WebP is refused above 23 by its header
FORMATS = ("baseline.jpg", "progressive.jpg", "rgba.png", "deep.png", "one.gif", "x.webp", "x.heic", "x.avif")

_KEPT = Path(__file__).with_name("pictures")  # packed once: their encoders take half a minute


@cache
def hostile(name: str) -> bytes:
    if name == "rgba.png":
        return png(*SIZE_BELOW_40_MEGAPIXELS)
    if name in ("x.heic", "x.avif"):
        return _KEPT.joinpath(name).read_bytes()
    if name == "deep.png":
        return png(*SIZE_BELOW_40_MEGAPIXELS, depth=16)
    ending = name.rpartition(".")[2]
    file = io.BytesIO()
    image = Image.new(
        "L" if ending == "gif" else "RGB", WEBP_SIZE if ending == "webp" else SIZE_BELOW_40_MEGAPIXELS
    )
    if ending == "webp":
        image.save(file, "WEBP", lossless=True, quality=0, method=0)
    elif ending == "gif":
        image.save(file, "GIF")
    else:
        image.save(file, "JPEG", quality=10, progressive=name == "progressive.jpg", subsampling=0)
    return file.getvalue()


def jpeg_of_many_scans(count: int) -> bytes:
    """Return a progressive JPEG of 40 megapixels with many scans that change nothing, in a few bytes each."""
    picture = hostile("progressive.jpg")
    start = picture.index(b"\xff\xc4", picture.index(b"\xff\xda"))  # tables and data of the second scan
    scans_end = picture.index(b"\xff\xc4", start + 2)
    return picture[:scans_end] + picture[start:scans_end] * count + picture[scans_end:]


def png(width: int, height: int, chunks: Sequence[tuple[bytes, bytes]] = (), *, depth: int = 8) -> bytes:
    """Return a transparent PNG with these extra chunks, compressed without holding its pixels in memory."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + width * 4 * depth // 8)
    pixels = b"".join(packer.compress(row) for _row in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, 6, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(chunk_type, data) for chunk_type, data in parts)


def _chunk(chunk_type: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + chunk_type + data + struct.pack(">I", zlib.crc32(chunk_type + data))
