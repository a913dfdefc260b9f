"""Split a search query into words."""

from __future__ import annotations

from shop.core.texts.folding import (
    MAX_QUERY_LENGTH,
    MAX_QUERY_WORDS,
    fold,
    folded_words,
    words_with_diacritics,
)


def words_of(query: str) -> list[str]:
    """The distinct words of the query: folded, without punctuation; may be empty."""
    return list(dict.fromkeys(folded_words(query[:MAX_QUERY_LENGTH])))[:MAX_QUERY_WORDS]


def words_as_typed(query: str) -> list[str]:
    """The same words with their diacritics as typed."""
    words = [word for word in words_with_diacritics(query[:MAX_QUERY_LENGTH]) if fold(word).isascii()]
    return list(dict.fromkeys(words))[:MAX_QUERY_WORDS]
