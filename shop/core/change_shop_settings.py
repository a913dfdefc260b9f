"""Change the shop's settings."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import transaction

from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.models import ShopSettings, record_change


@transaction.atomic(durable=True)
def change_shop_settings(
    *, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> ShopSettings:
    """Set columns of the settings row, which is created if it does not exist yet."""
    ShopSettings.objects.get_or_create(pk=1)
    settings = lock_row(ShopSettings.objects.filter(pk=1))
    assert settings is not None
    for column, value in values.items():
        setattr(settings, column, value)
    settings.save()
    record_change("shop.changed", settings, actor=actor, now=now, data={"fields": sorted(values)})
    return settings
