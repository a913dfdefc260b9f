"""Issuing gift cards: balances, codes, tags, and the email with the code."""

from __future__ import annotations

import datetime
import re

import pytest
from django.db import IntegrityError, transaction

from orders.actions.gift_cards.issue_gift_cards import (
    GiftCardCodeTaken,
    GiftCardExpiresTooEarly,
    GiftCardTerms,
    InvalidGiftCardBalance,
    InvalidGiftCardCode,
    InvalidGiftCardCount,
    issue_gift_cards,
)
from orders.actions.gift_cards.send_gift_card import (
    GiftCardExpired,
    GiftCardHasNoReceiver,
    resend_gift_card,
)
from orders.models import GiftCard, GiftCardTag
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import Missing
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import NOW, make_user, make_voucher
from tests.orders.gift_cards.gift_card_helpers import ACTOR, actions_of, make_gift_card
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 24)


def test_card_is_issued_with_balance_issuer_tags_and_note() -> None:
    staff = make_user(email="nhanvien@example.com")
    actor = Actor.person(staff.pk, "Lan", EntryPoint.API)

    card = make_gift_card(
        code=" tang-2026 -abcd", tags=["Tết", " tết ", "VIP"], note=" Cho khách quen ", actor=actor
    )

    card.refresh_from_db()
    assert (card.code, card.currency, card.initial_balance, card.current_balance) == (
        "TANG-2026-ABCD",
        "VND",
        200_000,
        200_000,
    )
    assert (card.created_by, card.app, card.is_active, str(card)) == (staff, None, True, "…ABCD")
    assert sorted(card.tags.values_list("name", flat=True)) == ["tết", "vip"]
    assert actions_of(card) == ["gift_card.issued", "gift_card.note_added"]
    issued, noted = Change.objects.of_row(card).order_by("pk")
    assert issued.data == {
        "currency": "VND",
        "to": {"initial_balance": 200_000, "balance": 200_000},
        "expiry_date": None,
    }
    assert noted.reason == "Cho khách quen"


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"balance": 0}, InvalidGiftCardBalance),
        ({"balance": 1_000_000_000}, InvalidGiftCardBalance),
        ({"code": "NGAN"}, InvalidGiftCardCode),
        ({"code": "QUA-DAI-QUA-DAI-QUA"}, InvalidGiftCardCode),
        ({"expiry_date": TODAY}, GiftCardExpiresTooEarly),
    ],
)
def test_invalid_terms_are_refused(values, refusal) -> None:
    with assert_refused(refusal, refusal.code):
        make_gift_card(**values)

    assert not GiftCard.objects.exists()


def test_code_of_another_card_or_voucher_is_refused() -> None:
    make_gift_card(code="TANG-2026-ABCD")
    make_voucher("PHIENMOI")

    for code in ("tang-2026-abcd", "phienmoi"):
        with assert_refused(GiftCardCodeTaken, "gift_card_code_taken"):
            make_gift_card(code=code)

    assert GiftCard.objects.count() == 1


def test_many_cards_get_codes_of_their_own() -> None:
    terms = GiftCardTerms(balance=50_000, currency="VND", is_active=False, tags=["Tết"])

    cards = issue_gift_cards(terms=terms, count=25, actor=ACTOR, now=NOW)

    assert len({card.code for card in cards}) == GiftCard.objects.filter(tags__name="tết").count() == 25
    assert all(re.fullmatch(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){2}", card.code) for card in cards)
    assert not GiftCard.objects.filter(is_active=True).exists()
    assert Change.objects.filter(action="gift_card.issued").count() == 25
    assert GiftCardTag.objects.get().name == "tết"


def test_number_of_queries_does_not_grow_with_the_cards(django_assert_num_queries) -> None:
    terms = GiftCardTerms(balance=50_000, currency="VND", tags=["Tết"])

    for count in (1, 20):
        with django_assert_num_queries(9):
            issue_gift_cards(terms=terms, count=count, actor=ACTOR, now=NOW)


@pytest.mark.parametrize("count", [0, -1, 1_001])
def test_too_few_or_too_many_cards_are_refused(count) -> None:
    with assert_refused(InvalidGiftCardCount, "invalid_gift_card_count"):
        issue_gift_cards(
            terms=GiftCardTerms(balance=50_000, currency="VND"), count=count, actor=ACTOR, now=NOW
        )

    assert not GiftCard.objects.exists()


def test_code_is_sent_and_never_stored_in_the_outbox_in_plain_text() -> None:
    card = make_gift_card(recipient_email="nhan@example.com", expiry_date=datetime.date(2027, 5, 1))

    letter = Notification.objects.get()
    assert (letter.recipient, letter.language) == ("nhan@example.com", "vi")
    assert "200.000\N{NO-BREAK SPACE}₫" in letter.text
    assert card.code not in letter.text + letter.html
    assert letter.sealed_secret
    assert actions_of(card) == ["gift_card.issued", "gift_card.sent"]


def test_card_is_sent_again_to_the_address_given_then_to_its_user_its_holder_or_its_issuer() -> None:
    staff, holder = make_user(email="nhanvien@example.com"), make_user(email="chu@example.com")
    actor = Actor.person(staff.pk, "Lan", EntryPoint.API)
    card = make_gift_card(actor=actor)

    def resend(email: str = "") -> str:
        resend_gift_card(gift_card_id=card.pk, recipient_email=email, actor=actor, now=NOW)
        return Notification.objects.latest("pk").recipient

    assert resend() == "nhanvien@example.com"
    GiftCard.objects.update(assigned_to=holder)
    assert resend() == "chu@example.com"
    GiftCard.objects.update(used_by_email="dadung@example.com", last_used_at=NOW)
    assert resend() == "dadung@example.com"
    assert resend("khac@example.com") == "khac@example.com"
    assert actions_of(card) == ["gift_card.issued", *["gift_card.resent"] * 4]


def test_card_without_receiver_an_expired_and_a_missing_one_are_not_sent() -> None:
    card = make_gift_card()

    with assert_refused(GiftCardHasNoReceiver, "gift_card_has_no_receiver"):
        resend_gift_card(gift_card_id=card.pk, actor=ACTOR, now=NOW)
    GiftCard.objects.update(expiry_date=TODAY - datetime.timedelta(days=1))
    with assert_refused(GiftCardExpired, "gift_card_expired"):
        resend_gift_card(gift_card_id=card.pk, recipient_email="a@example.com", actor=ACTOR, now=NOW)
    with assert_refused(Missing, "missing"):
        resend_gift_card(gift_card_id=card.pk + 1, recipient_email="a@example.com", actor=ACTOR, now=NOW)

    assert not Notification.objects.exists()


@pytest.mark.parametrize("balance", [-1, 200_001])
def test_database_keeps_the_balance_between_0_and_the_initial_one(balance) -> None:
    card = make_gift_card(200_000)

    with pytest.raises(IntegrityError), transaction.atomic():
        GiftCard.objects.filter(pk=card.pk).update(current_balance=balance)
