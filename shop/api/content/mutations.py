"""Create, change and delete pages, page types and menus."""

from __future__ import annotations

from django.db.models import Model
from django.utils.translation import gettext as _

from catalog.actions.products.sort_order import reorder_rows
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.collection_rows import cooperative_from_key
from shop.api.catalogue.input_values import (
    attribute_values_from_input,
    columns,
    publication_from_input,
    required_text,
    row_moves,
    staff_row,
)
from shop.api.content.inputs import (
    MenuCreateArguments,
    MenuDeleteArguments,
    MenuItemCreateArguments,
    MenuItemDeleteArguments,
    MenuItemMoveArguments,
    MenuItemUpdateArguments,
    MenuUpdateArguments,
    PageAttributeAssignArguments,
    PageAttributeUnassignArguments,
    PageBulkPublishArguments,
    PageCreateArguments,
    PageCreateInput,
    PageDeleteArguments,
    PageInput,
    PageTypeCreateArguments,
    PageTypeDeleteArguments,
    PageTypeReorderAttributesArguments,
    PageTypeUpdateArguments,
    PageUpdateArguments,
)
from shop.api.content.types import menu_item_object, menu_object, page_object, page_type_object
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key, input_keys
from shop.api.in_channel import InChannel
from shop.api.input_data import InputData
from shop.api.object_types import Type
from shop.api.root_fields import Mutations
from shop.content import actions
from shop.content.menu_moves import MenuItemMove, move_menu_items
from shop.content.models import Menu, MenuItem, Page, PageType, PageTypeAttribute
from shop.core.texts.rich_text import sanitise_rich_text

mutation = Mutations(
    codes={
        "already_taken": "UNIQUE",
        "missing_attributes": "REQUIRED",
        "attribute_not_of_type": "INVALID",
        "pages_left": "INVALID",
        "entry_inside_itself": "CANNOT_ASSIGN_NODE",
    }
)
PAGE_PERMISSIONS = (Permission.MANAGE_PAGES,)
PAGE_TYPE_PERMISSIONS = (Permission.MANAGE_PAGE_TYPES,)
MENU_PERMISSIONS = (Permission.MANAGE_MENUS,)
# Targets of a menu item: type, column of a stored row, and column of a cooperative's computed one.
_TARGETS = {
    "category": ("Category", "category_id", None),
    "collection": ("Collection", "collection_id", "collection_cooperative_id"),
    "page": ("Page", "page_id", "page_cooperative_id"),
}


def _delete(
    type_: Type | InChannel,
    name: str,
    model: type[Model],
    arguments: MenuDeleteArguments | MenuItemDeleteArguments | PageDeleteArguments | PageTypeDeleteArguments,
    context: Context,
    selection: Selection,
) -> dict[str, object]:
    key = _own_key(arguments["id"], type_.name)
    deleted = staff_row(type_, key, context, selection.names(name))
    actions.delete_content(model, key, **context.actor_and_time)
    return {name: deleted}


def _own_key(text: str, type_name: str, field: str = "id") -> int:
    """Return the key of a stored row. Raises InputError for a cooperative's computed page."""
    key = int(input_key(text, type_name, field=field))
    if type_name == "Page" and cooperative_from_key(key) is not None:
        raise InputError(
            "INVALID", _("A cooperative's own page can only be changed through the cooperative."), field=field
        )
    return key


def _page_columns(input_data: PageCreateInput | PageInput) -> dict[str, object]:
    values = columns(input_data, slug="slug", isPublished="is_published")
    if "title" in input_data:
        values["title"] = required_text(input_data, "title")
    if input_data.get("content") is not None:
        values["content"] = sanitise_rich_text(input_data["content"])
    seo = input_data.get("seo") or {}
    values |= {f"seo_{name}": seo[name] or None for name in ("title", "description") if name in seo}
    return values | publication_from_input({"publishedAt": input_data.get("publishedAt")})


@mutation.field(permissions=PAGE_PERMISSIONS)
def page_create(arguments: PageCreateArguments, context: Context, selection: Selection) -> dict[str, object]:
    input_data = arguments["input"]
    required_text(input_data, "title")
    page = actions.create_page(
        page_type_id=int(input_key(input_data["pageType"], "PageType", field="pageType")),
        values=_page_columns(input_data),
        inputs=attribute_values_from_input(input_data.get("attributes")),
        **context.actor_and_time,
    )
    return {"page": staff_row(page_object, page.pk, context, selection.names("page"))}


@mutation.field(permissions=PAGE_PERMISSIONS)
def page_update(arguments: PageUpdateArguments, context: Context, selection: Selection) -> dict[str, object]:
    input_data = arguments["input"]
    changed = actions.edit_page(
        page_id=_own_key(arguments["id"], "Page"),
        values=_page_columns(input_data),
        inputs=attribute_values_from_input(input_data.get("attributes")),
        **context.actor_and_time,
    )
    return {"page": staff_row(page_object, changed.pk, context, selection.names("page"))}


@mutation.field(permissions=PAGE_PERMISSIONS)
def page_delete(arguments: PageDeleteArguments, context: Context, selection: Selection) -> dict[str, object]:
    return _delete(page_object, "page", Page, arguments, context, selection)


def _build_saved_type_payload(
    key: int | None, input_data: InputData, context: Context, selection: Selection
) -> dict[str, object]:
    values = columns(input_data, slug="slug")
    if "name" in input_data or key is None:
        values["name"] = required_text(input_data, "name")
    saved_type = actions.save_page_type(
        page_type_id=key,
        values=values,
        add=input_keys(input_data.get("addAttributes"), "Attribute", field="addAttributes"),
        remove=input_keys(input_data.get("removeAttributes"), "Attribute", field="removeAttributes"),
        **context.actor_and_time,
    )
    return {"pageType": staff_row(page_type_object, saved_type.pk, context, selection.names("pageType"))}


@mutation.field(permissions=PAGE_PERMISSIONS, refused={"count": 0})
def page_bulk_publish(
    arguments: PageBulkPublishArguments, context: Context, selection: Selection
) -> dict[str, object]:
    count = actions.publish_pages(
        page_ids=[_own_key(text, "Page", field="ids") for text in arguments["ids"]],
        is_published=arguments["isPublished"],
        **context.actor_and_time,
    )
    return {"count": count}


@mutation.field(permissions=PAGE_TYPE_PERMISSIONS)
def page_type_create(
    arguments: PageTypeCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _build_saved_type_payload(None, arguments["input"], context, selection)


@mutation.field(permissions=PAGE_TYPE_PERMISSIONS)
def page_type_update(
    arguments: PageTypeUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments.get("id") or "", "PageType", field="id"))
    return _build_saved_type_payload(key, arguments["input"], context, selection)


@mutation.field(permissions=PAGE_TYPE_PERMISSIONS)
def page_type_delete(
    arguments: PageTypeDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _delete(page_type_object, "pageType", PageType, arguments, context, selection)


@mutation.field(permissions=PAGE_TYPE_PERMISSIONS)
def page_attribute_assign(
    arguments: PageAttributeAssignArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["pageTypeId"], "PageType", field="pageTypeId"))
    return _build_saved_type_payload(key, {"addAttributes": arguments["attributeIds"]}, context, selection)


@mutation.field(permissions=PAGE_TYPE_PERMISSIONS)
def page_attribute_unassign(
    arguments: PageAttributeUnassignArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["pageTypeId"], "PageType", field="pageTypeId"))
    return _build_saved_type_payload(key, {"removeAttributes": arguments["attributeIds"]}, context, selection)


@mutation.field(permissions=PAGE_TYPE_PERMISSIONS)
def page_type_reorder_attributes(
    arguments: PageTypeReorderAttributesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["pageTypeId"], "PageType", field="pageTypeId"))
    reorder_rows(
        root=PageType.objects.all(),
        root_key=key,
        rows=PageTypeAttribute.objects.filter(page_type=key).order_by("sort_order", "pk"),
        moves=row_moves(arguments["moves"], "Attribute"),
        key_field="attribute_id",
        **context.actor_and_time,
    )
    return {"pageType": staff_row(page_type_object, key, context, selection.names("pageType"))}


def _item_columns(input_data: InputData) -> dict[str, object]:
    """Return a menu item's name and its target, at most one. Raises InputError."""
    values = columns(input_data, url="url")
    if "name" in input_data:
        values["name"] = required_text(input_data, "name")
    chosen_targets = [name for name in ("url", *_TARGETS) if input_data.get(name)]
    if len(chosen_targets) > 1:
        raise InputError(
            "CANNOT_ASSIGN_NODE", _("A menu entry can only link to one thing."), field=chosen_targets[1]
        )
    if chosen_targets:
        values = {"url": ""} | values
        for type_name, row_column, cooperative_column in _TARGETS.values():
            values |= {row_column: None} | ({cooperative_column: None} if cooperative_column else {})
            name = chosen_targets[0]
            if name != "url" and _TARGETS[name][0] == type_name:
                key = int(input_key(input_data[name], type_name, field=name))
                cooperative = cooperative_from_key(key) if cooperative_column else None
                values |= (
                    {cooperative_column: cooperative}
                    if cooperative and cooperative_column
                    else {row_column: key}
                )
    return values


@mutation.field(permissions=MENU_PERMISSIONS)
def menu_create(arguments: MenuCreateArguments, context: Context, selection: Selection) -> dict[str, object]:
    input_data = arguments["input"]
    items = [_item_columns(entry) for entry in input_data.get("items") or ()]
    if any("name" not in item for item in items):
        raise InputError("REQUIRED", _("This information is required."), field="items")
    values = columns(input_data, slug="slug") | {"name": required_text(input_data, "name")}
    created_menu = actions.save_menu(menu_id=None, values=values, items=items, **context.actor_and_time)
    return {"menu": staff_row(menu_object, created_menu.pk, context, selection.names("menu"))}


@mutation.field(permissions=MENU_PERMISSIONS)
def menu_update(arguments: MenuUpdateArguments, context: Context, selection: Selection) -> dict[str, object]:
    values = columns(arguments["input"], name="name", slug="slug")
    key = int(input_key(arguments["id"], "Menu", field="id"))
    changed = actions.save_menu(menu_id=key, values=values, **context.actor_and_time)
    return {"menu": staff_row(menu_object, changed.pk, context, selection.names("menu"))}


@mutation.field(permissions=MENU_PERMISSIONS)
def menu_delete(arguments: MenuDeleteArguments, context: Context, selection: Selection) -> dict[str, object]:
    return _delete(menu_object, "menu", Menu, arguments, context, selection)


@mutation.field(permissions=MENU_PERMISSIONS)
def menu_item_create(
    arguments: MenuItemCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    parent = input_data.get("parent")
    created_item = actions.add_menu_item(
        menu_id=int(input_key(input_data["menu"], "Menu", field="menu")),
        parent_id=int(input_key(parent, "MenuItem", field="parent")) if parent else None,
        values=_item_columns(input_data),
        **context.actor_and_time,
    )
    return {"menuItem": staff_row(menu_item_object, created_item.pk, context, selection.names("menuItem"))}


@mutation.field(permissions=MENU_PERMISSIONS)
def menu_item_update(
    arguments: MenuItemUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["id"], "MenuItem", field="id"))
    changed = actions.change_menu_item(
        item_id=key, values=_item_columns(arguments["input"]), **context.actor_and_time
    )
    return {"menuItem": staff_row(menu_item_object, changed.pk, context, selection.names("menuItem"))}


@mutation.field(permissions=MENU_PERMISSIONS)
def menu_item_delete(
    arguments: MenuItemDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _delete(menu_item_object, "menuItem", MenuItem, arguments, context, selection)


@mutation.field(permissions=MENU_PERMISSIONS)
def menu_item_move(
    arguments: MenuItemMoveArguments, context: Context, selection: Selection
) -> dict[str, object]:
    moves = [
        MenuItemMove(
            int(input_key(move["itemId"], "MenuItem", field="itemId")),
            int(input_key(parent, "MenuItem", field="parentId"))
            if (parent := move.get("parentId"))
            else None,
            move.get("sortOrder") or 0,
        )
        for move in arguments["moves"]
    ]
    key = int(input_key(arguments["menu"], "Menu", field="menu"))
    move_menu_items(menu_id=key, moves=moves, **context.actor_and_time)
    return {"menu": staff_row(menu_object, key, context, selection.names("menu"))}


mutation.add_bulk_deletion("pageBulkDelete", page_delete, permissions=PAGE_PERMISSIONS)
mutation.add_bulk_deletion("pageTypeBulkDelete", page_type_delete, permissions=PAGE_TYPE_PERMISSIONS)
mutation.add_bulk_deletion("menuBulkDelete", menu_delete, permissions=MENU_PERMISSIONS)
mutation.add_bulk_deletion("menuItemBulkDelete", menu_item_delete, permissions=MENU_PERMISSIONS)

TYPES = (mutation,)
