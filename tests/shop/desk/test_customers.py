"""Customers at the desk: search, the data shown to each role, notes and locking."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client

from orders.models import Order
from shop.accounts.models import DataRequest, User
from shop.accounts.staff.permissions import Permission
from shop.core.models import Change
from shop.core.texts.formatting import format_money
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    make_admin,
    make_cooperative,
    make_member,
    make_order,
    make_staff,
    make_user,
    make_variant,
)
from tests.markup import html_of

pytestmark = [pytest.mark.django_db, pytest.mark.both]
CUSTOMERS = "/quan-tri/khach-hang/"


def make_customer(**fields: Any) -> User:
    defaults = {"email": "hoa@example.com", "phone": "+84912345678", "first_name": "Nguyễn Thị Hoa"}
    return make_user(**(defaults | fields))


@pytest.fixture
def admin(client: Client) -> User:
    admin = make_admin()
    client.force_login(admin)
    return admin


@pytest.mark.parametrize(
    ("text", "is_listed"),
    [
        ("0912 345 678", True),
        ("345678", True),
        ("HOA@example.com", True),
        ("Thị Hoa", True),
        ("", True),
        ("0912 345 679", False),
        ("lan@", False),
    ],
)
def test_customers_are_found_by_phone_email_and_name(
    client: Client, admin: User, text: str, is_listed: bool
) -> None:
    customer = make_customer()

    people = client.get(CUSTOMERS, {"q": text}).context["people"]

    assert [person for person, _count, _name in people] == ([customer] if is_listed else [])


def test_members_are_listed_as_customers_once_they_bought_or_are_searched_for(
    client: Client, admin: User
) -> None:
    member = make_member(make_cooperative("HTX Nấm"), email="hoa@example.com")

    listed = html_of(client.get(CUSTOMERS))
    searched = html_of(client.get(CUSTOMERS, {"q": "hoa@"}))
    make_order(user=member)

    assert "hoa@example.com" not in listed
    assert "thành viên HTX Nấm" in searched
    assert "hoa@example.com" in html_of(client.get(CUSTOMERS))


@pytest.mark.parametrize(
    ("text", "is_listed"), [("", True), ("0912 345 678", True), ("thi hoa", True), ("lan", False)]
)
def test_buyers_without_an_account_are_found_by_their_orders(
    client: Client, admin: User, text: str, is_listed: bool
) -> None:
    variant = make_variant(on_hand=20)
    for hours, name in ((0, "Hoa"), (2, "Nguyễn Thị Hoa")):
        make_order((variant, 1), name=name, phone="0912345678", now=NOW + datetime.timedelta(hours=hours))
    make_order((variant, 1), phone="0912345678", user=make_customer())

    page = client.get(f"{CUSTOMERS}khong-tai-khoan/", {"q": text})

    buyers = [(order.buyer_name, count) for order, count in page.context["buyers"]]
    assert buyers == ([("Nguyễn Thị Hoa", 2)] if is_listed else [])
    assert ("/quan-tri/don-hang/?q=0912345678" in html_of(page)) == is_listed


def test_queries_for_buyers_without_an_account_do_not_grow(
    client: Client, admin: User, django_assert_max_num_queries: Any
) -> None:
    make_order()
    with django_assert_max_num_queries(20) as few:
        client.get(f"{CUSTOMERS}khong-tai-khoan/")
    make_order(phone="0987654321")
    with django_assert_max_num_queries(len(few)):
        assert len(client.get(f"{CUSTOMERS}khong-tai-khoan/").context["buyers"]) == 2


def test_page_shows_orders_only_to_who_manages_orders(client: Client) -> None:
    customer = make_customer()
    order = make_order((make_variant(), 1), user=customer)
    address = f"{CUSTOMERS}{customer.pk}/"

    client.force_login(make_staff(Permission.MANAGE_USERS, Permission.MANAGE_ORDERS))
    full = client.get(address).content.decode()
    client.force_login(make_staff(Permission.MANAGE_USERS))
    limited = client.get(address).content.decode()
    client.force_login(make_staff(Permission.MANAGE_ORDERS))
    refused = client.get(address), client.get(CUSTOMERS)

    assert order.code in full
    assert order.code not in limited
    assert "0 khiếu nại" in full
    assert "khiếu nại" not in limited
    assert "Nguyễn Thị Hoa" in limited
    assert [response.status_code for response in refused] == [404, 404]


def test_order_of_a_customer_shows_its_current_total(admin: User, client: Client) -> None:
    customer = make_customer()
    order = make_order((make_variant(), 1), user=customer)
    Order.objects.filter(pk=order.pk).update(
        current_total_gross=order.total_gross - 40_000,
        charged=90_000,
        placed_at=datetime.datetime(2025, 3, 1, 5, tzinfo=datetime.UTC),
    )
    client.force_login(admin)

    page = html_of(client.get(f"{CUSTOMERS}{customer.pk}/"))

    assert f"{format_money(order.total_gross - 40_000)}<br>" in page
    assert f"Lúc đặt {format_money(order.total_gross)}" in page
    assert "khách từ 01/03/2025" in page
    assert f"1 đơn hàng · đã trả tổng cộng {format_money(90_000)} · 0 khiếu nại" in page
    assert "Đặt hàng" in page[page.index("Lịch sử") :]


def test_account_is_locked_and_unlocked_with_a_reason(client: Client, admin: User) -> None:
    customer = make_customer()
    address = f"{CUSTOMERS}{customer.pk}/trang-thai/"

    client.post(address, {"state": "inactive", "reason": ""})
    unchanged = User.objects.get(pk=customer.pk).is_active
    client.post(address, {"state": "inactive", "reason": "Đặt hàng giả"})
    locked = User.objects.get(pk=customer.pk)
    client.post(address, {"state": "active", "reason": "Đã làm rõ"})

    changes = Change.objects.of_row(customer).order_by("pk")
    assert unchanged
    assert not locked.is_active
    assert User.objects.get(pk=customer.pk).is_active
    assert locked.revocation_key != customer.revocation_key
    assert list(changes.values_list("action", "reason")) == [
        ("user.locked", "Đặt hàng giả"),
        ("user.unlocked", "Đã làm rõ"),
    ]


def test_note_is_saved_and_the_log_keeps_no_text_of_it(client: Client, admin: User) -> None:
    customer = make_customer()

    client.post(f"{CUSTOMERS}{customer.pk}/ghi-chu/", {"note": "Gọi buổi tối"})

    change = Change.objects.of_row(customer).get()
    assert User.objects.get(pk=customer.pk).note == "Gọi buổi tối"
    assert (change.action, change.data) == ("user.note_changed", {"fields": ["note"]})


def test_consents_of_one_purpose_are_one_row(client: Client, admin: User) -> None:
    customer = make_customer()
    for _order in range(2):
        make_order((make_variant(), 1), user=customer)

    page = client.get(f"{CUSTOMERS}{customer.pk}/")

    assert [(row.purpose, count) for row, count in page.context["consents"]] == [("order", 2)]
    assert f"2 lần, gần nhất {NOW:%d/%m/%Y}" in html_of(page)


def test_staff_cannot_be_locked_as_customers(client: Client, admin: User) -> None:
    colleague = make_staff(Permission.MANAGE_ORDERS)

    response = client.post(f"{CUSTOMERS}{colleague.pk}/trang-thai/", {"state": "inactive", "reason": "Thử"})

    assert response.status_code == 404
    assert User.objects.get(pk=colleague.pk).is_active


def test_queries_do_not_grow_with_customers(
    client: Client, admin: User, django_assert_max_num_queries: Any
) -> None:
    make_customer()
    with django_assert_max_num_queries(30) as captured:
        client.get(CUSTOMERS)
    for number in range(5):
        customer = make_customer(email=f"hoa{number}@example.com", phone=f"+8491234568{number}")
        make_order((make_variant(), 1), user=customer)
    with django_assert_max_num_queries(len(captured)):
        client.get(CUSTOMERS)


@pytest.mark.parametrize("kind", ["access", "deletion"])
def test_request_made_by_phone_is_filed_at_the_desk(kind: str) -> None:
    person = make_user(email="khach@example.com")
    desk = Client()
    desk.force_login(make_staff(Permission.MANAGE_USERS))

    desk.post(f"/quan-tri/khach-hang/{person.pk}/yeu-cau/", {"kind": kind})

    row = DataRequest.objects.get()
    assert (row.kind, row.user, row.entry_point) == (kind, person, "desk")
    assert Notification.objects.filter(recipient="khach@example.com").exists()
