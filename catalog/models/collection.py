"""Collections: lists of products that staff choose across categories and cooperatives."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from catalog.models.product import Product
from shop.core.models import Channel, Picture, WithMetadata, WithSeo, WithSortOrder, WithTimes


class Collection(WithMetadata, WithSeo, WithTimes):
    """A curated product list. A cooperative's own product list is not stored as a collection."""

    slug = models.SlugField(max_length=255, unique=True)
    name = models.CharField(max_length=250)
    description = models.JSONField(null=True, blank=True)
    description_text = models.TextField(blank=True, default="")
    cover = models.ForeignKey(Picture, models.SET_NULL, related_name="+", null=True, blank=True)
    products = models.ManyToManyField(Product, through="CollectionProduct", related_name="collections")

    class Meta:
        verbose_name = pgettext_lazy("model", "collection")
        verbose_name_plural = pgettext_lazy("models", "collections")
        indexes = [models.Index(fields=["name", "id"], name="collection_by_name")]

    def __str__(self) -> str:
        return self.name


class CollectionProduct(WithSortOrder):
    """A product in a collection, with its position."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="product_rows")
    product = models.ForeignKey(Product, models.CASCADE, related_name="collection_rows")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "product"], name="collection_product_once"),
        ]
        indexes = [
            models.Index(fields=["collection", "sort_order", "product"], name="collection_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.collection_id} {self.product_id}"


class CollectionListing(models.Model):
    """A collection's visibility in a channel. Buyers see it from `published_at` on."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="listings")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    is_published = models.BooleanField(default=False)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "channel"], name="collection_listing_once"),
        ]

    def __str__(self) -> str:
        return f"{self.collection_id} {self.channel_id}"
