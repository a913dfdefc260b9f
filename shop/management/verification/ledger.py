"""Check that money and delivered products are posted exactly once, and that closed periods balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Sum

from orders.actions.ledger.earnings_postings import build_posting_drafts
from orders.actions.ledger.ledger_postings import MONEY_MOVING_EVENTS
from orders.models import (
    DebtEntry,
    LedgerAccount,
    LedgerEntry,
    LedgerPosting,
    PaymentEvent,
    Settlement,
    SupplierEntry,
)
from orders.states import ParcelKind, ParcelState, SettlementState
from shop.core.database.compiled_query import compiled_query
from shop.management.verification.rows import (
    OrderIds,
    OrderRows,
    batch_after,
    group_by,
    in_batches,
    of_orders,
    sum_by,
)


def find_unbalanced_postings() -> Iterator[str]:
    for key in _empty_postings():
        yield f"posting {key}: books nothing"
    for key, currency, total in _unbalanced_postings():
        yield f"posting {key}: sums to {total} {currency}"


@compiled_query
def _empty_postings() -> QuerySet[LedgerPosting, str]:
    entries = LedgerEntry.objects.filter(posting=OuterRef("pk"))
    empty = LedgerPosting.objects.filter(~Exists(entries)).order_by("pk")
    return empty.values_list("idempotency_key", flat=True)


@compiled_query
def _unbalanced_postings() -> QuerySet[LedgerEntry, tuple[Any, ...]]:
    entries = LedgerEntry.objects.order_by("posting", "currency")
    sums = entries.values_list("posting__idempotency_key", "currency").annotate(sum=Sum("amount"))
    return sums.exclude(sum=0)


def find_wrongly_booked_events() -> Iterator[str]:
    """Check that each event that moved money has a posting, and each event posting has its event."""
    for batch in in_batches(_money_events_after):
        keys = [f"event:{event.pk}" for event in batch]
        posted_keys = set(posted_keys_among(keys))
        for key in keys:
            if key not in posted_keys:
                yield f"{key}: moved money and is not booked"
    for postings in in_batches(_event_postings_after):
        keys_by_event = {
            posting.idempotency_key.removeprefix("event:"): posting.idempotency_key for posting in postings
        }
        known_ids = set(map(str, _money_event_ids(list(map(int, keys_by_event)))))
        for event_id, key in keys_by_event.items():
            if event_id not in known_ids:
                yield f"posting {key}: there is no event with this key that moved money"


def _money_events() -> QuerySet[PaymentEvent]:
    return PaymentEvent.objects.filter(kind__in=MONEY_MOVING_EVENTS, amount__gt=0)


@compiled_query
def _money_events_after(last: int | None) -> QuerySet[PaymentEvent]:
    return batch_after(_money_events(), last)


@compiled_query
def _money_event_ids(ids: Collection[int]) -> QuerySet[PaymentEvent, int]:
    return _money_events().filter(pk__in=ids).values_list("pk", flat=True)


@compiled_query
def posted_keys_among(keys: Collection[str]) -> QuerySet[LedgerPosting, str]:
    """Return those of the keys that a posting has."""
    return LedgerPosting.objects.filter(idempotency_key__in=keys).values_list("idempotency_key", flat=True)


@compiled_query
def _event_postings_after(last: int | None) -> QuerySet[LedgerPosting]:
    return batch_after(LedgerPosting.objects.filter(idempotency_key__startswith="event:"), last)


def find_wrong_debts() -> Iterator[str]:
    """Check that what cooperatives are owed and owe by their books is what the ledger says."""
    customers = _read_debts(DebtEntry.objects.all(), "customer")
    suppliers = _read_debts(SupplierEntry.objects.all(), "supplier")
    booked = _read_booked_debts(LedgerAccount.CUSTOMER_DEBT)
    booked_payables = _read_booked_debts(LedgerAccount.SUPPLIER_PAYABLE)
    for cooperative, currency in sorted(customers.keys() | booked.keys()):
        debt, balance = customers[cooperative, currency], booked[cooperative, currency]
        if debt != balance:
            yield f"cooperative {cooperative}: is owed {debt} {currency}, the ledger says {balance}"
    for cooperative, currency in sorted(suppliers.keys() | booked_payables.keys()):
        debt, balance = suppliers[cooperative, currency], -booked_payables[cooperative, currency]
        if debt != balance:
            yield f"cooperative {cooperative}: owes {debt} {currency}, the ledger says {balance}"


def _read_debts(entries: QuerySet[Any], owner: str) -> Counter[tuple[int, str]]:
    rows = entries.order_by().values_list(f"{owner}__cooperative", f"{owner}__currency")
    return Counter({(row[0], row[1]): row[2] for row in rows.annotate(sum=Sum("amount"))})


def _read_booked_debts(account: LedgerAccount) -> Counter[tuple[int, str]]:
    rows = LedgerEntry.objects.filter(account=account).order_by().values_list("cooperative", "currency")
    return Counter({(row[0] or 0, row[1]): row[2] for row in rows.annotate(sum=Sum("amount"))})


def find_wrong_balances(rows: OrderRows) -> Iterator[str]:
    """Check that a buyer's ledger balance equals the value they received minus their payments."""
    balances = dict(_buyer_balances(rows.order_ids))
    parts_by_order = group_by(rows.parts.values(), "order_id")
    received_values = received_value_by_part(rows)
    for order in rows.orders.values():
        expected = sum(received_values[part.pk] for part in parts_by_order[order.pk]) - order.charged
        if balances.get(order.pk, 0) != expected:
            balance = balances.get(order.pk, 0)
            yield f"order {order.code}: owes {balance} in the ledger, {expected} by its rows"


@compiled_query
def _buyer_balances(order_ids: OrderIds) -> QuerySet[LedgerEntry, tuple[Any, ...]]:
    buyer_entries = LedgerEntry.objects.filter(account=LedgerAccount.BUYER, posting__order__isnull=False)
    entries = of_orders(buyer_entries, "posting__order", order_ids).order_by()
    return entries.values_list("posting__order").annotate(sum=Sum("amount"))


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
    periods = {settlement.pk: settlement for settlement in _settlements()}
    account_totals: Counter[tuple[int, str]] = Counter()
    for period, account, cooperative, currency, total in _settlement_totals():
        account_totals[period, account] += total
        if (cooperative, currency) != (periods[period].cooperative_id, periods[period].currency):
            yield f"settlement {period}: has entries of cooperative {cooperative} in {currency}"
    for (period, account), total in account_totals.items():
        if total and periods[period].state != SettlementState.OPEN:
            yield f"settlement {period}: is closed and its account {account} is at {total}"


@compiled_query
def _settlements() -> QuerySet[Settlement]:
    return Settlement.objects.order_by("pk")


@compiled_query
def _settlement_totals() -> QuerySet[LedgerEntry, tuple[Any, ...]]:
    columns = ("settlement", "account", "cooperative", "currency")
    entries = LedgerEntry.objects.filter(settlement__isnull=False).order_by(*columns)
    return entries.values_list(*columns).annotate(sum=Sum("amount"))
