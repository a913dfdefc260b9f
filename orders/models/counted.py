from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel

if TYPE_CHECKING:
    from orders.models.order import Order

# Columns that reports filter by, in the order of their indexes; the second tuple applies to parts or lines
# only.
REPORT_COLUMNS = ("sold_on", "sold_in", "has_ended")
FURTHER_REPORT_COLUMNS = ("cooperative", "sold_to", "sold_from")


class Counted(models.Model):
    """Report columns of a part or a line, copied from its order so that reports read no other table.

    `sold_on` is the day of placement in Vietnam, null in a draft; `sold_in` is the channel, `sold_from` the
    source, `sold_to` the province. `has_ended` is true when the part was declined or cancelled, or its order
    expired. Set on creation and updated only by `orders.actions.order_records.recalculate_order`.
    """

    sold_on = models.DateField(null=True, blank=True)
    sold_in = models.ForeignKey(
        Channel, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    sold_from = models.CharField(max_length=10, blank=True, default="")
    sold_to = models.CharField(max_length=10, blank=True, default="")
    has_ended = models.BooleanField(default=False)

    class Meta:
        abstract = True


def report_columns(order: Order, *, is_active: bool) -> dict[str, object]:
    """The values of the `Counted` columns for a part of the order and for its lines."""
    return {
        "sold_on": vietnam_date(order.placed_at) if order.placed_at else None,
        "sold_in_id": order.channel_id,
        "sold_from": order.source,
        "sold_to": order.province_code,
        "has_ended": not is_active or order.expired_at is not None,
    }
