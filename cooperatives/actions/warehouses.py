"""A cooperative keeps goods in more than one place."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction

from cooperatives.actions.delivery import serve_open_channels
from cooperatives.models import Collecting, Cooperative, Warehouse
from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.db import locked_one
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.text import slug


@dataclass(frozen=True, slots=True)
class WarehouseDetails:
    """A store house and where it is, as written; `collecting` is whether buyers come for goods there."""

    name: str
    street: str
    province_code: str
    commune_code: str
    province_name: str
    commune_name: str
    phone: str = ""
    collecting: Collecting = Collecting.DISABLED


@transaction.atomic(durable=True)
def open_warehouse(
    *, cooperative: Cooperative, details: WarehouseDetails, actor: Actor, now: datetime.datetime
) -> Warehouse:
    """One more store house, for every open channel; nothing lies in it yet. Raises Missing."""
    if locked_one(Cooperative.objects.filter(pk=cooperative.pk)) is None:
        raise Missing()
    address = Address.objects.create(
        company_name=cooperative.name[:256],
        street_address_1=details.street,
        city=details.commune_name,
        country_area=details.province_name,
        province_code=details.province_code,
        commune_code=details.commune_code,
        phone=details.phone or cooperative.phone,
    )
    warehouse = Warehouse.objects.create(
        cooperative=cooperative,
        name=details.name,
        slug=_free_slug(f"kho-{cooperative.slug}-{slug(details.name)}"[:240]),
        address=address,
        collecting=details.collecting,
        is_private=details.collecting == Collecting.DISABLED,
    )
    serve_open_channels(warehouse)
    record_change(
        "warehouse.opened", warehouse, actor=actor, now=now, root=cooperative, cooperative_id=cooperative.pk
    )
    return warehouse


def _free_slug(wanted: str) -> str:
    taken = set(Warehouse.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    candidates = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
    return next(each for each in candidates if each not in taken)
