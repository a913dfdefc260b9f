"""Django's Redis cache, except that an unreachable Redis behaves like an empty cache.

After a failure Redis is skipped for some seconds, so that a page with many look-ups waits once.
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
    def add(self, *args: object) -> bool:
        return bool(_call_redis(super().add, *args, when_unreachable=False))

    def get(self, key: object, default: object) -> object:
        return _call_redis(super().get, key, default, when_unreachable=default)

    def set(self, *args: object) -> None:
        _call_redis(super().set, *args)

    def touch(self, *args: object) -> bool:
        return bool(_call_redis(super().touch, *args, when_unreachable=False))

    def delete(self, *args: object) -> bool:
        return bool(_call_redis(super().delete, *args, when_unreachable=False))

    def get_many(self, keys: object) -> dict[Any, Any]:
        values: dict[Any, Any] = _call_redis(super().get_many, keys, when_unreachable={})
        return values

    def has_key(self, key: object) -> bool:
        return bool(_call_redis(super().has_key, key, when_unreachable=False))

    def incr(self, key: object, delta: int) -> int:
        """Raise ValueError if the key is missing, also while Redis is unreachable."""
        count = _call_redis(super().incr, key, delta)
        if count is None:
            raise ValueError(f"Key {key!r} not found.")
        return int(count)

    def set_many(self, *args: object) -> None:
        _call_redis(super().set_many, *args)

    def delete_many(self, keys: object) -> None:
        _call_redis(super().delete_many, keys)

    def clear(self) -> bool:
        return bool(_call_redis(super().clear, when_unreachable=False))


class TolerantRedisCache(RedisCache):
    def __init__(self, server: str, params: dict[str, object]) -> None:
        super().__init__(server, params)
        self._class = _Client


def _call_redis(command: Callable[..., Any], *args: object, when_unreachable: Any = None) -> Any:
    global _paused_until
    if time.monotonic() < _paused_until:
        return when_unreachable
    try:
        return command(*args)
    except RedisError as error:
        _paused_until = time.monotonic() + PAUSE_SECONDS
        log.warning("Redis cache unreachable; skipping it for %s seconds: %s", PAUSE_SECONDS, error)
        return when_unreachable
