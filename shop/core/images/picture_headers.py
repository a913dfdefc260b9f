"""Read a picture's size from its header, without decoding or unpacking anything.

Image libraries allocate memory for a whole picture, or read a whole file, when they open some formats (WebP,
HEIF, AVIF), so requests use this instead. Formats: JPEG (ITU T.81), PNG, GIF89a, WebP (RFC 9649), HEIF and
AVIF (ISO 23008-12). A header may lie: the decoder checks again under its own limits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

_MAX_SEGMENTS_BEFORE_PIXELS = 2_000  # of a JPEG, whose profile or preview takes one per 64 kB
_MAX_BOXES = 5_000
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
# JPEG frame markers. C4, C8 and CC are tables. Lossless and arithmetic frames are left to the decoder.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_JPEG_MARKERS_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA


class UnknownPicture(ValueError):
    """The file's header has no accepted format or is truncated."""


@dataclass(frozen=True, slots=True)
class Header:
    """The stored size before rotation, and the bytes per pixel that decoding takes (measured)."""

    width: int
    height: int
    bytes_per_pixel: int


def read_header(file: IO[bytes]) -> Header:
    """Read the size from the file's header. The file position is undefined afterwards.

    Raises UnknownPicture.
    """
    file.seek(0)
    start = file.read(32)
    try:
        if start.startswith(b"\xff\xd8"):
            header = _jpeg(file)
        elif start.startswith(b"\x89PNG\r\n\x1a\n") and start[12:16] == b"IHDR":
            width, height = struct.unpack(">II", start[16:24])
            header = Header(width, height, bytes_per_pixel=10)
        elif start.startswith((b"GIF87a", b"GIF89a")):
            width, height = struct.unpack("<HH", start[6:10])
            header = Header(width, height, bytes_per_pixel=10)
        elif start.startswith(b"RIFF") and start[8:12] == b"WEBP":
            header = _webp(start)
        elif start[4:8] == b"ftyp":
            header = _heif(file)
        else:
            raise UnknownPicture
    except struct.error as error:
        raise UnknownPicture from error
    if not header.width or not header.height:
        raise UnknownPicture
    return header


def _jpeg(file: IO[bytes]) -> Header:
    """Return the size of a JPEG picture.

    Baseline pictures are decoded at an eighth of their size. Progressive ones keep all coefficients.
    """
    file.seek(2)
    for _segment in range(_MAX_SEGMENTS_BEFORE_PIXELS):
        marker = _jpeg_marker(file)
        if marker in _JPEG_MARKERS_WITHOUT_LENGTH:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker in _JPEG_FRAMES:
            _precision, height, width, components = struct.unpack(">BHHB", file.read(6))
            return Header(width, height, 2 * components + 2 if marker in _JPEG_PROGRESSIVE else 2)
        if length < 2 or marker in (_END_OF_IMAGE, _START_OF_SCAN):
            break
        file.seek(length - 2, 1)
    raise UnknownPicture


def _jpeg_marker(file: IO[bytes]) -> int:
    """Return the next marker. FF may be repeated before it."""
    prefix, marker = struct.unpack("BB", file.read(2))
    for _fill in range(16):
        if prefix != 0xFF:
            break
        if marker != 0xFF:
            return int(marker)
        (marker,) = struct.unpack("B", file.read(1))
    raise UnknownPicture


def _webp(start: bytes) -> Header:
    """Return the size of a WebP picture, whose decoder holds two canvases and two copies."""
    if len(start) < 30:
        raise UnknownPicture
    chunk_type = start[12:16]
    if chunk_type == b"VP8X":
        width, height = (int.from_bytes(start[offset : offset + 3], "little") + 1 for offset in (24, 27))
    elif chunk_type == b"VP8L" and start[20] == 0x2F:
        dimensions = int.from_bytes(start[21:25], "little")
        width, height = (dimensions & 0x3FFF) + 1, (dimensions >> 14 & 0x3FFF) + 1
    elif chunk_type == b"VP8 " and start[23:26] == b"\x9d\x01\x2a":
        width, height = (field & 0x3FFF for field in struct.unpack("<HH", start[26:30]))
    else:
        raise UnknownPicture
    return Header(width, height, bytes_per_pixel=17)


def _heif(file: IO[bytes]) -> Header:
    """Return the largest item size (`ispe`). Tiles, thumbnails and the whole picture each have one."""
    end = file.seek(0, 2)
    file.seek(8)
    (length,) = struct.unpack(">I", _read_at(file, 0, 4))
    brands = _read_at(file, 8, min(length, 256) - 8)
    if not {brands[offset : offset + 4] for offset in range(0, len(brands), 4)} & (
        _HEIF_BRANDS | _AVIF_BRANDS
    ):
        raise UnknownPicture
    sizes = [
        struct.unpack(">II", _read_at(file, start + 4, 8))
        for start, _stop in _read_boxes(file, 0, end, (b"meta", b"iprp", b"ipco", b"ispe"), [_MAX_BOXES])
    ]
    if not sizes:
        raise UnknownPicture
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return Header(width, height, bytes_per_pixel=10)


def _read_boxes(
    file: IO[bytes], start: int, stop: int, path: tuple[bytes, ...], boxes_left: list[int]
) -> Iterator[tuple[int, int]]:
    """Yield start and end of the boxes at a path of nested types. `boxes_left` counts down to 0."""
    while start + 8 <= stop:
        boxes_left[0] -= 1
        if boxes_left[0] < 0:
            raise UnknownPicture
        length, box_type = struct.unpack(">I4s", _read_at(file, start, 8))
        header_size = 8
        if length == 1:
            (length,), header_size = struct.unpack(">Q", _read_at(file, start + 8, 8)), 16
        end = stop if length == 0 else start + length
        if (length and length < header_size) or end > stop:
            raise UnknownPicture
        if box_type == path[0]:
            # A full box starts with version and flags.
            inside = start + header_size + (4 if box_type == b"meta" else 0)
            if len(path) == 1:
                yield inside, end
            else:
                yield from _read_boxes(file, inside, end, path[1:], boxes_left)
        start = end


def _read_at(file: IO[bytes], position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)
