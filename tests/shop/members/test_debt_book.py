"""The members' pages of the debt book."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cooperatives.models import Role
from orders.models import CooperativeCustomer, DebtEntry
from shop.core.dates.calendar import vietnam_date
from tests.factories import make_cooperative, make_member
from tests.markup import html_of
from tests.orders.customers.customer_factories import make_customer, pay_debt, sell_on_account

pytestmark = pytest.mark.django_db
BOOK = "/xa-vien/so-no/"


@pytest.fixture
def customer(seller) -> CooperativeCustomer:
    return make_customer(cooperative=seller, phone="0987654321")


def page_of(customer: CooperativeCustomer, page: str = "") -> str:
    return f"{BOOK}{customer.pk}/{page}"


def text_of(response) -> str:
    return html_of(response).replace("\xa0", " ")


def today() -> str:
    return f"{vietnam_date(timezone.now()):%d/%m/%Y}"


@pytest.mark.parametrize(
    ("role", "status", "correcting"),
    [
        (Role.MANAGER, 200, 200),
        (Role.BOOKKEEPER, 200, 200),
        (Role.CASHIER, 200, 403),
        (Role.PACKER, 403, 403),
        (Role.LISTER, 403, 403),
    ],
)
def test_cash_roles_use_the_book_and_money_roles_correct_it(
    client: Client, seller, customer, role, status, correcting
) -> None:
    sell_on_account(customer, 480_000)
    client.force_login(make_member(seller, role))

    pages = (
        BOOK,
        page_of(customer),
        *(page_of(customer, page) for page in ("ghi-no/", "thu-tien/", "sao-ke/")),
    )
    assert [client.get(page).status_code for page in pages] == [status] * 5
    assert client.get(page_of(customer, "sua/")).status_code == correcting
    assert client.post(page_of(customer, "sua/"), {}).status_code == correcting


def test_book_shows_totals_ages_and_customers_oldest_first(manager: Client, seller, customer) -> None:
    huong = make_customer("Chị Hương", cooperative=seller)
    phuc = make_customer("Anh Phúc", cooperative=seller)
    sell_on_account(make_customer("Người lạ", cooperative=make_cooperative("HTX khác")), 7_000_000)
    now = timezone.now()
    for row, amount, age in ((customer, 840_000, 40), (huong, 360_000, 5), (phuc, 640_000, 95)):
        sell_on_account(row, amount, happened_on=vietnam_date(now) - datetime.timedelta(days=age), now=now)
    pay_debt(make_customer("Bác Sơn", cooperative=seller), 50_000)

    response = manager.get(BOOK)

    ageing = response.context["ageing"]
    assert (ageing.up_to_30, ageing.up_to_60, ageing.up_to_90, ageing.older) == (360_000, 840_000, 0, 640_000)
    assert [debtor.customer.name for debtor in response.context["debtors"]] == [
        "Anh Phúc",
        "Quán phở Bà Lan",
        "Chị Hương",
    ]
    page = text_of(response)
    assert "1.840.000 ₫" in page
    assert "Khách trả trước" in page
    assert "Bác Sơn" in page
    assert "Người lạ" not in page


def test_book_takes_the_same_queries_for_more_customers(manager: Client, seller, customer) -> None:
    sell_on_account(customer, 1000)
    manager.get(BOOK)
    with CaptureQueriesContext(connection) as one:
        manager.get(BOOK)
    for name in ("Chị Hương", "Anh Phúc"):
        sell_on_account(make_customer(name, cooperative=seller), 1000)
        pay_debt(make_customer(f"{name} trả trước", cooperative=seller), 1000)
    with CaptureQueriesContext(connection) as three:
        manager.get(BOOK)

    assert len(three) == len(one)


def test_sale_that_is_sent_twice_is_written_once(manager: Client, customer) -> None:
    form = {"amount": "480.000", "note": "Gừng 12 kg", "happened_on": today()}
    form["idempotency_key"] = str(uuid.uuid4())

    for _ in range(2):
        assert manager.post(page_of(customer, "ghi-no/"), form).status_code == 302

    entry = DebtEntry.objects.get()
    assert (entry.amount, entry.note) == (480_000, "Gừng 12 kg")
    assert "Gừng 12 kg" in text_of(manager.get(page_of(customer)))


def test_sale_at_the_limit_is_refused_and_input_is_kept(manager: Client, seller) -> None:
    customer = make_customer("Anh Phúc", cooperative=seller, credit_limit=500_000)
    sell_on_account(customer, 400_000)

    response = manager.post(
        page_of(customer, "ghi-no/"), {"amount": "100.001", "note": "Gừng", "happened_on": today()}
    )

    refusal = "Anh Phúc đang nợ 400.000 ₫, hạn mức là 500.000 ₫, nên chỉ ghi nợ thêm được 100.000 ₫."
    assert list(response.context["form"].errors) == ["amount"]
    assert refusal in text_of(response)
    assert 'value="Gừng"' in text_of(response)
    assert DebtEntry.objects.count() == 1


def test_payment_above_the_debt_is_asked_once_and_is_then_a_credit(manager: Client, customer) -> None:
    sell_on_account(customer, 300_000)
    form = {"amount": "500.000", "method": "cash", "happened_on": today(), "note": ""}

    asked = manager.post(page_of(customer, "thu-tien/"), form)
    token = asked.context["form"].confirmation
    manager.post(page_of(customer, "thu-tien/"), form | {"confirmed": token})

    assert "khách trả trước dư 200.000 ₫" in text_of(asked)
    page = text_of(manager.get(page_of(customer)))
    assert "khách trả trước, còn dư" in page
    assert "200.000 ₫" in page
    assert customer.debt_entries.balance() == -200_000


def test_correction_needs_a_reason_and_shows_it(manager: Client, customer) -> None:
    sell_on_account(customer, 480_000)
    form = {"direction": "less", "amount": "60.000", "reason": ""}

    assert "reason" in manager.post(page_of(customer, "sua/"), form).context["form"].errors
    manager.post(page_of(customer, "sua/"), form | {"reason": "Cân nhầm 1,5 kg"})

    assert customer.debt_entries.balance() == 420_000
    assert "Cân nhầm 1,5 kg" in text_of(manager.get(page_of(customer)))


def test_reminder_names_debt_oldest_day_and_bank_account(manager: Client, seller, customer) -> None:
    entry = sell_on_account(customer, 480_000, age=3)
    sell_on_account(customer, 20_000)
    without_account = manager.get(page_of(customer)).context["reminder"]
    seller.bank_bin, seller.bank_account, seller.bank_holder = "970405", "8501205012345", "HTX THIEN AN"
    seller.save()

    response = manager.get(f"/en{page_of(customer)}")

    balance = f"Kính gửi Quán phở Bà Lan. Tiền hàng ở {seller.name} còn 500.000 ₫"
    day = f"lâu nhất từ {entry.happened_on:%d/%m/%Y}"
    assert without_account.replace("\xa0", " ") == f"{balance}, {day}. Mời trả tại quầy. Xin cảm ơn!"
    assert "chuyển khoản Agribank 8501205012345, HTX THIEN AN." in response.context["reminder"]
    assert "https://zalo.me/84987654321" in text_of(response)


def test_statement_begins_with_what_was_owed_before(manager: Client, customer) -> None:
    first = sell_on_account(customer, 480_000, age=20)
    second = sell_on_account(customer, 100_000, age=10)
    pay_debt(customer, 200_000)

    days = {"tu": f"{second.happened_on:%d/%m/%Y}", "den": f"{second.happened_on:%d/%m/%Y}"}
    statement = manager.get(page_of(customer, "sao-ke/"), days).context["statement"]
    whole = manager.get(page_of(customer, "sao-ke/")).context["statement"]

    assert [entry.pk for entry in statement.entries] == [second.pk]
    assert (statement.opening_balance, statement.closing_balance) == (480_000, 580_000)
    assert [entry.running_balance for entry in whole.entries] == [480_000, 580_000, 380_000]
    assert (whole.opening_balance, whole.closing_balance) == (0, 380_000)
    assert first.amount == 480_000


def test_foreign_and_unknown_customers_are_missing(manager: Client) -> None:
    foreign = make_customer("Chị Hương", cooperative=make_cooperative("HTX khác"))

    for page in ("", "ghi-no/", "thu-tien/", "sua/", "sao-ke/"):
        assert manager.get(page_of(foreign, page)).status_code == 404


def test_payment_that_settles_a_forgotten_customer_leads_to_the_book(manager: Client, customer) -> None:
    sell_on_account(customer, 300_000)
    CooperativeCustomer.objects.update(erasure_requested_at=timezone.now())
    page = text_of(manager.get(page_of(customer)))
    form = {"amount": "300.000", "method": "transfer", "happened_on": today()}

    response = manager.post(page_of(customer, "thu-tien/"), form)

    assert "Khách đã yêu cầu xoá thông tin." in page
    assert response.headers["Location"] == BOOK
    assert manager.get(page_of(customer)).status_code == 404


def test_cashier_keeps_the_terms_that_a_manager_set(client: Client, seller) -> None:
    customer = make_customer(cooperative=seller, credit_limit=500_000, payment_days=30)
    client.force_login(make_member(seller, Role.CASHIER))
    form = {"phone": "0987654321", "name": "Bà Lan", "price_tier": "retail", "credit_limit": "9000000"}

    client.post(f"/xa-vien/khach/{customer.pk}/", form)
    customer.refresh_from_db()
    by_cashier = (customer.name, customer.credit_limit, customer.payment_days)
    client.force_login(make_member(seller))
    client.post(f"/xa-vien/khach/{customer.pk}/", form | {"credit_limit": "900.000", "payment_days": ""})
    customer.refresh_from_db()

    assert by_cashier == ("Bà Lan", 500_000, 30)
    assert (customer.credit_limit, customer.payment_days) == (900_000, None)
