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
    """One page's result, as requested by one process.

    It has requests per second, milliseconds at the median and the 95th percentile, milliseconds of CPU per
    request, and queries.
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
    page: str,
    send_request: Callable[[Any], object],
    *,
    seconds: float,
    prepare: Callable[[], object] = lambda: None,
) -> Measurement:
    """Time `send_request` on what `prepare` returns (untimed) for about `seconds`, after one untimed run."""
    send_request(prepare())
    queries = _count_queries(send_request, prepare())
    durations: list[float] = []
    cpu = 0.0
    until = time.perf_counter() + seconds
    while len(durations) < FEWEST or (time.perf_counter() < until and len(durations) < MOST):
        prepared = prepare()
        begun, cpu_begun = time.perf_counter(), time.process_time()
        send_request(prepared)
        cpu += time.process_time() - cpu_begun
        durations.append(time.perf_counter() - begun)
    durations.sort()
    return Measurement(
        page=page,
        requests_per_second=len(durations) / sum(durations),
        p50=durations[len(durations) // 2] * 1000,
        p95=durations[min(len(durations) - 1, int(len(durations) * 0.95))] * 1000,
        cpu=cpu / len(durations) * 1000,
        queries=queries,
    )


def _count_queries(send_request: Callable[[object], object], prepared: object) -> int:
    """Count the statements of one request, without those that begin and end transactions."""
    count = 0

    def note(execute: Callable[..., object], *args: object) -> object:
        nonlocal count
        count += 1
        return execute(*args)

    with connection.execute_wrapper(note):
        send_request(prepared)
    return count
