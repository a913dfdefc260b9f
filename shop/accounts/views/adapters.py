"""How allauth meets our accounts: it lets people in and speaks with their passkeys; the rules are ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from shop.accounts.models import User
from shop.core.limits import network_of
from shop.core.models import shop_settings


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def get_login_stages(self) -> list[str]:
        """None: a passkey stands beside a password or a code, it is not asked for after one."""
        return []

    def get_client_ip(self, request: HttpRequest) -> str:
        return network_of(request.META)

    def add_message(self, *_args: Any, **_told: Any) -> None:
        """Our pages say what happened."""


class PasskeyAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Where a passkey is good: the shop's own name and below it; else the name that was used."""
        host: str = urlsplit(f"//{context.request.get_host()}").hostname or ""
        own = urlsplit(settings.PUBLIC_URL).hostname or ""
        return {"id": own if host == own or host.endswith(f".{own}") else host, "name": shop_settings().name}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        told: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return told | {"name": user.email or user.phone or user.name, "display_name": user.name}
