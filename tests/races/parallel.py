"""Run work in parallel threads, each with its own database connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections


def run_in_threads(functions: Sequence[Callable[[], Any]], *, thread_count: int = 20) -> list[Any]:
    """Run the callables in threads that start together, and return their results or errors in order.

    At most 20 threads: PostgreSQL accepts a hundred connections, and other tests may use some of them.
    """
    thread_count = min(thread_count, len(functions))
    results: list[Any] = [None] * len(functions)
    start = threading.Barrier(thread_count)

    def run_every_nth(first: int) -> None:
        start.wait()
        try:
            for index in range(first, len(functions), thread_count):
                try:
                    results[index] = functions[index]()
                except Exception as error:
                    results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run_every_nth, args=(first,)) for first in range(thread_count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
