"""Create apps, change their permissions and manage their tokens."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import AppPermission
from shop.accounts.staff.api_apps import (
    add_app_token,
    change_app,
    create_app,
    delete_app,
    find_app_by_token,
    remove_app_token,
)
from shop.api.apps.inputs import (
    AppActivateArguments,
    AppCreateArguments,
    AppDeactivateArguments,
    AppDeleteArguments,
    AppTokenCreateArguments,
    AppTokenDeleteArguments,
    AppTokenVerifyArguments,
    AppUpdateArguments,
)
from shop.api.apps.types import APP_PERMISSIONS, app_object
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import Key, input_key
from shop.api.root_fields import Mutations

mutation = Mutations()


@mutation.field(permissions=APP_PERMISSIONS, needs_recent_sign_in=True)
def app_create(arguments: AppCreateArguments, context: Context, selection: Selection) -> dict[str, object]:
    input_data = arguments["input"]
    app, token = create_app(
        name=_require_valid_name(input_data.get("name") or ""),
        identifier=(input_data.get("identifier") or "").strip(),
        permissions=_require_grantable(input_data.get("permissions") or (), context),
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(app.pk, context, selection) | {"authToken": token}


@mutation.field(permissions=APP_PERMISSIONS, needs_recent_sign_in=True)
def app_update(arguments: AppUpdateArguments, context: Context, selection: Selection) -> dict[str, object]:
    input_data, key = arguments["input"], _find_manageable_app_key(arguments["id"], context)
    permissions = input_data.get("permissions")
    change_app(
        app_id=key,
        name=_require_valid_name(input_data["name"] or "") if "name" in input_data else None,
        identifier=input_data.get("identifier"),
        permissions=None if permissions is None else _require_grantable(permissions, context),
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(key, context, selection)


@mutation.field(permissions=APP_PERMISSIONS, needs_recent_sign_in=True)
def app_delete(arguments: AppDeleteArguments, context: Context, selection: Selection) -> dict[str, object]:
    key = _find_manageable_app_key(arguments["id"], context)
    payload = _build_payload(key, context, selection)
    delete_app(app_id=key, actor=context.actor, now=context.now)
    return payload


@mutation.field(permissions=APP_PERMISSIONS, needs_recent_sign_in=True)
def app_activate(
    arguments: AppActivateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = _find_manageable_app_key(arguments["id"], context)
    change_app(app_id=key, is_active=True, actor=context.actor, now=context.now)
    return _build_payload(key, context, selection)


@mutation.field(permissions=APP_PERMISSIONS, needs_recent_sign_in=True)
def app_deactivate(
    arguments: AppDeactivateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = _find_manageable_app_key(arguments["id"], context)
    change_app(app_id=key, is_active=False, actor=context.actor, now=context.now)
    return _build_payload(key, context, selection)


@mutation.field(permissions=APP_PERMISSIONS, needs_recent_sign_in=True)
def app_token_create(
    arguments: AppTokenCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    row, token = add_app_token(
        app_id=_find_manageable_app_key(input_data["app"], context, field="app"),
        name=(input_data.get("name") or "")[:128],
        actor=context.actor,
        now=context.now,
    )
    return {"authToken": token, "appToken": row}


@mutation.field(permissions=APP_PERMISSIONS, needs_recent_sign_in=True)
def app_token_delete(
    arguments: AppTokenDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "AppToken", field="id")
    _require_held_permissions(AppPermission.objects.filter(app__tokens=key), "id", context)
    return {"appToken": remove_app_token(token_id=key, actor=context.actor, now=context.now)}


@mutation.field(refused={"valid": False})
def app_token_verify(
    arguments: AppTokenVerifyArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return {"valid": find_app_by_token(arguments["token"]) is not None}


def _require_valid_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise InputError("REQUIRED", _("Enter a name."), field="name")
    if len(name) > 250:
        raise InputError("INVALID", _("This text is too long."), field="name")
    return name


def _find_manageable_app_key(text: str, context: Context, *, field: str = "id") -> int:
    """Return the key of an app with no more permissions than the requester. Raises InputError."""
    key = int(input_key(text, "App", field=field))
    _require_held_permissions(AppPermission.objects.filter(app=key), field, context)
    return key


def _require_held_permissions(app_permissions: QuerySet[AppPermission], field: str, context: Context) -> None:
    """Raise InputError if an app has permissions that the requester lacks, since its token grants them."""
    if not set(app_permissions.values_list("code", flat=True)) <= context.permissions:
        raise InputError("OUT_OF_SCOPE_APP", _("This app has more permissions here than you."), field=field)


def _require_grantable(permissions: Collection[str], context: Context) -> Collection[str]:
    """Return the permissions if the requester holds all of them. Raises InputError."""
    missing_permissions = sorted(set(permissions) - context.permissions)
    if missing_permissions:
        message = _("You cannot give permissions that you do not have yourself.")
        raise InputError(
            "OUT_OF_SCOPE_PERMISSION", message, field="permissions", permissions=missing_permissions
        )
    return permissions


def _build_payload(key: Key, context: Context, selection: Selection) -> dict[str, object]:
    return {"app": app_object.by_key(context, [key], selection.names("app")).get(key)}
