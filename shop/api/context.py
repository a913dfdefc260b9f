"""The context of one request: requester, permissions, channels. Everything is loaded lazily."""

from __future__ import annotations

import datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from graphql import GraphQLSchema

from cooperatives.access import (
    PLATFORM_SCOPE,
    PermissionScope,
    load_permission_scope,
    read_platform_permissions,
)
from shop.accounts.models import App, AppPermission, User
from shop.accounts.staff.api_apps import find_app_by_token
from shop.accounts.staff.permissions import Permission
from shop.api import tokens
from shop.api.errors import PermissionDenied, RecentSignInRequired
from shop.api.field_permissions import CooperativeScoped, FieldAccess, FieldPermission, permission_name
from shop.core.actors import Actor, EntryPoint
from shop.core.database.compiled_query import compiled_query
from shop.core.models import Channel, ShopSettings, shop_settings

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMES = ("bearer ", "jwt ")


class ActorAndTime(TypedDict):
    """The arguments that every action takes."""

    actor: Actor
    now: datetime.datetime


@compiled_query
def _channels() -> QuerySet[Channel]:
    return Channel.objects.order_by("pk")


class Context:
    """Passed to every resolver. `now` is the same instant for the whole request."""

    def __init__(self, request: HttpRequest, schema: GraphQLSchema) -> None:
        self.request = request
        self.schema = schema
        self.now: datetime.datetime = timezone.now()
        self._scopes: dict[Permission, PermissionScope] = {}
        self._response_callbacks: list[Callable[[HttpResponse], object]] = []
        # Products in a basket being shown. They are visible with it even if they are no longer published.
        self.revealed_products: set[int] = set()

    @cached_property
    def token(self) -> str | None:
        """The token of the `Authorization-Bearer` or `Authorization` header."""
        bearer = self.request.headers.get("Authorization-Bearer", "").strip()
        if bearer:
            return bearer
        header = self.request.headers.get("Authorization", "").strip()
        scheme = next((scheme for scheme in _SCHEMES if header.lower().startswith(scheme)), None)
        return header[len(scheme) :].strip() or None if scheme else None

    @cached_property
    def claims(self) -> tokens.Claims | None:
        """The claims of the request's token, or None unless we issued it. Raises PyJWT's errors."""
        if self.token is None or not tokens.is_own_token(self.token):
            return None
        return tokens.verified_claims(self.token)

    @cached_property
    def user(self) -> User | None:
        """The authenticated user, or None for anonymous requests.

        Raises PyJWT's errors for an invalid token.
        """
        return tokens.find_user_of_claims(self.claims, tokens.ACCESS) if self.claims is not None else None

    @cached_property
    def app(self) -> App | None:
        """The authenticated app, or None for users and anonymous requests."""
        if self.token is None or tokens.is_own_token(self.token):
            return None
        return find_app_by_token(self.token)

    @property
    def actor(self) -> Actor:
        """The actor recorded for changes made by a mutation."""
        if self.app is not None:
            return self.app.as_actor(EntryPoint.API)
        return self.user.as_actor(EntryPoint.API) if self.user else Actor.guest(EntryPoint.API)

    @property
    def actor_and_time(self) -> ActorAndTime:
        return {"actor": self.actor, "now": self.now}

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Codes of the permissions that an app or staff user holds for all rows. A superuser holds all.

        Permissions limited to some cooperatives are not included. Use `scope` for them.
        """
        if self.app is not None:
            return frozenset(AppPermission.objects.filter(app=self.app).values_list("code", flat=True))
        return read_platform_permissions(self.user) if self.user is not None else frozenset()

    def scope(self, permission: Permission) -> PermissionScope:
        """Return the cooperatives for which the requester holds a permission. Apps hold theirs for all."""
        if permission not in self._scopes:
            if self.app is not None:
                has_permission = permission.value in self.permissions
                self._scopes[permission] = PLATFORM_SCOPE if has_permission else PermissionScope()
            else:
                self._scopes[permission] = load_permission_scope(self.user, permission)
        return self._scopes[permission]

    @property
    def is_staff(self) -> bool:
        return self.user is not None and self.user.is_staff

    def may(self, *rights: FieldPermission) -> bool:
        """Return whether the requester has any of these rights."""
        return any(self._has_right(right) for right in rights)

    def require(self, *rights: FieldPermission) -> None:
        """Raise PermissionDenied, listing the rights, if the requester has none of them."""
        if not self.may(*rights):
            raise PermissionDenied([permission_name(right) for right in rights])

    def require_recent_sign_in(self) -> None:
        """Raise RecentSignInRequired if the requesting person signed in too long ago.

        Apps pass, because they have no sign-in, and issuing their tokens needs a recent one.
        """
        if self.user is None or self.claims is None:
            return
        if not tokens.is_recent_sign_in(self.claims, self.user, now=self.now):
            raise RecentSignInRequired()

    def signed_in(self) -> User:
        """Return the authenticated user. Raises PermissionDenied for anonymous requests."""
        self.require(FieldAccess.USER)
        assert self.user is not None
        return self.user

    def _has_right(self, right: FieldPermission) -> bool:
        if isinstance(right, CooperativeScoped):
            return bool(self.scope(right.permission))
        if isinstance(right, Permission):
            return right.value in self.permissions
        if right is FieldAccess.USER:
            return self.user is not None
        if right is FieldAccess.APP:
            return self.app is not None
        return self.is_staff

    @cached_property
    def settings(self) -> ShopSettings:
        return shop_settings()

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """All channels by slug, in the order of their keys."""
        return {channel.slug: channel for channel in _channels()}

    def channel(self, slug: str | None) -> Channel | None:
        """Return the channel with this slug.

        If no slug is given, return the only active channel, if there is one.
        """
        if slug is not None:
            return self.channels.get(slug)
        active = [channel for channel in self.channels.values() if channel.is_active]
        return active[0] if len(active) == 1 else None

    def on_response(self, callback: Callable[[HttpResponse], object]) -> None:
        """Call `callback` with the finished response, for example to set a cookie."""
        self._response_callbacks.append(callback)

    def finish(self, response: HttpResponse) -> None:
        for callback in self._response_callbacks:
            callback(response)

    def absolute(self, path: str) -> str:
        """Return an absolute URL for `path`, which is already quoted."""
        if path.startswith("/") and not path.startswith("//"):
            return f"{self._origin}{path}"
        return self.request.build_absolute_uri(path)

    @cached_property
    def _origin(self) -> str:
        return self.request.build_absolute_uri("/")[:-1]
