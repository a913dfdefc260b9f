"""The entered details of a product and its variants, as columns of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TypedDict

from catalog.models import ALL_MONTHS, Category, ProductType, Unit
from catalog.pricing import WholesaleTier
from shop.core.models import Picture, TaxClass

MAX_CONTENT = 10_000_000
_BASE_UNITS_PER_UNIT = {"kg": 1000, "l": 1000}  # grams or millilitres, as they are stored
_GRAMS_OF = {Unit.KG: 1000, Unit.HUNDRED_GRAMS: 100, Unit.TEN_KG: 10_000}


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """Details of a product. The description is plain text. `season` has bit m-1 set for month m."""

    name: str
    description: str = ""
    origin: str = ""
    ingredients: str = ""
    packaging: str = ""
    shelf_life: str = ""
    storage: str = ""
    return_terms: str = ""
    return_days: int = 0
    season: int = ALL_MONTHS
    season_note: str = ""

    def columns(self) -> dict[str, object]:
        """Return the values of the product's columns."""
        columns: dict[str, object] = asdict(self)
        columns["description_text"] = self.description
        columns["description"] = to_editorjs(self.description)
        return columns


@dataclass(frozen=True, slots=True)
class VariantDetails:
    """A variant's sales unit and its price in the channel's minor units, tax included.

    For variants sold by weight (`is_sold_by_weight`), `content_grams` is the estimated weight of a unit, on
    which the price is based. The buyer pays for up to `tolerance_percent` more without being asked.
    """

    price: int
    name: str = ""
    unit: str = Unit.PIECE
    content_grams: int | None = None
    content_ml: int | None = None
    content_count: int | None = None
    content_unit: str = ""
    weight: int | None = None
    barcode: str = ""
    seller_code: str | None = None
    quantity_limit_per_customer: int | None = None
    quantity_limit_days: int | None = None
    quantity_limit_per_order: int | None = None
    low_stock_at: int | None = None
    is_sold_by_weight: bool = False
    tolerance_percent: int = 20
    wholesale_tiers: Sequence[WholesaleTier] = ()

    def columns(self) -> dict[str, object]:
        """Return the values of the variant's columns. Prices are rows of their own."""
        columns: dict[str, object] = asdict(self)
        del columns["price"], columns["wholesale_tiers"]
        return columns


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product to be drafted, and its variants with the initial stock of each, in sales units.

    `captions` are alternative texts in the pictures' order. If there are fewer, the last pictures have none.
    """

    product_type: ProductType
    category: Category | None
    details: ProductDetails
    variants: Sequence[tuple[VariantDetails, int]]
    pictures: Sequence[Picture] = ()
    captions: Sequence[str] = ()
    tax_class: TaxClass | None = None


class VariantContent(TypedDict, total=False):
    """The contents of one sales unit, as columns of a variant and as arguments of `VariantDetails`."""

    content_grams: int
    content_ml: int
    content_count: int
    content_unit: str


def content_amount(content: Decimal, measure: str) -> Decimal:
    """Return a content in grams, millilitres or pieces. `measure` is g, kg, ml, l or a unit."""
    return content * _BASE_UNITS_PER_UNIT.get(measure, 1)


def has_own_content(unit: str) -> bool:
    """Return whether the unit is a measure itself, such as kg, and therefore states its content."""
    return unit in _GRAMS_OF or unit == Unit.LITRE


def variant_content(unit: str, content: Decimal | None, measure: str) -> VariantContent:
    """Return what one sales unit contains. The content of a measure such as kg is known without `content`."""
    if unit in _GRAMS_OF:
        return {"content_grams": _GRAMS_OF[Unit(unit)]}
    if unit == Unit.LITRE:
        return {"content_ml": 1000}
    if not content:
        return {}
    amount = int(content_amount(content, measure))
    if measure in ("g", "kg"):
        return {"content_grams": amount}
    if measure in ("ml", "l"):
        return {"content_ml": amount}
    return {"content_count": amount, "content_unit": measure}


def to_editorjs(text: str) -> dict[str, object]:
    """Convert plain text to EditorJS JSON, the stored format of descriptions."""
    paragraphs = (paragraph.strip() for paragraph in text.split("\n\n"))
    return {
        "blocks": [
            {"type": "paragraph", "data": {"text": paragraph}} for paragraph in paragraphs if paragraph
        ],
    }
