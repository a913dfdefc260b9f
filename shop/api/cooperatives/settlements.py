"""Settlements between the platform and cooperatives, and their payouts."""

from __future__ import annotations

from dataclasses import asdict, fields

from orders.models import LedgerEntry, Payout, PeriodTotals, Settlement
from orders.states import SettlementState
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.cooperatives import cooperative_object
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.cooperatives.inputs import CooperativePayoutsArguments, CooperativeSettlementsArguments
from shop.api.field_permissions import CooperativeScoped
from shop.api.ids import key_from_id
from shop.api.money import MoneyAmount
from shop.api.object_types import Row, Rows, Type
from shop.api.root_fields import Queries
from shop.core.database.row_values import to_camel_case

# Platform staff who handle payments, and cooperatives' staff for their own.
MONEY_PERMISSIONS = (CooperativeScoped(Permission.HANDLE_PAYMENTS),)
_TOTAL_NAMES = tuple(field.name for field in fields(PeriodTotals))


def _visible_settlements(context: Context) -> Rows:
    rows: Rows = Settlement.objects.filter(
        context.scope(Permission.HANDLE_PAYMENTS).row_filter(cooperative="cooperative")
    )
    return rows


def _visible_payouts(context: Context) -> Rows:
    """Return visible payouts of settlements. Payouts of refunds are not included."""
    scope = context.scope(Permission.HANDLE_PAYMENTS)
    rows: Rows = Payout.objects.filter(settlement__isnull=False)
    return rows.filter(scope.row_filter(cooperative="settlement__cooperative"))


settlement_object = Type("CooperativeSettlement", _visible_settlements)
settlement_object.id()
settlement_object.columns(
    number="number",
    state="state",
    currency="currency",
    openedAt="opened_at",
    closedAt="closed_at",
    paidAt="paid_at",
)
settlement_totals_object = Type("CooperativeSettlementFigures")
settlement_totals_object.value_fields(*(to_camel_case(name) for name in (*_TOTAL_NAMES, "payable")))

payout_object = Type("CooperativePayout", _visible_payouts)
payout_object.id()
payout_object.columns(
    state="state", method="method", madeAt="created_at", paidAt="paid_at", reference="reference"
)
payout_object.related("settlement", settlement_object, column="settlement_id")
settlement_object.related_in_channel(
    "cooperative", cooperative_object, column="cooperative_id", channel_column=None
)


@settlement_object.field("figures", needs=("id", "state", "currency", *_TOTAL_NAMES))
def figures_of_settlements(rows: list[Row], *_: object) -> list[dict[str, MoneyAmount]]:
    """Resolve figures. Those of open settlements are read from the ledger in one query."""
    open_ids = [row.id for row in rows if row.state == SettlementState.OPEN]
    open_totals = (
        LedgerEntry.objects.filter(settlement__in=open_ids).totals_by_settlement() if open_ids else {}
    )
    return [
        _money_by_figure(
            open_totals.get(row.id, PeriodTotals())
            if row.state == SettlementState.OPEN
            else PeriodTotals.fixed_at_closing(row),
            row,
        )
        for row in rows
    ]


def _money_by_figure(totals: PeriodTotals, row: Row) -> dict[str, MoneyAmount]:
    amounts = asdict(totals) | {"payable": totals.payable}
    return {to_camel_case(name): MoneyAmount(amount, row.currency) for name, amount in amounts.items()}


@settlement_object.field("payout", needs="id")
def payout_of_settlements(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    requested = payout_object.rows(context).filter(settlement__in=[row.id for row in rows])
    payouts_by_settlement = payout_object.grouped(requested, selection.names(), by="settlement_id")
    return [next(iter(payouts_by_settlement.get(row.id, ())), None) for row in rows]


@payout_object.field("amount", needs=("amount", "currency"))
def amount_of_payouts(rows: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(row.amount, row.currency) for row in rows]


@payout_object.field("accountEnd", needs="bank_account")
def account_end_of_payouts(rows: list[Row], *_: object) -> list[str]:
    """Resolve the last digits of the account."""
    return [row.bank_account[-4:] for row in rows]


@cooperative_object.field(
    needs="state",
    permissions=[
        Permission.MANAGE_STAFF,
        CooperativeScoped(Permission.MANAGE_PRODUCTS),
        CooperativeScoped(Permission.MANAGE_ORDERS),
    ],
)
def state(rows: list[Row], *_: object) -> list[str]:
    return [row.state for row in rows]


query = Queries()


@query.field(permissions=MONEY_PERMISSIONS)
def cooperative_settlements(
    arguments: CooperativeSettlementsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = _filter_rows(settlement_object.rows(context), arguments, "cooperative")
    order = [SortKey("opened_at", is_descending=True), SortKey("id", is_descending=True)]
    return connect(settlement_object, rows, arguments, selection, order=order)


@query.field(permissions=MONEY_PERMISSIONS)
def cooperative_payouts(
    arguments: CooperativePayoutsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = _filter_rows(payout_object.rows(context), arguments, "settlement__cooperative")
    return connect(payout_object, rows, arguments, selection, order=[SortKey("created_at"), SortKey("id")])


def _filter_rows(
    rows: Rows,
    arguments: CooperativePayoutsArguments | CooperativeSettlementsArguments,
    cooperative_column: str,
) -> Rows:
    if (text := arguments.get("cooperative")) is not None:
        rows = rows.filter(**{cooperative_column: key_from_id(text, "Cooperative")})
    return rows if arguments.get("state") is None else rows.filter(state=arguments["state"])


TYPES = (settlement_object, settlement_totals_object, payout_object, query)
