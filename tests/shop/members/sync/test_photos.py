"""New listings from phones: photos in pieces, then the command that uses them."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from PIL import Image

from catalog.models import Category, Listing, Price, Product, ProductType
from catalog.states import ListingState
from cooperatives.models import Cooperative, Role
from shop.core.models import Picture
from shop.core.texts.formatting import format_money
from shop.members.sync.models import PhoneCommand, PhonePhoto, PhonePhotoPiece
from tests.factories import get_stock, make_category, make_product_type, make_seller, make_variant
from tests.shop.members.sync.phone import Phone, make_command

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(seller) -> Phone:
    return Phone(seller, Role.LISTER)


def encode_photo() -> bytes:
    content = io.BytesIO()
    Image.effect_noise((80, 60), 40).convert("RGB").save(content, "JPEG")
    return content.getvalue()


@pytest.fixture
def photo() -> bytes:
    return encode_photo()


def send_photo(phone: Phone, content: bytes, *, piece: int = 400) -> str:
    """Send a photo in pieces, and return its key."""
    key = str(uuid.uuid4())
    for start in range(0, len(content), piece):
        response = phone.send_piece(key, content[start : start + piece], start=start, size=len(content))
        assert response.status_code == 200, response.content
    return key


def new_listing(**fields: Any) -> dict[str, Any]:
    defaults = {
        "name": "Rau cải mèo",
        "product_type": (ProductType.objects.first() or make_product_type()).pk,
        "category": (Category.objects.first() or make_category()).pk,
        "unit": "bunch",
        "price": 12_000,
        "on_hand": 20,
        "origin": "Phủ Thông",
        "shelf_life": "3 ngày",
        "return_terms": "Đổi trong ngày.",
    }
    return make_command("create_listing", **(defaults | fields))


def test_listing_is_created_with_its_photos_and_submitted_once(phone, seller, photo) -> None:
    keys = [send_photo(phone, photo), send_photo(phone, photo, piece=100_000)]
    creating = new_listing(photos=keys)
    submitting = make_command("submit_listing", created_by=creating["key"], after=(creating["key"],))

    push_response = phone.push(creating, submitting)
    PhoneCommand.objects.update(outcome="", answered_at=None, claimed_at=None)  # the server died
    repeated = phone.push(creating, submitting)

    product = Product.objects.get()
    listing = product.listings.get()
    row = {"kind": "product", "id": product.pk}
    assert [answer["outcome"] for answer in push_response["answers"]] == ["done", "done"]
    assert repeated["answers"] == push_response["answers"]
    assert push_response["answers"][0]["row"] == row
    assert push_response["answers"][0]["result"] == {"product": product.pk, "listing": listing.pk}
    assert push_response["rows"][0]["name"] == "Rau cải mèo"
    assert (listing.state, product.origin, product.return_terms) == (
        ListingState.IN_REVIEW,
        "Phủ Thông",
        "Đổi trong ngày.",
    )
    assert get_stock(product.variants.get()).on_hand == 20
    pictures = list(product.media.order_by("sort_order").values_list("picture", flat=True))
    assert pictures == [PhonePhoto.objects.get(key=key).picture_id for key in keys]
    assert not PhonePhotoPiece.objects.exists()


def test_photo_goes_on_after_the_last_piece_that_arrived(phone, photo) -> None:
    key, size = str(uuid.uuid4()), len(photo)

    def send(start: int, end: int) -> dict[str, Any]:
        response = phone.send_piece(key, photo[start:end], start=start, size=size)
        assert response.status_code == 200
        return dict(response.json())

    answers = [send(0, 100), send(0, 100), send(300, 400), send(100, 200)]
    asked = phone.client.get(f"/xa-vien/dong-bo/anh/{key}/", {"cooperative": phone.cooperative.pk}).json()
    last = send(200, size)
    again = send(200, size)

    assert [answer["received"] for answer in answers] == [100, 100, 100, 200]
    assert asked == {"received": 200, "is_complete": False}
    assert last == again == {"received": size, "is_complete": True}
    with Picture.objects.get().original.open("rb") as stored:
        assert stored.read() == photo


@pytest.mark.parametrize(
    ("content", "fields", "status", "code"),
    [
        (b"not a photo", {}, 400, "not_a_picture"),
        (b"x", {"size": 26 * 1024 * 1024}, 400, "picture_too_heavy"),
        (b"x", {"size": 0}, 400, "picture_too_heavy"),
        (b"x", {"size": "12a"}, 400, "invalid_push"),
        (b"x" * (128 * 1024 + 1), {"size": 10**6}, 413, "push_too_large"),
    ],
)
def test_photo_that_is_none_is_refused_and_not_kept(phone, content, fields, status, code) -> None:
    response = phone.send_piece(str(uuid.uuid4()), content, start=0, **({"size": len(content)} | fields))

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not PhonePhoto.objects.exists()
    assert not Picture.objects.exists()


def test_key_of_another_photo_is_refused(phone, photo) -> None:
    key = send_photo(phone, photo)

    response = phone.send_piece(key, b"other", start=0, size=5)

    assert (response.status_code, response.json()["code"]) == (400, "key_reused")
    assert PhonePhoto.objects.get().size == len(photo)


def test_listing_without_all_its_photos_is_refused_and_can_be_sent_again(phone, seller, photo) -> None:
    key = str(uuid.uuid4())
    phone.send_piece(key, photo[:100], start=0, size=len(photo))
    others = send_photo(Phone(seller, Role.LISTER), photo)

    for photos in ([key], [others], [str(uuid.uuid4())]):
        answer = phone.push(new_listing(photos=photos))["answers"][0]
        assert (answer["outcome"], answer["code"]) == ("refused", "photo_not_sent")
        assert answer["details"] == {"photos": photos}
    assert not Product.objects.exists()
    phone.send_piece(key, photo[100:], start=100, size=len(photo))

    assert phone.push(new_listing(photos=[key]))["answers"][0]["outcome"] == "done"


def test_bookkeeper_sends_no_photos(seller, photo) -> None:
    response = Phone(seller, Role.BOOKKEEPER).send_piece(str(uuid.uuid4()), photo, start=0, size=len(photo))

    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert not PhonePhoto.objects.exists()


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"name": " "}, "invalid_command", "name"),
        ({"price": 0}, "invalid_price", "price"),
        ({"price": 100_000_000}, "invalid_price", "price"),
        ({"price": 0, "confirmed": "0"}, "invalid_price", "price"),
        ({"price": -1}, "invalid_command", "price"),
        ({"on_hand": -1}, "invalid_command", "on_hand"),
        ({"unit": "cái"}, "invalid_command", "unit"),
        ({"season": 4096}, "invalid_command", "season"),
        ({"photos": ["x"]}, "invalid_command", "photos"),
        ({"product_type": 10**9}, "missing", None),
        ({"category": 10**9}, "missing", None),
    ],
)
def test_impossible_listings_are_refused(phone, fields, code, field) -> None:
    answer = phone.push(new_listing(**fields))["answers"][0]

    assert (answer["outcome"], answer["code"]) == ("refused", code)
    assert answer.get("details", {}).get("field") == field
    assert not Product.objects.exists()


@pytest.mark.parametrize("price", [120_000, 12_000_000, 1_000])
def test_unusual_price_of_a_new_listing_is_asked_about_and_confirmed(phone, seller, price) -> None:
    for number in range(3):
        make_variant(make_seller(f"HTX Rau {number}"), name="Rau cải mèo", price=12_000, unit="bunch")
    creating = new_listing(price=price)
    submitting = make_command("submit_listing", created_by=creating["key"], after=(creating["key"],))

    question, waiting = phone.push(creating, submitting)["answers"]
    listed_before = Product.objects.filter(cooperative=seller).exists()
    token = question["details"]["confirmation_token"]
    wrongly_confirmed = phone.push(new_listing(price=price, confirmed="12000-1"))["answers"][0]
    confirmed = phone.push(new_listing(price=price, confirmed=token))["answers"][0]

    assert (question["outcome"], question["code"], token) == ("refused", "unusual_price", f"12000-{price}")
    assert "12.000\xa0₫" in question["message"]
    assert format_money(price, "VND") in question["message"]
    assert (waiting["outcome"], waiting["code"]) == ("later", "earlier_command_open")
    assert not listed_before
    assert wrongly_confirmed["code"] == "unusual_price"
    assert confirmed["outcome"] == "done"
    product = Product.objects.get(cooperative=seller)
    assert Price.objects.get(variant__product=product).amount == price


def test_usual_price_of_a_new_listing_is_not_asked_about(phone, seller) -> None:
    for number in range(3):
        make_variant(make_seller(f"HTX Rau {number}"), name="Rau cải mèo", price=12_000, unit="bunch")

    other_unit = new_listing(name="Măng khô", unit="packet", price=12_000_000)
    pushed = phone.push(new_listing(price=59_999), other_unit)

    assert [answer["outcome"] for answer in pushed["answers"]] == ["done", "done"]


def test_foreign_listing_is_not_submitted(phone) -> None:
    foreign = make_variant(make_seller("HTX khác"), state=ListingState.DRAFT).product.listings.get()

    for named in ({"listing": foreign.pk}, {"created_by": str(uuid.uuid4())}):
        answer = phone.answer("submit_listing", **named)
        assert (answer["outcome"], answer["code"]) == ("refused", "missing")
    assert Listing.objects.get().state == ListingState.DRAFT


def test_choices_of_a_new_listing_are_sent_until_the_phone_has_them(seller: Cooperative) -> None:
    product_type, category = make_product_type(), make_category()
    lister, packer = Phone(seller, Role.LISTER), Phone(seller)

    choices = lister.pull()["choices"]
    again = lister.client.get("/xa-vien/dong-bo/", {"choices": choices["version"]}).json()

    assert choices["product_types"] == [
        {
            "id": product_type.pk,
            "name": product_type.name,
            "photo_hint": "Chụp trọn món hàng, chụp gần, ngoài sáng, trên nền trơn.",
            "required": ["origin"],
        }
    ]
    assert choices["categories"] == [{"id": category.pk, "name": category.name, "parent": ""}]
    assert (choices["currency"], choices["origin"]) == ("VND", seller.location)
    assert "choices" not in again
    assert packer.pull()["choices"] is None


def test_photo_never_holds_more_than_its_size(phone, photo) -> None:
    send_photo(phone, photo)

    with pytest.raises(IntegrityError), transaction.atomic():
        PhonePhoto.objects.update(received=len(photo) + 1)
