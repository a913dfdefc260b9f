"""Assert that a refusal has its code and changes no row and no outgoing mail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter

import pytest
from django.apps import apps
from django.core import mail

from shop.core.errors import Refused
from shop.core.models import LimitCounter
from tests.stored_rows import Row, key_index, stored_rows

OUR_APPS = ("orders", "catalog", "cooperatives", "notifications", "core", "accounts", "content")


def all_rows() -> dict[str, list[Row]]:
    """Return all rows by table, as the database stores them; empty tables are left out.

    Limit counters are excluded: a refused try still counts.
    """
    models = [model for app in OUR_APPS for model in apps.get_app_config(app).get_models()]
    models.remove(LimitCounter)
    return {
        model._meta.label: sorted(rows, key=itemgetter(key_index(model)))
        for model, rows in stored_rows(models).items()
    }


@contextmanager
def assert_refused(error_class: type[Refused], code: str) -> Iterator[pytest.ExceptionInfo[Refused]]:
    """Assert that the block raises this refusal and changes nothing."""
    before, sent_mails = all_rows(), len(mail.outbox)
    with pytest.raises(error_class) as refusal:
        yield refusal
    assert (type(refusal.value), refusal.value.code) == (error_class, code)
    assert str(refusal.value.message)
    after = all_rows()
    assert {table: rows for table, rows in after.items() if rows != before.get(table)} == {}
    assert before.keys() == after.keys()
    assert len(mail.outbox) == sent_mails
