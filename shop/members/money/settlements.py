"""A cooperative's money: what runs, what was closed and paid, its statements, and its account."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cooperatives.access import Right, Standing
from orders.actions.payouts.bank_accounts import account_of, change_account
from orders.models import Approval, Settlement
from orders.payments.banks import bank_of
from orders.views.approvals import decide_proposal
from shop.accounts.views.signing_in import require_recent_proof
from shop.core.errors import Refused
from shop.core.models import Change, market_channel, shop_settings
from shop.members.forms.account import AccountForm
from shop.members.member_access import for_members, show
from shop.reports import settlement_documents
from shop.reports import settlements as report

_PER_PAGE = 20


@require_safe
@for_members(Right.MONEY)
def settlements(request: HttpRequest, standing: Standing) -> HttpResponse:
    """The running period so far, then those that were closed, the newest first."""
    own = Settlement.objects.for_cooperative(standing.cooperative)
    market = market_channel()
    running = own.open().filter(currency=market.currency if market else "VND").first()
    closed = own.closed().select_related("payout").newest_first()
    context = {
        "running": report.statement_of(running) if running else None,
        "settlement": running,
        "page": Paginator(closed, _PER_PAGE).get_page(request.GET.get("page")),
        "bank": bank_of(standing.cooperative.bank_bin),
        "may_manage": standing.may(Right.MANAGE),
    }
    return show(request, standing, "members/settlements.html", context)


@require_safe
@for_members(Right.MONEY)
def settlement(request: HttpRequest, standing: Standing, pk: int) -> HttpResponse:
    """One period: its sums, what became of them, and each order."""
    shown = _own(standing, pk)
    page = Paginator(report.orders_in(shown), _PER_PAGE).get_page(request.GET.get("page"))
    is_last = page.number == page.paginator.num_pages
    context = settlement_documents.statement_context(report.statement_of(shown)) | {
        "page": page,
        "rows": report.rows_of_orders(shown, page.object_list),
        "others": report.other_rows(shown) if is_last else [],
        "operator": shop_settings(),
    }
    return show(request, standing, "members/settlement.html", context)


@require_safe
@for_members(Right.MONEY)
def settlement_print(request: HttpRequest, standing: Standing, pk: int) -> HttpResponse:
    back = reverse("members:settlement", args=[pk])
    return settlement_documents.printed(request, report.statement_of(_own(standing, pk)), back=back)


@require_safe
@for_members(Right.MONEY)
def settlement_pdf(request: HttpRequest, standing: Standing, pk: int) -> HttpResponse:
    back = reverse("members:settlement", args=[pk])
    return settlement_documents.pdf_of(request, report.statement_of(_own(standing, pk)), back=back)


@require_safe
@for_members(Right.MONEY)
def settlement_workbook(request: HttpRequest, standing: Standing, pk: int) -> HttpResponse:
    return settlement_documents.workbook_of(report.statement_of(_own(standing, pk)))


@require_http_methods(["GET", "HEAD", "POST"])
@for_members(Right.MANAGE)
@require_recent_proof
def account(request: HttpRequest, standing: Standing) -> HttpResponse:
    """The account that the market pays to; every change is told to all who manage the cooperative."""
    if request.method != "POST":
        return _account_page(
            request, standing, AccountForm(initial=AccountForm.said_of(standing.cooperative))
        )
    form = AccountForm(request.POST)
    if form.is_valid():
        try:
            proposal = change_account(
                cooperative_id=standing.cooperative.pk,
                to=form.account,
                actor=standing.actor,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error("bank_account", str(refused.words))
        else:
            kept = _("The account is kept. All who manage the cooperative are told.")
            asked = _(
                "Another manager or the market is to confirm it. All who manage the cooperative are told."
            )
            messages.success(request, kept if proposal is None else asked)
            return redirect("members:account")
    return _account_page(request, standing, form)


@require_POST
@for_members(Right.MANAGE)
@require_recent_proof
def account_decision(request: HttpRequest, standing: Standing, pk: uuid.UUID) -> HttpResponse:
    """Confirm, decline or withdraw another account of my cooperative."""
    get_object_or_404(Approval, pk=pk, cooperative=standing.cooperative)
    return decide_proposal(request, pk, standing.actor, back=reverse("members:account"))


def _own(standing: Standing, pk: int) -> Settlement:
    rows = Settlement.objects.for_cooperative(standing.cooperative).select_related("cooperative")
    return get_object_or_404(rows, pk=pk)


def _account_page(request: HttpRequest, standing: Standing, form: AccountForm) -> HttpResponse:
    now = account_of(standing.cooperative)
    waiting = Approval.objects.waiting(timezone.now()).select_related("proposed_by")
    proposal = waiting.filter(cooperative=standing.cooperative).first()
    context: dict[str, Any] = {
        "form": form,
        "now": now,
        "bank": bank_of(now.bank_bin),
        "proposal": proposal,
        "proposal_bank": bank_of(proposal.wanted["bank_bin"]) if proposal else None,
        "me": standing.user.pk,
        "changes": Change.objects.of(standing.cooperative)
        .filter(what="cooperative.account_changed")
        .order_by("-at", "-pk")[:_PER_PAGE],
    }
    return show(request, standing, "members/account.html", context)
