"""Sellers, shelves and places that a query names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from catalog.models import Category
from catalog.search.shelf import Shelf
from catalog.search.words import words_of
from cooperatives.models import Cooperative
from shop.core.models import show_in_language
from shop.core.models.geography import Division, FormerPlace, Level
from shop.core.prepared import prepared
from shop.core.text import folded_words


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A province or commune with goods; `former` is the old name that was asked for, if it was one."""

    division: Division
    goods: int
    former: str = ""


def find_cooperatives(words: Sequence[str], most: int) -> list[Cooperative]:
    """Cooperatives whose name holds every word, with what a link says of them."""
    found = _cooperatives([f"% {word}%" for word in words], most=most) if words else []
    show_in_language(found, "name")
    return found


def find_categories(words: Sequence[str], most: int) -> list[Category]:
    """Shelves whose name, in the page's language, holds every word; joined syllables too."""
    if not words:
        return []
    rows = _categories()
    show_in_language(rows, "name")
    return [row for row in rows if _holds(row.name, words)][:most]


def find_places(query: str, shelf: Shelf, most: int) -> list[FoundPlace]:
    """Provinces and communes that goods come from and that are called so, or were before the mergers."""
    words = words_of(query)
    if not words:
        return []
    begins = _divisions([f"% {word}%" for word in words])
    found = [_place(row, shelf) for row in begins if _has_goods(row, shelf)][:most]
    if len(found) < most:
        there = {place.division.pk for place in found}
        former = FormerPlace.objects.filter(folded=" ".join(words)).select_related("division")
        for row in former.order_by("division__sort_key", "pk"):
            if row.division_id not in there and _has_goods(row.division, shelf):
                there.add(row.division_id)
                found.append(_place(row.division, shelf, former=f"{row.type_word} {row.name}"))
    return found[:most]


def _has_goods(row: Division, shelf: Shelf) -> bool:
    return row.code in (shelf.provinces if row.level == Level.PROVINCE else shelf.communes)


@prepared
def _cooperatives(patterns: Collection[str], *, most: int) -> QuerySet[Cooperative]:
    rows = _each_like(Cooperative.objects.public(), "folded_name", patterns)
    return rows.only("slug", "name").order_by("sort_order", "pk")[:most]


@prepared
def _divisions(patterns: Collection[str]) -> QuerySet[Division]:
    rows = _each_like(Division.objects.filter(valid_until=None), "folded", patterns)
    return rows.only("code", "level", "full_name", "parent").order_by("-level", "sort_key", "pk")


def _each_like(rows: QuerySet[Any], column: str, patterns: Collection[str]) -> QuerySet[Any]:
    """Rows whose words, each after a space, are like all of these; the patterns are made of plain words."""
    where = f"' ' || {column} LIKE %s"
    return rows.extra(where=[where] * len(patterns), params=list(patterns))  # noqa: S610


@prepared
def _categories() -> QuerySet[Category]:
    return Category.objects.in_order().only("slug", "name")


def _place(row: Division, shelf: Shelf, former: str = "") -> FoundPlace:
    sets = shelf.provinces if row.level == Level.PROVINCE else shelf.communes
    return FoundPlace(row, len(sets.get(row.code, ())), former)


def _holds(name: str, words: Sequence[str]) -> bool:
    own = folded_words(name)
    joined = "".join(own)
    return all(any(each.startswith(word) for each in own) or joined.startswith(word) for word in words)
