"""The accounts that must have a second factor, and their deadline."""

from __future__ import annotations

import datetime

from django.db import transaction

from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.transactions import lock_row
from shop.core.models import ShopSettings, record_change, shop_settings


def find_second_factor_deadline(
    user: User, *, is_required: bool, now: datetime.datetime
) -> datetime.datetime | None:
    """Return the deadline for a second factor, or None if the user has one or needs none.

    The grace period starts when it is first required.
    """
    if not is_required or user.has_second_factor:
        return None
    if user.second_factor_due_at is None:
        user.second_factor_due_at = _begin_grace(user_id=user.pk, now=now)
    return user.second_factor_due_at


def is_overdue(user: User, *, is_required: bool, now: datetime.datetime) -> bool:
    """Return whether the user's grace period is over."""
    deadline = find_second_factor_deadline(user, is_required=is_required, now=now)
    return deadline is not None and deadline <= now


@transaction.atomic(durable=True)
def change_second_factor_rule(
    *,
    is_required_of_staff: bool,
    is_required_of_managers: bool,
    grace_days: int,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Set who needs a second factor. The grace period restarts for users without one."""
    ShopSettings.objects.get_or_create(pk=1)
    settings = lock_row(ShopSettings.objects.filter(pk=1))
    assert settings is not None
    changes = set_tracked_columns(
        settings,
        {
            "requires_second_factor_of_staff": is_required_of_staff,
            "requires_second_factor_of_managers": is_required_of_managers,
            "second_factor_grace_days": grace_days,
        },
    )
    settings.save()
    User.objects.filter(second_factor_since=None).exclude(second_factor_due_at=None).update(
        second_factor_due_at=None
    )
    record_change("market.second_factor_changed", settings, actor=actor, now=now, data=changes)


@transaction.atomic(durable=True)
def _begin_grace(*, user_id: int, now: datetime.datetime) -> datetime.datetime:
    """Start a user's grace period once, and return its end."""
    due_at = now + datetime.timedelta(days=shop_settings().second_factor_grace_days)
    begun = User.objects.filter(pk=user_id, second_factor_due_at=None)
    if begun.update(second_factor_due_at=due_at):
        record_change("user.second_factor_required", User(pk=user_id), actor=Actor.system(), now=now)
        return due_at
    existing_deadline = User.objects.values_list("second_factor_due_at", flat=True).get(pk=user_id)
    return existing_deadline or due_at
