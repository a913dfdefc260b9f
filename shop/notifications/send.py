"""Outbox of messages: stored in the caller's transaction, delivered after commit, retried until sent."""

from __future__ import annotations

import datetime
import logging
import smtplib
from http.client import HTTPException

from celery import shared_task
from django.utils import timezone

from shop.core.database.encryption import UndecryptableSecret, decrypt_secret, encrypt_secret
from shop.core.database.transactions import after_commit, after_commit_or_run
from shop.core.jobs.sweeps import delay_before_retry, run_each
from shop.notifications import by_email, by_sms
from shop.notifications.models import ContactMethod, Notification
from shop.notifications.text_allowance import count_text

log = logging.getLogger(__name__)

# Retries outlast a mail server's outage of a day; after that the address is more likely at fault.
_FIRST_WAIT = datetime.timedelta(minutes=1)
_MAX_WAIT = datetime.timedelta(hours=2)
_TRIES = 20
_BATCH_SIZE = 200
# Marks the place of a secret in a text.
PLACEHOLDER_SIGN = "\N{WHITE MEDIUM SMALL SQUARE}"

_DELIVER = {ContactMethod.EMAIL: by_email.deliver, ContactMethod.SMS: by_sms.deliver}


def queue_notification(
    *,
    key: str,
    contact_method: ContactMethod,
    recipient: str,
    text: str,
    now: datetime.datetime,
    subject: str = "",
    html: str = "",
    language: str = "vi",
    user_id: int | None = None,
    secret: str = "",
    secret_expires_at: datetime.datetime | None = None,
    unsubscribe_url: str = "",
) -> None:
    """Add a message to the outbox, in the caller's transaction. A repeated `key` adds nothing.

    Line breaks in a subject, which mail forbids, become spaces. `secret` replaces PLACEHOLDER_SIGN in
    the text; the database stores it only encrypted.
    """
    row = Notification(
        key=key,
        contact_method=contact_method,
        recipient=recipient,
        subject=" ".join(subject.split()),
        text=text,
        html=html,
        language=language,
        user_id=user_id,
        sealed_secret=encrypt_secret(secret) if secret else "",
        secret_expires_at=secret_expires_at,
        unsubscribe_url=unsubscribe_url,
        created_at=now,
        due_at=now,
    )
    Notification.objects.bulk_create([row], ignore_conflicts=True)
    if secret_expires_at is None:
        after_commit(deliver_task.delay, key=key)
    else:  # a code or link that a person waits for
        after_commit_or_run(deliver_task, key=key)


def withdraw(*, key_prefix: str, now: datetime.datetime) -> bool:
    """Withdraw messages about something that did not happen, and return whether one may have been sent.

    Acts in the caller's transaction; a message whose delivery has been tried may have arrived.
    """
    notifications = Notification.objects.filter(key__startswith=key_prefix)
    may_be_sent = notifications.filter(attempts__gt=0).exists()
    notifications.filter(sent_at=None, given_up_at=None).update(
        given_up_at=now, last_error="withdrawn", sealed_secret=""
    )
    return may_be_sent


@shared_task(name="notifications.deliver")
def deliver_task(*, key: str) -> None:
    """Deliver one message if it is still due."""
    row = Notification.objects.due(timezone.now()).filter(key=key).first()
    if row is not None:
        deliver(row, now=timezone.now())


@shared_task(name="notifications.sweep")
def sweep_task() -> None:
    """Deliver due messages: those whose task was lost, and retries."""
    run_each(
        Notification.objects.due(timezone.now()).values_list("key", flat=True),
        lambda key: deliver_task(key=key),
        sweep="notifications.sweep",
        at_most=_BATCH_SIZE,
    )


def deliver(row: Notification, *, now: datetime.datetime) -> bool:
    """Try to deliver one message; return whether it was sent.

    The next try is scheduled first, which claims the row: of two workers only one sends it, and a crash
    delays the message without losing it.
    """
    if row.secret_expires_at is not None and row.secret_expires_at <= now:
        Notification.objects.filter(pk=row.pk, sent_at=None).update(given_up_at=now, sealed_secret="")
        return False
    wait = delay_before_retry(row.attempts + 1, first=_FIRST_WAIT, longest=_MAX_WAIT)
    claimed = Notification.objects.filter(
        pk=row.pk, attempts=row.attempts, sent_at=None, given_up_at=None
    ).update(attempts=row.attempts + 1, due_at=now + wait)
    if not claimed:
        return False
    if row.contact_method == ContactMethod.SMS and not row.attempts:  # retries are not counted again
        reason = count_text(row.recipient, is_for_code=row.secret_expires_at is not None)
        if reason:
            Notification.objects.filter(pk=row.pk).update(
                last_error=reason, given_up_at=now, sealed_secret=""
            )
            log.warning("message %s not sent: %s", row.key, reason)
            return False
    try:
        _DELIVER[ContactMethod(row.contact_method)](_insert_secret(row))
    except UndecryptableSecret:
        Notification.objects.filter(pk=row.pk).update(
            last_error="sealed under another SECRET_KEY", given_up_at=now, sealed_secret=""
        )
        return False
    except (OSError, smtplib.SMTPException, HTTPException) as error:
        _record_failure(row, error, now)
        log.warning("delivery of message %s failed, will retry: %s", row.key, error)
        return False
    except Exception as error:  # a programming error must not be retried forever either
        _record_failure(row, error, now)
        raise
    Notification.objects.filter(pk=row.pk).update(sent_at=now, last_error="", sealed_secret="")
    return True


def _record_failure(row: Notification, error: Exception, now: datetime.datetime) -> None:
    """Save the error of a try, and give the message up after the last one."""
    values: dict[str, object] = {"last_error": str(error).replace("\0", "")[:250]}
    if row.attempts + 1 >= _TRIES:
        values |= {"given_up_at": now, "sealed_secret": ""}
    Notification.objects.filter(pk=row.pk).update(**values)


def _insert_secret(row: Notification) -> Notification:
    """Insert the secret into the message; never saved. Raises UndecryptableSecret."""
    if row.sealed_secret:
        secret = decrypt_secret(row.sealed_secret)
        row.text, row.html = (
            row.text.replace(PLACEHOLDER_SIGN, secret),
            row.html.replace(PLACEHOLDER_SIGN, secret),
        )
    return row
