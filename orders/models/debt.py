"""A cooperative's debt book: what customers bought on account, and what they paid."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Sum, When, Window
from django.db.models.functions import Least
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative
from orders.models.customer import CooperativeCustomer

_AGE_GROUPS = (("up_to_30", 30), ("up_to_60", 60), ("up_to_90", 90))


class DebtEntryKind(models.TextChoices):
    SALE = "sale", pgettext_lazy("debt", "Sold on account")
    PAYMENT = "payment", pgettext_lazy("debt", "Paid")
    CORRECTION = "correction", pgettext_lazy("debt", "Correction")


class DebtPaymentMethod(models.TextChoices):
    CASH = "cash", pgettext_lazy("debt", "Cash")
    TRANSFER = "transfer", pgettext_lazy("debt", "Bank transfer")


class DebtEntryQuerySet(models.QuerySet["DebtEntry"]):
    def for_cooperative(self, cooperative: Cooperative) -> DebtEntryQuerySet:
        return self.filter(customer__cooperative=cooperative)

    def in_order(self) -> DebtEntryQuerySet:
        return self.order_by("happened_on", "pk")

    def balance(self) -> int:
        """Return the sum in minor units. Filter by one customer or currency first."""
        total: int = self.aggregate(total=Sum("amount", default=0))["total"]
        return total

    def with_running_balance(self) -> DebtEntryQuerySet:
        """Annotate `running_balance`, the customer's debt after the entry, in the order of `in_order`."""
        balance = Window(Sum("amount"), partition_by=F("customer"), order_by=("happened_on", "pk"))
        return self.annotate(running_balance=balance)  # type: ignore[no-redef]

    def unpaid(self) -> DebtEntryQuerySet:
        """Return entries that are not fully paid, with the rest as `open_amount`.

        Payments pay the oldest entries first, so a customer's debt consists of the newest ones.
        """
        added = Case(When(amount__gt=0, then=F("amount")), default=0)
        newest_first = (F("happened_on").desc(), F("pk").desc())
        added_since = Window(Sum(added), partition_by=F("customer"), order_by=newest_first)
        debt = Window(Sum("amount"), partition_by=F("customer"))
        open_amount = Case(
            When(amount__gt=0, then=Least(F("amount"), debt - added_since + F("amount"))), default=0
        )
        rows: DebtEntryQuerySet = self.annotate(open_amount=open_amount)  # type: ignore[no-redef]
        return rows.filter(open_amount__gt=0)  # type: ignore[misc]


class BookEntry(models.Model):
    """A line of a cooperative's books about a customer or supplier. Amounts are in minor units.

    `happened_on` is the day of the sale, purchase or payment, and `recorded_at` the time of the entry.
    """

    amount = models.BigIntegerField()
    happened_on = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    method = models.CharField(max_length=10, choices=DebtPaymentMethod, blank=True, default="")
    note = models.CharField(max_length=200, blank=True, default="")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()

    class Meta:
        abstract = True


class DebtEntry(BookEntry):
    """One line of the debt book. Rows are only added; a mistake is corrected by a line with its reason.

    `amount` is what the line adds to the debt, in the customer's currency: negative for a payment.
    """

    customer = models.ForeignKey(CooperativeCustomer, models.PROTECT, related_name="debt_entries")
    kind = models.CharField(max_length=10, choices=DebtEntryKind)

    objects = DebtEntryQuerySet.as_manager()

    # Set by the QuerySet's methods.
    running_balance: int
    open_amount: int

    class Meta:
        verbose_name = pgettext_lazy("model", "debt entry")
        verbose_name_plural = pgettext_lazy("models", "debt entries")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=DebtEntryKind.SALE, amount__gte=1, method="")
                | Q(kind=DebtEntryKind.PAYMENT, amount__lte=-1, due_on=None) & ~Q(method="")
                | Q(kind=DebtEntryKind.CORRECTION, method="") & ~Q(amount=0) & ~Q(note=""),
                name="debt_entry_of_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(due_on=None) | Q(due_on__gte=F("happened_on")), name="debt_entry_due_after_sale"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "happened_on", "id", "amount"], name="debt_entry_by_customer")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.amount}"

    def age_in_days(self, today: datetime.date) -> int:
        return (today - self.happened_on).days

    def is_overdue(self, today: datetime.date) -> bool:
        return self.due_on is not None and self.due_on < today


@dataclass(frozen=True, slots=True)
class DebtAgeing:
    """Unpaid debt by its age in days, in minor units."""

    up_to_30: int = 0
    up_to_60: int = 0
    up_to_90: int = 0
    older: int = 0

    @property
    def total(self) -> int:
        return self.up_to_30 + self.up_to_60 + self.up_to_90 + self.older

    @classmethod
    def of_entries(cls, entries: Iterable[DebtEntry], today: datetime.date) -> DebtAgeing:
        """Add up the open amounts of entries that `DebtEntryQuerySet.unpaid` returned."""
        sums = {"up_to_30": 0, "up_to_60": 0, "up_to_90": 0, "older": 0}
        for entry in entries:
            age = entry.age_in_days(today)
            bucket = next((name for name, most_days in _AGE_GROUPS if age <= most_days), "older")
            sums[bucket] += entry.open_amount
        return cls(**sums)
