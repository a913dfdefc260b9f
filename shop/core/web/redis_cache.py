"""Django's Redis cache, for which a Redis that does not answer is an empty cache.

After a failure Redis is not asked for some seconds, so that a page with many look-ups waits once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5
_paused_until = 0.0


class _Client(RedisCacheClient):
    def add(self, *asked: Any) -> bool:
        return bool(_ask(super().add, *asked, when_gone=False))

    def get(self, key: Any, default: Any) -> Any:
        return _ask(super().get, key, default, when_gone=default)

    def set(self, *asked: Any) -> None:
        _ask(super().set, *asked)

    def touch(self, *asked: Any) -> bool:
        return bool(_ask(super().touch, *asked, when_gone=False))

    def delete(self, *asked: Any) -> bool:
        return bool(_ask(super().delete, *asked, when_gone=False))

    def get_many(self, keys: Any) -> dict[Any, Any]:
        found: dict[Any, Any] = _ask(super().get_many, keys, when_gone={})
        return found

    def has_key(self, key: Any) -> bool:
        return bool(_ask(super().has_key, key, when_gone=False))

    def incr(self, key: Any, delta: int) -> int:
        """Raise ValueError when the key is missing, as it is while Redis is away."""
        count = _ask(super().incr, key, delta)
        if count is None:
            raise ValueError(f"Key {key!r} not found.")
        return int(count)

    def set_many(self, *asked: Any) -> None:
        _ask(super().set_many, *asked)

    def delete_many(self, keys: Any) -> None:
        _ask(super().delete_many, keys)

    def clear(self) -> bool:
        return bool(_ask(super().clear, when_gone=False))


class TolerantRedisCache(RedisCache):
    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client


def forget_outage() -> None:
    """Ask Redis again at once."""
    global _paused_until
    _paused_until = 0.0


def _ask(call: Callable[..., Any], *asked: Any, when_gone: Any = None) -> Any:
    global _paused_until
    if time.monotonic() < _paused_until:
        return when_gone
    try:
        return call(*asked)
    except RedisError as error:
        _paused_until = time.monotonic() + PAUSE_SECONDS
        log.warning("the cache does not answer; not asked for %s seconds: %s", PAUSE_SECONDS, error)
        return when_gone
