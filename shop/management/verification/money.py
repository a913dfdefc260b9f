"""Check that payments and refunds stay within their limits, and that cash agrees with parcels and ledger."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeAlias

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from orders.models import (
    BankTransfer,
    CashRemittance,
    LedgerAccount,
    LedgerEntry,
    Order,
    OrderPart,
    Parcel,
    Payment,
    PaymentEvent,
    PaymentMethod,
    PostingKind,
    RemittanceLine,
)
from orders.states import CASH_NOT_RECEIVED, CashHolder, CodState, ParcelKind, ParcelState, PayoutState
from shop.core.database.compiled_query import compiled_query
from shop.management.verification.ledger import posted_keys_among
from shop.management.verification.rows import (
    OrderIds,
    OrderRows,
    batch_after,
    group_by,
    in_batches,
    of_orders,
    sum_by,
)

_CashHolderKey: TypeAlias = tuple[str, int | None, str]  # kind, cooperative, carrier
_CASH_ACCOUNTS = {
    LedgerAccount.CARRIER_CASH: CashHolder.CARRIER,
    LedgerAccount.COOPERATIVE_CASH: CashHolder.COOPERATIVE,
}


def find_wrong_cash(rows: OrderRows) -> Iterator[str]:
    payments_by_order = group_by(rows.payments, "order_id")
    yield from _wrong_cash_of_parts(rows, payments_by_order)
    collected_by_order: Counter[object] = Counter()
    for parcel in rows.parcels.values():
        collected_by_order[parcel.part.order_id] += parcel.cod_collected
    for order in rows.orders.values():
        payments = payments_by_order[order.pk]
        for fault in _payment_faults(order, payments, rows, collected_by_order[order.pk]) if payments else ():
            yield f"order {order.code}: {fault}"


def _payment_faults(order: Order, payments: list[Payment], rows: OrderRows, collected: int) -> Iterator[str]:
    sums_by_payment = {payment.pk: rows.payment_sums[payment.pk] for payment in payments}
    charged = sum(payment_sums.charged for payment_sums in sums_by_payment.values())
    if order.charged != charged:
        yield f"charged is {order.charged}, its payments sum to {charged}"
    cash_sums = [sums_by_payment[payment.pk] for payment in payments if payment.method == PaymentMethod.COD]
    paid_in_cash = sum(payment_sums.charged + payment_sums.refunded for payment_sums in cash_sums)
    if paid_in_cash != collected:
        yield f"{paid_in_cash} is paid in cash, its parcels collected {collected}"
    pending = sum(payment_sums.charge_pending for payment_sums in sums_by_payment.values())
    authorised = sum(
        payment_sums.authorised + payment_sums.authorise_pending for payment_sums in sums_by_payment.values()
    )
    expected_amount = max(0, order.current_total_gross - order.charged - authorised)
    if pending != expected_amount:
        yield f"payments wait for {pending}, {expected_amount} is due"


def _wrong_cash_of_parts(rows: OrderRows, payments_by_order: Mapping[object, list[Payment]]) -> Iterator[str]:
    lines_by_part = group_by(rows.lines.values(), "part_id")
    refunds_by_part = group_by(rows.refunds, "part_id")
    parcels_by_part = group_by(rows.parcels.values(), "part_id")
    lines_by_parcel = group_by(rows.parcel_lines, "parcel_id")
    for part in rows.parts.values():
        if part.order.placed_at is None:
            continue
        dispatches = [parcel for parcel in parcels_by_part[part.pk] if parcel.kind == ParcelKind.DISPATCH]
        reduction = sum(refund.amount - refund.surplus for refund in refunds_by_part[part.pk])
        valid_dispatches = [parcel for parcel in dispatches if parcel.state != ParcelState.VOIDED]
        expected = sum(parcel.cod_expected for parcel in valid_dispatches)
        if reduction:
            to_collect = sum(
                parcel.cod_expected for parcel in valid_dispatches if parcel.cod_state == CodState.EXPECTED
            )
            collected = sum(parcel.cod_collected for parcel in dispatches)
            if to_collect > max(0, part.total_gross - reduction - collected):
                yield _part_fault(
                    part, f"{to_collect} in cash is asked for, more than is due after its refunds"
                )
            continue
        # A voided parcel may have collected more than its products cost after they were weighed again.
        already_collected = sum(
            parcel.cod_collected for parcel in dispatches if parcel not in valid_dispatches
        )
        cash_to_collect = max(0, part.total_gross - already_collected)
        if expected > cash_to_collect:
            yield _part_fault(part, f"{expected} in cash is asked for, {cash_to_collect} is due")
        payments = payments_by_order[part.order_id]
        if not payments or payments[-1].method != PaymentMethod.COD:
            continue
        quantities = sum_by(
            [line for parcel in valid_dispatches for line in lines_by_parcel[parcel.pk]], "order_line_id"
        )
        is_whole = all(quantities[line.pk] == line.quantity for line in lines_by_part[part.pk])
        if is_whole and expected != cash_to_collect:
            yield _part_fault(part, f"its parcels bring {expected} in cash, {cash_to_collect} is due")


def _part_fault(part: OrderPart, fault: str) -> str:
    return f"order {part.order.code}: part {part.pk}: {fault}"


def find_wrong_refunds(rows: OrderRows) -> Iterator[str]:
    """Check that no line, delivery or order is refunded above its cost or above the paid amount."""
    for line_id, total in rows.refunded_amounts.items():
        if line_id is not None and total > rows.lines[line_id].total_gross:
            yield f"order {rows.lines[line_id].order.code}: more of line {line_id} is refunded than it costs"
    line_amounts = sum_by(rows.refund_lines, "refund_id", "amount")
    event_amounts = _refund_events(rows)
    delivery_refunds: Counter[int | None] = Counter()
    for refund in rows.refunds:
        delivery_refunds[refund.part_id] += refund.delivery_amount
        if refund.amount != line_amounts[refund.pk] + refund.delivery_amount + refund.surplus:
            yield f"refund {refund.pk}: its amount is not goods, delivery and surplus"
        if not 0 <= refund.repayment <= refund.amount:
            yield f"refund {refund.pk}: gives back {refund.repayment} of {refund.amount}"
        requested_amount = event_amounts[refund.pk, "refund_request"]
        failed = event_amounts[refund.pk, "refund_failure"] + event_amounts[refund.pk, "refund_reverse"]
        if not refund.repayment - failed <= requested_amount <= refund.repayment + failed:
            amounts = f"{requested_amount} was requested for {refund.repayment}"
            yield f"refund {refund.pk}: {amounts}, {failed} failed"
        if event_amounts[refund.pk, "refund_success"] > requested_amount:
            yield f"refund {refund.pk}: more was refunded than requested"
    for part_id, total in delivery_refunds.items():
        if part_id is not None and total > rows.parts[part_id].delivery_gross:
            yield _part_fault(rows.parts[part_id], "more of its delivery is refunded than it costs")
    yield from _find_overdrawn_payments(rows)


def _find_overdrawn_payments(rows: OrderRows) -> Iterator[str]:
    # A chargeback during a refund is unforeseeable. Stripe then refuses the refund.
    disputed = sum_by(_chargebacks(rows.order_ids), "payment_id", "amount")
    for payment_id, sums in rows.payment_sums.items():
        if sums.refund_pending > max(0, sums.charged + disputed[payment_id]):
            yield f"payment {payment_id}: owes {sums.refund_pending}, more than it holds"


@compiled_query
def _chargebacks(order_ids: OrderIds) -> QuerySet[PaymentEvent]:
    return of_orders(PaymentEvent.objects.filter(kind="charge_back"), "payment__order", order_ids)


def _refund_events(rows: OrderRows) -> Counter[tuple[object, str]]:
    """Sum each refund's requested, completed and failed amounts, by kind of event."""
    sums: Counter[tuple[object, str]] = Counter()
    for refund_id, kind, amount in _refund_amounts(rows.order_ids):
        sums[refund_id, kind] += amount
    return sums


@compiled_query
def _refund_amounts(order_ids: OrderIds) -> QuerySet[PaymentEvent, tuple[Any, ...]]:
    events = of_orders(PaymentEvent.objects.filter(refund__isnull=False), "refund__order", order_ids)
    return events.values_list("refund", "kind", "amount")


def find_wrong_outstanding_cash() -> Iterator[str]:
    """Check that cash held by carriers and cooperatives is the same in the ledger and on parcels."""
    by_parcels, by_ledger = _read_outstanding_cash_by_parcels(), _read_outstanding_cash_by_ledger()
    for key in sorted({*by_parcels, *by_ledger}, key=str):
        if by_parcels[key] != by_ledger[key]:
            holder, cooperative, carrier = key
            holder_name = (
                f"carrier {carrier}" if holder == CashHolder.CARRIER else f"cooperative {cooperative}"
            )
            yield f"{holder_name}: holds {by_parcels[key]} by its parcels, {by_ledger[key]} by the ledger"


def _read_outstanding_cash_by_parcels() -> Counter[_CashHolderKey]:
    outstanding: Counter[_CashHolderKey] = Counter()
    for holder, cooperative, carrier, total in _collected_cash():
        outstanding[_cash_holder_key(holder, cooperative, carrier)] += total
    for holder, cooperative, carrier, total in _remitted_differences():
        outstanding[_cash_holder_key(holder, cooperative, carrier)] += total
    for batch in in_batches(_reconciled_remittances_after):
        for remittance in batch:
            outstanding[remittance.holder, remittance.cooperative_id, remittance.carrier] -= (
                remittance.difference + remittance.resolved_difference
            )
    return outstanding


@compiled_query
def _collected_cash() -> QuerySet[Parcel, tuple[Any, ...]]:
    """Return the cash that is not received yet, or is offset against the cooperative's claim."""
    offset = Q(cod_state=CodState.RECONCILED, remittance_line=None)
    parcels = Parcel.objects.filter(Q(cod_state__in=CASH_NOT_RECEIVED) | offset).order_by()
    return parcels.values_list("cod_holder", "part__cooperative", "carrier").annotate(
        sum=Sum("cod_collected")
    )


@compiled_query
def _remitted_differences() -> QuerySet[RemittanceLine, tuple[Any, ...]]:
    """Return what lines of reconciled remittances lack of their parcels' cash."""
    lines = RemittanceLine.objects.filter(remittance__reconciled_at__isnull=False)
    return (
        lines.order_by()
        .values_list("parcel__cod_holder", "parcel__part__cooperative", "parcel__carrier")
        .annotate(sum=Sum(F("parcel__cod_collected") - F("collected")))
    )


@compiled_query
def _reconciled_remittances_after(last: int | None) -> QuerySet[CashRemittance]:
    return batch_after(CashRemittance.objects.filter(reconciled_at__isnull=False), last)


def _read_outstanding_cash_by_ledger() -> Counter[_CashHolderKey]:
    booked: Counter[_CashHolderKey] = Counter()
    for account, cooperative, carrier, total in _booked_cash():
        booked[_CASH_ACCOUNTS[LedgerAccount(account)], cooperative, carrier] += total
    return booked


@compiled_query
def _booked_cash() -> QuerySet[LedgerEntry, tuple[Any, ...]]:
    cash_kinds = (PostingKind.PAYMENT, PostingKind.REMITTANCE)
    entries = LedgerEntry.objects.filter(account__in=_CASH_ACCOUNTS, posting__kind__in=cash_kinds).order_by()
    return entries.values_list("account", "cooperative", "carrier").annotate(sum=Sum("amount"))


def _cash_holder_key(holder: str, cooperative_id: int, carrier: str) -> _CashHolderKey:
    if holder == CashHolder.CARRIER:
        return (CashHolder.CARRIER, None, carrier)
    return (CashHolder.COOPERATIVE, cooperative_id, "")


def find_wrong_unmatched_transfers() -> Iterator[str]:
    """Check that the account of unmatched transfers equals the amounts neither assigned nor returned."""
    unmatched = 0
    for batch in in_batches(_transfers_after):
        posted_keys = set(posted_keys_among([_posting_key(transfer) for transfer in batch]))
        assigned_amounts: dict[uuid.UUID, int] = dict(_assigned_amounts([transfer.pk for transfer in batch]))
        for transfer in batch:
            assigned = assigned_amounts[transfer.pk]
            if assigned > transfer.amount:
                yield f"transfer {transfer.pk}: orders have {assigned} of {transfer.amount}"
            payout = getattr(transfer, "payout", None)
            is_sent = payout is not None and payout.state == PayoutState.PAID
            if _posting_key(transfer) in posted_keys:
                unmatched += transfer.amount - assigned - (payout.amount if payout and is_sent else 0)
            elif assigned not in (0, transfer.amount):
                yield f"transfer {transfer.pk}: its unassigned amount is not booked"
    booked = -sum(_unmatched_totals())
    if booked != unmatched:
        yield f"unmatched transfers come to {unmatched}, the ledger says {booked}"


@compiled_query
def _transfers_after(last: uuid.UUID | None) -> QuerySet[BankTransfer]:
    return batch_after(BankTransfer.objects.select_related("payout"), last)


@compiled_query
def _assigned_amounts(ids: Collection[uuid.UUID]) -> QuerySet[BankTransfer, tuple[Any, ...]]:
    transfers = BankTransfer.objects.filter(pk__in=ids).order_by()
    return transfers.values_list("pk").annotate(sum=Coalesce(Sum("shares__amount"), 0))


@compiled_query
def _unmatched_totals() -> QuerySet[LedgerEntry, int]:
    entries = LedgerEntry.objects.filter(account=LedgerAccount.UNMATCHED).order_by()
    return entries.values("account").annotate(sum=Sum("amount")).values_list("sum", flat=True)


def _posting_key(transfer: BankTransfer) -> str:
    return f"transfer:{transfer.pk}:found"
