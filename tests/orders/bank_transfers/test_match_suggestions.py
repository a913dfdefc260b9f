"""Suggestions of orders for transfers under review, with the reasons for each."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.bank_transfers.match_suggestions import (
    MatchReason,
    find_similar_transfers,
    suggest_orders,
)
from orders.actions.bank_transfers.transfer_review import assign_transfer
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.models import BankTransfer
from orders.payments.incoming_transfers import TransferSource
from orders.payments.transfer_notes import TransferNote
from shop.core.actors import Actor
from tests.factories import NOW
from tests.orders.bank_transfers.transfer_helpers import HOUR, LATER, make_transfer_order, receive_transfer

pytestmark = pytest.mark.django_db
DESK = Actor.system("desk")
DAY = datetime.timedelta(days=1)


def find_suggestions(transfer: BankTransfer):
    return suggest_orders([transfer])[transfer.pk]


def suggested_orders(transfer: BankTransfer):
    return [
        (order.order.code, set(order.reasons), order.amount) for order in find_suggestions(transfer).orders
    ]


def mangled(code: str) -> str:
    """Return the code with its fourth character mistyped."""
    return code[:3] + ("7" if code[3] != "7" else "9") + code[4:]


def test_order_named_by_code_is_suggested_first() -> None:
    other, order = make_transfer_order(), make_transfer_order()

    assert suggested_orders(receive_transfer(order.code, 100_000))[0] == (
        order.code,
        {MatchReason.CODE, MatchReason.TIME},
        100_000,
    )
    assert other.code != order.code


def test_code_with_one_typo_is_suggested_but_not_settled() -> None:
    order = make_transfer_order()

    transfer = receive_transfer(f"MBVCB {mangled(order.code)} chuyen tien")

    assert transfer.state == "review"
    reasons = {MatchReason.NEAR_CODE, MatchReason.AMOUNT, MatchReason.TIME}
    assert suggested_orders(transfer) == [(order.code, reasons, 120_000)]


@pytest.mark.parametrize(
    "mistype",
    [
        lambda code: code[:2] + code[3:],
        lambda code: code[:2] + "X" + code[2:],
        lambda code: code[:2] + code[3] + code[2] + code[4:],
        lambda code: code.lower()[:-1],
        lambda code: " ".join(code[:-1]) + "1",
    ],
    ids=["missing character", "extra character", "swapped characters", "truncated", "mistyped and spaced"],
)
def test_near_code_allows_one_typo(mistype) -> None:
    assert TransferNote(f"ck {mistype('TA7K2MD')} tra").has_near_code("TA7K2MD")


@pytest.mark.parametrize("note", ["", "TA7", "TA94WMD", "tien hang thang 11"])
def test_near_code_does_not_allow_two_typos(note: str) -> None:
    assert not TransferNote(note).has_near_code("TA7K2MD")


@pytest.mark.parametrize(
    ("note", "is_named"),
    [
        ("NGUYEN THI HOA chuyen tien", True),
        ("nguyễn thị hoa ck", True),
        ("ck 0987654321", True),
        ("ck 84987654321 tra", True),
        ("HOA chuyen tien", False),
        ("NGUYEN THI HOAN chuyen tien", False),
        ("098765432", False),
    ],
)
def test_payer_is_recognised_by_full_name_or_phone(note: str, is_named: bool) -> None:
    assert TransferNote(note).mentions_buyer("Nguyễn Thị Hoa", "+84987654321") is is_named


def test_payer_name_and_amount_suggest_order() -> None:
    order = make_transfer_order(name="Lý Thị Mẩy", phone="0911222333")
    make_transfer_order(name="Bàn Văn Tài", phone="0911222444", price=50_000)

    transfer = receive_transfer("LY THI MAY chuyen tien")

    reasons = {MatchReason.PAYER, MatchReason.AMOUNT, MatchReason.TIME}
    assert suggested_orders(transfer) == [(order.code, reasons, 120_000)]


def test_same_day_alone_suggests_nothing() -> None:
    make_transfer_order()

    assert find_suggestions(receive_transfer("tien hang", 77_000)).orders == ()


def test_paid_or_ended_order_is_suggested_only_by_its_code() -> None:
    paid, ended_order = make_transfer_order(), make_transfer_order()
    receive_transfer(paid.code)
    cancel_order(order_id=ended_order.pk, reason="Đổi ý", actor=DESK, now=LATER)

    assert find_suggestions(receive_transfer("tien hang")).orders == ()
    assert suggested_orders(receive_transfer(paid.code)) == [
        (paid.code, {MatchReason.CODE, MatchReason.TIME}, 0)
    ]
    named = find_suggestions(receive_transfer(ended_order.code)).orders[0]
    assert named.order == ended_order
    assert named.has_ended
    assert named.amount == 0


def test_named_orders_whose_total_is_the_amount_are_suggested_as_split() -> None:
    one, other = make_transfer_order(), make_transfer_order(price=50_000)

    suggestions = find_suggestions(receive_transfer(f"{one.code} {other.code}", 250_000))

    assert [(suggestion.order, suggestion.amount) for suggestion in suggestions.split] == [
        (one, 120_000),
        (other, 130_000),
    ]


def test_named_orders_with_another_total_are_not_suggested_as_split() -> None:
    one, other = make_transfer_order(), make_transfer_order(price=50_000)

    assert find_suggestions(receive_transfer(f"{one.code} {other.code}", 240_000)).split == ()


def test_unassigned_rest_of_transfer_is_suggested_to_other_orders() -> None:
    one, other = make_transfer_order(), make_transfer_order(price=10_000)
    transfer = receive_transfer("tien hang", 170_000)
    assign_transfer(transfer_id=transfer.pk, amounts={one.pk: 120_000}, actor=DESK, now=LATER + HOUR)

    suggestions = find_suggestions(transfer)

    assert suggestions.unassigned == 50_000
    assert [(order.order, order.amount) for order in suggestions.orders] == [(other, 50_000)]


def test_order_of_last_week_is_suggested_without_time_reason() -> None:
    order = make_transfer_order(now=NOW - 7 * DAY)

    assert suggested_orders(receive_transfer("tien hang")) == [(order.code, {MatchReason.AMOUNT}, 120_000)]


def test_possible_duplicates_of_transfer_are_listed() -> None:
    make_transfer_order()
    first = receive_transfer("tien hang", reference="", event_id="a")
    second = receive_transfer("tien hang", provider=TransferSource.CASSO)

    assert second.reason == "repeated"
    assert find_similar_transfers(second) == [first]
    assert find_similar_transfers(first) == [second]


def test_number_of_queries_does_not_depend_on_number_of_transfers(django_assert_num_queries) -> None:
    orders = [make_transfer_order() for _ in range(3)]
    transfers = [receive_transfer(mangled(order.code), 100_000) for order in orders] + [
        receive_transfer(orders[0].code, 1_000)
    ]

    with django_assert_num_queries(5):
        suggestions = suggest_orders(transfers)

    assert [suggestions[transfer.pk].orders[0].order for transfer in transfers] == [*orders, orders[0]]
