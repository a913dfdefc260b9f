"""Manage API apps: permissions and tokens."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Collection

from django.db import transaction

from shop.accounts.models import App, AppPermission, AppToken
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.database.row_values import require_column_limits
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change

_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_CHARACTER_COUNT = 30


def find_app_by_token(token: str) -> App | None:
    """Return the active app with this token. It takes one query, or none if the text cannot be a token."""
    if len(token) != _CHARACTER_COUNT or not token.isascii() or not token.isalnum():
        return None
    return App.objects.filter(tokens__digest=_hash_token(token), is_active=True).first()


@transaction.atomic(durable=True)
def create_app(
    *, name: str, identifier: str, permissions: Collection[str], actor: Actor, now: datetime.datetime
) -> tuple[App, str]:
    """Create an app with its first token, which is shown only once. Raises InvalidColumnValue."""
    app = App(name=name, identifier=identifier)
    require_column_limits(app)
    app.save(force_insert=True)
    _grant_permissions(app, permissions)
    _row, token = _create_token(app, "Default")
    record_change("app.created", app, actor=actor, now=now, data={"permissions": sorted(permissions)})
    return app, token


@transaction.atomic(durable=True)
def change_app(
    *,
    app_id: int,
    name: str | None = None,
    identifier: str | None = None,
    permissions: Collection[str] | None = None,
    is_active: bool | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> App:
    """Change the given columns and permissions of an app, which takes effect at once.

    Raises InvalidColumnValue, Missing.
    """
    app = _lock_app(app_id)
    app.name = app.name if name is None else name
    app.identifier = app.identifier if identifier is None else identifier
    app.is_active = app.is_active if is_active is None else is_active
    require_column_limits(app)
    app.save()
    if permissions is not None:
        AppPermission.objects.filter(app=app).delete()
        _grant_permissions(app, permissions)
    data = {"active": app.is_active} | ({} if permissions is None else {"permissions": sorted(permissions)})
    record_change("app.changed", app, actor=actor, now=now, data=data)
    return app


@transaction.atomic(durable=True)
def delete_app(*, app_id: int, actor: Actor, now: datetime.datetime) -> App:
    """Delete an app and its tokens. The change log keeps its actions. Raises Missing."""
    app = _lock_app(app_id)
    record_change("app.deleted", app, actor=actor, now=now, snapshot={"name": app.name})
    key = app.pk
    app.delete()
    app.pk = key
    return app


@transaction.atomic(durable=True)
def add_app_token(*, app_id: int, name: str, actor: Actor, now: datetime.datetime) -> tuple[AppToken, str]:
    """Add a token to an app. Raises Missing."""
    app = _lock_app(app_id)
    row, token = _create_token(app, name)
    record_change("app.token_added", app, actor=actor, now=now, data={"name": name})
    return row, token


@transaction.atomic(durable=True)
def remove_app_token(*, token_id: int, actor: Actor, now: datetime.datetime) -> AppToken:
    """Revoke one token of an app. Raises Missing."""
    app_token = AppToken.objects.select_related("app").filter(pk=token_id).first()
    if app_token is None:
        raise Missing(field="id")
    record_change("app.token_removed", app_token.app, actor=actor, now=now, data={"name": app_token.name})
    app_token.delete()
    app_token.pk = token_id
    return app_token


def _create_token(app: App, name: str) -> tuple[AppToken, str]:
    token = "".join(secrets.choice(_CHARACTERS) for _ in range(_CHARACTER_COUNT))
    app_token = AppToken.objects.create(
        app=app, name=name, digest=_hash_token(token), last_characters=token[-4:]
    )
    return app_token, token


def _hash_token(token: str) -> str:
    """Hash a token. Tokens are long and random, so an unsalted hash is safe and can be looked up."""
    return hashlib.sha256(token.encode()).hexdigest()


def _grant_permissions(app: App, permissions: Collection[str]) -> None:
    codes = [code for code in Permission.values if code in permissions]
    AppPermission.objects.bulk_create([AppPermission(app=app, code=code) for code in codes])


def _lock_app(app_id: int) -> App:
    app = lock_row(App.objects.filter(pk=app_id))
    if app is None:
        raise Missing(field="id")
    return app
