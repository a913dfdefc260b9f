"""The ledger: double entry, append only. What anybody owes or holds is a sum over it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.models.order import Order
from orders.models.part import OrderPart
from orders.models.settlement import Settlement


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
    PAYOUT_DUE = "payout_due", _("settled and to be paid out")


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
    CARRIED = "carried", _("carried over")
    CORRECTION = "correction", _("correction")


class LedgerPosting(models.Model):
    """One thing that happened to money: its entries sum to zero in each currency. Never changed or deleted.

    `key` names the fact that it books, so that none is booked twice; `part` is whose goods it books.
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
    BROUGHT = "brought", _("brought over")
    PAYOUT = "payout", _("paid out")
    CORRECTION = "correction", _("corrections")


@dataclass(frozen=True, slots=True)
class CooperativeBalance:
    """In minor units: what a cooperative is `owed` in running periods (below zero: owes), the cash of ours it
    holds, what is settled and still `due` to be paid, and what has been `paid_out`."""

    owed: int = 0
    cash_held: int = 0
    due: int = 0
    paid_out: int = 0


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    def balance(self) -> int:
        """Σ, in minor units; ask it of one currency."""
        total: int = self.aggregate(total=Sum("amount", default=0))["total"]
        return total

    def by_account(self, currency: str) -> dict[str, int]:
        """Each account's balance in a currency."""
        rows = self.filter(currency=currency).order_by("account").values_list("account")
        return dict(rows.annotate(total=Sum("amount")))

    def by_carrier(self, currency: str) -> dict[str, int]:
        """The cash that each carrier has of ours, by its name."""
        rows = self.filter(account=Account.CARRIER_CASH, currency=currency).order_by("carrier")
        return dict(rows.values_list("carrier").annotate(total=Sum("amount")))

    def by_cooperative(self, currency: str) -> dict[int, CooperativeBalance]:
        """Each cooperative's balance in a currency, in one query."""
        of = Account.COOPERATIVE_PAYABLE, Account.COOPERATIVE_CASH, Account.PAYOUT_DUE
        rows = (
            self.filter(cooperative__isnull=False, currency=currency, account__in=of)
            .order_by("cooperative")
            .values("cooperative")
            .annotate(
                owed=Sum("amount", filter=Q(account=Account.COOPERATIVE_PAYABLE), default=0),
                cash=Sum("amount", filter=Q(account=Account.COOPERATIVE_CASH), default=0),
                due=Sum("amount", filter=Q(account=Account.PAYOUT_DUE), default=0),
                paid=Sum("amount", filter=Q(account=Account.PAYOUT_DUE, amount__gt=0), default=0),
            )
        )
        return {
            row["cooperative"]: CooperativeBalance(-row["owed"], row["cash"], -row["due"], row["paid"])
            for row in rows
        }

    def of_cooperative(self, cooperative: Cooperative, currency: str) -> CooperativeBalance:
        """What it is owed, holds and has been paid."""
        own = self.filter(cooperative=cooperative).by_cooperative(currency)
        return own.get(cooperative.pk, CooperativeBalance())


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

    objects = LedgerEntryQuerySet.as_manager()

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
