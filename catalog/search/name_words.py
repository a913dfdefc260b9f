"""Match names of cooperatives, categories and places with the words of a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.search.search_terms import Reading, Term
from shop.core.texts.folding import MarkedWord, fold, folded_words, marked_word, words_with_diacritics

# A word this long may be several joined syllables, because few Vietnamese syllables are as long.
MIN_JOINED_LETTERS = 5


@dataclass(frozen=True, slots=True)
class NameWords:
    """The words of a name, folded and with diacritics, and the text that follows each word."""

    words: Sequence[str]
    suffixes: Sequence[str]
    words_with_diacritics: Sequence[MarkedWord]

    def matches(self, reading: Reading) -> bool:
        """Return whether the name contains each word of the reading."""
        return all(map(self._has, reading))

    def _has(self, term: Term) -> bool:
        if term.marked:
            return any(has_marks_of(term, word) for word in self.words_with_diacritics)
        if term.is_prefix:
            return any(suffix.startswith(term.word) for suffix in self.suffixes)
        return term.word in self.words or (
            len(term.word) >= MIN_JOINED_LETTERS
            and any(
                len(word) < len(term.word) and suffix.startswith(term.word)
                for word, suffix in zip(self.words, self.suffixes, strict=True)
            )
        )


def read_name(name: str) -> NameWords:
    words = folded_words(name)
    return NameWords(
        words,
        ["".join(words[first:]) for first in range(len(words))],
        [marked_word(word) for word in words_with_diacritics(name)],
    )


def has_marks_of(term: Term, word: MarkedWord) -> bool:
    """Return whether the word equals the term with its diacritics, or starts with an unfinished term.

    "miê" starts "miến", because the tone may not be typed yet. "gà" does not start "gạo", which has another
    tone.
    """
    if not term.is_prefix:
        return term.marked == str(word)
    letters, tone = term.marked[:-1], int(term.marked[-1])
    typed_start = word.letters[: len(letters)]
    return (
        fold(typed_start) == fold(letters)
        and all(typed in (fold(typed), letter) for typed, letter in zip(letters, typed_start, strict=True))
        and tone in (0, word.tone)
    )
