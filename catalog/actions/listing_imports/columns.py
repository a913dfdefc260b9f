"""The columns of a file of listings, with one row per option, and what their cells mean."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, partial

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.actions.products.product_details import MAX_CONTENT, content_amount, variant_content
from catalog.actions.products.variant_rows import MAX_PRICE, InvalidPrice
from catalog.actions.stock.stock_movements import MAX_COUNTED_QUANTITY
from catalog.models import ALL_MONTHS, Category, Product, ProductType, Unit
from catalog.models.purchase_limits import MAX_LIMIT, MAX_LIMIT_DAYS
from catalog.pricing import WholesaleTier
from shop.core.spreadsheets.tables import Cell, Formula, unescape_formula
from shop.core.texts.folding import fold
from shop.core.texts.formatting import format_number

MAX_CODE_LENGTH = 60
MAX_RETURN_DAYS = 365
_GROUPED = re.compile(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*")
_CURRENCY = re.compile(r"\s*(?:vnd|₫|d)\.?$")
_CONTENT = re.compile(r"(\d+(?:[.,]\d+)?)\s*([^\W\d].*)")
_MONTHS = re.compile(r"(\d{1,2})(?:\s*[-\u2013]\s*(\d{1,2}))?")
_MEASURES = ("g", "kg", "ml", "l")
_OWN_CODE = re.compile(r"CP-(\d{1,18})", re.IGNORECASE)


class CellProblem(ValueError):
    """A cell cannot be read. The text says what is wrong and what is right."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a row may choose by name: names, and the ids of the rows that have them."""

    product_types: Mapping[str, Sequence[int]]
    categories: Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """A column. `read` returns the value of a cell that is not empty, or raises CellProblem.

    `is_of_product` tells columns of the product from those of its option.
    """

    key: str
    label: Promise
    hint: Promise
    read: Callable[[Cell, Choices], object]
    is_of_product: bool = False


def own_code(variant_id: int) -> str:
    """Return the code by which a file names an option that has no code of its cooperative."""
    return f"CP-{variant_id}"


def variant_id_of_own_code(code: str) -> int | None:
    """Return the variant's id if the code is one of `own_code`."""
    match = _OWN_CODE.fullmatch(code)
    return int(match[1]) if match else None


def load_choices() -> Choices:
    """Load the product types and categories that members may choose, by name."""
    return Choices(
        _ids_by_name(ProductType.objects.for_members().values_list("pk", "name")),
        _ids_by_name(Category.objects.in_order().values_list("pk", "name")),
    )


@cache
def columns_by_heading() -> dict[str, str]:
    """Return the columns' keys by their folded headings in every language."""
    keys = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            keys.update({fold(str(column.label)): column.key for column in COLUMNS})
    return keys


@cache
def _unit_names() -> dict[str, str]:
    """Return the units by code, name and folded name. Names that units share in a language are left out."""
    names: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            labels = [(str(unit.label), str(unit)) for unit in Unit]
        for spelling in (fold, _lower):
            shared = Counter(spelling(label) for label, _unit in labels)
            names.update({spelling(label): unit for label, unit in labels if shared[spelling(label)] == 1})
    return names | {str(unit): str(unit) for unit in Unit}


def _find_unit(text: str) -> str | None:
    return _unit_names().get(_lower(text)) or _unit_names().get(fold(text))


def unit_cell(unit: str) -> str:
    """Return a unit as files write it: its name, or its code if several units have the same name."""
    label = str(Unit(unit).label)
    return label if _find_unit(label) == unit else unit


def _lower(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).lower().split())


def _ids_by_name(rows: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    """Return ids by the name in lower case, and by the folded name unless another row has it exactly."""
    exact: dict[str, list[int]] = {}
    folded: dict[str, list[int]] = {}
    for key, name in rows:
        exact.setdefault(_lower(name), []).append(key)
        folded.setdefault(fold(name), []).append(key)
    return folded | exact


def _text(cell: Cell, _choices: Choices, *, maximum: int) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a code such as 7 in a cell of numbers
    text = unescape_formula(str(cell)).strip()
    if len(text) > maximum:
        raise CellProblem(_("Enter at most %(maximum)d characters.") % {"maximum": maximum})
    if "\0" in text:
        raise CellProblem(_("This contains characters that are not allowed here."))
    return text


def _product_text(column: str) -> Callable[[Cell, Choices], str]:
    maximum = getattr(Product._meta.get_field(column), "max_length", None)
    return partial(_text, maximum=maximum or 2000)


def _code(cell: Cell, choices: Choices) -> str:
    return " ".join(_text(cell, choices, maximum=MAX_CODE_LENGTH).split())


def _whole_number(cell: Cell) -> int | None:
    """Return a whole number such as 12000, 12.000 or "12 000 ₫", or None if the cell is not one."""
    if isinstance(cell, int | float):
        return int(cell) if float(cell).is_integer() else None
    text = "".join(_CURRENCY.sub("", fold(str(cell))).split())
    if _GROUPED.fullmatch(text):
        text = text.replace(".", "").replace(",", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _number(cell: Cell, _choices: Choices, *, maximum: int) -> int:
    number = _whole_number(cell)
    if number is None or not 0 <= number <= maximum:
        limit = {"maximum": format_number(maximum)}
        raise CellProblem(_("Enter a whole number from 0 to %(maximum)s.") % limit)
    return number


def _price(cell: Cell, _choices: Choices) -> int:
    price = _whole_number(cell)
    if price is None or not 1 <= price <= MAX_PRICE:
        raise CellProblem(str(InvalidPrice.default_message))
    return price


def _wholesale(cell: Cell, _choices: Choices) -> list[list[int]]:
    """Return pairs of quantity and price, in the order of their quantities. A cell "0" removes them all."""
    text = fold(str(cell))
    if text in {"0", "0.0", "khong", "no"}:
        return []
    pairs = []
    for part in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
        quantity, separator, price = part.removeprefix("tu").removeprefix("from").partition(":")
        pair = [_whole_number(quantity), _whole_number(price)]
        if not separator or None in pair:
            raise CellProblem(_("Enter each quantity with its price, such as 10: 13000; 50: 12000."))
        pairs.append([number for number in pair if number is not None])
    return sorted(pairs)


def wholesale_cell(tiers: Iterable[WholesaleTier]) -> str:
    """Return wholesale prices as a file states them, such as "10: 13000; 50: 12000"."""
    return "; ".join(f"{tier.minimum_quantity}: {tier.amount}" for tier in tiers)


def _unit(cell: Cell, _choices: Choices) -> str:
    unit = _find_unit(str(cell))
    if unit is None:
        known = ", ".join(unit_cell(unit) for unit in Unit)
        raise CellProblem(_("This is not one of our sales units: %(units)s.") % {"units": known})
    return unit


def _content(cell: Cell, _choices: Choices) -> dict[str, object]:
    match = _CONTENT.fullmatch(str(cell).strip())
    measure = match[2].strip(". ") if match else ""
    measure = fold(measure) if fold(measure) in _MEASURES else _find_unit(measure) or ""
    try:
        amount = Decimal(match[1].replace(",", ".")) if match and measure else Decimal(0)
    except InvalidOperation:
        amount = Decimal(0)
    stored = content_amount(amount, measure)
    if not 0 < stored <= MAX_CONTENT or stored != int(stored):
        raise CellProblem(_("Enter a quantity with its unit, such as 300 g, 1.8 kg, 500 ml or 10 packet."))
    # Unit.PIECE stands for any unit that is not a measure. The row stores its own unit.
    return dict(variant_content(Unit.PIECE, amount, measure))


def _months(cell: Cell, _choices: Choices) -> int:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return parse_months(str(cell))


def parse_months(entered: str) -> int:
    """Return the season of months such as "6-9" or "1, 2, 12". Raises CellProblem."""
    text = fold(entered)
    if text in {"ca nam", "quanh nam", "all year"}:
        return ALL_MONTHS
    season = 0
    for part in re.split(r"[,;]\s*", text):
        match = _MONTHS.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not (1 <= first <= 12 and 1 <= last <= 12):
            raise CellProblem(_("Enter months as numbers, such as 6-9 or 1, 2, 12."))
        length = (last - first) % 12
        season |= sum(1 << ((first - 1 + step) % 12) for step in range(length + 1))
    return season


def _answer(cell: Cell, _choices: Choices) -> bool:
    answers = {"co": True, "x": True, "yes": True, "1": True, "khong": False, "no": False, "0": False}
    text = fold(str(cell))
    if text not in answers:
        raise CellProblem(_("Enter yes or no."))
    return answers[text]


def _choice(cell: Cell, choices: Choices, *, attribute: str) -> int:
    ids = getattr(choices, attribute)
    found = ids.get(_lower(str(cell))) or ids.get(fold(str(cell)), ())
    if len(found) == 1:
        return int(found[0])
    if found:
        raise CellProblem(_("Several rows of the market have this name. Set it on the product's page."))
    raise CellProblem(_("The market does not have this one. The guide lists the names."))


def read_cell(column: ImportColumn, cell: Cell, choices: Choices) -> object:
    """Return the value of a cell. Raises CellProblem, also for a formula."""
    if isinstance(cell, Formula):
        raise CellProblem(_("This is a formula. Enter its value."))
    return column.read(cell, choices)


COLUMNS: tuple[ImportColumn, ...] = (
    ImportColumn(
        "code",
        gettext_lazy("Product code"),
        gettext_lazy("Your own code of this option. It finds the option again at the next import."),
        _code,
    ),
    ImportColumn(
        "name",
        gettext_lazy("Product name"),
        gettext_lazy("Rows with the same name are options of one product."),
        _product_text("name"),
        is_of_product=True,
    ),
    ImportColumn(
        "option",
        gettext_lazy("Size or pattern"),
        gettext_lazy("Only if there are several options: large, red pattern."),
        partial(_text, maximum=255),
    ),
    ImportColumn(
        "product_type",
        gettext_lazy("Product type"),
        gettext_lazy("Required for a new product. The names are listed below."),
        partial(_choice, attribute="product_types"),
        is_of_product=True,
    ),
    ImportColumn(
        "category",
        gettext_lazy("Product category"),
        gettext_lazy("One of the categories listed below."),
        partial(_choice, attribute="categories"),
        is_of_product=True,
    ),
    ImportColumn(
        "unit",
        gettext_lazy("Sales unit"),
        gettext_lazy("Required for a new option. The units are listed below."),
        _unit,
    ),
    ImportColumn(
        "content",
        gettext_lazy("Net quantity per unit"),
        gettext_lazy("A quantity with its unit: 300 g, 1.8 kg, 500 ml."),
        _content,
    ),
    ImportColumn(
        "is_sold_by_weight",
        gettext_lazy("Sold by weight"),
        gettext_lazy("Yes if ordered by the piece and priced by weight."),
        _answer,
    ),
    ImportColumn(
        "price",
        gettext_lazy("Price per unit"),
        gettext_lazy("In VND, from 1 to 99,999,999."),
        _price,
    ),
    ImportColumn(
        "wholesale",
        gettext_lazy("Wholesale prices"),
        gettext_lazy("Each quantity with its price, such as 10: 13000; 50: 12000. 0 removes them."),
        _wholesale,
    ),
    ImportColumn(
        "limit_per_order",
        gettext_lazy("Limit per order"),
        gettext_lazy("The quantity that one order may hold. 0 for no limit."),
        partial(_number, maximum=MAX_LIMIT),
    ),
    ImportColumn(
        "limit_per_buyer",
        gettext_lazy("Limit per buyer"),
        gettext_lazy("The quantity that one buyer may order in all. 0 for no limit."),
        partial(_number, maximum=MAX_LIMIT),
    ),
    ImportColumn(
        "limit_days",
        gettext_lazy("Days of the limit per buyer"),
        gettext_lazy("The limit per buyer counts orders of so many days. 0 counts all orders."),
        partial(_number, maximum=MAX_LIMIT_DAYS),
    ),
    ImportColumn(
        "on_hand",
        gettext_lazy("Quantity in stock"),
        gettext_lazy("Only for new options. Stock that exists is counted under Stock."),
        partial(_number, maximum=MAX_COUNTED_QUANTITY),
    ),
    ImportColumn(
        "months",
        gettext_lazy("Months available"),
        gettext_lazy("As numbers: 6-9, or 1, 2, 12. Empty if available all year."),
        _months,
        is_of_product=True,
    ),
    *(
        ImportColumn(key, label, hint, _product_text(key), is_of_product=True)
        for key, label, hint in (
            ("origin", gettext_lazy("Place of origin"), gettext_lazy("Required before publication.")),
            ("shelf_life", gettext_lazy("Shelf life"), gettext_lazy("For example: 3 days in a cool place.")),
            ("storage", gettext_lazy("Storage instructions"), gettext_lazy("For example: cool and dry.")),
            ("packaging", gettext_lazy("Packaging"), gettext_lazy("For example: paper bag.")),
            (
                "ingredients",
                gettext_lazy("Ingredients or materials"),
                gettext_lazy("For food with several ingredients, the largest first."),
            ),
            (
                "return_terms",
                gettext_lazy("Returns and exchanges"),
                gettext_lazy("Leave empty to use the cooperative's general terms."),
            ),
        )
    ),
    ImportColumn(
        "return_days",
        gettext_lazy("Return period (days after delivery)"),
        gettext_lazy("At least the market's own period. Leave empty if you do not offer more."),
        partial(_number, maximum=MAX_RETURN_DAYS),
        is_of_product=True,
    ),
    ImportColumn(
        "description",
        gettext_lazy("Product description"),
        gettext_lazy("What buyers should know, in your words."),
        partial(_text, maximum=4000),
        is_of_product=True,
    ),
)
COLUMNS_BY_KEY = {column.key: column for column in COLUMNS}
