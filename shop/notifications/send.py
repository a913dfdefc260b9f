"""Store a message with what caused it; deliver it once that stands; try again until it is out."""

from __future__ import annotations

import datetime
import logging
import smtplib
from http.client import HTTPException

from celery import shared_task
from django.utils import timezone

from shop.core.database.sealing import Unreadable, seal, unseal
from shop.core.database.transactions import after_commit, after_commit_or_run
from shop.core.jobs.sweeps import delay_before_retry, run_each
from shop.notifications import by_email, by_sms
from shop.notifications.models import Notification, Way
from shop.notifications.text_allowance import take_allowance

log = logging.getLogger(__name__)

# A mail server that is away for a day loses nothing; after that the address is the likelier fault.
_FIRST_WAIT = datetime.timedelta(minutes=1)
_LONGEST_WAIT = datetime.timedelta(hours=2)
_TRIES = 20
_AT_ONCE = 200
# Where what is sealed stands in a text.
SEAL = "\N{WHITE MEDIUM SMALL SQUARE}"

_DELIVER = {Way.EMAIL: by_email.deliver, Way.SMS: by_sms.deliver}


def send(
    *,
    key: str,
    way: Way,
    to: str,
    text: str,
    now: datetime.datetime,
    subject: str = "",
    html: str = "",
    language: str = "vi",
    user_id: int | None = None,
    secret: str = "",
    good_until: datetime.datetime | None = None,
    unsubscribe_url: str = "",
) -> None:
    """Put a message into the outbox, in the caller's transaction. The same `key` a second time adds nothing.

    Names in a subject may hold line breaks, which no mail may: it is kept on one line. A `secret` is written
    where the text has SEAL; the database never holds it readable.
    """
    row = Notification(
        key=key,
        way=way,
        to=to,
        subject=" ".join(subject.split()),
        text=text,
        html=html,
        language=language,
        user_id=user_id,
        sealed=seal(secret) if secret else "",
        good_until=good_until,
        unsubscribe_url=unsubscribe_url,
        created_at=now,
        due_at=now,
    )
    Notification.objects.bulk_create([row], ignore_conflicts=True)
    if good_until is None:
        after_commit(deliver_task.delay, key=key)
    else:  # a code or link that somebody waits for
        after_commit_or_run(deliver_task, key=key)


@shared_task(name="notifications.deliver")
def deliver_task(*, key: str) -> None:
    """Deliver one message if it is still due."""
    row = Notification.objects.due(timezone.now()).filter(key=key).first()
    if row is not None:
        deliver(row, now=timezone.now())


@shared_task(name="notifications.sweep")
def sweep_task() -> None:
    """Deliver what is due: messages whose task was lost, and those to be tried again."""
    run_each(
        Notification.objects.due(timezone.now()).values_list("key", flat=True),
        lambda key: deliver_task(key=key),
        sweep="notifications.sweep",
        at_most=_AT_ONCE,
    )


def deliver(row: Notification, *, now: datetime.datetime) -> bool:
    """Try to deliver one message; answer whether it went out.

    It is claimed first, by moving its next try ahead: of two workers only one sends it, and one that
    dies with it loses a wait, not the message.
    """
    if row.good_until is not None and row.good_until <= now:
        Notification.objects.filter(pk=row.pk, sent_at=None).update(given_up_at=now, sealed="")
        return False
    wait = delay_before_retry(row.attempts + 1, first=_FIRST_WAIT, longest=_LONGEST_WAIT)
    claimed = Notification.objects.filter(
        pk=row.pk, attempts=row.attempts, sent_at=None, given_up_at=None
    ).update(attempts=row.attempts + 1, due_at=now + wait)
    if not claimed:
        return False
    if row.way == Way.SMS and not row.attempts:  # a repeat is not counted again
        reason = take_allowance(row.to, for_code=row.good_until is not None)
        if reason:
            Notification.objects.filter(pk=row.pk).update(last_error=reason, given_up_at=now, sealed="")
            log.warning("message %s is not sent: %s", row.key, reason)
            return False
    try:
        _DELIVER[Way(row.way)](_opened(row))
    except Unreadable:
        Notification.objects.filter(pk=row.pk).update(
            last_error="sealed under another SECRET_KEY", given_up_at=now, sealed=""
        )
        return False
    except (OSError, smtplib.SMTPException, HTTPException) as error:
        _note_failure(row, error, now)
        log.warning("message %s is not out yet: %s", row.key, error)
        return False
    except Exception as error:  # a fault of ours: it must not be tried for ever either
        _note_failure(row, error, now)
        raise
    Notification.objects.filter(pk=row.pk).update(sent_at=now, last_error="", sealed="")
    return True


def _note_failure(row: Notification, error: Exception, now: datetime.datetime) -> None:
    """Keep the error of a try, and give the message up after the last one."""
    told: dict[str, object] = {"last_error": str(error).replace("\0", "")[:250]}
    if row.attempts + 1 >= _TRIES:
        told |= {"given_up_at": now, "sealed": ""}
    Notification.objects.filter(pk=row.pk).update(**told)


def _opened(row: Notification) -> Notification:
    """The message as its receiver reads it; never saved. Raises Unreadable."""
    if row.sealed:
        secret = unseal(row.sealed)
        row.text, row.html = row.text.replace(SEAL, secret), row.html.replace(SEAL, secret)
    return row
