"""Users' own profile and addresses."""

from __future__ import annotations

from collections.abc import Mapping

from shop.accounts.models import Address, User
from shop.accounts.personal.profile import (
    AddressUse,
    add_address,
    change_address,
    change_profile,
    remove_address,
    set_default_address,
)
from shop.accounts.staff.permissions import Permission
from shop.api.account.inputs import (
    AccountAddressCreateArguments,
    AccountAddressDeleteArguments,
    AccountAddressUpdateArguments,
    AccountSetDefaultAddressArguments,
    AccountUpdateArguments,
)
from shop.api.account.types import user_object
from shop.api.addresses import convert_address
from shop.api.base.places import address_object
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.field_permissions import FieldAccess
from shop.api.ids import input_key
from shop.api.language_codes import tag_from_code
from shop.api.metadata import metadata_from_input
from shop.api.root_fields import Mutations
from shop.core.errors import Missing

mutation = Mutations()

_USES = {"SHIPPING": AddressUse.SHIPPING, "BILLING": AddressUse.BILLING}
_COLUMNS = {"firstName": "first_name", "lastName": "last_name"}


@mutation.field()
def account_update(
    arguments: AccountUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user, input_data = _find_target_user(arguments.get("customerId"), context), arguments["input"]
    fields: Mapping[str, object] = input_data
    values = {column: fields[name] or "" for name, column in _COLUMNS.items() if name in fields}
    if code := input_data.get("languageCode"):
        values["language"] = tag_from_code(code)
    if input_data.get("metadata"):
        values["metadata"] = user.metadata | metadata_from_input(input_data["metadata"])
    addresses = {
        use: convert_address(address, context, address_type=address_type)
        for address, use, address_type in (
            (input_data.get("defaultShippingAddress"), AddressUse.SHIPPING, "SHIPPING"),
            (input_data.get("defaultBillingAddress"), AddressUse.BILLING, "BILLING"),
        )
        if address
    }
    changed = change_profile(
        user_id=user.pk, values=values, addresses=addresses, actor=context.actor, now=context.now
    )
    return {"user": changed}


@mutation.field()
def account_address_create(
    arguments: AccountAddressCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    user, address_type = _find_target_user(arguments.get("customerId"), context), arguments.get("type")
    address = add_address(
        user_id=user.pk,
        address=convert_address(arguments["input"], context, address_type=address_type),
        use=_USES[address_type] if address_type else None,
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(user.pk, context, selection, address.pk)


@mutation.field(permissions=[FieldAccess.USER])
def account_address_update(
    arguments: AccountAddressUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    current = _find_own_address(arguments["id"], context)
    changed = convert_address(arguments["input"], context, existing=current)
    change_address(address=changed, actor=context.actor, now=context.now)
    return _build_payload(changed.user_id, context, selection, changed.pk)


@mutation.field(permissions=[FieldAccess.USER])
def account_address_delete(
    arguments: AccountAddressDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    current = _find_own_address(arguments["id"], context)
    deleted = _build_payload(current.user_id, context, selection, current.pk)["address"]
    remove_address(address_id=current.pk, actor=context.actor, now=context.now)
    return _build_payload(current.user_id, context, selection) | {"address": deleted}


@mutation.field(permissions=[FieldAccess.USER])
def account_set_default_address(
    arguments: AccountSetDefaultAddressArguments, context: Context, selection: Selection
) -> dict[str, object]:
    current = _find_own_address(arguments["id"], context)
    set_default_address(
        user_id=current.user_id or 0,
        address_id=current.pk,
        use=_USES[arguments["type"]],
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(current.user_id, context, selection)


def _find_target_user(customer_id: str | None, context: Context) -> User:
    """Return the requester, or the buyer that they may act for. Raises Missing."""
    if customer_id is None:
        return context.signed_in()
    context.require(Permission.IMPERSONATE_USER)
    key = input_key(customer_id, "User", field="customerId")
    customer = User.objects.filter(pk=key, is_staff=False, erased_at=None).first()
    if customer is None:
        raise Missing(field="customerId")
    return customer


def _find_own_address(text: str, context: Context) -> Address:
    """Return one of the requester's addresses, or any buyer's for staff. Raises InputError, Missing."""
    rows = Address.objects.filter(pk=input_key(text, "Address", field="id"), user__isnull=False)
    if not context.may(Permission.MANAGE_USERS):
        rows = rows.filter(user=context.signed_in())
    address = rows.first()
    if address is None:
        raise Missing(field="id")
    return address


def _build_payload(
    user_key: int | None, context: Context, selection: Selection, address_key: int | None = None
) -> dict[str, object]:
    people = user_object.by_key(context, [user_key], selection.names("user"), rows=User.objects.all())
    addresses = address_object.by_key(
        context, [address_key], selection.names("address"), rows=Address.objects.all()
    )
    return {"user": people.get(user_key), "address": addresses.get(address_key)}
