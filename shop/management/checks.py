"""System checks of a server beyond Django's own."""

from __future__ import annotations

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.db import connection

from shop.accounts.models import User
from shop.management.demo_state.passwords import find_accounts_with_published_password


def check_published_passwords(
    *, app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """Warn of accounts on a server that still have a password published in the demo's source code.

    Runs with `manage.py check --database default` before migrations, and when `manage.py run` starts a
    server.
    """
    if not settings.SERVER or not databases:
        return []
    if User._meta.db_table not in connection.introspection.table_names():  # before the first migration
        return []
    return [
        Warning(
            f"The account {user.email} still has the password that the demo publishes.",
            hint=f"Set another (manage.py changepassword {user.email}), or deactivate the account.",
            obj=user,
            id="shop.W001",
        )
        for user in find_accounts_with_published_password()
    ]
