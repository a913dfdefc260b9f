"""Sorted product lists, fetched a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from itertools import chain, islice, repeat
from math import asin, cos, radians, sin, sqrt
from typing import Any, overload

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from pyroaring import BitMap

from catalog.models import Listing, Product
from catalog.search.facet_index import FacetIndex
from catalog.search.product_search import MAX_PAGEABLE_RESULTS
from catalog.search.relevance_tiers import RelevanceTiers
from catalog.states import ListingState
from shop.core.database.compiled_query import compiled_query
from shop.core.geography.province_map import SHAPES

# At most this many ids are passed to a query. For more, the database's index is scanned and filtered here.
MAX_IDS_IN_QUERY = 2_000
_STEPS = (200, 1_000, 5_000, 25_000, 125_000)
_EARTH_KM = 6_371.0


class SortOrder(StrEnum):
    RELEVANCE = "hop"
    SEASON = "mua"
    NEWEST = "moi"
    CHEAPEST = "gia"
    DEAREST = "gia-giam"
    BY_NAME = "ten"
    NEAREST = "gan"


class SortedProducts(Sequence[int]):
    """Product ids in an order, as a sequence for a paginator. The sequence ends after COUNTED products.

    Only `RELEVANCE` uses the tiers. `month` selects the season. `province_code` is the buyer's province;
    without a province `NEAREST` becomes `NEWEST`.
    """

    def __init__(
        self,
        tiers: RelevanceTiers,
        order: SortOrder,
        index: FacetIndex,
        *,
        month: int,
        province_code: str = "",
    ) -> None:
        self._tiers, self._order, self._index = tiers, order, index
        self._product_ids = tiers.product_ids
        self._month, self._province = month, province_code

    @property
    def total(self) -> int:
        return len(self._product_ids)

    def __len__(self) -> int:
        return min(self.total, MAX_PAGEABLE_RESULTS)

    @overload
    def __getitem__(self, requested: int) -> int: ...

    @overload
    def __getitem__(self, requested: slice) -> list[int]: ...

    def __getitem__(self, requested: int | slice) -> int | list[int]:
        if isinstance(requested, int):
            return self[requested : requested + 1][0]
        start, stop, _step = requested.indices(len(self))
        product_ids: list[int] = []
        passed = 0
        for run in self._groups():
            first, last = max(start - passed, 0), min(stop - passed, len(run))
            if first < last:
                product_ids += self._slice_group(run, first, last)
            passed += len(run)
            if passed >= stop:
                break
        return product_ids

    def _groups(self) -> Iterator[BitMap]:
        """Yield consecutive groups of products. Within each group the secondary order applies."""
        product_ids, index = self._product_ids, self._index
        if self._order == SortOrder.RELEVANCE:
            for tier in self._tiers:
                yield from (tier & index.available, tier - index.available)
        elif self._order == SortOrder.SEASON:
            in_season = index.months.get(self._month, BitMap())
            for remaining in (product_ids & index.available, product_ids - index.available):
                yield from (remaining & in_season, remaining - in_season)
        elif self._order in (SortOrder.CHEAPEST, SortOrder.DEAREST):
            known_prices = [price for price in index.prices if price is not None]
            for price in sorted(known_prices, reverse=self._order == SortOrder.DEAREST):
                yield product_ids & index.prices[price]
            yield product_ids & index.prices.get(None, BitMap())
        elif self._order == SortOrder.NEAREST and self._province in SHAPES:
            nearest_to = self._province
            for code in sorted(index.provinces, key=lambda code: (distance_km(nearest_to, code), code)):
                yield product_ids & index.provinces[code]
        else:
            yield product_ids

    def _slice_group(self, run: BitMap, first: int, last: int) -> list[int]:
        if self._order in (SortOrder.CHEAPEST, SortOrder.DEAREST):
            return list(islice(reversed(run), first, last))
        channel, is_by_name = self._index.channel_id, self._order == SortOrder.BY_NAME
        if len(run) > MAX_IDS_IN_QUERY:
            return _scan_index(
                _select_ids_by_name if is_by_name else partial(_select_newest_ids, channel), run, first, last
            )
        keys, limit = _ids_as_text(run), 1 << (last - 1).bit_length()
        rows = (
            _ids_by_name(keys, limit=limit) if is_by_name else _ids_newest_first(channel, keys, limit=limit)
        )
        return rows[first:last]


def distance_km(start: str, end: str) -> float:
    """Return the distance between the centres of two provinces. It is very large if one is unknown."""
    if start not in SHAPES or end not in SHAPES:
        return _EARTH_KM
    (east, north), (other_east, other_north) = SHAPES[start].centre, SHAPES[end].centre
    across, up = radians(other_east - east), radians(other_north - north)
    chord = sin(up / 2) ** 2 + cos(radians(north)) * cos(radians(other_north)) * sin(across / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(chord))


def _scan_index(rows: Callable[..., list[int]], run: BitMap, first: int, last: int) -> list[int]:
    """Scan the database's index in growing steps, and keep ids of the run up to position `last`."""
    product_ids: list[int] = []
    offset = 0
    for step in chain(_STEPS, repeat(_STEPS[-1])):
        chunk = rows(start=offset, stop=offset + step)
        product_ids += [key for key in chunk if key in run]
        offset += step
        if len(product_ids) >= last or len(chunk) < step:
            break
    return product_ids[first:last]


def _ids_as_text(run: BitMap) -> str:
    """Return many ids as one text parameter, which the database parses."""
    keys = ",".join(map(str, run))
    return f"[{keys}]" if connection.vendor == "sqlite" else f"{{{keys}}}"


def _ids_from_text(keys: str) -> RawSQL:
    if connection.vendor == "sqlite":
        return RawSQL("SELECT value FROM json_each(%s)", [keys])
    return RawSQL("SELECT unnest(%s::bigint[])", [keys])


@compiled_query
def _select_newest_ids(channel_id: int, *, start: int, stop: int) -> QuerySet[Any, int]:
    return _listed_products(channel_id)[start:stop]


@compiled_query
def _ids_newest_first(channel_id: int, keys: str, *, limit: int) -> QuerySet[Any, int]:
    return _listed_products(channel_id).filter(product__in=_ids_from_text(keys))[:limit]


@compiled_query
def _select_ids_by_name(*, start: int, stop: int) -> QuerySet[Any, int]:
    return Product.objects.in_alphabet().values_list("pk", flat=True)[start:stop]


@compiled_query
def _ids_by_name(keys: str, *, limit: int) -> QuerySet[Any, int]:
    products = Product.objects.filter(pk__in=_ids_from_text(keys))
    return products.in_alphabet().values_list("pk", flat=True)[:limit]


def _listed_products(channel_id: int) -> QuerySet[Any, int]:
    listings = Listing.objects.filter(channel=channel_id, state=ListingState.PUBLISHED)
    return listings.newest_first().values_list("product", flat=True)
