"""Issue gift cards, one with a chosen code and receiver or many at once."""

from __future__ import annotations

import datetime
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders.actions.gift_cards.gift_card_changes import (
    balance_data,
    record_gift_card_change,
    record_gift_card_changes,
)
from orders.actions.gift_cards.gift_card_tags import add_gift_card_tags
from orders.actions.gift_cards.send_gift_card import send_gift_card
from orders.models import GIFT_CARD_CODE_LENGTHS, GiftCard, VoucherCode, normalise_voucher_code
from shop.accounts.models import User
from shop.core.actors import Actor, ActorKind
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused

MAX_GIFT_CARDS_AT_ONCE = 1_000
MAX_GIFT_CARD_BALANCE = 999_999_999
_CURRENCY = re.compile("[A-Z]{3}")
_CODE_CHARACTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no characters that look alike
_CODE_GROUPS = 3  # of four characters: 59 bits, so that nobody finds a card by trying codes


class InvalidGiftCardBalance(Refused):
    code = "invalid_gift_card_balance"
    default_message = _("Enter a balance of more than 0 and less than 1,000,000,000.")


class InvalidGiftCardCurrency(Refused):
    code = "invalid_gift_card_currency"
    default_message = _("Enter a currency by its three letters, such as VND.")


class InvalidGiftCardCode(Refused):
    code = "invalid_gift_card_code"
    default_message = _("A gift card's code has 8 to 16 characters.")


class GiftCardCodeTaken(Refused):
    code = "gift_card_code_taken"
    default_message = _("A gift card or voucher already has this code.")


class GiftCardExpiresTooEarly(Refused):
    code = "gift_card_expires_too_early"
    default_message = _("Choose an expiry date after today.")


class InvalidGiftCardCount(Refused):
    code = "invalid_gift_card_count"
    default_message = _("You can issue 1 to 1,000 gift cards at once.")


@dataclass(frozen=True, slots=True)
class GiftCardTerms:
    """What cards are issued with. The balance is in minor units."""

    balance: int
    currency: str
    is_active: bool = True
    expiry_date: datetime.date | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    private_metadata: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic(durable=True)
def issue_gift_card(
    *,
    terms: GiftCardTerms,
    code: str = "",
    assigned_to: User | None = None,
    note: str = "",
    recipient_email: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> GiftCard:
    """Issue a card and, if `recipient_email` is given, send it there. Without `code` a random one is drawn.

    Raises InvalidGiftCardBalance, InvalidGiftCardCurrency, InvalidGiftCardCode, GiftCardCodeTaken,
    GiftCardExpiresTooEarly.
    """
    _require_valid_terms(terms, now)
    code = normalise_voucher_code(code)
    if code and len(code) not in GIFT_CARD_CODE_LENGTHS:
        raise InvalidGiftCardCode(field="code")
    if code and VoucherCode.objects.filter(code=code).exists():
        raise GiftCardCodeTaken(field="code")
    values = _card_values(terms, actor, now) | {"assigned_to": assigned_to}
    card, is_new = GiftCard.objects.get_or_create(code=code or _draw_free_codes(1)[0], defaults=values)
    if not is_new:
        raise GiftCardCodeTaken(field="code")
    add_gift_card_tags([card], terms.tags)
    record_gift_card_change("gift_card.issued", card, data=_issued_data(card), actor=actor, now=now)
    if assigned_to is not None:
        data = {"assigned_to": [None, assigned_to.pk]}
        record_gift_card_change("gift_card.assigned", card, data=data, actor=actor, now=now)
    if note.strip():
        record_gift_card_change("gift_card.note_added", card, reason=note.strip(), actor=actor, now=now)
    if recipient_email:
        send_gift_card(card, recipient_email, is_resent=False, actor=actor, now=now)
    return card


@transaction.atomic(durable=True)
def issue_gift_cards(
    *, terms: GiftCardTerms, count: int, actor: Actor, now: datetime.datetime
) -> list[GiftCard]:
    """Issue `count` cards with random codes, in the order of their keys.

    Raises InvalidGiftCardBalance, InvalidGiftCardCurrency, GiftCardExpiresTooEarly, InvalidGiftCardCount.
    """
    if not 1 <= count <= MAX_GIFT_CARDS_AT_ONCE:
        raise InvalidGiftCardCount(field="count")
    _require_valid_terms(terms, now)
    values = _card_values(terms, actor, now)
    cards = GiftCard.objects.bulk_create(GiftCard(code=code, **values) for code in _draw_free_codes(count))
    add_gift_card_tags(cards, terms.tags)
    data = {card.pk: _issued_data(card) for card in cards}
    record_gift_card_changes("gift_card.issued", cards, data=data, actor=actor, now=now)
    return cards


def require_future_expiry(expiry_date: datetime.date | None, now: datetime.datetime) -> None:
    """Raise GiftCardExpiresTooEarly unless the card would still work tomorrow."""
    if expiry_date is not None and expiry_date <= vietnam_date(now):
        raise GiftCardExpiresTooEarly(field="expiryDate")


def _require_valid_terms(terms: GiftCardTerms, now: datetime.datetime) -> None:
    if not _CURRENCY.fullmatch(terms.currency):
        raise InvalidGiftCardCurrency(field="balance")
    if not 1 <= terms.balance <= MAX_GIFT_CARD_BALANCE:
        raise InvalidGiftCardBalance(field="balance")
    require_future_expiry(terms.expiry_date, now)


def _card_values(terms: GiftCardTerms, actor: Actor, now: datetime.datetime) -> dict[str, Any]:
    return {
        "currency": terms.currency,
        "initial_balance": terms.balance,
        "current_balance": terms.balance,
        "is_active": terms.is_active,
        "expiry_date": terms.expiry_date,
        "metadata": dict(terms.metadata),
        "private_metadata": dict(terms.private_metadata),
        "created_by_id": actor.user_id,
        "app_id": int(actor.key) if actor.kind == ActorKind.APP else None,
        "created_at": now,
    }


def _draw_free_codes(count: int) -> list[str]:
    """Draw this many random codes that neither a card nor a voucher has."""
    codes: set[str] = set()
    while len(codes) < count:
        drawn_codes = {_draw_code() for _code in range(count - len(codes))}
        taken_codes = {
            *GiftCard.objects.filter(code__in=drawn_codes).values_list("code", flat=True),
            *VoucherCode.objects.filter(code__in=drawn_codes).values_list("code", flat=True),
        }
        codes |= drawn_codes - taken_codes
    return sorted(codes)


def _draw_code() -> str:
    groups = (
        "".join(secrets.choice(_CODE_CHARACTERS) for _position in range(4)) for _group in range(_CODE_GROUPS)
    )
    return "-".join(groups)


def _issued_data(card: GiftCard) -> dict[str, object]:
    expiry = card.expiry_date.isoformat() if card.expiry_date else None
    return balance_data(card) | {"expiry_date": expiry}
