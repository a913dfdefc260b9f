"""Rate limits, counted in the database by network and by subject.

The interfaces check and count them outside transactions, because a rollback would undo the count.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused
from shop.core.models import LimitCounter
from shop.core.models.limit_counter import LimitTry
from shop.core.texts.folding import fold


class TooManyTries(Refused):
    """A rate limit is reached. `details["minutes"]` is how long to wait."""

    code = "too_many_tries"
    default_message = _("Too many attempts. Wait a few minutes, then try again.")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `max_tries` within `seconds`, starting at the first try."""

    name: str
    max_tries: int
    seconds: int

    def is_reached(self, *subject: str) -> bool:
        return LimitCounter.objects.current_count(self._key(subject)) >= self.max_tries

    def check(self, *subject: str) -> None:
        """Raise TooManyTries if no try is left. Counts nothing."""
        if self.is_reached(*subject):
            raise TooManyTries(minutes=max(1, self.seconds // 60))

    def count_try(self, *subject: str) -> None:
        """Count one try, or raise TooManyTries if none is left. Exact under concurrency."""
        self.check(*subject)  # a flood beyond the limit only reads
        if not LimitCounter.objects.count_tries([self._counted_try(subject)]):
            raise TooManyTries(minutes=max(1, self.seconds // 60))

    def count_left(self, *subject: str) -> int:
        """Return how many tries are left."""
        return self.max_tries - LimitCounter.objects.current_count(self._key(subject))

    def uncount_try(self, *subject: str) -> None:
        """Subtract one counted try, for example after a success."""
        LimitCounter.objects.filter(key=self._key(subject), count__gt=0).update(count=F("count") - 1)

    def reset(self, *subject: str) -> None:
        """Delete the counted tries."""
        with transaction.atomic(durable=True):
            LimitCounter.objects.filter(key=self._key(subject)).delete()

    def _counted_try(self, subject: tuple[str, ...]) -> LimitTry:
        return self._key(subject), self.max_tries, self.seconds

    def _key(self, subject: tuple[str, ...]) -> str:
        """Build a plain key of bounded length. Subjects are stored only as digests."""
        folded = "\0".join(map(fold, subject)).encode(errors="surrogatepass")
        return f"{self.name}:{sha256(folded).hexdigest()}"


def count_tries(limits: Sequence[tuple[RateLimit, str]]) -> None:
    """Count one try of each limit, or none of them and raise TooManyTries."""
    if not LimitCounter.objects.count_tries([limit._counted_try((subject,)) for limit, subject in limits]):
        raise TooManyTries(minutes=max(1, max(limit.seconds for limit, _subject in limits) // 60))


def uncount_tries(limits: Sequence[tuple[RateLimit, str]]) -> None:
    """Subtract one try from each limit, after an action that failed."""
    keys = [limit._key((subject,)) for limit, subject in limits]
    with transaction.atomic(durable=True):
        LimitCounter.objects.filter(key__in=keys, count__gt=0).update(count=F("count") - 1)


def client_address(meta: Mapping[str, object]) -> str | None:
    """Return the client's IP address, or None if unknown.

    Behind a TLS proxy, the last address in X-Forwarded-For counts, because clients can forge earlier ones.
    """
    address = str(meta.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        address = str(meta.get("HTTP_X_FORWARDED_FOR", address)).split(",")[-1].strip() or address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def client_network(meta: Mapping[str, object]) -> str:
    """Return the client's IPv4 address, or its /64 network for IPv6 (one household)."""
    address = client_address(meta)
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return address


@shared_task(name="core.delete_expired_limits")
def delete_expired_limits_task() -> None:
    LimitCounter.objects.expired().delete()
