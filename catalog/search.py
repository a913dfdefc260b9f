"""Finding goods by words, with or without their marks; and long lists made of several runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import overload

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils.translation import get_language

from catalog.models import Listing, Product
from catalog.models.listing import ListingQuerySet
from cooperatives.models import Cooperative
from cooperatives.models.cooperative import CooperativeQuerySet
from shop.core.models import Translation
from shop.core.text import fold

LONGEST_QUERY = 4000  # letters of a query that are looked at
MOST_WORDS = 8
COUNTED = 1000  # lists are counted up to here: nobody turns more pages, and counting everything is slow

_WORD = re.compile(r"[a-z0-9]+")

# The newest goods that hold every word, as the index of migration 0002 finds them; `named`: in their name.
_SQLITE = "SELECT rowid FROM catalog_search WHERE catalog_search MATCH %s ORDER BY rowid DESC LIMIT %s"
_POSTGRESQL = (
    "SELECT id FROM catalog_product WHERE to_tsvector('simple', search_text) @@ to_tsquery('simple', %s)"
    " ORDER BY id DESC LIMIT %s"
)
_POSTGRESQL_NAMED = _POSTGRESQL.replace("search_text", "replace(slug, '-', ' ')")


class Runs(Sequence[Listing]):
    """Several lists one after another, for a paginator: each stays a plain, indexed query.

    The lists must not share rows. They are counted, and can be read, up to COUNTED rows together.
    """

    def __init__(self, *runs: ListingQuerySet) -> None:
        self._runs = runs
        self._counts: list[int] | None = None

    @property
    def is_cut(self) -> bool:
        """Whether there is more than was counted."""
        return sum(self._counted()) > COUNTED

    def __len__(self) -> int:
        return min(sum(self._counted()), COUNTED)

    @overload
    def __getitem__(self, wanted: int) -> Listing: ...

    @overload
    def __getitem__(self, wanted: slice) -> list[Listing]: ...

    def __getitem__(self, wanted: int | slice) -> Listing | list[Listing]:
        if isinstance(wanted, int):
            return self._rows(slice(wanted, wanted + 1))[0]
        return self._rows(wanted)

    def _rows(self, wanted: slice) -> list[Listing]:
        start, stop, _step = wanted.indices(len(self))
        found: list[Listing] = []
        passed = 0
        for run, count in zip(self._runs, self._counted(), strict=True):
            first, last = max(start - passed, 0), min(stop - passed, count)
            if first < last:
                found += run[first:last]
            passed += count
        return found

    def _counted(self) -> list[int]:
        if self._counts is None:
            counts: list[int] = []
            for run in self._runs:
                left = COUNTED + 1 - sum(counts)
                counts.append(run.order_by()[:left].count() if left else 0)
            self._counts = counts
        return self._counts


def words_of(query: str) -> list[str]:
    """The words looked for: folded, without signs or repeats; empty where nothing is left of the query."""
    return list(dict.fromkeys(_WORD.findall(fold(query[:LONGEST_QUERY]))))[:MOST_WORDS]


def find_goods(listings: ListingQuerySet, query: str) -> list[int]:
    """Ids of the listings whose goods hold every word, best first.

    Goods named as typed come first, then those so named but for the marks, then those that hold the
    words elsewhere; the newest first among equals. More than COUNTED are not looked for.
    """
    words = words_of(query)
    if not words:
        return []
    named = _ids_with(words, named=True) | _ids_translated(words)
    found = listings.filter(product__in=named | _ids_with(words, named=False))
    rows = found.newest_first().values_list("pk", "product", "product__name")
    phrase = query.strip().lower()
    ranked = sorted(rows, key=lambda row: 0 if phrase in row[2].lower() else 1 if row[1] in named else 2)
    return [listing_id for listing_id, _product, _name in ranked]


def find_products(query: str) -> list[int]:
    """Ids of goods that hold every word, best first as `find_goods` ranks them, whether on sale or not."""
    words = words_of(query)
    if not words:
        return []
    named = _ids_with(words, named=True) | _ids_translated(words)
    found = Product.objects.filter(pk__in=named | _ids_with(words, named=False))
    rows = found.order_by("-created_at", "-pk").values_list("pk", "name")
    phrase = query.strip().lower()
    ranked = sorted(rows, key=lambda row: 0 if phrase in row[1].lower() else 1 if row[0] in named else 2)
    return [product_id for product_id, _name in ranked]


def find_cooperatives(query: str) -> CooperativeQuerySet:
    """Cooperatives whose name holds every word."""
    words = words_of(query)
    found = Cooperative.objects.public() if words else Cooperative.objects.none()
    for word in words:
        found = found.filter(Q(folded_name__startswith=word) | Q(folded_name__contains=f" {word}"))
    return found.order_by("sort_order", "pk")


def _ids_translated(words: Sequence[str]) -> set[int]:
    """Ids of goods whose name in the page's language holds the words; nothing in the shop's own language."""
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE:
        return set()
    names = Translation.objects.filter(kind="catalog.product", field="name", language=language)
    for word in words:
        names = names.filter(Q(text__istartswith=word) | Q(text__icontains=f" {word}"))
    return {int(key) for key in names.values_list("key", flat=True)[:COUNTED]}


def _ids_with(words: Sequence[str], *, named: bool) -> set[int]:
    """Ids of goods that hold words beginning so, each of them; `words` are plain letters and digits."""
    if connection.vendor == "sqlite":
        wanted = " AND ".join(f'"{word}"*' for word in words)
        statement, wanted = _SQLITE, f"slug : ({wanted})" if named else wanted
    else:
        wanted = " & ".join(f"{word}:*" for word in words)
        statement = _POSTGRESQL_NAMED if named else _POSTGRESQL
    with connection.cursor() as cursor:
        cursor.execute(statement, [wanted, COUNTED])
        return {row[0] for row in cursor.fetchall()}
