"""Sales at the counter: orders that are paid in cash and handed over as they are made."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.actions.stock.lots import LotDetails, receive_lot
from catalog.models import Listing, LotBalance, Movement, MovementReason, Stock, Variant
from catalog.states import ListingState
from cooperatives.models import Cooperative, Role
from orders.actions.basket.basket_lines import InvalidQuantity, NotForSale
from orders.actions.counter.quote_sale import EmptySale, SaleLine, WeightMissing
from orders.actions.counter.record_sale import (
    USUAL_SALE,
    InvalidCashGiven,
    NotEnoughCash,
    SaleTotalChanged,
    UnusualSale,
)
from orders.actions.counter.sale_discounts import DISCOUNT_LIMITS, DiscountAboveLimit, SaleDiscount
from orders.actions.counter.shifts import ShiftClosed, read_expected_cash
from orders.actions.fulfilment.lot_picks import ExpiredLot
from orders.actions.fulfilment.weigh_lines import InvalidWeight, NotSoldByWeight
from orders.models import (
    CashDirection,
    CounterSale,
    LedgerAccount,
    LedgerEntry,
    Order,
    OrderSource,
    Parcel,
    ParcelLine,
    PaymentMethod,
    Shift,
)
from orders.states import CashHolder, CodState, OrderStatus, ParcelState, PartState, Progress
from shop.accounts.models import User
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, ReasonRequired
from shop.management.verification.money import find_wrong_outstanding_cash
from shop.notifications.models import Notification
from tests.factories import make_seller, make_variant, make_variant_sold_by_weight
from tests.orders.counter.till_helpers import (
    HALF_A_MILLION,
    LATER,
    acting,
    begin_shift,
    end_shift,
    make_open_shift,
    make_till,
    move_cash,
    sell,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller() -> Cooperative:
    return make_seller(commission=10)


@pytest.fixture
def shift(seller: Cooperative) -> Shift:
    return make_open_shift(cooperative=seller)[0]


@pytest.fixture
def cashier(shift: Shift) -> User:
    assert shift.cashier is not None
    return shift.cashier


@pytest.fixture
def rice(seller: Cooperative) -> Variant:
    return make_variant(seller, name="Gạo nếp", price=45_000, on_hand=10)


def test_sale_is_a_paid_and_delivered_order(shift: Shift, cashier: User, rice: Variant) -> None:
    sale = sell(shift, cashier, SaleLine(rice.pk, 2), cash_given=100_000)

    order = Order.objects.get()
    assert (sale.order, sale.number, sale.total) == (order, 1, 90_000)
    assert (sale.cash_given, sale.change_given, sale.sold_by, sale.sold_at) == (
        100_000,
        10_000,
        cashier,
        LATER,
    )
    assert (order.source, order.status, order.placed_at) == (
        OrderSource.COUNTER,
        OrderStatus.DELIVERED,
        LATER,
    )
    assert (order.total_gross, order.charged, order.amount_due) == (90_000, 90_000, 0)
    part, parcel = order.parts.get(), Parcel.objects.get()
    assert (part.state, part.progress) == (PartState.ACCEPTED, Progress.DELIVERED)
    assert (parcel.state, parcel.cod_state, parcel.cod_holder, parcel.cod_collected) == (
        ParcelState.DELIVERED,
        CodState.COLLECTED,
        CashHolder.COOPERATIVE,
        90_000,
    )
    assert order.payments.get().method == PaymentMethod.COD


def test_sale_takes_goods_from_stock(shift: Shift, cashier: User, rice: Variant) -> None:
    sell(shift, cashier, SaleLine(rice.pk, 2), SaleLine(rice.pk, 1))

    stock = Stock.objects.get(variant=rice)
    assert (stock.on_hand, stock.allocated) == (7, 0)
    movements = Movement.objects.filter(reason=MovementReason.DISPATCH).values_list("quantity", flat=True)
    assert sorted(movements) == [-2, -1]


def test_market_takes_no_commission_and_the_cash_is_the_cooperatives(
    shift: Shift, cashier: User, rice: Variant, seller: Cooperative
) -> None:
    sell(shift, cashier, SaleLine(rice.pk, 2))

    balance = LedgerEntry.objects.of_cooperative(seller, "VND")
    assert (balance.owed, balance.cash_held) == (90_000, 90_000)
    accounts = set(LedgerEntry.objects.values_list("account", flat=True))
    assert accounts == {
        LedgerAccount.BUYER,
        LedgerAccount.COOPERATIVE_CASH,
        LedgerAccount.COOPERATIVE_PAYABLE,
    }
    assert list(find_wrong_outstanding_cash()) == []
    assert not Parcel.objects.with_unremitted_cash().exists()


def test_sale_notifies_nobody(shift: Shift, cashier: User, rice: Variant) -> None:
    sell(shift, cashier, SaleLine(rice.pk, 1))

    assert not Notification.objects.exists()


def test_lots_are_sold_first_expired_first_out(
    shift: Shift, cashier: User, seller: Cooperative, rice: Variant
) -> None:
    Stock.objects.filter(variant=rice).update(on_hand=0, free=0)
    late, early = (make_lot(seller, rice, days) for days in (30, 5))

    sell(shift, cashier, SaleLine(rice.pk, 6))

    taken = ParcelLine.objects.order_by("pk").values_list("lot", "quantity")
    assert dict(taken) == {early.pk: 4, late.pk: 2}
    assert dict(LotBalance.objects.values_list("lot", "on_hand")) == {early.pk: 0, late.pk: 2}


def test_expired_lot_is_sold_only_with_a_reason(
    shift: Shift, cashier: User, seller: Cooperative, rice: Variant
) -> None:
    Stock.objects.filter(variant=rice).update(on_hand=0, free=0)
    make_lot(seller, rice, -1)

    with assert_refused(ExpiredLot, "expired_lot"):
        sell(shift, cashier, SaleLine(rice.pk, 1))
    sell(shift, cashier, SaleLine(rice.pk, 1), expired_lot_reason="Khách biết, lấy cho gà ăn")

    assert CounterSale.objects.count() == 1


def test_more_than_the_records_hold_is_sold_and_shown_as_a_shortage(
    shift: Shift, cashier: User, rice: Variant
) -> None:
    sell(shift, cashier, SaleLine(rice.pk, 13))

    stock = Stock.objects.get(variant=rice)
    assert (stock.on_hand, stock.allocated, stock.free_from_columns) == (-3, 0, -3)


def test_product_that_was_never_in_stock_is_sold(shift: Shift, cashier: User, seller: Cooperative) -> None:
    honey = make_variant(seller, name="Mật ong", price=150_000, on_hand=0)
    Stock.objects.filter(variant=honey).delete()

    sell(shift, cashier, SaleLine(honey.pk, 2))

    assert Stock.objects.get(variant=honey).on_hand == -2


def test_product_that_the_web_does_not_show_is_sold(shift: Shift, cashier: User, rice: Variant) -> None:
    Listing.objects.filter(product=rice.product).update(state=ListingState.PAUSED)

    assert sell(shift, cashier, SaleLine(rice.pk, 1)).total == 45_000


def test_goods_sold_by_weight_cost_what_the_scale_says(
    shift: Shift, cashier: User, seller: Cooperative
) -> None:
    gourd = make_variant_sold_by_weight(seller)

    light = sell(shift, cashier, SaleLine(gourd.pk, 1, grams=2_000))
    heavy = sell(shift, cashier, SaleLine(gourd.pk, 1, grams=4_000))

    assert (light.total, heavy.total) == (30_000, 60_000)  # 15,000 a kilogram, also above the bound
    assert sorted(Movement.objects.filter(grams__isnull=False).values_list("grams", flat=True)) == [
        -4_000,
        -2_000,
    ]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ({"quantity": 0}, InvalidQuantity),
        ({"quantity": 10_001}, InvalidQuantity),
        ({"quantity": 1, "grams": 500}, NotSoldByWeight),
        ({"quantity": 1, "grams": 0}, InvalidWeight),
    ],
)
def test_impossible_line_is_refused(
    shift: Shift, cashier: User, rice: Variant, line: dict[str, int], error: type[Exception]
) -> None:
    with pytest.raises(error):
        sell(shift, cashier, SaleLine(rice.pk, **line))

    assert not Order.objects.exists()


def test_sale_without_lines_weight_or_price_is_refused(
    shift: Shift, cashier: User, seller: Cooperative, rice: Variant
) -> None:
    gourd = make_variant_sold_by_weight(seller)
    rice.prices.update(amount=None)

    for lines, error in [
        ((), EmptySale),
        ((SaleLine(gourd.pk, 1),), WeightMissing),
        ((SaleLine(rice.pk, 1),), NotForSale),
        ((SaleLine(make_variant(make_seller("HTX Yến Dương", slug="yen-duong")).pk, 1),), Missing),
    ]:
        with pytest.raises(error):
            sell(shift, cashier, *lines)

    assert not Order.objects.exists()


def test_too_little_cash_is_refused_with_what_is_missing(shift: Shift, cashier: User, rice: Variant) -> None:
    with assert_refused(NotEnoughCash, "not_enough_cash") as refusal:
        sell(shift, cashier, SaleLine(rice.pk, 2), cash_given=50_000)

    assert refusal.value.details["missing"] == 40_000
    with assert_refused(InvalidCashGiven, "invalid_cash_given"):
        sell(shift, cashier, SaleLine(rice.pk, 2), cash_given=10**12)


def test_total_that_the_customer_was_not_told_is_refused(shift: Shift, cashier: User, rice: Variant) -> None:
    with assert_refused(SaleTotalChanged, "sale_total_changed") as refusal:
        sell(shift, cashier, SaleLine(rice.pk, 1), agreed_total=40_000)

    assert refusal.value.details["total"] == 45_000


def test_unusual_total_is_questioned_once(shift: Shift, cashier: User, rice: Variant) -> None:
    line = SaleLine(rice.pk, USUAL_SALE // 45_000 + 1)

    with assert_refused(UnusualSale, "unusual_sale") as refusal:
        sell(shift, cashier, line, confirmation_token="")
    sale = sell(shift, cashier, line, confirmation_token=refusal.value.confirmation_token)

    assert sale.total > USUAL_SALE


@pytest.mark.parametrize("role", DISCOUNT_LIMITS)
def test_each_role_grants_a_discount_up_to_its_limit(
    shift: Shift, cashier: User, rice: Variant, role: Role
) -> None:
    limit = 90_000 * DISCOUNT_LIMITS[role] // 100
    line = SaleLine(rice.pk, 2)

    with assert_refused(DiscountAboveLimit, "discount_above_limit") as refusal:
        sell(shift, cashier, line, discount=SaleDiscount(limit + 1, "Quen"), role=role)
    sale = sell(shift, cashier, line, discount=SaleDiscount(limit, "Khách quen"), role=role)

    assert refusal.value.details["limit"] == limit
    assert sale.total == sale.order.total_gross == 90_000 - limit
    discount = sale.order.discounts.get()
    assert (discount.amount, discount.reason, discount.bearer) == (limit, "Khách quen", "cooperative")


def test_discount_needs_a_reason_and_a_role(shift: Shift, cashier: User, rice: Variant) -> None:
    for discount, role, error in [
        (SaleDiscount(1_000, " "), Role.CASHIER, ReasonRequired),
        (SaleDiscount(1_000, "Quen"), Role.PACKER, DiscountAboveLimit),
    ]:
        with pytest.raises(error):
            sell(shift, cashier, SaleLine(rice.pk, 1), discount=discount, role=role)

    assert not Order.objects.exists()


def test_repeated_sale_is_recorded_once(shift: Shift, cashier: User, rice: Variant) -> None:
    first, again = (sell(shift, cashier, SaleLine(rice.pk, 1), idempotency_key="a") for _ in range(2))

    assert first == again
    assert (Order.objects.count(), Stock.objects.get(variant=rice).on_hand) == (1, 9)


def test_closed_shift_and_another_cooperatives_shift_sell_nothing(
    shift: Shift, cashier: User, rice: Variant
) -> None:
    other_shift, _ = make_open_shift(cooperative=make_seller("HTX Yến Dương", slug="yen-duong"))
    end_shift(shift, cashier, HALF_A_MILLION)

    with assert_refused(ShiftClosed, "shift_closed"):
        sell(shift, cashier, SaleLine(rice.pk, 1))
    with assert_refused(Missing, "missing"):
        sell(other_shift, cashier, SaleLine(rice.pk, 1))


def test_receipts_count_each_till_over_its_shifts(seller: Cooperative, rice: Variant) -> None:
    till, cashier = make_till("Cửa hàng", cooperative=seller)
    other_till, other_cashier = make_till("Quầy chợ", cooperative=seller)
    first_shift, other_shift = begin_shift(till, cashier, 0), begin_shift(other_till, other_cashier, 0)
    sell(first_shift, cashier, SaleLine(rice.pk, 1))
    sell(other_shift, other_cashier, SaleLine(rice.pk, 1))
    end_shift(first_shift, cashier, {20_000: 2, 5_000: 1})

    later = sell(begin_shift(till, cashier, 0, now=LATER), cashier, SaleLine(rice.pk, 1))

    assert (later.number, later.receipt_code) == (2, "1-0002")
    assert list(CounterSale.objects.filter(till=other_till).values_list("number", flat=True)) == [1]


def test_database_refuses_a_gap_and_a_changed_or_deleted_sale(
    shift: Shift, cashier: User, rice: Variant
) -> None:
    sale = sell(shift, cashier, SaleLine(rice.pk, 1))
    second = sell(shift, cashier, SaleLine(rice.pk, 1))
    values = {"till": shift.till, "shift": shift, "total": 0, "cash_given": 0, "change_given": 0}

    for attempt in (
        lambda: CounterSale.objects.create(order=make_order(sale), number=4, sold_at=LATER, **values),
        lambda: CounterSale.objects.create(order=make_order(sale), number=2, sold_at=LATER, **values),
        lambda: CounterSale.objects.filter(pk=sale.pk).update(total=0, cash_given=0),
        lambda: CounterSale.objects.filter(pk=second.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()

    assert list(CounterSale.objects.order_by("number").values_list("number", "total")) == [
        (1, 45_000),
        (2, 45_000),
    ]


def test_sale_takes_a_bounded_number_of_queries(
    shift: Shift, cashier: User, seller: Cooperative, rice: Variant, django_assert_max_num_queries: Any
) -> None:
    further = [make_variant(seller, name=f"Măng {number}", price=20_000, on_hand=9) for number in range(4)]

    with django_assert_max_num_queries(260):
        sell(shift, cashier, *(SaleLine(variant.pk, 1) for variant in (rice, *further)))


_SALES = st.lists(
    st.tuples(
        st.integers(min_value=1, max_value=4),
        st.integers(min_value=0, max_value=200_000),
        st.sampled_from(["sell", "refused", "in", "out"]),
    ),
    max_size=8,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_SALES)
def test_shift_cash_is_opening_and_sales_less_change_and_movements(
    steps: list[tuple[int, int, str]],
) -> None:
    seller = make_seller()
    rice = make_variant(seller, price=45_000, on_hand=10)
    shift, cashier = make_open_shift(500_000, cooperative=seller)
    expected, receipts = 500_000, 0
    for quantity, amount, step in steps:
        line, price = SaleLine(rice.pk, quantity), 45_000 * quantity
        if step == "sell":
            sale = sell(shift, cashier, line, cash_given=price + amount)
            expected += sale.cash_given - sale.change_given
            receipts += 1
            assert (sale.total, sale.change_given) == (price, amount)
        elif step == "refused":
            with pytest.raises(NotEnoughCash):
                sell(shift, cashier, line, cash_given=price - 1)
        elif amount:
            move_cash(shift, cashier, amount, CashDirection(step))
            expected += amount if step == CashDirection.PAID_IN else -amount

    assert read_expected_cash(shift) == expected
    numbers = CounterSale.objects.filter(till=shift.till).order_by("number")
    assert list(numbers.values_list("number", flat=True)) == list(range(1, receipts + 1))


def make_lot(seller: Cooperative, variant: Variant, days: int) -> Any:
    """Make a lot of four that expires after these days."""
    return receive_lot(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=seller.warehouses.get().pk,
        quantity=4,
        details=LotDetails(expires_on=vietnam_date(LATER) + datetime.timedelta(days=days)),
        actor=acting(User.objects.order_by("pk")[0]),
        now=LATER,
    )


def make_order(like: CounterSale) -> Order:
    """Make a further order without lines."""
    order = Order.objects.get(pk=like.order_id)
    order.pk, order.number, order.code, order._state.adding = None, order.number + 100, "TXXXXXXX", True
    order.save()
    return order
