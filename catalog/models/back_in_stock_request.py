from __future__ import annotations

import datetime
import secrets

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from catalog.models.listing import Listing, Price
from catalog.models.product import Product, Variant
from catalog.models.stock import Stock
from catalog.states import ListingState
from cooperatives.models import Cooperative
from shop.core.models import Channel
from shop.notifications.models import ContactMethod


class BackInStockRequestQuerySet(models.QuerySet["BackInStockRequest"]):
    def waiting(self) -> BackInStockRequestQuerySet:
        return self.filter(notified_at=None)

    def due(self, channel: Channel, day: datetime.date) -> BackInStockRequestQuerySet:
        """Return requests to send on the day, in the order they were made.

        The product can be ordered again: it is listed, its cooperative is approved and not paused, and stock
        reaches the channel's country. Requests for the next season also wait until it starts.
        """
        published_listings = Listing.objects.filter(
            product=OuterRef("product"),
            channel=channel,
            state=ListingState.PUBLISHED,
            product__cooperative__in=Cooperative.objects.selling_on(day),
        )
        in_stock = Stock.objects.reachable(channel_id=channel.pk, country=channel.default_country)
        in_stock = in_stock.filter(variant=OuterRef("pk"), free__gt=0)
        channel_prices = Price.objects.filter(variant=OuterRef("pk"), channel=channel, amount__isnull=False)
        available_variant = Variant.objects.filter(
            Q(track_inventory=False) | Exists(in_stock), Exists(channel_prices), pk=OuterRef("variant")
        )
        any_variant = Q(variant=None) & Exists(published_listings.filter(is_available=True))
        return (
            self.waiting()
            .alias(_month=F("product__season").bitand(1 << (day.month - 1)))
            .filter(
                Exists(published_listings),
                any_variant | Exists(available_variant),
                Q(is_for_next_season=False) | Q(_month__gt=0),
            )
            .order_by("created_at", "pk")
        )

    def outdated(
        self, *, notified_before: datetime.datetime, created_before: datetime.datetime
    ) -> BackInStockRequestQuerySet:
        """Return requests to delete: sent before `notified_before`, or created before `created_before`."""
        return self.filter(
            Q(notified_at__lt=notified_before) | Q(notified_at=None, created_at__lt=created_before)
        )

    def of_person(self, user_id: int) -> BackInStockRequestQuerySet:
        return self.filter(user=user_id)


class BackInStockRequest(models.Model):
    """A request for one email or SMS when a product can be ordered again.

    `variant` is None if any variant will do. `is_for_next_season` says that the product was available when it
    was requested, and that the request waits for the season. `contact` is a lower-case email address or a
    normalised phone number. `notified_at` is when the notification was sent. A new request after that reuses
    the row. `token` is the secret of the unsubscribe link.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="back_in_stock_requests")
    variant = models.ForeignKey(
        Variant, models.CASCADE, related_name="back_in_stock_requests", null=True, blank=True
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="back_in_stock_requests", null=True, blank=True
    )
    contact_method = models.CharField(max_length=10, choices=ContactMethod)
    contact = models.CharField(max_length=254)
    language = models.CharField(max_length=16, default="vi")
    is_for_next_season = models.BooleanField(default=False)
    token = models.CharField(max_length=64, unique=True, default=secrets.token_urlsafe)
    created_at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True, blank=True)

    objects = BackInStockRequestQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "back-in-stock request")
        verbose_name_plural = pgettext_lazy("models", "back-in-stock requests")
        constraints = [
            # Databases consider nulls distinct, so "any variant" counts as variant 0.
            models.UniqueConstraint(
                "product", Coalesce("variant", Value(0)), "contact", name="back_in_stock_request_once"
            ),
            models.CheckConstraint(condition=~Q(contact=""), name="back_in_stock_request_has_a_contact"),
        ]
        indexes = [
            models.Index(
                fields=["created_at", "id"],
                condition=Q(notified_at=None),
                name="back_in_stock_request_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.contact_method}"
