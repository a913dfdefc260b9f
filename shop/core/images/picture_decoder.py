"""Decode one uploaded picture and write its renditions, in a separate process with limited memory and time.

    python -I picture_decoder.py ORIGINAL FOLDER MEMORY SECONDS WIDTH…

`shop.core.images.image_files` starts it by its path. It imports nothing of the shop, so it starts fast and a
crash of an image library ends only this process. It writes WIDTH.webp and WIDTH.jpg into FOLDER and prints
one line of JSON: {"width", "height", "files": [[width, height], …]}, or {"refused": reason}.
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

MAX_PIXELS = 200_000_000  # a second limit in addition to memory
MAX_ASPECT_RATIO = 10  # a longer strip is not a photo, and WebP ends at 16,383 pixels
_QUALITY = 68
# Lists show many small pictures, with two pixels for one of the layout. There a lower quality is not seen.
_LIST_WIDTH, _LIST_QUALITY = 320, 38
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF")
_ORIENTATION = 0x0112
# Keep at least this many times the target size before the last resize. Less would be visible.
_REDUCING_GAP = 3
_ROWS_FLATTENED_AT_ONCE = 256  # no second full copy is needed
_MAX_PROFILE_BYTES = 4 * 1024 * 1024
_TRANSPOSITIONS = {
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
    _limit_process(int(memory), int(seconds))
    try:
        report = write_renditions(Path(original), Path(folder), [int(width) for width in widths])
    except MemoryError:
        report = {"refused": "needs too much memory"}
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        report = {"refused": "has too many pixels"}
    except Exception as error:  # image libraries raise many kinds of errors for broken files
        report = {"refused": f"cannot be decoded: {type(error).__name__}: {error}"[:300]}
    print(json.dumps(report))  # noqa: T201  # the answer to the process that started this one
    return 0


def write_renditions(original: Path, folder: Path, widths: Sequence[int]) -> dict[str, object]:
    """Write the renditions of a picture: upright, in sRGB, without metadata."""
    image, width, height = _open_upright(original, max(widths))
    requested = [smaller for smaller in widths if smaller < width]
    if width <= max(widths):
        requested.append(width)
    files = [
        [requested_width, max(1, round(requested_width * height / width))] for requested_width in requested
    ]
    for size in files:
        sized = image.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=float(_REDUCING_GAP))
        quality = _LIST_QUALITY if size[0] <= _LIST_WIDTH else _QUALITY
        sized.save(folder / f"{size[0]}.webp", "WEBP", quality=quality, method=6, exif=b"")
        sized.save(folder / f"{size[0]}.jpg", "JPEG", quality=75, optimize=True, progressive=True, exif=b"")
    return {"width": width, "height": height, "files": files}


def _open_upright(original: Path, widest: int) -> tuple[Image.Image, int, int]:
    """Return the upright picture, reduced to about `widest`, with its full width and height."""
    with Image.open(original, formats=_FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Image.DecompressionBombError
        if max(width, height) > MAX_ASPECT_RATIO * min(width, height):
            raise ValueError("a strip")
        orientation = _read_orientation(image)
        is_lying = orientation >= 5
        needed = widest * width // height if is_lying else widest
        profile = image.info.get("icc_profile")
        image.draft("RGB", (max(1, needed), max(1, needed * image.height // image.width)))
        flat = _flatten(image, max(1, image.width // max(1, _REDUCING_GAP * needed)))
    if orientation in _TRANSPOSITIONS:
        flat = flat.transpose(_TRANSPOSITIONS[orientation])
    if isinstance(profile, bytes) and len(profile) <= _MAX_PROFILE_BYTES:
        _convert_to_srgb(flat, profile)
    return (flat, height, width) if is_lying else (flat, width, height)


def _flatten(image: Image.Image, factor: int) -> Image.Image:
    """Return the first frame in RGB, `factor` times smaller. Transparent pixels become white."""
    image.load()
    width, height = image.size
    has_alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    flat = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = factor * max(1, _ROWS_FLATTENED_AT_ONCE // factor)
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(top + rows, height)))
        if has_alpha:
            band = band.convert("RGBA")
            band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band)
        band = band.convert("RGB")
        flat.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return flat


def _read_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8. An invalid value counts as 1."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
        return int(orientation) if int(orientation) in _TRANSPOSITIONS else 1
    except MemoryError:
        raise
    except Exception:  # EXIF data may be broken or malicious
        return 1


def _convert_to_srgb(image: Image.Image, profile: bytes) -> None:
    """Convert colours to sRGB. An unreadable or mismatched profile is ignored."""
    try:
        ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            inPlace=True,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return


def _limit_process(memory: int, seconds: int) -> None:
    """Limit this process: extra address space, CPU time and wall-clock time."""
    pillow_heif.register_heif_opener()
    pillow_heif.options.DECODE_THREADS = 1
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    PngImagePlugin.MAX_TEXT_MEMORY = _MAX_PROFILE_BYTES
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.preinit()
    Image.init()
    with suppress(OSError):  # if memory runs out anyway, the kernel kills this process before the shop's
        Path("/proc/self/oom_score_adj").write_text("1000")
    signal.alarm(4 * seconds)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    statm = Path("/proc/self/statm")
    used_bytes = int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0
    if used_bytes:  # address space can only be limited on Linux; time and pixels are limited everywhere
        resource.setrlimit(resource.RLIMIT_AS, (used_bytes + memory, used_bytes + memory))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
