"""Set up a market: channel, categories, product types, shipping services, groups."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from catalog.actions.taxonomy.categories import create_category_row
from catalog.models import (
    Attribute,
    AttributeScope,
    Category,
    InputType,
    ProductType,
    ProductTypeAttribute,
)
from cooperatives.models import Cooperative, ShippingService, ShippingServicePrice, Zone, ZoneCountry
from cooperatives.states import CooperativeState
from shop.accounts.models import Group, GroupPermission
from shop.accounts.staff.permissions import Permission
from shop.content.models import Menu, MenuItem, PageType
from shop.content.models.page import COOPERATIVE
from shop.core.actors import Actor
from shop.core.models import Channel, Picture, ShopSettings, TaxClass, TaxRate, Translation
from shop.core.texts.folding import fold, slugify
from shop.management.market_setup import texts
from shop.management.market_setup.market_data import TomlTable, market

_GROUPS = {
    "Quản trị sàn": tuple(Permission),
    "Chăm sóc người mua": (Permission.MANAGE_ORDERS, Permission.MANAGE_USERS, Permission.HANDLE_CHECKOUTS),
    "Duyệt hàng": (Permission.MANAGE_PRODUCTS, Permission.MANAGE_PAGES),
}


@dataclass(frozen=True, slots=True)
class MarketRows:
    """The market's rows, by the keys of the data files. Categories are by name, services by kind."""

    channel: Channel
    zone: Zone
    types: Mapping[str, ProductType]
    attributes: Mapping[str, Attribute]
    categories: Mapping[str, Category]
    services: Mapping[str, ShippingService]


def create_market(
    pictures: Mapping[str, Picture],
    *,
    settings: Mapping[str, object],
    actor: Actor,
    now: datetime.datetime,
) -> MarketRows:
    """In a transaction: create the missing rows of the market.

    A category whose picture is not in `pictures` gets none. `settings` are columns of new shop settings.
    """
    channel = _get_or_create_channel()
    ShopSettings.objects.get_or_create(pk=1, defaults=dict(settings))
    taxes = {row["key"]: _get_or_create_tax_class(row) for row in market()["tax"]}
    zone = _get_or_create_zone(channel)
    _create_platform_seller()
    _create_groups()
    translations: list[Translation] = []
    attributes = {row["key"]: _get_or_create_attribute(row) for row in market()["attribute"]}
    for row in market()["attribute"]:
        translations += texts.english_translations(attributes[row["key"]], name=row["en"])
    services = {
        row["kind"]: _get_or_create_service(row, channel, zone, taxes["delivery"])
        for row in market()["service"]
    }
    for row in market()["service"]:
        translations += texts.english_translations(services[row["kind"]], name=row["en"])
    types = {row["key"]: _get_or_create_product_type(row, taxes, attributes) for row in market()["type"]}
    categories = _create_categories(pictures, translations, actor=actor, now=now)
    texts.insert_translations(translations)
    _create_pages_and_menus(categories)
    return MarketRows(
        channel=channel,
        zone=zone,
        types=types,
        attributes=attributes,
        categories=categories,
        services=services,
    )


def _get_or_create_channel() -> Channel:
    return Channel.objects.get_or_create(
        slug="viet-nam",
        defaults={
            "name": "Việt Nam",
            "currency": "VND",
            "default_country": "VN",
            "is_active": True,
            "requires_listing_review": True,
        },
    )[0]


def _get_or_create_tax_class(row: TomlTable) -> TaxClass:
    tax_class = TaxClass.objects.get_or_create(name=row["name"])[0]
    for rate in row["rates"]:
        TaxRate.objects.get_or_create(
            tax_class=tax_class,
            country="VN",
            valid_from=rate.get("from"),
            defaults={"rate": Decimal(rate["rate"]), "valid_until": rate.get("until")},
        )
    return tax_class


def _get_or_create_zone(channel: Channel) -> Zone:
    zone = Zone.objects.get_or_create(name="Việt Nam")[0]
    ZoneCountry.objects.get_or_create(zone=zone, country="VN")
    zone.channels.add(channel)
    return zone


def _create_platform_seller() -> None:
    """Create the platform seller, which owns products that staff create without naming a cooperative."""
    Cooperative.objects.get_or_create(
        is_platform_seller=True,
        defaults={
            "slug": "cho-phien",
            "name": "Chợ Phiên",
            "folded_name": fold("Chợ Phiên"),
            "state": CooperativeState.APPROVED,
        },
    )


def _create_groups() -> None:
    for name, permissions in _GROUPS.items():
        group = Group.objects.get_or_create(name=name, defaults={"is_platform_wide": True})[0]
        GroupPermission.objects.bulk_create(
            [GroupPermission(group=group, code=code) for code in permissions], ignore_conflicts=True
        )


def _get_or_create_attribute(row: TomlTable) -> Attribute:
    return Attribute.objects.get_or_create(
        slug=row["slug"], defaults={"name": row["name"], "filterable_in_storefront": True}
    )[0]


def _get_or_create_service(
    row: TomlTable, channel: Channel, zone: Zone, tax_class: TaxClass
) -> ShippingService:
    service = ShippingService.objects.get_or_create(
        zone=zone,
        kind=row["kind"],
        defaults={
            "name": row["name"],
            "minimum_days": row.get("minimum_days"),
            "maximum_days": row.get("maximum_days"),
            "tax_class": tax_class,
        },
    )[0]
    ShippingServicePrice.objects.get_or_create(
        service=service, channel=channel, defaults={"currency": channel.currency, "price": row["price"]}
    )
    return service


def _get_or_create_product_type(
    type_data: TomlTable, taxes: Mapping[str, TaxClass], attributes: Mapping[str, Attribute]
) -> ProductType:
    product_type = ProductType.objects.get_or_create(
        slug=slugify(type_data["name"]),
        defaults={
            "name": type_data["name"],
            "tax_class": taxes[type_data["tax"]],
            "is_perishable": type_data["perishable"],
        },
    )[0]
    for position, key in enumerate(type_data["attributes"]):
        ProductTypeAttribute.objects.get_or_create(
            product_type=product_type,
            attribute=attributes[key],
            scope=AttributeScope.VARIANT,
            defaults={"sort_order": position, "variant_selection": True},
        )
    ProductTypeAttribute.objects.get_or_create(
        product_type=product_type,
        attribute=_get_or_create_cooperative_attribute(),
        scope=AttributeScope.PRODUCT,
        defaults={"sort_order": len(type_data["attributes"])},
    )
    return product_type


def _get_or_create_cooperative_attribute() -> Attribute:
    """Return the attribute that shows Saleor's clients a product's cooperative. Its values are computed."""
    attribute, is_new = Attribute.objects.get_or_create(
        slug="cooperative",
        defaults={
            "name": market()["word"]["cooperative"],
            "input_type": InputType.SINGLE_REFERENCE,
            "entity_type": "PAGE",
            "filterable_in_storefront": True,
        },
    )
    if is_new:
        texts.insert_translations(
            texts.english_translations(attribute, name=market()["word"]["cooperative_en"])
        )
    return attribute


def _create_pages_and_menus(categories: Mapping[str, Category]) -> None:
    """Create the page type of cooperatives, and the menus that Saleor's storefront looks for."""
    words = market()["word"]
    PageType.objects.get_or_create(slug=COOPERATIVE, defaults={"name": words["cooperative"]})
    Menu.objects.get_or_create(slug="footer", defaults={"name": words["footer"]})
    navbar, is_new = Menu.objects.get_or_create(slug="navbar", defaults={"name": words["navbar"]})
    if not is_new:
        return
    translations: list[Translation] = []
    for position, row in enumerate(market()["category"]):
        category = categories[row["name"]]
        item = MenuItem.objects.create(
            menu=navbar, name=category.name, category=category, sort_order=position
        )
        translations += texts.english_translations(item, name=row["en"])
    texts.insert_translations(translations)


def _create_categories(
    pictures: Mapping[str, Picture],
    translations: list[Translation],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> dict[str, Category]:
    categories: dict[str, Category] = {}

    def create_category(category_data: TomlTable, parent: Category | None, position: int) -> Category:
        category = Category.objects.filter(slug=slugify(category_data["name"])).first()
        if category is None:
            category = create_category_row(
                name=category_data["name"], parent=parent, sort_order=position, actor=actor, now=now
            )
            description = category_data.get("about", "")
            category.picture = pictures.get(category_data["picture"])
            category.description_text = description
            category.description = texts.blocks(description) if description else None
            category.save(update_fields=["picture", "description_text", "description"])
            translations.extend(
                texts.english_translations(
                    category, name=category_data["en"], description_text=category_data.get("about_en", "")
                )
            )
        categories[category_data["name"]] = category
        return category

    for place, root in enumerate(market()["category"]):
        parent = create_category(root, None, place)
        for inner_place, category_data in enumerate(root["inside"]):
            create_category(category_data, parent, inner_place)
    return categories
