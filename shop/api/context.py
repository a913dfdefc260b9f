"""What one request knows: who asks, what they may, which channels there are. All of it found out when asked
for.
"""

from __future__ import annotations

import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from graphql import GraphQLSchema

from cooperatives.access import EVERYTHING, Scope, platform_permissions, scope_of
from shop.accounts.models import App, AppPermission, User
from shop.accounts.staff.api_apps import app_of_token
from shop.accounts.staff.permissions import Permission
from shop.api import tokens
from shop.api.errors import PermissionDenied
from shop.api.field_permissions import Right, Standing, Within, written
from shop.core.actors import Actor, Door
from shop.core.database.compiled_query import prepared
from shop.core.models import Channel, ShopSettings, shop_settings

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMES = ("bearer ", "jwt ")


@prepared
def _channels() -> QuerySet[Channel]:
    return Channel.objects.order_by("pk")


class Context:
    """Handed to every resolver. `now` is one instant for the whole request."""

    def __init__(self, request: HttpRequest, schema: GraphQLSchema) -> None:
        self.request = request
        self.schema = schema
        self.now: datetime.datetime = timezone.now()
        self._scopes: dict[Permission, Scope] = {}
        self._afterwards: list[Callable[[HttpResponse], Any]] = []
        # Products that lie in a basket at hand: shown with it, on sale or not.
        self.goods_at_hand: set[int] = set()

    # --- who asks ---------------------------------------------------------------------------------

    @cached_property
    def token(self) -> str | None:
        """What stands in the header that clients authenticate with."""
        written_there = self.request.headers.get("Authorization-Bearer", "").strip()
        if written_there:
            return written_there
        header = self.request.headers.get("Authorization", "").strip()
        scheme = next((each for each in _SCHEMES if header.lower().startswith(each)), None)
        return header[len(scheme) :].strip() or None if scheme else None

    @cached_property
    def claims(self) -> tokens.Claims | None:
        """The claims of the request's token; None without one of ours. Raises PyJWT's errors."""
        if self.token is None or not tokens.is_ours(self.token):
            return None
        return tokens.claims_of(self.token)

    @cached_property
    def user(self) -> User | None:
        """The person who asks; None for anybody. Raises PyJWT's errors for a token that is no good."""
        return tokens.user_of(self.claims, tokens.ACCESS) if self.claims is not None else None

    @cached_property
    def app(self) -> App | None:
        """The app that asks; None for people and anybody."""
        if self.token is None or tokens.is_ours(self.token):
            return None
        return app_of_token(self.token)

    @property
    def actor(self) -> Actor:
        """Who is written down for what a mutation changes."""
        if self.app is not None:
            return self.app.acting(Door.API)
        return self.user.acting(Door.API) if self.user else Actor.guest(Door.API)

    # --- what they may ----------------------------------------------------------------------------

    @cached_property
    def permissions(self) -> frozenset[str]:
        """The permissions of an app or a member of staff for all rows, by their codes; a superuser has all.

        Permissions that hold for some cooperatives alone are left out: ask `scope` for them.
        """
        if self.app is not None:
            return frozenset(AppPermission.objects.filter(app=self.app).values_list("code", flat=True))
        return platform_permissions(self.user) if self.user is not None else frozenset()

    def scope(self, permission: Permission) -> Scope:
        """Whose rows the requester holds a permission for; apps hold theirs for everybody's."""
        if permission not in self._scopes:
            if self.app is not None:
                is_held = permission.value in self.permissions
                self._scopes[permission] = EVERYTHING if is_held else Scope()
            else:
                self._scopes[permission] = scope_of(self.user, permission)
        return self._scopes[permission]

    @property
    def is_staff(self) -> bool:
        return self.user is not None and self.user.is_staff

    def may(self, *rights: Right) -> bool:
        """Whether any of these permissions or standings is the requester's."""
        return any(self._has(right) for right in rights)

    def require(self, *rights: Right) -> None:
        """Raises PermissionDenied, naming them, where none of these is the requester's."""
        if not self.may(*rights):
            raise PermissionDenied([written(right) for right in rights])

    def signed_in(self) -> User:
        """The person who asks. Raises PermissionDenied for anybody."""
        self.require(Standing.USER)
        assert self.user is not None
        return self.user

    def _has(self, right: Right) -> bool:
        if isinstance(right, Within):
            return bool(self.scope(right.permission))
        if isinstance(right, Permission):
            return right.value in self.permissions
        if right is Standing.USER:
            return self.user is not None
        if right is Standing.APP:
            return self.app is not None
        return self.is_staff

    # --- where ------------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> ShopSettings:
        return shop_settings()

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """All channels by slug, in the order of their keys."""
        return {channel.slug: channel for channel in _channels()}

    def channel(self, slug: str | None) -> Channel | None:
        """The channel of this slug; without a slug the only active one there is, else none."""
        if slug is not None:
            return self.channels.get(slug)
        active = [channel for channel in self.channels.values() if channel.is_active]
        return active[0] if len(active) == 1 else None

    # --- what the answer carries beside its body --------------------------------------------------

    def on_response(self, do: Callable[[HttpResponse], Any]) -> None:
        """Do this to the answer once it is made: set a cookie, for one."""
        self._afterwards.append(do)

    def finish(self, response: HttpResponse) -> None:
        for do in self._afterwards:
            do(response)

    def absolute(self, path: str) -> str:
        """An address as clients elsewhere can open it; `path` is quoted already."""
        if path.startswith("/") and not path.startswith("//"):
            return f"{self._origin}{path}"
        return self.request.build_absolute_uri(path)

    @cached_property
    def _origin(self) -> str:
        return self.request.build_absolute_uri("/")[:-1]
