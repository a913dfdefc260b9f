"""File two demo complaints: one unanswered, one refunded."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from orders.actions.complaints.answer_complaint import Remedy, accept_complaint
from orders.actions.complaints.file_complaint import find_delivered_lines, submit_complaint
from orders.actions.payouts.bank_accounts import BankAccount
from orders.actions.payouts.complete_payouts import mark_payout_paid
from orders.actions.payouts.refund_execution import set_refund_account
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision
from orders.models import Complaint, CostBearer, OrderPart, Payout, Refund, RequestedRemedy
from orders.states import ParcelState, Progress
from shop.core.actors import Actor
from shop.notifications.models import Notification

_WORDS = ("Một gói bị rách, hàng rơi ra ngoài.", "Nhận thiếu một phần so với đơn.")
_PAYOUT_HOLD_PERIOD = datetime.timedelta(days=1)  # between entering a bank account and paying to it
_ACCOUNT = BankAccount("970436", "0099887766", "NGUOI MUA MAU")


def create_complaints(members: Mapping[int, Actor], *, actor: Actor, now: datetime.datetime) -> None:
    """File a complaint today about one recently delivered part, and file and refund another.

    Creates nothing if both exist, or if nothing was delivered recently.
    """
    parts = list(
        OrderPart.objects.filter(
            progress=Progress.DELIVERED,
            parcels__state=ParcelState.DELIVERED,
            parcels__cod_collected__gt=0,
            parcels__delivered_at__lte=now - _PAYOUT_HOLD_PERIOD,
            complaints=None,
            cooperative__in=[key for key, member in members.items() if member != actor],
        )
        .select_related("cooperative", "order")
        .order_by("-parcels__delivered_at", "pk")
        .distinct()[:20]
    )
    in_time = [part for part in parts if any(line.is_in_time(now) for line in find_delivered_lines(part))]
    missing_count = 2 - Complaint.objects.filter(idempotency_key__startswith="demo:").count()
    for part, number in zip(in_time, range(2 - missing_count, 2), strict=False):
        decided_at = now - _PAYOUT_HOLD_PERIOD if number == 1 else now
        complaint = _file_complaint(part, number, now=decided_at)
        if number == 1:
            _refund_complaint(
                part, complaint, members[part.cooperative_id], actor=actor, decided_at=decided_at, now=now
            )
    Notification.objects.filter(sent_at=None, created_at__in=(now - _PAYOUT_HOLD_PERIOD, now)).update(
        sent_at=now
    )


def _file_complaint(part: OrderPart, number: int, *, now: datetime.datetime) -> Complaint:
    complained_line = next(line for line in find_delivered_lines(part) if line.is_in_time(now))
    return submit_complaint(
        part_id=part.pk,
        quantities={complained_line.line.pk: 1},
        text=_WORDS[number],
        requested_remedy=RequestedRemedy.MONEY if number else RequestedRemedy.EITHER,
        idempotency_key=f"demo:{number}",
        actor=Actor.guest(),
        now=now,
    )


def _refund_complaint(
    part: OrderPart,
    complaint: Complaint,
    member: Actor,
    *,
    actor: Actor,
    decided_at: datetime.datetime,
    now: datetime.datetime,
) -> None:
    """Refund half of the line.

    This was decided at `decided_at` and is paid now that the waiting day is over.
    """
    line = complaint.lines.select_related("order_line").get().order_line
    amount = max(1_000, line.total_gross // line.quantity // 2)
    decision = RefundDecision(CostBearer.COOPERATIVE, _WORDS[1], {line.pk: LineRefund(amount)})
    accept_complaint(
        complaint_id=complaint.pk,
        remedy=Remedy(refund=decision),
        answer="Hợp tác xã xin lỗi và hoàn lại một nửa tiền món này.",
        actor=member,
        now=decided_at,
    )
    if Payout.objects.filter(refund__in=Refund.objects.filter(complaint=complaint)).exists():
        set_refund_account(order_id=part.order_id, account=_ACCOUNT, actor=Actor.guest(), now=decided_at)
        for payout in Payout.objects.filter(refund__complaint=complaint):
            mark_payout_paid(payout_id=payout.pk, reference="MAU-HOAN-1", actor=actor, now=now)
