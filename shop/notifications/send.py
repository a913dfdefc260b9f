"""The outbox of notifications. They are stored in the caller's transaction, sent after commit and retried."""

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
from shop.notifications import by_email, by_push, by_sms
from shop.notifications.models import ContactMethod, Notification, NotificationMethod
from shop.notifications.text_allowance import count_text

log = logging.getLogger(__name__)

# Retries outlast a mail server's outage of a day. After that the address is more likely at fault.
_FIRST_RETRY_DELAY = datetime.timedelta(minutes=1)
_MAX_RETRY_DELAY = datetime.timedelta(hours=2)
_TRIES = 20
_BATCH_SIZE = 200
SUBSCRIPTION_ENDED = "the browser's subscription has ended"
# Marks the place of a secret in a text.
PLACEHOLDER_SIGN = "\N{WHITE MEDIUM SMALL SQUARE}"

_DELIVER = {
    NotificationMethod.EMAIL: by_email.deliver,
    NotificationMethod.SMS: by_sms.deliver,
    NotificationMethod.PUSH: by_push.deliver,
}


def queue_notification(
    *,
    key: str,
    contact_method: ContactMethod | NotificationMethod,
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
    """Add a notification to the outbox, in the caller's transaction. A repeated `key` adds nothing.

    Line breaks in a subject, which mail forbids, become spaces. `secret` replaces PLACEHOLDER_SIGN in
    the text. The database stores it only encrypted.
    """
    notification = Notification(
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
    Notification.objects.bulk_create([notification], ignore_conflicts=True)
    if secret_expires_at is None:
        after_commit(deliver_task.delay, key=key)
    else:  # a code or link that a person waits for
        after_commit_or_run(deliver_task, key=key)


def withdraw_notifications(*, key_prefix: str, now: datetime.datetime) -> bool:
    """Withdraw notifications about something that did not happen, and return whether one may have been sent.

    Acts in the caller's transaction. A notification whose delivery has been tried may have arrived.
    """
    notifications = Notification.objects.filter(key__startswith=key_prefix)
    may_have_been_sent = notifications.filter(attempts__gt=0).exists()
    notifications.filter(sent_at=None, given_up_at=None).update(
        given_up_at=now, last_error="withdrawn", sealed_secret=""
    )
    return may_have_been_sent


@shared_task(name="notifications.deliver")
def deliver_task(*, key: str) -> None:
    """Deliver one notification if it is still due."""
    notification = Notification.objects.due(timezone.now()).filter(key=key).first()
    if notification is not None:
        deliver(notification, now=timezone.now())


@shared_task(name="notifications.sweep")
def sweep_task() -> None:
    """Deliver due notifications: those whose task was lost, and retries."""
    run_each(
        Notification.objects.due(timezone.now()).values_list("key", flat=True),
        lambda key: deliver_task(key=key),
        sweep="notifications.sweep",
        max_count=_BATCH_SIZE,
    )


def deliver(notification: Notification, *, now: datetime.datetime) -> bool:
    """Try to deliver one notification, and return whether it was sent.

    The next try is scheduled first, which claims the row. Of two workers only one sends it, and a crash
    delays the notification without losing it.
    """
    if notification.secret_expires_at is not None and notification.secret_expires_at <= now:
        Notification.objects.filter(pk=notification.pk, sent_at=None).update(
            given_up_at=now, sealed_secret=""
        )
        return False
    if not _claim(notification, now) or _exceeds_allowance(notification, now):
        return False
    try:
        _DELIVER[NotificationMethod(notification.contact_method)](_insert_secret(notification))
    except UndecryptableSecret:
        Notification.objects.filter(pk=notification.pk).update(
            last_error="sealed under another SECRET_KEY", given_up_at=now, sealed_secret=""
        )
        return False
    except by_push.PushSubscriptionEnded:
        Notification.objects.filter(pk=notification.pk).update(last_error=SUBSCRIPTION_ENDED, given_up_at=now)
        return False
    except (OSError, smtplib.SMTPException, HTTPException) as error:
        _record_failure(notification, error, now)
        log.warning("delivery of notification %s failed, will retry: %s", notification.key, error)
        return False
    except Exception as error:  # a programming error must not be retried forever either
        _record_failure(notification, error, now)
        raise
    Notification.objects.filter(pk=notification.pk).update(sent_at=now, last_error="", sealed_secret="")
    return True


def _claim(notification: Notification, now: datetime.datetime) -> bool:
    """Schedule the next try, and return False if another worker has done so."""
    wait = delay_before_retry(notification.attempts + 1, first=_FIRST_RETRY_DELAY, longest=_MAX_RETRY_DELAY)
    untouched = Notification.objects.filter(
        pk=notification.pk, attempts=notification.attempts, sent_at=None, given_up_at=None
    )
    return bool(untouched.update(attempts=notification.attempts + 1, due_at=now + wait))


def _exceeds_allowance(notification: Notification, now: datetime.datetime) -> bool:
    """Count a text message at its first try. Give it up and return True if the allowance is used up."""
    if notification.contact_method != NotificationMethod.SMS or notification.attempts:
        return False
    reason = count_text(notification.recipient, is_for_code=notification.secret_expires_at is not None)
    if not reason:
        return False
    Notification.objects.filter(pk=notification.pk).update(
        last_error=reason, given_up_at=now, sealed_secret=""
    )
    log.warning("message %s not sent: %s", notification.key, reason)
    return True


def _record_failure(notification: Notification, error: Exception, now: datetime.datetime) -> None:
    """Save the error of a try, and give the notification up after the last one."""
    values: dict[str, object] = {"last_error": str(error).replace("\0", "")[:250]}
    if notification.attempts + 1 >= _TRIES:
        values |= {"given_up_at": now, "sealed_secret": ""}
    Notification.objects.filter(pk=notification.pk).update(**values)


def _insert_secret(notification: Notification) -> Notification:
    """Insert the secret into the notification, which is never saved. Raises UndecryptableSecret."""
    if notification.sealed_secret:
        secret = decrypt_secret(notification.sealed_secret)
        notification.text, notification.html = (
            notification.text.replace(PLACEHOLDER_SIGN, secret),
            notification.html.replace(PLACEHOLDER_SIGN, secret),
        )
    return notification
