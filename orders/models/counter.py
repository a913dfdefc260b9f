"""The counter: a cooperative's tills, their shifts, and cash paid in and out beside the sales."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative
from shop.core.models import Picture


class TillQuerySet(models.QuerySet["Till"]):
    def for_cooperative(self, cooperative: Cooperative) -> TillQuerySet:
        return self.filter(cooperative=cooperative).order_by("number")

    def in_use(self) -> TillQuerySet:
        return self.filter(closed_at=None)


class Till(models.Model):
    """A place where a cooperative takes cash: a tablet in the shop, a phone at the market.

    `number` counts the cooperative's tills and never changes. A till with `closed_at` opens no more shifts.
    """

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="tills")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = TillQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "till")
        verbose_name_plural = pgettext_lazy("models", "tills")
        constraints = [
            models.UniqueConstraint(fields=["cooperative", "number"], name="till_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="till_number_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative_id} {self.name}"


class CashDifferenceReason(models.TextChoices):
    """Why the counted cash is not what the shift's records say."""

    WRONG_CHANGE = "wrong_change", pgettext_lazy("cash difference", "Gave wrong change")
    SALE_NOT_RECORDED = "sale_not_recorded", pgettext_lazy("cash difference", "Forgot to record a sale")
    CASH_NOT_RECORDED = (
        "cash_not_recorded",
        pgettext_lazy("cash difference", "Paid in or out without recording it"),
    )
    UNKNOWN = "unknown", pgettext_lazy("cash difference", "Not known yet")


class ShiftQuerySet(models.QuerySet["Shift"]):
    def for_cooperative(self, cooperative: Cooperative) -> ShiftQuerySet:
        return self.filter(till__cooperative=cooperative)

    def open(self) -> ShiftQuerySet:
        return self.filter(closed_at=None)

    def closed(self) -> ShiftQuerySet:
        return self.filter(closed_at__isnull=False)

    def awaiting_review(self) -> ShiftQuerySet:
        """Return closed shifts with a large difference that no manager has looked at."""
        return self.filter(needs_review=True, reviewed_at=None)

    def newest_first(self) -> ShiftQuerySet:
        return self.order_by("-opened_at", "-pk")


class Shift(models.Model):
    """A cashier's time at a till, from a count of its cash to the next count. Sums are minor units.

    `expected_cash` is what the records say at the close, and `note_counts` maps each note's value to how many
    were counted. Of the counted cash `left_cash` stays in the till, where `next_cashier` counts it again, and
    the rest goes to the cooperative. `opening_difference` is `opening_cash` less what the shift before left.
    """

    till = models.ForeignKey(Till, models.PROTECT, related_name="shifts")
    number = models.PositiveIntegerField()
    cashier = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    opening_cash = models.BigIntegerField()
    opening_difference = models.BigIntegerField(default=0)
    opening_note = models.CharField(max_length=200, blank=True, default="")
    opened_at = models.DateTimeField()

    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    expected_cash = models.BigIntegerField(null=True, blank=True)
    counted_cash = models.BigIntegerField(null=True, blank=True)
    note_counts = models.JSONField(default=dict, blank=True)
    difference_reason = models.CharField(max_length=20, choices=CashDifferenceReason, blank=True, default="")
    difference_note = models.CharField(max_length=200, blank=True, default="")
    left_cash = models.BigIntegerField(null=True, blank=True)
    next_cashier = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    needs_review = models.BooleanField(default=False)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )

    objects = ShiftQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "shift")
        verbose_name_plural = pgettext_lazy("models", "shifts")
        constraints = [
            models.UniqueConstraint(fields=["till", "number"], name="shift_number_once"),
            models.UniqueConstraint(
                fields=["till"], condition=Q(closed_at=None), name="shift_one_open_in_till"
            ),
            models.CheckConstraint(
                condition=Q(opening_cash__gte=0) & (Q(opening_difference=0) | ~Q(opening_note="")),
                name="shift_opening_counted_and_explained",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, expected_cash=None, counted_cash=None, left_cash=None)
                | Q(
                    closed_at__isnull=False,
                    expected_cash__isnull=False,
                    counted_cash__gte=0,
                    left_cash__gte=0,
                    left_cash__lte=F("counted_cash"),
                ),
                name="shift_closed_with_a_count",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(counted_cash=F("expected_cash")) | ~Q(difference_reason=""),
                name="shift_difference_explained",
            ),
        ]
        indexes = [
            models.Index(fields=["till", "-opened_at", "-id"], name="shift_by_till"),
            models.Index(
                fields=["till"], condition=Q(needs_review=True, reviewed_at=None), name="shift_to_review"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.till_id} {self.number}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def awaits_review(self) -> bool:
        return self.needs_review and self.reviewed_at is None

    @property
    def difference(self) -> int | None:
        """The counted cash less the expected cash, or None while the shift is open."""
        if self.counted_cash is None or self.expected_cash is None:
            return None
        return self.counted_cash - self.expected_cash

    @property
    def missing_cash(self) -> int:
        """How much less was counted than expected, or 0."""
        return max(0, -(self.difference or 0))

    @property
    def surplus_cash(self) -> int:
        """How much more was counted than expected, or 0."""
        return max(0, self.difference or 0)

    @property
    def handed_in_cash(self) -> int | None:
        """The cash that was counted and not left in the till, or None while the shift is open."""
        if self.counted_cash is None or self.left_cash is None:
            return None
        return self.counted_cash - self.left_cash


class CashDirection(models.TextChoices):
    PAID_IN = "in", pgettext_lazy("till", "paid in")
    PAID_OUT = "out", pgettext_lazy("till", "paid out")


class CashMovementQuerySet(models.QuerySet["CashMovement"]):
    def in_order(self) -> CashMovementQuerySet:
        return self.order_by("pk")

    def read_sums(self) -> tuple[int, int]:
        """Return the sums paid in and paid out, in minor units."""
        sums = self.aggregate(
            paid_in=Sum("amount", filter=Q(direction=CashDirection.PAID_IN), default=0),
            paid_out=Sum("amount", filter=Q(direction=CashDirection.PAID_OUT), default=0),
        )
        return sums["paid_in"], sums["paid_out"]


class CashMovement(models.Model):
    """Cash that was put into a till or taken out of it beside the sales. Rows are only added.

    A wrong entry is corrected by an entry in the other direction. `amount` is in minor units.
    """

    shift = models.ForeignKey(Shift, models.PROTECT, related_name="cash_movements")
    direction = models.CharField(max_length=3, choices=CashDirection)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="+", null=True, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField(help_text=_("The time by the server's clock."))

    objects = CashMovementQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "cash movement")
        verbose_name_plural = pgettext_lazy("models", "cash movements")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1), name="cash_movement_amount_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="cash_movement_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.shift_id} {self.direction} {self.amount}"

    @property
    def signed_amount(self) -> int:
        """The amount as it changes the till's cash: negative if it was paid out."""
        return self.amount if self.direction == CashDirection.PAID_IN else -self.amount
