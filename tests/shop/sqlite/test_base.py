"""The fair lock of SQLite writers, tested with separate connections and processes."""

import subprocess
import sys
import threading

import pytest
from django.db import OperationalError
from django.db.backends.sqlite3.base import DatabaseWrapper as Plain

from shop.sqlite.base import DatabaseWrapper

pytestmark = pytest.mark.once

THREADS, ROUNDS = 16, 25


@pytest.fixture(autouse=True)
def _connections_of_its_own(django_db_blocker):
    with django_db_blocker.unblock():
        yield


def connection_to(path, *, timeout=20.0, wrapper=DatabaseWrapper, mode="IMMEDIATE"):
    return wrapper(
        {
            "NAME": str(path),
            "OPTIONS": {
                "transaction_mode": mode,
                "timeout": timeout,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            },
            "AUTOCOMMIT": True,
            "ATOMIC_REQUESTS": False,
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": False,
            "TIME_ZONE": None,
        }
    )


def begin(connection):
    connection.ensure_connection()
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def end(connection, how="commit"):
    getattr(connection, how)()
    connection.set_autocommit(True)


def counter(tmp_path):
    path = tmp_path / "counter.sqlite3"
    connection = connection_to(path)
    connection.cursor().execute("CREATE TABLE counter (value INTEGER)")
    connection.cursor().execute("INSERT INTO counter VALUES (0)")
    connection.close()
    return path


def value_in(path):
    connection = connection_to(path)
    try:
        return connection.cursor().execute("SELECT value FROM counter").fetchone()[0]
    finally:
        connection.close()


def count_up(path, **kind):
    """Increment the counter in a transaction that reads first: loses counts unless writers take turns."""
    connection = connection_to(path, **kind)
    for _ in range(ROUNDS):
        begin(connection)
        value = connection.cursor().execute("SELECT value FROM counter").fetchone()[0]
        connection.cursor().execute("UPDATE counter SET value = %s", [value + 1])
        end(connection)
    connection.close()


def run_together(work):
    """Run the function in many threads at once and return their errors."""
    errors = []

    def guarded():
        try:
            work()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_many_threads_lose_no_write(tmp_path) -> None:
    path = counter(tmp_path)

    errors = run_together(lambda: count_up(path))

    assert errors == []
    assert value_in(path) == THREADS * ROUNDS


def test_deferred_transactions_without_the_lock_fail(tmp_path) -> None:
    path = counter(tmp_path)

    errors = run_together(lambda: count_up(path, wrapper=Plain, mode="DEFERRED"))

    assert {str(error) for error in errors} == {"database is locked"}
    assert value_in(path) < THREADS * ROUNDS


@pytest.mark.parametrize("how", ["commit", "rollback", "close"])
def test_lock_is_released_however_the_transaction_ends(tmp_path, how) -> None:
    path = counter(tmp_path)
    first, second = connection_to(path), connection_to(path, timeout=0.1)
    begin(first)

    with pytest.raises(OperationalError, match="another transaction takes too long"):
        begin(second)
    getattr(first, how)()
    begin(second)

    end(second)
    second.close()
    first.close()


def test_process_waits_for_the_lock_and_a_killed_one_releases_it(tmp_path) -> None:
    path = counter(tmp_path)
    code = (
        "import sys; from shop.sqlite.writer_lock import writer_lock;"
        "writer_lock(sys.argv[1], is_in_memory=False).acquire(timeout=1);"
        "print('mine', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "mine\n"
    waiting = threading.Thread(target=count_up, args=(path,))
    waiting.start()
    waiting.join(0.3)
    value_meanwhile = value_in(path)

    other.kill()
    other.communicate()
    waiting.join(20)

    assert value_meanwhile == 0
    assert value_in(path) == ROUNDS
