"""Refunds as shown to the buyer, and the form for the account they are paid to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from orders.actions.payouts.bank_accounts import find_last_payer_account
from orders.actions.payouts.refund_execution import set_refund_account
from orders.forms.refunds import RefundAccountForm
from orders.models import Order, Payout, Refund
from orders.models.refund import RefundQuerySet
from orders.states import PayoutState
from orders.views.current_basket import request_actor
from orders.views.timeline import TimelineEntry
from shop.core.errors import Refused
from shop.core.models import bind_idempotency_key
from shop.core.texts.formatting import format_day, format_money
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit

# Each change sends the buyer a message.
_ACCOUNT_CHANGES = RateLimit("refund-account", max_tries=10, seconds=24 * 3600)


@dataclass(frozen=True, slots=True)
class RefundTexts:
    """The texts about a refund's money, addressed to the buyer, to staff or to the cooperative."""

    not_paid: Promise
    arrived: Promise
    refunded_directly: Promise
    sent: Promise
    needs_account: Promise
    sending: Promise
    by_card: Promise
    failed: Promise


BUYER_TEXTS = RefundTexts(
    not_paid=gettext_lazy("You have not paid for these items, and no longer need to."),
    arrived=gettext_lazy("You have received the money."),
    refunded_directly=gettext_lazy(
        "Refunded to your original payment method. Your bank may take a few days to show it."
    ),
    sent=gettext_lazy("Sent on %(day)s to your account ending in %(digits)s, reference %(reference)s."),
    needs_account=gettext_lazy("%(amount)s is waiting for your account number."),
    sending=gettext_lazy("%(amount)s is being sent to your account ending in %(digits)s."),
    by_card=gettext_lazy("%(amount)s is being refunded to your card."),
    failed=gettext_lazy("We could not refund %(amount)s to your card. We will send it another way."),
)
STAFF_TEXTS = RefundTexts(
    not_paid=gettext_lazy("The buyer had not paid for these items, and no longer needs to."),
    arrived=gettext_lazy("The buyer has received the money."),
    refunded_directly=gettext_lazy("Refunded to the original payment method."),
    sent=gettext_lazy(
        "Sent on %(day)s to the buyer's account ending in %(digits)s, reference %(reference)s."
    ),
    needs_account=gettext_lazy("%(amount)s is waiting for the buyer's account number."),
    sending=gettext_lazy("%(amount)s is due to the buyer's account ending in %(digits)s."),
    by_card=gettext_lazy("%(amount)s is being refunded to the buyer's card."),
    failed=gettext_lazy("The refund of %(amount)s to the buyer's card failed. Refund it another way."),
)
# Cooperatives do not see the buyer's account.
COOPERATIVE_TEXTS = RefundTexts(
    not_paid=STAFF_TEXTS.not_paid,
    arrived=STAFF_TEXTS.arrived,
    refunded_directly=STAFF_TEXTS.refunded_directly,
    sent=gettext_lazy("The market sent the money on %(day)s."),
    needs_account=STAFF_TEXTS.needs_account,
    sending=gettext_lazy("The market will transfer %(amount)s to the buyer."),
    by_card=STAFF_TEXTS.by_card,
    failed=gettext_lazy(
        "The refund of %(amount)s to the buyer's card failed. The market will refund it another way."
    ),
)


@dataclass(frozen=True, slots=True)
class RefundDisplay:
    """A refund for display, with messages about its progress. `tone` is the messages' colour."""

    refund: Refund
    messages: list[str]
    tone: str
    failed_amount: int = 0

    @property
    def is_done(self) -> bool:
        return self.tone == "good"

    @property
    def timeline_entry(self) -> TimelineEntry:
        """The refund as an entry in its part's timeline."""
        refund = self.refund
        title = _("%(amount)s refunded") % {"amount": format_money(refund.repayment, refund.currency)}
        if not refund.repayment:
            title = _("%(amount)s less to pay") % {
                "amount": format_money(refund.net_reduction, refund.currency)
            }
        if not refund.net_reduction:
            title = _("Replaced by another product")
        return TimelineEntry(
            title, "done" if self.is_done else "now", refund.decided_at, " ".join(self.messages)
        )


def build_refund_displays(refunds: RefundQuerySet, texts: RefundTexts = BUYER_TEXTS) -> list[RefundDisplay]:
    """Return the refunds, oldest first, in words for their reader. A fixed number of queries."""
    payouts = Prefetch("payouts", Payout.objects.order_by("created_at", "pk"))
    rows = list(refunds.with_unsent_items().select_related("part").prefetch_related(payouts).oldest_first())
    paid, failed_amounts = {}, {}
    if rows:
        paid, failed_amounts = refunds.refunded_amounts(), refunds.failed_amounts()
    return [
        _build_refund_display(row, paid.get(row.pk, 0), failed_amounts.get(row.pk, 0), texts) for row in rows
    ]


def read_refund_progress(refunds: RefundQuerySet, texts: RefundTexts) -> str:
    """Return where the money of these refunds is now, as sentences."""
    return " ".join(text for display in build_refund_displays(refunds, texts) for text in display.messages)


def amount_awaiting_account(refund_displays: Sequence[RefundDisplay]) -> int:
    """Return the amount that waits for the buyer's bank account, in minor units."""
    payouts = [payout for refund_display in refund_displays for payout in refund_display.refund.payouts.all()]
    return sum(payout.amount for payout in payouts if _lacks_account(payout))


@require_safe_or_post
@never_cache
def edit_refund_account(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Enter the bank account for refunds. It may be changed until the money is sent."""
    order = get_object_or_404(Order.objects.by_link_id(order_id))
    due_payouts = list(Payout.objects.filter(refund__order=order).due().by_bank_transfer())
    payer_account = find_last_payer_account(order)
    uses_payer_account = payer_account is not None and "same" in request.POST
    submitted = None if uses_payer_account else request.POST or None
    form = RefundAccountForm(submitted, initial={"idempotency_key": uuid.uuid4()})
    if request.method == "POST" and (uses_payer_account or form.is_valid()):
        try:
            _ACCOUNT_CHANGES.count_try(str(order.pk))
            set_refund_account(
                order_id=order.pk,
                account=payer_account
                if payer_account is not None and uses_payer_account
                else form.bank_account,
                idempotency_key=bind_idempotency_key(
                    request.POST.get("idempotency_key", ""), "account", order.pk
                ),
                actor=request_actor(request),
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error("account" if refused.field == "account" else None, str(refused.message))
        else:
            messages.success(request, _("Thank you. We will send the money to this account."))
            return redirect("orders:order", order_id=order_id)
    context = {
        "order": order,
        "form": form,
        "due": due_payouts,
        "payer_account": payer_account,
        "amount": sum(payout.amount for payout in due_payouts),
    }
    return render(request, "orders/refund_account.html", context)


def _build_refund_display(
    refund: Refund, paid_amount: int, failed_amount: int, texts: RefundTexts
) -> RefundDisplay:
    if not refund.repayment:
        return RefundDisplay(refund, [str(texts.not_paid)], "good")
    if paid_amount >= refund.repayment:
        sent_messages = _sent_messages(refund, texts)
        return RefundDisplay(
            refund,
            [str(texts.arrived), *sent_messages] if sent_messages else [str(texts.refunded_directly)],
            "good",
        )
    progress_texts = _sent_messages(refund, texts)
    payouts = list(refund.payouts.all())
    amount_without_account = sum(payout.amount for payout in payouts if _lacks_account(payout))
    if amount_without_account:
        progress_texts.append(
            str(texts.needs_account) % {"amount": format_money(amount_without_account, refund.currency)}
        )
    for payout in payouts:
        if payout.state == PayoutState.DUE and payout.bank_account:
            values = {"amount": format_money(payout.amount, refund.currency), "digits": payout.account_end}
            progress_texts.append(str(texts.sending) % values)
    due_amount = sum(payout.amount for payout in payouts if payout.state == PayoutState.DUE)
    card_amount = refund.repayment - paid_amount - failed_amount - due_amount
    if card_amount > 0:
        progress_texts.append(str(texts.by_card) % {"amount": format_money(card_amount, refund.currency)})
    if failed_amount:
        progress_texts.append(str(texts.failed) % {"amount": format_money(failed_amount, refund.currency)})
    return RefundDisplay(refund, progress_texts, "wait", failed_amount)


def _sent_messages(refund: Refund, texts: RefundTexts) -> list[str]:
    return [
        str(texts.sent)
        % {"day": format_day(payout.paid_at), "digits": payout.account_end, "reference": payout.reference}
        for payout in refund.payouts.all()
        if payout.state == PayoutState.PAID
    ]


def _lacks_account(payout: Payout) -> bool:
    return payout.state == PayoutState.DUE and not payout.bank_account
