"""Several addresses of one person: kept, changed, chosen at the checkout."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from shop.accounts.models import Address, User
from shop.core.models import Change
from tests.factories import HANOI, THAI_NGUYEN, make_places, make_user, make_variant
from tests.orders.pages.test_checkout_page import put, send, text_of

pytestmark = pytest.mark.django_db

BOOK = "/en/tai-khoan/dia-chi/"
WRITTEN = {
    "name": "Trần Thị Mai",
    "phone": "0912 345 678",
    "province": THAI_NGUYEN,
    "commune": "01948",
    "street": "Thôn Nà Ít",
    "landmark": "cạnh trường",
}


@pytest.fixture
def person(client: Client) -> User:
    make_places()
    user = make_user(first_name="Hoa")
    client.force_login(user)
    return user


def keep(client: Client, **fields: str) -> Address:
    response = client.post(f"{BOOK}moi/", WRITTEN | fields)
    assert response.headers["Location"] == BOOK, text_of(response)
    return Address.objects.latest("pk")


def test_address_can_be_added_edited_made_default_and_deleted(client: Client, person: User) -> None:
    first, second = keep(client), keep(client, street="Số 8", province=HANOI, commune="00613")
    person.refresh_from_db()
    assert person.default_shipping_address_id == first.pk
    assert (first.user_id, str(first), first.phone) == (
        *(person.pk, "Thôn Nà Ít, Xã Phủ Thông, Thái Nguyên"),
        "+84912345678",
    )

    client.post(f"{BOOK}{second.pk}/mac-dinh/")
    Address.objects.filter(pk=first.pk).update(metadata={"erp": "7"}, company_name="HTX")
    client.post(f"{BOOK}{first.pk}/", WRITTEN | {"street": "Thôn Bản Chang"})

    person.refresh_from_db()
    first.refresh_from_db()
    assert person.default_shipping_address_id == second.pk
    assert (first.street_address_1, first.metadata, first.company_name) == (
        "Thôn Bản Chang",
        {"erp": "7"},
        "HTX",
    )
    listed = text_of(client.get(BOOK))
    assert listed.index("Số 8") < listed.index("Thôn Bản Chang")

    client.post(f"{BOOK}{second.pk}/xoa/")

    person.refresh_from_db()
    assert list(person.addresses.values_list("pk", flat=True)) == [first.pk]
    assert person.default_shipping_address_id is None
    whats = (
        Change.objects.filter(action__startswith="address.").order_by("pk").values_list("action", flat=True)
    )
    assert list(whats) == ["address.added", "address.added", "address.changed", "address.removed"]


def test_missing_fields_show_errors_and_old_address_can_be_picked(client: Client, person: User) -> None:
    page = text_of(client.post(f"{BOOK}moi/", {"name": "Mai"}))
    assert "Choose a province from the list." in page

    old = {"name": "Mai", "phone": "0912345678", "old_address": "Thôn Nà Ít, xã Vi Hương"}
    offered = text_of(client.post(f"{BOOK}moi/", old | {"reload": "1"}))
    picked = text_of(client.post(f"{BOOK}moi/", old | {"pick": "01948"}))

    assert 'name="pick" value="01948"' in offered
    assert "Choose a province from the list." not in offered
    assert 'value="01948" selected' in picked
    assert 'value="Thôn Nà Ít"' in picked
    assert not Address.objects.filter(user=person).exists()


def test_address_is_missing_for_others_and_guest_must_sign_in(client: Client, person: User) -> None:
    mine = keep(client)
    client.force_login(make_user())

    for page in ("", "mac-dinh/", "xoa/"):
        assert client.post(f"{BOOK}{mine.pk}/{page}", WRITTEN | {"street": "khác"}).status_code == 404
    client.logout()
    for page in ("", "moi/", f"{mine.pk}/"):
        assert "/dang-nhap/" in client.get(BOOK + page).headers["Location"]

    mine.refresh_from_db()
    assert (mine.street_address_1, mine.user_id) == ("Thôn Nà Ít", person.pk)


def test_checkout_fills_in_chosen_address_and_order_copies_it(client: Client, person: User) -> None:
    usual, other = keep(client), keep(client, name="Mẹ", street="Số 8", province=HANOI, commune="00613")
    put(client, make_variant())
    opened = text_of(client.get("/en/dat-hang/"))
    assert 'value="Thôn Nà Ít"' in opened
    assert [int(key) for key in re.findall(r'name="use-address" value="(\d+)"', opened)] == [
        usual.pk,
        other.pk,
    ]

    chosen = text_of(send(client, **{"use-address": str(other.pk)}))
    assert 'value="Mẹ"' in chosen
    assert 'value="Số 8"' in chosen
    assert 'value="00613" selected' in chosen
    send(client, street="Số 9", keep_address="on")

    order = Order.objects.select_related("shipping_address").get()
    assert order.shipping_address.user_id is None
    streets = person.addresses.order_by("pk").values_list("street_address_1", flat=True)
    assert list(streets) == ["Thôn Nà Ít", "Số 8", "Số 9"]
    put(client, make_variant())
    send(client, street="Số 9", keep_address="on")
    assert person.addresses.count() == 3


def test_query_count_does_not_depend_on_number_of_addresses(client: Client, person: User) -> None:
    counts = []
    for _each in range(2):
        keep(client)
        with CaptureQueriesContext(connection) as asked:
            client.get(BOOK)
        counts.append(len(asked))

    assert counts[0] == counts[1]
