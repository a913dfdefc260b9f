"""The type `Shop`, and federation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import phonenumbers
from django.conf import settings
from django.utils.translation import get_language
from graphql import GraphQLSchema, print_schema

from cooperatives.models import ZoneCountry
from shop.accounts.models import Address
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import STAFF
from shop.api.base.entities import ENTITIES
from shop.api.base.inputs import EntitiesArguments, ShopCountriesArguments, ShopTranslationArguments
from shop.api.base.places import address_object, country
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.ids import key_from_id
from shop.api.language_codes import language_display, tag_from_code
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Type
from shop.api.root_fields import Queries
from shop.api.schema import Choices
from shop.api.translations import read_translated_texts
from shop.core.models import ShopSettings

SALEOR_SCHEMA_VERSION = "3.24.0"
SETTINGS_PERMISSIONS = (Permission.MANAGE_SETTINGS,)

shop_object = Type("Shop", rows=lambda context: ShopSettings.objects.all())
shop_object.id()
shop_object.columns(
    name="name",
    description="description",
    fulfillmentAutoApprove="fulfillment_auto_approve",
    fulfillmentAllowUnpaid="fulfillment_allow_unpaid",
    trackInventoryByDefault="track_inventory_by_default",
    defaultWeightUnit="default_weight_unit",
    customerSetPasswordUrl="customer_set_password_url",
    useLegacyUpdateWebhookEmission="use_legacy_update_webhook_emission",
    passwordLoginMode="password_login_mode",
)
shop_object.related("companyAddress", address_object, column="company_address_id", rows=Address.objects.all())
shop_object.unsupported("headerText", "defaultMailSenderName")
shop_object.unsupported("availableExternalAuthentications", "announcements", value=[])
shop_object.unsupported("availableTaxApps", value=[])  # the shop calculates all taxes itself
shop_object.unsupported("allowStorefrontTraffic", "useLegacyShippingZoneStockAvailability", value=True)
shop_object.unsupported("includeTaxesInPrices", "displayGrossPrices", "chargeTaxesOnShipping", value=True)
shop_object.unsupported("preserveAllAddressFields", value=False)
shop_object.unsupported("accountConfirmMergeMode", value="MERGE_DISABLED")
shop_object.unsupported("schemaVersion", value=SALEOR_SCHEMA_VERSION)
add_metadata_fields(shop_object, ShopSettings, permissions=SETTINGS_PERMISSIONS)

for field, column in {
    "reserveStockDurationAnonymousUser": "reserve_stock_duration_anonymous_user",
    "reserveStockDurationAuthenticatedUser": "reserve_stock_duration_authenticated_user",
    "limitQuantityPerCheckout": "limit_quantity_per_checkout",
    "enableAccountConfirmationByEmail": "enable_account_confirmation_by_email",
    "allowLoginWithoutConfirmation": "allow_login_without_confirmation",
}.items():
    shop_object.column(field, column, permissions=SETTINGS_PERMISSIONS)

permission_object = Type("Permission")
permission_object.value_fields("code", "name")
domain_object = Type("Domain")
domain_object.value_fields("host", "sslEnabled", "url")
external_authentication_object = Type("ExternalAuthentication")
external_authentication_object.value_fields("id", "name")
shop_translation_object = Type("ShopTranslation")
shop_translation_object.value_fields("id", "language", "headerText", "description")
limits_object = Type("Limits")
limits_object.unsupported("channels", "orders", "productVariants", "staffUsers", "warehouses")
limit_info_object = Type("LimitInfo")
limit_info_object.unsupported("currentUsage", "allowedUsage", value={})
announcement_object = Type("Announcement")
announcement_object.value_fields(
    "createdAt", "updatedAt", "title", "messageHtml", "importance", "type", "extra"
)


def build_permission_payload(code: str) -> dict[str, str]:
    """Return the schema's `Permission`."""
    return {"code": code, "name": str(Permission(code).label)}


@shop_object.field(permissions=STAFF)
def version(shops: list[Row], *_: object) -> list[str]:
    return [SALEOR_SCHEMA_VERSION] * len(shops)


@shop_object.field(permissions=STAFF)
def permissions(shops: list[Row], *_: object) -> list[list[dict[str, str]]]:
    return [[build_permission_payload(code) for code in Permission.values]] * len(shops)


@shop_object.field("limits", permissions=STAFF)
def limits_of_shop(shops: list[Row], *_: object) -> list[dict[str, str]]:
    return [{}] * len(shops)


@shop_object.field(permissions=STAFF)
def channel_currencies(shops: list[Row], arguments: object, context: Context, *_: object) -> list[list[str]]:
    return [sorted({channel.currency for channel in context.channels.values()})] * len(shops)


@shop_object.field(permissions=SETTINGS_PERMISSIONS)
def default_mail_sender_address(shops: list[Row], *_: object) -> list[str]:
    return [settings.DEFAULT_FROM_EMAIL] * len(shops)


@shop_object.field("domain")
def domain_of_shop(shops: list[Row], *_: object) -> Sequence[Mapping[str, object]]:
    public_url = urlsplit(settings.PUBLIC_URL)
    domain = {
        "host": public_url.netloc,
        "sslEnabled": public_url.scheme == "https",
        "url": f"{settings.PUBLIC_URL}/",
    }
    return [domain] * len(shops)


@shop_object.field()
def countries(
    shops: list[Row], arguments: ShopCountriesArguments, context: Context, selection: Selection
) -> list[list[dict[str, str]]]:
    """Resolve all countries, or those with or without a shipping zone."""
    code = arguments.get("languageCode")
    attached = (arguments.get("filter") or {}).get("attachedToShippingZones")
    codes = sorted(context.schema.type_map["CountryCode"].values)  # type: ignore[attr-defined]
    if attached is not None:
        delivered = set(ZoneCountry.objects.values_list("country", flat=True))
        codes = [country_code for country_code in codes if (country_code in delivered) is attached]
    language = tag_from_code(code) if code else None
    return [[country(country_code, language) for country_code in codes]] * len(shops)


@shop_object.field()
def default_country(shops: list[Row], arguments: object, context: Context, *_: object) -> Sequence[object]:
    """Resolve the first channel's default country."""
    first = next(iter(context.channels.values()), None)
    return [country(first.default_country) if first else None] * len(shops)


@shop_object.field()
def languages(
    shops: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[dict[str, str]]]:
    codes = context.schema.type_map["LanguageCodeEnum"].values  # type: ignore[attr-defined]
    return [[language_display(code, get_language() or "en") for code in codes]] * len(shops)


@shop_object.field()
def phone_prefixes(shops: list[Row], *_: object) -> list[list[str]]:
    return [[str(code) for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)]] * len(shops)


@shop_object.field()
def translation(
    shops: list[Row], arguments: ShopTranslationArguments, context: Context, *_: object
) -> Sequence[object]:
    code = arguments["languageCode"]
    texts = read_translated_texts("core.shopsettings", [shop_row.pk for shop_row in shops], code)
    return [_translated(shop_row, code, texts.get(str(shop_row.pk))) for shop_row in shops]


def _translated(row: Row, code: str, texts: dict[str, str] | None) -> dict[str, object] | None:
    if texts is None:
        return None
    return {
        "id": f"ShopTranslation:{row.pk}",
        "language": language_display(code, get_language() or "en"),
        "headerText": "",
        "description": texts.get("description", ""),
    }


query = Queries()


@query.field("shop")
def one_shop(arguments: object, context: Context, selection: Selection) -> ShopSettings:
    return context.settings


@query.field("_service")
def service(arguments: object, context: Context, selection: Selection) -> dict[str, str]:
    return {"sdl": _printed(context.schema)}


@query.field("_entities")
def entities(arguments: EntitiesArguments, context: Context, selection: Selection) -> list[Row | None]:
    """Return federated objects by reference. It takes one query per type."""
    representations = [
        representation if isinstance(representation, dict) else {}
        for representation in arguments["representations"]
    ]
    names = [str(representation.get("__typename")) for representation in representations]
    rows_by_reference: dict[tuple[str, object], Row] = {}
    keys = [
        key_from_id(str(representation.get("id")), name) if name in ENTITIES else None
        for name, representation in zip(names, representations, strict=True)
    ]
    for name in set(names) & ENTITIES.keys():
        requested = [key for reference_name, key in zip(names, keys, strict=True) if reference_name == name]
        rows = ENTITIES[name].by_key(context, requested, selection.names())
        rows_by_reference |= {(name, key): row for key, row in rows.items()}
    return [rows_by_reference.get(reference) for reference in zip(names, keys, strict=True)]


@lru_cache(maxsize=1)
def _printed(schema: GraphQLSchema) -> str:
    return print_schema(schema)


service_object = Type("_Service")
service_object.value_fields("sdl")

TYPES = (
    shop_object,
    permission_object,
    domain_object,
    external_authentication_object,
    shop_translation_object,
    limits_object,
    limit_info_object,
    announcement_object,
    query,
    service_object,
)
ENUMS: dict[str, Choices] = {
    "PermissionEnum": Permission,
    "WeightUnitsEnum": {unit: unit.lower() for unit in ("G", "LB", "OZ", "KG", "TONNE")},
    "PasswordLoginModeEnum": {
        "ENABLED": "enabled",
        "CUSTOMERS_ONLY": "customers_only",
        "DISABLED": "disabled",
    },
}
