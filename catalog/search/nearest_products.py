"""Products nearest to a query of several words that no product has all of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyroaring import BitMap

from catalog.models import Product
from catalog.search.facet_index import FacetIndex
from catalog.search.product_search import find_products_with_words
from catalog.search.query_words import build_query_words, typed_words
from catalog.search.relevance_tiers import RelevanceTiers
from shop.core.texts.folding import fold, folded_words
from shop.core.texts.keyboards import is_typing_error

_MAX_COMPARED_NAMES = 200
_MIN_LETTERS_OF_NAME = 3  # words of two letters are one error away from too many others
# Spellings of one sound in parts of the country, each with the letters that stand for it here.
_SAME_SOUNDS = ((r"^(gi|r|d)", "z"), (r"^x", "s"), (r"^tr", "ch"), (r"^n(?!g|h)", "l"), (r"y$", "i"))


def find_nearest_products(query: str, index: FacetIndex) -> RelevanceTiers:
    """Return products that have all words of the query but one. A query of one word has none.

    Products with a word that sounds or is spelled like the missing one come alone: "chuoi xay" means "chuối
    sấy". The names with most of the words come first. Otherwise the products of one shorter query are
    returned. A Vietnamese name begins with the kind of product ("miến dong"), so a query that keeps the first
    word wins, then one with more products.
    """
    typed = typed_words(query)
    shorter = [(left_out, ids) for left_out, ids in _find_without_a_word(typed, index) if ids]
    names = _read_names(BitMap().union(*(ids for _left_out, ids in shorter)))
    similar = BitMap(
        key
        for left_out, ids in shorter
        for key in ids & BitMap(names)
        if any(_is_similar(fold(left_out), word) for word in names[key])
    )
    if not similar:
        widest = max(shorter, key=lambda found: (found[0] != typed[0], len(found[1])), default=("", BitMap()))
        return RelevanceTiers(widest[1])
    scores = {key: _score_name(typed, names[key]) for key in similar}
    best_score = max(scores.values())
    best = BitMap(key for key, score in scores.items() if score == best_score)
    return RelevanceTiers(similar, [lambda: best])


def _find_without_a_word(typed: list[str], index: FacetIndex) -> Iterator[tuple[str, BitMap]]:
    for left_out in typed if len(typed) > 1 else ():
        fewer = " ".join(text for text in typed if text != left_out)
        yield left_out, find_products_with_words(build_query_words(fewer)) & index.product_ids


def _read_names(product_ids: BitMap) -> dict[int, list[str]]:
    """Return the folded words in the names of the newest of these products."""
    rows = Product.objects.filter(pk__in=list(product_ids)[-_MAX_COMPARED_NAMES:]).values_list("pk", "name")
    return {key: folded_words(name) for key, name in rows} if product_ids else {}


def _score_name(typed: list[str], name: list[str]) -> int:
    """Return 2 for each typed word that the name has, and 1 for each that it has similarly."""
    return sum(
        2 if word in name else any(_is_similar(word, known) for known in name) for word in map(fold, typed)
    )


def _is_similar(typed: str, known: str) -> bool:
    has_length = len(known) >= _MIN_LETTERS_OF_NAME and typed != known
    return has_length and (is_typing_error(typed, known) or _sound_of(typed) == _sound_of(known))


def _sound_of(word: str) -> str:
    for spelling, sound in _SAME_SOUNDS:
        word = re.sub(spelling, sound, word)
    return word
