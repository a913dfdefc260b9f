"""The ledger. It is double entry and append-only, and every balance is a sum over its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative
from orders.models.order import Order
from orders.models.part import OrderPart
from orders.models.settlement import Settlement


class LedgerAccount(models.TextChoices):
    """Ledger accounts. Debits are positive, credits negative.

    Those of counters, customers and suppliers are a cooperative's own books and hold no money of the market.
    """

    BUYER = "buyer", _("owed by buyers")
    GATEWAY = "gateway", _("with the card gateway")
    BANK = "bank", _("on the bank account")
    CARRIER_CASH = "carrier_cash", _("cash with carriers")
    COOPERATIVE_CASH = "cooperative_cash", _("cash at cooperatives")
    UNMATCHED = "unmatched", _("money not matched to an order")
    COMMISSION = "commission", _("commission")
    DELIVERY_INCOME = "delivery_income", _("delivery income")
    PLATFORM_COST = "platform_cost", _("borne by the market")
    TAX_WITHHELD = "tax_withheld", _("tax withheld")
    COOPERATIVE_PAYABLE = "cooperative_payable", _("owed to cooperatives")
    PAYOUT_DUE = "payout_due", _("payouts due")
    CUSTOMER_DEBT = "customer_debt", _("owed to cooperatives by their customers")
    COUNTER_SALES = "counter_sales", _("sold by cooperatives at the counter")
    COUNTER_CASH = "counter_cash", _("cooperatives' own cash")
    COUNTER_BANK = "counter_bank", _("on cooperatives' own bank accounts")
    SUPPLIER_PAYABLE = "supplier_payable", _("owed by cooperatives to their suppliers")
    PURCHASES = "purchases", _("bought by cooperatives")


# Entries of these accounts belong to a settlement.
COOPERATIVE_ACCOUNTS = frozenset({LedgerAccount.COOPERATIVE_PAYABLE, LedgerAccount.COOPERATIVE_CASH})


class PostingKind(models.TextChoices):
    SALE = "sale", _("sale")
    PAYMENT = "payment", _("payment")
    REFUND = "refund", _("refund")
    REMITTANCE = "remittance", _("cash remitted")
    UNMATCHED = "unmatched", _("unmatched money received or returned")
    OFFSET = "offset", _("cash kept by the cooperative")
    PAYOUT = "payout", _("paid out")
    SETTLED = "settled", pgettext_lazy("posting", "settled")
    CARRIED = "carried", _("carried over")
    CORRECTION = "correction", _("correction")
    PURCHASE = "purchase", pgettext_lazy("posting", "purchase")


class LedgerPosting(models.Model):
    """One money event. Its entries sum to zero in each currency. It is never changed or deleted.

    `idempotency_key` is the key of the booked event. `part` is the order part that it concerns.
    """

    id = models.BigAutoField(primary_key=True)
    idempotency_key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=12, choices=PostingKind)
    created_at = models.DateTimeField()
    order = models.ForeignKey(Order, models.PROTECT, related_name="postings", null=True, blank=True)
    part = models.ForeignKey(OrderPart, models.PROTECT, related_name="postings", null=True, blank=True)
    memo = models.CharField(max_length=250, blank=True, default="")
    actor_kind = models.CharField(max_length=10, blank=True, default="")
    actor_key = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="posting_newest"),
            models.Index(fields=["part", "kind"], name="posting_by_part"),
        ]

    def __str__(self) -> str:
        return self.idempotency_key


class EntryNature(models.TextChoices):
    """The purpose of an entry of a cooperative's account, as shown on its statement."""

    GOODS = "goods", _("goods sold")
    DELIVERY = "delivery", _("delivery")
    REFUND = "refund", _("refunds")
    COMMISSION = "commission", _("commission")
    TAX = "tax", _("tax withheld")
    CASH = "cash", _("cash collected")
    BROUGHT = "brought", _("brought forward")
    PAYOUT = "payout", _("paid out")
    CORRECTION = "correction", _("corrections")


@dataclass(frozen=True, slots=True)
class CooperativeBalance:
    """A cooperative's balance, in minor units.

    `owed` is the cooperative's credit in open periods. It is negative if the cooperative owes us. `cash_held`
    is our cash that the cooperative holds. `due` is the settled amount still to be paid out. `paid_out` is
    the total that was paid out.
    """

    owed: int = 0
    cash_held: int = 0
    due: int = 0
    paid_out: int = 0


@dataclass(frozen=True, slots=True)
class PeriodTotals:
    """Totals of an open period so far, in minor units. Closing the settlement freezes them."""

    carried_forward: int = 0
    goods: int = 0
    delivery: int = 0
    refunds: int = 0
    commission: int = 0
    tax_withheld: int = 0
    corrections: int = 0
    cash_held: int = 0

    @property
    def payable(self) -> int:
        credits = self.carried_forward + self.goods + self.delivery + self.corrections
        return credits - self.refunds - self.commission - self.tax_withheld - self.cash_held

    @classmethod
    def fixed_at_closing(cls, settlement: object) -> PeriodTotals:
        """Read the totals that a closed settlement, or an API row with its columns, keeps."""
        return cls(**{field.name: getattr(settlement, field.name) for field in fields(cls)})

    @classmethod
    def from_debits(cls, debits: Mapping[tuple[str, str], int]) -> PeriodTotals:
        """Build from an open period's debits by (account, nature).

        Natures without a column of their own count as corrections.
        """
        natures = EntryNature
        payable = {
            key[1]: total for key, total in debits.items() if key[0] == LedgerAccount.COOPERATIVE_PAYABLE
        }
        totals = {
            "carried_forward": -payable.pop(natures.BROUGHT, 0),
            "goods": -payable.pop(natures.GOODS, 0),
            "delivery": -payable.pop(natures.DELIVERY, 0),
            "refunds": payable.pop(natures.REFUND, 0),
            "commission": payable.pop(natures.COMMISSION, 0),
            "tax_withheld": payable.pop(natures.TAX, 0),
        }
        cash_held = sum(total for key, total in debits.items() if key[0] == LedgerAccount.COOPERATIVE_CASH)
        return cls(**totals, corrections=-sum(payable.values()), cash_held=cash_held)


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    def balance(self) -> int:
        """Return the sum in minor units. Filter by one currency first."""
        total: int = self.aggregate(total=Sum("amount", default=0))["total"]
        return total

    def totals_by_settlement(self) -> dict[int, PeriodTotals]:
        """Return the totals of open periods by settlement id. It takes one query."""
        rows = (
            self.filter(account__in=COOPERATIVE_ACCOUNTS)
            .order_by("settlement")
            .values_list("settlement", "account", "nature")
            .annotate(total=Sum("amount"))
        )
        debits: dict[int, dict[tuple[str, str], int]] = {}
        for settlement_id, account, nature, total in rows:
            debits.setdefault(settlement_id, {})[account, nature] = total
        return {key: PeriodTotals.from_debits(sums) for key, sums in debits.items()}

    def by_cooperative(self, currency: str) -> dict[int, CooperativeBalance]:
        """Return the balance of each cooperative in a currency. It takes one query."""
        accounts = LedgerAccount.COOPERATIVE_PAYABLE, LedgerAccount.COOPERATIVE_CASH, LedgerAccount.PAYOUT_DUE
        due_filter, payout_filter = Q(account=LedgerAccount.PAYOUT_DUE), Q(posting__kind=PostingKind.PAYOUT)
        rows = (
            self.filter(cooperative__isnull=False, currency=currency, account__in=accounts)
            .order_by("cooperative")
            .values("cooperative")
            .annotate(
                owed=Sum("amount", filter=Q(account=LedgerAccount.COOPERATIVE_PAYABLE), default=0),
                cash=Sum("amount", filter=Q(account=LedgerAccount.COOPERATIVE_CASH), default=0),
                due=Sum("amount", filter=due_filter, default=0),
                paid=Sum("amount", filter=due_filter & payout_filter, default=0),
            )
        )
        return {
            row["cooperative"]: CooperativeBalance(-row["owed"], row["cash"], -row["due"], row["paid"])
            for row in rows
        }

    def of_cooperative(self, cooperative: Cooperative, currency: str) -> CooperativeBalance:
        """Return the balance of one cooperative in a currency."""
        balances = self.filter(cooperative=cooperative).by_cooperative(currency)
        return balances.get(cooperative.pk, CooperativeBalance())


class LedgerEntry(models.Model):
    """A debit (positive) or credit (negative) of one account, in minor units. Never changed or deleted.

    `cooperative` and `carrier` identify the account's owner. `settlement` is the period of a cooperative's
    entry.
    """

    id = models.BigAutoField(primary_key=True)
    posting = models.ForeignKey(LedgerPosting, models.PROTECT, related_name="entries")
    account = models.CharField(max_length=20, choices=LedgerAccount)
    nature = models.CharField(max_length=12, choices=EntryNature, blank=True, default="")
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="+", null=True, blank=True)
    carrier = models.CharField(max_length=120, blank=True, default="")
    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="entries", null=True, blank=True)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_entry_amount_not_zero"),
            models.CheckConstraint(
                condition=Q(settlement__isnull=False, cooperative__isnull=False)
                | ~Q(account__in=[LedgerAccount.COOPERATIVE_PAYABLE, LedgerAccount.COOPERATIVE_CASH]),
                name="ledger_entry_of_a_cooperative_is_in_a_settlement",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "currency", "cooperative", "amount"], name="entry_by_account"),
            models.Index(fields=["settlement", "nature", "amount"], name="entry_by_settlement"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"

    @property
    def credit(self) -> int:
        """The amount if it is a credit, else 0."""
        return max(0, -self.amount)
