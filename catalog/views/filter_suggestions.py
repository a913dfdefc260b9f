"""Taking choices back: one by one, and which of them to let go of where nothing fits them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from catalog.search.facet_index import Shelf
from catalog.search.query_words import words_of
from catalog.search.term_matching import beginning, goods_with
from catalog.views import filter_labels
from catalog.views.product_filters import (
    BAND,
    COMMUNE,
    DELIVERED,
    HIGHEST,
    IN_SEASON,
    IN_STOCK,
    LOWEST,
    NAMES,
    PLACE,
    WITH_OCOP,
    Facet,
    Filters,
)


@dataclass(frozen=True, slots=True)
class WayOut:
    """A choice that can be taken back: its name, the address without it, and how many goods that leaves."""

    label: str
    address: str
    count: int = 0


def chosen(filters: Filters, facets: Sequence[Facet], asked: QueryDict) -> list[WayOut]:
    """Each choice of the folded filters, to be taken back alone."""
    ways = [
        WayOut(option.label, without(asked, facet.name, value=option.value))
        for facet in facets
        for option in facet.options
        if option.is_chosen
    ]
    if filters.lowest is not None or filters.highest is not None:
        between = filter_labels.between_label(filters.lowest, filters.highest)
        ways.append(WayOut(between, without(asked, LOWEST, HIGHEST)))
    return ways


def loosened(filters: Filters, facets: Sequence[Facet], asked: QueryDict) -> list[WayOut]:
    """What to let go of where nothing fits, what leaves the most first; all where no single one helps."""
    selection = filters.selection
    names = {facet.name: facet.label for facet in facets} | _toggle_names()
    names[PLACE] = names.get(PLACE) or names.get(COMMUNE) or _("Where it is from")
    names[BAND] = _("Price")
    ways = [
        WayOut(
            names.get(respect, respect),
            without(asked, *NAMES.get(respect, (respect,))),
            len(selection.without(respect)),
        )
        for respect in selection.respects
    ]
    useful = sorted((way for way in ways if way.count), key=lambda way: -way.count)
    if useful or len(ways) < 2 or not selection.all_goods:
        return useful
    every = [name for respect in selection.respects for name in NAMES.get(respect, (respect,))]
    return [WayOut(_("all filters"), without(asked, *every), len(selection.all_goods))]


def with_fewer_words(query: str, shelf: Shelf) -> list[WayOut]:
    """What is found without one of the words, where nothing holds all of them."""
    words = words_of(query)
    ways = []
    for left_out in words if len(words) > 1 else ():
        others = [word for word in words if word != left_out]
        count = shelf.goods.intersection_cardinality(goods_with(beginning(others)))
        if count:
            fewer = " ".join(others)
            ways.append(WayOut(fewer, f"?{urlencode({'q': fewer})}", count))
    return sorted(ways, key=lambda way: -way.count)


def without(asked: QueryDict, *names: str, value: str | None = None) -> str:
    """The query string without these names, or without one value of the name; back on the first page."""
    left = [
        (name, each)
        for name, values in asked.lists()
        for each in values
        if name != "page" and (name not in names or (value is not None and each != value))
    ]
    return f"?{urlencode(left)}"


def _toggle_names() -> dict[str, str]:
    return {
        IN_SEASON: _("In season"),
        IN_STOCK: _("In stock"),
        WITH_OCOP: _("With OCOP stars"),
        DELIVERED: _("Delivered to me"),
    }
