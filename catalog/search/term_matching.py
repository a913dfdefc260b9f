"""Find products by terms in the full-text index `catalog_search` (FTS5 on SQLite, tsvector on PostgreSQL)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain

import orjson
from django.db import connection
from pyroaring import BitMap

from catalog.search.indexed_words import CATEGORY, FIRST, INGREDIENT, MENTIONED, OPTION, SUBJECT
from catalog.search.search_terms import Choice, Term

# Ids are returned as one JSON text, which is read ten times as fast as one row each.
_SQLITE = "SELECT json_group_array(rowid) FROM catalog_search WHERE {conditions}"
_SQLITE_NEWEST = (
    "SELECT json_group_array(rowid) FROM ("
    "SELECT rowid FROM catalog_search WHERE {conditions} ORDER BY rowid DESC LIMIT %s)"
)
_SQLITE_TRANSLATIONS = (
    "SELECT json_group_array(CAST(t.key AS integer)) FROM catalog_search_translated s"
    " JOIN core_translation t ON t.id = s.rowid WHERE catalog_search_translated MATCH %s AND t.language = %s"
)
_POSTGRESQL = "SELECT json_agg(id)::text FROM catalog_search WHERE {conditions}"
_POSTGRESQL_NEWEST = (
    "SELECT json_agg(id)::text FROM ("
    "SELECT id FROM catalog_search WHERE {conditions} ORDER BY id DESC LIMIT %s) newest"
)
_POSTGRESQL_TRANSLATIONS = (
    "SELECT json_agg(key::bigint)::text FROM core_translation"
    " WHERE kind = 'catalog.product' AND field = 'name'"
    " AND to_tsvector('simple', text) @@ %s::tsquery AND language = %s"
)

MAX_CACHED_SEARCHES = 256

SearchCache = dict[tuple[str, str, int | None], BitMap]  # by conditions, language and limit


class SearchField(Enum):
    """A column of the index that a search looks through, and the prefixes that mark its words."""

    NAME = ("name", ("",))
    FIRST = ("name", (FIRST,))  # the first word of the name
    SUBJECT = ("name", ("", SUBJECT))  # the name, a category of one kind of goods, the origin
    TEXT = ("text", ("",))  # all of SUBJECT, and the seller's name
    CATEGORY = ("text", (CATEGORY,))  # a category of several kinds of goods
    INGREDIENTS = ("text", ("", INGREDIENT))  # all of TEXT, and the ingredients
    OPTIONS = ("text", ("", INGREDIENT, OPTION))  # all of INGREDIENTS, and the names of options
    MENTIONS = ("text", (MENTIONED,))  # joined neighbours of the description

    def __init__(self, column: str, prefixes: tuple[str, ...]) -> None:
        self.column, self.prefixes = column, prefixes


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that a field contains a phrase of every choice.

    If `is_one_enough` is true, a phrase of one choice is enough.
    """

    field: SearchField
    choices: Sequence[Choice]
    is_one_enough: bool = False

    def rendered(self, render: Callable[..., str]) -> str:
        return render(self.choices, self.field.prefixes, is_one_enough=self.is_one_enough)


def matching_products(
    *conditions: Condition, limit: int | None = None, cache: SearchCache | None = None
) -> BitMap:
    """Return ids of the products that match all conditions, only of the newest `limit` ones if that is given.

    `cache` holds earlier results. Its owner clears it when products change.
    """
    return _find_cached(cache, _cache_key(conditions, limit), lambda: _run_search(conditions, limit))


def run_together(searches: Iterable[Sequence[Condition]], *, limit: int, cache: SearchCache) -> None:
    """Run several searches in one statement. `matching_products` then finds their results in `cache`."""
    conditions_by_key = {_cache_key(conditions, limit): conditions for conditions in searches}
    missing = {key: conditions for key, conditions in conditions_by_key.items() if key not in cache}
    if not missing:
        return
    statements, values = zip(
        *(_search_statement(conditions, limit) for conditions in missing.values()), strict=True
    )
    columns = ", ".join(f"({statement})" for statement in statements)
    results = _fetch_id_sets(f"SELECT {columns}", *chain.from_iterable(values))
    for key, product_ids in zip(missing, results, strict=True):
        _keep(cache, key, product_ids)


def products_with_translated_words(
    choices: Sequence[Choice], language: str, *, cache: SearchCache | None = None
) -> BitMap:
    """Return ids of products whose name in that language matches every choice."""
    return _find_cached(
        cache, (repr(choices), language, None), lambda: _search_translations(language, choices)
    )


def _find_cached(
    cache: SearchCache | None, key: tuple[str, str, int | None], run_query: Callable[[], BitMap]
) -> BitMap:
    if cache is None:
        return run_query()
    product_ids = cache.get(key)
    if product_ids is None:
        product_ids = run_query()
        _keep(cache, key, product_ids)
    return product_ids


def _cache_key(conditions: Sequence[Condition], limit: int | None) -> tuple[str, str, int | None]:
    return repr(tuple(conditions)), "", limit


def _keep(cache: SearchCache, key: tuple[str, str, int | None], product_ids: BitMap) -> None:
    if len(cache) >= MAX_CACHED_SEARCHES:
        cache.clear()
    cache[key] = product_ids


def _run_search(conditions: Sequence[Condition], limit: int | None) -> BitMap:
    statement, values = _search_statement(conditions, limit)
    return _fetch_ids(statement, *values)


def _search_statement(conditions: Sequence[Condition], limit: int | None) -> tuple[str, list[str | int]]:
    """Return the statement that finds products by conditions, and its values."""
    newest: list[str | int] = [limit] if limit else []
    if connection.vendor == "sqlite":
        expression = " AND ".join(
            f"({{search_{condition.field.column}}} : ({condition.rendered(_fts5)}))"
            for condition in conditions
        )
        statement = _SQLITE_NEWEST if limit else _SQLITE
        return statement.format(conditions="catalog_search MATCH %s"), [expression, *newest]
    matches = " AND ".join(f"{condition.field.column} @@ %s::tsquery" for condition in conditions)
    statement = _POSTGRESQL_NEWEST if limit else _POSTGRESQL
    queries = [condition.rendered(_tsquery) for condition in conditions]
    return statement.format(conditions=matches), [*queries, *newest]


def _search_translations(language: str, choices: Sequence[Choice]) -> BitMap:
    if connection.vendor == "sqlite":
        return _fetch_ids(_SQLITE_TRANSLATIONS, _fts5(choices, ("",)), language)
    return _fetch_ids(_POSTGRESQL_TRANSLATIONS, _tsquery(choices, ("",)), language)


def _fetch_ids(statement: str, *values: str | int) -> BitMap:
    (product_ids,) = _fetch_id_sets(statement, *values)
    return product_ids


def _fetch_id_sets(statement: str, *values: str | int) -> list[BitMap]:
    """Return one set of ids for each column of the statement's only row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        columns = cursor.fetchone()
    return [BitMap(orjson.loads(ids)) if ids else BitMap() for ids in columns]


def _fts5(choices: Sequence[Choice], prefixes: Sequence[str], *, is_one_enough: bool = False) -> str:
    def term(query_term: Term) -> str:
        tokens = map(query_term.token, prefixes)
        return _any_of([f'"{token}"*' if query_term.is_prefix else f'"{token}"' for token in tokens], " OR ")

    return _build_expression(choices, term, " OR ", " OR " if is_one_enough else " AND ", " AND ")


def _tsquery(choices: Sequence[Choice], prefixes: Sequence[str], *, is_one_enough: bool = False) -> str:
    def term(query_term: Term) -> str:
        tokens = map(query_term.token, prefixes)
        return _any_of([f"'{token}':*" if query_term.is_prefix else f"'{token}'" for token in tokens], " | ")

    return _build_expression(choices, term, " | ", " | " if is_one_enough else " & ", " & ")


def _build_expression(
    choices: Sequence[Choice],
    term: Callable[[Term], str],
    or_separator: str,
    choice_separator: str,
    and_separator: str,
) -> str:
    """Join choices, the phrases of a choice and the terms of a phrase, each by its separator."""
    return choice_separator.join(
        _any_of([f"({and_separator.join(map(term, phrase))})" for phrase in choice], or_separator)
        for choice in choices
    )


def _any_of(expressions: Sequence[str], or_separator: str) -> str:
    return expressions[0] if len(expressions) == 1 else f"({or_separator.join(expressions)})"
