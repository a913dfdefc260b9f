"""Hand-overs of parcels: codes that the giver shows, and records of who received what, when and where."""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.models.parcel import Parcel

# Replaces names and the place once a person is anonymised. After half a year it replaces names, and places of
# deliveries.
REDACTED = "-"


class HandoverStep(models.TextChoices):
    """A step from hand to hand: to the collection point, to the driver, to the buyer."""

    TO_COLLECTION_POINT = "to_point", _("from the farmer to the collection point")
    TO_DRIVER = "to_driver", _("from the collection point to the driver")
    TO_BUYER = "to_buyer", _("from the driver to the buyer")


# A record without names, and for a delivery without its place.
IS_REDACTED = Q(giver_name=REDACTED, receiver_name=REDACTED) & (
    ~Q(step=HandoverStep.TO_BUYER) | Q(place=REDACTED)
)


class HandoverMethod(models.TextChoices):
    SCAN = "scan", _("QR code scanned")
    DIGITS = "digits", _("six digits entered")


class HandoverCodeQuerySet(models.QuerySet["HandoverCode"]):
    def open(self, now: datetime.datetime) -> HandoverCodeQuerySet:
        """Return codes that were neither used nor replaced, and have not expired."""
        return self.filter(closed_at=None, expires_at__gt=now)

    def usable(self, now: datetime.datetime) -> HandoverCodeQuerySet:
        """Return open codes whose digits may still be tried."""
        return self.open(now).filter(tries__lt=HandoverCode.MAX_TRIES)


class HandoverCode(models.Model):
    """A code with which a parcel's receiver confirms one step. Of the six digits only a keyed hash is stored.

    `closed_at` is when the code was used or replaced, or when its journey or run ended. `is_cash_collected`
    is what a driver says about the cash when the code is made.

    Phones also make codes without a network, which are computed again when they arrive. In their rows
    `subject` names what the code is about, as in `orders.actions.fulfilment.phone_codes`, and the row keeps
    the giver. Such a row is never open.
    """

    MAX_TRIES = 3

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    parcel = models.ForeignKey(Parcel, models.CASCADE, related_name="handover_codes")
    step = models.CharField(max_length=10, choices=HandoverStep)
    digest = models.CharField(max_length=64, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    giver_name = models.CharField(max_length=120)
    is_cash_collected = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    subject = models.CharField(max_length=80, unique=True, null=True, blank=True)

    objects = HandoverCodeQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "hand-over code")
        verbose_name_plural = pgettext_lazy("models", "hand-over codes")
        constraints = [
            models.UniqueConstraint(
                fields=["parcel"], condition=Q(closed_at=None), name="handover_code_one_open"
            ),
            models.CheckConstraint(condition=Q(tries__lte=3), name="handover_code_tries_limited"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="handover_code_expires_after_it_is_created"
            ),
            models.CheckConstraint(
                condition=Q(subject=None) | Q(closed_at__isnull=False),
                name="handover_code_of_a_phone_is_not_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at", "id"], condition=~Q(giver_name=REDACTED), name="handover_code_named"
            )
        ]

    def __str__(self) -> str:
        return f"{self.parcel_id} {self.step}"


class HandoverRecord(models.Model):
    """A confirmed hand-over. Each code confirms one. Rows are only added, but names and places are redacted.

    `happened_at` is when the receiver confirmed it, by our clock, also if the phone sent it later.
    """

    parcel = models.ForeignKey(Parcel, models.PROTECT, related_name="handovers")
    code = models.OneToOneField(HandoverCode, models.PROTECT, related_name="record")
    step = models.CharField(max_length=10, choices=HandoverStep)
    method = models.CharField(max_length=10, choices=HandoverMethod)
    giver_name = models.CharField(max_length=120)
    receiver_name = models.CharField(max_length=120)
    place = models.CharField(max_length=200)
    happened_at = models.DateTimeField()
    idempotency_key = models.CharField(max_length=120, unique=True, null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "hand-over")
        verbose_name_plural = pgettext_lazy("models", "hand-overs")
        constraints = [
            models.CheckConstraint(
                condition=~Q(receiver_name="") & ~Q(giver_name="") & ~Q(place=""),
                name="handover_names_people_and_place",
            )
        ]
        indexes = [
            models.Index(fields=["parcel", "id"], name="handover_by_parcel"),
            models.Index(fields=["happened_at", "id"], condition=~IS_REDACTED, name="handover_named"),
        ]

    def __str__(self) -> str:
        return f"{self.parcel_id} {self.step}"
