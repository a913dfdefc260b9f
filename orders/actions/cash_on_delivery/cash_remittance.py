"""Record the cash that carriers and cooperatives hand in, and reconcile what we received."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.cash_on_delivery.remittance_postings import book_late_lines, book_remittance
from orders.models import CashRemittance, CostBearer, Parcel, RemittanceLine
from orders.states import COD_TRANSITIONS, CashHolder, CodState
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import Change, KeyReused, change_values, record_change, was_done_with_key
from shop.core.states import TransitionNotAllowed, change_states


class EmptyRemittance(Refused):
    code = "empty_remittance"
    default_message = _("Choose the parcels whose cash was remitted.")


class CashNotHeld(Refused):
    """The remitter does not hold all of this cash. `details["parcels"]` lists the parcels' ids."""

    code = "cash_not_held"
    default_message = _("Some of this cash is no longer with them. Check the list again.")


class ReceivedAmountDiffers(Refused):
    """The received amount differs from `details["remitted"]` (minor units), which needs a reason."""

    code = "received_amount_differs"
    default_message = _("This amount is not the amount remitted. Enter a reason.")


class StatementInProgress(Refused):
    code = "statement_in_progress"
    default_message = _("The rows of this statement are still being imported. Please wait a moment.")


@dataclass(frozen=True, slots=True)
class Remitter:
    """The remitter of cash: a carrier by its name, or a cooperative."""

    holder: CashHolder
    carrier: str = ""
    cooperative_id: int | None = None

    def has_cash_of(self, parcel: Parcel) -> bool:
        """Return whether the remitter holds the parcel's cash."""
        if parcel.cod_state != CodState.COLLECTED or parcel.cod_holder != self.holder:
            return False
        if self.holder == CashHolder.CARRIER:
            return parcel.carrier == self.carrier
        return parcel.part.cooperative_id == self.cooperative_id


@dataclass(frozen=True, slots=True)
class RemittedCash:
    """The cash remitted for a parcel: `collected` from the buyer less the carrier's `fee`, in minor units."""

    parcel: Parcel
    collected: int
    fee: int = 0


@transaction.atomic(durable=True)
def remit_cash(
    *,
    remitter: Remitter,
    parcel_ids: Sequence[int],
    fees: int = 0,
    fee_bearer: CostBearer = CostBearer.PLATFORM,
    reference: str = "",
    idempotency_key: str,
    actor: Actor,
    now: datetime.datetime,
) -> CashRemittance:
    """Record a remittance of the cash of all these parcels, less the total `fees` that were kept.

    If the cash of one parcel is not held, nothing is recorded. A repeated `idempotency_key` returns the first
    remittance. Raises CashNotHeld, KeyReused, EmptyRemittance.
    """
    parcels = locks.lock_parcels(parcel_ids)
    existing = CashRemittance.objects.filter(idempotency_key=idempotency_key).first()
    if existing is not None:
        if Remitter(CashHolder(existing.holder), existing.carrier, existing.cooperative_id) != remitter:
            raise KeyReused()
        return existing
    if not parcel_ids:
        raise EmptyRemittance()
    unheld_parcel_ids = [
        parcel_id
        for parcel_id in parcel_ids
        if parcel_id not in parcels or not remitter.has_cash_of(parcels[parcel_id])
    ]
    currencies = {parcel.part.order.currency for parcel in parcels.values()}
    collected = sum(parcel.cod_collected for parcel in parcels.values())
    if unheld_parcel_ids or len(currencies) != 1 or not 0 <= fees <= collected:
        raise CashNotHeld(parcels=unheld_parcel_ids)
    remittance = open_remittance(
        remitter,
        idempotency_key=idempotency_key,
        currency=currencies.pop(),
        fee_bearer=fee_bearer,
        actor=actor,
        now=now,
    )
    remittance.reference = reference.strip()[:120]
    add_remittance_lines(remittance, _spread_fees(list(parcels.values()), fees), actor=actor, now=now)
    return remittance


def open_remittance(
    remitter: Remitter,
    *,
    idempotency_key: str,
    currency: str,
    fee_bearer: str,
    actor: Actor,
    now: datetime.datetime,
) -> CashRemittance:
    """In a transaction: create a remittance without lines."""
    remittance = CashRemittance.objects.create(
        idempotency_key=idempotency_key,
        holder=remitter.holder,
        carrier=remitter.carrier,
        cooperative_id=remitter.cooperative_id,
        currency=currency,
        fee_bearer=fee_bearer,
        created_at=now,
        actor_kind=actor.kind,
        actor_key=actor.key,
    )
    record_change(
        "remittance.created", remittance, actor=actor, now=now, cooperative_id=remitter.cooperative_id
    )
    return remittance


def add_remittance_lines(
    remittance: CashRemittance, remitted: Sequence[RemittedCash], *, actor: Actor, now: datetime.datetime
) -> None:
    """Under the orders' locks: add the cash of these parcels to the remittance.

    If the remittance is reconciled already, the new lines are reconciled too. Raises TransitionNotAllowed.
    """
    parcels = [remitted_cash.parcel for remitted_cash in remitted]
    change_states(parcels, CodState.REMITTED, COD_TRANSITIONS, column="cod_state")
    for parcel in parcels:
        parcel.cod_remitted_at = now
    Parcel.objects.bulk_update(parcels, ["cod_remitted_at"], batch_size=500)
    lines = RemittanceLine.objects.bulk_create(
        [
            RemittanceLine(
                remittance=remittance,
                parcel=remitted_cash.parcel,
                collected=remitted_cash.collected,
                fee=remitted_cash.fee,
                remitted=remitted_cash.collected - remitted_cash.fee,
            )
            for remitted_cash in remitted
        ]
    )
    _record_parcel_changes("parcel.cash_remitted", remittance, lines, actor=actor, now=now)
    remittance.collected += sum(line.collected for line in lines)
    remittance.fees += sum(line.fee for line in lines)
    remittance.remitted = remittance.collected - remittance.fees
    remittance.save(update_fields=["collected", "fees", "remitted", "reference"])
    if remittance.reconciled_at is not None:
        _mark_reconciled(remittance, lines, actor=actor, now=now)
        book_late_lines(remittance, lines, actor=actor, now=now)


@transaction.atomic(durable=True)
def reconcile_remittance(
    *,
    remittance_id: int,
    received: int,
    reference: str = "",
    reason: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CashRemittance:
    """Record the cash that arrived on our account, as `received` minor units.

    If the amount differs, a reason is needed, and a missing amount stays owed by the remitter. Raises
    KeyReused, Missing, ReceivedAmountDiffers, StatementInProgress, TransitionNotAllowed.
    """
    remittance = locks.lock_remittance(remittance_id)
    if was_done_with_key(idempotency_key, "remittance.reconciled", remittance):
        return remittance
    _require_reconcilable(remittance, received, reason)
    remittance.received, remittance.reconciled_at = received, now
    remittance.reference = reference.strip()[:120] or remittance.reference
    remittance.reason = reason.strip()[:500] if received != remittance.remitted else ""
    remittance.save(update_fields=["received", "reconciled_at", "reference", "reason"])
    lines = list(remittance.lines.order_by("pk"))
    parcels = locks.lock_parcels(line.parcel_id for line in lines)
    for line in lines:
        line.parcel = parcels[line.parcel_id]
    _mark_reconciled(remittance, lines, actor=actor, now=now)
    book_remittance(remittance, lines, actor=actor, now=now)
    record_change(
        "remittance.reconciled",
        remittance,
        actor=actor,
        now=now,
        cooperative_id=remittance.cooperative_id,
        reason=remittance.reason,
        data={"received": received, "remitted": remittance.remitted},
        idempotency_key=idempotency_key,
    )
    return remittance


def _require_reconcilable(remittance: CashRemittance, received: int, reason: str) -> None:
    if remittance.reconciled_at is not None:
        raise TransitionNotAllowed(from_state=CodState.RECONCILED, to_state=CodState.RECONCILED)
    if remittance.statement is not None and remittance.statement.rows.waiting().exists():
        raise StatementInProgress()
    if received < 0 or (received != remittance.remitted and not reason.strip()):
        raise ReceivedAmountDiffers(field="reason", remitted=remittance.remitted)


def _mark_reconciled(
    remittance: CashRemittance, lines: Sequence[RemittanceLine], *, actor: Actor, now: datetime.datetime
) -> None:
    parcels = [line.parcel for line in lines]
    change_states(parcels, CodState.RECONCILED, COD_TRANSITIONS, column="cod_state")
    for parcel in parcels:
        parcel.cod_reconciled_at = now
    Parcel.objects.bulk_update(parcels, ["cod_reconciled_at"], batch_size=500)
    _record_parcel_changes("parcel.cash_reconciled", remittance, lines, actor=actor, now=now)


def _record_parcel_changes(
    action: str,
    remittance: CashRemittance,
    lines: Sequence[RemittanceLine],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Record the change of each parcel's cash under the parcel's order."""
    Change.objects.bulk_create(
        [
            Change(
                **change_values(
                    action,
                    line.parcel,
                    actor=actor,
                    now=now,
                    root=line.parcel.part.order,
                    cooperative_id=line.parcel.part.cooperative_id,
                    data={
                        "part": line.parcel.part.number,
                        "parcel": line.parcel.number,
                        "amount": line.collected,
                        "fee": line.fee,
                        "remittance": remittance.pk,
                    },
                )
            )
            for line in lines
        ],
        batch_size=500,
    )


def _spread_fees(parcels: Sequence[Parcel], fees: int) -> list[RemittedCash]:
    """Spread the fees over the parcels in proportion to their cash, without rounding loss."""
    total, cash_so_far, spread_so_far, remitted = sum(parcel.cod_collected for parcel in parcels), 0, 0, []
    for parcel in parcels:
        cash_so_far += parcel.cod_collected
        fee = fees * cash_so_far // total - spread_so_far
        spread_so_far += fee
        remitted.append(RemittedCash(parcel, parcel.cod_collected, fee))
    return remitted
