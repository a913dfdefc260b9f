"""Documents of an application. Its manager sends them, staff open and judge them, and a job deletes them.

Documents are kept for 180 days while the application is open, and for 30 days after its rejection. Those of
an approved cooperative are kept as long as it sells, because Law 122/2025 on e-commerce requires platforms to
verify their sellers. If an account is anonymised, its files for applications that are not approved are
deleted. Its identity card or mandate is always deleted.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from celery import shared_task
from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperatives import notifications
from cooperatives.actions.document_files import inspect_files
from cooperatives.models import ApplicationDocument, Cooperative, DocumentFile, DocumentKind
from cooperatives.states import DOCUMENT_TRANSITIONS, CooperativeState, DocumentState
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.encryption import (
    DOCUMENT_PURPOSE,
    UndecryptableSecret,
    decrypt_file,
    encrypt_file,
)
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import ChangedSinceOpened, Missing, ReasonRequired, Refused
from shop.core.jobs.sweeps import run_each
from shop.core.models import Change, record_change
from shop.core.states import change_state

OPEN_STATES = frozenset({CooperativeState.APPLIED, CooperativeState.NEEDS_MORE})
OPEN_DAYS, REJECTED_DAYS = 180, 30
_SWEEP_SIZE = 200


class ApplicationDecided(Refused):
    code = "application_decided"
    default_message = _("The application has been decided. Its documents no longer change.")


class DocumentNotOpened(Refused):
    code = "document_not_opened"
    default_message = _("Open every file of the document before you accept it.")


class DocumentUnreadable(Refused):
    code = "document_unreadable"
    default_message = _("This file can no longer be read. Ask the cooperative to send it again.")


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A decrypted file and its type, one of `cooperatives.models.document.DocumentContentType`."""

    content: bytes
    content_type: str


def required_kinds(cooperative: Cooperative) -> list[DocumentKind]:
    """Return the kinds of documents that the application needs, in a fixed order."""
    kinds = [DocumentKind.REGISTRATION, DocumentKind.REPRESENTATIVE, DocumentKind.BANK_ACCOUNT]
    return [*kinds, DocumentKind.FOOD_SAFETY] if cooperative.is_food_producer else kinds


@transaction.atomic(durable=True)
def submit_document(
    *,
    cooperative: Cooperative,
    kind: DocumentKind,
    files: Sequence[File[bytes]],
    user: User,
    actor: Actor,
    now: datetime.datetime,
) -> ApplicationDocument:
    """Send the files of a document, which replace those sent before and wait for review.

    Raises ApplicationDecided and the errors of `inspect_files`.
    """
    content_types = inspect_files(files)
    locked = _lock_open_application(cooperative.pk)
    sent_before = ApplicationDocument.objects.filter(cooperative=locked, kind=kind).first()
    if sent_before is not None and sent_before.state != DocumentState.IN_REVIEW:
        change_state(sent_before, DocumentState.IN_REVIEW, DOCUMENT_TRANSITIONS)
    document = sent_before or ApplicationDocument(cooperative=locked, kind=kind)
    document.state_reason = ""
    document.submitted_at, document.submitted_by = now, user
    document.delete_on = vietnam_date(now) + datetime.timedelta(days=OPEN_DAYS)
    document.save()
    document.files.all().delete()
    for position, (file, content_type) in enumerate(zip(files, content_types, strict=True)):
        content = file.read()
        DocumentFile.objects.create(
            document=document,
            content=encrypt_file(content, purpose=DOCUMENT_PURPOSE),
            content_type=content_type,
            size=len(content),
            sort_order=position,
        )
    _record_document("document.submitted", document, actor=actor, now=now)
    return document


@transaction.atomic(durable=True)
def open_document_file(
    *, cooperative_id: int, file_id: uuid.UUID, actor: Actor, now: datetime.datetime
) -> OpenedFile:
    """Return a file for a reviewer and record that they opened it. Raises Missing, DocumentUnreadable."""
    file = _find_file(cooperative_id, file_id)
    opened = read_file(file)
    record_change(
        "document.opened",
        file,
        actor=actor,
        now=now,
        root=file.document.cooperative,
        cooperative_id=cooperative_id,
        data={"kind": file.document.kind},
    )
    return opened


def read_own_file(*, cooperative: Cooperative, file_id: uuid.UUID) -> OpenedFile:
    """Return a file for a manager of the cooperative that sent it. Raises Missing, DocumentUnreadable."""
    return read_file(_find_file(cooperative.pk, file_id))


def read_file(file: DocumentFile) -> OpenedFile:
    """Decrypt a file. Raises DocumentUnreadable."""
    try:
        return OpenedFile(decrypt_file(bytes(file.content), purpose=DOCUMENT_PURPOSE), file.content_type)
    except UndecryptableSecret as error:
        raise DocumentUnreadable() from error


def read_opened_file_keys(document: ApplicationDocument, actor: Actor) -> set[str]:
    """Return the ids, as text, of the document's files that the actor opened."""
    keys = [str(key) for key in document.files.values_list("pk", flat=True)]
    opened = Change.objects.filter(
        kind=DocumentFile._meta.label_lower, key__in=keys, action="document.opened", actor_key=actor.key
    )
    return set(opened.values_list("key", flat=True))


@transaction.atomic(durable=True)
def accept_document(
    *,
    cooperative_id: int,
    document_id: int,
    seen_submitted_at: datetime.datetime | None,
    actor: Actor,
    now: datetime.datetime,
) -> ApplicationDocument:
    """Accept a document after the actor has opened each of its files.

    `seen_submitted_at` is its `submitted_at` as shown. Raises Missing, ApplicationDecided,
    ChangedSinceOpened, DocumentNotOpened, TransitionNotAllowed.
    """
    document = _lock_document(cooperative_id, document_id, seen_submitted_at)
    keys = {str(key) for key in document.files.values_list("pk", flat=True)}
    if keys - read_opened_file_keys(document, actor):
        raise DocumentNotOpened()
    change_state(document, DocumentState.ACCEPTED, DOCUMENT_TRANSITIONS)
    _record_document("document.accepted", document, actor=actor, now=now)
    return document


@transaction.atomic(durable=True)
def return_document(
    *,
    cooperative_id: int,
    document_id: int,
    seen_submitted_at: datetime.datetime | None,
    reason: str,
    actor: Actor,
    now: datetime.datetime,
) -> ApplicationDocument:
    """Send a document back with a reason, and notify the cooperative.

    Raises Missing, ApplicationDecided, ReasonRequired, ChangedSinceOpened, TransitionNotAllowed.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    document = _lock_document(cooperative_id, document_id, seen_submitted_at)
    document.state_reason = reason.strip()
    document.save(update_fields=["state_reason"])
    change_state(document, DocumentState.RETURNED, DOCUMENT_TRANSITIONS)
    _record_document("document.returned", document, reason=reason.strip(), actor=actor, now=now)
    notifications.send_document_returned(document, now=now)
    return document


def schedule_document_deletion(cooperative: Cooperative, now: datetime.datetime) -> None:
    """In a transaction: set the day on which the documents are deleted, by the application's new state."""
    days = {CooperativeState.REJECTED: REJECTED_DAYS} | dict.fromkeys(OPEN_STATES, OPEN_DAYS)
    kept_days = days.get(CooperativeState(cooperative.state))
    delete_on = None if kept_days is None else vietnam_date(now) + datetime.timedelta(days=kept_days)
    ApplicationDocument.objects.filter(cooperative=cooperative).update(delete_on=delete_on)


def delete_documents_of_person(user: User, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: delete an anonymised person's files. An approved cooperative keeps its own papers."""
    submitted_documents = ApplicationDocument.objects.filter(submitted_by=user)
    decided = Q(cooperative__state__in=[CooperativeState.APPROVED, CooperativeState.SUSPENDED])
    for document in lock_rows(submitted_documents.filter(~decided | Q(kind=DocumentKind.REPRESENTATIVE))):
        _delete_document(document, actor=actor, now=now)
    submitted_documents.update(submitted_by=None)


@shared_task(name="cooperatives.delete_due_documents")
def delete_due_documents_task() -> None:
    """Sweep: delete documents that are due for deletion."""
    now = timezone.now()
    due = ApplicationDocument.objects.due_on(vietnam_date(now))
    run_each(
        due.values_list("pk", flat=True),
        lambda document_id: delete_due_document(document_id=document_id, now=now),
        sweep="cooperatives.delete_due_documents",
        max_count=_SWEEP_SIZE,
    )


@transaction.atomic(durable=True)
def delete_due_document(*, document_id: int, now: datetime.datetime) -> None:
    """Delete a document if it is still due."""
    due = ApplicationDocument.objects.due_on(vietnam_date(now))
    document = lock_row(due.filter(pk=document_id))
    if document is not None:
        _delete_document(document, actor=Actor.system(), now=now)


def _delete_document(document: ApplicationDocument, *, actor: Actor, now: datetime.datetime) -> None:
    _record_document("document.deleted", document, actor=actor, now=now)
    document.delete()


def _lock_open_application(cooperative_id: int) -> Cooperative:
    """Lock the cooperative, so that nobody decides at the same time. Raises Missing, ApplicationDecided."""
    cooperative = lock_row(Cooperative.objects.filter(pk=cooperative_id))
    if cooperative is None:
        raise Missing()
    if cooperative.state not in OPEN_STATES:
        raise ApplicationDecided()
    return cooperative


def _lock_document(
    cooperative_id: int, document_id: int, seen_submitted_at: datetime.datetime | None
) -> ApplicationDocument:
    cooperative = _lock_open_application(cooperative_id)
    document = ApplicationDocument.objects.for_cooperative(cooperative).filter(pk=document_id).first()
    if document is None:
        raise Missing()
    if seen_submitted_at is None or not document.is_unchanged_since(seen_submitted_at):
        raise ChangedSinceOpened()
    return document


def _find_file(cooperative_id: int, file_id: uuid.UUID) -> DocumentFile:
    files = DocumentFile.objects.select_related("document__cooperative")
    file = files.filter(pk=file_id, document__cooperative__pk=cooperative_id).first()
    if file is None:
        raise Missing()
    return file


def _record_document(
    action: str, document: ApplicationDocument, *, reason: str = "", actor: Actor, now: datetime.datetime
) -> None:
    record_change(
        action,
        document,
        actor=actor,
        now=now,
        root=document.cooperative,
        cooperative_id=document.cooperative_id,
        reason=reason,
        data={"kind": document.kind},
    )
