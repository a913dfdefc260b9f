"""The ledger (double entry, append only), settlements with cooperatives, and what their sums are made by."""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Category
from cooperatives.models import Cooperative
from orders.models.order import Order
from orders.models.part import OrderPart
from orders.models.refund import Refund
from orders.models.transfer import BankTransfer
from orders.states import PayoutState, SettlementState


class Account(models.TextChoices):
    """Where money is, whose it is, or what it was for. Debit is positive, credit negative."""

    BUYER = "buyer", _("owed by buyers")
    GATEWAY = "gateway", _("with the card gateway")
    BANK = "bank", _("on the bank account")
    CARRIER_CASH = "carrier_cash", _("cash with carriers")
    COOPERATIVE_CASH = "cooperative_cash", _("cash at cooperatives")
    UNCLAIMED = "unclaimed", _("money whose order is not known")
    COMMISSION = "commission", _("commission")
    DELIVERY_INCOME = "delivery_income", _("delivery income")
    PLATFORM_COST = "platform_cost", _("borne by the platform")
    TAX_WITHHELD = "tax_withheld", _("tax withheld")
    COOPERATIVE_PAYABLE = "cooperative_payable", _("owed to cooperatives")


# Their entries belong to a settlement.
OF_COOPERATIVES = frozenset({Account.COOPERATIVE_PAYABLE, Account.COOPERATIVE_CASH})


class PostingKind(models.TextChoices):
    SALE = "sale", _("sale")
    PAYMENT = "payment", _("payment")
    REFUND = "refund", _("refund")
    REMITTANCE = "remittance", _("cash handed in")
    UNCLAIMED = "unclaimed", _("money found or given back")
    OFFSET = "offset", _("cash kept by the cooperative")
    PAYOUT = "payout", _("paid out")
    CORRECTION = "correction", _("correction")


class SettlementQuerySet(models.QuerySet["Settlement"]):
    def for_cooperative(self, cooperative: Cooperative) -> SettlementQuerySet:
        return self.filter(cooperative=cooperative)

    def newest_first(self) -> SettlementQuerySet:
        return self.order_by("-opened_at", "-pk")


class Settlement(models.Model):
    """A period's money between the platform and one cooperative, in one currency.

    While it is open every entry about the cooperative lands in it; once closed, its figures are copied
    here (minor units) and never change. `payable` is what the platform pays; below zero it is carried over
    to the next period, whose `brought_over` it is.
    """

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="settlements")
    currency = models.CharField(max_length=3)
    number = models.PositiveIntegerField(help_text=_("Its place among the cooperative's, from 1."))
    state = models.CharField(max_length=8, choices=SettlementState, default=SettlementState.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    brought_over = models.BigIntegerField(default=0)
    goods = models.BigIntegerField(default=0)
    delivery = models.BigIntegerField(default=0)
    refunds = models.BigIntegerField(default=0)
    commission = models.BigIntegerField(default=0)
    tax_withheld = models.BigIntegerField(default=0)
    corrections = models.BigIntegerField(default=0)
    cash_held = models.BigIntegerField(default=0)
    payable = models.BigIntegerField(default=0)

    objects = SettlementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cooperative", "currency", "number"], name="settlement_number_once"
            ),
            models.UniqueConstraint(
                fields=["cooperative", "currency"],
                condition=Q(state=SettlementState.OPEN),
                name="settlement_one_open",
            ),
        ]
        indexes = [models.Index(fields=["state", "closed_at", "id"], name="settlement_by_state")]

    def __str__(self) -> str:
        return f"{self.cooperative_id}/{self.number}"


class LedgerPosting(models.Model):
    """One thing that happened to money: its entries sum to zero in each currency. Never changed or deleted.

    `key` names the fact that it books, so that none is booked twice.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=12, choices=PostingKind)
    at = models.DateTimeField()
    order = models.ForeignKey(Order, models.PROTECT, related_name="postings", null=True, blank=True)
    part = models.ForeignKey(OrderPart, models.PROTECT, related_name="postings", null=True, blank=True)
    memo = models.CharField(max_length=250, blank=True, default="")
    actor_kind = models.CharField(max_length=10, blank=True, default="")
    actor_key = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="posting_newest"),
            models.Index(fields=["part", "kind"], name="posting_by_part"),
        ]

    def __str__(self) -> str:
        return self.key


class EntryNature(models.TextChoices):
    """What an entry of a cooperative's account is made of, for its statement."""

    GOODS = "goods", _("goods sold")
    DELIVERY = "delivery", _("delivery")
    REFUND = "refund", _("refunds")
    COMMISSION = "commission", _("commission")
    TAX = "tax", _("tax withheld")
    CASH = "cash", _("cash collected")
    PAYOUT = "payout", _("paid out")
    CORRECTION = "correction", _("corrections")


class LedgerEntry(models.Model):
    """A debit (positive) or credit (negative) of one account, in minor units. Never changed or deleted.

    `cooperative` and `carrier` say whose account it is; `settlement` which period a cooperative's entry
    belongs to.
    """

    id = models.BigAutoField(primary_key=True)
    posting = models.ForeignKey(LedgerPosting, models.PROTECT, related_name="entries")
    account = models.CharField(max_length=20, choices=Account)
    nature = models.CharField(max_length=12, choices=EntryNature, blank=True, default="")
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="+", null=True, blank=True)
    carrier = models.CharField(max_length=120, blank=True, default="")
    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="entries", null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_entry_is_something"),
            models.CheckConstraint(
                condition=Q(settlement__isnull=False, cooperative__isnull=False)
                | ~Q(account__in=[Account.COOPERATIVE_PAYABLE, Account.COOPERATIVE_CASH]),
                name="ledger_entry_of_a_cooperative_is_in_a_settlement",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "currency", "cooperative", "amount"], name="entry_by_account"),
            models.Index(fields=["settlement", "nature", "amount"], name="entry_by_settlement"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"


class PayoutWay(models.TextChoices):
    BANK = "bank", _("bank transfer")
    STRIPE = "stripe", _("Stripe")


class PayoutQuerySet(models.QuerySet["Payout"]):
    def due(self) -> PayoutQuerySet:
        return self.filter(state=PayoutState.DUE).order_by("made_at", "pk")


class Payout(models.Model):
    """Money that we owe and send: a buyer's refund, a transfer given back, or a cooperative's settlement.

    The receiver's account is copied. Minor units.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    refund = models.ForeignKey(Refund, models.PROTECT, related_name="payouts", null=True, blank=True)
    settlement = models.OneToOneField(
        Settlement, models.PROTECT, related_name="payout", null=True, blank=True
    )
    transfer = models.OneToOneField(
        BankTransfer, models.PROTECT, related_name="payout", null=True, blank=True
    )
    way = models.CharField(max_length=8, choices=PayoutWay, default=PayoutWay.BANK)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    bank_bin = models.CharField(max_length=6, blank=True, default="")
    bank_account = models.CharField(max_length=19, blank=True, default="")
    bank_holder = models.CharField(max_length=120, blank=True, default="")
    destination = models.CharField(max_length=120, blank=True, default="")
    note = models.CharField(max_length=25, blank=True, default="", help_text=_("What the bank carries."))
    state = models.CharField(max_length=10, choices=PayoutState, default=PayoutState.DUE)
    made_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    reference = models.CharField(max_length=120, blank=True, default="")

    objects = PayoutQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_is_something"),
            models.CheckConstraint(
                condition=Q(refund__isnull=False) | Q(settlement__isnull=False) | Q(transfer__isnull=False),
                name="payout_is_for_something",
            ),
        ]
        indexes = [models.Index(fields=["state", "made_at", "id"], name="payout_by_state")]

    def __str__(self) -> str:
        return f"{self.amount} {self.bank_account}"


class DatedRateQuerySet(models.QuerySet[models.Model]):
    def on(self, day: datetime.date) -> DatedRateQuerySet:
        """Those that hold on a day of Vietnam's."""
        return self.filter(Q(until_day=None) | Q(until_day__gte=day), from_day__lte=day)


class CommissionRate(models.Model):
    """Percent of the goods' price that the platform keeps, from a day on.

    For one cooperative and category, one of them, or all: whoever is named more closely wins (the
    cooperative before the category), then the latest `from_day`. A category stands for all below it.
    """

    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, related_name="commission_rates", null=True, blank=True
    )
    category = models.ForeignKey(Category, models.CASCADE, related_name="+", null=True, blank=True)
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    from_day = models.DateField()
    until_day = models.DateField(null=True, blank=True)

    objects = DatedRateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100), name="commission_rate_is_a_percentage"
            ),
        ]
        indexes = [models.Index(fields=["cooperative", "from_day"], name="commission_by_cooperative")]

    def __str__(self) -> str:
        return f"{self.percent} %"


class WithholdingRate(models.Model):
    """Percent of a sale that a platform taking orders and payments withholds as tax (Decree 117/2025)."""

    name = models.CharField(max_length=120)
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    from_day = models.DateField()
    until_day = models.DateField(null=True, blank=True)

    objects = DatedRateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100), name="withholding_rate_is_a_percentage"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percent} %"
