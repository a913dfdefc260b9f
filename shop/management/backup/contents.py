"""What of a shop belongs into a backup, asked of one snapshot of its database."""

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
KEYS = {"secret_key": "SECRET_KEY", "jwt_key.pem": "JWT_PRIVATE_KEY"}  # file of DATA_DIR: variable


def count_rows(query: Query) -> dict[str, int]:
    """How many rows each table of the models has."""
    models = apps.get_models(include_auto_created=True)
    tables = sorted({model._meta.db_table for model in models if model._meta.managed})
    return {table: next(iter(query(f"SELECT count(*) FROM {_quoted(table)}")))[0] for table in tables}


def applied_migrations(query: Query) -> list[list[str]]:
    return [list(row) for row in query("SELECT app, name FROM django_migrations ORDER BY id")]


def named_files(query: Query) -> Iterator[str]:
    """Paths below MEDIA_ROOT that rows name: uploads, the sizes made of pictures, and pictures to share."""
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, FileField):
                yield from _values(query, model, str(column.column))
    yield from _values(query, SharePicture, "path")
    for renditions in _values(query, Picture, "renditions"):
        sizes = json.loads(renditions) if isinstance(renditions, str) else renditions
        for size in sizes.values():
            yield from (size[kind] for kind in ("webp", "jpeg") if size.get(kind))


def _values(query: Query, model: type[Model], column: str) -> Iterator[Any]:
    rows = query(f"SELECT {_quoted(column)} FROM {_quoted(model._meta.db_table)}")
    return (value for (value,) in rows if value)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def given_keys() -> list[str]:
    """Keys that come from the environment, and so are no part of a backup."""
    return [name for name in KEYS.values() if env(name)]


def key_files() -> list[Path]:
    """The keys that this shop made itself: texts sealed in the database cannot be read without them."""
    paths = [Path(settings.DATA_DIR, file) for file, name in KEYS.items() if not env(name)]
    return [path for path in paths if path.exists()]


def key_fingerprint() -> str:
    """Tells whether two shops have the same SECRET_KEY, without telling the key."""
    return salted_hmac("shop.management.backup", "fingerprint", algorithm="sha256").hexdigest()
