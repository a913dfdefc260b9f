"""Many hands at once: real threads with connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections


def together(works: Sequence[Callable[[], Any]], *, hands: int = 20) -> list[Any]:
    """Do the works in as many threads, all beginning at once; each one's answer or error, in order.

    No more than 20 at a time: PostgreSQL lets a hundred in, and other tests may be among them.
    """
    hands = min(hands, len(works))
    answers: list[Any] = [None] * len(works)
    start = threading.Barrier(hands)

    def hand(first: int) -> None:
        start.wait()
        try:
            for place in range(first, len(works), hands):
                try:
                    answers[place] = works[place]()
                except Exception as error:
                    answers[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=hand, args=(first,)) for first in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
