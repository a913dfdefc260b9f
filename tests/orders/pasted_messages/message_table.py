"""Load the table of messages and the goods that they ask for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orders.pasted_messages.goods_names import GoodsCatalogue, SoldVariant
from orders.pasted_messages.read_message import ReadMessage

_FOLDER = Path(__file__).parent


def load_messages() -> list[dict[str, Any]]:
    """Return the rows of messages.toml."""
    rows: list[dict[str, Any]] = tomllib.loads((_FOLDER / "messages.toml").read_text("utf-8"))["message"]
    return rows


def load_catalogue() -> tuple[GoodsCatalogue, Mapping[int, str]]:
    """Return the goods of catalogue.toml, and the key of each variant by its id."""
    table = tomllib.loads((_FOLDER / "catalogue.toml").read_text("utf-8"))
    variants: list[SoldVariant] = []
    keys: dict[int, str] = {}
    for product_id, product in enumerate(table["product"], 1):
        for columns in product["variants"]:
            variant_id = len(variants) + 1
            keys[variant_id] = columns.pop("key")
            variants.append(
                SoldVariant(variant_id=variant_id, product_id=product_id, product=product["name"], **columns)
            )
    return GoodsCatalogue(variants, table["synonyms"]), keys


def as_row(text: str, read: ReadMessage, keys: Mapping[int, str]) -> dict[str, Any]:
    """Return what was read as a row of messages.toml, without the columns that are empty."""
    address = read.address
    row = {
        "text": text,
        "name": read.name,
        "phones": list(read.phones),
        "odd_phones": list(read.odd_phones),
        "street": address.street if address else "",
        "communes": [commune.full_name for commune in address.communes] if address else [],
        "province": address.province.name if address and address.province else "",
        "payment": read.payment,
        "note": read.note,
        "unread": list(read.unread),
        "goods": [
            {
                "text": goods.text,
                "may_be": [f"{option.quantity} × {keys[option.variant_id]}" for option in goods.options],
                "doubts": sorted(doubt.value for doubt in goods.doubts),
            }
            for goods in read.goods
        ],
    }
    return {column: value for column, value in row.items() if value}
