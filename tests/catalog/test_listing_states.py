"""Every transition of a listing's states, and every action from every state."""

from __future__ import annotations

import itertools

import pytest

from catalog.actions.listings.listing_states import (
    pause_listing,
    publish_listing,
    reopen_listing,
    resume_listing,
    return_listing,
    submit_listing,
    withdraw_listing,
)
from catalog.models import Listing, ProductMedia
from catalog.states import LISTING_TRANSITIONS, ListingState
from shop.core.actors import Actor
from shop.core.models import Picture, PictureState
from shop.core.states import TransitionNotAllowed, change_state
from tests.factories import NOW, make_channel, make_product
from tests.refusals import assert_refused
from tests.state_tables import unreachable_states

pytestmark = pytest.mark.django_db
STAFF = Actor.system("test")

PAIRS = {
    ("draft", "in_review"),
    ("draft", "published"),
    ("draft", "withdrawn"),
    ("in_review", "published"),
    ("in_review", "draft"),
    ("in_review", "withdrawn"),
    ("published", "paused"),
    ("published", "withdrawn"),
    ("paused", "published"),
    ("paused", "withdrawn"),
    ("withdrawn", "draft"),
}


def listing_in(state, *, checks=True):
    """Return a listing in the given state with every legally required field filled in."""
    product = make_product(channel=make_channel(requires_listing_review=checks), state=state)
    ProductMedia.objects.create(
        product=product, picture=Picture.objects.create(original="a.jpg", state=PictureState.READY)
    )
    return Listing.objects.select_related("product__cooperative").get(product=product)


def test_listing_follows_its_state_table() -> None:
    listing = listing_in("draft")

    for from_state, to_state in itertools.product(ListingState.values, repeat=2):
        Listing.objects.filter(pk=listing.pk).update(state=from_state)
        listing.refresh_from_db()
        if (from_state, to_state) in PAIRS:
            assert change_state(listing, to_state, LISTING_TRANSITIONS) == from_state
        else:
            with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
                change_state(listing, to_state, LISTING_TRANSITIONS)
        listing.refresh_from_db()
        assert listing.state == (to_state if (from_state, to_state) in PAIRS else from_state)


def test_every_listing_state_is_reachable() -> None:
    assert unreachable_states(LISTING_TRANSITIONS, first=ListingState.DRAFT) == set()
    assert set(LISTING_TRANSITIONS) == set(ListingState.values)


def as_cooperative(action, **arguments):
    return lambda listing: action(
        cooperative=listing.product.cooperative, listing_id=listing.pk, actor=STAFF, now=NOW, **arguments
    )


def as_staff(action, **arguments):
    return lambda listing: action(listing_id=listing.pk, actor=STAFF, now=NOW, **arguments)


ACTIONS = {
    "submit": (as_cooperative(submit_listing), {"draft": "in_review"}),
    "publish": (
        as_staff(publish_listing),
        {"draft": "published", "in_review": "published", "paused": "published"},
    ),
    "return": (as_staff(return_listing, reason="thiếu ảnh"), {"in_review": "draft"}),
    "pause": (as_cooperative(pause_listing), {"published": "paused"}),
    "resume": (as_cooperative(resume_listing), {"paused": "published"}),
    "reopen": (as_cooperative(reopen_listing), {"withdrawn": "draft"}),
    "withdraw": (
        as_cooperative(withdraw_listing),
        {state: "withdrawn" for state in ListingState.values if state != "withdrawn"},
    ),
    "withdraw as staff": (
        as_staff(withdraw_listing, cooperative=None),
        {state: "withdrawn" for state in ListingState.values if state != "withdrawn"},
    ),
}


@pytest.mark.parametrize("state", ListingState.values)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_moves_listing_or_is_refused(state, action) -> None:
    listing = listing_in(state)
    run_action, transitions = ACTIONS[action]

    if state in transitions:
        run_action(listing)
    else:
        with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
            run_action(listing)

    listing.refresh_from_db()
    assert listing.state == transitions.get(state, state)


@pytest.mark.parametrize("state", ["draft", "in_review", "paused"])
def test_submission_publishes_at_once_in_channel_without_checks(state) -> None:
    listing = listing_in(state, checks=False)

    as_cooperative(submit_listing)(listing)

    listing.refresh_from_db()
    assert listing.state == "published"
