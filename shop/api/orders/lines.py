"""Lines of orders."""

from __future__ import annotations

from decimal import Decimal

from cooperatives.models import Warehouse
from orders.actions.order_records.recalculate_order import read_settled_quantities
from orders.models import Allocation, Discount, DiscountShare, OrderLine, ValueType
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.cooperatives import cooperative_object
from shop.api.catalogue.types import variant_object, warehouse_object
from shop.api.context import Context
from shop.api.ids import Key, global_id
from shop.api.images import image_url
from shop.api.metadata import add_metadata_fields
from shop.api.money import MoneyAmount, TaxedAmount, to_major_units
from shop.api.object_types import Row
from shop.api.orders.inputs import OrderLineThumbnailArguments
from shop.api.orders.types import ORDER_PERMISSIONS, allocation_object, line_discount_object, line_object
from shop.core.models import Picture

line_object.id()
line_object.columns(
    productName="product_name",
    variantName="variant_name",
    productSku="sku",
    isShippingRequired="is_shipping_required",
    quantity="quantity",
    wholesaleFrom="wholesale_from",
    translatedProductName="translated_product_name",
    translatedVariantName="translated_variant_name",
    taxClassName="tax_class_name",
)
line_object.unsupported("saleId", "taxClass", "voucherCode", "priceOverrideReason")
line_object.unsupported("isGift", "isPriceOverridden", value=False)
line_object.unsupported("taxClassMetadata", "taxClassPrivateMetadata", value=[])
add_metadata_fields(line_object, OrderLine, permissions=ORDER_PERMISSIONS)


def unit_price(total: int, quantity: int) -> int:
    """Return a total's unit price, rounded. Totals are never computed from it."""
    return (2 * total + quantity) // (2 * quantity)


def _prices(field: str, column_prefix: str) -> None:
    net, gross = f"{column_prefix}_net", f"{column_prefix}_gross"

    def line_prices(lines: list[Row], *_: object) -> list[TaxedAmount]:
        return [
            TaxedAmount(getattr(line_row, net), getattr(line_row, gross), line_row.order__currency)
            for line_row in lines
        ]

    def unit_prices(lines: list[Row], *_: object) -> list[TaxedAmount]:
        return [
            TaxedAmount(
                unit_price(getattr(line_row, net), line_row.quantity),
                unit_price(getattr(line_row, gross), line_row.quantity),
                line_row.order__currency,
            )
            for line_row in lines
        ]

    unit = field.replace("Total", "Unit").replace("total", "unit")
    line_object.field(field, needs=(net, gross, "order__currency"))(line_prices)
    line_object.field(unit, needs=(net, gross, "quantity", "order__currency"))(unit_prices)


_prices("totalPrice", "total")
_prices("undiscountedTotalPrice", "list")

_DISCOUNT_COLUMNS = ("list_gross", "total_gross", "quantity", "order__currency")


def _granted_value(discount: Discount) -> Decimal:
    """Return a percentage, or an amount in major units."""
    is_percent = discount.value_type == ValueType.PERCENTAGE
    return discount.value if is_percent else to_major_units(int(discount.value), discount.currency)


def _unit_discount(row: Row) -> int:
    """Return the discount per unit, in minor units."""
    return unit_price(row.list_gross, row.quantity) - unit_price(row.total_gross, row.quantity)


@line_object.field(needs=_DISCOUNT_COLUMNS)
def unit_discount(lines: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(_unit_discount(line_row), line_row.order__currency) for line_row in lines]


def _find_granted_discounts(lines: list[Row]) -> dict[Key, Discount]:
    """Return the discounts that staff granted on these lines. At most one query."""
    granted = Discount.objects.granted_by_staff().filter(shares__line__in=[row.id for row in lines])
    return {
        discount.granted_line_key: discount for discount in granted if discount.granted_line_key is not None
    }


@line_object.field(needs=("id", *_DISCOUNT_COLUMNS))
def unit_discount_value(lines: list[Row], *_: object) -> list[Decimal]:
    """Resolve the value that staff granted, or the sum of all discounts per unit."""
    granted = _find_granted_discounts(lines)
    return [
        _granted_value(granted[line_row.id])
        if line_row.id in granted
        else to_major_units(_unit_discount(line_row), line_row.order__currency)
        for line_row in lines
    ]


@line_object.field(needs=("id", *_DISCOUNT_COLUMNS))
def unit_discount_type(lines: list[Row], *_: object) -> list[str | None]:
    """Resolve the type that staff granted. Other discounts of several types add up to a fixed amount."""
    granted = _find_granted_discounts(lines)
    return [
        granted[line_row.id].value_type
        if line_row.id in granted
        else ValueType.FIXED
        if _unit_discount(line_row)
        else None
        for line_row in lines
    ]


@line_object.field(needs="id")
def unit_discount_reason(lines: list[Row], *_: object) -> list[str | None]:
    """Resolve the names of the discounts, and the reasons of those that have none."""
    names_by_line: dict[Key, list[str]] = {}
    discount_shares = DiscountShare.objects.filter(line__in=[line_row.id for line_row in lines])
    columns = ("line", "discount__name", "discount__reason")
    for key, discount_name, reason in discount_shares.order_by("line", "pk").values_list(*columns):
        name = discount_name or reason
        if name and name not in names_by_line.setdefault(key, []):
            names_by_line[key].append(name)
    return [
        "; ".join(names_by_line[line_row.id]) if line_row.id in names_by_line else None for line_row in lines
    ]


@line_object.field(needs=("id", "quantity"))
def quantity_fulfilled(lines: list[Row], *_: object) -> list[int]:
    """Resolve the quantity in parcels, or refunded and not sent."""
    closed = read_settled_quantities(line_row.id for line_row in lines)
    return [closed.get(line_row.id, 0) for line_row in lines]


@line_object.field(needs=("id", "quantity"))
def quantity_to_fulfill(lines: list[Row], *_: object) -> list[int]:
    closed = read_settled_quantities(line_row.id for line_row in lines)
    return [line_row.quantity - closed.get(line_row.id, 0) for line_row in lines]


@line_object.field(needs="tax_rate")
def tax_rate(lines: list[Row], *_: object) -> list[float]:
    return [float(line_row.tax_rate / 100) for line_row in lines]


@line_object.field(needs="variant_id")
def product_variant_id(lines: list[Row], *_: object) -> list[str | None]:
    return [
        global_id("ProductVariant", line_row.variant_id) if line_row.variant_id else None
        for line_row in lines
    ]


line_object.related_in_channel(
    "variant", variant_object, column="variant_id", channel_column="order__channel_id"
)
line_object.related_in_channel(
    "cooperative", cooperative_object, column="cooperative_id", channel_column="order__channel_id"
)


@line_object.field(needs=("picture_key", "product_key", "product_name"))
def thumbnail(
    lines: list[Row], arguments: OrderLineThumbnailArguments, context: Context, selection: Selection
) -> list[dict[str, str] | None]:
    """Resolve the picture at the time of the order."""
    keys = {line_row.picture_key for line_row in lines} - {None}
    pictures = Picture.objects.filter(pk__in=keys) if keys else Picture.objects.none()
    pictures_by_key = {
        key: values for key, *values in pictures.values_list("pk", "alt", "state", "renditions")
    }
    thumbnails: list[dict[str, str] | None] = []
    for line_row in lines:
        if line_row.picture_key not in pictures_by_key:
            thumbnails.append(None)
            continue
        alt, state, renditions = pictures_by_key[line_row.picture_key]
        url = image_url(context, "Product", line_row.product_key, state, renditions, arguments)
        thumbnails.append({"url": url, "alt": alt or line_row.product_name})
    return thumbnails


line_object.related_rows(
    "allocations",
    allocation_object,
    column="line",
    order=["pk"],
    rows=Allocation.objects.all(),
    permissions=[Permission.MANAGE_PRODUCTS, *ORDER_PERMISSIONS],
)
line_object.related_rows("discounts", line_discount_object, column="line", order=["pk"])


allocation_object.id()
allocation_object.columns(quantity="quantity")


@allocation_object.field("warehouse", needs="stock__warehouse_id")
def warehouse_of_allocations(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    """Resolve the warehouses of allocations, including closed ones."""
    keys = [row.stock__warehouse_id for row in rows]
    warehouses_by_key = warehouse_object.by_key(
        context, keys, selection.names(), rows=Warehouse.objects.all()
    )
    return [warehouses_by_key.get(key) for key in keys]


TYPES = (line_object, allocation_object)
