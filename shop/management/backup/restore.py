"""Restore a backup into an empty installation. Everything is checked before anything is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from shop.management.backup import postgres, sqlite
from shop.management.backup.contents import given_keys, key_fingerprint
from shop.management.backup.create import KEYS, MEDIA
from shop.management.backup.manifest import Manifest, file_digest, flush_to_disk, read_backup


def restore_backup(source: Path) -> Manifest:
    """Restore files and keys, and the database last, so that an interrupted restore can be repeated.

    Raises InvalidBackup and CommandError. The database is unchanged then.
    """
    manifest = read_backup(source)
    _require_known_database(manifest)
    engine = sqlite if connection.vendor == "sqlite" else postgres
    engine.require_empty_database()
    names = [str(path.relative_to(source / MEDIA)) for path in (source / MEDIA).rglob("*") if path.is_file()]
    media = Path(settings.MEDIA_ROOT)
    _require_no_other_files(source / MEDIA, media, names)
    for name in names:
        _copy_file(source / MEDIA / name, media / name)
    for name in manifest.keys:
        _copy_file(source / KEYS / name, Path(settings.DATA_DIR, name))
    engine.restore_database(source, manifest)
    return manifest


def has_other_key(manifest: Manifest) -> bool:
    """Return whether the restored shop has another SECRET_KEY, so that encrypted texts cannot be read."""
    is_included = "secret_key" in manifest.keys and "SECRET_KEY" not in given_keys()
    return not is_included and manifest.key_fingerprint != key_fingerprint()


def _require_known_database(manifest: Manifest) -> None:
    if manifest.vendor != connection.vendor:
        raise CommandError(
            f"The backup is of {manifest.vendor}, and this shop is set up for {connection.vendor}."
        )
    existing_migrations = set(MigrationLoader(None).disk_migrations or {})
    unknown = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in existing_migrations]
    if unknown:
        raise CommandError(
            "The backup is of a newer version of the shop; here these migrations are not known: "
            + ", ".join(unknown)
        )


def _require_no_other_files(copies: Path, media: Path, names: Sequence[str]) -> None:
    """Allow existing files only if they equal the backup's, or are half-written copies of its files.

    An interrupted restore leaves both.
    """
    expected = {media / name: copies / name for name in names}
    half_written = {_half_written(path) for path in expected}
    for path in media.rglob("*"):
        if path in half_written:
            continue
        if path.is_file() and (path not in expected or file_digest(path) != file_digest(expected[path])):
            raise CommandError(f"{path} exists already: a backup is only restored into an empty place.")


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file atomically."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new_path = _half_written(target)
    shutil.copy(source, new_path)
    flush_to_disk(new_path)
    os.replace(new_path, target)


def _half_written(target: Path) -> Path:
    """Return the name under which a file is written before it takes its place."""
    return target.with_name(f"{target.name}.restored")
