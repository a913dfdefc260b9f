"""Pictures that are small files with many pixels, or that break decoders."""

from __future__ import annotations

import io
import json
import logging
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import uuid
import zlib
from pathlib import Path

import pillow_heif
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image

from catalog.actions.listings.listing_states import (
    ListingIncomplete,
    find_missing_legal_fields,
    submit_listing,
)
from catalog.actions.products.product_pictures import LastPictureNeeded, remove_picture
from catalog.models import ProductMedia
from catalog.states import ListingState
from orders.actions.complaints.file_complaint import submit_complaint
from orders.models import Complaint, OrderPart
from shop.core.actors import Actor
from shop.core.images import image_files, renditions
from shop.core.images.image_files import (
    PictureTooLarge,
    UndecodablePicture,
    inspect_picture,
    make_renditions,
    read_renditions,
)
from shop.core.images.renditions import render_waiting_pictures, store_picture
from shop.core.models import Picture, PictureState
from shop.core.models.picture import CLAIM_LIFETIME
from tests.attacks.hostile_pictures import FORMATS, hostile, jpeg_of_many_scans, png
from tests.attacks.memory import PeakMemory
from tests.factories import make_member, make_order, make_product, make_variant
from tests.markup import html_of
from tests.orders.pages.order_proofs import prove_order
from tests.orders.refunds.refund_helpers import deliver_order
from tests.refusals import all_rows

ORIENTATION, ICC_MARKER = 0x0112, b"ICC_PROFILE\0\1\1"
MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def run_decoder(
    original: Path, folder: Path, *, seconds: int = image_files.MAX_DECODER_CPU_SECONDS, first: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the decoder on a file after the code in `first`; its output ends with the memory used."""
    program = f"""import runpy, sys
{first}
try:
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    print(open("/proc/self/status").read())"""
    arguments = [
        image_files._DECODER,
        original,
        folder,
        image_files.DECODER_MEMORY,
        seconds,
        *image_files.WIDTHS,
    ]
    return subprocess.run(
        [sys.executable, "-I", "-c", program, *map(str, arguments)], capture_output=True, text=True
    )


def decoded(original: Path, folder: Path) -> tuple[list[int], int]:
    """Return the widths that the decoder renders, and its peak memory in bytes."""
    response, _end, status = run_decoder(original, folder).stdout.partition("\n")
    figures = json.loads(response)
    assert "refused" not in figures, figures
    rendition = read_renditions(folder, figures)
    return [file.width for file in rendition.files], int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


@pytest.mark.once
@pytest.mark.parametrize("name", FORMATS)
def test_size_is_read_without_the_memory_of_the_pixels(name) -> None:
    file = io.BytesIO(hostile(name))

    with PeakMemory() as peak:
        for _upload in range(12):
            assert inspect_picture(file) in {(7296, 5472), (4800, 4800)}

    assert peak.growth < MEGABYTE, f"{name}: {peak.growth / MEGABYTE:.1f} MB"
    assert file.tell() == 0


@pytest.mark.once
@pytest.mark.parametrize("name", FORMATS)
def test_truncated_header_is_refused_or_read(name) -> None:
    content = hostile(name)

    for length in range(min(len(content), 700)):
        try:
            inspect_picture(io.BytesIO(content[:length]))
        except image_files.NotAPicture:
            continue


@pytest.mark.once
@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8" + b"\xff\xe1\x00\x02" * 3_000_000,
        b"\xff\xd8" + b"\xff" * 10_000_000,
        b"\0\0\0\x10ftypheic" + b"\0\0\0\x08free" * 1_000_000,
        b"\0\0\0\x10ftypheic" + b"\0\0\0\x01meta" + b"\xff" * 100,
        b"\0\0\0\x14ftypheic\0\0\0\0mif1" + struct.pack(">I4s", 0, b"meta") * 1_000,
        b"RIFF\0\0\0\0WEBPVP8X",
        b"GIF89a\0\0\0\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
    ],
    ids=[
        "segments",
        "fill",
        "boxes",
        "a huge box",
        "nested boxes",
        "a short WebP",
        "no sides",
        "a short PNG",
    ],
)
def test_endless_headers_are_refused_at_once(content) -> None:
    started = time.process_time()

    with pytest.raises(image_files.NotAPicture):
        inspect_picture(io.BytesIO(content))

    assert time.process_time() - started < 0.5


@pytest.mark.once
def test_picture_needing_too_much_memory_is_refused_by_its_header() -> None:
    """WebP cannot be decoded to a smaller size, and its decoder holds four copies."""
    canvas = (7295).to_bytes(3, "little") + (5471).to_bytes(3, "little")
    webp = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + canvas

    with pytest.raises(PictureTooLarge):
        inspect_picture(io.BytesIO(webp))


@pytest.mark.django_db
@pytest.mark.parametrize("is_delivered", [False, True], ids=["nothing has come", "one is open"])
def test_uploads_are_dropped_where_no_complaint_is_possible(is_delivered) -> None:
    order = make_order((make_variant(price=45_000, on_hand=20), 5))
    part = order.parts.get()
    client = Client()
    prove_order(client, order)
    if is_delivered:
        deliver_order(order, now=timezone.now())
        Complaint.objects.create(part=part, text="Dập.", created_at=timezone.now(), due_by=timezone.now())
    before = all_rows()

    response = complain_with_photos(client, part)

    assert response.status_code == 409
    assert "không phải ảnh" not in html_of(response)
    assert [upload.size for upload in response.wsgi_request.FILES.getlist("photos")] == [0] * 4
    assert all_rows() == before


@pytest.mark.django_db
def test_uploads_of_unproven_buyers_are_dropped(client: Client) -> None:
    order = make_order((make_variant(price=45_000, on_hand=20), 5))
    part = deliver_order(order, now=timezone.now())
    before = all_rows()

    response = complain_with_photos(client, part)

    assert response.status_code == 302
    assert response["Location"].endswith("phan-anh%2F")  # to the code page first, and back
    assert [upload.size for upload in response.wsgi_request.FILES.getlist("photos")] == [0] * 4
    assert all_rows() == before


def complain_with_photos(client: Client, part: OrderPart):
    complaint_form = {
        "idempotency_key": str(uuid.uuid4()),
        f"quantity-{part.lines.get().pk}": "2",
        "message": "Dập.",
        "requested_remedy": "money",
        "photos": [SimpleUploadedFile("a.jpg", b"no photo")] * 4,
    }
    return client.post(f"/don-hang/{part.order_id}/goi/{part.number}/phan-anh/", complaint_form)


@pytest.mark.django_db
def test_uploads_are_dropped_where_a_page_accepts_none(client: Client) -> None:
    upload = SimpleUploadedFile("a.jpg", b"x" * 4 * MEGABYTE)

    request = client.post("/tai-khoan/dang-nhap/", {"login": "x", "file": upload}).wsgi_request

    assert [upload.size for upload in request.FILES.values()] == [0]


@pytest.mark.django_db
@pytest.mark.parametrize("token", [None, "Bearer not.a.token"])
def test_anonymous_uploads_through_the_api_are_dropped(client: Client, token) -> None:
    query = """mutation($file: Upload!) {
        productMediaCreate(input: {product: "UHJvZHVjdDox", image: $file}) { media { id } } }"""
    parts = {
        "operations": json.dumps({"query": query, "variables": {"file": None}}),
        "map": '{"0": ["variables.file"]}',
        "0": SimpleUploadedFile("a.png", b"x" * 4 * MEGABYTE),
    }
    headers = {"Authorization": token} if token else {}

    response = client.post("/graphql/", parts, headers=headers)

    assert response.status_code == 200
    assert response.json()["errors"]
    assert [upload.size for upload in response.wsgi_request.FILES.values()] == [0]


@pytest.mark.once
@pytest.mark.parametrize("name", FORMATS)
def test_decoder_stays_below_its_memory_limit(name, tmp_path) -> None:
    original, folder = tmp_path / "original", tmp_path / "made"
    original.write_bytes(hostile(name))
    folder.mkdir()

    widths, most = decoded(original, folder)

    assert widths == [96, 160, 320, 640, 1200]
    assert most < image_files.DECODER_MEMORY, f"{name}: {most / MEGABYTE:.0f} MB"


@pytest.mark.once
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"memory": 8 * MEGABYTE}, "memory"),
        ({"seconds": 0}, "takes more than 0 s"),
    ],
    ids=["memory", "clock"],
)
def test_decoder_that_exceeds_its_limits_ends_and_reports_it(limits, reason) -> None:
    with pytest.raises(UndecodablePicture) as refused:
        make_renditions(io.BytesIO(hostile("rgba.png")), **limits)

    assert reason in refused.value.details["reason"]


@pytest.mark.once
def test_decoder_is_killed_after_its_processor_seconds(tmp_path) -> None:
    """The wall-clock limit, which would end it first on a busy machine, is disabled."""
    original = tmp_path / "original"
    original.write_bytes(jpeg_of_many_scans(20_000))

    run = run_decoder(original, tmp_path, seconds=1, first="import signal; signal.alarm = lambda _: 0")

    assert run.returncode == -signal.SIGKILL


@pytest.mark.once
def test_broken_decoder_is_not_blamed_on_the_picture(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(image_files, "_DECODER", tmp_path / "missing.py")

    with pytest.raises(image_files.DecoderBroken, match=r"missing\.py"):
        make_renditions(io.BytesIO(png(40, 30)))


def jpeg(**saved) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "orange").save(file, "JPEG", **saved)
    return file.getvalue()


def with_exif(*entries: bytes, after: bytes = b"", next_ifd: int = 0) -> bytes:
    """Return a JPEG whose first EXIF directory holds these raw entries."""
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", next_ifd)
    tiff = b"II*\0" + struct.pack("<I", 8) + directory + after
    return jpeg(exif=b"Exif\0\0" + tiff)


def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    return struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")


ODD_EXIF = {
    "text": with_exif(entry(ORIENTATION, 2, 4, b"six\0")),
    "digits as text": with_exif(entry(ORIENTATION, 2, 2, b"6\0")),
    "huge": with_exif(entry(ORIENTATION, 4, 1, b"\xff\xff\xff\xff")),
    "negative": with_exif(entry(ORIENTATION, 9, 1, struct.pack("<i", -6))),
    "several": with_exif(entry(ORIENTATION, 3, 2, struct.pack("<HH", 6, 8))),
    "none": with_exif(entry(ORIENTATION, 3, 0, b"")),
    "rational by zero": with_exif(entry(ORIENTATION, 5, 1, struct.pack("<I", 26)), after=b"\0" * 8),
    "not a number": with_exif(entry(ORIENTATION, 11, 1, struct.pack("<f", float("nan")))),
    "infinite": with_exif(entry(ORIENTATION, 11, 1, struct.pack("<f", float("inf")))),
    "bytes": with_exif(entry(ORIENTATION, 7, 4, b"\xff\xfe\0\1")),
    "beyond the file": with_exif(entry(ORIENTATION, 2, 2**31, struct.pack("<I", 2**31))),
    "an unknown type": with_exif(entry(ORIENTATION, 99, 1, b"\6")),
    "a directory within itself": with_exif(entry(0x8769, 4, 1, struct.pack("<I", 8)), next_ifd=8),
    "many entries": jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff"),
    "no TIFF": jpeg(exif=b"Exif\0\0" + b"\xff" * 40),
    "nothing": jpeg(exif=b"Exif\0\0"),
}


@pytest.mark.once
@pytest.mark.parametrize("name", ODD_EXIF)
def test_malformed_exif_is_ignored(name) -> None:
    rendition = make_renditions(io.BytesIO(ODD_EXIF[name]))

    assert {rendition.width, rendition.height} == {400, 300}


@pytest.mark.once
@pytest.mark.parametrize(
    "profile", [b"", b"\xff" * 200, b"\0" * 128 + b"\xff" * 400, b"x" * 3_000_000], ids=len
)
def test_malformed_profiles_leave_colours_unchanged(profile) -> None:
    rendition = make_renditions(io.BytesIO(jpeg(icc_profile=profile)))

    red, green, blue = Image.open(io.BytesIO(rendition.files[0].jpeg)).getpixel((20, 20))
    assert red > 240
    assert 150 < green < 180
    assert blue < 20


@pytest.mark.once
@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation_is_used(form) -> None:
    file = io.BytesIO()
    frames = [Image.new("RGB", (400, 300), colour) for colour in ("red", "blue", "green")]
    frames[0].save(file, form, save_all=True, append_images=frames[1:])

    rendition = make_renditions(file)

    red, green, blue = Image.open(io.BytesIO(rendition.files[0].jpeg)).getpixel((20, 20))
    assert red > 240
    assert green < 20
    assert blue < 20


@pytest.mark.once
def test_gif_frame_larger_than_its_canvas_is_not_unpacked() -> None:
    """The file's header claims 10 × 10, its first frame 65,535 × 65,535."""
    gif = b"GIF89a\x0a\0\x0a\0\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\2\1\0\0;"

    with pytest.raises(UndecodablePicture) as refused:
        make_renditions(io.BytesIO(gif))

    assert refused.value.details["reason"] == "has too many pixels"


@pytest.mark.once
def test_compressed_texts_that_expand_in_a_png_are_refused() -> None:
    text = zlib.compress(b"\0" * 50 * MEGABYTE)
    chunks = [(b"zTXt", b"a\0\0" + text)] * 20

    with pytest.raises(UndecodablePicture) as refused:
        make_renditions(io.BytesIO(png(40, 30, chunks)))

    assert "Decompressed data too large" in refused.value.details["reason"]


@pytest.mark.once
def test_rotated_heif_photo_is_turned_once() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image = Image.new("RGB", (640, 480), "green")
    pillow_heif.from_pillow(image).save(file, quality=60, exif=exif.tobytes())

    rendition = make_renditions(file)

    assert max(rendition.width, rendition.height) == 640


def cut_short() -> ContentFile[bytes]:
    content = jpeg(quality=95)
    return ContentFile(content[: len(content) // 2], name="a.jpg")


@pytest.mark.django_db
def test_refused_photo_is_logged_once_and_does_not_block_others(caplog) -> None:
    first, second = store_picture(cut_short()), store_picture(ContentFile(jpeg(), name="b.jpg"))

    with caplog.at_level(logging.WARNING, "shop.core.images.renditions"):
        render_waiting_pictures()
        render_waiting_pictures()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (PictureState.REFUSED, PictureState.READY)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"picture {first.pk} refused: cannot be decoded: OSError")


@pytest.mark.django_db(transaction=True)
def test_process_decodes_one_picture_at_a_time(monkeypatch) -> None:
    waiting_pictures = [store_picture(ContentFile(jpeg(), name=f"{number}.jpg")) for number in range(3)]
    begun, released, decoded_now = threading.Event(), threading.Event(), []

    def decode(original: object) -> None:
        decoded_now.append(original)
        begun.set()
        released.wait(60)
        raise UndecodablePicture(reason="only counted")

    def work() -> None:
        render_waiting_pictures()
        connection.close()

    monkeypatch.setattr(renditions, "make_renditions", decode)
    first = threading.Thread(target=work)
    first.start()
    begun.wait(60)
    threads = [threading.Thread(target=work) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)  # they end at once while the first one still decodes
    at_once = len(decoded_now)
    released.set()
    first.join(60)

    assert not any(thread.is_alive() for thread in (first, *threads))
    assert (at_once, len(decoded_now)) == (1, len(waiting_pictures))


@pytest.mark.django_db
def test_picture_is_claimed_by_one_process_until_the_claim_ends() -> None:
    picture = store_picture(ContentFile(jpeg(), name="a.jpg"))
    now = timezone.now()

    assert Picture.objects.claim(picture.pk, now)
    assert not Picture.objects.claim(picture.pk, now + CLAIM_LIFETIME)
    assert Picture.objects.claim(picture.pk, now + 2 * CLAIM_LIFETIME)


@pytest.mark.django_db
def test_refused_photo_does_not_complete_a_listing() -> None:
    product = make_product()
    listing = product.listings.get()
    refused = Picture.objects.create(original="a.jpg", state=PictureState.REFUSED)
    ProductMedia.objects.filter(product=product).delete()
    ProductMedia.objects.create(product=product, picture=refused)
    listing.channel.requires_listing_review = True
    listing.channel.save()
    type(listing).objects.filter(pk=listing.pk).update(state=ListingState.DRAFT)

    assert "picture" in find_missing_legal_fields(product)
    with pytest.raises(ListingIncomplete):
        submit_listing(
            cooperative=product.cooperative, listing_id=listing.pk, actor=Actor.system(), now=timezone.now()
        )
    listing.refresh_from_db()
    assert listing.state == ListingState.DRAFT


@pytest.mark.django_db
def test_last_visible_photo_stays_and_a_refused_one_is_removed() -> None:
    product = make_product()
    channel = product.listings.get().channel
    channel.requires_listing_review = True
    channel.save()
    ProductMedia.objects.filter(product=product).delete()
    visible_photo, refused_photo = (
        ProductMedia.objects.create(
            product=product, picture=Picture.objects.create(original="a.jpg", state=state)
        )
        for state in (PictureState.READY, PictureState.REFUSED)
    )
    acting = {
        "cooperative": product.cooperative,
        "product_id": product.pk,
        "needs_approval": False,
        "actor": Actor.system(),
        "now": timezone.now(),
    }

    with pytest.raises(LastPictureNeeded):
        remove_picture(media_id=visible_photo.pk, **acting)
    remove_picture(media_id=refused_photo.pk, **acting)

    assert list(ProductMedia.objects.filter(product=product)) == [visible_photo]


@pytest.mark.django_db
def test_sender_and_members_see_that_a_photo_could_not_be_opened(client: Client) -> None:
    order = make_order((make_variant(price=45_000, on_hand=20), 5))
    part = deliver_order(order, now=timezone.now())
    complaint = submit_complaint(
        part_id=part.pk,
        quantities={part.lines.get().pk: 1},
        text="Dập.",
        pictures=[store_picture(cut_short())],
        actor=Actor.guest(),
        now=timezone.now(),
    )
    render_waiting_pictures()

    buyers = html_of(client.get(f"/don-hang/{order.pk}/"))
    client.force_login(make_member(part.cooperative))
    members = html_of(client.get(f"/xa-vien/phan-anh/{complaint.pk}/"))

    assert "Có một ảnh không mở được." in buyers
    assert "Không mở được ảnh này." in members


@pytest.mark.django_db
def test_members_see_which_of_their_photos_could_not_be_opened(client: Client) -> None:
    product = make_product()
    ProductMedia.objects.create(product=product, picture=store_picture(cut_short()), sort_order=9)
    render_waiting_pictures()
    client.force_login(make_member(product.cooperative))

    page = html_of(client.get(f"/xa-vien/hang/{product.listings.get().pk}/"))

    assert page.count("Không mở được ảnh này. Hãy chọn ảnh khác.") == 1
