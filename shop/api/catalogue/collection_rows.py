"""Collections: those created by staff, and a computed one per cooperative.

The collection of a cooperative is computed and never stored. Its name, slug, picture and products are the
cooperative's own, so nothing can get out of sync. Its key is COOPERATIVE_KEYS plus the cooperative's key.
"""

from __future__ import annotations

import datetime

from django.db.models import (
    BigIntegerField,
    CharField,
    Exists,
    F,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
)

from catalog.models import Collection, CollectionListing
from cooperatives.models import Cooperative
from shop.accounts.staff.permissions import Permission
from shop.api.context import Context
from shop.api.object_types import Rows
from shop.api.union_rows import UnionRows
from shop.core.models import Channel

COOPERATIVE_KEYS = 10**9
_ALL_COLLECTIONS_PERMISSIONS = (Permission.MANAGE_PRODUCTS, Permission.MANAGE_TRANSLATIONS)


def cooperative_from_key(key: int) -> int | None:
    """Return the cooperative of a computed collection's or page's key, or None for one created by staff."""
    return key - COOPERATIVE_KEYS if key > COOPERATIVE_KEYS else None


def key_from_cooperative(cooperative_key: int) -> int:
    return COOPERATIVE_KEYS + cooperative_key


def visible_collections(context: Context, channel: Channel | None) -> Rows:
    """Return collections visible to the requester. Buyers see those published in the channel."""
    staff_rows = _staff_collections()
    if channel is not None:
        if not context.may(*_ALL_COLLECTIONS_PERMISSIONS):
            return published_collections(channel.pk, context.now)
        listings = CollectionListing.objects.filter(collection=OuterRef("pk"), channel=channel.pk)
        staff_rows = staff_rows.filter(Exists(listings))
    elif not context.may(*_ALL_COLLECTIONS_PERMISSIONS):
        staff_rows = staff_rows.none()
    return UnionRows(staff_rows, _cooperative_collections())  # type: ignore[return-value]


def published_collections(channel_id: int, now: datetime.datetime) -> Rows:
    """Return collections published in a channel."""
    listings = CollectionListing.objects.filter(
        collection=OuterRef("pk"), channel=channel_id, is_published=True
    )
    listings = listings.filter(Q(published_at=None) | Q(published_at__lte=now))
    return UnionRows(_staff_collections().filter(Exists(listings)), _cooperative_collections())  # type: ignore[return-value]


def can_only_see_published(context: Context, channel: Channel | None) -> bool:
    return channel is not None and not context.may(*_ALL_COLLECTIONS_PERMISSIONS)


def _staff_collections() -> QuerySet[Collection]:
    return Collection.objects.annotate(
        key=F("id"), cooperative_key=Value(None, BigIntegerField()), story=Value("", TextField())
    )


def _cooperative_collections() -> QuerySet[Cooperative]:
    return Cooperative.objects.public().annotate(
        key=F("id") + Value(COOPERATIVE_KEYS),
        cooperative_key=F("id"),
        seo_title=Value(None, CharField()),
        seo_description=F("summary"),
        description=Value(None, JSONField()),
    )
