"""The buyer's answer about a substitute: replace the items, or report them as missing."""

from __future__ import annotations

import datetime
import uuid

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders import locks
from orders.actions.fulfilment.substitute_holds import read_held_stock_ids
from orders.actions.order_records.record_order import add_line
from orders.actions.refunds.offer_substitute import record_substitute_change, release_held_stock
from orders.actions.refunds.refund_decisions import (
    LineRefund,
    RefundDecision,
    read_refund_limits,
    refund_part,
)
from orders.actions.refunds.report_shortage import (
    SHORTAGE_REASON,
    record_weight_of_missing,
    refund_unsent_items,
)
from orders.actions.refunds.substitute_quotes import quote_substitute
from orders.models import Allocation, CostBearer, Order, OrderPart, Substitute
from orders.notifications import substitutes as notifications
from orders.states import SUBSTITUTE_TRANSITIONS, SubstituteState
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.jobs.sweeps import run_each
from shop.core.states import change_state

_SWEEP_SIZE = 200
_REPLACED_REASON = gettext_noop("You agreed to another product instead.")


class SubstituteClosed(Refused):
    code = "substitute_closed"
    default_message = _("This question has already been answered, or the time to answer is over.")


@transaction.atomic(durable=True)
def answer_substitute(
    *, substitute_id: uuid.UUID, is_agreed: bool, actor: Actor, now: datetime.datetime
) -> Substitute:
    """Record whether the buyer takes the substitute.

    If the buyer does, the substitute becomes a line of the part and the replaced items are no longer charged.
    Otherwise the items are missing and refunded. Repeating the answer changes nothing. Raises Missing,
    SubstituteClosed.
    """
    order, part, substitute = locks.lock_substitute(substitute_id)
    answer = SubstituteState.ACCEPTED if is_agreed else SubstituteState.REJECTED
    if substitute.state == answer:
        return substitute
    if substitute.state != SubstituteState.WAITING or substitute.answer_by <= now:
        raise SubstituteClosed()
    _close(order, part, substitute, answer, actor=actor, now=now)
    return substitute


@transaction.atomic(durable=True)
def expire_substitute(*, substitute_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Report the items as missing when the buyer has not answered in time. Raises Missing."""
    order, part, substitute = locks.lock_substitute(substitute_id)
    if substitute.state == SubstituteState.WAITING and substitute.answer_by <= now:
        _close(order, part, substitute, SubstituteState.EXPIRED, actor=actor, now=now)


@shared_task(name="orders.expire_substitutes")
def expire_substitutes_task() -> None:
    """Sweep: close offers that buyers have not answered in time."""
    now, actor = timezone.now(), Actor.system("expire_substitutes")
    run_each(
        Substitute.objects.overdue(now).values_list("pk", flat=True),
        lambda substitute_id: expire_substitute(substitute_id=substitute_id, actor=actor, now=now),
        sweep="orders.expire_substitutes",
        max_count=_SWEEP_SIZE,
    )


def _close(
    order: Order,
    part: OrderPart,
    substitute: Substitute,
    state: SubstituteState,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Close a waiting offer, and replace the items or report them as missing."""
    change_state(substitute, state, SUBSTITUTE_TRANSITIONS)
    substitute.answered_at = now
    substitute.save(update_fields=["answered_at"])
    record_substitute_change(order, part, substitute, f"substitute.{state}", actor=actor, now=now)
    locks.lock_stock(read_held_stock_ids([part]))  # at once, so that two orders cannot deadlock
    if state == SubstituteState.ACCEPTED:
        _replace_items(order, part, substitute, actor=actor, now=now)
    else:
        release_held_stock(substitute)
        _report_missing(order, part, substitute, actor=actor, now=now)
    notifications.notify_substitute_answer(order, part, substitute, now=now)


def _replace_items(
    order: Order, part: OrderPart, substitute: Substitute, *, actor: Actor, now: datetime.datetime
) -> None:
    """Add the substitute as a line with the held stock, and refund the replaced items as not sent."""
    limit = read_refund_limits(order, part).lines[substitute.line_id]
    record_weight_of_missing(limit, substitute.quantity, now=now)
    quote = quote_substitute(order, limit.line, substitute)
    substitute.new_line = add_line(order, part, quote, limit=substitute.replaced_gross, now=now)
    substitute.save(update_fields=["new_line"])
    Allocation.objects.bulk_create(
        Allocation(line=substitute.new_line, stock_id=hold.stock_id, quantity=hold.quantity)
        for hold in substitute.holds.order_by("stock")
    )
    substitute.holds.all().delete()
    lines = {substitute.line_id: LineRefund(amount=substitute.replaced_gross, unsent=substitute.quantity)}
    decision = RefundDecision(CostBearer.COOPERATIVE, _REPLACED_REASON, lines=lines)
    refund_part(order, part, decision, substitute_total=substitute.new_line.total_gross, actor=actor, now=now)


def _report_missing(
    order: Order, part: OrderPart, substitute: Substitute, *, actor: Actor, now: datetime.datetime
) -> None:
    """Refund the items as missing, or cancel the part if nothing else of it is left to send."""
    refund_unsent_items(
        order,
        part,
        substitute.line_id,
        substitute.quantity,
        reason=SHORTAGE_REASON,
        end_reason=SHORTAGE_REASON,
        actor=actor,
        now=now,
    )
