"""The version of the catalogue's visible content, for caches of pages and API answers."""

from __future__ import annotations

from django.db import connection

from orders.models import Reservation
from shop.core.models import Change

# A transaction that began earlier may commit a lower key after a higher one, so the newest key alone does not
# detect every change. Reservations are inserted as new rows every time.
_VERSION_SQL = f"""
WITH newest AS (SELECT id FROM {Change._meta.db_table} ORDER BY id DESC LIMIT 256)
SELECT (SELECT max(id) FROM newest), (SELECT sum(id) FROM newest), count(*), sum(id)
FROM {Reservation._meta.db_table}
"""


def catalogue_version() -> tuple[object, ...]:
    """Return a value that changes with each new change or reservation. It takes one query."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSION_SQL)
        return tuple(cursor.fetchone())
