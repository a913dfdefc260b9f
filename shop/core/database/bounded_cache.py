"""A bounded, thread-safe LRU cache."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Stores values up to a total weight of `limit`. A value heavier than that is not stored."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._weight = 0
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: Key, value: Value, *, weight: int = 1) -> None:
        if weight > self._limit:
            return
        with self._lock:
            replaced = self._entries.pop(key, None)
            self._weight += weight - (replaced[1] if replaced else 0)
            self._entries[key] = (value, weight)
            while self._weight > self._limit:
                _, (_, dropped) = self._entries.popitem(last=False)
                self._weight -= dropped
