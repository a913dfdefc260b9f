"""Alerts of a cooperative: what happened, who was told in which way, and who has seen it."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Lot, Recall, Variant
from cooperatives.models import Cooperative
from orders.alert_states import UNSEEN_ALERTS, AlertState
from orders.models.part import OrderPart
from orders.states import PartState
from shop.core.dates.calendar import VIETNAM
from shop.notifications.models import NotificationMethod, PushSubscription


class AlertKind(models.TextChoices):
    NEW_ORDER = "new_order", _("new order")
    ANSWER = "answer", _("buyer's answer")
    RECALL = "recall", _("recall")
    STOCK = "stock", _("low stock or a use-by date")


class AlertRules(models.Model):
    """How a cooperative is alerted. A cooperative without a row has the defaults.

    Between the hours `quiet_from` and `quiet_until` in Vietnam only recalls are announced. If both are equal,
    no hour is quiet.
    """

    cooperative = models.OneToOneField(Cooperative, models.CASCADE, related_name="+", primary_key=True)
    minutes = models.PositiveSmallIntegerField(
        default=10, help_text=_("Minutes until the next method or person is tried.")
    )
    quiet_from = models.PositiveSmallIntegerField(default=21)
    quiet_until = models.PositiveSmallIntegerField(default=5)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=240, quiet_from__lte=23, quiet_until__lte=23),
                name="alert_rules_are_possible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative_id} {self.minutes}"

    def end_of_quiet(self, moment: datetime.datetime) -> datetime.datetime | None:
        """Return when the quiet hours around this moment end, or None if they do not include it."""
        local = moment.astimezone(VIETNAM)
        quiet_hours = (self.quiet_until - self.quiet_from) % 24
        if (local.hour - self.quiet_from) % 24 >= quiet_hours:
            return None
        hours_left = (self.quiet_until - local.hour) % 24
        return local.replace(minute=0, second=0, microsecond=0) + datetime.timedelta(hours=hours_left)


class AlertQuerySet(models.QuerySet["Alert"]):
    def for_cooperative(self, cooperative: Cooperative) -> AlertQuerySet:
        return self.filter(cooperative=cooperative)

    def newest_first(self) -> AlertQuerySet:
        return self.order_by("-created_at", "-pk")

    def due(self, now: datetime.datetime) -> AlertQuerySet:
        """Return open alerts whose next step is due, oldest first.

        The step is due at once if the last one went to a person whose browsers all ended their subscriptions.
        """
        later_steps = AlertStep.objects.filter(alert=OuterRef("alert"), pk__gt=OuterRef("pk"))
        lost_steps = AlertStep.objects.filter(
            ~Exists(later_steps),
            ~Exists(PushSubscription.objects.filter(user=OuterRef("user"))),
            alert=OuterRef("pk"),
            method=NotificationMethod.PUSH,
        )
        is_due = Q(next_step_at__lte=now) | Exists(lost_steps)
        return self.filter(is_due, state=AlertState.OPEN).order_by("next_step_at", "pk")

    def no_longer_needed(self) -> AlertQuerySet:
        """Return unseen alerts about which nothing is left to do.

        They are about new orders that are accepted, declined or cancelled, answers about parts with nothing
        left to pack, recalls that have ended, stock that is no longer low, and lots that are used up.
        """
        is_past_new = Q(part__isnull=False) & ~Q(part__state=PartState.NEW)
        is_settled = (
            Q(is_past_new, kind=AlertKind.NEW_ORDER)
            | Q(is_past_new, ~Q(part__in=OrderPart.objects.to_pack()), kind=AlertKind.ANSWER)
            | Q(kind=AlertKind.RECALL, recall__ended_at__isnull=False)
            | Q(~Exists(StockWarning.objects.open().filter(alert=OuterRef("pk"))), kind=AlertKind.STOCK)
        )
        return self.filter(is_settled, state__in=UNSEEN_ALERTS)


class Alert(models.Model):
    """Something that members of a cooperative must learn soon, about a part of an order, a recall or stock.

    `occasion` identifies what happened, so that it is alerted once. While the alert is open, the next method
    or person is tried at `next_step_at`.
    """

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=10, choices=AlertKind)
    occasion = models.CharField(max_length=80, unique=True)
    part = models.ForeignKey(OrderPart, models.CASCADE, related_name="alerts", null=True, blank=True)
    recall = models.ForeignKey(Recall, models.CASCADE, related_name="alerts", null=True, blank=True)
    state = models.CharField(max_length=10, choices=AlertState, default=AlertState.OPEN)
    created_at = models.DateTimeField()
    next_step_at = models.DateTimeField(null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "alert")
        verbose_name_plural = pgettext_lazy("models", "alerts")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=AlertKind.RECALL, part=None, recall__isnull=False)
                | Q(kind=AlertKind.STOCK, part=None, recall=None)
                | (~Q(kind__in=[AlertKind.RECALL, AlertKind.STOCK]) & Q(part__isnull=False, recall=None)),
                name="alert_has_one_subject",
            ),
            models.CheckConstraint(
                condition=~Q(state=AlertState.OPEN) | Q(next_step_at__isnull=False),
                name="alert_has_a_next_step_while_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_step_at", "id"], condition=Q(state=AlertState.OPEN), name="alert_open"
            ),
            # For the sweep that closes settled alerts. Alerts that somebody has seen are never deleted.
            models.Index(
                fields=["kind", "id"],
                condition=Q(state__in=[AlertState.OPEN, AlertState.UNANSWERED]),
                name="alert_unseen",
            ),
            models.Index(fields=["cooperative", "-created_at", "-id"], name="alert_of_cooperative"),
        ]

    def __str__(self) -> str:
        return self.occasion


class AlertStep(models.Model):
    """A person who was told about an alert by one method. Nobody is told twice by the same one."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="steps")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    method = models.CharField(max_length=10, choices=NotificationMethod)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "user", "method"], name="alert_step_once"),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.user_id} {self.method}"


class AlertReading(models.Model):
    """A member who has seen an alert, or who knew before. This member is not told any more."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="readings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "user"], name="alert_reading_once"),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.user_id}"


class StockWarningQuerySet(models.QuerySet["StockWarning"]):
    def open(self) -> StockWarningQuerySet:
        return self.filter(ended_at=None)


class StockWarning(models.Model):
    """A variant whose stock became low, or a lot that came near its use-by date, as an alert named it.

    `free` is the variant's free stock at that time. The warning ends when the stock is no longer low, the
    lot is used up, or the cooperative no longer sells. Only then may the same variant or lot be named again.
    """

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="stock_warnings")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+", null=True, blank=True)
    lot = models.ForeignKey(Lot, models.CASCADE, related_name="+", null=True, blank=True)
    free = models.IntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = StockWarningQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(variant__isnull=False, free__isnull=False, lot=None)
                | Q(variant=None, free=None, lot__isnull=False),
                name="stock_warning_has_one_subject",
            ),
            models.UniqueConstraint(
                fields=["variant"], condition=Q(ended_at=None), name="stock_warning_of_variant_once"
            ),
            models.UniqueConstraint(
                fields=["lot"], condition=Q(ended_at=None), name="stock_warning_of_lot_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.variant_id or self.lot_id}"
