"""Check the rows of a file. Read their cells, find their variants, and say what each row would do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.utils.translation import gettext as _

from catalog.actions.listing_imports.columns import (
    COLUMNS,
    COLUMNS_BY_KEY,
    CellProblem,
    Choices,
    columns_by_heading,
    load_choices,
    own_code,
    read_cell,
    variant_id_of_own_code,
)
from catalog.actions.listing_imports.row_changes import (
    build_new_product_columns,
    build_new_variant_columns,
    lacks_estimate,
    lacks_limit_per_buyer,
    stated_tiers,
    with_stated_limits,
)
from catalog.actions.products.purchase_limits import InvalidPurchaseLimits
from catalog.actions.products.variant_rows import UnusualPrice, find_unusual_price_questions
from catalog.actions.products.wholesale_tiers import (
    require_price_above_wholesale,
    require_reachable_tiers,
    require_valid_tiers,
)
from catalog.actions.wording.forbidden_phrases import ForbiddenWords, load_allowed_texts_check
from catalog.models import ListingImport, ListingImportRow, Price, Product, Variant
from catalog.pricing import WholesaleTier
from catalog.states import ImportRowState
from shop.core.errors import Refused
from shop.core.models import shop_settings
from shop.core.spreadsheets.tables import MarkedTable, TableRow, UnreadableFile
from shop.core.texts.folding import fold

_HEADING_SEARCHED_ROWS = 10
_MIN_HEADINGS = 3
_REQUIRED_OF_NEW_OPTION = ("unit", "price", "on_hand")
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_MAX_MERGED_CELLS = 50_000


def heading_row(rows: Sequence[TableRow]) -> TableRow | None:
    """Return the row with the headings, or None if none of the first rows has at least three of them."""
    known = columns_by_heading()
    for row in rows[:_HEADING_SEARCHED_ROWS]:
        if sum(isinstance(cell, str) and fold(cell) in known for cell in row.cells) >= _MIN_HEADINGS:
            return row
    return None


def build_import_rows(listing_import: ListingImport, table: MarkedTable) -> list[ListingImportRow]:
    """Return the rows to store. Raises UnreadableFile if the headings or the column of codes are missing."""
    heading = heading_row(table.rows)
    if heading is None:
        raise UnreadableFile(_("The headings are missing. Download the template and copy the goods into it."))
    keys = _column_keys(heading)
    if "code" not in keys:
        raise UnreadableFile(_("The column with the codes is missing. Take it from the template."))
    check = _Check(listing_import, keys, _merged_cells(table.merged_ranges))
    return [check.row(row) for row in table.rows if row.number > heading.number]


def _column_keys(heading: TableRow) -> list[str]:
    """Return the key of each column, "" for unknown ones. Raises UnreadableFile if one occurs twice."""
    known = columns_by_heading()
    keys = [known.get(fold(cell), "") if isinstance(cell, str) else "" for cell in heading.cells]
    for key in filter(None, keys):
        if keys.count(key) > 1:
            raise UnreadableFile(
                _("The column “%(heading)s” occurs twice.") % {"heading": COLUMNS_BY_KEY[key].label}
            )
    return keys


@dataclass(slots=True)
class _RowReading:
    """What the cells of one row say. `problems` names the cells that cannot be read."""

    number: int
    values: dict[str, object] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)


class _Check:
    """One check of a file against the catalogue, which is loaded once."""

    def __init__(self, listing_import: ListingImport, keys: Sequence[str], merged: Mapping[str, str]) -> None:
        self.listing_import = listing_import
        self.keys = keys
        self.merged = merged
        self.choices: Choices = load_choices()
        self.require_allowed = load_allowed_texts_check()
        variants = list(
            Variant.objects.for_cooperative(listing_import.cooperative)
            .select_related("product__cooperative")
            .order_by("pk")
        )
        self.variants_by_id = {variant.pk: variant for variant in variants}
        self.variants_by_code = {variant.sku: variant for variant in variants if variant.sku}
        self.variants_by_code |= {variant.seller_code: variant for variant in variants if variant.seller_code}
        self.products = _products_by_name(
            Product.objects.for_cooperative(listing_import.cooperative).order_by("-pk")
        )
        prices = Price.objects.filter(
            channel=listing_import.channel, variant__cooperative=listing_import.cooperative
        )
        self.prices = {price.variant_id: price for price in prices.with_wholesale_prices()}
        self.shop_limit = shop_settings().limit_quantity_per_checkout
        self.first_rows: dict[str, int] = {}
        self.first_values: dict[tuple[str, str], tuple[int, object]] = {}

    def row(self, row: TableRow) -> ListingImportRow:
        """Check one row."""
        reading = self._read(row)
        code = str(reading.values.get("code", ""))
        variant = self._find_variant(code)
        self._check_code(reading, code, variant)
        name = str(reading.values.get("name", "") or (variant.product.name if variant else ""))
        product = variant.product if variant else self.products.get(fold(name))
        if variant is None:
            self._require_new_columns(reading, name, product)
        if lacks_estimate(variant, reading.values) and not self._has_problem(reading, "content"):
            self._add(reading, "content", _("Enter the estimated weight of one piece, in g or kg."))
        if lacks_limit_per_buyer(variant, reading.values):
            self._add(reading, "limit_days", str(InvalidPurchaseLimits.default_message))
        self._check_wholesale(reading, variant)
        if product is not None and reading.values.get("product_type", product.product_type_id) != (
            product.product_type_id
        ):
            self._add(reading, "product_type", _("The type of an existing product cannot be changed."))
        self._check_repeated_product(reading, name)
        self._check_wording(reading)
        question = None
        state = ImportRowState.PROBLEM if reading.problems else ImportRowState.WAITING
        if variant is not None and not reading.problems:
            state, question = self._compare(reading, variant)
        return ListingImportRow(
            listing_import=self.listing_import,
            row_number=row.number,
            name=" · ".join(filter(None, [name, str(reading.values.get("option", ""))]))[:520],
            values=reading.values,
            is_new=variant is None,
            problems=reading.problems,
            question=str(question.message)[:500] if question else "",
            confirmation_token=question.confirmation_token if question else "",
            variant=variant,
            state=state,
        )

    def _read(self, row: TableRow) -> _RowReading:
        reading = _RowReading(row.number)
        for position, key in enumerate(self.keys):
            cell = row.cells[position] if position < len(row.cells) else ""
            name = _cell_name(position, row.number)
            if key and name in self.merged:
                text = _("The cells %(cells)s are merged. Split them and fill in each row.")
                reading.problems.append({"cell": name, "text": text % {"cells": self.merged[name]}})
            elif key and cell != "":
                try:
                    reading.values[key] = read_cell(COLUMNS_BY_KEY[key], cell, self.choices)
                except CellProblem as problem:
                    reading.problems.append({"cell": name, "text": str(problem)})
        return reading

    def _find_variant(self, code: str) -> Variant | None:
        variant_id = variant_id_of_own_code(code)
        return self.variants_by_code.get(code) or self.variants_by_id.get(variant_id or 0)

    def _check_code(self, reading: _RowReading, code: str, variant: Variant | None) -> None:
        if not code:
            if not self._has_problem(reading, "code"):
                self._add(reading, "code", _("Enter a code, so that the next import finds this row again."))
            return
        key = own_code(variant.pk) if variant else code
        first = self.first_rows.setdefault(key, reading.number)
        if first != reading.number:
            self._add(reading, "code", _("Row %(row)d has the same code.") % {"row": first})
        elif variant is None and variant_id_of_own_code(code) is not None:
            self._add(reading, "code", _("Codes that begin with CP- are the market's. Choose another one."))

    def _require_new_columns(self, reading: _RowReading, name: str, product: Product | None) -> None:
        required = [*_REQUIRED_OF_NEW_OPTION]
        if product is None and len({key for ids in self.choices.product_types.values() for key in ids}) > 1:
            required.append("product_type")
        if not name:
            required.append("name")
        for key in required:
            if key not in reading.values and not self._has_problem(reading, key):
                text = _("%(column)s: required for a new option.")
                self._add(reading, key, text % {"column": COLUMNS_BY_KEY[key].label})

    def _check_repeated_product(self, reading: _RowReading, name: str) -> None:
        """Report the cells that contradict an earlier row of the same product."""
        for key, value in reading.values.items():
            if not COLUMNS_BY_KEY[key].is_of_product or key == "name":
                continue
            first, first_value = self.first_values.setdefault((fold(name), key), (reading.number, value))
            if first_value != value:
                text = _("Row %(row)d has different information about the same product.") % {"row": first}
                self._add(reading, key, text)

    def _check_wholesale(self, reading: _RowReading, variant: Variant | None) -> None:
        """Name the wholesale prices, or the new list price, if they do not fit each other."""
        current = self.prices.get(variant.pk) if variant else None
        amount, tiers = self._prices_after(reading, current)
        if amount is None:
            if variant is not None and "wholesale" in reading.values:
                self._add(reading, "wholesale", _("This option has no price yet. Enter its price, too."))
            return
        currency = self.listing_import.channel.currency
        try:
            if "wholesale" in reading.values:
                require_valid_tiers(tiers, list_price=amount, currency=currency)
                require_reachable_tiers(tiers, with_stated_limits(variant, reading.values), self.shop_limit)
            else:
                require_price_above_wholesale(tiers, list_price=amount, currency=currency)
        except Refused as refused:
            self._add(reading, str(refused.field), str(refused.message))

    def _prices_after(
        self, reading: _RowReading, current: Price | None
    ) -> tuple[int | None, Sequence[WholesaleTier]]:
        """Return the list price and the wholesale prices that the option has after the row."""
        price, tiers = reading.values.get("price"), stated_tiers(reading.values)
        amount = price if isinstance(price, int) else current.amount if current else None
        return amount, tiers if tiers is not None else current.wholesale_tiers if current else []

    def _check_wording(self, reading: _RowReading) -> None:
        for key, value in reading.values.items():
            if isinstance(value, str) and key not in ("code", "unit"):
                try:
                    self.require_allowed({key: value})
                except ForbiddenWords as refused:
                    self._add(reading, key, str(refused.message))

    def _compare(self, reading: _RowReading, variant: Variant) -> tuple[ImportRowState, UnusualPrice | None]:
        """Return whether a row changes its variant, and whether its price must be confirmed."""
        current = self.prices.get(variant.pk)
        amount, tiers = self._prices_after(reading, current)
        before = (current.amount, current.wholesale_tiers) if current else (None, [])
        if amount is not None and (amount, list(tiers)) != before:
            channel = self.listing_import.channel
            question = _combine(find_unusual_price_questions(variant, channel, current, amount, tiers))
            return (ImportRowState.QUESTION if question else ImportRowState.WAITING), question
        is_changed = build_new_variant_columns(variant, reading.values) or build_new_product_columns(
            variant.product, reading.values
        )
        return (ImportRowState.WAITING if is_changed else ImportRowState.UNCHANGED), None

    def _has_problem(self, reading: _RowReading, key: str) -> bool:
        cell = self._cell(reading, key)
        return bool(cell) and any(problem["cell"] == cell for problem in reading.problems)

    def _add(self, reading: _RowReading, key: str, text: str) -> None:
        reading.problems.append({"cell": self._cell(reading, key), "text": text})

    def _cell(self, reading: _RowReading, key: str) -> str:
        """Return the name of the cell. It is empty if the file has no such column."""
        if key not in self.keys:
            return ""
        return _cell_name(self.keys.index(key), reading.number)


def _combine(questions: Sequence[UnusualPrice]) -> UnusualPrice | None:
    """Return the questions about a row's prices as one, which is answered for all of them."""
    if len(questions) < 2:
        return next(iter(questions), None)
    message = " ".join(str(question.message) for question in questions)
    token = "+".join(question.confirmation_token for question in questions)
    return UnusualPrice(message, field="price", confirmation_token=token)


def _products_by_name(products: Iterable[Product]) -> dict[str, Product]:
    """Return products by folded name. Of several products with the same name it keeps the oldest."""
    return {fold(product.name): product for product in products}


def _cell_name(position: int, row_number: int) -> str:
    """Return the name of a cell as spreadsheet programs show it: column 0 of row 7 is A7."""
    letters, column = "", position + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row_number}"


def _merged_cells(ranges: Iterable[str]) -> dict[str, str]:
    """Return at most `_MAX_MERGED_CELLS` merged cells, each with the range that it belongs to."""
    cells: dict[str, str] = {}
    for merged in ranges:
        corners = [_CELL.fullmatch(corner) for corner in merged.split(":")]
        if len(corners) != 2 or None in corners:
            continue
        (first_column, first_row), (last_column, last_row) = (
            (_position(corner[1]), int(corner[2])) for corner in corners if corner
        )
        names = (
            _cell_name(column, row)
            for row in range(first_row, last_row + 1)
            for column in range(first_column, min(last_column, first_column + len(COLUMNS)) + 1)
        )
        cells.update((name, merged) for name in islice(names, _MAX_MERGED_CELLS - len(cells)))
    return cells


def _position(letters: str) -> int:
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - ord("A") + 1
    return position - 1
