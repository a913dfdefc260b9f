"""What is on the shelf, kept in memory as sets of product ids: by category, seller, place, price, and so on.

Sets meet and are counted in microseconds, so a page can say how many goods each filter would leave, however
many there are. The rows are the truth: before each look, what was written to meanwhile is read again.
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
from pyroaring import BitMap

from catalog.models import Listing, Variant
from catalog.search.index_journal import Journal, Outdated
from catalog.search.term_matching import Memory
from cooperatives.models import Certificate
from shop.core.models.geography import Division, FormerPlace, Level
from shop.core.texts.folding import folded_words

BANDS = (0, 50_000, 100_000, 200_000, 500_000)  # where bands of prices begin, in minor units
LONGEST_SECONDS = 3_600  # after which everything is read anew, whatever the journal says

Sets = dict[Any, BitMap]
Beginnings = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormerName:
    """What a place was called before the mergers, `Xã Vi Hương`; `joined`: its folded name without spaces."""

    full_name: str
    joined: str


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A province or commune with goods, and what it is and was called."""

    division: Division
    name: Beginnings
    words: Sequence[str]
    former: Sequence[FormerName]


_SETS = (
    *("categories", "cooperatives", "provinces", "communes", "prices", "bands", "months", "units"),
    *("stars", "certificates"),
)


class Shelf:
    """The goods that lists of a channel show on a day, as sets that are never changed.

    `prices` by the lowest price, `months` (1 to 12) by season; certificates are those valid on the day.
    """

    goods: BitMap
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
        self.memory: Memory = {}  # what was found among all goods by words
        self._begun = time.monotonic()
        self._journal = Journal()
        self.goods = self.available = BitMap()
        for name in _SETS:
            setattr(self, name, {})
        self._read(None)

    @cached_property
    def places(self) -> list[NamedPlace]:
        """Where goods come from: provinces first, each in the order of the alphabet."""
        codes = [code for code in (*self.provinces, *self.communes) if code]
        rows = Division.objects.filter(code__in=codes, valid_until=None).prefetch_related(
            Prefetch("former_places", FormerPlace.objects.order_by("folded", "pk"))
        )
        return [
            NamedPlace(
                row,
                beginnings(row.name),
                folded_words(row.name),
                [FormerName(str(each), each.folded.replace(" ", "")) for each in row.former_places.all()],
            )
            for row in rows.order_by("-level", "sort_key", "pk")
            if self.goods_from(row)
        ]

    def goods_from(self, division: Division) -> BitMap:
        sets = self.provinces if division.level == Level.PROVINCE else self.communes
        return sets.get(division.code, BitMap())

    @property
    def is_worn(self) -> bool:
        return time.monotonic() - self._begun > LONGEST_SECONDS

    def followed(self) -> Shelf:
        """The shelf with what was written meanwhile: itself, if nothing was. Raises Outdated.

        Whoever looks at the old one in another thread goes on seeing it whole.
        """
        touched, words = self._journal.news()
        if not touched:
            return self
        new = copy.copy(self)
        if words:
            new.memory = {}
        gone = BitMap(touched)
        new.goods, new.available = self.goods - gone, self.available - gone
        for name in _SETS:
            setattr(new, name, _without(getattr(self, name), gone))
        new._read(touched)
        if (new.provinces.keys(), new.communes.keys()) != (self.provinces.keys(), self.communes.keys()):
            new.__dict__.pop("places", None)
        return new

    def priced(self, lowest: int | None, highest: int | None) -> BitMap:
        """Goods whose lowest price lies between, both ends included; those without a price are not."""
        return union(
            goods
            for price, goods in self.prices.items()
            if price is not None
            and (lowest is None or price >= lowest)
            and (highest is None or price <= highest)
        )

    def _read(self, touched: Collection[int] | None) -> None:
        """Put these goods, or all there are, into the sets where they belong."""
        listings = Listing.objects.on_shelf(self.channel_id)
        variants = Variant.objects.filter(prices__channel=self.channel_id, prices__amount__isnull=False)
        certificates = Certificate.objects.valid_on(self.day).filter(products__isnull=False)
        if touched is not None:
            listings = listings.filter(product__in=touched)
            variants = variants.filter(product__in=touched)
            certificates = certificates.filter(products__in=touched)
        self._sort_in(listings.order_by().values_list(*_COLUMNS))
        _put(self.units, variants.order_by().values_list("unit", "product"), self.goods)
        held = certificates.order_by().values_list("kind", "stars", "products")
        rows = [(kind, stars, product) for kind, stars, product in held if product in self.goods]
        _put(self.certificates, ((kind, product) for kind, _stars, product in rows), self.goods)
        best: dict[int, int] = {}
        for _kind, stars, product in rows:
            if stars:
                best[product] = max(stars, best.get(product, 0))
        _put(self.stars, ((stars, product) for product, stars in best.items()), self.goods)

    def _sort_in(self, rows: Iterable[tuple[Any, ...]]) -> None:
        new: list[dict[Any, list[int]]] = [defaultdict(list) for _ in range(7)]
        categories, cooperatives, provinces, communes, prices, seasons, available = new
        for product, category, cooperative, province, commune, price, season, is_available in rows:
            categories[category].append(product)
            cooperatives[cooperative].append(product)
            provinces[province].append(product)
            communes[commune].append(product)
            prices[price].append(product)
            seasons[season].append(product)
            available[is_available].append(product)
        kept = (self.categories, self.cooperatives, self.provinces, self.communes, self.prices)
        for sets, found in zip(kept, new[:5], strict=True):
            for key, products in found.items():
                _add(sets, key, BitMap(products))
        for price, products in prices.items():
            if price is not None:
                _add(self.bands, band_of(price), BitMap(products))
        for season, products in seasons.items():
            goods = BitMap(products)
            self.goods = self.goods | goods
            for month in range(1, 13):
                if season & 1 << (month - 1):
                    _add(self.months, month, goods)
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
_shelves: dict[int, Shelf] = {}


def shelf_of(channel_id: int, day: datetime.date) -> Shelf:
    """The shelf of a channel as it is now; kept by this process from one look to the next."""
    with _lock:
        shelf = _shelves.pop(channel_id, None)  # so that one that could not be read to the end is not kept
        if shelf is None or shelf.day != day or shelf.is_worn:
            shelf = Shelf(channel_id, day)
        else:
            try:
                shelf = shelf.followed()
            except Outdated:
                shelf = Shelf(channel_id, day)
        _shelves[channel_id] = shelf
        return shelf


def band_of(price: int) -> int:
    """Where the band of a price begins."""
    return BANDS[bisect_right(BANDS, price) - 1]


def beginnings(name: str) -> Beginnings:
    """What a name and each of its further words begin with, folded and without spaces, longest first."""
    words = folded_words(name)
    return tuple("".join(words[first:]) for first in range(len(words)))


def union(sets: Iterable[BitMap]) -> BitMap:
    found = list(sets)
    return BitMap.union(*found) if found else BitMap()


def _put(sets: Sets, rows: Iterable[tuple[Any, int]], goods: BitMap) -> None:
    """Each product of the rows (key, product) that is on the shelf into the set of its key."""
    found: dict[Any, list[int]] = defaultdict(list)
    for key, product in rows:
        found[key].append(product)
    for key, products in found.items():
        _add(sets, key, BitMap(products) & goods)


def _add(sets: Sets, key: Any, goods: BitMap) -> None:
    if goods:
        sets[key] = sets[key] | goods if key in sets else goods


def _without(sets: Sets, gone: BitMap) -> Sets:
    """The sets without these goods; those that had none of them stay the same ones."""
    left = ((key, goods if goods.isdisjoint(gone) else goods - gone) for key, goods in sets.items())
    return {key: goods for key, goods in left if goods}
