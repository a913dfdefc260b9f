"""Match a query against the names of cooperatives, categories and places."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import get_language

from catalog.models import Category
from catalog.search.facet_index import FacetIndex, NamedPlace, name_suffixes
from catalog.search.synonym_expansion import Reading
from cooperatives.models import Cooperative
from shop.core.database.compiled_query import compiled_query
from shop.core.models import Translation, show_in_language
from shop.core.models.geography import Division
from shop.core.texts.folding import folded_words

# A word this long may be several joined syllables; few Vietnamese syllables are as long.
_SHORTEST_JOINED = 5
_CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class PlaceMatch:
    """A province or commune with products; `former` is the former name that the query matched, if any."""

    division: Division
    product_count: int
    former: str = ""


def find_cooperatives(readings: Sequence[Reading], most: int) -> list[Cooperative]:
    """Cooperatives whose name contains every word of a reading, with the columns that a link needs."""
    found = _by_translated_name(readings)
    for reading in filter(None, readings):
        rows = _cooperatives(*_like_patterns([term.word for term in reading]))
        found |= {row.pk: row for row in rows if name_matches(row.name, reading)}
    shown = sorted(found.values(), key=lambda row: (row.sort_order, row.pk))[:most]
    show_in_language(shown, "name")
    return shown


def find_categories(readings: Sequence[Reading], most: int) -> list[Category]:
    """Categories whose name, original or translated, contains every word of a reading."""
    if not any(readings):
        return []
    rows = _categories()
    own = {row.pk: row.name for row in rows}
    show_in_language(rows, "name")
    return [
        row
        for row in rows
        if any(
            name_matches(name, reading) for reading in readings if reading for name in {row.name, own[row.pk]}
        )
    ][:most]


def find_places(readings: Sequence[Reading], index: FacetIndex, most: int) -> list[PlaceMatch]:
    """Provinces and communes with products whose current or former name matches."""
    found: dict[int, PlaceMatch] = {}
    for reading in filter(None, readings):
        for place in index.places:
            if _matches_words(reading, place.name, place.words):
                found.setdefault(place.division.pk, _found_place(place, index))
    for reading in filter(None, readings if len(found) < most else ()):
        written = "".join(term.word for term in reading)
        for place in index.places:
            called = [each for each in place.former if _matches_former_name(each.joined, written)]
            if called:
                found.setdefault(place.division.pk, _found_place(place, index, former=called[0].full_name))
    return list(found.values())[:most]


def name_matches(name: str, reading: Reading) -> bool:
    """Whether the name contains each word of the reading.

    A prefix term also matches the start of a word, or several words written as one.
    """
    return _matches_words(reading, name_suffixes(name), folded_words(name))


def _matches_words(reading: Reading, suffixes: Sequence[str], words: Collection[str]) -> bool:
    return all(
        any(each.startswith(term.word) for each in suffixes) if term.begins else term.word in words
        for term in reading
    )


def _matches_former_name(name: str, written: str) -> bool:
    """Whether the text is the name or, if long enough, a prefix of it."""
    return name == written or (len(written) >= _SHORTEST_JOINED and name.startswith(written))


def _found_place(place: NamedPlace, index: FacetIndex, former: str = "") -> PlaceMatch:
    return PlaceMatch(place.division, len(index.products_from(place.division)), former)


def _like_patterns(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """LIKE patterns for names that contain all words: after a space, and with the spaces removed.

    Short words occur across word boundaries by chance, so they are matched only after a space.
    """
    after_space = [f"% {word}%" for word in words]
    return after_space, [
        f"%{word}%" if len(word) >= _SHORTEST_JOINED else like
        for word, like in zip(words, after_space, strict=True)
    ]


@compiled_query
def _cooperatives(after_space: Collection[str], joined: Collection[str]) -> QuerySet[Cooperative]:
    where = "(' ' || folded_name LIKE %s OR replace(folded_name, ' ', '') LIKE %s)"
    params = [like for pair in zip(after_space, joined, strict=True) for like in pair]
    rows = Cooperative.objects.public().extra(where=[where] * len(after_space), params=params)  # noqa: S610
    return rows.only("slug", "name", "sort_order").order_by("sort_order", "pk")[:_CANDIDATES]


def _by_translated_name(readings: Sequence[Reading]) -> dict[int, Cooperative]:
    """Cooperatives by id whose translated name matches; empty in the shop's default language."""
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE or not any(readings):
        return {}
    kind = Cooperative._meta.label_lower
    keys = [
        int(key)
        for key, text in _translated_names(kind, language)
        if any(name_matches(text, reading) for reading in readings if reading)
    ]
    return {row.pk: row for row in _with_keys(keys)}


@compiled_query
def _translated_names(kind: str, language: str) -> QuerySet[Any, Any]:
    rows = Translation.objects.filter(kind=kind, field="name", language=language)
    return rows.order_by("pk").values_list("key", "text")


@compiled_query
def _with_keys(keys: Collection[int]) -> QuerySet[Cooperative]:
    rows = Cooperative.objects.public().filter(pk__in=keys)
    return rows.only("slug", "name", "sort_order").order_by("sort_order", "pk")


@compiled_query
def _categories() -> QuerySet[Category]:
    return Category.objects.in_order().only("slug", "name")
