"""What a photo must be to be taken, and the sizes that are made of it. Pure: bytes in, bytes out."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, ClassVar

import pillow_heif
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps

from shop.core.errors import Refused, Words

MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 40_000_000
WIDTHS = (320, 640, 1200)
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF")
_MOST_UNEQUAL_SIDES = 10  # a strip longer than that is no photo, and WebP ends at 16,383 pixels

pillow_heif.register_heif_opener()
# Small files can unpack to gigabytes. Pillow refuses what is above twice the limit; this, what is above it.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


class NotAPicture(Refused):
    code: ClassVar[str] = "not_a_picture"
    default_words: ClassVar[Words] = _("This file is not a photo. Please choose a JPEG, PNG, WebP or HEIC.")


class PictureTooHeavy(Refused):
    code: ClassVar[str] = "picture_too_heavy"
    default_words: ClassVar[Words] = _("This photo is over 25 MB. Please choose a smaller one.")


class PictureTooLarge(Refused):
    code: ClassVar[str] = "picture_too_large"
    default_words: ClassVar[Words] = _("This photo has over 40 million pixels. Please choose a smaller one.")


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
    """The width and height of the picture in the file, which is left at its beginning.

    Raises PictureTooHeavy above 25 MB, PictureTooLarge above 40 million pixels, NotAPicture for
    everything that cannot be read as one, whatever the file is called.
    """
    size = file.seek(0, io.SEEK_END)
    if size > MAX_BYTES:
        raise PictureTooHeavy(field="picture")
    try:
        with _opened(file) as image:
            if image.format == "PNG":
                image.verify()  # checks every chunk without unpacking it
                return image.size
            seen = _size_as_seen(image)
            image.draft("RGB", (WIDTHS[0], WIDTHS[0]))
            image.load()
            return seen
    finally:
        file.seek(0)


def make_renditions(original: IO[bytes]) -> Renditions:
    """The picture turned upright in 320, 640 and 1200 pixels, or its own width where that is less.

    Nothing of the camera or the place stays in it: EXIF is left out, colours are turned into sRGB.
    Raises as `inspect`.
    """
    with _opened(original) as image:
        width, height = _size_as_seen(image)
        image.draft("RGB", (WIDTHS[-1], WIDTHS[-1]))  # JPEG: unpack no more than is needed
        upright = _plain_colours(ImageOps.exif_transpose(image))
        widths = [each for each in WIDTHS if each < width]
        if width <= WIDTHS[-1]:
            widths.append(width)
        files = tuple(_rendition(upright, each, max(1, round(each * height / width))) for each in widths)
    return Renditions(width, height, files)


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[Image.Image]:
    """The picture in the file; what Pillow and its decoders may say of a broken one becomes a refusal."""
    file.seek(0)
    try:
        with Image.open(file, formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise PictureTooLarge(field="picture")
            if max(image.size) > _MOST_UNEQUAL_SIDES * min(image.size):
                raise NotAPicture(field="picture")
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureTooLarge(field="picture") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, KeyError, IndexError) as error:
        raise NotAPicture(field="picture") from error


def _size_as_seen(image: Image.Image) -> tuple[int, int]:
    """Width and height after turning: orientations 5 to 8 lie on their side."""
    width, height = image.size
    return (height, width) if image.getexif().get(0x0112, 1) >= 5 else (width, height)


def _plain_colours(image: Image.Image) -> Image.Image:
    """The picture in sRGB without a profile; what is transparent becomes white."""
    profile = image.info.get("icc_profile")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    if not profile:
        return image
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    except (ImageCms.PyCMSError, OSError):
        return (
            image  # a profile that cannot be read, or of another colour model: the colours stay as they are
        )
    return converted or image


def _rendition(image: Image.Image, width: int, height: int) -> Rendition:
    sized = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    webp, jpeg = io.BytesIO(), io.BytesIO()
    sized.save(webp, "WEBP", quality=75, method=4, exif=b"")
    sized.save(jpeg, "JPEG", quality=75, optimize=True, progressive=True, exif=b"")
    return Rendition(width, height, webp.getvalue(), jpeg.getvalue())
