"""How often something may be tried: counted in the shared cache, by network and by what is tried."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused
from shop.core.text import fold


class TooManyTries(Refused):
    """`details["minutes"]` says how long to wait."""

    code = "too_many_tries"
    default_words = _("Too many tries. Wait some minutes, then try again.")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `tries` within `seconds`, from the first try on."""

    name: str
    tries: int
    seconds: int

    def check(self, *about: str) -> None:
        """Raises TooManyTries where no try is left; spends none."""
        if (cache.get(self._key(about)) or 0) >= self.tries:
            raise TooManyTries(minutes=max(1, self.seconds // 60))

    def spend(self, *about: str) -> None:
        """Count one try; two at once both count."""
        key = self._key(about)
        if cache.add(key, 1, self.seconds):
            return
        try:
            cache.incr(key)
        except ValueError:  # it has expired between the two
            cache.set(key, 1, self.seconds)

    def forget(self, *about: str) -> None:
        cache.delete(self._key(about))

    def _key(self, about: tuple[str, ...]) -> str:
        """Of a fixed length and plain letters, whatever somebody tries with."""
        told = "\0".join(map(fold, about)).encode(errors="surrogatepass")
        return f"limit:{self.name}:{sha256(told).hexdigest()}"


def address_of(meta: Mapping[str, Any]) -> str | None:
    """The address a request comes from; None where there is none.

    Where TLS ends at a proxy, the last address it wrote down counts: earlier ones are the visitor's words.
    """
    address = str(meta.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        address = str(meta.get("HTTP_X_FORWARDED_FOR", address)).split(",")[-1].strip() or address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def network_of(meta: Mapping[str, Any]) -> str:
    """Where a request comes from: an IPv4 address, or the /64 that one household of IPv6 has."""
    address = address_of(meta)
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return address
