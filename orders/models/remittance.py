"""Cash on its way back: who handed in what for which parcels, and the rows of a carrier's statement."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.models.discount import Bearer
from orders.models.parcel import Parcel
from orders.models.transfer import StatementImport
from orders.states import CashHolder, RowState


class CashRemittanceQuerySet(models.QuerySet["CashRemittance"]):
    def newest_first(self) -> CashRemittanceQuerySet:
        return self.order_by("-at", "-pk")

    def unseen(self) -> CashRemittanceQuerySet:
        """Those whose money nobody has seen on our account yet."""
        return self.filter(reconciled_at=None)

    def lacking(self) -> CashRemittanceQuerySet:
        """Carriers' that came with another sum, as long as the difference is not settled."""
        settled = self.filter(holder=CashHolder.CARRIER, received__isnull=False)
        return settled.exclude(remitted=F("received") + F("made_good"))


class CashRemittance(models.Model):
    """Cash that a carrier or a cooperative hands in. `key` makes it count once.

    Sums of its lines, in minor units: `collected` from buyers, less the carrier's `fees`, makes `remitted`.
    `received` is what was seen on our account once it is settled, `made_good` what of a difference was put
    right afterwards (below zero: of too much); `fee_bearer` says who bears the fees.
    """

    key = models.CharField(max_length=160, unique=True)
    holder = models.CharField(max_length=12, choices=CashHolder)
    carrier = models.CharField(max_length=120, blank=True, default="")
    cooperative = models.ForeignKey(
        Cooperative, models.PROTECT, related_name="remittances", null=True, blank=True
    )
    statement = models.OneToOneField(
        StatementImport, models.PROTECT, related_name="remittance", null=True, blank=True
    )
    currency = models.CharField(max_length=3)
    fee_bearer = models.CharField(max_length=12, choices=Bearer, default=Bearer.PLATFORM)
    collected = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    remitted = models.BigIntegerField(default=0)
    received = models.BigIntegerField(null=True, blank=True)
    made_good = models.BigIntegerField(default=0)
    reference = models.CharField(max_length=120, blank=True, default="", help_text=_("The bank's."))
    reason = models.CharField(
        max_length=500, blank=True, default="", help_text=_("Why another amount was received.")
    )
    at = models.DateTimeField()
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
                name="remittance_comes_from_somebody",
            ),
            models.CheckConstraint(
                condition=Q(reconciled_at=None, received=None)
                | Q(reconciled_at__isnull=False, received__isnull=False),
                name="remittance_settled_was_received",
            ),
        ]
        indexes = [
            models.Index(fields=["-at", "-id"], name="remittance_newest"),
            models.Index(fields=["at", "id"], condition=Q(reconciled_at=None), name="remittance_unseen"),
        ]

    def __str__(self) -> str:
        return f"{self.giver} {self.remitted}"

    @property
    def giver(self) -> str:
        """Who handed it in, by name; a cooperative is to be loaded with it."""
        return self.cooperative.name if self.cooperative is not None else self.carrier

    @property
    def difference(self) -> int:
        """What was received beyond what was handed in (below zero: missing), once it is settled."""
        return 0 if self.received is None else self.received - self.remitted

    @property
    def lacking(self) -> int:
        """What of a carrier's difference nobody has settled yet (below zero: came too much)."""
        is_none = self.received is None or self.holder != CashHolder.CARRIER
        return 0 if is_none else -self.difference - self.made_good


class RemittanceLine(models.Model):
    """The cash of one parcel in a remittance; a parcel's cash is handed in once. Minor units."""

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


class RowProblem(models.TextChoices):
    """Why a row of a carrier's statement is a person's to settle."""

    BAD_AMOUNT = "bad_amount", _("the amount cannot be read")
    BAD_SUM = "bad_sum", _("collected less fee is not what is handed in")
    REPEATED = "repeated", _("told twice in this file")
    NO_CODE = "no_code", _("no tracking number or code")
    UNKNOWN = "unknown", _("no parcel has this number")
    SEVERAL = "several", _("several parcels have this number")
    OTHER_CARRIER = "other_carrier", _("went with another carrier")
    NO_CASH = "no_cash", _("no cash was to be collected")
    UNDONE = "undone", _("the parcel was undone")
    NOT_DELIVERED = "not_delivered", _("not delivered yet, as we know it")
    NOT_SENT = "not_sent", _("not on its way, as we know it")
    NOTHING = "nothing", _("nothing was collected")
    SHORT = "short", _("less than was to be collected")
    TOO_MUCH = "too_much", _("more than was to be collected")
    SETTLED_OTHERWISE = "settled_otherwise", _("handed in before, with another amount")


class StatementRowQuerySet(models.QuerySet["StatementRow"]):
    def waiting(self) -> StatementRowQuerySet:
        return self.filter(state=RowState.WAITING).order_by("place", "pk")

    def problems(self) -> StatementRowQuerySet:
        return self.filter(state=RowState.PROBLEM).order_by("statement", "place", "pk")


class StatementRow(models.Model):
    """One row of a carrier's statement as it was read; the file itself is not kept. Minor units."""

    statement = models.ForeignKey(StatementImport, models.CASCADE, related_name="lines")
    place = models.PositiveIntegerField(help_text=_("Its line in the file, from 1."))
    cells = models.JSONField(default=list)
    code = models.CharField(max_length=120, blank=True, default="")
    collected = models.BigIntegerField(null=True, blank=True)
    fee = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=RowState, default=RowState.WAITING)
    problem = models.CharField(max_length=20, choices=RowProblem, blank=True, default="")
    parcel = models.ForeignKey(Parcel, models.SET_NULL, related_name="+", null=True, blank=True)

    objects = StatementRowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "place"], name="statement_row_once"),
        ]
        indexes = [models.Index(fields=["statement", "state", "place"], name="statement_row_by_state")]

    def __str__(self) -> str:
        return f"{self.place} {self.code}"
