"""Who a basket is for and where it goes, as it is said bit by bit before the order."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders.actions.basket import locked_basket, touch
from orders.models import Basket
from shop.accounts.models import Address
from shop.core.errors import Refused
from shop.core.phones import normalise


class SomebodyElses(Refused):
    """The basket belongs to a person already."""

    code = "somebody_elses"
    default_words = _("This basket belongs to somebody already.")


@transaction.atomic(durable=True)
def write_details(*, basket_id: uuid.UUID, now: datetime.datetime, **columns: Any) -> None:
    """Keep what was said of the buyer: `email`, `note`, `language`. Raises Missing."""
    basket = locked_basket(basket_id)
    for column, value in columns.items():
        setattr(basket, column, value)
    basket.save(update_fields=list(columns))
    touch(basket, now)


@transaction.atomic(durable=True)
def send_to(*, basket_id: uuid.UUID, address: Address, now: datetime.datetime) -> None:
    """Say where it goes, which decides what it costs to bring and who receives it. Raises Missing."""
    basket = locked_basket(basket_id)
    _keep(basket, "shipping_address", address)
    basket.country, basket.province_code = address.country, address.province_code
    basket.name = f"{address.first_name} {address.last_name}".strip()[:100]
    basket.phone = normalise(address.phone) if address.country == "VN" else address.phone
    basket.save(update_fields=["country", "province_code", "name", "phone"])
    touch(basket, now)


@transaction.atomic(durable=True)
def bill_to(*, basket_id: uuid.UUID, address: Address, now: datetime.datetime) -> None:
    """Say who is billed. Raises Missing."""
    basket = locked_basket(basket_id)
    _keep(basket, "billing_address", address)
    touch(basket, now)


@transaction.atomic(durable=True)
def give_to(*, basket_id: uuid.UUID, user_id: int, email: str, now: datetime.datetime) -> None:
    """Make a guest's basket a person's own; theirs stays so. Raises Missing, SomebodyElses."""
    basket = locked_basket(basket_id)
    if basket.user_id not in (None, user_id):
        raise SomebodyElses(field="id")
    basket.user_id = user_id
    basket.email = basket.email or email
    basket.save(update_fields=["user", "email"])
    touch(basket, now)


@transaction.atomic(durable=True)
def leave_behind(*, basket_id: uuid.UUID, now: datetime.datetime) -> None:
    """Make a person's basket a guest's: its id alone opens it from now on. Raises Missing."""
    basket = locked_basket(basket_id)
    basket.user = None
    basket.save(update_fields=["user"])
    touch(basket, now)


def _keep(basket: Basket, column: str, address: Address) -> None:
    """Keep a copy that is the basket's own, in place of the one before."""
    before: Address | None = getattr(basket, column)
    kept = address.copy()
    if before is not None and before.user_id is None:
        kept.pk = before.pk
    kept.save()
    setattr(basket, column, kept)
    basket.save(update_fields=[column])
