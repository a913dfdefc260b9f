"""Minimal valid rows, made through the shop's own models and actions."""

from __future__ import annotations

import datetime
import itertools
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from catalog.actions.products.draft_products import create_draft_product
from catalog.actions.products.product_details import NewProduct, ProductDetails, VariantDetails
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.actions.taxonomy.categories import create_category_row
from catalog.models import Category, Listing, Price, Product, ProductType, Stock, Unit, Variant
from catalog.pricing import WholesaleTier
from catalog.states import ListingState
from cooperatives.actions.application_documents import (
    accept_document,
    open_document_file,
    required_kinds,
    submit_document,
)
from cooperatives.models import (
    ApplicationDocument,
    Cooperative,
    DeliveryKind,
    DeliveryMethod,
    DeliveryRate,
    DocumentKind,
    GroupCooperative,
    MarketDay,
    MarketDayKind,
    Membership,
    Role,
    ShippingService,
    Warehouse,
    WarehouseChannel,
    Zone,
    ZoneCountry,
)
from cooperatives.states import CooperativeState
from orders.actions.basket.basket_lines import add_variant_to_basket
from orders.actions.order_records.record_order import Contact
from orders.actions.placement.place_order import place_order
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.models import (
    Basket,
    CommissionRate,
    Order,
    OrderPart,
    PaymentMethod,
    ValueType,
    Voucher,
    VoucherCode,
    VoucherValue,
)
from shop.accounts.models import Address, ConsentPurpose, Group, GroupPermission, User
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.geography.divisions import write_divisions
from shop.core.models import Channel, ShopSettings, TaxClass, TaxRate
from shop.core.models.geography import Division, DivisionLevel, FormerPlace
from shop.core.texts.folding import fold, sort_key
from tests.row_reuse import reuse_rows

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)  # Tuesday, 10:00 in Vietnam
HANOI = "01"
THAI_NGUYEN = "19"
PASSWORD = "quyt-bach-thong-2026"
_numbers = itertools.count(1)
_JUST_NOW = timezone.now()


def fixed_now() -> datetime.datetime:
    """Return the same moment of today for all tests of a run, so that their rows can be reused."""
    return _JUST_NOW


@reuse_rows
def make_channel(**fields: Any) -> Channel:
    defaults = {
        "slug": "viet-nam",
        "name": "Việt Nam",
        "currency": "VND",
        "default_country": "VN",
        "is_active": True,
        "requires_listing_review": True,
    }
    return Channel.objects.get_or_create(slug=fields.get("slug", "viet-nam"), defaults=defaults | fields)[0]


@reuse_rows
def make_zone(channel: Channel) -> Zone:
    zone = Zone.objects.filter(channels=channel).first()
    if zone is None:
        zone = Zone.objects.create(name="Việt Nam")
        ZoneCountry.objects.create(zone=zone, country=channel.default_country)
        zone.channels.add(channel)
    return zone


@reuse_rows
def make_user(**fields: Any) -> User:
    n = next(_numbers)
    defaults = {"email": f"nguoi-{n}@example.com", "password": PASSWORD, "first_name": f"Người {n}"}
    return User.objects.create_user(**(defaults | fields))


@reuse_rows
def make_admin(**fields: Any) -> User:
    return make_user(is_staff=True, is_superuser=True, **fields)


@reuse_rows
def make_staff(*permissions: Permission, works_for: tuple[Cooperative, ...] = (), **fields: Any) -> User:
    """Make staff in one group with these permissions, for all rows or those of some cooperatives."""
    user = make_user(is_staff=True, **fields)
    group = Group.objects.create(name=f"Nhóm {user.pk}", is_platform_wide=not works_for)
    group.users.add(user)
    GroupPermission.objects.bulk_create(GroupPermission(group=group, code=code) for code in permissions)
    GroupCooperative.objects.bulk_create(
        GroupCooperative(group=group, cooperative=cooperative) for cooperative in works_for
    )
    return user


# Fields that an application needs before it can be approved, beside those that every cooperative has here.
COMPLETE_APPLICATION = {
    "representative": "Lý Thị Nhung",
    "tax_code": "0101248141",
    "bank_bin": "970405",
    "bank_account": "8600201234567",
    "bank_holder": "LY THI NHUNG",
}


@reuse_rows
def make_cooperative(name: str = "HTX Thiên An", **fields: Any) -> Cooperative:
    """Make an approved cooperative with all legal fields, without warehouse or delivery methods."""
    n = next(_numbers)
    defaults = {
        "slug": f"hop-tac-xa-{n}",
        "folded_name": fold(name),
        "state": CooperativeState.APPROVED,
        "legal_name": f"Hợp tác xã số {n}",
        "registration_number": f"SO-MAU-{n}",
        "phone": "+84912345678",
        "email": f"htx-{n}@example.com",
        "return_terms": "Đổi trong 24 giờ.",
    }
    return Cooperative.objects.create(name=name, **(defaults | fields))


def send_document(
    cooperative: Cooperative,
    kind: DocumentKind = DocumentKind.REGISTRATION,
    *,
    files: tuple[bytes, ...] = (b"%PDF-1.7 giay",),
    user: User | None = None,
    now: datetime.datetime = NOW,
) -> ApplicationDocument:
    """Send a document of an open application as its manager."""
    return submit_document(
        cooperative=cooperative,
        kind=kind,
        files=[ContentFile(content) for content in files],
        user=user or make_user(),
        actor=Actor.system("test"),
        now=now,
    )


def accept_all_documents(cooperative: Cooperative) -> None:
    """Send, open and accept every document that the application needs."""
    common = {"cooperative_id": cooperative.pk, "actor": Actor.system("test"), "now": NOW}
    for kind in required_kinds(cooperative):
        document = send_document(cooperative, kind)
        open_document_file(file_id=document.files.get().pk, **common)
        accept_document(document_id=document.pk, seen_submitted_at=NOW, **common)


@reuse_rows
def make_member(cooperative: Cooperative, role: Role = Role.MANAGER, **fields: Any) -> User:
    user = make_user(**fields)
    Membership.objects.create(cooperative=cooperative, user=user, role=role)
    return user


@reuse_rows
def make_warehouse(cooperative: Cooperative, channel: Channel, **fields: Any) -> Warehouse:
    """Make a warehouse that serves the channel and its zone."""
    n = next(_numbers)
    address = Address.objects.create(
        street_address_1="Thôn Nà Ít", city="Xã Phủ Thông", country_area="Thái Nguyên"
    )
    warehouse = Warehouse.objects.create(
        **({"name": f"Kho {n}", "slug": f"kho-{n}", "address": address} | fields), cooperative=cooperative
    )
    WarehouseChannel.objects.create(warehouse=warehouse, channel=channel, sort_order=n)
    warehouse.zones.add(make_zone(channel))
    return warehouse


@reuse_rows
def make_service(channel: Channel, kind: DeliveryKind = DeliveryKind.CARRIER) -> ShippingService:
    zone = make_zone(channel)
    return ShippingService.objects.get_or_create(zone=zone, kind=kind, defaults={"name": str(kind.label)})[0]


@reuse_rows
def make_delivery_method(
    cooperative: Cooperative,
    channel: Channel,
    *,
    fee: int = 30_000,
    provinces: tuple[str, ...] = ("",),
    **fields: Any,
) -> DeliveryMethod:
    """Make a carrier with one fee for the given provinces (an empty code: everywhere)."""
    defaults = {"kind": DeliveryKind.CARRIER, "name": "Giao tận nhà", "minimum_days": 2, "maximum_days": 3}
    delivery_method = DeliveryMethod.objects.create(
        cooperative=cooperative, service=make_service(channel), **(defaults | fields)
    )
    for province in provinces:
        DeliveryRate.objects.create(
            delivery_method=delivery_method,
            channel=channel,
            currency=channel.currency,
            province_code=province,
            price=fee,
        )
    return delivery_method


@reuse_rows
def make_market_pickup(
    cooperative: Cooperative, channel: Channel, *, weekday: int = 6, capacity: int | None = None
) -> DeliveryMethod:
    """Make a pickup on market days from 6 to 10 o'clock."""
    warehouse = cooperative.warehouses.order_by("created_at").first() or make_warehouse(cooperative, channel)
    delivery_method = DeliveryMethod.objects.create(
        cooperative=cooperative,
        service=make_service(channel, DeliveryKind.MARKET_DAY),
        kind=DeliveryKind.MARKET_DAY,
        name="Nhận ở chợ phiên",
        warehouse=warehouse,
        cut_off_hours=12,
    )
    MarketDay.objects.create(
        delivery_method=delivery_method,
        kind=MarketDayKind.WEEKDAY,
        number=weekday,
        starts=datetime.time(6),
        ends=datetime.time(10),
        capacity=capacity,
    )
    return delivery_method


@reuse_rows
def make_seller(
    name: str = "HTX Thiên An",
    channel: Channel | None = None,
    *,
    commission: Decimal | int = 0,
    **fields: Any,
) -> Cooperative:
    """Make a cooperative that can sell at once: a warehouse and delivery everywhere for 30,000 đồng."""
    channel = channel or make_channel()
    cooperative = make_cooperative(name, **fields)
    if commission:
        make_commission_rate(commission, cooperative)
    make_warehouse(cooperative, channel)
    make_delivery_method(cooperative, channel)
    return cooperative


@reuse_rows
def make_commission_rate(
    percent: Decimal | int,
    cooperative: Cooperative | None = None,
    category: Category | None = None,
    **fields: Any,
) -> CommissionRate:
    """Make a commission rate that began long ago."""
    days = {"valid_from": datetime.date(2026, 1, 1)} | fields
    return CommissionRate.objects.create(cooperative=cooperative, category=category, percent=percent, **days)


@reuse_rows
def make_category(name: str = "Rau, củ, quả tươi", parent: Category | None = None) -> Category:
    return create_category_row(name=name, parent=parent, sort_order=0, actor=Actor.system(), now=NOW)


@reuse_rows
def make_product_type(**fields: Any) -> ProductType:
    defaults = {"slug": "hang-thuong", "name": "Hàng thường"}
    return ProductType.objects.get_or_create(
        slug=fields.get("slug", "hang-thuong"), defaults=defaults | fields
    )[0]


@reuse_rows
def make_tax_class(rate: int = 8, country: str = "VN") -> TaxClass:
    tax_class = TaxClass.objects.create(name=f"{rate} %")
    TaxRate.objects.create(tax_class=tax_class, country=country, rate=Decimal(rate))
    return tax_class


@reuse_rows
def make_product(
    cooperative: Cooperative | None = None,
    *,
    name: str = "Gối thảo dược",
    price: int = 320_000,
    on_hand: int = 10,
    channel: Channel | None = None,
    category: Category | None = None,
    state: ListingState = ListingState.PUBLISHED,
    tax_class: TaxClass | None = None,
    variants: tuple[tuple[str, int], ...] = (("", 0),),
    **variant_fields: Any,
) -> Product:
    """Make a published product with stock and the given variants (name, added price)."""
    channel = channel or make_channel()
    cooperative = cooperative or make_seller(channel=channel)
    product = create_draft_product(
        cooperative=cooperative,
        channel=channel,
        new_product=NewProduct(
            product_type=make_product_type(),
            category=category,
            details=ProductDetails(name=name, origin="Phủ Thông, Thái Nguyên"),
            variants=[
                (VariantDetails(price=price + added_price, name=label, **variant_fields), on_hand)
                for label, added_price in variants
            ],
        ),
        actor=Actor.system(),
        now=NOW,
    )
    product.tax_class = tax_class
    product.save(update_fields=["tax_class"])
    Listing.objects.filter(product=product).update(
        state=state, published_at=NOW if state == ListingState.PUBLISHED else None
    )
    return product


@reuse_rows
def make_variant(cooperative: Cooperative | None = None, **fields: Any) -> Variant:
    """Make the only variant of a published product."""
    return make_product(cooperative, **fields).variants.get()


@reuse_rows
def make_variant_sold_by_weight(cooperative: Cooperative | None = None, **fields: Any) -> Variant:
    """Make a fruit priced by weight: 36,000 đồng at 2.4 kg, 15,000 a kilogram; up to 2.88 kg."""
    defaults = {
        "name": "Bí xanh thơm",
        "price": 36_000,
        "unit": Unit.FRUIT,
        "content_grams": 2400,
        "is_sold_by_weight": True,
        "tolerance_percent": 20,
    }
    return make_variant(cooperative, **(defaults | fields))


def set_wholesale_prices(variant: Variant, amounts: Mapping[int, int]) -> None:
    """Set the variant's wholesale prices, in đồng by the quantity from which they apply."""
    price = Price.objects.get(variant=variant)
    update_variant(
        variant_id=variant.pk,
        values={},
        prices=[
            ListPrice(
                make_channel(),
                price.amount or 0,
                wholesale_tiers=[WholesaleTier(quantity, amount) for quantity, amount in amounts.items()],
            )
        ],
        actor=Actor.system(),
        now=NOW,
    )


def get_stock(variant: Variant) -> Stock:
    return Stock.objects.get(variant=variant)


@reuse_rows
def make_basket(
    *requested: tuple[Variant, int], user: User | None = None, now: datetime.datetime = NOW
) -> Basket:
    """Make a basket with these variants, filled by the buyer's actions."""
    basket_id = None
    for variant, quantity in requested:
        basket_id = add_variant_to_basket(
            basket_id=basket_id,
            user_id=user.pk if user else None,
            channel=make_channel(),
            variant_id=variant.pk,
            quantity=quantity,
            now=now,
        ).pk
    return Basket.objects.get(pk=basket_id)


def make_contact(**fields: Any) -> Contact:
    address = Address(
        first_name="Nguyễn Thị Hoa",
        street_address_1="Số 5, ngõ 12",
        city="Phường Nghĩa Đô",
        country_area="Hà Nội",
        province_code=HANOI,
        phone="+84987654321",
    )
    defaults = {
        "name": "Nguyễn Thị Hoa",
        "phone": "+84987654321",
        "address": address,
        "email": "hoa@example.com",
        "province_code": HANOI,
    }
    return Contact(**(defaults | fields))


def carrier_deliveries(basket: Basket) -> dict[int, RequestedDelivery]:
    """Return the first carrier of every cooperative in the basket."""
    cooperatives = {line.variant.cooperative_id for line in basket.lines.select_related("variant")}
    delivery_methods = DeliveryMethod.objects.filter(
        cooperative__in=cooperatives, kind=DeliveryKind.CARRIER
    ).order_by("-pk")
    return {
        delivery_method.cooperative_id: RequestedDelivery(delivery_method.pk)
        for delivery_method in delivery_methods
    }


@reuse_rows
def make_order(
    *requested: tuple[Variant, int],
    user: User | None = None,
    now: datetime.datetime = NOW,
    deliveries: dict[int, RequestedDelivery] | None = None,
    method: PaymentMethod = PaymentMethod.COD,
    **contact: Any,
) -> Order:
    """Make an order placed on the web (COD by default), delivered by each cooperative's carrier."""
    basket = make_basket(*(requested or ((make_variant(), 1),)), user=user, now=now)
    return place_order(
        basket_id=basket.pk,
        contact=make_contact(**contact),
        deliveries=deliveries or carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        method=method,
        actor=Actor.guest(),
        now=now,
    )


@reuse_rows
def make_bank_account() -> ShopSettings:
    """Let the market accept bank transfers."""
    ShopSettings.objects.update_or_create(
        pk=1,
        defaults={"bank_bin": "970436", "bank_account": "0011223344556", "bank_holder": "CHO PHIEN"},
    )
    return ShopSettings.objects.get(pk=1)


@reuse_rows
def make_part(**fields: Any) -> OrderPart:
    """Make the only part of an order of one cooperative."""
    return make_order(**fields).parts.get()


def unknown_uuid() -> uuid.UUID:
    """Return an id that no row has."""
    return uuid.uuid4()


@reuse_rows
def make_divisions() -> None:
    """Make two current provinces with some communes and former places."""
    since = datetime.date(2025, 7, 1)
    for code, type_word, name, communes in [
        (HANOI, "Thành phố", "Hà Nội", [("00166", "Phường", "Cầu Giấy"), ("00613", "Phường", "Nghĩa Đô")]),
        (THAI_NGUYEN, "Tỉnh", "Thái Nguyên", [("01948", "Xã", "Phủ Thông")]),
    ]:
        province = _division(code, DivisionLevel.PROVINCE, type_word, name, since)
        for commune_code, commune_word, commune_name in communes:
            _division(commune_code, DivisionLevel.COMMUNE, commune_word, commune_name, since, parent=province)
    for name, division in [("Dịch Vọng", "00166"), ("Dịch Vọng", "00613"), ("Vi Hương", "01948")]:
        FormerPlace.objects.create(
            division=Division.objects.get(code=division), type_word="Phường", name=name, folded=fold(name)
        )


@reuse_rows
def make_all_divisions() -> None:
    """Make every current province and commune, as written on the first start."""
    write_divisions()


def _division(
    code: str, level: DivisionLevel, type_word: str, name: str, since: datetime.date, **fields: Any
) -> Division:
    return Division.objects.create(
        code=code,
        level=level,
        type_word=type_word,
        name=name,
        full_name=f"{type_word} {name}",
        folded=fold(name),
        sort_key=sort_key(name),
        valid_from=since,
        **fields,
    )


@reuse_rows
def make_voucher(
    code: str = "CHAO10", *, value: int = 10, minimum: int | None = None, **fields: Any
) -> Voucher:
    """Make an active percent voucher of the platform for the whole order, with one code."""
    related_rows = {name: fields.pop(name, ()) for name in ("products", "variants", "categories")}
    defaults = {
        "name": "Chào khách mới",
        "value_type": ValueType.PERCENTAGE,
        "starts_at": NOW - datetime.timedelta(days=1),
    }
    voucher = Voucher.objects.create(**(defaults | fields))
    channel = make_channel()
    VoucherValue.objects.create(
        voucher=voucher, channel=channel, currency=channel.currency, value=value, minimum_spent=minimum
    )
    VoucherCode.objects.create(voucher=voucher, code=code)
    for name, rows in related_rows.items():
        getattr(voucher, name).set(rows)
    return voucher
