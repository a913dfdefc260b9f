"""Translatable content: one type per kind of object, with original and translated texts."""

from __future__ import annotations

from collections.abc import Collection as Keys
from dataclasses import dataclass, field

from django.db.models import F, Model

from catalog.models import (
    Attribute,
    AttributeValue,
    Category,
    Collection,
    InputType,
    Product,
    Variant,
)
from cooperatives.models import Service
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue import types as catalogue_types
from shop.api.connections import SortKey, connect
from shop.api.content import types as texts
from shop.api.context import Context
from shop.api.ids import global_ids, key_from_id
from shop.api.object_types import Row, Rows, Type
from shop.api.root_fields import Queries
from shop.api.shipping.zones import method
from shop.api.translated_fields import add_translation_field
from shop.api.translation.inputs import TranslationArguments, TranslationsArguments
from shop.content.models import MenuItem, Page

TRANSLATING = (Permission.MANAGE_TRANSLATIONS,)
NAMED = {"name": "name"}
DESCRIBED = {
    **NAMED,
    "slug": "slug",
    "seoTitle": "seo_title",
    "seoDescription": "seo_description",
    "description": "description",
}
WRITTEN = {
    "title": "title",
    "slug": "slug",
    "seoTitle": "seo_title",
    "seoDescription": "seo_description",
    "content": "content",
}
SAID = {"name": "name", "richText": "rich_text", "plainText": "plain_text"}
DELIVERED = {**NAMED, "description": "description"}
# Columns whose text is stored as JSON.
RICH = frozenset({"description", "content", "rich_text"})


@dataclass(frozen=True)
class Kind:
    """A translatable kind: `shown` is its type, `model` its model; `words` maps fields to columns."""

    name: str
    shown: Type
    model: type[Model]
    words: dict[str, str]
    content: Type = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", Type(f"{self.name}TranslatableContent", self.rows))

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    def rows(self, context: Context | None = None) -> Rows:
        if self.model is Product:
            return Product.objects.existing()
        if self.model is Variant:
            return Variant.objects.existing()
        return self.model._default_manager.all()


KINDS = {
    "PRODUCT": Kind("Product", catalogue_types.product, Product, DESCRIBED),
    "VARIANT": Kind("ProductVariant", catalogue_types.variant, Variant, NAMED),
    "CATEGORY": Kind("Category", catalogue_types.category, Category, DESCRIBED),
    "COLLECTION": Kind("Collection", catalogue_types.collection, Collection, DESCRIBED),
    "ATTRIBUTE": Kind("Attribute", catalogue_types.attribute, Attribute, NAMED),
    "ATTRIBUTE_VALUE": Kind("AttributeValue", catalogue_types.attribute_value, AttributeValue, SAID),
    "PAGE": Kind("Page", texts.page, Page, WRITTEN),
    "MENU_ITEM": Kind("MenuItem", texts.menu_item, MenuItem, NAMED),
    "SHIPPING_METHOD": Kind("ShippingMethod", method, Service, DELIVERED),
}
_OLDER = {"description": "descriptionJson", "content": "contentJson"}


def _add_fields(kind: Kind) -> None:
    """Add the fields of a kind's content type."""
    content, called = kind.content, kind.name[0].lower() + kind.name[1:]
    content.id()
    for name, column in kind.words.items():
        if kind.model is Service and column == "description":
            content.nothing(name)  # shipping methods have no other texts
            continue
        content.columns(**{name: column})
        if name in _OLDER and kind.model is not Service:
            content.columns(**{_OLDER[name]: column})

    @content.field(f"{called}Id", needs="id")
    def ids(rows: list[Row], *_: object) -> list[str]:
        return global_ids(kind.shown.name, (row.id for row in rows))

    @content.field(called, needs="id")
    def shown(rows: list[Row], arguments: object, context: Context, selection: Selection) -> list[Row | None]:
        found = kind.shown.by_key(context, [row.id for row in rows], selection.names())
        return [found.get(row.id) for row in rows]

    rich = [name for name, column in kind.words.items() if column in RICH]
    add_translation_field(content, f"{kind.name}Translation", kind.label, rich=rich, **kind.words)


for _kind in KINDS.values():
    _add_fields(_kind)

translation = add_translation_field(
    method,
    "ShippingMethodTranslation",
    "cooperatives.service",
    rich=("description",),
    required=("name",),
    **DELIVERED,
)
_value = KINDS["ATTRIBUTE_VALUE"].content
_value.one("attribute", KINDS["ATTRIBUTE"].content, by="attribute_id", rows=Attribute.objects.all())


def _text_values(rows: Keys[Row], through: str, selection: Selection) -> list[list[Row]]:
    """Return each object's values of text attributes."""
    keys = [row.id for row in rows]
    value_rows: Rows = AttributeValue.objects.filter(
        **{f"{through}_rows__{through}__in": keys},
        attribute__input_type__in=(InputType.RICH_TEXT, InputType.PLAIN_TEXT),
    )
    value_rows = value_rows.annotate(owner=F(f"{through}_rows__{through}")).order_by(
        "owner", "attribute_id", "id"
    )
    found = _value.grouped(value_rows, selection.names(), by="owner")
    return [found.get(key, []) for key in keys]


@KINDS["PRODUCT"].content.field("attributeValues", needs="id")
def texts_of_products(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    return _text_values(rows, "product", selection)


@KINDS["VARIANT"].content.field("attributeValues", needs="id")
def texts_of_variants(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    return _text_values(rows, "variant", selection)


@KINDS["PAGE"].content.field("attributeValues", needs="id")
def texts_of_pages(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    return _text_values(rows, "page", selection)


query = Queries()


@query.field("translation", permissions=TRANSLATING)
def one_translation(arguments: TranslationArguments, context: Context, selection: Selection) -> Row | None:
    kind = KINDS.get(arguments["kind"])
    if kind is None:
        return None
    key = key_from_id(arguments["id"], kind.shown.name, kind.content.name)
    return kind.content.by_key(context, [key], selection.names()).get(key)


@query.field("translations", permissions=TRANSLATING)
def all_translations(
    arguments: TranslationsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    kind = KINDS.get(arguments["kind"])
    rows = kind.rows() if kind is not None else Product.objects.none()
    content = kind.content if kind is not None else KINDS["PRODUCT"].content
    return connect(content, rows, arguments, selection, order=[SortKey("id")])


TYPES = (*(kind.content for kind in KINDS.values()), translation, query)
