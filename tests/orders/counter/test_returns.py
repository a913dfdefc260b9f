"""Goods of counter sales that come back: voided sales, and returns with and without a receipt."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Stock, Variant
from cooperatives.models import Cooperative
from orders.actions.counter.quote_sale import SaleLine
from orders.actions.counter.returns import (
    NoSaleToReturn,
    NothingToReturn,
    ReturnedGoods,
    SaleAlreadyReturned,
    SaleOfClosedShift,
    return_goods,
    return_without_receipt,
    void_sale,
)
from orders.actions.counter.shifts import ShiftClosed, read_expected_cash
from orders.actions.fulfilment.parcel_returns import ReturnExceedsDelivered
from orders.models import CounterReturn, CounterReturnKind, CounterSale, LedgerEntry, OrderLine, Payout, Shift
from shop.accounts.models import User
from shop.core.errors import Missing, ReasonRequired
from shop.management.verification.all_rules import find_faults
from shop.notifications.models import Notification
from tests.factories import make_seller, make_variant
from tests.orders.counter.till_helpers import (
    HALF_A_MILLION,
    LATER,
    acting,
    begin_shift,
    end_shift,
    make_open_shift,
    sell,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller() -> Cooperative:
    return make_seller()


@pytest.fixture
def shift(seller: Cooperative) -> Shift:
    return make_open_shift(500_000, cooperative=seller)[0]


@pytest.fixture
def cashier(shift: Shift) -> User:
    assert shift.cashier is not None
    return shift.cashier


@pytest.fixture
def rice(seller: Cooperative) -> Variant:
    return make_variant(seller, name="Gạo nếp", price=45_000, on_hand=10)


@pytest.fixture
def sale(shift: Shift, cashier: User, rice: Variant) -> CounterSale:
    return sell(shift, cashier, SaleLine(rice.pk, 3))


def common(shift: Shift, **fields: Any) -> dict[str, Any]:
    values = {"reason": "Gạo ẩm", "actor": acting(User.objects.get(pk=shift.cashier_id)), "now": LATER}
    return {"cooperative": shift.till.cooperative} | values | fields


def line_of(sale: CounterSale) -> OrderLine:
    line: OrderLine = sale.order.lines.get()
    return line


def give_back(shift: Shift, sale: CounterSale, quantity: int, **fields: Any) -> CounterReturn:
    goods = [ReturnedGoods(line_of(sale).pk, quantity, is_damaged=fields.pop("is_damaged", False))]
    return return_goods(shift_id=shift.pk, sale_id=sale.pk, goods=goods, **common(shift, **fields))


def test_returned_goods_are_paid_for_from_the_till_and_back_in_stock(
    shift: Shift, sale: CounterSale, seller: Cooperative, rice: Variant
) -> None:
    returned = give_back(shift, sale, 1)

    assert (returned.kind, returned.cash_returned, returned.reason) == (
        CounterReturnKind.RETURN,
        45_000,
        "Gạo ẩm",
    )
    assert read_expected_cash(shift) == 500_000 + 135_000 - 45_000
    assert Stock.objects.get(variant=rice).on_hand == 8
    balance = LedgerEntry.objects.of_cooperative(seller, "VND")
    assert (balance.owed, balance.cash_held) == (90_000, 90_000)
    assert not Payout.objects.exists()
    assert not Notification.objects.exists()
    assert list(find_faults(now=LATER)) == []


def test_damaged_goods_are_not_restocked(shift: Shift, sale: CounterSale, rice: Variant) -> None:
    give_back(shift, sale, 2, is_damaged=True)

    assert Stock.objects.get(variant=rice).on_hand == 7
    assert list(find_faults(now=LATER)) == []


def test_not_more_than_was_bought_comes_back(shift: Shift, sale: CounterSale) -> None:
    give_back(shift, sale, 2)

    with assert_refused(ReturnExceedsDelivered, "return_exceeds_delivered"):
        give_back(shift, sale, 2)
    last = give_back(shift, sale, 1)

    assert last.cash_returned == 45_000
    assert sum(CounterReturn.objects.values_list("cash_returned", flat=True)) == sale.total


def test_return_needs_goods_and_a_reason(shift: Shift, sale: CounterSale) -> None:
    with assert_refused(ReasonRequired, "reason_required"):
        give_back(shift, sale, 1, reason=" ")
    with assert_refused(NothingToReturn, "nothing_to_return"):
        return_goods(shift_id=shift.pk, sale_id=sale.pk, goods=[], **common(shift))


def test_repeated_return_is_recorded_once(shift: Shift, sale: CounterSale) -> None:
    first, again = (give_back(shift, sale, 1, idempotency_key="a") for _ in range(2))

    assert first == again
    assert CounterReturn.objects.count() == 1


def test_later_shift_pays_for_a_return(shift: Shift, cashier: User, sale: CounterSale) -> None:
    end_shift(shift, cashier, HALF_A_MILLION | {20_000: 6, 10_000: 1, 5_000: 1})
    with assert_refused(ShiftClosed, "shift_closed"):
        give_back(shift, sale, 1)
    later_shift = begin_shift(shift.till, cashier, 100_000, now=LATER, note="Tiền lẻ")

    give_back(later_shift, sale, 1)

    assert read_expected_cash(later_shift) == 55_000


def test_goods_without_a_receipt_are_returned_to_the_latest_sale_with_as_many(
    shift: Shift, cashier: User, sale: CounterSale, rice: Variant
) -> None:
    small_sale = sell(shift, cashier, SaleLine(rice.pk, 1))

    two = return_without_receipt(shift_id=shift.pk, variant_id=rice.pk, quantity=2, **common(shift))
    one = return_without_receipt(shift_id=shift.pk, variant_id=rice.pk, quantity=1, **common(shift))

    assert (two.sale, one.sale) == (sale, small_sale)
    for quantity in (0, 2):
        with pytest.raises((NoSaleToReturn, NothingToReturn)):
            return_without_receipt(shift_id=shift.pk, variant_id=rice.pk, quantity=quantity, **common(shift))


def test_goods_of_another_cooperative_are_not_returned(
    shift: Shift, cashier: User, sale: CounterSale
) -> None:
    other, _other_cashier = make_open_shift(cooperative=make_seller("HTX Yến Dương", slug="yen-duong"))

    with assert_refused(NoSaleToReturn, "no_sale_to_return"):
        return_without_receipt(
            shift_id=other.pk, variant_id=line_of(sale).variant_id or 0, quantity=1, **common(other)
        )
    with assert_refused(Missing, "missing"):
        give_back(other, sale, 1)
    with assert_refused(Missing, "missing"):
        void_sale(sale_id=sale.pk, **common(other))


def test_voided_sale_takes_all_back_and_keeps_its_number(
    shift: Shift, cashier: User, sale: CounterSale, rice: Variant
) -> None:
    voided = void_sale(sale_id=sale.pk, **common(shift, reason="Bấm nhầm hàng"))
    again = sell(shift, cashier, SaleLine(rice.pk, 1))

    assert (voided.kind, voided.cash_returned, again.number) == (CounterReturnKind.VOID, 135_000, 2)
    assert read_expected_cash(shift) == 545_000
    assert Stock.objects.get(variant=rice).on_hand == 9
    assert list(find_faults(now=LATER)) == []


def test_sale_is_voided_once_within_its_shift_and_before_returns(
    shift: Shift, cashier: User, sale: CounterSale, rice: Variant
) -> None:
    partly_returned = sell(shift, cashier, SaleLine(rice.pk, 2))
    give_back(shift, partly_returned, 1)
    first, again = (void_sale(sale_id=sale.pk, **common(shift, idempotency_key="v")) for _ in range(2))

    assert first == again
    for voided in (sale, partly_returned):
        with assert_refused(SaleAlreadyReturned, "sale_already_returned"):
            void_sale(sale_id=voided.pk, **common(shift))
    third = sell(shift, cashier, SaleLine(rice.pk, 1))
    end_shift(shift, cashier, HALF_A_MILLION | {50_000: 3, 20_000: 2})
    with assert_refused(SaleOfClosedShift, "sale_of_closed_shift"):
        void_sale(sale_id=third.pk, **common(shift))


def test_database_refuses_changed_and_deleted_returns(shift: Shift, sale: CounterSale) -> None:
    give_back(shift, sale, 1)

    for attempt in (
        lambda: CounterReturn.objects.update(cash_returned=1),
        lambda: CounterReturn.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()

    assert CounterReturn.objects.get().cash_returned == 45_000


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    price=st.integers(min_value=1, max_value=99_999),
    bought=st.integers(min_value=1, max_value=6),
    pieces=st.lists(st.integers(min_value=1, max_value=4), max_size=4),
)
def test_cash_of_a_shift_is_what_was_sold_less_what_came_back(
    price: int, bought: int, pieces: list[int]
) -> None:
    shift, _cashier = make_open_shift(0, cooperative=(seller := make_seller()))
    assert shift.cashier is not None
    rice = make_variant(seller, price=price, on_hand=10)
    sale = sell(shift, shift.cashier, SaleLine(rice.pk, bought))
    kept = bought

    for quantity in pieces:
        if quantity > kept:
            with pytest.raises(ReturnExceedsDelivered):
                give_back(shift, sale, quantity)
        else:
            give_back(shift, sale, quantity)
            kept -= quantity

    assert read_expected_cash(shift) == price * kept
    assert Stock.objects.get(variant=rice).on_hand == 10 - kept
