"""A user's address book: saving, editing, deleting, and choosing an address at checkout."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from shop.accounts.models import Address, User
from shop.core.models import Change
from tests.factories import HANOI, THAI_NGUYEN, make_divisions, make_user, make_variant
from tests.markup import html_of
from tests.orders.pages.test_checkout_page import add_to_basket, submit_checkout, text_of

pytestmark = pytest.mark.django_db

ADDRESS_BOOK = "/en/tai-khoan/dia-chi/"
FORM = {
    "name": "Trần Thị Mai",
    "phone": "0912 345 678",
    "province": THAI_NGUYEN,
    "commune": "01948",
    "street": "Thôn Nà Ít",
    "landmark": "cạnh trường",
}


@pytest.fixture
def person(client: Client) -> User:
    make_divisions()
    user = make_user(first_name="Hoa")
    client.force_login(user)
    return user


def save_address(client: Client, **fields: str) -> Address:
    response = client.post(f"{ADDRESS_BOOK}moi/", FORM | fields)
    assert response.headers["Location"] == ADDRESS_BOOK, text_of(response)
    return Address.objects.latest("pk")


def test_address_can_be_added_edited_made_default_and_deleted(client: Client, person: User) -> None:
    assert 'value="Hoa"' in html_of(client.get(f"{ADDRESS_BOOK}moi/"))  # the first address is their own
    first, second = save_address(client), save_address(client, street="Số 8", province=HANOI, commune="00613")
    assert 'value="Hoa"' not in html_of(client.get(f"{ADDRESS_BOOK}moi/"))
    person.refresh_from_db()
    assert person.default_shipping_address_id == first.pk
    assert (first.user_id, str(first), first.phone) == (
        *(person.pk, "Thôn Nà Ít, Xã Phủ Thông, Thái Nguyên"),
        "+84912345678",
    )

    client.post(f"{ADDRESS_BOOK}{second.pk}/mac-dinh/")
    Address.objects.filter(pk=first.pk).update(metadata={"erp": "7"}, company_name="HTX")
    client.post(f"{ADDRESS_BOOK}{first.pk}/", FORM | {"street": "Thôn Bản Chang"})

    person.refresh_from_db()
    first.refresh_from_db()
    assert person.default_shipping_address_id == second.pk
    assert (first.street_address_1, first.metadata, first.company_name) == (
        "Thôn Bản Chang",
        {"erp": "7"},
        "HTX",
    )
    listed = text_of(client.get(ADDRESS_BOOK))
    assert listed.index("Số 8") < listed.index("Thôn Bản Chang")

    client.post(f"{ADDRESS_BOOK}{second.pk}/xoa/")

    person.refresh_from_db()
    assert list(person.addresses.values_list("pk", flat=True)) == [first.pk]
    assert person.default_shipping_address_id is None
    actions = (
        Change.objects.filter(action__startswith="address.").order_by("pk").values_list("action", flat=True)
    )
    assert list(actions) == ["address.created", "address.created", "address.changed", "address.deleted"]


def test_missing_fields_show_errors_and_old_address_can_be_picked(client: Client, person: User) -> None:
    page = text_of(client.post(f"{ADDRESS_BOOK}moi/", {"name": "Mai"}))
    assert "Choose the commune or ward and its province." in page
    assert "Choose a commune or ward from the list." not in page

    form = {"name": "Mai", "phone": "0912345678", "old_address": "Thôn Nà Ít, xã Vi Hương"}
    suggestions = text_of(client.post(f"{ADDRESS_BOOK}moi/", form | {"reload": "1"}))
    picked = text_of(client.post(f"{ADDRESS_BOOK}moi/", form | {"pick": "01948"}))
    marked = text_of(client.post(f"{ADDRESS_BOOK}moi/", form | {"pick": "01948", "marked": ["phone"]}))

    assert 'name="pick" value="01948"' in suggestions
    assert "Choose the commune or ward and its province." not in suggestions
    assert 'value="01948" selected' in picked
    assert 'value="Thôn Nà Ít"' in picked
    assert 'value="01948" selected' in marked
    assert not Address.objects.filter(user=person).exists()


def test_address_is_missing_for_others_and_guest_must_sign_in(client: Client, person: User) -> None:
    address = save_address(client)
    client.force_login(make_user())

    for page in ("", "mac-dinh/", "xoa/"):
        assert client.post(f"{ADDRESS_BOOK}{address.pk}/{page}", FORM | {"street": "khác"}).status_code == 404
    client.logout()
    for page in ("", "moi/", f"{address.pk}/"):
        assert "/dang-nhap/" in client.get(ADDRESS_BOOK + page).headers["Location"]

    address.refresh_from_db()
    assert (address.street_address_1, address.user_id) == ("Thôn Nà Ít", person.pk)


def test_checkout_fills_in_chosen_address_and_order_copies_it(client: Client, person: User) -> None:
    save_address(client)  # the default, which the form already has
    other_address = save_address(client, name="Mẹ", street="Số 8", province=HANOI, commune="00613")
    add_to_basket(client, make_variant())
    opened = text_of(client.get("/en/dat-hang/"))
    assert 'value="Thôn Nà Ít"' in opened
    assert re.findall(r'name="use-address" value="(\d+)"', opened) == [str(other_address.pk)]

    chosen_text = text_of(submit_checkout(client, **{"use-address": str(other_address.pk)}))
    assert 'value="Mẹ"' in chosen_text
    assert 'value="Số 8"' in chosen_text
    assert 'value="00613" selected' in chosen_text
    submit_checkout(client, street="Số 9", keep_address="on")

    order = Order.objects.select_related("shipping_address").get()
    assert order.shipping_address.user_id is None
    streets = person.addresses.order_by("pk").values_list("street_address_1", flat=True)
    assert list(streets) == ["Thôn Nà Ít", "Số 8", "Số 9"]
    add_to_basket(client, make_variant())
    submit_checkout(client, street="Số 9", keep_address="on")
    assert person.addresses.count() == 3


def test_query_count_does_not_depend_on_number_of_addresses(client: Client, person: User) -> None:
    counts = []
    for _each in range(2):
        save_address(client)
        with CaptureQueriesContext(connection) as captured:
            client.get(ADDRESS_BOOK)
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_deleted_address_can_be_added_again_once(client: Client, person: User) -> None:
    first = save_address(client)
    save_address(client, street="Số 8", province=HANOI, commune="00613")
    client.post(f"{ADDRESS_BOOK}{first.pk}/", FORM | {"landmark": "Cạnh nhà văn hoá", "is_default": "on"})

    client.post(f"{ADDRESS_BOOK}{first.pk}/xoa/")
    html = html_of(client.get(ADDRESS_BOOK))
    assert "Address removed." in html
    assert "Add it again" not in html_of(client.get(ADDRESS_BOOK))

    notice = html.split("Address removed.")[1].split("</form>")[0]
    (action,) = re.findall(r'action="([^"]+)"', notice)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', notice))
    assert client.post(action, fields).status_code == 302
    person.refresh_from_db()
    added = Address.objects.get(pk=person.default_shipping_address_id)
    assert (added.pk != first.pk, str(added), added.phone, added.landmark) == (
        *(True, "Thôn Nà Ít, Xã Phủ Thông, Thái Nguyên", "+84912345678"),
        "Cạnh nhà văn hoá",
    )
