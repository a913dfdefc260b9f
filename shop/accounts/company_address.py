"""Change the address of the shop's company."""

from __future__ import annotations

import datetime

from django.db import transaction

from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.models import ShopSettings, record_change


@transaction.atomic(durable=True)
def change_company_address(*, address: Address | None, actor: Actor, now: datetime.datetime) -> ShopSettings:
    """Save the company's address, which replaces the former one. None deletes it."""
    ShopSettings.objects.get_or_create(pk=1)
    settings = lock_row(ShopSettings.objects.filter(pk=1))
    assert settings is not None
    former_id = settings.company_address_id
    if address is not None:
        address.save()
    settings.company_address = address
    settings.save(update_fields=["company_address"])
    if former_id is not None and settings.company_address_id != former_id:
        Address.objects.filter(pk=former_id).delete()
    if address is not None or former_id is not None:
        record_change("shop.changed", settings, actor=actor, now=now, data={"fields": ["company_address"]})
    return settings
