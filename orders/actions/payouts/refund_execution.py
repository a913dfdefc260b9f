"""Money on its way back to buyers: by the way it came, and no more than they paid."""

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
from orders.actions.cash_on_delivery.cash_collection import cash_to_come
from orders.actions.gateway_requests.gateway_requests import ask_refund
from orders.actions.ledger.payment_events import record_event
from orders.actions.payouts.bank_accounts import (
    BankAccount,
    account_paid_from,
    checked,
    readdress_refund,
    tell_buyer_of_account,
)
from orders.models import (
    Bearer,
    EventKind,
    Method,
    Order,
    OrderPart,
    Payment,
    PaymentEvent,
    Payout,
    Refund,
)
from orders.notices import refunds as notices
from orders.payments.vietqr import fold_note
from orders.states import Coverage, OrderStatus
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.jobs.sweeps import run_each
from shop.core.models import done_before, record_change

_AT_ONCE = 200
ENDED = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})


class NoMoneyWaits(Refused):
    """No refund of this order waits for an account any more."""

    code = "no_money_waits"
    default_words = _("No money of this order waits for an account.")


class NothingLacking(Refused):
    code = "nothing_lacking"
    default_words = _("All of this refund is on its way already.")


def owed_back(order: Order) -> int:
    """What the buyer has paid beyond what they have to pay, and nobody has promised back yet, in minor units.

    Cash that parcels are still to bring is no reason to keep what another part was paid too much.
    """
    promised = Refund.objects.filter(order=order).still_to_pay()
    return max(0, order.charged - promised - (order.due_gross - cash_to_come(order)))


def overpaid() -> QuerySet[Order]:
    """Orders that hold more than they cost and than was promised back."""
    promised = Refund.objects.filter(order=OuterRef("pk")).order_by().values("order")
    told = PaymentEvent.objects.filter(refund__order=OuterRef("pk")).order_by().values("refund__order")
    arrived, reversed_ = Q(kind=EventKind.REFUND_SUCCESS), Q(kind=EventKind.REFUND_REVERSE)
    gone = Sum("amount", filter=arrived, default=0) - Sum("amount", filter=reversed_, default=0)
    return Order.objects.filter(charge_coverage=Coverage.OVER).filter(
        charged__gt=F("due_gross")
        + Coalesce(Subquery(promised.annotate(total=Sum("money")).values("total")), 0)
        - Coalesce(Subquery(told.annotate(total=gone).values("total")), 0)
    )


def give_surplus_back(
    order: Order, *, part: OrderPart | None = None, reason: str, actor: Actor, now: datetime.datetime
) -> Refund | None:
    """Step, on a locked order whose standing is up to date: what was paid beyond what is due goes back.

    Answers None where there is nothing of the kind.
    """
    surplus = owed_back(order)
    if not surplus:
        return None
    refund = Refund.objects.create(
        order=order,
        part=part,
        amount=surplus,
        surplus=surplus,
        money=surplus,
        currency=order.currency,
        bearer=Bearer.PLATFORM,
        reason=reason,
        decided_at=now,
        actor_kind=actor.kind,
        actor_key=actor.key,
    )
    send_back(refund, actor=actor, now=now)
    tell_of(refund, actor=actor, now=now)
    return refund


def send_back(refund: Refund, *, actor: Actor, now: datetime.datetime) -> None:
    """Step, once for each refund: its money is asked of the card's gateway, or owed as a payout.

    Newest card first, and of each payment no more than it still holds.
    """
    left = refund.money
    for payment, held in _held(refund.order):
        amount = min(left, held)
        if amount and payment.method == Method.CARD:
            ask_refund(refund, payment, amount, actor=actor, now=now)
        elif amount:
            _owe_by_bank(refund, payment, amount, actor=actor, now=now)
        left -= amount
    if left:
        raise ValueError(f"refund {refund.pk} promises {left} more than payments hold")


def tell_of(refund: Refund, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: the order's history and its buyer hear of the refund."""
    part = refund.part
    data: dict[str, object] = {"amount": refund.amount, "money": refund.money, "currency": refund.currency}
    record_change(
        "refund.decided",
        refund,
        actor=actor,
        now=now,
        root=refund.order,
        cooperative_id=part.cooperative_id if part else None,
        why=refund.reason,
        data=data | ({"part": part.number} if part else {}),
    )
    notices.refund_decided(refund.order, refund, now=now)


@transaction.atomic(durable=True)
def name_account(
    *,
    order_id: uuid.UUID,
    to: BankAccount,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> list[Payout]:
    """Where the money of an order's refunds is to be sent; may be said anew until it has left. Its buyer is
    told each time, and another account than the order was paid from waits a day.

    Raises KeyReused, Missing, NoMoneyWaits, NotAnAccount.
    """
    account = checked(to)
    order = locks.lock_order(order_id)
    waiting = Payout.objects.filter(refund__order=order).due().to_bank()
    payouts = list(waiting)
    if done_before(key, "refund.account_named", order):
        return payouts
    if not payouts:
        raise NoMoneyWaits()
    paid_from = account_paid_from(order)
    for payout in payouts:
        readdress_refund(payout, account, paid_from, now=now)
    # The history is read by many; the account is the buyer's own business.
    data = {"amount": sum(payout.amount for payout in payouts), "account": account.account[-4:]}
    change = record_change("refund.account_named", order, actor=actor, now=now, data=data, key=key)
    tell_buyer_of_account(order, payouts, account, occasion=str(change.pk), now=now)
    return payouts


@transaction.atomic(durable=True)
def pay_back_by_bank(
    *, refund_id: uuid.UUID, key: str | None = None, actor: Actor, now: datetime.datetime
) -> Refund:
    """What the card's gateway could not give back is to be sent to a bank account instead.

    Raises KeyReused, Missing, NothingLacking.
    """
    refund = locks.lock_refund(refund_id)
    if done_before(key, "refund.by_bank", refund):
        return refund
    lacking = Refund.objects.filter(pk=refund.pk).lacking().get(refund.pk, 0)
    if lacking <= 0:
        raise NothingLacking()
    failed = PaymentEvent.objects.filter(
        refund=refund, kind__in=[EventKind.REFUND_FAILURE, EventKind.REFUND_REVERSE]
    )
    _owe_by_bank(refund, failed.latest("at", "pk").payment, lacking, actor=actor, now=now)
    record_change(
        "refund.by_bank", refund, actor=actor, now=now, root=refund.order, data={"amount": lacking}, key=key
    )
    notices.refund_needs_account(refund.order, refund, now=now)
    return refund


@transaction.atomic(durable=True)
def return_surplus(*, order_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Refund | None:
    """Money that came for an order of which nothing stands any more goes back. Raises Missing."""
    order = locks.lock_order(order_id)
    if order.status not in ENDED:
        return None
    reason = gettext_noop("The order had ended when the money came.")
    return give_surplus_back(order, reason=reason, actor=actor, now=now)


@shared_task(name="orders.return_surplus")
def return_surplus_task() -> None:
    """Orders that ended and hold more than nothing: whatever brought the money, and whenever."""
    now, actor = timezone.now(), Actor.system("return_surplus")
    ended = overpaid().filter(status__in=ENDED).order_by("placed_at", "pk")
    run_each(
        ended.values_list("pk", flat=True),
        lambda order_id: return_surplus(order_id=order_id, actor=actor, now=now),
        sweep="orders.return_surplus",
        at_most=_AT_ONCE,
    )


def _held(order: Order) -> Iterable[tuple[Payment, int]]:
    """Payments with what each still holds: the newest card first, then the newest of the others."""
    payments = Payment.objects.filter(order=order)
    sums = payments.sums()
    newest = list(payments.order_by("-created_at", "-pk"))
    for payment in sorted(newest, key=lambda each: each.method != Method.CARD):
        if payment.pk in sums:
            yield payment, max(0, sums[payment.pk].charged - sums[payment.pk].refund_pending)


def _owe_by_bank(
    refund: Refund, payment: Payment, amount: int, *, actor: Actor, now: datetime.datetime
) -> None:
    """Cash and transfers go back to an account that the buyer names."""
    payout = Payout.objects.create(
        refund=refund,
        amount=amount,
        currency=refund.currency,
        note=fold_note(f"HOAN TIEN {refund.order.code}"),
        made_at=now,
    )
    record_event(
        payment,
        EventKind.REFUND_REQUEST,
        amount,
        key=f"payout:{payout.pk}:asked",
        refund=refund,
        actor=actor,
        now=now,
    )
