"""Convert inputs of catalogue mutations to the columns and keys that actions take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from catalog.actions.products.attribute_values import AttributeChoice, AttributeInput
from catalog.actions.products.sort_order import RowMove
from catalog.models import Attribute
from cooperatives.models import Cooperative
from shop.accounts.staff.permissions import Permission
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.field_permissions import CooperativeScoped
from shop.api.ids import Key, input_key, split_global_id
from shop.api.in_channel import InChannel, channel_by_key
from shop.api.input_data import InputData
from shop.api.metadata import metadata_from_input
from shop.api.object_types import Row, Type
from shop.core.dates.calendar import start_of_day
from shop.core.errors import Missing
from shop.core.images.renditions import store_picture
from shop.core.models import Channel
from shop.core.texts.rich_text import sanitise_rich_text, to_plain_text

MAX_GRAMS = 1_000_000_000
PRODUCT_PERMISSIONS = (Permission.MANAGE_PRODUCTS,)
# This includes staff of single cooperatives.
OWN_PRODUCT_PERMISSIONS = (CooperativeScoped(Permission.MANAGE_PRODUCTS),)
PRODUCT_TYPE_PERMISSIONS = (Permission.MANAGE_PRODUCT_TYPES,)
# Maps refusal codes to the schema's error codes for products.
CODES = {
    "already_taken": "UNIQUE",
    "missing_attributes": "REQUIRED",
    "attribute_not_of_type": "ATTRIBUTE_CANNOT_BE_ASSIGNED",
    "invalid_price": "INVALID_PRICE",
    "invalid_wholesale_prices": "INVALID_PRICE",
    "price_not_above_wholesale": "INVALID_PRICE",
    "invalid_purchase_limits": "INVALID",
    "product_not_in_channel": "PRODUCT_NOT_ASSIGNED_TO_CHANNEL",
    "stock_already_exists": "UNIQUE",
    "picture_of_other_product": "NOT_PRODUCTS_IMAGE",
    "picture_already_shown": "MEDIA_ALREADY_ASSIGNED",
    "picture_not_shown": "NOT_PRODUCTS_IMAGE",
    "not_a_picture": "INVALID_FILE_TYPE",
    "picture_too_heavy": "FILE_SIZE_LIMIT_EXCEEDED",
    "picture_too_large": "FILE_SIZE_LIMIT_EXCEEDED",
}


def columns(input_data: Mapping[str, object], **columns_by_name: str) -> dict[str, object]:
    """Return the input's non-null fields, keyed by column."""
    return {
        column: input_data[name]
        for name, column in columns_by_name.items()
        if input_data.get(name) is not None
    }


def common_columns(input_data: InputData, context: Context, **columns_by_name: str) -> dict[str, object]:
    """Return the columns that many types have: name, slug, description, SEO texts, metadata."""
    values = columns(input_data, slug="slug", **columns_by_name)
    if "name" in input_data:
        values["name"] = required_text(input_data, "name")
    if input_data.get("description") is not None:
        values["description"] = sanitise_rich_text(input_data["description"])
        values["description_text"] = to_plain_text(values["description"])
    seo = input_data.get("seo") or {}
    values |= {f"seo_{name}": seo[name] or None for name in ("title", "description") if name in seo}
    for name, column in (("metadata", "metadata"), ("privateMetadata", "private_metadata")):
        if input_data.get(name) is not None:
            values[column] = metadata_from_input(input_data[name])
    return values


def required_text(input_data: Mapping[str, object], name: str) -> str:
    """Return a non-empty text. Raises InputError."""
    text = str(input_data.get(name) or "").strip()
    if not text:
        raise InputError("REQUIRED", _("This information is required."), field=name)
    return text


def foreign_key_column(input_data: InputData, name: str, type_name: str, column: str) -> dict[str, object]:
    """Return a foreign key column. A null clears it."""
    if name not in input_data:
        return {}
    key = input_data[name]
    return {column: None if key is None else input_key(key, type_name, field=name)}


def weight_column(input_data: InputData, context: Context) -> dict[str, object]:
    if input_data.get("weight") is None:
        return {}
    weight = input_data["weight"].grams(context.settings.default_weight_unit)
    if weight > MAX_GRAMS:
        raise InputError("INVALID", _("This weight is too large."), field="weight")
    return {"weight": weight}


def store_picture_column(input_data: InputData, column: str) -> dict[str, object]:
    """Store an uploaded picture, before and outside the action's transaction."""
    if input_data.get("backgroundImage") is None:
        return {}
    picture = store_picture(
        input_data["backgroundImage"], alt=(input_data.get("backgroundImageAlt") or "")[:250]
    )
    return {column: picture.pk}


def publication_from_input(input_data: InputData) -> dict[str, object]:
    """Return the publication time, from an instant or from a date as older clients send it."""
    if input_data.get("publishedAt") is not None:
        return {"published_at": input_data["publishedAt"]}
    day = input_data.get("publicationDate")
    return {"published_at": start_of_day(day)} if day is not None else {}


def channel_from_id(text: str, context: Context, *, field: str = "channelId") -> Channel:
    """Return the channel of an id. Raises InputError."""
    channel = channel_by_key(context, int(input_key(text, "Channel", field=field)))
    if channel is None:
        raise InputError("NOT_FOUND", _("This channel does not exist."), field=field, channels=[text])
    return channel


def staff_row(type_: InChannel | Type, key: Key, context: Context, fields: Iterable[str]) -> Row | None:
    """Return a row as seen by staff, without a channel."""
    if isinstance(type_, InChannel):
        return type_.by_pair(context, [(key, None)], fields).get((key, None))
    return type_.by_key(context, [key], fields).get(key)


def row_moves(input_data: Sequence[InputData], type_name: str, name: str = "id") -> list[RowMove]:
    """Convert `[ReorderInput!]` to moves. Entries without `sortOrder` do not move."""
    return [
        RowMove(input_key(entry[name], type_name, field="moves"), entry.get("sortOrder") or 0)
        for entry in input_data
    ]


def find_key(
    input_data: InputData,
    type_: Type,
    context: Context,
    *,
    id_argument: str = "id",
    is_without_cooperative: bool = False,
) -> Key:
    """Return the key of an object named by id, external reference or SKU.

    Return 0, which no row has, if there is no such object. Set `is_without_cooperative` for types whose rows
    belong to no cooperative. Raises InputError.
    """
    if input_data.get(id_argument) is not None:
        key = input_key(input_data[id_argument], type_.name, field=id_argument)
        return key if is_without_cooperative or may_manage_row(type_, key, context) else 0
    for name, column in (("externalReference", "external_reference"), ("sku", "sku")):
        if input_data.get(name) is not None:
            rows = type_.rows(context).filter(**{column: input_data[name]})
            return rows.values_list("pk", flat=True).first() or 0
    raise InputError(
        "REQUIRED", _("Specify the object with an ID, external reference or SKU."), field=id_argument
    )


def may_manage_row(type_: Type, key: Key, context: Context) -> bool:
    """Return whether the requester may manage this row. Staff of a cooperative manage its rows only."""
    if context.may(*PRODUCT_PERMISSIONS):
        return True
    own_rows = context.scope(Permission.MANAGE_PRODUCTS).row_filter(cooperative="cooperative")
    return type_.rows(context).filter(own_rows, pk=key).exists()


def find_owner_from_input(input_data: InputData, context: Context) -> int | None:
    """Return the cooperative of a new object, or None for the platform seller. Raises InputError, Missing."""
    text = input_data.get("cooperative")
    key = int(input_key(text, "Cooperative", field="cooperative")) if text else None
    if context.may(*PRODUCT_PERMISSIONS):
        return key
    own_cooperatives = Cooperative.objects.filter(
        context.scope(Permission.MANAGE_PRODUCTS).row_filter(cooperative="pk")
    )
    own_cooperative_ids: set[int] = set(own_cooperatives.values_list("pk", flat=True))
    if key is None and len(own_cooperative_ids) == 1:
        return own_cooperative_ids.pop()
    if key is None:
        raise InputError("REQUIRED", _("Choose a cooperative."), field="cooperative")
    if key not in own_cooperative_ids:
        raise Missing(field="cooperative")
    return key


def attribute_values_from_input(
    attribute_inputs: Sequence[Mapping[str, object]] | None,
) -> list[AttributeInput]:
    """Convert `[AttributeValueInput!]`. Raises InputError."""
    return [_convert_attribute(entry) for entry in attribute_inputs or ()]


def _convert_attribute(input_data: InputData) -> AttributeInput:
    if input_data.get("id") is not None:
        key = int(input_key(input_data["id"], "Attribute", field="attributes"))
    else:
        reference = input_data.get("externalReference")
        referenced_attribute = (
            Attribute.objects.filter(external_reference=reference).first() if reference else None
        )
        if referenced_attribute is None:
            raise InputError("NOT_FOUND", _("This attribute does not exist."), field="attributes")
        key = referenced_attribute.pk
    chosen_values = [
        input_data.get("dropdown"),
        input_data.get("swatch"),
        *(input_data.get("multiselect") or ()),
    ]
    choices = [_convert_choice(entry) for entry in chosen_values if entry]
    choices += [AttributeChoice(name=name) for name in input_data.get("values") or () if name.strip()]
    return AttributeInput(key, choices, _free_values(input_data))


def _convert_choice(input_data: InputData) -> AttributeChoice:
    if input_data.get("id") is not None:
        return AttributeChoice(key=int(input_key(input_data["id"], "AttributeValue", field="attributes")))
    return AttributeChoice(name=required_text(input_data, "value"))


def _free_values(input_data: InputData) -> Sequence[Mapping[str, object]]:
    """Return values that are not choices: texts, numbers, dates, files, references."""
    values: list[dict[str, object]] = []
    if input_data.get("numeric"):
        values.append({"name": input_data["numeric"], "numeric": _parse_number(input_data["numeric"])})
    if input_data.get("plainText"):
        values.append({"name": input_data["plainText"][:60], "plain_text": input_data["plainText"]})
    if input_data.get("richText") is not None:
        content = sanitise_rich_text(input_data["richText"])
        values.append({"name": to_plain_text(content)[:60], "rich_text": content})
    if input_data.get("boolean") is not None:
        values.append({"name": str(input_data["boolean"]), "boolean": input_data["boolean"]})
    if input_data.get("date") is not None:
        values.append({"name": str(input_data["date"]), "date_time": start_of_day(input_data["date"])})
    if input_data.get("dateTime") is not None:
        values.append({"name": input_data["dateTime"].isoformat(), "date_time": input_data["dateTime"]})
    if input_data.get("file"):
        content_type = input_data.get("contentType") or ""
        values.append(
            {"name": input_data["file"][-60:], "file_url": input_data["file"], "content_type": content_type}
        )
    references = (
        [input_data["reference"]] if input_data.get("reference") else input_data.get("references") or ()
    )
    return values + [_convert_reference(text) for text in references]


def _parse_number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise InputError("INVALID", _("Enter a number, such as 12.5."), field="attributes") from error
    if not number.is_finite() or abs(number) >= 10**14:
        raise InputError("INVALID", _("Enter a number, such as 12.5."), field="attributes")
    return text


def _convert_reference(text: str) -> dict[str, object]:
    try:
        type_name, key = split_global_id(text)
    except ValueError as error:
        raise InputError("GRAPHQL_ERROR", f"Invalid ID: {text[:80]}.", field="attributes") from error
    return {"name": key, "reference_kind": type_name, "reference_key": key}
