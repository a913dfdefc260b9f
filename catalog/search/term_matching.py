"""Which goods hold words: what the index of migrations 0004 and 0009 answers, in each database's tongue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
from django.db import connection
from pyroaring import BitMap

# All of them come as one text, which is read ten times as fast as a row for each.
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


MOST_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Term:
    """A word of letters and digits; with `begins`, any word that begins so."""

    word: str
    begins: bool = False


# One of these phrases, each of them all its words.
Choice = Sequence[Sequence[Term]]
Memory = dict[tuple[str, str, int | None], BitMap]  # by what was asked, of what, and how many were wanted


def whole(words: Sequence[str]) -> list[Choice]:
    """Each of the words, as it stands."""
    return [[[Term(word)]] for word in words]


def beginning(words: Sequence[str]) -> list[Choice]:
    """Each of the words or what begins so; a single letter is a word: half of the catalogue begins so."""
    return [[[begun(word)]] for word in words]


def begun(word: str) -> Term:
    return Term(word, begins=len(word) > 1)


def goods_with(
    wanted: Sequence[Choice],
    *,
    named: bool = False,
    limit: int | None = None,
    memory: Memory | None = None,
) -> BitMap:
    """Ids of goods that hold a phrase of every choice, in their name or anywhere; the newest, if limited.

    `memory` has what was answered before, as long as it is true; whoever keeps it empties it.
    """
    key = (repr(wanted), "name" if named else "text", limit)
    return _remembered(memory, key, lambda: _asked(wanted, named, limit))


def _remembered(memory: Memory | None, key: tuple[str, str, int | None], ask: Callable[[], BitMap]) -> BitMap:
    if memory is None:
        return ask()
    found = memory.get(key)
    if found is None:
        found = ask()
        if len(memory) >= MOST_REMEMBERED:
            memory.clear()
        memory[key] = found
    return found


def _asked(wanted: Sequence[Choice], named: bool, limit: int | None) -> BitMap:
    if connection.vendor == "sqlite":
        column = "search_name" if named else "search_text"
        asked = f"{{{column}}} : ({_fts5(wanted)})"
        return _ids(_SQLITE_NEWEST, asked, limit) if limit else _ids(_SQLITE, asked)
    statement = (_POSTGRESQL_NEWEST if limit else _POSTGRESQL).format(column="name" if named else "text")
    return _ids(statement, _tsquery(wanted), limit) if limit else _ids(statement, _tsquery(wanted))


def goods_said_with(words: Sequence[str], language: str, *, memory: Memory | None = None) -> BitMap:
    """Ids of goods whose name in that language holds words that begin so, each of them."""
    wanted = beginning(words)
    return _remembered(memory, (repr(wanted), language, None), lambda: _asked_in(language, wanted))


def _asked_in(language: str, wanted: Sequence[Choice]) -> BitMap:
    if connection.vendor == "sqlite":
        return _ids(_SQLITE_SAID, _fts5(wanted), language)
    return _ids(_POSTGRESQL_SAID, _tsquery(wanted), language)


def _ids(statement: str, *values: str | int) -> BitMap:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        (found,) = cursor.fetchone()
    return BitMap(orjson.loads(found)) if found else BitMap()


def _fts5(wanted: Sequence[Choice]) -> str:
    def term(each: Term) -> str:
        return f'"{each.word}"*' if each.begins else f'"{each.word}"'

    return " AND ".join(
        "({})".format(" OR ".join("({})".format(" AND ".join(map(term, phrase))) for phrase in choice))
        for choice in wanted
    )


def _tsquery(wanted: Sequence[Choice]) -> str:
    def term(each: Term) -> str:
        return f"'{each.word}':*" if each.begins else f"'{each.word}'"

    return " & ".join(
        "({})".format(" | ".join("({})".format(" & ".join(map(term, phrase))) for phrase in choice))
        for choice in wanted
    )
