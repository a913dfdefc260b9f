"""Products nearest to a query of several words that no product has all of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class NearestProducts:
    """The products nearest to a query, and the typed words that they lack.

    Without products, `missing_words` are the typed words that no product has.
    """

    tiers: RelevanceTiers
    missing_words: Sequence[str]


def find_nearest_products(query: str, index: FacetIndex) -> NearestProducts:
    """Return products that have all words of the query but one. A query of one word has none.

    If there are none, return those that have all the words that any product has.
    """
    typed = typed_words(query)
    nearest = _find_without_one_word(typed, index)
    if nearest.tiers.product_ids:
        return nearest
    missing = [text for text in typed if not _find_products([text], index)]
    known = [text for text in typed if text not in missing]
    if not known or not missing:
        return NearestProducts(RelevanceTiers(BitMap()), missing)
    if product_ids := _find_products(known, index):
        return NearestProducts(RelevanceTiers(product_ids), missing)
    fewer = _find_without_one_word(known, index)
    return NearestProducts(fewer.tiers, [text for text in typed if text in {*missing, *fewer.missing_words}])


def _find_without_one_word(typed: Sequence[str], index: FacetIndex) -> NearestProducts:
    """Return products that have all of these words but one.

    Products with a word that sounds or is spelled like the missing one come alone: "chuoi xay" means "chuối
    sấy". The names with most of the words come first. Otherwise the products of one shorter query are
    returned: one with all its words in a name wins, because "cu" is also part of a village's name. A
    Vietnamese name begins with the kind of product ("miến dong"), so a query that keeps the first word is
    next, then one with more products.
    """
    shorter = [(left_out, ids) for left_out, ids in _find_by_left_out_word(typed, index) if ids]
    if not shorter:
        return NearestProducts(RelevanceTiers(BitMap()), [])
    names = _read_names(BitMap().union(*(ids for _left_out, ids in shorter)))
    similar = {
        key: left_out
        for left_out, ids in shorter
        for key in ids & BitMap(names)
        if any(_is_similar(fold(left_out), word) for word in names[key])
    }
    if not similar:
        left_out, product_ids = max(
            shorter,
            key=lambda found: (
                _has_name_with(set(typed) - {found[0]}, found[1], names),
                found[0] != typed[0],
                len(found[1]),
            ),
        )
        return NearestProducts(RelevanceTiers(product_ids), [left_out])
    scores = {key: _score_name(typed, names[key]) for key in similar}
    best_score = max(scores.values())
    best = BitMap(key for key, score in scores.items() if score == best_score)
    return NearestProducts(RelevanceTiers(BitMap(similar), [lambda: best]), [similar[best.max()]])


def _find_by_left_out_word(typed: Sequence[str], index: FacetIndex) -> Iterator[tuple[str, BitMap]]:
    for left_out in typed if len(typed) > 1 else ():
        yield left_out, _find_products([text for text in typed if text != left_out], index)


def _find_products(typed: Sequence[str], index: FacetIndex) -> BitMap:
    return find_products_with_words(build_query_words(" ".join(typed))) & index.product_ids


def _read_names(product_ids: BitMap) -> dict[int, list[str]]:
    """Return the folded words in the names of the newest of these products."""
    rows = Product.objects.filter(pk__in=list(product_ids)[-_MAX_COMPARED_NAMES:]).values_list("pk", "name")
    return {key: folded_words(name) for key, name in rows} if product_ids else {}


def _has_name_with(typed: Iterable[str], product_ids: BitMap, names: Mapping[int, Sequence[str]]) -> bool:
    words = set(map(fold, typed))
    return any(words.issubset(names[key]) for key in product_ids & BitMap(names))


def _score_name(typed: Sequence[str], name: Sequence[str]) -> int:
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
