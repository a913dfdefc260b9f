from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.models.basket import Basket
from orders.models.order import Order
from orders.models.parcel import Parcel
from shop.core.database.compiled_query import compiled_query
from shop.core.models import WithMetadata, WithTimes


class PaymentMethod(models.TextChoices):
    COD = "cod", _("cash on delivery")
    TRANSFER = "transfer", _("bank transfer")
    CARD = "card", _("card")
    APP = "app", _("through an app")


class EventKind(models.TextChoices):
    """Kinds of payment events, named as Saleor's transaction events."""

    AUTHORIZATION_REQUEST = "authorization_request", _("authorisation requested")
    AUTHORIZATION_SUCCESS = "authorization_success", _("authorised")
    AUTHORIZATION_FAILURE = "authorization_failure", _("authorisation failed")
    AUTHORIZATION_ADJUSTMENT = "authorization_adjustment", _("authorisation adjusted")
    AUTHORIZATION_ACTION_REQUIRED = "authorization_action_required", _("authorisation needs the buyer")
    CHARGE_REQUEST = "charge_request", _("payment requested")
    CHARGE_SUCCESS = "charge_success", _("paid")
    CHARGE_FAILURE = "charge_failure", _("payment failed")
    CHARGE_BACK = "charge_back", _("payment charged back")
    CHARGE_ACTION_REQUIRED = "charge_action_required", _("payment needs the buyer")
    REFUND_REQUEST = "refund_request", _("refund requested")
    REFUND_SUCCESS = "refund_success", _("refunded")
    REFUND_FAILURE = "refund_failure", _("refund failed")
    REFUND_REVERSE = "refund_reverse", _("refund reversed")
    CANCEL_REQUEST = "cancel_request", _("cancellation requested")
    CANCEL_SUCCESS = "cancel_success", _("cancelled")
    CANCEL_FAILURE = "cancel_failure", _("cancellation failed")
    INFO = "info", _("note")


@dataclass(frozen=True, slots=True)
class PaymentSums:
    """Sums over a payment's events, in minor units. A payment has no other state."""

    authorised: int = 0
    charged: int = 0
    refunded: int = 0
    cancelled: int = 0
    charge_pending: int = 0
    authorise_pending: int = 0
    refund_pending: int = 0
    cancel_pending: int = 0

    @classmethod
    def from_totals(cls, totals: dict[str, int]) -> PaymentSums:
        """Compute from the total amount per kind of event."""
        kind = EventKind

        def total(*kinds: str) -> int:
            return sum(totals.get(event_kind, 0) for event_kind in kinds)

        charged = total(kind.CHARGE_SUCCESS, kind.REFUND_REVERSE) - total(
            kind.REFUND_SUCCESS, kind.CHARGE_BACK
        )
        cancelled = total(kind.CANCEL_SUCCESS)
        authorised = total(kind.AUTHORIZATION_SUCCESS, kind.AUTHORIZATION_ADJUSTMENT)
        completed = total(kind.CHARGE_SUCCESS, kind.CHARGE_FAILURE)
        # A cancellation voids the authorisation or, without one, the amount still expected.
        if authorised:
            authorised = max(0, authorised - completed - cancelled)
        else:
            completed += cancelled
        return cls(
            authorised=authorised,
            charged=charged,
            refunded=total(kind.REFUND_SUCCESS) - total(kind.REFUND_REVERSE),
            cancelled=cancelled,
            charge_pending=max(0, total(kind.CHARGE_REQUEST) - completed),
            authorise_pending=max(
                0,
                total(kind.AUTHORIZATION_REQUEST)
                - total(kind.AUTHORIZATION_SUCCESS, kind.AUTHORIZATION_FAILURE),
            ),
            refund_pending=max(
                0, total(kind.REFUND_REQUEST) - total(kind.REFUND_SUCCESS, kind.REFUND_FAILURE)
            ),
            cancel_pending=max(
                0, total(kind.CANCEL_REQUEST) - total(kind.CANCEL_SUCCESS, kind.CANCEL_FAILURE)
            ),
        )

    @property
    def authorised_and_charged(self) -> int:
        """The amount that covers the order now, which is authorised plus charged."""
        return self.authorised + self.charged


def read_basket_payment_sums(basket_id: uuid.UUID) -> dict[PaymentMethod, list[PaymentSums]]:
    """Return sums of payments by order, by one query. Payments without an event are left out."""
    totals: dict[tuple[uuid.UUID, str], dict[str, int]] = {}
    for payment_id, method, kind, total in _event_totals_of_basket(basket_id):
        totals.setdefault((payment_id, method), {})[kind] = total
    sums_by_method: dict[PaymentMethod, list[PaymentSums]] = {}
    for (_payment_id, method), sums in totals.items():
        sums_by_method.setdefault(PaymentMethod(method), []).append(PaymentSums.from_totals(sums))
    return sums_by_method


@compiled_query
def _event_totals_of_basket(
    basket_id: uuid.UUID,
) -> models.QuerySet[PaymentEvent, tuple[uuid.UUID, str, str, int]]:
    payment_events = PaymentEvent.objects.filter(payment__basket=basket_id).order_by("payment")
    columns = payment_events.values_list("payment", "payment__method", "kind")
    return columns.annotate(total=Sum("amount"))


def payment_sums_by_id(rows: Iterable[tuple[uuid.UUID, str, int]]) -> dict[uuid.UUID, PaymentSums]:
    """Return sums by payment, from rows (payment id, event kind, total in minor units)."""
    totals: dict[uuid.UUID, dict[str, int]] = {}
    for payment_id, kind, total in rows:
        totals.setdefault(payment_id, {})[kind] = total
    return {key: PaymentSums.from_totals(value) for key, value in totals.items()}


class PaymentQuerySet(models.QuerySet["Payment"]):
    def sums(self) -> dict[uuid.UUID, PaymentSums]:
        """Return sums by payment. It takes one query."""
        rows = PaymentEvent.objects.filter(payment__in=self.values("pk")).order_by("payment")
        return payment_sums_by_id(rows.values_list("payment", "kind").annotate(total=Sum("amount")))

    def sums_by_order(self) -> dict[uuid.UUID, list[PaymentSums]]:
        """Return sums of payments by order, without payments that have no event. It takes one query."""
        rows = (
            PaymentEvent.objects.filter(payment__in=self.values("pk"))
            .order_by("payment")
            .values_list("payment__order", "payment", "kind")
            .annotate(total=Sum("amount"))
        )
        totals: dict[uuid.UUID, dict[uuid.UUID, dict[str, int]]] = {}
        for order_id, payment_id, kind, total in rows:
            totals.setdefault(order_id, {}).setdefault(payment_id, {})[kind] = total
        return {
            order_id: [PaymentSums.from_totals(amounts) for amounts in payments.values()]
            for order_id, payments in totals.items()
        }

    def externally_refunded_amount(self) -> int:
        """Return the amount refunded without a `Refund` row, in minor units. Filter by one currency first.

        Such refunds are made in a gateway's dashboard or by an API app.
        """
        signs = {EventKind.REFUND_SUCCESS: 1, EventKind.REFUND_REVERSE: -1}
        rows = PaymentEvent.objects.filter(payment__in=self.values("pk"), refund=None, kind__in=signs)
        totals = rows.order_by("kind").values_list("kind").annotate(total=Sum("amount"))
        return sum(signs[EventKind(kind)] * total for kind, total in totals)

    def chosen_here(self) -> PaymentQuerySet:
        """Return the payments by a method that was chosen here, without those that an app reported.

        An app may report some of the money while the rest is still paid by the chosen method.
        """
        return self.exclude(method=PaymentMethod.APP)

    def current(self) -> Payment | None:
        """Return the latest payment, which is in effect. Filter by one order first."""
        return self.order_by("-created_at", "-pk").first()


class Payment(WithMetadata, WithTimes):
    """One attempt to pay a basket, draft or order by one method. It is created before any gateway call."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    basket = models.ForeignKey(Basket, models.SET_NULL, related_name="payments", null=True, blank=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="payments", null=True, blank=True)
    method = models.CharField(max_length=20, choices=PaymentMethod)
    name = models.CharField(max_length=250, blank=True, default="")
    message = models.CharField(max_length=500, blank=True, default="")
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=500, blank=True, default="")
    idempotency_key = models.CharField(max_length=120, unique=True, null=True, blank=True)
    external_url = models.URLField(max_length=500, blank=True, default="")
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the unpaid payment expires; empty if it never does.")
    )

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "payment")
        verbose_name_plural = pgettext_lazy("models", "payments")
        indexes = [models.Index(fields=["order", "id"], name="payment_by_order")]

    def __str__(self) -> str:
        return f"{self.method} {self.pk}"

    @property
    def is_cash_on_delivery(self) -> bool:
        """Whether the payment is cash on delivery."""
        return self.method == PaymentMethod.COD


class PaymentEventQuerySet(models.QuerySet["PaymentEvent"]):
    def effective_cash_collections(self) -> PaymentEventQuerySet:
        """Return cash collections of parcels that were not undone later."""
        undone = PaymentEvent.objects.filter(
            parcel=models.OuterRef("parcel"), kind=EventKind.CHARGE_BACK, pk__gt=models.OuterRef("pk")
        )
        return self.filter(parcel__isnull=False, kind=EventKind.CHARGE_SUCCESS).exclude(models.Exists(undone))


class PaymentEvent(models.Model):
    """One event of a payment. `idempotency_key` makes an outside event count once.

    `refund` is the refund decision behind a refund event. `parcel` is the parcel on which cash was collected.
    """

    payment = models.ForeignKey(Payment, models.CASCADE, related_name="events")
    refund = models.ForeignKey("Refund", models.PROTECT, related_name="events", null=True, blank=True)
    parcel = models.ForeignKey(Parcel, models.PROTECT, related_name="+", null=True, blank=True)
    kind = models.CharField(max_length=40, choices=EventKind)
    amount = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    idempotency_key = models.CharField(max_length=160, unique=True, null=True, blank=True)
    reference = models.CharField(max_length=500, blank=True, default="")
    message = models.CharField(max_length=500, blank=True, default="")
    actor_kind = models.CharField(max_length=10, blank=True, default="")
    actor_key = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField()

    objects = PaymentEventQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "payment event")
        verbose_name_plural = pgettext_lazy("models", "payment events")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="payment_event_not_negative"),
        ]
        indexes = [models.Index(fields=["payment", "kind"], name="payment_event_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


def total_authorised_and_charged(sums: Iterable[PaymentSums]) -> tuple[int, int]:
    """Return the total authorised and the total charged of several payments, in minor units."""
    payments = list(sums)
    return sum(payment.authorised for payment in payments), sum(payment.charged for payment in payments)
