"""Balances of lots in stocks."""

from __future__ import annotations

from django.db.models import F

from catalog.models import Lot, LotBalance, Stock
from shop.core.errors import Missing


def change_lot_balance(stock: Stock, lot_id: int | None, quantity: int) -> None:
    """Step: add to the balance of a lot in a locked stock; nothing for stock of no lot."""
    if lot_id is None:
        return
    balance = LotBalance.objects.filter(stock=stock, lot=lot_id)
    if not balance.update(on_hand=F("on_hand") + quantity):
        LotBalance.objects.create(stock=stock, lot_id=lot_id, on_hand=quantity)


def require_lot_of(stock: Stock, lot_id: int | None) -> None:
    """Raise Missing if this is not a lot of the stock's variant."""
    if lot_id is not None and not Lot.objects.filter(pk=lot_id, variant=stock.variant_id).exists():
        raise Missing()
