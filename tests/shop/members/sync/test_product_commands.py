"""Photos added and seasons changed by phones: rows, repeats, conflicts, foreign and removed products."""

from __future__ import annotations

import uuid

import pytest

from catalog.actions.products.delete_products import delete_product
from catalog.actions.products.product_pictures import remove_picture
from catalog.models import ALL_MONTHS, Product, ProductMedia, ProductRevision, RevisionPicture
from catalog.states import ListingState
from cooperatives.models import Cooperative, Role
from shop.core.actors import Actor
from shop.core.models import Change, Picture, PictureState
from shop.members.sync.models import PhoneCommand, PhonePhoto
from tests.factories import NOW, make_product, make_seller
from tests.refusals import all_rows
from tests.shop.members.sync.phone import Phone, make_command
from tests.shop.members.sync.test_photos import encode_photo, send_photo

pytestmark = pytest.mark.django_db

JUNE_TO_SEPTEMBER = 0b0001_1110_0000
JANUARY = 0b1


@pytest.fixture
def phone(seller) -> Phone:
    return Phone(seller, Role.LISTER)


def forget_answers() -> None:
    """Forget all answers, as if the server had died before it stored them."""
    PhoneCommand.objects.update(outcome="", answered_at=None, claimed_at=None)


def make_pictured_product(seller: Cooperative) -> Product:
    """Make a published product with the photo that it needs to stay on sale."""
    product = make_product(seller)
    picture = Picture.objects.create(original="goi.jpg", state=PictureState.READY)
    ProductMedia.objects.create(product=product, picture=picture)
    return product


def picture_of(key: str) -> int | None:
    return PhonePhoto.objects.get(key=key).picture_id


def test_photos_of_a_draft_are_added_once_and_in_their_order(phone, seller) -> None:
    product = make_product(seller, state=ListingState.DRAFT)
    first_media = list(product.media.values_list("picture", flat=True))
    keys = [send_photo(phone, encode_photo(), piece=100_000) for _ in range(2)]
    commands = [make_command("add_product_photo", product=product.pk, photos=[key]) for key in keys]

    push_response = phone.push(*commands)
    forget_answers()
    repeated = phone.push(*commands)

    row = {"kind": "product", "id": product.pk}
    assert push_response["answers"] == repeated["answers"]
    assert push_response["answers"] == [
        {"key": command["key"], "outcome": "done", "result": {"is_in_review": False}, "row": row}
        for command in commands
    ]
    media = product.media.order_by("sort_order").values_list("picture", flat=True)
    assert list(media) == [*first_media, *map(picture_of, keys)]
    assert Change.objects.filter(action="product.picture_added", idempotency_key__gt="").count() == 2
    assert not ProductRevision.objects.exists()


def test_photo_of_an_approved_product_waits_for_its_review_once(phone, seller) -> None:
    product = make_product(seller)
    before = list(ProductMedia.objects.values())
    key = send_photo(phone, encode_photo(), piece=100_000)
    command = make_command("add_product_photo", product=product.pk, photos=[key])

    answers = phone.push(command)["answers"]
    forget_answers()
    repeated = phone.push(command)["answers"]

    assert repeated == answers
    assert answers[0]["result"] == {"is_in_review": True}
    assert list(ProductMedia.objects.values()) == before
    revision = ProductRevision.objects.get()
    proposed = RevisionPicture.objects.filter(media=None)
    assert list(proposed.values_list("revision", "picture")) == [(revision.pk, picture_of(key))]
    assert Change.objects.filter(action="revision.submitted").count() == 1


def test_photo_that_was_removed_meanwhile_is_not_added_by_a_repeat(phone, seller) -> None:
    product = make_product(seller, state=ListingState.DRAFT)
    key = send_photo(phone, encode_photo(), piece=100_000)
    command = make_command("add_product_photo", product=product.pk, photos=[key])
    phone.push(command)
    remove_picture(
        cooperative=seller,
        product_id=product.pk,
        media_id=ProductMedia.objects.get(picture=picture_of(key)).pk,
        actor=Actor.system(),
        now=NOW,
    )
    forget_answers()

    repeated = phone.push(command)["answers"][0]

    assert repeated["outcome"] == "done"
    assert not ProductMedia.objects.filter(picture=picture_of(key)).exists()


@pytest.mark.parametrize("role", [Role.PACKER, Role.BOOKKEEPER])
def test_role_that_lists_nothing_changes_no_product(seller, role) -> None:
    product = make_product(seller)
    phone = Phone(seller, role)
    before = all_rows()

    answers = [
        phone.answer("add_product_photo", product=product.pk, photos=[str(uuid.uuid4())]),
        phone.answer("change_season", product=product.pk, season=JANUARY, seen=ALL_MONTHS),
    ]

    assert [(answer["outcome"], answer["code"]) for answer in answers] == [("refused", "forbidden")] * 2
    assert all_rows() == before


def test_foreign_and_removed_products_look_like_missing_ones(phone, seller) -> None:
    foreign, removed = make_product(make_seller("HTX Yến Dương")), make_product(seller)
    delete_product(cooperative=seller, product_id=removed.pk, actor=Actor.system(), now=NOW)
    key = send_photo(phone, encode_photo(), piece=100_000)
    before = all_rows()

    answers = [
        phone.answer(name, product=product_id, **payload)
        for product_id in (foreign.pk, removed.pk, 10**15)
        for name, payload in (
            ("add_product_photo", {"photos": [key]}),
            ("change_season", {"season": JANUARY, "seen": ALL_MONTHS}),
        )
    ]

    assert [answer["code"] for answer in answers] == ["missing"] * 6
    assert {tuple(sorted(answer)) for answer in answers} == {("code", "message", "outcome")}
    assert all_rows() == before


def test_photo_that_is_no_picture_is_not_added(phone, seller) -> None:
    product = make_product(seller)
    key = str(uuid.uuid4())
    before = all_rows()

    sent = phone.send_piece(key, b"not a photo", start=0, size=11)
    answer = phone.answer("add_product_photo", product=product.pk, photos=[key])
    without = phone.answer("add_product_photo", product=product.pk)

    assert (sent.status_code, sent.json()["code"]) == (400, "not_a_picture")
    assert (answer["outcome"], answer["code"]) == ("refused", "photo_not_sent")
    assert (without["code"], without["details"]) == ("invalid_command", {"field": "photos"})
    assert all_rows() == before


def test_season_is_changed_once(phone, seller) -> None:
    product = make_pictured_product(seller)
    command = make_command("change_season", product=product.pk, season=JUNE_TO_SEPTEMBER, seen=ALL_MONTHS)

    answers = phone.push(command)
    Product.objects.update(season=JANUARY)  # somebody changes it before the repeat
    forget_answers()
    repeated = phone.push(command)

    assert answers["answers"] == [
        {"key": command["key"], "outcome": "done", "row": {"kind": "product", "id": product.pk}}
    ]
    assert answers["rows"][0]["season"] == "6-9"
    assert repeated["answers"] == answers["answers"]
    assert repeated["rows"][0]["season"] == "1"
    assert Change.objects.filter(action="product.changed").count() == 1


def test_season_that_somebody_else_changed_is_not_overwritten(seller) -> None:
    product = make_pictured_product(seller)
    first_phone, second_phone = Phone(seller, Role.LISTER), Phone(seller, Role.LISTER)
    of = {"product": product.pk}

    first = second_phone.answer("change_season", **of, season=JANUARY, seen=ALL_MONTHS)
    conflict = first_phone.push(
        make_command("change_season", **of, season=JUNE_TO_SEPTEMBER, seen=ALL_MONTHS)
    )
    kept = Product.objects.get().season
    agreed = first_phone.answer("change_season", **of, season=JANUARY, seen=ALL_MONTHS)
    decided = first_phone.answer("change_season", **of, season=JUNE_TO_SEPTEMBER, seen=JANUARY)

    (answer,) = conflict["answers"]
    assert first["outcome"] == "done"
    assert (answer["outcome"], answer["code"]) == ("refused", "product_already_changed")
    assert answer["details"].pop("latest")[0].endswith(": Sửa sản phẩm")
    assert answer["details"] == {"field": "season"}
    assert conflict["rows"][0]["season"] == "1"
    assert kept == JANUARY
    assert (agreed["outcome"], decided["outcome"]) == ("done", "done")
    assert Product.objects.get().season == JUNE_TO_SEPTEMBER


@pytest.mark.parametrize(
    ("season", "seen", "field"), [(0, 1, "season"), (4096, 1, "season"), (1, -1, "seen"), (1, None, "seen")]
)
def test_impossible_seasons_are_refused(phone, seller, season, seen, field) -> None:
    product = make_product(seller)

    answer = phone.answer("change_season", product=product.pk, season=season, seen=seen)

    assert (answer["code"], answer["details"]) == ("invalid_command", {"field": field})
    assert Product.objects.get().season == ALL_MONTHS
