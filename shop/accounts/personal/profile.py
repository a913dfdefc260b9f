"""Change a person's profile: name, language and addresses."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from enum import StrEnum

from django.db import transaction

from shop.accounts.models import Address, User
from shop.core.actors import Actor
from shop.core.database.row_values import require_column_limits
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change


class AddressUse(StrEnum):
    """The purpose that an address is the default for."""

    SHIPPING = "shipping"
    BILLING = "billing"


@transaction.atomic(durable=True)
def change_profile(
    *,
    user_id: int,
    values: Mapping[str, object],
    addresses: Mapping[AddressUse, Address] | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> User:
    """Change columns of a user and their default addresses. Raises InvalidColumnValue, Missing."""
    user = _lock_user(user_id)
    for column, value in values.items():
        setattr(user, column, value)
    require_column_limits(user)
    for use, address in (addresses or {}).items():
        address.user = user
        address.pk = _unshared_default_id(user, use)
        address.save()
        setattr(user, _default_column(use), address.pk)
    user.save()
    record_change("user.details_changed", user, actor=actor, now=now, data={"fields": sorted(values)})
    return user


@transaction.atomic(durable=True)
def add_address(
    *, user_id: int, address: Address, use: AddressUse | None, actor: Actor, now: datetime.datetime
) -> Address:
    """Add an address to a user. If `use` is given, it also becomes the default.

    Raises InvalidPhone, Missing.
    """
    address.require_phone()
    user = _lock_user(user_id)
    address.user = user
    address.save(force_insert=True)
    if use is not None:
        _set_default(user, address, use)
    record_change("address.created", address, root=user, actor=actor, now=now)
    return address


@transaction.atomic(durable=True)
def change_address(*, address: Address, actor: Actor, now: datetime.datetime) -> None:
    """Save changes of a user's address. Raises InvalidPhone, and Missing if it was deleted."""
    stored_address = lock_row(Address.objects.filter(pk=address.pk, user__isnull=False))
    if stored_address is None or stored_address.user is None:
        raise Missing(field="id")
    if address.phone != stored_address.phone:
        address.require_phone()
    address.save(force_update=True)
    record_change("address.changed", address, root=stored_address.user, actor=actor, now=now)


@transaction.atomic(durable=True)
def remove_address(*, address_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete an address. Orders have their own copies. Raises Missing."""
    address = lock_row(Address.objects.filter(pk=address_id, user__isnull=False))
    if address is None or address.user is None:
        raise Missing(field="id")
    record_change("address.deleted", address, root=address.user, actor=actor, now=now)
    address.delete()


@transaction.atomic(durable=True)
def set_default_address(
    *, user_id: int, address_id: int, use: AddressUse, actor: Actor, now: datetime.datetime
) -> User:
    """Make one of a user's addresses the default. Raises Missing."""
    user = _lock_user(user_id)
    address = Address.objects.filter(pk=address_id, user=user).first()
    if address is None:
        raise Missing(field="id")
    _set_default(user, address, use)
    record_change("user.address_chosen", user, actor=actor, now=now, data={"use": use.value})
    return user


def _set_default(user: User, address: Address, use: AddressUse) -> None:
    column = _default_column(use)
    setattr(user, column, address.pk)
    user.save(update_fields=[column, "updated_at"])


def _unshared_default_id(user: User, use: AddressUse) -> int | None:
    """Return the default address of this use, unless it is also the default of the other use."""
    billing, shipping = user.default_billing_address_id, user.default_shipping_address_id
    current_default = shipping if use is AddressUse.SHIPPING else billing
    return None if billing == shipping else current_default


def _default_column(use: AddressUse) -> str:
    return f"default_{use.value}_address_id"


def _lock_user(user_id: int) -> User:
    user = lock_row(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing(field="id")
    return user
