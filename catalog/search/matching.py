"""Which goods hold words: what the index of migration 0004 answers, in the tongue of either database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from django.db import connection

_SQLITE = "SELECT rowid FROM catalog_search WHERE catalog_search MATCH %s ORDER BY rowid DESC LIMIT %s"
_SQLITE_SAID = (
    "SELECT t.key FROM catalog_search_said s JOIN core_translation t ON t.id = s.rowid"
    " WHERE catalog_search_said MATCH %s AND t.language = %s LIMIT %s"
)
_TEXT = "to_tsvector('simple', search_text)"
_NAME = "array_to_tsvector(array_remove(string_to_array(search_name, ' '), ''))"
_POSTGRESQL = "SELECT id FROM catalog_product WHERE {column} @@ %s::tsquery ORDER BY id DESC LIMIT %s"
_POSTGRESQL_ALL = "SELECT id FROM catalog_product WHERE {column} @@ %s::tsquery"
_POSTGRESQL_SAID = (
    "SELECT key FROM core_translation WHERE kind = 'catalog.product' AND field = 'name'"
    " AND to_tsvector('simple', text) @@ %s::tsquery AND language = %s LIMIT %s"
)
_ALL = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Term:
    """A word of letters and digits; with `begins`, any word that begins so."""

    word: str
    begins: bool = False


# One of these phrases, each of them all its words.
Choice = Sequence[Sequence[Term]]


def whole(words: Sequence[str]) -> list[Choice]:
    """Each of the words, as it stands."""
    return [[[Term(word)]] for word in words]


def beginning(words: Sequence[str]) -> list[Choice]:
    """Each of the words or what begins so; a single letter is a word: half of the catalogue begins so."""
    return [[[begun(word)]] for word in words]


def begun(word: str) -> Term:
    return Term(word, begins=len(word) > 1)


def goods_with(wanted: Sequence[Choice], *, named: bool = False, limit: int | None = None) -> list[int]:
    """Ids of goods that hold a phrase of every choice, in their name or anywhere; the newest, if limited."""
    if connection.vendor == "sqlite":
        words = _fts5(wanted)
        asked = [f"{{search_name}} : ({words})" if named else f"{{search_text}} : ({words})"]
        return _ids(_SQLITE, [*asked, limit or _ALL])
    statement = (_POSTGRESQL if limit else _POSTGRESQL_ALL).format(column=_NAME if named else _TEXT)
    return _ids(statement, [_tsquery(wanted), limit] if limit else [_tsquery(wanted)])


def goods_said_with(words: Sequence[str], language: str, *, limit: int | None = None) -> list[int]:
    """Ids of goods whose name in that language holds words that begin so, each of them."""
    wanted = beginning(words)
    is_sqlite = connection.vendor == "sqlite"
    asked = _fts5(wanted) if is_sqlite else _tsquery(wanted)
    return _ids(_SQLITE_SAID if is_sqlite else _POSTGRESQL_SAID, [asked, language, limit or _ALL])


def _ids(statement: str, values: Sequence[str | int | None]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [int(key) for key in chain.from_iterable(cursor.fetchall())]


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
