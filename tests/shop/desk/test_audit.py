"""The audit page: filters by actor, area, object and period, old and new values, and CSV."""

from __future__ import annotations

import csv
import datetime
import io
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from catalog.actions.products.variant_rows import ListPrice, set_list_price
from catalog.models import Price
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.payouts.payment_settings import change_market_deadlines
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.accounts.staff.staff_accounts import change_user
from shop.core.actors import Actor, EntryPoint
from shop.core.models import Change, record_change
from shop.history.change_displays import build_change_displays
from tests.factories import (
    make_admin,
    make_channel,
    make_order,
    make_product,
    make_staff,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AUDIT = "/quan-tri/nhat-ky/"


@pytest.fixture
def admin(client: Client) -> User:
    admin = make_admin()
    client.force_login(admin)
    return admin


def change_deadlines(admin: User, days: int) -> None:
    change_market_deadlines(
        payment_deadline_minutes={},
        complaint_days=days,
        answer_complaints_days=3,
        actor=admin.as_actor(EntryPoint.DESK),
        now=timezone.now(),
    )


def listed_actions(client: Client, **filters: str) -> list[str]:
    return [entry.change.action for entry in client.get(AUDIT, filters).context["history"]]


def test_changes_are_filtered_by_actor_area_object_and_period(client: Client, admin: User) -> None:
    order = make_order(now=timezone.now())
    cancel_order(
        order_id=order.pk, reason="Khách đổi ý", actor=admin.as_actor(EntryPoint.DESK), now=timezone.now()
    )
    change_deadlines(admin, 9)
    yesterday = f"{timezone.now() - datetime.timedelta(days=2):%d/%m/%Y}"

    assert "order.cancelled" in listed_actions(client, vat=order.code)
    assert "market.deadlines_changed" not in listed_actions(client, vat=order.code)
    assert listed_actions(client, loai="settings") == ["market.deadlines_changed"]
    assert "order.placed" not in listed_actions(client, ai=admin.email or "")
    assert "order.cancelled" in listed_actions(client, ai=admin.email or "")
    assert "order.placed" in listed_actions(client, cua="market")
    assert listed_actions(client, tu=yesterday, den=yesterday) == []


def test_changes_by_the_system_are_left_out_until_asked_for(client: Client, admin: User) -> None:
    change_deadlines(admin, 9)
    record_change("market.swept", make_channel(), actor=Actor.system(), now=timezone.now())

    listed = {choice: listed_actions(client, loai="settings", cua=choice) for choice in ("", "any", "system")}

    assert listed == {
        "": ["market.deadlines_changed"],
        "any": ["market.swept", "market.deadlines_changed"],
        "system": ["market.swept"],
    }


def test_page_and_csv_show_old_and_new_value(client: Client, admin: User) -> None:
    change_deadlines(admin, 9)
    change_deadlines(admin, 11)

    page = client.get(AUDIT, {"loai": "settings"}).content.decode()
    csv_text = client.get(AUDIT, {"loai": "settings", "format": "csv"}).content.decode("utf-8-sig")

    rows = list(csv.reader(io.StringIO(csv_text)))
    assert "<del>9</del> → <ins>11</ins>" in " ".join(page.split())
    assert rows[1][1:4] == [
        "Đổi hạn thanh toán hoặc khiếu nại",
        "Cài đặt của chợ",
        "Số ngày được khiếu nại: 9 → 11",
    ]
    assert rows[1][7] == "market.deadlines_changed"
    assert len(rows) == 3


def test_each_change_names_its_object_with_a_link(client: Client, admin: User) -> None:
    channel = make_channel()
    listing = make_product(price=15_000).listings.get()
    product, price = listing.product, Price.objects.get()
    actor = admin.as_actor(EntryPoint.DESK)
    with transaction.atomic():
        set_list_price(price.variant, ListPrice(channel, 13_500), actor=actor, now=timezone.now())
    change_user(user_id=admin.pk, values={"note": "x"}, actor=actor, now=timezone.now())

    history = client.get(AUDIT).context["history"][:2]
    page = client.get(AUDIT).content.decode()

    assert [[(str(row), row.url) for row in entry.objects] for entry in history] == [
        [(admin.name, f"/quan-tri/nhan-vien/{admin.pk}/")],
        [(product.name, f"/quan-tri/hang/{listing.pk}/")],
    ]
    assert [str(value) for value in history[1].values] == ["15.000\u00a0₫ → 13.500\u00a0₫"]
    assert f'href="/quan-tri/hang/{listing.pk}/">{product.name}' in page


def test_wrong_period_is_refused_at_its_field(client: Client, admin: User) -> None:
    response = client.get(AUDIT, {"tu": "24/11/2026", "den": "23/11/2026"})

    assert (response.status_code, response.context["form"].errors.keys()) == (422, {"until_day"})


def test_only_managers_of_staff_see_it(client: Client) -> None:
    client.force_login(make_staff(Permission.MANAGE_ORDERS))
    assert client.get(AUDIT).status_code == 404
    client.force_login(make_user())
    assert client.get(AUDIT).status_code == 404


def test_queries_do_not_grow_with_changes(
    client: Client, admin: User, django_assert_max_num_queries: Any
) -> None:
    change_deadlines(admin, 9)
    with django_assert_max_num_queries(30) as few:
        client.get(AUDIT)
    for days in range(10, 20):
        change_deadlines(admin, days)
    with django_assert_max_num_queries(len(few)):
        client.get(AUDIT)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"from": 15_000, "to": 13_500}, ["15.000 → 13.500"]),
        ({"from": {"name": "Gạo"}, "to": {"name": "Gạo nếp"}}, ["Tên: Gạo → Gạo nếp"]),
        ({"changed": {"is_active": [True, False]}}, ["Hoạt động: có → không"]),
        (
            {"fields": ["needs_second_person_for_payouts"]},
            ["Người thứ hai xác nhận khoản chi trả"],
        ),
        ({"fields": ["phone"]}, ["Số điện thoại"]),
        ({"fields": ["name"], "from": {"name": ""}, "to": {"name": "Chè"}}, ["Tên: Chè"]),
        ({"from": {"name": "Chè"}, "to": {"name": ""}}, ["Tên: Chè → —"]),
        ({"amount": 5}, ["Số tiền: 5\u00a0₫"]),
        (
            {"from": {"role": "packer"}, "to": {"role": "cashier"}},
            ["Vai trò: người đóng hàng → người bán quầy"],
        ),
        ({"fields": ["rating"]}, ["Thông tin khác"]),
        ({"from": {"percent": "12.50"}, "to": {"percent": "15"}}, ["Tỷ lệ (%): 12,5 → 15"]),
        ({"from": {"value": "10.000"}, "to": {"value": "10"}}, []),
    ],
)
def test_changed_values_are_read_in_every_form(data: dict[str, Any], expected: list[str]) -> None:
    change = Change(
        action="x.y", kind="catalog.product", actor_kind="system", entry_point="system", data=data
    )

    assert [str(value) for value in build_change_displays([change])[0].values] == expected


@pytest.mark.parametrize(
    ("action", "data", "expected"),
    [
        (
            "market_days_set",
            {
                "from": [],
                "to": ["weekday 6, 06:00-10:00, 40", "solar 5, 07:30-11:00, *", "lunar 15, 07:30-11:00, *"],
                "cut_off_hours": [24, 12],
            },
            [
                "Chủ nhật, 6–10\u00a0giờ, tối đa 40 đơn; ngày 5 hằng tháng, 07:30–11:00; "
                "ngày 15 âm lịch, 07:30–11:00",
                "Số giờ chốt đơn trước: 24 → 12",
            ],
        ),
        (
            "rates_set",
            {
                "from": [{"price": 20_000, "province_code": "", "up_to_grams": None}],
                "to": [
                    {"price": 22_000, "province_code": "19", "up_to_grams": 2_000},
                    {"price": 22_000, "province_code": "01", "up_to_grams": 2_000},
                    {"price": 32_000, "province_code": "19", "up_to_grams": None},
                ],
                "free_from": [None, 1_000_000],
            },
            [
                "20.000\u00a0₫ → đến 2\u00a0kg: 22.000\u00a0₫; 32.000\u00a0₫",
                "Miễn phí giao từ: 1.000.000\u00a0₫",
            ],
        ),
    ],
)
def test_terms_of_delivery_are_shown_in_words(action: str, data: dict[str, Any], expected: list[str]) -> None:
    change = Change(
        action=f"delivery_method.{action}",
        kind="cooperatives.deliverymethod",
        actor_kind="system",
        entry_point="system",
        data=data,
    )

    assert [str(value) for value in build_change_displays([change])[0].values] == expected
