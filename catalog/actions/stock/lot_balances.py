"""Balances of lots in stocks."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, Sum

from catalog.models import Lot, LotBalance, Stock
from shop.core.errors import Missing


def change_lot_balance(stock: Stock, lot_id: int | None, quantity: int) -> None:
    """In a transaction: add to the balance of a lot in a locked stock. Do nothing if no lot is given."""
    if lot_id is None:
        return
    balance = LotBalance.objects.filter(stock=stock, lot=lot_id)
    if not balance.update(on_hand=F("on_hand") + quantity):
        LotBalance.objects.create(stock=stock, lot_id=lot_id, on_hand=quantity)
    if Lot.objects.filter(pk=lot_id, recalled_at__isnull=False).exists():
        recalculate_recalled_stock([stock])


def recalculate_recalled_stock(stocks: Iterable[Stock]) -> None:
    """In a transaction: recalculate how much of these locked stocks belongs to recalled lots."""
    rows = list(stocks)
    balances = LotBalance.objects.filter(stock__in=rows, on_hand__gt=0, lot__recalled_at__isnull=False)
    sums = dict(balances.order_by().values_list("stock").annotate(sum=Sum("on_hand")))
    for row in rows:
        row.recalled = sums.get(row.pk, 0)
    Stock.objects.bulk_update(rows, ["recalled"])


def require_lot_of(stock: Stock, lot_id: int | None) -> None:
    """Raise Missing if this is not a lot of the stock's variant."""
    if lot_id is not None and not Lot.objects.filter(pk=lot_id, variant=stock.variant_id).exists():
        raise Missing()
