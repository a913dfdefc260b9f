"""Payouts of settlements to cooperatives' Stripe accounts, and their reversals."""

from __future__ import annotations

import datetime

import pytest
from django.db import transaction

from cooperatives.models import Cooperative
from orders import locks
from orders.actions.gateway.failed_calls import pay_out_by_bank, repeat_failed_call
from orders.actions.gateway.send_gateway_calls import look_up_call, send_call, sweep_card_payments_task
from orders.actions.gateway.transfer_reversals import read_unreversed_amount, reverse_payouts_for_debt
from orders.actions.payouts.complete_payouts import PayoutInProgress, mark_payout_paid
from orders.actions.settlement.close_settlement import close_settlement, correct_balance
from orders.models import (
    CooperativeBalance,
    GatewayCall,
    GatewayOperation,
    LedgerEntry,
    OrderPart,
    Payout,
    PayoutMethod,
    Settlement,
)
from orders.states import CallState, PayoutState, SettlementState
from shop.core.models import Change
from tests.doubles.stripe import Fault
from tests.factories import NOW
from tests.invariants import check_ledger
from tests.orders.gateway.card_order_helpers import COOPERATIVE, MINUTE, make_paid_card_order, stripe
from tests.orders.ledger.test_earnings_postings import DESK, deliver, refund
from tests.refusals import assert_refused

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db
LOST_ANSWERS = [Fault.HANG, Fault.HANG_AFTER, Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.REFUSE]
LATER = NOW + datetime.timedelta(days=7)


@pytest.fixture
def part(stripe) -> OrderPart:
    """Return a delivered part of 90,000 plus 30,000 for the cooperative's own delivery, paid by card."""
    part = make_paid_card_order(stripe).parts.get()
    Cooperative.objects.filter(pk=part.cooperative_id).update(
        stripe_account=COOPERATIVE, bank_bin="970405", bank_account="0123456789"
    )
    deliver(part, cash=False)
    return part


def close(now: datetime.datetime = NOW) -> Payout:
    settlement = Settlement.objects.open().get()
    close_settlement(settlement_id=settlement.pk, actor=DESK, now=now)
    return Payout.objects.get(settlement=settlement)


def latest_call(payout: Payout, operation: GatewayOperation = GatewayOperation.PAY_OUT) -> GatewayCall:
    return payout.calls.filter(operation=operation).latest("created_at")


def paid_out() -> Payout:
    payout = close()
    send_call(call_id=latest_call(payout).pk, now=NOW)
    payout.refresh_from_db()
    return payout


def stripe_transfers(stripe) -> list[tuple[str, int, int]]:
    return [
        (row["destination"], row["amount"], row["amount_reversed"])
        for row in stripe.account.list_objects("transfer")
    ]


def balance() -> CooperativeBalance:
    return LedgerEntry.objects.of_cooperative(Cooperative.objects.get(stripe_account=COOPERATIVE), "VND")


def test_closed_settlement_is_paid_to_stripe_account(stripe, part) -> None:
    payout = close()

    assert (payout.method, payout.state, payout.amount) == (PayoutMethod.STRIPE, PayoutState.DUE, 120_000)
    assert (latest_call(payout).state, stripe_transfers(stripe)) == (CallState.INTENDED, [])
    send_call(call_id=latest_call(payout).pk, now=NOW)

    payout.refresh_from_db()
    (transfer,) = stripe.account.list_objects("transfer")
    assert stripe_transfers(stripe) == [(COOPERATIVE, 120_000, 0)]
    assert (payout.state, payout.reference) == (PayoutState.PAID, transfer["id"])
    assert payout.settlement.state == SettlementState.PAID
    assert balance() == CooperativeBalance(paid_out=120_000)
    assert LedgerEntry.objects.filter(account="gateway").balance() == 0
    check_ledger()


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_payout_with_lost_answer_is_paid_once(stripe, part, fault) -> None:
    payout = close()
    stripe.faults.plan("transfers.create", fault)

    assert send_call(call_id=latest_call(payout).pk, now=NOW).gateway_call.state == CallState.UNKNOWN
    with assert_refused(PayoutInProgress, "payout_in_progress"):
        mark_payout_paid(payout_id=payout.pk, reference="FT1", actor=DESK, now=NOW)
    look_up_call(call_id=latest_call(payout).pk, now=NOW + 2 * MINUTE)

    payout.refresh_from_db()
    assert (payout.state, stripe_transfers(stripe)) == (PayoutState.PAID, [(COOPERATIVE, 120_000, 0)])
    check_ledger()


def test_late_payout_with_lost_answer_is_found(stripe, part) -> None:
    """After a night without a worker the look-up finds the transfer and does not send it again."""
    payout, retry_time = close(), NOW + datetime.timedelta(hours=12)
    stripe.account.clock = retry_time.timestamp
    stripe.faults.plan("transfers.create", Fault.CUT_AFTER)

    assert send_call(call_id=latest_call(payout).pk, now=retry_time).gateway_call.state == CallState.UNKNOWN
    look_up_call(call_id=latest_call(payout).pk, now=NOW + datetime.timedelta(hours=24))

    payout.refresh_from_db()
    assert (payout.state, stripe_transfers(stripe)) == (PayoutState.PAID, [(COOPERATIVE, 120_000, 0)])
    check_ledger()


def test_refused_payout_can_be_repeated(stripe, part) -> None:
    stripe.account.balance = 50_000
    payout = close()
    send_call(call_id=latest_call(payout).pk, now=NOW)

    payout.refresh_from_db()
    assert (latest_call(payout).code, payout.state) == ("balance_insufficient", PayoutState.DUE)
    assert Change.objects.filter(action="payout.failed").count() == 1
    stripe.account.balance = 500_000
    again = repeat_failed_call(call_id=latest_call(payout).pk, actor=DESK, now=NOW + MINUTE)
    send_call(call_id=again.pk, now=NOW + MINUTE)

    payout.refresh_from_db()
    assert (payout.state, stripe_transfers(stripe)) == (PayoutState.PAID, [(COOPERATIVE, 120_000, 0)])
    check_ledger()


def test_refused_payout_can_be_paid_by_bank(stripe, part) -> None:
    stripe.account.connected.clear()
    payout = close()
    send_call(call_id=latest_call(payout).pk, now=NOW)

    pay_out_by_bank(payout_id=payout.pk, actor=DESK, now=NOW)
    mark_payout_paid(payout_id=payout.pk, reference="FT1", actor=DESK, now=NOW)

    payout.refresh_from_db()
    assert (payout.method, payout.state, stripe_transfers(stripe)) == (
        PayoutMethod.BANK,
        PayoutState.PAID,
        [],
    )
    assert LedgerEntry.objects.filter(account="bank").balance() == -120_000
    check_ledger()


def test_payout_paid_by_bank_after_refusal_is_not_sent_again(stripe, part) -> None:
    payout = close()
    stripe.faults.plan("transfers.create", Fault.REFUSE, status=401)
    send_call(call_id=latest_call(payout).pk, now=NOW)
    pay_out_by_bank(payout_id=payout.pk, actor=DESK, now=NOW)
    mark_payout_paid(payout_id=payout.pk, reference="FT1", actor=DESK, now=NOW)

    look_up_call(call_id=latest_call(payout).pk, now=NOW + 2 * MINUTE)  # a late task message

    assert (latest_call(payout).code, stripe_transfers(stripe)) == ("not_configured", [])
    check_ledger()


def test_debt_after_payout_is_reversed(stripe, part) -> None:
    payout = paid_out()
    refund(part, line=40_000)
    assert balance() == CooperativeBalance(owed=-40_000, paid_out=120_000)

    sweep_card_payments_task()
    call = latest_call(payout, GatewayOperation.REVERSE_TRANSFER)
    assert (call.amount, call.request_parameters["reference"]) == (40_000, payout.reference)
    send_call(call_id=call.pk, now=NOW)

    assert stripe_transfers(stripe) == [(COOPERATIVE, 120_000, 40_000)]
    assert balance() == CooperativeBalance(owed=0, paid_out=80_000)
    assert read_unreversed_amount(payout) == 80_000
    sweep_card_payments_task()
    assert payout.calls.filter(operation=GatewayOperation.REVERSE_TRANSFER).count() == 1
    check_ledger()


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_reversal_with_lost_answer_is_made_once(stripe, part, fault) -> None:
    payout = paid_out()
    refund(part, line=40_000)
    reverse_payouts_for_debt(cooperative_id=part.cooperative_id, currency="VND", actor=DESK, now=NOW)
    stripe.faults.plan("transfers.reversals.create", fault)
    call = latest_call(payout, GatewayOperation.REVERSE_TRANSFER)

    send_call(call_id=call.pk, now=NOW)
    again = reverse_payouts_for_debt(cooperative_id=part.cooperative_id, currency="VND", actor=DESK, now=NOW)
    look_up_call(call_id=call.pk, now=NOW + 2 * MINUTE)

    assert (again, stripe_transfers(stripe)) == (0, [(COOPERATIVE, 120_000, 40_000)])
    assert balance() == CooperativeBalance(owed=0, paid_out=80_000)
    check_ledger()


def test_reversals_cannot_exceed_unreversed_payouts(stripe, part) -> None:
    payout = paid_out()
    refund(part, line=40_000)
    reverse_payouts_for_debt(cooperative_id=part.cooperative_id, currency="VND", actor=DESK, now=NOW)
    send_call(call_id=latest_call(payout, GatewayOperation.REVERSE_TRANSFER).pk, now=NOW)
    correct_balance(
        cooperative_id=part.cooperative_id,
        currency="VND",
        amount=-100_000,
        reason="phạt",
        idempotency_key="1",
        actor=DESK,
        now=LATER,
    )

    reversed_amount = reverse_payouts_for_debt(
        cooperative_id=part.cooperative_id, currency="VND", actor=DESK, now=LATER
    )

    assert (reversed_amount, read_unreversed_amount(payout)) == (80_000, 0)
    send_call(call_id=latest_call(payout, GatewayOperation.REVERSE_TRANSFER).pk, now=LATER)
    assert balance() == CooperativeBalance(owed=-20_000, paid_out=0)
    check_ledger()


def test_refused_reversal_blocks_others_until_repeated(stripe, part) -> None:
    payout = paid_out()
    refund(part, line=40_000)
    debtor = {"cooperative_id": part.cooperative_id, "currency": "VND", "actor": DESK}
    reverse_payouts_for_debt(**debtor, now=NOW)
    refused_call = latest_call(payout, GatewayOperation.REVERSE_TRANSFER)
    stripe.faults.plan("transfers.reversals.create", Fault.REFUSE, status=400)
    send_call(call_id=refused_call.pk, now=NOW)

    while_refused = reverse_payouts_for_debt(**debtor, now=LATER)
    repeated = repeat_failed_call(call_id=refused_call.pk, actor=DESK, now=LATER)
    send_call(call_id=repeated.pk, now=LATER)
    correct_balance(**debtor, amount=-10_000, reason="phạt", idempotency_key="1", now=LATER)
    afterwards = reverse_payouts_for_debt(**debtor, now=LATER + MINUTE)

    assert (while_refused, repeated.amount, afterwards) == (0, 40_000, 10_000)
    check_ledger()


def test_debt_after_bank_payout_is_not_reversed(stripe, part) -> None:
    Cooperative.objects.update(stripe_account="")
    payout = close()
    mark_payout_paid(payout_id=payout.pk, reference="FT1", actor=DESK, now=NOW)
    refund(part, line=40_000)

    sweep_card_payments_task()

    assert GatewayCall.objects.filter(operation=GatewayOperation.REVERSE_TRANSFER).count() == 0


def test_locking_payout_call_finds_its_payout_and_no_order(stripe, part) -> None:
    payout = close()

    with transaction.atomic():
        order, call = locks.lock_gateway_call(latest_call(payout).pk)

    assert (order, call.payout) == (None, payout)
