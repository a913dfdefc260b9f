"""Categories: a public tree."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from catalog.models import Category, Product
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.inputs import (
    CategoriesArguments,
    CategoryAncestorsArguments,
    CategoryArguments,
    CategoryChildrenArguments,
    CategorySortingInput,
)
from shop.api.catalogue.lookups import find_lookup_column
from shop.api.catalogue.pictures import background
from shop.api.catalogue.types import can_see_hidden_categories, category_object
from shop.api.connections import SortKey, connect, connect_for_parents, connect_list
from shop.api.context import Context
from shop.api.filters import (
    Conditions,
    build_condition,
    has_metadata,
    id_in,
    in_range,
    is_one_of,
    require_one_filter,
    sort_keys,
)
from shop.api.ids import Key
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows, compiled_rows
from shop.api.root_fields import Queries

category_object.id()
category_object.columns(
    name="name",
    slug="slug",
    level="level",
    seoTitle="seo_title",
    seoDescription="seo_description",
    updatedAt="updated_at",
)
category_object.related("parent", category_object, column="parent_id", rows=Category.objects.all())
category_object.field("backgroundImage", needs=("id", "picture_id"))(background("Category", "picture_id"))
add_metadata_fields(category_object, Category, permissions=[Permission.MANAGE_PRODUCTS])


def described(rows: list[Row], *_: object) -> Sequence[object]:
    """Resolve the rich description, or else the plain one as paragraphs."""
    return [row.description or as_blocks(row.description_text) for row in rows]


def as_blocks(text: str) -> dict[str, object] | None:
    """Convert plain text to EditorJS blocks, or None if empty."""
    paragraphs = [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]
    if not paragraphs:
        return None
    return {"blocks": [{"type": "paragraph", "data": {"text": paragraph}} for paragraph in paragraphs]}


category_object.field("description", needs=("description", "description_text"))(described)
category_object.field("descriptionJson", needs=("description", "description_text"))(described)


@category_object.field(needs="path")
def ancestors(
    rows: list[Row], arguments: CategoryAncestorsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    """Resolve the ancestors, from the root down to the parent."""
    ancestor_keys = [[int(key) for key in (row.path or "").strip("/").split("/")[:-1]] for row in rows]
    keys = {key for path in ancestor_keys for key in path}
    categories = Category.objects.all()  # a hidden one has no shown descendants
    categories_by_key = category_object.by_key(
        context, keys, selection.names("edges", "node"), rows=categories
    )
    return [
        connect_list(
            [categories_by_key[key] for key in path if key in categories_by_key], arguments, selection
        )
        for path in ancestor_keys
    ]


@category_object.field(needs="id")
def children(
    rows: list[Row], arguments: CategoryChildrenArguments, context: Context, selection: Selection
) -> Sequence[object]:
    keys = [row.id for row in rows]
    order = [SortKey("sort_order"), SortKey("id")]
    categories = compiled_rows(_categories, includes_hidden=can_see_hidden_categories(context))
    return connect_for_parents(
        category_object,
        categories,
        arguments,
        selection,
        order=order,
        parent_column="parent_id",
        parents=keys,
    )


def _categories(
    keys: Collection[Key] = (), *, column: str = "", level: int | None = None, includes_hidden: bool
) -> Rows:
    """Return all categories, or those whose `column` is among `keys`, or those on a level of the tree."""
    rows: Rows = Category.objects.all() if includes_hidden else Category.objects.shown()
    rows = rows.filter(**{f"{column}__in": keys}) if column else rows
    return rows if level is None else rows.filter(level=level)


def read_visible_categories(
    context: Context, keys: Sequence[int | None], fields: Collection[str]
) -> list[Row | None]:
    """Return the category of each key. Instead of a hidden one, buyers see the nearest shown one above it.

    It takes one query, and a second one if a category is hidden.
    """
    rows_by_key = _read_by_key({key for key in keys if key is not None}, fields)
    if can_see_hidden_categories(context):
        return [rows_by_key.get(key) for key in keys]
    visible = {key: row for key, row in rows_by_key.items() if row.is_shown}
    paths = {
        key: [int(step) for step in (row.path or "").strip("/").split("/")[:-1] if step]
        for key, row in rows_by_key.items()
        if key not in visible
    }
    ancestors = _read_by_key({step for path in paths.values() for step in path}, fields)
    for key, path in paths.items():
        shown_path = [ancestors[step] for step in reversed(path) if ancestors[step].is_shown]
        if shown_path:
            visible[key] = shown_path[0]
    return [visible.get(key) for key in keys]


def _read_by_key(keys: Collection[Key], fields: Collection[str]) -> dict[Key | None, Row]:
    if not keys:
        return {}
    rows = compiled_rows(_categories, keys, column="pk", includes_hidden=True)
    return {row.id: row for row in category_object.read(rows, fields, "path", "is_shown")}


query = Queries()
_NARROWING_ARGUMENTS = {"filter", "where", "sortBy"}
_COMPILED_LEVELS = 8


@query.field("category")
def one_category(arguments: CategoryArguments, context: Context, selection: Selection) -> Row | None:
    column, values = find_lookup_column(category_object, "catalog.category", arguments)
    includes_hidden = can_see_hidden_categories(context)
    rows = compiled_rows(_categories, values, column=column or "pk", includes_hidden=includes_hidden)
    return next(iter(category_object.read(rows, selection.names())), None)


@query.field("categories")
def all_categories(
    arguments: CategoriesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    require_one_filter(arguments)
    rows, level = category_object.rows(context), arguments.get("level")
    if not _NARROWING_ARGUMENTS & arguments.keys() and (level is None or level in range(_COMPILED_LEVELS)):
        order = [SortKey("sort_order"), SortKey("id")]
        includes_hidden = can_see_hidden_categories(context)
        categories = compiled_rows(_categories, level=level, includes_hidden=includes_hidden)
        return connect(category_object, categories, arguments, selection, order=order)
    if level is not None:
        rows = rows.filter(level=level)
    for input_data in (arguments.get("filter"), arguments.get("where")):
        rows = rows.filter(build_condition(input_data, _CONDITIONS, context))
    sorting = arguments.get("sortBy")
    order = sort_keys(sorting, _SORTS, [SortKey("sort_order"), SortKey("id")])
    return connect(category_object, _with_count(rows, sorting), arguments, selection, order=order)


def _with_count(rows: Rows, sorting: CategorySortingInput | None) -> Rows:
    """Annotate the count to sort by. There are few enough categories to count."""
    if sorting is None or sorting["field"] == "NAME":
        return rows
    inside = {"PRODUCT_COUNT": (Product, "category"), "SUBCATEGORY_COUNT": (Category, "parent")}
    model, column = inside[sorting["field"]]
    matching_rows = model.objects.filter(**{column: OuterRef("pk")}).order_by().values(column)  # type: ignore[attr-defined]
    number = matching_rows.annotate(number=Count("pk")).values("number")
    counts: Rows = rows.annotate(entry_count=Coalesce(Subquery(number, output_field=IntegerField()), 0))
    return counts


_SORTS = {
    "NAME": [SortKey("name"), SortKey("slug")],
    "PRODUCT_COUNT": [SortKey("entry_count"), SortKey("slug")],
    "SUBCATEGORY_COUNT": [SortKey("entry_count"), SortKey("slug")],
}
_CONDITIONS: Conditions = {
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "metadata": has_metadata(),
    "ids": id_in("Category"),
    "slugs": is_one_of("slug"),
    "updatedAt": in_range("updated_at"),
}

TYPES = (category_object, query)
