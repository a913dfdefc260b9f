"""Sample rows of every type that has an id, for random API requests."""

from __future__ import annotations

from django.db.models import Model

from catalog.models import (
    Attribute,
    AttributeValue,
    Category,
    Collection,
    InputType,
    Product,
    ProductMedia,
    ProductType,
    Variant,
)
from cooperatives.models import Cooperative, ShippingService, Warehouse, Zone
from orders.models import Basket, BasketLine, GiftCard, Order, OrderLine, Parcel, Payment, Voucher
from shop.accounts.models import Address, App, AppToken, Group, User
from shop.api.ids import global_ids
from shop.content.models import Menu, MenuItem, Page, PageType
from shop.core.models import Channel, TaxClass
from tests.factories import (
    make_admin,
    make_basket,
    make_category,
    make_divisions,
    make_order,
    make_seller,
    make_user,
    make_variant,
    make_voucher,
)
from tests.orders.gift_cards.gift_card_helpers import make_gift_card

_MODELS: dict[str, type[Model]] = {
    "Address": Address,
    "App": App,
    "AppToken": AppToken,
    "Attribute": Attribute,
    "AttributeValue": AttributeValue,
    "Category": Category,
    "Channel": Channel,
    "Checkout": Basket,
    "CheckoutLine": BasketLine,
    "Collection": Collection,
    "Cooperative": Cooperative,
    "Fulfillment": Parcel,
    "GiftCard": GiftCard,
    "Group": Group,
    "Menu": Menu,
    "MenuItem": MenuItem,
    "Order": Order,
    "OrderLine": OrderLine,
    "Page": Page,
    "PageType": PageType,
    "Product": Product,
    "ProductMedia": ProductMedia,
    "ProductType": ProductType,
    "ProductVariant": Variant,
    "ShippingMethod": ShippingService,
    "ShippingMethodType": ShippingService,
    "ShippingZone": Zone,
    "TaxClass": TaxClass,
    "TransactionItem": Payment,
    "User": User,
    "Voucher": Voucher,
    "Warehouse": Warehouse,
}
# Other names of these types in arguments of the schema.
_ARGUMENT_NAMES = {
    "Parent": "Category",
    "Variant": "ProductVariant",
    "Value": "AttributeValue",
    "Transaction": "TransactionItem",
    "ShippingPrice": "ShippingMethodType",
    "DeliveryMethod": "ShippingMethod",
    "Customer": "User",
    "Staff": "User",
    "PermissionGroup": "Group",
    "DeliveryOptions": "Checkout",
    "PaymentGateway": "Checkout",
    "TransactionInitialize": "Checkout",
    "TransactionCreate": "Order",
    "OrderFulfillment": "Fulfillment",
}


def make_everything() -> None:
    make_divisions()
    buyer, _admin = make_user(), make_admin()
    seller = make_seller()
    variant = make_variant(seller, category=make_category())
    make_order((variant, 1), user=buyer)
    make_basket((variant, 2))
    make_basket((variant, 1), user=buyer)
    make_voucher()
    make_gift_card(recipient_email="nhan@example.com", tags=["tết"], note="Quà")
    Address.objects.create(user=buyer, street_address_1="Số 5", country="VN")
    colour = Attribute.objects.create(slug="mau", name="Màu", input_type=InputType.DROPDOWN)
    AttributeValue.objects.create(attribute=colour, slug="do", name="Đỏ")
    Collection.objects.create(slug="tet", name="Tết")
    text = PageType.objects.create(slug="text", name="Bài viết")
    page = Page.objects.create(page_type=text, slug="gioi-thieu", title="Giới thiệu", is_published=True)
    MenuItem.objects.create(menu=Menu.objects.create(slug="tren", name="Trên"), name="Về chợ", page=page)
    Group.objects.create(name="Chăm sóc", is_platform_wide=True)
    AppToken.objects.create(app=App.objects.create(name="Kho"), name="Kho")


def ids_of_all() -> dict[str, list[str]]:
    """Return global ids by type, also under the names in `_ARGUMENT_NAMES`."""
    keys = {name: list(model._base_manager.values_list("pk", flat=True)) for name, model in _MODELS.items()}
    ids = {name: global_ids(name, rows) for name, rows in keys.items() if rows}
    return ids | {alias: ids[name] for alias, name in _ARGUMENT_NAMES.items() if name in ids}
