"""Correct an order's contact and address after it was placed."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.order_records.record_order import Contact, require_contact_phone, write_invoice
from orders.models import Order
from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.database.row_values import save_unique
from shop.core.errors import Missing, Refused
from shop.core.models import record_change
from shop.core.texts.folding import fold

_ADDRESS_COLUMNS = ("first_name", "phone", "street_address_1", "city", "commune_code", "landmark")


class ProvinceChanged(Refused):
    code = "province_changed"
    default_message = _("Delivery was agreed for another province. Cancel this order and create a new one.")


@transaction.atomic(durable=True)
def correct_contact(*, order_id: uuid.UUID, contact: Contact, actor: Actor, now: datetime.datetime) -> None:
    """Correct the name, phone, email, address or invoice company of an order. Deliveries and sums stay.

    The change lists column names without their old values, because these are personal data that is erased
    with the person. Raises InvalidPhone, Missing (also for drafts, which are edited instead),
    ProvinceChanged.
    """
    require_contact_phone(contact)
    order = locks.lock_order(order_id)
    if order.is_draft:
        raise Missing()
    if contact.province_code != order.province_code:
        raise ProvinceChanged(field="province")
    changed = _write_buyer(order, contact) | _write_address(order, contact.address)
    if write_invoice(order, contact.invoice):
        changed.add("invoice")
    if changed:
        record_change("order.corrected", order, actor=actor, now=now, data={"fields": sorted(changed)})


def _write_buyer(order: Order, contact: Contact) -> set[str]:
    columns = {"buyer_name": contact.name, "phone": contact.phone, "email": contact.email}
    changed = {name for name, value in columns.items() if getattr(order, name) != value}
    for name in changed:
        setattr(order, name, columns[name])
    order.folded_name = fold(order.buyer_name)
    order.save(update_fields=[*columns, "folded_name", "updated_at"])
    return changed


def _write_address(order: Order, address: Address) -> set[str]:
    """Copy the address's columns to the order's own address, which is created if missing.

    Return changed ones.
    """
    own_address = order.shipping_address
    if own_address is None:
        order.shipping_address = address.copy()
        order.shipping_address.save(force_insert=True)
        order.save(update_fields=["shipping_address"])
        return {"shipping_address"}
    changed = {name for name in _ADDRESS_COLUMNS if getattr(own_address, name) != getattr(address, name)}
    for name in changed:
        setattr(own_address, name, getattr(address, name))
    own_address.save(update_fields=[*_ADDRESS_COLUMNS])
    return changed


@transaction.atomic(durable=True)
def correct_order(
    *,
    order_id: uuid.UUID,
    values: Mapping[str, object],
    shipping: Address | None = None,
    billing: Address | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Order:
    """Set columns of an order that change no sum, and its own addresses, on behalf of an external system.

    Addresses are complete and unsaved. The shipping address also gives the buyer's name and phone. Raises
    AlreadyTaken, InvalidColumnValue, Missing (also for drafts, which are edited instead), ProvinceChanged.
    """
    for address in filter(None, (shipping, billing)):
        address.require_phone()
    order = locks.lock_order(order_id)
    if order.is_draft:
        raise Missing(field="id")
    changed = {column for column, value in values.items() if getattr(order, column) != value}
    for column in changed:
        setattr(order, column, values[column])
    if shipping is not None:
        if shipping.province_code != order.province_code:
            raise ProvinceChanged(field="shippingAddress")
        changed |= _replace_address(order, "shipping_address", shipping)
        order.buyer_name, order.phone = shipping.first_name, shipping.phone
        order.folded_name = fold(order.buyer_name)
    if billing is not None:
        changed |= _replace_address(order, "billing_address", billing)
    save_unique(order, field="externalReference")
    if changed:
        record_change("order.corrected", order, actor=actor, now=now, data={"fields": sorted(changed)})
    return order


def _replace_address(order: Order, column: str, address: Address) -> set[str]:
    """Replace the order's own copy of an address, and return the column."""
    previous: Address | None = getattr(order, column)
    replacement = address.copy()
    if previous is None:
        replacement.save(force_insert=True)
        setattr(order, column, replacement)
        return {column}
    replacement.pk = previous.pk
    replacement.save(force_update=True)
    setattr(order, column, replacement)
    return {column}
