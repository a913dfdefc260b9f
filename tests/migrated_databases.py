"""A database that is migrated once and copied for every worker.

SQLite's file and PostgreSQL's cluster are saved beside the installed packages under a digest of the
migrations, so that later runs reuse them.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.backends.sqlite3.creation import DatabaseCreation

from shop.management.servers.postgres import start_postgres
from shop.management.servers.process import Service
from shop.management.triggers import ALL_TRIGGERS

_PLACE = Path(sys.prefix)
_KEPT_FOR_SECONDS = 24 * 60 * 60


def start_migrated_postgres(port: int) -> Service:
    """Start a PostgreSQL server with a migrated database from which the tests' databases are copied."""
    cluster = _PLACE / f"migrated-{_migrations_digest()}.postgres"
    with _one_at_a_time("postgres"):
        if cluster.exists():
            try:
                return start_postgres(port=port, cluster=cluster)
            except RuntimeError:  # created by another version of PostgreSQL
                shutil.rmtree(cluster)
        server = start_postgres(port=port)
        with psycopg.connect(server.url, autocommit=True) as postgres:
            # A separate one, since a template database must have no connections.
            postgres.execute(f'CREATE DATABASE "{connection.settings_dict["NAME"]}"')
        call_command("migrate", verbosity=0, interactive=False)
        connection.close()
        # A cluster that is in use cannot be copied.
        server.process.send_signal(signal.SIGINT)
        server.process.wait()
        _keep_cluster(server.folder / "data", cluster)
        shutil.rmtree(server.folder)
        return start_postgres(port=port, cluster=cluster)


class CopiedCreation(DatabaseCreation):
    """Creates the tests' SQLite database as a copy of the saved one, or saves it for others."""

    saved: Path

    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        self.saved = _PLACE / f"migrated-{_migrations_digest()}.sqlite3"
        with _one_at_a_time("sqlite"):
            name: str = super().create_test_db(*args, **kwargs)
            if not self.saved.exists():
                self._keep()
        return name

    def _create_test_db(self, *args: Any, **kwargs: Any) -> str:
        name: str = super()._create_test_db(*args, **kwargs)
        if self.saved.exists():
            shutil.copy(self.saved, name)
        return name

    def _keep(self) -> None:
        _drop_old(".sqlite3")
        being_made = self.saved.with_suffix(f".{os.getpid()}")
        with closing(sqlite3.connect(being_made)) as copy:
            self.connection.ensure_connection()
            self.connection.connection.backup(copy)
        being_made.rename(self.saved)


@contextmanager
def _one_at_a_time(database: str) -> Iterator[None]:
    """Lock, so that a second process waits and finds the database that the first one created."""
    with (_PLACE / f"migrated-{database}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep_cluster(data: Path, target: Path) -> None:
    _drop_old(".postgres")
    being_made = target.with_suffix(f".{os.getpid()}")
    subprocess.run(["cp", "--archive", data, being_made], check=True)
    being_made.rename(target)


def _drop_old(suffix: str) -> None:
    for old in _PLACE.glob(f"migrated-*{suffix}"):
        if time.time() - old.stat().st_mtime > _KEPT_FOR_SECONDS:
            shutil.rmtree(old) if old.is_dir() else old.unlink()


def _migrations_digest() -> str:
    """Return a digest of all current migrations and triggers, ours and those of packages."""
    digest = hashlib.sha256(importlib.metadata.version("django").encode())
    for config in sorted(apps.get_app_configs(), key=lambda app: app.label):
        for path in sorted(Path(config.path).glob("migrations/*.py")):
            digest.update(f"{config.label}/{path.name}\n".encode())
            digest.update(path.read_bytes())
    digest.update(repr(ALL_TRIGGERS).encode())
    return digest.hexdigest()[:16]
