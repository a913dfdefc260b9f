"""The Celery application and the schedule of background sweeps.

Messages only make work prompt. Database rows are the truth. Every sweep finds the due rows, so a lost message
costs minutes, never an order.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from celery import Celery
from celery.signals import beat_init
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

BEAT_KEY = "last-beat"

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "beat": {"task": "shop.celery.note_beat", "schedule": timedelta(seconds=20)},
    "pictures": {"task": "core.sweep_pictures", "schedule": timedelta(minutes=2)},
    "seals of changes": {"task": "core.seal_changes", "schedule": timedelta(minutes=1)},
    "codes and sessions": {"task": "accounts.delete_expired_access", "schedule": timedelta(hours=1)},
    "expired limits": {"task": "core.delete_expired_limits", "schedule": timedelta(hours=1)},
    "old commands of phones": {"task": "sync.delete_old_commands", "schedule": timedelta(hours=1)},
    "notifications": {"task": "notifications.sweep", "schedule": timedelta(minutes=1)},
    "reservations": {"task": "orders.release_expired_reservations", "schedule": timedelta(minutes=1)},
    "feeds": {"task": "catalog.write_feeds", "schedule": timedelta(minutes=10)},
    "share pictures": {"task": "catalog.draw_share_pictures", "schedule": timedelta(minutes=1)},
    "imports of listings": {"task": "catalog.resume_listing_imports", "schedule": timedelta(minutes=2)},
    "promotions": {"task": "catalog.refresh_promotions", "schedule": timedelta(minutes=1)},
    "words of the catalogue": {"task": "catalog.count_words", "schedule": timedelta(minutes=10)},
    "goods that are back": {
        "task": "catalog.send_back_in_stock_notifications",
        "schedule": timedelta(minutes=2),
    },
    "weekly bulletin": {"task": "catalog.weekly_bulletin", "schedule": timedelta(minutes=15)},
    "unconfirmed followers": {
        "task": "cooperatives.delete_unconfirmed_follows",
        "schedule": timedelta(minutes=30),
    },
    "documents of applications": {
        "task": "cooperatives.delete_due_documents",
        "schedule": timedelta(hours=1),
    },
    "unconfirmed requests to join": {
        "task": "cooperatives.delete_expired_join_requests",
        "schedule": timedelta(hours=6),
    },
    "unanswered parts": {"task": "orders.check_unanswered_parts", "schedule": timedelta(minutes=5)},
    "unanswered weights": {"task": "orders.remind_weight_questions", "schedule": timedelta(minutes=30)},
    "unanswered substitutes": {"task": "orders.expire_substitutes", "schedule": timedelta(minutes=5)},
    "notices of recalls": {"task": "orders.send_recall_notices", "schedule": timedelta(minutes=2)},
    "alerts of cooperatives": {"task": "orders.escalate_alerts", "schedule": timedelta(seconds=30)},
    "stock alerts": {"task": "orders.raise_stock_alerts", "schedule": timedelta(minutes=10)},
    "carriers' statements": {"task": "orders.resume_cod_statements", "schedule": timedelta(minutes=2)},
    "bank statements": {"task": "orders.resume_bank_statements", "schedule": timedelta(minutes=2)},
    "bank webhooks": {"task": "orders.process_bank_webhooks", "schedule": timedelta(minutes=1)},
    "kept cash": {"task": "orders.offset_all_collected_cash", "schedule": timedelta(minutes=10)},
    "Stripe webhooks": {"task": "orders.handle_stripe_events", "schedule": timedelta(minutes=1)},
    "calls to Stripe": {"task": "orders.look_up_gateway_calls", "schedule": timedelta(minutes=1)},
    "money held by cards": {"task": "orders.sweep_card_payments", "schedule": timedelta(minutes=30)},
    "unanswered complaints": {"task": "orders.escalate_complaints", "schedule": timedelta(minutes=10)},
    "money of ended orders": {"task": "orders.refund_ended_orders", "schedule": timedelta(minutes=5)},
    "copies of data": {"task": "orders.make_data_exports", "schedule": timedelta(minutes=10)},
    "deletions of data": {"task": "orders.run_due_deletions", "schedule": timedelta(minutes=30)},
    "names of hand-overs": {"task": "orders.delete_handover_names", "schedule": timedelta(hours=1)},
    "journal of terms": {"task": "orders.trim_terms_journal", "schedule": timedelta(hours=1)},
    "lapsed orders": {"task": "orders.expire_orders", "schedule": timedelta(minutes=10)},
}


@app.task(name="shop.celery.note_beat", expires=60)
def record_beat() -> None:
    """Record when beat and a worker last ran. `/health/` reads it."""
    cache.set(BEAT_KEY, timezone.now().isoformat(), timeout=None)


@beat_init.connect
def _queue_first_beat(**_: object) -> None:
    """Queue the first beat at once, so that `/health/` does not wait for the schedule."""
    record_beat.delay()


@app.on_configure.connect
def _make_queue_folders(**_: object) -> None:
    """Create the folders that the file transport expects."""
    # Read Django's settings here, because reading app.conf would configure it again, endlessly.
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    for name in ("data_folder_in", "control_folder"):
        if name in options:
            Path(str(options[name])).mkdir(parents=True, exist_ok=True)
