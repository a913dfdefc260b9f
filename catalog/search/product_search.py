"""What a query finds: goods in the order of how well they fit, sellers, shelves and places."""

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

Ask = Callable[..., BitMap]  # `goods_with` with its limit and memory
COUNTED = 1000  # goods of a list that can be paged through, and that the API looks at


@dataclass(frozen=True, slots=True)
class Found:
    """Goods, on sale or not, by how well they fit.

    `readings`: the words and what means the same. `instead`: the words that were found by, folded, as nothing
    holds those that were written.
    """

    tiers: Tiers = field(default_factory=lambda: Tiers(BitMap()))
    readings: Sequence[Reading] = ()
    instead: str = ""


def look_up(query: str, *, limit: int | None = None, memory: Memory | None = None) -> Found:
    """Goods that hold every word of the query, however it is written.

    First those named so with the very marks that were typed, then those named so but for the marks, then
    those whose name has words beginning so or meaning the same, then those that hold the words elsewhere.
    With `limit` only so many of the newest are looked at in each. `memory` is that of `goods_with`.
    """
    words = words_of(query)
    if not words:
        return Found()
    ask = partial(goods_with, limit=limit, memory=memory)
    others = with_synonyms(words)
    better = [partial(ask, whole(words), named=True)]
    as_typed = [[[Term(AS_TYPED + word)]] for word in words_as_typed(query)]
    if as_typed:  # signs of other alphabets leave no word as it was typed
        better.insert(0, partial(ask, as_typed, named=True))
    tiers = _tiers(others or beginning(words), better, ask, _said(words, memory), newest=limit is not None)
    readings = readings_among(words, others or [])
    if tiers.goods:
        return Found(tiers, readings)
    phrases = meant(words)
    if phrases is None:
        return Found(readings=readings)
    likeliest = [each[:1] for each in phrases]
    for wanted in (likeliest, phrases):
        tiers = _tiers(choices_of(wanted), [], ask, newest=limit is not None)
        if tiers.goods:
            return Found(tiers, readings, instead=_said_in(next(iter(tiers)), wanted, ask))
    return Found(readings=readings)


def _said_in(goods: BitMap, phrases: Sequence[Sequence[Sequence[str]]], ask: Ask) -> str:
    """Of what each word may stand for the likeliest that the newest of these goods holds."""
    newest = goods.max()

    def held(each: Sequence[Sequence[str]]) -> Sequence[str]:
        others = (one for one in each if newest in ask(choices_of([[one]])))
        return each[0] if len(each) == 1 else next(others, each[0])

    return " ".join(word for each in phrases for word in held(each))


def find_products(query: str) -> list[int]:
    """Ids of goods that hold every word, on sale or not: the best first, the newest first among equals."""
    found = look_up(query, limit=COUNTED)
    return list(islice((key for tier in found.tiers for key in reversed(tier)), COUNTED))


def named_so_far(query: str, *, limit: int) -> list[int]:
    """Ids of the newest goods whose name, in the page's language, has words that begin as what was typed."""
    words = words_of(query)
    if not words:
        return []
    named = goods_with(beginning(words), named=True, limit=limit)
    return list(islice(reversed(named | _said(words)), limit))


def _tiers(
    choices: Sequence[Choice],
    better: Sequence[Callable[[], BitMap]],
    ask: Ask,
    said: BitMap | None = None,
    *,
    newest: bool,
) -> Tiers:
    """Goods that hold the choices or are `said` to: after those that fit `better`, those named so."""
    others = said if said is not None else BitMap()
    named = [*better, lambda: ask(choices, named=True) | others]
    return Tiers(ask(choices) | others, named, newest=newest)


def _said(words: Sequence[str], memory: Memory | None = None) -> BitMap:
    """Goods whose name in the page's language holds the words; nothing in the shop's own language."""
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE:
        return BitMap()
    return goods_said_with(words, language, memory=memory)
