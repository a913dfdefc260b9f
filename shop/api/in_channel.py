"""Object types whose fields depend on the channel, such as prices and publication.

    product = InChannel("Product", rows_in=lambda context, channel: …)

    @product_object.field(needs=("id", "in_channel"))
    def pricing(products, arguments, context, selection): ...

Each row carries its channel's key in the column `in_channel`. It is null if staff named no channel. Relations
pass it on: a variant's product is the product in the variant's channel.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from django.db.models import IntegerField, Value

from shop.api.errors import ProtocolError
from shop.api.field_permissions import FieldAccess
from shop.api.ids import Key
from shop.api.object_types import CompiledRows, Row, Rows, Type, compiled_rows
from shop.core.models import Channel

if TYPE_CHECKING:
    from shop.api.breadth import Selection
    from shop.api.context import Context

Pair: TypeAlias = tuple[Key | None, int | None]  # the key of an object and that of the channel it is seen in
RowsIn: TypeAlias = "Callable[[Context, Channel | None], Rows]"


class PublicRows(NamedTuple):
    """The rows visible to buyers in a channel.

    `rows` takes the channel's key and, if `is_by_time`, the current time. `applies_to` returns whether the
    requester sees exactly these rows.
    """

    rows: Callable[..., Rows]
    applies_to: Callable[[Context, Channel | None], bool]
    is_by_time: bool = False


class InChannel(Type):
    """An object type seen in a channel.

    `rows_in` returns the rows visible to the requester there. `public_rows` gives those visible to buyers,
    the most frequent requesters, in a form that can be compiled.
    """

    def __init__(
        self, name: str, rows_in: RowsIn, *, key: str = "id", public_rows: PublicRows | None = None
    ) -> None:
        super().__init__(name, self._rows_anywhere, key=key)
        self._rows_in = rows_in
        self._public_rows = public_rows

    def rows_in(self, context: Context, channel: Channel | None) -> Rows:
        """Return all rows visible to the requester in a channel. Staff may pass None."""
        return with_channel(self._rows_in(context, channel), channel)

    def requested_rows(self, context: Context, arguments: Mapping[str, object]) -> Rows:
        """Return the rows in the channel of the argument `channel`, or none if there is no such channel.

        Raises ProtocolError if a buyer names no channel and there are several.
        """
        channel, is_found = _requested_channel(context, arguments)
        return self.rows_in(context, channel) if is_found else self.rows_in(context, None).none()

    def requested_rows_among(
        self,
        context: Context,
        arguments: Mapping[str, object],
        values: Collection[Key | str],
        *,
        column: str = "",
    ) -> Rows | CompiledRows:
        """Return the rows of `requested_rows` whose `column` (default: the key) is among the values."""
        channel, is_found = _requested_channel(context, arguments)
        if not is_found or not values:
            return self.rows_in(context, None).none()
        return self.rows_among(context, channel, values, column=column)

    def rows_among(
        self,
        context: Context,
        channel: Channel | None,
        keys: Collection[Key | str],
        *,
        column: str = "",
        order: tuple[str, ...] = (),
    ) -> Rows | CompiledRows:
        """Return the visible rows in a channel whose `column` (default: the key) is among `keys`."""
        if (
            channel is not None
            and self._public_rows is not None
            and self._public_rows.applies_to(context, channel)
        ):
            options = {"public_rows": self._public_rows.rows, "column": column or self._key, "order": order}
            when = [context.now] if self._public_rows.is_by_time else []
            return compiled_rows(_public_rows_query, keys, channel.pk, *when, **options)
        return self.rows_in(context, channel).filter(**{f"{column or self._key}__in": keys}).order_by(*order)

    def by_pair(self, context: Context, pairs: Iterable[Pair], fields: Iterable[str]) -> dict[Pair, Row]:
        """Return the visible rows by key and channel. It takes one query per channel."""
        keys_by_channel: dict[int | None, set[Key]] = {}
        for key, channel_key in pairs:
            if key is not None:
                keys_by_channel.setdefault(channel_key, set()).add(key)
        rows_by_pair: dict[Pair, Row] = {}
        for channel_key, keys in keys_by_channel.items():
            requested = self.read(
                self.rows_among(context, channel_by_key(context, channel_key), keys), fields
            )
            rows_by_pair |= {(getattr(row, self._key), channel_key): row for row in requested}
        return rows_by_pair

    def _rows_anywhere(self, context: Context) -> Rows:
        return self.requested_rows(context, {})


def _requested_channel(context: Context, arguments: Mapping[str, object]) -> tuple[Channel | None, bool]:
    """Return the channel of the argument `channel`, and whether the requester can see anything there."""
    slug = arguments.get("channel")
    assert slug is None or isinstance(slug, str)
    channel = context.channel(slug) if slug is not None else default_channel(context)
    return channel, channel is not None or (slug is None and is_staff_or_app(context))


def with_channel(rows: Rows, channel: Channel | None) -> Rows:
    """Annotate rows with their channel's key."""
    return with_channel_key(rows, channel.pk if channel else None)


def with_channel_key(rows: Rows, channel_key: int | None) -> Rows:
    annotated: Rows = rows.annotate(in_channel=Value(channel_key, IntegerField()))
    return annotated


def _public_rows_query(
    keys: Collection[Key | str],
    channel_id: int,
    *when: datetime.datetime,
    public_rows: Callable[..., Rows],
    column: str,
    order: tuple[str, ...],
) -> Rows:
    return (
        with_channel_key(public_rows(channel_id, *when), channel_id)
        .filter(**{f"{column}__in": keys})
        .order_by(*order)
    )


def is_staff_or_app(context: Context) -> bool:
    """Return whether the requester is staff or an app, who may omit the channel."""
    return context.may(FieldAccess.STAFF, FieldAccess.APP)


def default_channel(context: Context) -> Channel | None:
    """Return the channel to use if none is named: None for staff and apps, else the only active one.

    Raises ProtocolError for buyers if there are several.
    """
    if is_staff_or_app(context):
        return None
    only_channel = context.channel(None)
    if only_channel is None and sum(channel.is_active for channel in context.channels.values()) > 1:
        raise ProtocolError("There are several channels: name one in `channel`.")
    return only_channel


def channel_by_key(context: Context, key: int | None) -> Channel | None:
    """Return the channel with this key from the request's channels."""
    return next((channel for channel in context.channels.values() if channel.pk == key), None)


def channel_slugs(
    parents: list[Row], arguments: object, context: Context, selection: Selection
) -> list[str | None]:
    """Resolve `channel: String`, the slug of the channel that an object is seen in."""
    slugs = {channel.pk: slug for slug, channel in context.channels.items()}
    return [slugs.get(parent.in_channel) for parent in parents]
