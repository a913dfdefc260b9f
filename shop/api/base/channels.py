"""Channels: markets with a currency."""

from __future__ import annotations

from typing import Any

from shop.accounts.permissions import Permission
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.ids import key_of
from shop.api.metadata import keep_metadata
from shop.api.permissions import Standing
from shop.api.roots import Queries
from shop.api.schema import Choices
from shop.api.types import Row, Type
from shop.core.models import AllocationStrategy, Channel, TransactionFlow

channel = Type("Channel", rows=lambda context: Channel.objects.order_by("pk"))
channel.id()
channel.columns(slug="slug", name="name", isActive="is_active", currencyCode="currency")
keep_metadata(channel, Channel, rights=[Permission.MANAGE_CHANNELS])

query = Queries()


@query.field("channel")
def one_channel(arguments: dict[str, Any], context: Context, selection: Selection) -> Row | None:
    """By `id` or `slug`; anybody may, as every storefront has to know its channel."""
    given, slug = arguments.get("id"), arguments.get("slug")
    if (given is None) == (slug is None):
        raise ProtocolError("A channel is found by exactly one of `id` and `slug`.")
    rows = channel.rows(context)
    rows = rows.filter(slug=slug) if given is None else rows.filter(pk=key_of(given, "Channel"))
    return next(iter(channel.read(rows, selection.names())), None)


@query.field(permissions=[Standing.APP, Standing.STAFF])
def channels(arguments: dict[str, Any], context: Context, selection: Selection) -> list[Row]:
    return channel.read(channel.rows(context), selection.names())


TYPES = (channel, query)
ENUMS: dict[str, Choices] = {
    "AllocationStrategyEnum": AllocationStrategy,
    "TransactionFlowStrategyEnum": TransactionFlow,
}
