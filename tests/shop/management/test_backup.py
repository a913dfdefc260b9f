"""Backing up a running shop and restoring it into an empty place."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from orders.models import Order
from shop.core.models import Picture, SharePicture
from shop.management.backup.contents import count_rows
from shop.management.backup.create import create_backup
from shop.management.backup.manifest import MANIFEST, SUMS, InvalidBackup, read_backup, seal_backup
from shop.management.backup.postgres import take_snapshot
from tests.crashes.test_paying_in_cash import order_basket
from tests.factories import make_basket, make_order, make_variant

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]


class EmptyPlace:
    """An empty DATA_DIR and, on PostgreSQL, an empty database."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "DATA_DIR": str(folder), "MEDIA_ROOT": str(folder / "media")}
        self.database = None
        if connection.vendor == "postgresql":
            self.database = f"restored_{os.getpid()}"
            base = os.environ["DATABASE_URL"].rpartition("/")[0]
            self.environment["DATABASE_URL"] = f"{base}/{self.database}"
            self._administer(f"CREATE DATABASE {self.database} TEMPLATE template0")

    def run(self, *arguments):
        command = [sys.executable, "manage.py", *map(str, arguments)]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)

    def ask(self, sql):
        if self.database is None:
            with closing(sqlite3.connect(self.folder / "shop.sqlite3")) as database:
                return database.execute(sql).fetchall()
        with psycopg.connect(self.environment["DATABASE_URL"]) as database:
            return database.execute(sql).fetchall()

    def is_empty(self):
        if self.database is None:
            return not (self.folder / "shop.sqlite3").exists()
        return self.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]

    def remove(self):
        if self.database is not None:
            self._administer(f"DROP DATABASE {self.database}")

    def _administer(self, sql):
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
            server.execute(sql)


@pytest.fixture
def empty_place(tmp_path):
    target = EmptyPlace(tmp_path / "restored")
    yield target
    target.remove()


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def shop_with_files(settings):
    """Return an order, a picture with a rendition, a share picture, and an unreferenced file."""
    media = Path(settings.MEDIA_ROOT)
    order = make_order()
    Picture.objects.create(
        original="pictures/original/qua.png",
        renditions={"320": {"webp": "pictures/320.webp", "jpeg": "pictures/320.jpg", "height": 240}},
    )
    SharePicture.objects.create(kind="catalog.product", key=1, content_digest="m", path="share/1.jpg")
    for name in ("pictures/original/qua.png", "pictures/320.webp", "pictures/320.jpg", "share/1.jpg"):
        write(media / name, name.encode() * 100)
    write(media / "forgotten.png", b"nobody's")
    return order


def test_backup_is_restored_completely_into_an_empty_place(tmp_path, empty_place, shop_with_files) -> None:
    call_command("backup", tmp_path / "backup", verbosity=0)
    rows = count_rows(lambda sql: _fetch(sql))

    done = empty_place.run("restore", tmp_path / "backup")
    again = empty_place.run("restore", tmp_path / "backup")

    assert (done.returncode, done.stderr) == (0, "")
    assert empty_place.ask("SELECT code FROM orders_order") == [(shop_with_files.code,)]
    assert count_rows(empty_place.ask) == rows
    media = empty_place.folder / "media"
    files = {str(path.relative_to(media)): path.read_bytes() for path in media.rglob("*") if path.is_file()}
    names = ("pictures/original/qua.png", "pictures/320.webp", "pictures/320.jpg", "share/1.jpg")
    assert files == {name: name.encode() * 100 for name in names}
    assert again.returncode == 1
    assert "a backup is only restored into an empty place" in again.stderr
    assert empty_place.run("migrate", "--check").returncode == 0


def test_killed_restore_can_be_repeated(tmp_path, empty_place, shop_with_files) -> None:
    """It was killed while writing a file: half of it exists under another name, others are complete."""
    call_command("backup", tmp_path / "backup", verbosity=0)
    media = empty_place.folder / "media"
    write(media / "pictures/320.webp", b"pictures/320.webp" * 100)
    write(media / "pictures/320.jpg.restored", b"half")
    if "secret_key" in read_backup(tmp_path / "backup").keys:  # a server has it in its environment
        write(empty_place.folder / "secret_key.restored", b"half")

    done = empty_place.run("restore", tmp_path / "backup")

    assert (done.returncode, done.stderr) == (0, "")
    assert empty_place.ask("SELECT code FROM orders_order") == [(shop_with_files.code,)]
    assert (media / "pictures/320.jpg").read_bytes() == b"pictures/320.jpg" * 100
    assert not list(empty_place.folder.rglob("*.restored"))


def _fetch(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_backup_is_private_and_includes_generated_keys(tmp_path, settings, monkeypatch) -> None:
    settings.DATA_DIR = tmp_path / "data"
    monkeypatch.delenv("SECRET_KEY", raising=False)
    write(settings.DATA_DIR / "secret_key", b"k" * 67)
    (settings.DATA_DIR / "secret_key").chmod(0o600)

    with_keys = create_backup(tmp_path / "with", includes_keys=True)
    without_keys = create_backup(tmp_path / "without", includes_keys=False)

    assert (tmp_path / "with").stat().st_mode & 0o777 == 0o700
    assert (with_keys.keys, without_keys.keys) == (["secret_key"], [])
    assert (tmp_path / "with/keys/secret_key").read_bytes() == b"k" * 67
    assert (tmp_path / "with/keys/secret_key").stat().st_mode & 0o777 == 0o600
    assert "secret_key" in without_keys.left_out
    assert not (tmp_path / "without/keys").exists()


def test_missing_media_file_is_reported(tmp_path, shop_with_files, settings) -> None:
    Path(settings.MEDIA_ROOT, "pictures/320.webp").unlink()
    output = StringIO()

    call_command("backup", tmp_path / "backup", stdout=StringIO(), stderr=output)

    assert output.getvalue() == "  missing in MEDIA_ROOT, although a row names it: pictures/320.webp\n"
    assert read_backup(tmp_path / "backup").missing == ["pictures/320.webp"]


def test_changed_byte_in_any_file_is_refused(tmp_path, empty_place, shop_with_files) -> None:
    folder = tmp_path / "backup"
    call_command("backup", folder, verbosity=0)

    for path in [path for path in folder.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        with pytest.raises(InvalidBackup):
            read_backup(folder)
        path.write_bytes(content)
    database = next(folder.glob("database.*"))
    database.write_bytes(database.read_bytes() + b"\0")
    done = empty_place.run("restore", folder)

    assert done.returncode == 1
    assert f"were changed: {database.name}" in done.stderr
    assert empty_place.is_empty()
    assert not (empty_place.folder / "media").exists()


def test_added_and_removed_files_are_refused(tmp_path, shop_with_files) -> None:
    folder = tmp_path / "backup"
    call_command("backup", folder, verbosity=0)

    write(folder / "media/more.png", b"more")
    with pytest.raises(InvalidBackup, match=r"media/more\.png"):
        read_backup(folder)
    (folder / "media/more.png").unlink()
    (folder / "media/share/1.jpg").unlink()
    with pytest.raises(InvalidBackup, match=r"media/share/1\.jpg"):
        read_backup(folder)


def test_running_shop_is_never_overwritten(tmp_path) -> None:
    make_order()
    call_command("backup", tmp_path / "backup", verbosity=0)
    later = make_order()

    with pytest.raises(CommandError, match="only restored into an empty place"):
        call_command("restore", tmp_path / "backup")
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", tmp_path / "backup")

    assert Order.objects.filter(pk=later.pk).exists()


def test_backup_of_a_newer_shop_or_another_database_is_refused(tmp_path) -> None:
    call_command("backup", tmp_path / "backup", verbosity=0)
    manifest = read_backup(tmp_path / "backup")

    manifest.migrations.append(["orders", "9999_from_next_year"])
    _seal_again(tmp_path / "backup", manifest)
    with pytest.raises(CommandError, match=r"orders\.9999_from_next_year"):
        call_command("restore", tmp_path / "backup")
    manifest.vendor = "oracle"
    _seal_again(tmp_path / "backup", manifest)
    with pytest.raises(CommandError, match="The backup is of oracle"):
        call_command("restore", tmp_path / "backup")


def _seal_again(folder, manifest):
    (folder / SUMS).unlink()
    seal_backup(folder, manifest)


def test_missing_tool_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CommandError, match="pg_dump is missing: apt-get install postgresql-client"):
        take_snapshot(tmp_path).__enter__()


def test_backup_of_a_busy_shop_holds_every_acknowledged_order(tmp_path, empty_place) -> None:
    variant = make_variant(on_hand=100_000)
    make_basket((variant, 1))
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    before = []

    with Buyers(variant, acknowledged, count=2):
        for number in range(3):
            wait_for(acknowledged, more_than=3 * number)
            before.append(set(acknowledged.read_text().split()))
            call_command("backup", tmp_path / f"backup-{number}", verbosity=0)

    for number in range(3):
        manifest = json.loads((tmp_path / f"backup-{number}" / MANIFEST).read_text())
        assert manifest["rows"]["orders_order"] >= len(before[number]) > 3 * number
    done = empty_place.run("restore", tmp_path / "backup-2")
    assert done.returncode == 0, done.stderr
    verified = empty_place.run("verify")
    assert verified.returncode == 0, verified.stdout
    assert before[2] <= {code for (code,) in empty_place.ask("SELECT code FROM orders_order")}


class Buyers:
    """Processes that place orders and write down each code once its order is acknowledged."""

    def __init__(self, variant, acknowledged, *, count):
        self._variant, self._acknowledged, self._count = variant, acknowledged, count
        self._children = []

    def __enter__(self):
        connections.close_all()
        for _number in range(self._count):
            child = os.fork()
            if child == 0:
                self._buy()
            self._children.append(child)

    def _buy(self):
        try:
            while True:
                order = order_basket(make_basket((self._variant, 1)))
                with self._acknowledged.open("a") as file:
                    file.write(f"{order.code}\n")
        finally:
            os._exit(1)

    def __exit__(self, *_error):
        for child in self._children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def wait_for(acknowledged, *, more_than):
    while len(acknowledged.read_text().split()) <= more_than:
        os.sched_yield()


@pytest.mark.once
def test_killed_backup_is_not_a_valid_backup(tmp_path, shop_with_files) -> None:
    """Kill it (-9) at each file it opens, syncs or moves, until a run completes."""
    complete_backup = create_backup(tmp_path / "whole", includes_keys=True)
    step, is_through = 1, False
    while not is_through:
        target = tmp_path / f"killed-{step}" / "backup"
        is_through = _run_until(step, target)
        for folder in (tmp_path / f"killed-{step}").iterdir():
            try:
                manifest = read_backup(folder)
            except InvalidBackup:
                assert folder != target, f"half a backup after step {step}"
            else:
                assert manifest.rows == complete_backup.rows
        step += 1

    assert step > 20
    assert read_backup(target).rows == complete_backup.rows


def _run_until(step, target):
    """Return whether the backup completed before that step."""
    target.parent.mkdir()
    connections.close_all()
    child = os.fork()
    if child == 0:
        left = step

        def count(event, arguments):
            nonlocal left
            if event in ("open", "os.rename", "shutil.copyfile") and str(target.parent) in str(arguments[0]):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            create_backup(target, includes_keys=True)
        except BaseException:
            os._exit(1)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return not os.WIFSIGNALED(status)
