"""Phrases that add nothing to a query, and phrases that name a page, from `data/query_phrases.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shop.core.texts.folding import fold, folded_words, marked_word

_FILE = Path(__file__).parent / "data" / "query_phrases.toml"


@dataclass(frozen=True, slots=True)
class QueryPhrases:
    """The folded phrases of the data file, and the kinds of certificates by phrase.

    `classifiers` are the words as the search index holds them with diacritics, by folded word.
    """

    unmarked_product_words: Collection[str]
    classifiers: Mapping[str, str]
    openings: Sequence[str]
    seller_types: Sequence[str]
    seasons: Collection[str]
    cooperatives: Collection[str]
    ocop: Collection[str]
    certificates: Mapping[str, str]


@cache
def query_phrases() -> QueryPhrases:
    with _FILE.open("rb") as file:
        table = tomllib.load(file)
    certificates = {
        _fold_phrase(phrase): kind
        for kind, phrases in table.pop("certificates").items()
        for phrase in phrases
    }
    classifiers = {fold(word): str(marked_word(word)) for word in table.pop("classifiers")}
    folded = {name: [_fold_phrase(phrase) for phrase in phrases] for name, phrases in table.items()}
    return QueryPhrases(certificates=certificates, classifiers=classifiers, **folded)


def without_opening_phrases(query: str) -> list[str]:
    """Return the query, then what is left without its first opening phrase, its first two, and so on."""
    queries = [query]
    while (shorter := without_start(queries[-1], query_phrases().openings)) != queries[-1]:
        queries.append(shorter)
    return queries


def without_start(text: str, phrases: Sequence[str]) -> str:
    """Return the text without the first of the phrases that it starts with, unless nothing would remain."""
    start = next((phrase for phrase in phrases if text.startswith(f"{phrase} ")), "")
    return text[len(start) :].strip()


def _fold_phrase(phrase: str) -> str:
    return " ".join(folded_words(phrase))
