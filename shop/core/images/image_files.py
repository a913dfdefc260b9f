"""What a photo must be to be taken, and the sizes that are made of it.

A request only reads the header (`inspect`). Decoding happens in a process of its own (`picture_decoder`) that
ends when it takes too much memory or time, and is started by the worker alone (`renditions`).
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

from shop.core.errors import Refused, Words
from shop.core.images.picture_headers import UnknownPicture, read_header

MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 200_000_000  # phones have sensors of that size; what can be decoded follows from the memory
MAX_SIDE = 30_000
MOST_UNEQUAL_SIDES = 10  # a strip longer than that is no photo, and WebP ends at 16,383 pixels
WIDTHS = (320, 640, 1200)
DECODED_BYTES = 400_000_000  # what the pixels of one picture may take while it is decoded
MEMORY = DECODED_BYTES + 40_000_000  # bytes that the decoder may take beyond what it starts with
SECONDS = 20  # of the processor; the largest honest photo took 2.5
_DECODER = Path(__file__).with_name("picture_decoder.py")


class NotAPicture(Refused):
    code: ClassVar[str] = "not_a_picture"
    default_words: ClassVar[Words] = _("This file is not a photo. Please choose a JPEG, PNG, WebP or HEIC.")


class PictureTooHeavy(Refused):
    code: ClassVar[str] = "picture_too_heavy"
    default_words: ClassVar[Words] = _("This photo is over 25 MB. Please choose a smaller one.")


class PictureTooLarge(Refused):
    code: ClassVar[str] = "picture_too_large"
    default_words: ClassVar[Words] = _(
        "This photo has too many pixels. Please choose a smaller one, or save it as JPEG."
    )


class UndecodablePicture(Refused):
    """`details["reason"]` says for the log what became of the decoder."""

    code: ClassVar[str] = "undecodable_picture"
    default_words: ClassVar[Words] = _("This photo could not be opened. Please add another one.")


class DecoderBroken(RuntimeError):
    """The decoder itself did not start or failed, whatever the picture: nothing is said of the picture."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of a picture, in pixels, as WebP and as JPEG."""

    width: int
    height: int
    webp: bytes
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Renditions:
    """The size of the picture as it is seen, and what was made of it."""

    width: int
    height: int
    files: tuple[Rendition, ...]


def inspect(file: IO[bytes]) -> tuple[int, int]:
    """The width and height that the file's header names; the file is left at its beginning.

    Nothing is decoded: a photo that breaks off behind its header, or lies on its side, is found by the
    worker. Raises PictureTooHeavy above 25 MB, PictureTooLarge for more pixels than can be decoded in the
    memory there is, NotAPicture for everything else.
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
    if pixels > MAX_PIXELS or max(sides) > MAX_SIDE or pixels * header.bytes_per_pixel > DECODED_BYTES:
        raise PictureTooLarge(field="picture")
    if max(sides) > MOST_UNEQUAL_SIDES * min(sides):
        raise NotAPicture(field="picture")
    return sides


def make_renditions(original: IO[bytes], *, memory: int = MEMORY, seconds: int = SECONDS) -> Renditions:
    """The picture turned upright in 320, 640 and 1200 pixels, or its own width where that is less.

    Nothing of the camera or the place stays in it: EXIF is left out, colours are turned into sRGB. It is
    decoded by a process of its own under `memory` bytes and `seconds` of the processor.
    Raises as `inspect`, UndecodablePicture, and DecoderBroken.
    """
    inspect(original)
    with tempfile.TemporaryDirectory(prefix="picture-") as place:
        folder = Path(place)
        with (folder / "original").open("wb") as copy:
            shutil.copyfileobj(original, copy)
        return read_renditions(folder, _decode(folder, memory=memory, seconds=seconds))


def read_renditions(folder: Path, told: Mapping[str, Any]) -> Renditions:
    """What the decoder wrote into a folder, as its answer says."""
    files = tuple(
        Rendition(
            width,
            height,
            (folder / f"{width}.webp").read_bytes(),
            (folder / f"{width}.jpg").read_bytes(),
        )
        for width, height in told["files"]
    )
    return Renditions(told["width"], told["height"], files)


def _decode(folder: Path, *, memory: int, seconds: int) -> dict[str, Any]:
    """Run the decoder on the file `original` in a folder. Raises UndecodablePicture, DecoderBroken."""
    command = [sys.executable, "-I", str(_DECODER), str(folder / "original"), str(folder)]
    limits = [str(memory), str(seconds), *(str(width) for width in WIDTHS)]
    try:
        run = subprocess.run(
            [*command, *limits],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**_kept_environment(), "MALLOC_ARENA_MAX": "1"},
            timeout=5 * seconds,  # the clock, which runs on while the processor is busy with others
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UndecodablePicture(reason=f"takes more than {5 * seconds} s") from error
    if run.returncode > 0:
        raise DecoderBroken(run.stderr.decode(errors="replace")[-2000:])
    if run.returncode < 0:
        raise UndecodablePicture(reason=f"ends the decoder by {signal.Signals(-run.returncode).name}")
    told: dict[str, Any] = json.loads(run.stdout)
    if "refused" in told:
        raise UndecodablePicture(reason=told["refused"])
    return told


def _kept_environment() -> dict[str, str]:
    """What Python needs to start; the shop's settings and secrets are nothing for a decoder."""
    return {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
