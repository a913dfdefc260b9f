"""Create very many products for benchmarks, which vary the demo's and are sold by new cooperatives."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from django.db import transaction

from catalog.actions.products.product_rows import set_search_columns
from catalog.actions.search_terms.known_words import recount_known_words
from catalog.models import Listing, Price, Product, ProductMedia, Stock, Variant
from catalog.states import ListingState
from cooperatives.models import (
    Certificate,
    CertificateKind,
    Cooperative,
    DeliveryKind,
    DeliveryMethod,
    DeliveryRate,
    ShippingService,
    Warehouse,
    WarehouseChannel,
    Zone,
)
from cooperatives.states import CooperativeState
from shop.accounts.models import Address
from shop.core.models import Channel, Translation
from shop.core.models.geography import Division, DivisionLevel
from shop.core.texts.folding import fold

PRODUCTS_PER_COOPERATIVE = 200
_BATCH_SIZE = 2_000
_NAME_SUFFIXES = (
    "",
    "loại một",
    "hữu cơ",
    "gói nhỏ",
    "gói to",
    "vụ mới",
    "rừng",
    "nương",
    "làm tay",
    "sạch",
    "khô",
)
_SEASONS = (0b1111_1111_1111, 0b1111_1111_1111, 0b1110_0000_0001, 0b0000_1111_1000, 0b0000_0000_0111)


@dataclass(frozen=True, slots=True)
class _Seller:
    cooperative: Cooperative
    warehouse: Warehouse
    certificates: Sequence[Certificate]


@dataclass(frozen=True, slots=True)
class _Template:
    """A product of the demo with its first variant and picture, and its English name."""

    product: Product
    variant: Variant
    price: int
    picture_id: int
    english: str


def create_many_products(count: int, *, now: datetime.datetime, seed: int = 2026) -> None:
    """Create `count` more published products in the demo's channel. The same seed creates the same ones.

    Rows are inserted in bulk as the actions would leave them, without Change rows and stock movements.
    """
    random = Random(seed)
    channel = Channel.objects.get(slug="viet-nam")
    templates = _read_demo_templates(channel)
    communes = list(
        Division.objects.filter(level=DivisionLevel.COMMUNE).select_related("parent").order_by("pk")
    )
    with transaction.atomic(durable=True):
        sellers = [
            _create_seller(n, random.choice(communes), channel, random)
            for n in range(max(1, count // PRODUCTS_PER_COOPERATIVE))
        ]
    for first in range(0, count, _BATCH_SIZE):
        with transaction.atomic(durable=True):
            numbers = range(first, min(first + _BATCH_SIZE, count))
            _create_products(numbers, templates, sellers, communes, channel, random, now)
    recount_known_words()


def _read_demo_templates(channel: Channel) -> list[_Template]:
    products = (
        Product.objects.on_sale(channel.pk).select_related("category", "default_variant").order_by("pk")
    )
    prices = dict(Price.objects.filter(channel=channel).values_list("variant", "amount"))
    pictures = dict(ProductMedia.objects.order_by("-sort_order").values_list("product", "picture"))
    texts: Mapping[tuple[str, str], str] = Translation.objects.texts(
        "catalog.product", [product.pk for product in products], "en"
    )
    return [
        _Template(
            product=product,
            variant=product.default_variant,
            price=prices[product.default_variant.pk] or 1,
            picture_id=pictures[product.pk],
            english=texts.get((str(product.pk), "name"), product.name),
        )
        for product in products
        if product.default_variant is not None and product.pk in pictures
    ]


def _create_seller(n: int, commune: Division, channel: Channel, random: Random) -> _Seller:
    """Create a cooperative with a warehouse, a delivery method and certificates."""
    name = f"HTX {commune.name} {n}"
    province = commune.parent
    assert province is not None
    cooperative = Cooperative.objects.create(
        slug=f"htx-do-{n}",
        name=name,
        folded_name=fold(name),
        state=CooperativeState.APPROVED,
        is_sample=True,
        province_code=province.code,
        province_name=province.name,
        commune_code=commune.code,
        commune_name=commune.name,
    )
    address = Address.objects.create(city=commune.full_name, country_area=province.name)
    warehouse = Warehouse.objects.create(
        cooperative=cooperative, name=name, slug=f"kho-do-{n}", address=address
    )
    WarehouseChannel.objects.create(warehouse=warehouse, channel=channel, sort_order=n)
    warehouse.zones.set(Zone.objects.filter(channels=channel))
    service = ShippingService.objects.filter(zone__channels=channel, kind=DeliveryKind.CARRIER).order_by(
        "pk"
    )[0]
    delivery_method = DeliveryMethod.objects.create(
        cooperative=cooperative, service=service, kind=DeliveryKind.CARRIER, name="Giao tận nhà"
    )
    DeliveryRate.objects.create(
        delivery_method=delivery_method,
        channel=channel,
        currency=channel.currency,
        province_code=random.choice(["", "", province.code]),
        price=30_000,
    )
    kinds: list[tuple[CertificateKind, int | None]] = [(CertificateKind.OCOP, stars) for stars in (3, 4, 5)]
    kinds += [(kind, None) for kind in CertificateKind if kind != CertificateKind.OCOP]
    certificates = [
        Certificate.objects.create(cooperative=cooperative, kind=kind, stars=stars)
        for kind, stars in random.sample(kinds, 3)
    ]
    return _Seller(cooperative, warehouse, certificates)


def _create_products(
    numbers: range,
    templates: Sequence[_Template],
    sellers: Sequence[_Seller],
    communes: Sequence[Division],
    channel: Channel,
    random: Random,
    now: datetime.datetime,
) -> None:
    drawn = [(n, random.choice(templates), random.choice(sellers)) for n in numbers]
    products = [
        _product(n, template, seller, random.choice(communes), random) for n, template, seller in drawn
    ]
    Product.objects.bulk_create(products)
    products_and_plans = list(zip(products, drawn, strict=True))
    variants = [
        _variant(product, template.variant) for product, (_n, template, _cooperative) in products_and_plans
    ]
    Variant.objects.bulk_create(variants)
    for product, variant in zip(products, variants, strict=True):
        product.default_variant = variant
    Product.objects.bulk_update(products, ["default_variant"], batch_size=500)
    amounts = [
        template.price * random.randrange(70, 140) // 100_000 * 1_000 or 1_000 for _n, template, _ in drawn
    ]
    Price.objects.bulk_create(
        Price(variant=variant, channel=channel, currency=channel.currency, amount=amount)
        for variant, amount in zip(variants, amounts, strict=True)
    )
    on_hand = [random.choice([0, 3, 20, 50, 80, 200, 500]) for _ in variants]
    Stock.objects.bulk_create(
        Stock(variant=variant, warehouse=seller.warehouse, on_hand=quantity)
        for variant, (_n, _pattern, seller), quantity in zip(variants, drawn, on_hand, strict=True)
    )
    Listing.objects.bulk_create(
        Listing(
            product=product,
            channel=channel,
            currency=channel.currency,
            state=ListingState.PUBLISHED,
            published_at=now - datetime.timedelta(minutes=random.randrange(500_000)),
            lowest_price=amount,
            lowest_list_price=amount,
            is_available=quantity > 0,
        )
        for product, amount, quantity in zip(products, amounts, on_hand, strict=True)
    )
    ProductMedia.objects.bulk_create(
        ProductMedia(product=product, picture_id=template.picture_id)
        for product, (_n, template, _s) in products_and_plans
    )
    certificate_links = Product.certificates.through
    certificate_links.objects.bulk_create(
        certificate_links(product=product, certificate=random.choice(seller.certificates))
        for product, (_n, _pattern, seller) in products_and_plans
        if random.random() < 0.2
    )
    Translation.objects.bulk_create(_in_english(products_and_plans))


def _product(n: int, template: _Template, seller: _Seller, commune: Division, random: Random) -> Product:
    original = template.product
    product = Product(
        cooperative=seller.cooperative,
        product_type_id=original.product_type_id,
        category_id=original.category_id,
        tax_class_id=original.tax_class_id,
        slug=f"do-{n}",
        name=" ".join(filter(None, (original.name, random.choice(_NAME_SUFFIXES), commune.name))),
        description=original.description,
        description_text=original.description_text,
        origin=f"{commune.full_name}, {seller.cooperative.province_name}",
        season=random.choice(_SEASONS),
        is_sample=True,
    )
    set_search_columns(product)
    return product


def _variant(product: Product, original: Variant) -> Variant:
    return Variant(
        product=product,
        cooperative_id=product.cooperative_id,
        unit=original.unit,
        content_grams=original.content_grams,
        content_ml=original.content_ml,
        content_count=original.content_count,
        content_unit=original.content_unit,
        weight=original.weight,
    )


def _in_english(rows: Sequence[tuple[Product, tuple[int, _Template, _Seller]]]) -> Iterator[Translation]:
    for product, (_n, template, seller) in rows:
        text = f"{template.english} of {seller.cooperative.commune_name}"
        yield Translation(kind="catalog.product", key=str(product.pk), language="en", field="name", text=text)
