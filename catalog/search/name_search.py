"""Match a query against the names of cooperatives, categories and places."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import get_language

from catalog.models import Category
from catalog.search.facet_index import FacetIndex, NamedPlace
from catalog.search.name_words import MIN_JOINED_LETTERS, read_name
from catalog.search.search_terms import Reading
from cooperatives.models import Cooperative
from shop.core.database.compiled_query import compiled_query
from shop.core.models import Translation, show_in_language
from shop.core.models.geography import Division

_CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class PlaceMatch:
    """A province or commune with products. `former` is the former name that the query matches, if any."""

    division: Division
    product_count: int
    former: str = ""


def find_cooperatives(readings: Sequence[Reading], limit: int) -> list[Cooperative]:
    """Return cooperatives whose name contains every word of a reading.

    Only the columns that a link needs are loaded.
    """
    matches = _find_by_translated_name(readings)
    for reading in filter(None, readings):
        rows = _cooperatives_like(*_like_patterns([term.word for term in reading]))
        matches |= {row.pk: row for row in rows if name_matches(row.name, reading)}
    cooperatives = sorted(matches.values(), key=lambda row: (row.sort_order, row.pk))[:limit]
    show_in_language(cooperatives, "name")
    return cooperatives


def find_categories(readings: Sequence[Reading], limit: int) -> list[Category]:
    """Return categories whose name, original or translated, contains every word of a reading."""
    if not any(readings):
        return []
    rows = _categories()
    originals = {row.pk: row.name for row in rows}
    show_in_language(rows, "name")
    return [
        row
        for row in rows
        if any(
            name_matches(name, reading)
            for reading in readings
            if reading
            for name in {row.name, originals[row.pk]}
        )
    ][:limit]


def find_places(readings: Sequence[Reading], index: FacetIndex, limit: int) -> list[PlaceMatch]:
    """Return provinces and communes with products whose current or former name matches."""
    matches: dict[int, PlaceMatch] = {}
    for reading in filter(None, readings):
        for place in index.places:
            if place.name.matches(reading):
                matches.setdefault(place.division.pk, _place_match(place, index))
    for reading in filter(None, readings if len(matches) < limit else ()):
        joined_query = "".join(term.word for term in reading)
        for place in index.places:
            former_place = next(
                (
                    former_place
                    for former_place in place.former
                    if _matches_former_name(former_place.joined, joined_query)
                ),
                None,
            )
            if former_place:
                matches.setdefault(
                    place.division.pk, _place_match(place, index, former_name=former_place.full_name)
                )
    return list(matches.values())[:limit]


def name_matches(name: str, reading: Reading) -> bool:
    """Return whether the name contains each word of the reading."""
    return read_name(name).matches(reading)


def _matches_former_name(name: str, joined_name: str) -> bool:
    """Return whether the joined words are the name or, if long enough, a prefix of it."""
    return name == joined_name or (len(joined_name) >= MIN_JOINED_LETTERS and name.startswith(joined_name))


def _place_match(place: NamedPlace, index: FacetIndex, former_name: str = "") -> PlaceMatch:
    return PlaceMatch(place.division, len(index.products_from(place.division)), former_name)


def _like_patterns(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return LIKE patterns for names with all words, each after a space, or without any spaces.

    Short words occur across word boundaries by chance, so they are matched only after a space.
    """
    spaced_patterns = [f"% {word}%" for word in words]
    return spaced_patterns, [
        f"%{word}%" if len(word) >= MIN_JOINED_LETTERS else like
        for word, like in zip(words, spaced_patterns, strict=True)
    ]


@compiled_query
def _cooperatives_like(
    spaced_patterns: Collection[str], joined_patterns: Collection[str]
) -> QuerySet[Cooperative]:
    where = "(' ' || folded_name LIKE %s OR replace(folded_name, ' ', '') LIKE %s)"
    params = [like for pair in zip(spaced_patterns, joined_patterns, strict=True) for like in pair]
    cooperatives = Cooperative.objects.public().extra(where=[where] * len(spaced_patterns), params=params)  # noqa: S610
    return cooperatives.only("slug", "name", "sort_order").order_by("sort_order", "pk")[:_CANDIDATES]


def _find_by_translated_name(readings: Sequence[Reading]) -> dict[int, Cooperative]:
    """Return cooperatives by id whose translated name matches. The default language has no translations."""
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE or not any(readings):
        return {}
    kind = Cooperative._meta.label_lower
    keys = [
        int(key)
        for key, text in _translated_names(kind, language)
        if any(name_matches(text, reading) for reading in readings if reading)
    ]
    return {row.pk: row for row in _select_cooperatives(keys)}


@compiled_query
def _translated_names(kind: str, language: str) -> QuerySet[Any, Any]:
    translations = Translation.objects.filter(kind=kind, field="name", language=language)
    return translations.order_by("pk").values_list("key", "text")


@compiled_query
def _select_cooperatives(keys: Collection[int]) -> QuerySet[Cooperative]:
    cooperatives = Cooperative.objects.public().filter(pk__in=keys)
    return cooperatives.only("slug", "name", "sort_order").order_by("sort_order", "pk")


@compiled_query
def _categories() -> QuerySet[Category]:
    return Category.objects.shown().in_order().only("slug", "name")
