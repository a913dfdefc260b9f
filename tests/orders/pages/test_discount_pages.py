"""Pages where staff and managers of cooperatives create vouchers and promotions."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Promotion
from cooperatives.models import Role
from orders.models import CostBearer, Voucher, VoucherCode, VoucherType
from shop.accounts.models import Group, GroupPermission
from shop.accounts.staff.permissions import Permission
from shop.core.dates.calendar import start_of_day
from tests.factories import (
    make_admin,
    make_category,
    make_channel,
    make_member,
    make_order,
    make_product,
    make_seller,
    make_user,
    make_voucher,
)
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
DESK, MEMBERS = "/en/quan-tri/uu-dai/", "/en/xa-vien/uu-dai/"
DAY = datetime.date(2026, 11, 25)
VOUCHER = {
    "code": "tết 2027",
    "name": "Tết",
    "value_type": "percentage",
    "value": "10",
    "starts": "25/11/2026",
    "ends": "30/11/2026",
    "type": VoucherType.ENTIRE_ORDER,
    "minimum_spent": "200.000",
    "usage_limit": "50",
    "apply_once_per_customer": "on",
}
PROMOTION = {
    "name": "Cuối vụ",
    "value_type": "fixed",
    "value": "20.000 ₫",
    "starts": "25/11/2026",
    "ends": "",
    "confirmed": "None-20000-True",  # without an end, which the page asks about once
}


@pytest.fixture
def desk() -> Client:
    make_channel()
    client = Client()
    client.force_login(make_admin())
    return client


@pytest.fixture
def seller():
    return make_seller("HTX Thiên An")


@pytest.fixture
def manager(seller) -> Client:
    client = Client()
    client.force_login(make_member(seller, Role.MANAGER))
    return client


def page_of(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return re.sub(r"[ \n]+", " ", html_of(response))


@pytest.mark.parametrize("page", ["", "ma/moi/", "gia/moi/"])
def test_discount_pages_require_permission(seller, page) -> None:
    clients = {}
    for name, user in {
        "packer": make_member(seller, Role.PACKER),
        "staff": make_user(is_staff=True),
        "giver": make_user(is_staff=True),
    }.items():
        clients[name] = Client()
        clients[name].force_login(user)
        if name == "giver":
            group = Group.objects.create(name="Khuyến mãi", is_platform_wide=True)
            GroupPermission.objects.create(group=group, code=Permission.MANAGE_DISCOUNTS)
            group.users.add(user)

    assert [client.get(DESK + page).status_code for client in clients.values()] == [404, 404, 200]
    assert clients["packer"].get(MEMBERS + page).status_code == 403
    assert Client().get(DESK + page).status_code == Client().get(MEMBERS + page).status_code == 302


def test_staff_create_voucher_for_all_cooperatives(desk) -> None:
    response = desk.post(f"{DESK}ma/moi/", VOUCHER)

    voucher = Voucher.objects.get()
    assert response.url == f"{DESK}ma/{voucher.pk}/"
    assert (voucher.cooperative, voucher.bearer, voucher.usage_limit) == (None, CostBearer.PLATFORM, 50)
    assert (voucher.starts_at, voucher.ends_at) == (
        start_of_day(DAY),
        start_of_day(datetime.date(2026, 12, 1)),
    )
    assert voucher.apply_once_per_customer
    assert not voucher.single_use
    assert voucher.codes.get().code == "TẾT2027"
    value = voucher.values.get()
    assert (value.value, value.minimum_spent, value.currency) == (10, 200_000, "VND")
    page = page_of(desk, response.url)
    assert 'value="30/11/2026"' in page
    assert "TẾT2027" in page


def test_staff_create_voucher_borne_by_cooperative(desk, seller) -> None:
    product = make_product(seller)
    form = VOUCHER | {
        "bearer": "cooperative",
        "type": VoucherType.SPECIFIC_PRODUCT,
        "products": [product.pk],
    }

    desk.post(f"{DESK}ma/moi/?htx={seller.slug}", form)

    voucher = Voucher.objects.get()
    assert (voucher.cooperative, voucher.bearer) == (seller, CostBearer.COOPERATIVE)
    assert list(voucher.products.all()) == [product]


@pytest.mark.parametrize(
    ("invalid", "message"),
    [
        ({"code": "a"}, "Enter a code of 3 to 50 letters, digits or hyphens, such as TET2027."),
        ({"code": "CHAO10"}, "This code already exists"),
        ({"value": "101"}, "Enter 100 percent or less."),
        ({"value": ""}, "Enter the discount value."),
        ({"ends": "24/11/2026"}, "The end must not be before the start."),
        ({"starts": "31/02/2026"}, "Enter the date as 24/11/2026."),
        ({"type": VoucherType.SPECIFIC_PRODUCT}, "Choose the products or categories for this voucher."),
    ],
)
def test_invalid_voucher_shows_error_and_saves_nothing(desk, invalid, message) -> None:
    make_voucher("CHAO10")
    before = all_rows()

    page = desk.post(f"{DESK}ma/moi/", VOUCHER | invalid)

    assert message in html_of(page)
    assert 'value="Tết"' in html_of(page)
    assert all_rows() == before


def test_voucher_can_be_edited_extended_with_codes_and_ended(desk) -> None:
    voucher = make_voucher()
    address = f"{DESK}ma/{voucher.pk}/"

    desk.post(address, VOUCHER | {"value": "25", "usage_limit": ""})
    desk.post(f"{address}them/", {"count": "200"})
    export = desk.get(f"{address}ma.csv")
    desk.post(f"{address}ngung/")

    voucher.refresh_from_db()
    assert (voucher.name, voucher.values.get().value, voucher.usage_limit) == ("Tết", 25, None)
    assert VoucherCode.objects.filter(voucher=voucher).count() == 201
    rows = export.content.decode("utf-8-sig").splitlines()
    assert (export["Content-Type"], len(rows), rows[1]) == ("text/csv; charset=utf-8", 202, "CHAO10,0")
    assert voucher.ends_at <= timezone.now()
    assert "It ended on" in page_of(desk, address)


@pytest.mark.parametrize("count", ["0", "1001", "many", ""])
def test_invalid_number_of_codes_creates_none(desk, count) -> None:
    voucher = make_voucher()

    desk.post(f"{DESK}ma/{voucher.pk}/them/", {"count": count})

    assert VoucherCode.objects.count() == 1


def test_manager_creates_voucher_borne_by_cooperative(manager, seller) -> None:
    manager.post(f"{MEMBERS}ma/moi/", VOUCHER | {"bearer": "platform", "only_for_staff": "on"})

    voucher = Voucher.objects.get()
    assert voucher.cooperative == seller
    assert voucher.bearer == CostBearer.COOPERATIVE
    assert not voucher.only_for_staff
    assert "Tết" in page_of(manager, MEMBERS)


def test_manager_creates_edits_and_ends_promotion(manager, seller) -> None:
    category = make_category()

    manager.post(f"{MEMBERS}gia/moi/", PROMOTION | {"categories": [category.pk]})

    promotion = Promotion.objects.get()
    assert promotion.cooperative == seller
    assert not promotion.is_borne_by_platform
    assert (promotion.amount, promotion.percent, promotion.ends_at) == (20_000, None, None)
    assert list(promotion.categories.all()) == [category]
    address = f"{MEMBERS}gia/{promotion.pk}/"
    edited = {"value_type": "percentage", "value": "15", "confirmed": "15-None-True"}
    manager.post(address, PROMOTION | edited)
    manager.post(f"{address}ngung/")
    promotion.refresh_from_db()
    assert (promotion.amount, promotion.percent, promotion.categories.count()) == (None, 15, 0)
    assert promotion.ends_at <= timezone.now()


def test_foreign_discounts_and_products_are_missing(manager, desk) -> None:
    other = make_seller("HTX Tài Hoan")
    foreign = make_product(other)
    vouchers = [make_voucher("A11"), make_voucher("B11", cooperative=other, bearer=CostBearer.COOPERATIVE)]
    desk.post(f"{DESK}gia/moi/", PROMOTION)
    promotion = Promotion.objects.get()
    before = all_rows()

    for address in (*[f"ma/{voucher.pk}/" for voucher in vouchers], f"gia/{promotion.pk}/", "ma/99/"):
        assert manager.get(MEMBERS + address).status_code == 404
        assert manager.post(MEMBERS + address, VOUCHER).status_code == 404
        assert manager.post(f"{MEMBERS}{address}ngung/").status_code == 404
    assert manager.get(f"{MEMBERS}ma/{vouchers[0].pk}/ma.csv").status_code == 404
    assert manager.post(f"{MEMBERS}ma/{vouchers[0].pk}/them/", {"count": "5"}).status_code == 404
    response = manager.post(f"{MEMBERS}gia/moi/", PROMOTION | {"products": [foreign.pk]})
    assert "is not one of the available choices" in html_of(response)
    after = all_rows()
    assert {table for table in after if after[table] != before.get(table)} <= {"sessions.Session"}


def test_voucher_page_lists_uses_with_orders(desk, manager, seller) -> None:
    voucher = make_voucher(cooperative=seller, bearer=CostBearer.COOPERATIVE)
    order = make_order()
    voucher.codes.get().uses.create(order=order, used_at=timezone.now())

    assert f'href="/en/quan-tri/don-hang/{order.pk}/"' in page_of(desk, f"{DESK}ma/{voucher.pk}/")
    assert order.code in page_of(manager, f"{MEMBERS}ma/{voucher.pk}/")


@pytest.mark.parametrize("tab", ["", "?xem=gia"])
def test_query_count_does_not_depend_on_length_of_list(desk, tab) -> None:
    counts = []
    for batch in range(2):
        for number in range(3):
            make_voucher(f"MA{batch}{number}", cooperative=make_seller())
            desk.post(f"{DESK}gia/moi/", PROMOTION)
        desk.get(DESK + tab)
        with CaptureQueriesContext(connection) as queries:
            page_of(desk, DESK + tab)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_unusual_promotion_is_asked_about_once_with_its_figures(manager, seller) -> None:
    make_product(seller, price=100_000)
    fields = PROMOTION | {"value_type": "percentage", "value": "99", "confirmed": ""}
    address = f"{MEMBERS}gia/moi/"

    question = manager.post(address, fields)
    rows_after_question = Promotion.objects.count()
    confirmation = question.context["form"].confirmation
    other_figures = manager.post(address, fields | {"value": "98", "confirmed": confirmation})
    manager.post(address, fields | {"confirmed": confirmation})

    page = html_of(question)
    assert "It takes 99\xa0% off every price it covers. It has no end date. " in page
    assert "Save again if that is right." in page
    assert "Yes, save it as entered" in page
    assert f'name="confirmed" value="{confirmation}"' in page
    assert (rows_after_question, other_figures.status_code) == (0, 200)
    assert Promotion.objects.get().percent == 99


def test_promotion_of_more_than_half_the_lowest_price_is_asked_about(manager, seller) -> None:
    make_product(seller, price=30_000)
    fields = PROMOTION | {"ends": "30/11/2026", "confirmed": ""}

    response = manager.post(f"{MEMBERS}gia/moi/", fields)
    manager.post(f"{MEMBERS}gia/moi/", fields | {"value": "15.000"})

    page = html_of(response).replace("\xa0", " ")
    assert "It takes 20,000 ₫ off, more than half (15,000 ₫) of the lowest amount it applies to." in page
    assert Promotion.objects.get().amount == 15_000


@pytest.mark.parametrize(
    ("fields", "is_asked"),
    [
        ({"value": "51"}, True),
        ({"value": "50"}, False),
        ({"ends": ""}, True),
        ({"value": "100", "type": VoucherType.SHIPPING}, False),
        ({"value_type": "fixed", "value": "100.001"}, True),
        ({"value_type": "fixed", "value": "100.000"}, False),
    ],
)
def test_unusual_voucher_is_asked_about_at_the_desk(desk, fields, is_asked) -> None:
    asked_response = desk.post(f"{DESK}ma/moi/", VOUCHER | fields)
    asked_form = asked_response.context["form"] if asked_response.context else None
    if asked_form is not None:
        desk.post(f"{DESK}ma/moi/", VOUCHER | fields | {"confirmed": asked_form.confirmation})

    assert bool(asked_form) == is_asked
    assert Voucher.objects.count() == 1


def test_unchanged_terms_are_not_asked_about_again(manager, seller) -> None:
    manager.post(f"{MEMBERS}gia/moi/", PROMOTION)
    promotion = Promotion.objects.get()

    manager.post(f"{MEMBERS}gia/{promotion.pk}/", PROMOTION | {"name": "Đầu vụ", "confirmed": ""})

    promotion.refresh_from_db()
    assert promotion.name == "Đầu vụ"


@pytest.mark.parametrize("entered", ["12,5", "12.5", "12,50 %"])
def test_a_percentage_with_decimals_is_kept_shown_and_saved_again(desk, manager, seller, entered) -> None:
    fields = PROMOTION | {"value_type": "percentage", "value": entered, "confirmed": "12.5-None-True"}
    fields["confirmed"] = f"{entered.replace(',', '.').removesuffix(' %')}-None-True"
    manager.post(f"{MEMBERS}gia/moi/", fields)
    desk.post(f"{DESK}ma/moi/", VOUCHER | {"value": entered})
    promotion, voucher = Promotion.objects.get(), Voucher.objects.get()

    for client, address in [(manager, f"{MEMBERS}gia/{promotion.pk}/"), (desk, f"{DESK}ma/{voucher.pk}/")]:
        form = client.get(address).context["form"]
        assert form["value"].value() == "12.5"
        client.post(address, {**fields, **VOUCHER, "value": form["value"].value()})

    promotion.refresh_from_db()
    assert (promotion.percent, voucher.values.get().value) == (Decimal("12.5"), Decimal("12.5"))
    assert "−12.5\xa0%" in html_of(manager.get(f"{MEMBERS}?xem=gia"))
    assert "−12.5\xa0%" in html_of(desk.get(DESK))
    assert "−12,5\xa0%" in html_of(desk.get(DESK.removeprefix("/en")))


def test_a_percentage_above_half_is_asked_about_with_its_decimals(manager, seller) -> None:
    fields = PROMOTION | {"ends": "30/11/2026", "value_type": "percentage", "confirmed": ""}

    question = manager.post(f"{MEMBERS}gia/moi/", fields | {"value": "50,25"})

    assert "It takes 50.25\xa0% off every price it covers." in html_of(question)
    assert Promotion.objects.count() == 0


@pytest.mark.parametrize("entered", ["20,5", "12.50"])
def test_an_amount_of_money_has_no_decimals(manager, seller, entered) -> None:
    response = manager.post(f"{MEMBERS}gia/moi/", PROMOTION | {"value": entered})

    assert "Enter a whole number, such as 12,000." in html_of(response)
    assert Promotion.objects.count() == 0
