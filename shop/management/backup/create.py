"""Create a backup in a temporary folder and rename it when it is complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from django.utils._os import safe_join

from shop.management.backup import postgres, sqlite
from shop.management.backup.contents import (
    Query,
    applied_migrations,
    count_rows,
    find_key_files,
    given_keys,
    key_fingerprint,
    named_files,
)
from shop.management.backup.manifest import Manifest, flush_to_disk, seal_backup

MEDIA, KEYS = "media", "keys"
NEVER_COPIED = (
    "the cache, queued jobs, static files and feeds for search engines, which the shop makes again",
    "settings in the environment",
)


def create_backup(target: Path, *, includes_keys: bool) -> Manifest:
    """Copy database, files and keys to a new folder, which appears only when complete."""
    if target.exists():
        raise CommandError(f"{target} exists already.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _temporary_folder(target) as folder:
        with _take_snapshot(folder) as query:
            manifest = Manifest(
                made_at=timezone.now().isoformat(),
                vendor=connection.vendor,
                database=sqlite.FILE if connection.vendor == "sqlite" else postgres.FILE,
                migrations=applied_migrations(query),
                rows=count_rows(query),
                key_fingerprint=key_fingerprint(),
            )
            names = sorted(set(named_files(query)))
        manifest.missing = [name for name in names if not _copy_media(name, folder / MEDIA)]
        _copy_keys(folder, manifest, includes_keys=includes_keys)
        seal_backup(folder, manifest)
    return manifest


def _take_snapshot(folder: Path) -> AbstractContextManager[Query]:
    return sqlite.take_snapshot(folder) if connection.vendor == "sqlite" else postgres.take_snapshot(folder)


@contextmanager
def _temporary_folder(target: Path) -> Iterator[Path]:
    """Yield a hidden folder beside the target.

    It is renamed to the target at the end, and deleted on failure.
    """
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        yield folder
        os.rename(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    flush_to_disk(target.parent)


def _copy_media(name: str, folder: Path) -> bool:
    """Copy a file of MEDIA_ROOT, and return False if it does not exist."""
    try:
        source = Path(safe_join(str(settings.MEDIA_ROOT), name))
    except SuspiciousFileOperation:
        return False
    copy = folder / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, copy)
    except (FileNotFoundError, IsADirectoryError):
        return False
    return True


def _copy_keys(folder: Path, manifest: Manifest, *, includes_keys: bool) -> None:
    files = find_key_files()
    manifest.left_out = [*NEVER_COPIED, *(f"{name}, from the environment" for name in given_keys())]
    if not includes_keys:
        manifest.left_out += [path.name for path in files]
        return
    for path in files:
        (folder / KEYS).mkdir(mode=0o700, exist_ok=True)
        shutil.copy(path, folder / KEYS / path.name)  # keeps its mode, so only the owner can read it
        manifest.keys.append(path.name)
