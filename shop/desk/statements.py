"""Statements at the desk, a bank's or a carrier's: those read so far, and a place to hand in another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from orders.models import StatementImport, StatementKind
from orders.states import RowState
from shop.accounts.models import User
from shop.core.errors import Refused

PER_PAGE = 50
SHOWN = 100  # rows of a preview; the figures above it count all


def statements_page(
    request: HttpRequest,
    kind: StatementKind,
    form: forms.Form,
    read: Callable[[User], StatementImport],
    context: dict[str, Any],
    *,
    template: str,
    page: str,
) -> HttpResponse:
    """The list, newest first; a file that is sent here is kept by `read` and leads to its `page`."""
    if request.method == "POST" and form.is_valid():
        kept = _kept(request, form, read)
        if kept is not None:
            if kept.confirmed_at is not None:
                messages.info(request, _("This file was read in before. Nothing of it counts twice."))
            return redirect(page, kept.pk)
    rows = StatementImport.objects.filter(kind=kind).order_by("-at", "-pk")
    rows = rows.annotate(open=Count("lines", filter=Q(lines__state=RowState.PROBLEM)))
    shown = {"form": form, "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))}
    return render(request, template, shown | context, status=422 if form.errors else 200)


def _kept(
    request: HttpRequest, form: forms.Form, read: Callable[[User], StatementImport]
) -> StatementImport | None:
    user = request.user
    assert isinstance(user, User)
    try:
        return read(user)
    except Refused as refused:
        form.add_error("file", str(refused.words))
        return None
