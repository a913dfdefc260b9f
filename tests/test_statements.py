"""The second database runs few tests, which together execute all statements."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from catalog.models import Category
from shop.core.database.transactions import lock_rows
from shop.core.models import Channel
from tests.statements import VALUES_MATTER, Recorded, Recorder, select_tests, statement_key

AT_HOME = ("orders/locks.py:lock_order",)


def key(sql: str, *params: object, callers: tuple[str, ...] = AT_HOME) -> str:
    return statement_key(sql, params, many=False, callers=callers)


def record(work: Callable[[], object]) -> Recorded:
    """Record what `work` executes; an error of the database undoes it."""
    recorder = Recorder()
    recording = recorder.record("test")
    next(recording)
    with suppress(DatabaseError), transaction.atomic():
        work()
    next(recording, None)
    connection.execute_wrappers.remove(recorder.execute)
    return recorder.tests["test"]


def test_quick_tests_that_execute_all_statements_are_selected() -> None:
    recorded = {
        "quick": Recorded(0.1, ["a", "b"]),
        "slow": Recorded(5.0, ["a", "b", "c"]),
        "same": Recorded(0.2, ["a", "b"]),
        "other": Recorded(0.3, ["c", "d"]),
        "without statements": Recorded(0.1, []),
    }

    assert select_tests(recorded, recorded) == {"quick", "other"}


def test_only_tests_of_the_run_count() -> None:
    recorded = {"quick": Recorded(0.1, ["a"]), "slow": Recorded(5.0, ["a"])}

    assert select_tests(["slow"], recorded) == {"slow"}


def test_failed_statements_and_unknown_tests_are_always_selected() -> None:
    recorded = {
        "quick": Recorded(0.1, ["a"]),
        "refused": Recorded(1.0, ["a"], met_error=True),
        "refused alike": Recorded(1.0, ["a"], met_error=True),
    }

    assert select_tests([*recorded, "new"], recorded) == {"refused", "refused alike", "new"}


def test_statements_differ_by_text_types_and_callers_but_not_by_lengths() -> None:
    of_two = key("SELECT a FROM b WHERE c IN (%s, %s) LIMIT 20", 1, 2)

    assert key("SELECT a FROM b WHERE c IN (%s, %s, %s) LIMIT 5", 3, 4, 5) == of_two
    assert key("SELECT a FROM b WHERE d IN (%s, %s) LIMIT 20", 1, 2) != of_two
    assert key("SELECT a FROM b WHERE c IN (%s, %s) LIMIT 20", 1, None) != of_two
    assert key("SELECT a FROM b WHERE c IN (%s, %s) LIMIT 20", 1, 2, callers=()) != of_two
    assert key("INSERT INTO a VALUES (%s, %s), (%s, %s)", 1, 2, 3, 4) == key(
        "INSERT INTO a VALUES (%s, %s)", 1, 2
    )


@pytest.mark.django_db
def test_statements_of_a_test_are_recorded_with_their_errors() -> None:
    count = record(Category.objects.count)
    broken = record(lambda: connection.cursor().execute("SELECT nothing FROM nowhere"))

    assert (len(count.statements), count.met_error) == (1, False)
    assert record(Category.objects.count).statements == count.statements
    assert (len(broken.statements), broken.met_error) == (1, True)
    assert record(lambda: None).statements == []


@pytest.mark.django_db
def test_function_of_ours_that_executes_a_statement_identifies_it() -> None:
    rows = Channel.objects.filter(pk=1).order_by("pk")

    read, locked = record(lambda: list(rows.all())), record(lambda: lock_rows(rows.all()))

    assert (len(read.statements), len(locked.statements)) == (1, 1)
    assert read.statements != locked.statements


def test_paths_where_values_matter_exist() -> None:
    assert [path for path in VALUES_MATTER if not (Path(settings.BASE_DIR) / path).exists()] == []
