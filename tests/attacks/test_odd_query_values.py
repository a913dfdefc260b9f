"""Odd values in the query strings of lists and other pages never end in an error of the server."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.http import QueryDict
from django.test import Client
from django.urls import resolve, reverse

from tests.attacks.test_huge_numbers import addresses
from tests.journeys.world import GUEST, World, make_world

# PostgreSQL refuses more than SQLite: NUL characters, for example.
pytestmark = [pytest.mark.postgres, pytest.mark.long, pytest.mark.django_db]
ODD_VALUES: list[str | list[str]] = ["99999999999999999999", "1e400", "a\0b", "0001-01-01", ["1", "abc"]]
LONG_VALUES = ["9" * 5_000, "x" * 20_000]
QUERY_READERS = ("__getitem__", "__contains__", "getlist")


def test_odd_values_of_every_query_name_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    clients = {visit.visitor: _client_of(world, visit.visitor) for visit in world.visits}
    query_names = _read_query_names(world, clients, monkeypatch)
    errors: list[str] = []

    def note_error(**_signal: Any) -> None:
        errors.append(repr(sys.exc_info()[1]))

    got_request_exception.connect(note_error)
    faults = {}
    for (path, visitor), names in query_names.items():
        odd_queries = [{name: value} for name in sorted(names) for value in ODD_VALUES]
        odd_queries += [dict.fromkeys(names, value) for value in LONG_VALUES]
        for odd_query in odd_queries:
            status = clients[visitor].get(_with_query(path, odd_query)).status_code
            if status >= 500:
                faults[path, str(odd_query)[:60]] = errors[-1:]
    got_request_exception.disconnect(note_error)

    assert faults == {}
    assert len(query_names) > 50
    assert sum(map(len, query_names.values())) > 150


def _read_query_names(
    world: World, clients: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> dict[tuple[str, str], set[str]]:
    """Return the names that each view reads from the query string, by path and visitor.

    Every page reads `page` for its canonical address. It counts where other names are read, too:
    `test_huge_numbers` sends invalid pages to every list.
    """
    read: set[str] = set()
    for method in QUERY_READERS:
        monkeypatch.setattr(QueryDict, method, _recording(getattr(QueryDict, method), read))
    visits = [
        (visit.path, visit.visitor) for visit in world.visits if visit.sent is None and visit.status == 200
    ]
    plain = [
        (reverse(name), visitor) for name, given in addresses() if not given for visitor in (GUEST, "admin")
    ]
    known: dict[str, set[str]] = {}
    names: dict[tuple[str, str], set[str]] = {}
    for path, visitor in (*visits, *plain):
        read.clear()
        clients[visitor].get(path)
        view = resolve(path.partition("?")[0]).view_name
        new_names = read - known.setdefault(view, set())
        known[view] |= new_names
        if new_names - {"page"}:
            names[path, visitor] = new_names
    monkeypatch.undo()
    return names


def _recording(method: Any, read: set[str]) -> Any:
    def record_name(query: QueryDict, name: str, *arguments: Any) -> Any:
        read.add(name)
        return method(query, name, *arguments)

    return record_name


def _client_of(world: World, visitor: str) -> Client:
    client = Client(raise_request_exception=False)
    for name, value in world.cookies_of(visitor).items():
        client.cookies[name] = value
    return client


def _with_query(path: str, odd_query: Mapping[str, str | list[str]]) -> str:
    plain, _mark, query_string = path.partition("?")
    query = QueryDict(query_string, mutable=True)
    for name, value in odd_query.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return f"{plain}?{query.urlencode()}"
