"""The members' pages of customers."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cooperatives.models import Role
from orders.models import CooperativeCustomer
from tests.factories import make_cooperative, make_member
from tests.markup import html_of
from tests.orders.customers.customer_factories import make_customer

pytestmark = pytest.mark.django_db
CUSTOMERS = "/xa-vien/khach/"
FORM = {"phone": "0987 654 321", "name": "Quán phở Bà Lan", "price_tier": "retail"}


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.MANAGER, 200),
        (Role.CASHIER, 200),
        (Role.BOOKKEEPER, 200),
        (Role.PACKER, 403),
        (Role.LISTER, 403),
    ],
)
def test_only_cash_roles_see_customers(client: Client, seller, role, status) -> None:
    customer = make_customer(cooperative=seller)
    client.force_login(make_member(seller, role))

    pages = (CUSTOMERS, f"{CUSTOMERS}moi/", f"{CUSTOMERS}{customer.pk}/")
    assert [client.get(page).status_code for page in pages] == [status] * 3


def test_only_managers_delete_customers(client: Client, seller) -> None:
    customer = make_customer(cooperative=seller)
    client.force_login(make_member(seller, Role.CASHIER))
    page = f"{CUSTOMERS}{customer.pk}/"

    assert f"{page}xoa/" not in html_of(client.get(page))
    assert client.post(f"{page}xoa/").status_code == 403
    assert CooperativeCustomer.objects.exists()

    client.force_login(make_member(seller))
    assert f"{page}xoa/" in html_of(client.get(page))
    assert client.post(f"{page}xoa/", follow=True).status_code == 200
    assert not CooperativeCustomer.objects.exists()


def test_customer_that_is_sent_twice_is_added_once(manager: Client, seller) -> None:
    form = FORM | {"idempotency_key": str(uuid.uuid4())}

    for _ in range(2):
        assert manager.post(f"{CUSTOMERS}moi/", form).status_code == 302

    assert seller.customers.get().phone == "+84987654321"


def test_taken_number_is_refused_beside_its_field_and_input_is_kept(manager: Client, seller) -> None:
    make_customer("Chị Hương", cooperative=seller, phone="0987654321")

    response = manager.post(f"{CUSTOMERS}moi/", FORM)

    assert response.context["form"].errors == {"phone": ["Chị Hương đã có số điện thoại này."]}
    assert 'value="Quán phở Bà Lan"' in html_of(response)
    assert seller.customers.count() == 1


def test_customer_is_edited(manager: Client, seller) -> None:
    customer = make_customer(cooperative=seller)

    manager.post(f"{CUSTOMERS}{customer.pk}/", FORM | {"name": "Bà Lan", "price_tier": "wholesale"})

    customer.refresh_from_db()
    assert (customer.name, customer.price_tier) == ("Bà Lan", "wholesale")
    assert "Giá sỉ" in html_of(manager.get(CUSTOMERS))


def test_customers_of_another_cooperative_are_missing(manager: Client, seller) -> None:
    foreign = make_customer("Chị Hương", cooperative=make_cooperative("HTX khác"))
    page = f"{CUSTOMERS}{foreign.pk}/"

    assert "Chị Hương" not in html_of(manager.get(CUSTOMERS))
    assert manager.get(page).status_code == 404
    assert manager.post(page, FORM).status_code == 404
    assert manager.post(f"{page}xoa/").status_code == 404
    assert CooperativeCustomer.objects.get().name == "Chị Hương"


def test_list_is_searched_and_takes_the_same_queries_for_more_customers(manager: Client, seller) -> None:
    make_customer(cooperative=seller)
    manager.get(CUSTOMERS)
    with CaptureQueriesContext(connection) as one:
        manager.get(CUSTOMERS)
    for name in ("Chị Hương", "Anh Phúc", "Bác Sơn"):
        make_customer(name, cooperative=seller)
    with CaptureQueriesContext(connection) as four:
        page = html_of(manager.get(CUSTOMERS))

    assert page.index("Anh Phúc") < page.index("Bác Sơn") < page.index("Chị Hương")
    assert len(four) == len(one)
    found = html_of(manager.get(CUSTOMERS, {"tim": "huong"}))
    assert "Chị Hương" in found
    assert "Anh Phúc" not in found
    assert "Không tìm thấy khách" in html_of(manager.get(CUSTOMERS, {"tim": "zalo"}))
