"""Submit, publish, return, pause, resume, withdraw and reopen listings."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalog import notifications
from catalog.actions.wording.forbidden_phrases import require_allowed_product
from catalog.models import Listing, Price, Product, ProductType
from catalog.states import LISTING_TRANSITIONS, ListingState
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import ChangedSinceOpened, Missing, ReasonRequired, Refused
from shop.core.models import Channel, record_change, was_done_with_key
from shop.core.states import TransitionNotAllowed, change_state


class ListingIncomplete(Refused):
    """The product lacks information that consumer law requires. `details["fields"]` lists the fields."""

    code = "listing_incomplete"
    default_message = _("Some information that buyers must see is missing. Add it first.")


class PictureNotReady(Refused):
    """No photo of the product is processed yet. The worker needs some seconds for one."""

    code = "picture_not_ready"
    default_message = _("The photo is still being processed. Try again in a minute.")


def required_texts(channel: Channel, cooperative: Cooperative, product_type: ProductType) -> frozenset[str]:
    """Return the product's columns that the channel requires of the cooperative's products of this type."""
    if not requires_legal_fields(channel, cooperative):
        return frozenset()
    return _legally_required_texts(cooperative, product_type)


def find_missing_legal_fields(product: Product) -> list[str]:
    """Return, in a fixed order, the missing fields that Consumer Law 19/2023, article 37, requires.

    It requires the seller, the price, the origin, the shelf life, and the terms of delivery and return. A
    picture is added here, so that the buyer sees the product. The quantity needs no check, because every
    variant has a unit.
    """
    cooperative = product.cooperative
    prices = Price.objects.filter(variant__product=product, amount__gt=0)
    texts = _legally_required_texts(cooperative, product.product_type)
    empty_texts = {column for column in texts if not getattr(product, column).strip()}
    provided = {
        "seller": bool(cooperative.legal_name and cooperative.registration_number and cooperative.phone),
        "price": prices.exists(),
        "origin": "origin" not in empty_texts,
        "shelf_life": "shelf_life" not in empty_texts,
        "return_terms": "return_terms" not in empty_texts,
        "delivery": cooperative.delivery_methods.filter(is_active=True).exists(),
        "picture": product.media.displayable().exists(),
    }
    return [field for field, is_provided in provided.items() if not is_provided]


@transaction.atomic(durable=True)
def submit_listing(
    *,
    cooperative: Cooperative,
    listing_id: int,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Listing:
    """Submit a listing for review, or publish it if the channel requires none.

    A repeated `idempotency_key` does nothing. Raises KeyReused, Missing, ListingIncomplete, PictureNotReady,
    ForbiddenWords, TransitionNotAllowed.
    """
    listing = _lock_listing(Listing.objects.for_cooperative(cooperative), listing_id)
    needs_review = listing.channel.requires_listing_review
    new_state = ListingState.IN_REVIEW if needs_review else ListingState.PUBLISHED
    if was_done_with_key(idempotency_key, f"listing.{new_state}", listing):
        return listing
    require_legal_fields(listing)
    require_allowed_product(listing.product)
    if new_state == ListingState.PUBLISHED:
        require_ready_picture(listing)
    return change_listing_state(listing, new_state, idempotency_key=idempotency_key, actor=actor, now=now)


@transaction.atomic(durable=True)
def publish_listing(
    *,
    listing_id: int,
    seen_submitted_at: datetime.datetime | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Listing:
    """Publish a listing on behalf of platform staff, which also approves it.

    `seen_submitted_at` is the listing's `submitted_at` when the reviewer opened it. If it is None, nothing is
    compared. Raises Missing, ChangedSinceOpened, ListingIncomplete, PictureNotReady, ForbiddenWords,
    TransitionNotAllowed.
    """
    listing = _lock_listing(Listing.objects.existing(), listing_id)
    _require_unchanged_since(listing, seen_submitted_at)
    require_legal_fields(listing)
    require_ready_picture(listing)
    require_allowed_product(listing.product)
    change_listing_state(listing, ListingState.PUBLISHED, actor=actor, now=now)
    notifications.send_listing_decision(listing, now=now)
    return listing


@transaction.atomic(durable=True)
def return_listing(
    *,
    listing_id: int,
    reason: str,
    seen_submitted_at: datetime.datetime | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Listing:
    """Return a listing to draft for correction.

    `seen_submitted_at` is the listing's `submitted_at` when the reviewer opened it. If it is None, nothing is
    compared. Raises Missing, ReasonRequired, ChangedSinceOpened, TransitionNotAllowed.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    listing = _lock_listing(Listing.objects.existing(), listing_id)
    _require_unchanged_since(listing, seen_submitted_at)
    _require_state(listing, ListingState.IN_REVIEW, new_state=ListingState.DRAFT)
    change_listing_state(listing, ListingState.DRAFT, reason=reason.strip(), actor=actor, now=now)
    notifications.send_listing_decision(listing, now=now)
    return listing


@transaction.atomic(durable=True)
def pause_listing(
    *,
    cooperative: Cooperative,
    listing_id: int,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Listing:
    """Pause a published listing. A repeated `idempotency_key` does nothing.

    Raises KeyReused, Missing, TransitionNotAllowed.
    """
    listing = _lock_listing(Listing.objects.for_cooperative(cooperative), listing_id)
    if was_done_with_key(idempotency_key, f"listing.{ListingState.PAUSED}", listing):
        return listing
    return change_listing_state(
        listing, ListingState.PAUSED, idempotency_key=idempotency_key, actor=actor, now=now
    )


@transaction.atomic(durable=True)
def resume_listing(
    *,
    cooperative: Cooperative,
    listing_id: int,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Listing:
    """Publish a paused listing, which was approved before. A repeated `idempotency_key` does nothing.

    Raises KeyReused, Missing, ListingIncomplete, PictureNotReady, TransitionNotAllowed.
    """
    listing = _lock_listing(Listing.objects.for_cooperative(cooperative), listing_id)
    if was_done_with_key(idempotency_key, f"listing.{ListingState.PUBLISHED}", listing):
        return listing
    _require_state(listing, ListingState.PAUSED, new_state=ListingState.PUBLISHED)
    require_legal_fields(listing)
    require_ready_picture(listing)
    return change_listing_state(
        listing, ListingState.PUBLISHED, idempotency_key=idempotency_key, actor=actor, now=now
    )


@transaction.atomic(durable=True)
def withdraw_listing(
    *,
    listing_id: int,
    cooperative: Cooperative | None,
    reason: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> Listing:
    """Withdraw a listing, on behalf of staff if `cooperative` is None.

    Raises Missing, TransitionNotAllowed.
    """
    listings = (
        Listing.objects.existing() if cooperative is None else Listing.objects.for_cooperative(cooperative)
    )
    listing = _lock_listing(listings, listing_id)
    return change_listing_state(listing, ListingState.WITHDRAWN, reason=reason, actor=actor, now=now)


@transaction.atomic(durable=True)
def reopen_listing(
    *, cooperative: Cooperative, listing_id: int, actor: Actor, now: datetime.datetime
) -> Listing:
    """Return a withdrawn listing to draft, for a new review. The reason stays.

    Raises Missing (also for a removed product), TransitionNotAllowed.
    """
    listing = _lock_listing(Listing.objects.for_cooperative(cooperative), listing_id)
    if listing.product.is_removed:
        raise Missing()
    _require_state(listing, ListingState.WITHDRAWN, new_state=ListingState.DRAFT)
    return change_listing_state(
        listing, ListingState.DRAFT, reason=listing.state_reason, actor=actor, now=now
    )


def change_listing_state(
    listing: Listing,
    new_state: ListingState,
    *,
    reason: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Listing:
    """In a transaction: change the state of a locked listing and record it. Raises TransitionNotAllowed."""
    previous_state = change_state(listing, new_state, LISTING_TRANSITIONS)
    listing.state_reason = reason
    if new_state == ListingState.IN_REVIEW:
        listing.submitted_at = now
    if new_state == ListingState.PUBLISHED and listing.published_at is None:
        listing.published_at = now
    listing.save(update_fields=["state_reason", "submitted_at", "published_at", "updated_at"])
    record_change(
        f"listing.{new_state}",
        listing,
        actor=actor,
        now=now,
        root=listing.product,
        cooperative_id=listing.product.cooperative_id,
        reason=reason,
        idempotency_key=idempotency_key,
        data={"from": previous_state, "channel": listing.channel_id},
    )
    return listing


def _require_unchanged_since(listing: Listing, seen_submitted_at: datetime.datetime | None) -> None:
    if seen_submitted_at is not None and listing.submitted_at != seen_submitted_at:
        raise ChangedSinceOpened()


def _require_state(listing: Listing, state: ListingState, *, new_state: ListingState) -> None:
    """Raise TransitionNotAllowed unless the listing is in `state`."""
    if listing.state != state:
        raise TransitionNotAllowed(from_state=listing.state, to_state=new_state)


def require_legal_fields(listing: Listing) -> None:
    """In a transaction: raise ListingIncomplete if a field is empty that the channel requires of listings."""
    if _is_checked(listing):
        missing_fields = find_missing_legal_fields(listing.product)
        if missing_fields:
            raise ListingIncomplete(fields=missing_fields)


def require_ready_picture(listing: Listing) -> None:
    """Require a decoded photo, since one in the queue may be undecodable. Raises PictureNotReady."""
    media = listing.product.media
    if _is_checked(listing) and media.displayable().exists() and not media.ready().exists():
        raise PictureNotReady()


def requires_legal_fields(channel: Channel, cooperative: Cooperative) -> bool:
    """Return whether the channel checks legally required fields. The platform's own products are exempt."""
    return channel.requires_listing_review and not cooperative.is_platform_seller


def _is_checked(listing: Listing) -> bool:
    return requires_legal_fields(listing.channel, listing.product.cooperative)


def _legally_required_texts(cooperative: Cooperative, product_type: ProductType) -> frozenset[str]:
    """Return the required texts: shelf life of perishables, return terms if the seller states none."""
    is_required = {
        "origin": True,
        "shelf_life": product_type.is_perishable,
        "return_terms": not cooperative.return_terms.strip(),
    }
    return frozenset(column for column in is_required if is_required[column])


def _lock_listing(rows: QuerySet[Listing], listing_id: int) -> Listing:
    """In a transaction: lock a listing after its product, whose photos and details decide if it may be sold.

    Raises Missing.
    """
    lock_rows(Product.objects.filter(listings__in=rows.filter(pk=listing_id)))
    listing = lock_row(
        rows.filter(pk=listing_id).select_related(
            "channel", "product", "product__cooperative", "product__product_type"
        )
    )
    if listing is None:
        raise Missing()
    return listing
