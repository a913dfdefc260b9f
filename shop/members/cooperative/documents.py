"""Documents of an application: the kinds that are needed, the sent ones, and their files."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.application_documents import OPEN_STATES, read_own_file, required_kinds
from cooperatives.models import ApplicationDocument, DocumentKind
from shop.core.errors import Missing, Refused
from shop.core.web.private_files import private_file_response
from shop.members.forms.documents import DocumentForm
from shop.members.member_access import find_chosen_membership, redirect_to_sign_in


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A kind of document that the application needs, with the sent document and its form."""

    kind: DocumentKind
    document: ApplicationDocument | None
    form: DocumentForm


def build_document_rows(
    membership: MembershipContext, submitted: DocumentForm | None = None
) -> list[DocumentRow]:
    """Return a row for each document that the open application needs, or none unless a manager asks."""
    cooperative = membership.cooperative
    if cooperative.state not in OPEN_STATES or not membership.may(MemberRight.MANAGE):
        return []
    application_documents = ApplicationDocument.objects.for_cooperative(cooperative).prefetch_related("files")
    documents = {
        application_document.kind: application_document for application_document in application_documents
    }
    return [
        DocumentRow(
            kind,
            documents.get(kind),
            submitted if submitted is not None and submitted.prefix == kind else DocumentForm(kind),
        )
        for kind in required_kinds(cooperative)
    ]


@require_GET
def show_document_file(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Return a file to a manager of the cooperative that sent it."""
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request)
    try:
        membership = require_managing_membership(request)
        opened = read_own_file(cooperative=membership.cooperative, file_id=file_id)
    except Missing as error:
        raise Http404 from error
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("members:application")
    return private_file_response(opened.content, opened.content_type, name=str(file_id))


def require_managing_membership(request: HttpRequest) -> MembershipContext:
    """Return the signed-in manager's membership. Raises Missing."""
    membership = find_chosen_membership(request)
    if membership is None or not membership.may(MemberRight.MANAGE):
        raise Missing()
    return membership
