"""Spelling corrections of one typing error, and of syllables written without a space.

A correct Vietnamese syllable is never corrected: a buyer who writes "rượu" wants rượu, whether or not it is
sold here. Trigrams do not help, because Vietnamese syllables are too short: "trnag" and "trang" have hardly
any in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.models import KnownWord, Misspelling
from catalog.search.query_words import QueryWord
from catalog.search.search_terms import Choice, Term
from shop.core.texts.keyboards import deletion_variants, is_typing_error

MIN_LETTERS_TO_CORRECT = 4  # a shorter word is corrected only if another word of the query is known
_MIN_LETTERS_BESIDE = 3
MAX_CORRECTIONS_PER_WORD = 4


def correct_words(words: Sequence[QueryWord]) -> list[list[list[str]]] | None:
    """Return possible phrases for each word, the likeliest first, or None if all words are known.

    A word is corrected if it is not a syllable and no product contains it. Then it may have a typing error,
    or be several syllables without spaces. Of several words, at least one must be in the catalogue. Otherwise
    the buyer wants something that is not sold here.
    """
    folded_words = [word.folded for word in words]
    known_words = _read_known_words(folded_words)
    unknown_words = [
        word.folded
        for word in words
        if not word.is_syllable and word.folded not in known_words and word.folded.isalpha()
    ]
    split_words = {word: parts for word in unknown_words if (parts := _split_into_known_words(word))}
    if not unknown_words or (len(words) > 1 and not known_words and not split_words):
        return None
    min_letters = _MIN_LETTERS_BESIDE if known_words else MIN_LETTERS_TO_CORRECT
    candidates_by_word = _find_typo_candidates([word for word in unknown_words if len(word) >= min_letters])
    phrases: list[list[list[str]]] = []
    for word in folded_words:
        corrections = [[correction] for correction in candidates_by_word.get(word, ())]
        if word in split_words:
            corrections.insert(0, split_words[word])
        phrases.append(corrections if word in unknown_words else [[word]])
    return phrases if all(phrases) else None


def corrected_choices(phrases: Iterable[Sequence[Sequence[str]]]) -> list[Choice]:
    """Return search choices in which each word may be any of its phrases."""
    return [[[Term(word) for word in phrase] for phrase in alternatives] for alternatives in phrases]


def _read_known_words(words: Sequence[str]) -> set[str]:
    """Return the words that the catalogue has."""
    return set(KnownWord.objects.filter(word__in=words).values_list("word", flat=True))


def _find_typo_candidates(words: Sequence[str]) -> dict[str, list[str]]:
    """Return for each word the known words that it probably means, the most frequent first."""
    if not words:
        return {}
    variants = {word: deletion_variants(word) for word in words}
    rows = Misspelling.objects.filter(shortened_word__in=set().union(*variants.values())).values_list(
        "shortened_word", "word__word", "word__product_count"
    )
    frequencies: dict[str, dict[str, int]] = {word: {} for word in words}
    for shortened_word, known_word, product_count in rows:
        for word in words:
            if shortened_word in variants[word] and is_typing_error(word, known_word):
                frequencies[word][known_word] = product_count
    return {
        word: sorted(counts, key=lambda candidate: (-counts[candidate], candidate))[:MAX_CORRECTIONS_PER_WORD]
        for word, counts in frequencies.items()
    }


def _split_into_known_words(word: str) -> list[str]:
    """Return the fewest known words whose concatenation is this word, or an empty list."""
    pieces = {word[i:j] for i in range(len(word)) for j in range(i + 1, len(word) + 1)}
    known_pieces = set(KnownWord.objects.filter(word__in=pieces).values_list("word", flat=True))
    best: list[list[str] | None] = [[]]
    for end in range(1, len(word) + 1):
        splits = [
            [*before, word[start:end]]
            for start, before in enumerate(best)
            if before is not None and word[start:end] in known_pieces
        ]
        best.append(min(splits, key=len, default=None))
    return best[-1] or []
