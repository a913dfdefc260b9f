"""Import carriers' COD statements: upload, map columns, preview, import, resolve differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
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
from shop.core.errors import Missing, Refused, StrOrPromise
from shop.core.texts.formatting import format_money, format_number
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
    return run_action(request, action, url=page, message=_build_statement_message)


def _build_statement_message(statement: StatementImport) -> str:
    """Return how many rows were imported, and how many a person has to check."""
    counts = Counter(statement.rows.values_list("state", flat=True))
    imported, differing = counts[StatementRowState.IMPORTED], counts[StatementRowState.PROBLEM]
    texts = [
        ngettext("%(count)s row imported.", "%(count)s rows imported.", imported)
        % {"count": format_number(imported)}
    ]
    if differing:
        text = ngettext(
            "%(count)s row does not match and is listed below.",
            "%(count)s rows do not match and are listed below.",
            differing,
        )
        texts.append(text % {"count": format_number(differing)})
    return " ".join(texts)


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def list_differing_rows(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List differing rows of all statements, for manual resolution."""
    return _render_differing_rows(request)


def _render_differing_rows(request: HttpRequest, refused_row: RefusedRow | None = None) -> HttpResponse:
    statement_rows = StatementRow.objects.problems().select_related("statement", *_WITH_PARCEL)
    page = Paginator(statement_rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": _display_rows(page.object_list, refused_row)}
    return render(request, "desk/cash_problems.html", context, status=422 if refused_row else 200)


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def resolve_row(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Resolve a differing row, by accepting the carrier's amount or dismissing the row.

    A parcel's code that is refused stays in its field, with the reason.
    """
    statement_row = get_object_or_404(StatementRow.objects.select_related("statement"), pk=pk)
    is_in_common_list = request.POST.get("back") == "problems"
    return_url = (
        reverse("desk:cash-differences")
        if is_in_common_list
        else reverse("desk:cash-statement", args=[statement_row.statement_id])
    )
    now = timezone.now()
    if request.POST.get("answer") == "dismiss":
        return run_action(
            request,
            partial(dismiss_problem_row, row_id=pk, actor=actor, now=now),
            url=return_url,
            message=_("Row %(number)s set aside. It changes nothing.") % {"number": statement_row.row_number},
        )
    code = request.POST.get("code", "")[:_MAX_CODE_LENGTH]
    try:
        accepted_row = accept_problem_row(row_id=pk, code=code, actor=actor, now=now)
    except Missing:
        raise
    except Refused as refused:
        if not code:
            messages.error(request, str(refused.message))
            return redirect(return_url)
        refused_row = RefusedRow(pk, code, refused.message)
        if is_in_common_list:
            return _render_differing_rows(request, refused_row)
        return _render_imported(request, statement_row.statement, refused_row)
    messages.success(request, _build_imported_message(accepted_row))
    return redirect(return_url)


def _build_imported_message(row: StatementRow) -> str:
    """Return which parcel's cash was recorded, and how much."""
    parcel = Parcel.objects.select_related("part__order").get(pk=row.parcel_id or 0)
    return _("Row %(number)s imported for parcel %(parcel)s: %(amount)s collected, fee %(fee)s.") % {
        "number": row.row_number,
        "parcel": f"{parcel.part.order.code}-{parcel.label_code}",
        "amount": format_money(row.collected),
        "fee": format_money(row.fee),
    }


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not imported, with the code entered for its parcel, and the reason."""

    row_id: int
    code: str
    reason: StrOrPromise


_MAX_CODE_LENGTH = 120
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


def _render_imported(
    request: HttpRequest, statement: StatementImport, refused_row: RefusedRow | None = None
) -> HttpResponse:
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
        "rows": _display_rows(page.object_list, refused_row),
        "remittance": getattr(statement, "remittance", None),
    }
    status = 422 if refused_row else 200
    return render(request, "desk/cash_statement_imported.html", context, status=status)


def _display_rows(
    statement_rows: Iterable[StatementRow], refused_row: RefusedRow | None
) -> list[dict[str, object]]:
    return [
        {
            "row": statement_row,
            "may_take": statement_row.problem in ACCEPTABLE_PROBLEMS
            and statement_row.parcel_id is not None
            and statement_row.fee >= 0,
            "missing": _missing_cash(statement_row),
            "may_name": statement_row.problem in UNMATCHED_PROBLEMS,
            "is_open": statement_row.state == StatementRowState.PROBLEM,
            "refused": refused_row if refused_row and refused_row.row_id == statement_row.pk else None,
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
