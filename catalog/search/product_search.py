"""Product search: rank products by relevance, with synonyms and spelling corrections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from django.conf import settings
from django.utils.translation import get_language
from pyroaring import BitMap

from catalog.models import EXACT_WORD_PREFIX
from catalog.search.query_words import words_as_typed, words_of
from catalog.search.relevance_tiers import RelevanceTiers
from catalog.search.spelling_corrections import correct_words, search_choices
from catalog.search.synonym_expansion import Reading, readings_among, with_synonyms
from catalog.search.term_matching import (
    Choice,
    SearchCache,
    Term,
    exact_choices,
    prefix_choices,
    products_with_translated_words,
    products_with_words,
)

ProductQuery = Callable[..., BitMap]  # `products_with_words` with its limit and memory applied
MAX_RESULTS = 1000  # the largest number of results that can be paged through, also in the API


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A search result: products, published or not, by relevance.

    `readings` are the words and their synonyms. `instead` is the corrected query (folded) if the original
    words match nothing.
    """

    tiers: RelevanceTiers = field(default_factory=lambda: RelevanceTiers(BitMap()))
    readings: Sequence[Reading] = ()
    instead: str = ""


def search_products(
    query: str, *, limit: int | None = None, memory: SearchCache | None = None
) -> SearchResult:
    """Products that contain every word of the query, ignoring diacritics and spelling variants.

    Ranked: name matches with the typed diacritics, then name matches without them, then names with prefixes
    or synonyms, then matches elsewhere. With `limit` each tier considers only that many of the newest
    products. `memory` is the cache of `products_with_words`.
    """
    words = words_of(query)
    if not words:
        return SearchResult()
    find = partial(products_with_words, limit=limit, memory=memory)
    synonyms = with_synonyms(words)
    better = [partial(find, exact_choices(words), named=True)]
    as_typed = [[[Term(EXACT_WORD_PREFIX + word)]] for word in words_as_typed(query)]
    if as_typed:  # words in other scripts have no typed form
        better.insert(0, partial(find, as_typed, named=True))
    tiers = _rank(
        synonyms or prefix_choices(words),
        better,
        find,
        _translated_matches(words, memory),
        newest=limit is not None,
    )
    readings = readings_among(words, synonyms or [])
    if tiers.product_ids:
        return SearchResult(tiers, readings)
    phrases = correct_words(words)
    if phrases is None:
        return SearchResult(readings=readings)
    likeliest = [each[:1] for each in phrases]
    for requested in (likeliest, phrases):
        tiers = _rank(search_choices(requested), [], find, newest=limit is not None)
        if tiers.product_ids:
            return SearchResult(tiers, readings, instead=_corrected_text(next(iter(tiers)), requested, find))
    return SearchResult(readings=readings)


def _corrected_text(
    product_ids: BitMap, phrases: Sequence[Sequence[Sequence[str]]], find: ProductQuery
) -> str:
    """The likeliest correction of each word that the newest of these products contains."""
    newest = product_ids.max()

    def likeliest_match(each: Sequence[Sequence[str]]) -> Sequence[str]:
        candidates = (one for one in each if newest in find(search_choices([[one]])))
        return each[0] if len(each) == 1 else next(candidates, each[0])

    return " ".join(word for each in phrases for word in likeliest_match(each))


def search_product_ids(query: str) -> list[int]:
    """Ids of products that contain every word, published or not, by relevance and then newest first."""
    result = search_products(query, limit=MAX_RESULTS)
    return list(islice((key for tier in result.tiers for key in reversed(tier)), MAX_RESULTS))


def suggest_product_ids(query: str, *, limit: int) -> list[int]:
    """Ids of the newest products whose displayed name has words starting with the typed ones."""
    words = words_of(query)
    if not words:
        return []
    named = products_with_words(prefix_choices(words), named=True, limit=limit)
    return list(islice(reversed(named | _translated_matches(words)), limit))


def _rank(
    choices: Sequence[Choice],
    better: Sequence[Callable[[], BitMap]],
    find: ProductQuery,
    translated: BitMap | None = None,
    *,
    newest: bool,
) -> RelevanceTiers:
    """Rank products that match `choices`, or are in `translated`, by `better` and then name matches."""
    also = translated if translated is not None else BitMap()
    named = [*better, lambda: find(choices, named=True) | also]
    return RelevanceTiers(find(choices) | also, named, newest=newest)


def _translated_matches(words: Sequence[str], memory: SearchCache | None = None) -> BitMap:
    """Products whose translated name contains the words; empty in the shop's default language."""
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE:
        return BitMap()
    return products_with_translated_words(words, language, memory=memory)
