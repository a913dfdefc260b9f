"""Calls to payment gateways, and the events that gateways send us."""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from orders.models.payment import Payment
from orders.states import OUTCOME_UNKNOWN_STATES, CallState

SUPERSEDED = "superseded"  # the code of a call that became unnecessary before it was sent


class GatewayOperation(models.TextChoices):
    START_PAYMENT = "start", _("start the payment")
    CAPTURE = "capture", _("capture the authorised amount")
    VOID = "void", _("void the authorisation")
    REFUND = "refund", _("refund the payment")
    PAY_OUT = "pay_out", _("pay out to a cooperative")
    REVERSE_TRANSFER = "reverse_transfer", _("reverse a transfer")


class GatewayCallQuerySet(models.QuerySet["GatewayCall"]):
    def unanswered(self) -> GatewayCallQuerySet:
        """Return calls whose outcome is not known yet."""
        return self.filter(state__in=OUTCOME_UNKNOWN_STATES)

    def awaiting_staff(self) -> GatewayCallQuerySet:
        """Return refused calls that staff must handle. They can be retried and were not dismissed."""
        return self.repeatable().filter(dismissed_at=None)

    def repeatable(self) -> GatewayCallQuerySet:
        """Return refused calls that were neither retried nor superseded.

        START_PAYMENT calls are left out, because a refused card is retried by the buyer.
        """
        later_calls = GatewayCall.objects.filter(
            operation=OuterRef("operation"), created_at__gt=OuterRef("created_at")
        )
        later_calls_of_subject = later_calls.filter(
            payment=OuterRef("payment"), refund=None
        ) | later_calls.filter(Q(refund=OuterRef("refund")) | Q(payout=OuterRef("payout")))
        return self.filter(
            ~Exists(later_calls_of_subject),
            Q(payout=None) | ~Q(payout__method="bank"),
            state=CallState.FAILED,
        ).exclude(Q(operation=GatewayOperation.START_PAYMENT) | Q(code=SUPERSEDED))

    def due_for_check(self, now: datetime.datetime) -> GatewayCallQuerySet:
        """Return calls to look up at the gateway now, the longest waiting first."""
        waiting_states = OUTCOME_UNKNOWN_STATES | {CallState.NEEDS_BUYER}
        return self.filter(state__in=waiting_states, next_check_at__lte=now).order_by("next_check_at", "pk")


class GatewayCall(models.Model):
    """A call to a gateway.

    The intent is committed before the call is made, and the outcome recorded after it. `amount` is in minor
    units. `reference` is the gateway's id of the created object. `next_check_at` is the time of the next
    status check. A payment is started once and captured and voided at most once. A payout is paid once and
    may be reversed in parts.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    gateway = models.CharField(max_length=20)
    operation = models.CharField(max_length=20, choices=GatewayOperation)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="calls", null=True, blank=True)
    refund = models.ForeignKey("Refund", models.PROTECT, related_name="calls", null=True, blank=True)
    payout = models.ForeignKey("Payout", models.PROTECT, related_name="calls", null=True, blank=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, choices=CallState, default=CallState.INTENDED)
    reference = models.CharField(max_length=255, blank=True, default="")
    url = models.URLField(max_length=1000, blank=True, default="")
    code = models.CharField(max_length=80, blank=True, default="")
    message = models.CharField(max_length=500, blank=True, default="")
    request_parameters = models.JSONField(
        default=dict, blank=True, help_text=_("Parameters of the request; a repeat sends the same ones.")
    )
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissal_reason = models.CharField(
        max_length=500, blank=True, default="", help_text=_("Why staff dismissed the failed call.")
    )
    actor_kind = models.CharField(max_length=10, blank=True, default="")
    actor_key = models.CharField(max_length=40, blank=True, default="")

    objects = GatewayCallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="gateway_call_not_negative"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False) | Q(payout__isnull=False),
                name="gateway_call_has_payment_or_payout",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(operation=GatewayOperation.START_PAYMENT),
                name="gateway_call_starts_once",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(operation=GatewayOperation.CAPTURE) & ~Q(state=CallState.FAILED),
                name="gateway_call_captures_once",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(operation=GatewayOperation.VOID) & ~Q(state=CallState.FAILED),
                name="gateway_call_voids_once",
            ),
            models.UniqueConstraint(
                fields=["payout"],
                condition=Q(operation=GatewayOperation.PAY_OUT) & ~Q(state=CallState.FAILED),
                name="gateway_call_pays_out_once",
            ),
        ]
        indexes = [
            models.Index(fields=["next_check_at", "id"], name="gateway_call_to_look_up"),
            models.Index(fields=["gateway", "reference"], name="gateway_call_by_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.amount}"

    @property
    def idempotency_key(self) -> str:
        """The idempotency key sent with every attempt of this call."""
        return f"call:{self.pk}"


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    def unhandled(self) -> WebhookEventQuerySet:
        return self.filter(handled_at=None).order_by("received_at", "pk")

    def with_problems(self, *providers: str) -> WebhookEventQuerySet:
        """Return events of these providers that staff should see.

        Their processing failed or reported a problem.
        """
        problem_filter = Q(handled_at=None, tries__gt=0) | ~Q(problem="")
        return self.filter(problem_filter, provider__in=providers).order_by("-received_at", "-pk")


class WebhookEvent(models.Model):
    """An event from an outside service, stored unmodified, once per event id. A task processes it."""

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=190)
    kind = models.CharField(max_length=80, blank=True, default="")
    body = models.TextField(help_text=_("The verified raw body."))
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True, default="")

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="webhook_event_once"),
        ]
        indexes = [
            models.Index(
                fields=["received_at", "id"], condition=Q(handled_at=None), name="webhook_event_unhandled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
