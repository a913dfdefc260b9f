"""The entered details of a product and its variants, as columns of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from catalog.models import ALL_MONTHS, Category, ProductType, Unit
from shop.core.models import Picture


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
    """A variant's sale step and its price in the channel's minor units, tax included.

    For variants sold by weight (`is_sold_by_weight`), `content_grams` is the estimated weight of a step, on
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
    quantity_limit_per_customer: int | None = None
    is_sold_by_weight: bool = False
    tolerance_percent: int = 20

    def columns(self) -> dict[str, object]:
        """Return the values of the variant's columns. The price is a row of its own."""
        return {column: value for column, value in asdict(self).items() if column != "price"}


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product to be drafted, and its variants with the initial stock of each, in steps.

    `captions` are alternative texts in the pictures' order. If there are fewer, the last pictures have none.
    """

    product_type: ProductType
    category: Category | None
    details: ProductDetails
    variants: Sequence[tuple[VariantDetails, int]]
    pictures: Sequence[Picture] = ()
    captions: Sequence[str] = ()


def to_editorjs(text: str) -> dict[str, object]:
    """Convert plain text to EditorJS JSON, the stored format of descriptions."""
    paragraphs = (paragraph.strip() for paragraph in text.split("\n\n"))
    return {
        "blocks": [
            {"type": "paragraph", "data": {"text": paragraph}} for paragraph in paragraphs if paragraph
        ],
    }
