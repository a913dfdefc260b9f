"""Say who was first where a phone's command is refused, such as "Minh, 14:05: Accepted"."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db.models import Q
from django.utils.translation import gettext as _

from catalog.models import Stock
from cooperatives.access import MembershipContext
from orders.models import OrderPart
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Change
from shop.core.texts.formatting import format_short_day, format_time
from shop.history.change_texts import change_text
from shop.members.actor_names import actor_name, member_names
from shop.members.sync.payloads import MAX_ID
from shop.members.sync.rows import PART, RowReference

_READ_CHANGES = 30
# What another member may have done before, by command. Stock and lots are found by their rows.
_ACTIONS = {
    "accept_part": "part.accepted",
    "weigh_line": "line.weighed",
    "pack_parcel": "parcel.created",
    "close_parcel": "parcel.packed",
    "hand_over_parcel": "parcel.handed_over",
    "deliver_parcel": "parcel.delivered",
    "report_collected_cash": "parcel.cash_collected",
    "fail_delivery": "parcel.delivery_failed",
    "cancel_part": "part.cancelled",
    "change_price": "price.changed",
    "move_product_photo": "product.picture_removed",
}
_STOCK_COMMANDS = frozenset(
    {"receive_stock", "write_off_stock", "transfer_stock", "count_stock", "receive_lot"}
)
_LOT_COMMANDS = frozenset({"count_lot", "add_lot_stage"})


def read_latest_changes(
    membership: MembershipContext,
    *,
    command: str,
    payload: Mapping[str, object],
    row: RowReference,
    now: datetime.datetime,
) -> list[str]:
    """Return who did the same before, and what was done last, in words. It takes three queries."""
    condition = _condition(membership, command, payload, row)
    changes = list(Change.objects.filter(condition).newest_first()[:_READ_CHANGES])
    same = next((change for change in changes if change.action == _ACTIONS.get(command)), None)
    chosen = list(dict.fromkeys(change for change in (same, *changes[:1]) if change is not None))
    members = member_names(membership.cooperative) if chosen else {}
    return [_change_text(change, members, now) for change in chosen]


def _condition(
    membership: MembershipContext, command: str, payload: Mapping[str, object], row: RowReference
) -> Q:
    cooperative = membership.cooperative
    if row.kind == PART:
        order_ids = (
            OrderPart.objects.for_cooperative(cooperative).filter(pk=row.id).values_list("order", flat=True)
        )
        root_keys = [str(order_id) for order_id in order_ids]
        return Q(root_kind="orders.order", root_key__in=root_keys, cooperative=cooperative.pk)
    lot = payload.get("lot")
    if command in _LOT_COMMANDS or (command in _STOCK_COMMANDS and lot is not None):
        return Q(kind="catalog.lot", key=str(lot), cooperative=cooperative.pk)
    variant = payload.get("variant")
    if command in _STOCK_COMMANDS and isinstance(variant, int) and 0 < variant <= MAX_ID:
        stock_ids = Stock.objects.filter(variant=variant).values_list("pk", flat=True)
        return Q(kind="catalog.stock", key__in=[str(pk) for pk in stock_ids], cooperative=cooperative.pk)
    return Q(root_kind="catalog.product", root_key=str(row.id))


def _change_text(change: Change, members: Mapping[str, str], now: datetime.datetime) -> str:
    hour, day = format_time(change.created_at), vietnam_date(change.created_at)
    moment = hour if day == vietnam_date(now) else f"{hour} {format_short_day(day)}"
    values = {"who": actor_name(change, members), "moment": moment, "what": change_text(change)}
    return _("%(who)s, %(moment)s: %(what)s") % values
