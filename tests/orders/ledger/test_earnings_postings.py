"""Ledger postings of deliveries, refunds and payments, exact to the đồng."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cooperatives.models import DeliveryKind
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.ledger.earnings_postings import book_part_earnings
from orders.actions.ledger.ledger_postings import PostingEntry, post_entries, record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.models import (
    CostBearer,
    Discount,
    DiscountKind,
    DiscountShare,
    EventKind,
    LedgerAccount,
    LedgerEntry,
    LedgerPosting,
    Order,
    OrderLine,
    OrderPart,
    Payment,
    PaymentMethod,
    PostingKind,
    Refund,
    RefundLine,
    Settlement,
    ValueType,
)
from shop.core.actors import Actor, EntryPoint
from tests.factories import NOW, make_order, make_seller, make_variant
from tests.invariants import check_everything, check_ledger

pytestmark = pytest.mark.django_db
DESK = Actor.person(1, "Bàn", EntryPoint.DESK)


def carrier_part(quantity=1):
    """Return a part with one line at 100,000 and 30,000 for delivery by a carrier."""
    part = make_order((make_variant(price=100_000), quantity)).parts.get()
    OrderPart.objects.filter(pk=part.pk).update(carrier="Viettel Post")
    return OrderPart.objects.get(pk=part.pk)


def deliver(part, quantities=None, *, cash=True):
    """Deliver the part in a parcel: all lines, or the given quantities."""
    if part.state == "new":
        accept_part(part_id=part.pk, actor=DESK, now=NOW)
        part.refresh_from_db()
    quantities = quantities or dict(part.lines.values_list("pk", "quantity"))
    parcel = pack_parcel(part_id=part.pk, quantities=quantities, actor=DESK, now=NOW)
    close_parcel(parcel_id=parcel.pk, actor=DESK, now=NOW)
    hand_over_parcel(parcel_id=parcel.pk, actor=DESK, now=NOW)
    return deliver_parcel(parcel_id=parcel.pk, is_cash_collected=cash, reason="tận tay", actor=DESK, now=NOW)


def balances(nature=None):
    """Return balances by account; those of cooperatives also by nature."""
    totals = {}
    for account, nature, amount in LedgerEntry.objects.values_list("account", "nature", "amount"):
        key = f"{account}/{nature}" if nature else account
        totals[key] = totals.get(key, 0) + amount
    return {key: amount for key, amount in totals.items() if amount}


def with_commission(part, percent=5):
    """Set the commission rate of the part's lines."""
    for line in part.lines.all():
        OrderLine.objects.filter(pk=line.pk).update(
            commission_rate=percent, commission=line.total_gross * percent // 100
        )


def apply_discount(line, amount, bearer):
    """Discount the line by an amount that the given bearer pays."""
    order = line.order
    discount = Discount.objects.create(
        order=order,
        kind=DiscountKind.VOUCHER,
        value_type=ValueType.FIXED,
        value=amount,
        amount=amount,
        currency="VND",
        bearer=bearer,
    )
    DiscountShare.objects.create(discount=discount, line=line, amount=amount)
    OrderLine.objects.filter(pk=line.pk).update(
        total_gross=line.total_gross - amount, total_net=line.total_net - amount
    )
    OrderPart.objects.filter(pk=line.part_id).update(
        goods_gross=line.part.goods_gross - amount,
        goods_net=line.part.goods_net - amount,
        total_gross=line.part.total_gross - amount,
        total_net=line.part.total_net - amount,
    )
    Payment.objects.get().events.update(amount=line.part.total_gross - amount)


def refund(part, *, line=0, delivery=0, bearer=CostBearer.COOPERATIVE):
    """Refund the given amounts of the part's only line and of its delivery."""
    row = Refund.objects.create(
        order=part.order,
        part=part,
        amount=line + delivery,
        delivery_amount=delivery,
        currency="VND",
        bearer=bearer,
        decided_at=NOW,
    )
    if line:
        RefundLine.objects.create(refund=row, order_line=part.lines.get(), amount=line)
    finish_order_change(Order.objects.get(pk=part.order_id), now=NOW)
    return row


def test_carrier_delivery_credits_cooperative_less_commission() -> None:
    part = carrier_part(2)
    with_commission(part)

    deliver(part)

    assert balances() == {
        "cooperative_payable/goods": -200_000,
        "cooperative_payable/delivery": -30_000,
        "cooperative_payable/commission": 10_000,
        "commission": -10_000,
        "carrier_cash": 230_000,
    }
    assert LedgerEntry.objects.of_cooperative(part.cooperative, "VND").owed == 220_000
    check_everything()


def test_unpaid_delivery_debits_buyer() -> None:
    part = carrier_part(2)

    deliver(part, cash=False)

    assert balances() == {
        "buyer": 230_000,
        "cooperative_payable/goods": -200_000,
        "cooperative_payable/delivery": -30_000,
    }


def test_pickup_cash_is_held_by_cooperative() -> None:
    part = carrier_part()
    OrderPart.objects.filter(pk=part.pk).update(delivery_kind=DeliveryKind.PICKUP)

    deliver(part)

    balance = LedgerEntry.objects.of_cooperative(part.cooperative, "VND")
    assert (balance.owed, balance.cash_held) == (130_000, 130_000)
    assert (
        LedgerEntry.objects.get(account=LedgerAccount.COOPERATIVE_CASH).settlement == Settlement.objects.get()
    )


def test_carrier_cash_is_booked_under_carrier_name() -> None:
    deliver(carrier_part())

    entries = LedgerEntry.objects.filter(account=LedgerAccount.CARRIER_CASH)
    assert list(entries.values_list("carrier", "amount")) == [("Viettel Post", 130_000)]


def test_partial_deliveries_sum_to_line_total() -> None:
    variant = make_variant(price=33_333)
    part = make_order((variant, 3)).parts.get()
    with_commission(part, 7)
    line = part.lines.get()

    owed = []
    for _ in range(3):
        deliver(part, {line.pk: 1})
        owed.append(LedgerEntry.objects.of_cooperative(part.cooperative, "VND").owed)
        check_ledger()

    assert owed == [30_000 + 33_333 - 2_333, 30_000 + 66_666 - 4_666, 30_000 + 99_999 - 6_999]
    assert balances()["cooperative_payable/goods"] == -99_999
    check_everything()


def test_voided_delivery_is_reversed() -> None:
    part = carrier_part()
    parcel = deliver(part, cash=False)

    void_parcel(parcel_id=parcel.pk, reason="giao nhầm", actor=DESK, now=NOW)

    assert balances() == {}
    assert LedgerPosting.objects.filter(part=part).count() == 2
    check_ledger()


def test_redelivery_after_void_is_booked_once() -> None:
    part = carrier_part()
    parcel = deliver(part, cash=False)
    void_parcel(parcel_id=parcel.pk, reason="giao nhầm", actor=DESK, now=NOW)

    deliver(part)

    assert LedgerEntry.objects.of_cooperative(part.cooperative, "VND").owed == 130_000
    check_ledger()


def test_discount_borne_by_cooperative_reduces_its_earnings() -> None:
    part = carrier_part()
    apply_discount(part.lines.get(), 20_000, CostBearer.COOPERATIVE)

    deliver(OrderPart.objects.get())

    assert balances()["cooperative_payable/goods"] == -80_000
    assert "platform_cost" not in balances()


def test_discount_borne_by_platform_is_platform_cost() -> None:
    part = carrier_part()
    apply_discount(part.lines.get(), 20_000, CostBearer.PLATFORM)

    deliver(OrderPart.objects.get())

    assert balances() == {
        "cooperative_payable/goods": -100_000,
        "cooperative_payable/delivery": -30_000,
        "platform_cost": 20_000,
        "carrier_cash": 110_000,
    }
    check_ledger()


def test_refund_borne_by_cooperative_reverses_its_commission() -> None:
    part = carrier_part()
    with_commission(part, 10)
    deliver(part)

    refund(part, line=40_000)

    assert balances() == {
        "buyer": -40_000,
        "carrier_cash": 130_000,
        "cooperative_payable/goods": -100_000,
        "cooperative_payable/delivery": -30_000,
        "cooperative_payable/refund": 40_000,
        "cooperative_payable/commission": 6_000,
        "commission": -6_000,
    }
    assert LedgerPosting.objects.latest("pk").kind == PostingKind.REFUND


def test_refund_borne_by_platform_does_not_change_cooperative_balance() -> None:
    part = carrier_part()
    with_commission(part, 10)
    deliver(part)
    before = LedgerEntry.objects.of_cooperative(part.cooperative, "VND")

    refund(part, line=40_000, delivery=30_000, bearer=CostBearer.PLATFORM)

    assert LedgerEntry.objects.of_cooperative(part.cooperative, "VND") == before
    assert balances()["platform_cost"] == 70_000
    assert balances()["buyer"] == -70_000


def test_refund_of_undelivered_line_books_nothing() -> None:
    part = carrier_part()

    refund(part, line=100_000)

    assert balances() == {}


def test_withheld_tax_reduces_cooperative_balance() -> None:
    part = carrier_part()
    OrderPart.objects.filter(pk=part.pk).update(withholding_rate="1.5")

    deliver(OrderPart.objects.get())

    assert LedgerEntry.objects.of_cooperative(part.cooperative, "VND").owed == 128_500
    assert balances()["tax_withheld"] == -1_500


def test_delivery_without_cooperative_method_is_platform_income() -> None:
    part = carrier_part()
    OrderPart.objects.filter(pk=part.pk).update(delivery_kind="")

    deliver(OrderPart.objects.get(), cash=False)

    assert balances() == {
        "buyer": 130_000,
        "cooperative_payable/goods": -100_000,
        "delivery_income": -30_000,
    }


@pytest.mark.parametrize(
    ("method", "account"), [(PaymentMethod.TRANSFER, "bank"), (PaymentMethod.CARD, "gateway")]
)
def test_payment_events_are_booked_to_account_of_method(method, account) -> None:
    order = make_order((make_variant(price=100_000), 1))
    payment = Payment.objects.create(order=order, method=method, currency="VND")

    for kind, amount in [
        (EventKind.CHARGE_REQUEST, 100),
        (EventKind.CHARGE_SUCCESS, 100),
        (EventKind.REFUND_SUCCESS, 30),
        (EventKind.REFUND_REVERSE, 10),
        (EventKind.CHARGE_BACK, 50),
    ]:
        record_payment_event(payment, kind, amount, idempotency_key=f"{kind}", actor=DESK, now=NOW)
        record_payment_event(payment, kind, amount, idempotency_key=f"{kind}", actor=DESK, now=NOW)

    assert balances() == {account: 30, "buyer": -30}


def test_booking_earnings_again_books_nothing() -> None:
    part = carrier_part(2)
    deliver(part)
    before = LedgerPosting.objects.count()

    book_part_earnings(part.order, [part], now=NOW)

    assert LedgerPosting.objects.count() == before


def test_unbalanced_posting_raises_value_error() -> None:
    with pytest.raises(ValueError, match="do not sum to zero"):
        post_entries(
            "k",
            PostingKind.CORRECTION,
            [PostingEntry(LedgerAccount.BANK, 5)],
            currency="VND",
            actor=DESK,
            now=NOW,
        )

    assert LedgerPosting.objects.count() == 0


def test_same_posting_key_is_booked_once() -> None:
    entries = [PostingEntry(LedgerAccount.BANK, 5), PostingEntry(LedgerAccount.UNMATCHED, -5)]

    first = post_entries("k", PostingKind.UNMATCHED, entries, currency="VND", actor=DESK, now=NOW)
    second = post_entries("k", PostingKind.UNMATCHED, entries, currency="VND", actor=DESK, now=NOW)

    assert first == second
    assert LedgerEntry.objects.count() == 2


def test_query_count_does_not_depend_on_number_of_lines() -> None:
    seller = make_seller()

    def query_count(lines: int) -> int:
        part = make_order(*[(make_variant(seller, name=f"Gối {n}"), 1) for n in range(lines)]).parts.get()
        deliver(part, cash=False)
        LedgerPosting.objects.filter(part=part).exists()
        refund_row = Refund(order=part.order, part=part, amount=1, currency="VND", bearer="cooperative")
        refund_row.delivery_amount, refund_row.decided_at = 1, NOW
        refund_row.save()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            book_part_earnings(part.order, [part], now=NOW)
        return len(captured)

    query_count_of_one, query_count_of_eight = query_count(1), query_count(8)

    assert query_count_of_one == query_count_of_eight <= 9


def test_undelivered_order_needs_no_ledger_queries() -> None:
    order = make_order((make_variant(), 1))

    with CaptureQueriesContext(connection) as captured:
        finish_order_change(order, now=NOW)

    assert not [query for query in captured if "ledger" in query["sql"]]
