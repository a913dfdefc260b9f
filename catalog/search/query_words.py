"""What somebody typed into the search, taken apart."""

from __future__ import annotations

from shop.core.texts.folding import LONGEST_QUERY, MOST_WORDS, fold, folded_words, typed_words


def words_of(query: str) -> list[str]:
    """The words looked for: folded, without signs or repeats; empty where nothing is left of the query."""
    return list(dict.fromkeys(folded_words(query[:LONGEST_QUERY])))[:MOST_WORDS]


def words_as_typed(query: str) -> list[str]:
    """The same words with the marks that were typed."""
    words = [word for word in typed_words(query[:LONGEST_QUERY]) if fold(word).isascii()]
    return list(dict.fromkeys(words))[:MOST_WORDS]
