"""Very many goods to measure with: the demo's, again and again, of other cooperatives from all provinces."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from django.db import transaction

from catalog.actions.products.offer_products import describe_for_search
from catalog.actions.search_terms.known_words import learn_words
from catalog.models import Listing, Price, Product, ProductMedia, Stock, Variant
from catalog.states import ListingState
from cooperatives.models import (
    Certificate,
    CertificateKind,
    Cooperative,
    DeliveryRate,
    DeliveryWay,
    Service,
    Warehouse,
    WarehouseChannel,
    WayKind,
    Zone,
)
from cooperatives.states import CooperativeState
from shop.accounts.models import Address
from shop.core.models import Channel, Translation
from shop.core.models.geography import Division, Level
from shop.core.texts.folding import fold

GOODS_OF_ONE = 200  # goods of a cooperative
_AT_ONCE = 2_000
_MANNERS = (
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
class _Stall:
    cooperative: Cooperative
    warehouse: Warehouse
    certificates: Sequence[Certificate]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A product of the demo with its first variant and picture, and what it is called in English."""

    product: Product
    variant: Variant
    price: int
    picture_id: int
    english: str


def lay_out_many(count: int, *, now: datetime.datetime, seed: int = 2026) -> None:
    """Put so many more goods on the shelf of the demo's channel; the same seed gives the same goods.

    Rows are written in bulk as the shop's own actions would leave them, but for Change rows and movements.
    """
    random = Random(seed)
    channel = Channel.objects.get(slug="viet-nam")
    patterns = _patterns(channel)
    communes = list(Division.objects.filter(level=Level.COMMUNE).select_related("parent").order_by("pk"))
    with transaction.atomic(durable=True):
        stalls = [
            _put_up(n, random.choice(communes), channel, random) for n in range(max(1, count // GOODS_OF_ONE))
        ]
    for first in range(0, count, _AT_ONCE):
        with transaction.atomic(durable=True):
            numbers = range(first, min(first + _AT_ONCE, count))
            _write(numbers, patterns, stalls, communes, channel, random, now)
    learn_words()


def _patterns(channel: Channel) -> list[_Pattern]:
    goods = Product.objects.on_shelf(channel.pk).select_related("category", "default_variant").order_by("pk")
    prices = dict(Price.objects.filter(channel=channel).values_list("variant", "amount"))
    pictures = dict(ProductMedia.objects.order_by("-sort_order").values_list("product", "picture"))
    texts: Mapping[tuple[str, str], str] = Translation.objects.texts(
        "catalog.product", [product.pk for product in goods], "en"
    )
    return [
        _Pattern(
            product,
            product.default_variant,
            prices[product.default_variant.pk] or 1,
            pictures[product.pk],
            texts.get((str(product.pk), "name"), product.name),
        )
        for product in goods
        if product.default_variant is not None and product.pk in pictures
    ]


def _put_up(n: int, commune: Division, channel: Channel, random: Random) -> _Stall:
    """A cooperative with a store house, a way of delivery and its certificates."""
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
    service = Service.objects.filter(zone__channels=channel, kind=WayKind.CARRIER).order_by("pk")[0]
    way = DeliveryWay.objects.create(
        cooperative=cooperative, service=service, kind=WayKind.CARRIER, name="Giao tận nhà"
    )
    DeliveryRate.objects.create(
        way=way,
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
    return _Stall(cooperative, warehouse, certificates)


def _write(
    numbers: range,
    patterns: Sequence[_Pattern],
    stalls: Sequence[_Stall],
    communes: Sequence[Division],
    channel: Channel,
    random: Random,
    now: datetime.datetime,
) -> None:
    drawn = [(n, random.choice(patterns), random.choice(stalls)) for n in numbers]
    products = [_product(n, pattern, stall, random.choice(communes), random) for n, pattern, stall in drawn]
    Product.objects.bulk_create(products)
    rows = list(zip(products, drawn, strict=True))
    variants = [_variant(product, pattern.variant) for product, (_n, pattern, _stall) in rows]
    Variant.objects.bulk_create(variants)
    for product, variant in zip(products, variants, strict=True):
        product.default_variant = variant
    Product.objects.bulk_update(products, ["default_variant"], batch_size=500)
    amounts = [
        pattern.price * random.randrange(70, 140) // 100_000 * 1_000 or 1_000 for _n, pattern, _ in drawn
    ]
    Price.objects.bulk_create(
        Price(variant=variant, channel=channel, currency=channel.currency, amount=amount)
        for variant, amount in zip(variants, amounts, strict=True)
    )
    on_hand = [random.choice([0, 3, 20, 50, 80, 200, 500]) for _ in variants]
    Stock.objects.bulk_create(
        Stock(variant=variant, warehouse=stall.warehouse, on_hand=there)
        for variant, (_n, _pattern, stall), there in zip(variants, drawn, on_hand, strict=True)
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
            is_available=there > 0,
        )
        for product, amount, there in zip(products, amounts, on_hand, strict=True)
    )
    ProductMedia.objects.bulk_create(
        ProductMedia(product=product, picture_id=pattern.picture_id) for product, (_n, pattern, _s) in rows
    )
    through = Product.certificates.through
    through.objects.bulk_create(
        through(product=product, certificate=random.choice(stall.certificates))
        for product, (_n, _pattern, stall) in rows
        if random.random() < 0.2
    )
    Translation.objects.bulk_create(_in_english(rows))


def _product(n: int, pattern: _Pattern, stall: _Stall, commune: Division, random: Random) -> Product:
    like = pattern.product
    product = Product(
        cooperative=stall.cooperative,
        product_type_id=like.product_type_id,
        category_id=like.category_id,
        tax_class_id=like.tax_class_id,
        slug=f"do-{n}",
        name=" ".join(filter(None, (like.name, random.choice(_MANNERS), commune.name))),
        description=like.description,
        description_text=like.description_text,
        origin=f"{commune.full_name}, {stall.cooperative.province_name}",
        season=random.choice(_SEASONS),
        is_sample=True,
    )
    describe_for_search(product, *([like.category.name] if like.category else []))
    return product


def _variant(product: Product, like: Variant) -> Variant:
    return Variant(
        product=product,
        cooperative_id=product.cooperative_id,
        unit=like.unit,
        content_grams=like.content_grams,
        content_ml=like.content_ml,
        content_count=like.content_count,
        content_unit=like.content_unit,
        weight=like.weight,
    )


def _in_english(rows: Sequence[tuple[Product, tuple[int, _Pattern, _Stall]]]) -> Iterator[Translation]:
    for product, (_n, pattern, stall) in rows:
        text = f"{pattern.english} of {stall.cooperative.commune_name}"
        yield Translation(kind="catalog.product", key=str(product.pk), language="en", field="name", text=text)
