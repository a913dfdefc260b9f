"""Import carriers' COD statements: upload, map columns, preview, import, resolve differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from orders.actions.statements.cod_problem_rows import (
    ACCEPTABLE_PROBLEMS,
    UNMATCHED_PROBLEMS,
    accept_problem_row,
    dismiss_problem_row,
)
from orders.actions.statements.cod_statement_matching import MatchedRow
from orders.actions.statements.cod_statements import (
    apply_cod_statement,
    import_cod_statement,
    preview_cod_statement,
    set_cod_columns,
)
from orders.models import Parcel, StatementImport, StatementKind, StatementRow, StatementRowProblem
from orders.states import CashHolder, CodState, StatementRowState
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.uploads import is_staff, takes_files
from shop.desk.money.cash_forms import CodColumnsForm, CodUploadForm
from shop.desk.money.statement_forms import MAX_READ_UPLOAD_BYTES
from shop.desk.money.statement_pages import MAX_PREVIEW_ROWS, PER_PAGE, statement_preview, statements_page
from shop.staff_pages import staff_only


@require_safe_or_post
@takes_files(is_staff)
@staff_only(Permission.HANDLE_PAYMENTS)
def list_statements(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List uploaded statements, newest first, and upload one."""
    form = CodUploadForm(request.POST or None, request.FILES or None)

    def store_statement(user: User) -> StatementImport:
        cleaned = form.cleaned_data
        content, now = cleaned["file"].read(MAX_READ_UPLOAD_BYTES), timezone.now()
        return import_cod_statement(
            file_name=cleaned["file"].name, content=content, carrier=cleaned["carrier"], user=user, now=now
        )

    context = {"carriers": _read_carrier_names()}
    template, url_name = "desk/cash_statements.html", "desk:cash-statement"
    return statements_page(
        request, StatementKind.COD, form, store_statement, context, template=template, url_name=url_name
    )


@require_safe_or_post
@staff_only(Permission.HANDLE_PAYMENTS)
def show_statement(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a statement, with column mapping and preview before the import, and results after it."""
    cod_statement = get_object_or_404(StatementImport, pk=pk, kind=StatementKind.COD)
    if cod_statement.confirmed_at is not None:
        return _render_imported(request, cod_statement)
    preview = statement_preview(cod_statement)
    form = CodColumnsForm(request.POST or None, statement=cod_statement, width=preview.width)
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        action = partial(
            set_cod_columns,
            statement_id=pk,
            carrier=cleaned["carrier"],
            fee_bearer=cleaned["fee_bearer"],
            columns=form.columns,
        )
        page = reverse("desk:cash-statement", args=[pk])
        return run_action(request, action, url=page, message=_("Columns saved."))
    context = {
        "statement": cod_statement,
        "form": form,
        "shown_rows": preview.shown_rows,
    } | _preview_statement(cod_statement)
    return render(request, "desk/cash_statement.html", context)


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def import_statement(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Import the rows that match."""
    get_object_or_404(StatementImport, pk=pk, kind=StatementKind.COD)
    action = partial(apply_cod_statement, statement_id=pk, actor=actor, now=timezone.now())
    page = reverse("desk:cash-statement", args=[pk])
    return run_action(
        request, action, url=page, message=_("Imported. Rows that do not match are listed below.")
    )


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def list_differing_rows(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List differing rows of all statements, for manual resolution."""
    statement_rows = StatementRow.objects.problems().select_related("statement", *_WITH_PARCEL)
    page = Paginator(statement_rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/cash_problems.html", {"page": page, "rows": _display_rows(page.object_list)})


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def resolve_row(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Resolve a differing row, by accepting the carrier's amount or dismissing the row."""
    statement_row = get_object_or_404(StatementRow, pk=pk)
    statement_url = reverse("desk:cash-statement", args=[statement_row.statement_id])
    return_url = reverse("desk:cash-differences") if request.POST.get("back") == "problems" else statement_url
    now = timezone.now()
    if request.POST.get("answer") == "dismiss":
        return run_action(
            request,
            partial(dismiss_problem_row, row_id=pk, actor=actor, now=now),
            url=return_url,
            message=_("Set aside."),
        )
    code = request.POST.get("code", "")[:120]
    return run_action(
        request,
        partial(accept_problem_row, row_id=pk, code=code, actor=actor, now=now),
        url=return_url,
        message=_("Imported."),
    )


_WITH_PARCEL = ("parcel__part__order", "parcel__part__cooperative")


def _preview_statement(statement: StatementImport) -> dict[str, object]:
    """Return a preview of the import, or the reason why it is impossible."""
    try:
        matched_rows = preview_cod_statement(statement)
    except Refused as refused:
        return {"refusal": refused.message}
    ready_rows = [
        matched_row for matched_row in matched_rows if matched_row.state == StatementRowState.WAITING
    ]
    known_count = sum(matched_row.state == StatementRowState.KNOWN for matched_row in matched_rows)
    differing = [
        matched_row for matched_row in matched_rows if matched_row.state == StatementRowState.PROBLEM
    ]
    return {
        "counts": {
            "ready": len(ready_rows),
            "known": known_count,
            "problems": len(differing),
            "all": len(matched_rows),
        },
        "kinds": [
            (StatementRowProblem(problem).label, count)
            for problem, count in Counter(matched_row.problem for matched_row in differing).most_common()
        ],
        "collected": sum(ready_row.stated.collected for ready_row in ready_rows),
        "fees": sum(ready_row.stated.fee for ready_row in ready_rows),
        "remitted": sum(ready_row.stated.remitted for ready_row in ready_rows),
        "preview_rows": [
            _preview_row(matched_row) for matched_row in [*differing, *ready_rows][:MAX_PREVIEW_ROWS]
        ],
    }


def _preview_row(matched_row: MatchedRow) -> dict[str, object]:
    label = (
        StatementRowProblem(matched_row.problem).label
        if matched_row.problem
        else StatementRowState(matched_row.state).label
    )
    return {
        "stated": matched_row.stated,
        "parcel": matched_row.parcel,
        "label": label,
        "is_problem": bool(matched_row.problem),
    }


def _render_imported(request: HttpRequest, statement: StatementImport) -> HttpResponse:
    rows = statement.rows.order_by("row_number", "pk").select_related(*_WITH_PARCEL)
    requested_state = request.GET.get("xem", StatementRowState.PROBLEM)
    state = requested_state if requested_state in set(StatementRowState) else StatementRowState.PROBLEM
    counts_by_state = statement.rows.values_list("state").annotate(count=Count("pk")).order_by("state")
    counts = dict(counts_by_state)
    page = Paginator(rows.filter(state=state), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "statement": statement,
        "state": state,
        "states": [(state, state.label, counts.get(state, 0)) for state in StatementRowState],
        "waiting": counts.get(StatementRowState.WAITING, 0),
        "page": page,
        "rows": _display_rows(page.object_list),
        "remittance": getattr(statement, "remittance", None),
    }
    return render(request, "desk/cash_statement_imported.html", context)


def _display_rows(statement_rows: Iterable[StatementRow]) -> list[dict[str, object]]:
    return [
        {
            "row": statement_row,
            "may_take": statement_row.problem in ACCEPTABLE_PROBLEMS
            and statement_row.parcel_id is not None
            and statement_row.fee >= 0,
            "missing": _missing_cash(statement_row),
            "may_name": statement_row.problem in UNMATCHED_PROBLEMS,
            "is_open": statement_row.state == StatementRowState.PROBLEM,
        }
        for statement_row in statement_rows
    ]


def _missing_cash(statement_row: StatementRow) -> int:
    """Return how much less the carrier states than the parcel costs."""
    parcel = statement_row.parcel
    return max(0, parcel.cod_expected - (statement_row.collected or 0)) if parcel else 0


def _read_carrier_names() -> list[str]:
    """Return the names of carriers that hold cash."""
    parcels = Parcel.objects.filter(cod_holder=CashHolder.CARRIER, cod_state__in=[CodState.COLLECTED])
    return list(
        parcels.exclude(carrier="").values_list("carrier", flat=True).distinct().order_by("carrier")[:50]
    )
