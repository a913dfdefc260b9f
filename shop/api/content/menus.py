"""Menus and their items."""

from __future__ import annotations

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Resolver, Selection
from shop.api.catalogue.collection_rows import key_from_cooperative
from shop.api.catalogue.lookups import filter_by_lookup
from shop.api.catalogue.types import category_object, collection_object
from shop.api.connections import SortKey, connect
from shop.api.content.inputs import MenuArguments, MenuItemArguments, MenuItemsArguments, MenusArguments
from shop.api.content.types import menu_item_object, menu_object, page_object
from shop.api.context import Context
from shop.api.filters import Conditions, build_condition, has_metadata, is_one_of, sort_keys
from shop.api.ids import key_from_id
from shop.api.in_channel import InChannel, Pair, channel_by_key
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows
from shop.api.root_fields import Queries
from shop.api.translated_fields import add_translation_field
from shop.content.models import Menu, MenuItem

menu_object.id()
menu_object.columns(name="name", slug="slug")
add_metadata_fields(menu_object, Menu, permissions=[Permission.MANAGE_MENUS])

menu_item_object.id()
menu_item_object.columns(name="name", level="level")
menu_item_object.related_in_channel("menu", menu_object, column="menu_id")
menu_item_object.related_in_channel("parent", menu_item_object, column="parent_id")
menu_item_object.related("category", category_object, column="category_id")
add_metadata_fields(menu_item_object, MenuItem, permissions=[Permission.MANAGE_MENUS])
menu_item_translation_object = add_translation_field(
    menu_item_object, "MenuItemTranslation", "content.menuitem", required=("name",), name="name"
)


@menu_item_object.field(needs="url")
def url(rows: list[Row], *_: object) -> list[str | None]:
    return [row.url or None for row in rows]


def _target_resolver(target: InChannel, row_column: str, cooperative_column: str) -> Resolver:
    """Return a resolver of a menu item's target: a stored row, or a cooperative's computed one."""

    def resolve(
        rows: list[Row], arguments: object, context: Context, selection: Selection
    ) -> list[Row | None]:
        keys = [_target_key(getattr(row, row_column), getattr(row, cooperative_column)) for row in rows]
        pairs_to_read = [(key, row.in_channel) for key, row in zip(keys, rows, strict=True)]
        rows_by_pair = target.by_pair(context, pairs_to_read, selection.names())
        return [rows_by_pair.get(pair) for pair in pairs_to_read]

    return resolve


def _target_key(row_key: int | None, cooperative_key: int | None) -> int | None:
    return row_key if cooperative_key is None else key_from_cooperative(cooperative_key)


menu_item_object.field("collection", needs=("collection_id", "collection_cooperative_id", "in_channel"))(
    _target_resolver(collection_object, "collection_id", "collection_cooperative_id")
)
menu_item_object.field("page", needs=("page_id", "page_cooperative_id", "in_channel"))(
    _target_resolver(page_object, "page_id", "page_cooperative_id")
)


@menu_object.field(needs=("id", "in_channel"))
def items(
    rows: list[Row], arguments: MenuItemsArguments, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve the items of the first level."""
    return _entries(rows, "menu_id", Q(parent=None), context, selection)


@menu_item_object.field(needs=("id", "in_channel"))
def children(rows: list[Row], arguments: object, context: Context, selection: Selection) -> list[list[Row]]:
    return _entries(rows, "parent_id", Q(), context, selection)


def _entries(
    parents: list[Row], parent_column: str, condition: Q, context: Context, selection: Selection
) -> list[list[Row]]:
    items_by_pair: dict[Pair, list[Row]] = {}
    for channel_key in dict.fromkeys(parent.in_channel for parent in parents):
        keys = {parent.id for parent in parents if parent.in_channel == channel_key}
        rows = menu_item_object.rows_in(context, channel_by_key(context, channel_key))
        rows = rows.filter(condition, **{f"{parent_column}__in": keys}).order_by(
            parent_column, "sort_order", "id"
        )
        groups = menu_item_object.grouped(rows, selection.names(), by=parent_column)
        items_by_pair |= {(key, channel_key): group for key, group in groups.items()}
    return [items_by_pair.get((parent.id, parent.in_channel), []) for parent in parents]


query = Queries()


def _requested_rows(
    type_: InChannel,
    arguments: MenuArguments | MenuItemArguments | MenuItemsArguments | MenusArguments,
    context: Context,
) -> Rows:
    return type_.rows_in(context, context.channel(arguments.get("channel")))


@query.field("menu")
def one_menu(arguments: MenuArguments, context: Context, selection: Selection) -> Row | None:
    rows = filter_by_lookup(
        menu_object, _requested_rows(menu_object, arguments, context), "content.menu", arguments
    )
    return next(iter(menu_object.read(rows, selection.names())), None)


@query.field("menus")
def all_menus(arguments: MenusArguments, context: Context, selection: Selection) -> dict[str, object]:
    rows = _requested_rows(menu_object, arguments, context).filter(
        build_condition(arguments.get("filter"), _CONDITIONS, context)
    )
    sorting = arguments.get("sortBy")
    order = sort_keys(sorting, _SORTS, [SortKey("name"), SortKey("slug")])
    if sorting is not None and sorting["field"] == "ITEMS_COUNT":
        entries = MenuItem.objects.filter(menu=OuterRef("pk")).order_by().values("menu")
        number = entries.annotate(number=Count("pk")).values("number")
        rows = rows.annotate(entry_count=Coalesce(Subquery(number, output_field=IntegerField()), 0))
    return connect(menu_object, rows, arguments, selection, order=order)


@query.field("menuItem")
def one_menu_item(arguments: MenuItemArguments, context: Context, selection: Selection) -> Row | None:
    rows = _requested_rows(menu_item_object, arguments, context).filter(
        pk=key_from_id(arguments["id"], "MenuItem")
    )
    return next(iter(menu_item_object.read(rows, selection.names())), None)


@query.field("menuItems")
def all_menu_items(
    arguments: MenuItemsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = _requested_rows(menu_item_object, arguments, context)
    rows = rows.filter(build_condition(arguments.get("filter"), _ITEM_CONDITIONS, context))
    order = sort_keys(
        arguments.get("sortBy"), {"NAME": [SortKey("name")]}, [SortKey("sort_order"), SortKey("id")]
    )
    return connect(menu_item_object, rows, arguments, selection, order=order)


_SORTS = {
    "NAME": [SortKey("name"), SortKey("slug")],
    "ITEMS_COUNT": [SortKey("entry_count"), SortKey("slug")],
}
_CONDITIONS: Conditions = {
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "slug": is_one_of("slug"),
    "slugs": is_one_of("slug"),
    "metadata": has_metadata(),
}
_ITEM_CONDITIONS: Conditions = {
    "search": lambda context, text: Q(name__icontains=text),
    "metadata": has_metadata(),
}

TYPES = (menu_object, menu_item_object, menu_item_translation_object, query)
