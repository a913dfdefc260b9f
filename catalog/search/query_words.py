"""Split a search query into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.core.texts.folding import (
    MAX_QUERY_LETTERS,
    MAX_QUERY_WORDS,
    fold,
    folded_words,
    marked_word,
    words_with_diacritics,
)
from shop.core.texts.keyboards import decode_typed_word
from shop.core.texts.syllables import is_syllable

NO_TONE = 0


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word of a query, folded.

    `marked` is the word as `marked_word` writes it, if it was typed with diacritics. `decoded` is the
    syllable that the keys type in Telex or VNI.
    """

    folded: str
    marked: str = ""
    decoded: str = ""
    is_syllable: bool = False

    @classmethod
    def from_typed(cls, text: str) -> QueryWord:
        folded = fold(text)
        has_marks = text != folded
        return cls(
            folded,
            str(marked_word(text)) if has_marks else "",
            "" if has_marks else decode_typed_word(folded),
            is_syllable(text),
        )

    def with_typed_diacritics(self) -> QueryWord:
        """Return the word that matches only the typed diacritics, or no diacritics if none were typed."""
        return (
            self if self.marked else QueryWord(self.folded, f"{self.folded}{NO_TONE}", "", self.is_syllable)
        )


def split_query(query: str) -> list[str]:
    """Return the distinct words of the query, folded and without punctuation. There may be none."""
    return list(dict.fromkeys(folded_words(query[:MAX_QUERY_LETTERS])))[:MAX_QUERY_WORDS]


def typed_words(query: str) -> list[str]:
    """Return the words of `split_query`, with the diacritics of the first occurrence."""
    typed: dict[str, str] = {}
    for text in words_with_diacritics(query[:MAX_QUERY_LETTERS]):
        typed.setdefault(fold(text), text)
    return [typed.get(word, word) for word in split_query(query)]


def build_query_words(query: str) -> list[QueryWord]:
    return [QueryWord.from_typed(text) for text in typed_words(query)]


def decoded_query(words: Sequence[QueryWord]) -> str:
    """Return the folded query with syllables instead of their Telex or VNI keys.

    Without such keys it is empty.
    """
    if not any(word.decoded for word in words):
        return ""
    return " ".join(fold(word.decoded) if word.decoded else word.folded for word in words)
