"""Start the private servers of a measurement, and build the environment of its processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError

from shop.management.servers.postgres import start_postgres
from shop.management.servers.process import MissingService
from shop.management.servers.redis import start_redis


@contextmanager
def start_servers(database: str) -> Iterator[dict[str, str]]:
    """Start private servers and yield their settings, which are empty for SQLite."""
    if database == "sqlite":
        yield {}
        return
    try:
        postgres = start_postgres()
    except MissingService as error:
        raise CommandError(str(error)) from error
    try:
        redis = start_redis()
        try:
            yield {
                "DATABASE_URL": postgres.url,
                "REDIS_URL": f"{redis.url}/0",
                "SECRET_KEY": "only-for-measuring-" * 4,
                "ALLOWED_HOSTS": "localhost",
                "PUBLIC_URL": "http://localhost:8000",
                "EMAIL_HOST": "localhost",
                "DEFAULT_FROM_EMAIL": "cho-phien@localhost",
            }
        finally:
            redis.stop()
    finally:
        postgres.stop()


def build_environment(folder: Path) -> dict[str, str]:
    """Return the environment without settings that would point to other services."""
    replaced_settings = {
        "DATABASE_URL",
        "REDIS_URL",
        "DEBUG",
        "EMAIL_HOST",
        "EMAIL_HOST_USER",
        "EMAIL_HOST_PASSWORD",
    }
    replaced_settings |= {"MEDIA_URL", "MEDIA_ROOT", "ALLOWED_HOSTS", "PUBLIC_URL", "SECRET_KEY"}
    environment = {name: value for name, value in os.environ.items() if name not in replaced_settings}
    # One buyer at one address places thousands of orders.
    unlimited = dict.fromkeys(("ORDERS_PER_PHONE", "API_ORDERS_PER_NETWORK", "ORDERS_PER_DAY"), "0")
    return (
        environment
        | unlimited
        | {"DATA_DIR": str(folder), "ORDERS_PER_NETWORK": "0", "UNPAID_GUEST_ORDERS": "0"}
    )
