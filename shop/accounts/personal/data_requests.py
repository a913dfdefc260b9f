"""File, answer and withdraw requests about personal data, each with a deadline."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.accounts.models import DataRequest, RequestKind, User
from shop.accounts.states import REQUEST_TRANSITIONS, RequestState
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.transactions import lock_row
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import ShopSettings, record_change, shop_settings
from shop.core.states import change_state
from shop.notifications.models import ContactMethod
from shop.notifications.send import queue_notification

# The law's maximum for each kind of request, in days: Decree 356/2025/NĐ-CP, article 5, for the rights of
# article 4 of Law 91/2025/QH15, both in force since 1 January 2026 (Frasers Law Company, "The next chapter in
# data protection", 19 January 2026). Extensions, and longer terms where third parties must act, are not used.
# The confirmation message satisfies the duty to respond within two working days.
LAWFUL_DAYS = {
    "data_access_days": 10,
    "data_correction_days": 10,
    "data_withdrawal_days": 15,
    "data_deletion_days": 20,
}


class DeadlineExceedsLaw(Refused):
    """The deadline exceeds the law's. `field` names the setting, `details["days"]` is the maximum."""

    code = "deadline_exceeds_law"


class DeletionTooLate(Refused):
    code = "deletion_too_late"
    default_message = gettext_lazy(
        "The waiting period must be shorter than the time limit for deleting data."
    )


@dataclass(frozen=True, slots=True)
class Requester:
    """The person who makes a request about personal data.

    It has a confirmed phone number or email address, and the account if there is one.
    """

    contact_method: str
    contact: str
    name: str
    language: str
    user_id: int | None = None

    @classmethod
    def from_user(cls, user: User) -> Requester:
        contact_method = ContactMethod.EMAIL if user.email else ContactMethod.SMS if user.phone else ""
        return cls(contact_method, user.email or user.phone or "", user.name, user.language, user.pk)


@transaction.atomic(durable=True)
def file_request(
    *, kind: RequestKind, requester: Requester, message: str, actor: Actor, now: datetime.datetime
) -> DataRequest:
    """File a request and notify the requester of the deadline."""
    return create_request(kind=kind, requester=requester, message=message, actor=actor, now=now)


def create_request(
    *,
    kind: RequestKind,
    requester: Requester,
    message: str = "",
    deletion_due_at: datetime.datetime | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> DataRequest:
    """In a transaction: create a request, record it in the change log, and confirm it to the requester."""
    data_request = DataRequest.objects.create(
        kind=kind,
        user_id=requester.user_id,
        contact_method=requester.contact_method,
        contact=requester.contact,
        name=requester.name,
        message=message.strip(),
        language=requester.language,
        entry_point=actor.entry_point,
        created_at=now,
        due_at=request_deadline(kind, shop_settings(), now),
        deletion_due_at=deletion_due_at,
    )
    record_change("data_request.filed", data_request, actor=actor, now=now, data={"kind": kind})
    with translation.override(data_request.language):
        notify_requester(
            data_request,
            _("We have received your request"),
            _("Request: %(kind)s. We will answer by %(day)s.")
            % {
                "kind": data_request.get_kind_display(),
                "day": f"{vietnam_date(data_request.due_at):%d/%m/%Y}",
            },
            now=now,
        )
    return data_request


def record_done_request(kind: RequestKind, user: User, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: file a request that was fulfilled at once, so that it appears among the others."""
    DataRequest.objects.create(
        kind=kind,
        state=RequestState.DONE,
        user=user,
        language=user.language,
        entry_point=actor.entry_point,
        created_at=now,
        due_at=now,
        answered_at=now,
    )


@transaction.atomic(durable=True)
def answer_request(
    *, request_id: uuid.UUID, state: RequestState, answer: str, actor: Actor, now: datetime.datetime
) -> None:
    """Close a request from the desk as done or refused, with an answer for the requester.

    Raises Missing, ReasonRequired, TransitionNotAllowed.
    """
    if not answer.strip():
        raise ReasonRequired(field="answer")
    close_request(lock_request(request_id), state, answer=answer.strip(), actor=actor, now=now)


@transaction.atomic(durable=True)
def withdraw_request(*, request_id: uuid.UUID, user_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Withdraw one's own request. Raises Missing, TransitionNotAllowed."""
    row = lock_request(request_id)
    if row.user_id != user_id:
        raise Missing()
    close_request(row, RequestState.WITHDRAWN, actor=actor, now=now)


def close_request(
    row: DataRequest, state: RequestState, *, answer: str = "", actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: close a locked request and notify the requester. Raises TransitionNotAllowed."""
    row.answered_at, row.answered_by, row.answer, row.obstacle = now, actor.name, answer, ""
    row.save(update_fields=["answered_at", "answered_by", "answer", "obstacle"])
    change_state(row, state, REQUEST_TRANSITIONS)  # an impossible transition rolls back the transaction
    record_change(f"data_request.{state}", row, actor=actor, now=now)
    if answer:
        with translation.override(row.language):
            notify_requester(row, _("Your request has been answered"), answer, now=now)


def notify_requester(row: DataRequest, subject: str, text: str, *, now: datetime.datetime) -> None:
    """In a transaction: send one message to the requester, in the active language."""
    if not row.contact:
        return
    context = {"row": row, "message": text, "shop": shop_settings()}
    is_mail = row.contact_method == ContactMethod.EMAIL
    queue_notification(
        key=f"data-request:{row.pk}:{now:%Y%m%d%H%M%S%f}",
        contact_method=ContactMethod(row.contact_method),
        recipient=row.contact,
        subject=subject,
        text=render_to_string("emails/data_request.txt", context) if is_mail else f"{subject}. {text}",
        language=row.language,
        user_id=row.user_id,
        now=now,
    )


@transaction.atomic(durable=True)
def change_data_deadlines(*, days: Mapping[str, int], actor: Actor, now: datetime.datetime) -> None:
    """Set the deadlines of new requests. Raises DeadlineExceedsLaw, DeletionTooLate."""
    for name, lawful_days in LAWFUL_DAYS.items():
        if days.get(name, 0) > lawful_days:
            message = gettext_lazy("The law allows at most %(days)s days for it.") % {"days": lawful_days}
            raise DeadlineExceedsLaw(message, field=name, days=lawful_days)
    settings = lock_row(ShopSettings.objects.filter(pk=1)) or ShopSettings()
    changes = set_tracked_columns(settings, days)
    if settings.deletion_wait_days >= settings.data_deletion_days:
        raise DeletionTooLate(field="deletion_wait_days")
    settings.save()
    record_change("market.data_times_changed", settings, actor=actor, now=now, data=changes)


def request_deadline(kind: RequestKind, settings: ShopSettings, now: datetime.datetime) -> datetime.datetime:
    """Return the deadline, which is the end of the last day in Vietnam, counting holidays.

    The days come from the settings and never exceed `LAWFUL_DAYS`.
    """
    days = {
        RequestKind.ACCESS: settings.data_access_days,
        RequestKind.CORRECTION: settings.data_correction_days,
        RequestKind.WITHDRAWAL: settings.data_withdrawal_days,
        RequestKind.OBJECTION: settings.data_withdrawal_days,
        RequestKind.DELETION: settings.data_deletion_days,
    }[kind]
    return start_of_day(vietnam_date(now) + datetime.timedelta(days=days + 1)) - datetime.timedelta(seconds=1)


def lock_request(request_id: uuid.UUID) -> DataRequest:
    """Lock a request. Raises Missing."""
    row = lock_row(DataRequest.objects.filter(pk=request_id))
    if row is None:
        raise Missing()
    return row
