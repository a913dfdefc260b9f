"""Activate, deactivate and delete gift cards, one or many at once."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.gift_cards.gift_card_changes import record_gift_card_changes
from orders.actions.gift_cards.send_gift_card import GiftCardExpired
from orders.models import GiftCard, GiftCardTag
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class GiftCardInUse(Refused):
    """`details["gift_cards"]` holds the keys of the cards that were used."""

    code = "gift_card_in_use"
    default_message = _("Orders were paid with this gift card, so it stays. Deactivate it instead.")


@transaction.atomic(durable=True)
def activate_gift_cards(
    *, gift_card_ids: Collection[int], actor: Actor, now: datetime.datetime
) -> list[GiftCard]:
    """Activate these cards. Those that are active stay as they are.

    Raises Missing, and GiftCardExpired, whose `details["gift_cards"]` holds the keys of expired cards.
    """
    cards = _lock_all(gift_card_ids)
    expired = [card.pk for card in cards if card.is_expired(vietnam_date(now))]
    if expired:
        raise GiftCardExpired(field="id", gift_cards=expired)
    _switch(cards, is_active=True, actor=actor, now=now)
    return cards


@transaction.atomic(durable=True)
def deactivate_gift_cards(
    *, gift_card_ids: Collection[int], actor: Actor, now: datetime.datetime
) -> list[GiftCard]:
    """Deactivate these cards, so that nobody can pay with them. Raises Missing."""
    cards = _lock_all(gift_card_ids)
    _switch(cards, is_active=False, actor=actor, now=now)
    return cards


@transaction.atomic(durable=True)
def delete_gift_cards(*, gift_card_ids: Collection[int], actor: Actor, now: datetime.datetime) -> None:
    """Delete cards that no order was paid with, and tags that no other card has.

    Raises Missing, GiftCardInUse.
    """
    cards = _lock_all(gift_card_ids)
    used = [card.pk for card in cards if card.last_used_at is not None]
    if used:
        raise GiftCardInUse(field="id", gift_cards=used)
    for card in cards:
        snapshot = {
            "last_characters": card.last_characters,
            "currency": card.currency,
            "balance": card.current_balance,
        }
        record_change("gift_card.deleted", card, snapshot=snapshot, actor=actor, now=now)
    tag_ids = list(GiftCardTag.objects.filter(gift_cards__in=cards).values_list("pk", flat=True).distinct())
    GiftCard.objects.filter(pk__in=[card.pk for card in cards]).delete()
    GiftCardTag.objects.filter(pk__in=tag_ids, gift_cards=None).delete()


def _lock_all(gift_card_ids: Collection[int]) -> list[GiftCard]:
    """In a transaction: lock these cards and return them by key. Raises Missing if one does not exist."""
    cards = locks.lock_gift_cards(gift_card_ids)
    if len(cards) != len(set(gift_card_ids)):
        raise Missing(field="id")
    return cards


def _switch(cards: Iterable[GiftCard], *, is_active: bool, actor: Actor, now: datetime.datetime) -> None:
    switched = [card for card in cards if card.is_active != is_active]
    for card in switched:
        card.is_active = is_active
    GiftCard.objects.filter(pk__in=[card.pk for card in switched]).update(is_active=is_active)
    action = "gift_card.activated" if is_active else "gift_card.deactivated"
    record_gift_card_changes(action, switched, actor=actor, now=now)
