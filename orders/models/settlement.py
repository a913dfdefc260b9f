"""Settlements with cooperatives, and outgoing payments."""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.models.refund import Refund
from orders.models.transfer import BankTransfer
from orders.states import PayoutState, SettlementState


class SettlementQuerySet(models.QuerySet["Settlement"]):
    def for_cooperative(self, cooperative: Cooperative) -> SettlementQuerySet:
        return self.filter(cooperative=cooperative)

    def open(self) -> SettlementQuerySet:
        return self.filter(state=SettlementState.OPEN)

    def closed(self) -> SettlementQuerySet:
        """Return settlements that are closed or paid."""
        return self.exclude(state=SettlementState.OPEN)

    def payable(self) -> SettlementQuerySet:
        """Return closed settlements with an amount still to be paid out."""
        return self.filter(state=SettlementState.CLOSED, payable__gt=0)

    def finished(self) -> SettlementQuerySet:
        """Return finished settlements, which are paid, or closed with nothing to pay out."""
        return self.filter(Q(state=SettlementState.PAID) | Q(state=SettlementState.CLOSED, payable__lte=0))

    def newest_first(self) -> SettlementQuerySet:
        return self.order_by("-opened_at", "-pk")


class Settlement(models.Model):
    """One period's money between the platform and one cooperative, in one currency.

    New ledger entries about the cooperative belong to its open settlement. On closing, its totals are copied
    here (minor units) and never change again, as a database trigger enforces. `payable` = `carried_forward` +
    `goods` + `delivery` + `corrections` − `refunds` − `commission` − `tax_withheld` − `cash_held` is the
    amount that the platform pays. A negative `payable` is carried over as the next period's
    `carried_forward`.
    """

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="settlements")
    currency = models.CharField(max_length=3)
    number = models.PositiveIntegerField(help_text=_("Position among the cooperative's settlements, from 1."))
    state = models.CharField(max_length=8, choices=SettlementState, default=SettlementState.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    carried_forward = models.BigIntegerField(default=0)
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
            models.CheckConstraint(
                condition=Q(state=SettlementState.OPEN)
                | Q(
                    payable=F("carried_forward")
                    + F("goods")
                    + F("delivery")
                    + F("corrections")
                    - F("refunds")
                    - F("commission")
                    - F("tax_withheld")
                    - F("cash_held")
                ),
                name="settlement_payable_is_its_figures",
            ),
        ]
        indexes = [models.Index(fields=["state", "closed_at", "id"], name="settlement_by_state")]

    def __str__(self) -> str:
        return f"{self.cooperative_id}/{self.number}"


class PayoutMethod(models.TextChoices):
    BANK = "bank", _("bank transfer")
    STRIPE = "stripe", _("Stripe")


class PayoutQuerySet(models.QuerySet["Payout"]):
    def of_settlement(self, settlement: Settlement) -> Payout | None:
        return self.filter(settlement=settlement).first()

    def due(self) -> PayoutQuerySet:
        return self.filter(state=PayoutState.DUE).order_by("created_at", "pk")

    def by_bank_transfer(self) -> PayoutQuerySet:
        return self.filter(method=PayoutMethod.BANK)

    def payable(self) -> PayoutQuerySet:
        """Return due payouts that can be sent. Payouts by bank need a known account."""
        return self.due().exclude(method=PayoutMethod.BANK, bank_account="")

    def not_held(self, now: datetime.datetime) -> PayoutQuerySet:
        """Return payouts that are not held back because of a recently changed account."""
        return self.filter(Q(payable_from=None) | Q(payable_from__lte=now))

    def without_account(self) -> PayoutQuerySet:
        """Return due bank payouts whose receiver has not given an account yet."""
        return self.due().by_bank_transfer().filter(bank_account="")


class Payout(models.Model):
    """An outgoing payment: a buyer's refund, a returned transfer or a settlement payout.

    The receiver's account is copied. Amounts are minor units.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    refund = models.ForeignKey(Refund, models.PROTECT, related_name="payouts", null=True, blank=True)
    settlement = models.OneToOneField(
        Settlement, models.PROTECT, related_name="payout", null=True, blank=True
    )
    transfer = models.OneToOneField(
        BankTransfer, models.PROTECT, related_name="payout", null=True, blank=True
    )
    method = models.CharField(max_length=8, choices=PayoutMethod, default=PayoutMethod.BANK)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    bank_bin = models.CharField(max_length=6, blank=True, default="")
    bank_account = models.CharField(max_length=19, blank=True, default="")
    bank_holder = models.CharField(max_length=120, blank=True, default="")
    destination = models.CharField(max_length=120, blank=True, default="")
    note = models.CharField(
        max_length=25, blank=True, default="", help_text=_("Transfer note as the bank shows it.")
    )
    state = models.CharField(max_length=10, choices=PayoutState, default=PayoutState.DUE)
    created_at = models.DateTimeField()
    payable_from = models.DateTimeField(
        null=True, blank=True, help_text=_("Earliest time of payment after a recent change of account.")
    )
    paid_at = models.DateTimeField(null=True, blank=True)
    reference = models.CharField(max_length=120, blank=True, default="")

    objects = PayoutQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_amount_positive"),
            models.CheckConstraint(
                condition=Q(refund__isnull=False) | Q(settlement__isnull=False) | Q(transfer__isnull=False),
                name="payout_has_purpose",
            ),
        ]
        indexes = [models.Index(fields=["state", "created_at", "id"], name="payout_by_state")]

    def __str__(self) -> str:
        return f"{self.amount} {self.bank_account}"

    def is_held(self, now: datetime.datetime) -> bool:
        return self.payable_from is not None and now < self.payable_from

    @property
    def is_account_missing(self) -> bool:
        """Whether the receiver of a bank payout has not given an account yet."""
        return self.method == PayoutMethod.BANK and not self.bank_account

    @property
    def account_end(self) -> str:
        """The last four digits of the account, enough for its owner to recognise it."""
        return self.bank_account[-4:]
