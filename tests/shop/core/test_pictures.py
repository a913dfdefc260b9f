import io
import struct
import zlib

import pillow_heif
import pytest
from PIL import Image

from shop.core.images.image_files import (
    MAX_BYTES,
    NotAPicture,
    PictureTooHeavy,
    PictureTooLarge,
    UndecodablePicture,
    inspect_picture,
    make_renditions,
)

ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


def photo(width=1600, height=1200, form="JPEG", **options):
    """Return a photo whose left half is red and right half blue."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    file = io.BytesIO()
    image.save(file, form, **options)
    file.seek(0)
    return file


def exif_of_a_phone(orientation=1):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKER] = "A phone"
    exif.get_ifd(GPS).update({1: "N", 2: (22.0, 13.0, 0.0), 3: "E", 4: (105.0, 50.0, 0.0)})
    return exif.tobytes()


def claimed_png(width, height):
    """Return a tiny file whose header claims width × height pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_photo_is_inspected_and_can_be_read_again(form) -> None:
    file = photo(form=form)

    assert inspect_picture(file) == (1600, 1200)
    assert file.tell() == 0


def test_renditions_have_five_widths_and_two_formats() -> None:
    renditions = make_renditions(photo())

    assert [(file.width, file.height) for file in renditions.files] == [
        (96, 72),
        (160, 120),
        (320, 240),
        (640, 480),
        (1200, 900),
    ]
    for file in renditions.files:
        assert Image.open(io.BytesIO(file.webp)).format == "WEBP"
        assert Image.open(io.BytesIO(file.jpeg)).format == "JPEG"
        assert Image.open(io.BytesIO(file.jpeg)).size == (file.width, file.height)


@pytest.mark.parametrize(
    ("width", "widths"),
    [(1200, [96, 160, 320, 640, 1200]), (500, [96, 160, 320, 500]), (320, [96, 160, 320]), (90, [90])],
)
def test_small_photo_is_never_enlarged(width, widths) -> None:
    renditions = make_renditions(photo(width, 200))

    assert [file.width for file in renditions.files] == widths


def test_renditions_hold_no_location_or_device_data() -> None:
    original = photo(exif=exif_of_a_phone())
    assert Image.open(original).getexif().get_ifd(GPS)

    for file in make_renditions(original).files:
        for form in (file.webp, file.jpeg):
            assert not dict(Image.open(io.BytesIO(form)).getexif())
            assert b"A phone" not in form


def test_sideways_photo_is_turned_upright() -> None:
    lying = photo(1600, 1200, exif=exif_of_a_phone(orientation=6))

    renditions = make_renditions(lying)

    upright = Image.open(io.BytesIO(renditions.files[2].jpeg)).convert("RGB")
    assert (renditions.width, renditions.height) == (1200, 1600)
    assert inspect_picture(lying) == (1600, 1200)  # as stored: requests do not read EXIF
    assert upright.size == (320, 427)
    assert upright.getpixel((160, 20))[0] > 200  # the red left half is on top now
    assert upright.getpixel((160, 400))[2] > 200


def test_transparent_pixels_become_white() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(file, "PNG")

    renditions = make_renditions(file)

    assert Image.open(io.BytesIO(renditions.files[0].jpeg)).getpixel((20, 20)) == (255, 255, 255)


def test_heic_photo_is_converted() -> None:
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (640, 480), "green")).save(file, quality=60)

    assert inspect_picture(file) == (640, 480)
    assert [file_.width for file_ in make_renditions(file).files] == [96, 160, 320, 640]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        "Quýt chín rồi".encode() * 50,
        b"%PDF-1.7 nothing",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_other_files_are_refused_whatever_their_name(content) -> None:
    file = io.BytesIO(content)
    file.name = "quyt.jpg"

    with pytest.raises(NotAPicture):
        inspect_picture(file)
    with pytest.raises(NotAPicture):
        make_renditions(file)


def test_truncated_photo_is_refused_by_the_decoder() -> None:
    content = photo().getvalue()
    truncated = io.BytesIO(content[: len(content) // 2])

    assert inspect_picture(truncated) == (1600, 1200)
    with pytest.raises(UndecodablePicture, match="undecodable_picture") as refused:
        make_renditions(truncated)
    assert "truncated" in refused.value.details["reason"]


def test_extremely_narrow_picture_is_refused() -> None:
    with pytest.raises(NotAPicture):
        inspect_picture(photo(4000, 10))


@pytest.mark.parametrize("side", [6400, 10_000, 30_000])
def test_decompression_bomb_is_refused_by_its_header(side) -> None:
    with pytest.raises(PictureTooLarge):
        inspect_picture(claimed_png(side, side))
    with pytest.raises(PictureTooLarge):
        make_renditions(claimed_png(side, side))


def test_photo_over_25_mb_is_refused() -> None:
    heavy = io.BytesIO(photo().getvalue().ljust(MAX_BYTES + 1, b"\0"))

    with pytest.raises(PictureTooHeavy):
        inspect_picture(heavy)
