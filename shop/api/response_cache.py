"""Cache responses to anonymous catalogue queries for as long as the catalogue does not change.

API_CACHE_SECONDS enables it. The cache key is the request body, scheme, host and language. A cached response
is valid until a `Change` row or a stock reservation is written, which one query checks. Requests with a
token, failed requests and queries for anything but the catalogue are not cached. Something that changes with
time alone (a page reaching its publication date) may appear up to API_CACHE_SECONDS late.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, OperationType, SelectionSetNode

from shop.api.breadth import Operation
from shop.cache.catalogue_version import catalogue_version
from shop.core.database.bounded_cache import Cache

MAX_CACHE_BYTES_PER_PROCESS = 16 * 1024 * 1024  # responses and their request bodies
# Fields of Query with the same result for every request without a token.
_CACHEABLE_FIELDS = frozenset(
    {
        "product",
        "products",
        "productVariant",
        "productVariants",
        "productType",
        "productTypes",
        "category",
        "categories",
        "collection",
        "collections",
        "attribute",
        "attributes",
        "cooperative",
        "cooperatives",
        "page",
        "pages",
        "pageType",
        "pageTypes",
        "menu",
        "menus",
        "menuItem",
        "menuItems",
        "shop",
        "channel",
        "addressValidationRules",
        "__typename",
    }
)


class _CacheEntry(NamedTuple):
    state: tuple[object, ...]
    until: float
    content: bytes


_responses: Cache[tuple[object, ...], _CacheEntry] = Cache(MAX_CACHE_BYTES_PER_PROCESS)


class CachedResponse:
    """The cached response of one request. The request's body must have been read."""

    def __init__(self, request: HttpRequest) -> None:
        self._key = _cache_key(request)
        self._state: tuple[object, ...] | None = None

    def load(self) -> bytes | None:
        """Return the cached response if it is still valid."""
        cached = _responses.get(self._key) if self._key is not None else None
        if cached is None or cached.until < time.monotonic() or cached.state != catalogue_version():
            return None
        return cached.content

    def begin(self, operation: Operation) -> None:
        """Record the catalogue's version before execution if the operation is cacheable."""
        if self._key is not None and _is_cacheable(operation):
            self._state = catalogue_version()

    def store(self, content: bytes) -> None:
        """Store the response if the operation is cacheable."""
        if self._key is None or self._state is None:
            return
        until = time.monotonic() + settings.API_CACHE_SECONDS
        weight = len(content) + sum(len(part) for part in self._key if isinstance(part, bytes))
        _responses.put(self._key, _CacheEntry(self._state, until, content), weight=weight)


def _cache_key(request: HttpRequest) -> tuple[object, ...] | None:
    """Return the cache key of a request, or None if it is not cacheable."""
    if not settings.API_CACHE_SECONDS or request.content_type != "application/json":
        return None
    if "Authorization" in request.headers or "Authorization-Bearer" in request.headers:
        return None
    return request.scheme, request.get_host(), get_language(), request.body


def _is_cacheable(operation: Operation) -> bool:
    """Return whether the operation is a query for catalogue fields only."""
    selections = operation.definition.selection_set
    return operation.operation_type is OperationType.QUERY and _selects_only_cacheable(operation, selections)


def _selects_only_cacheable(operation: Operation, selections: SelectionSetNode) -> bool:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            if node.name.value not in _CACHEABLE_FIELDS:
                return False
            continue
        nested = node.selection_set if isinstance(node, InlineFragmentNode) else None
        if isinstance(node, FragmentSpreadNode):
            nested = operation.fragments[node.name.value].selection_set
        if nested is None or not _selects_only_cacheable(operation, nested):
            return False
    return True
