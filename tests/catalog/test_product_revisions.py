"""Changes to an approved product wait for review while the approved version stays on sale."""

from __future__ import annotations

import datetime

import pytest

from catalog.actions.listings.listing_states import (
    ListingIncomplete,
    publish_listing,
)
from catalog.actions.listings.revision_decisions import (
    ProposedCategoryDeleted,
    RevisionPictureNotReady,
    approve_revision,
    return_revision,
    withdraw_revision,
)
from catalog.actions.products.product_pictures import (
    LastPictureNeeded,
    add_picture,
    describe_picture,
    move_picture,
    remove_picture,
)
from catalog.actions.products.product_revisions import read_revised_variant_name
from catalog.actions.products.product_translations import translate_product
from catalog.actions.products.revision_differences import TextDifference, find_text_differences
from catalog.actions.products.save_products import update_product
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.actions.taxonomy.category_tree import merge_category
from catalog.models import Category, Listing, Price, Product, ProductMedia, ProductRevision
from catalog.states import ListingState, RevisionState
from shop.core.actors import Actor
from shop.core.database.row_values import InvalidColumnValue
from shop.core.errors import ChangedSinceOpened, Missing, ReasonRequired
from shop.core.models import Change, Picture, PictureState, Translation
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import NOW, make_category, make_channel, make_product, make_seller
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}
LATER = NOW + datetime.timedelta(minutes=5)


def make_approved(**fields) -> Product:
    """Make a product on sale in a channel that checks listings, with one picture."""
    channel = make_channel(requires_listing_review=True)
    seller = make_seller("HTX Thiên An", channel, email="htx@example.com", return_terms="Đổi trong 24 giờ")
    seller.legal_name, seller.registration_number, seller.phone = "HTX Thiên An", "0123", "0912345678"
    seller.save()
    product = make_product(seller, channel=channel, name="Lá gối", **fields)
    Product.objects.filter(pk=product.pk).update(origin="Bắc Kạn")
    ProductMedia.objects.create(product=product, picture=make_picture("a"))
    product.refresh_from_db()
    return product


def make_picture(name, state=PictureState.READY):
    return Picture.objects.create(original=f"{name}.jpg", state=state)


def edit(product, *, now=NOW, **values):
    update_product(
        product_id=product.pk,
        cooperative=product.cooperative,
        values=values,
        actor=Actor.system("test"),
        now=now,
    )
    product.refresh_from_db()


def approve(product, *, seen_submitted_at=NOW):
    approve_revision(product_id=product.pk, seen_submitted_at=seen_submitted_at, **ACTOR_AND_NOW)
    product.refresh_from_db()


def test_name_waits_while_the_approved_one_stays_on_sale() -> None:
    product = make_approved()

    edit(product, name="Lá thơm", season=0b11, description={"blocks": []}, description_text="")

    assert (product.name, product.season) == ("Lá gối", 0b11)
    revision = ProductRevision.objects.get()
    assert (revision.values["name"], revision.state) == ("Lá thơm", RevisionState.IN_REVIEW)
    submitted = Change.objects.get(action="revision.submitted")
    assert (submitted.data["from"]["name"], submitted.data["to"]["name"]) == ("Lá gối", "Lá thơm")

    approve(product)

    assert (product.name, product.search_name) == ("Lá thơm", product.search_name)
    assert not ProductRevision.objects.exists()
    assert Change.objects.filter(action="revision.approved").count() == 1
    assert "“Lá thơm”" in Notification.objects.get().text


def test_proposed_category_that_was_deleted_is_not_approved() -> None:
    product = make_approved()
    category = make_category("Thuốc nam")
    edit(product, category_id=category.pk)
    before = product.category_id
    Category.objects.filter(pk=category.pk).delete()

    with assert_refused(ProposedCategoryDeleted, "proposed_category_deleted"):
        approve(product)

    product.refresh_from_db()
    assert product.category_id == before


def test_proposed_category_follows_its_merge() -> None:
    product = make_approved()
    category, target = make_category("Thuốc nam"), make_category("Thảo dược")
    edit(product, category_id=category.pk)

    merge_category(category_id=category.pk, into_id=target.pk, **ACTOR_AND_NOW)
    approve(product)

    assert product.category_id == target.pk


@pytest.mark.parametrize("state", [ListingState.PUBLISHED, ListingState.PAUSED])
def test_category_waits_whether_on_sale_or_paused(state: ListingState) -> None:
    product = make_approved()
    Listing.objects.update(state=state)
    category = make_category("Thuốc nam")

    edit(product, category_id=category.pk)

    assert product.category_id != category.pk
    approve(product)
    assert product.category_id == category.pk


@pytest.mark.parametrize("state", [ListingState.DRAFT, ListingState.IN_REVIEW, ListingState.WITHDRAWN])
def test_product_that_is_not_approved_changes_at_once(state: ListingState) -> None:
    product = make_approved()
    Listing.objects.update(state=state, submitted_at=NOW)

    edit(product, name="Lá thơm", now=LATER)

    assert product.name == "Lá thơm"
    assert not ProductRevision.objects.exists()
    waits_since = LATER if state == ListingState.IN_REVIEW else NOW
    assert Listing.objects.get().submitted_at == waits_since


def test_price_changes_at_once() -> None:
    product = make_approved()
    variant = product.variants.get()
    channel = Listing.objects.get().channel

    update_variant(variant_id=variant.pk, values={}, prices=[ListPrice(channel, 55_000)], **ACTOR_AND_NOW)

    assert Price.objects.get(variant=variant).amount == 55_000
    assert not ProductRevision.objects.exists()


def rename_option(variant, name, **options) -> None:
    update_variant(variant_id=variant.pk, values={"name": name, "weight": 300}, **options, **ACTOR_AND_NOW)
    variant.refresh_from_db()


def test_name_of_an_option_waits_and_its_other_columns_change_at_once() -> None:
    product = make_approved(variants=(("Lớn", 0), ("Nhỏ", 0)))
    variant = product.variants.get(name="Lớn")

    rename_option(variant, "To")

    revision = ProductRevision.objects.get(product=product)
    difference = find_text_differences(revision)[0]
    assert (variant.name, variant.weight) == ("Lớn", 300)
    assert read_revised_variant_name(variant) == "To"
    assert (difference.label, difference.old, difference.new) == ("Tên phân loại", "Lớn", "To")

    approve(product)

    assert sorted(product.variants.values_list("name", flat=True)) == ["Nhỏ", "To"]
    assert not ProductRevision.objects.exists()


@pytest.mark.parametrize(
    ("old", "new", "spans"),
    [
        (
            "Chín cây, sấy than. Dẻo.",
            "Chín cây, sấy khô. Dẻo. Không đường.",
            [
                ("Chín cây, sấy ", False),
                ("khô.", True),
                (" Dẻo.", False),
                (" Không đường.", True),
            ],
        ),
        ("", "Lần đầu", [("Lần đầu", True)]),
        ("Bỏ hết", "", []),
    ],
)
def test_words_that_a_revision_adds_are_marked(old: str, new: str, spans: list[tuple[str, bool]]) -> None:
    difference = TextDifference("Mô tả", old, new)

    assert "".join(text for text, _is_new in difference.new_spans) == new
    assert difference.new_spans == spans


def test_option_renamed_back_leaves_no_revision() -> None:
    variant = make_approved(variants=(("Lớn", 0),)).variants.get()
    rename_option(variant, "To")

    rename_option(variant, "Lớn")

    assert not ProductRevision.objects.exists()


def test_names_of_options_change_at_once_by_the_platform_and_in_a_draft() -> None:
    approved_product = make_approved(variants=(("Lớn", 0),))
    draft = make_product(approved_product.cooperative, state=ListingState.DRAFT, variants=(("Lớn", 0),))
    names = []
    for variant, needs_approval in ((approved_product.variants.get(), False), (draft.variants.get(), True)):
        rename_option(variant, "To", needs_approval=needs_approval)
        names.append(variant.name)

    assert names == ["To", "To"]
    assert not ProductRevision.objects.exists()


def test_too_long_name_of_an_option_is_refused() -> None:
    variant = make_approved(variants=(("Lớn", 0),)).variants.get()

    with assert_refused(InvalidColumnValue, "invalid_column_value"):
        rename_option(variant, "x" * 256)


def test_platform_changes_at_once() -> None:
    product = make_approved()

    update_product(product_id=product.pk, values={"name": "Lá thơm"}, needs_approval=False, **ACTOR_AND_NOW)

    product.refresh_from_db()
    assert product.name == "Lá thơm"


def test_changing_back_ends_the_review() -> None:
    product = make_approved()

    edit(product, name="Lá thơm")
    edit(product, name="Lá gối")

    assert not ProductRevision.objects.exists()
    assert Change.objects.filter(action="revision.withdrawn").count() == 1


def test_reviewer_cannot_approve_what_changed_meanwhile() -> None:
    product = make_approved()
    edit(product, name="Lá thơm")
    edit(product, name="Lá lạ", now=LATER)

    for seen_submitted_at in (NOW, None):
        with assert_refused(ChangedSinceOpened, "changed_since_opened"):
            approve(product, seen_submitted_at=seen_submitted_at)

    product.refresh_from_db()
    assert product.name == "Lá gối"


def test_returned_changes_come_back_with_the_next_edit() -> None:
    product = make_approved()
    edit(product, name="Lá thơm")
    decision = {"product_id": product.pk, "seen_submitted_at": NOW, **ACTOR_AND_NOW}

    with assert_refused(ReasonRequired, "reason_required"):
        return_revision(reason=" ", **decision)
    return_revision(reason="Tên gây nhầm", **decision)

    revision = ProductRevision.objects.get()
    assert (revision.state, revision.state_reason) == (RevisionState.RETURNED, "Tên gây nhầm")
    assert "Tên gây nhầm" in Notification.objects.get().text
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        approve(product)

    edit(product, name="Lá thơm Bắc Kạn", now=LATER)
    revision.refresh_from_db()
    assert (revision.state, revision.state_reason) == (RevisionState.IN_REVIEW, "")
    approve(product, seen_submitted_at=LATER)
    assert product.name == "Lá thơm Bắc Kạn"


def test_required_text_cannot_be_emptied() -> None:
    product = make_approved()

    with assert_refused(ListingIncomplete, "listing_incomplete"):
        edit(product, origin="")


def test_pictures_wait_in_their_new_order() -> None:
    product = make_approved()
    own = {"cooperative": product.cooperative, "product_id": product.pk, **ACTOR_AND_NOW}
    first = product.media.get()

    added = add_picture(picture=make_picture("b"), **own)
    move_picture(media_id=added.pk, position=0, **own)

    assert list(product.media.values_list("picture__original", flat=True)) == ["a.jpg"]
    approve(product)
    names = product.media.order_by("sort_order").values_list("picture__original", flat=True)
    assert list(names) == ["b.jpg", "a.jpg"]
    assert product.media.filter(pk=first.pk).exists()


def test_picture_is_replaced_only_by_approval() -> None:
    product = make_approved()
    own = {"cooperative": product.cooperative, "product_id": product.pk, **ACTOR_AND_NOW}
    first = product.media.get()
    with assert_refused(LastPictureNeeded, "last_picture_needed"):
        remove_picture(media_id=first.pk, **own)

    add_picture(picture=make_picture("b"), **own)
    remove_picture(media_id=first.pk, **own)
    assert product.media.get() == first

    approve(product)
    assert product.media.get().picture.original == "b.jpg"


def test_removing_a_proposed_picture_ends_the_review() -> None:
    product = make_approved()
    own = {"cooperative": product.cooperative, "product_id": product.pk, **ACTOR_AND_NOW}

    added = add_picture(picture=make_picture("b"), **own)
    remove_picture(media_id=added.pk, **own)

    assert not ProductRevision.objects.exists()
    with assert_refused(Missing, "missing"):
        remove_picture(media_id=added.pk, **own)


def test_picture_that_cannot_be_read_is_not_approved() -> None:
    product = make_approved()
    picture = make_picture("b", PictureState.REFUSED)
    add_picture(cooperative=product.cooperative, product_id=product.pk, picture=picture, **ACTOR_AND_NOW)

    with assert_refused(RevisionPictureNotReady, "revision_picture_not_ready"):
        approve(product)


def test_translations_wait() -> None:
    product = make_approved()
    translate_product(
        cooperative=product.cooperative,
        product_id=product.pk,
        language="en",
        texts={"name": "Scented leaf"},
        variants={},
        **ACTOR_AND_NOW,
    )

    assert not Translation.objects.exists()
    approve(product)
    assert Translation.objects.get().text == "Scented leaf"


def test_member_drops_the_changes() -> None:
    product = make_approved()
    edit(product, name="Lá thơm")
    foreign = make_seller("HTX Khác")
    with assert_refused(Missing, "missing"):
        withdraw_revision(cooperative=foreign, product_id=product.pk, **ACTOR_AND_NOW)

    withdraw_revision(cooperative=product.cooperative, product_id=product.pk, **ACTOR_AND_NOW)

    product.refresh_from_db()
    assert product.name == "Lá gối"
    assert not ProductRevision.objects.exists()


@pytest.mark.parametrize("state", [ListingState.WITHDRAWN, ListingState.DRAFT])
def test_changes_of_a_listing_that_is_not_on_sale_do_not_wait(state: ListingState) -> None:
    product = make_approved()
    edit(product, name="Lá thơm")
    assert [row.product for row in ProductRevision.objects.waiting()] == [product]

    Listing.objects.update(state=state)

    assert list(ProductRevision.objects.waiting()) == []


def test_listing_that_changed_during_its_review_is_not_published() -> None:
    product = make_approved()
    Listing.objects.update(state=ListingState.IN_REVIEW, submitted_at=NOW)
    listing = Listing.objects.get()
    edit(product, name="Lá lạ", now=LATER)

    with assert_refused(ChangedSinceOpened, "changed_since_opened"):
        publish_listing(listing_id=listing.pk, seen_submitted_at=NOW, **ACTOR_AND_NOW)

    publish_listing(listing_id=listing.pk, seen_submitted_at=LATER, **ACTOR_AND_NOW)
    listing.refresh_from_db()
    assert listing.state == ListingState.PUBLISHED


def test_description_of_a_picture_waits_for_review() -> None:
    product = make_approved()
    media = ProductMedia.objects.get()
    arguments = {"cooperative": product.cooperative, "product_id": product.pk, "media_id": media.pk}

    describe_picture(**arguments, alt="Lá gối phơi khô", **ACTOR_AND_NOW)

    media.refresh_from_db()
    assert media.alt == ""
    assert ProductRevision.objects.get().has_pictures

    approve(product)

    media.refresh_from_db()
    assert (media.alt, media.sort_order) == ("Lá gối phơi khô", 0)
    with assert_refused(Missing, "missing"):
        describe_picture(**arguments | {"media_id": 10**9}, alt="Lá", **ACTOR_AND_NOW)
