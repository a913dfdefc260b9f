"""Check that money and delivered products are posted exactly once, and that closed periods balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Sum

from orders.actions.ledger.earnings_postings import build_posting_drafts
from orders.actions.ledger.ledger_postings import MONEY_MOVING_EVENTS
from orders.models import LedgerAccount, LedgerEntry, LedgerPosting, PaymentEvent, Settlement
from orders.states import ParcelKind, ParcelState, SettlementState
from shop.management.verification.rows import OrderRows, group_by, in_batches, sum_by

_BATCH_SIZE = 1_000


def find_unbalanced_postings() -> Iterator[str]:
    entries = LedgerEntry.objects.filter(posting=OuterRef("pk"))
    empty = LedgerPosting.objects.filter(~Exists(entries)).order_by("pk")
    for key in empty.values_list("idempotency_key", flat=True).iterator(_BATCH_SIZE):
        yield f"posting {key}: books nothing"
    sums = LedgerEntry.objects.order_by("posting", "currency").values("posting__idempotency_key", "currency")
    for row in sums.annotate(sum=Sum("amount")).exclude(sum=0).iterator(_BATCH_SIZE):
        yield f"posting {row['posting__idempotency_key']}: sums to {row['sum']} {row['currency']}"


def find_wrongly_booked_events() -> Iterator[str]:
    """Check that each event that moved money has a posting, and each event posting has its event."""
    money_events = PaymentEvent.objects.filter(kind__in=MONEY_MOVING_EVENTS, amount__gt=0)
    for batch in in_batches(money_events):
        keys = [f"event:{event.pk}" for event in batch]
        posted_keys = set(
            LedgerPosting.objects.filter(idempotency_key__in=keys).values_list("idempotency_key", flat=True)
        )
        for key in keys:
            if key not in posted_keys:
                yield f"{key}: moved money and is not booked"
    for postings in in_batches(LedgerPosting.objects.filter(idempotency_key__startswith="event:")):
        keys_by_event = {
            posting.idempotency_key.removeprefix("event:"): posting.idempotency_key for posting in postings
        }
        known_ids = set(map(str, money_events.filter(pk__in=keys_by_event).values_list("pk", flat=True)))
        for event_id, key in keys_by_event.items():
            if event_id not in known_ids:
                yield f"posting {key}: there is no event with this key that moved money"


def find_wrong_balances(rows: OrderRows) -> Iterator[str]:
    """Check that a buyer's ledger balance equals the value they received minus their payments."""
    buyer_entries = LedgerEntry.objects.filter(account=LedgerAccount.BUYER, posting__order__isnull=False)
    entries = rows.of_orders(buyer_entries, "posting__order").order_by()
    balances = dict(entries.values_list("posting__order").annotate(sum=Sum("amount")))
    parts_by_order = group_by(rows.parts.values(), "order_id")
    received_values = received_value_by_part(rows)
    for order in rows.orders.values():
        expected = sum(received_values[part.pk] for part in parts_by_order[order.pk]) - order.charged
        if balances.get(order.pk, 0) != expected:
            balance = balances.get(order.pk, 0)
            yield f"order {order.code}: owes {balance} in the ledger, {expected} by its rows"


def find_unbooked_parts(rows: OrderRows, limit: int | None = None) -> Iterator[str]:
    parts_by_order = group_by(rows.parts.values(), "order_id")
    for order in rows.latest_changed(limit):
        if build_posting_drafts(order, parts_by_order[order.pk], now=order.updated_at):
            yield f"order {order.code}: some delivered items are not booked"


def received_value_by_part(rows: OrderRows) -> Counter[int]:
    """Return the value each part's buyer received, less refunds, summed line by line."""
    delivered_lines = [
        row
        for row in rows.unvoided_parcel_lines
        if row.parcel.kind == ParcelKind.DISPATCH and row.parcel.state == ParcelState.DELIVERED
    ]
    delivered_quantities = sum_by(delivered_lines, "order_line_id")
    values_by_part: Counter[int] = Counter()
    for line in rows.lines.values():
        value = line.total_gross * min(delivered_quantities[line.pk], line.quantity) // line.quantity
        values_by_part[line.part_id] += min(value, line.total_gross - rows.refunded_amounts[line.pk])
    refunded_delivery = sum_by(rows.refunds, "part_id", "delivery_amount")
    for part_id in {row.order_line.part_id for row in delivered_lines}:
        values_by_part[part_id] += rows.parts[part_id].delivery_gross - refunded_delivery[part_id]
    return values_by_part


def find_wrong_settlements() -> Iterator[str]:
    """Check that a closed settlement's accounts balance, and its entries belong to its cooperative."""
    periods = {settlement.pk: settlement for settlement in Settlement.objects.order_by("pk")}
    entries = LedgerEntry.objects.filter(settlement__isnull=False)
    sums = entries.order_by("settlement", "account", "cooperative", "currency").values_list(
        "settlement", "account", "cooperative", "currency"
    )
    account_totals: Counter[tuple[int, str]] = Counter()
    for period, account, cooperative, currency, total in sums.annotate(sum=Sum("amount")):
        account_totals[period, account] += total
        if (cooperative, currency) != (periods[period].cooperative_id, periods[period].currency):
            yield f"settlement {period}: has entries of cooperative {cooperative} in {currency}"
    for (period, account), total in account_totals.items():
        if total and periods[period].state != SettlementState.OPEN:
            yield f"settlement {period}: is closed and its account {account} is at {total}"
