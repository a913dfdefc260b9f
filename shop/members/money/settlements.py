"""A cooperative's settlements, statements and bank account."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.payouts.bank_accounts import account_of_cooperative, change_cooperative_account
from orders.models import Approval, OrderPart, Settlement
from orders.payments.banks import find_bank
from orders.views.approvals import decide_proposal
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.models import Change, market_channel, shop_settings
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.account import AccountForm
from shop.members.member_access import for_members, render_page
from shop.reports import settlement_documents
from shop.reports import settlements as report
from shop.reports.settlements import SettlementRow

PER_PAGE = 20


@require_safe
@for_members(MemberRight.SEE_SETTLEMENTS)
def list_settlements(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show the open settlement so far, then closed ones, newest first."""
    settlements = Settlement.objects.for_cooperative(membership.cooperative)
    market = market_channel()
    open_settlement = settlements.open().filter(currency=market.currency if market else "VND").first()
    closed_settlements = settlements.closed().select_related("payout").newest_first()
    page = Paginator(closed_settlements, PER_PAGE).get_page(request.GET.get("page"))
    settings, now = shop_settings(), timezone.now()
    context = {
        "open_statement": report.build_statement(open_settlement) if open_settlement else None,
        "settlement": open_settlement,
        "starts": report.format_start(open_settlement) if open_settlement else "",
        "next_payout_day": settings.next_payout_day(vietnam_date(now)),
        "page": page,
        "rows": [
            (
                row,
                report.format_period(row),
                report.missed_payout_day(getattr(row, "payout", None), settings, now),
            )
            for row in page.object_list
        ],
        "bank": find_bank(membership.cooperative.bank_bin),
        "may_manage": membership.may(MemberRight.MANAGE),
    }
    return render_page(request, membership, "members/settlements.html", context)


@require_safe
@for_members(MemberRight.SEE_SETTLEMENTS)
def show_settlement(request: HttpRequest, membership: MembershipContext, pk: int) -> HttpResponse:
    """Show a settlement with its totals, payout, and each order."""
    statement_settlement = _find_settlement_or_404(membership, pk)
    page = Paginator(report.find_settlement_orders(statement_settlement), PER_PAGE).get_page(
        request.GET.get("page")
    )
    is_last = page.number == page.paginator.num_pages
    settings, now = shop_settings(), timezone.now()
    statement = report.build_statement(statement_settlement)
    context = settlement_documents.build_statement_context(statement) | {
        "page": page,
        "rows": _find_part_links(
            membership, report.load_rows_of_orders(statement_settlement, page.object_list)
        ),
        "other_rows": report.load_other_rows(statement_settlement) if is_last else [],
        "operator": settings,
        "payout_day": settings.next_payout_day(vietnam_date(now)),
        "missed_day": report.missed_payout_day(statement.payout, settings, now),
    }
    return render_page(request, membership, "members/settlement.html", context)


@require_safe
@for_members(MemberRight.SEE_SETTLEMENTS)
def print_settlement(request: HttpRequest, membership: MembershipContext, pk: int) -> HttpResponse:
    return_url = reverse("members:settlement", args=[pk])
    return settlement_documents.printable_statement(
        request, report.build_statement(_find_settlement_or_404(membership, pk)), return_url=return_url
    )


@require_safe
@for_members(MemberRight.SEE_SETTLEMENTS)
def download_settlement_pdf(request: HttpRequest, membership: MembershipContext, pk: int) -> HttpResponse:
    return_url = reverse("members:settlement", args=[pk])
    return settlement_documents.pdf_statement(
        request, report.build_statement(_find_settlement_or_404(membership, pk)), return_url=return_url
    )


@require_safe
@for_members(MemberRight.SEE_SETTLEMENTS)
def download_settlement_workbook(
    request: HttpRequest, membership: MembershipContext, pk: int
) -> HttpResponse:
    return settlement_documents.workbook_statement(
        report.build_statement(_find_settlement_or_404(membership, pk))
    )


@require_safe_or_post
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
def edit_payout_account(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Edit the payout account. All managers of the cooperative are notified of a change."""
    if request.method != "POST":
        return _render_account(
            request, membership, AccountForm(initial=AccountForm.initial_for(membership.cooperative))
        )
    form = AccountForm(request.POST)
    if form.is_valid():
        try:
            proposal = change_cooperative_account(
                cooperative_id=membership.cooperative.pk,
                account=form.account,
                actor=membership.actor,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error("bank_account", str(refused.message))
        else:
            saved_message = _("Account saved. All managers of the cooperative are notified.")
            proposed_message = _(
                "Another manager or the market must confirm it. All managers of the cooperative are notified."
            )
            messages.success(request, saved_message if proposal is None else proposed_message)
            return redirect("members:payout-account")
    return _render_account(request, membership, form)


@require_POST
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
def decide_account_change(request: HttpRequest, membership: MembershipContext, pk: uuid.UUID) -> HttpResponse:
    """Confirm, decline or withdraw a proposed change of the cooperative's account."""
    get_object_or_404(Approval, pk=pk, cooperative=membership.cooperative)
    return decide_proposal(request, pk, membership.actor, url=reverse("members:payout-account"))


def _find_part_links(
    membership: MembershipContext, rows: list[SettlementRow]
) -> list[tuple[SettlementRow, str]]:
    """Return each order's row with the address of its page, which is empty without the right to see it."""
    if not membership.may(MemberRight.PACK):
        return [(row, "") for row in rows]
    parts = OrderPart.objects.for_cooperative(membership.cooperative)
    codes = [row.name for row in rows]
    part_ids = dict(parts.filter(order__code__in=codes).values_list("order__code", "pk"))
    return [
        (row, reverse("members:part", args=[part_ids[row.name]]) if row.name in part_ids else "")
        for row in rows
    ]


def _find_settlement_or_404(membership: MembershipContext, pk: int) -> Settlement:
    settlements = Settlement.objects.for_cooperative(membership.cooperative).select_related("cooperative")
    return get_object_or_404(settlements, pk=pk)


def _render_account(request: HttpRequest, membership: MembershipContext, form: AccountForm) -> HttpResponse:
    current_account = account_of_cooperative(membership.cooperative)
    pending_approvals = Approval.objects.waiting(timezone.now()).select_related("proposed_by")
    proposal = pending_approvals.filter(cooperative=membership.cooperative).first()
    context: dict[str, object] = {
        "form": form,
        "current_account": current_account,
        "bank": find_bank(current_account.bank_bin),
        "proposal": proposal,
        "proposal_bank": find_bank(proposal.proposed_values["bank_bin"]) if proposal else None,
        "user_id": membership.user.pk,
        "changes": Change.objects.of_row(membership.cooperative)
        .filter(action="cooperative.account_changed")
        .order_by("-created_at", "-pk")[:PER_PAGE],
    }
    return render_page(request, membership, "members/account.html", context)
