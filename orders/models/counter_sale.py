"""Sales at the counter, each with its receipt number, and the cash that was given and returned."""

from __future__ import annotations

from typing import TypedDict

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Sum
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative
from orders.models.counter import Shift, Till
from orders.models.order import Order
from orders.models.refund import Refund


class SalesOfShift(TypedDict):
    """How many sales or returns a shift has, and their cash in minor units."""

    count: int
    cash: int


class CounterSaleQuerySet(models.QuerySet["CounterSale"]):
    def for_cooperative(self, cooperative: Cooperative) -> CounterSaleQuerySet:
        return self.filter(till__cooperative=cooperative)

    def newest_first(self) -> CounterSaleQuerySet:
        return self.order_by("-sold_at", "-pk")

    def read_cash(self) -> SalesOfShift:
        """Return the number of sales, and the cash given less the change."""
        sums = self.aggregate(
            count=Count("pk"),
            given=Sum("cash_given", default=0),
            change=Sum("change_given", default=0),
        )
        return {"count": sums["count"], "cash": sums["given"] - sums["change"]}


class CounterSale(models.Model):
    """A sale at a till: an order that was paid and handed over when it was made. Rows are only added.

    `number` counts the till's receipts from 1 without gaps, as a trigger enforces. Sums are minor units:
    `cash_given` is what the customer handed over, and `change_given` what they got back.
    """

    order = models.OneToOneField(Order, models.PROTECT, related_name="counter_sale")
    till = models.ForeignKey(Till, models.PROTECT, related_name="sales")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="sales")
    number = models.PositiveIntegerField()
    total = models.BigIntegerField()
    cash_given = models.BigIntegerField()
    change_given = models.BigIntegerField()
    sold_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    sold_at = models.DateTimeField()

    objects = CounterSaleQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "counter sale")
        verbose_name_plural = pgettext_lazy("models", "counter sales")
        constraints = [
            models.UniqueConstraint(fields=["till", "number"], name="counter_sale_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="counter_sale_number_positive"),
            models.CheckConstraint(
                condition=Q(total__gte=0, change_given__gte=0, cash_given=F("total") + F("change_given")),
                name="counter_sale_cash_is_total_and_change",
            ),
        ]
        indexes = [models.Index(fields=["shift", "number"], name="counter_sale_by_shift")]

    def __str__(self) -> str:
        return f"{self.till_id} {self.number}"

    @property
    def receipt_code(self) -> str:
        """The till's number and the receipt's, as on the receipt: `2-0017`."""
        return f"{self.till.number}-{self.number:04}"


class CounterReturnKind(models.TextChoices):
    VOID = "void", pgettext_lazy("counter return", "Voided")
    RETURN = "return", pgettext_lazy("counter return", "Goods returned")


class CounterReturnQuerySet(models.QuerySet["CounterReturn"]):
    def read_cash(self) -> SalesOfShift:
        """Return the number of returns, and the cash that was paid for them."""
        sums = self.aggregate(count=Count("pk"), cash=Sum("cash_returned", default=0))
        return {"count": sums["count"], "cash": sums["cash"]}


class CounterReturn(models.Model):
    """Goods of a sale that came back, and the cash that the till paid for them. Rows are only added.

    A void takes back a whole sale of the shift that is still open. `shift` is the one that paid
    `cash_returned`, in minor units.
    """

    sale = models.ForeignKey(CounterSale, models.PROTECT, related_name="returns")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="returns")
    refund = models.OneToOneField(Refund, models.PROTECT, related_name="counter_return")
    kind = models.CharField(max_length=10, choices=CounterReturnKind)
    cash_returned = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()

    objects = CounterReturnQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "counter return")
        verbose_name_plural = pgettext_lazy("models", "counter returns")
        constraints = [
            models.UniqueConstraint(
                fields=["sale"], condition=Q(kind=CounterReturnKind.VOID), name="counter_sale_voided_once"
            ),
            models.CheckConstraint(condition=Q(cash_returned__gte=1), name="counter_return_cash_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="counter_return_has_a_reason"),
        ]
        indexes = [models.Index(fields=["shift", "id"], name="counter_return_by_shift")]

    def __str__(self) -> str:
        return f"{self.sale_id} {self.kind} {self.cash_returned}"
