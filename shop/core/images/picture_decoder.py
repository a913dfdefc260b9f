"""Decode one uploaded picture and write its sizes, as a program of its own under limits of memory and time.

    python -I picture_decoder.py ORIGINAL FOLDER MEMORY SECONDS WIDTH…

`image_files` starts it by its path: it imports nothing of the shop, so it starts in a fraction of a
second, and whatever a decoder does to it ends with it. It writes WIDTH.webp and WIDTH.jpg into FOLDER and
prints one line of JSON: {"width", "height", "files": [[width, height], …]}, or {"refused": reason}.
"""

from __future__ import annotations

import io
import json
import resource
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageCms, ImageFile, PngImagePlugin

MAX_PIXELS = 200_000_000  # behind the limit of memory
MOST_UNEQUAL_SIDES = 10  # a strip longer than that is no photo, and WebP ends at 16,383 pixels
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF")
_ORIENTATION = 0x0112
_GAP = 3  # how many times finer than needed a picture stays: reduced further, one would see it
_BAND = 256  # rows that are flattened at once, so that no second full copy is made
_LONGEST_PROFILE = 4 * 1024 * 1024
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def main(arguments: list[str]) -> int:
    original, folder, memory, seconds, *widths = arguments
    _limit(int(memory), int(seconds))
    try:
        told = make(Path(original), Path(folder), [int(each) for each in widths])
    except MemoryError:
        told = {"refused": "needs too much memory"}
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        told = {"refused": "has too many pixels"}
    except Exception as error:  # what decoders raise for a broken file is as various as they are
        told = {"refused": f"cannot be decoded: {type(error).__name__}: {error}"[:300]}
    print(json.dumps(told))  # noqa: T201  # the answer to the process that started this one
    return 0


def make(original: Path, folder: Path, widths: Sequence[int]) -> dict[str, object]:
    """Write the sizes of a picture, turned upright, in sRGB, without any of its metadata."""
    image, width, height = _upright(original, max(widths))
    wanted = [each for each in widths if each < width]
    if width <= max(widths):
        wanted.append(width)
    files = [[each, max(1, round(each * height / width))] for each in wanted]
    for size in files:
        sized = image.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=float(_GAP))
        sized.save(folder / f"{size[0]}.webp", "WEBP", quality=75, method=4, exif=b"")
        sized.save(folder / f"{size[0]}.jpg", "JPEG", quality=75, optimize=True, progressive=True, exif=b"")
    return {"width": width, "height": height, "files": files}


def _upright(original: Path, widest: int) -> tuple[Image.Image, int, int]:
    """The picture as it is seen, no larger than `widest` needs, with its whole width and height."""
    with Image.open(original, formats=_FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Image.DecompressionBombError
        if max(width, height) > MOST_UNEQUAL_SIDES * min(width, height):
            raise ValueError("a strip")
        orientation = _orientation(image)
        is_lying = orientation >= 5
        needed = widest * width // height if is_lying else widest
        profile = image.info.get("icc_profile")
        image.draft("RGB", (max(1, needed), max(1, needed * image.height // image.width)))
        flat = _flat(image, max(1, image.width // max(1, _GAP * needed)))
    if orientation in _TURNS:
        flat = flat.transpose(_TURNS[orientation])
    if isinstance(profile, bytes) and len(profile) <= _LONGEST_PROFILE:
        _turn_into_srgb(flat, profile)
    return (flat, height, width) if is_lying else (flat, width, height)


def _flat(image: Image.Image, factor: int) -> Image.Image:
    """The first frame in RGB, `factor` times smaller; what is transparent becomes white."""
    image.load()
    width, height = image.size
    has_alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    flat = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = factor * max(1, _BAND // factor)
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(top + rows, height)))
        if has_alpha:
            band = band.convert("RGBA")
            band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band)
        band = band.convert("RGB")
        flat.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return flat


def _orientation(image: Image.Image) -> int:
    """How the camera was held, 1 to 8; 1 for whatever else is written there."""
    try:
        written = image.getexif().get(_ORIENTATION, 1)
        return int(written) if int(written) in _TURNS else 1
    except MemoryError:
        raise
    except Exception:  # EXIF of a broken camera or of somebody who plays with it
        return 1


def _turn_into_srgb(image: Image.Image, profile: bytes) -> None:
    """Colours of a profile that cannot be read, or is of another colour model, stay as they are."""
    try:
        ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            inPlace=True,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return


def _limit(memory: int, seconds: int) -> None:
    """Bound this process: address space beyond what it has now, and seconds of processor and of clock."""
    pillow_heif.register_heif_opener()
    pillow_heif.options.DECODE_THREADS = 1
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    PngImagePlugin.MAX_TEXT_MEMORY = _LONGEST_PROFILE
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.preinit()
    Image.init()
    with suppress(OSError):  # where memory runs out all the same, this process ends before the shop's
        Path("/proc/self/oom_score_adj").write_text("1000")
    signal.alarm(4 * seconds)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    statm = Path("/proc/self/statm")
    used = int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0
    if used:  # elsewhere than on Linux, address space cannot be bounded; time and pixels are
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
