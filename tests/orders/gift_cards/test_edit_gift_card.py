"""Changing gift cards: balances, dates, tags, notes, holders, activation and deletion."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.gift_cards.edit_gift_card import (
    EmptyGiftCardAdjustment,
    GiftCardAlreadyUsed,
    GiftCardEdit,
    GiftCardNoteRequired,
    GiftCardTagsContradict,
    add_gift_card_note,
    adjust_gift_card_balance,
    assign_gift_card,
    edit_gift_card,
    unassign_gift_card,
)
from orders.actions.gift_cards.issue_gift_cards import GiftCardExpiresTooEarly, InvalidGiftCardBalance
from orders.actions.gift_cards.send_gift_card import GiftCardExpired
from orders.actions.gift_cards.switch_gift_cards import (
    GiftCardInUse,
    activate_gift_cards,
    deactivate_gift_cards,
    delete_gift_cards,
)
from orders.actions.privacy.anonymise import anonymise_person
from orders.models import GiftCard, GiftCardTag
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_user
from tests.orders.gift_cards.gift_card_helpers import ACTOR, actions_of, balances_of, make_gift_card
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 24)


def edit(card: GiftCard, **values) -> GiftCard:
    return edit_gift_card(gift_card_id=card.pk, edit=GiftCardEdit(**values), actor=ACTOR, now=NOW)


def adjust(card: GiftCard, amount: int) -> GiftCard:
    return adjust_gift_card_balance(gift_card_id=card.pk, amount=amount, actor=ACTOR, now=NOW)


def test_balance_date_tags_and_metadata_are_changed_and_recorded() -> None:
    card = make_gift_card(200_000, tags=["tết", "vip"])

    edit(
        card,
        balance=90_000,
        expiry_date=datetime.date(2027, 5, 1),
        add_tags=["Hội chợ"],
        remove_tags=["VIP"],
        metadata={"lô": "1"},
    )

    assert balances_of(card) == (90_000, 90_000)
    assert (card.expiry_date, card.metadata) == (datetime.date(2027, 5, 1), {"lô": "1"})
    assert set(GiftCardTag.objects.values_list("name", flat=True)) == {"tết", "hội chợ"}
    assert [change.data for change in Change.objects.of_row(card).order_by("pk")[1:]] == [
        {
            "currency": "VND",
            "from": {"initial_balance": 200_000, "balance": 200_000},
            "to": {"initial_balance": 90_000, "balance": 90_000},
        },
        {"changed": {"expiry_date": [None, "2027-05-01"]}},
        {"changed": {"tags": [["tết", "vip"], ["hội chợ", "tết"]]}},
    ]


def test_expiry_date_is_removed() -> None:
    card = make_gift_card(expiry_date=datetime.date(2027, 5, 1))

    edit(card, should_never_expire=True)

    card.refresh_from_db()
    assert card.expiry_date is None
    assert actions_of(card) == ["gift_card.issued", "gift_card.expiry_changed"]


def test_unchanged_date_of_an_expired_card_is_not_refused() -> None:
    card = make_gift_card()
    GiftCard.objects.update(expiry_date=datetime.date(2026, 1, 1))

    edit(card, balance=50_000, expiry_date=datetime.date(2026, 1, 1))

    assert balances_of(card) == (50_000, 50_000)
    assert actions_of(card) == ["gift_card.issued", "gift_card.balance_reset"]


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"balance": -1}, InvalidGiftCardBalance),
        ({"balance": 1_000_000_000}, InvalidGiftCardBalance),
        ({"expiry_date": TODAY}, GiftCardExpiresTooEarly),
        ({"add_tags": ["Tết"], "remove_tags": ["tết"]}, GiftCardTagsContradict),
    ],
)
def test_invalid_changes_are_refused_and_nothing_is_changed(values, refusal) -> None:
    card = make_gift_card()

    with assert_refused(refusal, refusal.code):
        edit(card, metadata={"a": "b"}, **values)

    card.refresh_from_db()
    assert (balances_of(card), card.metadata) == ((200_000, 200_000), {})
    assert actions_of(card) == ["gift_card.issued"]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(-50_000, (200_000, 150_000)), (-900_000, (200_000, 0)), (1, (200_001, 200_001))],
)
def test_adjustment_stops_at_0_and_raises_the_initial_balance(amount, expected) -> None:
    card = make_gift_card(200_000)

    adjust(card, amount)

    assert balances_of(card) == expected
    assert actions_of(card) == ["gift_card.issued", "gift_card.balance_adjusted"]


@pytest.mark.parametrize(
    ("amount", "refusal"), [(0, EmptyGiftCardAdjustment), (999_800_000, InvalidGiftCardBalance)]
)
def test_adjustment_of_nothing_or_too_much_is_refused(amount, refusal) -> None:
    card = make_gift_card(200_000)

    with assert_refused(refusal, refusal.code):
        adjust(card, amount)

    assert balances_of(card) == (200_000, 200_000)


def test_card_is_assigned_and_opened_again() -> None:
    card, user = make_gift_card(), make_user()

    assign_gift_card(gift_card_id=card.pk, user=user, actor=ACTOR, now=NOW)
    card.refresh_from_db()
    assert card.assigned_to == user
    for _time in range(2):
        unassign_gift_card(gift_card_id=card.pk, actor=ACTOR, now=NOW)

    card.refresh_from_db()
    assert card.assigned_to is None
    assert actions_of(card) == ["gift_card.issued", "gift_card.assigned", "gift_card.unassigned"]


def test_used_card_is_neither_assigned_nor_deleted() -> None:
    card, user = make_gift_card(), make_user()
    GiftCard.objects.update(last_used_at=NOW)

    with assert_refused(GiftCardAlreadyUsed, "gift_card_already_used"):
        assign_gift_card(gift_card_id=card.pk, user=user, actor=ACTOR, now=NOW)
    with assert_refused(GiftCardInUse, "gift_card_in_use"):
        delete_gift_cards(gift_card_ids=[card.pk], actor=ACTOR, now=NOW)

    assert GiftCard.objects.get().assigned_to is None


def test_note_needs_words() -> None:
    card = make_gift_card()

    with assert_refused(GiftCardNoteRequired, "gift_card_note_required"):
        add_gift_card_note(gift_card_id=card.pk, note="  ", actor=ACTOR, now=NOW)
    change = add_gift_card_note(gift_card_id=card.pk, note=" Đã gọi khách ", actor=ACTOR, now=NOW)

    assert (change.action, change.reason) == ("gift_card.note_added", "Đã gọi khách")


def test_cards_are_deactivated_and_activated_once() -> None:
    first, second = make_gift_card(), make_gift_card(code="TANG-2026-EFGH", is_active=False)
    ids = [first.pk, second.pk]

    deactivate_gift_cards(gift_card_ids=ids, actor=ACTOR, now=NOW)
    assert not GiftCard.objects.filter(is_active=True).exists()
    activate_gift_cards(gift_card_ids=ids, actor=ACTOR, now=NOW)

    assert GiftCard.objects.filter(is_active=True).count() == 2
    assert actions_of(first) == ["gift_card.issued", "gift_card.deactivated", "gift_card.activated"]
    assert actions_of(second) == ["gift_card.issued", "gift_card.activated"]


def test_expired_and_missing_cards_are_not_activated() -> None:
    expired, valid = make_gift_card(is_active=False), make_gift_card(code="TANG-2026-EFGH", is_active=False)
    GiftCard.objects.filter(pk=expired.pk).update(expiry_date=datetime.date(2026, 11, 23))

    with assert_refused(GiftCardExpired, "gift_card_expired") as refusal:
        activate_gift_cards(gift_card_ids=[expired.pk, valid.pk], actor=ACTOR, now=NOW)
    with assert_refused(Missing, "missing"):
        activate_gift_cards(gift_card_ids=[valid.pk, valid.pk + 1], actor=ACTOR, now=NOW)

    assert refusal.value.details == {"gift_cards": [expired.pk]}
    assert not GiftCard.objects.filter(is_active=True).exists()


def test_card_works_on_its_last_day() -> None:
    card = make_gift_card(is_active=False)
    GiftCard.objects.update(expiry_date=TODAY)

    activate_gift_cards(gift_card_ids=[card.pk], actor=ACTOR, now=NOW)

    card.refresh_from_db()
    assert card.is_active


def test_deleted_cards_leave_a_change_without_their_code() -> None:
    first, kept = make_gift_card(tags=["tết"]), make_gift_card(code="TANG-2026-EFGH", tags=["vip"])

    delete_gift_cards(gift_card_ids=[first.pk], actor=ACTOR, now=NOW)

    assert list(GiftCard.objects.all()) == [kept]
    assert GiftCardTag.objects.get().name == "vip"
    assert Change.objects.get(action="gift_card.deleted").snapshot == {
        "last_characters": "ABCD",
        "currency": "VND",
        "balance": 200_000,
    }


def test_anonymised_person_leaves_no_address_and_no_usable_card() -> None:
    user = make_user(email="nguoi@example.com")
    own = make_gift_card(assigned_to=user, recipient_email="nguoi@example.com")
    used = make_gift_card(code="TANG-2026-EFGH")
    GiftCard.objects.filter(pk=used.pk).update(
        used_by=user, used_by_email="nguoi@example.com", last_used_at=NOW
    )

    anonymise_person(user_id=user.pk, actor=ACTOR, now=NOW)

    own.refresh_from_db()
    used.refresh_from_db()
    assert (own.assigned_to, own.is_active) == (None, False)
    assert (used.used_by_email, used.is_active) == ("", True)
    assert not Change.objects.filter(data__email="nguoi@example.com").exists()
    assert actions_of(own)[-1] == "gift_card.deactivated"
