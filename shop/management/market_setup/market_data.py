"""Read the initial data of every market from `data/market.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

TomlTable: TypeAlias = dict[str, Any]  # a table of a TOML file; its reader checks the keys
_FILE = Path(__file__).parent / "data" / "market.toml"


@cache
def market() -> TomlTable:
    with _FILE.open("rb") as file:
        return tomllib.load(file)
