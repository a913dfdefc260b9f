"""Parcels as fulfillments: packed is WAITING_FOR_APPROVAL, handed over FULFILLED, voided CANCELED."""

from __future__ import annotations

from django.db.models import Q

from cooperatives.models import Warehouse
from orders.models import OrderLine, Parcel, ParcelLine
from orders.states import DISPATCHED_STATES, ParcelKind, ParcelState
from shop.api.breadth import Selection
from shop.api.catalogue.cooperatives import cooperative_object
from shop.api.catalogue.types import warehouse_object
from shop.api.content.reason_settings import reason_page_field
from shop.api.context import Context
from shop.api.metadata import add_metadata_fields
from shop.api.money import MoneyAmount
from shop.api.object_types import Row
from shop.api.orders.types import ORDER_PERMISSIONS, fulfillment_line_object, fulfillment_object, line_object

fulfillment_object.id()
fulfillment_object.columns(fulfillmentOrder="number", trackingNumber="tracking_number", created="created_at")
fulfillment_object.field("reasonReference", needs="reason_page_id")(reason_page_field("reason_page_id"))
add_metadata_fields(
    fulfillment_object, Parcel, permissions=ORDER_PERMISSIONS, cooperative_column="part__cooperative"
)

fulfillment_line_object.id()
fulfillment_line_object.columns(quantity="quantity")
fulfillment_line_object.related(
    "orderLine", line_object, column="order_line_id", rows=OrderLine.objects.all()
)
fulfillment_line_object.field("reasonReference", needs="reason_page_id")(reason_page_field("reason_page_id"))

_KINDS = {
    ParcelKind.RETURN: "RETURNED",
    ParcelKind.REFUND: "REFUNDED",
    ParcelKind.RETURN_AND_REFUND: "REFUNDED_AND_RETURNED",
    ParcelKind.REPLACEMENT: "REPLACED",
}
_UNDISPATCHED = (ParcelState.PACKING, ParcelState.PACKED)


def fulfillment_status(parcel_kind: str, state: str) -> str:
    """Return the schema's status of a parcel."""
    if state == ParcelState.VOIDED:
        return "CANCELED"
    if parcel_kind in _KINDS:
        return _KINDS[ParcelKind(parcel_kind)]
    return "FULFILLED" if state in DISPATCHED_STATES else "WAITING_FOR_APPROVAL"


def match_status(status: str) -> Q:
    """Match parcels with a status of the schema."""
    if status == "CANCELED":
        return Q(state=ParcelState.VOIDED)
    kinds_by_status = {name: kind for kind, name in _KINDS.items()}
    if status in kinds_by_status:
        return Q(kind=kinds_by_status[status]) & ~Q(state=ParcelState.VOIDED)
    return Q(
        kind=ParcelKind.DISPATCH, state__in=DISPATCHED_STATES if status == "FULFILLED" else _UNDISPATCHED
    )


@fulfillment_object.field(needs=("kind", "state"))
def status(parcels: list[Row], *_: object) -> list[str]:
    return [fulfillment_status(parcel.kind, parcel.state) for parcel in parcels]


@fulfillment_object.field(needs=("kind", "state"))
def status_display(parcels: list[Row], *_: object) -> list[str]:
    """Resolve our own state's label, which is more detailed."""
    return [
        str(ParcelState(parcel.state).label)
        if parcel.kind == ParcelKind.DISPATCH or parcel.state == ParcelState.VOIDED
        else str(ParcelKind(parcel.kind).label)
        for parcel in parcels
    ]


@fulfillment_object.field(needs=("failure_reason", "return_reason"))
def reason(parcels: list[Row], *_: object) -> list[str | None]:
    """Resolve why a parcel failed or was voided, or why its items come back."""
    return [parcel.failure_reason or parcel.return_reason or None for parcel in parcels]


@fulfillment_line_object.field("reason", needs="return_reason")
def reason_of_lines(lines: list[Row], *_: object) -> list[str | None]:
    return [line.return_reason or None for line in lines]


@fulfillment_object.field("warehouse", needs="warehouse_id")
def warehouse_of_fulfillments(
    parcels: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    """Resolve the warehouses of parcels, including closed ones."""
    keys = [parcel.warehouse_id for parcel in parcels]
    warehouses_by_key = warehouse_object.by_key(
        context, keys, selection.names(), rows=Warehouse.objects.all()
    )
    return [warehouses_by_key.get(key) for key in keys]


fulfillment_object.related_in_channel(
    "cooperative", cooperative_object, column="part__cooperative_id", channel_column="part__order__channel_id"
)
fulfillment_object.related_rows(
    "lines", fulfillment_line_object, column="parcel", order=["pk"], rows=ParcelLine.objects.all()
)


@fulfillment_object.field(needs=("refund__delivery_amount", "part__order__currency"))
def shipping_refunded_amount(parcels: list[Row], *_: object) -> list[MoneyAmount | None]:
    return [
        MoneyAmount(parcel.refund__delivery_amount, parcel.part__order__currency)
        if parcel.refund__delivery_amount
        else None
        for parcel in parcels
    ]


@fulfillment_object.field(needs=("refund__amount", "part__order__currency"))
def total_refunded_amount(parcels: list[Row], *_: object) -> list[MoneyAmount | None]:
    return [
        None
        if parcel.refund__amount is None
        else MoneyAmount(parcel.refund__amount, parcel.part__order__currency)
        for parcel in parcels
    ]


TYPES = (fulfillment_object, fulfillment_line_object)
