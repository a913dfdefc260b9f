"""The rows of a cooperative's listings, as its files export and import them."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import gettext as _

from catalog.actions.listing_imports.columns import COLUMNS, own_code, unit_cell, wholesale_cell
from catalog.actions.products.product_details import has_own_content
from catalog.models import Category, Price, ProductType, Stock, Unit, Variant
from catalog.states import ListingState
from cooperatives.models import Cooperative
from shop.core.models import Channel

ExportedCell = str | int


def build_exported_rows(cooperative: Cooperative, channel: Channel) -> list[list[ExportedCell]]:
    """Return a row for each option on the cooperative's lists, with a cell for each of `COLUMNS`.

    Names of types and categories are in the shop's own language, as an import reads them.
    """
    variants = (
        Variant.objects.for_cooperative(cooperative)
        .filter(product__listings__channel=channel)
        .exclude(product__listings__channel=channel, product__listings__state=ListingState.WITHDRAWN)
        .select_related("product__product_type", "product__category")
        .order_by("product__sort_key", "product", "sort_order", "pk")
    )
    rows = Price.objects.filter(channel=channel, variant__cooperative=cooperative).with_wholesale_prices()
    prices = {price.variant_id: price for price in rows}
    stocks = Stock.objects.for_cooperative(cooperative).order_by().values_list("variant")
    on_hand = dict(stocks.annotate(sum=Sum("on_hand")).values_list("variant", "sum"))
    return [_row(variant, prices.get(variant.pk), on_hand.get(variant.pk, 0)) for variant in variants]


def build_guide_rows() -> list[list[str]]:
    """Return what each column means, and the names that may be chosen."""
    rows = [[str(column.label), str(column.hint)] for column in COLUMNS]
    types = ProductType.objects.for_members().values_list("name", flat=True)
    categories = Category.objects.in_order().values_list("name", flat=True)
    rows += [[_("Product type"), name] for name in types]
    rows += [[_("Product category"), name] for name in categories]
    rows += [[_("Sales unit"), unit_cell(unit)] for unit in Unit]
    return rows


def _row(variant: Variant, price: Price | None, on_hand: int) -> list[ExportedCell]:
    product = variant.product
    cells: dict[str, ExportedCell | None] = {
        "code": variant.seller_code or variant.sku or own_code(variant.pk),
        "name": product.name,
        "option": variant.name,
        "product_type": product.product_type.name,
        "category": product.category.name if product.category else "",
        "unit": unit_cell(variant.unit),
        "content": _content_cell(variant),
        "is_sold_by_weight": _("yes") if variant.is_sold_by_weight else _("no"),
        "price": price.amount if price else None,
        "wholesale": wholesale_cell(price.wholesale_tiers) if price else "",
        "limit_per_order": variant.quantity_limit_per_order,
        "limit_per_buyer": variant.quantity_limit_per_customer,
        "limit_days": variant.quantity_limit_days,
        "on_hand": on_hand,
        "months": "" if product.is_all_year else ", ".join(map(str, product.months)),
        "origin": product.origin,
        "shelf_life": product.shelf_life,
        "storage": product.storage,
        "packaging": product.packaging,
        "ingredients": product.ingredients,
        "return_terms": product.return_terms,
        "return_days": product.return_days or "",
        "description": product.description_text,
    }
    return ["" if (cell := cells[column.key]) is None else cell for column in COLUMNS]


def _content_cell(variant: Variant) -> str:
    if has_own_content(variant.unit):
        return ""
    if variant.content_grams:
        return _measure(variant.content_grams, "g", "kg")
    if variant.content_ml:
        return _measure(variant.content_ml, "ml", "l")
    return f"{variant.content_count} {unit_cell(variant.content_unit)}" if variant.content_count else ""


def _measure(amount: int, small: str, large: str) -> str:
    if amount < 1000:
        return f"{amount} {small}"
    return f"{(Decimal(amount) / 1000).normalize():f} {large}".replace(".", ",")
