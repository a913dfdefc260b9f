"""Execute refunds through the original payment method, up to the amount paid."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable

from celery import shared_task
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders import locks
from orders.actions.cash_on_delivery.cash_collection import outstanding_cash
from orders.actions.gateway_requests.gateway_requests import request_refund
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.payouts.bank_accounts import (
    BankAccount,
    last_payer_account,
    notify_buyer_of_refund_account,
    redirect_refund_payout,
    validate_bank_account,
)
from orders.models import (
    CostBearer,
    EventKind,
    Order,
    OrderPart,
    Payment,
    PaymentEvent,
    PaymentMethod,
    Payout,
    Refund,
)
from orders.notices import refunds as notices
from orders.payments.vietqr import fold_note
from orders.states import Coverage, OrderStatus
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.jobs.sweeps import run_each
from shop.core.models import is_already_done, record_change

_SWEEP_SIZE = 200
ENDED_STATUSES = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})


class NoRefundAwaitsAccount(Refused):
    """No refund of this order still needs an account."""

    code = "no_money_waits"
    default_words = _("No money of this order waits for an account.")


class NoFailedRefundAmount(Refused):
    code = "nothing_lacking"
    default_words = _("All of this refund is on its way already.")


def refundable_surplus(order: Order) -> int:
    """Return what the buyer paid beyond the amount due and the refunds already promised, in minor units.

    Cash that parcels still have to collect does not reduce what was overpaid for another part.
    """
    promised = Refund.objects.filter(order=order).outstanding_refunds()
    return max(0, order.charged - promised - (order.due_gross - outstanding_cash(order)))


def overpaid_orders() -> QuerySet[Order]:
    """Return orders that were charged more than is due plus what is already promised as refunds."""
    promised = Refund.objects.filter(order=OuterRef("pk")).order_by().values("order")
    executed = PaymentEvent.objects.filter(refund__order=OuterRef("pk")).order_by().values("refund__order")
    succeeded, reversed_ = Q(kind=EventKind.REFUND_SUCCESS), Q(kind=EventKind.REFUND_REVERSE)
    executed_total = Sum("amount", filter=succeeded, default=0) - Sum("amount", filter=reversed_, default=0)
    return Order.objects.filter(charge_coverage=Coverage.OVER).filter(
        charged__gt=F("due_gross")
        + Coalesce(Subquery(promised.annotate(total=Sum("money")).values("total")), 0)
        - Coalesce(Subquery(executed.annotate(total=executed_total).values("total")), 0)
    )


def refund_surplus(
    order: Order, *, part: OrderPart | None = None, reason: str, actor: Actor, now: datetime.datetime
) -> Refund | None:
    """Step, on a locked and recalculated order: refund what was paid beyond the amount due.

    Returns None if there is no surplus.
    """
    surplus = refundable_surplus(order)
    if not surplus:
        return None
    refund = Refund.objects.create(
        order=order,
        part=part,
        amount=surplus,
        surplus=surplus,
        money=surplus,
        currency=order.currency,
        bearer=CostBearer.PLATFORM,
        reason=reason,
        decided_at=now,
        actor_kind=actor.kind,
        actor_key=actor.key,
    )
    execute_refund(refund, actor=actor, now=now)
    announce_refund(refund, actor=actor, now=now)
    return refund


def execute_refund(refund: Refund, *, actor: Actor, now: datetime.datetime) -> None:
    """Step, once for each refund: request its money from the card gateway, or create a payout that we owe.

    Takes the newest card payment first, and from each payment no more than it still holds.
    """
    left = refund.money
    for payment, held in _payments_with_balance(refund.order):
        amount = min(left, held)
        if amount and payment.method == PaymentMethod.CARD:
            request_refund(refund, payment, amount, actor=actor, now=now)
        elif amount:
            _create_bank_payout(refund, payment, amount, actor=actor, now=now)
        left -= amount
    if left:
        raise ValueError(f"refund {refund.pk} promises {left} more than payments hold")


def announce_refund(refund: Refund, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: add the refund to the order's history and notify the buyer."""
    part = refund.part
    data: dict[str, object] = {"amount": refund.amount, "money": refund.money, "currency": refund.currency}
    record_change(
        "refund.decided",
        refund,
        actor=actor,
        now=now,
        root=refund.order,
        cooperative_id=part.cooperative_id if part else None,
        reason=refund.reason,
        data=data | ({"part": part.number} if part else {}),
    )
    notices.refund_decided(refund.order, refund, now=now)


@transaction.atomic(durable=True)
def set_refund_account(
    *,
    order_id: uuid.UUID,
    to: BankAccount,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> list[Payout]:
    """Set the bank account for an order's refunds; it may be changed until the money is sent.

    The buyer is notified each time. An account other than the one the order was paid from waits one day.
    Raises KeyReused, Missing, NoRefundAwaitsAccount, InvalidBankAccount.
    """
    account = validate_bank_account(to)
    order = locks.lock_order(order_id)
    waiting = Payout.objects.filter(refund__order=order).due().to_bank()
    payouts = list(waiting)
    if is_already_done(key, "refund.account_named", order):
        return payouts
    if not payouts:
        raise NoRefundAwaitsAccount()
    paid_from = last_payer_account(order)
    for payout in payouts:
        redirect_refund_payout(payout, account, paid_from, now=now)
    # Many people read the history, so it shows only the last four digits of the buyer's account.
    data = {"amount": sum(payout.amount for payout in payouts), "account": account.account[-4:]}
    change = record_change("refund.account_named", order, actor=actor, now=now, data=data, key=key)
    notify_buyer_of_refund_account(order, payouts, account, occasion=str(change.pk), now=now)
    return payouts


@transaction.atomic(durable=True)
def pay_refund_by_bank(
    *, refund_id: uuid.UUID, key: str | None = None, actor: Actor, now: datetime.datetime
) -> Refund:
    """Pay by bank what the card gateway could not refund.

    Raises KeyReused, Missing, NoFailedRefundAmount.
    """
    refund = locks.lock_refund(refund_id)
    if is_already_done(key, "refund.by_bank", refund):
        return refund
    lacking = Refund.objects.filter(pk=refund.pk).lacking().get(refund.pk, 0)
    if lacking <= 0:
        raise NoFailedRefundAmount()
    failed = PaymentEvent.objects.filter(
        refund=refund, kind__in=[EventKind.REFUND_FAILURE, EventKind.REFUND_REVERSE]
    )
    _create_bank_payout(refund, failed.latest("at", "pk").payment, lacking, actor=actor, now=now)
    record_change(
        "refund.by_bank", refund, actor=actor, now=now, root=refund.order, data={"amount": lacking}, key=key
    )
    notices.refund_needs_account(refund.order, refund, now=now)
    return refund


@transaction.atomic(durable=True)
def refund_ended_order_surplus(*, order_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Refund | None:
    """Refund money that arrived for a cancelled or expired order. Raises Missing."""
    order = locks.lock_order(order_id)
    if order.status not in ENDED_STATUSES:
        return None
    reason = gettext_noop("The order had ended when the money came.")
    return refund_surplus(order, reason=reason, actor=actor, now=now)


@shared_task(name="orders.return_surplus")
def refund_ended_orders_task() -> None:
    """Sweep: refund the balance of cancelled and expired orders, wherever the money came from."""
    now, actor = timezone.now(), Actor.system("return_surplus")
    ended = overpaid_orders().filter(status__in=ENDED_STATUSES).order_by("placed_at", "pk")
    run_each(
        ended.values_list("pk", flat=True),
        lambda order_id: refund_ended_order_surplus(order_id=order_id, actor=actor, now=now),
        sweep="orders.return_surplus",
        at_most=_SWEEP_SIZE,
    )


def _payments_with_balance(order: Order) -> Iterable[tuple[Payment, int]]:
    """Yield payments with the amount each still holds: newest card payment first, then the newest others."""
    payments = Payment.objects.filter(order=order)
    sums = payments.sums()
    newest = list(payments.order_by("-created_at", "-pk"))
    for payment in sorted(newest, key=lambda each: each.method != PaymentMethod.CARD):
        if payment.pk in sums:
            yield payment, max(0, sums[payment.pk].charged - sums[payment.pk].refund_pending)


def _create_bank_payout(
    refund: Refund, payment: Payment, amount: int, *, actor: Actor, now: datetime.datetime
) -> None:
    """Create a payout to an account that the buyer names, for payments by cash or transfer."""
    payout = Payout.objects.create(
        refund=refund,
        amount=amount,
        currency=refund.currency,
        note=fold_note(f"HOAN TIEN {refund.order.code}"),
        made_at=now,
    )
    record_payment_event(
        payment,
        EventKind.REFUND_REQUEST,
        amount,
        key=f"payout:{payout.pk}:asked",
        refund=refund,
        actor=actor,
        now=now,
    )
