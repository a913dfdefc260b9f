"""Words that mean the same, as the admin keeps them, for the words of a query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import islice, product
from typing import Any

from django.db.models import QuerySet

from catalog.models import Synonym
from catalog.search.term_matching import Choice, Term, begun
from shop.core.database.compiled_query import prepared

Reading = list[Term]  # one way to understand a query

LONGEST_PHRASE = 4  # words
_MOST_READINGS = 4  # with words in place of others; each is looked for by itself


def with_synonyms(words: Sequence[str]) -> list[Choice] | None:
    """Every word or phrase of the query, or what means the same; None where nothing does.

    The longest phrases are looked up first, and no word is used twice.
    """
    phrases = {
        " ".join(words[first:last]): (first, last)
        for first in range(len(words))
        for last in range(first + 1, min(first + LONGEST_PHRASE, len(words)) + 1)
    }
    others = _others(list(phrases))
    if not others:
        return None
    taken: dict[int, str] = {}
    for phrase in sorted(others, key=lambda each: (-each.count(" "), phrases[each])):
        first, last = phrases[phrase]
        if not taken.keys() & set(range(first, last)):
            taken |= dict.fromkeys(range(first, last), phrase)
    choices: list[Choice] = []
    told: set[str] = set()
    for place, word in enumerate(words):
        phrase = taken.get(place, "")
        if not phrase:
            choices.append([[begun(word)]])
        elif phrase not in told:
            told.add(phrase)
            # What was typed may go on; what means the same is another word, and whole: "trà" is no "trái".
            typed = [begun(each) for each in phrase.split()]
            choices.append([typed, *([Term(each) for each in other.split()] for other in others[phrase])])
    return choices


def readings_of(words: Sequence[str]) -> list[Reading]:
    """The words as they were written, then with what means the same in their place."""
    return readings_among(words, with_synonyms(words) or [])


def readings_among(words: Sequence[str], choices: Sequence[Choice]) -> list[Reading]:
    """The same, where it is known what `with_synonyms` answers."""
    others = islice(product(*choices), _MOST_READINGS) if choices else ()
    said = [as_typed(words), *([term for phrase in one for term in phrase] for one in others)]
    return [each for place, each in enumerate(said) if each not in said[:place]]


def as_typed(words: Sequence[str]) -> Reading:
    """Words each of which may go on."""
    return [begun(word) for word in words]


@prepared
def _sets_with(phrases: Collection[str]) -> QuerySet[Any, Any]:
    sets = Synonym.objects.filter(folded__in=phrases).values("set")
    rows = Synonym.objects.filter(set__in=sets).order_by("set", "sort_order", "pk")
    return rows.values_list("set", "folded")


def _others(phrases: Sequence[str]) -> dict[str, list[str]]:
    """What else is said for each of these phrases, for those for which something is."""
    by_set: dict[int, list[str]] = defaultdict(list)
    for key, folded in _sets_with(phrases):
        by_set[key].append(folded)
    found: dict[str, list[str]] = {}
    for said in by_set.values():
        for phrase in phrases:
            if phrase in said:
                found.setdefault(phrase, []).extend(each for each in said if each != phrase)
    return found
