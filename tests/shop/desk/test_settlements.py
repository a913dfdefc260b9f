"""Settlements at the desk: closing one or all, repeated closing, corrections and permissions."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from orders.actions.complaints.file_complaint import submit_complaint
from orders.actions.settlement.close_settlement import correct_balance
from orders.models import LedgerEntry, LedgerPosting, Payout, Settlement
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from tests.factories import NOW, make_admin, make_cooperative, make_member, make_seller, make_staff
from tests.invariants import check_ledger
from tests.markup import html_of
from tests.orders.cash_on_delivery.cash_helpers import ACTOR_AND_NOW
from tests.orders.settlement.settlement_helpers import (
    ACCOUNT,
    close_open_settlement,
    make_due_payout,
    make_open_settlement,
    make_sale,
)

pytestmark = pytest.mark.django_db
PAGE = "/quan-tri/quyet-toan/"
KEY = str(uuid.UUID(int=7))


@pytest.fixture
def cashier(client: Client) -> Client:
    """Return staff with only the payments permission."""
    user = make_staff(Permission.HANDLE_PAYMENTS)
    client.force_login(user)
    return client


def messages_text(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


@pytest.mark.parametrize("page", ["quyet-toan/", "chi-tien/", "so-cai/", "chi-tien/danh-sach.xlsx"])
def test_settlements_need_the_payments_permission(client: Client, page: str) -> None:
    client.force_login(make_member(make_cooperative()))
    member = client.get(f"/quan-tri/{page}").status_code
    user = make_staff(Permission.MANAGE_ORDERS)
    client.force_login(user)
    status_for_others = client.get(f"/quan-tri/{page}").status_code
    client.force_login(make_admin())

    assert (member, status_for_others, client.get(f"/quan-tri/{page}").status_code) == (404, 404, 200)


def test_open_figures_are_shown_per_cooperative(cashier: Client) -> None:
    seller = make_seller("HTX Thiên An")
    make_sale(seller, refunded_amount=40_000)

    page = cashier.get(PAGE)

    [(row, figures, is_booked, amounts)] = page.context["rows"]
    assert row.cooperative == seller
    assert figures.goods == 200_000
    assert figures.refunds == 40_000
    assert figures.payable == 182_000
    assert is_booked
    assert {str(name): amount for name, amount in amounts if amount} == {
        "Tiền hàng": 200_000,
        "Phí giao hàng": 30_000,
        "Hoàn tiền": -40_000,
        "Phí sàn": -8_000,
    }
    assert html_of(page).count(">182.000<") == 2  # in its row and as the total
    assert "Số tiền tính bằng VND." in html_of(page)


def test_chosen_periods_are_closed_and_others_stay_open(cashier: Client) -> None:
    first, second = (
        make_open_settlement(make_cooperative("A"), 50_000),
        make_open_settlement(make_cooperative("B"), 70_000),
    )

    response = cashier.post(f"{PAGE}chot/", {"idempotency_key": KEY, "settlement": [first.pk]}, follow=True)

    assert "Đã chốt 1 kỳ." in messages_text(response)
    states = dict(Settlement.objects.filter(number=1).values_list("pk", "state"))
    assert states == {first.pk: "closed", second.pk: "open"}


def test_close_all_skips_empty_periods(cashier: Client) -> None:
    for name in "ABC":
        make_open_settlement(make_cooperative(name))
    close_open_settlement(Settlement.objects.first().cooperative)

    listed = html_of(cashier.post(f"{PAGE}chot/", {"idempotency_key": KEY, "all": "1"}))
    closed_before = Settlement.objects.closed().count()
    chosen = re.findall(r'name="settlement" value="(\d+)"', listed)
    response = cashier.post(f"{PAGE}chot/", {"idempotency_key": KEY, "settlement": chosen}, follow=True)

    assert (closed_before, len(chosen), "Chốt 2 kỳ" in listed) == (1, 2, True)
    assert "Đã chốt 2 kỳ." in messages_text(response)
    assert Settlement.objects.closed().count() == 3
    assert Payout.objects.count() == 3
    check_ledger()


def test_periods_are_listed_with_their_amounts_before_they_are_closed(cashier: Client) -> None:
    positive = make_open_settlement(make_cooperative("A"), 50_000)
    negative = make_open_settlement(make_cooperative("B"), -5_000)
    form = {"idempotency_key": KEY, "settlement": [positive.pk, negative.pk], "check": "1"}

    page = html_of(cashier.post(f"{PAGE}chot/", form))
    opened = html_of(cashier.get(f"{PAGE}chot/"))

    assert "Chốt 2 kỳ, chi trả 50.000\xa0₫" in opened
    assert Settlement.objects.closed().count() == 0
    assert page.count("50.000\xa0₫") == 3  # in its row, as payments due and on the button
    assert page.count("−5.000\xa0₫") == 2
    assert "Trừ vào kỳ sau" in page


def test_repeated_close_closes_once(cashier: Client) -> None:
    settlement = make_open_settlement(make_cooperative())
    form = {"idempotency_key": KEY, "settlement": [settlement.pk]}

    for _ in range(2):
        response = cashier.post(f"{PAGE}chot/", form, follow=True)

    assert messages_text(response).startswith("Đã chốt 1 kỳ.")
    assert (Settlement.objects.count(), Payout.objects.count()) == (2, 1)


def test_closing_a_closed_period_says_so(cashier: Client) -> None:
    settlement = make_open_settlement(make_cooperative())
    close_open_settlement(settlement.cooperative)

    response = cashier.post(
        f"{PAGE}chot/", {"idempotency_key": KEY, "settlement": [settlement.pk]}, follow=True
    )

    assert "Kỳ quyết toán này đã chốt rồi." in messages_text(response)
    assert (Settlement.objects.count(), Payout.objects.count()) == (2, 1)


def test_check_names_the_parts_of_a_sum_and_what_is_open(cashier: Client) -> None:
    seller = make_seller("HTX Thiên An")
    close_open_settlement(make_open_settlement(seller, 70_000, idempotency_key="first").cooperative)
    part = make_sale(seller, refunded_amount=40_000)
    submit_complaint(
        part_id=part.pk,
        quantities={part.lines.get().pk: 1},
        text="Dập.",
        actor=Actor.guest(),
        now=NOW,
    )
    settlement = Settlement.objects.open().get(cooperative=seller)
    form = {"idempotency_key": KEY, "settlement": [settlement.pk]}

    page = html_of(cashier.post(f"{PAGE}chot/", form | {"check": "1"}))
    correct_balance(
        cooperative_id=seller.pk,
        currency="VND",
        amount=-2_000,
        reason="x",
        idempotency_key="2",
        **ACTOR_AND_NOW,
    )
    changed = html_of(cashier.post(f"{PAGE}chot/", form | {f"balance-{settlement.pk}": "182000"}))
    closed_before = Settlement.objects.filter(pk=settlement.pk).closed().count()
    closed = cashier.post(f"{PAGE}chot/", form | {f"balance-{settlement.pk}": "180000"}, follow=True)

    assert all(amount in page for amount in (">200.000<", ">−40.000<", ">−8.000<", "182.000\xa0₫"))
    assert "1 khiếu nại chưa trả lời" in page
    assert "kỳ 1 chưa chi trả" in page
    assert f'name="balance-{settlement.pk}" value="182000"' in page
    assert "Số tiền đã thay đổi từ lúc bạn xem." in changed
    assert closed_before == 0
    assert messages_text(closed) == "Đã chốt 1 kỳ. HTX Thiên An 180.000\xa0₫."


def test_orders_of_a_settlement_add_up_to_its_totals(cashier: Client) -> None:
    seller = make_seller("HTX Thiên An")
    make_sale(seller, refunded_amount=40_000)
    make_sale(seller)
    settlement = Settlement.objects.get(cooperative=seller)

    page = html_of(cashier.get(f"{PAGE}{settlement.pk}/"))

    assert ">−40.000\xa0₫<" in page
    foot = page[page.index("<tfoot>") : page.index("</tfoot>")]
    assert "400.000\xa0₫" in foot
    assert "−40.000\xa0₫" in foot
    assert "−18.000\xa0₫" in foot
    assert 'name="check" value="1"' in page


@pytest.mark.parametrize("chosen", [[], ["x"], ["999999"], ["9" * 5000]])
def test_closing_nothing_changes_nothing(cashier: Client, chosen) -> None:
    make_open_settlement(make_cooperative())

    response = cashier.post(f"{PAGE}chot/", {"idempotency_key": KEY, "settlement": chosen}, follow=True)

    assert messages_text(response)
    assert Settlement.objects.closed().count() == 0


def test_open_periods_without_entries_come_last(cashier: Client) -> None:
    empty = Settlement.objects.create(
        cooperative=make_cooperative("A"), number=1, currency="VND", opened_at=NOW
    )
    booked = make_open_settlement(make_cooperative("B"))

    response = cashier.get(PAGE)

    assert [row.pk for row, *_rest in response.context["rows"]] == [booked.pk, empty.pk]


def test_closed_and_paid_settlements_are_listed_separately(cashier: Client) -> None:
    paid, closed = make_due_payout(make_cooperative("A")), make_due_payout(make_cooperative("B"))
    owing = make_cooperative("C")
    make_open_settlement(owing, -5_000)
    carried = close_open_settlement(owing)
    cashier.post(f"/quan-tri/chi-tien/{paid.pk}/da-chi/", {"idempotency_key": KEY, "reference": "FT1"})

    tabs = [
        {row.pk for row, *_rest in cashier.get(f"{PAGE}?xem={tab}").context["rows"]}
        for tab in ("chot", "xong")
    ]

    assert tabs == [{closed.settlement_id}, {paid.settlement_id, carried.pk}]


def test_repeated_correction_is_booked_once_in_the_open_period(cashier: Client) -> None:
    payout = make_due_payout(make_cooperative())
    form = {"idempotency_key": KEY, "direction": "less", "amount": "12.000", "reason": "Trả nhầm"}

    review = html_of(cashier.post(f"{PAGE}{payout.settlement_id}/dieu-chinh/", form))
    assert "Chi trả ít đi 12.000\xa0₫" in review
    assert not LedgerPosting.objects.filter(memo="Trả nhầm").exists()
    for _ in range(2):
        response = cashier.post(f"{PAGE}{payout.settlement_id}/dieu-chinh/", form | {"reviewed": "1"})

    running = Settlement.objects.open().get()
    assert response["Location"] == f"{PAGE}{running.pk}/"
    entry = LedgerEntry.objects.get(settlement=running)
    assert (entry.amount, entry.posting.memo, LedgerPosting.objects.filter(memo="Trả nhầm").count()) == (
        12_000,
        "Trả nhầm",
        1,
    )
    assert Payout.objects.get().amount == 50_000
    check_ledger()


@pytest.mark.parametrize(
    "invalid",
    [{"amount": "0"}, {"amount": "1,5"}, {"reason": ""}, {"direction": ""}, {"idempotency_key": "x"}],
)
def test_invalid_correction_is_not_booked(cashier: Client, invalid) -> None:
    settlement = make_open_settlement(make_cooperative())
    form = {"idempotency_key": KEY, "direction": "more", "amount": "12.000", "reason": "Thưởng"} | invalid

    response = cashier.post(f"{PAGE}{settlement.pk}/dieu-chinh/", form)

    assert response.status_code == 422
    assert LedgerPosting.objects.count() == 1


def test_unknown_settlement_is_not_found(cashier: Client) -> None:
    pages = ["", "ban-in/", "quyet-toan.pdf", "quyet-toan.xlsx"]

    assert [cashier.get(f"{PAGE}999999/{page}").status_code for page in pages] == [404] * 4


def test_queries_do_not_grow_with_cooperatives_and_orders(client: Client) -> None:
    client.force_login(make_admin())
    first = make_seller("HTX Một", **ACCOUNT)
    for seller in (first, make_seller("HTX Hai")):
        make_sale(seller)
        close_open_settlement(seller)
        make_sale(seller)
    settlement_id = Settlement.objects.filter(cooperative=first).order_by("pk")[0].pk
    addresses = [PAGE, f"{PAGE}?xem=chot", f"{PAGE}{settlement_id}/"]
    baseline_queries = [_count(client, address) for address in addresses]
    for name in "ABC":
        seller = make_seller(name)
        make_sale(seller)
        close_open_settlement(seller)
        make_sale(seller)
    make_sale(first)

    assert [_count(client, address) for address in addresses] == baseline_queries


def _count(client, address):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured_queries:
        client.get(address)
    return len(captured_queries)
