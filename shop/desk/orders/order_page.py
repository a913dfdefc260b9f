"""An order's page at the desk."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orders.actions.fulfilment.undo_steps import ParcelStep, undoable_steps
from orders.actions.ledger.seller_earnings import read_expected_commissions
from orders.actions.payouts.bank_accounts import find_last_payer_account
from orders.actions.payouts.surplus_refunds import read_refundable_surplus
from orders.forms.refunds import RefundAccountForm
from orders.models import (
    Complaint,
    Dispute,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    Payment,
    PaymentEvent,
    PaymentSums,
    Refund,
    TransferShare,
    WeightQuestion,
    parcel_position_labels,
)
from orders.payments.stripe_messages import dispute_reason_text
from orders.states import ParcelKind, ParcelState, PartState
from orders.views.payment_page import PaymentChoice, build_payment_display
from orders.views.refund_page import STAFF_TEXTS, amount_awaiting_account, build_refund_displays
from orders.views.substitutes import find_closed_substitutes, find_waiting_substitutes
from orders.views.sum_rows import DISCOUNTS, totals_of_order
from shop.accounts.models import Consent
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.models import Change
from shop.desk.forms import DeliveryForm, OrderReasonForm
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only


@dataclass(frozen=True, slots=True)
class ParcelDisplay:
    """A parcel, its number of the total, and the delivery form while it is in transit."""

    parcel: Parcel
    position: str
    form: DeliveryForm | None

    @property
    def undoable_steps(self) -> list[ParcelStep]:
        return [step for step, _until in undoable_steps(self.parcel)]


@dataclass(frozen=True, slots=True)
class PartDisplay:
    """A part with its parcels and what staff may do with it.

    Each of `lines` comes with the quantity that is not sent. `may_cancel` is true until something is
    dispatched. `may_refund` is true until all of the part's money is refunded. Amounts are in minor units:
    `reduction` was taken off for unsent items, and `refunded` was paid back for everything else.
    `commission` is what the cooperative will owe for the rest.
    """

    part: OrderPart
    lines: list[tuple[OrderLine, int]]
    parcels: list[ParcelDisplay]
    may_cancel: bool
    may_refund: bool
    unsent_labels: list[str]
    reduction: int
    refunded: int
    commission: int

    @property
    def remaining(self) -> int:
        """The cost of the part after reductions and refunds, in minor units."""
        return self.part.total_gross - self.reduction - self.refunded

    @property
    def shown_parcels(self) -> list[ParcelDisplay]:
        """The parcels that contain goods. Items that are not sent are in `unsent_labels`."""
        return [parcel for parcel in self.parcels if parcel.parcel.kind != ParcelKind.REFUND]

    @property
    def may_undo_acceptance(self) -> bool:
        """Whether the part is accepted and not packed yet."""
        is_untouched = all(parcel.parcel.state == ParcelState.VOIDED for parcel in self.parcels)
        return self.part.state == PartState.ACCEPTED and is_untouched

    @property
    def state_label(self) -> str:
        """The part's progress, as also shown to the buyer."""
        return self.part.state_label([parcel.parcel for parcel in self.parcels])


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def show_order(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Show an order."""
    order = get_object_or_404(
        Order.objects.placed()
        .select_related("shipping_address", "channel", "user", "invoice")
        .prefetch_related(DISCOUNTS),
        pk=order_id,
    )
    refund_displays = build_refund_displays(Refund.objects.filter(order=order), STAFF_TEXTS)
    part_displays = _build_part_displays(order, [refund_display.refund for refund_display in refund_displays])
    parts = [part_display.part for part_display in part_displays]
    active_parts = [part_display for part_display in part_displays if part_display.part.is_active]
    context = {
        "order": order,
        "part_displays": part_displays,
        "sums": totals_of_order(order, {part.cooperative_id: part.cooperative for part in parts}),
        "cancelled": sum(part.total_gross for part in parts if not part.is_active),
        "reduction": sum(part_display.reduction for part_display in active_parts),
        "refunded": sum(part_display.refunded for part_display in active_parts),
        "payments": _load_payments_with_totals(order),
        "transfer_shares": TransferShare.objects.filter(payment__order=order)
        .select_related("transfer")
        .order_by("pk"),
        "other_methods": _find_other_methods(order),
        "disputes": _load_disputes(order),
        "refund_displays": refund_displays,
        "awaiting_account_amount": amount_awaiting_account(refund_displays),
        "complaints": Complaint.objects.filter(part__order=order).select_related("part").newest_first(),
        "surplus": read_refundable_surplus(order),
        "is_unpaid": not order.charged,
        "account": _build_account_form(order),
        "idempotency_key": uuid.uuid4(),
        "questions": WeightQuestion.objects.of_order(order).open().in_order(),
        "substitutes": find_waiting_substitutes(order, timezone.now()),
        "closed_substitutes": find_closed_substitutes(order),
        "history": build_change_displays(Change.objects.of_row_and_parts(order).newest_first()),
        "consents": Consent.objects.filter(subject=f"order:{order.pk}").order_by("given_at", "pk"),
        "form": OrderReasonForm(),
        "may_cancel": any(part_display.may_cancel for part_display in part_displays)
        and all(part_display.may_cancel for part_display in active_parts),
    }
    return render(request, "desk/order.html", context)


def _build_part_displays(order: Order, refunds: list[Refund]) -> list[PartDisplay]:
    parts = (
        OrderPart.objects.filter(order=order)
        .select_related("cooperative")
        .prefetch_related(
            Prefetch("lines", OrderLine.objects.in_order()),
            Prefetch("parcels", Parcel.objects.in_order().prefetch_related("lines")),
        )
        .order_by("number")
    )
    commissions = read_expected_commissions([part.pk for part in parts])
    part_displays = []
    for part in parts:
        parcels = list(part.parcels.all())
        positions = parcel_position_labels(parcels)
        parcel_displays = [
            ParcelDisplay(parcel, positions.get(parcel.pk, ""), _build_delivery_form(parcel))
            for parcel in parcels
        ]
        lines, may_cancel = list(part.lines.all()), part.may_be_cancelled(parcels)
        refunded = sum(refund.amount - refund.surplus for refund in refunds if refund.part_id == part.pk)
        refundable = part.delivery_gross + sum(line.total_gross for line in lines) - refunded
        may_refund = part.is_active and order.confirmed_at is not None and refundable > 0
        unsent_refunds = [
            refund for refund in refunds if refund.part_id == part.pk and refund.is_for_unsent_items
        ]
        reduction = sum(refund.amount for refund in unsent_refunds)
        unsent_quantities = _unsent_quantities(unsent_refunds)
        part_displays.append(
            PartDisplay(
                part=part,
                lines=[(line, unsent_quantities[line.pk]) for line in lines],
                parcels=parcel_displays,
                may_cancel=may_cancel,
                may_refund=may_refund,
                unsent_labels=[refund.unsent_label for refund in unsent_refunds],
                reduction=reduction,
                refunded=refunded - reduction,
                commission=commissions.get(part.pk, 0),
            )
        )
    return part_displays


def _unsent_quantities(refunds: Iterable[Refund]) -> Counter[uuid.UUID]:
    """Return the quantities that are not sent, by order line. Other lines count 0."""
    quantities: Counter[uuid.UUID] = Counter()
    for refund in refunds:
        for line in refund.parcel.lines.all() if refund.parcel is not None else ():
            quantities[line.order_line_id] += line.quantity
    return quantities


def _find_other_methods(order: Order) -> list[PaymentChoice]:
    """Return the payment methods that the buyer may still switch to."""
    payment_display = build_payment_display(order, now=timezone.now())
    return payment_display.other_methods if payment_display is not None else []


def _load_disputes(order: Order) -> list[tuple[Dispute, str, bool]]:
    """Return card disputes, each with its reason and whether the evidence deadline has passed."""
    rows, now = Dispute.objects.filter(payment__order=order).newest_first(), timezone.now()
    return [(row, str(dispute_reason_text(row.reason)), row.is_late(now)) for row in rows]


def _build_account_form(order: Order) -> RefundAccountForm:
    """Return the refund account form, proposing the account that was paid from."""
    payer_account = find_last_payer_account(order)
    initial = (
        {"bank": payer_account.bank_bin, "account": payer_account.number, "holder": payer_account.holder}
        if payer_account
        else {}
    )
    return RefundAccountForm(initial=initial)


def _build_delivery_form(parcel: Parcel) -> DeliveryForm | None:
    is_under_way = parcel.is_outgoing and parcel.state == ParcelState.HANDED_OVER
    return DeliveryForm(parcel=parcel) if is_under_way else None


def _load_payments_with_totals(order: Order) -> list[dict[str, object]]:
    """Return payments with their events and totals."""
    events = PaymentEvent.objects.order_by("created_at", "pk")
    payments = Payment.objects.filter(order=order)
    sums = payments.sums()
    rows = payments.prefetch_related(Prefetch("events", events)).order_by("created_at", "pk")
    return [
        {"payment": row, "sums": sums.get(row.pk, PaymentSums()), "events": list(row.events.all())}
        for row in rows
    ]
