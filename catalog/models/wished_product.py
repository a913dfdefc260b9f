from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from catalog.models.product import Product


class WishedProduct(models.Model):
    """A product on a user's wish list. Wish lists of guests are kept in the session."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="wishes")
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = pgettext_lazy("model", "wished product")
        verbose_name_plural = pgettext_lazy("models", "wished products")
        constraints = [models.UniqueConstraint(fields=["user", "product"], name="wish_once")]
        indexes = [models.Index(fields=["user", "-added_at", "-id"], name="wish_newest")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.product_id}"
