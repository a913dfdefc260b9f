"""Prices and pickup times of delivery methods, entered row by row."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cooperatives.models import DeliveryMethod, Role
from shop.core.dates.calendar import vietnam_date
from tests.factories import (
    HANOI,
    THAI_NGUYEN,
    make_channel,
    make_delivery_method,
    make_divisions,
    make_market_pickup,
    make_member,
    make_seller,
    make_warehouse,
)
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
TABLE = {
    "groups": "1",
    "group-0-provinces": [THAI_NGUYEN, HANOI],
    "group-0-rows": "2",
    "group-0-0-weight": "1,5",
    "group-0-0-price": "15.000",
    "group-0-1-weight": "",
    "group-0-1-price": "20 000 ₫",
    "else-rows": "1",
    "else-0-weight": "",
    "else-0-price": "42000",
    "free_from": "500.000",
}
MORNING = {
    "times": "1",
    "time-0-starts": "06:00",
    "time-0-ends": "10:30",
    "time-0-lunar": ["2", "7"],
    "time-0-weekday": ["6"],
    "time-0-capacity": "20",
    "cut_off_hours": "12",
}


@pytest.fixture
def delivery_method(seller):
    make_divisions()
    return seller.delivery_methods.get()


@pytest.fixture
def market(seller):
    return make_market_pickup(seller, make_channel())


def prices(delivery_method):
    """Return the saved price table, sorted by province."""
    return sorted(delivery_method.rates.values_list("province_code", "up_to_grams", "price"), key=str)


def test_price_table_by_province_and_weight_is_saved(manager, delivery_method) -> None:
    response = manager.post(f"/xa-vien/cach-giao/{delivery_method.pk}/gia/", TABLE)

    delivery_method.refresh_from_db()
    assert response.status_code == 302
    assert prices(delivery_method) == [
        ("", None, 42_000),
        (HANOI, 1500, 15_000),
        (HANOI, None, 20_000),
        (THAI_NGUYEN, 1500, 15_000),
        (THAI_NGUYEN, None, 20_000),
    ]
    assert delivery_method.free_from == 500_000


def test_provinces_with_equal_prices_are_grouped_when_edited(manager, delivery_method) -> None:
    manager.post(f"/xa-vien/cach-giao/{delivery_method.pk}/gia/", TABLE)

    table = manager.get(f"/xa-vien/cach-giao/{delivery_method.pk}/gia/").context["table"]

    assert [group.chosen_names for group in table.groups] == [["Hà Nội", "Thái Nguyên"], []]
    rows = [(row["weight"].value(), row["price"].value()) for row in table.groups[0].rows]
    assert rows == [("1,5", "15.000"), (None, "20.000")]


def test_adding_a_row_keeps_the_input_and_validates_nothing(manager, delivery_method) -> None:
    before = all_rows()

    response = manager.post(
        f"/xa-vien/cach-giao/{delivery_method.pk}/gia/", TABLE | {"else-0-price": "rẻ", "more": "else"}
    )
    groups = manager.post(f"/xa-vien/cach-giao/{delivery_method.pk}/gia/", TABLE | {"more": "group"})
    part = manager.post(
        f"/xa-vien/cach-giao/{delivery_method.pk}/gia/",
        TABLE | {"more": "group-0"},
        headers={"HX-Request": "true"},
    )

    assert [len(group.rows) for group in response.context["table"].groups] == [2, 2]
    assert response.context["table"].groups[1].rows[0]["price"].value() == "rẻ"
    assert 'class="errors' not in html_of(response)
    assert [group.prefix for group in groups.context["table"].groups] == ["group-0", "group-1", "else"]
    assert html_of(part).lstrip().startswith('<div class="stack" id="rows">')
    assert all_rows().keys() == before.keys()
    assert prices(delivery_method) == [("", None, 30_000)]


@pytest.mark.parametrize(
    ("invalid", "at"),
    [
        ({"else-0-price": "rẻ"}, "id_else-0-price"),
        ({"else-0-price": "-1"}, "id_else-0-price"),
        ({"else-0-price": "100.000.000"}, "id_else-0-price"),
        ({"else-0-weight": "nặng"}, "id_else-0-weight"),
        ({"else-0-weight": "0"}, "id_else-0-weight"),
        ({"else-0-weight": "2", "else-0-price": ""}, "id_else-0-price"),
        ({"group-0-1-weight": "1.5"}, "id_group-0-1-weight"),
        ({"group-0-provinces": []}, "id_group-0-provinces"),
        ({"group-0-provinces": ["99"]}, "id_group-0-provinces"),
        ({"group-0-0-weight": "", "group-0-0-price": "", "group-0-1-price": ""}, "id_group-0-0-price"),
        (
            {"groups": "2", "group-1-rows": "1", "group-1-0-price": "1", "group-1-provinces": [HANOI]},
            "id_group-1-provinces",
        ),
        ({"free_from": "0"}, "id_free_from"),
    ],
)
def test_invalid_price_table_changes_nothing_and_links_to_the_field(
    manager, delivery_method, invalid, at
) -> None:
    response = manager.post(f"/xa-vien/cach-giao/{delivery_method.pk}/gia/", TABLE | invalid)

    assert f'<a href="#{at}">' in html_of(response)
    assert prices(delivery_method) == [("", None, 30_000)]


def test_delivery_method_needs_a_price(manager, delivery_method) -> None:
    response = manager.post(
        f"/xa-vien/cach-giao/{delivery_method.pk}/gia/", {"groups": "0", "else-rows": "1"}
    )

    assert response.context["refused"]
    assert prices(delivery_method) == [("", None, 30_000)]


@pytest.mark.parametrize("count", ["", "x", "-1", "9999999", "²"])
def test_invalid_row_counts_mean_no_rows(manager, delivery_method, count) -> None:
    response = manager.post(
        f"/xa-vien/cach-giao/{delivery_method.pk}/gia/",
        {"groups": count, "else-rows": count, "else-0-price": "1000"},
    )

    assert response.status_code == 302
    assert prices(delivery_method) == [("", None, 1_000)]


def test_pickup_times_are_saved_with_their_days(manager, market) -> None:
    response = manager.post(f"/xa-vien/cach-giao/{market.pk}/ngay-nhan/", MORNING)

    market.refresh_from_db()
    days = market.market_days.order_by("kind", "number").values_list("kind", "number", "capacity")
    assert response.status_code == 302
    assert list(days) == [("lunar", 2, 20), ("lunar", 7, 20), ("weekday", 6, 20)]
    assert market.cut_off_hours == 12
    table = manager.get(f"/xa-vien/cach-giao/{market.pk}/ngay-nhan/").context["table"]
    assert [time["lunar"].value() for time in table.times] == [["2", "7"]]


def test_booked_pickups_are_counted_per_slot(manager, market) -> None:
    today = vietnam_date(timezone.now())
    days = [today + datetime.timedelta(days=ahead) for ahead in (-1, 1, 2, 3)]
    for day, capacity, booked in zip(days, (9, 20, None, 20), (9, 2, 5, 0), strict=True):
        market.slots.create(day=day, starts="06:00", ends="10:00", capacity=capacity, booked=booked)

    page = manager.get(f"/xa-vien/cach-giao/{market.pk}/ngay-nhan/")

    assert [(slot.day, slot.booked) for slot in page.context["booked_slots"]] == [(days[1], 2), (days[2], 5)]
    text = html_of(page)
    assert "2 trên 20 chỗ" in text
    assert "5 đơn" in text


def test_emptied_pickup_time_is_removed(manager, market) -> None:
    form_values = {"times": "1", "time-0-starts": "", "time-0-ends": "", "cut_off_hours": "0"}

    manager.post(f"/xa-vien/cach-giao/{market.pk}/ngay-nhan/", form_values)

    assert market.market_days.count() == 0


def test_adding_a_pickup_time_keeps_the_others(manager, market) -> None:
    form_values = MORNING | {"more": "time", "time-0-ends": ""}

    response = manager.post(f"/xa-vien/cach-giao/{market.pk}/ngay-nhan/", form_values)

    times = response.context["table"].times
    assert [time["lunar"].value() for time in times] == [["2", "7"], []]
    assert 'class="errors' not in html_of(response)
    assert market.market_days.count() == 1


@pytest.mark.parametrize(
    ("invalid", "at"),
    [
        ({"time-0-ends": "06:00"}, "id_time-0-ends"),
        ({"time-0-starts": "sáng"}, "id_time-0-starts"),
        ({"time-0-lunar": ["31"]}, "id_time-0-lunar"),
        ({"time-0-lunar": [], "time-0-weekday": []}, "id_time-0-weekday"),
        ({"time-0-capacity": "0"}, "id_time-0-capacity"),
        ({"cut_off_hours": "337"}, "id_cut_off_hours"),
        (
            {
                "times": "2",
                "time-1-starts": "06:00",
                "time-1-ends": "09:00",
                "time-1-lunar": ["7"],
            },
            "id_time-1-starts",
        ),
    ],
)
def test_invalid_pickup_times_change_nothing_and_link_to_the_field(manager, market, invalid, at) -> None:
    response = manager.post(f"/xa-vien/cach-giao/{market.pk}/ngay-nhan/", MORNING | invalid)

    assert f'<a href="#{at}">' in html_of(response)
    assert list(market.market_days.values_list("kind", "number")) == [("weekday", 6)]


def test_delivery_method_is_renamed_and_its_warehouse_changed(manager, seller, market) -> None:
    other_warehouse = make_warehouse(seller, make_channel(), name="Gian chợ")

    manager.post(
        f"/xa-vien/cach-giao/{market.pk}/",
        {"name": "Nhận ở chợ Phủ Thông", "note": "Gian 12", "warehouse": str(other_warehouse.pk)},
    )

    market.refresh_from_db()
    other_warehouse.refresh_from_db()
    assert (market.name, market.note, market.warehouse, market.cut_off_hours) == (
        "Nhận ở chợ Phủ Thông",
        "Gian 12",
        other_warehouse,
        12,
    )
    assert other_warehouse.click_and_collect == "local"
    assert not other_warehouse.is_private


def test_delivery_method_cannot_use_a_foreign_warehouse(manager, market) -> None:
    foreign = make_seller("HTX khác").warehouses.get()
    make_warehouse(market.cooperative, make_channel())

    response = manager.post(f"/xa-vien/cach-giao/{market.pk}/", {"name": "Chợ", "warehouse": str(foreign.pk)})

    market.refresh_from_db()
    assert list(response.context["form"].errors) == ["warehouse"]
    assert (market.name, market.warehouse.cooperative) == ("Nhận ở chợ phiên", market.cooperative)


def test_new_market_day_method_leads_to_its_days(manager, seller) -> None:
    response = manager.post("/xa-vien/cach-giao/", {"kind": "market_day", "name": "Chợ", "fee": "0"})

    delivery_method = seller.delivery_methods.get(kind="market_day")
    assert response.headers["Location"] == f"/xa-vien/cach-giao/{delivery_method.pk}/ngay-nhan/"


@pytest.mark.parametrize("page", ["", "gia/", "ngay-nhan/"])
def test_foreign_and_ended_delivery_methods_are_not_found(manager, seller, page) -> None:
    foreign = make_market_pickup(make_seller("HTX khác"), make_channel())
    ended_method = make_market_pickup(seller, make_channel())
    DeliveryMethod.objects.filter(pk=ended_method.pk).update(is_active=False)

    for delivery_method in (foreign, ended_method):
        assert manager.get(f"/xa-vien/cach-giao/{delivery_method.pk}/{page}").status_code == 404
        assert (
            manager.post(f"/xa-vien/cach-giao/{delivery_method.pk}/{page}", TABLE | MORNING).status_code
            == 404
        )


def test_delivered_method_has_no_pickup_days(manager, delivery_method) -> None:
    assert manager.get(f"/xa-vien/cach-giao/{delivery_method.pk}/ngay-nhan/").status_code == 404


@pytest.mark.parametrize("page", ["", "gia/", "ngay-nhan/"])
def test_only_managers_change_delivery_terms(client, seller, market, page) -> None:
    client.force_login(make_member(seller, Role.LISTER))

    assert client.get(f"/xa-vien/cach-giao/{market.pk}/{page}").status_code == 403
    assert client.post(f"/xa-vien/cach-giao/{market.pk}/{page}", MORNING).status_code == 403


def test_list_queries_do_not_grow_with_delivery_methods(manager, seller) -> None:
    manager.get("/xa-vien/cach-giao/")
    with CaptureQueriesContext(connection) as baseline_queries:
        manager.get("/xa-vien/cach-giao/")
    for _ in range(4):
        make_delivery_method(seller, make_channel())
        make_market_pickup(seller, make_channel())

    with CaptureQueriesContext(connection) as grown_queries:
        page = manager.get("/xa-vien/cach-giao/")

    assert len(page.context["delivery_methods"]) == 9
    assert len(grown_queries) == len(baseline_queries)
