"""Photos and seasons changed by phones: rows, repeats, conflicts, foreign and removed products."""

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


def make_product_with_photos(seller: Cooperative, state: ListingState = ListingState.PUBLISHED) -> Product:
    """Make a product with three photos that are ready."""
    product = make_product(seller, state=state)
    ProductMedia.objects.filter(product=product).delete()
    for position in range(3):
        picture = Picture.objects.create(original=f"goi-{position}.jpg", state=PictureState.READY)
        ProductMedia.objects.create(product=product, picture=picture, sort_order=position)
    return product


def photos_of(product: Product) -> list[int]:
    return list(product.media.order_by("sort_order", "pk").values_list("picture", flat=True))


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


def test_photos_of_a_draft_are_moved_and_removed_once(phone, seller) -> None:
    product = make_product_with_photos(seller, ListingState.DRAFT)
    first, second, third = photos_of(product)
    moving = make_command("move_product_photo", product=product.pk, photo=third, position=0)
    removing = make_command("remove_product_photo", product=product.pk, photo=first)

    push_response = phone.push(moving, removing)
    forget_answers()
    phone.answer("move_product_photo", product=product.pk, photo=second, position=0)  # before the repeat
    repeated = phone.push(moving, removing)

    row = {"kind": "product", "id": product.pk}
    assert push_response["answers"] == [
        {"key": command["key"], "outcome": "done", "result": {"is_in_review": False}, "row": row}
        for command in (moving, removing)
    ]
    assert [photo["id"] for photo in push_response["rows"][0]["photos"]] == [third, second]
    assert repeated["answers"] == push_response["answers"]
    assert photos_of(product) == [second, third]
    assert Change.objects.filter(action="product.picture_removed").count() == 1
    assert Change.objects.filter(action="product.pictures_reordered").count() == 2


def test_photos_are_described_by_their_id_or_the_key_they_were_sent_under(phone, seller) -> None:
    draft = make_product_with_photos(seller, ListingState.DRAFT)
    approved = make_product_with_photos(seller)
    first, *_others = photos_of(draft)
    key = send_photo(phone, encode_photo(), piece=100_000)
    adding = make_command("add_product_photo", product=draft.pk, photos=[key])
    describing = [
        make_command("describe_product_photo", product=draft.pk, photo=first, caption=" Lá gối phơi khô "),
        make_command(
            "describe_product_photo",
            after=[adding["key"]],
            product=draft.pk,
            photo_key=key,
            caption="Gói mười lá",
        ),
        make_command(
            "describe_product_photo", product=approved.pk, photo=photos_of(approved)[0], caption="Lá tươi"
        ),
    ]

    push_response = phone.push(adding, *describing)

    results = [answer.get("result") for answer in push_response["answers"]]
    assert results == [{"is_in_review": is_asked} for is_asked in (False, False, False, True)]
    captions = dict(ProductMedia.objects.filter(product=draft).values_list("picture", "alt"))
    assert (captions[first], captions[picture_of(key)]) == ("Lá gối phơi khô", "Gói mười lá")
    rows = {row["id"]: row["photos"] for row in push_response["rows"]}
    assert rows[draft.pk][0]["caption"] == "Lá gối phơi khô"
    assert rows[approved.pk][0]["caption"] == "Lá tươi"  # as proposed
    assert not ProductMedia.objects.filter(product=approved).exclude(alt="").exists()
    unknown = phone.answer("describe_product_photo", product=draft.pk, photo=10**9, caption="Lá")
    assert (unknown["outcome"], unknown["code"]) == ("refused", "picture_removed")


def test_photos_of_an_approved_product_change_after_their_review(phone, seller) -> None:
    product = make_product_with_photos(seller)
    before = photos_of(product)
    first, second, third = before
    moving = make_command("move_product_photo", product=product.pk, photo=third, position=0)
    removing = make_command("remove_product_photo", product=product.pk, photo=first)

    push_response = phone.push(moving, removing)
    forget_answers()
    repeated = phone.push(moving, removing)

    assert [answer["result"] for answer in push_response["answers"]] == [{"is_in_review": True}] * 2
    assert repeated["answers"] == push_response["answers"]
    assert photos_of(product) == before
    proposed = RevisionPicture.objects.order_by("sort_order").values_list("picture", flat=True)
    assert list(proposed) == [third, second]
    assert [photo["id"] for photo in push_response["rows"][0]["photos"]] == [third, second]
    assert Change.objects.filter(action="revision.submitted").count() == 2
    assert [row["photos"] for row in phone.pull()["rows"]] == [push_response["rows"][0]["photos"]]


def test_revision_that_moves_a_photo_back_is_withdrawn_once(phone, seller) -> None:
    product = make_product_with_photos(seller)
    first, second, _third = photos_of(product)
    phone.answer("move_product_photo", product=product.pk, photo=first, position=1)
    back = make_command("move_product_photo", product=product.pk, photo=first, position=0)
    phone.push(back)
    assert not ProductRevision.objects.exists()
    phone.answer("move_product_photo", product=product.pk, photo=second, position=0)
    forget_answers()

    repeated = phone.push(back)["answers"][0]

    assert repeated["outcome"] == "done"
    assert RevisionPicture.objects.order_by("sort_order")[0].picture_id == second


@pytest.mark.parametrize("state", [ListingState.DRAFT, ListingState.PUBLISHED])
def test_photo_that_somebody_else_removed_is_removed_already_and_not_moved(phone, seller, state) -> None:
    product = make_product_with_photos(seller, state)
    removed = photos_of(product)[1]
    of = {"product": product.pk, "photo": removed}
    other_phone = Phone(seller, Role.LISTER)
    assert other_phone.answer("remove_product_photo", **of)["outcome"] == "done"
    before = all_rows()

    moved = phone.answer("move_product_photo", **of, position=0)
    again = phone.answer("remove_product_photo", **of)

    assert (moved["outcome"], moved["code"]) == ("refused", "picture_removed")
    assert moved["message"] == "Ảnh này đã bị người khác xoá trước đó."
    assert len(moved["details"]["latest"]) == 1
    assert (again["outcome"], again["result"]) == ("done", {"is_in_review": False})
    assert all_rows() == before


def test_last_photo_of_a_product_on_sale_is_not_removed(phone, seller) -> None:
    product = make_product_with_photos(seller)
    first, *others = photos_of(product)
    ProductMedia.objects.filter(picture__in=others).delete()
    before = all_rows()

    answer = phone.answer("remove_product_photo", product=product.pk, photo=first)

    assert (answer["outcome"], answer["code"]) == ("refused", "last_picture_needed")
    assert all_rows() == before


@pytest.mark.parametrize("role", [Role.PACKER, Role.BOOKKEEPER])
def test_role_that_lists_nothing_changes_no_product(seller, role) -> None:
    product = make_product(seller)
    phone = Phone(seller, role)
    before = all_rows()

    answers = [
        phone.answer("add_product_photo", product=product.pk, photos=[str(uuid.uuid4())]),
        phone.answer("move_product_photo", product=product.pk, photo=1, position=0),
        phone.answer("remove_product_photo", product=product.pk, photo=1),
        phone.answer("describe_product_photo", product=product.pk, photo=1, caption="Lá gối"),
        phone.answer("change_season", product=product.pk, season=JANUARY, seen=ALL_MONTHS),
    ]

    assert [(answer["outcome"], answer["code"]) for answer in answers] == [("refused", "forbidden")] * 5
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
            ("move_product_photo", {"photo": 1, "position": 0}),
            ("remove_product_photo", {"photo": 1}),
            ("describe_product_photo", {"photo": 1, "caption": "Lá gối"}),
            ("change_season", {"season": JANUARY, "seen": ALL_MONTHS}),
        )
    ]

    assert [answer["code"] for answer in answers] == ["missing"] * 15
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
