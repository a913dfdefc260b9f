"""Gift cards that staff issue, change, switch and delete over the API."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from orders.models import GiftCard
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import ShopSettings
from shop.notifications.models import Notification
from tests.factories import make_staff, make_user
from tests.orders.gift_cards.gift_card_helpers import actions_of, balances_of, make_gift_card
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

CREATE = """
mutation($input: GiftCardCreateInput!) { giftCardCreate(input: $input) {
    giftCard {
        id code displayCode isActive expiryDate currentBalance { amount currency } tags { name }
        metadata { key value } createdByEmail assignedToEmail
    }
    errors { field code }
} }
"""
UPDATE = """
mutation($id: ID!, $input: GiftCardUpdateInput!) { giftCardUpdate(id: $id, input: $input) {
    giftCard { initialBalance { amount } currentBalance { amount } expiryDate tags { name } }
    errors { field code tags }
} }
"""
SETTINGS = "expiryType expiryPeriod { amount type }"
UPDATE_SETTINGS = f"""
mutation($input: GiftCardSettingsUpdateInput!) {{ giftCardSettingsUpdate(input: $input) {{
    giftCardSettings {{ {SETTINGS} }} errors {{ field code }}
}} }}
"""


def days_ahead(days: int) -> str:
    return (timezone.now() + datetime.timedelta(days=days)).date().isoformat()


@pytest.fixture
def token() -> str:
    return token_of(make_staff(Permission.MANAGE_GIFT_CARD, email="nhanvien@example.com"))


def switch(name: str, token: str, card: GiftCard, fields: str = "giftCard { isActive }", **arguments) -> dict:
    """Call a mutation that takes the id of a card."""
    given = "".join(f", {key}: {value}" for key, value in arguments.items())
    query = f"mutation($id: ID!) {{ {name}(id: $id{given}) {{ {fields} errors {{ field code }} }} }}"
    return data_of(query, token, id=global_id("GiftCard", card.pk))[name]


def test_card_is_created_and_sent(token: str) -> None:
    holder = make_user(email="chu@example.com")
    terms = {
        "balance": {"amount": 150_000, "currency": "VND"},
        "isActive": True,
        "expiryDate": days_ahead(30),
        "addTags": ["Tết"],
        "note": "Tặng khách quen",
        "metadata": [{"key": "lô", "value": "1"}],
        "userEmail": " Nhan@Example.com",
        "channel": "viet-nam",
        "assignedTo": global_id("User", holder.pk),
    }

    created = data_of(CREATE, token, input=terms)["giftCardCreate"]

    card = GiftCard.objects.get()
    assert created == {
        "giftCard": {
            "id": global_id("GiftCard", card.pk),
            "code": card.code,
            "displayCode": card.code[-4:],
            "isActive": True,
            "expiryDate": days_ahead(30),
            "currentBalance": {"amount": 150_000, "currency": "VND"},
            "tags": [{"name": "tết"}],
            "metadata": [{"key": "lô", "value": "1"}],
            "createdByEmail": "nhanvien@example.com",
            "assignedToEmail": "chu@example.com",
        },
        "errors": [],
    }
    assert actions_of(card) == [f"gift_card.{name}" for name in ("issued", "assigned", "note_added", "sent")]
    assert Notification.objects.get().recipient == "nhan@example.com"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"balance": {"amount": 0, "currency": "VND"}}, ("balance", "INVALID")),
        ({"balance": {"amount": 1.5, "currency": "VND"}}, ("balance", "INVALID")),
        ({"balance": {"amount": 1000, "currency": "đồng"}}, ("balance", "INVALID")),
        ({"expiryDate": "2020-01-01"}, ("expiryDate", "INVALID")),
        ({"userEmail": "không phải"}, ("email", "INVALID")),
        ({"userEmail": "a@example.com"}, ("channel", "REQUIRED")),
        ({"code": "tang-2026-abcd"}, ("code", "ALREADY_EXISTS")),
        ({"assignedTo": global_id("User", 2**40)}, ("assignedTo", "NOT_FOUND")),
    ],
)
def test_invalid_card_is_refused(token: str, changed: dict, error: tuple[str, str]) -> None:
    make_gift_card(code="TANG-2026-ABCD")
    before = all_rows()
    terms = {"balance": {"amount": 1000, "currency": "VND"}, "isActive": True} | changed

    refused = data_of(CREATE, token, input=terms)["giftCardCreate"]

    assert refused == {"giftCard": None, "errors": [dict(zip(("field", "code"), error, strict=True))]}
    assert all_rows() == before


def test_many_cards_are_created(token: str) -> None:
    query = """
    mutation($input: GiftCardBulkCreateInput!) { giftCardBulkCreate(input: $input) {
        count giftCards { code tags { name } } errors { field code }
    } }
    """
    terms = {
        "count": 3,
        "balance": {"amount": 50_000, "currency": "VND"},
        "tags": ["vip"],
        "isActive": False,
    }

    created = data_of(query, token, input=terms)["giftCardBulkCreate"]
    refused = data_of(query, token, input=terms | {"count": 0})["giftCardBulkCreate"]

    codes = list(GiftCard.objects.order_by("pk").values_list("code", flat=True))
    assert created == {
        "count": 3,
        "giftCards": [{"code": code, "tags": [{"name": "vip"}]} for code in codes],
        "errors": [],
    }
    assert refused == {"count": 0, "giftCards": [], "errors": [{"field": "count", "code": "INVALID"}]}


def test_card_is_updated(token: str) -> None:
    card = make_gift_card(tags=["tết"], expiry_date=datetime.date(2030, 1, 1))
    card_id = global_id("GiftCard", card.pk)
    change = {"balanceAmount": 90_000, "addTags": ["vip"], "removeTags": ["tết"], "expiryDate": None}
    contradiction = {"addTags": ["vip"], "removeTags": ["VIP"]}

    updated = data_of(UPDATE, token, id=card_id, input=change)["giftCardUpdate"]
    refused = data_of(UPDATE, token, id=card_id, input=contradiction)["giftCardUpdate"]

    assert updated == {
        "giftCard": {
            "initialBalance": {"amount": 90_000},
            "currentBalance": {"amount": 90_000},
            "expiryDate": None,
            "tags": [{"name": "vip"}],
        },
        "errors": [],
    }
    error = {"field": "tags", "code": "DUPLICATED_INPUT_ITEM", "tags": ["vip"]}
    assert refused == {"giftCard": None, "errors": [error]}


def test_expiry_date_that_is_not_named_stays(token: str) -> None:
    card = make_gift_card(expiry_date=datetime.date(2030, 1, 1))

    updated = data_of(UPDATE, token, id=global_id("GiftCard", card.pk), input={"balanceAmount": 5})

    assert updated["giftCardUpdate"]["giftCard"]["expiryDate"] == "2030-01-01"


@pytest.mark.parametrize(("amount", "balance"), [("-50000", 150_000), ("1000", 201_000)])
def test_balance_is_adjusted(token: str, amount: str, balance: int) -> None:
    card = make_gift_card(200_000)

    adjusted = switch(
        "giftCardBalanceAdjust", token, card, "giftCard { currentBalance { amount } }", amount=amount
    )

    assert adjusted == {"giftCard": {"currentBalance": {"amount": balance}}, "errors": []}
    assert balances_of(card) == (max(200_000, balance), balance)


def test_card_is_deactivated_activated_and_deleted(token: str) -> None:
    card = make_gift_card()

    assert switch("giftCardDeactivate", token, card)["giftCard"] == {"isActive": False}
    assert switch("giftCardActivate", token, card)["giftCard"] == {"isActive": True}
    deleted = switch("giftCardDelete", token, card, "giftCard { displayCode }")

    assert deleted == {"giftCard": {"displayCode": "ABCD"}, "errors": []}
    assert not GiftCard.objects.exists()
    missing = switch("giftCardActivate", token, card)
    assert missing == {"giftCard": None, "errors": [{"field": "id", "code": "NOT_FOUND"}]}


def test_expired_and_used_cards_are_refused(token: str) -> None:
    card = make_gift_card(is_active=False)
    GiftCard.objects.update(expiry_date=datetime.date(2020, 1, 1), last_used_at=timezone.now())
    user_id = global_id("User", make_user().pk)

    errors = [
        switch("giftCardActivate", token, card)["errors"],
        switch("giftCardDelete", token, card)["errors"],
        switch("giftCardAssignUser", token, card, userId=f'"{user_id}"')["errors"],
    ]

    codes = ("EXPIRED_GIFT_CARD", "INVALID", "CANNOT_ASSIGN")
    assert errors == [[{"field": "id", "code": code}] for code in codes]


def test_card_is_assigned_and_unassigned(token: str) -> None:
    card, user = make_gift_card(), make_user(email="chu@example.com")
    fields = "giftCard { assignedToEmail }"

    assigned = switch("giftCardAssignUser", token, card, fields, userId=f'"{global_id("User", user.pk)}"')
    unassigned = switch("giftCardUnassignUser", token, card, fields)

    assert assigned == {"giftCard": {"assignedToEmail": "chu@example.com"}, "errors": []}
    assert unassigned == {"giftCard": {"assignedToEmail": None}, "errors": []}


def test_note_is_an_event_and_the_code_is_sent_again(token: str) -> None:
    card = make_gift_card()
    card_id = global_id("GiftCard", card.pk)
    note = """mutation($id: ID!, $input: GiftCardAddNoteInput!) { giftCardAddNote(id: $id, input: $input) {
        event { type message } errors { field code }
    } }"""
    resend = """mutation($input: GiftCardResendInput!) { giftCardResend(input: $input) {
        giftCard { id } errors { field code }
    } }"""

    noted = data_of(note, token, id=card_id, input={"message": "Đã gọi"})["giftCardAddNote"]
    empty = data_of(note, token, id=card_id, input={"message": " "})["giftCardAddNote"]
    target = {"id": card_id, "email": "nhan@example.com", "channel": "viet-nam"}
    sent = data_of(resend, token, input=target)["giftCardResend"]
    unsent = data_of(resend, token, input={"id": card_id, "channel": "viet-nam"})["giftCardResend"]

    assert noted == {"event": {"type": "NOTE_ADDED", "message": "Đã gọi"}, "errors": []}
    assert empty == {"event": None, "errors": [{"field": "message", "code": "REQUIRED"}]}
    assert sent == {"giftCard": {"id": card_id}, "errors": []}
    assert unsent == {"giftCard": None, "errors": [{"field": "email", "code": "REQUIRED"}]}
    assert Notification.objects.get().recipient == "nhan@example.com"


def test_many_cards_are_switched_and_deleted_without_the_refused_ones(token: str) -> None:
    cards = [make_gift_card(code=f"TANG-2026-{number}", is_active=False) for number in range(3)]
    GiftCard.objects.filter(pk=cards[0].pk).update(expiry_date=datetime.date(2020, 1, 1))
    GiftCard.objects.filter(pk=cards[1].pk).update(last_used_at=timezone.now())
    ids = [global_id("GiftCard", card.pk) for card in cards]

    def call(name: str) -> dict:
        query = f"mutation($ids: [ID!]!) {{ {name}(ids: $ids) {{ count errors {{ field code }} }} }}"
        return data_of(query, token, ids=ids)[name]

    activated = call("giftCardBulkActivate")
    active = set(GiftCard.objects.filter(is_active=True))
    deactivated = call("giftCardBulkDeactivate")
    deleted = call("giftCardBulkDelete")

    assert activated == {"count": 2, "errors": [{"field": "id", "code": "EXPIRED_GIFT_CARD"}]}
    assert active == {cards[1], cards[2]}
    assert deactivated == {"count": 3, "errors": []}
    assert deleted == {"count": 2, "errors": [{"field": "id", "code": "INVALID"}]}
    assert list(GiftCard.objects.all()) == [cards[1]]


def test_settings_are_changed(token: str) -> None:
    read = f"{{ giftCardSettings {{ {SETTINGS} }} }}"
    never = {"expiryType": "NEVER_EXPIRE", "expiryPeriod": None}
    limited = {"expiryType": "EXPIRY_PERIOD", "expiryPeriod": {"amount": 6, "type": "MONTH"}}

    def update(settings: dict) -> tuple[dict | None, list]:
        answer = data_of(UPDATE_SETTINGS, token, input=settings)["giftCardSettingsUpdate"]
        return answer["giftCardSettings"], answer["errors"]

    assert data_of(read, token)["giftCardSettings"] == never
    without_period = update({"expiryType": "EXPIRY_PERIOD"})
    without_length = update({**limited, "expiryPeriod": {"amount": 0, "type": "DAY"}})
    assert without_period == (None, [{"field": "expiryPeriod", "code": "REQUIRED"}])
    assert without_length == (None, [{"field": "expiryPeriod", "code": "INVALID"}])
    assert not ShopSettings.objects.filter(gift_card_expiry_amount__isnull=False).exists()
    assert update(limited) == (limited, [])
    assert data_of(read, token)["giftCardSettings"] == limited
    assert update({"expiryType": "NEVER_EXPIRE"}) == (never, [])


def test_other_staff_change_nothing() -> None:
    token = token_of(make_staff(Permission.MANAGE_ORDERS))
    card = make_gift_card()
    query = "mutation($id: ID!) { giftCardDeactivate(id: $id) { giftCard { id } errors { code } } }"

    response = execute(query, token, id=global_id("GiftCard", card.pk))

    assert response["errors"][0]["extensions"]["code"] == "PermissionDenied"
    assert GiftCard.objects.get().is_active
