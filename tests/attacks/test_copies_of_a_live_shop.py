"""Copying a running shop: `cp` of the SQLite file loses acknowledged orders, `manage.py backup` does not."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from tests.factories import make_order

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]


def orders_in(path):
    with closing(sqlite3.connect(path)) as copy:
        return {code for (code,) in copy.execute("SELECT code FROM orders_order")}


def test_copied_file_loses_orders_that_a_backup_keeps(tmp_path) -> None:
    database = Path(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    codes = {make_order().code for _each in range(3)}

    shutil.copyfile(database, tmp_path / "copied.sqlite3")
    call_command("backup", tmp_path / "backup", verbosity=0)

    assert orders_in(tmp_path / "copied.sqlite3") & codes == set()
    assert orders_in(tmp_path / "backup/database.sqlite3") == codes
