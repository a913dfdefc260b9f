from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from orders.states import Coverage
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel

if TYPE_CHECKING:
    from orders.models.order import Order

# Columns that reports filter by, in the order of their indexes; the second tuple applies to parts or lines
# only.
REPORT_COLUMNS = ("sold_on", "sold_in", "has_ended", "is_confirmed", "is_paid")
FURTHER_REPORT_COLUMNS = ("cooperative", "sold_to", "sold_from")
PAID_COVERAGES = frozenset({Coverage.FULL, Coverage.OVER})


class Counted(models.Model):
    """Report columns of a part or a line, copied from its order so that reports read no other table.

    `sold_on` is the day of placement in Vietnam, null in a draft; `sold_in` is the channel, `sold_from` the
    source, `sold_to` the province. `has_ended` is true when the part was declined or cancelled, or its order
    expired. `is_confirmed` follows the order's confirmation; `is_paid` is true when an active part's order
    is paid in full. Set on creation and updated only by `orders.actions.order_records.recalculate_order`.
    """

    sold_on = models.DateField(null=True, blank=True)
    sold_in = models.ForeignKey(
        Channel, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    sold_from = models.CharField(max_length=10, blank=True, default="")
    sold_to = models.CharField(max_length=10, blank=True, default="")
    has_ended = models.BooleanField(default=False)
    is_confirmed = models.BooleanField(default=False)
    is_paid = models.BooleanField(default=False)

    class Meta:
        abstract = True


def report_columns(order: Order, *, is_active: bool) -> dict[str, object]:
    """Return the values of the `Counted` columns for a part of the order and for its lines."""
    return {
        "sold_on": vietnam_date(order.placed_at) if order.placed_at else None,
        "sold_in_id": order.channel_id,
        "sold_from": order.source,
        "sold_to": order.province_code,
        "has_ended": not is_active or order.expired_at is not None,
        "is_confirmed": order.confirmed_at is not None,
        "is_paid": is_active and order.charge_coverage in PAID_COVERAGES,
    }
