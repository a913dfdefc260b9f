"""Payouts at the desk: the bank's list, QR codes, and marking one or several as paid."""

from __future__ import annotations

import datetime
import io
import re
import uuid

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone

from orders.actions.payouts.bank_accounts import BankAccount, change_cooperative_account
from orders.models import LedgerPosting, Payout, PostingKind, Settlement
from orders.payments.vietqr import build_qr_text, qr_svg
from shop.core.actors import Actor, EntryPoint
from shop.core.dates.calendar import vietnam_date
from shop.core.models import ShopSettings
from shop.core.money import Money
from tests.factories import make_admin, make_cooperative, make_member
from tests.invariants import check_ledger
from tests.markup import html_of
from tests.orders.cash_on_delivery.cash_helpers import ACTOR_AND_NOW
from tests.orders.settlement.settlement_helpers import ACCOUNT, make_due_payout
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
PAGE = "/quan-tri/chi-tien/"
KEY = str(uuid.UUID(int=7))


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def messages_of(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_payout_list_has_one_row_per_transfer_and_accounts_as_text(desk: Client) -> None:
    first = make_due_payout(make_cooperative("HTX Thiên An", **ACCOUNT), 182_000)
    second = make_due_payout(make_cooperative("HTX Đồng Phúc", **ACCOUNT | {"bank_account": "0011"}), 70_000)
    make_due_payout(make_cooperative("HTX chưa có tài khoản"))

    response = desk.get(f"{PAGE}danh-sach.xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    column_names, *rows = sheet.iter_rows(values_only=True)
    assert [row[0] for row in rows] == [1, 2]
    assert [column_names, *sorted((row[1:] for row in rows), reverse=True)] == [
        (
            "STT",
            "Số tài khoản nhận",
            "Tên người nhận",
            "Ngân hàng",
            "Mã ngân hàng (NAPAS)",
            "Số tiền",
            "Nội dung chuyển khoản",
        ),
        ("8888000011", "HTX THIEN AN", "Agribank", "970405", 182_000, first.note),
        ("0011", "HTX THIEN AN", "Agribank", "970405", 70_000, second.note),
    ]
    assert first.note == f"CHO PHIEN QT{first.settlement_id}"


def test_payout_list_names_receivers_in_full(desk: Client) -> None:
    name = "HOP TAC XA NONG NGHIEP VA DUOC LIEU THIEN AN"
    make_due_payout(make_cooperative(**ACCOUNT | {"bank_holder": name}), 182_000)

    response = desk.get(f"{PAGE}danh-sach.xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    assert [row[2] for row in sheet.iter_rows(min_row=2, values_only=True)] == [name]


def test_payout_has_a_qr_code_with_its_exact_amount(desk: Client) -> None:
    payout = make_due_payout(make_cooperative(**ACCOUNT), 182_000)

    page = desk.get(f"{PAGE}{payout.pk}/")

    payload = build_qr_text(bank="970405", account="8888000011", amount=182_000, note=payout.note)
    assert page.context["code"] == qr_svg(payload, title="Mã QR để trả bằng ứng dụng ngân hàng")
    assert page.context["code"] in html_of(page)


def test_payout_is_marked_paid_once_with_its_reference(desk: Client) -> None:
    payout = make_due_payout(make_cooperative(**ACCOUNT))

    for _ in range(2):
        response = desk.post(
            f"{PAGE}{payout.pk}/da-chi/", {"idempotency_key": KEY, "reference": " FT26330 "}, follow=True
        )

    payout.refresh_from_db()
    assert (payout.state, payout.reference) == ("paid", "FT26330")
    assert LedgerPosting.objects.filter(kind=PostingKind.PAYOUT).count() == 1
    assert messages_of(response) == ["Đã ghi chi trả: 50.000\xa0₫ cho HTX Thiên An."]
    assert Settlement.objects.filter(state="paid").count() == 1


def test_several_payouts_are_marked_paid_with_their_own_or_a_common_reference(desk: Client) -> None:
    payouts = [make_due_payout(make_cooperative(name, **ACCOUNT)) for name in "ABC"]
    form = {
        "idempotency_key": KEY,
        "payout": [str(payouts[0].pk), str(payouts[1].pk), "no-uuid"],
        f"reference-{payouts[1].pk}": "FT2",
        "reference": "LO1",
    }

    response = desk.post(f"{PAGE}da-chi/", form, follow=True)
    repeated = desk.post(f"{PAGE}da-chi/", form, follow=True)

    references = dict(Payout.objects.values_list("pk", "reference"))
    assert [references[payout.pk] for payout in payouts] == ["LO1", "FT2", ""]
    assert messages_of(response) == messages_of(repeated)
    total, amount = "100.000\xa0₫", "50.000\xa0₫"
    assert messages_of(response) == [f"Đã ghi chi trả 2 khoản, {total}: {amount} cho A, {amount} cho B."]
    assert LedgerPosting.objects.filter(kind=PostingKind.PAYOUT).count() == 2
    check_ledger()


def test_payouts_are_checked_before_they_are_marked_as_paid(desk: Client) -> None:
    sent = make_due_payout(make_cooperative("HTX Cũ", **ACCOUNT), 70_000)
    desk.post(f"{PAGE}{sent.pk}/da-chi/", {"idempotency_key": KEY, "reference": "FT1"})
    payouts = [make_due_payout(make_cooperative(name, **ACCOUNT), 182_000) for name in ("HTX A", "HTX B")]
    form = {
        "idempotency_key": KEY,
        "payout": [payout.pk for payout in payouts],
        "reference": "FT1",
        "check": "1",
    }
    before = all_rows()

    listed = desk.post(f"{PAGE}da-chi/", form)
    single = desk.post(
        f"{PAGE}{payouts[0].pk}/da-chi/", {"idempotency_key": KEY, "reference": "FT9", "check": "1"}
    )

    assert all_rows() == before
    page = html_of(listed)
    assert "364.000\xa0₫ đã chuyển, ghi đã chi trả" in " ".join(page.split(" "))
    assert all(text in page for text in ("HTX A", "HTX B", "8888000011"))
    assert "Mã FT1 đã dùng ngày" in page
    assert "70.000\xa0₫" in page
    assert "182.000\xa0₫ đã chuyển, ghi đã chi trả" in html_of(single)
    assert "đã dùng ngày" not in html_of(single)
    fields = re.findall(r'name="((?:payout|idempotency_key|reference)[^"]*)"\s+value="([^"]*)"', page)
    desk.post(
        f"{PAGE}da-chi/", {name: [value for key, value in fields if key == name] for name, _v in fields}
    )
    assert set(Payout.objects.values_list("state", "reference")) == {("paid", "FT1")}


@pytest.mark.parametrize("is_alone", [True, False])
def test_reference_edited_after_the_check_is_checked_again(desk: Client, is_alone: bool) -> None:
    sent, due = (make_due_payout(make_cooperative(name, **ACCOUNT), 70_000) for name in ("HTX Cũ", "HTX A"))
    desk.post(f"{PAGE}{sent.pk}/da-chi/", {"idempotency_key": KEY, "reference": "FT1"})
    url = f"{PAGE}{due.pk}/da-chi/" if is_alone else f"{PAGE}da-chi/"
    field = "reference" if is_alone else f"reference-{due.pk}"
    form = {"idempotency_key": KEY, "payout": [due.pk]}
    checked = html_of(desk.post(url, form | {field: "FT8", "check": "1"}))
    edited_form = form | dict(re.findall(r'name="(checked-[^"]+)" value="([^"]+)"', checked)) | {field: "FT1"}
    before = all_rows()

    checked_again = html_of(desk.post(url, edited_form))

    assert all_rows() == before
    assert "Mã FT1 đã dùng ngày" not in checked
    assert "Mã FT1 đã dùng ngày" in checked_again
    desk.post(url, edited_form | dict(re.findall(r'name="(checked-[^"]+)" value="([^"]+)"', checked_again)))
    due.refresh_from_db()
    assert (due.state, due.reference) == ("paid", "FT1")


@pytest.mark.parametrize("reference", ["FT9", " FT8 "])
def test_unused_or_checked_reference_is_recorded_at_once(desk: Client, reference: str) -> None:
    payout = make_due_payout(make_cooperative(**ACCOUNT))
    form = {"idempotency_key": KEY, "reference": reference, f"checked-{payout.pk}": "FT8"}

    desk.post(f"{PAGE}{payout.pk}/da-chi/", form)

    payout.refresh_from_db()
    assert (payout.state, payout.reference) == ("paid", reference.strip())


def test_payout_marked_by_mistake_is_taken_back_with_a_reason(desk: Client) -> None:
    payout = make_due_payout(make_cooperative(**ACCOUNT))
    page = f"{PAGE}{payout.pk}/"
    desk.post(f"{page}da-chi/", {"idempotency_key": KEY, "reference": "FT1"})
    paid = html_of(desk.get(page))

    unexplained = desk.post(f"{page}hoan-tac/", {"reason": " "}, follow=True)
    state_then = Payout.objects.get().state
    response = desk.post(f"{page}hoan-tac/", {"reason": "Nhầm hợp tác xã"}, follow=True)

    assert f'action="{page}hoan-tac/"' in paid
    assert (len(messages_of(unexplained)), state_then) == (1, "paid")
    assert messages_of(response) == ["Đã rút lại: khoản này lại cần chi trả, và hợp tác xã đã được báo."]
    assert Payout.objects.get().state == "due"
    assert "Nhầm hợp tác xã" in html_of(response)
    assert "hoan-tac" not in html_of(response)


def test_paid_payout_is_not_marked_again(desk: Client) -> None:
    payout = make_due_payout(make_cooperative(**ACCOUNT))
    desk.post(f"{PAGE}{payout.pk}/da-chi/", {"idempotency_key": KEY, "reference": "FT1"}, follow=True)

    form = {"idempotency_key": str(uuid.uuid4()), "payout": [str(payout.pk)], "reference": "FT2"}
    response = desk.post(f"{PAGE}da-chi/", form, follow=True)

    assert messages_of(response) == ["Khoản này đã được chi trả."]
    assert Payout.objects.get().reference == "FT1"


def test_missing_reference_is_refused_before_the_check(desk: Client) -> None:
    named, unnamed = (
        make_due_payout(make_cooperative(name, **ACCOUNT), 182_000) for name in ("HTX A", "HTX B")
    )
    form = {
        "idempotency_key": KEY,
        "payout": [named.pk, unnamed.pk],
        f"reference-{named.pk}": "FT7",
        "reference": " ",
        "check": "1",
    }
    before = all_rows()

    response = desk.post(f"{PAGE}da-chi/", form)

    page = html_of(response)
    assert all_rows() == before
    assert response.status_code == 422
    assert "Nhập mã giao dịch ngân hàng cho mọi khoản đã chọn." in page
    assert page.count(" checked") == 2
    assert 'value="FT7"' in page
    assert f'value="{KEY}"' in page
    assert "không bắt buộc" not in page


def test_reference_of_an_unchosen_payout_and_a_missing_one_are_named_in_their_rows(desk: Client) -> None:
    chosen, unchosen = (
        make_due_payout(make_cooperative(name, **ACCOUNT), 182_000) for name in ("HTX A", "HTX B")
    )
    form = {"idempotency_key": KEY, "payout": [chosen.pk], f"reference-{unchosen.pk}": "FT8", "check": "1"}
    before = all_rows()

    response = desk.post(f"{PAGE}da-chi/", form)
    unchosen_only = desk.post(f"{PAGE}da-chi/", form | {"reference": "LO1"})

    page = html_of(response)
    assert all_rows() == before
    assert (response.status_code, unchosen_only.status_code) == (422, 422)
    assert f'id="error-{chosen.pk}">' in page
    assert "Nhập mã của khoản này." in page
    assert f'id="error-{unchosen.pk}">' in page
    assert "Bạn đã nhập mã nhưng chưa chọn khoản này." in page
    assert 'value="FT8"' in page
    assert "Nhập mã của khoản này." not in html_of(unchosen_only)
    assert 'value="LO1"' in html_of(unchosen_only)


def test_pending_change_of_the_account_is_named_wherever_the_payout_is(desk: Client) -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"needs_second_person_for_account_changes": True})
    cooperative = make_cooperative(**ACCOUNT)
    payout = make_due_payout(cooperative)
    actor = Actor.person(make_member(cooperative).pk, "Lò Thị Mai", EntryPoint.MEMBERS)
    other = make_due_payout(make_cooperative("HTX B", **ACCOUNT))
    change_cooperative_account(
        cooperative_id=cooperative.pk,
        account=BankAccount("970436", "00999", "KHAC"),
        actor=actor,
        now=timezone.now(),
    )
    form = {"idempotency_key": KEY, "payout": [payout.pk, other.pk], "reference": "LO1", "check": "1"}

    pages = [
        html_of(response)
        for response in (
            desk.get(PAGE),
            desk.get(f"{PAGE}{payout.pk}/"),
            desk.post(f"{PAGE}da-chi/", form),
        )
    ]
    of_other = html_of(desk.get(f"{PAGE}{other.pk}/"))

    link = 'href="/quan-tri/cho-nguoi-thu-hai/"'
    assert all(page.count(link) > of_other.count(link) for page in pages)
    assert "đang chờ đổi tài khoản" in pages[0]
    assert f"{cooperative.name} đã xin đổi sang tài khoản 00999, KHAC, Vietcombank" in pages[1]
    assert "00999" in pages[2]
    assert "00999" not in of_other


def test_total_counts_only_payouts_that_can_be_sent_now(desk: Client) -> None:
    make_due_payout(make_cooperative("HTX A", **ACCOUNT), 182_000)
    waiting = make_due_payout(make_cooperative("HTX B"), 70_000)

    response = desk.get(PAGE)

    assert response.context["totals"] == [Money(182_000, "VND")]
    assert "Có thể chi ngay" in html_of(response)
    assert f'value="{waiting.pk}"' not in html_of(response)


def test_settlement_payout_names_the_announced_day(desk: Client) -> None:
    settings = ShopSettings.objects.update_or_create(pk=1, defaults={"payout_weekday": 4})[0]
    make_due_payout(make_cooperative(**ACCOUNT))
    now = timezone.now()
    announced_day = settings.next_payout_day(vietnam_date(now))
    Payout.objects.update(created_at=now)
    in_time = html_of(desk.get(PAGE))
    closed_at = now - datetime.timedelta(days=14)
    Payout.objects.update(created_at=closed_at)

    late = html_of(desk.get(PAGE))
    (task,) = [task for task in desk.get("/quan-tri/").context["waiting"] if task.kind == "payout"]

    missed_day = settings.next_payout_day(vietnam_date(closed_at))
    assert f"hẹn chi trả thứ Sáu {announced_day:%d/%m}" in in_time
    assert "quá hẹn" not in in_time
    assert f"quá hẹn {missed_day:%d/%m}" in late
    assert f"ngày chi trả tới: thứ Sáu {announced_day:%d/%m}" in late
    assert "hẹn chi trả" not in late
    assert (task.is_urgent, [day for _payout, day in task.first_rows]) == (True, [missed_day])


@pytest.mark.parametrize("check", [{}, {"check": "1"}])
def test_payouts_need_a_selection_and_a_reference(desk: Client, check: dict[str, str]) -> None:
    payout = make_due_payout(make_cooperative(**ACCOUNT))
    form = {"idempotency_key": KEY, "reference": " ", **check}

    unselected = desk.post(f"{PAGE}da-chi/", form | {"reference": "FT1"}, follow=True)
    response = desk.post(f"{PAGE}da-chi/", form | {"payout": [str(payout.pk)]})

    assert len(messages_of(unselected)) == 1
    assert response.status_code == 422
    assert "Nhập mã giao dịch ngân hàng cho mọi khoản đã chọn." in html_of(response)
    assert Payout.objects.get().state == "due"


def test_payout_without_an_account_waits_until_one_is_named(desk: Client) -> None:
    cooperative = make_cooperative()
    payout = make_due_payout(cooperative)
    before = html_of(desk.get(PAGE))

    change_cooperative_account(
        cooperative_id=cooperative.pk, account=BankAccount("970405", "8888000011", "HTX"), **ACTOR_AND_NOW
    )

    after = html_of(desk.get(PAGE))
    assert "chờ số tài khoản" in before
    assert "danh-sach.xlsx" not in before
    assert "chờ số tài khoản" not in after
    assert "8888000011" in after
    assert payout.state == "due"


def test_changed_account_is_pointed_out_and_applied_on_request(desk: Client) -> None:
    cooperative = make_cooperative(**ACCOUNT)
    payout = make_due_payout(cooperative)
    change_cooperative_account(
        cooperative_id=cooperative.pk, account=BankAccount("970436", "0099", "KHAC"), **ACTOR_AND_NOW
    )

    page = html_of(desk.get(PAGE))
    desk.post(f"{PAGE}{payout.pk}/tai-khoan/", {"follow": "1"})

    payout.refresh_from_db()
    assert "đã khai báo tài khoản khác" in page
    assert (payout.bank_bin, payout.bank_account, payout.bank_holder) == ("970436", "0099", "KHAC")


def test_invalid_account_is_not_saved(desk: Client) -> None:
    payout = make_due_payout(make_cooperative())
    form = {"bank_bin": "970405", "bank_account": "12 34", "bank_holder": "Hoa"}

    response = desk.post(f"{PAGE}{payout.pk}/tai-khoan/", form)

    assert response.status_code == 422
    assert Payout.objects.get().bank_account == ""


def test_empty_tabs_say_what_is_missing(desk: Client) -> None:
    assert "Không có khoản nào cần chi trả" in html_of(desk.get(PAGE))
    assert "Chưa có khoản nào đã chi trả" in html_of(desk.get(f"{PAGE}?xem=xong"))


def test_unknown_payout_is_not_found(desk: Client) -> None:
    unknown = uuid.UUID(int=1)

    assert desk.get(f"{PAGE}{unknown}/").status_code == 404
    assert (
        desk.post(f"{PAGE}{unknown}/da-chi/", {"idempotency_key": KEY, "reference": "F"}).status_code == 404
    )


def test_queries_do_not_grow_with_payouts(desk: Client, django_assert_num_queries) -> None:
    make_due_payout(make_cooperative("A", **ACCOUNT))
    desk.get(PAGE)
    for name in "BCDE":
        make_due_payout(make_cooperative(name, **ACCOUNT))

    # The session, the user, the count, the payouts with their cooperatives, the second-person rule,
    # the announced payout day, pending changes of accounts and the shop's name.
    with django_assert_num_queries(8):
        desk.get(PAGE)


def test_payouts_in_two_currencies_are_not_added_up(desk: Client) -> None:
    payouts = [make_due_payout(make_cooperative(**ACCOUNT), amount) for amount in (182_000, 70_000)]
    Payout.objects.filter(pk=payouts[1].pk).update(currency="USD")
    fields = {"idempotency_key": KEY, "payout": [payout.pk for payout in payouts], "reference": "FT1"}

    listed = html_of(desk.get(PAGE))
    checked = html_of(desk.post(f"{PAGE}da-chi/", fields | {"check": "1"}))
    paid = desk.post(f"{PAGE}da-chi/", fields, follow=True)

    both = "700,00\u00a0USD + 182.000\u00a0₫"
    assert both in listed.split("<tfoot>")[1]
    assert both in checked.split("<tfoot>")[1]
    assert both in messages_of(paid)[0]
    assert both in html_of(desk.get(f"{PAGE}?xem=xong")).split("<tfoot>")[1]
