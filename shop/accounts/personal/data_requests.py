"""Requests about personal data: filed with a day by which they are due, answered, or taken back."""

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
from shop.accounts.states import REQUEST_MOVES, RequestState
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.dates.calendar import day_of, start_of_day
from shop.core.errors import Missing, ReasonNeeded, Refused
from shop.core.models import ShopSettings, record_change, shop_settings
from shop.core.states import advance
from shop.notifications.models import Way
from shop.notifications.send import send

# The longest that the law lets each kind of request take, in days: Decree 356/2025/NĐ-CP, article 5, for the
# rights of article 4 of Law 91/2025/QH15, both in force since 1 January 2026 (Frasers Law Company, "The next
# chapter in data protection", 19 January 2026). More where others have to act, and one extension, are not
# counted on; that a request is answered within two working days is kept by the message that it has come.
LAWFUL_DAYS = {
    "data_access_days": 10,
    "data_correction_days": 10,
    "data_withdrawal_days": 15,
    "data_deletion_days": 20,
}


class LaterThanTheLaw(Refused):
    """`field` names the setting, `details["days"]` how many the law gives."""

    code = "later_than_the_law"


class DeletionTooLate(Refused):
    code = "deletion_too_late"
    default_words = gettext_lazy("The waiting time must be shorter than the time in which data is deleted.")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a number or an address that is theirs, and their account if they have one."""

    way: str
    contact: str
    name: str
    language: str
    user_id: int | None = None

    @classmethod
    def of(cls, user: User) -> Asker:
        way = Way.EMAIL if user.email else Way.SMS if user.phone else ""
        return cls(way, user.email or user.phone or "", user.name, user.language, user.pk)


@transaction.atomic(durable=True)
def file_request(
    *, kind: RequestKind, asker: Asker, words: str, actor: Actor, now: datetime.datetime
) -> DataRequest:
    """Write a request down, and tell its asker by when it is answered."""
    return enter_request(kind=kind, asker=asker, words=words, actor=actor, now=now)


def enter_request(
    *,
    kind: RequestKind,
    asker: Asker,
    words: str = "",
    runs_at: datetime.datetime | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> DataRequest:
    """Step of `file_request`."""
    row = DataRequest.objects.create(
        kind=kind,
        user_id=asker.user_id,
        way=asker.way,
        contact=asker.contact,
        name=asker.name,
        words=words.strip(),
        language=asker.language,
        door=actor.door,
        made_at=now,
        due_at=due_at(kind, shop_settings(), now),
        runs_at=runs_at,
    )
    record_change("data_request.filed", row, actor=actor, now=now, data={"kind": kind})
    with translation.override(row.language):
        tell_asker(
            row,
            _("We have your request"),
            _("Request: %(kind)s. You get an answer by %(day)s.")
            % {"kind": row.get_kind_display(), "day": f"{day_of(row.due_at):%d/%m/%Y}"},
            now=now,
        )
    return row


def note_done(kind: RequestKind, user: User, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: something that was asked for and done in the same moment stands among the requests, too."""
    DataRequest.objects.create(
        kind=kind,
        state=RequestState.DONE,
        user=user,
        language=user.language,
        door=actor.door,
        made_at=now,
        due_at=now,
        answered_at=now,
    )


@transaction.atomic(durable=True)
def answer_by_hand(
    *, request_id: uuid.UUID, state: RequestState, answer: str, actor: Actor, now: datetime.datetime
) -> None:
    """Somebody at the desk has seen to it, or refuses, with words for the asker.

    Raises Missing, ReasonNeeded, WrongMove.
    """
    if not answer.strip():
        raise ReasonNeeded(field="answer")
    end_request(lock_request(request_id), state, answer=answer.strip(), actor=actor, now=now)


@transaction.atomic(durable=True)
def take_back(*, request_id: uuid.UUID, user_id: int, actor: Actor, now: datetime.datetime) -> None:
    """The asker no longer wants it. Raises Missing, WrongMove."""
    row = lock_request(request_id)
    if row.user_id != user_id:
        raise Missing()
    end_request(row, RequestState.TAKEN_BACK, actor=actor, now=now)


def end_request(
    row: DataRequest, state: RequestState, *, answer: str = "", actor: Actor, now: datetime.datetime
) -> None:
    """Step, on a locked row: it is over, and its asker is told. Raises WrongMove."""
    row.answered_at, row.answered_by, row.answer, row.hindrance = now, actor.name, answer, ""
    row.save(update_fields=["answered_at", "answered_by", "answer", "hindrance"])
    advance(row, state, REQUEST_MOVES)  # a wrong move undoes all of it
    record_change(f"data_request.{state}", row, actor=actor, now=now)
    if answer:
        with translation.override(row.language):
            tell_asker(row, _("Your request is answered"), answer, now=now)


def tell_asker(row: DataRequest, subject: str, words: str, *, now: datetime.datetime) -> None:
    """Step: one message to whoever asked, in the language that is active."""
    if not row.contact:
        return
    context = {"row": row, "words": words, "shop": shop_settings()}
    is_mail = row.way == Way.EMAIL
    send(
        key=f"data-request:{row.pk}:{now:%Y%m%d%H%M%S%f}",
        way=Way(row.way),
        to=row.contact,
        subject=subject,
        text=render_to_string("emails/data_request.txt", context) if is_mail else f"{subject}. {words}",
        language=row.language,
        user_id=row.user_id,
        now=now,
    )


@transaction.atomic(durable=True)
def change_data_times(*, days: Mapping[str, int], actor: Actor, now: datetime.datetime) -> None:
    """Set how long requests may take; open ones keep their days. Raises LaterThanTheLaw, DeletionTooLate."""
    for name, most in LAWFUL_DAYS.items():
        if days.get(name, 0) > most:
            words = gettext_lazy("The law gives at most %(days)s days for it.") % {"days": most}
            raise LaterThanTheLaw(words, field=name, days=most)
    settings = locked_one(ShopSettings.objects.filter(pk=1)) or ShopSettings()
    for name, count in days.items():
        setattr(settings, name, count)
    if settings.deletion_wait_days >= settings.data_deletion_days:
        raise DeletionTooLate(field="deletion_wait_days")
    settings.save()
    record_change("market.data_times_changed", settings, actor=actor, now=now, data=dict(days))


def due_at(kind: RequestKind, settings: ShopSettings, now: datetime.datetime) -> datetime.datetime:
    """The end of the last day on which the answer is in time: days of Vietnam's, holidays included.

    As many as the settings say, which is never more than `LAWFUL_DAYS`.
    """
    days = {
        RequestKind.ACCESS: settings.data_access_days,
        RequestKind.CORRECTION: settings.data_correction_days,
        RequestKind.WITHDRAWAL: settings.data_withdrawal_days,
        RequestKind.OBJECTION: settings.data_withdrawal_days,
        RequestKind.DELETION: settings.data_deletion_days,
    }[kind]
    return start_of_day(day_of(now) + datetime.timedelta(days=days + 1)) - datetime.timedelta(seconds=1)


def lock_request(request_id: uuid.UUID) -> DataRequest:
    """Raises Missing."""
    row = locked_one(DataRequest.objects.filter(pk=request_id))
    if row is None:
        raise Missing()
    return row
