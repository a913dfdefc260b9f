"""Reports about money: refunds, the earnings of cooperatives and those of the market."""

from __future__ import annotations

from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.access import MemberRight
from orders.models import CostBearer, EntryNature, LedgerAccount, LedgerEntry, Refund
from orders.models.ledger import LedgerEntryQuerySet
from orders.models.refund import RefundQuerySet
from shop.accounts.staff.permissions import Permission
from shop.reports.declared.declaration import Column, ColumnPlace, Family, Report, RowSource, Unit, measure
from shop.reports.declared.dimensions import BY_COOPERATIVE, BY_PROVINCE, TIMES, choice_dimension

_EARNED_NATURES = (
    EntryNature.GOODS,
    EntryNature.DELIVERY,
    EntryNature.REFUND,
    EntryNature.COMMISSION,
    EntryNature.TAX,
    EntryNature.CORRECTION,
)
_MARKET_ACCOUNTS = (LedgerAccount.COMMISSION, LedgerAccount.DELIVERY_INCOME, LedgerAccount.PLATFORM_COST)


def _find_refunds() -> RefundQuerySet:
    return Refund.objects.all()


def _find_earnings() -> LedgerEntryQuerySet:
    return LedgerEntry.objects.filter(account=LedgerAccount.COOPERATIVE_PAYABLE, nature__in=_EARNED_NATURES)


def _find_market_entries() -> LedgerEntryQuerySet:
    return LedgerEntry.objects.filter(account__in=_MARKET_ACCOUNTS)


def _credit_of_nature(nature: EntryNature) -> Sum:
    """Return the credits less the debits of one nature, as a measure."""
    return Sum(-F("amount"), filter=Q(nature=nature), default=0)


def _credit_of_account(account: LedgerAccount) -> Sum:
    """Return the credits less the debits of one account, as a measure."""
    return Sum(-F("amount"), filter=Q(account=account), default=0)


REFUNDS = Report(
    slug="hoan-tien",
    family=Family.MONEY,
    question=_("What is refunded, and who bears it?"),
    definition=_(
        "Refunds decided in the period, whatever the day of the order. Paid back is what buyers had paid "
        "already; the rest only lowers what they owe. Surplus is money that a buyer paid too much."
    ),
    permission=Permission.MANAGE_ORDERS,
    member_right=MemberRight.SEE_SETTLEMENTS,
    rows=_find_refunds,
    moment="decided_at",
    cooperative="part__cooperative",
    currency="currency",
    lookups={"bearer": "bearer", "province": "part__report_province"},
    measures={
        "amount": Sum("amount", default=0),
        "refunds": Count("pk"),
        "goods": Sum(F("amount") - F("delivery_amount") - F("surplus"), default=0),
        "delivery": Sum("delivery_amount", default=0),
        "surplus": Sum("surplus", default=0),
        "by_cooperatives": Sum("amount", filter=Q(bearer=CostBearer.COOPERATIVE), default=0),
        "repayment": Sum("repayment", default=0),
    },
    columns=(
        Column(pgettext_lazy("report", "Refunds"), Unit.MONEY, measure("amount")),
        Column(pgettext_lazy("report", "Number"), Unit.COUNT, measure("refunds")),
        Column(
            pgettext_lazy("report", "Products"),
            Unit.MONEY,
            measure("goods"),
            ColumnPlace.NOT_ON_PHONES,
            has_tile=False,
        ),
        Column(
            pgettext_lazy("report", "Delivery"),
            Unit.MONEY,
            measure("delivery"),
            ColumnPlace.NOT_ON_PHONES,
            has_tile=False,
        ),
        Column(_("Surplus"), Unit.MONEY, measure("surplus"), ColumnPlace.NOT_ON_PHONES, has_tile=False),
        Column(_("Borne by cooperatives"), Unit.MONEY, measure("by_cooperatives"), ColumnPlace.NOT_ON_PHONES),
        Column(_("Paid back"), Unit.MONEY, measure("repayment")),
    ),
    row_source=RowSource(
        pgettext_lazy("report", "Refunds"),
        order="order",
        part="part",
        texts=("reason", "part__cooperative__name"),
    ),
    dimensions=(
        BY_COOPERATIVE,
        choice_dimension("bearer", _("Borne by"), CostBearer),
        BY_PROVINCE,
        *TIMES,
    ),
)

EARNINGS = Report(
    slug="hop-tac-xa-duoc-nhan",
    family=Family.MONEY,
    question=_("What do cooperatives earn?"),
    definition=_(
        "What the ledger credited to cooperatives in the period for delivered products and their own "
        "deliveries, less refunds that they bear, commission and withheld tax. It agrees with settlements: "
        "cash that they hold and payouts are not counted."
    ),
    permission=Permission.HANDLE_PAYMENTS,
    member_right=MemberRight.SEE_SETTLEMENTS,
    rows=_find_earnings,
    moment="posting__created_at",
    cooperative="cooperative",
    currency="currency",
    measures={
        "earned": Sum(-F("amount"), default=0),
        "goods": _credit_of_nature(EntryNature.GOODS),
        "delivery": _credit_of_nature(EntryNature.DELIVERY),
        "refunds": _credit_of_nature(EntryNature.REFUND),
        "commission": _credit_of_nature(EntryNature.COMMISSION),
        "tax": _credit_of_nature(EntryNature.TAX),
        "corrections": _credit_of_nature(EntryNature.CORRECTION),
    },
    columns=(
        Column(_("Earned"), Unit.MONEY, measure("earned")),
        Column(pgettext_lazy("report", "Products"), Unit.MONEY, measure("goods"), ColumnPlace.NOT_ON_PHONES),
        Column(
            pgettext_lazy("report", "Delivery"), Unit.MONEY, measure("delivery"), ColumnPlace.NOT_ON_PHONES
        ),
        Column(pgettext_lazy("report", "Refunds"), Unit.MONEY, measure("refunds"), ColumnPlace.NOT_ON_PHONES),
        Column(_("Commission"), Unit.MONEY, measure("commission")),
        Column(_("Tax withheld"), Unit.MONEY, measure("tax"), ColumnPlace.NOT_ON_PHONES),
        Column(
            _("Corrections"), Unit.MONEY, measure("corrections"), ColumnPlace.NOT_ON_PHONES, has_tile=False
        ),
    ),
    row_source=RowSource(
        _("Entries"),
        order="posting__order",
        part="posting__part",
        texts=("posting__memo", "cooperative__name"),
    ),
    dimensions=(BY_COOPERATIVE, *TIMES),
)

MARKET_INCOME = Report(
    slug="thu-nhap-cua-cho",
    family=Family.MONEY,
    question=_("What does the market earn?"),
    definition=_(
        "What the ledger booked in the period as commission and delivery income of the market, less "
        "discounts, refunds and losses that it bears. Entries without an order part have no cooperative."
    ),
    permission=Permission.HANDLE_PAYMENTS,
    rows=_find_market_entries,
    moment="posting__created_at",
    cooperative="posting__part__cooperative",
    currency="currency",
    lookups={"province": "posting__part__report_province"},
    measures={
        "income": Sum(-F("amount"), default=0),
        "commission": _credit_of_account(LedgerAccount.COMMISSION),
        "delivery": _credit_of_account(LedgerAccount.DELIVERY_INCOME),
        "costs": _credit_of_account(LedgerAccount.PLATFORM_COST),
    },
    columns=(
        Column(_("Income less costs"), Unit.MONEY, measure("income")),
        Column(_("Commission"), Unit.MONEY, measure("commission")),
        Column(
            pgettext_lazy("report", "Delivery"), Unit.MONEY, measure("delivery"), ColumnPlace.NOT_ON_PHONES
        ),
        Column(_("Borne by the market"), Unit.MONEY, measure("costs"), ColumnPlace.NOT_ON_PHONES),
    ),
    row_source=RowSource(
        _("Entries"),
        order="posting__order",
        part="posting__part",
        texts=("posting__memo", "posting__part__cooperative__name"),
    ),
    dimensions=(BY_COOPERATIVE, BY_PROVINCE, *TIMES),
)
