"""Import carriers' COD statements: upload, map columns, preview, import, resolve differences."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orders.actions.statements.cod_statement_matching import MatchedRow
from orders.actions.statements.cod_statements import (
    ACCEPTABLE_PROBLEMS,
    UNMATCHED_PROBLEMS,
    accept_problem_row,
    apply_cod_statement,
    dismiss_problem_row,
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
from shop.core.web.uploads import is_staff, takes_files
from shop.desk.money.cash_forms import MappingForm, UploadForm
from shop.desk.money.statement_forms import LARGEST_UPLOAD
from shop.desk.money.statement_pages import PER_PAGE, SHOWN, head_of, statements_page
from shop.staff_pages import staff_only


@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(is_staff)
@staff_only(Permission.HANDLE_PAYMENTS)
def statements(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List uploaded statements, newest first, and upload one."""
    form = UploadForm(request.POST or None, request.FILES or None)

    def read(user: User) -> StatementImport:
        said = form.cleaned_data
        content, now = said["file"].read(LARGEST_UPLOAD), timezone.now()
        return import_cod_statement(
            file_name=said["file"].name, content=content, carrier=said["carrier"], user=user, now=now
        )

    context = {"carriers": _carrier_names()}
    template, page = "desk/cash_statements.html", "desk:cash-statement"
    return statements_page(request, StatementKind.COD, form, read, context, template=template, page=page)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(Permission.HANDLE_PAYMENTS)
def statement(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a statement: column mapping and preview before the import, results after it."""
    shown = get_object_or_404(StatementImport, pk=pk, kind=StatementKind.COD)
    if shown.confirmed_at is not None:
        return _render_imported(request, shown)
    head = head_of(shown)
    form = MappingForm(request.POST or None, statement=shown, width=head.width)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        action = partial(
            set_cod_columns,
            statement_id=pk,
            carrier=said["carrier"],
            fee_bearer=said["fee_bearer"],
            columns=form.columns,
        )
        page = reverse("desk:cash-statement", args=[pk])
        return run_action(request, action, url=page, message=_("The columns are kept."))
    context = {"statement": shown, "form": form, "sample": head.sample} | _preview(shown)
    return render(request, "desk/cash_statement.html", context)


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def statement_taking(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Import the rows that match."""
    get_object_or_404(StatementImport, pk=pk, kind=StatementKind.COD)
    action = partial(apply_cod_statement, statement_id=pk, actor=actor, now=timezone.now())
    page = reverse("desk:cash-statement", args=[pk])
    return run_action(request, action, url=page, message=_("Taken over. What differs is listed below."))


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def problems(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List differing rows of all statements, for manual resolution."""
    rows = StatementRow.objects.problems().select_related("statement", *_WITH_PARCEL)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/cash_problems.html", {"page": page, "rows": _display_rows(page.object_list)})


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def row_answer(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Resolve a differing row: accept the carrier's amount or dismiss the row."""
    row = get_object_or_404(StatementRow, pk=pk)
    back = reverse("desk:cash-statement", args=[row.statement_id])
    page = reverse("desk:cash-problems") if request.POST.get("back") == "problems" else back
    who: dict[str, Any] = {"row_id": pk, "actor": actor, "now": timezone.now()}
    if request.POST.get("answer") == "dismiss":
        return run_action(request, partial(dismiss_problem_row, **who), url=page, message=_("Set aside."))
    code = request.POST.get("code", "")[:120]
    return run_action(
        request, partial(accept_problem_row, code=code, **who), url=page, message=_("Taken over.")
    )


_WITH_PARCEL = ("parcel__part__order", "parcel__part__cooperative")


def _preview(statement: StatementImport) -> dict[str, object]:
    """Preview the import, or the reason why it is impossible."""
    try:
        judged = preview_cod_statement(statement)
    except Refused as refused:
        return {"refusal": refused.words}
    ready = [each for each in judged if each.state == StatementRowState.WAITING]
    known = sum(each.state == StatementRowState.KNOWN for each in judged)
    differing = [each for each in judged if each.state == StatementRowState.PROBLEM]
    return {
        "counts": {"ready": len(ready), "known": known, "problems": len(differing), "all": len(judged)},
        "kinds": [
            (StatementRowProblem(problem).label, count)
            for problem, count in Counter(each.problem for each in differing).most_common()
        ],
        "collected": sum(each.told.collected for each in ready),
        "fees": sum(each.told.fee for each in ready),
        "remitted": sum(each.told.remitted for each in ready),
        "judged": [_preview_row(each) for each in [*differing, *ready][:SHOWN]],
    }


def _preview_row(each: MatchedRow) -> dict[str, object]:
    label = StatementRowProblem(each.problem).label if each.problem else StatementRowState(each.state).label
    return {"told": each.told, "parcel": each.parcel, "words": label, "is_problem": bool(each.problem)}


def _render_imported(request: HttpRequest, shown: StatementImport) -> HttpResponse:
    rows = shown.lines.order_by("place", "pk").select_related(*_WITH_PARCEL)
    requested = request.GET.get("xem", StatementRowState.PROBLEM)
    state = requested if requested in set(StatementRowState) else StatementRowState.PROBLEM
    counted = shown.lines.values_list("state").annotate(count=Count("pk")).order_by("state")
    counts = dict(counted)
    page = Paginator(rows.filter(state=state), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "statement": shown,
        "state": state,
        "states": [(each, each.label, counts.get(each, 0)) for each in StatementRowState],
        "waiting": counts.get(StatementRowState.WAITING, 0),
        "page": page,
        "rows": _display_rows(page.object_list),
        "remittance": getattr(shown, "remittance", None),
    }
    return render(request, "desk/cash_statement_taken.html", context)


def _display_rows(rows: Any) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "may_take": row.problem in ACCEPTABLE_PROBLEMS and row.parcel_id is not None and row.fee >= 0,
            "may_name": row.problem in UNMATCHED_PROBLEMS,
            "is_open": row.state == StatementRowState.PROBLEM,
        }
        for row in rows
    ]


def _carrier_names() -> list[str]:
    """Return the names of carriers that hold cash."""
    rows = Parcel.objects.filter(cod_holder=CashHolder.CARRIER, cod_state__in=[CodState.COLLECTED])
    return list(
        rows.exclude(carrier="").values_list("carrier", flat=True).distinct().order_by("carrier")[:50]
    )
