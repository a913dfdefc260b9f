"""Assert that a refusal has its code and changes no row and no outgoing mail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection

from shop.core.errors import Refused
from shop.core.models import LimitCounter

OUR_APPS = ("orders", "catalog", "cooperatives", "notifications", "core", "accounts", "content")


def all_rows() -> dict[str, list[Any]]:
    """Return all rows by table, in one query; empty tables are left out.

    Limit counters are excluded: a refused try still counts.
    """
    models = [model for app in OUR_APPS for model in apps.get_app_config(app).get_models()]
    models.remove(LimitCounter)
    statement = " UNION ALL ".join(
        f"SELECT {index} WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(model._meta.db_table)})"
        for index, model in enumerate(models)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        filled = [models[index] for (index,) in cursor.fetchall()]
    return {model._meta.label: list(model._base_manager.order_by("pk").values_list()) for model in filled}


@contextmanager
def assert_refused(error_class: type[Refused], code: str) -> Iterator[pytest.ExceptionInfo[Refused]]:
    """Assert that the block raises this refusal and changes nothing."""
    before, sent = all_rows(), len(mail.outbox)
    with pytest.raises(error_class) as refusal:
        yield refusal
    assert (type(refusal.value), refusal.value.code) == (error_class, code)
    assert str(refusal.value.message)
    after = all_rows()
    assert {table: rows for table, rows in after.items() if rows != before.get(table)} == {}
    assert before.keys() == after.keys()
    assert len(mail.outbox) == sent
