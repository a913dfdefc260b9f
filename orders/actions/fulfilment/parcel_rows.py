"""Numbers and lines of new parcels."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.models import Stock
from orders.models import Order, OrderLine, Parcel, ParcelLine


@dataclass(frozen=True, slots=True)
class NextParcel:
    """The number of an order's next parcel, the number on its label, and the label codes that are taken."""

    number: int
    label_code: str
    taken_codes: frozenset[str]


def read_next_parcel(order: Order) -> NextParcel:
    """Return what the order's next parcel is called. Only parcels with labels count for its label."""
    rows = list(Parcel.objects.filter(part__order=order).values_list("number", "label_code"))
    label_count = sum(label_code.isdecimal() for _number, label_code in rows)
    return NextParcel(
        number=max((number for number, _label_code in rows), default=0) + 1,
        label_code=str(label_count + 1),
        taken_codes=frozenset(label_code for _number, label_code in rows),
    )


def make_parcel_line(
    parcel: Parcel, line: OrderLine, quantity: int, stock: Stock | None = None
) -> ParcelLine:
    """Build a parcel line. A line sold by weight gets its proportional weight in grams."""
    weighed = line.weighed_grams
    grams = None if weighed is None else max(1, weighed * quantity // line.quantity)
    return ParcelLine(
        parcel=parcel,
        order_line=line,
        stock=stock,
        quantity=quantity,
        is_sold_by_weight=grams is not None,
        grams=grams,
    )
