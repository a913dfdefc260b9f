"""The status that people see and the condition that finds orders by it say the same of every order."""

from __future__ import annotations

from itertools import product

import pytest

from cooperatives.models import DeliveryKind
from orders.models import Order, OrderPart, Payment, PaymentMethod
from orders.models.payment_state import PaymentState
from orders.models.shown_status import payment_state_condition, shown_status_condition
from orders.states import SHOWN_STATUSES, Coverage, OrderStatus, PartState, Progress
from tests.factories import make_order, make_seller, make_variant

pytestmark = pytest.mark.django_db
OWN = (Progress.NOT_PACKED, Progress.DISPATCHED, Progress.PARTLY_DELIVERED, Progress.DELIVERED)


def found_statuses() -> list[str]:
    return [
        status for status in SHOWN_STATUSES if Order.objects.filter(shown_status_condition(status)).exists()
    ]


def test_orders_on_the_way_are_found_by_the_status_they_show() -> None:
    order = make_order((make_variant(make_seller()), 1), (make_variant(make_seller()), 1))
    Order.objects.update(status=OrderStatus.ON_THE_WAY)
    first, second = order.parts.order_by("number")
    shown = set()
    kinds = (DeliveryKind.CARRIER, DeliveryKind.MARKET_DAY)
    states = (PartState.ACCEPTED, PartState.CANCELLED)
    for progress, other_progress, kind, state in product(OWN, Progress, kinds, states):
        OrderPart.objects.filter(pk=first.pk).update(progress=progress, delivery_kind=DeliveryKind.MARKET_DAY)
        OrderPart.objects.filter(pk=second.pk).update(
            progress=other_progress, delivery_kind=kind, state=state
        )

        status = Order.objects.get().shown_status

        assert found_statuses() == [status], (progress, other_progress, kind, state)
        shown.add(str(status.label))
    assert shown == {"đang giao", "sẵn sàng để đến nhận", "đã giao một phần"}


def test_unconfirmed_orders_are_found_by_whether_they_wait_for_money() -> None:
    make_order((make_variant(price=50_000), 1))
    shown = []
    for charged, coverage, method in product((0, 80_000), (Coverage.NONE, Coverage.FULL), PaymentMethod):
        Order.objects.update(status=OrderStatus.UNCONFIRMED, charged=charged, authorize_coverage=coverage)
        Payment.objects.update(method=method)

        status = Order.objects.get().shown_status

        assert found_statuses() == [status], (charged, coverage, method)
        shown.append(str(status.label))
    assert set(shown) == {"chờ thanh toán", "chờ xác nhận"}


def test_orders_are_found_by_the_payment_state_they_show() -> None:
    make_order((make_variant(price=50_000), 1))
    shown = set()
    coverages = (Coverage.NONE, Coverage.FULL)
    for charged, authorised, method, status, total in product(
        Coverage, coverages, PaymentMethod, (OrderStatus.PLACED, OrderStatus.CANCELLED), (0, 80_000)
    ):
        Order.objects.update(
            charged={Coverage.NONE: 0, Coverage.PARTIAL: 1}.get(charged, total),
            charge_coverage=charged,
            authorize_coverage=authorised,
            status=status,
            current_total_gross=total,
        )
        Payment.objects.update(method=method)

        state = Order.objects.prefetch_related("payments").get().payment_state

        found = [
            state for state in PaymentState if Order.objects.filter(payment_state_condition(state)).exists()
        ]
        assert found == [state], (charged, authorised, method, status, total)
        shown.add(str(state.label))
    assert shown == {
        "không phải thu",
        "đã trả",
        "trả thừa",
        "phải hoàn",
        "trả một phần",
        "đã giữ trên thẻ",
        "thu hộ",
        "chờ tiền",
    }


@pytest.mark.parametrize("status", [status for status in OrderStatus if status != OrderStatus.DRAFT])
def test_other_statuses_are_shown_as_stored(status: OrderStatus) -> None:
    make_order()
    Order.objects.update(status=status)

    assert found_statuses() == [Order.objects.get().shown_status]
