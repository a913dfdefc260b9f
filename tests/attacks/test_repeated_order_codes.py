"""Order codes must not repeat: a repeated code would make placing orders fail."""

from __future__ import annotations

import pytest
from django.core.management.color import no_style
from django.db import connection

from orders.models import Order, OrderCode, OrderCodeKey
from orders.payments.order_codes import ALPHABET, is_order_code, order_code_for
from tests.factories import make_order, make_variant

pytestmark = pytest.mark.django_db

WHERE_CODES_REPEATED = len(ALPHABET) ** 4  # the old multiplier shared the factor 23 with its span


def continue_codes_after(number: int) -> None:
    """Make the next order use the number after `number`."""
    OrderCode.objects.create(pk=number)
    continue_codes()


def continue_codes() -> None:
    """Make the next order use the number after the last one; another test may have moved the sequence."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [OrderCode]):
            cursor.execute(statement)


def key() -> bytes:
    return bytes.fromhex(OrderCodeKey.objects.get().key)


def test_orders_are_placed_where_codes_used_to_repeat() -> None:
    variant = make_variant(on_hand=100)
    first = [make_order((variant, 1)).code for _each in range(3)]
    continue_codes_after(WHERE_CODES_REPEATED - 2)

    later = [make_order((variant, 1)).code for _each in range(6)]

    assert list(OrderCode.objects.order_by("pk").values_list("pk", flat=True))[-6:] == [
        WHERE_CODES_REPEATED + step for step in range(-1, 5)
    ]
    assert len({*first, *later}) == 9
    assert all(is_order_code(code) and len(code) == 8 for code in (*first, *later))


def test_orders_are_placed_beyond_the_first_range() -> None:
    variant = make_variant(on_hand=100)
    continue_codes_after(len(ALPHABET) ** 6 - 2)

    codes = [make_order((variant, 1)).code for _each in range(3)]

    assert [len(code) for code in codes] == [8, 9, 9]
    assert len(set(codes)) == 3


def test_code_in_use_is_skipped() -> None:
    variant = make_variant(on_hand=100)
    existing_order = make_order((variant, 1))
    number = OrderCode.objects.get().pk
    continue_codes()
    Order.objects.filter(pk=existing_order.pk).update(code=order_code_for(number + 1, key()))

    order = make_order((variant, 1))

    assert order.code == order_code_for(number + 2, key())


def test_code_that_contains_an_older_code_is_skipped() -> None:
    variant = make_variant(on_hand=100)
    older = make_order((variant, 1))
    number = OrderCode.objects.get().pk
    ambiguous = next(
        n for n in range(number + 1, number + 2000) if is_order_code(order_code_for(n, key())[:-1])
    )
    Order.objects.filter(pk=older.pk).update(code=order_code_for(ambiguous, key())[:-1])
    continue_codes()
    if ambiguous > number + 1:
        continue_codes_after(ambiguous - 1)

    order = make_order((variant, 1))

    assert order.code == order_code_for(ambiguous + 1, key())


def test_orders_are_placed_with_a_new_code_key() -> None:
    variant = make_variant(on_hand=100)
    make_order((variant, 1))
    OrderCodeKey.objects.all().delete()

    order = make_order((variant, 1))

    assert is_order_code(order.code)
    assert OrderCodeKey.objects.count() == 1
