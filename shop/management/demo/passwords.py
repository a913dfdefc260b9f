"""Passwords of the demo's accounts where strangers might try the published ones."""

from __future__ import annotations

import datetime
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import check_password

from shop.accounts.models import User
from shop.accounts.registration.accounts import set_password
from shop.core.actors import Actor
from shop.management.demo.accounts import ACCOUNTS, PUBLISHED

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another on a phone
_GROUPS, _GROUP = 4, 4  # 79 bits


def make_passwords() -> dict[str, str]:
    """A random password for each of the demo's accounts, by e-mail."""
    return {account.email: _random_password() for account in ACCOUNTS}


def find_accounts_with_published_password() -> list[User]:
    """The demo's accounts whose published password still opens them. Takes a password hash for each."""
    found = User.objects.filter(email__in=PUBLISHED, is_active=True).only("email", "password").order_by("pk")
    return [user for user in found if check_password(PUBLISHED[user.email or ""], user.password)]


def replace_published_passwords(*, actor: Actor, now: datetime.datetime) -> dict[str, str]:
    """Give each account that still has its published password a random one; answers those by e-mail.

    Whoever signed in with the published password is signed out.
    """
    fresh = {}
    for user in find_accounts_with_published_password():
        password = _random_password()
        set_password(user_id=user.pk, password=password, actor=actor, now=now)
        fresh[user.email or ""] = password
    return fresh


def passwords_file() -> Path:
    """Where an embedded shop keeps random passwords of the demo, for its owner only."""
    return Path(settings.DATA_DIR, "demo-passwords")


def keep_passwords(passwords: Mapping[str, str]) -> None:
    """Write passwords to the file beside those that are there; the file is whole at any moment."""
    path = passwords_file()
    lines = dict(line.split(" ", 1) for line in path.read_text().splitlines()) if path.exists() else {}
    lines |= passwords
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{email} {password}\n" for email, password in lines.items()))
    fresh.replace(path)


def _random_password() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _letter in range(_GROUP)) for _group in range(_GROUPS))
    return "-".join(groups)
