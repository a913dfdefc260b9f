"""Check uploaded photos and create their renditions.

A request only reads the header (`inspect_picture`). The worker decodes (`make_renditions`) in a separate
process (`picture_decoder`), which is killed when it takes too much memory or time.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused, StrOrPromise
from shop.core.images.picture_headers import UnknownPicture, read_header

MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 200_000_000  # phones have sensors of this size, and the memory limit decides what is decoded
MAX_SIDE = 30_000
MAX_ASPECT_RATIO = 10  # a longer strip is not a photo, and WebP ends at 16,383 pixels
THUMBNAIL_WIDTHS = (96, 160)  # beside a name or under a larger picture
WIDTHS = (*THUMBNAIL_WIDTHS, 320, 640, 1200)
MAX_DECODED_BYTES = 400_000_000  # of one picture
# The most memory in bytes that the decoder may add after its start.
DECODER_MEMORY = MAX_DECODED_BYTES + 40_000_000
MAX_DECODER_CPU_SECONDS = 20  # the slowest valid photo took 2.5
_DECODER = Path(__file__).with_name("picture_decoder.py")


class NotAPicture(Refused):
    code: ClassVar[str] = "not_a_picture"
    default_message: ClassVar[StrOrPromise] = _(
        "This file is not a photo. Choose a JPEG, PNG, WebP or HEIC file."
    )


class PictureTooHeavy(Refused):
    code: ClassVar[str] = "picture_too_heavy"
    default_message: ClassVar[StrOrPromise] = _("This photo is larger than 25 MB. Choose a smaller one.")


class PictureTooLarge(Refused):
    code: ClassVar[str] = "picture_too_large"
    default_message: ClassVar[StrOrPromise] = _(
        "This photo has too many pixels. Choose a smaller one or save it as JPEG."
    )


class UndecodablePicture(Refused):
    """The picture could not be decoded. `details["reason"]` is for the log."""

    code: ClassVar[str] = "undecodable_picture"
    default_message: ClassVar[StrOrPromise] = _("This photo could not be opened. Add another one.")


class DecoderBroken(RuntimeError):
    """The decoder itself failed to start or crashed. The picture may be fine."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of a picture, in pixels, as WebP and as JPEG."""

    width: int
    height: int
    webp: bytes
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Renditions:
    """The upright size of the picture and its renditions."""

    width: int
    height: int
    files: tuple[Rendition, ...]


def inspect_picture(file: IO[bytes]) -> tuple[int, int]:
    """Return width and height from the file's header, and leave the file at its start.

    Nothing is decoded. The worker finds truncated and rotated photos. Raises PictureTooHeavy above 25 MB,
    PictureTooLarge if decoding would need too much memory, NotAPicture for everything else.
    """
    size = file.seek(0, io.SEEK_END)
    if size > MAX_BYTES:
        raise PictureTooHeavy(field="picture")
    try:
        header = read_header(file)
    except UnknownPicture as error:
        raise NotAPicture(field="picture") from error
    finally:
        file.seek(0)
    sides, pixels = (header.width, header.height), header.width * header.height
    if pixels > MAX_PIXELS or max(sides) > MAX_SIDE or pixels * header.bytes_per_pixel > MAX_DECODED_BYTES:
        raise PictureTooLarge(field="picture")
    if max(sides) > MAX_ASPECT_RATIO * min(sides):
        raise NotAPicture(field="picture")
    return sides


def make_renditions(
    original: IO[bytes], *, memory: int = DECODER_MEMORY, seconds: int = MAX_DECODER_CPU_SECONDS
) -> Renditions:
    """Return the picture upright in the widths of `WIDTHS`, or its own width if smaller.

    EXIF (camera, place) is removed and colours are converted to sRGB. A separate process decodes it with at
    most `memory` bytes and `seconds` of CPU time. Raises the errors of `inspect_picture`, UndecodablePicture
    and DecoderBroken.
    """
    inspect_picture(original)
    with tempfile.TemporaryDirectory(prefix="picture-") as folder_name:
        folder = Path(folder_name)
        with (folder / "original").open("wb") as copy:
            shutil.copyfileobj(original, copy)
        return read_renditions(folder, _decode(folder, memory=memory, seconds=seconds))


def read_renditions(folder: Path, report: Mapping[str, Any]) -> Renditions:
    """Read the renditions that the decoder wrote into a folder, as listed in its answer."""
    files = tuple(
        Rendition(
            width,
            height,
            (folder / f"{width}.webp").read_bytes(),
            (folder / f"{width}.jpg").read_bytes(),
        )
        for width, height in report["files"]
    )
    return Renditions(report["width"], report["height"], files)


def _decode(folder: Path, *, memory: int, seconds: int) -> dict[str, object]:
    """Run the decoder on the file `original` in a folder. Raises UndecodablePicture, DecoderBroken."""
    command = [sys.executable, "-I", str(_DECODER), str(folder / "original"), str(folder)]
    limits = [str(memory), str(seconds), *(str(width) for width in WIDTHS)]
    try:
        run = subprocess.run(
            [*command, *limits],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**_decoder_environment(), "MALLOC_ARENA_MAX": "1"},
            timeout=5 * seconds,  # wall clock, because the CPU may be busy with other processes
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UndecodablePicture(reason=f"takes more than {5 * seconds} s") from error
    if run.returncode > 0:
        raise DecoderBroken(run.stderr.decode(errors="replace")[-2000:])
    if run.returncode < 0:
        raise UndecodablePicture(reason=f"ends the decoder by {signal.Signals(-run.returncode).name}")
    report: dict[str, object] = json.loads(run.stdout)
    if "refused" in report:
        raise UndecodablePicture(reason=report["refused"])
    return report


def _decoder_environment() -> dict[str, str]:
    """Return the variables Python needs to start. The decoder gets no settings and no secrets."""
    return {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
