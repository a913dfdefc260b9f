"""In-memory facet index: bitmaps of product ids by category, cooperative, place, price and others.

Bitmaps intersect and count in microseconds. Pages can therefore show the count of every filter in a catalogue
of any size. Before each use the index reads again the products that have changed in the database.
"""

from __future__ import annotations

import copy
import datetime
import threading
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from pyroaring import BitMap

from catalog.models import Listing, Variant
from catalog.search.index_journal import ChangeJournal, IndexOutdated
from catalog.search.name_words import NameWords, read_name
from catalog.search.term_matching import SearchCache
from cooperatives.models import Certificate
from shop.core.dates.calendar import vietnam_date
from shop.core.geography.division_choices import load_provinces
from shop.core.models import market_channel
from shop.core.models.geography import Division, DivisionLevel, FormerPlace

PRICE_BAND_STARTS = (0, 50_000, 100_000, 200_000, 500_000)  # in minor units
MAX_INDEX_AGE_SECONDS = 3_600  # then it is rebuilt, even if the journal has no changes

Sets = dict[Any, BitMap]


@dataclass(frozen=True, slots=True)
class FormerName:
    """A place's name before the mergers of 2025, e.g. `Xã Vi Hương`. `joined` is folded, without spaces."""

    full_name: str
    joined: str


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A province or commune with products, and its current and former names."""

    division: Division
    name: NameWords
    former: Sequence[FormerName]


_FACETS = (
    "categories",
    "cooperatives",
    "provinces",
    "communes",
    "prices",
    "bands",
    "months",
    "units",
    "stars",
    "certificates",
)


class FacetIndex:
    """Products listed in a channel on a day, as bitmaps that are never mutated.

    The keys of `prices` are lowest prices, and those of `months` are 1 to 12, by season. The index holds only
    certificates that are valid on the day.
    """

    product_ids: BitMap
    available: BitMap
    categories: Sets
    cooperatives: Sets
    provinces: Sets
    communes: Sets
    prices: Sets
    bands: Sets
    months: Sets
    units: Sets
    stars: Sets
    certificates: Sets

    def __init__(self, channel_id: int, day: datetime.date) -> None:
        self.channel_id, self.day = channel_id, day
        self.cache: SearchCache = {}  # cached results of term searches over all products
        self._built_at = time.monotonic()
        self._journal = ChangeJournal()
        self.product_ids = self.available = BitMap()
        for name in _FACETS:
            setattr(self, name, {})
        self._read(None)

    @cached_property
    def places(self) -> list[NamedPlace]:
        """Provinces with products, then communes, each in alphabetical order."""
        codes = [code for code in (*self.provinces, *self.communes) if code]
        divisions = Division.objects.filter(code__in=codes, valid_until=None).prefetch_related(
            Prefetch("former_places", FormerPlace.objects.order_by("folded", "pk"))
        )
        return [
            NamedPlace(
                division,
                read_name(division.name),
                [
                    FormerName(str(place), place.folded.replace(" ", ""))
                    for place in division.former_places.all()
                ],
            )
            for division in divisions.order_by("-level", "sort_key", "pk")
            if self.products_from(division)
        ]

    @cached_property
    def provinces_by_name(self) -> dict[str, Division]:
        """All provinces in force, with or without products, by folded name without spaces."""
        return {province.folded.replace(" ", ""): province for province in load_provinces()}

    def products_from(self, division: Division) -> BitMap:
        sets = self.provinces if division.level == DivisionLevel.PROVINCE else self.communes
        return sets.get(division.code, BitMap())

    def seasonal_products(self, month: int = 0) -> BitMap:
        """Return seasonal products that are in season in the month, or all seasonal products if it is 0."""
        all_year = BitMap.intersection(*(self.months.get(number, BitMap()) for number in range(1, 13)))
        return (self.months.get(month, BitMap()) if month else self.product_ids) - all_year

    @property
    def is_expired(self) -> bool:
        return time.monotonic() - self._built_at > MAX_INDEX_AGE_SECONDS

    def with_later_changes(self) -> FacetIndex:
        """Return a copy of the index with all later changes, or the index itself if there are none.

        Other threads keep a consistent view of the old index. Raises IndexOutdated.
        """
        changed_ids, has_new_words = self._journal.changes_since_last_read()
        if not changed_ids:
            return self
        updated = copy.copy(self)
        if has_new_words:
            updated.cache = {}
        changed_bitmap = BitMap(changed_ids)
        updated.product_ids, updated.available = (
            self.product_ids - changed_bitmap,
            self.available - changed_bitmap,
        )
        for name in _FACETS:
            setattr(updated, name, _remove_products(getattr(self, name), changed_bitmap))
        updated._read(changed_ids)
        if (updated.provinces.keys(), updated.communes.keys()) != (
            self.provinces.keys(),
            self.communes.keys(),
        ):
            updated.__dict__.pop("places", None)
        return updated

    def priced(self, lowest: int | None, highest: int | None) -> BitMap:
        """Return priced products whose lowest price is in the range, both ends included."""
        return union_sets(
            product_ids
            for price, product_ids in self.prices.items()
            if price is not None
            and (lowest is None or price >= lowest)
            and (highest is None or price <= highest)
        )

    def _read(self, changed_ids: Collection[int] | None) -> None:
        """Read the given products, or all, into the bitmaps."""
        listings = Listing.objects.on_sale(self.channel_id)
        variants = Variant.objects.filter(prices__channel=self.channel_id, prices__amount__isnull=False)
        certificates = Certificate.objects.valid_on(self.day).filter(products__isnull=False)
        if changed_ids is not None:
            listings = listings.filter(product__in=changed_ids)
            variants = variants.filter(product__in=changed_ids)
            certificates = certificates.filter(products__in=changed_ids)
        self._add_listings(listings.order_by().values_list(*_COLUMNS))
        _add_rows(self.units, variants.order_by().values_list("unit", "product"), self.product_ids)
        certificate_rows = certificates.order_by().values_list("kind", "stars", "products")
        rows = [
            (kind, stars, product) for kind, stars, product in certificate_rows if product in self.product_ids
        ]
        _add_rows(self.certificates, ((kind, product) for kind, _stars, product in rows), self.product_ids)
        best: dict[int, int] = {}
        for _kind, stars, product in rows:
            if stars:
                best[product] = max(stars, best.get(product, 0))
        _add_rows(self.stars, ((stars, product) for product, stars in best.items()), self.product_ids)

    def _add_listings(self, rows: Iterable[tuple[Any, ...]]) -> None:
        columns: list[dict[Any, list[int]]] = [defaultdict(list) for _ in range(7)]
        categories, cooperatives, provinces, communes, prices, seasons, available = columns
        for product, category, cooperative, province, commune, price, season, is_available in rows:
            categories[category].append(product)
            cooperatives[cooperative].append(product)
            provinces[province].append(product)
            communes[commune].append(product)
            prices[price].append(product)
            seasons[season].append(product)
            available[is_available].append(product)
        facets = (self.categories, self.cooperatives, self.provinces, self.communes, self.prices)
        for sets, products_by_key in zip(facets, columns[:5], strict=True):
            for key, products in products_by_key.items():
                _add_to_set(sets, key, BitMap(products))
        for price, products in prices.items():
            if price is not None:
                _add_to_set(self.bands, price_band(price), BitMap(products))
        for season, products in seasons.items():
            product_ids = BitMap(products)
            self.product_ids = self.product_ids | product_ids
            for month in range(1, 13):
                if season & 1 << (month - 1):
                    _add_to_set(self.months, month, product_ids)
        self.available = self.available | BitMap(available[True])


_COLUMNS = (
    "product",
    "product__category",
    "product__cooperative",
    "product__cooperative__province_code",
    "product__cooperative__commune_code",
    "lowest_price",
    "product__season",
    "is_available",
)
_lock = threading.Lock()
_indexes: dict[int, FacetIndex] = {}


def load_facet_index(channel_id: int, day: datetime.date) -> FacetIndex:
    """Return the current index of a channel, cached in this process between calls."""
    with _lock:
        # The index is removed first, so that an index whose update failed does not stay.
        index = _indexes.pop(channel_id, None)
        if index is None or index.day != day or index.is_expired:
            index = FacetIndex(channel_id, day)
        else:
            try:
                index = index.with_later_changes()
            except IndexOutdated:
                index = FacetIndex(channel_id, day)
        _indexes[channel_id] = index
        return index


def load_market_facet_index() -> FacetIndex:
    """Return the market's current facet index. It is empty if there is no channel."""
    channel = market_channel()
    return load_facet_index(channel.pk if channel else 0, vietnam_date(timezone.now()))


def price_band(price: int) -> int:
    """Return the lower bound of a price's band."""
    return PRICE_BAND_STARTS[bisect_right(PRICE_BAND_STARTS, price) - 1]


def union_sets(sets: Iterable[BitMap]) -> BitMap:
    bitmaps = list(sets)
    return BitMap.union(*bitmaps) if bitmaps else BitMap()


def _add_rows(sets: Sets, rows: Iterable[tuple[Any, int]], product_ids: BitMap) -> None:
    """Add products of rows (key, product) to the set of their key, if the index holds them."""
    products_by_key: dict[Any, list[int]] = defaultdict(list)
    for key, product in rows:
        products_by_key[key].append(product)
    for key, products in products_by_key.items():
        _add_to_set(sets, key, BitMap(products) & product_ids)


def _add_to_set(sets: Sets, key: Any, product_ids: BitMap) -> None:
    if product_ids:
        sets[key] = sets[key] | product_ids if key in sets else product_ids


def _remove_products(sets: Sets, removed_ids: BitMap) -> Sets:
    """Return the sets without these products. Sets that do not change are used again."""
    remaining = (
        (key, product_ids if product_ids.isdisjoint(removed_ids) else product_ids - removed_ids)
        for key, product_ids in sets.items()
    )
    return {key: product_ids for key, product_ids in remaining if product_ids}
