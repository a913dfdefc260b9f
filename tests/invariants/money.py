"""Rules 5 and 6: nobody pays or gets back more than there is, and no money is lost or booked twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Sum
from django.db.models.functions import Coalesce

from orders.actions.ledger import MOVED_MONEY, drafts_of_parts
from orders.models import (
    Account,
    BankTransfer,
    CashRemittance,
    LedgerEntry,
    LedgerPosting,
    Method,
    Parcel,
    PaymentEvent,
    PostingKind,
    RemittanceLine,
    Settlement,
)
from orders.states import (
    CASH_AWAY,
    CashHolder,
    CodState,
    ParcelKind,
    ParcelState,
    PayoutState,
    SettlementState,
)
from tests.invariants.rows import Rows, grouped, summed
from tests.invariants.sums import latest_changed


def check_cash(rows: Rows | None = None) -> None:
    rows = rows or Rows()
    payments_of = grouped(rows.payments, "order_id")
    _check_cash_of_parts(rows, payments_of)
    collected: Counter[Any] = Counter()
    for parcel in rows.parcels.values():
        collected[parcel.part.order_id] += parcel.cod_collected
    for order in rows.orders.values():
        payments, sums = payments_of[order.pk], rows.sums
        if not payments:
            continue
        assert order.charged == sum(sums[payment.pk].charged for payment in payments)
        in_cash = [payment for payment in payments if payment.method == Method.COD]
        brought = sum(sums[payment.pk].charged + sums[payment.pk].refunded for payment in in_cash)
        assert brought == collected[order.pk]
        waited_for = sum(sums[payment.pk].charge_pending for payment in payments)
        held = sum(sums[payment.pk].authorised + sums[payment.pk].authorise_pending for payment in payments)
        assert waited_for == max(0, order.due_gross - order.charged - held)


def _check_cash_of_parts(rows: Rows, payments_of: dict[Any, list[Any]]) -> None:
    lines_of, refunds_of = grouped(rows.lines.values(), "part_id"), grouped(rows.refunds, "part_id")
    parcels_of, in_parcel = grouped(rows.parcels.values(), "part_id"), grouped(rows.parcel_lines, "parcel_id")
    for part in rows.parts.values():
        if part.order.placed_at is None:
            continue
        parcels = [parcel for parcel in parcels_of[part.pk] if parcel.kind == ParcelKind.DISPATCH]
        counting = [parcel for parcel in parcels if parcel.state != ParcelState.VOIDED]
        taken_off = sum(refund.amount - refund.surplus for refund in refunds_of[part.pk])
        if taken_off:
            collected = sum(parcel.cod_collected for parcel in parcels)
            expected = [each.cod_expected for each in counting if each.cod_state == CodState.EXPECTED]
            assert sum(expected) <= max(0, part.total_gross - taken_off - collected)
            continue
        # An undone parcel may have brought more already than its goods cost once they are weighed again.
        already = sum(parcel.cod_collected for parcel in parcels if parcel not in counting)
        due = max(0, part.total_gross - already)
        brought = sum(parcel.cod_expected for parcel in counting)
        assert brought <= due, f"part {part.pk}: more cash is asked for than is due"
        payments = payments_of[part.order_id]
        if not payments or payments[-1].method != Method.COD:
            continue
        held = summed([row for parcel in counting for row in in_parcel[parcel.pk]], "order_line_id")
        if all(held[line.pk] == line.quantity for line in lines_of[part.pk]):
            assert brought == due, f"part {part.pk}: its parcels do not bring its total"


def check_refunds(rows: Rows | None = None) -> None:
    """Nobody is given back more than a line, a delivery or the whole cost, or than was paid."""
    rows = rows or Rows()
    for key, total in rows.refunded.items():
        assert total <= rows.lines[key].total_gross, f"line {key}: more is refunded than it costs"
    goods, asked = summed(rows.refund_lines, "refund_id", "amount"), _asked_for_refunds()
    deliveries: Counter[Any] = Counter()
    for refund in rows.refunds:
        assert refund.amount == goods[refund.pk] + refund.delivery + refund.surplus
        assert 0 <= refund.money <= refund.amount
        deliveries[refund.part_id] += refund.delivery
        requested = asked[refund.pk, "refund_request"]
        failed = asked[refund.pk, "refund_failure"] + asked[refund.pk, "refund_reverse"]
        assert refund.money - failed <= requested <= refund.money + failed
        assert asked[refund.pk, "refund_success"] <= requested
    for part_id, total in deliveries.items():
        assert part_id is None or total <= rows.parts[part_id].delivery_gross
    # What a bank takes back while a refund is on its way nobody foresaw: Stripe then refuses the refund.
    disputed = summed(PaymentEvent.objects.filter(kind="charge_back"), "payment_id", "amount")
    for payment, sums in rows.sums.items():
        held = max(0, sums.charged + disputed[payment])
        assert sums.refund_pending <= held, f"payment {payment} owes more than it holds"


def _asked_for_refunds() -> Counter[tuple[Any, str]]:
    """What was asked, done and failed of each refund, by kind of event."""
    sums: Counter[tuple[Any, str]] = Counter()
    events = PaymentEvent.objects.filter(refund__isnull=False)
    for refund, kind, amount in events.values_list("refund", "kind", "amount"):
        sums[refund, kind] += amount
    return sums


def check_cash_away() -> None:
    """Cash that is with a carrier or a cooperative in the ledger is what the parcels say is with them."""
    away: Counter[Any] = Counter()
    for parcel in Parcel.objects.filter(cod_state__in=CASH_AWAY).select_related("part"):
        away[hands_of(parcel)] += parcel.cod_collected
    kept = Parcel.objects.filter(cod_state=CodState.RECONCILED, remittance_line=None)
    for parcel in kept.select_related("part"):  # taken off what the cooperative is owed
        away[hands_of(parcel)] += parcel.cod_collected
    for line in RemittanceLine.objects.select_related("parcel__part", "remittance"):
        if line.remittance.reconciled_at is not None:
            away[hands_of(line.parcel)] += line.parcel.cod_collected - line.collected
    for each in CashRemittance.objects.exclude(reconciled_at=None):
        away[each.holder, each.cooperative_id, each.carrier] -= each.difference + each.made_good
    booked: Counter[Any] = Counter()
    accounts = {Account.CARRIER_CASH: CashHolder.CARRIER, Account.COOPERATIVE_CASH: CashHolder.COOPERATIVE}
    moved = (PostingKind.PAYMENT, PostingKind.REMITTANCE)
    for entry in LedgerEntry.objects.filter(account__in=accounts, posting__kind__in=moved):
        booked[accounts[Account(entry.account)], entry.cooperative_id, entry.carrier] += entry.amount
    assert {key: amount for key, amount in away.items() if amount} == {
        key: amount for key, amount in booked.items() if amount
    }


def check_unclaimed() -> None:
    """What is on our account and nobody's is what no order has of transfers that were found, as long as it
    was not sent back; and of what is found only in part, that part is an order's for sure."""
    rows = BankTransfer.objects.annotate(gone=Coalesce(Sum("shares__amount"), 0)).select_related("payout")
    found = set(LedgerPosting.objects.filter(key__endswith=":found").values_list("key", flat=True))
    nobodys = 0
    for transfer in rows:
        assert transfer.gone <= transfer.amount, f"transfer {transfer.pk}: orders have more than came"
        payout = getattr(transfer, "payout", None)
        is_sent = payout is not None and payout.state == PayoutState.PAID
        if f"transfer:{transfer.pk}:found" in found:
            nobodys += transfer.amount - transfer.gone - (payout.amount if is_sent else 0)
        else:
            assert transfer.gone in (0, transfer.amount), (
                f"transfer {transfer.pk}: its rest is booked nowhere"
            )
    booked = LedgerEntry.objects.filter(account=Account.UNCLAIMED).aggregate(sum=Sum("amount", default=0))
    assert booked["sum"] == -nobodys


def hands_of(parcel: Parcel) -> tuple[str, int | None, str]:
    if parcel.cod_holder == CashHolder.CARRIER:
        return (CashHolder.CARRIER, None, parcel.carrier)
    return (CashHolder.COOPERATIVE, parcel.part.cooperative_id, "")


def check_ledger(rows: Rows | None = None, newest: int | None = None) -> None:
    """No money that moved and no goods that arrived are lost or booked twice; closed periods are level."""
    rows = rows or Rows()
    by_currency: Counter[tuple[int, str]] = Counter()
    owing: Counter[Any] = Counter()
    for entry in rows.entries:
        by_currency[entry.posting_id, entry.currency] += entry.amount
        if entry.account == Account.BUYER:
            owing[rows.postings[entry.posting_id].order] += entry.amount
    booked = {posting for posting, _currency in by_currency}
    for pk, posting in rows.postings.items():
        assert pk in booked, f"{posting.key} books nothing"
    for (pk, _currency), total in by_currency.items():
        assert total == 0, f"{rows.postings[pk].key} does not sum to zero"
    moved = PaymentEvent.objects.filter(kind__in=MOVED_MONEY, amount__gt=0).values_list("pk", flat=True)
    of_events = [row.key for row in rows.postings.values() if row.key.startswith("event:")]
    assert sorted(of_events) == sorted(f"event:{pk}" for pk in moved)
    parts_of, worth = grouped(rows.parts.values(), "order_id"), bought(rows)
    for order in rows.orders.values():
        assert owing[order.pk] == sum(worth[part.pk] for part in parts_of[order.pk]) - order.charged
    for order in latest_changed(rows, newest):
        left = drafts_of_parts(order, parts_of[order.pk], now=order.updated_at)
        assert left == [], f"order {order.code}: not all is booked"
    for settlement in Settlement.objects.order_by("pk"):
        check_settlement(settlement, rows)


def bought(rows: Rows) -> Counter[int]:
    """What of each part its buyer has got and not been refunded, counted line by line."""
    arrived = [
        row
        for row in rows.counting
        if row.parcel.kind == ParcelKind.DISPATCH and row.parcel.state == ParcelState.DELIVERED
    ]
    steps, totals = summed(arrived, "order_line_id"), Counter[int]()
    for line in rows.lines.values():
        come = line.total_gross * min(steps[line.pk], line.quantity) // line.quantity
        totals[line.part_id] += min(come, line.total_gross - rows.refunded[line.pk])
    given = summed(rows.refunds, "part_id", "delivery")
    for part_id in {row.order_line.part_id for row in arrived}:
        totals[part_id] += rows.parts[part_id].delivery_gross - given[part_id]
    return totals


def check_settlement(settlement: Settlement, rows: Rows) -> None:
    """A closed period's accounts are level, and its figures what its entries say."""
    sums: Counter[str] = Counter()
    for entry in rows.entries:
        if entry.settlement_id == settlement.pk:
            assert (entry.cooperative_id, entry.currency) == (settlement.cooperative_id, settlement.currency)
            sums[entry.account] += entry.amount
    if settlement.state != SettlementState.OPEN:
        assert not any(sums.values()), f"settlement {settlement} is closed and not level"
