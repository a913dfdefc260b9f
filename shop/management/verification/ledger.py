"""Check that money and delivered products are posted exactly once, and that closed periods balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Sum

from orders.actions.ledger.earnings_postings import drafts_for_parts
from orders.actions.ledger.ledger_postings import MONEY_MOVING_EVENTS
from orders.models import LedgerAccount, LedgerEntry, LedgerPosting, PaymentEvent, Settlement
from orders.states import ParcelKind, ParcelState, SettlementState
from shop.management.verification.rows import OrderRows, group_by, in_batches, sum_by

_BATCH_SIZE = 1_000


def find_unbalanced_postings() -> Iterator[str]:
    entries = LedgerEntry.objects.filter(posting=OuterRef("pk"))
    empty = LedgerPosting.objects.filter(~Exists(entries)).order_by("pk")
    for key in empty.values_list("key", flat=True).iterator(_BATCH_SIZE):
        yield f"posting {key}: books nothing"
    sums = LedgerEntry.objects.order_by("posting", "currency").values("posting__key", "currency")
    for row in sums.annotate(sum=Sum("amount")).exclude(sum=0).iterator(_BATCH_SIZE):
        yield f"posting {row['posting__key']}: sums to {row['sum']} {row['currency']}"


def find_wrongly_booked_events() -> Iterator[str]:
    """Check that each event that moved money has a posting, and each event posting has its event."""
    moved = PaymentEvent.objects.filter(kind__in=MONEY_MOVING_EVENTS, amount__gt=0)
    for batch in in_batches(moved):
        keys = [f"event:{event.pk}" for event in batch]
        booked = set(LedgerPosting.objects.filter(key__in=keys).values_list("key", flat=True))
        for key in keys:
            if key not in booked:
                yield f"{key}: moved money and is not booked"
    for postings in in_batches(LedgerPosting.objects.filter(key__startswith="event:")):
        ids = {posting.key.removeprefix("event:"): posting.key for posting in postings}
        known = set(map(str, moved.filter(pk__in=ids).values_list("pk", flat=True)))
        for pk, key in ids.items():
            if pk not in known:
                yield f"posting {key}: there is no such event that moved money"


def find_wrong_balances(rows: OrderRows) -> Iterator[str]:
    """Check that a buyer's ledger balance equals the value they received minus their payments."""
    of_buyers = LedgerEntry.objects.filter(account=LedgerAccount.BUYER, posting__order__isnull=False)
    entries = rows.of_orders(of_buyers, "posting__order").order_by()
    balances = dict(entries.values_list("posting__order").annotate(sum=Sum("amount")))
    parts_of, received = group_by(rows.parts.values(), "order_id"), received_value_by_part(rows)
    for order in rows.orders.values():
        expected = sum(received[part.pk] for part in parts_of[order.pk]) - order.charged
        if balances.get(order.pk, 0) != expected:
            balance = balances.get(order.pk, 0)
            yield f"order {order.code}: owes {balance} in the ledger, {expected} by its rows"


def find_unbooked_parts(rows: OrderRows, newest: int | None = None) -> Iterator[str]:
    parts_of = group_by(rows.parts.values(), "order_id")
    for order in rows.latest_changed(newest):
        if drafts_for_parts(order, parts_of[order.pk], now=order.updated_at):
            yield f"order {order.code}: some delivered items are not booked"


def received_value_by_part(rows: OrderRows) -> Counter[int]:
    """Return the value each part's buyer received, less refunds, summed line by line."""
    arrived = [
        row
        for row in rows.counting
        if row.parcel.kind == ParcelKind.DISPATCH and row.parcel.state == ParcelState.DELIVERED
    ]
    steps, totals = sum_by(arrived, "order_line_id"), Counter[int]()
    for line in rows.lines.values():
        value = line.total_gross * min(steps[line.pk], line.quantity) // line.quantity
        totals[line.part_id] += min(value, line.total_gross - rows.refunded[line.pk])
    waived_delivery = sum_by(rows.refunds, "part_id", "delivery")
    for part_id in {row.order_line.part_id for row in arrived}:
        totals[part_id] += rows.parts[part_id].delivery_gross - waived_delivery[part_id]
    return totals


def find_wrong_settlements() -> Iterator[str]:
    """Check that a closed settlement's accounts balance, and its entries belong to its cooperative."""
    periods = {row.pk: row for row in Settlement.objects.order_by("pk")}
    entries = LedgerEntry.objects.filter(settlement__isnull=False)
    sums = entries.order_by("settlement", "account", "cooperative", "currency").values_list(
        "settlement", "account", "cooperative", "currency"
    )
    levels: Counter[tuple[int, str]] = Counter()
    for period, account, cooperative, currency, total in sums.annotate(sum=Sum("amount")):
        levels[period, account] += total
        if (cooperative, currency) != (periods[period].cooperative_id, periods[period].currency):
            yield f"settlement {period}: has entries of cooperative {cooperative} in {currency}"
    for (period, account), total in levels.items():
        if total and periods[period].state != SettlementState.OPEN:
            yield f"settlement {period}: is closed and its account {account} is at {total}"
