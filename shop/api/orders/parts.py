"""An order's parts, an extension of Saleor's schema."""

from __future__ import annotations

from django.db.models import Sum

from orders.actions.ledger.seller_earnings import read_earned_amounts, read_expected_commissions
from orders.models import LedgerAccount, OrderPart, Refund
from orders.states import PartState, Progress
from shop.api.breadth import Selection
from shop.api.catalogue.cooperatives import cooperative_object
from shop.api.context import Context
from shop.api.money import MoneyAmount, TaxedAmount
from shop.api.object_types import Row, Rows, Type
from shop.api.orders.types import ORDER_PERMISSIONS, fulfillment_object, line_object, order_object
from shop.api.orders.visibility import filter_handled, filter_visible
from shop.api.schema import Choices

ENUMS: dict[str, Choices] = {"CooperativePartState": PartState, "CooperativePartProgress": Progress}


def _visible_parts(context: Context) -> Rows:
    parts: Rows = filter_visible(context, OrderPart.objects.all(), order="order", part="pk")
    return parts


part_object = Type("CooperativePart", _visible_parts)
part_object.id()
part_object.columns(
    number="number",
    state="state",
    progress="progress",
    endReason="end_reason",
    deliveryName="delivery_name",
    pickupPlace="pickup_place",
    pickupDay="pickup_day",
    expectedFrom="expected_from",
    expectedUntil="expected_until",
    customerNote="note",
)
order_object.related_rows("cooperativeParts", part_object, column="order", order=["number"])
part_object.related_in_channel(
    "cooperative", cooperative_object, column="cooperative_id", channel_column="order__channel_id"
)


def _add_taxed_field(field: str, column_prefix: str) -> None:
    net, gross = f"{column_prefix}_net", f"{column_prefix}_gross"

    def resolve(parts: list[Row], *_: object) -> list[TaxedAmount]:
        return [
            TaxedAmount(getattr(part_row, net), getattr(part_row, gross), part_row.order__currency)
            for part_row in parts
        ]

    part_object.field(field, needs=(net, gross, "order__currency"))(resolve)


_add_taxed_field("subtotal", "goods")
_add_taxed_field("shippingPrice", "delivery")
_add_taxed_field("total", "total")


@part_object.field(needs=("id", "order__currency"))
def refunded(parts: list[Row], *_: object) -> list[MoneyAmount]:
    rows = Refund.objects.filter(part__in=[part_row.id for part_row in parts]).order_by("part")
    refunded_by_part = dict(rows.values_list("part").annotate(total=Sum("amount")))
    return [MoneyAmount(refunded_by_part.get(part_row.id, 0), part_row.order__currency) for part_row in parts]


@part_object.field(needs=("id", "order__currency"))
def commission(
    parts: list[Row], arguments: object, context: Context, selection: Selection
) -> list[MoneyAmount | None]:
    """Resolve the commission, less that of missing items. It is hidden from buyers."""
    handled_keys = _find_handled_keys(parts, context)
    commissions = read_expected_commissions(handled_keys)
    return [
        MoneyAmount(commissions.get(part_row.id, 0), part_row.order__currency)
        if part_row.id in handled_keys
        else None
        for part_row in parts
    ]


@part_object.field(needs=("id", "order__currency"))
def payout(
    parts: list[Row], arguments: object, context: Context, selection: Selection
) -> list[MoneyAmount | None]:
    handled_keys = _find_handled_keys(parts, context)
    earned = {
        key: -sum(debit for (account, _nature), debit in booked.items() if account == _PAYABLE)
        for key, booked in read_earned_amounts(handled_keys).items()
    }
    return [
        MoneyAmount(earned.get(part_row.id, 0), part_row.order__currency)
        if part_row.id in handled_keys
        else None
        for part_row in parts
    ]


_PAYABLE = LedgerAccount.COOPERATIVE_PAYABLE


def _find_handled_keys(parts: list[Row], context: Context) -> set[int]:
    """Return the keys of the parts that the requester handles."""
    if not context.may(*ORDER_PERMISSIONS):
        return set()
    rows = OrderPart.objects.filter(pk__in=[part_row.id for part_row in parts])
    return set(filter_handled(context, rows, order="order", part="pk").values_list("pk", flat=True))


part_object.related_rows("lines", line_object, column="part", order=["position", "id"])
part_object.related_rows("fulfillments", fulfillment_object, column="part", order=["number", "id"])


TYPES = (part_object,)
