"""Find products by words in the full-text index (FTS5 or tsquery)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
from django.db import connection
from pyroaring import BitMap

# Ids are returned as one JSON text, which is read ten times as fast as one row each.
_SQLITE = "SELECT json_group_array(rowid) FROM catalog_search WHERE catalog_search MATCH %s"
_SQLITE_NEWEST = (
    "SELECT json_group_array(rowid) FROM ("
    "SELECT rowid FROM catalog_search WHERE catalog_search MATCH %s ORDER BY rowid DESC LIMIT %s)"
)
_SQLITE_SAID = (
    "SELECT json_group_array(CAST(t.key AS integer)) FROM catalog_search_said s"
    " JOIN core_translation t ON t.id = s.rowid WHERE catalog_search_said MATCH %s AND t.language = %s"
)
_POSTGRESQL = "SELECT json_agg(id)::text FROM catalog_search WHERE {column} @@ %s::tsquery"
_POSTGRESQL_NEWEST = (
    "SELECT json_agg(id)::text FROM ("
    "SELECT id FROM catalog_search WHERE {column} @@ %s::tsquery ORDER BY id DESC LIMIT %s) newest"
)
_POSTGRESQL_SAID = (
    "SELECT json_agg(key::bigint)::text FROM core_translation"
    " WHERE kind = 'catalog.product' AND field = 'name'"
    " AND to_tsvector('simple', text) @@ %s::tsquery AND language = %s"
)


MAX_CACHED_SEARCHES = 256


@dataclass(frozen=True, slots=True)
class Term:
    """A word of letters and digits; with `begins` it matches as a prefix."""

    word: str
    begins: bool = False


# Alternative phrases; a phrase matches if all its terms do.
Choice = Sequence[Sequence[Term]]
SearchCache = dict[tuple[str, str, int | None], BitMap]  # by query, searched field (or language) and limit


def exact_choices(words: Sequence[str]) -> list[Choice]:
    """Each word as an exact term."""
    return [[[Term(word)]] for word in words]


def prefix_choices(words: Sequence[str]) -> list[Choice]:
    """Each word as a prefix term; single letters match exactly, as half of the catalogue starts with any."""
    return [[[prefix_term(word)]] for word in words]


def prefix_term(word: str) -> Term:
    return Term(word, begins=len(word) > 1)


def products_with_words(
    requested: Sequence[Choice],
    *,
    named: bool = False,
    limit: int | None = None,
    memory: SearchCache | None = None,
) -> BitMap:
    """Ids of products that match a phrase of every choice, in the name or anywhere; the newest, if limited.

    `memory` caches results; its owner clears it when products change.
    """
    key = (repr(requested), "name" if named else "text", limit)
    return _cached(memory, key, lambda: _search(requested, named, limit))


def _cached(
    memory: SearchCache | None, key: tuple[str, str, int | None], ask: Callable[[], BitMap]
) -> BitMap:
    if memory is None:
        return ask()
    found = memory.get(key)
    if found is None:
        found = ask()
        if len(memory) >= MAX_CACHED_SEARCHES:
            memory.clear()
        memory[key] = found
    return found


def _search(requested: Sequence[Choice], named: bool, limit: int | None) -> BitMap:
    if connection.vendor == "sqlite":
        column = "search_name" if named else "search_text"
        expression = f"{{{column}}} : ({_fts5(requested)})"
        return _fetch_ids(_SQLITE_NEWEST, expression, limit) if limit else _fetch_ids(_SQLITE, expression)
    statement = (_POSTGRESQL_NEWEST if limit else _POSTGRESQL).format(column="name" if named else "text")
    return (
        _fetch_ids(statement, _tsquery(requested), limit)
        if limit
        else _fetch_ids(statement, _tsquery(requested))
    )


def products_with_translated_words(
    words: Sequence[str], language: str, *, memory: SearchCache | None = None
) -> BitMap:
    """Ids of products whose name in that language contains words starting with each of these."""
    requested = prefix_choices(words)
    return _cached(
        memory, (repr(requested), language, None), lambda: _search_translations(language, requested)
    )


def _search_translations(language: str, requested: Sequence[Choice]) -> BitMap:
    if connection.vendor == "sqlite":
        return _fetch_ids(_SQLITE_SAID, _fts5(requested), language)
    return _fetch_ids(_POSTGRESQL_SAID, _tsquery(requested), language)


def _fetch_ids(statement: str, *values: str | int) -> BitMap:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        (found,) = cursor.fetchone()
    return BitMap(orjson.loads(found)) if found else BitMap()


def _fts5(requested: Sequence[Choice]) -> str:
    def term(each: Term) -> str:
        return f'"{each.word}"*' if each.begins else f'"{each.word}"'

    return " AND ".join(
        "({})".format(" OR ".join("({})".format(" AND ".join(map(term, phrase))) for phrase in choice))
        for choice in requested
    )


def _tsquery(requested: Sequence[Choice]) -> str:
    def term(each: Term) -> str:
        return f"'{each.word}':*" if each.begins else f"'{each.word}'"

    return " & ".join(
        "({})".format(" | ".join("({})".format(" & ".join(map(term, phrase))) for phrase in choice))
        for choice in requested
    )
