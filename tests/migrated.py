"""A database that is brought up to date once: every worker's begins as a copy of it.

SQLite's is kept beside the installed packages and known by what the migrations say, so that the next run
begins with it too; PostgreSQL's lives as long as the server that the tests start.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.backends.sqlite3.creation import DatabaseCreation

_PLACE = Path(sys.prefix)
_KEPT_FOR = 24 * 60 * 60  # seconds


def bring_up_to_date() -> None:
    """Migrate the database of the settings, which PostgreSQL copies the tests' own from."""
    call_command("migrate", verbosity=0, interactive=False)
    connection.close()


class CopiedCreation(DatabaseCreation):
    """Makes the tests' SQLite database as a copy of the one that was kept, or keeps it for others."""

    kept: Path

    def create_test_db(self, *args: Any, **named: Any) -> str:
        self.kept = _PLACE / f"migrated-{_said_by_migrations()}.sqlite3"
        with (_PLACE / "migrated.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second waits instead of making another
            name: str = super().create_test_db(*args, **named)
            if not self.kept.exists():
                self._keep()
        return name

    def _create_test_db(self, *args: Any, **named: Any) -> str:
        name: str = super()._create_test_db(*args, **named)
        if self.kept.exists():
            shutil.copy(self.kept, name)
        return name

    def _keep(self) -> None:
        for old in _PLACE.glob("migrated-*.sqlite3"):
            if time.time() - old.stat().st_mtime > _KEPT_FOR:
                old.unlink()
        being_made = self.kept.with_suffix(f".{os.getpid()}")
        with closing(sqlite3.connect(being_made)) as copy:
            self.connection.ensure_connection()
            self.connection.connection.backup(copy)
        being_made.rename(self.kept)


def _said_by_migrations() -> str:
    """A short name of all migrations as they are now: ours and those of the packages."""
    said = hashlib.sha256(importlib.metadata.version("django").encode())
    for config in sorted(apps.get_app_configs(), key=lambda each: each.label):
        for path in sorted(Path(config.path).glob("migrations/*.py")):
            said.update(f"{config.label}/{path.name}\n".encode())
            said.update(path.read_bytes())
    return said.hexdigest()[:16]
