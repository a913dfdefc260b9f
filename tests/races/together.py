"""Run work in parallel threads, each with its own database connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections


def together(works: Sequence[Callable[[], Any]], *, hands: int = 20) -> list[Any]:
    """Run the callables in threads that start together; return their results or errors in order.

    At most 20 threads: PostgreSQL accepts a hundred connections, and other tests may use some of them.
    """
    hands = min(hands, len(works))
    answers: list[Any] = [None] * len(works)
    start = threading.Barrier(hands)

    def run_every_nth(first: int) -> None:
        start.wait()
        try:
            for place in range(first, len(works), hands):
                try:
                    answers[place] = works[place]()
                except Exception as error:
                    answers[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run_every_nth, args=(first,)) for first in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
