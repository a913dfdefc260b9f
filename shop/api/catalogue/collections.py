"""Collections, including one computed collection per cooperative."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from catalog.models import Collection, CollectionListing
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import channel_object
from shop.api.breadth import Selection
from shop.api.catalogue.categories import as_blocks
from shop.api.catalogue.collection_rows import cooperative_from_key
from shop.api.catalogue.inputs import CollectionArguments, CollectionsArguments
from shop.api.catalogue.lookups import filter_by_lookup
from shop.api.catalogue.pictures import background
from shop.api.catalogue.types import collection_object
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.field_permissions import FieldAccess
from shop.api.filters import (
    Conditions,
    build_condition,
    has_metadata,
    id_in,
    is_one_of,
    require_one_filter,
    sort_keys,
)
from shop.api.in_channel import channel_slugs
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Type
from shop.api.root_fields import Queries
from shop.core.dates.calendar import vietnam_date

collection_object.id()
collection_object.columns(name="name", slug="slug", seoTitle="seo_title", seoDescription="seo_description")
collection_object.field("channel", needs="in_channel")(channel_slugs)
collection_object.field("backgroundImage", needs=("key", "cover_id"))(
    background("Collection", "cover_id", "key")
)
add_metadata_fields(collection_object, Collection, permissions=[Permission.MANAGE_PRODUCTS])

collection_listing_object = Type("CollectionChannelListing", lambda context: CollectionListing.objects.all())
collection_listing_object.id()
collection_listing_object.columns(publishedAt="published_at", isPublished="is_published")
collection_listing_object.related("channel", channel_object, column="channel_id")


@collection_listing_object.field(needs="published_at")
def publication_date(rows: list[Row], *_: object) -> Sequence[object]:
    return [row.published_at and vietnam_date(row.published_at) for row in rows]


def _descriptions(rows: list[Row], *_: object) -> Sequence[object]:
    """Resolve the description. A cooperative's collection shows its story."""
    return [row.description or as_blocks(row.story) for row in rows]


collection_object.field("description", needs=("description", "story"))(_descriptions)
collection_object.field("descriptionJson", needs=("description", "story"))(_descriptions)


@collection_object.field(needs="key", permissions=[FieldAccess.STAFF, FieldAccess.APP])
def channel_listings(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve the channel listings. A cooperative's collection is in every channel and has no rows."""
    keys = {row.key for row in rows if cooperative_from_key(row.key) is None}
    listings_by_collection = collection_listing_object.grouped(
        CollectionListing.objects.filter(collection__in=keys).order_by("channel_id"),
        selection.names(),
        by="collection_id",
    )
    return [listings_by_collection.get(row.key, []) for row in rows]


query = Queries()


@query.field("collection")
def one_collection(arguments: CollectionArguments, context: Context, selection: Selection) -> Row | None:
    rows = collection_object.requested_rows(context, arguments)
    rows = filter_by_lookup(collection_object, rows, "catalog.collection", arguments, key="key")
    return next(iter(collection_object.read(rows, selection.names())), None)


@query.field("collections")
def all_collections(
    arguments: CollectionsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    require_one_filter(arguments)
    rows = collection_object.requested_rows(context, arguments)
    for input_data in (arguments.get("filter"), arguments.get("where")):
        rows = rows.filter(build_condition(input_data, _CONDITIONS, context))
    order = sort_keys(arguments.get("sortBy"), _SORTS, [SortKey("name")], unique="key")
    return connect(collection_object, rows, arguments, selection, order=order)


_BY_NAME = [SortKey("name")]
_SORTS = {
    "NAME": _BY_NAME,
    "AVAILABILITY": _BY_NAME,
    "PRODUCT_COUNT": _BY_NAME,
    "PUBLICATION_DATE": [SortKey("created_at")],
    "PUBLISHED_AT": [SortKey("created_at")],
}
_CONDITIONS: Conditions = {
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "metadata": has_metadata(),
    "ids": id_in("Collection", column="key"),
    "slugs": is_one_of("slug"),
    "published": lambda context, value: Q(),
    "channel": lambda context, value: Q(),
}

TYPES = (collection_object, collection_listing_object, query)
