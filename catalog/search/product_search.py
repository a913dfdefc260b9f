"""Product search: rank products by relevance, with synonyms and spelling corrections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from django.conf import settings
from django.utils.translation import get_language
from pyroaring import BitMap

from catalog.models import AS_TYPED
from catalog.search.query_words import words_as_typed, words_of
from catalog.search.relevance_tiers import Tiers
from catalog.search.spelling_corrections import choices_of, meant
from catalog.search.synonym_expansion import Reading, readings_among, with_synonyms
from catalog.search.term_matching import Choice, Memory, Term, beginning, goods_said_with, goods_with, whole

Ask = Callable[..., BitMap]  # `goods_with` with its limit and memory applied
COUNTED = 1000  # the largest number of results that can be paged through, also in the API


@dataclass(frozen=True, slots=True)
class Found:
    """A search result: products, published or not, by relevance.

    `readings` are the words and their synonyms. `instead` is the corrected query (folded) if the original
    words match nothing.
    """

    tiers: Tiers = field(default_factory=lambda: Tiers(BitMap()))
    readings: Sequence[Reading] = ()
    instead: str = ""


def look_up(query: str, *, limit: int | None = None, memory: Memory | None = None) -> Found:
    """Products that contain every word of the query, ignoring diacritics and spelling variants.

    Ranked: name matches with the typed diacritics, then name matches without them, then names with prefixes
    or synonyms, then matches elsewhere. With `limit` each tier considers only that many of the newest
    products. `memory` is the cache of `goods_with`.
    """
    words = words_of(query)
    if not words:
        return Found()
    find = partial(goods_with, limit=limit, memory=memory)
    synonyms = with_synonyms(words)
    better = [partial(find, whole(words), named=True)]
    as_typed = [[[Term(AS_TYPED + word)]] for word in words_as_typed(query)]
    if as_typed:  # words in other scripts have no typed form
        better.insert(0, partial(find, as_typed, named=True))
    tiers = _rank(
        synonyms or beginning(words),
        better,
        find,
        _translated_matches(words, memory),
        newest=limit is not None,
    )
    readings = readings_among(words, synonyms or [])
    if tiers.goods:
        return Found(tiers, readings)
    phrases = meant(words)
    if phrases is None:
        return Found(readings=readings)
    likeliest = [each[:1] for each in phrases]
    for wanted in (likeliest, phrases):
        tiers = _rank(choices_of(wanted), [], find, newest=limit is not None)
        if tiers.goods:
            return Found(tiers, readings, instead=_corrected_text(next(iter(tiers)), wanted, find))
    return Found(readings=readings)


def _corrected_text(goods: BitMap, phrases: Sequence[Sequence[Sequence[str]]], find: Ask) -> str:
    """The likeliest correction of each word that the newest of these products contains."""
    newest = goods.max()

    def likeliest_held(each: Sequence[Sequence[str]]) -> Sequence[str]:
        candidates = (one for one in each if newest in find(choices_of([[one]])))
        return each[0] if len(each) == 1 else next(candidates, each[0])

    return " ".join(word for each in phrases for word in likeliest_held(each))


def find_products(query: str) -> list[int]:
    """Ids of products that contain every word, published or not, by relevance and then newest first."""
    found = look_up(query, limit=COUNTED)
    return list(islice((key for tier in found.tiers for key in reversed(tier)), COUNTED))


def named_so_far(query: str, *, limit: int) -> list[int]:
    """Ids of the newest products whose displayed name has words starting with the typed ones."""
    words = words_of(query)
    if not words:
        return []
    named = goods_with(beginning(words), named=True, limit=limit)
    return list(islice(reversed(named | _translated_matches(words)), limit))


def _rank(
    choices: Sequence[Choice],
    better: Sequence[Callable[[], BitMap]],
    find: Ask,
    translated: BitMap | None = None,
    *,
    newest: bool,
) -> Tiers:
    """Rank products that match `choices`, or are in `translated`, by `better` and then name matches."""
    also = translated if translated is not None else BitMap()
    named = [*better, lambda: find(choices, named=True) | also]
    return Tiers(find(choices) | also, named, newest=newest)


def _translated_matches(words: Sequence[str], memory: Memory | None = None) -> BitMap:
    """Products whose translated name contains the words; empty in the shop's default language."""
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE:
        return BitMap()
    return goods_said_with(words, language, memory=memory)
