"""Autocomplete suggestions for the search box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.models import Category, Product, Variant
from catalog.search.facet_index import FacetIndex
from catalog.search.landing_pages import LandingPage, find_landing_page
from catalog.search.name_search import PlaceMatch, find_categories, find_cooperatives, find_places
from catalog.search.name_words import read_name
from catalog.search.product_search import suggest_product_ids, suggest_products_by_option
from catalog.search.query_words import QueryWord, build_query_words, typed_words
from catalog.search.search_terms import Reading
from catalog.search.synonym_expansion import expand_synonyms, prefix_terms
from cooperatives.models import Cooperative
from shop.core.models import show_in_language
from shop.core.texts.folding import fold, folded_words

MIN_LETTERS_TO_SUGGEST = 2
MAX_SUGGESTED_PRODUCTS, MAX_OTHERS = 6, 2
MAX_EXAMINED_PRODUCTS = 60  # several products with one name count once


@dataclass(frozen=True, slots=True)
class Suggestions:
    landing: LandingPage | None = None
    products: Sequence[Product] = ()
    options: Sequence[Variant] = ()
    categories: Sequence[Category] = ()
    cooperatives: Sequence[Cooperative] = ()
    places: Sequence[PlaceMatch] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(
            self.landing
            or self.products
            or self.options
            or self.categories
            or self.cooperatives
            or self.places
        )


def find_search_suggestions(query: str, index: FacetIndex) -> Suggestions:
    """Return a few products, categories, cooperatives and places whose names start like the query.

    Products whose whole name starts so come first, then the newest. Of equal names only the newest stays.
    Options are suggested only where no product's own name matches. If nothing matches because only the first
    letter of the last word is typed ("quýt b"), the words before it suggest, and products with a word that
    starts with the letter come alone, if there are any.
    """
    words = build_query_words(query)
    if sum(len(word.folded) for word in words) < MIN_LETTERS_TO_SUGGEST:
        return Suggestions()
    found = _find_suggestions(query, words, index)
    last_letter = words[-1].folded
    if found or len(words) < 2 or len(last_letter) > 1:
        return found
    shorter = " ".join(typed_words(query)[:-1])
    return _find_suggestions(shorter, words[:-1], index, next_letter=last_letter)


def _find_suggestions(
    query: str, words: Sequence[QueryWord], index: FacetIndex, *, next_letter: str = ""
) -> Suggestions:
    readings = prefix_terms(expand_synonyms(words))
    products = _find_suggested_products(query, readings[0], index)
    products = [row for row in products if _has_word_from(row.name, next_letter)] or products
    return Suggestions(
        landing=find_landing_page(query, index),
        products=products[:MAX_SUGGESTED_PRODUCTS],
        options=() if products else _find_suggested_variants(query, readings[0], index),
        categories=find_categories(readings, MAX_OTHERS),
        cooperatives=find_cooperatives(readings, MAX_OTHERS),
        places=find_places(readings, index, MAX_OTHERS),
    )


def _has_word_from(name: str, letter: str) -> bool:
    return any(word.startswith(letter) for word in folded_words(name))


def _find_suggested_products(query: str, typed: Reading, index: FacetIndex) -> list[Product]:
    """Return products whose name matches, with all diacritics that were typed."""
    keys = [
        key for key in suggest_product_ids(query, limit=MAX_EXAMINED_PRODUCTS) if key in index.product_ids
    ]
    by_key = Product.objects.only("name", "slug").in_bulk(keys)
    rows = [by_key[key] for key in keys if key in by_key]
    show_in_language(rows, "name")
    by_name: dict[str, Product] = {}
    for row in rows:
        if read_name(row.name).matches(typed):
            by_name.setdefault(row.name, row)
    prefix = fold(query)
    return sorted(by_name.values(), key=lambda row: not fold(row.name).startswith(prefix))


def _find_suggested_variants(query: str, typed: Reading, index: FacetIndex) -> list[Variant]:
    """Return priced options that have the typed words in their own name or their product's."""
    keys = [
        key
        for key in suggest_products_by_option(query, limit=MAX_EXAMINED_PRODUCTS)
        if key in index.product_ids
    ]
    variants = Variant.objects.filter(
        product__in=keys, prices__channel=index.channel_id, prices__amount__isnull=False
    )
    options = list(variants.exclude(name="").select_related("product").in_order()[:MAX_EXAMINED_PRODUCTS])
    show_in_language(options, "name")
    show_in_language([option.product for option in options], "name")
    return [option for option in options if read_name(f"{option.product.name} {option.name}").matches(typed)][
        :MAX_SUGGESTED_PRODUCTS
    ]
