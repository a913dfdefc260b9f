"""Changes of gift cards, which are also the events that their history shows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from orders.models import GiftCard
from shop.core.actors import Actor
from shop.core.models import Change, change_values, record_change


def record_gift_card_change(
    action: str,
    card: GiftCard,
    *,
    data: Mapping[str, object] | None = None,
    reason: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> Change:
    """On a locked or new card: record what happened to it."""
    return record_change(action, card, data=data, reason=reason, actor=actor, now=now)


def record_gift_card_changes(
    action: str,
    cards: Sequence[GiftCard],
    *,
    data: Mapping[int, Mapping[str, object]] | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """On locked or new cards: record that the same happened to each. `data` is by the card's key."""
    Change.objects.bulk_create(
        Change(**change_values(action, card, data=(data or {}).get(card.pk), actor=actor, now=now))
        for card in cards
    )


def balance_data(card: GiftCard, before: tuple[int, int] | None = None) -> dict[str, object]:
    """Return the data of a change of the balance. `before` is the former initial and current balance."""
    data: dict[str, object] = {"currency": card.currency}
    if before is not None:
        data["from"] = _balances(*before)
    return data | {"to": _balances(card.initial_balance, card.current_balance)}


def _balances(initial_balance: int, current_balance: int) -> dict[str, int]:
    return {"initial_balance": initial_balance, "balance": current_balance}
