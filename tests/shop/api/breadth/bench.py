"""How many times faster than graphql-core's own executor: `python -m tests.shop.api.breadth.bench`.

Both execute a document that is already parsed and validated, over the same rows, without any database.
"""

import sys
from time import process_time

from graphql import build_schema, execute_sync, parse

from shop.api.breadth import Executor

FIELDS = {"a": "ID!", "b": "String!", "c": "String", "d": "Int!", "e": "Boolean"}
ROUNDS = 30


def main():
    for objects, width in [(100, 10), (100, 20), (20, 10), (1, 10)]:
        for nested in (False, True):
            compare(objects, width, nested)


def compare(objects, width, nested):
    names = [f"{letter}{number}" for number in range(width // 5) for letter in FIELDS]
    lines = " ".join(f"{name}: {FIELDS[name[0]]}" for name in names)
    schema = build_schema(f"type Query {{ all: [Row!]! }} type Row {{ {lines} near: [Row!] }}")
    source = f"{{ all {{ {' '.join(names)} {'near { a0 b0 }' if nested else ''} }} }}"
    rows = [row(names, number) for number in range(objects)]
    for each in rows:
        each["near"] = rows[:5]
    executor, document, root = Executor(schema, {}), parse(source), {"all": rows}
    assert executor.execute(source, root=root).data == execute_sync(schema, document, root).data

    depth = fastest(lambda: execute_sync(schema, document, root))
    breadth = fastest(lambda: executor.execute(source, root=root))

    shape = f"{objects} × {width}{' and a list of 5 × 2 each' if nested else ''}"
    sys.stdout.write(
        f"{shape}: graphql-core {depth * 1000:.2f} ms, breadth first {breadth * 1000:.3f} ms,"
        f" {depth / breadth:.0f} times\n"
    )


def row(names, number):
    values = {"a": number, "b": f"name {number}", "c": None if number % 3 else "text", "d": number, "e": True}
    return {name: values[name[0]] for name in names}


def fastest(run):
    times = []
    for _ in range(ROUNDS):
        start = process_time()
        run()
        times.append(process_time() - start)
    return min(times)


if __name__ == "__main__":
    main()
