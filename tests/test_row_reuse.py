"""Rows restored by `tests.row_reuse` equal the created ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from shop.core.texts.folding import fold
from tests import factories
from tests.factories import make_admin, make_category, make_channel, make_order, make_seller, make_user
from tests.refusals import all_rows
from tests.row_reuse import recorder

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_recorded_calls() -> Iterator[None]:
    """Start with nothing recorded, as in the first test of a run."""
    before, recorder.first_calls = recorder.first_calls, {}
    yield
    recorder.first_calls = before


def run_as_test(
    work: Callable[[], Any], patch: pytest.MonkeyPatch | None = None
) -> tuple[Any, Any, list[str]]:
    """Run `work` as the start of a test, and return its result, all rows, and the SQL executed."""
    block = transaction.atomic()
    block._from_testcase = True  # otherwise durable actions refuse to run inside another block
    with block:
        recorder.begin(patch)
        with CaptureQueriesContext(connection) as statements:
            result = work()
        rows = all_rows()
        transaction.set_rollback(True)
    return result, rows, [statement["sql"] for statement in statements]


def test_restored_rows_equal_the_created_ones() -> None:
    (created, rows, statements), (restored, restored_rows, statements_again) = (
        run_as_test(make_order) for _time in range(2)
    )

    assert restored_rows == rows
    assert restored == created
    assert restored is not created
    columns = [field.attname for field in Order._meta.concrete_fields]
    assert [getattr(restored, column) for column in columns] == [
        getattr(created, column) for column in columns
    ]
    assert any(statement.startswith("SELECT") for statement in statements)
    assert not any(statement.startswith("SELECT") for statement in statements_again)


def test_rows_created_later_refer_to_restored_rows() -> None:
    def begin() -> Order:
        return make_order(user=make_user(email="mot@example.com"))

    orders = [run_as_test(begin)[0] for _time in range(2)]

    assert orders[1].user_id == orders[0].user_id is not None
    assert orders[1] == orders[0]


def test_other_arguments_make_other_rows() -> None:
    names = [run_as_test(lambda name=name: make_seller(name))[0].name for name in "ABABAB"]

    assert names == list("ABABAB")


def test_product_of_an_order_with_new_arguments_is_restored() -> None:
    _orders, rows, statements = zip(
        *(run_as_test(lambda n=name: make_order(name=n)) for name in "ABC"), strict=True
    )

    restored = '1 times: INSERT INTO "catalog_product" '
    assert [any(statement.startswith(restored) for statement in one) for one in statements] == [
        False,
        False,
        True,
    ]
    counts = [{table: len(found) for table, found in one.items()} for one in rows]
    assert counts[2] == counts[0]


def test_everything_is_created_after_a_row_of_the_tests_own() -> None:
    def begin() -> None:
        channel = make_channel()
        channel.name = "Chợ"
        channel.save()
        make_seller()

    statements = [run_as_test(begin)[2] for _time in range(4)]

    assert all(
        any('INSERT INTO "cooperatives_cooperative"' in statement for statement in executed)
        for executed in statements
    )
    assert all(any(statement.startswith("SELECT") for statement in executed) for executed in statements)


def test_sign_in_does_not_stop_rows_from_being_restored() -> None:
    def begin() -> None:
        Client().force_login(make_admin(email="mot@example.com"))
        make_seller()

    statements = [run_as_test(begin)[2] for _time in range(2)]

    assert [any('FROM "cooperatives_' in statement for statement in executed) for executed in statements] == [
        True,
        False,
    ]


def test_later_calls_of_a_long_test_are_recorded_at_their_second_occurrence() -> None:
    def begin() -> None:
        for number in range(12):
            make_category(f"Loại {number}")

    statements = [run_as_test(begin)[2] for _time in range(3)]

    created = 'INSERT INTO "catalog_category" '
    assert [sum(statement.startswith(created) for statement in executed) for executed in statements] == [
        12,
        2,
        0,
    ]


def test_other_settings_make_new_rows() -> None:
    for _time in range(3):
        run_as_test(make_seller)
    with override_settings(PUBLIC_URL="https://cho.example"):
        under_another = run_as_test(make_seller)[2]
    as_before = run_as_test(make_seller)[2]

    assert any('FROM "cooperatives_' in statement for statement in under_another)
    assert not any('FROM "cooperatives_' in statement for statement in as_before)


def test_everything_is_created_where_code_is_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    for _time in range(3):
        run_as_test(make_seller, monkeypatch)
    monkeypatch.setattr(factories, "fold", fold)

    assert any('FROM "cooperatives_' in statement for statement in run_as_test(make_seller, monkeypatch)[2])
