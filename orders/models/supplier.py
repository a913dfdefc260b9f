"""What a cooperative owes to producers and suppliers."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative, Producer
from orders.models.debt import BookEntry


class SupplierQuerySet(models.QuerySet["Supplier"]):
    def for_cooperative(self, cooperative: Cooperative) -> SupplierQuerySet:
        return self.filter(cooperative=cooperative)

    def with_balance(self) -> SupplierQuerySet:
        """Annotate `balance`, what the cooperative owes, negative if it paid in advance."""
        balance = Coalesce(Sum("entries__amount"), 0)
        return self.annotate(balance=balance)  # type: ignore[no-redef]

    def in_order(self) -> SupplierQuerySet:
        return self.order_by("sort_key", "pk")


class Supplier(models.Model):
    """A business or household that a cooperative buys from. `producer` is set for its own producers."""

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="suppliers")
    producer = models.OneToOneField(Producer, models.SET_NULL, related_name="supplier", null=True, blank=True)
    name = models.CharField(max_length=120)
    sort_key = models.CharField(max_length=500)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()

    objects = SupplierQuerySet.as_manager()

    balance: int  # set by `SupplierQuerySet.with_balance`

    class Meta:
        verbose_name = pgettext_lazy("model", "supplier")
        verbose_name_plural = pgettext_lazy("models", "suppliers")
        constraints = [
            models.UniqueConstraint(fields=["cooperative", "name"], name="supplier_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="supplier_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class SupplierEntryKind(models.TextChoices):
    PURCHASE = "purchase", pgettext_lazy("supplier", "Bought")
    PAYMENT = "payment", pgettext_lazy("supplier", "Paid to them")
    CORRECTION = "correction", pgettext_lazy("supplier", "Correction")


class SupplierEntryQuerySet(models.QuerySet["SupplierEntry"]):
    def for_cooperative(self, cooperative: Cooperative) -> SupplierEntryQuerySet:
        return self.filter(supplier__cooperative=cooperative)

    def balance(self) -> int:
        """Return the sum in minor units. Filter by one supplier or currency first."""
        total: int = self.aggregate(total=Sum("amount", default=0))["total"]
        return total


class SupplierEntry(BookEntry):
    """One line of what a cooperative owes a supplier. Rows are only added.

    `amount` is what the line adds to what the cooperative owes: negative for a payment.
    """

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=SupplierEntryKind)

    objects = SupplierEntryQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "supplier's entry")
        verbose_name_plural = pgettext_lazy("models", "suppliers' entries")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=SupplierEntryKind.PURCHASE, amount__gte=1, method="")
                | Q(kind=SupplierEntryKind.PAYMENT, amount__lte=-1, due_on=None) & ~Q(method="")
                | Q(kind=SupplierEntryKind.CORRECTION, method="") & ~Q(amount=0) & ~Q(note=""),
                name="supplier_entry_of_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(due_on=None) | Q(due_on__gte=F("happened_on")), name="supplier_entry_due_after"
            ),
        ]
        indexes = [models.Index(fields=["supplier", "happened_on", "id"], name="supplier_entry_by_day")]

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.amount}"
