"""Listings: legally required fields, approval, and who may change which listing."""

from __future__ import annotations

import pytest

from catalog.actions.listings.listing_states import (
    ListingIncomplete,
    PictureNotReady,
    find_missing_legal_fields,
    pause_listing,
    publish_listing,
    reopen_listing,
    resume_listing,
    return_listing,
    submit_listing,
    withdraw_listing,
)
from catalog.actions.products.delete_products import delete_product
from catalog.actions.products.product_pictures import LastPictureNeeded, remove_picture
from catalog.models import Listing, Price, ProductMedia
from catalog.states import ListingState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change, Picture, PictureState
from shop.notifications.models import Notification
from tests.factories import NOW, make_product, make_product_type, make_seller
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
STAFF = Actor.system("test")


def complete_listing(state=ListingState.DRAFT, seller=None, picture_state=PictureState.READY):
    product = make_product(seller, state=state)
    picture = Picture.objects.create(original="a.jpg", state=picture_state)
    ProductMedia.objects.create(product=product, picture=picture)
    return Listing.objects.get(product=product)


def submit(listing, cooperative=None):
    return submit_listing(
        cooperative=cooperative or listing.product.cooperative, listing_id=listing.pk, actor=STAFF, now=NOW
    )


REMOVE_FIELD = {
    "seller": lambda product: type(product.cooperative).objects.update(registration_number=""),
    "price": lambda product: Price.objects.update(amount=0),
    "origin": lambda product: type(product).objects.update(origin="  "),
    "return_terms": lambda product: type(product.cooperative).objects.update(return_terms=""),
    "delivery": lambda product: product.cooperative.delivery_methods.update(is_active=False),
    "picture": lambda product: product.media.all().delete(),
}


@pytest.mark.parametrize("field", REMOVE_FIELD)
def test_incomplete_listing_is_neither_submitted_nor_published(field) -> None:
    listing = complete_listing()
    REMOVE_FIELD[field](listing.product)

    with assert_refused(ListingIncomplete, "listing_incomplete") as refusal:
        submit(listing)
    with assert_refused(ListingIncomplete, "listing_incomplete"):
        publish_listing(listing_id=listing.pk, actor=STAFF, now=NOW)

    assert refusal.value.details == {"fields": [field]}


@pytest.mark.parametrize("field", REMOVE_FIELD)
def test_paused_listing_that_became_incomplete_is_not_resumed(field) -> None:
    listing = complete_listing(ListingState.PAUSED)
    REMOVE_FIELD[field](listing.product)

    with assert_refused(ListingIncomplete, "listing_incomplete"):
        resume_listing(cooperative=listing.product.cooperative, listing_id=listing.pk, actor=STAFF, now=NOW)


def test_listing_is_published_only_with_a_processed_picture() -> None:
    """A waiting picture may still be refused, and nothing would take the product off sale then."""
    listing = complete_listing(picture_state=PictureState.WAITING)
    submit(listing)

    with assert_refused(PictureNotReady, "picture_not_ready"):
        publish_listing(listing_id=listing.pk, actor=STAFF, now=NOW)

    Picture.objects.update(state=PictureState.READY)
    publish_listing(listing_id=listing.pk, actor=STAFF, now=NOW)
    assert Listing.objects.get().state == ListingState.PUBLISHED


def test_last_processed_picture_of_published_listing_cannot_be_removed() -> None:
    listing = complete_listing(ListingState.PUBLISHED)
    processed = ProductMedia.objects.get()
    waiting_picture = Picture.objects.create(original="b.jpg")
    ProductMedia.objects.create(product=listing.product, picture=waiting_picture, sort_order=1)

    with assert_refused(LastPictureNeeded, "last_picture_needed"):
        remove_picture(
            cooperative=listing.product.cooperative,
            product_id=listing.product_id,
            media_id=processed.pk,
            actor=STAFF,
            now=NOW,
        )


def test_shelf_life_is_required_only_for_perishable_types() -> None:
    listing = complete_listing()
    product = listing.product
    product.product_type = make_product_type(slug="hang-tuoi", name="Hàng tươi", is_perishable=True)
    product.save()
    missing_before = find_missing_legal_fields(product)

    product.shelf_life = "5 ngày"

    assert (missing_before, find_missing_legal_fields(product)) == (["shelf_life"], [])


def test_approval_publishes_listing_and_notifies_cooperative() -> None:
    listing = complete_listing()

    submit(listing)
    publish_listing(listing_id=listing.pk, actor=STAFF, now=NOW)

    listing.refresh_from_db()
    assert (listing.state, listing.submitted_at, listing.published_at) == ("published", NOW, NOW)
    assert [row.recipient for row in Notification.objects.all()] == [listing.product.cooperative.email]
    changes = Change.objects.of_row_and_parts(listing.product).filter(kind="catalog.listing").oldest_first()
    assert [change.action for change in changes] == ["listing.in_review", "listing.published"]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_listing_is_returned_only_with_a_reason(reason) -> None:
    listing = complete_listing(ListingState.IN_REVIEW)

    with assert_refused(ReasonRequired, "reason_required"):
        return_listing(listing_id=listing.pk, reason=reason, actor=STAFF, now=NOW)
    return_listing(listing_id=listing.pk, reason=" Ảnh mờ ", actor=STAFF, now=NOW)

    listing.refresh_from_db()
    assert (listing.state, listing.state_reason) == ("draft", "Ảnh mờ")


@pytest.mark.parametrize(
    "action", [submit_listing, pause_listing, resume_listing, withdraw_listing, reopen_listing]
)
def test_listing_of_another_cooperative_is_missing(action) -> None:
    listing = complete_listing(ListingState.PUBLISHED)
    other = make_seller("HTX Tài Hoan")

    for listing_id in (listing.pk, listing.pk + 1000):
        with assert_refused(Missing, "missing"):
            action(cooperative=other, listing_id=listing_id, actor=STAFF, now=NOW)


def test_unknown_listing_is_missing_for_staff() -> None:
    with assert_refused(Missing, "missing"):
        publish_listing(listing_id=404, actor=STAFF, now=NOW)
    with assert_refused(Missing, "missing"):
        return_listing(listing_id=404, reason="x", actor=STAFF, now=NOW)
    with assert_refused(Missing, "missing"):
        withdraw_listing(listing_id=404, cooperative=None, actor=STAFF, now=NOW)


def test_resumed_listing_keeps_first_publication_date() -> None:
    listing = complete_listing(ListingState.PUBLISHED)
    cooperative = listing.product.cooperative
    later = NOW.replace(year=2027)

    pause_listing(cooperative=cooperative, listing_id=listing.pk, actor=STAFF, now=later)
    resume_listing(cooperative=cooperative, listing_id=listing.pk, actor=STAFF, now=later)

    listing.refresh_from_db()
    assert (listing.state, listing.published_at) == ("published", NOW)


def test_withdrawn_listing_reopens_as_draft_and_keeps_its_reason() -> None:
    listing = complete_listing(ListingState.WITHDRAWN)
    Listing.objects.update(state_reason="Ảnh mờ")

    reopen_listing(cooperative=listing.product.cooperative, listing_id=listing.pk, actor=STAFF, now=NOW)

    listing.refresh_from_db()
    assert (listing.state, listing.state_reason) == ("draft", "Ảnh mờ")
    assert Change.objects.get(action="listing.draft").data["from"] == "withdrawn"


def test_listing_of_removed_product_cannot_be_reopened() -> None:
    listing = complete_listing(ListingState.PUBLISHED)
    cooperative = listing.product.cooperative
    deleted = delete_product(cooperative=cooperative, product_id=listing.product_id, actor=STAFF, now=NOW)

    with assert_refused(Missing, "missing"):
        reopen_listing(cooperative=cooperative, listing_id=listing.pk, actor=STAFF, now=NOW)

    assert not deleted
