"""Copy an SQLite database while it is in use, and restore a copy into an empty installation.

Copying the file (`cp`) misses the write-ahead log or mixes two moments. SQLite's online backup is consistent
and blocks no writer.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.core.management.base import CommandError
from django.db import connection
from django.db.backends.sqlite3._functions import register

from shop.management.backup.contents import Query, count_rows
from shop.management.backup.manifest import InvalidBackup, Manifest, flush_to_disk

FILE = "database.sqlite3"


@contextmanager
def take_snapshot(folder: Path) -> Iterator[Query]:
    """Copy the shop's database into the folder. Yield a query function on the copy."""
    source = _database_path()
    if not source.exists():
        raise CommandError(f"There is no database to copy: {source}")
    copy_database(source, folder / FILE)
    with closing(sqlite3.connect(folder / FILE)) as copy:
        yield copy.execute


def copy_database(source: Path, target: Path) -> None:
    """Copy everything committed so far into one file without a log."""
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, timeout=20)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        _require_integrity(copy, target)


def require_empty_database() -> None:
    path = _database_path()
    if path.exists() and path.stat().st_size:
        raise CommandError(f"{path} exists already: a backup is only restored into an empty place.")


def restore_database(folder: Path, manifest: Manifest) -> None:
    """Restore the copy as the shop's database, atomically."""
    path = _database_path()
    new_path = path.with_name(f"{path.name}.restored")
    new_path.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{(folder / FILE).resolve().as_uri()}?mode=ro", uri=True)) as copy,
        closing(sqlite3.connect(new_path)) as restored,
    ):
        copy.backup(restored)
        _require_integrity(restored, new_path)
        if count_rows(restored.execute) != manifest.rows:
            raise InvalidBackup(f"{folder / FILE} does not have as many rows as its manifest says.")
    flush_to_disk(new_path)
    connection.close()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    os.replace(new_path, path)
    flush_to_disk(path.parent)


def _require_integrity(database: sqlite3.Connection, path: Path) -> None:
    register(database)  # Django's functions, used by check constraints
    (result,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if result != "ok":
        raise CommandError(f"{path} is damaged: {result}")


def _database_path() -> Path:
    return Path(connection.settings_dict["NAME"])
