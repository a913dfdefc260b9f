"""Alert members once when stock becomes low or a lot comes near its use-by date, of several together."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from catalog.models import Lot
from catalog.variant_stock import low_stock_variants
from cooperatives.models import Cooperative
from orders.actions.alerts.alert_rules import load_alert_rules
from orders.models import Alert, AlertKind, StockWarning
from shop.core.database.transactions import lock_row
from shop.core.dates.calendar import vietnam_date
from shop.core.jobs.sweeps import run_each
from shop.core.models import market_channel

# Stock that becomes low within this time is told in one alert.
GATHERING_PERIOD = datetime.timedelta(hours=3)


def raise_stock_alerts(*, now: datetime.datetime) -> None:
    """Raise the stock alerts of all cooperatives that sell, and end the warnings of all others."""
    selling = Cooperative.objects.selling()
    StockWarning.objects.open().exclude(alert__cooperative__in=selling).update(ended_at=now)
    run_each(
        selling.order_by("pk").values_list("pk", flat=True),
        lambda key: raise_stock_alert(cooperative_id=key, now=now),
        sweep="orders.raise_stock_alerts",
    )


@transaction.atomic(durable=True)
def raise_stock_alert(*, cooperative_id: int, now: datetime.datetime) -> Alert | None:
    """Raise one alert for stock that became low or near its use-by date. End warnings that no longer hold.

    Returns None if nothing is new, in quiet hours, and for some hours after the last such alert.
    """
    cooperative = lock_row(Cooperative.objects.filter(pk=cooperative_id))
    channel = market_channel()
    if cooperative is None or channel is None:
        return None
    low = dict(low_stock_variants(cooperative, channel).values_list("pk", "free"))  # type: ignore[misc]
    near = set(Lot.objects.near_expiry(cooperative, vietnam_date(now)).values_list("pk", flat=True))
    warnings = StockWarning.objects.open().filter(alert__cooperative=cooperative)
    warnings.exclude(variant__in=low).filter(lot=None).update(ended_at=now)
    warnings.exclude(lot__in=near).filter(variant=None).update(ended_at=now)
    low_known = set(warnings.filter(lot=None).values_list("variant", flat=True))
    near_known = set(warnings.filter(variant=None).values_list("lot", flat=True))
    stock_alerts = Alert.objects.for_cooperative(cooperative).filter(kind=AlertKind.STOCK)
    new_variants = [key for key in low if key not in low_known]
    new_lots = sorted(near - near_known)
    if (
        not (new_variants or new_lots)
        or load_alert_rules(cooperative_id).end_of_quiet(now) is not None
        or stock_alerts.filter(created_at__gt=now - GATHERING_PERIOD).exists()
    ):
        return None
    alert = Alert.objects.create(
        cooperative=cooperative,
        kind=AlertKind.STOCK,
        occasion=f"stock:{cooperative_id}:{now.isoformat()}",
        created_at=now,
        next_step_at=now,
    )
    StockWarning.objects.bulk_create(
        [
            *(StockWarning(alert=alert, variant_id=key, free=low[key]) for key in new_variants),
            *(StockWarning(alert=alert, lot_id=lot_id) for lot_id in new_lots),
        ]
    )
    return alert


@shared_task(name="orders.raise_stock_alerts")
def raise_stock_alerts_task() -> None:
    """Sweep: raise stock alerts."""
    raise_stock_alerts(now=timezone.now())
