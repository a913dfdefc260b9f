"""Pages of the counter: tills, shifts opened and closed by a count, cash paid in and out."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cooperatives.models import Role
from orders.actions.counter.shifts import DifferenceExplanation
from orders.models import CashDifferenceReason, CashMovement, Shift, Till
from tests.factories import make_member, make_seller
from tests.markup import html_of
from tests.orders.counter.till_helpers import HALF_A_MILLION, begin_shift, end_shift, make_till, move_cash

pytestmark = pytest.mark.django_db
COUNTER = "/en/xa-vien/quay/"
UNKNOWN = DifferenceExplanation(CashDifferenceReason.UNKNOWN)


@pytest.fixture
def till(seller: Any) -> Till:
    return make_till(cooperative=seller)[0]


@pytest.fixture
def cashier(client: Client, seller: Any, till: Till) -> Client:
    client.force_login(make_member(seller, Role.CASHIER, first_name="Lành"))
    return client


@pytest.fixture
def shift(till: Till, seller: Any) -> Shift:
    return begin_shift(till, make_member(seller, Role.CASHIER, first_name="Hà"))


def key() -> str:
    return str(uuid.uuid4())


def closing(**values: Any) -> dict[str, Any]:
    notes = {f"note_{value}": str(count) for value, count in HALF_A_MILLION.items()}
    return notes | {"left_cash": "300.000", "idempotency_key": key()} | values


def test_manager_adds_a_till_once(manager: Client, seller: Any) -> None:
    values = {"name": " Quầy  chợ ", "idempotency_key": key()}

    for _ in range(2):
        response = manager.post(COUNTER, values)

    till = seller.tills.get()
    assert till.name == "Quầy chợ"
    assert (response.status_code, response.url) == (302, f"{COUNTER}{till.pk}/")


def test_cashier_adds_and_renames_no_till(cashier: Client, seller: Any, till: Till) -> None:
    statuses = [
        cashier.post(COUNTER, {"name": "Quầy hai", "idempotency_key": key()}).status_code,
        cashier.post(f"{COUNTER}{till.pk}/sua/", {"name": "Quầy hai"}).status_code,
        cashier.post(f"{COUNTER}{till.pk}/dong/").status_code,
    ]

    assert statuses == [403, 403, 403]
    assert list(seller.tills.values_list("name", "closed_at")) == [("Quầy chợ", None)]


def test_manager_renames_and_closes_a_till(manager: Client, till: Till) -> None:
    manager.post(f"{COUNTER}{till.pk}/sua/", {"name": "Nhà văn hoá"})
    response = manager.post(f"{COUNTER}{till.pk}/dong/", follow=True)

    till.refresh_from_db()
    assert till.name == "Nhà văn hoá"
    assert till.closed_at is not None
    assert "Till closed." in html_of(response)
    assert manager.get(f"{COUNTER}{till.pk}/").status_code == 404


def test_till_with_an_open_shift_is_not_closed(manager: Client, till: Till, shift: Shift) -> None:
    response = manager.post(f"{COUNTER}{till.pk}/dong/", follow=True)

    till.refresh_from_db()
    assert till.closed_at is None
    assert "Close the shift first." in html_of(response)


def test_shift_is_opened_once_with_the_counted_cash(cashier: Client, till: Till) -> None:
    values = {"counted": "500.000", "idempotency_key": key()}

    responses = [cashier.post(f"{COUNTER}{till.pk}/", values) for _ in range(2)]

    opened = till.shifts.get()
    assert opened.opening_cash == 500_000
    assert {response.url for response in responses} == {f"{COUNTER}{till.pk}/ban/"}


def test_cash_other_than_was_left_asks_for_an_explanation(cashier: Client, till: Till, shift: Shift) -> None:
    end_shift(shift, shift.cashier, HALF_A_MILLION, left_cash=500_000)
    values = {"counted": "490.000", "idempotency_key": key()}

    page = html_of(cashier.get(f"{COUNTER}{till.pk}/"))
    unexplained = cashier.post(f"{COUNTER}{till.pk}/", values)
    cashier.post(f"{COUNTER}{till.pk}/", values | {"note": "Hà lấy trả tiền xe"})

    assert "500,000\xa0₫" in page
    assert unexplained.status_code == 422
    assert 'name="note"' in html_of(unexplained)
    opened = till.shifts.open().get()
    assert (opened.opening_difference, opened.opening_note) == (-10_000, "Hà lấy trả tiền xe")


def test_cash_is_paid_in_and_out_with_a_reason(cashier: Client, shift: Shift) -> None:
    address = f"{COUNTER}ca/{shift.pk}/thu-chi/"
    paid_in = {"direction": "in", "amount": "200.000", "reason": "Tiền lẻ", "idempotency_key": key()}
    paid_out = {"direction": "out", "amount": "150.000", "reason": "Xe chở hàng", "idempotency_key": key()}

    for values in (paid_in, paid_in, paid_out):
        cashier.post(address, values)
    without_reason = cashier.post(address, paid_out | {"reason": " ", "idempotency_key": key()})

    assert without_reason.status_code == 422
    movements = CashMovement.objects.in_order().values_list("direction", "amount", "reason")
    assert list(movements) == [("in", 200_000, "Tiền lẻ"), ("out", 150_000, "Xe chở hàng")]
    page = html_of(cashier.get(f"{COUNTER}ca/{shift.pk}/"))
    assert page.index("+200,000\xa0₫") < page.index("−150,000\xa0₫") < page.index("550,000\xa0₫")


def test_paying_out_more_than_the_till_holds_is_asked_once(cashier: Client, shift: Shift) -> None:
    address = f"{COUNTER}ca/{shift.pk}/thu-chi/"
    values = {"direction": "out", "amount": "600.000", "reason": "Mua ngô", "idempotency_key": key()}

    asked = cashier.post(address, values)
    token = asked.context["form"].confirmation
    cashier.post(address, values | {"confirmed": token})

    assert asked.status_code == 422
    assert "Yes, save it as entered" in html_of(asked)
    assert CashMovement.objects.get().amount == 600_000


def test_shift_is_closed_by_a_count_of_notes_and_handed_over(
    cashier: Client, seller: Any, shift: Shift
) -> None:
    following = make_member(seller, Role.CASHIER, first_name="Sơn")

    response = cashier.post(f"{COUNTER}ca/{shift.pk}/", closing(next_cashier=str(following.pk)), follow=True)

    shift.refresh_from_db()
    assert (shift.counted_cash, shift.expected_cash, shift.left_cash) == (500_000, 500_000, 300_000)
    assert shift.note_counts == {"200000": 1, "100000": 2, "50000": 2}
    assert shift.next_cashier == following
    page = html_of(response)
    assert "The cash agrees" in page
    assert "Next cashier: Sơn." in page
    assert "200,000\xa0₫ × 1" in page


def test_cash_that_differs_is_explained_before_the_shift_closes(cashier: Client, shift: Shift) -> None:
    move_cash(shift, shift.cashier, 10_000)
    address = f"{COUNTER}ca/{shift.pk}/"

    unexplained = cashier.post(address, closing())
    still_open = Shift.objects.open().filter(pk=shift.pk).exists()
    cashier.post(address, closing(difference_reason="wrong_change", difference_note="Lúc đông"))

    assert unexplained.status_code == 422
    assert "10,000\xa0₫ short" in html_of(unexplained)
    assert still_open
    shift.refresh_from_db()
    assert (shift.difference, shift.difference_reason, shift.difference_note) == (
        -10_000,
        "wrong_change",
        "Lúc đông",
    )


@pytest.mark.parametrize("invalid", [{"note_200000": "-1"}, {"note_200000": "hai"}, {"left_cash": ""}])
def test_invalid_count_closes_no_shift(cashier: Client, shift: Shift, invalid: dict[str, str]) -> None:
    response = cashier.post(f"{COUNTER}ca/{shift.pk}/", closing(**invalid))

    assert response.status_code == 422
    assert Shift.objects.open().filter(pk=shift.pk).exists()


def test_manager_reviews_a_large_difference(manager: Client, shift: Shift) -> None:
    move_cash(shift, shift.cashier, 100_000)
    end_shift(shift, shift.cashier, HALF_A_MILLION, explanation=UNKNOWN)

    before = html_of(manager.get(COUNTER))
    manager.post(f"{COUNTER}ca/{shift.pk}/da-xem/")
    after = html_of(manager.get(COUNTER))

    assert "Cash differences to look at" in before
    assert "Cash differences to look at" not in after
    shift.refresh_from_db()
    assert shift.reviewed_at is not None


def test_cashier_reviews_no_difference(cashier: Client, shift: Shift) -> None:
    move_cash(shift, shift.cashier, 100_000)
    end_shift(shift, shift.cashier, HALF_A_MILLION, explanation=UNKNOWN)

    page = html_of(cashier.get(f"{COUNTER}ca/{shift.pk}/"))
    response = cashier.post(f"{COUNTER}ca/{shift.pk}/da-xem/")

    assert "I have looked at it" not in page
    assert response.status_code == 403
    shift.refresh_from_db()
    assert shift.reviewed_at is None


def test_tills_and_shifts_of_another_cooperative_are_not_found(cashier: Client) -> None:
    other_till, other_cashier = make_till(cooperative=make_seller("HTX Yến Dương", slug="yen-duong"))
    other = begin_shift(other_till, other_cashier)

    statuses = [
        cashier.get(f"{COUNTER}{other_till.pk}/").status_code,
        cashier.post(f"{COUNTER}ca/{other.pk}/", closing()).status_code,
        cashier.post(f"{COUNTER}ca/{other.pk}/thu-chi/", {"direction": "in"}).status_code,
    ]

    assert statuses == [404, 404, 404]
    assert Shift.objects.open().filter(pk=other.pk).exists()


@pytest.mark.parametrize("role", [Role.LISTER, Role.PACKER, Role.BOOKKEEPER])
def test_other_roles_see_no_till(client: Client, seller: Any, till: Till, role: Role) -> None:
    client.force_login(make_member(seller, role))

    assert client.get(COUNTER).status_code == 403
    assert client.get(f"{COUNTER}{till.pk}/").status_code == 403


def test_more_tills_and_shifts_need_no_more_queries(manager: Client, seller: Any, shift: Shift) -> None:
    manager.get(COUNTER)
    with CaptureQueriesContext(
        connection,
    ) as before:
        manager.get(COUNTER)
    for number in range(3):
        till, cashier = make_till(f"Quầy {number}", cooperative=seller)
        closed = begin_shift(till, cashier)
        end_shift(closed, cashier, HALF_A_MILLION)
        begin_shift(till, cashier, 0, now=closed.opened_at + datetime.timedelta(hours=7))

    with CaptureQueriesContext(connection) as after:
        manager.get(COUNTER)

    assert len(after) == len(before)
