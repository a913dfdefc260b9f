"""Dump a PostgreSQL database with its own tools, and restore a dump into an empty database."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.backends.postgresql.client import DatabaseClient

from shop.management.backup.contents import Query, count_rows
from shop.management.backup.manifest import InvalidBackup, Manifest

FILE = "database.dump"


@contextmanager
def take_snapshot(folder: Path) -> Iterator[Query]:
    """Dump the shop's database into the folder. Yield a query function on the same snapshot."""
    program = _find_program("pg_dump")
    connection.close()
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone()
        flags = ["--format=custom", "--no-owner", "--no-privileges", f"--file={folder / FILE}"]
        _run_program(program, [*flags, f"--snapshot={snapshot}"])
        yield _fetch_rows


def require_empty_database() -> None:
    tables = _fetch_rows("SELECT count(*) FROM pg_tables WHERE schemaname = ANY (current_schemas(false))")
    if tables != [(0,)]:
        name = connection.settings_dict["NAME"]
        raise CommandError(f"The database {name} has tables: a backup is only restored into an empty place.")


def restore_database(folder: Path, manifest: Manifest) -> None:
    """Restore the dump in one transaction."""
    program = _find_program("pg_restore")
    connection.close()
    flags = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run_program(program, [*flags, str(folder / FILE), "-d"])  # the database's name follows
    if count_rows(_fetch_rows) != manifest.rows:
        raise InvalidBackup(f"{folder / FILE} does not have as many rows as its manifest says.")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _fetch_rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[object, ...]] = cursor.fetchall()
    return rows


def _find_program(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise CommandError(f"{name} is missing: apt-get install postgresql-client")
    return program


def _run_program(program: str, flags: Sequence[str]) -> None:
    """Run one of PostgreSQL's tools on the shop's database. The password is passed in the environment."""
    arguments, variables = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, flags)
    environment = {**os.environ, **(variables or {})}
    completed = subprocess.run([program, *arguments[1:]], env=environment, capture_output=True, text=True)
    if completed.returncode != 0:
        raise CommandError(f"{Path(program).name} failed: {completed.stderr.strip()}")
