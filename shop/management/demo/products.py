"""Create the demo's products with variants, prices, stock, pictures and translations, and publish them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from itertools import count

from catalog.actions.listings.listing_states import change_listing_state
from catalog.actions.products.draft_products import insert_draft_product
from catalog.actions.products.product_details import NewProduct, ProductDetails, VariantDetails
from catalog.actions.stock.stock_movements import lock_stock_row, record_movement, refresh_availability
from catalog.models import (
    ALL_MONTHS,
    Attribute,
    AttributeValue,
    Collection,
    CollectionListing,
    CollectionProduct,
    Listing,
    MovementReason,
    Product,
    Variant,
    VariantAttributeValue,
    VariantMedia,
)
from catalog.pricing import WholesaleTier
from catalog.states import ListingState
from shop.core.actors import Actor
from shop.core.models import Picture, Translation
from shop.core.texts.folding import slugify
from shop.management.demo.data_files import (
    TomlTable,
    demo_market,
    product_pictures,
    products,
    translate_to_english,
)
from shop.management.demo.sellers import SellerRows
from shop.management.market_setup import texts
from shop.management.market_setup.create_market import MarketRows

# Products shown first on the home page in their season, as the newest listings are.
_HOME_PAGE = (
    "Quýt Bạch Thông",
    "Gạo bao thai Chợ Đồn, gạo mới",
    "Miến dong Côn Minh",
    "Bí xanh thơm",
    "Gừng tươi",
    "Trà bí thơm",
    "Hồng treo gió",
    "Lạp sườn hun khói",
    "Gối thảo dược thổ cẩm",
    "Khăn thổ cẩm thêu tay",
    "Túi thổ cẩm",
    "Chuối sấy",
)
_TEXTS = ("origin", "ingredients", "packaging", "shelf_life", "storage", "return_terms")


def create_products(
    market_rows: MarketRows,
    sellers: Mapping[str, SellerRows],
    pictures: Mapping[str, Picture],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> int:
    """In a transaction: create the products of the data files that are missing, and return how many."""
    translations: list[Translation] = []
    existing_names = set(Product.objects.values_list("cooperative__slug", "name"))
    sku = count(1)
    added = 0
    for position, product_data in enumerate(_in_listing_order()):
        numbers = [next(sku) for _ in product_data["variants"]]
        if (product_data["cooperative"], product_data["name"]) in existing_names:
            continue
        seller = sellers[product_data["cooperative"]]
        listed_at = now - datetime.timedelta(days=60) + datetime.timedelta(hours=position)
        product = _create_product(product_data, seller, market_rows, pictures, actor=actor, now=listed_at)
        variants = list(product.variants.in_order())
        _set_product_extras(product, product_data, seller, added)
        _set_variant_extras(variants, product_data, numbers, market_rows)
        _show_variants(product, variants, product_data)
        _fill_other_warehouses(variants, product_data, seller, actor=actor, now=listed_at)
        listing = Listing.objects.select_related("channel", "product").get(product=product)
        change_listing_state(listing, ListingState.PUBLISHED, actor=actor, now=listed_at)
        translations += _in_english(product, variants, product_data)
        added += 1
    texts.insert_translations(translations)
    return added


def create_collections(market_rows: MarketRows) -> None:
    """In a transaction: create the missing collections and publish them in the channel."""
    for collection_data in demo_market()["collection"]:
        slug = slugify(collection_data["name"])
        if Collection.objects.filter(slug=slug).exists():
            continue
        collection = Collection.objects.create(
            slug=slug,
            name=collection_data["name"],
            description=texts.blocks(collection_data["about"]),
            description_text=collection_data["about"],
        )
        CollectionListing.objects.create(
            collection=collection, channel=market_rows.channel, is_published=True
        )
        keys = dict(Product.objects.filter(name__in=collection_data["goods"]).values_list("name", "pk"))
        CollectionProduct.objects.bulk_create(
            CollectionProduct(collection=collection, product_id=keys[name], sort_order=position)
            for position, name in enumerate(collection_data["goods"])
        )
        texts.insert_translations(
            texts.english_translations(
                collection,
                name=collection_data["en"],
                description=texts.blocks_json(collection_data["about_en"]),
            )
        )


def _in_listing_order() -> list[TomlTable]:
    """Return all products in the order of their listing.

    Those of the home page are last, to be shown first.
    """
    positions = {name: -position for position, name in enumerate(_HOME_PAGE)}
    return sorted(products(), key=lambda row: positions.get(row["name"], -len(_HOME_PAGE)))


def _create_product(
    row: TomlTable,
    seller: SellerRows,
    market_rows: MarketRows,
    pictures: Mapping[str, Picture],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    new_product = NewProduct(
        product_type=market_rows.types[row["type"]],
        category=market_rows.categories[row["category"]],
        details=ProductDetails(
            name=row["name"],
            description=row["about"],
            season=sum(1 << (month - 1) for month in row["season"]) if "season" in row else ALL_MONTHS,
            season_note=row.get("season_note", ""),
            **{field: row.get(field, "") for field in _TEXTS},
        ),
        variants=[
            (_variant(variant), _split_stock(variant["stock"], seller)[0]) for variant in row["variants"]
        ],
        pictures=[pictures[name] for name in product_pictures(row)],
    )
    return insert_draft_product(seller.cooperative, market_rows.channel, new_product, actor=actor, now=now)


def _variant(row: TomlTable) -> VariantDetails:
    return VariantDetails(
        price=row["price"],
        name=row["name"],
        unit=row["unit"],
        content_grams=row.get("grams"),
        content_ml=row.get("ml"),
        content_count=row.get("count"),
        content_unit=row.get("of", ""),
        weight=row["weight"],
        is_sold_by_weight=row.get("weighed", False),
        wholesale_tiers=[
            WholesaleTier(int(quantity), amount) for quantity, amount in row.get("wholesale", {}).items()
        ],
    )


def _split_stock(stock: int, seller: SellerRows) -> list[int]:
    """Split the stock among warehouses. The first takes the rounding remainder."""
    other_quantities = [stock * percent // 100 for percent in seller.shares[1:]]
    return [stock - sum(other_quantities), *other_quantities]


def _set_product_extras(product: Product, row: TomlTable, seller: SellerRows, position: int) -> None:
    product.is_sample = True
    if seller.producers:
        product.producer = seller.producers[position % len(seller.producers)]
    product.save(update_fields=["is_sample", "producer"])
    product.certificates.set([seller.certificates[key] for key in row.get("certificates", [])])


def _set_variant_extras(
    variants: list[Variant], row: TomlTable, numbers: list[int], market_rows: MarketRows
) -> None:
    for variant, data, number in zip(variants, row["variants"], numbers, strict=True):
        variant.sku = f"CP-{number:04}"
        variant.low_stock_at = min(5, data["stock"] // 4) if data["stock"] else None
        for key, attribute in market_rows.attributes.items():
            name = data["name"] if key == "packing" and row["type"] != "craft" else data.get(key, "")
            if name:
                VariantAttributeValue.objects.create(
                    variant=variant, value=_get_or_create_attribute_value(attribute, name)
                )
    Variant.objects.bulk_update(variants, ["sku", "low_stock_at"])


def _show_variants(product: Product, variants: list[Variant], row: TomlTable) -> None:
    """Record which of the product's pictures shows which variant."""
    media = dict(zip(product_pictures(row), product.media.order_by("sort_order", "pk"), strict=True))
    VariantMedia.objects.bulk_create(
        VariantMedia(variant=variant, media=media[data["picture"]])
        for variant, data in zip(variants, row["variants"], strict=True)
        if "picture" in data
    )


def _get_or_create_attribute_value(attribute: Attribute, name: str) -> AttributeValue:
    value, is_new = AttributeValue.objects.get_or_create(
        attribute=attribute, slug=slugify(name), defaults={"name": name}
    )
    if is_new:
        texts.insert_translations(texts.english_translations(value, name=translate_to_english(name)))
    return value


def _fill_other_warehouses(
    variants: list[Variant], row: TomlTable, seller: SellerRows, *, actor: Actor, now: datetime.datetime
) -> None:
    for variant, data in zip(variants, row["variants"], strict=True):
        quantities = _split_stock(data["stock"], seller)
        for warehouse, quantity in zip(seller.warehouses[1:], quantities[1:], strict=True):
            stock = lock_stock_row(
                cooperative=seller.cooperative, variant_id=variant.pk, warehouse_id=warehouse.pk
            )
            if quantity:
                document = f"product:{variant.product_id}"
                record_movement(
                    stock, quantity, reason=MovementReason.RECEIPT, actor=actor, now=now, document=document
                )
    refresh_availability(variant_ids=[variant.pk for variant in variants])


def _in_english(product: Product, variants: list[Variant], row: TomlTable) -> list[Translation]:
    translated_texts = {field: translate_to_english(row[field]) for field in _TEXTS if row.get(field)}
    translations = texts.english_translations(
        product,
        name=row["en"],
        description=texts.blocks_json(row["about_en"]),
        description_text=row["about_en"],
        season_note=row.get("season_note_en", ""),
        **translated_texts,
    )
    for variant in variants:
        if variant.name:
            translations += texts.english_translations(variant, name=translate_to_english(variant.name))
    return translations
