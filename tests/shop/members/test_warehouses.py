"""Warehouses on the members' pages: opening, moving and closing them."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Stock
from cooperatives.models import Role
from tests.factories import (
    HANOI,
    THAI_NGUYEN,
    make_channel,
    make_divisions,
    make_market_pickup,
    make_member,
    make_seller,
    make_variant,
    make_warehouse,
)
from tests.markup import html_of

pytestmark = pytest.mark.django_db
WAREHOUSE_FORM = {
    "name": "Kho Nà Ít",
    "province": THAI_NGUYEN,
    "commune": "01948",
    "street": "Thôn Nà Ít",
    "phone": "0912 345 678",
}


@pytest.fixture(autouse=True)
def _divisions():
    make_divisions()


def test_repeated_warehouse_is_created_once(manager, seller) -> None:
    form_values = WAREHOUSE_FORM | {"idempotency_key": str(uuid.uuid4()), "click_and_collect": "on"}

    for _ in range(2):
        manager.post("/xa-vien/nha-kho/", form_values)

    warehouse = seller.warehouses.get(name="Kho Nà Ít")
    assert warehouse.address.lines() == [seller.name, "Thôn Nà Ít", "Xã Phủ Thông", "Thái Nguyên"]
    assert (warehouse.address.phone, warehouse.click_and_collect) == ("+84912345678", "local")
    assert list(warehouse.channels.all()) == [make_channel()]


@pytest.mark.parametrize(
    ("invalid", "field"),
    [
        ({"name": ""}, "name"),
        ({"province": "99"}, "province"),
        ({"commune": "00166"}, "commune"),
        ({"street": " "}, "street"),
    ],
)
def test_invalid_warehouse_is_refused_and_input_is_kept(manager, seller, invalid, field) -> None:
    response = manager.post("/xa-vien/nha-kho/", WAREHOUSE_FORM | invalid)

    assert field in response.context["form"].errors
    assert response.context["form"]["phone"].value() == "0912 345 678"
    assert seller.warehouses.count() == 1


def test_communes_of_another_province_are_reloaded_without_scripts(manager, seller) -> None:
    response = manager.post("/xa-vien/nha-kho/", WAREHOUSE_FORM | {"province": HANOI, "reload": "1"})

    form = response.context["form"]
    assert [code for code, _name in form.fields["commune"].choices] == ["", "00166", "00613"]
    assert (form["name"].value(), form.errors) == ("Kho Nà Ít", {})
    assert seller.warehouses.count() == 1


def test_warehouse_is_renamed_and_moved(manager, seller) -> None:
    warehouse = seller.warehouses.get()

    manager.post(
        f"/xa-vien/nha-kho/{warehouse.pk}/", WAREHOUSE_FORM | {"province": HANOI, "commune": "00613"}
    )

    warehouse.refresh_from_db()
    assert warehouse.name == "Kho Nà Ít"
    assert warehouse.address.lines()[1:] == ["Thôn Nà Ít", "Phường Nghĩa Đô", "Hà Nội"]


def test_warehouse_used_for_pickup_must_keep_pickup(manager, seller) -> None:
    warehouse = make_market_pickup(seller, make_channel()).warehouse

    response = manager.post(f"/xa-vien/nha-kho/{warehouse.pk}/", WAREHOUSE_FORM)

    warehouse.refresh_from_db()
    assert list(response.context["form"].errors) == ["click_and_collect"]
    assert warehouse.name != "Kho Nà Ít"


def test_empty_warehouse_is_closed_and_one_with_stock_is_not(manager, seller) -> None:
    variant = make_variant(seller, on_hand=3)
    used, empty = Stock.objects.get(variant=variant).warehouse, make_warehouse(seller, make_channel())

    for warehouse in (used, empty):
        manager.post(f"/xa-vien/nha-kho/{warehouse.pk}/dong/")

    assert list(seller.warehouses.all()) == [used]


def test_receipt_goes_into_the_chosen_warehouse(manager, seller) -> None:
    variant = make_variant(seller, on_hand=3)
    second = make_warehouse(seller, make_channel(), name="Gian chợ")
    page = html_of(manager.get(f"/xa-vien/hang/{variant.product.listings.get().pk}/"))

    manager.post(f"/xa-vien/kho/{variant.pk}/nhap/", {"idempotency_key": uuid.uuid4(), "quantity": "5"})
    manager.post(
        f"/xa-vien/kho/{variant.pk}/nhap/",
        {"idempotency_key": uuid.uuid4(), "quantity": "4", "warehouse": second.pk},
    )

    assert f'<option value="{second.pk}">Gian chợ</option>' in page
    assert sorted(Stock.objects.values_list("on_hand", flat=True)) == [4, 8]


def test_receipt_into_a_foreign_warehouse_is_not_found(manager, seller) -> None:
    variant = make_variant(seller, on_hand=3)
    foreign = make_seller("HTX khác").warehouses.get()

    response = manager.post(
        f"/xa-vien/kho/{variant.pk}/nhap/",
        {"idempotency_key": uuid.uuid4(), "quantity": "4", "warehouse": foreign.pk},
    )

    assert response.status_code == 404
    assert list(Stock.objects.values_list("on_hand", flat=True)) == [3]


def test_foreign_warehouse_is_not_found(manager) -> None:
    foreign = make_seller("HTX khác").warehouses.get()

    assert manager.get(f"/xa-vien/nha-kho/{foreign.pk}/").status_code == 404
    assert manager.post(f"/xa-vien/nha-kho/{foreign.pk}/", WAREHOUSE_FORM).status_code == 404
    assert manager.post(f"/xa-vien/nha-kho/{foreign.pk}/dong/").status_code == 404
    foreign.refresh_from_db()
    assert foreign.name != "Kho Nà Ít"
    assert foreign.closed_at is None


def test_only_managers_change_warehouses(client, seller) -> None:
    client.force_login(make_member(seller, Role.PACKER))
    warehouse = seller.warehouses.get()

    assert client.get("/xa-vien/nha-kho/").status_code == 403
    assert client.post(f"/xa-vien/nha-kho/{warehouse.pk}/dong/").status_code == 403


def test_list_queries_do_not_grow_with_warehouses(manager, seller) -> None:
    manager.get("/xa-vien/nha-kho/")
    with CaptureQueriesContext(connection) as baseline_queries:
        manager.get("/xa-vien/nha-kho/")
    for _ in range(5):
        make_warehouse(seller, make_channel())

    with CaptureQueriesContext(connection) as grown_queries:
        page = manager.get("/xa-vien/nha-kho/")

    assert len(page.context["warehouses"]) == 6
    assert len(grown_queries) == len(baseline_queries)
