"""Manage buyers' addresses."""

from __future__ import annotations

from shop.accounts.models import Address, User
from shop.accounts.personal.profile import (
    AddressUse,
    add_address,
    change_address,
    remove_address,
    set_default_address,
)
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import user_object
from shop.api.addresses import convert_address
from shop.api.base.places import address_object
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.ids import input_key
from shop.api.root_fields import Mutations
from shop.api.staff.inputs import (
    AddressCreateArguments,
    AddressDeleteArguments,
    AddressSetDefaultArguments,
    AddressUpdateArguments,
)
from shop.core.errors import Missing

mutation = Mutations()

USER_PERMISSIONS = (Permission.MANAGE_USERS,)


@mutation.field(permissions=USER_PERMISSIONS)
def address_create(
    arguments: AddressCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    created_address = add_address(
        user_id=input_key(arguments["userId"], "User", field="userId"),
        address=convert_address(arguments["input"], context),
        use=None,
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(created_address.user_id, created_address.pk, context, selection)


@mutation.field(permissions=USER_PERMISSIONS)
def address_update(
    arguments: AddressUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    changed = convert_address(arguments["input"], context, existing=_find_address(arguments["id"]))
    change_address(address=changed, actor=context.actor, now=context.now)
    return _build_payload(changed.user_id, changed.pk, context, selection)


@mutation.field(permissions=USER_PERMISSIONS)
def address_delete(
    arguments: AddressDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    current = _find_address(arguments["id"])
    deleted = _build_payload(current.user_id, current.pk, context, selection)["address"]
    remove_address(address_id=current.pk, actor=context.actor, now=context.now)
    return _build_payload(current.user_id, None, context, selection) | {"address": deleted}


@mutation.field(permissions=USER_PERMISSIONS)
def address_set_default(
    arguments: AddressSetDefaultArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user_with_default = set_default_address(
        user_id=input_key(arguments["userId"], "User", field="userId"),
        address_id=input_key(arguments["addressId"], "Address", field="addressId"),
        use=AddressUse[arguments["type"]],
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(user_with_default.pk, None, context, selection)


def _find_address(text: str) -> Address:
    """Return a user's address. Copies in orders are not found. Raises InputError, Missing."""
    key = input_key(text, "Address", field="id")
    owned_address = Address.objects.filter(pk=key, user__isnull=False).first()
    if owned_address is None:
        raise Missing(field="id")
    return owned_address


def _build_payload(
    user_key: int | None, address_key: int | None, context: Context, selection: Selection
) -> dict[str, object]:
    people = user_object.by_key(context, [user_key], selection.names("user"), rows=User.objects.all())
    rows = Address.objects.all()
    addresses = address_object.by_key(context, [address_key], selection.names("address"), rows=rows)
    return {"user": people.get(user_key), "address": addresses.get(address_key)}
