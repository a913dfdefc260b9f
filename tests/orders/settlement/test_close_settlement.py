"""Close a cooperative's settlement, pay it out, and correct mistakes in the next one."""

from __future__ import annotations

import uuid

import pytest

from cooperatives.models import DeliveryKind, Role
from orders.actions.cash_on_delivery.cash_offset import (
    find_settlements_to_offset,
    offset_collected_cash,
    offset_collected_cash_task,
)
from orders.actions.payouts.complete_payouts import (
    PayoutAlreadyPaid,
    PayoutReferenceRequired,
    mark_payout_paid,
)
from orders.actions.settlement.close_settlement import (
    EmptySettlement,
    InvalidCorrection,
    SettlementAlreadyClosed,
    close_settlement,
    correct_balance,
)
from orders.models import (
    CooperativeBalance,
    LedgerEntry,
    LedgerPosting,
    OrderPart,
    Parcel,
    Payout,
    PostingKind,
    Settlement,
)
from shop.core.errors import Missing
from shop.notifications.models import Notification
from tests.factories import NOW, make_cooperative, make_member, make_order, make_variant, unknown_uuid
from tests.invariants import check_ledger
from tests.orders.ledger.test_earnings_postings import DESK, carrier_part, deliver, refund, with_commission
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def balance_of(cooperative):
    return LedgerEntry.objects.of_cooperative(cooperative, "VND")


def close(settlement=None, **options):
    settlement = settlement or Settlement.objects.open().get()
    return close_settlement(settlement_id=settlement.pk, actor=DESK, now=NOW, **options)


def part_paid_at_pickup():
    """Return a part of 130,000 paid in cash at the warehouse."""
    part = make_order((make_variant(price=100_000), 1)).parts.get()
    OrderPart.objects.filter(pk=part.pk).update(delivery_kind=DeliveryKind.PICKUP)
    deliver(OrderPart.objects.get(pk=part.pk))
    return part


def test_closing_settlement_fixes_figures_and_creates_payout() -> None:
    part = carrier_part(2)
    with_commission(part)
    deliver(part)
    refund(part, line=40_000)
    part.cooperative.bank_bin, part.cooperative.bank_account = "970405", "0123456789"
    part.cooperative.save()

    settlement = close()

    figures = (settlement.goods, settlement.delivery, settlement.refunds, settlement.commission)
    assert figures == (200_000, 30_000, 40_000, 8_000)
    assert (settlement.state, settlement.payable, settlement.closed_at) == ("closed", 182_000, NOW)
    payout = Payout.objects.get()
    assert (payout.amount, payout.method, payout.bank_account) == (182_000, "bank", "0123456789")
    assert balance_of(part.cooperative) == CooperativeBalance(owed=0, due=182_000)
    assert Settlement.objects.open().get().number == 2
    check_ledger()


def test_cash_held_by_cooperative_reduces_payable() -> None:
    part = part_paid_at_pickup()
    with_commission(part)
    correct_balance(
        cooperative_id=part.cooperative_id,
        currency="VND",
        amount=50_000,
        reason="thưởng",
        idempotency_key="1",
        actor=DESK,
        now=NOW,
    )

    settlement = close()

    assert (settlement.cash_held, settlement.corrections, settlement.payable) == (130_000, 50_000, 50_000)
    assert balance_of(part.cooperative) == CooperativeBalance(due=50_000)


def test_debt_is_carried_forward_to_next_settlement() -> None:
    part = part_paid_at_pickup()
    with_commission(part)
    refund(part, line=60_000)
    first = close()
    deliver(carried_for(part.cooperative))

    second = close()

    assert (first.payable, Payout.objects.filter(settlement=first).count()) == (-62_000, 0)
    assert (second.carried_forward, second.goods, second.payable) == (-62_000, 100_000, 68_000)
    assert Settlement.objects.get(pk=first.pk).payable == -62_000
    assert Payout.objects.get().amount == 68_000
    check_ledger()


def carried_for(cooperative):
    part = make_order((make_variant(cooperative, price=100_000), 1)).parts.get()
    OrderPart.objects.filter(pk=part.pk).update(carrier="Viettel Post")
    return OrderPart.objects.get(pk=part.pk)


def test_offset_cash_is_reconciled_once() -> None:
    part_paid_at_pickup()
    settlement = close()

    offset_collected_cash(settlement_id=settlement.pk, actor=DESK, now=NOW)

    parcel = Parcel.objects.get()
    assert (parcel.cod_state, parcel.cod_remitted_at, parcel.cod_reconciled_at) == ("reconciled", NOW, NOW)
    assert offset_collected_cash(settlement_id=settlement.pk, actor=DESK, now=NOW) == []


def test_cash_of_open_settlement_is_not_offset() -> None:
    part_paid_at_pickup()

    offset_collected_cash(settlement_id=Settlement.objects.get().pk, actor=DESK, now=NOW)

    assert Parcel.objects.get().cod_state == "collected"


def test_closed_settlement_cannot_be_closed_again() -> None:
    deliver(carrier_part())
    settlement = close()

    with assert_refused(SettlementAlreadyClosed, "settlement_already_closed"):
        close(settlement)


def test_closing_again_with_same_key_returns_settlement() -> None:
    deliver(carrier_part())
    settlement = close(idempotency_key="k")

    assert close(settlement, idempotency_key="k") == settlement
    assert Settlement.objects.count() == 2


def test_empty_settlement_cannot_be_closed() -> None:
    settlement = Settlement.objects.create(
        cooperative=make_cooperative(), currency="VND", number=1, opened_at=NOW
    )

    with assert_refused(EmptySettlement, "empty_settlement"):
        close(settlement)


def test_unknown_settlement_is_missing() -> None:
    with assert_refused(Missing, "missing"):
        close_settlement(settlement_id=1, actor=DESK, now=NOW)


def test_late_posting_belongs_to_open_settlement() -> None:
    part = carrier_part()
    deliver(part)
    first = close()

    refund(part, line=40_000)

    entry = LedgerEntry.objects.get(nature="refund")
    assert (entry.settlement.number, entry.amount) == (2, 40_000)
    first.refresh_from_db()
    assert (first.refunds, first.payable) == (0, 130_000)
    check_ledger()


def test_paid_payout_records_bank_reference() -> None:
    part = carrier_part()
    deliver(part)
    settlement = close()

    payout = mark_payout_paid(payout_id=Payout.objects.get().pk, reference="FT26330", actor=DESK, now=NOW)

    settlement.refresh_from_db()
    assert (payout.state, payout.reference, payout.paid_at) == ("paid", "FT26330", NOW)
    assert (settlement.state, settlement.paid_at) == ("paid", NOW)
    assert balance_of(part.cooperative) == CooperativeBalance(paid_out=130_000)
    assert LedgerEntry.objects.filter(account="bank").balance() == -130_000
    check_ledger()


def test_payout_cannot_be_paid_twice() -> None:
    deliver(carrier_part())
    close()
    payout = Payout.objects.get()
    mark_payout_paid(payout_id=payout.pk, reference="FT26330", actor=DESK, now=NOW)

    with assert_refused(PayoutAlreadyPaid, "payout_already_paid"):
        mark_payout_paid(payout_id=payout.pk, reference="FT26331", actor=DESK, now=NOW)


def test_paying_again_with_same_key_changes_nothing() -> None:
    deliver(carrier_part())
    close()
    payout = Payout.objects.get()
    mark_payout_paid(payout_id=payout.pk, reference="FT26330", idempotency_key="k", actor=DESK, now=NOW)

    repeated = mark_payout_paid(
        payout_id=payout.pk, reference="FT26330", idempotency_key="k", actor=DESK, now=NOW
    )

    assert repeated.reference == "FT26330"
    assert LedgerPosting.objects.filter(kind=PostingKind.PAYOUT).count() == 1


def test_payout_requires_bank_reference() -> None:
    deliver(carrier_part())
    close()

    with assert_refused(PayoutReferenceRequired, "payout_reference_required"):
        mark_payout_paid(payout_id=Payout.objects.get().pk, reference=" ", actor=DESK, now=NOW)


def test_unknown_payout_is_missing() -> None:
    with assert_refused(Missing, "missing"):
        mark_payout_paid(payout_id=unknown_uuid(), reference="FT", actor=DESK, now=NOW)


def test_correction_repeated_with_one_key_counts_once() -> None:
    cooperative = make_cooperative()
    correction = {
        "cooperative_id": cooperative.pk,
        "currency": "VND",
        "amount": -20_000,
        "reason": "thu nhầm",
        "idempotency_key": str(uuid.UUID(int=1)),
    }

    for _ in range(2):
        correct_balance(**correction, actor=DESK, now=NOW)

    assert balance_of(cooperative).owed == -20_000
    assert LedgerPosting.objects.get().memo == "thu nhầm"


@pytest.mark.parametrize(("amount", "reason"), [(0, "thưởng"), (5_000, " ")])
def test_empty_correction_or_missing_reason_is_refused(amount, reason) -> None:
    cooperative = make_cooperative()

    with assert_refused(InvalidCorrection, "invalid_correction"):
        correct_balance(
            cooperative_id=cooperative.pk,
            currency="VND",
            amount=amount,
            reason=reason,
            idempotency_key="1",
            actor=DESK,
            now=NOW,
        )


def test_sweep_offsets_cash_whose_task_was_lost() -> None:
    part_paid_at_pickup()
    settlement = close()
    assert find_settlements_to_offset() == [settlement.pk]

    offset_collected_cash_task(settlement_id=settlement.pk)

    assert Parcel.objects.get().cod_state == "reconciled"
    assert find_settlements_to_offset() == []


def test_members_with_access_to_money_are_notified_of_closing_and_payout() -> None:
    part = carrier_part()
    part.cooperative.email = ""
    part.cooperative.save()
    make_member(part.cooperative, Role.BOOKKEEPER, email="ke-toan@example.com")
    make_member(part.cooperative, Role.PACKER, email="dong-goi@example.com")
    deliver(part)
    Notification.objects.all().delete()

    close()
    mark_payout_paid(payout_id=Payout.objects.get().pk, reference="FT26330", actor=DESK, now=NOW)

    notifications = list(Notification.objects.order_by("pk"))
    assert [notification.recipient for notification in notifications] == ["ke-toan@example.com"] * 2
    assert "130.000" in notifications[0].text
    assert f"/xa-vien/quyet-toan/{Settlement.objects.get(number=1).pk}/" in notifications[0].text
    assert "FT26330" in notifications[1].text
