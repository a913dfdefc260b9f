"""Translatable content, with one content type per object type, and original and translated texts."""

from __future__ import annotations

from collections.abc import Sequence
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
from cooperatives.models import ShippingService
from orders.models import Voucher
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue import types as catalogue_types
from shop.api.connections import SortKey, connect
from shop.api.content import types as content_types
from shop.api.context import Context
from shop.api.ids import global_ids, key_from_id
from shop.api.object_types import Row, Rows, Type
from shop.api.orders.types import voucher_object
from shop.api.root_fields import Queries
from shop.api.shipping.zones import shipping_method_type_object
from shop.api.translated_fields import add_translation_field
from shop.api.translation.inputs import TranslationArguments, TranslationsArguments
from shop.content.models import MenuItem, Page

TRANSLATION_PERMISSIONS = (Permission.MANAGE_TRANSLATIONS,)
NAME_COLUMNS = {"name": "name"}
DESCRIBED_COLUMNS = {
    **NAME_COLUMNS,
    "slug": "slug",
    "seoTitle": "seo_title",
    "seoDescription": "seo_description",
    "description": "description",
}
PAGE_COLUMNS = {
    "title": "title",
    "slug": "slug",
    "seoTitle": "seo_title",
    "seoDescription": "seo_description",
    "content": "content",
}
VALUE_COLUMNS = {"name": "name", "richText": "rich_text", "plainText": "plain_text"}
SHIPPING_COLUMNS = {**NAME_COLUMNS, "description": "description"}
# Columns whose text is stored as JSON.
RICH_COLUMNS = frozenset({"description", "content", "rich_text"})


@dataclass(frozen=True)
class TranslatableType:
    """A type with translatable texts. `columns` maps fields of `object_type` to columns of `model`."""

    name: str
    object_type: Type
    model: type[Model]
    columns: dict[str, str]
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


TRANSLATABLE_TYPES = {
    "PRODUCT": TranslatableType("Product", catalogue_types.product_object, Product, DESCRIBED_COLUMNS),
    "VARIANT": TranslatableType("ProductVariant", catalogue_types.variant_object, Variant, NAME_COLUMNS),
    "CATEGORY": TranslatableType("Category", catalogue_types.category_object, Category, DESCRIBED_COLUMNS),
    "COLLECTION": TranslatableType(
        "Collection", catalogue_types.collection_object, Collection, DESCRIBED_COLUMNS
    ),
    "ATTRIBUTE": TranslatableType("Attribute", catalogue_types.attribute_object, Attribute, NAME_COLUMNS),
    "ATTRIBUTE_VALUE": TranslatableType(
        "AttributeValue", catalogue_types.attribute_value_object, AttributeValue, VALUE_COLUMNS
    ),
    "PAGE": TranslatableType("Page", content_types.page_object, Page, PAGE_COLUMNS),
    "MENU_ITEM": TranslatableType("MenuItem", content_types.menu_item_object, MenuItem, NAME_COLUMNS),
    "SHIPPING_METHOD": TranslatableType(
        "ShippingMethod", shipping_method_type_object, ShippingService, SHIPPING_COLUMNS
    ),
    "VOUCHER": TranslatableType("Voucher", voucher_object, Voucher, NAME_COLUMNS),
}
_DEPRECATED_FIELDS = {"description": "descriptionJson", "content": "contentJson"}


def _add_fields(translatable: TranslatableType) -> None:
    """Add the fields of a content type."""
    content, field_name = translatable.content, translatable.name[0].lower() + translatable.name[1:]
    content.id()
    for name, column in translatable.columns.items():
        if translatable.model is ShippingService and column == "description":
            # The original is plain text, and this field is rich text.
            content.unsupported(name)
            continue
        content.columns(**{name: column})
        if name in _DEPRECATED_FIELDS and translatable.model is not ShippingService:
            content.columns(**{_DEPRECATED_FIELDS[name]: column})

    @content.field(f"{field_name}Id", needs="id")
    def ids(rows: list[Row], *_: object) -> list[str]:
        return global_ids(translatable.object_type.name, (row.id for row in rows))

    @content.field(field_name, needs="id")
    def translated_objects(
        rows: list[Row], arguments: object, context: Context, selection: Selection
    ) -> list[Row | None]:
        rows_by_key = translatable.object_type.by_key(context, [row.id for row in rows], selection.names())
        return [rows_by_key.get(row.id) for row in rows]

    rich = [name for name, column in translatable.columns.items() if column in RICH_COLUMNS]
    add_translation_field(
        content, f"{translatable.name}Translation", translatable.label, rich=rich, **translatable.columns
    )


for _translatable in TRANSLATABLE_TYPES.values():
    _add_fields(_translatable)

shipping_method_translation_object = add_translation_field(
    shipping_method_type_object,
    "ShippingMethodTranslation",
    "cooperatives.shippingservice",
    rich=("description",),
    required=("name",),
    **SHIPPING_COLUMNS,
)
voucher_translation_object = add_translation_field(
    voucher_object, "VoucherTranslation", "orders.voucher", **NAME_COLUMNS
)
_attribute_value = TRANSLATABLE_TYPES["ATTRIBUTE_VALUE"].content
_attribute_value.related(
    "attribute", TRANSLATABLE_TYPES["ATTRIBUTE"].content, column="attribute_id", rows=Attribute.objects.all()
)


def _read_text_values(rows: Sequence[Row], relation: str, selection: Selection) -> list[list[Row]]:
    """Return each object's values of text attributes."""
    keys = [row.id for row in rows]
    value_rows: Rows = AttributeValue.objects.filter(
        **{f"{relation}_rows__{relation}__in": keys},
        attribute__input_type__in=(InputType.RICH_TEXT, InputType.PLAIN_TEXT),
    )
    value_rows = value_rows.annotate(owner=F(f"{relation}_rows__{relation}")).order_by(
        "owner", "attribute_id", "id"
    )
    values_by_owner = _attribute_value.grouped(value_rows, selection.names(), by="owner")
    return [values_by_owner.get(key, []) for key in keys]


@TRANSLATABLE_TYPES["PRODUCT"].content.field("attributeValues", needs="id")
def attribute_values_of_products(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    return _read_text_values(rows, "product", selection)


@TRANSLATABLE_TYPES["VARIANT"].content.field("attributeValues", needs="id")
def attribute_values_of_variants(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    return _read_text_values(rows, "variant", selection)


@TRANSLATABLE_TYPES["PAGE"].content.field("attributeValues", needs="id")
def attribute_values_of_pages(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    return _read_text_values(rows, "page", selection)


query = Queries()


@query.field("translation", permissions=TRANSLATION_PERMISSIONS)
def one_translation(arguments: TranslationArguments, context: Context, selection: Selection) -> Row | None:
    translatable = TRANSLATABLE_TYPES.get(arguments["kind"])
    if translatable is None:
        return None
    key = key_from_id(arguments["id"], translatable.object_type.name, translatable.content.name)
    return translatable.content.by_key(context, [key], selection.names()).get(key)


@query.field("translations", permissions=TRANSLATION_PERMISSIONS)
def all_translations(
    arguments: TranslationsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    translatable = TRANSLATABLE_TYPES.get(arguments["kind"])
    rows = translatable.rows() if translatable is not None else Product.objects.none()
    content = translatable.content if translatable is not None else TRANSLATABLE_TYPES["PRODUCT"].content
    return connect(content, rows, arguments, selection, order=[SortKey("id")])


TYPES = (
    *(translatable.content for translatable in TRANSLATABLE_TYPES.values()),
    shipping_method_translation_object,
    voucher_translation_object,
    query,
)
