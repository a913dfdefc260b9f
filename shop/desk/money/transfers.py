"""Review incoming bank transfers: unmatched ones with suggestions, and decisions."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from orders.actions.bank_transfers.match_suggestions import (
    TransferSuggestions,
    find_orders,
    find_similar_transfers,
    names_order,
    suggest_orders,
)
from orders.actions.bank_transfers.receive_transfers import BANK_WEBHOOK_PROVIDERS, read_unassigned_amount
from orders.actions.bank_transfers.transfer_review import (
    assign_transfer,
    confirm_transfer_returned,
    dismiss_transfer,
    reopen_transfer_review,
    return_transfer,
)
from orders.actions.bank_transfers.undo_assignment import undo_transfer_assignment
from orders.actions.payouts.bank_accounts import BankAccount, require_valid_bank_account
from orders.models import BankTransfer, Order, Payout, TransferShare, WebhookEvent
from orders.payments.banks import find_bank
from orders.payments.vietqr import InvalidPayload, build_qr_text, qr_svg
from orders.states import PayoutState, TransferState
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor, ActorKind
from shop.core.errors import Refused
from shop.core.models import Change
from shop.core.texts.formatting import format_money
from shop.core.web.action_results import run_action
from shop.core.web.form_review import is_reviewed, is_reviewed_as_shown
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import submitted_reason
from shop.desk.money.transfer_forms import (
    MANUAL_FORM_ROWS,
    TransferReturnForm,
    TransferSearch,
    parse_transfer_shares,
)
from shop.desk.review_page import render_review
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only

PER_PAGE = 20
PER_LIST = 50
MAX_COUNTED_TRANSFERS = 1000  # staff do not turn more pages
_RECENT_PERIOD = datetime.timedelta(hours=24)
_MAX_RECENT = 5

_SHARES_WITH_ORDERS = Prefetch(
    "shares", TransferShare.objects.select_related("payment__order").order_by("pk"), to_attr="assigned_shares"
)


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def list_transfers_to_review(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List transfers for review, oldest first, each with suggested orders."""
    transfers = BankTransfer.objects.in_review().select_related("order").prefetch_related(_SHARES_WITH_ORDERS)
    page = Paginator(transfers, PER_PAGE).get_page(request.GET.get("page"))
    listed = list(page.object_list)
    suggestions = suggest_orders(listed)
    since = timezone.now() - _RECENT_PERIOD
    recent_changes = Change.objects.filter(
        action="transfer.assigned", actor_kind=ActorKind.PERSON, created_at__gte=since
    ).newest_first()
    recent_ids = list(recent_changes.values_list("key", flat=True)[:_MAX_RECENT])
    recent_transfers = BankTransfer.objects.filter(pk__in=recent_ids).newest_first()
    context = {
        "page": page,
        "unread": WebhookEvent.objects.with_problems(*BANK_WEBHOOK_PROVIDERS).count(),
        "recent_transfers": recent_transfers.prefetch_related(_SHARES_WITH_ORDERS),
        "rows": [{"transfer": row, "suggested": suggestions[row.pk]} for row in listed],
    }
    return render(request, "desk/transfers.html", context)


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def list_all_transfers(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Search all transfers, newest first."""
    form = TransferSearch(request.GET)
    transfers = (
        BankTransfer.objects.newest_first().select_related("order").prefetch_related(_SHARES_WITH_ORDERS)
    )
    if form.chosen("q"):
        transfers = transfers.matching(form.chosen("q"))
    if form.chosen("state"):
        transfers = transfers.filter(state=form.chosen("state"))
    page = Paginator(transfers[:MAX_COUNTED_TRANSFERS], PER_LIST).get_page(request.GET.get("page"))
    return render(
        request, "desk/transfers_all.html", {"form": form, "page": page, "counted": MAX_COUNTED_TRANSFERS}
    )


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def show_transfer(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Show a transfer: bank data, possible actions, and history."""
    return _render_transfer(request, pk, TransferReturnForm())


@require_safe_or_post
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def match_transfer(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Match a transfer to one or more orders.

    The page asks again if the note does not name one of them, or if an amount is not what the order owes.
    """
    if request.method != "POST":
        return redirect("desk:transfer", pk)
    transfer = get_object_or_404(BankTransfer, pk=pk)
    try:
        amounts = parse_transfer_shares(request.POST)
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect(transfer_return_url(request, pk))
    orders = Order.objects.in_bulk(list(amounts))
    shares = [(orders[order_id], amount) for order_id, amount in amounts.items()]
    is_doubtful = any(_is_doubtful(transfer, order, amount) for order, amount in shares)
    is_possible = min(amounts.values()) > 0 and sum(amounts.values()) <= transfer.amount
    if is_doubtful and is_possible and not is_reviewed(request):
        return _review_match(request, transfer, shares)
    action = partial(assign_transfer, transfer_id=pk, amounts=amounts, actor=actor, now=timezone.now())
    applied = ", ".join(
        gettext("%(amount)s to order %(code)s of %(name)s")
        % {"amount": format_money(amount, order.currency), "code": order.code, "name": order.buyer_name}
        for order, amount in shares
    )
    message = gettext("Applied: %(shares)s. The buyer can see it.") % {"shares": applied}
    return run_action(request, action, url=transfer_return_url(request, pk), message=message)


def _is_doubtful(transfer: BankTransfer, order: Order, amount: int) -> bool:
    """Return whether the transfer does not name the order, or the amount is not what the order owes."""
    return amount != order.amount_due or not names_order(transfer, order)


def _review_match(
    request: HttpRequest, transfer: BankTransfer, shares: Sequence[tuple[Order, int]]
) -> HttpResponse:
    """Show the transfer beside its orders. Those that it does not name, or not pay exactly, are marked."""
    facts = [
        (gettext("Transferred"), format_money(transfer.amount, transfer.currency)),
        (gettext("Note"), transfer.note or gettext("No note")),
    ]
    effects = []
    for order, amount in shares:
        if not names_order(transfer, order):
            effects.append(
                gettext("The transfer names neither the code of order %(code)s nor its buyer, %(name)s.")
                % {"code": order.code, "name": order.buyer_name}
            )
        due, sent = format_money(order.amount_due, order.currency), format_money(amount, order.currency)
        texts = {"name": order.buyer_name, "amount": due}
        fact = gettext("%(name)s, %(amount)s due") % texts
        if _is_doubtful(transfer, order, amount):
            fact += " · " + gettext("Check again")
        facts.append((order.code, fact))
        if amount != order.amount_due:
            effects.append(
                gettext("%(amount)s will be applied to order %(code)s, of which %(due)s is due.")
                % {"amount": sent, "code": order.code, "due": due}
            )
    return render_review(
        request,
        title=gettext("Check the order of this transfer"),
        facts=facts,
        effects=effects,
        label=gettext("Apply %(amount)s to %(codes)s")
        % {
            "amount": format_money(sum(amount for _order, amount in shares), transfer.currency),
            "codes": ", ".join(order.code for order, _amount in shares),
        },
        back_url=reverse("desk:transfer", args=[transfer.pk]),
        back_label=gettext("Bank transfer"),
        is_unusual=True,
    )


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def undo_transfer_assignment_view(
    request: HttpRequest, actor: Actor, pk: uuid.UUID, share_id: int
) -> HttpResponse:
    """Take a transfer off one of its orders."""
    action = partial(
        undo_transfer_assignment,
        transfer_id=pk,
        share_id=share_id,
        reason=submitted_reason(request.POST),
        actor=actor,
        now=timezone.now(),
    )
    url = reverse("desk:transfer", args=[pk])
    return run_action(
        request, action, url=url, message=_("Taken off the order, which owes this amount again.")
    )


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def return_transfer_view(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Decide to return the rest of a transfer, after a review of the account."""
    transfer = get_object_or_404(BankTransfer, pk=pk)
    form = TransferReturnForm(request.POST)
    if form.is_valid():
        try:
            account = require_valid_bank_account(form.recipient_account)
            unassigned = read_unassigned_amount(transfer)
            if not is_reviewed_as_shown(request, unassigned):
                return _review_return(request, transfer, unassigned, account, form.cleaned_data["reason"])
            return_transfer(
                transfer_id=pk,
                account=account,
                reason=form.cleaned_data["reason"],
                actor=actor,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
        else:
            messages.success(request, _("Saved. Now send the money, then mark it as sent."))
            return redirect("desk:transfer", pk)
    return _render_transfer(request, pk, form)


def _review_return(
    request: HttpRequest, transfer: BankTransfer, unassigned: int, account: BankAccount, reason: str
) -> HttpResponse:
    """Show the account, which was typed only once, and the amount that goes to it."""
    bank = find_bank(account.bank_bin)
    amount = format_money(unassigned, transfer.currency)
    return render_review(
        request,
        title=gettext("Return %(amount)s?") % {"amount": amount},
        facts=[
            (gettext("Bank"), bank.short_name if bank else account.bank_bin),
            (gettext("Account number"), account.number),
            (gettext("Account holder"), account.holder),
            (gettext("Amount"), amount),
            (gettext("Reason"), reason),
        ],
        effects=[
            gettext("Compare the number with what the sender told you: money sent elsewhere is lost."),
            gettext("The payment is listed as due. It cannot be applied to an order any more."),
        ],
        label=gettext("Return %(amount)s to this account") % {"amount": amount},
        shown=unassigned,
        back_url=reverse("desk:transfer", args=[transfer.pk]),
        back_label=gettext("Bank transfer"),
        is_unusual=True,
    )


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def confirm_transfer_return(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Record that the money was returned."""
    reference = request.POST.get("reference", "")
    action = partial(
        confirm_transfer_returned, transfer_id=pk, reference=reference, actor=actor, now=timezone.now()
    )
    return run_action(request, action, url=reverse("desk:transfer", args=[pk]), message=_("Marked as sent."))


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def dismiss_transfer_view(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Dismiss a transfer that is for no order."""
    reason = submitted_reason(request.POST)
    action = partial(dismiss_transfer, transfer_id=pk, reason=reason, actor=actor, now=timezone.now())
    return run_action(request, action, url=transfer_return_url(request, pk), message=_("Set aside."))


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def reopen_transfer(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Reopen a dismissed transfer for review."""
    action = partial(reopen_transfer_review, transfer_id=pk, actor=actor, now=timezone.now())
    return run_action(request, action, url=reverse("desk:transfer", args=[pk]))


def _render_transfer(request: HttpRequest, pk: uuid.UUID, form: TransferReturnForm) -> HttpResponse:
    transfers = BankTransfer.objects.select_related("order", "statement").prefetch_related(
        _SHARES_WITH_ORDERS
    )
    transfer = get_object_or_404(transfers, pk=pk)
    payout = Payout.objects.filter(transfer=transfer).first()
    is_in_review = transfer.state == TransferState.REVIEW
    suggested = suggest_orders([transfer])[transfer.pk] if is_in_review else TransferSuggestions(0, ())
    search_text = request.GET.get("q", "").strip()
    is_searched = is_in_review and (bool(search_text) or not (suggested.orders or suggested.split))
    context = {
        "transfer": transfer,
        "suggested": suggested,
        "search_text": search_text,
        "found": find_orders(transfer, search_text) if is_searched else None,
        "blank_rows": range(MANUAL_FORM_ROWS),
        "similar_transfers": find_similar_transfers(transfer),
        "removable_shares": getattr(transfer, "assigned_shares", ()) if transfer.can_be_taken_off else (),
        "payout": payout,
        "payout_bank": find_bank(payout.bank_bin) if payout else None,
        "payout_qr": _qr_code(payout) if payout and payout.state == PayoutState.DUE else "",
        "form": form,
        "history": build_change_displays(Change.objects.of_row_and_parts(transfer).newest_first()),
    }
    return render(request, "desk/transfer.html", context, status=422 if form.errors else 200)


def _qr_code(payout: Payout) -> str:
    """Return the QR code for returning the transfer as SVG. It is empty if the account cannot be encoded."""
    try:
        payload = build_qr_text(
            bank=payout.bank_bin, account=payout.bank_account, amount=payout.amount, note=payout.note
        )
    except InvalidPayload:
        return ""
    return qr_svg(payload, title=_("VietQR code to return the money"))


def transfer_return_url(request: HttpRequest, pk: uuid.UUID) -> str:
    """Return the URL of the list that the user came from, or of the transfer's page."""
    is_from_list = request.POST.get("back") == "list"
    return reverse("desk:transfers") if is_from_list else reverse("desk:transfer", args=[pk])
