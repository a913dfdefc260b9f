"""The desk's cash pages: holders and ages, remittances, carrier statements and permissions."""

from __future__ import annotations

import datetime
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import CashRemittance, Parcel, StatementImport, StatementRow
from orders.states import CodState
from shop.accounts.staff.permissions import Permission
from shop.reports.cash import CashAge, read_cash_by_holder
from shop.reports.report_files import BYTE_ORDER_MARK
from tests.factories import make_admin, make_cooperative, make_member, make_seller, make_staff
from tests.markup import html_of
from tests.orders.cash_on_delivery.cash_helpers import CARRIER, make_carrier_statement, make_delivered_parcel

pytestmark = pytest.mark.django_db
CASH = "/quan-tri/tien-mat/"
PAGES = ("", "kien/", "ban-giao/", "bang-ke/", "can-xem/")


@pytest.fixture
def cashier(client: Client) -> Client:
    """Return staff with only the payments permission."""
    user = make_staff(Permission.HANDLE_PAYMENTS)
    client.force_login(user)
    return client


def upload(client, content, carrier=CARRIER, name="doi-soat.csv"):
    return client.post(f"{CASH}bang-ke/", {"carrier": carrier, "file": SimpleUploadedFile(name, content)})


def aged(parcel, days):
    at = timezone.now() - datetime.timedelta(days=days)
    Parcel.objects.filter(pk=parcel.pk).update(cod_collected_at=at)
    return parcel


@pytest.mark.parametrize("page", PAGES)
def test_cash_needs_the_payments_permission(client: Client, page: str) -> None:
    client.force_login(make_member(make_cooperative()))
    member = client.get(CASH + page).status_code
    user = make_staff(Permission.MANAGE_ORDERS)
    client.force_login(user)

    assert (member, client.get(CASH + page).status_code) == (404, 404)


@pytest.mark.parametrize("page", PAGES)
def test_pages_open_on_an_empty_shop_and_with_cash(cashier: Client, page: str) -> None:
    empty = cashier.get(CASH + page)
    make_delivered_parcel(cash=True)

    assert (empty.status_code, cashier.get(CASH + page).status_code) == (200, 200)


def test_queries_do_not_grow_with_parcels(client: Client) -> None:
    client.force_login(make_admin())
    seller = make_seller()

    def add_rows():
        parcels = [make_delivered_parcel(cash=True, seller=seller), make_delivered_parcel(seller=seller)]
        content = make_carrier_statement([(parcels[1].tracking_number, 1000, 0)])
        upload(client, content, name=f"{parcels[0].pk}.csv")
        read = StatementImport.objects.order_by("-pk").first()
        client.post(f"{CASH}bang-ke/{read.pk}/nhan/")
        client.post(
            f"{CASH}ban-giao/?xe={CARRIER}",
            {"idempotency_key": uuid.uuid4(), "fee_bearer": "platform", "parcel": [parcels[0].pk]},
        )

    def count(page: str) -> int:
        with _counting() as captured_queries:
            client.get(CASH + page)
        return len(captured_queries)

    add_rows()
    client.get(CASH)
    baseline_queries = [count(page) for page in PAGES]
    add_rows()
    add_rows()

    assert [count(page) for page in PAGES] == baseline_queries


def _counting():
    return CaptureQueriesContext(connection)


def test_cash_is_aged_by_vietnamese_days_and_grouped_by_holder(cashier: Client) -> None:
    seller = make_seller("HTX Tài Hoan")
    days = {0: 100_000, 3: 110_000, 4: 120_000, 7: 130_000, 8: 140_000, 14: 150_000, 15: 160_000}
    for age, price in days.items():
        aged(make_delivered_parcel(price, cash=True, seller=seller), age)
    aged(make_delivered_parcel(170_000, cash=True, carrier="", seller=seller), 40)
    unreported = make_delivered_parcel(180_000, seller=seller)
    Parcel.objects.filter(pk=unreported.pk).update(delivered_at=timezone.now())
    today = timezone.localdate()

    (carrier,), (cooperative,) = read_cash_by_holder(today, "VND")

    assert carrier.by_age == {
        CashAge.NEW: 130_000 + 140_000 + 210_000,
        CashAge.WEEK: 150_000 + 160_000,
        CashAge.FORTNIGHT: 170_000 + 180_000,
        CashAge.OLD: 190_000,
    }
    assert (carrier.name, carrier.parcel_count, carrier.total) == (CARRIER, 8, 1_330_000)
    assert cooperative.name == "HTX Tài Hoan"
    assert cooperative.by_age == {CashAge.OLD: 200_000}
    assert cooperative.is_late
    page = html_of(cashier.get(CASH))
    assert "1.330.000" in page
    assert "200.000" in page


def test_figures_are_downloaded_as_csv_and_xlsx(cashier: Client) -> None:
    parcel = aged(make_delivered_parcel(cash=True), 0)

    csv_file = cashier.get(f"{CASH}?format=csv")
    parcels = html_of(cashier.get(f"{CASH}kien/?xe={CARRIER}&format=csv"))
    book = cashier.get(f"{CASH}kien/?format=xlsx")

    assert csv_file["Content-Disposition"] == 'attachment; filename="tien-mat.csv"'
    assert f"{CARRIER},230000,0,0,0,0,230000,1" in html_of(csv_file)
    assert csv_file.content.startswith(BYTE_ORDER_MARK.encode())
    assert html_of(csv_file).count(BYTE_ORDER_MARK) == 1
    assert f"{parcel.part.order.code}-1,{parcel.tracking_number},{CARRIER}" in parcels
    assert book.content.startswith(b"PK")


def test_chosen_cash_is_remitted_and_reconciled(cashier: Client) -> None:
    first, second = make_delivered_parcel(cash=True), make_delivered_parcel(cash=True)
    idempotency_key = uuid.uuid4()
    form_values = {
        "idempotency_key": idempotency_key,
        "fees": "22.000",
        "fee_bearer": "cooperative",
        "parcel": [first.pk],
    }

    for _ in range(2):
        response = cashier.post(f"{CASH}ban-giao/?xe={CARRIER}", form_values)
    remittance = CashRemittance.objects.get()
    invalid_receipt = cashier.post(
        f"{CASH}ban-giao/{remittance.pk}/da-nhan/",
        {"idempotency_key": uuid.uuid4(), "received": "200.000"},
        follow=True,
    )
    cashier.post(
        f"{CASH}ban-giao/{remittance.pk}/da-nhan/", {"idempotency_key": uuid.uuid4(), "received": "208.000"}
    )

    assert response.url == f"{CASH}ban-giao/{remittance.pk}/"
    assert (remittance.collected, remittance.fees, remittance.remitted, remittance.fee_bearer) == (
        230_000,
        22_000,
        208_000,
        "cooperative",
    )
    assert invalid_receipt.status_code == 200
    states = [Parcel.objects.get(pk=parcel.pk).cod_state for parcel in (first, second)]
    assert states == [CodState.RECONCILED, CodState.COLLECTED]


def test_unknown_parcels_are_not_remitted(cashier: Client) -> None:
    make_delivered_parcel(cash=True)
    form_values = {
        "idempotency_key": uuid.uuid4(),
        "fee_bearer": "platform",
        "parcel": ["x", "9" * 30, "9" * 5000],
    }

    response = cashier.post(f"{CASH}ban-giao/?xe={CARRIER}", form_values)

    assert response.status_code == 422
    assert "Chọn những kiện hàng đã nộp tiền." in str(response.context["form"].non_field_errors())
    assert CashRemittance.objects.count() == 0


def test_carriers_shortfall_is_listed_and_resolved(cashier: Client) -> None:
    parcel = make_delivered_parcel(cash=True)
    form_values = {"idempotency_key": uuid.uuid4(), "fee_bearer": "platform", "parcel": [parcel.pk]}
    page = cashier.post(f"{CASH}ban-giao/?xe={CARRIER}", form_values).url
    receipt = {"idempotency_key": uuid.uuid4(), "received": "200.000", "reason": "thiếu"}
    cashier.post(f"{page}da-nhan/", receipt)

    listed = html_of(cashier.get(f"{CASH}ban-giao/?xem=lech"))
    unsaid = cashier.post(f"{page}chenh-lech/", {"idempotency_key": uuid.uuid4(), "amount": "30.000"})
    resolution = {"idempotency_key": uuid.uuid4(), "amount": "30.000", "where": "bank", "reason": "chuyển bù"}
    cashier.post(f"{page}chenh-lech/", resolution)

    assert "?xem=lech" in html_of(cashier.get(f"{CASH}ban-giao/"))
    assert page in listed
    assert unsaid.status_code == 422
    assert CashRemittance.objects.get().resolved_difference == 30_000
    assert "chuyển bù" in html_of(cashier.get(page))
    assert page not in html_of(cashier.get(f"{CASH}ban-giao/?xem=lech"))


def test_remittance_without_parcels_or_with_another_carriers_is_refused(cashier: Client) -> None:
    parcel = make_delivered_parcel(cash=True)
    form_values = {"idempotency_key": uuid.uuid4(), "fee_bearer": "platform"}

    empty_response = cashier.post(f"{CASH}ban-giao/?xe={CARRIER}", form_values)
    with_other_carrier = cashier.post(f"{CASH}ban-giao/?xe=Viettel", form_values | {"parcel": [parcel.pk]})

    assert (empty_response.status_code, with_other_carrier.status_code, CashRemittance.objects.count()) == (
        422,
        422,
        0,
    )


def test_statement_columns_are_mapped_and_the_statement_is_imported(cashier: Client) -> None:
    parcel, shortfall_parcel = make_delivered_parcel(), make_delivered_parcel()
    content = make_carrier_statement(
        [(parcel.tracking_number, 230_000, 20_000), (shortfall_parcel.tracking_number, 200_000, 0)]
    )

    read = StatementImport.objects.get(pk=int(upload(cashier, content).url.split("/")[-2]))
    before = html_of(cashier.get(f"{CASH}bang-ke/{read.pk}/"))
    columns = {"tracking": "0", "parcel": "", "collected": "1", "fee": "2", "remitted": "3"}
    cashier.post(f"{CASH}bang-ke/{read.pk}/", columns | {"carrier": CARRIER, "fee_bearer": "platform"})
    cashier.post(f"{CASH}bang-ke/{read.pk}/nhan/")
    after = html_of(cashier.get(f"{CASH}bang-ke/{read.pk}/"))
    row = StatementRow.objects.problems().get()
    cashier.post(f"{CASH}dong/{row.pk}/", {"answer": "take"})

    assert f"{parcel.part.order.code}-1" in before
    assert re.findall(r'<th scope="row">(\d*)</th>', before) == ["3", "2", "1", "2", "3"]  # result, columns
    assert before.index("1 dòng nhập được, 1 dòng cần kiểm tra") < before.index("Đã nhận ra các cột")
    assert '<details class="panel"><summary>' in before
    assert all(f'<th scope="row">{number}</th>' in before.split("Đã nhận ra")[0] for number in (2, 3))
    assert "đơn vị vận chuyển giữ lại, chợ chịu" in before
    assert shortfall_parcel.tracking_number in after
    assert {Parcel.objects.get(pk=sent.pk).cod_state for sent in (parcel, shortfall_parcel)} == {
        CodState.REMITTED
    }
    assert CashRemittance.objects.get().remitted == 410_000


@pytest.mark.parametrize("back", ["problems", "statement"])
def test_a_wrong_parcel_code_stays_in_its_field_with_the_reason(cashier: Client, back: str) -> None:
    parcel, other = make_delivered_parcel(), make_delivered_parcel()
    content = make_carrier_statement([("LA-1", 230_000, 20_000), ("LA-2", 10_000, 0)])
    statement_page = upload(cashier, content).url
    cashier.post(f"{statement_page}nhan/")
    row, other_row = StatementRow.objects.problems().order_by("row_number")
    address, fields = f"{CASH}dong/{row.pk}/", {"answer": "take", "back": back}
    code = f"{parcel.part.order.code}-1"

    refused = cashier.post(address, fields | {"code": " sai-1 "})
    imported = cashier.post(address, fields | {"code": code.lower()}, follow=True)

    page = html_of(refused)
    assert refused.status_code == 422
    assert page.count('value=" sai-1 "') == page.count('aria-invalid="true"') == 1
    assert page.index(f'id="code-{row.pk}"') < page.index(" sai-1 ") < page.index(f'id="code-{other_row.pk}"')
    assert "Không có kiện thu hộ nào mang mã này." in page
    assert (row.state, StatementRow.objects.problems().get()) == ("problem", other_row)
    assert [str(message) for message in imported.context["messages"]] == [
        f"Đã nhập dòng 2 cho kiện {code}: thu hộ 230.000\u00a0₫, phí 20.000\u00a0₫."
    ]
    assert Parcel.objects.get(pk=other.pk).cod_state == CodState.EXPECTED


def test_order_with_excess_cash_is_on_the_home_page(client: Client) -> None:
    client.force_login(make_admin())
    parcel = make_delivered_parcel()
    read = upload(client, make_carrier_statement([(parcel.tracking_number, 250_000, 0)])).url
    client.post(f"{read}nhan/")
    before = html_of(client.get("/quan-tri/"))
    client.post(f"{CASH}dong/{StatementRow.objects.problems().get().pk}/", {"answer": "take"})

    page = html_of(client.get("/quan-tri/"))

    link = f"/quan-tri/don-hang/{parcel.part.order_id}/hoan-tien/"
    assert link not in before
    assert link in page


def test_cash_that_needs_attention_is_on_the_home_page(cashier: Client) -> None:
    old_parcel, statement_parcel, shortfall_parcel = (
        aged(make_delivered_parcel(cash=True), 15),
        make_delivered_parcel(cash=True),
        make_delivered_parcel(cash=True),
    )
    read = upload(cashier, make_carrier_statement([("LẠ-1", 90_000, 0)])).url
    cashier.post(f"{read}nhan/")
    pages = []
    for parcel, received in ((statement_parcel, None), (shortfall_parcel, "200.000")):
        form_values = {"idempotency_key": uuid.uuid4(), "fee_bearer": "platform", "parcel": [parcel.pk]}
        pages.append(cashier.post(f"{CASH}ban-giao/?xe={CARRIER}", form_values).url)
        if received:
            receipt = {"idempotency_key": uuid.uuid4(), "received": received, "reason": "thiếu"}
            cashier.post(f"{pages[-1]}da-nhan/", receipt)

    page = cashier.get("/quan-tri/")

    counts = {task.kind: task.count for task in page.context["waiting"] if task.count}
    assert counts == {
        "statement_row": 1,
        "remittance": 1,
        "remittance_difference": 1,
        "outstanding_cash": 1,
    }
    home_page = html_of(page)
    links = [*pages, f"{CASH}can-xem/", f"{CASH}kien/?xe=Giao+H%C3%A0ng+Nhanh&amp;tuoi=15"]
    assert [link for link in links if link not in home_page] == []
    assert f"<b>{old_parcel.cod_collected:,}".replace(",", ".") in home_page


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"PK\x03\x04nonsense", b"a,b\n" + b"x" * 5_000_001, b""]
)
def test_invalid_statement_file_is_refused(cashier: Client, content: bytes) -> None:
    response = upload(cashier, content)

    assert (response.status_code, StatementImport.objects.count()) == (422, 0)
    assert 'class="errors' in html_of(response)


def test_statement_without_required_columns_is_refused(cashier: Client) -> None:
    read = upload(cashier, "Tên;Tuổi\nLan;30\n".encode()).url

    page = cashier.get(read)
    refused = cashier.post(f"{read}nhan/", follow=True)

    assert page.status_code == 200
    assert "notice bad" in html_of(page)
    assert refused.status_code == 200
    assert not CashRemittance.objects.exists()


def test_unknown_rows_are_not_found(cashier: Client) -> None:
    for path in ("ban-giao/999/", "bang-ke/999/"):
        assert cashier.get(CASH + path).status_code == 404
    for path in ("ban-giao/999/da-nhan/", "bang-ke/999/nhan/", "dong/999/"):
        assert cashier.post(CASH + path).status_code == 404
    assert cashier.get(f"{CASH}kien/?htx=999").status_code == 404
