"""Collections as the contract shows them: those that staff made, and the shelf of every cooperative.

A cooperative's shelf is computed from the cooperative, never stored: its name, address, picture and goods are
the cooperative's own, so nothing can drift. Its key is the cooperative's behind COOPERATIVE_KEYS.
"""

from __future__ import annotations

from typing import Any

from django.db.models import (
    BigIntegerField,
    CharField,
    Exists,
    F,
    JSONField,
    OuterRef,
    Q,
    TextField,
    Value,
)

from catalog.models import Collection, CollectionListing
from cooperatives.models import Cooperative
from shop.accounts.permissions import Permission
from shop.api.context import Context
from shop.api.joined import Joined
from shop.api.types import Rows
from shop.core.models import Channel

COOPERATIVE_KEYS = 10**9


def cooperative_of(key: int) -> int | None:
    """The cooperative whose shelf or page has this key; None for one that staff made."""
    return key - COOPERATIVE_KEYS if key > COOPERATIVE_KEYS else None


def key_of_cooperative(cooperative_key: int) -> int:
    return COOPERATIVE_KEYS + cooperative_key


def shelves(context: Context, channel: Channel | None) -> Rows:
    """Collections that the requester may see: customers, what is published in the channel."""
    made: Any = Collection.objects.annotate(
        key=F("id"),
        cooperative_key=Value(None, BigIntegerField()),
        story=Value("", TextField()),
    )
    if channel is not None:
        here = CollectionListing.objects.filter(collection=OuterRef("pk"), channel=channel.pk)
        if not context.may(Permission.MANAGE_PRODUCTS):
            here = here.filter(Q(published_at=None) | Q(published_at__lte=context.now), is_published=True)
        made = made.filter(Exists(here))
    elif not context.may(Permission.MANAGE_PRODUCTS):
        made = made.none()
    own = Cooperative.objects.public().annotate(
        key=F("id") + Value(COOPERATIVE_KEYS),
        cooperative_key=F("id"),
        seo_title=Value(None, CharField()),
        seo_description=F("summary"),
        description=Value(None, JSONField()),
    )
    return Joined(made, own)  # type: ignore[return-value]
