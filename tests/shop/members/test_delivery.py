"""A newly approved cooperative gets a warehouse and sets up its delivery methods."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from cooperatives.actions.cooperative_lifecycle import set_cooperative_state
from cooperatives.actions.delivery_methods import NewDeliveryMethod, create_delivery_method
from cooperatives.models import DeliveryKind, DeliveryMethod, Role
from cooperatives.states import CooperativeState
from shop.core.actors import Actor, EntryPoint
from shop.core.models import Change, KeyReused
from tests.factories import (
    COMPLETE_APPLICATION,
    accept_all_documents,
    make_channel,
    make_cooperative,
    make_delivery_method,
    make_member,
    make_seller,
    make_zone,
)
from tests.markup import html_of
from tests.refusals import assert_refused

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_approval_creates_the_first_warehouse_once(client) -> None:
    channel = make_channel()
    zone = make_zone(channel)
    cooperative = make_cooperative(
        state=CooperativeState.APPLIED,
        **COMPLETE_APPLICATION,
        hamlet="Thôn Nà Ít",
        commune_name="Xã Phủ Thông",
        province_name="Thái Nguyên",
    )
    accept_all_documents(cooperative)

    for response, reason in (
        (CooperativeState.APPROVED, ""),
        (CooperativeState.SUSPENDED, "Kém"),
        (CooperativeState.APPROVED, ""),
    ):
        set_cooperative_state(
            cooperative_id=cooperative.pk,
            new_state=response,
            reason=reason,
            actor=Actor.system(),
            now=timezone.now(),
        )

    warehouse = cooperative.warehouses.get()
    assert warehouse.address.lines() == [cooperative.name, "Thôn Nà Ít", "Xã Phủ Thông", "Thái Nguyên"]
    assert list(warehouse.channels.all()) == [channel]
    assert list(warehouse.zones.all()) == [zone]


def test_manager_creates_and_ends_a_delivery_method(client) -> None:
    seller = make_seller()
    seller.delivery_methods.all().update(is_active=False)
    client.force_login(make_member(seller))

    client.post(
        "/xa-vien/cach-giao/",
        {
            "kind": "carrier",
            "name": "Viettel Post",
            "fee": "25.000",
            "minimum_days": "2",
            "maximum_days": "4",
        },
    )
    delivery_method = seller.delivery_methods.get(is_active=True)
    fee = delivery_method.fee(channel_id=make_channel().pk, province_code="01", grams=900, subtotal=100_000)
    client.post(f"/xa-vien/cach-giao/{delivery_method.pk}/ngung/")

    delivery_method.refresh_from_db()
    assert (delivery_method.name, delivery_method.minimum_days, delivery_method.maximum_days, fee) == (
        "Viettel Post",
        2,
        4,
        25_000,
    )
    assert not delivery_method.is_active


def test_repeated_delivery_method_is_created_once_and_a_foreign_key_is_refused(client) -> None:
    seller, other_seller = make_seller(), make_seller("HTX Tài Hoan")
    actor, channel = make_member(seller).as_actor(EntryPoint.MEMBERS), make_channel()
    form_values = {"channel": channel, "idempotency_key": "w", "actor": actor, "now": timezone.now()}
    form_values["details"] = NewDeliveryMethod(kind=DeliveryKind.CARRIER, name="Viettel Post", fee=25_000)

    first, second = (create_delivery_method(cooperative=seller, **form_values) for _sent in range(2))

    assert first == second
    with assert_refused(KeyReused, "key_reused"):
        create_delivery_method(cooperative=other_seller, **form_values)


def test_coach_departure_is_saved(client) -> None:
    seller = make_seller()
    client.force_login(make_member(seller))
    created = client.post(
        "/xa-vien/cach-giao/", {"kind": "coach", "name": "Xe về Hà Nội", "fee": "20.000", "maximum_days": "1"}
    )
    delivery_method = seller.delivery_methods.get(kind="coach")
    form_values = {"name": "Xe về Hà Nội", "maximum_days": "1"}

    client.post(
        created.url, form_values | {"departs_weekday": "4", "departs_at": "18:00", "cut_off_hours": "25"}
    )
    delivery_method.refresh_from_db()
    friday = (delivery_method.departs_weekday, delivery_method.departs_at, delivery_method.cut_off_hours)
    method_page = html_of(client.get(created.url))
    client.post(created.url, form_values | {"departs_weekday": "", "departs_at": "", "cut_off_hours": ""})
    delivery_method.refresh_from_db()

    assert created.url == f"/xa-vien/cach-giao/{delivery_method.pk}/"
    assert friday == (4, datetime.time(18), 25)
    assert '<option value="4" selected>Thứ Sáu</option>' in method_page
    assert 'value="18:00"' in method_page
    assert (delivery_method.departs_weekday, delivery_method.departs_at, delivery_method.cut_off_hours) == (
        None,
        None,
        0,
    )
    changed = [
        row.data["changed"] for row in Change.objects.filter(action="delivery_method.changed").order_by("pk")
    ]
    assert changed[0] == {
        "departs_weekday": [None, 4],
        "departs_at": [None, "18:00:00"],
        "cut_off_hours": [0, 25],
    }


@pytest.mark.parametrize(
    "invalid", [{"departs_weekday": "7"}, {"departs_at": "25:00"}, {"cut_off_hours": "-1"}]
)
def test_invalid_departure_is_refused(client, invalid) -> None:
    seller = make_seller()
    client.force_login(make_member(seller))
    delivery_method = make_delivery_method(seller, make_channel(), kind=DeliveryKind.COACH, departs_weekday=4)

    response = client.post(f"/xa-vien/cach-giao/{delivery_method.pk}/", {"name": "Xe"} | invalid)

    assert response.context["form"].errors.keys() == invalid.keys()
    delivery_method.refresh_from_db()
    assert delivery_method.departs_weekday == 4


def test_departure_is_ignored_for_other_kinds_than_coach(client) -> None:
    seller = make_seller()
    client.force_login(make_member(seller))
    delivery_method = seller.delivery_methods.get()

    client.post(f"/xa-vien/cach-giao/{delivery_method.pk}/", {"name": "Bưu điện", "departs_weekday": "4"})

    delivery_method.refresh_from_db()
    assert (delivery_method.name, delivery_method.departs_weekday) == ("Bưu điện", None)


def test_pickup_method_points_to_the_warehouse(client) -> None:
    seller = make_seller()
    client.force_login(make_member(seller))

    client.post("/xa-vien/cach-giao/", {"kind": "pickup", "name": "Lấy ở kho", "fee": "0"})

    delivery_method = seller.delivery_methods.get(kind="pickup")
    assert delivery_method.warehouse == seller.warehouses.get()
    assert delivery_method.warehouse.click_and_collect == "local"


@pytest.mark.parametrize(
    "invalid", [{"fee": "-1"}, {"fee": "rẻ"}, {"kind": "bay"}, {"name": ""}, {"minimum_days": "5"}]
)
def test_invalid_delivery_method_is_refused(client, invalid) -> None:
    seller = make_seller()
    client.force_login(make_member(seller))
    form_values = {"kind": "carrier", "name": "Xe", "fee": "1000", "minimum_days": "1", "maximum_days": "2"}

    response = client.post("/xa-vien/cach-giao/", form_values | invalid)

    assert response.context["form"].errors
    assert seller.delivery_methods.count() == 1


def test_foreign_delivery_method_is_not_found(client) -> None:
    foreign = make_seller("HTX khác").delivery_methods.get()
    client.force_login(make_member(make_seller()))

    response = client.post(f"/xa-vien/cach-giao/{foreign.pk}/ngung/")

    assert response.status_code == 404
    assert DeliveryMethod.objects.get(pk=foreign.pk).is_active


def test_only_managers_open_delivery_methods(client) -> None:
    seller = make_seller()
    client.force_login(make_member(seller, Role.PACKER))

    assert client.get("/xa-vien/cach-giao/").status_code == 403
