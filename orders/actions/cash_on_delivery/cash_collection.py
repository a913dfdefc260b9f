"""Compute the cash that each parcel collects, and record its collection."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from cooperatives.models import DeliveryKind
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_records.part_changes import record_part_change
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import (
    EventKind,
    Order,
    OrderPart,
    Parcel,
    Payment,
    PaymentEvent,
    PaymentMethod,
    Refund,
)
from orders.states import COD_TRANSITIONS, CashHolder, CodState, ParcelState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.states import change_state


class InvalidCashAmount(Refused):
    """Zero, or more than the parcel's expected cash, `details["expected"]`, in minor units."""

    code = "invalid_cash_amount"
    default_message = _("This amount cannot be collected for this parcel.")


class CashAmountDiffers(Refused):
    """An amount other than the expected one (`details["expected"]`, minor units) needs a reason."""

    code = "cash_amount_differs"
    default_message = _("This amount is not the amount expected. Enter a reason.")


@dataclass(frozen=True, slots=True)
class CollectedCash:
    """The collected amount in minor units. None means the expected amount. Another amount needs a reason."""

    amount: int | None = None
    reason: str = ""


EXPECTED_CASH = CollectedCash()


def read_cash_for_parcel(order: Order, part: OrderPart, quantities: Mapping[uuid.UUID, int]) -> int:
    """Return the cash that a new parcel of these `quantities` collects. The last parcel takes the rest.

    A part's parcels together collect exactly its total less refunds, without cash that a voided parcel has
    already collected. Zero if the order is not paid in cash, or was paid by another method meanwhile. If an
    app has reported some of the money, the order's parcels together collect only the rest.
    """
    payment = Payment.objects.filter(order=order).chosen_here().current()
    if payment is None or payment.method != PaymentMethod.COD:
        return 0
    # An overpayment of another part is being refunded, so it does not pay for this one.
    rest = read_cash_to_collect(order)
    if not rest:
        return 0
    return min(_read_cash_of_quantities(part, quantities), max(0, rest - _read_expected_cash(order)))


def _read_expected_cash(order: Order) -> int:
    """Return the cash that the order's packed parcels have yet to collect, in minor units."""
    parcels = Parcel.objects.active_outgoing().filter(part__order=order, cod_state=CodState.EXPECTED)
    return sum(parcels.values_list("cod_expected", flat=True))


def _read_cash_of_quantities(part: OrderPart, quantities: Mapping[uuid.UUID, int]) -> int:
    """Return the cash for these quantities of a part, of which nothing is paid otherwise."""
    lines = list(part.lines.order_by("position", "pk"))
    parcels = Parcel.objects.filter(part=part)
    earlier_cash = sum(parcels.active_outgoing().values_list("cod_expected", flat=True))
    earlier_cash += sum(parcels.filter(state=ParcelState.VOIDED).values_list("cod_collected", flat=True))
    uncollected = max(0, part.total_gross - part.refunds.total_reduction() - earlier_cash)
    still_open = read_unpacked_quantities(lines)
    if all(still_open[line.pk] == quantities.get(line.pk, 0) for line in lines):
        return uncollected
    return min(
        uncollected, sum(line.total_gross * quantities.get(line.pk, 0) // line.quantity for line in lines)
    )


def read_cash_of_unpacked_items(parts: Collection[OrderPart]) -> dict[int, int | None]:
    """Return the cash that a parcel of everything unpacked would collect, by part.

    It is zero if the order is not paid in cash, and None (unknown) if another payment of the order has money
    too. The number of queries does not depend on the number of parts.
    """
    payments = Payment.objects.filter(order__in={part.order_id for part in parts})
    chosen = payments.chosen_here().order_by("created_at", "pk")
    methods = dict(chosen.values_list("order", "method"))
    paid_otherwise = payments.exclude(method=PaymentMethod.COD).sums_by_order()
    reductions = Refund.objects.filter(part__in=parts).amount_reduction_by_part()
    parcels = Parcel.objects.filter(part__in=parts).order_by("part")
    expected = dict(parcels.active_outgoing().values_list("part").annotate(total=Sum("cod_expected")))
    voided = dict(
        parcels.filter(state=ParcelState.VOIDED).values_list("part").annotate(total=Sum("cod_collected"))
    )
    cash: dict[int, int | None] = {}
    for part in parts:
        earlier_cash = expected.get(part.pk, 0) + voided.get(part.pk, 0)
        if methods.get(part.order_id) != PaymentMethod.COD:
            cash[part.pk] = 0
        elif part.order_id in paid_otherwise:
            cash[part.pk] = None
        else:
            cash[part.pk] = max(0, part.total_gross - reductions.get(part.pk, 0) - earlier_cash)
    return cash


def read_cash_to_collect(order: Order, *, planned_refunds: Mapping[int, int] = MappingProxyType({})) -> int:
    """Return the cash that the order's parcels, packed or not, still have to collect, in minor units.

    `planned_refunds` gives by part the amounts that are about to be refunded.
    """
    payments = Payment.objects.filter(order=order)
    methods = dict(payments.values_list("pk", "method"))
    if PaymentMethod.COD not in methods.values():
        return 0
    parts = OrderPart.objects.active().filter(order=order)
    totals = dict(parts.values_list("pk", "total_gross"))
    parcels = Parcel.objects.filter(part__in=totals).order_by("part").values_list("part")
    collected = dict(parcels.annotate(total=Sum("cod_collected")))
    refunded = Refund.objects.filter(part__in=totals).amount_reduction_by_part()
    uncollected: int = sum(
        max(
            0,
            total - refunded.get(part_id, 0) - planned_refunds.get(part_id, 0) - collected.get(part_id, 0),
        )
        for part_id, total in totals.items()
    )
    sums = payments.sums().items()
    paid_otherwise = sum(
        payment_sums.charged + payment_sums.authorised
        for key, payment_sums in sums
        if methods[key] != PaymentMethod.COD
    )
    return max(0, uncollected - paid_otherwise)


def reduce_expected_cash(order: Order, part: OrderPart, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: cut the parcels' expected cash to their part's open amount, newest parcel first."""
    parcels = Parcel.objects.filter(part=part)
    collected: int = parcels.aggregate(total=Sum("cod_collected", default=0))["total"]
    uncollected = max(0, part.total_gross - part.refunds.total_reduction() - collected)
    expecting = list(parcels.active_outgoing().filter(cod_state=CodState.EXPECTED).order_by("-number", "-pk"))
    excess = sum(parcel.cod_expected for parcel in expecting) - uncollected
    for parcel in expecting:
        reduction = min(excess, parcel.cod_expected)
        if reduction <= 0:
            break
        excess -= reduction
        parcel.cod_expected -= reduction
        parcel.save(update_fields=["cod_expected"])
        if not parcel.cod_expected:
            change_state(parcel, CodState.NONE, COD_TRANSITIONS, column="cod_state")
        data = {"amount": parcel.cod_expected}
        record_part_change(order, part, "parcel.cash_reduced", parcel, actor=actor, now=now, data=data)


def expected_cash_holder(part: OrderPart, parcel: Parcel) -> CashHolder:
    """Return who collects a parcel's cash: its carrier or the cooperative.

    Coach drivers and neighbours, who are not named as carriers, bring the cash to the cooperative.
    """
    with_carrier = part.delivery_kind == DeliveryKind.CARRIER and parcel.carrier.strip()
    return CashHolder.CARRIER if with_carrier else CashHolder.COOPERATIVE


def collect_cash(
    order: Order,
    parcel: Parcel,
    *,
    cash: CollectedCash = EXPECTED_CASH,
    is_reported_by_carrier: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: record a parcel's cash as collected and charge the payment.

    If less than expected was collected, a reason is needed, and the buyer still owes the rest. More is
    refused unless `is_reported_by_carrier` is true, because carriers' figures are recorded unchanged. Raises
    CashAmountDiffers, Missing, InvalidCashAmount, TransitionNotAllowed.
    """
    part = parcel.part
    amount = parcel.cod_expected if cash.amount is None else cash.amount
    _require_plausible_amount(parcel, amount, cash.reason, is_reported_by_carrier=is_reported_by_carrier)
    change_state(parcel, CodState.COLLECTED, COD_TRANSITIONS, column="cod_state")
    parcel.cod_collected, parcel.cod_collected_at = amount, now
    parcel.cod_holder = parcel.cod_holder or expected_cash_holder(part, parcel)
    parcel.cash_difference_reason = cash.reason.strip()[:500] if amount != parcel.cod_expected else ""
    parcel.save(update_fields=["cod_collected", "cod_collected_at", "cod_holder", "cash_difference_reason"])
    payment = (
        Payment.objects.filter(order=order, method=PaymentMethod.COD).order_by("created_at", "pk").first()
    )
    if payment is None:
        raise Missing()
    record_payment_event(
        payment,
        EventKind.CHARGE_SUCCESS,
        amount,
        idempotency_key=_find_collection_key(parcel),
        message=parcel.cash_difference_reason,
        parcel=parcel,
        actor=actor,
        now=now,
    )
    if amount != parcel.cod_expected:
        difference = {"expected": parcel.cod_expected, "amount": amount}
        action, reason = "parcel.cash_differs", parcel.cash_difference_reason
        record_part_change(order, part, action, parcel, actor=actor, now=now, reason=reason, data=difference)


def _find_collection_key(parcel: Parcel) -> str:
    """Return the key of the parcel's next collection. Cash may be collected again after it was undone."""
    undone_count = PaymentEvent.objects.filter(parcel=parcel, kind=EventKind.CHARGE_BACK).count()
    return f"cod:parcel:{parcel.pk}:collected" + (f":{undone_count + 1}" if undone_count else "")


def reverse_collected_cash(parcel: Parcel, *, reason: str, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: take back a collection that was recorded by mistake. The buyer owes the cash again.

    The reversing event and its posting are added. The first ones stay. Raises TransitionNotAllowed.
    """
    change_state(parcel, CodState.EXPECTED, COD_TRANSITIONS, column="cod_state")
    collected = PaymentEvent.objects.effective_cash_collections().filter(parcel=parcel).latest("pk")
    record_payment_event(
        collected.payment,
        EventKind.CHARGE_BACK,
        collected.amount,
        idempotency_key=f"{collected.idempotency_key}:undone",
        message=reason,
        parcel=parcel,
        actor=actor,
        now=now,
    )
    parcel.cod_collected, parcel.cod_collected_at, parcel.cash_difference_reason = 0, None, ""
    parcel.save(update_fields=["cod_collected", "cod_collected_at", "cash_difference_reason"])


def _require_plausible_amount(
    parcel: Parcel, amount: int, reason: str, *, is_reported_by_carrier: bool
) -> None:
    if amount < 1 or (amount > parcel.cod_expected and not is_reported_by_carrier):
        raise InvalidCashAmount(field="amount", expected=parcel.cod_expected)
    if amount != parcel.cod_expected and not reason.strip():
        raise CashAmountDiffers(field="reason", expected=parcel.cod_expected)
