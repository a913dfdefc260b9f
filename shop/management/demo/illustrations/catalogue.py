"""The catalogue of pictures: each has a name, a background, and a function that paints it."""

from __future__ import annotations

from collections.abc import Callable

from shop.management.demo.illustrations.canvas import SIDE, Canvas

Painter = Callable[[Canvas], None]

MIST, SAGE, CREAM, PEACH = "#cfdbe6", "#cad8bf", "#f3e2b8", "#f1d9c8"
SAND, MINT, ROSE, OAT, LILAC = "#ece4d3", "#dce8dc", "#efd3cd", "#e5e0d6", "#dcd8e4"
WOOD, DARK_WOOD, CLOTH_TABLE, SLATE, CANE, TEAL_TABLE = "#c9a275", "#a67c52", "#d9cbb0", "#b5bec4", "#d2b57f", "#8fb0a6"

_PAINTERS: dict[str, tuple[Painter, str, str | None, int, tuple[int, int]]] = {}


def picture(name: str, ground: str, table: str | None = None, *, horizon: int = 640, size: tuple[int, int] = (SIDE, SIDE)) -> Callable[[Painter], Painter]:
    """Register a painter under a picture's name, before a wall and a table of these colours.

    `horizon` is where the table begins. If it is 0, the painter paints the whole background. Raises
    ValueError for a name that is taken.
    """

    def register(painter: Painter) -> Painter:
        if name in _PAINTERS:
            raise ValueError(f"two pictures are named {name}")
        _PAINTERS[name] = (painter, ground, table, horizon, size)
        return painter

    return register


def picture_names() -> list[str]:
    return sorted(_PAINTERS)


def paint(name: str) -> Canvas:
    """Paint a picture. Raises KeyError for an unknown name."""
    painter, ground, table, horizon, size = _PAINTERS[name]
    canvas = Canvas(ground, *size)
    if horizon:
        canvas.backdrop(table, horizon)
    painter(canvas)
    return canvas
