"""Rank products by relevance, with synonyms, other spellings and corrections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from django.conf import settings
from django.utils.translation import get_language
from pyroaring import BitMap

from catalog.search.query_phrases import query_phrases, without_opening_phrases
from catalog.search.query_words import QueryWord, build_query_words
from catalog.search.relevance_tiers import RelevanceTiers
from catalog.search.search_terms import (
    Choice,
    Reading,
    completed_choice,
    exact_choice,
    folded_choice,
    joined_choice,
    prefix_choice,
    typed_choice,
)
from catalog.search.spelling_corrections import correct_words, corrected_choices
from catalog.search.synonym_expansion import find_choices_with_synonyms, readings_among
from catalog.search.term_matching import (
    Condition,
    SearchCache,
    SearchField,
    matching_products,
    products_with_translated_words,
    run_together,
)

ProductQuery = Callable[..., BitMap]  # `matching_products` with its limit and cache applied
MAX_PAGEABLE_RESULTS = 1000  # also in the API
_MIN_LETTERS_OF_UNFINISHED_WORD = 3
_MIN_UNFINISHED_SYLLABLE = 4


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The products that a query finds, published or not, by relevance.

    A reading is one interpretation of the query: its words, or words with one replaced by a synonym.
    `corrected_query` is the folded query that was used because the original words match nothing.
    `has_only_mentions` is true if the words occur only in ingredients and descriptions.
    """

    tiers: RelevanceTiers = field(default_factory=lambda: RelevanceTiers(BitMap()))
    readings: Sequence[Reading] = ()
    corrected_query: str = ""
    has_only_mentions: bool = False


def search_products(
    query: str, *, limit: int | None = None, cache: SearchCache | None = None, is_literal: bool = False
) -> SearchResult:
    """Return products with every word of the query, one of the words in name, category or origin.

    Typed diacritics must match. A word typed without diacritics matches any, unless it is a single word that
    is complete as typed (`_is_complete`). If the first word is a classifier ("thịt gà"), products whose names
    start with the other words belong to the results.

    The best matches are names that start as typed. Next come names with the typed spelling, then names with
    other diacritics or with synonyms, then all others. If nothing matches, `_build_other_attempts` follow. If
    `limit` is given, each tier considers only that many of the newest products. `cache` is the cache of
    `matching_products`. If `is_literal` is true, the words are read as typed, without corrections.
    """
    words = build_query_words(query)
    if not words:
        return SearchResult()
    if is_literal:
        words = [replace(word, decoded="") for word in words]
    is_complete = _is_complete(words)
    if is_complete:
        words = [word.with_typed_diacritics() for word in words]
    synonyms = find_choices_with_synonyms(words)
    choices = synonyms or _typed_choices(words)
    readings = readings_among(words, synonyms)
    translated, unfinished = _translated_matches(words, cache)
    # A phrase with synonyms, such as "trái cây", holds no classifier.
    classifiers = _classifier_count(words) if len(choices) == len(words) else 0
    subject, ranks = _subject_conditions(choices, classifiers), list(_name_ranks(words, synonyms))
    if limit is not None:
        cache = {} if cache is None else cache
        run_together([subject, *ranks], limit=limit, cache=cache)
    find = partial(matching_products, limit=limit, cache=cache)
    product_ids = find(*subject) | _find_named_after_classifier(words, find)
    product_ids |= translated | unfinished
    if is_complete:
        product_ids |= find(Condition(SearchField.FIRST, list(map(folded_choice, words))))
    if product_ids:
        preferred_matches = [partial(_find_also, find, conditions, translated) for conditions in ranks]
        return SearchResult(
            RelevanceTiers(product_ids, preferred_matches, is_newest_only=limit is not None), readings
        )
    attempts = _build_other_attempts(words, choices, readings, is_complete=is_complete)
    results = (attempt(find) for attempt in attempts)
    found = (
        result
        for result in results
        if result.tiers.product_ids and not (is_literal and result.corrected_query)
    )
    return replace(next(found, SearchResult()), readings=readings)


def suggest_product_ids(query: str, *, limit: int) -> list[int]:
    """Return ids of the newest products whose displayed name has words starting with the typed ones."""
    words = build_query_words(query)
    if not words:
        return []
    name_matches = matching_products(
        Condition(SearchField.NAME, list(map(prefix_choice, words))), limit=limit
    )
    return list(islice(reversed(name_matches.union(*_translated_matches(words))), limit))


def suggest_products_by_option(query: str, *, limit: int) -> list[int]:
    """Return ids of the newest products that have the typed words in their texts and names of options."""
    choices = list(map(prefix_choice, build_query_words(query)))
    if not choices:
        return []
    return list(islice(reversed(matching_products(*_subject_conditions(choices), limit=limit)), limit))


def find_products_with_words(words: Sequence[QueryWord]) -> BitMap:
    """Return ids of products that have all the words as typed, at least one of them in the name."""
    return matching_products(*_subject_conditions(_typed_choices(words)))


def _typed_choices(words: Sequence[QueryWord]) -> list[Choice]:
    return list(map(typed_choice, words))


def _subject_conditions(choices: Sequence[Choice], classifiers: int = 0) -> list[Condition]:
    """Return conditions that all words occur, and one of them in the name, category or origin.

    None of the first `classifiers` words counts as the word in name, category or origin.
    """
    return [
        Condition(SearchField.OPTIONS, choices),
        Condition(SearchField.SUBJECT, choices[classifiers:], is_one_enough=True),
    ]


def _is_complete(words: Sequence[QueryWord]) -> bool:
    """Return whether a word typed without diacritics is a whole product name, not half of another.

    "cam" is an orange and does not ask for "thổ cẩm". Products whose names begin with the word in other
    diacritics match nevertheless, because a person who types no diacritics may mean "cám gạo".
    """
    return (
        len(words) == 1 and not words[0].marked and words[0].folded in query_phrases().unmarked_product_words
    )


def _classifier_count(words: Sequence[QueryWord]) -> int:
    """Return 1 if the first of several words is a classifier, such as "thịt" in "thịt gà", else 0."""
    classifier = query_phrases().classifiers.get(words[0].folded)
    return int(len(words) > 1 and classifier is not None and words[0].marked in ("", classifier))


def _find_named_after_classifier(words: Sequence[QueryWord], find: ProductQuery) -> BitMap:
    """Return products whose names start with the words after a classifier.

    Without a classifier there are none. "thịt gà" asks for "Gà đồi", not for "Trứng gà".
    """
    remaining = words[_classifier_count(words) :]
    if len(remaining) == len(words):
        return BitMap()
    choices = find_choices_with_synonyms(remaining) or _typed_choices(remaining)
    first_words = [phrase[:1] for phrase in choices[0]]
    return find(*_subject_conditions(choices), Condition(SearchField.FIRST, [first_words]))


def _find_without_openings(words: Sequence[QueryWord], find: ProductQuery) -> BitMap:
    """Return products for the words after an opening phrase, such as "hàng" in "hàng thịt gà".

    Without an opening phrase there are none.
    """
    query = " ".join(word.folded for word in words)
    shortest = without_opening_phrases(query)[-1]
    if shortest == query:
        return BitMap()
    remaining = words[-shortest.count(" ") - 1 :]
    matches = find(*_subject_conditions(find_choices_with_synonyms(remaining) or _typed_choices(remaining)))
    return matches | _find_named_after_classifier(remaining, find)


def _name_ranks(words: Sequence[QueryWord], synonyms: Sequence[Choice] | None) -> Iterator[list[Condition]]:
    """Return conditions on the name, the best match first.

    The order is: names that start as typed, names with the typed spelling, names with synonyms.
    """
    exact, typed = list(map(exact_choice, words)), _typed_choices(words)
    spelled = exact if all(word.marked for word in words) else typed
    yield [Condition(SearchField.NAME, spelled), Condition(SearchField.FIRST, spelled[:1])]
    yield [Condition(SearchField.NAME, spelled if synonyms else exact)]
    if synonyms or spelled is typed:
        yield [Condition(SearchField.NAME, synonyms or typed)]


def _find_also(find: ProductQuery, conditions: Sequence[Condition], translated: BitMap) -> BitMap:
    return find(*conditions) | translated


def _build_other_attempts(
    words: Sequence[QueryWord], choices: Sequence[Choice], readings: Sequence[Reading], *, is_complete: bool
) -> Iterator[Callable[[ProductQuery], SearchResult]]:
    """Return looser searches, the likeliest first, from fewer words to typing errors."""
    yield lambda find: _result(_find_without_openings(words, find))
    yield lambda find: _result(find(Condition(SearchField.TEXT, choices)))
    yield lambda find: _result(find(Condition(SearchField.CATEGORY, choices)))
    if any(word.marked for word in words) and not is_complete:
        yield lambda find: _with_other_marks(words, find)
    yield lambda find: _result(find(Condition(SearchField.INGREDIENTS, choices)), has_only_mentions=True)
    if joined_words := joined_choice(readings):
        yield lambda find: _result(
            find(Condition(SearchField.MENTIONS, [joined_words])), has_only_mentions=True
        )
    if unfinished := _unfinished_choices(words):
        yield lambda find: _result(find(Condition(SearchField.SUBJECT, unfinished)))
    yield lambda find: _search_corrected(words, find)


def _result(
    product_ids: BitMap, *, corrected_query: str = "", has_only_mentions: bool = False
) -> SearchResult:
    return SearchResult(
        RelevanceTiers(product_ids), corrected_query=corrected_query, has_only_mentions=has_only_mentions
    )


def _with_other_marks(words: Sequence[QueryWord], find: ProductQuery) -> SearchResult:
    """Return products that have these words with other diacritics.

    A single word may have more diacritics than typed. Of several words, one must be spelled as typed.
    """
    corrected_query = " ".join(word.folded for word in words)
    if len(words) == 1:
        # Two syllables typed as one word are no spelling of a syllable.
        choice = completed_choice(words[0])
        product_ids = find(Condition(SearchField.SUBJECT, [choice])) if choice else BitMap()
        return _result(product_ids, corrected_query=corrected_query)
    conditions = [
        Condition(SearchField.SUBJECT, list(map(folded_choice, words))),
        Condition(SearchField.SUBJECT, _typed_choices(words), is_one_enough=True),
    ]
    return _result(find(*conditions), corrected_query=corrected_query)


def _unfinished_choices(words: Sequence[QueryWord]) -> list[Choice] | None:
    """Return choices in which unfinished words count as prefixes, or None if no word seems unfinished.

    A word seems unfinished if it is not a Vietnamese syllable, or if it is last and long.
    """

    def is_unfinished(position: int, word: QueryWord) -> bool:
        if not word.is_syllable:
            return len(word.folded) >= _MIN_LETTERS_OF_UNFINISHED_WORD
        return 0 < position == len(words) - 1 and len(word.folded) >= _MIN_UNFINISHED_SYLLABLE

    unfinished = [is_unfinished(position, word) for position, word in enumerate(words)]
    if not any(unfinished):
        return None
    return [
        prefix_choice(word) if is_prefix else typed_choice(word)
        for word, is_prefix in zip(words, unfinished, strict=True)
    ]


def _search_corrected(words: Sequence[QueryWord], find: ProductQuery) -> SearchResult:
    """Return products for the likeliest corrections or, if there are none, for all corrections."""
    phrases = correct_words(words)
    if phrases is None:
        return SearchResult()
    likeliest = [phrase[:1] for phrase in phrases]
    for candidates in (likeliest, phrases):
        product_ids = find(Condition(SearchField.SUBJECT, corrected_choices(candidates)))
        if product_ids:
            return _result(product_ids, corrected_query=_corrected_text(product_ids, candidates, find))
    return SearchResult()


def _corrected_text(
    product_ids: BitMap, phrases: Sequence[Sequence[Sequence[str]]], find: ProductQuery
) -> str:
    """Return the likeliest correction of each word that the newest of these products contains."""
    newest = product_ids.max()

    def likeliest_match(candidates: Sequence[Sequence[str]]) -> Sequence[str]:
        if len(candidates) == 1:
            return candidates[0]
        matching = (
            phrase
            for phrase in candidates
            if newest in find(Condition(SearchField.SUBJECT, corrected_choices([[phrase]])))
        )
        return next(matching, candidates[0])

    return " ".join(word for candidates in phrases for word in likeliest_match(candidates))


def _translated_matches(
    words: Sequence[QueryWord], cache: SearchCache | None = None
) -> tuple[BitMap, BitMap]:
    """Return products whose translated name has the words, and products that have them as prefixes.

    Both results are empty in the shop's default language.
    """
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE:
        return BitMap(), BitMap()
    whole, started = (
        products_with_translated_words(list(map(choice, words)), language, cache=cache)
        for choice in (folded_choice, prefix_choice)
    )
    return whole, started
