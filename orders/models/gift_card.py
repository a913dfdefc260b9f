"""Gift cards and their tags."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from shop.accounts.models import App
from shop.core.models import WithMetadata

GIFT_CARD_CODE_LENGTHS = range(8, 17)  # as in Saleor


class GiftCardTag(models.Model):
    """A word in lower case by which staff find gift cards. A tag without cards is deleted."""

    name = models.CharField(max_length=255, unique=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "gift card tag")
        verbose_name_plural = pgettext_lazy("models", "gift card tags")

    def __str__(self) -> str:
        return self.name


class GiftCard(WithMetadata):
    """Prepaid money that whoever knows the code can pay with, in one currency. Balances are minor units.

    `initial_balance` is the most that the card has held since staff last set its balance. A card works on its
    `expiry_date` for the last time. If `assigned_to` is set, only that person can pay with it. The card's
    events are its changes. Codes are stored as normalised by `orders.models.normalise_voucher_code`.
    """

    code = models.CharField(max_length=16, unique=True)
    currency = models.CharField(max_length=3)
    initial_balance = models.BigIntegerField()
    current_balance = models.BigIntegerField()
    is_active = models.BooleanField(default=True)
    expiry_date = models.DateField(null=True, blank=True)
    tags = models.ManyToManyField(GiftCardTag, related_name="gift_cards", blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    app = models.ForeignKey(App, models.SET_NULL, related_name="+", null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="assigned_gift_cards", null=True, blank=True
    )
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="used_gift_cards", null=True, blank=True
    )
    used_by_email = models.EmailField(blank=True, default="")
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "gift card")
        verbose_name_plural = pgettext_lazy("models", "gift cards")
        constraints = [
            models.CheckConstraint(
                condition=Q(current_balance__gte=0, current_balance__lte=F("initial_balance")),
                name="gift_card_balance_within_initial",
            ),
            models.CheckConstraint(condition=~Q(code=""), name="gift_card_has_a_code"),
            models.CheckConstraint(
                condition=Q(used_by=None, used_by_email="") | Q(last_used_at__isnull=False),
                name="gift_card_user_has_used_it",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="gift_card_newest"),
            models.Index(fields=["currency", "current_balance", "id"], name="gift_card_by_balance"),
        ]

    def __str__(self) -> str:
        return f"…{self.last_characters}"

    @property
    def last_characters(self) -> str:
        """The end of the code, by which people tell cards apart without reading the whole code."""
        return self.code[-4:]

    def is_expired(self, today: datetime.date) -> bool:
        return self.expiry_date is not None and self.expiry_date < today
