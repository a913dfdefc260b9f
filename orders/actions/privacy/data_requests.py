"""Requests about personal data that the shop fulfils automatically: access, deletion, withdrawal of consent.

A deletion waits for some days, during which it can be withdrawn. Then it runs automatically, or records the
obstacle for staff.
"""

from __future__ import annotations

import datetime
import uuid

from celery import shared_task
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cooperatives.actions.followers import create_follow_request, unfollow_address, unfollow_all_of_user
from orders.actions.privacy.anonymise import anonymise_guest, anonymise_user, require_erasable
from orders.actions.privacy.data_export import queue_export
from orders.models import Order
from shop.accounts.models import ConsentPurpose, DataRequest, RequestKind, User
from shop.accounts.personal.consents import (
    WITHDRAWABLE_PURPOSES,
    active_consents,
    end_consents,
    give_consent,
    withdraw_user_consent,
)
from shop.accounts.personal.data_requests import (
    Requester,
    close_request,
    create_request,
    lock_request,
    notify_requester,
)
from shop.accounts.states import RequestState
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused, StrOrPromise
from shop.core.jobs.sweeps import run_each
from shop.core.models import shop_settings

_SWEEP_SIZE = 200


class StaffAccountNotDeletable(Refused):
    code = "staff_account_not_deletable"
    default_message = gettext_lazy("Staff accounts are closed by those who manage staff.")


class DeletionAlreadyRequested(Refused):
    code = "deletion_already_requested"
    default_message = gettext_lazy("The deletion has already been requested.")


class RequestNotAutomatic(Refused):
    """The request is closed, or only a person can answer this kind."""

    code = "request_not_automatic"
    default_message = gettext_lazy("The system cannot complete this automatically.")


@transaction.atomic(durable=True)
def request_data_copy(*, requester: Requester, actor: Actor, now: datetime.datetime) -> DataRequest:
    """Request a copy of one's data. A task makes the copy, and a message links to it."""
    row = create_request(kind=RequestKind.ACCESS, requester=requester, actor=actor, now=now)
    queue_export(row, now=now)
    return row


@transaction.atomic(durable=True)
def request_deletion(*, user_id: int, actor: Actor, now: datetime.datetime) -> DataRequest:
    """Request anonymisation after the waiting period.

    Raises Missing, StaffAccountNotDeletable, DeletionAlreadyRequested, and the errors of `require_erasable`.
    """
    user = lock_row(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    if user.is_staff:
        raise StaffAccountNotDeletable()
    if DataRequest.objects.open().filter(user=user, kind=RequestKind.DELETION).exists():
        raise DeletionAlreadyRequested()
    require_erasable(user)
    return create_request(
        kind=RequestKind.DELETION,
        requester=Requester.from_user(user),
        deletion_due_at=_deletion_due_at(now),
        actor=actor,
        now=now,
    )


@transaction.atomic(durable=True)
def submit_guest_request(
    *, kind: RequestKind, requester: Requester, text: str, actor: Actor, now: datetime.datetime
) -> DataRequest:
    """Submit a request of a guest who has proven that the contact is theirs."""
    deletion_due_at = _deletion_due_at(now) if kind == RequestKind.DELETION else None
    row = create_request(
        kind=kind, requester=requester, message=text, deletion_due_at=deletion_due_at, actor=actor, now=now
    )
    if kind == RequestKind.ACCESS:
        queue_export(row, now=now)
    return row


@transaction.atomic(durable=True)
def fulfil_data_request(*, request_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Fulfil a request now. Raises Missing, RequestNotAutomatic, and the errors of anonymising."""
    row = lock_request(request_id)
    if not row.is_open or row.kind not in _AUTOMATIC_KINDS:
        raise RequestNotAutomatic()
    if row.kind == RequestKind.ACCESS:
        queue_export(row, now=now)
        return
    with translation.override(row.language):
        if row.kind == RequestKind.WITHDRAWAL:
            _withdraw_consents(row, actor, now)
            close_request(
                row, RequestState.DONE, answer=_("Your consent has been withdrawn."), actor=actor, now=now
            )
            return
        close_request(row, RequestState.DONE, actor=actor, now=now)
        if row.user_id is not None:
            anonymise_user(user_id=row.user_id, actor=actor, now=now)
        else:
            anonymise_guest(contact=row.contact, actor=actor, now=now)
        row.user_id = None  # the last message no longer belongs to an account
        notify_requester(
            row, _("Your data has been deleted"), _("Data kept by law no longer contains a name."), now=now
        )


_AUTOMATIC_KINDS = (RequestKind.ACCESS, RequestKind.DELETION, RequestKind.WITHDRAWAL)


@transaction.atomic(durable=True)
def record_consent(*, user_id: int, purpose: ConsentPurpose, actor: Actor, now: datetime.datetime) -> None:
    """Record consent to a purpose. Consent to news subscribes the person's email address to the newsletter.

    Raises Missing.
    """
    user = give_consent(user_id=user_id, purpose=purpose, actor=actor, now=now)
    if purpose == ConsentPurpose.NEWS and user.email:
        create_follow_request(None, user.email, user=user, language=user.language, actor=actor, now=now)


@transaction.atomic(durable=True)
def withdraw_consent(*, user_id: int, purpose: ConsentPurpose, actor: Actor, now: datetime.datetime) -> None:
    """Withdraw consent to a purpose and stop its messages. Raises Missing."""
    user = lock_row(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    withdraw_user_consent(user, purpose, actor=actor, now=now)
    if purpose == ConsentPurpose.NEWS:
        unfollow_all_of_user(user, actor=actor, now=now)


@shared_task(name="orders.run_due_deletions")
def run_due_deletions_task() -> None:
    """Sweep: run deletions whose waiting period is over, and record obstacles."""
    now = timezone.now()
    run_each(
        DataRequest.objects.due_deletions(now).values_list("pk", flat=True),
        lambda request_id: _run_deletion(request_id, now=now),
        sweep="orders.run_due_deletions",
        max_count=_SWEEP_SIZE,
    )


def _run_deletion(request_id: uuid.UUID, *, now: datetime.datetime) -> None:
    """Fulfil a request, or record why it is refused."""
    try:
        fulfil_data_request(request_id=request_id, actor=Actor.system(), now=now)
    except Refused as refusal:
        record_deletion_obstacle(request_id=request_id, obstacle=refusal.message, now=now)


@transaction.atomic(durable=True)
def record_deletion_obstacle(
    *, request_id: uuid.UUID, obstacle: StrOrPromise, now: datetime.datetime
) -> None:
    """Record why a deletion was refused, and retry it a day later.

    Only a new reason is told to the requester. Raises Missing.
    """
    row = lock_request(request_id)
    if not row.is_open:
        return
    with translation.override(row.language):
        text = str(obstacle)
        is_new_reason, row.obstacle = row.obstacle != text, text
        row.deletion_due_at = now + datetime.timedelta(days=1)
        row.save(update_fields=["obstacle", "deletion_due_at"])
        if is_new_reason:
            notify_requester(row, _("Your data cannot be deleted yet"), text, now=now)


def _withdraw_consents(data_request: DataRequest, actor: Actor, now: datetime.datetime) -> None:
    if data_request.user is not None:
        unfollow_all_of_user(data_request.user, actor=actor, now=now)
    unfollow_address(data_request.contact, actor=actor, now=now)
    orders = (
        Order.objects.of_guest(data_request.contact) if data_request.user_id is None else Order.objects.none()
    )
    consent_keys = [f"order:{key}" for key in orders.values_list("pk", flat=True)]
    for purpose in WITHDRAWABLE_PURPOSES:
        end_consents(active_consents(purpose, user_id=data_request.user_id, subjects=consent_keys), now=now)


def _deletion_due_at(now: datetime.datetime) -> datetime.datetime:
    return now + datetime.timedelta(days=shop_settings().deletion_wait_days)
