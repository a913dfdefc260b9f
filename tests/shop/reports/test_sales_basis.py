"""The figures of the sales report, checked against a plain sum over orders, on every interface."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.models import Order, PaymentMethod
from orders.states import ACTIVE_PART_STATES
from shop.core.actors import Actor
from shop.reports.sales import SalesBasis, SalesGroup, sum_all, sum_by_group, sum_by_period
from shop.reports.sales_figures import SalesFigures, sum_figures
from tests.factories import (
    NOW,
    make_admin,
    make_bank_account,
    make_order,
    make_seller,
    make_variant,
)
from tests.orders.refunds.refund_helpers import deliver_order, make_paid_order, refund_first_line
from tests.row_reuse import reuse_rows
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of
from tests.shop.reports.test_sales import sales_query

pytestmark = pytest.mark.django_db
SALES = "/quan-tri/bao-cao/ban-hang/"
NOVEMBER = {"tu": "01/11/2026", "den": "30/11/2026"}


@pytest.fixture
def varied_orders() -> None:
    make_varied_orders()


@reuse_rows
def make_varied_orders() -> None:
    """Make an unpaid transfer, a refunded order, cash due, cash collected, and a half cancelled order."""
    make_bank_account()
    make_order((make_variant(price=500_000), 1), method=PaymentMethod.TRANSFER)
    paid = make_paid_order()
    refund_first_line(paid.parts.get(), 20_000, delivery=5_000)
    make_order((make_variant(price=70_000), 1))
    collected = make_order((make_variant(price=80_000), 1))
    refund_first_line(deliver_order(collected), 8_000)
    halved = make_order(
        (make_variant(make_seller(), price=60_000), 1), (make_variant(make_seller(), price=150_000), 1)
    )
    part = halved.parts.order_by("number")[0]
    cancel_part(part_id=part.pk, reason="Hết hàng", actor=Actor.system("test"), now=NOW)


def plain_sums() -> dict[str, int]:
    """Return net sales and their paid share, added up order by order without the report's columns."""
    sums = {"total": 0, "paid": 0, "refunded": 0}
    for order in Order.objects.filter(confirmed_at__isnull=False):
        parts = [part for part in order.parts.all() if part.state in ACTIVE_PART_STATES]
        refunded = sum(refund.amount - refund.surplus for part in parts for refund in part.refunds.all())
        total = sum(part.total_gross for part in parts) - refunded
        sums["total"] += total
        sums["refunded"] += refunded
        sums["paid"] += total if order.charged >= total else 0
    return sums


@pytest.mark.usefixtures("varied_orders")
def test_net_sales_are_confirmed_orders_less_refunds_with_paid_and_unpaid_apart() -> None:
    figures = sum_all(sales_query())

    assert plain_sums() == {"total": 477_000, "paid": 197_000, "refunded": 33_000}
    assert (figures.total, figures.paid, figures.unpaid) == (477_000, 197_000, 280_000)
    assert (figures.orders, figures.refunded) == (4, 33_000)


@pytest.mark.usefixtures("varied_orders")
@pytest.mark.parametrize(
    ("basis", "orders", "total"),
    [
        (SalesBasis.NET, 4, 0),
        (SalesBasis.PAID, 2, 0),
        (SalesBasis.UNPAID, 2, 0),
        (SalesBasis.PLACED, 5, 530_000),
        (SalesBasis.EVERYTHING, 5, 620_000),
    ],
)
def test_basis_decides_which_orders_count(basis: SalesBasis, orders: int, total: int) -> None:
    net = plain_sums()
    expected = {SalesBasis.PAID: net["paid"], SalesBasis.UNPAID: net["total"] - net["paid"]}

    figures = sum_all(sales_query(basis=basis))

    assert (figures.orders, figures.total) == (orders, expected.get(basis, net["total"] + total))


@pytest.mark.usefixtures("varied_orders")
@pytest.mark.parametrize("group", SalesGroup)
@pytest.mark.parametrize("basis", SalesBasis)
def test_groups_add_up_to_the_total(group: SalesGroup, basis: SalesBasis) -> None:
    query = sales_query(group=group, basis=basis)

    grouped, overall = sum_figures(sum_by_group(query).values()), sum_all(query)

    assert _money(grouped) == _money(overall)
    assert _money(sum_figures(sum_by_period(query).values())) == _money(overall)


@pytest.mark.usefixtures("varied_orders")
def test_page_files_and_api_agree(client: Client) -> None:
    admin = make_admin()
    client.force_login(admin)
    net = plain_sums()["total"]

    page = client.get(SALES, NOVEMBER)
    csv_text = client.get(SALES, NOVEMBER | {"format": "csv"}).content.decode("utf-8-sig")
    api = data_of('{ ordersTotal(channel: "viet-nam") { gross { amount } } }', token_of(admin))

    *rows, total_row = csv.DictReader(io.StringIO(csv_text))
    assert page.context["figures"].total == net
    assert "Doanh thu thuần: đơn đã xác nhận" in page.content.decode()
    assert "Đơn đã xác nhận, sau giảm giá" in page.content.decode()
    assert sum(int(row["Tổng"]) for row in rows) == int(total_row["Tổng"]) == net
    assert sum(int(row["Đã thu"]) + int(row["Chưa thu"]) for row in rows) == net
    assert api == {"ordersTotal": {"gross": {"amount": net}}}


def test_unconfirmed_order_counts_once_it_is_confirmed() -> None:
    query = sales_query()
    before = sum_all(query)
    make_paid_order()

    figures = sum_all(query)

    assert before == SalesFigures()
    assert (figures.total, figures.paid, figures.unpaid) == (120_000, 120_000, 0)


def _money(figures: SalesFigures) -> tuple[int, ...]:
    return (figures.total, figures.goods, figures.delivery, figures.refunded, figures.paid, figures.unpaid)
