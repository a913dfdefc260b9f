"""The desk's pages of bank transfers: the review queue, suggestions, one-click settling and permissions."""

from __future__ import annotations

import html
import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cooperatives.models import DeliveryRate
from orders.actions.placement.order_sweeps import expire_order
from orders.models import BankTransfer, Order, Payment, Payout
from orders.payments.vietqr import build_qr_text, qr_svg
from orders.states import OrderStatus, PayoutState, TransferState
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.session_presence import SESSION_KEY
from shop.core.actors import Actor
from shop.core.dates.calendar import VIETNAM
from shop.core.models import Change
from tests.factories import fixed_now, make_cooperative, make_member, make_staff
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order, receive_transfer
from tests.refusals import all_rows

pytestmark = [pytest.mark.django_db, pytest.mark.both]
TRANSFERS = "/en/quan-tri/chuyen-khoan/"
RETURN_FORM = {
    "bank": "970405",
    "account": "0099 887 766",
    "holder": "Nguyễn Thị Hoa",
    "reason": "Chuyển hai lần",
}


@pytest.fixture
def cashier(client: Client) -> Client:
    """Return staff with only the payments permission."""
    client.force_login(make_staff(Permission.HANDLE_PAYMENTS, first_name="Thu"))
    return client


def make_transfer(note: str = "tien hang", amount: int = 120_000) -> BankTransfer:
    now = timezone.now()
    return receive_transfer(note, amount, booked_at=now, now=now)


def make_waiting_order(**fields) -> Order:
    return make_transfer_order(now=fixed_now(), **fields)


def page_text(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return text_of(response)


def text_of(response) -> str:
    return re.sub(r"[ \n]+", " ", html.unescape(re.sub(r"<[^>]+>", " ", html_of(response))))


def press(client: Client, label: str, path: str = TRANSFERS):
    """Submit the form of the button with this label."""
    page = html_of(client.get(path))
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        if label in html.unescape(re.sub(r"<[^>]+>", "", form)):
            action = re.search(r'action="([^"]+)"', form)[1]
            form_values: dict[str, list[str]] = {}
            for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
                form_values.setdefault(name, []).append(value)
            return client.post(action, form_values, follow=True)
    raise AssertionError(f"no button says {label!r}")


@pytest.mark.parametrize("page", ["", "tat-ca/", "{pk}/"])
def test_transfers_need_the_payments_permission(client: Client, page: str) -> None:
    path = TRANSFERS + page.format(pk=make_transfer().pk)
    signed_out = client.get(path).status_code
    client.force_login(make_member(make_cooperative()))
    member = client.get(path).status_code
    client.force_login(make_staff(Permission.MANAGE_ORDERS))

    assert (signed_out, member, client.get(path).status_code) == (302, 404, 404)


@pytest.mark.parametrize("suffix", ["don", "go/1", "tra-lai", "da-tra", "gac-lai", "xem-lai"])
def test_staff_without_the_permission_decide_nothing(client: Client, suffix: str) -> None:
    order, transfer = make_waiting_order(), make_transfer()
    client.force_login(make_staff(Permission.MANAGE_ORDERS))
    before = all_rows()
    form_values = {"code": order.code, "amount": "120000", **RETURN_FORM}

    response = client.post(f"{TRANSFERS}{transfer.pk}/{suffix}/", form_values)

    assert response.status_code == 404
    assert all_rows() == before


def test_queue_shows_reasons_and_suggested_orders(cashier: Client) -> None:
    order = make_waiting_order()
    make_transfer(order.code, 100_000)
    make_transfer("tien hang", 55_000)

    page = page_text(cashier, TRANSFERS)

    assert "100,000\xa0₫ less than is due" in page
    assert "120,000 ₫ due · the note contains the order code, ordered within one day before" in page
    assert f"Apply to order {order.code}: 100,000\xa0₫ 20,000\xa0₫ will still be due." in page
    assert "55,000\xa0₫ no order code in the note" in page
    assert "No matching order found." in page


def test_matched_transfer_is_not_in_the_queue(cashier: Client) -> None:
    make_transfer(make_waiting_order().code)

    assert "All transfers are matched" in page_text(cashier, TRANSFERS)


def test_suggested_match_is_settled_with_one_click(cashier: Client) -> None:
    order = make_waiting_order()
    transfer = make_transfer(f"tien hang 0{order.phone[3:]}")

    response = press(cashier, f"Apply to order {order.code}: 120,000\xa0₫")

    assert response.redirect_chain == [(TRANSFERS, 302)]
    applied = f"Applied: 120,000\xa0₫ to order {order.code} of {order.buyer_name}. The buyer can see it."
    assert applied in text_of(response)
    transfer.refresh_from_db()
    order.refresh_from_db()
    assert (transfer.state, order.charged, order.amount_due) == (TransferState.ASSIGNED, 120_000, 0)
    assert order.confirmed_at is not None


def test_surplus_stays_for_review(cashier: Client) -> None:
    order = make_waiting_order()
    transfer = make_transfer(order.code, 150_000)

    response = press(cashier, f"Apply to order {order.code}: 120,000\xa0₫")

    assert "150,000\xa0₫ remaining: 30,000\xa0₫" in text_of(response)
    transfer.refresh_from_db()
    assert transfer.state == TransferState.REVIEW


def test_transfer_of_a_day_without_a_time_shows_no_midnight(cashier: Client) -> None:
    transfer = make_transfer()
    shown_before = page_text(cashier, f"{TRANSFERS}{transfer.pk}/")
    BankTransfer.objects.update(has_time=False)

    pages = [page_text(cashier, f"{TRANSFERS}{path}") for path in ("", "tat-ca/", f"{transfer.pk}/")]

    booked_at = transfer.booked_at.astimezone(VIETNAM)
    hour, day = f"{booked_at:%H:%M}", f"{booked_at.day} {booked_at:%b %Y}"
    assert f"{hour}, {day}" in shown_before
    assert all(day in page for page in pages)
    assert not any(f"{hour} {day}" in page or f"{hour}, {day} · SePay" in page for page in pages)


def test_matched_transfer_is_taken_off_its_order_with_a_reason(cashier: Client) -> None:
    order = make_waiting_order()
    transfer = make_transfer(order.code)
    path = f"{TRANSFERS}{transfer.pk}/"
    share = transfer.shares.get()
    before = all_rows()

    page = page_text(cashier, path)
    without_reason = cashier.post(f"{path}go/{share.pk}/", {"reason": ""}, follow=True)
    unchanged = all_rows()
    response = cashier.post(f"{path}go/{share.pk}/", {"reason": "Nhầm đơn"}, follow=True)

    assert f"Take it off order {order.code}" in page
    assert "The order then owes 120,000\xa0₫ again." in page
    assert "Enter a reason" in text_of(without_reason)
    assert unchanged == before
    assert "Taken off the order, which owes this amount again." in text_of(response)
    assert "Taken off its order" in text_of(response)
    assert f"Take it off order {order.code}" not in text_of(response)
    transfer.refresh_from_db()
    order.refresh_from_db()
    assert (transfer.state, order.amount_due) == (TransferState.REVIEW, 120_000)


def test_transfer_for_two_orders_is_split_with_one_click(cashier: Client) -> None:
    first_order, second_order = make_waiting_order(), make_waiting_order(price=50_000)
    transfer = make_transfer(f"{first_order.code} {second_order.code}", 250_000)

    press(cashier, "Split this way")

    transfer.refresh_from_db()
    assert transfer.state == TransferState.ASSIGNED
    assert list(Order.objects.order_by("number").values_list("charged", flat=True)) == [120_000, 130_000]


def test_split_is_entered_by_hand(cashier: Client) -> None:
    first_order, second_order = make_waiting_order(), make_waiting_order(price=50_000)
    transfer = make_transfer(first_order.code, 250_000)
    rows = {
        "code": [first_order.code.lower(), f" {second_order.code[:4]}-{second_order.code[4:]} ", ""],
        "amount": ["120.000", "130000 ₫", ""],
    }

    review = text_of(cashier.post(f"{TRANSFERS}{transfer.pk}/don/", rows))
    transfer.refresh_from_db()
    unreviewed_state = transfer.state
    cashier.post(f"{TRANSFERS}{transfer.pk}/don/", rows | {"reviewed": "1"})

    transfer.refresh_from_db()
    assert (unreviewed_state, transfer.state) == (TransferState.REVIEW, TransferState.ASSIGNED)
    name = first_order.buyer_name
    assert f"{first_order.code} {name}, 120,000\xa0₫ due {second_order.code}" in review
    assert f"{second_order.code} {name}, 130,000\xa0₫ due · Check again" in review
    assert f"Apply 250,000\xa0₫ to {first_order.code}, {second_order.code}" in review


@pytest.mark.parametrize(
    ("code", "amount", "expected"),
    [
        ("", "120000", "Choose the order and enter the amount"),
        ("TXXXXXX", "120000", "No order has the code TXXXXXX."),
        ("{code}", "", "Enter each order once"),
        ("{code}", "12,5", "Enter each order once"),
        ("{code}", "0", "Choose the order and enter the amount"),
        ("{code}", "-5", "Choose the order and enter the amount"),
        ("{code}", "120001", "That is more than the amount left of this transfer."),
        (["{code}", "{code}"], ["60000", "60000"], "Enter each order once"),
    ],
)
def test_invalid_split_is_refused(cashier: Client, code, amount, expected: str) -> None:
    order, transfer = make_waiting_order(), make_transfer()
    codes = [text.format(code=order.code) for text in ([code] if isinstance(code, str) else code)]
    before = all_rows()

    response = cashier.post(f"{TRANSFERS}{transfer.pk}/don/", {"code": codes, "amount": amount}, follow=True)

    assert expected in text_of(response)
    assert all_rows() == before


def test_order_without_a_code_in_the_note_is_found_by_amount_or_search(cashier: Client) -> None:
    same_amount = make_waiting_order()
    Order.objects.filter(pk=same_amount.pk).update(buyer_name="Trần Văn Bình", folded_name="tran van binh")
    paid = make_waiting_order()
    Payment.objects.filter(order=paid).update(method="cod")
    transfer = make_transfer("tien hang", 120_000)
    path = f"{TRANSFERS}{transfer.pk}/"
    other = make_transfer("tien hang", 77_000)

    by_name = page_text(cashier, f"{path}?q=binh tran")
    by_amount = page_text(cashier, f"{TRANSFERS}{other.pk}/?q=120.000")
    nothing = page_text(cashier, f"{path}?q=khong co ai")
    unsearched = page_text(cashier, f"{TRANSFERS}{other.pk}/")

    assert "Which order is the 120,000\xa0₫ for?" in by_name
    assert f"Apply to order {same_amount.code}: 120,000\xa0₫" in by_name
    assert f"Apply to order {same_amount.code}: 77,000\xa0₫ 43,000\xa0₫ will still be due." in by_amount
    assert "other name 43,000\xa0₫ too little" in by_amount
    assert {order.code for order in (same_amount, paid)} == {
        code for code in (same_amount.code, paid.code) if f"{code} ·" in by_amount
    }
    assert "No order found." in nothing
    assert "Orders of 77,000\xa0₫ in the last 90 days None." in unsearched
    assert "Find the order" in page_text(cashier, TRANSFERS)


def test_orders_of_the_same_amount_are_listed_before_any_search(cashier: Client) -> None:
    order = make_waiting_order()
    Payment.objects.filter(order=order).update(method="cod")
    transfer = make_transfer("tien hang", 120_000)

    review = press(cashier, f"Apply to order {order.code}", f"{TRANSFERS}{transfer.pk}/")
    transfer.refresh_from_db()
    state = transfer.state
    form = dict(review.context["fields"]) | {"reviewed": "1"}
    matched = cashier.post(f"{TRANSFERS}{transfer.pk}/don/", form, follow=True)

    assert state == TransferState.REVIEW
    names_neither = f"names neither the code of order {order.code} nor its buyer, {order.buyer_name}."
    assert names_neither in text_of(review)
    assert f"{TRANSFERS}{transfer.pk}/#take-off" in html_of(cashier.get(TRANSFERS))
    assert f"{TRANSFERS}{transfer.pk}/#take-off" in html_of(cashier.get(f"{TRANSFERS}tat-ca/"))
    assert f"{order.code} {order.buyer_name}, 120,000\xa0₫ due" in text_of(review)
    assert "Applied: 120,000\xa0₫ to order" in text_of(matched)
    transfer.refresh_from_db()
    assert transfer.state == TransferState.ASSIGNED


def test_expired_order_is_replaced_with_one_click(cashier: Client) -> None:
    order = make_waiting_order()
    Payment.objects.update(expires_at=timezone.now() - timezone.timedelta(minutes=1))
    expire_order(order_id=order.pk, actor=Actor.system("test"), now=timezone.now())
    make_transfer(order.code)

    review = press(cashier, "Place order again and pay")
    assert not Order.objects.exclude(pk=order.pk).exists()
    address = review.request["PATH_INFO"]
    form = dict(review.context["fields"]) | {"reviewed": "1"}
    response = cashier.post(address, form, follow=True)

    assert "Order placed again and paid." in text_of(response)
    replacement = Order.objects.exclude(pk=order.pk).get()
    assert (replacement.charged, replacement.amount_due) == (120_000, 0)
    order.refresh_from_db()
    assert order.status == OrderStatus.EXPIRED


def test_replacement_that_costs_more_is_reviewed_with_its_difference(cashier: Client) -> None:
    order = make_waiting_order()
    Payment.objects.update(expires_at=timezone.now() - timezone.timedelta(minutes=1))
    expire_order(order_id=order.pk, actor=Actor.system("test"), now=timezone.now())
    make_transfer(order.code)
    outdated = press(cashier, "Place order again and pay")
    DeliveryRate.objects.update(price=50_000)
    before = all_rows()

    address = outdated.request["PATH_INFO"]
    review = cashier.post(address, dict(outdated.context["fields"]) | {"reviewed": "1"})
    unchanged = all_rows() == before
    done = cashier.post(address, dict(review.context["fields"]) | {"reviewed": "1"}, follow=True)

    assert unchanged
    assert "Costs now 140,000\u00a0₫ Still missing 20,000\u00a0₫" in text_of(review)
    assert "Place order again and ask for 20,000\u00a0₫" in text_of(review)
    replacement = Order.objects.exclude(pk=order.pk).get()
    assert (
        f"Order {replacement.code} placed. The buyer has been asked for the remaining 20,000\u00a0₫."
        in text_of(done)
    )
    assert (replacement.charged, replacement.amount_due) == (120_000, 20_000)


@pytest.mark.parametrize("action", ["don/", "dat-lai/{order}/"])
def test_matching_needs_a_recent_sign_in(cashier: Client, action: str) -> None:
    order, transfer = make_waiting_order(), make_transfer()
    session = cashier.session
    session[SESSION_KEY] = (timezone.now() - timezone.timedelta(hours=1)).isoformat()
    session.save()
    before = all_rows()

    response = cashier.post(
        f"{TRANSFERS}{transfer.pk}/{action.format(order=order.pk)}",
        {"code": order.code, "amount": "120000", "reviewed": "1"},
    )

    assert "Verify your identity" in text_of(response)
    assert all_rows() == before


def test_transfer_is_returned_and_every_step_recorded(cashier: Client) -> None:
    transfer = make_transfer()
    path = f"{TRANSFERS}{transfer.pk}/"

    review = cashier.post(f"{path}tra-lai/", RETURN_FORM)
    assert not Payout.objects.exists()
    assert "Agribank" in text_of(review)
    stale = cashier.post(f"{path}tra-lai/", RETURN_FORM | {"reviewed": "1", "shown": "20000"})
    assert not Payout.objects.exists()
    assert "This has changed in the meantime. Check it again." in text_of(stale)
    assert "Return 120,000\xa0₫?" in text_of(stale)
    cashier.post(f"{path}tra-lai/", dict(stale.context["fields"]) | {"reviewed": "1"})

    payout = Payout.objects.get()
    assert (payout.amount, payout.bank_bin, payout.bank_account) == (120_000, "970405", "0099887766")
    page = html_of(cashier.get(path))
    payload = build_qr_text(bank="970405", account="0099887766", amount=120_000, note=payout.note)
    assert qr_svg(payload, title="VietQR code to return the money") in page
    assert "To return: 120,000\xa0₫" in page

    cashier.post(f"{path}da-tra/", {"reference": "FT777"})

    payout.refresh_from_db()
    assert (payout.state, payout.reference) == (PayoutState.PAID, "FT777")
    text = page_text(cashier, path)
    assert "Returned: 120,000\xa0₫" in text
    assert "FT777" in text
    assert "Bank transfer to be returned Amount: 120,000\xa0₫ Chuyển hai lần Thu" in text
    done = Change.objects.filter(action__in=["transfer.return_requested", "transfer.returned"])
    assert {change.entry_point for change in done} == {"desk"}


@pytest.mark.parametrize(
    "invalid", [{"bank": ""}, {"bank": "123456"}, {"account": "1"}, {"holder": " "}, {"reason": ""}]
)
def test_return_needs_an_account_and_a_reason(cashier: Client, invalid: dict[str, str]) -> None:
    transfer = make_transfer()
    before = all_rows()

    response = cashier.post(f"{TRANSFERS}{transfer.pk}/tra-lai/", RETURN_FORM | invalid)

    assert response.status_code == 422
    assert all_rows() == before


def test_transfer_without_an_order_is_dismissed_and_reopened(cashier: Client) -> None:
    transfer = make_transfer()
    path = f"{TRANSFERS}{transfer.pk}/"

    refused = cashier.post(f"{path}gac-lai/", {"reason": " "}, follow=True)
    cashier.post(f"{path}gac-lai/", {"reason": "Lãi ngân hàng"})

    assert "reason" in text_of(refused).lower()
    transfer.refresh_from_db()
    assert transfer.state == TransferState.DISMISSED
    assert "Lãi ngân hàng" in page_text(cashier, path)

    cashier.post(f"{path}xem-lai/")

    transfer.refresh_from_db()
    assert transfer.state == TransferState.REVIEW


@pytest.mark.parametrize("suffix", ["", "don/", "tra-lai/", "da-tra/", "gac-lai/", "xem-lai/"])
def test_unknown_transfer_is_not_found(cashier: Client, suffix: str) -> None:
    form_values = {"code": make_waiting_order().code, "amount": "1", **RETURN_FORM}
    path = f"{TRANSFERS}{uuid.uuid4()}/{suffix}"

    response = cashier.post(path, form_values) if suffix else cashier.get(path)

    assert response.status_code == 404


def test_transfers_are_searched_by_note_reference_amount_order_and_state(cashier: Client) -> None:
    order = make_waiting_order()
    settled, doubtful = make_transfer(order.code), make_transfer("TIEN CAM ON", 55_000)

    def found_transfers(query: str) -> list[str]:
        page = html_of(cashier.get(f"{TRANSFERS}tat-ca/?{query}"))
        return re.findall(rf'{TRANSFERS}([0-9a-f-]{{36}})/"', page)

    both_transfers = [str(doubtful.pk), str(settled.pk)]
    assert found_transfers("") == both_transfers
    assert found_transfers("q=cam+on") == [str(doubtful.pk)]
    assert found_transfers("q=55.000") == [str(doubtful.pk)]
    assert found_transfers(f"q={settled.reference}") == [str(settled.pk)]
    assert found_transfers(f"q={order.code}") == [str(settled.pk)]
    assert found_transfers("state=assigned") == [str(settled.pk)]
    assert found_transfers("state=nonsense") == both_transfers
    assert found_transfers("q=khong+co") == []


def test_home_counts_transfers_to_review(cashier: Client) -> None:
    make_transfer("tien hang", 55_000)

    assert "Transfers to review 1" in page_text(cashier, "/en/quan-tri/")


def test_queries_do_not_grow_with_transfers(cashier: Client) -> None:
    order = make_waiting_order()
    make_transfer(order.code, 100_000)
    baseline_queries = [_count(cashier, page) for page in ("", "tat-ca/")]
    for _ in range(4):
        new_order = make_waiting_order()
        make_transfer(new_order.code, 90_000)
    make_transfer(make_waiting_order().code)

    assert [_count(cashier, page) for page in ("", "tat-ca/")] == baseline_queries


def test_queries_do_not_grow_with_transfers_for_orders_in_delivery(cashier: Client) -> None:
    make_transfer(make_waiting_order().code, 100_000)
    Order.objects.update(status=OrderStatus.ON_THE_WAY)
    baseline_queries = _count(cashier, "")
    for _ in range(3):
        make_transfer(make_waiting_order().code, 90_000)
    Order.objects.update(status=OrderStatus.ON_THE_WAY)

    assert _count(cashier, "") == baseline_queries
    assert page_text(cashier, TRANSFERS).count("Apply to order") == 4


def _count(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as captured_queries:
        client.get(TRANSFERS + page)
    return len(captured_queries)
