"""Read what every market starts with from `data/market.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "data" / "market.toml"


@cache
def market() -> dict[str, Any]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)
