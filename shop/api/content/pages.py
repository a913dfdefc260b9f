"""Pages and page types."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence

from django.db.models import Exists, F, OuterRef, Q

from catalog.models import Attribute
from catalog.models.attribute import AttributeKind
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Resolver, Selection
from shop.api.catalogue.assigned import (
    Owner,
    add_assigned_attributes,
    add_attributes,
    assigned_values,
    load_attributes_with_values,
    visible_attributes,
)
from shop.api.catalogue.assigned_values import references_to
from shop.api.catalogue.attribute_filters import attribute_condition
from shop.api.catalogue.categories import as_blocks
from shop.api.catalogue.lookups import filter_by_lookup
from shop.api.catalogue.types import Assigned, attribute_object, product_type_object
from shop.api.connections import SortKey, connect
from shop.api.content.inputs import (
    PageArguments,
    PagesArguments,
    PageTypeArguments,
    PageTypeAvailableAttributesArguments,
    PageTypesArguments,
)
from shop.api.content.types import page_object, page_type_object
from shop.api.context import Context
from shop.api.filters import (
    Conditions,
    build_condition,
    has_metadata,
    id_in,
    is_one_of,
    matches_filter,
    require_one_filter,
    sort_keys,
)
from shop.api.ids import key_from_id
from shop.api.input_data import InputData
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows, compiled_rows
from shop.api.root_fields import Queries
from shop.api.translated_fields import add_translation_field
from shop.content.models import Page, PageAttributeValue, PageType
from shop.core.dates.calendar import vietnam_date

_ATTRIBUTE_NEEDS = ("key", "page_type_id", "in_channel")

page_object.id()
page_object.columns(
    title="title",
    slug="slug",
    seoTitle="seo_title",
    seoDescription="seo_description",
    isPublished="is_published",
    publishedAt="published_at",
    created="created_at",
)
page_object.related("pageType", page_type_object, column="page_type_id")
add_metadata_fields(page_object, Page, permissions=[Permission.MANAGE_PAGES])
page_translation_object = add_translation_field(
    page_object,
    "PageTranslation",
    "content.page",
    key="key",
    rich=("content", "contentJson"),
    title="title",
    slug="slug",
    seoTitle="seo_title",
    seoDescription="seo_description",
    content="content",
    contentJson="content",
)


@page_object.field(needs="published_at")
def publication_date(rows: list[Row], *_: object) -> list[datetime.date | None]:
    return [row.published_at and vietnam_date(row.published_at) for row in rows]


@page_object.field(needs=("content", "story"))
def content(rows: list[Row], *_: object) -> Sequence[object]:
    """Resolve the content. A cooperative's page shows its story."""
    return [row.content or as_blocks(row.story) for row in rows]


@page_object.field(needs=("content", "story"))
def content_json(rows: list[Row], *_: object) -> Sequence[object]:
    return [row.content or as_blocks(row.story) or {} for row in rows]


def _load_attributes_of_pages(
    rows: list[Row],
    context: Context,
    fields: Collection[str],
    values: Collection[str],
    slug: str | None = None,
) -> Sequence[Sequence[Assigned]]:
    owners = [Owner(row.key, row.page_type_id, None, row.in_channel) for row in rows]
    return load_attributes_with_values(
        owners,
        compiled_rows(_attributes_of_page_types, {owner.type_key for owner in owners}),
        compiled_rows(assigned_values, {owner.key for owner in owners}, relation="page"),
        context,
        attribute_fields=fields,
        value_fields=values,
        slug=slug,
    )


def _attributes_of_page_types(page_type_ids: Collection[int]) -> Rows:
    return (
        Attribute.objects.filter(page_type_rows__page_type__in=page_type_ids)
        .annotate(owner_type=F("page_type_rows__page_type"))
        .order_by("owner_type", "page_type_rows__sort_order", "id")
    )


add_attributes(page_object, _load_attributes_of_pages, needs=_ATTRIBUTE_NEEDS)
add_assigned_attributes(page_object, _load_attributes_of_pages, needs=_ATTRIBUTE_NEEDS)


page_type_object.id()
page_type_object.columns(name="name", slug="slug")
add_metadata_fields(page_type_object, PageType, permissions=[Permission.MANAGE_PAGE_TYPES])
attribute_object.unsupported("referenceTypes", value=[])  # references are not restricted to types


@page_type_object.field("attributes", needs="id")
def attributes_of_types(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    requested = visible_attributes(context, _attributes_of_page_types({row.id for row in rows}))
    attributes_by_type = attribute_object.grouped(requested, selection.names(), by="owner_type")
    return [attributes_by_type.get(row.id, []) for row in rows]


@page_type_object.field(needs="id", permissions=[Permission.MANAGE_PAGES, Permission.MANAGE_PAGE_TYPES])
def has_pages(rows: list[Row], *_: object) -> list[bool]:
    used_type_ids = set(
        Page.objects.filter(page_type__in={row.id for row in rows}).values_list("page_type", flat=True)
    )
    return [row.id in used_type_ids for row in rows]


def _available_attributes(attribute_kind: AttributeKind, link: str) -> Resolver:
    """Return a resolver of `availableAttributes`: attributes of a kind that a type does not have yet."""

    def resolve(
        rows: list[Row],
        arguments: PageTypeAvailableAttributesArguments,
        context: Context,
        selection: Selection,
    ) -> Sequence[object]:
        require_one_filter(arguments)
        pages = []
        for row in rows:
            available = attribute_object.rows(context).filter(kind=attribute_kind).exclude(**{link: row.id})
            filters = arguments.get("filter")
            text = arguments.get("search") or (filters.get("search") if filters else None)
            if text:
                available = available.filter(Q(name__icontains=text) | Q(slug__icontains=text))
            pages.append(
                connect(
                    attribute_object, available, arguments, selection, order=[SortKey("name"), SortKey("id")]
                )
            )
        return pages

    return resolve


_PAGE_TYPE_STAFF = (Permission.MANAGE_PAGES, Permission.MANAGE_PAGE_TYPES)
_PRODUCT_TYPE_STAFF = (Permission.MANAGE_PRODUCTS, Permission.MANAGE_PRODUCT_TYPES)
page_type_object.field("availableAttributes", needs="id", permissions=_PAGE_TYPE_STAFF)(
    _available_attributes(AttributeKind.PAGE_TYPE, "page_type_rows__page_type")
)
product_type_object.field("availableAttributes", needs="id", permissions=_PRODUCT_TYPE_STAFF)(
    _available_attributes(AttributeKind.PRODUCT_TYPE, "product_type_rows__product_type")
)

query = Queries()


def visible_page_rows(arguments: InputData, context: Context) -> Rows:
    """Return visible pages. The channel applies to the products and collections they refer to."""
    return page_object.rows_in(context, context.channel(arguments.get("channel")))


@query.field("page")
def one_page(arguments: PageArguments, context: Context, selection: Selection) -> Row | None:
    rows = filter_by_lookup(
        page_object, visible_page_rows(arguments, context), "content.page", arguments, key="key"
    )
    return next(iter(page_object.read(rows, selection.names())), None)


@query.field("pages")
def all_pages(arguments: PagesArguments, context: Context, selection: Selection) -> dict[str, object]:
    require_one_filter(arguments)
    rows = visible_page_rows(arguments, context)
    if arguments.get("search"):
        rows = rows.filter(_CONDITIONS["search"](context, arguments["search"]))
    for input_data in (arguments.get("filter"), arguments.get("where")):
        rows = rows.filter(build_condition(input_data, _CONDITIONS, context))
    order = sort_keys(arguments.get("sortBy"), _SORTS, [SortKey("title"), SortKey("slug")], unique="key")
    return connect(page_object, rows, arguments, selection, order=order)


@query.field("pageType")
def one_page_type(arguments: PageTypeArguments, context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "PageType")
    return page_type_object.by_key(context, [key], selection.names()).get(key)


@query.field("pageTypes")
def all_page_types(
    arguments: PageTypesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = page_type_object.rows(context).filter(
        build_condition(arguments.get("filter"), _TYPE_CONDITIONS, context)
    )
    order = sort_keys(arguments.get("sortBy"), _TYPE_SORTS, [SortKey("name"), SortKey("slug")])
    return connect(page_type_object, rows, arguments, selection, order=order)


def _attribute_condition(context: Context, attribute_filters: list[dict[str, object]]) -> Q:
    condition = Q()
    for attribute_filter in attribute_filters:
        matching_values = PageAttributeValue.objects.filter(
            attribute_condition(attribute_filter), page=OuterRef("key")
        )
        condition &= Q(Exists(matching_values))
    return condition


_BY_TITLE = [SortKey("title"), SortKey("slug")]
_SORTS = {
    "TITLE": _BY_TITLE,
    "RANK": _BY_TITLE,
    "SLUG": [SortKey("slug")],
    "VISIBILITY": [SortKey("is_published"), SortKey("title"), SortKey("slug")],
    "CREATION_DATE": [SortKey("created_at")],
    "CREATED_AT": [SortKey("created_at")],
    "PUBLICATION_DATE": [SortKey("published_at", is_nullable=True)],
    "PUBLISHED_AT": [SortKey("published_at", is_nullable=True)],
}
_CONDITIONS: Conditions = {
    "search": lambda context, text: Q(title__icontains=text) | Q(slug__icontains=text),
    "metadata": has_metadata(),
    "ids": id_in("Page", column="key"),
    "slugs": is_one_of("slug"),
    "slug": matches_filter("slug"),
    "pageTypes": id_in("PageType", column="page_type_id"),
    "pageType": id_in("PageType", column="page_type_id"),
    "attributes": _attribute_condition,
}
_TYPE_SORTS = {"NAME": [SortKey("name"), SortKey("slug")], "SLUG": [SortKey("slug")]}
_TYPE_CONDITIONS: Conditions = {
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "slugs": is_one_of("slug"),
}

TYPES = (
    page_object,
    page_type_object,
    page_translation_object,
    *references_to(page_object, "PageReference"),
    query,
)
