"""Stock counts, receipts and losses, reachability by channel and zone, and allocation."""

from __future__ import annotations

import pytest

from catalog.actions.stock.receipts_and_losses import receive_stock, write_off_stock
from catalog.actions.stock.stock_movements import (
    InvalidStockCount,
    SoldOut,
    StockCount,
    choose_stock,
    count_stock,
    record_stock_counts,
    save_reserved_and_allocated,
)
from catalog.models import Listing, Movement, Stock
from cooperatives.models import WarehouseChannel, ZoneCountry
from orders.actions.fulfilment.cancel_parts import cancel_part
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import AllocationStrategy
from tests.factories import (
    NOW,
    get_stock,
    make_channel,
    make_order,
    make_product,
    make_seller,
    make_variant,
    make_warehouse,
    unknown_uuid,
)
from tests.invariants import check_availability, check_stock
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")


def stock_arguments(variant, **overrides):
    """Return arguments of stock actions for the variant's first warehouse."""
    warehouse = {"warehouse_id": variant.stocks.order_by("pk").first().warehouse_id}
    common = {"cooperative": variant.cooperative, "actor": MEMBER, "now": NOW}
    return {"variant_id": variant.pk} | warehouse | common | overrides


def is_available(variant):
    return Listing.objects.get(product=variant.product_id).is_available


def test_count_records_difference_as_movement() -> None:
    variant = make_variant(on_hand=10)

    row = count_stock(**stock_arguments(variant), counted_quantity=7, note="dập 3 quả")

    movement = Movement.objects.order_by("-pk").first()
    assert (movement.quantity, movement.reason, movement.note) == (-3, "count", "dập 3 quả")
    row.refresh_from_db()
    assert (row.on_hand, row.counted_at) == (7, NOW)
    check_stock()


def test_count_below_allocated_is_recorded_as_shortage() -> None:
    variant = make_variant(on_hand=5)
    make_order((variant, 4))

    count_stock(**stock_arguments(variant), counted_quantity=1)

    stock = get_stock(variant)
    assert (stock.on_hand, stock.allocated, stock.free) == (1, 4, -3)
    assert not is_available(variant)


def test_availability_is_recalculated_only_when_stock_runs_out_or_returns(django_assert_num_queries) -> None:
    variant = make_variant(on_hand=5)
    row = get_stock(variant)

    for allocated, available in [(4, True), (5, False), (7, False), (4, True), (5, False)]:
        changes = available != is_available(variant)
        row.allocated = allocated
        if changes:
            save_reserved_and_allocated([row])
        else:
            with django_assert_num_queries(1):
                save_reserved_and_allocated([row])
        assert is_available(variant) == available, allocated
    assert get_stock(variant).free == 0


@pytest.mark.parametrize("counted", [-1, 1_000_001, 10**12])
def test_count_out_of_range_is_refused(counted) -> None:
    variant = make_variant()

    with assert_refused(InvalidStockCount, "invalid_stock_count") as refusal:
        count_stock(**stock_arguments(variant), counted_quantity=counted)

    assert refusal.value.field == "counted"


@pytest.mark.parametrize("action", [receive_stock, write_off_stock])
@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_receipt_or_loss_of_zero_or_out_of_range_is_refused(action, quantity) -> None:
    variant = make_variant()

    with assert_refused(InvalidStockCount, "invalid_stock_count"):
        action(**stock_arguments(variant), quantity=quantity)


def test_loss_may_take_stock_below_zero() -> None:
    variant = make_variant(on_hand=2)

    write_off_stock(**stock_arguments(variant), quantity=3)

    assert get_stock(variant).on_hand == -1
    check_stock()


def test_variants_and_warehouses_of_another_cooperative_are_missing() -> None:
    own_variant, other = make_variant(), make_variant(make_seller("HTX Tài Hoan"))
    foreign_warehouse = get_stock(other).warehouse_id

    for arguments in (
        stock_arguments(own_variant, variant_id=other.pk),
        stock_arguments(own_variant, warehouse_id=foreign_warehouse),
        stock_arguments(own_variant, warehouse_id=unknown_uuid()),
        stock_arguments(own_variant, cooperative=other.cooperative),
        stock_arguments(own_variant, variant_id=other.pk + 1000),
    ):
        with assert_refused(Missing, "missing"):
            count_stock(**arguments, counted_quantity=3)
        with assert_refused(Missing, "missing"):
            receive_stock(**arguments, quantity=3)


def test_repeated_count_changes_nothing_after_later_movements() -> None:
    variant = make_variant(on_hand=10)

    count_stock(**stock_arguments(variant), counted_quantity=10, idempotency_key="phone-1")
    write_off_stock(**stock_arguments(variant), quantity=4)
    count_stock(**stock_arguments(variant), counted_quantity=10, idempotency_key="phone-1")

    assert get_stock(variant).on_hand == 6
    assert Movement.objects.filter(idempotency_key="phone-1").count() == 1


def test_repeated_receipt_is_recorded_once() -> None:
    variant = make_variant(on_hand=10)

    for _attempt in range(2):
        receive_stock(**stock_arguments(variant), quantity=5, idempotency_key="phone-2")

    assert get_stock(variant).on_hand == 15


def test_one_invalid_count_refuses_the_whole_batch() -> None:
    seller = make_seller()
    first, second = make_variant(seller), make_variant(seller)
    warehouse = get_stock(first).warehouse_id
    common = {"cooperative": seller, "actor": MEMBER, "now": NOW}

    with assert_refused(InvalidStockCount, "invalid_stock_count"):
        record_stock_counts(
            counts=[StockCount(first.pk, warehouse, 3), StockCount(second.pk, warehouse, -1)], **common
        )
    record_stock_counts(
        counts=[StockCount(second.pk, warehouse, 4), StockCount(first.pk, warehouse, 3)], **common
    )

    assert [get_stock(variant).on_hand for variant in (first, second)] == [3, 4]


def test_product_is_available_while_any_variant_is() -> None:
    product = make_product(on_hand=1, variants=(("nhỏ", 0), ("to", 10_000)))
    small, large = product.variants.in_order()
    availabilities = []

    for variant, counted in [(small, 0), (large, 0), (small, 2)]:
        count_stock(**stock_arguments(variant), counted_quantity=counted)
        availabilities.append(is_available(variant))

    assert availabilities == [True, False, True]


def test_availability_ends_with_last_item_ordered_and_returns_on_cancellation() -> None:
    variant = make_variant(on_hand=2)
    part = make_order((variant, 2)).parts.get()
    sold_out = not is_available(variant)

    cancel_part(part_id=part.pk, reason="khách gọi", actor=MEMBER, now=NOW)

    assert sold_out
    assert is_available(variant)
    check_availability()


def reachable_stocks(variant, *, country="VN", pickup_warehouse_ids=None):
    rows = Stock.objects.filter(variant=variant).reachable(
        channel_id=make_channel().pk, country=country, pickup_warehouse_ids=pickup_warehouse_ids
    )
    return list(rows.order_by("pk"))


def test_stock_is_reachable_through_channel_and_zone_of_its_warehouse() -> None:
    variant = make_variant()
    stock = get_stock(variant)
    zone = stock.warehouse.zones.get()
    reachable = [reachable_stocks(variant), reachable_stocks(variant, country="LA")]

    zone.is_default = True
    zone.save()
    reachable.append(reachable_stocks(variant, country="LA"))
    WarehouseChannel.objects.filter(warehouse=stock.warehouse).delete()
    reachable.append(reachable_stocks(variant))

    assert reachable == [[stock], [], [stock], []]


def test_default_zone_excludes_countries_of_other_zones() -> None:
    variant = make_variant()
    stock = get_stock(variant)
    default_zone = make_channel().zones.create(name="Nơi khác", is_default=True)
    stock.warehouse.zones.set([default_zone])

    assert [reachable_stocks(variant, country=country) for country in ("VN", "LA")] == [[], [stock]]


def test_product_without_zone_for_channel_country_is_unavailable_in_lists() -> None:
    variant = make_variant(on_hand=5)
    get_stock(variant).warehouse.zones.clear()

    count_stock(**stock_arguments(variant), counted_quantity=6)

    assert reachable_stocks(variant) == []
    assert not is_available(variant)
    check_availability()


def test_stock_in_several_zones_is_counted_once() -> None:
    variant = make_variant()
    stock = get_stock(variant)
    second = make_channel().zones.create(name="Miền Bắc")
    ZoneCountry.objects.create(zone=second, country="VN")
    stock.warehouse.zones.add(second)

    assert reachable_stocks(variant) == [stock]


def test_pickup_uses_only_the_pickup_warehouse_and_ignores_zones() -> None:
    seller = make_seller()
    own_variant, other = make_variant(seller), make_variant(make_seller("HTX Tài Hoan"))
    market = make_warehouse(seller, make_channel())
    market.zones.clear()
    at_market = Stock.objects.create(variant=own_variant, warehouse=market)
    pickup_warehouse_ids = {seller.pk: market.pk}

    assert reachable_stocks(own_variant, pickup_warehouse_ids=pickup_warehouse_ids) == [at_market]
    assert reachable_stocks(other, pickup_warehouse_ids=pickup_warehouse_ids) == [get_stock(other)]


def test_sold_out_error_lists_every_short_variant_with_free_quantity() -> None:
    plenty, short_variant, none = (make_variant(on_hand=count) for count in (9, 2, 0))
    rows = list(Stock.objects.order_by("pk"))

    with assert_refused(SoldOut, "sold_out") as refusal:
        choose_stock({plenty.pk: 3, short_variant.pk: 3, none.pk: 1}, rows)

    assert refusal.value.details == {"free": {short_variant.pk: 2, none.pk: 0}}


def test_allocation_strategy_chooses_warehouse_order_or_highest_stock() -> None:
    seller = make_seller()
    variant = make_variant(seller, on_hand=2)
    full = make_warehouse(seller, make_channel())
    count_stock(**stock_arguments(variant, warehouse_id=full.pk), counted_quantity=9)
    small_row, full_row = Stock.objects.filter(variant=variant).order_by("on_hand")
    rows = [full_row, small_row]

    def allocate(**options):
        return [(pick.stock_id, pick.quantity) for pick in choose_stock({variant.pk: 3}, rows, **options)]

    assert allocate(stock_ids_in_order=[small_row.pk, full_row.pk]) == [(small_row.pk, 2), (full_row.pk, 1)]
    assert allocate(stock_ids_in_order=[full_row.pk, small_row.pk]) == [(full_row.pk, 3)]
    assert allocate(strategy=AllocationStrategy.PRIORITIZE_HIGH_STOCK) == [(full_row.pk, 3)]


def test_warehouse_with_negative_stock_does_not_reduce_others() -> None:
    seller = make_seller()
    variant = make_variant(seller, on_hand=4)
    second = make_warehouse(seller, make_channel())
    write_off_stock(**stock_arguments(variant, warehouse_id=second.pk), quantity=3)
    rows = list(Stock.objects.filter(variant=variant).order_by("pk"))

    picks = choose_stock({variant.pk: 4}, rows)

    assert [(pick.stock_id, pick.quantity) for pick in picks] == [(rows[0].pk, 4)]
