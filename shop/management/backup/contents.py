"""Determine the contents of a backup, from one snapshot of the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import FileField, Model
from django.utils.crypto import salted_hmac

from shop.core.models import Picture, SharePicture
from shop.environment import env

Query = Callable[[str], Iterable[tuple[Any, ...]]]
# Maps files in DATA_DIR to environment variables.
KEYS = {
    "secret_key": "SECRET_KEY",
    "jwt_key.pem": "JWT_PRIVATE_KEY",
    "vapid_key.pem": "VAPID_PRIVATE_KEY",
}


def count_rows(query: Query) -> dict[str, int]:
    """Return the number of rows of each model's table."""
    models = apps.get_models(include_auto_created=True)
    tables = sorted({model._meta.db_table for model in models if model._meta.managed})
    return {table: next(iter(query(f"SELECT count(*) FROM {_quote_name(table)}")))[0] for table in tables}


def applied_migrations(query: Query) -> list[list[str]]:
    return [list(row) for row in query("SELECT app, name FROM django_migrations ORDER BY id")]


def named_files(query: Query) -> Iterator[str]:
    """Yield paths below MEDIA_ROOT that rows refer to: uploads, renditions, and preview pictures."""
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, FileField):
                yield from _column_values(query, model, str(column.column))
    yield from _column_values(query, SharePicture, "path")
    for renditions in _column_values(query, Picture, "renditions"):
        sizes = json.loads(renditions) if isinstance(renditions, str) else renditions
        for size in sizes.values():
            yield from (size[image_format] for image_format in ("webp", "jpeg") if size.get(image_format))


def _column_values(query: Query, model: type[Model], column: str) -> Iterator[Any]:
    rows = query(f"SELECT {_quote_name(column)} FROM {_quote_name(model._meta.db_table)}")
    return (value for (value,) in rows if value)


def _quote_name(name: str) -> str:
    return connection.ops.quote_name(name)


def given_keys() -> list[str]:
    """Return the keys that come from the environment, which a backup omits."""
    return [name for name in KEYS.values() if env(name)]


def find_key_files() -> list[Path]:
    """Return the shop's own key files. Without them encrypted texts in the database cannot be read."""
    paths = [Path(settings.DATA_DIR, file) for file, name in KEYS.items() if not env(name)]
    return [path for path in paths if path.exists()]


def key_fingerprint() -> str:
    """Return a fingerprint that shows whether two shops have the same SECRET_KEY, without revealing it."""
    return salted_hmac("shop.management.backup", "fingerprint", algorithm="sha256").hexdigest()
