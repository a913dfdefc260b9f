"""The terms of sale in memory are those in the database, whatever was changed, and by whom."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import Category
from cooperatives.models import DeliveryRate
from orders.actions.quotes.sales_terms import SalesTerms, sales_terms, trim_terms_journal_task
from orders.actions.quotes.sales_terms_triggers import TRIGGERS
from orders.models import CommissionRate
from shop.accounts.models import Address
from shop.core.models import ShopSettings
from tests.factories import THAI_NGUYEN, make_channel, make_market_pickup, make_seller

DAY = datetime.date(2026, 3, 1)


def fee_of(terms: SalesTerms, cooperative_id: int) -> int | None:
    methods = terms.delivery_methods(
        [cooperative_id], channel_id=make_channel().pk, province_code=THAI_NGUYEN
    )
    (rate,) = methods[cooperative_id][0].rates.all()
    return rate.price


@pytest.mark.django_db
def test_unchanged_terms_are_read_once() -> None:
    seller = make_seller()
    fee_of(sales_terms(), seller.pk)
    with CaptureQueriesContext(connection) as captured:
        terms = sales_terms()
        methods = terms.delivery_methods([seller.pk], channel_id=make_channel().pk, province_code=THAI_NGUYEN)

    assert [query["sql"].count("orders_termschange") for query in captured][:1] == [2]
    assert not any("cooperatives_" in query["sql"] for query in captured)
    assert [method.name for method in methods[seller.pk]] == ["Giao tận nhà"]


@pytest.mark.django_db
def test_every_table_that_is_read_has_triggers() -> None:
    """The journal would miss changes of a table without triggers."""
    seller = make_seller()
    channel_id = make_channel().pk
    make_market_pickup(seller, make_channel())
    terms = SalesTerms(())
    with CaptureQueriesContext(connection) as captured:
        assert terms.settings
        terms.tax_rates(country="VN", day=DAY)
        terms.services(channel_id=channel_id, country="VN")
        terms.delivery_methods([seller.pk], channel_id=channel_id, province_code="")
        assert terms.order_code_key is None
        terms.commission_percents([(seller.pk, "")], day=DAY)
    statements = " ".join(query["sql"] for query in captured)
    tables = set(re.findall(r'(?:FROM|JOIN) "(\w+)"', statements))

    assert len(tables) == 16
    assert tables <= {trigger.table for trigger in TRIGGERS}


@pytest.mark.django_db
def test_address_of_a_pickup_place_is_part_of_the_terms() -> None:
    seller = make_seller()
    pickup = make_market_pickup(seller, make_channel())
    before = sales_terms()

    Address.objects.filter(pk=pickup.warehouse.address_id).update(street_address_1="Chợ Phủ Thông")
    after_pickup_place = sales_terms()
    Address.objects.create(street_address_1="Số 5", city="Hà Nội", country="VN")
    after_other_address = sales_terms()

    assert after_pickup_place is not before
    assert after_other_address is after_pickup_place


@pytest.mark.django_db
def test_terms_seen_in_a_transaction_that_is_rolled_back_are_forgotten() -> None:
    seller = make_seller()
    assert fee_of(sales_terms(), seller.pk) == 30_000

    with transaction.atomic():
        DeliveryRate.objects.update(price=1)
        assert fee_of(sales_terms(), seller.pk) == 1
        transaction.set_rollback(True)
    assert fee_of(sales_terms(), seller.pk) == 30_000
    DeliveryRate.objects.update(price=2)

    # On SQLite this change has the id of the one that was rolled back.
    assert fee_of(sales_terms(), seller.pk) == 2


@pytest.mark.django_db
def test_commission_follows_its_rates_and_moved_categories() -> None:
    seller, other_seller = make_seller(), make_seller("HTX 2")
    root = Category.objects.create(name="Chè", slug="che")
    Category.objects.filter(pk=root.pk).update(path=f"/{root.pk}/")
    products = [(seller.pk, f"/{root.pk}/"), (other_seller.pk, "")]

    def percents() -> list[Decimal]:
        read = sales_terms().commission_percents(products, day=DAY)
        return [read[product] for product in products]

    without_rates = percents()
    CommissionRate.objects.create(category=root, percent=Decimal(8), valid_from=DAY)
    with_rate = percents()
    CommissionRate.objects.update(percent=Decimal(9))
    with_changed_rate = percents()
    Category.objects.filter(pk=root.pk).update(path="/999/")
    after_move = percents()

    assert without_rates == [0, 0]
    assert with_rate == [8, 0]
    assert with_changed_rate == [9, 0]
    assert after_move == [0, 0]


@pytest.mark.django_db
def test_a_reader_may_change_the_methods_it_gets() -> None:
    seller = make_seller()
    arguments = {"channel_id": make_channel().pk, "province_code": ""}
    terms = sales_terms()

    terms.delivery_methods([seller.pk], **arguments)[seller.pk][0].name = "To your door"

    assert terms.delivery_methods([seller.pk], **arguments)[seller.pk][0].name == "Giao tận nhà"


@pytest.mark.django_db
def test_trimming_the_journal_keeps_the_version() -> None:
    for minutes in range(3):
        ShopSettings.objects.update_or_create(pk=1, defaults={"accept_within_hours": 20 + minutes})
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM orders_termschange")
        (last,) = cursor.fetchone()
        cursor.execute("INSERT INTO orders_termschange (id, table_name) VALUES (%s, 'x')", [last + 1_000])
    trim_terms_journal_task()
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM orders_termschange")

        assert cursor.fetchone() == (last + 1_000, last + 1_000)
