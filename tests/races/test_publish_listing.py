"""Publishing a listing while its only picture is removed."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from catalog.actions.listings import listing_states
from catalog.actions.listings.listing_states import publish_listing
from catalog.actions.products.product_pictures import LastPictureNeeded, remove_picture
from catalog.models import Listing, ProductMedia
from catalog.states import ListingState
from shop.core.actors import Actor
from tests.catalog.test_listings import complete_listing
from tests.factories import NOW
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
STAFF = Actor.system("test")


def test_listing_published_while_removing_picture_keeps_its_last_picture(monkeypatch) -> None:
    """The removal begins between the publisher's check of the picture and the commit."""
    listing = complete_listing(ListingState.IN_REVIEW)
    is_checked, is_removed = threading.Event(), threading.Event()
    check_picture = listing_states.require_ready_picture

    def check_and_wait(row: Listing) -> None:
        check_picture(row)
        is_checked.set()
        is_removed.wait(0.5)  # the removal waits for the lock meanwhile

    def remove() -> None:
        is_checked.wait(20)
        try:
            remove_picture(
                cooperative=listing.product.cooperative,
                product_id=listing.product_id,
                media_id=ProductMedia.objects.get().pk,
                actor=STAFF,
                now=NOW,
            )
        finally:
            is_removed.set()

    monkeypatch.setattr(listing_states, "require_ready_picture", check_and_wait)

    published, removed = run_in_threads(
        [partial(publish_listing, listing_id=listing.pk, actor=STAFF, now=NOW), remove]
    )

    assert isinstance(published, Listing), published
    assert isinstance(removed, LastPictureNeeded), removed
    assert Listing.objects.get().state == ListingState.PUBLISHED
    assert ProductMedia.objects.count() == 1
