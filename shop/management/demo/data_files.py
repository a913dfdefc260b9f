"""Read the demo's texts and figures from the TOML files in `data/`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

TomlTable: TypeAlias = dict[str, Any]  # a table of a TOML file; its reader checks the keys
HERE = Path(__file__).parent
_DATA = HERE / "data"
_PACK = re.compile(r"(?P<pack>\w+) (?P<size>[\d,]+) (?P<measure>g|kg|ml)")
# Plain sizes are the same in both languages: "1 kg", "30 × 120 cm".
_PLAIN_SIZE = re.compile(r"[\d ×]+ (?:kg|g|ml|cm)")


@cache
def demo_market() -> TomlTable:
    return _read("market")


@cache
def desk_tasks() -> TomlTable:
    return _read("desk-tasks")


@cache
def cooperatives() -> list[TomlTable]:
    rows: list[TomlTable] = _read("cooperatives")["cooperative"]
    return rows


@cache
def products() -> list[TomlTable]:
    """Return all products, with their file's shared values (cooperative, origin) filled in."""
    rows = []
    for name in ("products-thien-an", "products-real", "products-samples"):
        content = _read(name)
        shared = {key: value for key, value in content.items() if key != "product"}
        rows += [shared | row for row in content["product"]]
    return rows


def product_pictures(row: TomlTable) -> list[str]:
    """Return the names of a product's pictures: its views, then those of its variants, each once."""
    variant_pictures = (variant["picture"] for variant in row["variants"] if "picture" in variant)
    return list(dict.fromkeys([*row["pictures"], *variant_pictures]))


def translate_to_english(text: str) -> str:
    """Translate a short text to English.

    Raises KeyError for a missing translation. A test checks all texts.
    """
    english = _english()
    if text in english["texts"]:
        return str(english["texts"][text])
    if _PLAIN_SIZE.fullmatch(text):
        return text
    match = _PACK.fullmatch(text)
    if match is None:
        raise KeyError(text)
    size = match["size"].replace(",", ".")
    return f"{size} {match['measure']} {english['packs'][match['pack']]}"


@cache
def _english() -> TomlTable:
    return _read("english")


def _read(name: str) -> TomlTable:
    with (_DATA / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)
