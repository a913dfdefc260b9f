"""Split a search query into words."""

from __future__ import annotations

from shop.core.texts.folding import LONGEST_QUERY, MOST_WORDS, fold, folded_words, typed_words


def words_of(query: str) -> list[str]:
    """The distinct words of the query: folded, without punctuation; may be empty."""
    return list(dict.fromkeys(folded_words(query[:LONGEST_QUERY])))[:MOST_WORDS]


def words_as_typed(query: str) -> list[str]:
    """The same words with their diacritics as typed."""
    words = [word for word in typed_words(query[:LONGEST_QUERY]) if fold(word).isascii()]
    return list(dict.fromkeys(words))[:MOST_WORDS]
