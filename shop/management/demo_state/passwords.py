"""Replace the demo's published passwords where strangers could use them."""

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
from shop.management.demo_state.accounts import ACCOUNTS, PUBLISHED_PASSWORDS

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that look alike on a phone
_GROUPS, _GROUP_LENGTH = 4, 4  # 79 bits


def make_passwords() -> dict[str, str]:
    """Return a random password for each demo account, by email."""
    return {account.email: _random_password() for account in ACCOUNTS}


def find_accounts_with_published_password() -> list[User]:
    """Return demo accounts whose published password still works. Hashes one password per account."""
    demo_accounts = (
        User.objects.filter(email__in=PUBLISHED_PASSWORDS, is_active=True)
        .only("email", "password")
        .order_by("pk")
    )
    return [
        user for user in demo_accounts if check_password(PUBLISHED_PASSWORDS[user.email or ""], user.password)
    ]


def replace_published_passwords(*, actor: Actor, now: datetime.datetime) -> dict[str, str]:
    """Give accounts with their published password a random one, and return those by email.

    Their sessions end.
    """
    temporary = {}
    for user in find_accounts_with_published_password():
        password = _random_password()
        set_password(user_id=user.pk, password=password, actor=actor, now=now)
        temporary[user.email or ""] = password
    return temporary


def passwords_file() -> Path:
    """Return the file with an embedded shop's random demo passwords, readable by its owner only."""
    return Path(settings.DATA_DIR, "demo-passwords")


def save_passwords(passwords: Mapping[str, str]) -> None:
    """Add passwords to the file atomically."""
    path = passwords_file()
    lines = dict(line.split(" ", 1) for line in path.read_text().splitlines()) if path.exists() else {}
    lines |= passwords
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text("".join(f"{email} {password}\n" for email, password in lines.items()))
    temporary.replace(path)


def _random_password() -> str:
    groups = (
        "".join(secrets.choice(_LETTERS) for _letter in range(_GROUP_LENGTH)) for _group in range(_GROUPS)
    )
    return "-".join(groups)
