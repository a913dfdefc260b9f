"""Cash on delivery at the desk: outstanding cash by holder and age, and remittances."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.models import Cooperative
from orders.actions.cash_on_delivery.cash_remittance import Remitter, reconcile_remittance, remit_cash
from orders.actions.cash_on_delivery.remittance_differences import resolve_remittance_difference
from orders.models import CashRemittance, CostBearer, Parcel, RemittanceLine, StatementRow
from orders.states import CashHolder, CodState
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.models import Change, bind_idempotency_key, market_channel
from shop.core.texts.formatting import format_number
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import chosen_ids
from shop.desk.money.cash_forms import (
    CashSearch,
    RemittanceDifferenceForm,
    RemittanceForm,
    RemittanceReceiptForm,
)
from shop.history.change_displays import build_change_displays
from shop.reports import cash as report
from shop.reports.report_files import ReportTable, as_csv, as_xlsx
from shop.staff_pages import staff_only

PER_PAGE = 50
MAX_EXPORTED = 50_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def show_outstanding_cash(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show outstanding cash by holder and age, or return it as a file with `?format=csv` or `xlsx`."""
    currency = _read_currency()
    carriers, cooperatives = report.read_cash_by_holder(vietnam_date(timezone.now()), currency)
    tables = [
        report.table_by_holder(_("Carriers"), carriers, currency),
        report.table_by_holder(_("Cooperatives"), cooperatives, currency),
    ]
    if request.GET.get("format") in ("csv", "xlsx"):
        return _file_response(tables, request.GET["format"], "tien-mat")
    total = report.total_of_holders([*carriers, *cooperatives])
    context = {
        "currency": currency,
        "groups": [
            ("carriers", _("With carriers"), carriers, report.total_of_holders(carriers)),
            ("cooperatives", _("With cooperatives"), cooperatives, report.total_of_holders(cooperatives)),
        ],
        "total_of_holders": total,
        "ages": [(age, report.CASH_AGE_NAMES[age], amount) for age, amount in total.ages],
        "problem_count": StatementRow.objects.problems().count(),
        "unreconciled_count": CashRemittance.objects.unreconciled().count(),
        "unresolved_count": CashRemittance.objects.with_unresolved_difference().count(),
    }
    return render(request, "desk/cash.html", context)


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def list_cash_parcels(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the parcels behind a figure. If they are filtered by holder, their cash can be remitted here."""
    form, currency = CashSearch(request.GET), _read_currency()
    rows = _find_filtered_parcels(form, currency)
    if request.GET.get("format") in ("csv", "xlsx"):
        table = report.table_of_parcels(rows[:MAX_EXPORTED], currency)
        return _file_response([table], request.GET["format"], "kien-thu-ho")
    return _render_parcels(request, form, rows, currency, RemittanceForm(initial=_initial_values()))


@require_safe_or_post
@staff_only(Permission.HANDLE_PAYMENTS)
def list_remittances(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List remittances, newest first. A POST records one for the chosen parcels."""
    if request.method == "POST":
        return _record_remittance(request, actor)
    remittances = CashRemittance.objects.select_related("cooperative", "statement").newest_first()
    if request.GET.get("xem") == "cho":
        remittances = remittances.unreconciled()
    elif request.GET.get("xem") == "lech":
        remittances = remittances.with_unresolved_difference()
    page = Paginator(remittances, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/remittances.html", {"page": page, "only": request.GET.get("xem", "")})


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def show_remittance(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a remittance with its parcels."""
    return _render_remittance(request, pk)


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def record_remittance_receipt(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Record that a remittance arrived on our account."""
    remittance = get_object_or_404(CashRemittance, pk=pk)
    form = RemittanceReceiptForm(request.POST)
    if not form.is_valid():
        return _render_remittance(request, pk, form)
    action = partial(
        reconcile_remittance,
        remittance_id=remittance.pk,
        received=form.cleaned_data["received"],
        reference=form.cleaned_data["reference"],
        reason=form.cleaned_data["reason"],
        idempotency_key=bind_idempotency_key(
            str(form.cleaned_data["idempotency_key"]), "desk", "received", remittance.pk
        ),
        actor=actor,
        now=timezone.now(),
    )
    page = reverse("desk:cash-remittance", args=[pk])
    return run_action(request, action, url=page, message=_("Reconciled. These parcels are complete."))


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def resolve_remittance_difference_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Resolve a difference in a carrier's remittance."""
    remittance = get_object_or_404(CashRemittance, pk=pk)
    form = RemittanceDifferenceForm(request.POST)
    if not form.is_valid():
        return _render_remittance(request, pk, difference=form)
    cleaned = form.cleaned_data
    action = partial(
        resolve_remittance_difference,
        remittance_id=remittance.pk,
        amount=cleaned["amount"],
        is_platform_cost=cleaned["where"] == RemittanceDifferenceForm.OURS,
        reason=cleaned["reason"],
        idempotency_key=bind_idempotency_key(
            str(cleaned["idempotency_key"]), "desk", "made-good", remittance.pk
        ),
        actor=actor,
        now=timezone.now(),
    )
    return run_action(
        request, action, url=reverse("desk:cash-remittance", args=[pk]), message=_("Resolution saved.")
    )


def _record_remittance(request: HttpRequest, actor: Actor) -> HttpResponse:
    search = CashSearch(request.GET)
    remitter, form = search.remitter, RemittanceForm(request.POST)
    chosen_parcel_ids = chosen_ids(request.POST.getlist("parcel"))
    if remitter is None or not form.is_valid():
        return _render_parcels(
            request,
            search,
            _find_filtered_parcels(search, _read_currency()),
            _read_currency(),
            form,
            status=422,
        )
    try:
        remittance = remit_cash(
            remitter=remitter,
            parcel_ids=chosen_parcel_ids,
            fees=form.cleaned_data["fees"],
            fee_bearer=CostBearer(form.cleaned_data["fee_bearer"]),
            reference=form.cleaned_data["reference"],
            idempotency_key=f"desk:{form.cleaned_data['idempotency_key']}",
            actor=actor,
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return _render_parcels(
            request,
            search,
            _find_filtered_parcels(search, _read_currency()),
            _read_currency(),
            form,
            status=422,
        )
    return redirect("desk:cash-remittance", remittance.pk)


def _find_filtered_parcels(form: CashSearch, currency: str) -> Any:
    """Return the filtered parcels, oldest cash first."""
    rows = report.with_age(Parcel.objects.with_unremitted_cash(), vietnam_date(timezone.now()))
    rows = rows.filter(part__order__currency=currency)
    remitter = form.remitter
    if remitter is not None and remitter.cooperative_id is not None:
        rows = rows.exclude(cod_holder=CashHolder.CARRIER).filter(part__cooperative=remitter.cooperative_id)
    elif remitter is not None:
        rows = rows.of_carrier(remitter.carrier)
    if form.age:
        rows = rows.filter(age=form.age)
    return rows.select_related("part__order", "part__cooperative").order_by("since", "pk")


def _render_parcels(
    request: HttpRequest,
    search: CashSearch,
    rows: Any,
    currency: str,
    form: RemittanceForm,
    *,
    status: int = 200,
) -> HttpResponse:
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "form": form,
        "currency": currency,
        "holder_name": _holder_name(search.remitter),
        "age": report.CASH_AGE_NAMES.get(report.CashAge(search.age)) if search.age else "",
        "can_remit": search.remitter is not None
        and any(parcel.cod_state == CodState.COLLECTED for parcel in page.object_list),
        "query": request.GET.urlencode(),
        "chosen": request.POST.getlist("parcel") if request.method == "POST" else None,
    }
    return render(request, "desk/cash_parcels.html", context, status=status)


def _render_remittance(
    request: HttpRequest,
    pk: int,
    form: RemittanceReceiptForm | None = None,
    difference: RemittanceDifferenceForm | None = None,
) -> HttpResponse:
    remittance = get_object_or_404(CashRemittance.objects.select_related("cooperative", "statement"), pk=pk)
    lines = RemittanceLine.objects.filter(remittance=remittance).select_related(
        "parcel__part__order", "parcel__part__cooperative"
    )
    if form is None:
        form = RemittanceReceiptForm(
            initial={"idempotency_key": uuid.uuid4(), "received": format_number(remittance.remitted)}
        )
    if difference is None:
        difference = RemittanceDifferenceForm(
            initial={
                "idempotency_key": uuid.uuid4(),
                "amount": format_number(abs(remittance.unresolved_difference)),
            }
        )
    context = {
        "remittance": remittance,
        "page": Paginator(lines.order_by("pk"), PER_PAGE).get_page(request.GET.get("page")),
        "form": difference if remittance.unresolved_difference else form,
        "history": build_change_displays(Change.objects.of_row_and_parts(remittance).newest_first()),
    }
    has_errors = form.errors or difference.errors
    return render(request, "desk/remittance.html", context, status=422 if has_errors else 200)


def _holder_name(remitter: Remitter | None) -> str:
    if remitter is None:
        return ""
    if remitter.cooperative_id is None:
        return remitter.carrier or _("No carrier given")
    return get_object_or_404(Cooperative, pk=remitter.cooperative_id).name


def _initial_values() -> dict[str, object]:
    return {"idempotency_key": uuid.uuid4(), "fee_bearer": CostBearer.PLATFORM}


def _read_currency() -> str:
    market = market_channel()
    return market.currency if market else "VND"


def _file_response(tables: list[ReportTable], file_format: str, name: str) -> HttpResponse:
    content = as_xlsx(tables) if file_format == "xlsx" else as_csv(*tables)
    content_type = XLSX if file_format == "xlsx" else "text/csv; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{file_format}"'}
    return HttpResponse(content, content_type=content_type, headers=headers)
