"""Request a page repeatedly in this process, and measure time, CPU and queries."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

FEWEST, MOST = 10, 2_000  # requests of one page


@dataclass(frozen=True, slots=True)
class Measurement:
    """One page's result: requests per second of one process, milliseconds at the median and 95th percentile,
    milliseconds of CPU per request, and queries.
    """

    page: str
    requests_per_second: float
    p50: float
    p95: float
    cpu: float
    queries: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def measure(
    page: str, ask: Callable[[Any], object], *, seconds: float, prepare: Callable[[], Any] = lambda: None
) -> Measurement:
    """Time `ask` for about `seconds` with what `prepare` returns (untimed); the first run is not counted."""
    ask(prepare())
    queries = _count_queries(ask, prepare())
    taken: list[float] = []
    cpu = 0.0
    until = time.perf_counter() + seconds
    while len(taken) < FEWEST or (time.perf_counter() < until and len(taken) < MOST):
        given = prepare()
        begun, cpu_begun = time.perf_counter(), time.process_time()
        ask(given)
        cpu += time.process_time() - cpu_begun
        taken.append(time.perf_counter() - begun)
    taken.sort()
    return Measurement(
        page=page,
        requests_per_second=len(taken) / sum(taken),
        p50=taken[len(taken) // 2] * 1000,
        p95=taken[min(len(taken) - 1, int(len(taken) * 0.95))] * 1000,
        cpu=cpu / len(taken) * 1000,
        queries=queries,
    )


def _count_queries(ask: Callable[[object], object], given: object) -> int:
    """Count the statements of one request, without those that begin and end transactions."""
    count = 0

    def note(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*args)

    with connection.execute_wrapper(note):
        ask(given)
    return count
