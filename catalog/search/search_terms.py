"""Search terms: words as the index holds them, and the alternatives of each word of a query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from catalog.search.indexed_words import MARKED
from catalog.search.query_words import NO_TONE, QueryWord
from shop.core.texts.folding import LETTERS_WITH_MARKS, MarkedWord, fold, marked_word, words_with_diacritics
from shop.core.texts.syllables import is_marked_syllable

_HOI, _NGA = 2, 3
_TONES = range(6)


@dataclass(frozen=True, slots=True)
class Term:
    """A folded word to search for.

    If `marked` is set (the form that `marked_word` returns), only words with these diacritics match. If
    `is_prefix` is true, longer words that start with it match too.
    """

    word: str
    marked: str = ""
    is_prefix: bool = False

    def token(self, prefix: str) -> str:
        """Return the term as the index holds it behind a prefix."""
        return prefix + (MARKED + self.marked if self.marked else self.word)


Phrase = Sequence[Term]
Choice = Sequence[Phrase]  # alternative phrases; a phrase matches if all its terms do
Reading = list[Term]  # one interpretation of a query


def term_with_marks(text: str) -> Term:
    """Return the word as it is spelled, without diacritics if it has none."""
    return Term(fold(text), str(marked_word(text)))


def phrase_with_marks(text: str) -> list[Term]:
    return [term_with_marks(word) for word in words_with_diacritics(text)]


def typed_term(word: QueryWord) -> Term:
    return Term(word.folded, word.marked)


def typed_choice(word: QueryWord) -> Choice:
    """Return the word as typed, and the word that the same keys type in Telex or VNI."""
    decoded = [[term_with_marks(word.decoded)]] if word.decoded else []
    return [[typed_term(word)], *decoded]


def exact_choice(word: QueryWord) -> Choice:
    """Return the word spelled as typed. Without diacritics it matches only words without them."""
    return [[Term(word.folded, word.with_typed_diacritics().marked)]]


def folded_choice(word: QueryWord) -> Choice:
    """Return the word with any diacritics."""
    return [[Term(word.folded)]]


def prefix_choice(word: QueryWord) -> Choice:
    """Return words that start like this one, with any diacritics. A single letter matches only itself."""
    return [[Term(word.folded, is_prefix=len(word.folded) > 1)]]


def completed_choice(word: QueryWord) -> Choice:
    """Return the syllables with at least the typed diacritics, also with the tones hỏi and ngã swapped."""
    letters, tone = word.marked[:-1], int(word.marked[-1])
    tones = _TONES if tone == NO_TONE else (_HOI, _NGA) if tone in (_HOI, _NGA) else (tone,)
    spellings = map("".join, product(*(LETTERS_WITH_MARKS.get(letter, letter) for letter in letters)))
    syllables = [MarkedWord(spelling, tone) for spelling, tone in product(spellings, tones)]
    return [[Term(word.folded, str(syllable))] for syllable in syllables if is_marked_syllable(syllable)]


def joined_choice(readings: Iterable[Reading]) -> Choice:
    """Return neighbouring words of any reading, such as "thitlon" in a description for "thịt lợn"."""
    return [
        [Term(first.word + second.word) for first, second in pairwise(reading)]
        for reading in readings
        if len(reading) > 1
    ]
