"""Settlements at the desk: open, closed and paid ones, closing, and corrections."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from cooperatives.models import Cooperative
from orders.actions.settlement.close_settlement import close_settlement, correct_balance
from orders.models import Complaint, LedgerEntry, Payout, PeriodTotals, Settlement
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.models import Change, bind_idempotency_key, shop_settings
from shop.core.money import Money, sums_by_currency
from shop.core.texts.formatting import format_money
from shop.core.web.form_review import is_reviewed
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import chosen_ids
from shop.desk.money.money_forms import CorrectionForm
from shop.desk.review_page import render_review
from shop.history.change_displays import build_change_displays
from shop.reports import settlement_documents
from shop.reports import settlements as report
from shop.staff_pages import staff_only

PER_PAGE = 50
_MAX_NAMED_SETTLEMENTS = 3
_SIGNS = {field: sign for field, _name, sign in report.SIGNED_TOTALS}
# The columns of the list that add up to the balance.
_COLUMNS = (("carried_forward", gettext_lazy("Brought forward")), *report.TOTAL_COLUMNS[1:])
_TABS = {
    "": Settlement.objects.open,
    "chot": Settlement.objects.payable,
    "xong": Settlement.objects.finished,
}


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def list_settlements(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List open, payable or paid settlements, by `?xem=`. Open ones without entries come last."""
    tab = request.GET.get("xem", "") if request.GET.get("xem", "") in _TABS else ""
    rows: Any = _TABS[tab]().select_related("cooperative")
    if tab:
        rows = rows.select_related("payout").order_by("-closed_at", "-pk")
    else:
        with_entries = Exists(LedgerEntry.objects.filter(settlement=OuterRef("pk")))
        rows = rows.annotate(has_entries=with_entries)
        rows = rows.order_by("-has_entries", "cooperative__sort_order", "cooperative__name", "pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    open_totals = (
        {}
        if tab
        else LedgerEntry.objects.filter(settlement__in=list(page.object_list)).totals_by_settlement()
    )
    totals_by_row = {
        row: PeriodTotals.fixed_at_closing(row) if tab else open_totals.get(row.pk, PeriodTotals())
        for row in page.object_list
    }
    listed_total = _sum_totals(totals_by_row.values())
    columns = _columns_with_amounts(totals_by_row.values())
    currencies = {row.currency for row in totals_by_row}
    context = {
        "tab": tab,
        "page": page,
        "heads": [name for _field, name in columns],
        "rows": [
            (row, totals, row.pk in open_totals, _signed_amounts(totals, columns))
            for row, totals in totals_by_row.items()
        ],
        "listed_total": listed_total,
        "listed_amounts": _signed_amounts(listed_total, columns),
        "common_currency": currencies.pop() if len(currencies) == 1 else "",
        "may_close": bool(open_totals),
        "idempotency_key": uuid.uuid4(),
        "due": Payout.objects.due().count(),
    }
    return render(request, "desk/settlements.html", context)


@require_safe_or_post
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def close_chosen_settlements(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Close the chosen settlements, or all with entries, each independently.

    If the form asks for a check, or an amount changed since the check, list them with their amounts instead.
    Whoever opens the address gets the check of all.
    """
    with_entries = Exists(LedgerEntry.objects.filter(settlement=OuterRef("pk")))
    open_settlements = Settlement.objects.open().filter(with_entries).order_by("pk")
    selected_ids = sorted(set(chosen_ids(request.POST.getlist("settlement"))))
    is_for_all = request.method != "POST" or "all" in request.POST
    settlement_ids = list(open_settlements.values_list("pk", flat=True)) if is_for_all else selected_ids
    if settlement_ids and (is_for_all or "check" in request.POST):
        return _render_closing(request, settlement_ids)
    if settlement_ids and _has_changed_amounts(request, settlement_ids):
        return _render_closing(request, settlement_ids, has_changed=True)
    now, closed_settlements = timezone.now(), []
    for settlement_id in settlement_ids:
        idempotency_key = bind_idempotency_key(
            request.POST.get("idempotency_key", ""), "desk", "closed", settlement_id
        )
        try:
            settlement = close_settlement(
                settlement_id=settlement_id, idempotency_key=idempotency_key, actor=actor, now=now
            )
        except Refused as refused:
            messages.error(request, str(refused.message))
        else:
            closed_settlements.append(settlement)
    if request.method != "POST":
        return redirect("desk:settlements")
    if closed_settlements:
        messages.success(request, _build_closed_message(closed_settlements))
    elif not settlement_ids:
        messages.error(request, _("Choose the periods to close."))
    return redirect("desk:settlements")


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def show_settlement(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a settlement: totals, orders, payout and history."""
    return _render_settlement(
        request, _find_settlement(pk), CorrectionForm(initial={"idempotency_key": uuid.uuid4()})
    )


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def post_correction(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Post a correction, which goes to the open settlement, after a review of amount and direction."""
    settlement = _find_settlement(pk)
    form = CorrectionForm(request.POST)
    if form.is_valid() and form.signed_amount and not is_reviewed(request):
        return _review_correction(request, settlement, form)
    if form.is_valid():
        try:
            correct_balance(
                cooperative_id=settlement.cooperative_id,
                currency=settlement.currency,
                amount=form.signed_amount,
                reason=form.cleaned_data["reason"],
                idempotency_key=f"desk:{form.cleaned_data['idempotency_key']}",
                actor=actor,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(refused.field, str(refused.message))
        else:
            messages.success(request, _("Correction booked in the current period."))
            open_settlements = Settlement.objects.open().filter(cooperative=settlement.cooperative_id)
            return redirect("desk:settlement", open_settlements.get(currency=settlement.currency).pk)
    return _render_settlement(request, settlement, form)


def _review_correction(request: HttpRequest, settlement: Settlement, form: CorrectionForm) -> HttpResponse:
    """Show who gets how much more or less, and from whom."""
    name = settlement.cooperative.name
    amount = format_money(abs(form.signed_amount), settlement.currency)
    is_more = form.signed_amount > 0
    text = (
        _("%(name)s gets %(amount)s more with its next payout, at the market's cost.")
        if is_more
        else _("%(name)s gets %(amount)s less with its next payout.")
    )
    label = _("Pay %(amount)s more") if is_more else _("Pay %(amount)s less")
    return render_review(
        request,
        title=_("Correct the settlement of %(name)s?") % {"name": name},
        facts=[
            (_("Cooperative"), name),
            (_("Amount"), amount),
            (_("Reason"), form.cleaned_data["reason"]),
        ],
        effects=[
            text % {"name": name, "amount": amount},
            _("It is booked in the current period. Only an opposite correction takes it back."),
        ],
        label=label % {"amount": amount},
        back_url=reverse("desk:settlement", args=[settlement.pk]),
        back_label=name,
        is_unusual=True,
    )


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def print_settlement(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return_url = reverse("desk:settlement", args=[pk])
    return settlement_documents.printable_statement(
        request, report.build_statement(_find_settlement(pk)), return_url=return_url
    )


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def download_settlement_pdf(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return_url = reverse("desk:settlement", args=[pk])
    return settlement_documents.pdf_statement(
        request, report.build_statement(_find_settlement(pk)), return_url=return_url
    )


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def download_settlement_workbook(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return settlement_documents.workbook_statement(report.build_statement(_find_settlement(pk)))


def _columns_with_amounts(rows: Collection[PeriodTotals]) -> list[tuple[str, Promise]]:
    """Return the columns in which any row has an amount, so that the table stays narrow."""
    return [(field, name) for field, name in _COLUMNS if any(getattr(row, field) for row in rows)]


def _signed_amounts(
    totals: PeriodTotals, columns: Iterable[tuple[str, Promise]]
) -> list[tuple[Promise, int]]:
    """Return names, and amounts that add up to the balance."""
    return [(name, _SIGNS[field] * getattr(totals, field)) for field, name in columns]


def _sum_totals(rows: Iterable[PeriodTotals]) -> PeriodTotals:
    listed = list(rows)
    return PeriodTotals(**{field: sum(getattr(row, field) for row in listed) for field, _name in _COLUMNS})


def _has_changed_amounts(request: HttpRequest, settlement_ids: Sequence[int]) -> bool:
    """Return whether an open settlement's balance differs from the one that was checked."""
    checked = {pk: request.POST.get(f"balance-{pk}") for pk in settlement_ids}
    open_ids = Settlement.objects.open().filter(pk__in=settlement_ids).values_list("pk", flat=True)
    totals = LedgerEntry.objects.filter(settlement__in=list(open_ids)).totals_by_settlement()
    return any(checked[pk] not in (None, str(totals[pk].payable)) for pk in totals)


def _build_closed_message(settlements: Sequence[Settlement]) -> str:
    """Return what was closed, with cooperatives and amounts as long as a message can hold them."""
    count = len(settlements)
    message = ngettext("%(count)s period closed.", "%(count)s periods closed.", count) % {"count": count}
    if count > _MAX_NAMED_SETTLEMENTS:
        return message
    cooperatives = Cooperative.objects.in_bulk([settlement.cooperative_id for settlement in settlements])
    named = [
        f"{cooperatives[settlement.cooperative_id].name} "
        f"{format_money(settlement.payable, settlement.currency)}"
        for settlement in settlements
    ]
    return f"{message} {', '.join(named)}."


def _render_closing(
    request: HttpRequest, settlement_ids: Sequence[int], *, has_changed: bool = False
) -> HttpResponse:
    """Show the open settlements that are about to be closed, the parts of their amounts, and open matters."""
    settlements = list(
        Settlement.objects.open()
        .filter(pk__in=settlement_ids)
        .select_related("cooperative")
        .order_by("cooperative__sort_order", "cooperative__name", "pk")
    )
    if not settlements:
        messages.error(request, _("These periods are already closed."))
        return redirect("desk:settlements")
    totals = LedgerEntry.objects.filter(settlement__in=settlements).totals_by_settlement()
    totals_by_row = {settlement: totals.get(settlement.pk, PeriodTotals()) for settlement in settlements}
    columns = _columns_with_amounts(totals_by_row.values())
    cooperative_ids = [settlement.cooperative_id for settlement in settlements]
    complaints = Complaint.objects.open().filter(part__cooperative__in=cooperative_ids)
    complaint_counts = dict(
        complaints.order_by("part__cooperative").values_list("part__cooperative").annotate(Count("pk"))
    )
    unpaid_numbers: dict[int, list[int]] = {}
    unpaid_settlements = Settlement.objects.payable().filter(cooperative__in=cooperative_ids)
    for cooperative_id, number in unpaid_settlements.order_by("number", "pk").values_list(
        "cooperative", "number"
    ):
        unpaid_numbers.setdefault(cooperative_id, []).append(number)
    balances = [
        Money(row_totals.payable, settlement.currency) for settlement, row_totals in totals_by_row.items()
    ]
    context = {
        "rows": [
            (
                settlement,
                row_totals.payable,
                _signed_amounts(row_totals, columns),
                complaint_counts.get(settlement.cooperative_id, 0),
                unpaid_numbers.get(settlement.cooperative_id, []),
            )
            for settlement, row_totals in totals_by_row.items()
        ],
        "heads": [name for _field, name in columns],
        "has_changed": has_changed,
        "idempotency_key": request.POST.get("idempotency_key") or uuid.uuid4(),
        "payable": sums_by_currency(balance for balance in balances if balance.amount > 0),
        "carried": sums_by_currency(balance for balance in balances if balance.amount < 0),
    }
    return render(request, "desk/settlement_closing.html", context)


def _find_settlement(pk: int) -> Settlement:
    return get_object_or_404(Settlement.objects.select_related("cooperative"), pk=pk)


def _render_settlement(request: HttpRequest, settlement: Settlement, form: CorrectionForm) -> HttpResponse:
    statement = report.build_statement(settlement)
    settings, now = shop_settings(), timezone.now()
    page = Paginator(report.find_settlement_orders(settlement), PER_PAGE).get_page(request.GET.get("page"))
    rows = report.load_rows_of_orders(settlement, page.object_list)
    other_rows = report.load_other_rows(settlement) if page.number == page.paginator.num_pages else []
    context = settlement_documents.build_statement_context(statement) | {
        "page": page,
        "heads": [name for _field, name in report.TOTAL_COLUMNS],
        "rows": [(row, report.signed_amounts(row.totals)) for row in [*rows, *other_rows]],
        "sums": report.signed_amounts(statement.totals),
        "payout_day": settings.next_payout_day(vietnam_date(now)),
        "missed_day": report.missed_payout_day(statement.payout, settings, now),
        "form": form,
        "idempotency_key": uuid.uuid4(),
        "history": build_change_displays(Change.objects.of_row_and_parts(settlement).newest_first()),
    }
    return render(request, "desk/settlement.html", context, status=422 if form.errors else 200)
