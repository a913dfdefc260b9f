"""Collections, including one computed collection per cooperative."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from catalog.models import Collection, CollectionListing
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import channel
from shop.api.breadth import Selection
from shop.api.catalogue.categories import as_blocks
from shop.api.catalogue.lookups import found_by
from shop.api.catalogue.pictures import background
from shop.api.catalogue.shelves import cooperative_of
from shop.api.catalogue.types import collection
from shop.api.connections import Key, connect
from shop.api.context import Context
from shop.api.field_permissions import Standing
from shop.api.filters import Conditions, any_of, has_metadata, ids, refuse_both, sorting, where
from shop.api.in_channel import channel_slugs
from shop.api.metadata import keep_metadata
from shop.api.object_types import Row, Type
from shop.api.root_fields import Queries
from shop.core.dates.calendar import day_of

collection.id()
collection.columns(name="name", slug="slug", seoTitle="seo_title", seoDescription="seo_description")
collection.field("channel", needs="in_channel")(channel_slugs)
collection.field("backgroundImage", needs=("key", "cover_id"))(background("Collection", "cover_id", "key"))
keep_metadata(collection, Collection, rights=[Permission.MANAGE_PRODUCTS])

listing = Type("CollectionChannelListing", lambda context: CollectionListing.objects.all())
listing.id()
listing.columns(publishedAt="published_at", isPublished="is_published")
listing.one("channel", channel, by="channel_id")


@listing.field(needs="published_at")
def publication_date(rows: list[Row], *_: Any) -> list[Any]:
    return [row.published_at and day_of(row.published_at) for row in rows]


def _descriptions(rows: list[Row], *_: Any) -> list[Any]:
    """Resolve the description; a cooperative's collection shows its story."""
    return [row.description or as_blocks(row.story) for row in rows]


collection.field("description", needs=("description", "story"))(_descriptions)
collection.field("descriptionJson", needs=("description", "story"))(_descriptions)


@collection.field(needs="key", permissions=[Standing.STAFF, Standing.APP])
def channel_listings(
    rows: list[Row], arguments: Any, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve the channel listings; a cooperative's collection is in every channel and has no rows."""
    keys = {row.key for row in rows if cooperative_of(row.key) is None}
    found = listing.grouped(
        CollectionListing.objects.filter(collection__in=keys).order_by("channel_id"),
        selection.names(),
        by="collection_id",
    )
    return [found.get(row.key, []) for row in rows]


query = Queries()


@query.field("collection")
def one_collection(arguments: dict[str, Any], context: Context, selection: Selection) -> Row | None:
    rows = collection.rows_asked(context, arguments)
    rows = found_by(collection, rows, "catalog.collection", arguments, key="key")
    return next(iter(collection.read(rows, selection.names())), None)


@query.field("collections")
def all_collections(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    refuse_both(arguments)
    rows = collection.rows_asked(context, arguments)
    for name in ("filter", "where"):
        rows = rows.filter(where(arguments.get(name), _CONDITIONS, context))
    order = sorting(arguments.get("sortBy"), _SORTS, [Key("name")], unique="key")
    return connect(collection, rows, arguments, selection, order=order)


_BY_NAME = [Key("name")]
_SORTS = {
    "NAME": _BY_NAME,
    "AVAILABILITY": _BY_NAME,
    "PRODUCT_COUNT": _BY_NAME,
    "PUBLICATION_DATE": [Key("created_at")],
    "PUBLISHED_AT": [Key("created_at")],
}
_CONDITIONS: Conditions = {
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "metadata": has_metadata(),
    "ids": ids("Collection", column="key"),
    "slugs": any_of("slug"),
    "published": lambda context, value: Q(),
    "channel": lambda context, value: Q(),
}

TYPES = (collection, listing, query)
