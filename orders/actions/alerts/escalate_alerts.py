"""Tell the members of a cooperative about an alert, one after the other, until somebody has seen it.

Each member is told by push, then by email, then by text message. After that comes the next member. Members
who pack, or who count the stock that an alert is about, come before managers. A notification method that a
member does not have is skipped. Email is also skipped if the member's address is the cooperative's, which
gets a mail anyway.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from celery import shared_task
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from cooperatives.access import ROLE_RIGHTS, MemberRight
from cooperatives.models import Role
from orders.actions.alerts.alert_rules import load_alert_rules
from orders.alert_states import ALERT_TRANSITIONS, UNSEEN_ALERTS, AlertState
from orders.models import Alert, AlertKind, AlertReading, AlertStep, OrderPart
from orders.notifications.alerts import alert_key, tell_member
from shop.accounts.models import User
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.jobs.sweeps import run_each
from shop.core.states import change_state
from shop.notifications.models import NotificationMethod, PushSubscription
from shop.notifications.send import withdraw_notifications

_BATCH_SIZE = 200
# Older orders were already reported to the platform by email.
_MAX_ORDER_AGE = datetime.timedelta(days=1)


def raise_order_alerts(*, now: datetime.datetime) -> int:
    """Raise an alert for each confirmed part that waits to be accepted, and return how many are new."""
    known = Alert.objects.filter(part=OuterRef("pk"), kind=AlertKind.NEW_ORDER)
    parts = OrderPart.objects.awaiting_acceptance().filter(
        ~Exists(known), order__confirmed_at__gt=now - _MAX_ORDER_AGE, order__confirmed_at__lte=now
    )
    alerts = [
        Alert(
            cooperative_id=part.cooperative_id,
            kind=AlertKind.NEW_ORDER,
            occasion=f"part:{part.pk}",
            part=part,
            created_at=now,
            next_step_at=now,
        )
        for part in parts[:_BATCH_SIZE]
    ]
    Alert.objects.bulk_create(alerts, ignore_conflicts=True)
    return len(alerts)


def escalate_alerts(*, now: datetime.datetime) -> int:
    """Close alerts that are no longer needed, and send the next step of the others.

    Return the number of steps. An alert that waits for the end of the quiet hours does not count, because it
    may stay due until then.
    """
    run_each(
        Alert.objects.no_longer_needed().values_list("pk", flat=True),
        lambda key: close_alert(alert_id=key, now=now),
        sweep="orders.escalate_alerts:close",
        max_count=_BATCH_SIZE,
    )
    raise_order_alerts(now=now)
    steps: list[AlertStep] = []

    def send(key: int) -> None:
        step = send_next_step(alert_id=key, now=now)
        if step is not None:
            steps.append(step)

    run_each(
        Alert.objects.due(now).values_list("pk", flat=True),
        send,
        sweep="orders.escalate_alerts",
        max_count=_BATCH_SIZE,
    )
    return len(steps)


@transaction.atomic(durable=True)
def send_next_step(*, alert_id: int, now: datetime.datetime) -> AlertStep | None:
    """Tell the next member by their next method. Return that step, or None if nothing was due or is left."""
    alert = _lock_due_alert(alert_id, now)
    if alert is None:
        return None
    rules = load_alert_rules(alert.cooperative_id)
    quiet_until = rules.end_of_quiet(now) if alert.kind != AlertKind.RECALL else None
    if quiet_until is not None:
        alert.next_step_at = quiet_until
        alert.save(update_fields=["next_step_at"])
        return None
    step = next(_find_steps_left(alert), None)
    if step is None:
        _end_alert(alert, AlertState.UNANSWERED)
        return None
    user, method = step
    alert.next_step_at = now + datetime.timedelta(minutes=rules.minutes)
    alert.save(update_fields=["next_step_at"])
    tell_member(alert, user, method, now=now)
    return AlertStep.objects.create(alert=alert, user=user, method=method, told_at=now)


@transaction.atomic(durable=True)
def mark_alert_seen(*, cooperative_id: int, alert_id: int, user_id: int, now: datetime.datetime) -> Alert:
    """Record that a member has seen an alert, and tell nobody else. Raises Missing."""
    alert = lock_row(Alert.objects.filter(cooperative=cooperative_id, pk=alert_id))
    if alert is None:
        raise Missing()
    reading = AlertReading(alert=alert, user_id=user_id, seen_at=now)
    AlertReading.objects.bulk_create([reading], ignore_conflicts=True)
    if alert.state in UNSEEN_ALERTS:
        _end_alert(alert, AlertState.SEEN)
        withdraw_notifications(key_prefix=f"{alert_key(alert)}:", now=now)
    return alert


def mark_part_alerts_seen(*, part: OrderPart, user_id: int, now: datetime.datetime) -> None:
    """Record that a member who opened a part has seen the alerts about it."""
    unseen = Alert.objects.filter(part=part, state__in=UNSEEN_ALERTS).order_by("pk")
    for alert_id in unseen.values_list("pk", flat=True):
        mark_alert_seen(cooperative_id=part.cooperative_id, alert_id=alert_id, user_id=user_id, now=now)


@transaction.atomic(durable=True)
def close_alert(*, alert_id: int, now: datetime.datetime) -> None:
    """End an alert that is no longer needed, though nobody has opened it."""
    alert = lock_row(Alert.objects.filter(pk=alert_id))
    if alert is not None and Alert.objects.no_longer_needed().filter(pk=alert_id).exists():
        _end_alert(alert, AlertState.CLOSED)
        withdraw_notifications(key_prefix=f"{alert_key(alert)}:", now=now)


@shared_task(name="orders.escalate_alerts")
def escalate_alerts_task() -> None:
    """Sweep: tell members about alerts that nobody has seen."""
    while escalate_alerts(now=timezone.now()):
        pass


def alerted_right(kind: str) -> MemberRight:
    """Return the right that members need to be told of alerts of this kind, and to open them."""
    return MemberRight.COUNT_STOCK if kind == AlertKind.STOCK else MemberRight.PACK


def _lock_due_alert(alert_id: int, now: datetime.datetime) -> Alert | None:
    """Lock an alert and return it if its next step is still due."""
    alert = lock_row(Alert.objects.filter(pk=alert_id))
    return alert if alert is not None and Alert.objects.due(now).filter(pk=alert_id).exists() else None


def _end_alert(alert: Alert, state: AlertState) -> None:
    """In a transaction: end the steps of a locked alert."""
    change_state(alert, state, ALERT_TRANSITIONS)
    alert.next_step_at = None
    alert.save(update_fields=["next_step_at"])


def _find_steps_left(alert: Alert) -> Iterator[tuple[User, NotificationMethod]]:
    """Yield the members and notification methods that were not tried yet, in their order."""
    right = alerted_right(alert.kind)
    members = User.objects.filter(
        memberships__cooperative=alert.cooperative_id,
        memberships__is_active=True,
        memberships__role__in=[role for role, rights in ROLE_RIGHTS.items() if right in rights],
        is_active=True,
    ).exclude(pk__in=alert.readings.values("user"))
    roles = {
        membership.user_id: membership.role
        for membership in alert.cooperative.memberships.filter(is_active=True)
    }
    tried = set(alert.steps.values_list("user", "method"))
    with_push = set(PushSubscription.objects.filter(user__in=members).values_list("user", flat=True))
    for user in sorted(members, key=lambda member: (roles[member.pk] == Role.MANAGER, member.pk)):
        for method in _methods(alert, user, has_push=user.pk in with_push):
            if (user.pk, method) not in tried:
                yield user, method


def _methods(alert: Alert, user: User, *, has_push: bool) -> Iterator[NotificationMethod]:
    if has_push:
        yield NotificationMethod.PUSH
    is_mailed = alert.kind not in (AlertKind.RECALL, AlertKind.STOCK)
    got_mail = is_mailed and (user.email or "").lower() == alert.cooperative.email.lower()
    if user.email and not got_mail:
        yield NotificationMethod.EMAIL
    if user.phone and user.phone_confirmed_at:
        yield NotificationMethod.SMS
