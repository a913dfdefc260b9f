"""Columns that parts and lines copy from their order for reports, written by one function."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.order_records.recalculate_order import recalculate_columns
from orders.models import Order, OrderLine, OrderPart
from shop.core.actors import Actor
from tests.factories import HANOI, NOW, make_order, make_seller, make_variant
from tests.invariants import check_report_columns

pytestmark = pytest.mark.django_db
LATE = datetime.datetime(2026, 11, 24, 17, 30, tzinfo=datetime.UTC)  # half past midnight in Vietnam


def test_parts_and_lines_copy_local_date_channel_source_and_province() -> None:
    order = make_order(now=LATE)

    for row in (OrderPart.objects.get(), OrderLine.objects.get()):
        assert (row.report_date, row.report_channel_id) == (datetime.date(2026, 11, 25), order.channel_id)
        assert row.report_source == "web"
        assert row.report_province == HANOI
        assert not row.has_ended


def test_only_cancelled_part_and_its_lines_have_ended() -> None:
    order = make_order((make_variant(make_seller()), 1), (make_variant(make_seller()), 1))
    part = order.parts.get(number=1)

    cancel_part(part_id=part.pk, reason="Hết hàng", actor=Actor.system("test"), now=NOW)

    assert list(order.parts.order_by("number").values_list("has_ended", flat=True)) == [True, False]
    ended = dict(OrderLine.objects.values_list("part__number", "has_ended"))
    assert ended == {1: True, 2: False}
    check_report_columns()


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"placed_at": None, "confirmed_at": None}, "report_date", None),
        ({"expired_at": NOW}, "has_ended", True),
        ({"source": "phone"}, "report_source", "phone"),
    ],
)
def test_order_changes_are_copied_to_parts_and_lines(
    changes: dict[str, object], column: str, value: object
) -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(**changes)

    recalculate_columns(Order.objects.get(pk=order.pk))

    assert getattr(OrderPart.objects.get(), column) == value
    assert getattr(OrderLine.objects.get(), column) == value
