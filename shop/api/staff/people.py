"""Create, change and delete buyers and staff users."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from orders.actions.privacy.anonymise import anonymise_person
from shop.accounts.models import Address, Group, User
from shop.accounts.personal.profile import AddressUse, change_profile
from shop.accounts.registration.accounts import send_password_link
from shop.accounts.registration.email_links import PASSWORD
from shop.accounts.staff.permissions import Permission
from shop.accounts.staff.staff_accounts import add_customer, add_staff, change_user
from shop.api.account.clients import add_query_parameters, require_allowed_redirect, require_valid_email
from shop.api.account.types import user_object
from shop.api.addresses import convert_address
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError, ProtocolError
from shop.api.ids import Key, global_ids, input_key
from shop.api.input_data import InputData
from shop.api.language_codes import tag_from_code
from shop.api.metadata import metadata_from_input
from shop.api.root_fields import Mutations
from shop.api.staff.groups import groups_exceeding_permissions
from shop.api.staff.inputs import (
    CustomerCreateArguments,
    CustomerDeleteArguments,
    CustomerInput,
    CustomerUpdateArguments,
    StaffCreateArguments,
    StaffCreateInput,
    StaffDeleteArguments,
    StaffUpdateArguments,
    StaffUpdateInput,
    UserCreateInput,
)
from shop.core.errors import Missing

mutation = Mutations(codes={"email_taken": "UNIQUE", "reference_taken": "UNIQUE"})

_TEXTS = {"firstName": ("first_name", 256), "lastName": ("last_name", 256), "note": ("note", 10_000)}
_COPIED_COLUMNS = {"isActive": "is_active", "isConfirmed": "is_confirmed"}


@mutation.field(permissions=[Permission.MANAGE_USERS])
def customer_create(
    arguments: CustomerCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    redirect = require_allowed_redirect(input_data["redirectUrl"]) if input_data.get("redirectUrl") else None
    addresses = _build_addresses(input_data, context)
    created_customer = add_customer(
        email=_email(input_data),
        values={"is_confirmed": True} | _values(input_data, {}, {}),
        actor=context.actor,
        now=context.now,
    )
    if addresses:
        _save_addresses(created_customer.pk, addresses, context)
    _send_password_link(created_customer, redirect, context)
    return _build_payload(created_customer.pk, context, selection)


@mutation.field(permissions=[Permission.MANAGE_USERS])
def customer_update(
    arguments: CustomerUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    customer, input_data = _find_customer(arguments), arguments["input"]
    values = _values(input_data, customer.metadata, customer.private_metadata)
    if input_data.get("email") is not None:
        values["email"] = _email(input_data)
    addresses = _build_addresses(input_data, context)
    change_user(user_id=customer.pk, values=values, actor=context.actor, now=context.now)
    if addresses:
        _save_addresses(customer.pk, addresses, context)
    return _build_payload(customer.pk, context, selection)


@mutation.field(permissions=[Permission.MANAGE_USERS])
def customer_delete(
    arguments: CustomerDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    customer = _find_customer(arguments)
    payload = _build_payload(customer.pk, context, selection)
    anonymise_person(user_id=customer.pk, actor=context.actor, now=context.now)
    return payload


@mutation.field(permissions=[Permission.MANAGE_STAFF], needs_recent_sign_in=True)
def staff_create(
    arguments: StaffCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Create a staff user. An existing buyer with the email address is promoted."""
    input_data = arguments["input"]
    redirect = require_allowed_redirect(input_data["redirectUrl"]) if input_data.get("redirectUrl") else None
    email = _email(input_data)
    existing_user = User.objects.filter(email=email).first() or User()
    created_staff = add_staff(
        email=email,
        values=_values(input_data, existing_user.metadata, existing_user.private_metadata),
        group_ids=_find_groups(input_data.get("addGroups"), "addGroups", context),
        actor=context.actor,
        now=context.now,
    )
    _send_password_link(created_staff, redirect, context)
    return _build_payload(created_staff.pk, context, selection)


@mutation.field(permissions=[Permission.MANAGE_STAFF], needs_recent_sign_in=True)
def staff_update(
    arguments: StaffUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    staff, input_data = _find_staff(arguments["id"]), arguments["input"]
    values = _values(input_data, staff.metadata, staff.private_metadata)
    if input_data.get("email") is not None:
        values["email"] = _email(input_data)
    if values.get("is_active") is False:
        _require_may_close(staff, context, "DEACTIVATE")
    _require_no_more_power(staff, context)
    change_user(
        user_id=staff.pk,
        values=values,
        add_group_ids=_find_groups(input_data.get("addGroups"), "addGroups", context),
        remove_group_ids=_find_groups(input_data.get("removeGroups"), "removeGroups", context),
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(staff.pk, context, selection)


@mutation.field(permissions=[Permission.MANAGE_STAFF], needs_recent_sign_in=True)
def staff_delete(
    arguments: StaffDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    staff = _find_staff(arguments["id"])
    _require_may_close(staff, context, "DELETE")
    _require_no_more_power(staff, context)
    payload = _build_payload(staff.pk, context, selection)
    anonymise_person(user_id=staff.pk, actor=context.actor, now=context.now)
    return payload


def _find_customer(arguments: CustomerDeleteArguments | CustomerUpdateArguments) -> User:
    """Return a buyer by `id` or `externalReference`. Raises ProtocolError, InputError, Missing."""
    global_id, reference = arguments.get("id"), arguments.get("externalReference")
    if (global_id is None) == (reference is None):
        raise ProtocolError("A customer is found by exactly one of `id` and `externalReference`.")
    rows = User.objects.filter(is_staff=False, erased_at=None)
    if global_id is not None:
        rows = rows.filter(pk=input_key(global_id, "User", field="id"))
    else:
        rows = rows.filter(external_reference=reference)
    customer = rows.first()
    if customer is None:
        raise Missing(field="id" if global_id is not None else "externalReference")
    return customer


def _find_staff(text: str) -> User:
    key = input_key(text, "User", field="id")
    staff = User.objects.filter(pk=key, is_staff=True, erased_at=None).first()
    if staff is None:
        raise Missing(field="id")
    return staff


def _require_may_close(person: User, context: Context, code_prefix: str) -> None:
    """Raise InputError if the account is the requester's own, or a superuser's and the requester is none."""
    if context.user is not None and person.pk == context.user.pk:
        raise InputError(f"{code_prefix}_OWN_ACCOUNT", _("You cannot close your own account."), field="id")
    if person.is_superuser and not (context.user is not None and context.user.is_superuser):
        raise InputError(
            f"{code_prefix}_SUPERUSER_ACCOUNT", _("This account cannot be closed here."), field="id"
        )


def _require_no_more_power(person: User, context: Context) -> None:
    """Raise InputError if the person has more permissions than the requester.

    Whoever changes a person's email address could sign in with these permissions.
    """
    if context.user is not None and person.pk == context.user.pk:
        return
    is_more_powerful = person.is_superuser and not (context.user is not None and context.user.is_superuser)
    if is_more_powerful or groups_exceeding_permissions(Group.objects.filter(users=person), context):
        message = _("This person has more permissions here than you.")
        raise InputError("OUT_OF_SCOPE_USER", message, field="id", users=global_ids("User", [person.pk]))


def _find_groups(texts: Collection[str] | None, field: str, context: Context) -> list[int]:
    """Return keys of groups whose permissions the requester holds. Raises InputError, Missing."""
    keys = [input_key(text, "Group", field=field) for text in texts or ()]
    if Group.objects.filter(pk__in=keys).count() < len(set(keys)):
        raise Missing(field=field)
    exceeding_groups = groups_exceeding_permissions(Group.objects.filter(pk__in=keys), context)
    if exceeding_groups:
        message = _("You cannot give permissions that you do not have yourself.")
        raise InputError(
            "OUT_OF_SCOPE_GROUP", message, field=field, groups=global_ids("Group", exceeding_groups)
        )
    return keys


def _email(input_data: CustomerInput | StaffCreateInput | StaffUpdateInput | UserCreateInput) -> str:
    text = input_data.get("email")
    if not text:
        raise InputError("REQUIRED", _("Enter an email address."), field="email")
    return require_valid_email(text)


def _values(
    input_data: InputData,
    metadata: Mapping[str, str],
    private_metadata: Mapping[str, str],
) -> dict[str, object]:
    """Return the columns that an input sets. Metadata is merged with the existing. Raises InputError."""
    values: dict[str, object] = {}
    for name, (column, longest) in _TEXTS.items():
        if name in input_data:
            text = (input_data[name] or "").strip()
            if len(text) > longest:
                raise InputError("INVALID", _("This text is too long."), field=name)
            values[column] = text
    for name, column in _COPIED_COLUMNS.items():
        if input_data.get(name) is not None:
            values[column] = input_data[name]
    if "externalReference" in input_data:
        values["external_reference"] = input_data["externalReference"] or None
    if input_data.get("languageCode"):
        values["language"] = tag_from_code(input_data["languageCode"])
    if input_data.get("metadata") is not None:
        values["metadata"] = dict(metadata) | metadata_from_input(input_data["metadata"])
    if input_data.get("privateMetadata") is not None:
        values["private_metadata"] = dict(private_metadata) | metadata_from_input(
            input_data["privateMetadata"]
        )
    return values


def _build_addresses(input_data: InputData, context: Context) -> dict[AddressUse, Address]:
    return {
        use: convert_address(input_data[name], context, address_type=address_type)
        for name, use, address_type in (
            ("defaultShippingAddress", AddressUse.SHIPPING, "SHIPPING"),
            ("defaultBillingAddress", AddressUse.BILLING, "BILLING"),
        )
        if input_data.get(name)
    }


def _save_addresses(user_id: int, addresses: Mapping[AddressUse, Address], context: Context) -> None:
    change_profile(user_id=user_id, values={}, addresses=addresses, actor=context.actor, now=context.now)


def _send_password_link(recipient: User, redirect: str | None, context: Context) -> None:
    if redirect is not None:
        send_password_link(
            email=recipient.email or "",
            link_to=lambda addressee: add_query_parameters(
                redirect, email=addressee.email or "", token=PASSWORD.make_token(addressee)
            ),
            now=context.now,
        )


def _build_payload(key: Key, context: Context, selection: Selection) -> dict[str, object]:
    rows = User.objects.all()
    return {"user": user_object.by_key(context, [key], selection.names("user"), rows=rows).get(key)}


mutation.add_bulk_deletion("customerBulkDelete", customer_delete, permissions=[Permission.MANAGE_USERS])
mutation.add_bulk_deletion(
    "staffBulkDelete", staff_delete, permissions=[Permission.MANAGE_STAFF], needs_recent_sign_in=True
)
