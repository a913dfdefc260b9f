"""The sales report's figures: exact values, and sums that equal the orders' in every grouping."""

from __future__ import annotations

import datetime
import random
from collections import defaultdict

import pytest

from catalog.actions.taxonomy.category_tree import merge_category
from catalog.models import Category, Product
from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.ledger.seller_earnings import read_expected_commissions
from orders.actions.order_records.recalculate_order import recalculate_columns
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import CostBearer, Order, OrderLine, OrderPart, OrderSource
from orders.states import ACTIVE_PART_STATES
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.reports.group_names import load_group_names
from shop.reports.periods import ReportInterval, period_label, periods, start_of_period
from shop.reports.sales import (
    DELIVERY_ROW_KEY,
    SalesBasis,
    SalesGroup,
    SalesPrice,
    SalesQuery,
    sum_all,
    sum_by_group,
    sum_by_period,
    sum_by_period_and_group,
)
from shop.reports.sales_figures import SalesFigures, sum_figures
from tests.factories import (
    HANOI,
    NOW,
    THAI_NGUYEN,
    make_category,
    make_channel,
    make_order,
    make_product,
    make_seller,
    make_variant,
    set_wholesale_prices,
)
from tests.orders.refunds.refund_helpers import refund_first_line

pytestmark = pytest.mark.django_db

ADMIN = Actor.system("test")
TUESDAY = datetime.date(2026, 11, 24)


def sales_query(**fields: object) -> SalesQuery:
    """Return a query for November 2026 by day and cooperative, unless overridden."""
    channel = make_channel()
    defaults: dict[str, object] = {
        "first": datetime.date(2026, 11, 1),
        "last": datetime.date(2026, 11, 30),
        "interval": ReportInterval.DAY,
        "group": SalesGroup.COOPERATIVE,
        "channel_ids": (channel.pk,),
        "currency": "VND",
    }
    return SalesQuery(**(defaults | fields))  # type: ignore[arg-type]


def test_order_of_two_cooperatives_is_split_by_cooperative_and_counted_once_by_day() -> None:
    thien_an = make_seller("HTX Thiên An", commission=5)
    tai_hoan = make_seller("HTX Tài Hoan", commission=10)
    pillow, noodles = make_variant(thien_an, price=320_000), make_variant(tai_hoan, price=45_000)
    make_order((pillow, 1), (noodles, 2))
    make_order((pillow, 1))

    groups, days = sum_by_group(sales_query()), sum_by_period(sales_query())

    assert groups == {
        thien_an.pk: SalesFigures(orders=2, parts=2, goods=640_000, delivery=60_000, commission=32_000),
        tai_hoan.pk: SalesFigures(orders=1, parts=1, goods=90_000, delivery=30_000, commission=9_000),
    }
    assert days == {
        TUESDAY: SalesFigures(orders=2, parts=3, goods=730_000, delivery=90_000, commission=41_000)
    }
    assert days[TUESDAY].average == 410_000


@pytest.mark.parametrize(
    ("instant", "day", "monday"),
    [
        ("2026-11-22T16:59:59+00:00", "2026-11-22", "2026-11-16"),
        ("2026-11-22T17:00:00+00:00", "2026-11-23", "2026-11-23"),
        ("2026-11-30T16:59:59+00:00", "2026-11-30", "2026-11-30"),
    ],
)
def test_days_and_weeks_begin_at_midnight_in_vietnam(instant: str, day: str, monday: str) -> None:
    make_order(now=datetime.datetime.fromisoformat(instant))

    by_day, by_week, by_month = (
        list(sum_by_period(sales_query(interval=interval))) for interval in ReportInterval
    )

    assert by_day == [datetime.date.fromisoformat(day)]
    assert by_week == [datetime.date.fromisoformat(monday)]
    assert by_month == [datetime.date(2026, 11, 1)]


def test_order_after_midnight_on_the_first_belongs_to_the_new_month() -> None:
    make_order(now=datetime.datetime(2026, 11, 30, 17, 0, tzinfo=datetime.UTC))

    assert sum_by_period(sales_query()) == {}
    assert list(sum_by_period(sales_query(last=datetime.date(2026, 12, 1)))) == [datetime.date(2026, 12, 1)]


def test_cancelled_parts_count_only_on_request() -> None:
    pillow, noodles = make_variant(make_seller(), price=320_000), make_variant(make_seller(), price=45_000)
    order = make_order((pillow, 1), (noodles, 1))
    cancel_part(part_id=order.parts.get(number=1).pk, reason="Hết hàng", actor=ADMIN, now=NOW)

    assert sum_all(sales_query()) == SalesFigures(orders=1, parts=1, goods=45_000, delivery=30_000)
    assert sum_all(sales_query(basis=SalesBasis.EVERYTHING)) == SalesFigures(
        orders=1, parts=2, goods=365_000, delivery=60_000
    )


def test_commission_is_what_the_ledger_charges_for_the_items_that_are_sent() -> None:
    seller = make_seller(commission=5)
    short_variant, refunded = (
        make_variant(seller, price=40_010),
        make_variant(make_seller(commission=7), price=90_000),
    )
    order = make_order((short_variant, 3), (refunded, 1))
    part, other_part = order.parts.order_by("number")
    accept_part(part_id=part.pk, actor=ADMIN, now=NOW)
    ordered = sum_all(sales_query()).commission
    report_shortage(part_id=part.pk, available={part.lines.get().pk: 1}, actor=ADMIN, now=NOW)
    refund_first_line(part, 1_000)
    refund_first_line(other_part, 30_000, bearer=CostBearer.PLATFORM)

    groups = {group: sum_by_group(sales_query(group=group)) for group in SalesGroup}

    # 5 % of 120,030 less two of three and 1,000; the platform's own refund leaves its commission as it was.
    assert (ordered, sum_all(sales_query()).commission) == (6_002 + 6_300, 1_950 + 6_300)
    assert groups[SalesGroup.COOPERATIVE][seller.pk].commission == 1_950
    assert groups[SalesGroup.PRODUCT][short_variant.product_id].commission == 1_950
    assert {sum_figures(rows.values()).commission for rows in groups.values()} == {8_250}
    assert sum_by_period(sales_query())[TUESDAY].commission == 8_250
    assert read_expected_commissions([part.pk, other_part.pk]) == {part.pk: 1_950, other_part.pk: 6_300}


def test_cancelled_part_is_charged_no_commission() -> None:
    seller = make_seller(commission=5)
    order = make_order((make_variant(seller, price=320_000), 1), (make_variant(price=45_000), 1))
    part = order.parts.get(cooperative=seller)
    cancel_part(part_id=part.pk, reason="Hết hàng", actor=ADMIN, now=NOW)

    everything = sum_all(sales_query(basis=SalesBasis.EVERYTHING))

    assert (everything.goods, everything.commission) == (365_000, 0)
    assert read_expected_commissions([part.pk]) == {}


def test_delivery_has_its_own_row_among_products_and_categories() -> None:
    fresh_category = make_category("Rau")
    squash = make_product(name="Bí xanh", price=15_000, category=fresh_category)
    make_order((squash.variants.get(), 2))

    by_product, by_category = (
        sum_by_group(sales_query(group=SalesGroup.PRODUCT)),
        sum_by_group(sales_query(group=SalesGroup.CATEGORY)),
    )

    goods = SalesFigures(orders=1, parts=1, goods=30_000)
    assert by_product == {squash.pk: goods, DELIVERY_ROW_KEY: SalesFigures(delivery=30_000)}
    assert by_category == {fresh_category.pk: goods, DELIVERY_ROW_KEY: SalesFigures(delivery=30_000)}
    assert load_group_names(SalesGroup.PRODUCT, by_product) == {
        squash.pk: "Bí xanh",
        DELIVERY_ROW_KEY: "Phí giao hàng",
    }


def test_merged_category_counts_as_the_one_it_went_into() -> None:
    fresh_category, greens = make_category("Rau"), make_category("Rau xanh")
    leaves = make_category("Rau cải")
    squash = make_product(name="Bí xanh", price=15_000, category=fresh_category)
    cabbage = make_product(name="Bắp cải", price=20_000, category=leaves)
    make_order((squash.variants.get(), 2), (cabbage.variants.get(), 1))
    before = sum_by_group(sales_query(group=SalesGroup.CATEGORY))

    merge_category(category_id=leaves.pk, into_id=greens.pk, actor=Actor.system(), now=NOW)
    merge_category(category_id=greens.pk, into_id=fresh_category.pk, actor=Actor.system(), now=NOW)

    by_category = sum_by_group(sales_query(group=SalesGroup.CATEGORY))
    assert set(by_category) == {fresh_category.pk, DELIVERY_ROW_KEY}
    assert by_category[fresh_category.pk].goods == before[fresh_category.pk].goods + before[leaves.pk].goods
    assert by_category[fresh_category.pk].orders == 1
    assert load_group_names(SalesGroup.CATEGORY, by_category)[fresh_category.pk] == "Rau"
    assert (
        sum_all(sales_query(category=Category.objects.get(pk=fresh_category.pk))).goods
        == by_category[fresh_category.pk].goods
    )


def test_category_filter_includes_subcategories_and_no_delivery() -> None:
    roots = make_category("Lương thực")
    inside = make_category("Gạo", parent=roots)
    rice = make_variant(name="Gạo nếp", price=40_000, category=inside)
    pillow = make_variant(rice.cooperative, price=320_000)
    make_order((rice, 3), (pillow, 1))

    figures = sum_all(sales_query(category=Category.objects.get(pk=roots.pk)))

    assert figures == SalesFigures(orders=1, parts=1, goods=120_000)


def test_figures_are_filtered_by_cooperative_province_channel_and_source() -> None:
    variant = make_variant(price=100_000, on_hand=20)
    make_order((variant, 1), province_code=HANOI)
    by_phone = make_order((variant, 2), province_code=THAI_NGUYEN)
    Order.objects.filter(pk=by_phone.pk).update(source=OrderSource.PHONE)
    recalculate_columns(Order.objects.get(pk=by_phone.pk))
    other_channel = make_channel(slug="khac", name="Khác")

    assert sum_all(sales_query(province=THAI_NGUYEN)).goods == 200_000
    assert sum_all(sales_query(source=OrderSource.PHONE)).goods == 200_000
    assert sum_all(sales_query(cooperative_id=variant.cooperative_id)).goods == 300_000
    assert sum_all(sales_query(cooperative_id=make_seller().pk)) == SalesFigures()
    assert sum_all(sales_query(channel_ids=(other_channel.pk,))) == SalesFigures()
    assert sum_by_group(sales_query(group=SalesGroup.SOURCE)).keys() == {"web", "phone"}
    assert sum_by_group(sales_query(group=SalesGroup.PROVINCE)).keys() == {HANOI, THAI_NGUYEN}


def test_deleted_products_keep_the_name_they_were_sold_under() -> None:
    variant = make_variant(name="Hồng không hạt")
    make_order((variant, 1))
    key = variant.product_id
    OrderLine.objects.update(variant=None)
    names = load_group_names(SalesGroup.PRODUCT, [key + 1000])
    Product.objects.filter(pk=key).update(name="Hồng sấy")

    assert names == {key + 1000: "Không còn biết"}
    assert load_group_names(SalesGroup.PRODUCT, [key]) == {key: "Hồng sấy"}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("with_ended", [False, True])
def test_figures_equal_the_orders_in_every_grouping(seed: int, with_ended: bool) -> None:
    _random_history(seed)
    basis = SalesBasis.EVERYTHING if with_ended else SalesBasis.NET
    parts = OrderPart.objects.all() if with_ended else OrderPart.objects.filter(state__in=ACTIVE_PART_STATES)
    rows = list(parts.select_related("order"))
    goods_total, delivery_total = (
        sum(row.goods_gross for row in rows),
        sum(row.delivery_gross for row in rows),
    )
    orders = {row.order_id for row in rows}
    due_total = sum(
        order.total_gross if with_ended else order.current_total_gross for order in Order.objects.all()
    )

    for interval in ReportInterval:
        expected: dict[datetime.date, int] = defaultdict(int)
        for row in rows:
            expected[start_of_period(vietnam_date(row.order.required_placed_at), interval)] += row.total_gross
        query = sales_query(first=datetime.date(2026, 9, 1), interval=interval, basis=basis)
        figures_by_period = sum_by_period(query)
        assert {day: row.total for day, row in figures_by_period.items()} == expected
        total = sum_figures(figures_by_period.values())
        assert (total.total, total.goods, total.delivery) == (due_total, goods_total, delivery_total)
        assert (total.orders, total.parts) == (len(orders), len(rows))
        assert total == sum_all(query)
        for group in SalesGroup:
            grouped = sales_query(first=query.first, interval=interval, group=group, basis=basis)
            by_key, cross = sum_by_group(grouped), sum_by_period_and_group(grouped)
            for figures in (by_key, cross):
                added = sum_figures(figures.values())
                assert (added.goods, added.delivery, added.commission) == (
                    goods_total,
                    delivery_total,
                    total.commission,
                )
            for key, figures in by_key.items():
                assert figures == sum_figures(
                    row for (_day, other_key), row in cross.items() if other_key == key
                )


def test_periods_fill_the_time_without_gaps() -> None:
    first, last = datetime.date(2026, 11, 25), datetime.date(2027, 1, 2)

    weeks, months = (
        list(periods(first, last, ReportInterval.WEEK)),
        list(periods(first, last, ReportInterval.MONTH)),
    )

    assert weeks == [datetime.date(2026, 11, 23) + datetime.timedelta(weeks=n) for n in range(6)]
    assert months == [datetime.date(2026, 11, 1), datetime.date(2026, 12, 1), datetime.date(2027, 1, 1)]
    assert period_label(weeks[0], ReportInterval.WEEK) == "23/11–29/11/2026"
    assert period_label(months[2], ReportInterval.MONTH) == "01/2027"


def _random_history(seed: int) -> None:
    """Make random orders of three cooperatives over three months, some cancelled."""
    chance = random.Random(seed)
    category = make_category()
    variants = []
    for name, rate in (("Thiên An", 5), ("Tài Hoan", 7), ("Yến Dương", 0)):
        seller = make_seller(name, commission=rate)
        for n in range(2):
            price = chance.randrange(1_000, 400_000)
            line_category = category if n else None
            variants.append(make_variant(seller, price=price, on_hand=1_000, category=line_category))
    for _n in range(8):
        requested = [
            (variant, chance.randrange(1, 9)) for variant in chance.sample(variants, chance.randrange(1, 5))
        ]
        now = NOW - datetime.timedelta(minutes=chance.randrange(60 * 24 * 70))
        order = make_order(*requested, now=now, province_code=chance.choice([HANOI, THAI_NGUYEN]))
        if chance.random() < 0.3:
            part = chance.choice(list(order.parts.order_by("number")))
            cancel_part(part_id=part.pk, reason="Hết hàng", actor=ADMIN, now=now)
        elif chance.random() < 0.15:
            cancel_order(order_id=order.pk, reason="Khách đổi ý", actor=ADMIN, now=now)


def test_wholesale_and_retail_lines_add_up_to_all_goods() -> None:
    seller = make_seller()
    ginger = make_variant(seller, name="Gừng tươi", price=15_000, unit="kg", on_hand=100)
    noodles = make_variant(seller, name="Miến dong", price=45_000)
    set_wholesale_prices(ginger, {10: 13_000})
    make_order((ginger, 12), (noodles, 2))
    retail_order = make_order((ginger, 9))
    part = make_order((ginger, 10)).parts.get()
    accept_part(part_id=part.pk, actor=ADMIN, now=NOW)
    report_shortage(part_id=part.pk, available={part.lines.get().pk: 9}, actor=ADMIN, now=NOW)
    cancel_order(order_id=make_order((ginger, 20)).pk, reason="Đổi ý", actor=ADMIN, now=NOW)

    wholesale = sum_all(sales_query(price=SalesPrice.WHOLESALE))
    retail = sum_all(sales_query(price=SalesPrice.RETAIL))

    assert (wholesale.goods, wholesale.delivery, wholesale.refunded) == (22 * 13_000, 0, 13_000)
    assert (retail.goods, retail.delivery, retail.refunded) == (2 * 45_000 + 9 * 15_000, 0, 0)
    assert (wholesale.orders, retail.orders, retail_order.lines.get().wholesale_from) == (2, 2, None)
    everything = sum_all(sales_query())
    assert wholesale.goods + retail.goods == everything.goods
    assert wholesale.total + retail.total + everything.delivery == everything.total
    for group in SalesGroup:
        for price, expected in ((SalesPrice.WHOLESALE, wholesale), (SalesPrice.RETAIL, retail)):
            figures = sum_by_group(sales_query(price=price, group=group))
            assert DELIVERY_ROW_KEY not in figures
            assert sum_figures(figures.values()).total == expected.total
