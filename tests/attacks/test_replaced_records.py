"""Statements that replace or empty append-only tables without UPDATE or DELETE."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from django.db import DatabaseError, connection, transaction

from orders.models import LedgerAccount, LedgerEntry, LedgerPosting, PostingKind
from shop.core.actors import Actor
from shop.core.change_log.seal_changes import seal_changes
from shop.core.models import Change, ChangeSeal, SealedChange, record_change
from tests.factories import NOW, make_channel
from tests.refusals import all_rows

MODELS = [Change, SealedChange, ChangeSeal, LedgerPosting, LedgerEntry]
# SQLite deletes the rows that REPLACE displaces without running triggers on deletion, and so does TRUNCATE.
ATTACKS = {
    "sqlite": (
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "REPLACE INTO {table} SELECT * FROM {table}",
        "UPDATE OR REPLACE {table} SET {key} = {key} + 1",
    ),
    "postgresql": ("TRUNCATE {table} CASCADE", "TRUNCATE {table} RESTART IDENTITY CASCADE"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS)
def test_no_statement_replaces_or_empties_append_only_rows(model) -> None:
    _write_everywhere()
    table, key = model._meta.db_table, model._meta.pk.column
    before = all_rows()

    for statement in ATTACKS[connection.vendor]:
        with (
            pytest.raises(DatabaseError, match="only grows"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table=table, key=key))

    assert model.objects.count() > 0
    assert all_rows() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "column"), [(Change, "idempotency_key"), (LedgerPosting, "idempotency_key")]
)
def test_reused_key_replaces_no_row(model, column: str) -> None:
    _write_everywhere()
    table = model._meta.db_table
    before = all_rows()

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE {column} = 'once'")
        row = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
            cursor.execute(_displacing(table, column, row), list((row | {"id": 4_000_000}).values()))

    assert all_rows() == before


def _displacing(table: str, column: str, names: Iterable[str]) -> str:
    """Return an insertion that replaces the row with the same key."""
    values = f"INTO {table} ({', '.join(names)}) VALUES ({', '.join('%s' for _name in names)})"
    if connection.vendor == "sqlite":
        return f"INSERT OR REPLACE {values}"
    later = "created_at = EXCLUDED.created_at + interval '1 day'"
    return f"INSERT {values} ON CONFLICT ({column}) DO UPDATE SET {later}"


def _write_everywhere() -> None:
    record_change(
        "channel.changed", make_channel(), actor=Actor.system("test"), now=NOW, idempotency_key="once"
    )
    seal_changes(now=NOW)
    posting = LedgerPosting.objects.create(idempotency_key="once", kind=PostingKind.PAYMENT, created_at=NOW)
    for account, amount in ((LedgerAccount.BANK, 50_000), (LedgerAccount.BUYER, -50_000)):
        LedgerEntry.objects.create(posting=posting, account=account, currency="VND", amount=amount)
    connection.check_constraints()  # nothing deferred stands in the way of emptying a table
