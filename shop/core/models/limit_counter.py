from __future__ import annotations

import datetime
from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

LimitTry = tuple[str, int, int]  # key, tries allowed, period in seconds

# One statement, so that parallel tries cannot read the same count. It changes no row whose count is at its
# limit, and starts again from one when the period has ended. `{limits}` is filled with the limit of each key.
_COUNT_TRIES = """
INSERT INTO core_limitcounter (key, count, expires_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN core_limitcounter.expires_at <= %s THEN 1 ELSE core_limitcounter.count + 1 END,
    expires_at = CASE WHEN core_limitcounter.expires_at <= %s
        THEN excluded.expires_at ELSE core_limitcounter.expires_at END
WHERE core_limitcounter.expires_at <= %s OR core_limitcounter.count < CASE core_limitcounter.key {limits} END
RETURNING key
"""


class LimitCounterQuerySet(models.QuerySet["LimitCounter"]):
    def expired(self) -> LimitCounterQuerySet:
        return self.filter(expires_at__lte=timezone.now())

    def current_count(self, key: str) -> int:
        count = self.filter(key=key, expires_at__gt=timezone.now()).values_list("count", flat=True).first()
        return count or 0

    def count_tries(self, tries: Sequence[LimitTry]) -> bool:
        """Count all tries, or none if one of the limits is reached, and return whether they were counted.

        It refuses to run inside a transaction, because a rollback would undo the count.
        """
        if not tries:
            return True
        in_order = sorted(tries)  # parallel transactions lock rows in the same order
        adapt = connection.ops.adapt_datetimefield_value
        moment = timezone.now()
        rows = [
            (key, adapt(moment + datetime.timedelta(seconds=seconds)))
            for key, _max_tries, seconds in in_order
        ]
        limits = [(key, max_tries) for key, max_tries, _seconds in in_order]
        statement = _COUNT_TRIES.format(
            rows=", ".join(["(%s, 1, %s)"] * len(rows)), limits=" ".join(["WHEN %s THEN %s"] * len(limits))
        )
        now = adapt(moment)
        values: list[Any] = [*chain(*rows), now, now, now, *chain(*limits)]
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(statement, values)
            if len(cursor.fetchall()) < len(tries):
                transaction.set_rollback(True)
                return False
        return True


class LimitCounter(models.Model):
    """The number of tries for one limit and one subject. `shop.core.web.rate_limits` builds the keys."""

    key = models.CharField(max_length=120, primary_key=True)
    count = models.PositiveIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    objects = LimitCounterQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"
