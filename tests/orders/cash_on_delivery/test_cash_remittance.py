"""Collected cash is remitted once, as a whole, and reconciled when the money is received."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from orders.actions.cash_on_delivery.cash_collection import (
    CashAmountDiffers,
    CollectedCash,
    InvalidCashAmount,
)
from orders.actions.cash_on_delivery.cash_remittance import (
    CashNotHeld,
    EmptyRemittance,
    ReceivedAmountDiffers,
    Remitter,
    reconcile_remittance,
    remit_cash,
)
from orders.actions.cash_on_delivery.remittance_differences import (
    InvalidDifferenceAmount,
    NoRemittanceDifference,
    resolve_remittance_difference,
)
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, report_collected_cash
from orders.actions.fulfilment.pack_parcels import pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.models import CashRemittance, CostBearer, LedgerAccount, LedgerEntry, Parcel, PaymentEvent
from orders.states import CashHolder, CodState, Coverage
from shop.core.errors import ReasonRequired
from shop.core.models import Change, KeyReused
from shop.core.states import TransitionNotAllowed
from tests.factories import make_seller
from tests.invariants import check_cash
from tests.orders.cash_on_delivery.cash_helpers import (
    ACTOR_AND_NOW,
    CARRIER,
    make_delivered_parcel,
    make_dispatched_parcel,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
THE_CARRIER = Remitter(CashHolder.CARRIER, CARRIER)


def remit(*parcels, idempotency_key="k", **fields):
    return remit_cash(
        **(
            {
                "remitter": THE_CARRIER,
                "parcel_ids": [parcel.pk for parcel in parcels],
                "idempotency_key": idempotency_key,
            }
            | ACTOR_AND_NOW
            | fields
        )
    )


def reload(parcel):
    return Parcel.objects.get(pk=parcel.pk)


def test_cash_moves_from_collected_to_remitted_to_reconciled() -> None:
    parcel = make_delivered_parcel(cash=True)
    states = [(parcel.cod_state, parcel.cod_holder)]

    remittance = remit(parcel, fees=22_000)
    states.append(reload(parcel).cod_state)
    reconcile_remittance(remittance_id=remittance.pk, received=208_000, reference="FT26330", **ACTOR_AND_NOW)

    parcel, remittance = reload(parcel), CashRemittance.objects.get()
    assert states == [(CodState.COLLECTED, CashHolder.CARRIER), CodState.REMITTED]
    assert parcel.cod_state == CodState.RECONCILED
    assert (parcel.cod_expected, parcel.cod_collected) == (230_000, 230_000)
    assert None not in (parcel.cod_collected_at, parcel.cod_remitted_at, parcel.cod_reconciled_at)
    assert (remittance.collected, remittance.fees, remittance.remitted) == (230_000, 22_000, 208_000)
    assert (remittance.received, remittance.difference, remittance.reference) == (208_000, 0, "FT26330")
    recorded = (
        Change.objects.of_row_and_parts(parcel.part.order).oldest_first().values_list("action", flat=True)
    )
    assert list(recorded)[-3:] == ["parcel.delivered", "parcel.cash_remitted", "parcel.cash_reconciled"]
    check_cash()


def test_cash_paid_to_cooperative_is_remitted_by_cooperative() -> None:
    seller = make_seller()
    parcel = make_delivered_parcel(cash=True, carrier="", seller=seller)
    assert parcel.cod_holder == CashHolder.COOPERATIVE

    with assert_refused(CashNotHeld, "cash_not_held") as refusal:
        remit(parcel)
    remittance = remit(parcel, remitter=Remitter(CashHolder.COOPERATIVE, cooperative_id=seller.pk))

    assert refusal.value.details == {"parcels": [parcel.pk]}
    assert (remittance.cooperative, remittance.remitted) == (seller, 230_000)


def test_same_key_returns_first_remittance() -> None:
    parcel = make_delivered_parcel(cash=True)
    first = remit(parcel)

    second = remit(parcel)

    assert (second.pk, CashRemittance.objects.count()) == (first.pk, 1)
    with assert_refused(KeyReused, "key_reused"):
        remit(parcel, remitter=Remitter(CashHolder.CARRIER, "Viettel Post"))


def test_remittance_with_unavailable_cash_is_refused_as_a_whole() -> None:
    here, expected, on_the_way = (
        make_delivered_parcel(cash=True),
        make_delivered_parcel(),
        make_dispatched_parcel(),
    )
    done = make_delivered_parcel(cash=True)
    remit(done, idempotency_key="done")

    for unavailable in (expected, on_the_way, done):
        with assert_refused(CashNotHeld, "cash_not_held") as refusal:
            remit(here, unavailable)
        assert refusal.value.details == {"parcels": [unavailable.pk]}
    with assert_refused(EmptyRemittance, "empty_remittance"):
        remit()
    with assert_refused(CashNotHeld, "cash_not_held"):
        remit(here, fees=230_001)


def test_fees_are_split_over_parcels_without_rounding_loss() -> None:
    parcels = [make_delivered_parcel(price, cash=True) for price in (100_000, 200_000, 333_333)]

    remittance = remit(*parcels, fees=10_001, fee_bearer=CostBearer.COOPERATIVE)

    fees = list(remittance.lines.order_by("pk").values_list("fee", flat=True))
    assert sum(fees) == 10_001 == remittance.fees
    assert fees == [1_797, 3_180, 5_024]


def test_receiving_another_amount_requires_reason() -> None:
    remittance = remit(make_delivered_parcel(cash=True))

    with assert_refused(ReceivedAmountDiffers, "received_amount_differs") as refusal:
        reconcile_remittance(remittance_id=remittance.pk, received=229_000, **ACTOR_AND_NOW)
    reconcile_remittance(
        remittance_id=remittance.pk, received=229_000, reason="ngân hàng thu phí", **ACTOR_AND_NOW
    )

    remittance.refresh_from_db()
    assert refusal.value.details == {"remitted": 230_000}
    assert (remittance.received, remittance.difference, remittance.reason) == (
        229_000,
        -1_000,
        "ngân hàng thu phí",
    )
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        reconcile_remittance(remittance_id=remittance.pk, received=230_000, **ACTOR_AND_NOW)


def test_reconciling_twice_with_one_key_acts_once() -> None:
    remittance = remit(make_delivered_parcel(cash=True))

    for _ in range(2):
        reconcile_remittance(
            remittance_id=remittance.pk, received=230_000, idempotency_key="s", **ACTOR_AND_NOW
        )

    assert Change.objects.filter(action="remittance.reconciled").count() == 1


def test_buyer_who_pays_less_owes_the_difference() -> None:
    parcel = make_dispatched_parcel()
    less = CollectedCash(180_000, "thiếu tiền mặt")

    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, cash=less, **ACTOR_AND_NOW)

    parcel = reload(parcel)
    order = parcel.part.order
    assert (parcel.cod_expected, parcel.cod_collected, parcel.cash_difference_reason) == (
        230_000,
        180_000,
        "thiếu tiền mặt",
    )
    assert parcel.has_cash_shortfall
    assert (order.charged, order.amount_due, order.charge_coverage) == (180_000, 50_000, Coverage.PARTIAL)
    change = Change.objects.get(action="parcel.cash_differs")
    assert (change.reason, change.data["expected"], change.data["amount"]) == (
        "thiếu tiền mặt",
        230_000,
        180_000,
    )
    check_cash()


@pytest.mark.parametrize(
    ("cash", "refusal"),
    [
        (CollectedCash(0, "không trả"), InvalidCashAmount),
        (CollectedCash(-1, "?"), InvalidCashAmount),
        (CollectedCash(230_001, "trả dư"), InvalidCashAmount),
        (CollectedCash(229_999), CashAmountDiffers),
        (CollectedCash(1, "  "), CashAmountDiffers),
    ],
)
def test_invalid_collected_amount_or_missing_reason_is_refused(cash, refusal) -> None:
    parcel = make_delivered_parcel()

    with assert_refused(refusal, refusal.code):
        report_collected_cash(parcel_id=parcel.pk, cash=cash, **ACTOR_AND_NOW)


def test_cash_of_voided_parcel_is_remitted_and_not_collected_again() -> None:
    parcel = make_delivered_parcel(cash=True)
    void_parcel(parcel_id=parcel.pk, reason="hàng quay về", **ACTOR_AND_NOW)

    remittance = remit(parcel)
    second = pack_parcel(
        part_id=parcel.part_id,
        quantities=dict(parcel.part.lines.values_list("pk", "quantity")),
        **ACTOR_AND_NOW,
    )

    assert (remittance.remitted, second.cod_expected, second.cod_state) == (230_000, 0, CodState.NONE)
    assert PaymentEvent.objects.filter(kind="charge_success").count() == 1
    check_cash()


def balances():
    """Return balance per account and carrier, without zero balances."""
    rows = LedgerEntry.objects.values("account", "carrier").annotate(total=Sum("amount")).order_by("account")
    return {(row["account"], row["carrier"]): row["total"] for row in rows if row["total"]}


def test_ledger_moves_cash_from_carrier_to_bank() -> None:
    remittance = remit(make_delivered_parcel(cash=True), fees=22_000)
    before = balances()

    reconcile_remittance(remittance_id=remittance.pk, received=208_000, **ACTOR_AND_NOW)

    after = balances()
    assert before[LedgerAccount.CARRIER_CASH, CARRIER] == 230_000
    assert (LedgerAccount.CARRIER_CASH, CARRIER) not in after
    assert (after[LedgerAccount.BANK, ""], after[LedgerAccount.PLATFORM_COST, ""]) == (208_000, 22_000)
    assert sum(after.values()) == 0


def test_missing_amount_stays_owed_by_carrier() -> None:
    remittance = remit(make_delivered_parcel(cash=True))

    reconcile_remittance(remittance_id=remittance.pk, received=200_000, reason="thiếu", **ACTOR_AND_NOW)

    assert balances()[LedgerAccount.CARRIER_CASH, CARRIER] == 30_000


def short_remittance(received: int = 200_000) -> CashRemittance:
    """Return a remittance of 230,000 by the carrier; only `received` arrived."""
    remittance = remit(make_delivered_parcel(cash=True))
    return reconcile_remittance(
        remittance_id=remittance.pk, received=received, reason="thiếu", **ACTOR_AND_NOW
    )


def test_compensation_and_write_off_settle_carrier_debt() -> None:
    pk = short_remittance().pk
    later = {
        "remittance_id": pk,
        "amount": 20_000,
        "is_platform_cost": False,
        "reason": "chuyển bù",
        "idempotency_key": "1",
    }
    with_debt = list(CashRemittance.objects.with_unresolved_difference())

    for _time in range(2):
        resolve_remittance_difference(**later, **ACTOR_AND_NOW)
    half = CashRemittance.objects.get(pk=pk)
    resolve_remittance_difference(
        remittance_id=pk, amount=10_000, is_platform_cost=True, reason="xe hàng cháy", **ACTOR_AND_NOW
    )

    assert [cooperative.pk for cooperative in with_debt] == [pk]
    assert (half.difference, half.resolved_difference, half.unresolved_difference) == (
        -30_000,
        20_000,
        10_000,
    )
    assert (LedgerAccount.CARRIER_CASH, CARRIER) not in balances()
    assert (balances()[LedgerAccount.BANK, ""], balances()[LedgerAccount.PLATFORM_COST, ""]) == (
        220_000,
        10_000,
    )
    assert not CashRemittance.objects.with_unresolved_difference().exists()
    recorded = (
        Change.objects.filter(action="remittance.difference_resolved")
        .order_by("pk")
        .values_list("reason", "data__amount")
    )
    assert list(recorded) == [("chuyển bù", 20_000), ("xe hàng cháy", 10_000)]
    check_cash()


def test_surplus_is_returned_or_kept() -> None:
    pk = short_remittance(received=250_000).pk

    resolve_remittance_difference(
        remittance_id=pk, amount=15_000, is_platform_cost=False, reason="trả hàng", **ACTOR_AND_NOW
    )
    resolve_remittance_difference(
        remittance_id=pk, amount=5_000, is_platform_cost=True, reason="không ai nhận", **ACTOR_AND_NOW
    )

    assert (balances()[LedgerAccount.BANK, ""], balances()[LedgerAccount.PLATFORM_COST, ""]) == (
        235_000,
        -5_000,
    )
    assert (LedgerAccount.CARRIER_CASH, CARRIER) not in balances()
    assert CashRemittance.objects.get().unresolved_difference == 0
    check_cash()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"amount": 30_001}, InvalidDifferenceAmount),
        ({"amount": 0}, InvalidDifferenceAmount),
        ({"amount": 30_000, "reason": " "}, ReasonRequired),
    ],
)
def test_resolving_more_than_difference_or_without_reason_is_refused(changes, refusal) -> None:
    pk = short_remittance().pk

    with assert_refused(refusal, refusal.code):
        resolve_remittance_difference(
            **({"remittance_id": pk, "is_platform_cost": False, "reason": "bù"} | changes), **ACTOR_AND_NOW
        )


def test_remittance_without_difference_cannot_be_resolved() -> None:
    settled, waiting = (
        short_remittance(received=230_000),
        remit(make_delivered_parcel(cash=True), idempotency_key="other"),
    )
    seller = make_seller("HTX Tài Hoan")
    parcel = make_delivered_parcel(cash=True, carrier="", seller=seller)
    remitted_by_seller = remit(
        parcel, idempotency_key="own", remitter=Remitter(CashHolder.COOPERATIVE, cooperative_id=seller.pk)
    )
    reconcile_remittance(
        remittance_id=remitted_by_seller.pk, received=200_000, reason="thiếu", **ACTOR_AND_NOW
    )

    for remittance in (settled, waiting, remitted_by_seller):
        with assert_refused(NoRemittanceDifference, "no_remittance_difference"):
            resolve_remittance_difference(
                remittance_id=remittance.pk, amount=1, is_platform_cost=False, reason="bù", **ACTOR_AND_NOW
            )


def test_fees_borne_by_cooperative_reduce_its_payable() -> None:
    parcel = make_delivered_parcel(cash=True)
    owed = balances()[LedgerAccount.COOPERATIVE_PAYABLE, ""]
    remittance = remit(parcel, fees=22_000, fee_bearer=CostBearer.COOPERATIVE)

    reconcile_remittance(remittance_id=remittance.pk, received=208_000, **ACTOR_AND_NOW)

    assert balances()[LedgerAccount.COOPERATIVE_PAYABLE, ""] == owed + 22_000
    assert (LedgerAccount.PLATFORM_COST, "") not in balances()


def test_cash_remitted_by_cooperative_is_no_longer_held_by_it() -> None:
    seller = make_seller()
    parcel = make_delivered_parcel(cash=True, carrier="", seller=seller)
    held_before = balances()[LedgerAccount.COOPERATIVE_CASH, ""]

    remittance = remit(parcel, remitter=Remitter(CashHolder.COOPERATIVE, cooperative_id=seller.pk))
    reconcile_remittance(remittance_id=remittance.pk, received=230_000, **ACTOR_AND_NOW)

    assert held_before == 230_000
    assert (LedgerAccount.COOPERATIVE_CASH, "") not in balances()
    assert balances()[LedgerAccount.BANK, ""] == 230_000
