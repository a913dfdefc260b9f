"""Customers whom a cooperative knows by their phone number, at the counter, at the market and by phone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative
from shop.core.identifiers.phones import normalise_phone
from shop.core.texts.folding import query_words

_MIN_PHONE_DIGITS = 3


class PriceTier(models.TextChoices):
    """The prices that a customer pays."""

    RETAIL = "retail", pgettext_lazy("price tier", "Retail prices")
    WHOLESALE = "wholesale", pgettext_lazy("price tier", "Wholesale prices")


class CustomerQuerySet(models.QuerySet["CooperativeCustomer"]):
    def for_cooperative(self, cooperative: Cooperative) -> CustomerQuerySet:
        """Return the cooperative's customers, without those whose data was erased."""
        return self.filter(cooperative=cooperative, erased_at=None)

    def in_order(self) -> CustomerQuerySet:
        return self.order_by("sort_key", "pk")

    def in_credit(self) -> CustomerQuerySet:
        """Return customers who paid in advance, with the sum as `credit`."""
        rows: CustomerQuerySet = self.annotate(credit=-models.Sum("debt_entries__amount"))  # type: ignore[no-redef]
        return rows.filter(credit__gt=0)  # type: ignore[misc]

    def matching(self, text: str) -> CustomerQuerySet:
        """Return customers by words of name and group without diacritics, or by digits of the number."""
        digits = normalise_phone(text).removeprefix("+84").removeprefix("+").lstrip("0")
        if len(digits) >= _MIN_PHONE_DIGITS and not any(sign.isalpha() for sign in text):
            return self.filter(phone__contains=digits)
        rows = self
        for word in query_words(text):
            rows = rows.filter(Q(search_text__startswith=word) | Q(search_text__contains=f" {word}"))
        return rows


class CooperativeCustomer(models.Model):
    """A customer in one cooperative's own records. `phone` is in its stored form and identifies the row.

    It is no web account and no web order leads to it, because nobody agreed to that. `search_text` is the
    folded name and group, and `sort_key` is the key of the name. `birthday` is empty unless the customer
    gave it.

    `credit_limit` is the most that the customer may owe, in minor units of `currency`, and None is no limit.
    A sale on account is due after `payment_days`. A customer with debt entries is not deleted but emptied
    (`erased_at`). `erasure_requested_at` is set until the debt is settled.
    """

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="customers")
    phone = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=120, blank=True)
    group = models.CharField(max_length=60, blank=True, default="")
    price_tier = models.CharField(max_length=10, choices=PriceTier, default=PriceTier.RETAIL)
    birthday = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True, default="")
    search_text = models.CharField(max_length=200, blank=True)
    sort_key = models.CharField(max_length=500, blank=True)
    currency = models.CharField(max_length=3)
    credit_limit = models.BigIntegerField(null=True, blank=True)
    payment_days = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    erasure_requested_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = CustomerQuerySet.as_manager()

    credit: int  # set by `CustomerQuerySet.in_credit`

    class Meta:
        verbose_name = pgettext_lazy("model", "cooperative's customer")
        verbose_name_plural = pgettext_lazy("models", "cooperatives' customers")
        constraints = [
            models.UniqueConstraint(
                fields=["cooperative", "phone"], condition=Q(erased_at=None), name="customer_phone_once"
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) & ~Q(name="") & ~Q(phone="")
                | Q(
                    erased_at__isnull=False,
                    name="",
                    phone="",
                    group="",
                    note="",
                    search_text="",
                    sort_key="",
                    birthday=None,
                ),
                name="customer_known_or_erased",
            ),
            models.CheckConstraint(
                condition=Q(credit_limit=None) | Q(credit_limit__gte=0), name="customer_limit_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["cooperative", "sort_key"], name="customer_by_name"),
            models.Index(fields=["phone"], condition=Q(erased_at=None), name="customer_by_phone"),
        ]

    def __str__(self) -> str:
        return self.name
