"""Remove people from gift cards when their account is anonymised."""

from __future__ import annotations

import datetime

from orders import locks
from orders.actions.gift_cards.gift_card_changes import record_gift_card_changes
from orders.models import GiftCard
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.change_log.seal_changes import redact_contents
from shop.core.models import Change

_ACTIONS_WITH_EMAIL = ("gift_card.sent", "gift_card.resent")


def forget_gift_card_user(user: User, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: delete a person's address from cards, and deactivate cards assigned to them."""
    GiftCard.objects.filter(used_by=user).update(used_by_email="")
    cards = locks.lock_gift_cards(GiftCard.objects.filter(assigned_to=user).values_list("pk", flat=True))
    active_cards = [card for card in cards if card.is_active]
    card_ids = [card.pk for card in cards]
    GiftCard.objects.filter(pk__in=card_ids).update(assigned_to=None, is_active=False)
    record_gift_card_changes("gift_card.deactivated", active_cards, actor=actor, now=now)
    if user.email:
        sent = Change.objects.filter(kind=GiftCard._meta.label_lower, action__in=_ACTIONS_WITH_EMAIL)
        redact_contents(sent.filter(data__email=user.email), actor=actor, now=now)
