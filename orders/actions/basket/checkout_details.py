"""Set the buyer, addresses and owner of a basket, one by one before the order.

Each action returns the changed basket. If `access` does not include the basket, it is missing.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders.actions.basket.basket_lines import lock_existing_basket
from orders.models import Basket, BasketAccess
from shop.accounts.models import Address
from shop.core.errors import Refused
from shop.core.identifiers.phones import normalise_phone


class BasketHasOwner(Refused):
    """The basket belongs to another user."""

    code = "basket_has_owner"
    default_message = _("This basket already belongs to another account.")


@transaction.atomic(durable=True)
def set_basket_details(
    *, basket_id: uuid.UUID, access: BasketAccess | None = None, now: datetime.datetime, **columns: object
) -> Basket:
    """Set columns with details of the buyer: email, note, language. Raises Missing."""
    return write_basket_columns(lock_existing_basket(basket_id, access), now, **columns)


@transaction.atomic(durable=True)
def set_shipping_address(
    *,
    basket_id: uuid.UUID,
    access: BasketAccess | None = None,
    address: Address,
    now: datetime.datetime,
) -> Basket:
    """Set the shipping address, which decides delivery fees and the recipient. Raises Missing."""
    return write_shipping_address(lock_existing_basket(basket_id, access), address, now=now)


def write_shipping_address(basket: Basket, address: Address, *, now: datetime.datetime) -> Basket:
    """On a locked basket: set the shipping address. Raises InvalidPhone."""
    address.require_phone()
    return write_basket_columns(
        basket,
        now,
        shipping_address=_save_copy(address, previous=basket.shipping_address),
        country=address.country,
        province_code=address.province_code,
        name=f"{address.first_name} {address.last_name}".strip()[:100],
        phone=normalise_phone(address.phone) if address.country == "VN" else address.phone,
    )


@transaction.atomic(durable=True)
def set_billing_address(
    *,
    basket_id: uuid.UUID,
    access: BasketAccess | None = None,
    address: Address,
    now: datetime.datetime,
) -> Basket:
    """Set the billing address. Raises Missing."""
    return write_billing_address(lock_existing_basket(basket_id, access), address, now=now)


def write_billing_address(basket: Basket, address: Address, *, now: datetime.datetime) -> Basket:
    """On a locked basket: set the billing address. Raises InvalidPhone."""
    address.require_phone()
    return write_basket_columns(
        basket, now, billing_address=_save_copy(address, previous=basket.billing_address)
    )


@transaction.atomic(durable=True)
def assign_basket(*, basket_id: uuid.UUID, user_id: int, email: str, now: datetime.datetime) -> Basket:
    """Assign a guest's basket to a user, who keeps their other baskets. Raises Missing, BasketHasOwner."""
    basket = lock_existing_basket(basket_id)
    if basket.user_id not in (None, user_id):
        raise BasketHasOwner(field="id")
    return write_basket_columns(basket, now, user_id=user_id, email=basket.email or email)


@transaction.atomic(durable=True)
def detach_basket(*, basket_id: uuid.UUID, now: datetime.datetime) -> Basket:
    """Turn a user's basket into a guest's, opened by its id alone. Raises Missing."""
    return write_basket_columns(lock_existing_basket(basket_id), now, user_id=None)


def write_basket_columns(basket: Basket, now: datetime.datetime, **columns: object) -> Basket:
    """Set columns of a locked basket and mark it as changed now."""
    columns["changed_at"] = now
    for column, value in columns.items():
        setattr(basket, column, value)
    basket.save(update_fields=list(columns))
    return basket


def _save_copy(address: Address, *, previous: Address | None) -> Address:
    """Save a copy for the basket, which replaces its previous copy."""
    copied = address.copy()
    if previous is not None and previous.user_id is None:
        copied.pk = previous.pk
    copied.save()
    return copied
