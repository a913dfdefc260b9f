"""Time the operations on two markets in turns, so that a disturbance of the machine meets both."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from shop.management.bench.beside_saleor.graphql_client import GraphqlClient
from shop.management.bench.beside_saleor.market import Market
from shop.management.bench.beside_saleor.operations import OPERATIONS, Operation

CLIENTS = 8
_ROUNDS = 3
_FEWEST = 3  # operations of one client in a round, however long they take


@dataclass
class Figures:
    """What one market did: durations of one client in seconds, and operations of several at once."""

    durations: list[float] = field(default_factory=list)
    done: float = 0.0
    seconds: float = 0.0

    @property
    def p50(self) -> float:
        """The median duration in milliseconds."""
        return statistics.median(self.durations) * 1000

    @property
    def per_second(self) -> float:
        """The operations per second of all clients together."""
        return self.done / self.seconds


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operation on both markets."""

    operation: str
    ours: Figures
    theirs: Figures

    @property
    def times(self) -> float:
        """How many times as many operations per second our market does."""
        return self.ours.per_second / self.theirs.per_second


def compare(ours: Market, theirs: Market, *, seconds: float, rounds: int = _ROUNDS) -> Iterator[Comparison]:
    """Measure each operation for about `seconds` with one client and again with eight, on each market.

    The time is cut into rounds, in which the markets take turns.
    """
    for operation in OPERATIONS:
        figures = (Figures(), Figures())
        for number in range(rounds):
            for market, market_figures in zip((ours, theirs), figures, strict=True):
                token = market.sign_in() if operation.is_of_staff else ""
                _run_alone(operation, market, market_figures, token, number, seconds / rounds)
                _run_together(operation, market, market_figures, token, number, seconds / rounds)
        yield Comparison(operation.name, *figures)


def _run_alone(
    operation: Operation, market: Market, figures: Figures, token: str, number: int, seconds: float
) -> None:
    """Add the durations of one client after an untimed operation."""
    chance = random.Random(number)
    with GraphqlClient(market.url, token=token) as client:
        operation.send(client, market, chance)
        until, count = time.perf_counter() + seconds, 0
        while count < _FEWEST or time.perf_counter() < until:
            begun = time.perf_counter()
            operation.send(client, market, chance)
            figures.durations.append(time.perf_counter() - begun)
            count += 1


def _run_together(
    operation: Operation, market: Market, figures: Figures, token: str, number: int, seconds: float
) -> None:
    """Add what eight clients do until the time is up. The last operation of each client ends later."""

    def send_again_and_again(seed: int) -> int:
        chance, count = random.Random(seed), 0
        with GraphqlClient(market.url, token=token) as client:
            while not count or time.perf_counter() < until:
                operation.send(client, market, chance)
                count += 1
        return count

    begun = time.perf_counter()
    until = begun + seconds
    seeds = [1000 * (number + 1) + client for client in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        figures.done += sum(pool.map(send_again_and_again, seeds))
    figures.seconds += time.perf_counter() - begun


def peak_memory(pid: int) -> float:
    """The largest resident size that a process or one of its descendants has had, in MiB (Linux)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return max([int(line.split()[1]) / 1024, *(peak_memory(int(child)) for child in children)])
