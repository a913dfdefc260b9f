"""Shared pages for bank and carrier statements: list, upload, and sample rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from orders.models import StatementImport, StatementKind, StatementRow
from orders.payments.statement_headings import MAX_HEADING_ROWS
from orders.states import StatementRowState
from shop.accounts.models import User
from shop.core.errors import Refused

PER_PAGE = 50
MIN_SAMPLE_ROWS = 8  # banks put their own header above the headings
_SAMPLE_ROWS_BELOW_HEADINGS = 4
MAX_PREVIEW_ROWS = 100  # the totals above them count all


def statements_page(
    request: HttpRequest,
    kind: StatementKind,
    form: forms.Form,
    store_statement: Callable[[User], StatementImport],
    context: Mapping[str, object],
    *,
    template: str,
    url_name: str,
) -> HttpResponse:
    """List statements, newest first. An uploaded file is stored, then redirects to its page."""
    if request.method == "POST" and form.is_valid():
        statement = _store_upload(request, form, store_statement)
        if statement is not None:
            if statement.confirmed_at is not None:
                messages.info(request, _("This file was uploaded before. No row is counted twice."))
            return redirect(url_name, statement.pk)
    statements = StatementImport.objects.filter(kind=kind).order_by("-created_at", "-pk")
    statements = statements.annotate(
        problem_count=Count("rows", filter=Q(rows__state=StatementRowState.PROBLEM))
    )
    list_context = {"form": form, "page": Paginator(statements, PER_PAGE).get_page(request.GET.get("page"))}
    return render(request, template, {**list_context, **context}, status=422 if form.errors else 200)


@dataclass(frozen=True, slots=True)
class StatementPreview:
    """A file's first rows, including the headings. `shown_rows` are those on the page."""

    rows: list[StatementRow]
    shown_rows: list[StatementRow]

    @property
    def width(self) -> int:
        """The number of columns."""
        return max(len(row.cells) for row in self.rows)


def statement_preview(statement: StatementImport) -> StatementPreview:
    """Return the first rows of a statement not yet imported. All rows if no headings are found."""
    rows = list(statement.rows.order_by("row_number", "pk")[:MAX_HEADING_ROWS])
    heading = statement.column_mapping["heading"]
    heading_count = sum(row.row_number <= heading for row in rows)
    return StatementPreview(
        rows, rows[: max(MIN_SAMPLE_ROWS, heading_count + _SAMPLE_ROWS_BELOW_HEADINGS)] if heading else rows
    )


def _store_upload(
    request: HttpRequest, form: forms.Form, store_statement: Callable[[User], StatementImport]
) -> StatementImport | None:
    user = request.user
    assert isinstance(user, User)
    try:
        return store_statement(user)
    except Refused as refused:
        form.add_error("file", str(refused.message))
        return None
