"""Expand query words by the synonyms maintained at the desk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import islice, product
from typing import Any

from django.db.models import QuerySet

from catalog.models import Synonym
from catalog.search.query_words import QueryWord
from catalog.search.search_terms import Choice, Phrase, Reading, Term, phrase_with_marks, typed_choice
from shop.core.database.compiled_query import compiled_query
from shop.core.texts.folding import fold

MAX_PHRASE_WORDS = 4
_MAX_READINGS = 4  # each is searched separately

_Span = tuple[int, int]  # of words: the first one, and the one after the last


def find_choices_with_synonyms(words: Sequence[QueryWord]) -> list[Choice] | None:
    """Return the query's words or phrases, each with its synonyms, or None if no word has synonyms.

    Longer phrases take precedence, and each word is used once. The diacritics of a single word must be those
    of the synonym: "lớn" is not "lợn".
    """
    spans = [
        (first, last)
        for first in range(len(words))
        for last in range(first + 1, min(first + MAX_PHRASE_WORDS, len(words)) + 1)
    ]
    synonyms = _find_synonyms({span: words[slice(*span)] for span in spans})
    if not synonyms:
        return None
    span_at: dict[int, _Span] = {}
    for span in sorted(synonyms, key=lambda span: (span[0] - span[1], span)):
        if not span_at.keys() & set(range(*span)):
            span_at |= dict.fromkeys(range(*span), span)
    choices: list[Choice] = []
    for position, word in enumerate(words):
        if position not in span_at:
            choices.append(typed_choice(word))
        elif span_at[position][0] == position:
            span = span_at[position]
            typed = product(*(typed_choice(word) for word in words[slice(*span)]))
            phrases: list[Phrase] = [[term for phrase in parts for term in phrase] for parts in typed]
            choices.append(phrases + synonyms[span])
    return choices


def expand_synonyms(words: Sequence[QueryWord]) -> list[Reading]:
    """Return the words as typed, then with synonyms substituted."""
    return readings_among(words, find_choices_with_synonyms(words))


def readings_among(words: Sequence[QueryWord], choices: Sequence[Choice] | None) -> list[Reading]:
    """Return the readings of words whose choices `find_choices_with_synonyms` has returned."""
    combined = islice(product(*(choices or map(typed_choice, words))), _MAX_READINGS)
    readings = [[term for phrase in phrases for term in phrase] for phrases in combined]
    return [reading for position, reading in enumerate(readings) if reading not in readings[:position]]


def prefix_terms(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings. The words of the first reading, which is still being typed, become prefixes."""
    return [
        [Term(term.word, term.marked, is_prefix=len(term.word) > 1) for term in readings[0]],
        *readings[1:],
    ]


@compiled_query
def _synonym_sets(phrases: Collection[str]) -> QuerySet[Any, Any]:
    sets = Synonym.objects.filter(folded__in=phrases).values("set")
    synonyms = Synonym.objects.filter(set__in=sets).order_by("set", "sort_order", "pk")
    return synonyms.values_list("set", "folded", "text")


def _find_synonyms(phrases: dict[_Span, Sequence[QueryWord]]) -> dict[_Span, list[Phrase]]:
    """Return the synonyms of each phrase, without phrases that have none."""
    folded = {span: _folded_phrase(words) for span, words in phrases.items()}
    sets: dict[int, dict[str, str]] = defaultdict(dict)
    for key, plain, text in _synonym_sets(sorted(set(folded.values()))):
        sets[key][plain] = text
    synonyms: dict[_Span, list[Phrase]] = {}
    for texts in sets.values():
        for span, plain in folded.items():
            if plain in texts and _has_marks_of(phrases[span], texts[plain]):
                other_phrases = [phrase_with_marks(text) for other, text in texts.items() if other != plain]
                synonyms.setdefault(span, []).extend(other_phrases)
    return synonyms


def _folded_phrase(words: Sequence[QueryWord]) -> str:
    return " ".join(fold(word.decoded) or word.folded for word in words)


def _has_marks_of(words: Sequence[QueryWord], text: str) -> bool:
    """Return whether `text` has the diacritics that were typed. Only a single word is checked."""
    return len(words) > 1 or not words[0].marked or words[0].marked == phrase_with_marks(text)[0].marked
