"""Record requests to be told when a product is back in stock, notify each requester once, and cancel them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog import notifications
from catalog.models import BackInStockRequest, Product
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.jobs.sweeps import run_batch
from shop.core.models import Channel, market_channel, record_change
from shop.notifications.models import ContactMethod

BATCH = 100
# Contacts are kept only as long as they are needed: for 30 days after the notification, or for 400 days if
# none was sent.
SENT_REQUEST_RETENTION = datetime.timedelta(days=30)
WAITING_REQUEST_RETENTION = datetime.timedelta(days=400)


class AlreadyInStock(Refused):
    code = "already_in_stock"
    default_message = _("This product is available now.")


@transaction.atomic(durable=True)
def request_back_in_stock(
    *,
    product_slug: str,
    variant_id: int | None,
    contact_method: ContactMethod,
    contact: str,
    user: User | None,
    language: str,
    channel: Channel,
    actor: Actor,
    now: datetime.datetime,
) -> BackInStockRequest:
    """Request one notification when a product can be ordered again, for one variant or any (None).

    `contact` is an email address or a normalised phone number, depending on `contact_method`. A repeated
    request changes nothing while the first one waits. After the notification it starts a new wait.

    Raises Missing, AlreadyInStock.
    """
    product = Product.objects.paused_or_published(channel.pk).filter(slug=product_slug).first()
    if product is None or (variant_id and not product.variants.filter(pk=variant_id).exists()):
        raise Missing()
    contact = contact.strip().lower()
    new_request = BackInStockRequest(
        product=product,
        variant_id=variant_id,
        user=user,
        contact_method=contact_method,
        contact=contact,
        language=language,
        created_at=now,
    )
    BackInStockRequest.objects.bulk_create([new_request], ignore_conflicts=True)
    row = lock_row(BackInStockRequest.objects.filter(product=product, variant=variant_id, contact=contact))
    if row is None:  # deleted at the same moment
        raise Missing()
    if row.notified_at is not None or row.token == new_request.token:
        _start_wait(row, new_request, channel, actor=actor, now=now)
    return row


@transaction.atomic(durable=True)
def cancel_back_in_stock_request(*, token: str, actor: Actor, now: datetime.datetime) -> None:
    """Delete a request and its contact. Raises Missing if already done."""
    row = lock_row(BackInStockRequest.objects.filter(token=token).select_related("product"))
    if row is None:
        raise Missing()
    record_change(
        "back_in_stock_request.ended", row, actor=actor, now=now, cooperative_id=row.product.cooperative_id
    )
    row.delete()


def delete_back_in_stock_requests_of_user(user: User) -> None:
    """In a transaction: delete a user's requests, by account, email or phone."""
    contacts = [contact for contact in (user.email, user.phone) if contact]
    BackInStockRequest.objects.filter(Q(user=user) | Q(contact__in=contacts)).delete()


def delete_back_in_stock_requests_of_contact(contact: str) -> None:
    """In a transaction: delete a guest's requests, by email or phone."""
    BackInStockRequest.objects.filter(contact=contact).delete()


def send_back_in_stock_notifications(*, channel: Channel, now: datetime.datetime, batch: int = BATCH) -> int:
    """Send a batch of due notifications, the oldest requests first, and return how many were sent."""
    batch_counts: list[int] = []
    run_batch(
        BackInStockRequest.objects.due(channel, vietnam_date(now)).values_list("pk", flat=True),
        lambda keys: batch_counts.append(_send_batch(keys, channel, now=now)),
        sweep="catalog.send_back_in_stock_notifications",
        batch_size=batch,
    )
    return sum(batch_counts)


@transaction.atomic(durable=True)
def _send_batch(keys: Sequence[int], channel: Channel, *, now: datetime.datetime) -> int:
    """Send the notifications of these requests that are still due, and return how many were sent.

    The rows are selected again under their locks, so that only one of two sweeps sends. The key of a
    notification also ensures that each request is notified once.
    """
    due_requests = BackInStockRequest.objects.due(channel, vietnam_date(now)).filter(pk__in=keys)
    rows = lock_rows(due_requests.select_related("product__cooperative", "variant", "user"))
    for row in rows:
        notifications.send_back_in_stock(row, now=now)
        record_change(
            "back_in_stock_request.notified",
            row,
            actor=Actor.system("back_in_stock"),
            now=now,
            cooperative_id=row.product.cooperative_id,
        )
    BackInStockRequest.objects.filter(pk__in=[row.pk for row in rows]).update(notified_at=now)
    return len(rows)


@shared_task(name="catalog.send_back_in_stock_notifications")
def send_back_in_stock_task() -> None:
    """Sweep: send due notifications, and delete contacts that are no longer needed."""
    now = timezone.now()
    channel = market_channel()
    if channel is not None:
        while send_back_in_stock_notifications(channel=channel, now=now) == BATCH:
            pass
    BackInStockRequest.objects.outdated(
        notified_before=now - SENT_REQUEST_RETENTION, created_before=now - WAITING_REQUEST_RETENTION
    ).delete()


def _start_wait(
    existing_request: BackInStockRequest,
    new_request: BackInStockRequest,
    channel: Channel,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Make the request wait from now on, for the next season if the product can be ordered today.

    Raises AlreadyInStock if the product is in season and can be ordered.
    """
    existing_request.created_at, existing_request.notified_at = now, None
    existing_request.language = new_request.language
    existing_request.contact_method = new_request.contact_method
    existing_request.user = new_request.user or existing_request.user
    existing_request.is_for_next_season = False
    existing_request.save(
        update_fields=[
            "created_at",
            "notified_at",
            "language",
            "contact_method",
            "user",
            "is_for_next_season",
        ]
    )
    today = vietnam_date(now)
    if BackInStockRequest.objects.due(channel, today).filter(pk=existing_request.pk).exists():
        if today.month in existing_request.product.months:
            raise AlreadyInStock()
        existing_request.is_for_next_season = True
        existing_request.save(update_fields=["is_for_next_season"])
    record_change(
        "back_in_stock_request.created",
        existing_request,
        actor=actor,
        now=now,
        cooperative_id=existing_request.product.cooperative_id,
    )
