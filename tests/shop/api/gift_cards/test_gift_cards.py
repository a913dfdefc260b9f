"""Reading gift cards over the API: lists, filters, events, and who sees what."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.gift_cards.edit_gift_card import (
    GiftCardEdit,
    add_gift_card_note,
    assign_gift_card,
    edit_gift_card,
)
from orders.models import GiftCard
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.actors import EntryPoint
from shop.core.dates.calendar import start_of_day
from tests.factories import NOW, make_admin, make_staff, make_user
from tests.orders.gift_cards.gift_card_helpers import ACTOR, make_gift_card
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

LIST = """
query($filter: GiftCardFilterInput, $sortBy: GiftCardSortingInput, $search: String) {
    giftCards(first: 10, filter: $filter, sortBy: $sortBy, search: $search) {
        totalCount edges { node { displayCode } }
    }
}
"""
ONE = """
query($id: ID!) { giftCard(id: $id) {
    code usedByEmail createdByEmail assignedToEmail usedBy { email } endDate product { id } boughtInChannel
} }
"""
EVENTS = """
query($id: ID!, $filter: GiftCardEventFilterInput) { giftCard(id: $id) { events(filter: $filter) {
    type message tags oldTags expiryDate oldExpiryDate user { email } app { id } orderId orderNumber
    balance {
        initialBalance { amount } currentBalance { amount }
        oldInitialBalance { amount } oldCurrentBalance { amount }
    }
    assignedTo { oldAssignedToEmail currentAssignedToEmail currentAssignedTo { email } }
} } }
"""
NO_DETAILS = dict.fromkeys(
    "message tags oldTags expiryDate oldExpiryDate user app orderId orderNumber balance assignedTo".split()
)


@pytest.fixture
def token() -> str:
    return token_of(make_staff(Permission.MANAGE_GIFT_CARD))


def listed(token: str, **variables) -> list[str]:
    """Return the ends of the codes of the cards listed."""
    connection = data_of(LIST, token, **variables)["giftCards"]
    codes = [edge["node"]["displayCode"] for edge in connection["edges"]]
    assert connection["totalCount"] == len(codes)
    return codes


def make_cards() -> None:
    """Make three cards: of 300,000 đồng, used and tagged; of 100,000 đồng, inactive; of 5 dollars."""
    user = make_user(email="lan@example.com", first_name="Lan")
    make_gift_card(300_000, code="TANG-0001", tags=["tết"])
    GiftCard.objects.update(
        used_by=user, used_by_email="lan@example.com", last_used_at=NOW, metadata={"lô": "1"}
    )
    make_gift_card(100_000, code="TANG-0002", is_active=False, now=NOW + datetime.timedelta(hours=1))
    make_gift_card(500, code="TANG-0003", currency="USD", now=NOW + datetime.timedelta(hours=2))


@pytest.mark.parametrize(
    ("filter_data", "expected"),
    [
        ({}, ["0001", "0002", "0003"]),
        ({"isActive": False}, ["0002"]),
        ({"tags": ["Tết", "không có"]}, ["0001"]),
        ({"tags": []}, ["0001", "0002", "0003"]),
        ({"used": True}, ["0001"]),
        ({"used": False}, ["0002", "0003"]),
        ({"currency": "USD"}, ["0003"]),
        ({"currency": "VND", "currentBalance": {"gte": 200_000}}, ["0001"]),
        ({"currency": "USD", "initialBalance": {"gte": 5, "lte": 5}}, ["0003"]),
        ({"code": "tang-0002"}, ["0002"]),
        ({"metadata": [{"key": "lô", "value": "1"}]}, ["0001"]),
        ({"products": [global_id("Product", 1)]}, []),
        ({"createdByEmail": "ai@example.com"}, []),
    ],
)
def test_cards_are_filtered(token: str, filter_data: dict, expected: list[str]) -> None:
    make_cards()

    assert listed(token, filter=filter_data) == expected


def test_cards_are_filtered_by_person(token: str) -> None:
    make_cards()
    user = GiftCard.objects.get(code="TANG-0001").used_by
    assert user is not None
    GiftCard.objects.filter(code="TANG-0003").update(assigned_to=user)
    ids = [global_id("User", user.pk)]

    assert listed(token, filter={"usedBy": ids}) == ["0001"]
    assert listed(token, filter={"assignedTo": ids}) == ["0003"]


@pytest.mark.parametrize(
    ("field", "filter_data", "expected"),
    [
        ("CREATED_AT", {}, ["0003", "0002", "0001"]),
        ("CURRENT_BALANCE", {"currency": "VND"}, ["0001", "0002"]),
        ("USED_BY", {}, ["0003", "0002", "0001"]),
        ("PRODUCT", {}, ["0003", "0002", "0001"]),
    ],
)
def test_cards_are_sorted(token: str, field: str, filter_data: dict, expected: list[str]) -> None:
    make_cards()

    assert listed(token, filter=filter_data, sortBy={"field": field, "direction": "DESC"}) == expected


@pytest.mark.parametrize(("text", "expected"), [("0002", ["0002"]), ("lan", ["0001"]), ("xyz", [])])
def test_cards_are_searched_by_code_and_person(token: str, text: str, expected: list[str]) -> None:
    make_cards()

    assert listed(token, search=text) == expected
    assert listed(token, search=text, sortBy={"field": "RANK", "direction": "DESC"}) == expected


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"sortBy": {"field": "CURRENT_BALANCE", "direction": "ASC"}}, "filtering by currency"),
        ({"filter": {"currentBalance": {"gte": 1}}}, "`currency` filter"),
        ({"sortBy": {"field": "RANK", "direction": "ASC"}}, "only with a search"),
    ],
)
def test_list_that_needs_a_currency_or_a_search_says_so(token: str, variables: dict, message: str) -> None:
    response = execute(LIST, token, **variables)

    assert message in response["errors"][0]["message"]


def test_currencies_and_tags_are_listed(token: str) -> None:
    make_cards()
    make_gift_card(code="TANG-0004", tags=["vip"])
    tags = """query($search: String) { giftCardTags(first: 9, filter: {search: $search}) {
        edges { node { name } }
    } }"""

    assert data_of("{ giftCardCurrencies }", token)["giftCardCurrencies"] == ["USD", "VND"]
    for text, names in (("", ["tết", "vip"]), ("TẾT", ["tết"]), ("gạo", []), ("VI", ["vip"])):
        found = data_of(tags, token, search=text)["giftCardTags"]["edges"]
        assert [edge["node"]["name"] for edge in found] == names


def test_events_tell_what_happened(token: str) -> None:
    user, admin = make_user(email="chu@example.com"), make_admin(email="admin@example.com")
    card = make_gift_card(200_000, expiry_date=datetime.date(2030, 1, 1), tags=["tết"])
    actor = admin.as_actor(EntryPoint.API)
    edit = GiftCardEdit(balance=90_000, expiry_date=datetime.date(2031, 1, 1), remove_tags=["tết"])
    edit_gift_card(gift_card_id=card.pk, edit=edit, actor=ACTOR, now=NOW)
    assign_gift_card(gift_card_id=card.pk, user=user, actor=ACTOR, now=NOW)
    add_gift_card_note(gift_card_id=card.pk, note="Đã gọi", actor=actor, now=NOW)
    card_id = global_id("GiftCard", card.pk)

    events = data_of(EVENTS, token_of(admin), id=card_id)["giftCard"]["events"]
    notes = data_of(EVENTS, token_of(admin), id=card_id, filter={"type": "NOTE_ADDED"})["giftCard"]["events"]

    def balances(initial: int, current: int, old: tuple[int, int] | None) -> dict:
        return {
            "initialBalance": {"amount": initial},
            "currentBalance": {"amount": current},
            "oldInitialBalance": {"amount": old[0]} if old else None,
            "oldCurrentBalance": {"amount": old[1]} if old else None,
        }

    assigned = {
        "oldAssignedToEmail": None,
        "currentAssignedToEmail": "chu@example.com",
        "currentAssignedTo": {"email": "chu@example.com"},
    }
    note = {"type": "NOTE_ADDED", "message": "Đã gọi", "user": {"email": "admin@example.com"}}
    expected = [
        {"type": "ISSUED", "expiryDate": "2030-01-01", "balance": balances(200_000, 200_000, None)},
        {"type": "BALANCE_RESET", "balance": balances(90_000, 90_000, (200_000, 200_000))},
        {"type": "EXPIRY_DATE_UPDATED", "expiryDate": "2031-01-01", "oldExpiryDate": "2030-01-01"},
        {"type": "TAGS_UPDATED", "tags": [], "oldTags": ["tết"]},
        {"type": "ASSIGNED_TO_USER", "assignedTo": assigned},
        note,
    ]
    assert events == [NO_DETAILS | event for event in expected]
    assert notes == [NO_DETAILS | note]


def test_number_of_queries_does_not_grow_with_the_cards(token: str, django_assert_num_queries) -> None:
    query = """{ giftCards(first: 10) { edges { node {
        code createdByEmail assignedToEmail tags { name } events { type user { email } }
    } } } }"""
    admin_token = token_of(make_admin())
    make_gift_card(tags=["tết"])

    data_of(query, admin_token)
    with django_assert_num_queries(4):
        data_of(query, admin_token)
    for number in range(5):
        make_gift_card(code=f"TANG-000{number}", tags=["tết", "vip"])
    with django_assert_num_queries(4):
        data_of(query, admin_token)


def test_code_needs_a_recent_sign_in_of_staff(token: str) -> None:
    card_id = global_id("GiftCard", make_gift_card().pk)
    staff = make_staff(Permission.MANAGE_GIFT_CARD)

    assert data_of(ONE, token, id=card_id)["giftCard"]["code"] == "TANG-2026-ABCD"
    refused = execute(ONE, token_of(staff, minutes=16), id=card_id)
    assert refused["errors"][0]["extensions"]["code"] == "RecentSignInRequired"
    assert "ABCD" not in str(refused)


def test_user_sees_the_cards_they_used_or_may_use_and_no_others() -> None:
    buyer, stranger = make_user(email="lan@example.com"), make_user()
    make_gift_card(code="TANG-0001", assigned_to=buyer)
    make_gift_card(code="TANG-0002")
    GiftCard.objects.filter(code="TANG-0002").update(used_by=buyer, last_used_at=NOW)
    make_gift_card(code="TANG-0003")
    query = "{ me { giftCards(first: 5) { edges { node { code currentBalance { amount } } } } } }"

    def codes(user) -> list[str]:
        edges = data_of(query, token_of(user, minutes=60))["me"]["giftCards"]["edges"]
        return [edge["node"]["code"] for edge in edges]

    assert codes(buyer) == ["TANG-0001", "TANG-0002"]
    assert codes(stranger) == []


def test_persons_are_hidden_from_staff_who_manage_no_users(token: str) -> None:
    make_cards()
    card = GiftCard.objects.get(code="TANG-0001")
    GiftCard.objects.update(expiry_date=datetime.date(2030, 1, 1))

    read = data_of(ONE, token, id=global_id("GiftCard", card.pk))["giftCard"]

    assert (read["usedBy"], read["usedByEmail"]) == (None, "lan@example.com")
    assert (read["product"], read["boughtInChannel"]) == (None, None)
    assert datetime.datetime.fromisoformat(read["endDate"]) == start_of_day(datetime.date(2030, 1, 1))


@pytest.mark.parametrize(
    "field", ["giftCards(first: 1) { totalCount }", "giftCardCurrencies", "giftCardSettings { expiryType }"]
)
def test_cards_are_for_staff_who_manage_them(field: str) -> None:
    for token in (None, token_of(make_user()), token_of(make_staff(Permission.MANAGE_ORDERS))):
        response = execute(f"{{ {field} }}", token)

        assert response["errors"][0]["extensions"]["code"] == "PermissionDenied"
