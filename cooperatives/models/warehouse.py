from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Exists, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.models.cooperative import Cooperative
from shop.accounts.models import Address
from shop.core.models import Channel, WithExternalReference, WithMetadata, WithSortOrder


class ClickAndCollect(models.TextChoices):
    """Pickup options of a warehouse, which are Saleor's click-and-collect options."""

    DISABLED = "disabled", _("no pickup here")
    LOCAL = "local", _("pickup of the items in stock here")
    ALL = "all", _("pickup of all items here")


class ZoneQuerySet(models.QuerySet["Zone"]):
    def covering(self, country: str, *, channel_id: int) -> ZoneQuerySet:
        """Return the channel's zones that name the country or, if none does, its default zones."""
        channel_zones = Zone.objects.filter(channels=channel_id)
        zones_of_country = channel_zones.filter(countries__country=country)
        return self.filter(
            Q(pk__in=zones_of_country.values("pk"))
            | (Q(pk__in=channel_zones.filter(is_default=True).values("pk")) & ~Exists(zones_of_country))
        )


class Zone(WithMetadata):
    """A group of countries. A warehouse is available to buyers in the countries of its zones."""

    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, default="")
    is_default = models.BooleanField(
        default=False, help_text=_("Whether it covers every country that no other zone names.")
    )
    channels = models.ManyToManyField(Channel, related_name="zones", blank=True)

    objects = ZoneQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class ZoneCountry(models.Model):
    """One country of a zone, as a row that availability queries can join."""

    zone = models.ForeignKey(Zone, models.CASCADE, related_name="countries")
    country = models.CharField(max_length=2)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["country", "zone"], name="zone_country_once")]

    def __str__(self) -> str:
        return self.country


class WarehouseQuerySet(models.QuerySet["Warehouse"]):
    def for_cooperative(self, cooperative: Cooperative) -> WarehouseQuerySet:
        return self.filter(cooperative=cooperative)

    def open(self) -> WarehouseQuerySet:
        """Return warehouses in use, oldest first."""
        return self.filter(closed_at=None).order_by("created_at", "pk")

    def selling_to(self, country: str, *, channel_id: int) -> WarehouseQuerySet:
        """Return the channel's warehouses that have a zone covering the country in that channel."""
        zones = Zone.objects.covering(country, channel_id=channel_id)
        return self.filter(channels=channel_id).filter(zones__in=zones)


class Warehouse(WithMetadata, WithExternalReference):
    """A place where a cooperative keeps stock and, optionally, where buyers pick up.

    A closed warehouse remains for history. It receives no stock and no channel sells from it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="warehouses")
    name = models.CharField(max_length=250)
    slug = models.SlugField(max_length=255, unique=True)
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    email = models.EmailField(blank=True, default="")
    click_and_collect = models.CharField(
        max_length=10, choices=ClickAndCollect, default=ClickAndCollect.DISABLED
    )
    is_private = models.BooleanField(default=True)
    channels = models.ManyToManyField(Channel, through="WarehouseChannel", related_name="warehouses")
    zones = models.ManyToManyField(Zone, related_name="warehouses", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "warehouse")
        verbose_name_plural = pgettext_lazy("models", "warehouses")
        indexes = [models.Index(fields=["cooperative", "slug"], name="warehouse_by_cooperative")]

    def __str__(self) -> str:
        return self.name


class WarehouseChannel(WithSortOrder):
    """Assigns a warehouse to a channel. Stock is allocated in the order of positions."""

    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="channel_rows")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="warehouse_rows")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "warehouse"], name="warehouse_channel_once"),
        ]

    def __str__(self) -> str:
        return f"{self.warehouse_id} {self.channel_id}"
