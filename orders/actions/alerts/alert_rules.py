"""A cooperative's rules for alerts: minutes between steps, quiet hours, and limits of stock."""

from __future__ import annotations

import datetime

from django.db import transaction

from cooperatives.actions.cooperative_lifecycle import change_stock_warnings
from orders.models import AlertRules
from shop.core.actors import Actor
from shop.core.models import record_change


@transaction.atomic(durable=True)
def set_alert_rules(
    *,
    cooperative_id: int,
    minutes: int,
    quiet_from: int,
    quiet_until: int,
    low_stock_at: int,
    near_expiry_days: int,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Set the minutes between two steps, the quiet hours, and when members are warned of stock."""
    change_stock_warnings(
        cooperative_id=cooperative_id,
        low_stock_at=low_stock_at,
        near_expiry_days=near_expiry_days,
        actor=actor,
        now=now,
    )
    rules = AlertRules(
        cooperative_id=cooperative_id, minutes=minutes, quiet_from=quiet_from, quiet_until=quiet_until
    )
    AlertRules.objects.bulk_create(
        [rules],
        update_conflicts=True,
        unique_fields=["cooperative"],
        update_fields=["minutes", "quiet_from", "quiet_until"],
    )
    record_change(
        "cooperative.alert_rules_changed",
        rules.cooperative,
        actor=actor,
        now=now,
        cooperative_id=cooperative_id,
    )


def load_alert_rules(cooperative_id: int) -> AlertRules:
    """Return a cooperative's rules, or the defaults."""
    rules = AlertRules.objects.filter(cooperative=cooperative_id).first()
    return rules or AlertRules(cooperative_id=cooperative_id)
