"""Import bank statements: upload, map columns, preview, import, review the results."""

from __future__ import annotations

from functools import partial

from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from orders.actions.statements.bank_statements import (
    apply_bank_statement,
    import_bank_statement,
    preview_bank_statement,
    set_bank_columns,
)
from orders.models import BankTransfer, StatementImport, StatementKind
from orders.payments.bank_statement_rows import StatementOfOtherAccount
from orders.payments.statement_cells import UnreadableReason, UnreadableRow
from orders.states import StatementRowState, TransferState
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import shop_settings
from shop.core.texts.formatting import format_money, format_number
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.uploads import is_staff, takes_files
from shop.desk.money.statement_forms import MAX_READ_UPLOAD_BYTES, BankColumnsForm, BankUploadForm
from shop.desk.money.statement_pages import MAX_PREVIEW_ROWS, PER_PAGE, statement_preview, statements_page
from shop.staff_pages import staff_only


@require_safe_or_post
@takes_files(is_staff)
@staff_only(Permission.HANDLE_PAYMENTS)
def list_statements(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List uploaded statements, newest first, and upload one."""
    form = BankUploadForm(request.POST or None, request.FILES or None)

    def store_statement(user: User) -> StatementImport:
        upload = form.cleaned_data["file"]
        return import_bank_statement(
            file_name=upload.name, content=upload.read(MAX_READ_UPLOAD_BYTES), user=user, now=timezone.now()
        )

    context = {"account": shop_settings().bank_account}
    template, url_name = "desk/bank_statements.html", "desk:bank-statement"
    return statements_page(
        request, StatementKind.BANK, form, store_statement, context, template=template, url_name=url_name
    )


@require_safe_or_post
@staff_only(Permission.HANDLE_PAYMENTS)
def show_statement(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a statement, with column mapping and preview before the import, and results after it."""
    bank_statement = get_object_or_404(StatementImport, pk=pk, kind=StatementKind.BANK)
    if bank_statement.confirmed_at is not None:
        return _render_imported(request, bank_statement)
    preview = statement_preview(bank_statement)
    row_numbers = sorted(
        {row.row_number for row in preview.rows} | {bank_statement.column_mapping["heading"]} - {0}
    )
    form = BankColumnsForm(
        request.POST or None, statement=bank_statement, width=preview.width, row_numbers=row_numbers
    )
    if request.method == "POST" and form.is_valid():
        heading = form.cleaned_data["heading"]
        action = partial(set_bank_columns, statement_id=pk, columns=form.columns, heading=heading)
        page = reverse("desk:bank-statement", args=[pk])
        return run_action(request, action, url=page, message=_("Columns saved."))
    context = {
        "statement": bank_statement,
        "form": form,
        "shown_rows": preview.shown_rows,
    } | _preview_statement(bank_statement)
    return render(request, "desk/bank_statement.html", context, status=422 if form.errors else 200)


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def import_statement(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Import the statement's incoming transfers."""
    get_object_or_404(StatementImport, pk=pk, kind=StatementKind.BANK)
    action = partial(apply_bank_statement, statement_id=pk, actor=actor, now=timezone.now())
    page = reverse("desk:bank-statement", args=[pk])
    return run_action(request, action, url=page, message=_build_imported_message)


def _build_imported_message(statement: StatementImport) -> str:
    """Return how many transfers of how much were imported, and what became of them."""
    transfers = BankTransfer.objects.filter(statement=statement)
    totals = transfers.aggregate(
        count=Count("pk"),
        amount=Sum("amount", default=0),
        assigned=Count("pk", filter=Q(state=TransferState.ASSIGNED)),
    )
    text = ngettext(
        "%(count)s transfer imported, %(amount)s: %(assigned)s assigned to an order, %(unassigned)s not.",
        "%(count)s transfers imported, %(amount)s: %(assigned)s assigned to orders, %(unassigned)s not.",
        totals["count"],
    )
    return text % {
        "count": format_number(totals["count"]),
        "amount": format_money(totals["amount"]),
        "assigned": format_number(totals["assigned"]),
        "unassigned": format_number(totals["count"] - totals["assigned"]),
    }


def _preview_statement(statement: StatementImport) -> dict[str, object]:
    """Return a preview of the import, or the reason why it is impossible."""
    try:
        preview = preview_bank_statement(statement)
    except StatementOfOtherAccount as other:
        return {
            "refusal": other.message,
            "named": other.details["named"],
            "account": shop_settings().bank_account,
        }
    except Refused as refused:
        return {"refusal": refused.message}
    new_transfers = [checked for checked in preview.incoming_transfers if not checked.is_known]
    return {
        "counts": {
            "ready": len(new_transfers),
            "known": len(preview.incoming_transfers) - len(new_transfers),
            "problems": len(preview.problems),
            "outgoing_count": preview.outgoing_count,
        },
        "total_amount": sum(checked.transfer.amount for checked in new_transfers),
        "preview_rows": sorted(preview.incoming_transfers, key=lambda checked: checked.is_known)[
            :MAX_PREVIEW_ROWS
        ],
        "problems": preview.problems[:MAX_PREVIEW_ROWS],
        "max_preview_rows": MAX_PREVIEW_ROWS,
    }


def _render_imported(request: HttpRequest, statement: StatementImport) -> HttpResponse:
    transfers = (
        BankTransfer.objects.filter(statement=statement).select_related("order").order_by("booked_at", "pk")
    )
    transfer_count = transfers.count()
    assigned_count = transfers.filter(state=TransferState.ASSIGNED).count()
    context = {
        "statement": statement,
        "waiting": statement.rows.filter(state=StatementRowState.WAITING).count(),
        "assigned_count": assigned_count,
        "unassigned_count": transfer_count - assigned_count,
        "page": Paginator(transfers, PER_PAGE).get_page(request.GET.get("page")),
        "problems": [
            UnreadableRow(problem["row"], UnreadableReason(problem["fault"]), problem["text"])
            for problem in statement.problems
        ],
    }
    return render(request, "desk/bank_statement_imported.html", context)
