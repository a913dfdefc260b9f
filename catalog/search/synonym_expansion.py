"""Expand query words by the synonyms maintained in the admin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import islice, product
from typing import Any

from django.db.models import QuerySet

from catalog.models import Synonym
from catalog.search.term_matching import Choice, Term, prefix_term
from shop.core.database.compiled_query import compiled_query

Reading = list[Term]  # one interpretation of a query

MAX_PHRASE_WORDS = 4
_MOST_READINGS = 4  # interpretations with synonyms; each is searched separately


def with_synonyms(words: Sequence[str]) -> list[Choice] | None:
    """The query's words or phrases, each with its synonyms; None if there are none.

    Longer phrases take precedence, and each word is used once.
    """
    phrases = {
        " ".join(words[first:last]): (first, last)
        for first in range(len(words))
        for last in range(first + 1, min(first + MAX_PHRASE_WORDS, len(words)) + 1)
    }
    others = _synonyms_of(list(phrases))
    if not others:
        return None
    phrase_at: dict[int, str] = {}
    for phrase in sorted(others, key=lambda each: (-each.count(" "), phrases[each])):
        first, last = phrases[phrase]
        if not phrase_at.keys() & set(range(first, last)):
            phrase_at |= dict.fromkeys(range(first, last), phrase)
    choices: list[Choice] = []
    used: set[str] = set()
    for place, word in enumerate(words):
        phrase = phrase_at.get(place, "")
        if not phrase:
            choices.append([[prefix_term(word)]])
        elif phrase not in used:
            used.add(phrase)
            # Typed words match as prefixes, synonyms only as whole words: "trà" must not match "trái".
            typed = [prefix_term(each) for each in phrase.split()]
            choices.append([typed, *([Term(each) for each in other.split()] for other in others[phrase])])
    return choices


def readings_of(words: Sequence[str]) -> list[Reading]:
    """The words as typed, then with synonyms substituted."""
    return readings_among(words, with_synonyms(words) or [])


def readings_among(words: Sequence[str], choices: Sequence[Choice]) -> list[Reading]:
    """Like `readings_of`, given the result of `with_synonyms`."""
    others = islice(product(*choices), _MOST_READINGS) if choices else ()
    readings = [prefix_terms(words), *([term for phrase in one for term in phrase] for one in others)]
    return [each for place, each in enumerate(readings) if each not in readings[:place]]


def prefix_terms(words: Sequence[str]) -> Reading:
    """The words as prefix terms."""
    return [prefix_term(word) for word in words]


@compiled_query
def _synonym_sets(phrases: Collection[str]) -> QuerySet[Any, Any]:
    sets = Synonym.objects.filter(folded__in=phrases).values("set")
    rows = Synonym.objects.filter(set__in=sets).order_by("set", "sort_order", "pk")
    return rows.values_list("set", "folded")


def _synonyms_of(phrases: Sequence[str]) -> dict[str, list[str]]:
    """The synonyms of each phrase; omits phrases without any."""
    by_set: dict[int, list[str]] = defaultdict(list)
    for key, folded in _synonym_sets(phrases):
        by_set[key].append(folded)
    synonyms: dict[str, list[str]] = {}
    for readings in by_set.values():
        for phrase in phrases:
            if phrase in readings:
                synonyms.setdefault(phrase, []).extend(each for each in readings if each != phrase)
    return synonyms
