"""Numbers and lines of new parcels."""

from __future__ import annotations

from django.db.models import Max

from catalog.models import Stock
from orders.models import Order, OrderLine, Parcel, ParcelLine


def read_next_parcel_number(order: Order) -> int:
    """Return the number of the order's next parcel."""
    last: int | None = Parcel.objects.filter(part__order=order).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


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
