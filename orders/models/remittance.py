"""Remittances of collected cash, and the rows of carriers' COD statements."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.models.discount import CostBearer
from orders.models.parcel import Parcel
from orders.models.transfer import StatementImport
from orders.states import CashHolder, StatementRowState


class CashRemittanceQuerySet(models.QuerySet["CashRemittance"]):
    def newest_first(self) -> CashRemittanceQuerySet:
        return self.order_by("-created_at", "-pk")

    def unreconciled(self) -> CashRemittanceQuerySet:
        """Return remittances not yet matched to a payment on our bank account."""
        return self.filter(reconciled_at=None)

    def with_unresolved_difference(self) -> CashRemittanceQuerySet:
        """Return carriers' remittances that arrived with another amount and an unresolved difference."""
        reconciled = self.filter(holder=CashHolder.CARRIER, received__isnull=False)
        return reconciled.exclude(remitted=F("received") + F("resolved_difference"))


class CashRemittance(models.Model):
    """Cash on delivery remitted by a carrier or a cooperative.

    Sums over its lines, in minor units: `remitted` = `collected` from buyers less the carrier's `fees`.
    `received` is the amount that arrived on our account, set on reconciliation. `resolved_difference` is the
    part of the difference resolved afterwards. Unlike `difference` it is negative if too much arrived.
    `fee_bearer` bears the fees.
    """

    idempotency_key = models.CharField(max_length=160, unique=True)
    holder = models.CharField(max_length=12, choices=CashHolder)
    carrier = models.CharField(max_length=120, blank=True, default="")
    cooperative = models.ForeignKey(
        Cooperative, models.PROTECT, related_name="remittances", null=True, blank=True
    )
    statement = models.OneToOneField(
        StatementImport, models.PROTECT, related_name="remittance", null=True, blank=True
    )
    currency = models.CharField(max_length=3)
    fee_bearer = models.CharField(max_length=12, choices=CostBearer, default=CostBearer.PLATFORM)
    collected = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    remitted = models.BigIntegerField(default=0)
    received = models.BigIntegerField(null=True, blank=True)
    resolved_difference = models.BigIntegerField(default=0)
    reference = models.CharField(
        max_length=120, blank=True, default="", help_text=_("Reference of the bank transfer.")
    )
    reason = models.CharField(
        max_length=500,
        blank=True,
        default="",
        help_text=_("Why the received amount differs from the remitted one."),
    )
    created_at = models.DateTimeField()
    reconciled_at = models.DateTimeField(null=True, blank=True)
    actor_kind = models.CharField(max_length=10, blank=True, default="")
    actor_key = models.CharField(max_length=40, blank=True, default="")

    objects = CashRemittanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remitted=F("collected") - F("fees"), collected__gte=0, fees__gte=0),
                name="remittance_is_cash_less_fees",
            ),
            models.CheckConstraint(
                condition=Q(holder=CashHolder.CARRIER, cooperative=None)
                | Q(holder=CashHolder.COOPERATIVE, cooperative__isnull=False),
                name="remittance_cooperative_fits_holder",
            ),
            models.CheckConstraint(
                condition=Q(reconciled_at=None, received=None)
                | Q(reconciled_at__isnull=False, received__isnull=False),
                name="remittance_reconciled_was_received",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="remittance_newest"),
            models.Index(
                fields=["created_at", "id"], condition=Q(reconciled_at=None), name="remittance_unreconciled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remitter_name} {self.remitted}"

    @property
    def remitter_name(self) -> str:
        """The remitter's name. Load the cooperative with the row."""
        return self.cooperative.name if self.cooperative is not None else self.carrier

    @property
    def difference(self) -> int:
        """The received sum minus the remitted sum.

        It is negative if money is missing, and 0 before reconciliation.
        """
        return 0 if self.received is None else self.received - self.remitted

    @property
    def unresolved_difference(self) -> int:
        """Money still missing from a carrier. Unlike `difference`, it is negative if too much arrived."""
        if self.received is None or self.holder != CashHolder.CARRIER:
            return 0
        return -self.difference - self.resolved_difference


class RemittanceLine(models.Model):
    """The cash of one parcel in a remittance, in minor units. A parcel is remitted once."""

    remittance = models.ForeignKey(CashRemittance, models.PROTECT, related_name="lines")
    parcel = models.OneToOneField(Parcel, models.PROTECT, related_name="remittance_line")
    collected = models.BigIntegerField()
    fee = models.BigIntegerField(default=0)
    remitted = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remitted=F("collected") - F("fee"), collected__gte=0, fee__gte=0),
                name="remittance_line_is_cash_less_fee",
            ),
        ]
        indexes = [models.Index(fields=["remittance", "id"], name="remittance_line_in_order")]

    def __str__(self) -> str:
        return f"{self.parcel_id} {self.remitted}"


class StatementRowProblem(models.TextChoices):
    """Why a row of a carrier's statement needs manual review."""

    BAD_AMOUNT = "bad_amount", _("the amount cannot be read")
    BAD_SUM = "bad_sum", _("collected cash less fee is not the remitted amount")
    REPEATED = "repeated", _("listed twice in this file")
    NO_PARCEL_CODE = "no_code", _("no tracking number or code")
    UNKNOWN = "unknown", _("no parcel has this number")
    SEVERAL = "several", _("several parcels have this number")
    OTHER_CARRIER = "other_carrier", _("sent with another carrier")
    NO_CASH = "no_cash", _("no cash to collect for this parcel")
    VOIDED = "voided", _("the parcel was voided")
    NOT_DELIVERED = "not_delivered", _("not delivered yet according to our records")
    NOT_SENT = "not_sent", _("not dispatched yet according to our records")
    NOTHING = "nothing", _("nothing was collected")
    SHORT = "short", _("less than the expected cash")
    TOO_MUCH = "too_much", _("more than the expected cash")
    REMITTED_DIFFERENTLY = "remitted_differently", _("remitted before with another amount")


class StatementRowQuerySet(models.QuerySet["StatementRow"]):
    def waiting(self) -> StatementRowQuerySet:
        return self.filter(state=StatementRowState.WAITING).order_by("row_number", "pk")

    def problems(self) -> StatementRowQuerySet:
        return self.filter(state=StatementRowState.PROBLEM).order_by("statement", "row_number", "pk")


class StatementRow(models.Model):
    """A row of an imported bank or carrier statement, in minor units. The file itself is not stored."""

    statement = models.ForeignKey(StatementImport, models.CASCADE, related_name="rows")
    row_number = models.PositiveIntegerField(help_text=_("Row number in the file, from 1."))
    cells = models.JSONField(default=list)
    code = models.CharField(max_length=120, blank=True, default="")
    collected = models.BigIntegerField(null=True, blank=True)
    fee = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=StatementRowState, default=StatementRowState.WAITING)
    problem = models.CharField(max_length=20, choices=StatementRowProblem, blank=True, default="")
    parcel = models.ForeignKey(Parcel, models.SET_NULL, related_name="+", null=True, blank=True)

    objects = StatementRowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "row_number"], name="statement_row_once"),
        ]
        indexes = [models.Index(fields=["statement", "state", "row_number"], name="statement_row_by_state")]

    def __str__(self) -> str:
        return f"{self.row_number} {self.code}"
