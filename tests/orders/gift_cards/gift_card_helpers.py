"""Gift cards as tests need them."""

from __future__ import annotations

from typing import Any

from orders.actions.gift_cards.issue_gift_cards import GiftCardTerms, issue_gift_card
from orders.models import GiftCard
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import NOW

ACTOR = Actor.system("test")


def make_gift_card(balance: int = 200_000, code: str = "TANG-2026-ABCD", **values: Any) -> GiftCard:
    """Issue an active card in đồng."""
    terms = {"balance": balance, "currency": "VND"} | {
        name: values.pop(name) for name in ("currency", "is_active", "expiry_date", "tags") if name in values
    }
    common = {"actor": ACTOR, "now": NOW} | values
    return issue_gift_card(terms=GiftCardTerms(**terms), code=code, **common)


def actions_of(card: GiftCard) -> list[str]:
    """Return what happened to the card, oldest first."""
    return list(Change.objects.of_row(card).order_by("pk").values_list("action", flat=True))


def balances_of(card: GiftCard) -> tuple[int, int]:
    """Return the stored initial and current balance."""
    card.refresh_from_db()
    return card.initial_balance, card.current_balance
