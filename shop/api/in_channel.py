"""Types whose fields differ from channel to channel: prices, publication, what a customer may see.

    product = InChannel("Product", rows_in=lambda context, channel: …)

    @product.field(needs=("id", "in_channel"))
    def pricing(products, arguments, context, selection): ...

The rows carry the key of the channel that they were asked for in, as the column `in_channel`; null where
staff asked without one. Relations hand it on: a variant's product is the product in the variant's channel.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from django.db.models import IntegerField, Value

from shop.api.errors import ProtocolError
from shop.api.field_permissions import Standing
from shop.api.object_types import Ready, Row, Rows, Type, ready
from shop.core.models import Channel

if TYPE_CHECKING:
    from shop.api.breadth import Selection
    from shop.api.context import Context

Pair: TypeAlias = tuple[Any, int | None]  # the key of an object and that of the channel it is seen in
RowsIn: TypeAlias = "Callable[[Context, Channel | None], Rows]"


class Shelf(NamedTuple):
    """What customers see in a channel: rows by the channel's key (and by the moment, where that matters), and
    whether that is what somebody sees."""

    rows: Callable[..., Rows]
    is_all: Callable[[Context, Channel | None], bool]
    is_by_time: bool = False


class InChannel(Type):
    """An object type that is seen in a channel. `rows_in` are what the requester may see of it there; the
    same for customers, who ask most, is told by `shelf` so that it can be prepared."""

    def __init__(self, name: str, rows_in: RowsIn, *, key: str = "id", shelf: Shelf | None = None) -> None:
        super().__init__(name, self._rows_anywhere, key=key)
        self._rows_in = rows_in
        self._shelf = shelf

    def rows_in(self, context: Context, channel: Channel | None) -> Rows:
        """All rows that the requester may see in a channel; staff also without one."""
        return noted(self._rows_in(context, channel), channel)

    def rows_asked(self, context: Context, arguments: Mapping[str, Any]) -> Rows:
        """The rows in the channel that the argument `channel` names; none where there is no such channel.

        Raises ProtocolError for a customer who names none of several.
        """
        channel, is_there = _asked(context, arguments)
        return self.rows_in(context, channel) if is_there else self.rows_in(context, None).none()

    def asked_among(
        self, context: Context, arguments: Mapping[str, Any], values: Collection[Any], *, by: str = ""
    ) -> Rows | Ready:
        """Of `rows_asked` those whose column `by` (the key) is among the values."""
        channel, is_there = _asked(context, arguments)
        if not is_there or not values:
            return self.rows_in(context, None).none()
        return self.among(context, channel, values, by=by)

    def among(
        self,
        context: Context,
        channel: Channel | None,
        keys: Collection[Any],
        *,
        by: str = "",
        order: tuple[str, ...] = (),
    ) -> Rows | Ready:
        """The rows in a channel that the requester may see, whose column `by` (the key) is among these."""
        if channel is not None and self._shelf is not None and self._shelf.is_all(context, channel):
            shape = {"shelf": self._shelf.rows, "by": by or self._key, "order": order}
            when = [context.now] if self._shelf.is_by_time else []
            return ready(_on_shelf, keys, channel.pk, *when, **shape)
        return self.rows_in(context, channel).filter(**{f"{by or self._key}__in": keys}).order_by(*order)

    def by_pair(self, context: Context, pairs: Iterable[Pair], fields: Iterable[str]) -> dict[Pair, Row]:
        """The rows by key and channel that the requester may see: one query for each channel there is."""
        keys_by_channel: dict[int | None, set[Any]] = {}
        for key, channel_key in pairs:
            if key is not None:
                keys_by_channel.setdefault(channel_key, set()).add(key)
        found: dict[Pair, Row] = {}
        for channel_key, keys in keys_by_channel.items():
            wanted = self.read(self.among(context, channel_of(context, channel_key), keys), fields)
            found |= {(getattr(row, self._key), channel_key): row for row in wanted}
        return found

    def within(self, field: str, to: InChannel, *, by: str) -> None:
        """A field that is the row whose key stands in the column `by`, seen in the same channel."""

        def resolve(
            parents: list[Row], arguments: Any, context: Context, selection: Selection
        ) -> list[Row | None]:
            pairs = [(getattr(parent, by), parent.in_channel) for parent in parents]
            found = to.by_pair(context, pairs, selection.names())
            return [found.get(pair) for pair in pairs]

        self._add(field, resolve, (by, "in_channel"))

    def _rows_anywhere(self, context: Context) -> Rows:
        return self.rows_asked(context, {})


def _asked(context: Context, arguments: Mapping[str, Any]) -> tuple[Channel | None, bool]:
    """The channel that the argument `channel` names, and whether anything can be seen so."""
    slug = arguments.get("channel")
    channel = context.channel(slug) if slug is not None else channel_unasked(context)
    return channel, channel is not None or (slug is None and is_inside(context))


def noted(rows: Rows, channel: Channel | None) -> Rows:
    """Rows that carry the channel they were asked for in."""
    return noted_in(rows, channel.pk if channel else None)


def noted_in(rows: Rows, channel_key: int | None) -> Rows:
    carrying: Rows = rows.annotate(in_channel=Value(channel_key, IntegerField()))
    return carrying


def _on_shelf(
    keys: Collection[Any],
    channel: int,
    *when: datetime.datetime,
    shelf: Callable[..., Rows],
    by: str,
    order: tuple[str, ...],
) -> Rows:
    return noted_in(shelf(channel, *when), channel).filter(**{f"{by}__in": keys}).order_by(*order)


def is_inside(context: Context) -> bool:
    """Whether staff or an app asks: what differs between channels is null to them where they name none."""
    return context.may(Standing.STAFF, Standing.APP)


def channel_unasked(context: Context) -> Channel | None:
    """Where no channel is named: none for staff and apps, who see all; else the only active one.

    Raises ProtocolError for customers where there are several.
    """
    if is_inside(context):
        return None
    only = context.channel(None)
    if only is None and sum(channel.is_active for channel in context.channels.values()) > 1:
        raise ProtocolError("There are several channels: name one in `channel`.")
    return only


def channel_of(context: Context, key: int | None) -> Channel | None:
    """The channel with this key, out of those at hand."""
    return next((each for each in context.channels.values() if each.pk == key), None)


def channel_slugs(parents: list[Row], arguments: Any, context: Context, selection: Any) -> list[str | None]:
    """Resolves `channel: String`: the slug of the channel that an object is seen in."""
    slugs = {channel.pk: slug for slug, channel in context.channels.items()}
    return [slugs.get(parent.in_channel) for parent in parents]
