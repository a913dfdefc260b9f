from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import pgettext_lazy

from catalog.models.listing import Listing
from catalog.models.product import Product, ProductMedia
from catalog.states import APPROVED_STATES, RevisionState
from shop.core.models import Picture


class RevisionQuerySet(models.QuerySet["ProductRevision"]):
    def waiting(self) -> RevisionQuerySet:
        """Return revisions of products on sale or paused that wait for review, longest waiting first."""
        approved = Listing.objects.filter(product=OuterRef("product"), state__in=APPROVED_STATES)
        rows = self.filter(Exists(approved), state=RevisionState.IN_REVIEW, product__removed_at=None)
        return rows.order_by("submitted_at", "pk")


class ProductRevision(models.Model):
    """Changes that a cooperative proposes to an approved product. Buyers see the product without them.

    `values` holds columns of the product by name. `translations` holds texts by language: those of the
    product under "product", and those of its variants under "variants" by key. `variant_names` holds names of
    variants by key. If `has_pictures` is true, the product's photos become `picture_rows`, in their order.
    Only columns that differ from the product are stored.
    """

    product = models.OneToOneField(Product, models.CASCADE, related_name="revision")
    values = models.JSONField(default=dict)
    translations = models.JSONField(default=dict)
    variant_names = models.JSONField(default=dict)
    has_pictures = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=RevisionState, default=RevisionState.IN_REVIEW)
    state_reason = models.TextField(blank=True, default="")
    submitted_at = models.DateTimeField()

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "product revision")
        verbose_name_plural = pgettext_lazy("models", "product revisions")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=RevisionState.RETURNED) | ~Q(state_reason=""),
                name="revision_returned_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["submitted_at", "id"],
                condition=Q(state=RevisionState.IN_REVIEW),
                name="revision_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.state}"

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.translations or self.variant_names or self.has_pictures)

    @property
    def is_returned(self) -> bool:
        return self.state == RevisionState.RETURNED

    def is_unchanged_since(self, seen_submitted_at: datetime.datetime) -> bool:
        """Return whether the revision has not changed since a reviewer opened it."""
        return self.submitted_at == seen_submitted_at


class RevisionPicture(models.Model):
    """A photo of a revision, which is one that the product has (`media`) or a new one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    revision = models.ForeignKey(ProductRevision, models.CASCADE, related_name="picture_rows")
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="+")
    media = models.ForeignKey(ProductMedia, models.CASCADE, related_name="+", null=True, blank=True)
    alt = models.CharField(max_length=250, blank=True, default="")
    sort_order = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "media"], name="revision_media_once"),
        ]
        indexes = [models.Index(fields=["revision", "sort_order", "id"], name="revision_picture_in_order")]

    def __str__(self) -> str:
        return self.alt
