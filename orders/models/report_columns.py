from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from orders.states import Coverage
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel

if TYPE_CHECKING:
    from orders.models.order import Order

# Columns that reports filter by, in the order of their indexes. The second tuple applies to parts or lines
# only.
REPORT_COLUMNS = ("report_date", "report_channel", "has_ended", "is_confirmed", "is_paid")
FURTHER_REPORT_COLUMNS = ("cooperative", "report_province", "report_source")
PAID_COVERAGES = frozenset({Coverage.FULL, Coverage.OVER})


class ReportColumns(models.Model):
    """Report columns of a part or a line, copied from its order so that reports read no other table.

    `report_date` is the day of placement in Vietnam, and null in a draft. `report_channel`, `report_source`
    and `report_province` are the order's. `has_ended` is true when the part was declined or cancelled, or its
    order expired. `is_confirmed` follows the order's confirmation. `is_paid` is true when an active part's
    order is paid in full. The columns are set on creation and updated only by
    `orders.actions.order_records.recalculate_order`.
    """

    report_date = models.DateField(null=True, blank=True)
    report_channel = models.ForeignKey(
        Channel, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    report_source = models.CharField(max_length=10, blank=True, default="")
    report_province = models.CharField(max_length=10, blank=True, default="")
    has_ended = models.BooleanField(default=False)
    is_confirmed = models.BooleanField(default=False)
    is_paid = models.BooleanField(default=False)

    class Meta:
        abstract = True


def report_columns(order: Order, *, is_active: bool) -> dict[str, object]:
    """Return the values of the `ReportColumns` columns for a part of the order and for its lines."""
    return {
        "report_date": vietnam_date(order.placed_at) if order.placed_at else None,
        "report_channel_id": order.channel_id,
        "report_source": order.source,
        "report_province": order.province_code,
        "has_ended": not is_active or order.expired_at is not None,
        "is_confirmed": order.confirmed_at is not None,
        "is_paid": is_active and order.charge_coverage in PAID_COVERAGES,
    }
