"""Outlines and centres of the 34 provinces on the map."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "data" / "provinces.json"


@dataclass(frozen=True, slots=True)
class Shape:
    """A province on a map of `MAP_WIDTH` by `MAP_HEIGHT` units.

    `path` and `islands` are SVG paths. Islands are dots (lines of zero length). `centre` is longitude and
    latitude in degrees.
    """

    path: str
    islands: str
    centre: tuple[float, float]


def _shapes(rows: dict[str, dict[str, Any]]) -> dict[str, Shape]:
    return {
        code: Shape(row["path"], row.get("islands", ""), (row["centre"][0], row["centre"][1]))
        for code, row in rows.items()
    }


_DATA = json.loads(_FILE.read_text(encoding="utf-8"))
MAP_WIDTH: int = _DATA["width"]
MAP_HEIGHT: int = _DATA["height"]
# By the code of the province. Drawn from Natural Earth, see data/LICENSE-natural-earth.
SHAPES = _shapes(_DATA["provinces"])
# Labels on the map: x, y, text.
LABELS: list[tuple[int, int, str]] = [(across, down, word) for across, down, word in _DATA["labels"]]
