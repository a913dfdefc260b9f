"""Sellers, shelves and places that a query names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from catalog.models import Category
from catalog.search.shelf import Shelf
from catalog.search.words import words_of
from cooperatives.models import Cooperative
from cooperatives.models.cooperative import CooperativeQuerySet
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


def find_cooperatives(words: Sequence[str]) -> CooperativeQuerySet:
    """Cooperatives whose name holds every word."""
    found = Cooperative.objects.public() if words else Cooperative.objects.none()
    for word in words:
        found = found.filter(Q(folded_name__startswith=word) | Q(folded_name__contains=f" {word}"))
    return found.order_by("sort_order", "pk")


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
    begins = Division.objects.filter(valid_until=None)
    for word in words:
        begins = begins.filter(Q(folded__startswith=word) | Q(folded__contains=f" {word}"))
    begins = begins.only("code", "level", "full_name", "parent").order_by("-level", "sort_key", "pk")
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
def _categories() -> QuerySet[Category]:
    return Category.objects.in_order().only("slug", "name")


def _place(row: Division, shelf: Shelf, former: str = "") -> FoundPlace:
    sets = shelf.provinces if row.level == Level.PROVINCE else shelf.communes
    return FoundPlace(row, len(sets.get(row.code, ())), former)


def _holds(name: str, words: Sequence[str]) -> bool:
    own = folded_words(name)
    joined = "".join(own)
    return all(any(each.startswith(word) for each in own) or joined.startswith(word) for word in words)
