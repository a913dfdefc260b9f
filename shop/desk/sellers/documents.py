"""Documents of an application, shown with the data that they prove."""

from __future__ import annotations

import uuid

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST, require_safe

from cooperatives.actions.application_documents import (
    OPEN_STATES,
    DocumentUnreadable,
    accept_document,
    open_document_file,
    read_opened_file_keys,
    return_document,
)
from cooperatives.models import ApplicationDocument
from cooperatives.states import DocumentState
from orders.payments.banks import find_bank
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.web.private_files import private_file_response
from shop.desk.forms import ReasonForm, submitted_reason
from shop.desk.sellers.reviews import RETURNED_MESSAGE, format_submission_time, run_decision
from shop.staff_pages import staff_only


@require_safe
@staff_only(Permission.MANAGE_STAFF)
def show_document(request: HttpRequest, actor: Actor, pk: int, document_id: int) -> HttpResponse:
    """Show a document with the data it proves.

    A file is loaded, and its opening recorded, once the reviewer asks for it with `?mo=` and its id.
    """
    application_documents = ApplicationDocument.objects.select_related("cooperative").prefetch_related(
        "files"
    )
    document = get_object_or_404(application_documents, pk=document_id, cooperative=pk)
    files = sorted(document.files.all(), key=lambda file: file.sort_order)
    opened = read_opened_file_keys(document, actor) | {request.GET.get("mo", "")}
    context = {
        "document": document,
        "cooperative": document.cooperative,
        "bank": find_bank(document.cooperative.bank_bin),
        "files": [(file, str(file.pk) in opened) for file in files],
        "are_all_opened": all(str(file.pk) in opened for file in files),
        "next": _find_next_document(pk, document_id),
        "may_decide": document.cooperative.state in OPEN_STATES,
        "seen_submitted_at": format_submission_time(document.submitted_at),
        "form": ReasonForm(),
    }
    return render(request, "desk/document.html", context)


@require_GET
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[arg-type]  # it types views without arguments
@staff_only(Permission.MANAGE_STAFF)
def open_document_file_view(request: HttpRequest, actor: Actor, pk: int, file_id: uuid.UUID) -> HttpResponse:
    """Open a file. The document's page shows PDFs in a frame."""
    try:
        opened = open_document_file(cooperative_id=pk, file_id=file_id, actor=actor, now=timezone.now())
    except DocumentUnreadable as refused:
        messages.error(request, str(refused.message))
        return redirect("desk:cooperative", pk)
    return private_file_response(opened.content, opened.content_type, name=str(file_id))


@require_POST
@staff_only(Permission.MANAGE_STAFF)
def accept_document_view(request: HttpRequest, actor: Actor, pk: int, document_id: int) -> HttpResponse:
    """Accept a document that the reviewer has opened, and go on with the next one."""
    return run_decision(
        request,
        accept_document,
        cooperative_id=pk,
        document_id=document_id,
        actor=actor,
        url=_find_next_page(pk, document_id),
        refused_url=reverse("desk:document", args=[pk, document_id]),
        message=_("Document accepted."),
    )


@require_POST
@staff_only(Permission.MANAGE_STAFF)
def return_document_view(request: HttpRequest, actor: Actor, pk: int, document_id: int) -> HttpResponse:
    """Send a document back with a reason, and go on with the next one."""
    return run_decision(
        request,
        return_document,
        cooperative_id=pk,
        document_id=document_id,
        reason=submitted_reason(request.POST),
        actor=actor,
        url=_find_next_page(pk, document_id),
        refused_url=reverse("desk:document", args=[pk, document_id]),
        message=RETURNED_MESSAGE,
    )


def _find_next_document(cooperative_id: int, document_id: int) -> ApplicationDocument | None:
    """Return another document of the application that waits for a decision."""
    waiting_documents = ApplicationDocument.objects.filter(
        cooperative=cooperative_id, state=DocumentState.IN_REVIEW
    )
    return waiting_documents.exclude(pk=document_id).order_by("pk").first()


def _find_next_page(cooperative_id: int, document_id: int) -> str:
    following = _find_next_document(cooperative_id, document_id)
    if following is None:
        return reverse("desk:cooperative", args=[cooperative_id])
    return reverse("desk:document", args=[cooperative_id, following.pk])
