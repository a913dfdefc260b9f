"""Orders paid in advance: waiting for payment, confirmation, switching methods and expiry."""

from __future__ import annotations

import datetime

import pytest
from django.db import transaction

from orders import locks
from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part_as_buyer
from orders.actions.fulfilment.pack_parcels import OrderNotConfirmed, accept_part
from orders.actions.payments.confirm_order import OrderNotAwaitingPayment
from orders.actions.payments.order_payments import (
    PaymentMethodNotOffered,
    change_payment_method,
    offered_payment_methods,
    record_received_money,
)
from orders.actions.placement.order_sweeps import expire_order, expire_orders_task
from orders.actions.placement.place_order import place_order
from orders.models import EventKind, GatewayCall, GatewayOperation, Order, OrderPart, Payment, PaymentMethod
from orders.states import CallState, Coverage, OrderStatus, SaleorStatus
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    carrier_deliveries,
    get_stock,
    make_bank_account,
    make_basket,
    make_contact,
    make_order,
    make_seller,
    make_variant,
)
from tests.invariants import check_everything
from tests.refusals import all_rows, assert_refused
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db
BANK = Actor.system("bank")
HOUR = datetime.timedelta(hours=1)


@reuse_rows
def waiting_order(**fields) -> Order:
    make_bank_account()
    return make_order((make_variant(price=45_000), 2), method=PaymentMethod.TRANSFER, **fields)


def receive_payment(
    order: Order, amount: int, *, idempotency_key: str = "bank:1", now: datetime.datetime = NOW + HOUR
):
    with transaction.atomic():
        locked = locks.lock_order(order.pk)
        return record_received_money(
            locked, locked.payments.get(), amount, idempotency_key=idempotency_key, actor=BANK, now=now
        )


def test_unpaid_order_allocates_stock_but_is_hidden_from_cooperative() -> None:
    order = waiting_order()

    part = order.parts.get()
    payment = order.payments.get()
    assert (order.status, order.saleor_status) == (OrderStatus.UNCONFIRMED, SaleorStatus.UNCONFIRMED)
    assert (order.confirmed_at, part.accept_by) == (None, None)
    assert get_stock(order.lines.get().variant).allocated == 2
    assert (payment.method, payment.expires_at) == (PaymentMethod.TRANSFER, NOW + 24 * HOUR)
    assert Payment.objects.all().sums()[payment.pk].charge_pending == order.current_total_gross == 120_000
    assert not OrderPart.objects.all().for_cooperative(part.cooperative).exists()
    assert not Notification.objects.filter(recipient=part.cooperative.email).exists()
    check_everything()


def test_cooperative_cannot_accept_unpaid_order() -> None:
    part = waiting_order().parts.get()

    with assert_refused(OrderNotConfirmed, "order_not_confirmed"):
        accept_part(part_id=part.pk, actor=BANK, now=NOW)


def test_full_payment_confirms_order_and_starts_acceptance_deadline() -> None:
    order = waiting_order()

    receive_payment(order, 120_000)

    order.refresh_from_db()
    part = order.parts.get()
    assert (order.confirmed_at, order.charged, order.charge_coverage) == (NOW + HOUR, 120_000, Coverage.FULL)
    assert order.status == OrderStatus.PLACED
    assert part.accept_by == NOW + 25 * HOUR
    assert Notification.objects.filter(recipient=part.cooperative.email).count() == 1
    assert [
        change.action
        for change in Change.objects.filter(root_kind="orders.order", root_key=str(order.pk)).order_by("pk")
    ] == [
        "order.placed",
        "payment.received",
        "order.confirmed",
    ]
    check_everything()


def test_repeated_payment_key_counts_once() -> None:
    order = waiting_order()
    first = receive_payment(order, 120_000)

    before = all_rows()
    second = receive_payment(order, 120_000, now=NOW + 2 * HOUR)

    assert first is not None
    assert second is None
    assert all_rows() == before


def test_partial_payment_does_not_confirm_order() -> None:
    order = waiting_order()

    receive_payment(order, 100_000)

    order.refresh_from_db()
    assert (order.confirmed_at, order.charged, order.amount_due) == (None, 100_000, 20_000)
    check_everything()


def test_payment_of_the_amount_due_confirms_order() -> None:
    order = waiting_order()
    receive_payment(order, 100_000)

    receive_payment(order, 20_000, idempotency_key="bank:2")

    order.refresh_from_db()
    assert (order.confirmed_at, order.charged) == (NOW + HOUR, 120_000)


def test_overpayment_is_recorded_as_over_coverage() -> None:
    order = waiting_order()

    receive_payment(order, 125_000)

    order.refresh_from_db()
    assert (order.charged, order.charge_coverage) == (125_000, Coverage.OVER)
    assert order.confirmed_at == NOW + HOUR
    check_everything()


def test_payment_method_not_offered_is_refused() -> None:
    basket = make_basket((make_variant(), 1))
    contact, deliveries = make_contact(), carrier_deliveries(basket)

    assert offered_payment_methods(basket.channel) == [PaymentMethod.COD]
    with assert_refused(PaymentMethodNotOffered, "payment_method_not_offered"):
        place_order(
            basket_id=basket.pk,
            contact=contact,
            deliveries=deliveries,
            consents=frozenset({ConsentPurpose.ORDER}),
            method=PaymentMethod.TRANSFER,
            actor=Actor.guest(),
            now=NOW,
        )


def test_switch_to_cash_confirms_order() -> None:
    order = waiting_order()

    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=NOW + HOUR)

    order.refresh_from_db()
    sums = Payment.objects.all().sums()
    pending = {payment.method: sums[payment.pk].charge_pending for payment in order.payments.all()}
    assert order.confirmed_at == NOW + HOUR
    assert pending == {PaymentMethod.TRANSFER: 0, PaymentMethod.COD: 120_000}
    check_everything()


def test_choosing_same_method_again_changes_nothing() -> None:
    order = waiting_order()
    before = all_rows()

    payment = change_payment_method(
        order_id=order.pk, method=PaymentMethod.TRANSFER, actor=Actor.guest(), now=NOW + HOUR
    )

    assert payment == order.payments.get()
    assert all_rows() == before


def test_paid_order_cannot_change_payment_method() -> None:
    order = waiting_order()
    receive_payment(order, 120_000)

    with assert_refused(OrderNotAwaitingPayment, "order_not_awaiting_payment"):
        change_payment_method(
            order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=NOW + 2 * HOUR
        )


def test_unpaid_order_expires_and_releases_stock() -> None:
    order = waiting_order()
    variant = order.lines.get().variant

    expire_order(order_id=order.pk, actor=BANK, now=NOW + 23 * HOUR)
    order.refresh_from_db()
    expired_at_before = order.expired_at
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)

    order.refresh_from_db()
    assert expired_at_before is None
    assert (order.expired_at, order.status) == (NOW + 24 * HOUR, OrderStatus.EXPIRED)
    assert (get_stock(variant).allocated, order.current_total_gross) == (0, 0)
    check_everything()


def test_sweep_expires_unpaid_order(settings) -> None:
    order = waiting_order(now=NOW - datetime.timedelta(days=3650))

    expire_orders_task()

    order.refresh_from_db()
    assert order.expired_at is not None


def test_partly_paid_order_does_not_expire() -> None:
    order = waiting_order()
    receive_payment(order, 1_000)

    before = all_rows()
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 48 * HOUR)

    assert all_rows() == before


@pytest.mark.parametrize("state", [CallState.INTENDED, CallState.UNKNOWN, CallState.PENDING])
def test_order_with_unfinished_gateway_call_does_not_expire(state: CallState) -> None:
    order = waiting_order()
    GatewayCall.objects.create(
        gateway="stripe",
        operation=GatewayOperation.START_PAYMENT,
        payment=order.payments.get(),
        amount=120_000,
        currency="VND",
        state=state,
        created_at=NOW,
    )

    before = all_rows()
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 48 * HOUR)

    assert all_rows() == before


def test_cash_order_never_expires() -> None:
    order = make_order()

    before = all_rows()
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 1000 * HOUR)

    assert all_rows() == before


def test_cancelling_unpaid_order_cancels_charge_request() -> None:
    make_bank_account()
    first, second = make_variant(price=45_000), make_variant(price=30_000, cooperative=make_seller())
    order = make_order((first, 1), (second, 1), method=PaymentMethod.TRANSFER)
    payment = order.payments.get()
    first_part, second_part = order.parts.order_by("number")

    cancel_part_as_buyer(part_id=first_part.pk, actor=Actor.guest(), now=NOW + HOUR)
    order.refresh_from_db()
    pending_after_first = Payment.objects.all().sums()[payment.pk].charge_pending
    cancel_order(order_id=order.pk, reason="Changed my mind", actor=BANK, now=NOW + HOUR)

    assert pending_after_first == order.current_total_gross == second_part.total_gross
    assert Payment.objects.all().sums()[payment.pk].charge_pending == 0
    assert payment.events.filter(kind=EventKind.CANCEL_SUCCESS).count() == 2
    check_everything()
