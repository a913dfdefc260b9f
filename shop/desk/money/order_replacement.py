"""Place an ended order again and pay it with a bank transfer that came too late."""

from __future__ import annotations

import uuid
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from orders.actions.bank_transfers.receive_transfers import read_unassigned_amount
from orders.actions.placement.replace_expired_order import (
    OrderNotReplaceable,
    quote_replacement,
    replace_expired_order,
)
from orders.models import BankTransfer, Order
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.texts.formatting import format_money
from shop.core.web.action_results import run_action
from shop.core.web.form_review import is_reviewed_as_shown
from shop.desk.money.transfers import transfer_return_url
from shop.desk.review_page import render_review
from shop.staff_pages import staff_only


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def replace_order(request: HttpRequest, actor: Actor, pk: uuid.UUID, order_id: uuid.UUID) -> HttpResponse:
    """Replace an expired or cancelled order by a new one, paid with the transfer, after a review.

    The review names what the order costs now, and is shown again if that has changed.
    """
    transfer = get_object_or_404(BankTransfer, pk=pk)
    order = get_object_or_404(Order.objects.placed(), pk=order_id)
    try:
        total = quote_replacement(order, now=timezone.now()).total
    except OrderNotReplaceable:
        total = None
    # A repeat of the form finds the items sold by the first one, and is answered by the action.
    if total is not None and not is_reviewed_as_shown(request, total):
        return _review_replacement(request, transfer, order, total)
    action = partial(
        replace_expired_order, transfer_id=pk, order_id=order_id, actor=actor, now=timezone.now()
    )
    return run_action(request, action, url=transfer_return_url(request, pk), message=_build_message)


def _build_message(order: Order) -> str:
    """Say whether the transfer has paid the new order, or what the buyer is asked for."""
    order = Order.objects.get(pk=order.pk)
    if not order.amount_due:
        return gettext("Order placed again and paid. The buyer has been notified.")
    return gettext("Order %(code)s placed. The buyer has been asked for the remaining %(amount)s.") % {
        "code": order.code,
        "amount": format_money(order.amount_due, order.currency),
    }


def _review_replacement(
    request: HttpRequest, transfer: BankTransfer, order: Order, total: int
) -> HttpResponse:
    """Show the order that is placed again with its cost now, and the transfer that pays it."""
    unassigned = read_unassigned_amount(transfer)
    missing, surplus = max(0, total - unassigned), max(0, unassigned - total)
    facts = [
        (gettext("Transferred"), format_money(transfer.amount, transfer.currency)),
        (gettext("Note"), transfer.note or gettext("No note")),
        (order.code, format_money(order.total_gross, order.currency)),
        (gettext("Costs now"), format_money(total, order.currency)),
    ]
    effects = []
    if missing:
        facts.append((gettext("Still missing"), format_money(missing, order.currency)))
        effects.append(
            gettext(
                "A new order for the same items is placed. The transfer pays part of it, and the buyer is"
                " asked for the remaining %(amount)s. The cooperatives start when that has arrived."
            )
            % {"amount": format_money(missing, order.currency)}
        )
        label = gettext("Place order again and ask for %(amount)s") % {
            "amount": format_money(missing, order.currency)
        }
    else:
        effects += [
            gettext("A new order for the same items is placed and paid with this transfer."),
            gettext("The buyer and the cooperatives are told at once."),
        ]
        label = gettext("Place order again and pay")
    if surplus:
        effects.append(
            gettext("%(amount)s of the transfer is left and stays here to be checked.")
            % {"amount": format_money(surplus, order.currency)}
        )
    return render_review(
        request,
        title=gettext("Place order %(code)s of %(name)s again?")
        % {"code": order.code, "name": order.buyer_name},
        facts=facts,
        effects=effects,
        label=label,
        shown=total,
        back_url=reverse("desk:transfer", args=[transfer.pk]),
        back_label=gettext("Bank transfer"),
        is_unusual=True,
    )
