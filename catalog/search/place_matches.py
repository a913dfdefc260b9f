"""Sellers, shelves and places that a query names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import get_language

from catalog.models import Category
from catalog.search.facet_index import NamedPlace, Shelf, beginnings
from catalog.search.synonym_expansion import Reading
from cooperatives.models import Cooperative
from shop.core.database.compiled_query import prepared
from shop.core.models import Translation, show_in_language
from shop.core.models.geography import Division
from shop.core.texts.folding import folded_words

_JOINED = 5  # letters of a word that may be several: few Vietnamese syllables are as long
_LOOKED_AT = 60


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A province or commune with goods; `former` is the old name that was asked for, if it was one."""

    division: Division
    goods: int
    former: str = ""


def find_cooperatives(readings: Sequence[Reading], most: int) -> list[Cooperative]:
    """Cooperatives whose name holds every word of a reading, with what a link says of them."""
    found = _said(readings)
    for reading in filter(None, readings):
        rows = _cooperatives(*_patterns([term.word for term in reading]))
        found |= {row.pk: row for row in rows if holds(row.name, reading)}
    shown = sorted(found.values(), key=lambda row: (row.sort_order, row.pk))[:most]
    show_in_language(shown, "name")
    return shown


def find_categories(readings: Sequence[Reading], most: int) -> list[Category]:
    """Shelves whose name, their own or that in the page's language, holds every word of a reading."""
    if not any(readings):
        return []
    rows = _categories()
    own = {row.pk: row.name for row in rows}
    show_in_language(rows, "name")
    return [
        row
        for row in rows
        if any(holds(name, reading) for reading in readings if reading for name in {row.name, own[row.pk]})
    ][:most]


def find_places(readings: Sequence[Reading], shelf: Shelf, most: int) -> list[FoundPlace]:
    """Provinces and communes that goods come from and that are called so, or were before the mergers."""
    found: dict[int, FoundPlace] = {}
    for reading in filter(None, readings):
        for place in shelf.places:
            if _is_said(reading, place.name, place.words):
                found.setdefault(place.division.pk, _found(place, shelf))
    for reading in filter(None, readings if len(found) < most else ()):
        written = "".join(term.word for term in reading)
        for place in shelf.places:
            called = [each for each in place.former if _is_called(each.joined, written)]
            if called:
                found.setdefault(place.division.pk, _found(place, shelf, former=called[0].full_name))
    return list(found.values())[:most]


def holds(name: str, reading: Reading) -> bool:
    """Whether the name has each word of the reading; of those that may go on, whether a word of it begins so,
    or several of its words written as one."""
    return _is_said(reading, beginnings(name), folded_words(name))


def _is_said(reading: Reading, begun: Sequence[str], words: Collection[str]) -> bool:
    return all(
        any(each.startswith(term.word) for each in begun) if term.begins else term.word in words
        for term in reading
    )


def _is_called(name: str, written: str) -> bool:
    """Whether it is the name; of what is longer, whether the name begins so."""
    return name == written or (len(written) >= _JOINED and name.startswith(written))


def _found(place: NamedPlace, shelf: Shelf, former: str = "") -> FoundPlace:
    return FoundPlace(place.division, len(shelf.goods_from(place.division)), former)


def _patterns(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """What a name is like that holds all words, each after a space; and what it is like without its spaces.

    Few letters are found between any two words: those are looked for after a space alone.
    """
    begun = [f"% {word}%" for word in words]
    return begun, [
        f"%{word}%" if len(word) >= _JOINED else like for word, like in zip(words, begun, strict=True)
    ]


@prepared
def _cooperatives(begun: Collection[str], joined: Collection[str]) -> QuerySet[Cooperative]:
    where = "(' ' || folded_name LIKE %s OR replace(folded_name, ' ', '') LIKE %s)"
    params = [like for pair in zip(begun, joined, strict=True) for like in pair]
    rows = Cooperative.objects.public().extra(where=[where] * len(begun), params=params)  # noqa: S610
    return rows.only("slug", "name", "sort_order").order_by("sort_order", "pk")[:_LOOKED_AT]


def _said(readings: Sequence[Reading]) -> dict[int, Cooperative]:
    """Cooperatives by key whose name in the page's language holds the words; none in the shop's own."""
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE or not any(readings):
        return {}
    kind = Cooperative._meta.label_lower
    keys = [
        int(key)
        for key, text in _told(kind, language)
        if any(holds(text, reading) for reading in readings if reading)
    ]
    return {row.pk: row for row in _with_keys(keys)}


@prepared
def _told(kind: str, language: str) -> QuerySet[Any, Any]:
    rows = Translation.objects.filter(kind=kind, field="name", language=language)
    return rows.order_by("pk").values_list("key", "text")


@prepared
def _with_keys(keys: Collection[int]) -> QuerySet[Cooperative]:
    rows = Cooperative.objects.public().filter(pk__in=keys)
    return rows.only("slug", "name", "sort_order").order_by("sort_order", "pk")


@prepared
def _categories() -> QuerySet[Category]:
    return Category.objects.in_order().only("slug", "name")
