"""Compare our executor with graphql-core's, for the same document over the same rows without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import process_time

from graphql import build_schema, execute_sync, parse

from shop.api.breadth import Executor

ROUNDS = 30
_FIELDS = {"a": "ID!", "b": "String!", "c": "String", "d": "Int!", "e": "Boolean"}
_OBJECT_AND_FIELD_COUNTS = [(100, 20), (100, 10), (20, 10), (1, 10)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Milliseconds of CPU for one execution of a parsed and validated document."""

    shape: str
    depth_first: float
    breadth_first: float

    @property
    def times(self) -> float:
        return self.depth_first / self.breadth_first


def compare_executors(rounds: int = ROUNDS) -> Iterator[Comparison]:
    for objects, width in _OBJECT_AND_FIELD_COUNTS:
        for nested in (False, True):
            yield _compare_executors(objects, width, nested, rounds)


def _compare_executors(objects: int, width: int, is_nested: bool, rounds: int) -> Comparison:
    names = [f"{letter}{number}" for number in range(width // len(_FIELDS)) for letter in _FIELDS]
    lines = " ".join(f"{name}: {_FIELDS[name[0]]}" for name in names)
    schema = build_schema(f"type Query {{ all: [Row!]! }} type Row {{ {lines} near: [Row!] }}")
    source = f"{{ all {{ {' '.join(names)} {'near { a0 b0 }' if is_nested else ''} }} }}"
    rows = [_sample_row(names, number) for number in range(objects)]
    for row in rows:
        row["near"] = rows[:5]
    executor, document, root = Executor(schema, {}), parse(source), {"all": rows}
    assert executor.execute(source, root=root).data == execute_sync(schema, document, root).data
    return Comparison(
        f"{objects} × {width}{' and 5 × 2 below each' if is_nested else ''}",
        _fastest_milliseconds(lambda: execute_sync(schema, document, root), rounds),
        _fastest_milliseconds(lambda: executor.execute(source, root=root), rounds),
    )


def _sample_row(names: list[str], number: int) -> dict[str, object]:
    values = {"a": number, "b": f"name {number}", "c": None if number % 3 else "text", "d": number, "e": True}
    return {name: values[name[0]] for name in names}


def _fastest_milliseconds(run: Callable[[], object], rounds: int) -> float:
    """Return the milliseconds of the fastest round.

    Other load on the machine only slows rounds down.
    """
    times = []
    for _ in range(rounds):
        start = process_time()
        run()
        times.append(process_time() - start)
    return min(times) * 1000
