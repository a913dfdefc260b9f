"""Unavailable caches and brokers: stopped, silent, or with an unwritable folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings
from kombu import pools

from shop.celery import app
from shop.core.jobs import queues
from shop.core.web import redis_cache
from shop.environment import broker_options, cache_settings
from shop.management.servers.redis import start_redis


def stopped_redis() -> str:
    """Return the address of a Redis server that has just been stopped."""
    server = start_redis()
    server.stop()
    return f"{server.url}/0"


@contextmanager
def silent_redis() -> Iterator[str]:
    """Yield a server that accepts connections and never answers."""
    server = start_redis()
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield f"{server.url}/0"
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
        server.stop()


@contextmanager
def redis_at(url: str) -> Iterator[None]:
    """Use this server as the shop's cache and broker."""
    with (
        override_settings(CACHES={"default": cache_settings(url, settings.DATA_DIR)}),
        _broker(url, broker_options(url, settings.DATA_DIR)),
    ):
        yield


@contextmanager
def broken_queue_folder(folder: Path) -> Iterator[None]:
    """Yield the embedded queue with a folder that is missing and cannot be created."""
    folder.write_text("not a folder")
    with _broker("filesystem://localhost", broker_options("", folder)):
        yield


@contextmanager
def _broker(url: str, options: dict[str, Any]) -> Iterator[None]:
    before = app.conf.broker_url, app.conf.broker_transport_options
    _connect_to(url, options)
    try:
        yield
    finally:
        _connect_to(*before)


def _connect_to(url: str, options: dict[str, Any]) -> None:
    app.conf.broker_url, app.conf.broker_transport_options = url, options
    app.conf.broker_read_url = app.conf.broker_write_url = url
    pools.reset()
    app._pool = app.amqp._producer_pool = None
    queues._paused_until = redis_cache._paused_until = 0.0
