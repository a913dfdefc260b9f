"""Collections as the contract shows them: those that staff made, and the shelf of every cooperative.

A cooperative's shelf is computed from the cooperative, never stored: its name, address, picture and goods are
the cooperative's own, so nothing can drift. Its key is the cooperative's behind COOPERATIVE_KEYS.
"""

from __future__ import annotations

import datetime
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
from shop.accounts.staff.permissions import Permission
from shop.api.context import Context
from shop.api.object_types import Rows
from shop.api.union_rows import Joined
from shop.core.models import Channel

COOPERATIVE_KEYS = 10**9
_SEES_ALL = (Permission.MANAGE_PRODUCTS, Permission.MANAGE_TRANSLATIONS)


def cooperative_of(key: int) -> int | None:
    """The cooperative whose shelf or page has this key; None for one that staff made."""
    return key - COOPERATIVE_KEYS if key > COOPERATIVE_KEYS else None


def key_of_cooperative(cooperative_key: int) -> int:
    return COOPERATIVE_KEYS + cooperative_key


def shelves(context: Context, channel: Channel | None) -> Rows:
    """Collections that the requester may see: customers, what is published in the channel."""
    made = _made()
    if channel is not None:
        if not context.may(*_SEES_ALL):
            return shelves_shown(channel.pk, context.now)
        here = CollectionListing.objects.filter(collection=OuterRef("pk"), channel=channel.pk)
        made = made.filter(Exists(here))
    elif not context.may(*_SEES_ALL):
        made = made.none()
    return Joined(made, _own())  # type: ignore[return-value]


def shelves_shown(channel: int, now: datetime.datetime) -> Rows:
    """Those that are published in a channel."""
    here = CollectionListing.objects.filter(collection=OuterRef("pk"), channel=channel, is_published=True)
    here = here.filter(Q(published_at=None) | Q(published_at__lte=now))
    return Joined(_made().filter(Exists(here)), _own())  # type: ignore[return-value]


def sees_what_is_shown(context: Context, channel: Channel | None) -> bool:
    return channel is not None and not context.may(*_SEES_ALL)


def _made() -> Any:
    return Collection.objects.annotate(
        key=F("id"), cooperative_key=Value(None, BigIntegerField()), story=Value("", TextField())
    )


def _own() -> Any:
    return Cooperative.objects.public().annotate(
        key=F("id") + Value(COOPERATIVE_KEYS),
        cooperative_key=F("id"),
        seo_title=Value(None, CharField()),
        seo_description=F("summary"),
        description=Value(None, JSONField()),
    )
