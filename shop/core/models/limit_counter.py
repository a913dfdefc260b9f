from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import connection, models, transaction
from django.utils import timezone

LimitTry = tuple[str, int, int]  # key, tries allowed, period in seconds

# One statement, so that parallel tries cannot read the same count. It changes no row when the count is at the
# limit, and starts again from one when the period has ended.
_COUNT_TRY = """
INSERT INTO core_limitcounter (key, count, expires_at) VALUES (%(key)s, 1, %(expires_at)s)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN core_limitcounter.expires_at <= %(now)s THEN 1 ELSE core_limitcounter.count + 1 END,
    expires_at = CASE WHEN core_limitcounter.expires_at <= %(now)s
        THEN excluded.expires_at ELSE core_limitcounter.expires_at END
WHERE core_limitcounter.expires_at <= %(now)s OR core_limitcounter.count < %(max_tries)s
RETURNING count
"""


class LimitCounterQuerySet(models.QuerySet["LimitCounter"]):
    def expired(self) -> LimitCounterQuerySet:
        return self.filter(expires_at__lte=timezone.now())

    def current_count(self, key: str) -> int:
        count = self.filter(key=key, expires_at__gt=timezone.now()).values_list("count", flat=True).first()
        return count or 0

    def count_tries(self, tries: Sequence[LimitTry]) -> bool:
        """Count all tries, or none if one of the limits is reached; return whether they were counted.

        Refuses to run inside a transaction: a rollback would undo the count.
        """
        now = timezone.now()
        adapt = connection.ops.adapt_datetimefield_value
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            for key, max_tries, seconds in tries:
                values: dict[str, str | int | None] = {
                    "key": key,
                    "max_tries": max_tries,
                    "now": adapt(now),
                    "expires_at": adapt(now + datetime.timedelta(seconds=seconds)),
                }
                cursor.execute(_COUNT_TRY, values)
                if cursor.fetchone() is None:
                    transaction.set_rollback(True)
                    return False
        return True


class LimitCounter(models.Model):
    """The number of tries for one limit and one subject; `shop.core.web.rate_limits` builds the keys."""

    key = models.CharField(max_length=120, primary_key=True)
    count = models.PositiveIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    objects = LimitCounterQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"
