"""Delivery runs: parcels that one driver carries. The driver has a page until the run ends."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative
from orders.models.handover import REDACTED
from orders.models.parcel import Parcel
from shop.core.actors import Actor, ActorKind, EntryPoint


class DeliveryRunQuerySet(models.QuerySet["DeliveryRun"]):
    def for_cooperative(self, cooperative: Cooperative) -> DeliveryRunQuerySet:
        return self.filter(cooperative=cooperative)

    def open(self) -> DeliveryRunQuerySet:
        return self.filter(ended_at=None)

    def latest_of_parcels(self, parcels: Iterable[Parcel]) -> dict[int, DeliveryRun]:
        """Return the latest run of each parcel that is or was in one. At most one query."""
        keys = [parcel.pk for parcel in parcels]
        if not keys:
            return {}
        run_parcels = RunParcel.objects.filter(parcel__in=keys).select_related("run").order_by("run", "pk")
        return {run_parcel.parcel_id: run_parcel.run for run_parcel in run_parcels}

    def newest_first(self) -> DeliveryRunQuerySet:
        return self.order_by("-created_at", "-pk")


class DeliveryRun(models.Model):
    """A driver's tour with some parcels of a cooperative, named after the communes it goes to.

    The driver needs no account. The link holds a signed id, is stored nowhere, and works until `ended_at`.
    """

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="delivery_runs")
    name = models.CharField(max_length=200)
    driver_name = models.CharField(max_length=120)
    driver_phone = models.CharField(max_length=40, blank=True, default="")
    vehicle = models.CharField(max_length=60, blank=True, default="", help_text=_("Number plate."))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryRunQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "delivery run")
        verbose_name_plural = pgettext_lazy("models", "delivery runs")
        indexes = [
            models.Index(fields=["cooperative", "-created_at", "-id"], name="run_by_cooperative"),
            models.Index(fields=["created_at", "id"], condition=Q(ended_at=None), name="run_open"),
            models.Index(fields=["ended_at", "id"], condition=~Q(driver_name=REDACTED), name="run_named"),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative_id} {self.name}"

    @property
    def driver(self) -> Actor:
        """The driver, who acts for the cooperative through the run's link."""
        return Actor(ActorKind.GUEST, EntryPoint.MEMBERS, name=self.driver_name)


class RunParcelQuerySet(models.QuerySet["RunParcel"]):
    def open(self) -> RunParcelQuerySet:
        """Return the parcels of runs that have not ended."""
        return self.filter(released_at=None)

    def drivers(self, parcels: Iterable[Parcel]) -> dict[int, str]:
        """Return the names of the drivers of the open runs of these parcels. At most one query."""
        keys = [parcel.pk for parcel in parcels]
        names = self.open().filter(parcel__in=keys).values_list("parcel", "run__driver_name")
        return dict(names) if keys else {}


class RunParcel(models.Model):
    """A parcel of a delivery run. From `released_at`, when the run ended, another run may take it."""

    run = models.ForeignKey(DeliveryRun, models.CASCADE, related_name="run_parcels")
    parcel = models.ForeignKey(Parcel, models.CASCADE, related_name="run_parcels")
    released_at = models.DateTimeField(null=True, blank=True)

    objects = RunParcelQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "parcel of a run")
        verbose_name_plural = pgettext_lazy("models", "parcels of a run")
        constraints = [
            models.UniqueConstraint(fields=["run", "parcel"], name="run_parcel_once"),
            models.UniqueConstraint(
                fields=["parcel"], condition=Q(released_at=None), name="run_parcel_in_one_open_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.parcel_id}"
